//! What a privacy policy does to records, which rule wins, and what is refused.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use stripe_xdm_core::language::answer;
use stripe_xdm_core::{Call, Output, Settings, Transformer};

const SALT: &str = "a salt of these tests, kept secret";

/// Numbers of datasets.
const CHARGE: u16 = 0;
const REFUND: u16 = 1;
const CUSTOMER: u16 = 5;

fn settings(rules: &Value, more: &Value) -> Value {
    let mut all = json!({"tenant": "acme", "account": "acct_1", "observed_at": 1_800_000_000,
        "privacy": {"salt": SALT, "rules": rules}});
    more.as_object().unwrap().iter().for_each(|(key, value)| all[key] = value.clone());
    all
}

fn problems(settings: &Value) -> Vec<String> {
    Transformer::open_json(settings.to_string().as_bytes()).map(|_| ()).unwrap_err().problems
}

/// The records of an object by dataset, and the source fields that nothing maps.
#[track_caller]
fn made(settings: &Value, object: &Value) -> (BTreeMap<u16, Value>, Vec<String>) {
    let mut transformer = Transformer::open_json(settings.to_string().as_bytes()).unwrap();
    let mut output = Output::default();
    transformer.transform(&Call::default(), object.to_string().as_bytes(), &mut output).unwrap();
    assert!(output.warnings.is_empty(), "{:?}", output.warnings);
    let record = |span: &std::ops::Range<usize>| serde_json::from_slice(&output.bytes[span.clone()]).unwrap();
    (output.records.iter().map(|made| (made.dataset, record(&made.span))).collect(), output.unmapped)
}

#[track_caller]
fn record(rules: Value, object: &Value, dataset: u16) -> Value {
    made(&settings(&rules, &json!({})), object).0.remove(&dataset).unwrap()
}

fn charge() -> Value {
    json!({"id": "ch_1", "object": "charge", "amount": 1099, "amount_captured": 1099, "currency": "eur",
        "status": "succeeded", "captured": true, "created": 1_700_000_000, "customer": "cus_1",
        "receipt_url": "https://pay.example/r", "description": "Tea for Ada", "metadata": {"size": "XL", "n": "7"},
        "billing_details": {"email": "ada@example.com", "name": "Ada Lovelace", "phone": "+44 20 7946 0123",
            "address": {"line1": "Main Street 1", "city": "London", "country": "GB"}},
        "outcome": {"risk_score": 7},
        "payment_method_details": {"type": "nz_bank_account",
            "nz_bank_account": {"account_holder_name": "Ada Lovelace", "last4": "0123", "unheard_of": "x"}}})
}

fn customer() -> Value {
    json!({"id": "cus_1", "object": "customer", "created": 1_700_000_000, "livemode": false,
        "email": "ada@example.com", "name": "Ada Lovelace", "preferred_locales": ["en-GB", "de"],
        "metadata": {"crm": "C-7"}})
}

/// The HMAC that another program gives for a text and [`SALT`].
fn hash(text: &str) -> String {
    let known = match text {
        "cus_1" => "bb9a886c452617b25082ae86dce2d8734cfe6b3f4596341cc0a80043365cc2f6",
        "XL" => "48a22d149c146dc8abba94d8e2895bd387d49b5b66babe042f8b403ad77ee6a1",
        "7" => "fa212667e770d7553857d1c541956a6f28ded6c8ddee47861e59043d14009ccc",
        "ada@example.com" => "81352cf1be298a17858a348c415aee8d71e290d01185008de5dc772755169d97",
        other => panic!("no hash of {other} is written down"),
    };
    known.to_owned()
}

#[test]
fn by_default_only_links_without_a_login_are_dropped() {
    let (plain, unmapped) = made(&json!({"tenant": "acme", "account": "acct_1"}), &charge());
    assert_eq!(plain[&CHARGE]["_acme"]["stripe"]["charge"].get("receiptURL"), None);
    assert!(!unmapped.iter().any(|path| path.contains("receipt_url")), "{unmapped:?}");
    let mut kept = made(&json!({"tenant": "acme", "account": "acct_1", "receipt_url": true}), &charge()).0;
    let charge = kept.get_mut(&CHARGE).unwrap()["_acme"]["stripe"]["charge"].as_object_mut().unwrap();
    assert_eq!(charge.remove("receiptURL"), Some(json!("https://pay.example/r")));
    assert_eq!(kept, plain, "nothing else is altered");
}

#[test]
fn what_is_dropped_by_default_comes_back_only_by_its_name() {
    let path = "_{TENANT_ID}.stripe.charge.receiptURL";
    let receipt = |rules| record(rules, &charge(), CHARGE)["_acme"]["stripe"]["charge"]["receiptURL"].clone();
    assert_eq!(receipt(json!([{"label": "C12", "action": "keep"}])), "https://pay.example/r");
    assert_eq!(receipt(json!([{"path": path, "action": "keep"}])), "https://pay.example/r");
    assert_eq!(receipt(json!([{"path": path, "action": "hash"}])).as_str().unwrap().len(), 64);
    for larger in [
        json!([{"label": "I2", "action": "keep"}]),
        json!([{"path": "_acme.stripe.charge", "action": "keep"}]),
        json!([{"path": "_acme", "action": "keep"}]),
    ] {
        assert_eq!(receipt(larger.clone()), Value::Null, "{larger}");
    }
    // A mapping of the user's to the same destination is as sensitive, also when it replaces all others.
    let own = json!({"sourceType": "EXPRESSION", "source": "lower(receipt_url)", "destination": path});
    for replace in [false, true] {
        let more = json!({"models": [{"resource": "charge", "replace": replace, "mappingSet": {"mappings": [
            own, {"sourceType": "ATTRIBUTE", "source": "id", "destination": "_id"}]}}]});
        let (records, _) = made(&settings(&json!([]), &more), &charge());
        assert!(!records[&CHARGE].to_string().contains("pay.example"), "{}", records[&CHARGE]);
    }
}

#[test]
fn dropped_fields_are_made_nowhere_and_count_as_dropped() {
    let rules = json!([{"label": "I1", "action": "drop"}]);
    let (records, unmapped) = made(&settings(&rules, &json!({"email_identity": true})), &charge());
    let text = records[&CHARGE].to_string();
    for personal in ["ada@", "Lovelace", "7946", "Main Street"] {
        assert!(!text.contains(personal), "{personal} in {text}");
    }
    assert!(!unmapped.iter().any(|path| path.contains("name") || path.contains("email")), "{unmapped:?}");
    let record = &records[&CHARGE];
    assert_eq!(record["commerce"]["billing"]["address"]["city"], "London", "another label");
    // `{**}` gathers what nothing reads, but not what is dropped.
    let attributes = &record["_acme"]["stripe"]["charge"]["paymentMethodDetails"]["attributes"];
    assert_eq!(*attributes, json!({"nz_bank_account__unheard_of": "x"}));
    // What other mappings read too is still read.
    assert_eq!(record["_acme"]["stripe"]["charge"]["status"], "succeeded");
}

#[test]
fn hashes_are_keyed_stable_and_the_same_everywhere() {
    let rules = json!([{"label": "I2", "action": "hash"}]);
    let charge = record(rules.clone(), &charge(), CHARGE);
    let id = hash("cus_1");
    assert_eq!(charge["identityMap"]["StripeCustomerID"][0]["id"], *id);
    assert_eq!(charge["identityMap"]["StripeCustomerID"][0]["primary"], true);
    assert_eq!(charge["_acme"]["stripe"]["customerID"], *id);
    assert_eq!(record(rules.clone(), &customer(), CUSTOMER)["_acme"]["stripe"]["customerID"], *id);
    let refund = json!({"id": "re_1", "object": "refund", "amount": 1, "currency": "eur", "status": "succeeded",
        "created": 1_700_000_000, "customer": "cus_1"});
    assert_eq!(record(rules.clone(), &refund, REFUND)["identityMap"]["StripeCustomerID"][0]["id"], *id);
    // Each value of a map by itself.
    assert_eq!(charge["_acme"]["stripe"]["metadata"], json!({"size": hash("XL"), "n": hash("7")}));
    // And each element of an array.
    let locales = json!([{"path": "_acme.stripe.customer.preferredLocales", "action": "hash"}]);
    let customer = record(locales, &customer(), CUSTOMER);
    let hashed = customer["_acme"]["stripe"]["customer"]["preferredLocales"].as_array().unwrap();
    assert!(hashed.len() == 2 && hashed[0] != hashed[1], "{hashed:?}");
    assert!(hashed.iter().all(|hash| hash.as_str().is_some_and(|hash| hash.len() == 64)), "{hashed:?}");
    // A deletion names the customer as its record does.
    let gone = json!({"id": "cus_1", "object": "customer", "deleted": true});
    assert_eq!(record(rules, &gone, CUSTOMER)["id"], *id);
    assert_eq!(record(json!([{"label": "I1", "action": "hash"}]), &gone, CUSTOMER)["id"], "cus_1");
    let other = json!({"tenant": "acme", "account": "acct_1",
        "privacy": {"salt": "another salt, long enough", "rules": [{"label": "I2", "action": "hash"}]}});
    assert_ne!(made(&other, &self::charge()).0[&CHARGE]["_acme"]["stripe"]["customerID"], *id);
}

#[test]
fn what_cannot_hold_a_hash_is_dropped() {
    let rules =
        json!([{"path": "_acme.stripe.charge.outcome", "action": "hash"}, {"label": "I1", "action": "hash"}]);
    let charge = record(rules.clone(), &charge(), CHARGE);
    assert_eq!(charge["_acme"]["stripe"]["charge"].get("outcome"), None, "a whole number");
    assert_eq!(charge["_acme"]["stripe"]["charge"]["billingDetails"]["email"], *hash("ada@example.com"));
    let rest = json!([{"path": "_acme.stripe.charge.paymentMethodDetails.attributes{**}", "action": "hash"}]);
    let charge = record(rest, &self::charge(), CHARGE);
    assert_eq!(charge["_acme"]["stripe"]["charge"]["paymentMethodDetails"].get("attributes"), None);
}

#[test]
fn what_adobe_gives_a_form_is_dropped_instead_of_hashed() {
    let rules = json!([{"label": "I1", "action": "hash"}, {"label": "I2", "action": "hash"}]);
    let customer = record(rules.clone(), &customer(), CUSTOMER);
    assert_eq!(customer.get("personalEmail"), None, "the format is email");
    assert_eq!(customer["person"]["name"]["fullName"].as_str().unwrap().len(), 64);
    let charge = record(rules.clone(), &charge(), CHARGE);
    let address = &charge["commerce"]["billing"]["address"];
    assert!(
        address.get("countryCode").is_none() && address["city"].as_str().unwrap().len() == 64,
        "{address}"
    );
    let said =
        ask(&json!({"command": "explain", "resource": "customer", "settings": settings(&rules, &json!({}))}));
    let left_out = said["leftOut"].as_array().unwrap();
    let email = left_out.iter().find(|left| left["destination"] == "personalEmail.address").unwrap();
    let reason = "dropped by the privacy policy (label I1): text of the format email cannot hold a hash";
    assert_eq!(email["reason"], reason);
}

#[test]
fn schemas_know_what_a_policy_did() {
    let composed = |rules: Value| {
        let settings = serde_json::from_value(settings(&rules, &json!({}))).unwrap();
        stripe_xdm_core::schema::library(&settings).unwrap()
    };
    let prefix = |rules: Value| {
        let library = composed(rules);
        let of_map = &library.schema("stripe_charge_events").unwrap().map_namespaces;
        assert!(of_map.iter().all(|known| library.namespaces.contains(known)));
        let code = |known: &&xdm::Namespace| known.code == "StripeCustomerID";
        library.namespaces.iter().find(code).unwrap().prefix.clone()
    };
    assert_eq!(prefix(json!([])), "cus_");
    assert_eq!(prefix(json!([{"path": "identityMap.StripeCustomerID", "action": "hash"}])), "");
    assert_eq!(
        prefix(json!([{"path": "_acme.stripe.customerID", "action": "hash"}])),
        "",
        "the customer's own"
    );
    assert_eq!(prefix(json!([{"label": "I1", "action": "hash"}])), "cus_");
}

#[test]
fn a_field_that_tells_records_apart_is_not_dropped_or_masked() {
    for action in ["drop", "mask"] {
        let rules = json!([{"label": "I2", "action": action}]);
        let found = problems(&settings(&rules, &json!({})));
        let wanted = "_acme.stripe.customerID of stripe_customers, but its records are told apart by it";
        assert!(found.iter().any(|problem| problem.contains(wanted)), "{found:?}");
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

#[test]
fn masks_leave_a_few_characters() {
    let charge = record(json!([{"label": "I1", "action": "mask"}]), &charge(), CHARGE);
    let details = &charge["_acme"]["stripe"]["charge"]["billingDetails"];
    assert_eq!(details["phone"], "+** ** **** *123");
    assert_eq!(details["name"], "*** ******ce");
    assert_eq!(charge["commerce"]["billing"]["address"]["street1"], "**** *****t 1");
}

#[test]
fn path_goes_before_label_longer_before_shorter_later_before_earlier() {
    let details =
        |rules| record(rules, &charge(), CHARGE)["_acme"]["stripe"]["charge"]["billingDetails"].clone();
    let path = "_{TENANT_ID}.stripe.charge.billingDetails";
    let rules = json!([
        {"path": format!("{path}.name"), "action": "keep"},
        {"path": path, "action": "mask"},
        {"label": "I1", "action": "drop"}]);
    let found = details(rules);
    assert_eq!(found["name"], "Ada Lovelace", "the longer path");
    assert_eq!(found["email"], "***@*******.com", "a path before a label");
    let both = |first: &str, second: &str| {
        details(json!([{"label": "I1", "action": first}, {"label": "I1", "action": second}]))
    };
    assert_eq!(both("drop", "keep")["name"], "Ada Lovelace");
    assert_eq!(both("keep", "drop").get("name"), None);
    // [*] stands for an index, too.
    let payments = json!([{"path": "commerce.order.payments[*].transactionID", "action": "drop"}]);
    let payment = record(payments, &charge(), CHARGE)["commerce"]["order"]["payments"][0].clone();
    assert!(payment.get("transactionID").is_none() && payment["paymentAmount"].is_number(), "{payment}");
}

#[test]
fn an_identity_goes_with_its_id_and_the_next_becomes_primary() {
    let drop = json!([{"path": "identityMap.StripeCustomerID[0].id", "action": "drop"}]);
    let both = json!({"email_identity": true, "metadata_identity": {"key": "size", "namespace": "CRMID"}});
    let identities = |rules: &Value, more: &Value| {
        made(&settings(rules, more), &charge()).0[&CHARGE].get("identityMap").cloned().unwrap_or_default()
    };
    let (email, crm) = (
        json!([{"id": "ada@example.com", "authenticatedState": "ambiguous", "primary": true}]),
        json!([{"id": "XL", "authenticatedState": "ambiguous"}]),
    );
    assert_eq!(identities(&drop, &both), json!({"Email": email, "CRMID": crm}));
    let only_crm = json!({"metadata_identity": {"key": "size", "namespace": "CRMID"}});
    let primary = json!([{"id": "XL", "authenticatedState": "ambiguous", "primary": true}]);
    assert_eq!(identities(&drop, &only_crm), json!({"CRMID": primary}));
    assert_eq!(identities(&drop, &json!({})), Value::Null);
    // A mask would make one identity of many people's, so it drops them.
    let masked = json!([{"path": "identityMap", "action": "mask"}]);
    assert_eq!(identities(&masked, &both), Value::Null);
    // A rule about all of it means the ids.
    let hashed = identities(&json!([{"path": "identityMap", "action": "hash"}]), &only_crm);
    let customer = json!([{"id": hash("cus_1"), "authenticatedState": "ambiguous", "primary": true}]);
    let crm = json!([{"id": hash("XL"), "authenticatedState": "ambiguous"}]);
    assert_eq!(hashed, json!({"StripeCustomerID": customer, "CRMID": crm}));
}

#[test]
fn mistakes_in_a_policy_are_refused_before_anything_is_read() {
    let long = "x".repeat(16);
    for (privacy, part) in [
        (
            json!({"rules": [{"label": "I1", "action": "hash"}]}),
            "STRIPE_XDM_PRIVACY_SALT or by --privacy-salt-file",
        ),
        (json!({"salt": "tooshort", "rules": []}), "fewer than 16 bytes"),
        (json!({"salt": "               x               ", "rules": []}), "fewer than 16 bytes"),
        (json!({"rules": [{"action": "drop"}]}), "rule 1 must have either `label` or `path`"),
        (json!({"rules": [{"label": "I1", "path": "_id", "action": "drop"}]}), "either `label` or `path`"),
        (json!({"rules": [{"label": "1I", "action": "drop"}]}), "none of Adobe's labels"),
        (json!({"rules": [{"label": "i1", "action": "drop"}]}), "did you mean I1?"),
        (
            json!({"rules": [{"path": "personalEmail.adress", "action": "drop"}]}),
            "did you mean personalEmail.address?",
        ),
        (
            json!({"rules": [{"path": "_{TENANT_ID}.stripe.chrage", "action": "drop"}]}),
            "did you mean _acme.stripe.charge?",
        ),
        (json!({"rules": [{"path": "_acme.stripe.metadata.email", "action": "drop"}]}), "metadata_deny"),
        (json!({"rules": [{"path": "a..b", "action": "drop"}]}), "a..b: expected a field name"),
        (json!({"rules": [{"path": "_id", "action": "drop"}]}), "every record needs it"),
        (json!({"rules": [{"path": "timestamp", "action": "mask"}]}), "every record needs it"),
        (json!({"salt": long, "rules": [{"path": "timestamp", "action": "hash"}]}), "every record needs it"),
        (json!({"rules": [{"label": "I1", "action": "encrypt"}]}), "unknown variant `encrypt`"),
        (json!({"rules": vec![json!({"label": "I1", "action": "drop"}); 1001]}), "at most 1000"),
    ] {
        let problems = problems(&json!({"tenant": "acme", "privacy": privacy}));
        assert!(problems.iter().any(|problem| problem.contains(part)), "{privacy}: {problems:?}");
    }
    // All of it, not the first.
    let two = json!([{"path": "nowhere", "action": "drop"}, {"label": "X9", "action": "drop"}]);
    assert_eq!(problems(&settings(&two, &json!({}))).len(), 2);
}

#[test]
fn a_label_never_takes_a_records_id() {
    let rules =
        json!([{"label": "I2", "action": "drop"}, {"path": "_acme.stripe.customerID", "action": "keep"}]);
    let (dropped, kept) = (record(rules, &customer(), CUSTOMER), record(json!([]), &customer(), CUSTOMER));
    assert_eq!(dropped["_id"], kept["_id"]);
    let hashed = record(json!([{"label": "I2", "action": "hash"}]), &customer(), CUSTOMER);
    assert_eq!(hashed["_id"].as_str().unwrap().len(), 64);
    assert_ne!(hashed["_id"], kept["_id"]);
}

#[test]
fn an_object_that_is_copied_whole_brings_nothing_back() {
    let more = json!({"models": [{"resource": "charge", "mappingSet": {"mappings": [
        {"sourceType": "ATTRIBUTE", "source": "billing_details", "destination": "_acme.stripe.charge.billingDetails"}]}}]});
    for action in ["drop", "hash", "mask"] {
        let found = problems(&settings(&json!([{"label": "I1", "action": action}]), &more));
        assert!(found.iter().any(|problem| problem.contains("writes an object whole")), "{found:?}");
    }
    // Of two mappings to one destination the earlier does not take the place of the dropped one.
    let twice = json!({"models": [{"resource": "charge", "mappingSet": {"mappings": [
        {"source": "description", "destination": "_acme.note", "type": "string"},
        {"source": "billing_details.name", "destination": "_acme.note", "type": "string", "labels": ["I1"]}]}}]});
    let (records, _) = made(&settings(&json!([{"label": "I1", "action": "drop"}]), &twice), &charge());
    assert_eq!(records[&CHARGE]["_acme"].get("note"), None);
}

fn ask(request: &Value) -> Value {
    serde_json::from_str(&answer(&request.to_string()).unwrap()).unwrap()
}

#[test]
fn explain_says_what_the_policy_did() {
    let rules =
        json!([{"label": "I1", "action": "hash"}, {"path": "_acme.stripe.charge.outcome", "action": "mask"}]);
    let request = json!({"command": "explain", "resource": "charge", "settings": settings(&rules, &json!({})),
        "samples": [charge()]});
    let said = ask(&request);
    let output = |destination: &str| {
        let outputs = said["outputs"].as_array().unwrap();
        outputs.iter().find(|output| output["destination"] == destination).cloned()
    };
    let name = output("_acme.stripe.charge.billingDetails.name").unwrap();
    assert_eq!(name["source"], "stripe_hash(coalesce(billing_details.name, source.owner.name))");
    assert_eq!(name["note"], "hashed by the privacy policy (label I1)");
    assert_eq!(output("_acme.stripe.chargeID").unwrap().get("note"), None, "kept by default is silent");
    assert_eq!(output("_acme.stripe.charge.outcome.riskScore"), None);
    let left_out = |destination: &str| {
        let all = said["leftOut"].as_array().unwrap();
        all.iter().find(|left| left["destination"] == destination).unwrap()["reason"].clone()
    };
    assert_eq!(
        left_out("_acme.stripe.charge.outcome.riskScore"),
        "dropped by the privacy policy (path _acme.stripe.charge.outcome): a whole number cannot hold a mask"
    );
    assert_eq!(
        left_out("_acme.stripe.charge.receiptURL"),
        "dropped by the privacy policy (label C12, by default)"
    );
    let sources = said["sources"].as_array().unwrap();
    let receipt = sources.iter().find(|source| source["path"] == "receipt_url").unwrap();
    assert_eq!(receipt["fate"], "dropped");
    assert_eq!(receipt["reason"], "by the privacy policy (label C12, by default)");
    // A preview is what a transform makes.
    let settings = settings(&rules, &json!({}));
    let preview = ask(&json!({"command": "preview", "resource": "charge", "settings": settings,
        "samples": [charge()]}));
    assert_eq!(preview[0]["data"], made(&settings, &charge()).0[&CHARGE]);
    // A set by itself is no model: a policy that would change nothing is not taken.
    let set = json!({"mappings": [{"source": "id", "destination": "x"}]});
    let alone = json!({"command": "preview", "set": set, "settings": settings, "samples": []});
    assert!(answer(&alone.to_string()).unwrap_err().message.contains("Name the resource"));
}

#[test]
fn exported_sets_hold_nothing_that_is_hashed_masked_or_dropped() {
    let rules = json!([{"label": "I1", "action": "hash"}, {"label": "S2", "action": "mask"},
        {"label": "PSPD", "action": "drop"}]);
    let settings = settings(&rules, &json!({"email_identity": true}));
    let said = ask(&json!({"command": "export", "resource": "charge", "settings": settings}));
    let mappings = said["mappingSet"]["mappings"].as_array().unwrap();
    let report = said["report"].as_array().unwrap();
    let line = |destination: &str| report.iter().find(|line| line["destination"] == destination).unwrap();
    for (destination, reason) in [
        ("_acme.stripe.charge.billingDetails.name", "no keyed hash"),
        ("commerce.billing.address.city", "masks a text"),
        ("_acme.stripe.charge.billingDetails.taxID", "dropped by the privacy policy (label PSPD)"),
        ("_acme.stripe.charge.receiptURL", "dropped by the privacy policy (label C12, by default)"),
    ] {
        assert!(!mappings.iter().any(|mapping| mapping["destination"] == destination), "{destination}");
        assert_eq!(line(destination)["outcome"], "left_out");
        assert!(line(destination)["reasons"][0].as_str().unwrap().contains(reason), "{}", line(destination));
    }
    assert!(!said.to_string().contains(SALT));
}

#[test]
fn the_salt_is_shown_nowhere() {
    let rules = json!([{"label": "I1", "action": "hash"}]);
    let settings: Settings = serde_json::from_value(settings(&rules, &json!({}))).unwrap();
    assert!(!format!("{settings:?}").contains(SALT));
    assert!(!serde_json::to_string(&settings).unwrap().contains(SALT));
    assert!(!format!("{:?}", Transformer::open(settings).unwrap()).contains(SALT));
    // A salt of the wrong kind is not told either.
    let wrong = json!({"tenant": "acme", "privacy": {"salt": [SALT]}});
    assert!(!problems(&wrong).concat().contains(SALT));
    // Expressions have no way to it.
    let request = json!({"command": "eval", "expression": "stripe_hash(x)", "input": {"x": "cus_1"},
        "settings": self::settings(&rules, &json!({}))});
    assert_eq!(ask(&request)["result"], hash("cus_1"));
    let without = json!({"command": "eval", "expression": "stripe_hash(x)", "input": {"x": "cus_1"}});
    let error = answer(&without.to_string()).unwrap_err();
    assert_eq!(error.code, "missing_salt");
    assert!(!error.message.contains("cus_1"));
}
