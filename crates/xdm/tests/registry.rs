//! From a library to what a tenant needs: documents, descriptors, and the plan against what is there.

use serde_json::{Value, json};
use xdm::registry::descriptors::{self, About};
use xdm::registry::plan::{Action, Dataset, Part, Plan, Resource, Tenant, Wishes};
use xdm::registry::standard::{Answers, lacks, needed};
use xdm::registry::{Kind, documents};
use xdm::{Definition, Library, Namespace, Schema};

const EVENT: &str = "https://ns.adobe.com/xdm/context/experienceevent";
const COMMERCE: &str = "https://ns.adobe.com/xdm/context/experienceevent-commerce";

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// A small library in which everything occurs once.
fn library() -> Library {
    let definitions: Vec<Definition> = read(json!([
        { "$id": EVENT, "kind": "class", "title": "XDM ExperienceEvent", "behavior": "time-series",
          "properties": { "_id": { "type": "string" }, "timestamp": { "type": "string", "format": "date-time" } },
          "required": ["_id", "timestamp"] },
        { "$id": COMMERCE, "kind": "fieldGroup", "title": "Commerce Details", "extends": [EVENT],
          "properties": { "commerce": { "type": "object", "properties": { "order": { "type": "object", "properties": {
              "payments": { "type": "array", "items": { "type": "object", "properties": {
                  "transactionID": { "type": "string" }, "count": { "type": "integer" } } } } } } } } } },
        { "$id": "tenant:datatypes/stripe-card", "kind": "dataType", "title": "Stripe Card", "description": "A card.",
          "properties": {
              "last4": { "type": "string", "labels": ["C2", "I2"] },
              "expYear": { "type": "integer", "minimum": -2147483648_i64, "maximum": 2147483647_i64 } } },
        { "$id": "tenant:classes/stripe-subscription", "kind": "class", "title": "Stripe Subscription",
          "description": "A subscription.", "behavior": "record", "properties": { "_id": { "type": "string" } } },
        { "$id": "tenant:mixins/stripe-charge", "kind": "fieldGroup", "title": "Stripe Charge",
          "description": "A charge.", "extends": [EVENT, "tenant:classes/stripe-subscription"],
          "properties": { "_acme": { "type": "object", "properties": { "stripe": { "type": "object", "properties": {
              "subscriptionID": { "type": "string", "minLength": 1 },
              "metadata": { "type": "object", "additionalProperties": { "type": "string" }, "labels": ["I2"] },
              "cards": { "type": "array", "items": { "$ref": "tenant:datatypes/stripe-card" } } } } } } } },
    ]));
    let schemas: Vec<Schema> = read(json!([
        { "name": "stripe_charge_events", "title": "Stripe Charge Events", "description": "Charges.",
          "behavior": "time-series", "class": EVENT, "fieldGroups": [COMMERCE, "tenant:mixins/stripe-charge"],
          "relationships": [{ "path": "/_acme/stripe/subscriptionID", "schema": "stripe_subscriptions",
              "field": "/_acme/stripe/subscriptionID", "namespace": "StripeSubscriptionID" }],
          "profile": true,
          "notes": [{ "path": "/commerce/order/payments/transactionID", "labels": ["I2"] },
                    { "path": "/commerce/order/payments/count", "sources": ["count"] },
                    { "path": "/_acme/stripe/metadata", "labels": ["I2"] }] },
        { "name": "stripe_subscriptions", "title": "Stripe Subscriptions", "description": "Subscriptions.",
          "behavior": "record", "class": "tenant:classes/stripe-subscription",
          "fieldGroups": ["tenant:mixins/stripe-charge"],
          "notes": [{ "path": "/_id", "sources": ["id"] }],
          "identities": [{ "path": "/_acme/stripe/subscriptionID", "namespace": "StripeSubscriptionID", "primary": true }] },
    ]));
    let namespaces: Vec<Namespace> = read(json!([
        { "code": "StripeSubscriptionID", "name": "Stripe subscription", "idType": "Non_people", "create": true },
    ]));
    Library { tenant: "acme".to_owned(), namespaces, definitions, schemas }
}

/// Does to a tenant what a plan says, as the registry would.
fn apply(plan: &mut Plan, tenant: &mut Tenant) {
    for step in plan.steps.clone() {
        let filled = |plan: &Plan, value: &Value| plan.names.fill(value);
        match (&step.action, step.part) {
            (Action::Create(body), Part::Resource(kind)) => {
                let id = format!("https://ns.adobe.com/acme/{}/{}", kind.endpoint(), tenant.resources.len());
                let mut document = filled(plan, body);
                document["$id"] = json!(id);
                plan.names.learn(&step.name, &id);
                tenant.resources.push(Resource { kind, title: step.title, id, document });
            }
            (Action::Create(body), Part::Namespace) => tenant.namespaces.push(filled(plan, body)),
            (Action::Create(body), Part::Descriptor(_)) => tenant.descriptors.push(filled(plan, body)),
            (Action::Create(body), Part::Dataset) => {
                let id = tenant.datasets.len().to_string();
                tenant.datasets.push(Dataset { id, document: filled(plan, body) });
            }
            (Action::Change(patch), Part::Profile) => {
                let id = plan.names.id(&step.name).to_owned();
                let known = tenant.resources.iter_mut().find(|known| known.id == id).unwrap();
                known.document["meta:immutableTags"] = patch[0]["value"].clone();
            }
            (Action::Keep, _) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn complete() -> Tenant {
    let mut tenant = Tenant::default();
    apply(&mut Plan::new(&library(), &tenant.clone(), Wishes::default()), &mut tenant);
    tenant
}

fn reasons(tenant: &Tenant) -> Vec<String> {
    let plan = Plan::new(&library(), tenant, Wishes::default());
    plan.refusals().flat_map(|(_, reasons)| reasons.iter().map(|reason| reason.what.clone())).collect()
}

#[test]
fn documents_come_in_the_order_in_which_they_can_be_made() {
    let all = documents::all(&library());
    let titles: Vec<(Kind, &str)> = all.iter().map(|one| (one.kind, one.title.as_str())).collect();
    assert_eq!(
        titles,
        [
            (Kind::DataType, "Stripe Card"),
            (Kind::Class, "Stripe Subscription"),
            (Kind::FieldGroup, "Stripe Charge"),
            (Kind::Schema, "Stripe Charge Events"),
            (Kind::Schema, "Stripe Subscriptions"),
        ]
    );
    assert_eq!(
        all[0].body,
        json!({ "type": "object", "title": "Stripe Card", "description": "A card.", "properties": {
            "last4": { "type": "string" },
            "expYear": { "type": "integer", "minimum": -2147483648_i64, "maximum": 2147483648_i64 } } })
    );
    // A class's `_id` is its behaviour's.
    assert_eq!(all[1].body["allOf"], json!([{ "$ref": "https://ns.adobe.com/xdm/data/record" }]));
    assert_eq!(all[1].body.get("definitions"), None);
    assert_eq!(all[2].body["allOf"], json!([{ "$ref": "#/definitions/customFields" }]));
    assert_eq!(
        all[3].body["allOf"],
        json!([{ "$ref": EVENT }, { "$ref": COMMERCE }, { "$ref": "tenant:mixins/stripe-charge" }])
    );
}

#[test]
fn a_relational_schema_is_one_document_with_keys() {
    let schema: Schema = read(json!({
        "name": "stripe_charges", "title": "Stripe Charges", "description": "Charges.", "behavior": "record",
        "fields": { "type": "object", "required": ["id", "modified"], "properties": {
            "id": { "type": "string", "minLength": 1 },
            "modified": { "type": "string", "format": "date-time" } } },
        "keys": { "primary": ["/id"], "version": "/modified" },
        "relationships": [{ "path": "/customer", "schema": "stripe_customers", "field": "/id", "cardinality": "M:1" }],
    }));
    let library = Library { tenant: "acme".to_owned(), schemas: vec![schema], ..Library::default() };
    let body = &documents::all(&library)[0].body;
    assert_eq!(body["meta:extends"], json!(["https://ns.adobe.com/xdm/data/adhoc-v2"]));
    assert_eq!(body["meta:behaviorType"], "record");
    assert_eq!(body["allOf"], json!([{ "$ref": "#/definitions/customFields", "meta:xdmType": "object" }]));
    assert_eq!(body["definitions"]["customFields"]["required"], json!(["id", "modified"]));
    let types: Vec<About> = descriptors::all(&library).iter().map(|one| one.about).collect();
    assert_eq!(types, [About::PrimaryKey, About::Version, About::Relationship]);
    let relationship = &descriptors::all(&library)[2].body;
    assert_eq!(relationship["xdm:cardinality"], "M:1");
    assert_eq!(relationship["xdm:destinationSchema"], "tenant:schemas/stripe_customers");
}

#[test]
fn labels_stand_on_field_groups_and_those_of_adobes_fields_on_schemas() {
    let labels: Vec<(String, String, Value)> = descriptors::all(&library())
        .into_iter()
        .filter(|one| one.about == About::Label)
        .map(|one| (one.of.clone(), one.place(), one.body["xdm:labels"].clone()))
        .collect();
    let of = |of: &str, path: &str, labels: Value| (of.to_owned(), path.to_owned(), labels);
    assert_eq!(
        labels,
        [
            of(
                "tenant:schemas/stripe_charge_events",
                "/commerce/order/payments[*]/transactionID",
                json!(["I2"])
            ),
            of("tenant:mixins/stripe-charge", "/_acme/stripe/cards[*]/last4", json!(["C2", "I2"])),
            of("tenant:mixins/stripe-charge", "/_acme/stripe/metadata", json!(["I2"])),
        ]
    );
}

#[test]
fn a_plan_that_was_carried_out_leaves_nothing_to_do() {
    let mut tenant = Tenant::default();
    let mut plan = Plan::new(&library(), &tenant, Wishes { profile: true });
    assert!(plan.steps.iter().all(|step| step.action != Action::Keep));
    let order: Vec<&str> = plan.steps.iter().map(|step| step.part.word()).collect();
    let at = |word: &str| order.iter().position(|known| *known == word).unwrap();
    assert!(at("namespace") < at("data type") && at("schema") < at("identity"));
    assert!(at("identity") < at("reference identity") && at("profile") < at("dataset"));
    apply(&mut plan, &mut tenant);
    let again = Plan::new(&library(), &tenant, Wishes { profile: true });
    assert_eq!(again.changes().count() + again.refusals().count(), 0, "{:?}", again.steps);
    let text = format!("{tenant:?}");
    assert!(!text.contains("tenant:"), "a name was left in place of an $id: {text}");
}

#[test]
fn profile_is_enabled_only_when_asked_and_only_where_it_is_meant() {
    let mut tenant = complete();
    assert_eq!(tenant.datasets[0].document.get("tags"), None);
    let plan = Plan::new(&library(), &tenant, Wishes { profile: true });
    let changes: Vec<_> = plan.changes().map(|step| (step.part.word(), step.title.as_str())).collect();
    assert_eq!(changes, [("profile", "Stripe Charge Events"), ("dataset", "stripe_charge_events")]);
    // What somebody wrote there stays.
    tenant.datasets[0].document["tags"] = json!({ "theirs": ["x"], "unifiedProfile": ["enabled: true"] });
    let plan = Plan::new(&library(), &tenant, Wishes { profile: true });
    let change = plan.changes().find(|step| step.part == Part::Dataset).unwrap();
    let Action::Change(body) = &change.action else { panic!() };
    assert_eq!(
        *body,
        json!({ "tags": { "theirs": ["x"], "unifiedProfile": ["enabled: true"], "unifiedIdentity": ["enabled:true"] } })
    );
}

#[test]
fn what_cannot_be_changed_is_refused_with_its_reason() {
    let mut tenant = complete();
    tenant.namespaces[0]["idType"] = json!("CROSS_DEVICE");
    assert_eq!(reasons(&tenant), ["the namespace is of type CROSS_DEVICE, ours would be Non_people"]);

    let mut tenant = complete();
    let identity =
        tenant.descriptors.iter_mut().find(|one| one["@type"] == "xdm:descriptorIdentity").unwrap();
    identity["xdm:sourceProperty"] = json!("/_acme/other");
    assert_eq!(reasons(&tenant), ["the tenant has /_acme/other as identity"]);

    let mut tenant = complete();
    let identity =
        tenant.descriptors.iter_mut().find(|one| one["@type"] == "xdm:descriptorIdentity").unwrap();
    identity["xdm:namespace"] = json!("CRMID");
    assert_eq!(
        reasons(&tenant),
        [r#"namespace is "CRMID" in the tenant, ours would be "StripeSubscriptionID""#]
    );

    let mut tenant = complete();
    tenant.datasets[0].document["schemaRef"]["id"] = json!("https://ns.adobe.com/acme/schemas/other");
    assert_eq!(reasons(&tenant).len(), 1);

    let mut tenant = complete();
    let twice = tenant.datasets[0].clone();
    tenant.datasets.push(twice);
    assert_eq!(reasons(&tenant), ["2 datasets have this name"]);
}

#[test]
fn a_namespace_may_be_named_by_its_number() {
    let mut tenant = complete();
    tenant.namespaces[0]["id"] = json!(10_018_776);
    let identity =
        tenant.descriptors.iter_mut().find(|one| one["@type"] == "xdm:descriptorIdentity").unwrap();
    identity["xdm:namespace"] = json!("10018776");
    identity["xdm:property"] = json!("xdm:id");
    assert_eq!(reasons(&tenant), [""; 0]);
}

#[test]
fn labels_of_others_are_never_overwritten() {
    let mut tenant = complete();
    let label = tenant.descriptors.iter_mut().find(|one| one["@type"] == "xdm:descriptorLabel").unwrap();
    label["xdm:labels"] = json!(["core/C5"]);
    let plan = Plan::new(&library(), &tenant, Wishes::default());
    assert_eq!(plan.changes().count() + plan.refusals().count(), 0);
    let notes: Vec<&String> = plan.steps.iter().flat_map(|step| &step.notes).collect();
    assert_eq!(notes, ["= labelled C5; ours would add I2: left as it is"]);
}

#[test]
fn a_field_without_a_type_is_refused() {
    let mut library = library();
    let group = library.definitions.iter_mut().find(|one| one.id == "tenant:mixins/stripe-charge").unwrap();
    *group.fields.entry("_acme") = xdm::Field::new(xdm::Shape::Any);
    let plan = Plan::new(&library, &Tenant::default(), Wishes::default());
    let (_, reasons) = plan.refusals().next().unwrap();
    assert_eq!(
        (reasons[0].place.as_str(), reasons[0].what.as_str()),
        ("_acme", "nothing says what the field holds")
    );
}

#[test]
fn a_namespace_of_the_organisations_own_is_not_made() {
    let mut library = library();
    library.namespaces[0].create = false;
    let plan = Plan::new(&library, &Tenant::default(), Wishes::default());
    let (step, reasons) = plan.refusals().next().unwrap();
    assert_eq!(step.part, Part::Namespace);
    assert_eq!(reasons[0].what, "the sandbox has no such identity namespace");
}

/// What the tenant's copy of Adobe's resources says.
fn answers(payment: Value) -> Answers {
    let commerce = json!({ "properties": { "commerce": { "type": "object", "properties": { "order": {
        "type": "object", "properties": { "payments": { "type": "array", "items": {
            "type": "object", "properties": payment } } } } } } } });
    Answers::from([
        (EVENT.to_owned(), Some(json!({ "properties": {} }))),
        (COMMERCE.to_owned(), Some(commerce)),
    ])
}

#[test]
fn adobes_fields_are_looked_for_before_they_are_used() {
    let library = library();
    assert_eq!(needed(&library), [(Kind::Class, EVENT.to_owned()), (Kind::FieldGroup, COMMERCE.to_owned())]);
    // How wide a whole number is, is the registry's to say.
    let whole = json!({ "type": "integer", "meta:xdmType": "int" });
    let text = json!({ "type": "string" });
    assert_eq!(lacks(&library, &answers(json!({ "transactionID": text, "count": whole }))), []);
    let found = |mut payment: Value| {
        payment["count"] = whole.clone();
        let lacks = lacks(&library, &answers(payment));
        assert_eq!(lacks.len(), 1);
        assert_eq!(lacks[0].path, "/commerce/order/payments/transactionID");
        lacks[0].found.clone()
    };
    assert_eq!(found(json!({})), "nothing");
    assert_eq!(found(json!({ "transactionID": { "type": "number" } })), "number instead of string");
    let gone = Answers::from([(EVENT.to_owned(), Some(json!({}))), (COMMERCE.to_owned(), None)]);
    assert_eq!(lacks(&library, &gone)[0].found, "nothing");
}
