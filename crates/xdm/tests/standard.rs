//! The standard definitions: they hold together, the models' paths are there, and so is each constraint.

use dataprep::functions::Clock;
use dataprep::{CompileOptions, Expression};
use std::collections::BTreeSet;
use std::path::Path;
use xdm::{Behavior, DefinitionKind, Field, Library, Object, Schema, Shape, Text, standard};

const EVENT: &str = "https://ns.adobe.com/xdm/context/experienceevent";
const PROFILE: &str = "https://ns.adobe.com/xdm/context/profile";
const PRODUCT: &str = "https://ns.adobe.com/xdm/classes/product";

/// Every standard field that the models write, by type.
const PATHS: [(&str, &[&str]); 7] = [
    (
        "string",
        &[
            "event _id",
            "event eventType",
            "event producedBy",
            "event identityMap{}[].id",
            "event identityMap{}[].authenticatedState",
            "event commerce.purchases.id",
            "event commerce.order.purchaseID",
            "event commerce.order.purchaseOrderNumber",
            "event commerce.order.currencyCode",
            "event commerce.order.payments[].transactionID",
            "event commerce.order.payments[].paymentType",
            "event commerce.order.payments[].currencyCode",
            "event commerce.order.refunds[].transactionID",
            "event commerce.order.refunds[].currencyCode",
            "event commerce.billing.address.street1",
            "event commerce.billing.address.street2",
            "event commerce.billing.address.city",
            "event commerce.billing.address.postalCode",
            "event commerce.billing.address.state",
            "event commerce.billing.address.countryCode",
            "event commerce.shipping.address.street1",
            "event commerce.shipping.address.street2",
            "event commerce.shipping.address.city",
            "event commerce.shipping.address.postalCode",
            "event commerce.shipping.address.state",
            "event commerce.shipping.address.countryCode",
            "event commerce.shipping.currencyCode",
            "event productListItems[]._id",
            "event productListItems[].SKU",
            "event productListItems[].name",
            "event productListItems[].currencyCode",
            "profile _id",
            "profile personID",
            "profile person.name.fullName",
            "profile personalEmail.address",
            "profile mobilePhone.number",
            "profile homePhone.number",
            "profile billingAddressPhone.number",
            "profile shippingAddressPhone.number",
            "profile billingAddress.street1",
            "profile billingAddress.street2",
            "profile billingAddress.city",
            "profile billingAddress.postalCode",
            "profile billingAddress.state",
            "profile billingAddress.countryCode",
            "profile shippingAddress.street1",
            "profile shippingAddress.street2",
            "profile shippingAddress.city",
            "profile shippingAddress.postalCode",
            "profile shippingAddress.state",
            "profile shippingAddress.countryCode",
            "profile preferredLanguage",
            "profile extSourceSystemAudit.externalKey.sourceType",
            "profile extSourceSystemAudit.externalKey.sourceInstanceID",
            "profile extSourceSystemAudit.externalKey.sourceID",
            "profile extSourceSystemAudit.externalKey.sourceKey",
            "product _id",
            "product productID",
            "product productName",
            "product productSKU",
            "product productListPrice.currencyCode",
        ],
    ),
    (
        "number",
        &[
            "event commerce.purchases.value",
            "event commerce.order.priceTotal",
            "event commerce.order.taxAmount",
            "event commerce.order.refundTotal",
            "event commerce.order.payments[].paymentAmount",
            "event commerce.order.refunds[].refundAmount",
            "event commerce.shipping.shippingAmount",
            "event productListItems[].priceTotal",
            "event productListItems[].discountAmount",
            "product productListPrice.amount",
        ],
    ),
    ("int", &["event productListItems[].quantity"]),
    ("boolean", &["event identityMap{}[].primary", "profile testProfile"]),
    (
        "date-time",
        &[
            "event timestamp",
            "profile extSourceSystemAudit.createdDate",
            "profile extSourceSystemAudit.lastUpdatedDate",
        ],
    ),
    (
        "date",
        &[
            "profile subscriptions[].startDate",
            "profile subscriptions[].endDate",
            "profile subscriptions[].billingStartDate",
        ],
    ),
    ("map", &["event identityMap"]),
];

/// All definitions as a library.
fn library() -> Library {
    Library { definitions: standard::definitions().expect("the files are definitions"), ..Library::default() }
}

/// A schema of a class and every standard field group that may extend it.
fn schema(library: &Library, class: &str) -> Schema {
    let field_groups = library
        .definitions
        .iter()
        .filter(|one| one.kind == DefinitionKind::FieldGroup)
        .filter(|one| one.extends.is_empty() || one.extends.iter().any(|extended| extended == class))
        .map(|one| one.id.clone())
        .collect();
    let class = library.definition(class).expect("the class is there");
    Schema {
        name: "all".to_owned(),
        title: "All".to_owned(),
        description: String::new(),
        behavior: class.behavior.expect("a class has a behavior"),
        class: Some(class.id.clone()),
        field_groups,
        fields: None,
        keys: None,
        identities: Vec::new(),
        relationships: Vec::new(),
        profile: false,
        map_namespaces: Vec::new(),
        notes: Vec::new(),
    }
}

/// All that a record of a class may hold.
fn flat(class: &str) -> Object {
    let library = library();
    library.flat(&schema(&library, class)).unwrap_or_else(|error| panic!("{class}: {error}"))
}

/// The field at a path: `a.b`, `a[]` the items of a list, `a{}` the values of a map.
fn at(record: &Object, path: &str) -> Option<Field> {
    let mut field = Field::new(Shape::Object(record.clone()));
    for step in path.split('.') {
        let (name, rest) = step.split_at(step.find(['[', '{']).unwrap_or(step.len()));
        let Shape::Object(object) = &field.shape else { return None };
        field = object.get(name)?.clone();
        for inner in rest.as_bytes().chunks(2) {
            field = match (inner, field.shape) {
                (b"[]", Shape::Array(items)) => *items,
                (b"{}", Shape::Map(values)) => *values,
                _ => return None,
            };
        }
    }
    Some(field)
}

/// The field at `event a.b` and the like.
fn field(place: &str) -> Field {
    let (record, path) = place.split_once(' ').expect("class and path");
    let class = match record {
        "event" => EVENT,
        "profile" => PROFILE,
        _ => PRODUCT,
    };
    at(&flat(class), path).unwrap_or_else(|| panic!("there is no {place}"))
}

/// The constraints of a text.
fn text(place: &str) -> Text {
    match field(place).shape {
        Shape::String(text) => text,
        other => panic!("{place} is {other:?}"),
    }
}

#[test]
fn each_definition_comes_after_what_it_refers_to() {
    fn references(field: &Field, found: &mut Vec<String>) {
        match &field.shape {
            Shape::DataType(id) => found.push(id.clone()),
            Shape::Array(inner) | Shape::Map(inner) => references(inner, found),
            Shape::Object(object) => object.fields.iter().for_each(|(_, field)| references(field, found)),
            _ => {}
        }
    }

    let mut known = BTreeSet::new();
    for definition in standard::definitions().expect("the files are definitions") {
        let mut found = Vec::new();
        references(&Field::new(Shape::Object(definition.fields.clone())), &mut found);
        for id in found {
            assert!(known.contains(&id), "{} refers to {id}, which does not come before it", definition.id);
        }
        assert!(known.insert(definition.id.clone()), "{} is there twice", definition.id);
    }
}

#[test]
fn each_definition_says_what_it_is_and_where_it_is_from() {
    for definition in standard::definitions().expect("the files are definitions") {
        let id = &definition.id;
        assert!(id.starts_with("https://ns.adobe.com/xdm/"), "{id}");
        assert!(!definition.title.is_empty(), "{id}");
        assert!(!definition.fields.fields.is_empty(), "{id}");
        assert_eq!(definition.behavior.is_some(), definition.kind == DefinitionKind::Class, "{id}");
        let folder = match definition.kind {
            DefinitionKind::Class => "components/classes/",
            DefinitionKind::FieldGroup => "components/fieldgroups/",
            DefinitionKind::DataType => "components/datatypes/",
        };
        assert!(definition.origin.starts_with(folder), "{id} is from {}", definition.origin);
        for name in &definition.fields.required {
            assert!(definition.fields.get(name).is_some(), "{id} requires {name}, which it does not have");
        }
        assert_eq!(standard::definition(id).unwrap().as_ref(), Some(&definition));
    }
    assert_eq!(standard::definition("https://ns.adobe.com/xdm/none").unwrap(), None);
}

#[test]
fn every_file_is_loaded_and_stays_as_it_is_written() {
    let loaded = standard::definitions().expect("the files are definitions");
    let mut files = 0;
    for folder in ["classes", "fieldgroups", "datatypes"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("standard").join(folder);
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let written: serde_json::Value =
                serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let definition = loaded
                .iter()
                .find(|one| written["$id"] == one.id.as_str())
                .unwrap_or_else(|| panic!("{} is not in the list of files", path.display()));
            assert_eq!(serde_json::to_value(definition).unwrap(), written, "{}", path.display());
            files += 1;
        }
    }
    assert_eq!(files, loaded.len());
}

#[test]
fn every_path_that_the_models_write_is_there_with_its_type() {
    for (kind, places) in PATHS {
        for place in places {
            assert_eq!(field(place).shape.xdm_type(), kind, "{place}");
        }
    }
}

#[test]
fn no_standard_destination_of_a_model_is_missing() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/models");
    let records = [flat(EVENT), flat(PROFILE), flat(PRODUCT)];
    let mut seen = 0;
    for file in std::fs::read_dir(models).unwrap() {
        let path = file.unwrap().path();
        let model: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for mapping in model["mappingSet"]["mappings"].as_array().unwrap() {
            let destination = mapping["destination"].as_str().unwrap();
            if destination.starts_with("_{") {
                continue;
            }
            let place = destination
                .replace("identityMap.{CUSTOMER_NAMESPACE}", "identityMap{}")
                .replace("identityMap.Email", "identityMap{}")
                .replace("{PHONE}", "mobilePhone")
                .replace("[0]", "[]")
                .replace("[*]", "[]");
            let types: Vec<&str> = records
                .iter()
                .filter_map(|record| at(record, &place))
                .map(|field| field.shape.xdm_type())
                .collect();
            let expected = match mapping["type"].as_str().unwrap() {
                "integer" => "int",
                other => other,
            };
            assert!(types.contains(&expected), "{destination} is {expected}, here {types:?}");
            seen += 1;
        }
    }
    assert!(seen > 80, "only {seen} destinations found");
}

#[test]
fn currencies_and_countries_are_capitals() {
    for place in [
        "event commerce.order.currencyCode",
        "event commerce.order.payments[].currencyCode",
        "event commerce.order.refunds[].currencyCode",
        "event commerce.shipping.currencyCode",
        "event productListItems[].currencyCode",
        "product productListPrice.currencyCode",
    ] {
        assert_eq!(text(place).pattern.as_deref(), Some("^[A-Z]{3}$"), "{place}");
    }
    for place in [
        "event commerce.billing.address.countryCode",
        "event commerce.shipping.address.countryCode",
        "profile billingAddress.countryCode",
        "profile person.nationality",
    ] {
        assert_eq!(text(place).pattern.as_deref(), Some("^[A-Z]{2}$"), "{place}");
    }
}

#[test]
fn addresses_limit_the_box_and_hardly_the_province() {
    assert_eq!(text("profile billingAddress.postOfficeBox").max_length, Some(20));
    let province = text("profile billingAddress.stateProvince").pattern;
    assert_eq!(province.as_deref(), Some("([A-Z]{2}-[A-Z0-9]{1,3}|)"));
}

#[test]
fn formats() {
    assert_eq!(text("profile personalEmail.address").format.as_deref(), Some("email"));
    assert_eq!(text("event _id").format.as_deref(), Some("uri-reference"));
    assert_eq!(text("profile _id").format.as_deref(), Some("uri-reference"));
    assert_eq!(text("product _id").format.as_deref(), Some("uri-reference"));
    assert_eq!(text("event productListItems[]._id").format.as_deref(), Some("uri-reference"));
    assert_eq!(text("event productListItems[].product").format.as_deref(), Some("uri"));
}

#[test]
fn a_phones_country_code_is_one_to_three_digits() {
    let code = text("profile mobilePhone.countryCode");
    assert_eq!(code.pattern.as_deref(), Some("^[0-9]{1,3}?$"));
    assert_eq!((code.min_length, code.max_length), (Some(1), Some(3)));
}

#[test]
fn a_preferred_language_is_a_tag_of_bcp_47() {
    let pattern = text("profile preferredLanguage").pattern.expect("there is a pattern");
    let matches = Expression::compile("matches_regex(tag, pattern)", CompileOptions::default()).unwrap();
    for (tag, fits) in
        [("en-US", true), ("de", true), ("zh-min-nan", true), ("en_US", false), ("English language", false)]
    {
        let record = serde_json::json!({"tag": tag, "pattern": pattern}).to_string();
        let found = matches.eval(&record, &mut Clock::new(None, 0)).unwrap();
        assert_eq!(found.json, fits.to_string(), "{tag}");
    }
}

#[test]
fn every_measure_requires_its_value() {
    let measures = [
        "cartAbandons",
        "checkouts",
        "productListAdds",
        "productListOpens",
        "productListRemovals",
        "productListReopens",
        "productListViews",
        "productViews",
        "purchases",
        "saveForLaters",
        "inStorePurchase",
        "instantPurchase",
        "requisitionListOpens",
        "requisitionListDeletes",
        "requisitionListAdds",
        "requisitionListRemovals",
    ];
    for name in measures {
        let Shape::Object(measure) = field(&format!("event commerce.{name}")).shape else {
            panic!("{name} is no object")
        };
        assert_eq!(measure.required, ["value"], "{name}");
        assert_eq!(measure.get("value").unwrap().shape, Shape::Number, "{name}");
    }
    assert!(at(&flat(EVENT), "commerce.refunds").is_none(), "there is no measure of refunds");
}

#[test]
fn closed_lists() {
    for (place, allowed) in [
        ("event commerce.order.orderType", &["checkout", "instant_purchase"][..]),
        ("event commerce.order.refunds[].refundReason", &["return", "price_adjustment"]),
        (
            "event commerce.order.refunds[].refundPaymentType",
            &[
                "cash",
                "credit_card",
                "debit_card",
                "gift_card",
                "check",
                "paypal",
                "wire_transfer",
                "credit_card_reference",
                "other",
            ],
        ),
        ("event commerce.shipping.shippingDestination", &["home", "store"]),
        ("event identityMap{}[].authenticatedState", &["ambiguous", "authenticated", "loggedOut"]),
        ("profile person.gender", &["male", "female", "not_specified", "non_specific"]),
        ("profile person.maritalStatus", &["married", "single", "divorced", "widowed", "not_specified"]),
    ] {
        assert_eq!(text(place).allowed, allowed, "{place}");
    }
}

#[test]
fn suggested_values_close_nothing() {
    for (place, value) in [
        ("event eventType", "commerce.purchases"),
        ("event producedBy", "salesRef"),
        ("event commerce.order.payments[].paymentType", "credit_card"),
        ("profile personalEmail.status", "pending_verification"),
    ] {
        let text = text(place);
        assert!(text.suggested.contains_key(value), "{place} suggests {value}");
        assert!(text.allowed.is_empty(), "{place}");
    }
}

#[test]
fn what_is_required() {
    assert_eq!(flat(EVENT).required, ["_id", "timestamp"]);
    assert!(flat(PROFILE).required.is_empty());
    assert!(flat(PRODUCT).required.is_empty());
    let Shape::Object(item) = field("event productListItems[]").shape else { panic!("items are objects") };
    assert_eq!(item.required, ["SKU"]);
}

#[test]
fn a_tracking_number_is_a_number() {
    assert_eq!(field("event commerce.shipping.trackingNumber").shape, Shape::Number);
}

#[test]
fn whole_numbers_have_bounds() {
    assert_eq!(field("event productListItems[].quantity").shape, Shape::integer());
    assert_eq!(field("profile person.birthYear").shape, Shape::Integer { minimum: 1, maximum: 32_767 });
}

#[test]
fn the_behaviors_of_the_classes() {
    let library = library();
    for (class, behavior) in
        [(EVENT, Behavior::TimeSeries), (PROFILE, Behavior::Record), (PRODUCT, Behavior::Record)]
    {
        assert_eq!(library.definition(class).unwrap().behavior, Some(behavior), "{class}");
    }
}

#[test]
fn field_groups_extend_standard_classes_only() {
    for definition in standard::definitions().expect("the files are definitions") {
        for extended in &definition.extends {
            assert!([EVENT, PROFILE, PRODUCT].contains(&extended.as_str()), "{}: {extended}", definition.id);
        }
    }
}
