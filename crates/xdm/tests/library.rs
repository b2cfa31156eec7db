//! Parts put together: what two parts say about one field, and what a schema notes about its own.

use serde_json::{Value, json};
use xdm::{Field, Library, LibraryError, Object, Schema, Shape};

/// A library of one schema, `s`, whose class has the first properties and whose field group the second.
fn library(class: &Value, group: &Value, schema: &Value) -> (Library, Schema) {
    let definition = |id: &str, kind: &str, properties: &Value| json!({"$id": id, "kind": kind, "title": id, "properties": properties});
    let mut one = json!({"name": "s", "title": "S", "description": "", "behavior": "record",
        "class": "c", "fieldGroups": ["g"], "profile": false});
    one.as_object_mut().unwrap().extend(schema.as_object().unwrap().clone());
    let library: Library = serde_json::from_value(json!({"tenant": "acme", "namespaces": [],
        "definitions": [definition("t", "dataType", &json!({"x": {"type": "string", "labels": ["C2"]}})),
            definition("c", "class", class), definition("g", "fieldGroup", group)],
        "schemas": [one]}))
    .unwrap();
    let schema = library.schema("s").unwrap().clone();
    (library, schema)
}

fn put_together(class: &Value, group: &Value) -> Result<Object, LibraryError> {
    let (library, schema) = library(class, group, &json!({}));
    library.flat(&schema)
}

fn field(object: &Object, name: &str) -> Field {
    object.get(name).unwrap().clone()
}

#[test]
fn objects_arrays_and_maps_of_two_parts_meet() {
    let holding = |name: &str| json!({"type": "object", "properties": {name: {"type": "boolean"}}});
    let names = |object: &Shape| match object {
        Shape::Object(object) => object.fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let part = |name: &str| {
        json!({"o": holding(name), "a": {"type": "array", "items": holding(name)},
            "m": {"type": "object", "additionalProperties": holding(name)}})
    };
    let record = put_together(&part("one"), &part("two")).unwrap();
    assert_eq!(names(&field(&record, "o").shape), ["one", "two"]);
    let (Shape::Array(items), Shape::Map(values)) = (field(&record, "a").shape, field(&record, "m").shape)
    else {
        panic!("{record:?}")
    };
    assert_eq!(
        (names(&items.shape), names(&values.shape)),
        (vec!["one".into(), "two".into()], vec!["one".into(), "two".into()])
    );
}

#[test]
fn two_types_of_one_field_are_refused() {
    let error = put_together(
        &json!({"a": {"type": "array", "items": {"type": "string"}}}),
        &json!({"a": {"type": "array", "items": {"type": "number"}}}),
    );
    let error = error.unwrap_err();
    assert!(
        matches!(&error, LibraryError::Conflict { path, one: "string", other: "number", .. } if path == "a"),
        "{error}"
    );
}

#[test]
fn what_may_be_anything_keeps_a_scalar_and_opens_an_object() {
    for (class, group) in [("open", "known"), ("known", "open")] {
        let part = |which: &str| match which {
            "open" => json!({"s": {}, "o": {}}),
            _ => json!({"s": {"type": "boolean"}, "o": {"$ref": "t"}}),
        };
        let record = put_together(&part(class), &part(group)).unwrap();
        assert_eq!((field(&record, "s").shape, field(&record, "o").shape), (Shape::Boolean, Shape::Any));
    }
}

#[test]
fn notes_are_added_to_the_fields_they_are_about() {
    let class = json!({"a/b~c": {"type": "string"}, "list": {"type": "array", "items": {"$ref": "t"}},
        "map": {"type": "object", "additionalProperties": {"type": "array", "items": {"$ref": "t"}}},
        "texts": {"type": "array", "items": {"type": "string"}}});
    let note = |path: &str| json!({"path": path, "labels": ["I1", "C2"], "sources": ["from"]});
    let (library, schema) = library(
        &class,
        &json!({}),
        &json!({"notes": [
        note("/a~1b~0c"), note("/list/x"), note("/map/any/x"), note("/texts"),
        note("/nowhere"), note("/texts/deeper"), note("")]}),
    );
    let record = library.flat(&schema).unwrap();
    let noted = |field: &Field| {
        assert_eq!(
            (field.labels.as_slice(), field.sources.as_slice()),
            (&["C2".into(), "I1".into()][..], &["from".into()][..])
        );
    };
    noted(&field(&record, "a/b~c"));
    noted(&field(&record, "texts"));
    let Shape::Array(items) = field(&record, "list").shape else { panic!() };
    let Shape::Object(item) = &items.shape else { panic!() };
    noted(&field(item, "x"));
    let Shape::Map(values) = field(&record, "map").shape else { panic!() };
    let Shape::Array(items) = &values.shape else { panic!() };
    let Shape::Object(item) = &items.shape else { panic!() };
    noted(&field(item, "x"));
    // The data type itself knows nothing of it.
    assert_eq!(field(&library.definition("t").unwrap().fields, "x").labels, ["C2"]);
}
