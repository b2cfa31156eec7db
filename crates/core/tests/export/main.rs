//! Exported sets say only what Adobe documents, and say the same as the models.

mod documented;
mod object;
mod random;

use dataprep::date::Moment;
use dataprep::expr::{Path, Segment};
use dataprep::functions::Clock;
use dataprep::{CompileOptions, Mapping, Plan, Run, SourceType};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use stripe_xdm_core::export::{self, Exported, Options, Outcome};
use stripe_xdm_core::{Call, Output, Settings, Transformer};

/// Resource, variant's name, dataset.
const MODELS: [(&str, u16); 14] = [
    ("charge", 0),
    ("refund", 1),
    ("balance_transaction", 2),
    ("subscription.record", 3),
    ("subscription.event", 4),
    ("customer", 5),
    ("price", 6),
    ("product", 7),
    ("coupon", 8),
    ("invoice.record", 9),
    ("invoice.event", 10),
    ("payment_intent", 11),
    ("dispute", 12),
    ("payout", 13),
];

/// When the objects are read and mapped: after everything that they tell.
const NOW: i64 = 1_900_000_000;

fn settings(more: Value) -> Settings {
    let mut all = json!({"tenant": "acme", "account": "acct_1"});
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

fn exported(resource: &str, settings: &Settings) -> Exported {
    export::adobe(resource, settings, &Options::default()).unwrap()
}

/// The model's mappings, for the types that Adobe would take from the schema.
fn model(resource: &str, settings: &Settings) -> Vec<Mapping> {
    let file = match resource {
        "subscription.record" => "subscription",
        "subscription.event" => "subscription_event",
        "invoice.record" => "invoice",
        "invoice.event" => "invoice_event",
        name => name,
    };
    let path = format!("{}/models/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path)
        .unwrap()
        .replace("{TENANT_ID}", &settings.tenant)
        .replace("{CUSTOMER_NAMESPACE}", &settings.customer_namespace)
        .replace("{PHONE}", "mobilePhone")
        .replace("{ORDER_REFERENCE}", "null");
    let model: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(model["mappingSet"]["mappings"].clone()).unwrap()
}

/// A model and the set that was exported from it, both ready to run.
struct Pair {
    resource: String,
    dataset: u16,
    exported: Exported,
    ours: Transformer,
    theirs: Plan,
}

impl Pair {
    fn new(resource: &str, settings: &Settings) -> Self {
        let dataset = MODELS.iter().find(|(name, _)| *name == resource).unwrap().1;
        let exported = exported(resource, settings);
        let types = model(resource, settings);
        let mut set = exported.mapping_set.clone();
        for mapping in &mut set.mappings {
            let known = types.iter().find(|known| known.destination == mapping.destination);
            mapping.xdm_type = known.and_then(|known| known.xdm_type);
        }
        // No functions besides Adobe's.
        let theirs = Plan::compile(&set, CompileOptions::default()).unwrap();
        let ours = Transformer::open(settings.clone()).unwrap();
        Self { resource: resource.to_owned(), dataset, exported, ours, theirs }
    }

    /// What the exported set makes of an object that Adobe's source has read.
    fn by_adobe(&self, object: &Value) -> Value {
        let mut run = Run::default();
        run.clock = Clock::new(Some(Moment::from_second(NOW).unwrap()), 0);
        let mut out = Vec::new();
        self.theirs.run(&mut run, &json!({"data": object}).to_string(), &[], &(), &mut out).unwrap();
        // Adobe would log each as a warning: a missing field is none.
        assert_eq!(run.warnings, [], "{object}");
        serde_json::from_slice(&out).unwrap()
    }

    /// What the model makes of the same object.
    fn by_us(&mut self, object: &Value) -> Value {
        let text = match self.resource.as_str() {
            "subscription.event" => json!({"id": "evt_1", "object": "event",
                "type": "customer.subscription.created", "created": object["created"],
                "data": {"object": object}}),
            _ => object.clone(),
        };
        let mut output = Output::default();
        let call = Call { observed_at: Some(NOW), ..Call::default() };
        self.ours.transform(&call, text.to_string().as_bytes(), &mut output).unwrap();
        assert_eq!(output.shed, 0, "the object is too large to compare");
        let record = output.records.iter().find(|record| record.dataset == self.dataset).unwrap();
        serde_json::from_slice(&output.bytes[record.span.clone()]).unwrap()
    }

    /// Compares the two records: equal, but for what the report says is left out, and for lists of
    /// distinct values, where the set may give fewer of them.
    #[track_caller]
    fn check(&mut self, object: &Value) {
        let (mut theirs, mut ours) = (leaves(&self.by_adobe(object)), leaves(&self.by_us(object)));
        if self.resource == "subscription.event" {
            // Ours is made of an Event, whose time it tells; who polls knows only when the mapping ran.
            let version = "_acme.stripe.sourceVersion";
            let told = [ours.remove(version), theirs.remove(version)];
            assert!(told.iter().all(Option::is_some), "{told:?}");
        }
        for line in &self.exported.report {
            let is_here = |leaf: &String| is_written_by(leaf, &line.destination);
            if line.outcome == Outcome::LeftOut {
                ours.retain(|leaf, _| !is_here(leaf));
            } else if line.before.starts_with("stripe_distinct") {
                let take = |from: &mut BTreeMap<String, String>| -> BTreeSet<String> {
                    from.extract_if(.., |leaf, _| is_here(leaf)).map(|(_, value)| value).collect()
                };
                let (theirs, ours) = (take(&mut theirs), take(&mut ours));
                assert!(
                    theirs.is_subset(&ours) && theirs.is_empty() == ours.is_empty(),
                    "{theirs:?} {ours:?}"
                );
            }
        }
        let differing: Vec<String> = ours
            .keys()
            .chain(theirs.keys())
            .filter(|leaf| ours.get(*leaf) != theirs.get(*leaf))
            .map(|leaf| format!("{leaf}: {:?} here, {:?} there", ours.get(leaf), theirs.get(leaf)))
            .collect();
        assert!(differing.is_empty(), "{} of {object}:\n{}", self.resource, differing.join("\n"));
    }
}

/// Every leaf by its place; numbers as decimals without trailing zeros.
fn leaves(value: &Value) -> BTreeMap<String, String> {
    fn walk(value: &Value, at: &str, into: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(key, value)| walk(value, &format!("{at}.{key}"), into));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| walk(item, &format!("{at}[{n}]"), into));
            }
            Value::Number(number) => {
                let text = number.to_string();
                let plain =
                    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
                into.insert(at.trim_start_matches('.').to_owned(), plain.to_owned());
            }
            other => {
                into.insert(at.trim_start_matches('.').to_owned(), other.to_string());
            }
        }
    }
    let mut into = BTreeMap::new();
    walk(value, "", &mut into);
    into
}

/// Whether a leaf is written by a mapping to this destination.
fn is_written_by(leaf: &str, destination: &str) -> bool {
    let (leaf, destination) =
        (Path::parse(leaf).unwrap().segments, Path::parse(destination).unwrap().segments);
    for (index, wanted) in destination.iter().enumerate() {
        match (leaf.get(index), wanted) {
            (Some(_), Segment::EachValue | Segment::Rest) => return true,
            (Some(Segment::Index(_)), Segment::Each) => {}
            (Some(found), wanted) if found == wanted => {}
            _ => return false,
        }
    }
    true
}

fn sample(name: &str) -> Value {
    let path = format!("{}/tests/data/samples/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn samples_give_the_same_record() {
    let settings = settings(json!({}));
    for (resource, _) in MODELS {
        let name = resource.split('.').next().unwrap();
        Pair::new(resource, &settings).check(&sample(name));
    }
}

#[test]
fn objects_with_every_field_give_the_same_record() {
    let settings = settings(json!({"email_identity": true, "receipt_url": true, "livemode": true}));
    for (resource, _) in MODELS {
        let name = resource.split('.').next().unwrap();
        let object = object::full(&model(resource, &settings), name);
        let mut pair = Pair::new(resource, &settings);
        pair.check(&object);
        // And without some of their fields.
        let mut seed = 7;
        for _ in 0..50 {
            pair.check(&object::thinned(&object, &mut seed));
        }
    }
}

#[test]
fn amounts_follow_the_currency_and_unknown_ones_are_left_out() {
    let settings = settings(json!({"currency_exponents": {"usdc": 6, "isk": 0}}));
    let mut pair = Pair::new("balance_transaction", &settings);
    for currency in ["usd", "JPY", "kwd", "usdc", "isk", "xyz", "", "us"] {
        let object = json!({"id": "txn_1", "object": "balance_transaction", "amount": 9_007_199_254_740_993_i64,
            "fee": -5, "net": 0, "currency": currency, "created": 1_700_000_000, "type": "charge"});
        pair.check(&object);
    }
}

#[test]
fn addresses_tags_and_identities_are_checked_alike() {
    let plain = settings(json!({"metadata_identity": {"key": "crm id", "namespace": "CRMID"}}));
    let mut pair = Pair::new("customer", &plain);
    let long = format!("{}@example.com", "a".repeat(65));
    let longer = format!("a@{}.com", "b".repeat(64));
    for text in
        ["a@b.co", " a.b+c@x-y.example ", "a@b", "a b@c.de", "@c.de", "a..b@c.de", "a@-c.de", &long, &longer]
    {
        let customer = json!({"id": "cus_1", "object": "customer", "created": 1, "email": text,
            "preferred_locales": [text], "metadata": {"crm id": text}});
        pair.check(&customer);
    }
    for text in ["anonymous", " NULL", "invalid", "", "  ", "crm-1", &"x".repeat(1024), &"x".repeat(1025)] {
        let customer = json!({"id": "cus_1", "object": "customer", "created": 1, "metadata": {"crm id": text},
            "preferred_locales": ["en_US"]});
        pair.check(&customer);
    }
}

#[test]
fn settings_and_the_users_changes_are_in_the_set() {
    let settings = settings(json!({
        "order_metadata_key": "order.no", "purchase_measure": false, "api_version": "2026-08-26.dahlia",
        "phone_target": "homePhone", "customer_namespace": "Shop",
        "models": [{"resource": "charge", "variant": "event", "mappingSet": {"mappings": [
            {"sourceType": "EXPRESSION", "source": "status == 'failed' ? failure_code : null", "destination": "_acme.why"},
            {"sourceType": "EXPRESSION", "source": "filterArray(items, x -> x > 1)", "destination": "_acme.list"},
            {"sourceType": "STATIC", "source": "shop", "destination": "producedBy"}]}}]
    }));
    let exported = exported("charge", &settings);
    let source = |destination: &str| {
        let found = exported.mapping_set.mappings.iter().find(|mapping| mapping.destination == destination);
        found.map(|mapping| mapping.source.as_str())
    };
    assert_eq!(
        source("commerce.order.purchaseID"),
        Some(r"coalesce(data.metadata.${order\.no}, data.payment_intent, data.id)")
    );
    assert_eq!(source("_acme.stripe.apiVersion"), Some("2026-08-26.dahlia"));
    assert_eq!(source("identityMap.Shop[0].id"), Some("data.customer"));
    assert_eq!(source("_acme.why"), Some(r#"iif("failed".equals(data.status), data.failure_code, null)"#));
    assert_eq!(source("producedBy"), Some("shop"));
    assert_eq!(source("commerce.purchases.id"), None);
    let list = exported.report.iter().find(|line| line.destination == "_acme.list").unwrap();
    assert_eq!(list.reasons, ["Adobe offers filterArray in destinations only, not in sources"]);
}

#[test]
fn what_grows_without_end_is_left_out() {
    let elvis = (0..50).fold("a".to_owned(), |inner, _| format!("({inner} ?: b)"));
    let amounts = (0..20).fold("a".to_owned(), |inner, _| format!("stripe_major({inner}, currency)"));
    let chain = vec!["a.equals(\"x\")"; 120].join(" && ");
    let conditions = vec!["a.equals(\"x\")"; 70].join(" && ");
    for (source, part) in [
        (&elvis, "characters"),
        (&amounts, "characters"),
        (&chain, "too deeply"),
        (&conditions, "too deeply"),
    ] {
        let settings = settings(json!({"models": [{"resource": "price", "mappingSet": {"mappings": [
            {"sourceType": "EXPRESSION", "source": source, "destination": "_acme.x"}]}}]}));
        let line = exported("price", &settings).report.pop().unwrap();
        assert!(line.reasons.iter().any(|reason| reason.contains(part)), "{source}: {line:?}");
    }
}

#[test]
fn metadata_that_is_kept_back_never_leaves() {
    let denied = exported("customer", &settings(json!({"metadata_deny": ["secret"]})));
    let line = denied.report.iter().find(|line| line.destination == "_acme.stripe.metadata").unwrap();
    assert_eq!(line.outcome, Outcome::LeftOut);
    assert!(line.reasons[0].contains("metadata_allow"), "{:?}", line.reasons);

    let settings = settings(json!({"metadata_allow": ["a", "secret"], "metadata_deny": ["secret"]}));
    let allowed = exported("customer", &settings);
    let line = allowed.report.iter().find(|line| line.destination == "_acme.stripe.metadata").unwrap();
    assert_eq!(line.outcome, Outcome::Approximated);
    assert_eq!(line.after.as_deref(), Some(r#"to_map("a", data.metadata.a)"#));
    let customer =
        json!({"id": "cus_1", "object": "customer", "created": 1, "metadata": {"a": "1", "secret": "2"}});
    Pair::new("customer", &settings).check(&customer);
}

#[test]
fn nothing_is_left_out_in_silence() {
    for (resource, _) in MODELS {
        let settings = settings(json!({}));
        let exported = exported(resource, &settings);
        let counts = exported.counts;
        let model = model(resource, &settings);
        assert_eq!(counts.unchanged + counts.lowered + counts.approximated + counts.left_out, model.len());
        assert_eq!(exported.mapping_set.mappings.len(), model.len() - counts.left_out, "{resource}");
        for line in &exported.report {
            let told = !line.reasons.is_empty();
            assert!(told || matches!(line.outcome, Outcome::Unchanged | Outcome::Lowered), "{line:?}");
            assert_eq!(line.after.is_none(), line.outcome == Outcome::LeftOut);
        }
    }
}

#[test]
fn what_is_asked_for_wrongly_is_refused() {
    let good = settings(json!({}));
    let refused = |resource: &str, settings: &Settings| {
        export::adobe(resource, settings, &Options::default()).unwrap_err().to_string()
    };
    assert!(refused("transfer", &good).contains("resources are charge, refund"));
    assert!(refused("price.event", &good).contains("no model of that variant"));
    assert!(refused("price.x", &good).contains("`event` or `record`"));
    let mut nameless = good;
    nameless.account = None;
    assert!(refused("price", &nameless).contains("set `account`"));
}

#[test]
fn sources_may_be_bare() {
    let options = Options { root: None, ..Options::default() };
    let exported = export::adobe("price", &settings(json!({})), &options).unwrap();
    let id =
        exported.mapping_set.mappings.iter().find(|m| m.destination == "_acme.stripe.objectType").unwrap();
    assert_eq!(id.source_type, SourceType::Expression);
    assert_eq!(id.source, r#"iif("plan".equals(object), "price", object)"#);
}
