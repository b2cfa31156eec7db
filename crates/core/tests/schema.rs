//! Schemas are composed from the mappings: whatever is mapped is in them, with its type and labels, and
//! what they cannot say is told.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use stripe_xdm_core::schema::{self, Composed};
use stripe_xdm_core::{OpenError, Settings};
use xdm::{DefinitionKind, Field, IdentityType, Library, Namespace, Object, Schema, Shape};

fn try_compose(settings: &Value) -> Result<Composed, OpenError> {
    schema::compose(&serde_json::from_value::<Settings>(settings.clone()).unwrap())
}

#[track_caller]
fn compose(settings: &Value) -> Composed {
    try_compose(settings).unwrap()
}

#[track_caller]
fn library(settings: &Value) -> Library {
    let composed = compose(settings);
    assert_eq!(composed.problems, []);
    composed.library
}

fn acme() -> Library {
    library(&json!({"tenant": "acme"}))
}

/// A charge model of the user's with these mappings.
fn with(mappings: &Value) -> Value {
    json!({"tenant": "acme", "models": [{"resource": "charge", "mappingSet": {"mappings": mappings}}]})
}

#[track_caller]
fn flat(library: &Library, name: &str) -> Object {
    library.flat(library.schema(name).unwrap()).unwrap()
}

/// The field at a path of names, through arrays and into the values of maps.
fn at<'o>(object: &'o Object, path: &str) -> Option<&'o Field> {
    let mut names = path.split('.');
    let mut field = object.get(names.next()?)?;
    for name in names {
        field = loop {
            match &field.shape {
                Shape::Object(object) => break object.get(name)?,
                Shape::Array(items) => field = items,
                Shape::Map(values) => break values,
                _ => return None,
            }
        };
    }
    Some(field)
}

/// Titles of a kind.
fn titles(library: &Library, kind: DefinitionKind) -> Vec<&str> {
    let of_kind = library.definitions.iter().filter(|one| one.kind == kind && one.id.starts_with("tenant:"));
    of_kind.map(|one| one.title.as_str()).collect()
}

fn codes(namespaces: &[Namespace]) -> Vec<&str> {
    namespaces.iter().map(|namespace| namespace.code.as_str()).collect()
}

fn leaves(object: &Object, path: &str, found: &mut Vec<(String, Field)>) {
    for (name, field) in &object.fields {
        leaves_of(field, &format!("{path}/{name}"), found);
    }
}

fn leaves_of(field: &Field, path: &str, found: &mut Vec<(String, Field)>) {
    match &field.shape {
        Shape::Object(object) => leaves(object, path, found),
        Shape::Array(items) if matches!(items.shape, Shape::Object(_)) => leaves_of(items, path, found),
        _ => found.push((path.to_owned(), field.clone())),
    }
}

#[test]
fn every_model_has_its_schema() {
    let library = acme();
    let titles: Vec<&str> = library.schemas.iter().map(|schema| schema.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Stripe Charge Events",
            "Stripe Refund Events",
            "Stripe Balance Transactions",
            "Stripe Subscriptions",
            "Stripe Subscription Events",
            "Stripe Customers",
            "Stripe Prices",
            "Stripe Products",
            "Stripe Coupons",
            "Stripe Invoices",
            "Stripe Invoice Events",
            "Stripe Payment Intent Events",
            "Stripe Dispute Events",
            "Stripe Payouts"
        ]
    );
    let not_in_profile = |schema: &&Schema| !schema.profile;
    let left_out: Vec<&str> =
        library.schemas.iter().filter(not_in_profile).map(|schema| schema.name.as_str()).collect();
    assert_eq!(
        left_out,
        [
            "stripe_balance_transactions",
            "stripe_products",
            "stripe_coupons",
            "stripe_invoices",
            "stripe_payouts"
        ]
    );
    let events = |schema: &&Schema| schema.behavior == xdm::Behavior::TimeSeries;
    assert_eq!(library.schemas.iter().filter(events).count(), 8);
    for schema in library.schemas.iter().filter(events) {
        assert_eq!(schema.class.as_deref(), Some("https://ns.adobe.com/xdm/context/experienceevent"));
        let required = library.flat(schema).unwrap().required;
        assert_eq!(required, ["_id", "timestamp"], "{}", schema.name);
    }
}

#[test]
fn every_mapping_of_every_model_has_a_typed_field_with_its_labels() {
    // What the privacy policy drops by default is mapped, too.
    let library = library(&json!({"tenant": "acme", "receipt_url": true,
        "privacy": {"rules": [{"label": "C12", "action": "keep"}]}}));
    let mut labelled = 0;
    for (file, schema) in [
        ("charge", "stripe_charge_events"),
        ("refund", "stripe_refund_events"),
        ("balance_transaction", "stripe_balance_transactions"),
        ("subscription", "stripe_subscriptions"),
        ("subscription_event", "stripe_subscription_events"),
        ("customer", "stripe_customers"),
        ("price", "stripe_prices"),
        ("product", "stripe_products"),
        ("coupon", "stripe_coupons"),
        ("invoice", "stripe_invoices"),
        ("invoice_event", "stripe_invoice_events"),
        ("payment_intent", "stripe_payment_intent_events"),
        ("dispute", "stripe_dispute_events"),
        ("payout", "stripe_payouts"),
    ] {
        let path = format!("{}/models/{file}.json", env!("CARGO_MANIFEST_DIR"));
        let model: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let record = flat(&library, schema);
        for mapping in model["mappingSet"]["mappings"].as_array().unwrap() {
            let written = mapping["destination"].as_str().unwrap();
            let destination = written
                .replace("{TENANT_ID}", "acme")
                .replace("{CUSTOMER_NAMESPACE}", "StripeCustomerID")
                .replace("{PHONE}", "mobilePhone")
                .replace("[*]", "")
                .replace("[0]", "")
                .replace("{**}", "")
                .replace("{*}", "");
            let field = at(&record, &destination).unwrap_or_else(|| panic!("{schema}: no {destination}"));
            let kind = match mapping["type"].as_str().unwrap() {
                _ if written.ends_with("{*}") => vec!["map"],
                "map<string>" | "map<integer>" => vec!["map"],
                "array<string>" => vec!["array"],
                "integer" => vec!["int", "long"],
                "long" => vec!["long", "int"],
                other => vec![other],
            };
            assert!(kind.contains(&field.shape.xdm_type()), "{schema} {destination}: {:?}", field.shape);
            for label in mapping["labels"].as_array().into_iter().flatten() {
                labelled += 1;
                assert!(field.labels.iter().any(|known| label == known), "{schema} {destination} {label}");
            }
            let source = mapping["source"].as_str().unwrap();
            assert!(
                source.contains("{ORDER_REFERENCE}") || field.sources.iter().any(|known| known == source),
                "{schema} {destination}: {:?}",
                field.sources
            );
        }
    }
    assert!(labelled > 200, "{labelled}");
}

#[test]
fn the_tenants_part_holds_nothing_that_is_not_mapped() {
    let library = acme();
    // A data type has the fields of all its places, so it is the places together that are looked at.
    let mut sources: BTreeSet<String> = BTreeSet::new();
    let mut all: BTreeSet<String> = BTreeSet::new();
    for schema in &library.schemas {
        let mut found = Vec::new();
        leaves(&library.flat(schema).unwrap(), "", &mut found);
        for (path, field) in found.iter().filter(|(path, _)| path.starts_with("/_acme/")) {
            // Adobe's data types have more fields than are written.
            if path.contains("ddress/") || path.contains("/transaction/") {
                continue;
            }
            all.insert(path.clone());
            if !field.sources.is_empty() {
                sources.insert(path.clone());
            }
            assert!(!field.title.is_empty() && field.shape != Shape::Any, "{path}");
            assert!(field.description.starts_with("Stripe "), "{path}: {}", field.description);
        }
    }
    let only_elsewhere: Vec<&String> = all.difference(&sources).collect();
    assert!(
        only_elsewhere.iter().all(|path| path.contains("/discount/")
            || path.contains("/coupon/")
            || path.contains("/subscription/items/")
            || path.contains("/pendingUpdate/items/")),
        "{only_elsewhere:?}"
    );
    assert!(sources.len() > 500, "{}", sources.len());
}

#[test]
fn resources_are_laid_out_in_groups_and_types() {
    let library = acme();
    let groups = [
        "Stripe Common",
        "Stripe Charge Details",
        "Stripe Refund Details",
        "Stripe Balance Transaction Details",
        "Stripe Subscription Details",
        "Stripe Customer Details",
        "Stripe Price Details",
        "Stripe Product Details",
        "Stripe Coupon Details",
        "Stripe Invoice Details",
        "Stripe Payment Intent Details",
        "Stripe Dispute Details",
        "Stripe Payout Details",
    ];
    assert_eq!(titles(&library, DefinitionKind::FieldGroup), groups);
    assert_eq!(
        titles(&library, DefinitionKind::Class),
        ["Stripe Subscription Record", "Stripe Coupon Record", "Stripe Invoice Record"]
    );
    let types = titles(&library, DefinitionKind::DataType);
    for title in
        ["Stripe Charge", "Stripe Payment Method Details", "Stripe Card", "Stripe Tax Rate", "Stripe Coupon"]
    {
        assert_eq!(types.iter().filter(|known| **known == title).count(), 1, "{title}");
    }
    // Adobe's pages disagree on what titles must differ from: these differ from all.
    let schemas = library.schemas.iter().map(|schema| schema.title.as_str());
    let mut all: Vec<&str> = [DefinitionKind::FieldGroup, DefinitionKind::Class, DefinitionKind::DataType]
        .into_iter()
        .flat_map(|kind| titles(&library, kind))
        .chain(schemas)
        .collect();
    all.sort_unstable();
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
    let common = library.definition("tenant:mixins/stripe-common").unwrap();
    assert_eq!(
        common.extends,
        [
            "https://ns.adobe.com/xdm/context/experienceevent",
            "tenant:classes/stripe-subscription-record",
            "https://ns.adobe.com/xdm/context/profile",
            "https://ns.adobe.com/xdm/classes/product",
            "tenant:classes/stripe-coupon-record",
            "tenant:classes/stripe-invoice-record"
        ]
    );
    let payer = library.definition("tenant:datatypes/stripe-payer").unwrap();
    let address = Shape::DataType("https://ns.adobe.com/xdm/common/address".to_owned());
    assert_eq!(payer.fields.get("address").unwrap().shape, address);
    let charge = flat(&library, "stripe_charge_events");
    let country = at(&charge, "_acme.stripe.charge.paymentMethodDetails.payer.address.countryCode").unwrap();
    assert!(matches!(&country.shape, Shape::String(text) if text.pattern.as_deref() == Some("^[A-Z]{2}$")));
    assert_eq!(country.labels, ["I2", "S2"]);
    // The tenant's own object is never labelled.
    for definition in library.definitions.iter().filter(|one| one.kind == DefinitionKind::FieldGroup) {
        let tenant = definition.fields.get("_acme");
        assert!(tenant.is_none_or(|tenant| tenant.labels.is_empty()), "{}", definition.title);
    }
    // What one refers to comes before it.
    let text = |definition| serde_json::to_string(definition).unwrap();
    for (place, definition) in library.definitions.iter().enumerate() {
        for later in &library.definitions[place..] {
            let reference = format!("\"$ref\":\"{}\"", later.id);
            assert!(!text(definition).contains(&reference), "{} before {}", definition.title, later.title);
        }
    }
}

#[test]
fn a_field_added_to_a_mapping_set_appears_in_the_schema() {
    let library = library(&with(&json!([
        {"sourceType": "ATTRIBUTE", "source": "gift_note", "destination": "_acme.stripe.charge.giftNote",
            "type": "string", "labels": ["I1"], "description": "What the giver wrote"},
        {"sourceType": "ATTRIBUTE", "source": "weight", "destination": "_acme.shop.weights[*].grams", "type": "long"}
    ])));
    let charge = flat(&library, "stripe_charge_events");
    let note = at(&charge, "_acme.stripe.charge.giftNote").unwrap();
    assert_eq!(note.shape.xdm_type(), "string");
    assert_eq!((note.title.as_str(), note.description.as_str()), ("Gift note", "What the giver wrote"));
    assert_eq!(
        (note.labels.as_slice(), note.sources.as_slice()),
        (&["I1".into()][..], &["gift_note".into()][..])
    );
    let grams = at(&charge, "_acme.shop.weights.grams").unwrap();
    assert_eq!((grams.shape.clone(), grams.description.as_str()), (Shape::long(), "Stripe charge: weight"));
    // It is a field of the resource's own group and data type, where the registry will look for it.
    let data_type = library.definition("tenant:datatypes/stripe-charge").unwrap();
    assert!(data_type.fields.get("giftNote").is_some());
    let group = library.definition("tenant:mixins/stripe-charge-details").unwrap();
    assert!(at(&group.fields, "_acme.shop.weights.grams").is_some());
    assert!(at(&flat(&library, "stripe_refund_events"), "_acme.shop").is_none());
}

#[test]
fn one_type_a_path_in_all_schemas() {
    let model = |resource: &str, kind: &str| {
        json!({"resource": resource, "mappingSet": {"mappings": [
            {"sourceType": "ATTRIBUTE", "source": "a", "destination": format!("_acme.stripe.{resource}.discount.coupon.extra"), "type": kind}]}})
    };
    let settings =
        json!({"tenant": "acme", "models": [model("charge", "string"), model("refund", "number")]});
    let error = try_compose(&settings).unwrap_err().to_string();
    assert!(
        error.contains("_acme.stripe.charge.discount.coupon.extra")
            && error.contains("_acme.stripe.refund.discount.coupon.extra")
            && error.contains("string")
            && error.contains("number"),
        "{error}"
    );
    let settings =
        json!({"tenant": "acme", "models": [model("charge", "string"), model("refund", "string")]});
    assert_eq!(compose(&settings).problems, []);
    // Beside Stripe's objects too, though each resource has a field group of its own there.
    let model = |resource: &str, kind: &str| {
        json!({"resource": resource, "mappingSet": {"mappings": [
            {"sourceType": "ATTRIBUTE", "source": "a", "destination": "_acme.shop.number", "type": kind}]}})
    };
    let settings = json!({"tenant": "acme", "models": [model("charge", "string"), model("refund", "long")]});
    let error = try_compose(&settings).unwrap_err().to_string();
    assert!(
        error.contains("_acme.shop.number needs a field of type long") && error.contains("string"),
        "{error}"
    );
}

#[test]
fn identities_follow_the_settings() {
    let library =
        library(&json!({"tenant": "acme", "customer_namespace": "ShopCustomer", "email_identity": true,
        "metadata_identity": {"key": "crm_id", "namespace": "CRMID"}}));
    let charge = library.schema("stripe_charge_events").unwrap();
    assert_eq!(codes(&charge.map_namespaces), ["ShopCustomer", "Email", "CRMID"]);
    let customer = library.schema("stripe_customers").unwrap();
    assert_eq!(codes(&customer.map_namespaces), ["CRMID"]);
    assert!(customer.field_groups.iter().any(|id| id == "https://ns.adobe.com/xdm/context/identitymap"));
    let identities: Vec<_> = customer
        .identities
        .iter()
        .map(|identity| (identity.path.as_str(), identity.namespace.as_str(), identity.primary))
        .collect();
    assert_eq!(
        identities,
        [("/_acme/stripe/customerID", "ShopCustomer", true), ("/personalEmail/address", "Email", false)]
    );
    let id = at(&flat(&library, "stripe_charge_events"), "identityMap.CRMID.id").unwrap().clone();
    assert!(id.labels.contains(&"I2".to_owned()));
    let known = |code: &str| library.namespaces.iter().find(|known| known.code == code).unwrap();
    assert!(known("ShopCustomer").create && known("ShopCustomer").prefix == "cus_");
    assert_eq!(known("StripePriceID").id_type, IdentityType::NonPeople);
    // Adobe's and the organisation's are not ours to make.
    assert!(!known("Email").create && !known("CRMID").create);

    let library = acme();
    assert_eq!(
        codes(&library.namespaces),
        [
            "StripeCustomerID",
            "StripeSubscriptionID",
            "StripePriceID",
            "StripeProductID",
            "StripeCouponID",
            "StripeInvoiceID"
        ]
    );
    let customer = library.schema("stripe_customers").unwrap();
    assert_eq!((customer.identities.len(), customer.map_namespaces.len()), (1, 0));
    assert!(!customer.field_groups.iter().any(|id| id.ends_with("identitymap")));
}

#[test]
fn relationships_lead_to_datasets_by_their_present_names() {
    let library = library(&json!({"tenant": "acme", "models": [
        {"resource": "subscription", "variant": "record", "dataset": "plans"}]}));
    let event = library.schema("stripe_subscription_events").unwrap();
    let to: Vec<&str> = event.relationships.iter().map(|link| link.schema.as_str()).collect();
    assert_eq!(to, ["plans", "stripe_prices"]);
    for link in &event.relationships {
        let other = library.schema(&link.schema).unwrap();
        let primary = other.identities.iter().find(|identity| identity.primary).unwrap();
        assert_eq!((&link.field, link.namespace.as_ref()), (&primary.path, Some(&primary.namespace)));
    }
}

#[test]
fn what_a_schema_cannot_say_is_told_and_left_open() {
    let composed = compose(&with(&json!([
        {"sourceType": "ATTRIBUTE", "source": "a", "destination": "commerce.mood", "type": "string"},
        {"sourceType": "ATTRIBUTE", "source": "b", "destination": "productListItems[*].colour"},
        {"sourceType": "ATTRIBUTE", "source": "c", "destination": "_acme.stripe.charge.untyped"},
        {"sourceType": "ATTRIBUTE", "source": "d", "destination": "timestamp.zone", "type": "string"},
        {"sourceType": "ATTRIBUTE", "source": "e", "destination": "commerce.order.priceTotal", "type": "string"}
    ])));
    let told: Vec<(&str, &str)> = composed
        .problems
        .iter()
        .map(|problem| (problem.destination.as_str(), problem.message.as_str()))
        .collect();
    let told = |destination: &str, part: &str| {
        assert!(
            told.iter().any(|(known, message)| *known == destination && message.contains(part)),
            "{destination}: {told:?}"
        );
    };
    assert_eq!(composed.problems.len(), 5);
    told("commerce.mood", "schema.fieldGroups");
    told("productListItems[*].colour", "_acme");
    told("_acme.stripe.charge.untyped", "add `type`");
    told("timestamp.zone", "date-time");
    told("commerce.order.priceTotal", "of type number");
    let charge = flat(&composed.library, "stripe_charge_events");
    for open in ["commerce.mood", "productListItems.colour", "_acme.stripe.charge.untyped"] {
        assert_eq!(at(&charge, open).unwrap().shape, Shape::Any, "{open}");
    }
    assert_eq!(at(&charge, "commerce.order.priceTotal").unwrap().shape, Shape::Number);
    assert_eq!(at(&charge, "timestamp").unwrap().shape, Shape::DateTime);
}

#[test]
fn a_field_group_that_the_user_describes_is_part_of_the_schema() {
    let settings = |groups: Value| {
        let mut settings = with(&json!([
            {"sourceType": "ATTRIBUTE", "source": "a", "destination": "loyalty.tier", "type": "string", "labels": ["C2"]}]));
        settings["models"][0]["schema"] = json!({"fieldGroups": groups});
        settings
    };
    let group = json!({"$id": "https://ns.adobe.com/acme/mixins/1", "kind": "fieldGroup", "title": "Loyalty",
        "properties": {"loyalty": {"$ref": "https://ns.adobe.com/acme/datatypes/2"}}});
    let data_type = json!({"$id": "https://ns.adobe.com/acme/datatypes/2", "kind": "dataType", "title": "Tier",
        "properties": {"tier": {"type": "string", "enum": ["gold", "silver"]}}});
    let library = library(&settings(json!([group, data_type])));
    let charge = flat(&library, "stripe_charge_events");
    let tier = at(&charge, "loyalty.tier").unwrap();
    assert!(matches!(&tier.shape, Shape::String(text) if text.allowed == ["gold", "silver"]));
    assert_eq!((tier.labels.as_slice(), tier.sources.as_slice()), (&["C2".into()][..], &["a".into()][..]));
    // Settings go through the module's door as JSON and come back the same.
    let read: Settings = serde_json::from_value(settings(json!([group, "https://x.test/y"]))).unwrap();
    let again: Settings = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(again.models[0].schema, read.models[0].schema);
    // One that is only named must be known.
    let composed = compose(&settings(json!(["https://ns.adobe.com/acme/mixins/1"])));
    assert!(
        composed
            .problems
            .iter()
            .any(|problem| problem.message.contains("mixins/1") && problem.message.contains("describe it"))
    );
    // One that refers to nothing is refused: no record could be checked.
    let error = try_compose(&settings(json!([group]))).unwrap_err().to_string();
    assert!(error.contains("acme/datatypes/2"), "{error}");
}

#[test]
fn a_whole_object_without_a_type_stays_open() {
    // Adobe's tutorial maps an object whole and some of its members by themselves.
    let set = include_str!("data/adobe-tutorial-charges.mapping-set.json");
    let set: Value = serde_json::from_str(set).unwrap();
    let composed = compose(&json!({"tenant": "acme", "models": [
        {"resource": "charge", "replace": true, "mappingSet": set}]}));
    let charge = flat(&composed.library, "stripe_charge_events");
    let open = at(&charge, "_acme.charges_data.payment_method_details").unwrap();
    assert_eq!(open.shape, Shape::Any);
    let has = |path: &str| composed.problems.iter().any(|problem| problem.destination == path);
    assert!(has("_acme.charges_data.payment_method_details") && has("_acme.charges_data.amount"));
    // Everything else stays as it was.
    assert!(composed.problems.iter().all(|problem| problem.dataset == "stripe_charge_events"));
}

#[derive(serde::Deserialize)]
struct Answer {
    library: Library,
    problems: Vec<Value>,
}

#[test]
fn the_module_answers_with_the_same_library() {
    let settings = with(&json!([
        {"sourceType": "ATTRIBUTE", "source": "b", "destination": "commerce.mood"}]));
    let request = json!({"command": "schema", "settings": settings}).to_string();
    // Read as text: fields have an order.
    let answer = stripe_xdm_core::language::answer(&request).unwrap();
    let answer: Answer = serde_json::from_str(&answer).unwrap();
    let composed = compose(&settings);
    assert!(answer.library == composed.library);
    assert_eq!(answer.problems[0]["destination"], "commerce.mood");
    let request = json!({"command": "schema", "settings": {"tenant": "a-b"}}).to_string();
    assert_eq!(stripe_xdm_core::language::answer(&request).unwrap_err().code, "invalid_settings");
}

#[test]
fn two_models_of_one_dataset_are_told() {
    let composed = compose(&json!({"tenant": "acme", "models": [
        {"resource": "refund", "dataset": "stripe_charge_events"}]}));
    assert_eq!(composed.problems.len(), 1);
    assert!(composed.problems[0].message.contains("a dataset has one schema"));
}

#[test]
fn an_identity_that_is_no_longer_written_is_told_and_left_out() {
    let composed = compose(&json!({"tenant": "acme", "models": [
        {"resource": "customer", "drop": ["_{TENANT_ID}.stripe.customerID"]}]}));
    let customer = composed.library.schema("stripe_customers").unwrap();
    assert_eq!(customer.identities, []);
    assert_eq!(composed.problems.len(), 1);
    assert!(composed.problems[0].message.contains("no mapping writes it"), "{:?}", composed.problems);
    // Where the record is keyed by something else, its links are gone with it.
    let composed = compose(&json!({"tenant": "acme", "models": [
        {"resource": "subscription", "variant": "event", "drop": ["_acme.stripe.priceIDs"]}]}));
    let event = composed.library.schema("stripe_subscription_events").unwrap();
    assert_eq!(event.relationships.len(), 1);
}

#[test]
fn a_mapping_that_takes_a_defaults_place_keeps_its_type_and_labels() {
    let library = library(&with(&json!([
        {"sourceType": "ATTRIBUTE", "source": "metadata.note", "destination": "_acme.stripe.charge.description"},
        {"sourceType": "ATTRIBUTE", "source": "metadata.mail", "destination": "_acme.stripe.charge.receiptEmail",
            "labels": ["C2"]}])));
    let charge = flat(&library, "stripe_charge_events");
    let description = at(&charge, "_acme.stripe.charge.description").unwrap();
    assert_eq!(description.shape.xdm_type(), "string");
    assert_eq!(description.labels, ["I2"]);
    assert_eq!(description.sources, ["metadata.note"]);
    // One's own labels win: the user knows what is in there.
    assert_eq!(at(&charge, "_acme.stripe.charge.receiptEmail").unwrap().labels, ["C2"]);
}

#[test]
fn nothing_that_is_mapped_makes_composing_fail_in_another_way_than_saying_so() {
    let odd = [
        "_acme",
        "_acme.stripe",
        "_acme.stripe.charge",
        "_acme.stripe[0]",
        "_acme[*].x",
        "_acme.stripe.charge.discount.discount.coupon.discount.x",
        "_acme.stripe.charge.paymentMethodDetails.card.paymentMethodDetails.card.x",
        "_acme.stripe.charge.paymentMethodDetails.payer.address.planet",
        "_acme.stripe.metadata.one",
        "_other.x",
        "identityMap",
        "identityMap.X",
        "identityMap.X[0].odd",
        "commerce.order[0].x",
        "commerce{*}",
        "a{key}",
        "a..b",
    ];
    for destination in odd {
        for kind in [None, Some("string"), Some("map<string>")] {
            let mut mapping = json!({"sourceType": "ATTRIBUTE", "source": "x", "destination": destination});
            if let Some(kind) = kind {
                mapping["type"] = kind.into();
            }
            match try_compose(&with(&json!([mapping]))) {
                Err(error) => {
                    assert!(error.problems.iter().any(|told| told.contains(destination)), "{error}")
                }
                Ok(composed) => {
                    for schema in &composed.library.schemas {
                        assert!(composed.library.flat(schema).is_ok(), "{destination} {kind:?}");
                    }
                }
            }
        }
    }
}
