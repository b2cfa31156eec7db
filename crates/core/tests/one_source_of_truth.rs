//! A mapping with its type is all that has to be written down: the field appears in the records, in what checks
//! them, and in every picture of the schema, of both kinds.

use serde_json::{Value, json};
use stripe_xdm_core::{Call, Output, Settings, Transformer, schema};
use xdm::{Field, Library, Object, Schema, Shape};

/// A source that no default model reads.
const SOURCE: &str = "gift_weight";

const CHARGE: &str = r#"{"id":"ch_1","object":"charge","amount":1099,"amount_captured":1099,"currency":"usd",
    "status":"succeeded","captured":true,"created":1679090539,"gift_weight":250}"#;

fn settings(model: &str, with_field: bool) -> Settings {
    let mapping = json!({"sourceType": "ATTRIBUTE", "source": SOURCE, "type": "long", "labels": ["C2"],
        "destination": "_{TENANT_ID}.stripe.charge.giftWeight", "description": "Grams of paper and ribbon"});
    let mappings = if with_field { vec![mapping] } else { Vec::new() };
    serde_json::from_value(json!({"tenant": "acme", "account": "acct_1", "observed_at": 1_700_000_000,
        "model": model, "models": [{"resource": "charge", "mappingSet": {"mappings": mappings}}]}))
    .unwrap()
}

/// Every place where a field of charges shows.
struct Shown {
    serial: String,
    registry: String,
    json_schema: String,
    typescript: String,
    markdown: String,
    tree: bool,
    flat: Option<Field>,
}

fn charges(library: &Library) -> &Schema {
    library.schemas.iter().find(|schema| schema.name.contains("charge")).unwrap()
}

/// A field by its name, wherever it is.
fn named<'o>(object: &'o Object, wanted: &str) -> Option<&'o Field> {
    object.fields.iter().find_map(|(name, field)| match &field.shape {
        _ if name == wanted => Some(field),
        Shape::Object(inner) => named(inner, wanted),
        _ => None,
    })
}

fn shown(settings: &Settings) -> Shown {
    let composed = schema::compose(settings).unwrap();
    assert_eq!(composed.problems, []);
    let library = composed.library;
    let schema = charges(&library);
    let documents = xdm::registry::documents::all(&library);
    let documents: Vec<&Value> = documents.iter().map(|document| &document.body).collect();
    Shown {
        serial: serde_json::to_string(&library).unwrap(),
        registry: serde_json::to_string(&documents).unwrap(),
        json_schema: xdm::render::json_schema(&library, schema).unwrap(),
        typescript: xdm::render::typescript(&library, schema).unwrap(),
        markdown: xdm::render::markdown(&library, schema).unwrap(),
        tree: xdm::render::tree(&library, schema).unwrap().iter().any(|row| row.name == "giftWeight"),
        flat: named(&library.flat(schema).unwrap(), "giftWeight").cloned(),
    }
}

/// The charge's record and whether it is valid.
fn record(settings: Settings, charge: &str) -> (Value, Output) {
    let mut output = Output::default();
    let mut transformer = Transformer::open(settings).unwrap();
    transformer.transform(&Call::default(), charge.as_bytes(), &mut output).unwrap();
    (serde_json::from_slice(&output.bytes[output.records[0].span.clone()]).unwrap(), output)
}

#[test]
fn a_mapping_with_its_type_is_all_that_has_to_be_written_down() {
    for (model, place) in [("standard", "/_acme/stripe/charge/giftWeight"), ("relational", "/giftWeight")] {
        let (before, after) = (shown(&settings(model, false)), shown(&settings(model, true)));
        for (picture, old, new) in [
            ("library", &before.serial, &after.serial),
            ("registry", &before.registry, &after.registry),
            ("JSON Schema", &before.json_schema, &after.json_schema),
            ("TypeScript", &before.typescript, &after.typescript),
            ("Markdown", &before.markdown, &after.markdown),
        ] {
            assert!(!old.contains("giftWeight"), "{model} {picture}");
            assert!(new.contains("giftWeight"), "{model} {picture}");
            assert!(new.contains("Grams of paper and ribbon"), "{model} {picture}");
        }
        assert!(after.typescript.contains("giftWeight?: number;"), "{model}");
        let row = after.markdown.lines().find(|line| line.contains("giftWeight`")).unwrap();
        assert!(row.contains("`long`") && row.contains("C2") && row.contains(SOURCE), "{row}");
        assert!(after.tree && !before.tree, "{model}");
        let field = after.flat.unwrap();
        assert_eq!((&field.shape, field.title.as_str()), (&Shape::long(), "Gift weight"));
        assert_eq!((field.labels, field.sources), (vec!["C2".to_owned()], vec![SOURCE.to_owned()]));
        assert_eq!(before.flat, None);

        let (made, output) = record(settings(model, true), CHARGE);
        assert_eq!(made.pointer(place), Some(&json!(250)), "{model}");
        assert!(output.records[0].valid && output.invalid.is_empty() && output.unmapped.is_empty());
        let (made, output) = record(settings(model, false), CHARGE);
        assert_eq!(made.pointer(place), None);
        assert_eq!(output.unmapped, [format!("charge.{SOURCE}")]);
    }
}

#[test]
fn what_the_type_does_not_allow_is_refused() {
    for (model, destination) in [("standard", "_acme.stripe.charge.giftWeight"), ("relational", "giftWeight")]
    {
        let library = schema::library(&settings(model, true)).unwrap();
        let schema = charges(&library);
        let mut checker = xdm::check::Checker::new(&library, schema, &xdm::check::Levels::new()).unwrap();
        let (record, _) = record(settings(model, true), CHARGE);
        let mut check = |value: Value| {
            let mut record = record.clone();
            let names: Vec<&str> = destination.split('.').collect();
            *record.pointer_mut(&format!("/{}", names.join("/"))).unwrap() = value;
            let (mut refused, mut warned) = (Vec::new(), Vec::new());
            checker.check(&record.to_string(), None, &mut refused, &mut warned);
            refused.iter().map(|violation| violation.rule.clone()).collect::<Vec<_>>()
        };
        assert_eq!(check(json!(251)), Vec::<String>::new(), "{model}");
        assert_eq!(check(json!("251")), ["type"], "{model}");
        assert_eq!(check(json!(0.5)), ["type"], "{model}");
        // Without the mapping there is no such field.
        let library = schema::library(&settings(model, false)).unwrap();
        let mut checker =
            xdm::check::Checker::new(&library, charges(&library), &xdm::check::Levels::new()).unwrap();
        let (mut refused, mut warned) = (Vec::new(), Vec::new());
        checker.check(&record.to_string(), None, &mut refused, &mut warned);
        let rules: Vec<&str> = refused.iter().map(|violation| violation.rule.as_str()).collect();
        assert_eq!(rules, ["additionalProperties"], "{model}");
    }
}
