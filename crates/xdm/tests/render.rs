//! Schemas as people and tools see them. The pages under `render/` are made from `render/library.json`;
//! `UPDATE_DOCS=1 cargo test -p xdm --test render` writes them anew.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use xdm::{Field, Library, LibraryError, Object, Schema, Shape, Text, render, standard};

/// The library that the written pages are made from.
fn orders() -> Library {
    serde_json::from_str(include_str!("render/library.json")).expect("the library can be read")
}

/// A file under `render/` is what is expected; or becomes it when asked to.
fn is_written(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/render").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == expected,
        "render/{name} is old; UPDATE_DOCS=1 cargo test -p xdm --test render\n{expected}"
    );
}

#[test]
fn the_json_schema_of_the_orders() {
    let library = orders();
    is_written("orders.schema.json", &render::json_schema(&library, &library.schemas[0]).unwrap());
}

#[test]
fn the_types_of_the_orders() {
    let library = orders();
    is_written("orders.ts", &render::typescript(&library, &library.schemas[0]).unwrap());
}

#[test]
fn the_page_of_the_orders() {
    let library = orders();
    is_written("orders.md", &render::markdown(&library, &library.schemas[0]).unwrap());
}

#[test]
fn the_page_of_the_accounts() {
    let library = orders();
    is_written("accounts.md", &render::markdown(&library, &library.schemas[1]).unwrap());
}

#[test]
fn the_rows_of_the_orders() {
    let library = orders();
    let mut text = String::new();
    for row in render::tree(&library, &library.schemas[0]).unwrap() {
        let mark = |holds: bool, mark: &'static str| if holds { mark } else { "" };
        text.push_str(&format!(
            "{}{}{}: {}{} {:?} {:?} {:?}\n",
            "  ".repeat(row.depth),
            row.name,
            mark(row.required, "*"),
            row.kind,
            mark(!row.filled, " (empty)"),
            row.labels,
            row.constraints,
            row.sources,
        ));
    }
    is_written("orders.txt", &text);
}

#[test]
fn a_schema_that_does_not_hold_together_is_an_error_everywhere() {
    let mut library = orders();
    library.schemas[0].field_groups.push("tenant:mixins/none".to_owned());
    let (library, schema) = (&library, &library.schemas[0]);
    for outcome in [
        render::json_schema(library, schema),
        render::typescript(library, schema),
        render::markdown(library, schema),
        render::tree(library, schema).map(|_| String::new()),
    ] {
        assert!(matches!(outcome, Err(LibraryError::Undefined { .. })), "{outcome:?}");
    }
}

#[test]
fn a_data_type_that_no_record_uses_may_be_broken() {
    let mut library = orders();
    let broken = json!({
        "$id": "tenant:datatypes/broken", "kind": "dataType", "title": "Broken",
        "properties": {"a": {"$ref": "tenant:datatypes/none"}}
    });
    library.definitions.push(serde_json::from_value(broken).unwrap());
    let types = render::typescript(&library, &library.schemas[0]).unwrap();
    assert_eq!(types, render::typescript(&orders(), &orders().schemas[0]).unwrap());
}

/// A relational schema of any fields.
fn alone(fields: Object) -> Schema {
    let schema = json!({"name": "all", "title": "All of it", "description": "", "behavior": "record"});
    let mut schema: Schema = serde_json::from_value(schema).unwrap();
    schema.fields = Some(Field::new(Shape::Object(fields)));
    schema
}

/// Every leaf's path and field, front to back: not the renderers' own walk.
fn leaves<'f>(path: String, field: &'f Field, found: &mut Vec<(String, &'f Field)>) {
    match &field.shape {
        Shape::Object(object) if !object.fields.is_empty() => {
            for (name, field) in &object.fields {
                leaves(format!("{path}.{name}"), field, found);
            }
        }
        Shape::Array(inner) => leaves(path + "[*]", inner, found),
        Shape::Map(inner) => leaves(path + "{*}", inner, found),
        _ => found.push((path, field)),
    }
}

/// The leaves of an object, paths without the dot before them.
fn all_leaves(object: &Object) -> Vec<(String, &Field)> {
    let mut found = Vec::new();
    for (name, field) in &object.fields {
        leaves(name.clone(), field, &mut found);
    }
    found
}

/// The schema at a leaf's path in a JSON Schema; objects on the way are closed.
fn node<'s>(schema: &'s Value, path: &str) -> &'s Value {
    let mut at = schema;
    for step in path.split('.') {
        let (name, rest) = step.split_at(step.find(['[', '{']).unwrap_or(step.len()));
        assert_eq!(at["type"], "object", "{path}");
        assert_eq!(at["additionalProperties"], false, "{path}");
        at = &at["properties"][name];
        for inner in rest.as_bytes().chunks(3) {
            at = match inner {
                b"[*]" => {
                    assert_eq!(at["type"], "array", "{path}");
                    &at["items"]
                }
                _ => {
                    assert_eq!(at["type"], "object", "{path}");
                    &at["additionalProperties"]
                }
            };
        }
    }
    at
}

/// Every leaf is in what is rendered.
fn every_leaf_appears(library: &Library, schema: &Schema) {
    let record = library.flat(schema).unwrap();
    let leaves = all_leaves(&record);

    let page = render::markdown(library, schema).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for (path, _) in &leaves {
        let cell = format!("| `{path}` | ");
        assert_eq!(rows.iter().filter(|row| row.starts_with(&cell)).count(), 1, "{path} on the page");
    }

    let written: Value = serde_json::from_str(&render::json_schema(library, schema).unwrap()).unwrap();
    for (path, field) in &leaves {
        let node = node(&written, path);
        let (kind, format) = match &field.shape {
            Shape::String(text) => ("string", text.format.as_deref()),
            Shape::Date => ("string", Some("date")),
            Shape::DateTime => ("string", Some("date-time")),
            Shape::Integer { .. } => ("integer", None),
            Shape::Any => {
                assert!(node.is_object() && node["type"].is_null(), "{path}: {node}");
                continue;
            }
            other => (other.xdm_type(), None),
        };
        assert_eq!((node["type"].as_str(), node["format"].as_str()), (Some(kind), format), "{path}");
        if let Shape::String(text) = &field.shape {
            assert_eq!(node["pattern"].as_str(), text.pattern.as_deref(), "{path}");
        }
    }

    let tree = render::tree(library, schema).unwrap();
    let mut paths: Vec<String> = Vec::new();
    let mut above: Vec<String> = Vec::new();
    for (at, row) in tree.iter().enumerate() {
        above.truncate(row.depth);
        assert_eq!(above.len(), row.depth, "{} has rows above it", row.name);
        above.push(row.name.clone());
        if tree.get(at + 1).is_none_or(|next| next.depth <= row.depth) {
            paths.push(above.join("."));
        }
    }
    let plain: Vec<String> =
        leaves.iter().map(|(path, _)| path.replace("[*]", "").replace("{*}", "")).collect();
    assert_eq!(paths, plain);

    let types = render::typescript(library, schema).unwrap();
    for (path, _) in &leaves {
        let name = path.rsplit('.').next().unwrap_or_default().trim_end_matches(['[', '*', ']', '{', '}']);
        let declared = [
            format!("  {name}: "),
            format!("  {name}?: "),
            format!("  \"{name}\": "),
            format!("  \"{name}\"?: "),
        ];
        assert!(
            types.lines().any(|line| declared.iter().any(|start| line.starts_with(start))),
            "{name} in\n{types}"
        );
    }
    let mut names: Vec<&str> =
        types.lines().filter_map(|line| line.strip_prefix("export interface ")?.strip_suffix(" {")).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "an interface is written twice in\n{types}");
    for (_, value) in types.lines().filter_map(|line| line.strip_suffix(';')?.split_once(": ")) {
        // Names of interfaces begin with a capital; literals stand in quotes.
        let unquoted: String = value.split('"').step_by(2).collect();
        for word in unquoted.split(|c: char| !c.is_ascii_alphanumeric()) {
            let known = ["Array", "Record"].contains(&word) || names.contains(&word);
            assert!(known || !word.starts_with(|c: char| c.is_ascii_uppercase()), "no {word} in\n{types}");
        }
    }
}

#[test]
fn every_leaf_of_the_orders_appears() {
    let library = orders();
    for schema in &library.schemas {
        every_leaf_appears(&library, schema);
    }
}

#[test]
fn every_leaf_of_the_standard_classes_appears() {
    let library = Library { definitions: standard::definitions().unwrap(), ..Library::default() };
    for class in ["context/experienceevent", "context/profile", "classes/product"] {
        let class = format!("https://ns.adobe.com/xdm/{class}");
        let mut schema = alone(Object::default());
        schema.field_groups = library
            .definitions
            .iter()
            .filter(|one| one.extends.contains(&class))
            .map(|one| one.id.clone())
            .collect();
        assert!(!schema.field_groups.is_empty(), "{class}");
        schema.class = Some(class);
        every_leaf_appears(&library, &schema);
    }
}

#[test]
fn a_data_type_is_one_interface_wherever_it_is_used() {
    let library = Library { definitions: standard::definitions().unwrap(), ..Library::default() };
    let mut schema = alone(Object::default());
    schema.field_groups = vec!["https://ns.adobe.com/xdm/context/profile-personal-details".to_owned()];
    let types = render::typescript(&library, &schema).unwrap();
    assert_eq!(types.matches("export interface PostalAddress {").count(), 1, "{types}");
    assert_eq!(types.matches("Address?: PostalAddress;").count(), 4, "{types}");
}

#[test]
fn what_is_known_of_one_place_is_not_said_of_a_data_type() {
    let mut library = orders();
    let note = json!([
        {"path": "/_acme/order/gift/price", "labels": ["C5"], "sources": ["gift.price"]},
        {"path": "/sku", "labels": ["C6"]}
    ]);
    library.schemas[0].notes = serde_json::from_value(note).unwrap();
    let schema = &library.schemas[0];
    let types = render::typescript(&library, schema).unwrap();
    assert_eq!(types, render::typescript(&orders(), &orders().schemas[0]).unwrap());
    let tree = render::tree(&library, schema).unwrap();
    let prices: Vec<_> =
        tree.iter().filter(|row| row.name == "price").map(|row| row.sources.clone()).collect();
    assert_eq!(prices, [vec![], vec!["gift.price".to_owned()]]);
    assert!(render::markdown(&library, schema).unwrap().contains("| C5 | `gift.price` |"));
}

/// Any shape without named fields.
fn scalar() -> impl Strategy<Value = Shape> {
    prop_oneof![
        ("[|`*/\\\\$a]{0,6}", 0_u32..3).prop_map(|(pattern, length)| Shape::String(Text {
            pattern: Some(pattern),
            min_length: Some(length),
            ..Text::default()
        })),
        Just(Shape::Number),
        (-5_i64..5, 5_i64..70_000).prop_map(|(minimum, maximum)| Shape::Integer { minimum, maximum }),
        Just(Shape::Boolean),
        Just(Shape::Date),
        Just(Shape::DateTime),
        Just(Shape::Any),
    ]
}

/// Any fields, with texts in them that are markup elsewhere.
fn object() -> impl Strategy<Value = Object> {
    let field = scalar().prop_map(Field::new).prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            inner.clone().prop_map(|field| Field::new(Shape::Array(Box::new(field)))),
            inner.clone().prop_map(|field| Field::new(Shape::Map(Box::new(field)))),
            fields(inner).prop_map(|object| Field::new(Shape::Object(object))),
        ]
    });
    fields(field)
}

fn fields(field: impl Strategy<Value = Field>) -> impl Strategy<Value = Object> {
    let text = "[|`*/<\\\\\na]{0,8}";
    let one = ("[a-cA-C_][a-c0-9-]{0,2}", field, any::<bool>(), text, text);
    prop::collection::vec(one, 1..5).prop_map(|entries| {
        let mut object = Object::default();
        for (name, mut field, required, description, source) in entries {
            if object.get(&name).is_some() {
                continue;
            }
            if required {
                object.required.push(name.clone());
            }
            field.description = description;
            field.sources = vec![source];
            object.fields.push((name, field));
        }
        object
    })
}

proptest! {
    #[test]
    fn every_leaf_appears_whatever_the_fields(fields in object()) {
        let library = Library::default();
        every_leaf_appears(&library, &alone(fields));
    }

    #[test]
    fn no_comment_of_types_ends_early(fields in object()) {
        let types = render::typescript(&Library::default(), &alone(fields)).unwrap();
        // Outside of its comments a module has no stars.
        let mut rest = types.as_str();
        while let Some(start) = rest.find("/**") {
            prop_assert!(!rest[..start].contains('*'), "{types}");
            let end = rest[start + 3..].find("*/").expect("a comment ends");
            rest = &rest[start + 3 + end + 2..];
        }
        prop_assert!(!rest.contains('*'), "{types}");
    }

    #[test]
    fn rows_of_a_page_have_as_many_cells_as_its_heads(fields in object()) {
        let page = render::markdown(&Library::default(), &alone(fields)).unwrap();
        for line in page.lines().skip_while(|line| !line.starts_with("## Field")).filter(|line| line.starts_with('|')) {
            prop_assert_eq!(line.matches('|').count(), 8, "{}", line);
        }
    }
}
