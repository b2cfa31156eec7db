//! Classes, field groups, data types, schemas: what is accepted, what is refused, how it is shown.

use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::{Options, Titles};

use crate::client::{
    EVENT, FULL, PROFILE, RAW, REGISTRY, SHORT, escaped, group, open, schema, start, text, text_field,
};

const RECORD: &str = "https://ns.adobe.com/xdm/data/record";

fn class(title: &str) -> Value {
    json!({"type": "object", "title": title, "description": "", "allOf": [{"$ref": RECORD}]})
}

#[tokio::test]
async fn the_tenant_is_told() {
    let client = open().await;
    let (status, stats) = client.get("/stats", "*/*").await;
    assert_eq!((status, &stats["tenantId"]), (200, &json!("acme")));
    assert_eq!(stats["imsOrg"], json!(client.platform.organization().id));
    client.make("classes", class("A class")).await;
    let (_, stats) = client.get("/stats", "*/*").await;
    assert_eq!(stats["counts"]["classes"], 1);
}

#[tokio::test]
async fn a_whole_schema_is_put_together() {
    let client = open().await;
    let class = client.make("classes", class("A class")).await;
    let class_id = text(&class, "$id");
    let card = json!({"type": "object", "title": "Card", "properties": {
        "last4": {"type": "string", "maxLength": 4}, "year": {"type": "integer"}}});
    let card = client.make("datatypes", card).await;
    let fields = json!({"amount": {"type": "number"}, "card": {"$ref": card["$id"]},
        "cards": {"type": "array", "items": {"$ref": card["$id"]}},
        "notes": {"type": "object", "additionalProperties": {"type": "string"}},
        "minor": {"type": "integer", "minimum": -9_007_199_254_740_991_i64, "maximum": 9_007_199_254_740_991_i64}});
    let group = client.make("fieldgroups", group("Fields", &[&class_id], fields)).await;
    let made = client.schema("A schema", &class_id, &[&group]).await;
    let id = text(&made, "$id");
    let hash = id.strip_prefix("https://ns.adobe.com/acme/schemas/").expect("a schema's id");
    assert_eq!(made["meta:altId"], json!(format!("_acme.schemas.{hash}")));
    assert!(text(&group, "$id").starts_with("https://ns.adobe.com/acme/mixins/"));
    assert_eq!((&made["version"], &made["meta:class"]), (&json!("1.0"), &json!(class_id)));
    let extends = made["meta:extends"].as_array().expect("a list");
    for id in [&class_id, RECORD, &text(&group, "$id")] {
        assert!(extends.contains(&json!(id)), "{id} in {extends:?}");
    }
    // By $id, percent-encoded, and by the other id.
    for path in [escaped(&id), format!("_acme.schemas.{hash}")] {
        let (status, raw) = client.get(&format!("/tenant/schemas/{path}"), RAW).await;
        assert_eq!((status, raw), (200, made.clone()));
    }
    let (status, full) = client.get(&format!("/tenant/schemas/{}", escaped(&id)), FULL).await;
    assert_eq!(status, 200);
    assert!(full.get("allOf").is_none());
    assert_eq!(full["properties"]["_id"]["format"], "uri-reference");
    let own = &full["properties"]["_acme"]["properties"];
    assert_eq!(own["card"]["properties"]["last4"]["maxLength"], 4);
    assert_eq!(own["card"]["meta:referencedFrom"], card["$id"]);
    assert_eq!(own["cards"]["items"]["properties"]["year"]["meta:xdmType"], "int");
    assert_eq!(own["minor"]["meta:xdmType"], "long");
    assert_eq!(own["notes"]["meta:xdmType"], "map");
    let short = "application/vnd.adobe.xed-full-notext+json; version=1";
    let (_, bare) = client.get(&format!("/tenant/schemas/{}", escaped(&id)), short).await;
    assert!(bare.get("title").is_none() && bare["properties"]["_id"].get("title").is_none());
}

#[tokio::test]
async fn each_accept_has_its_place() {
    let client = open().await;
    let made = client.make("classes", class("A class")).await;
    let one = format!("/tenant/classes/{}", text(&made, "meta:altId"));
    for (path, accept, status, code) in [
        ("/tenant/classes", RAW, 400, "XDM-1006-400"),
        ("/tenant/classes", "*/*", 400, "XDM-1006-400"),
        ("/tenant/classes", "application/json", 400, "XDM-1006-400"),
        (&one, SHORT, 400, "XDM-1007-400"),
        (&one, "application/vnd.adobe.xed+json", 400, "XDM-1007-400"),
        (&one, "application/vnd.adobe.xdm+json; version=1", 400, "XDM-1007-400"),
        ("/tenant/descriptors", "application/vnd.adobe.xed+json", 400, "XDM-1008-400"),
        (&one, "application/vnd.adobe.xed+json; version=2", 406, "XDM-0000-406"),
        ("/tenant/classes/_acme.classes.none", RAW, 404, "XDM-1010-404"),
        ("/tenant/schemas/_acme.schemas.none", RAW, 404, "XDM-1012-404"),
        // An $id that is not percent-encoded is another path.
        (&format!("/tenant/classes/{}", text(&made, "$id")), RAW, 404, "XDM-1016-404"),
    ] {
        let (found, error) = client.get(path, accept).await;
        assert_eq!(found, status, "{path} {accept} {error}");
        assert_eq!(error["type"], json!(format!("http://ns.adobe.com/aep/errors/{code}")), "{path}");
        assert_eq!(error["report"]["sub-errors"], json!([]));
    }
    for accept in
        [RAW, FULL, "application/vnd.adobe.xed+json;version=1", "application/vnd.adobe.xed+json; version=1.0"]
    {
        assert_eq!(client.get(&one, accept).await.0, 200, "{accept}");
    }
}

#[tokio::test]
async fn titles_differ() {
    let client = open().await;
    client.make("classes", class("Same")).await;
    let detail = client.refused("classes", class("Same")).await;
    assert!(detail.starts_with("Object titles must be unique. An object https://ns.adobe.com/acme/classes/"));
    let fields = json!({"a": text_field()});
    client.make("fieldgroups", group("Same", &[PROFILE], fields.clone())).await;
    let strict = start(Options { titles: Titles::DifferEverywhere, ..Options::default() }).await;
    strict.make("classes", class("Same")).await;
    strict.refused("fieldgroups", group("Same", &[PROFILE], fields)).await;
}

#[tokio::test]
async fn what_a_resource_lacks_is_refused() {
    let client = open().await;
    let fields = json!({"a": text_field()});
    let good = group("Group", &[PROFILE], fields.clone());
    for key in ["type", "title", "meta:intendedToExtend", "definitions"] {
        let mut without = good.clone();
        without.as_object_mut().expect("an object").remove(key);
        client.refused("fieldgroups", without).await;
    }
    let good_class = class("Class");
    for key in ["type", "title", "description", "allOf"] {
        let mut without = good_class.clone();
        without.as_object_mut().expect("an object").remove(key);
        client.refused("classes", without).await;
    }
    for (kind, body) in [
        // A class without a behaviour, with two, with one that is not there.
        ("classes", json!({"type": "object", "title": "C", "description": "", "allOf": []})),
        (
            "classes",
            json!({"type": "object", "title": "C", "description": "", "allOf": [{"$ref": RECORD},
            {"$ref": "https://ns.adobe.com/xdm/data/time-series"}]}),
        ),
        (
            "classes",
            json!({"type": "object", "title": "C", "description": "", "allOf": [{"$ref": "https://x/y"}]}),
        ),
        // A field group for a class that is not there.
        ("fieldgroups", group("G", &["https://ns.adobe.com/acme/classes/none"], fields.clone())),
        // A schema without a class, with fields of its own, with parts that are not there or not fit.
        ("schemas", json!({"type": "object", "title": "S", "description": "", "allOf": []})),
        ("schemas", schema("S", "https://ns.adobe.com/acme/classes/none", &[])),
        (
            "schemas",
            json!({"type": "object", "title": "S", "description": "", "allOf": [{"$ref": PROFILE}, {"$ref": EVENT}]}),
        ),
        (
            "schemas",
            json!({"type": "object", "title": "S", "description": "", "allOf": [{"$ref": PROFILE}],
            "properties": {"x": {"type": "string"}}}),
        ),
        (
            "schemas",
            schema(
                "S",
                PROFILE,
                &[&json!({"$id": "https://ns.adobe.com/xdm/context/experienceevent-commerce"})],
            ),
        ),
        // A data type without fields, or of another type.
        ("datatypes", json!({"type": "object", "title": "D"})),
        ("datatypes", json!({"type": "string", "title": "D"})),
        ("datatypes", json!({"type": "array", "title": "D"})),
    ] {
        client.refused(kind, body).await;
    }
}

#[tokio::test]
async fn custom_fields_lie_below_the_tenant_and_are_well_formed() {
    let client = open().await;
    let mut outside = group("G", &[PROFILE], json!({}));
    outside["definitions"]["customFields"]["properties"] = json!({"loose": {"type": "string"}});
    let path = format!("{REGISTRY}/tenant/fieldgroups");
    let (status, error) = client.send("POST", &path, &outside).await;
    assert_eq!((status, &error["title"]), (400, &json!("Namespace validation error")));
    assert_eq!(error["type"], "http://ns.adobe.com/aep/errors/XDM-1021-400");
    for (name, field) in [
        ("_hidden", json!({"type": "string"})),
        ("with space", json!({"type": "string"})),
        ("", json!({"type": "string"})),
        ("a", json!({})),
        ("a", json!({"type": "text"})),
        ("a", json!({"type": "object"})),
        ("a", json!({"type": "array"})),
        ("a", json!({"type": "string", "labels": ["I1"]})),
        ("a", json!({"type": "number", "pattern": "x"})),
        ("a", json!({"type": "string", "minimum": 1})),
        ("a", json!({"$ref": "https://ns.adobe.com/acme/datatypes/none"})),
        ("a", json!({"$ref": PROFILE})),
        ("a", json!({"type": "object", "additionalProperties": {"type": "number"}})),
        ("a", json!({"type": "object", "properties": {}, "additionalProperties": {"type": "string"}})),
        ("a", json!({"type": "object", "properties": {"b": {"type": "string"}}, "required": ["c"]})),
        (
            "a",
            json!({"type": "array", "items": {"type": "object", "properties": {"_b": {"type": "string"}}}}),
        ),
    ] {
        client.refused("fieldgroups", group("G", &[PROFILE], json!({name: field}))).await;
    }
    assert_eq!(client.platform.changes(), 0);
}

#[tokio::test]
async fn relational_schemas_are_of_their_own_kind() {
    let client = open().await;
    let good = json!({"title": "stripe.charges", "type": "object", "description": "",
        "definitions": {"customFields": {"type": "object", "properties": {
            "id": {"type": "string", "minLength": 1}, "lastModified": {"type": "string", "format": "date-time"}},
            "required": ["id", "lastModified"]}},
        "allOf": [{"$ref": "#/definitions/customFields", "meta:xdmType": "object"}],
        "meta:extends": ["https://ns.adobe.com/xdm/data/adhoc-v2"], "meta:behaviorType": "record"});
    let made = client.make("schemas", good.clone()).await;
    let (_, full) = client.get(&format!("/tenant/schemas/{}", text(&made, "meta:altId")), FULL).await;
    assert_eq!(full["properties"]["id"]["type"], "string");
    assert_eq!(full["required"], json!(["id", "lastModified"]));
    let change = |key: &str, value: Value| {
        let mut changed = good.clone();
        changed["title"] = json!("another");
        changed[key] = value;
        changed
    };
    for wrong in [
        change("meta:extends", json!(["https://ns.adobe.com/xdm/data/adhoc-v2", PROFILE])),
        change("meta:behaviorType", json!("none")),
        change("allOf", json!([{"$ref": PROFILE}])),
        change("allOf", json!([{"$ref": "#/definitions/other"}])),
        change(
            "definitions",
            json!({"customFields": {"type": "object", "properties": {"_id": text_field()}}}),
        ),
        change(
            "definitions",
            json!({"customFields": {"type": "object", "properties": {"a": text_field()},
            "required": ["b"]}}),
        ),
    ] {
        client.refused("schemas", wrong).await;
    }
}

#[tokio::test]
async fn resources_are_deleted_when_nothing_uses_them() {
    let client = open().await;
    let group = client.group("Group", json!({"a": text_field()})).await;
    let schema = client.schema("Schema", PROFILE, &[&group]).await;
    let path = |kind: &str, resource: &Value| {
        format!("{REGISTRY}/tenant/{kind}/{}", escaped(&text(resource, "$id")))
    };
    assert_eq!(client.send("DELETE", &path("fieldgroups", &group), &Value::Null).await.0, 400);
    assert_eq!(client.send("DELETE", &path("schemas", &schema), &Value::Null).await, (204, Value::Null));
    assert_eq!(client.send("DELETE", &path("fieldgroups", &group), &Value::Null).await.0, 204);
    assert_eq!(client.send("DELETE", &path("fieldgroups", &group), &Value::Null).await.0, 404);
}
