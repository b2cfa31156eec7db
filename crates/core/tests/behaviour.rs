//! The rules of the models, one by one: which delivery is the fact, what a deletion becomes, how old
//! shapes and odd values are taken.

use serde_json::{Value, json};
use stripe_xdm_core::{Call, ObjectError, Outcome, Output, RecordKind, Transformer};

struct Made {
    records: Vec<(u16, RecordKind, Value)>,
    output: Output,
}

impl Made {
    fn dataset(&self, dataset: u16) -> &Value {
        &self.records.iter().find(|(found, ..)| *found == dataset).unwrap().2
    }

    fn codes(&self) -> Vec<&str> {
        self.output.warnings.iter().map(|warning| warning.code.as_str()).collect()
    }
}

fn open(settings: Value) -> Transformer {
    let mut all = json!({"tenant": "acme", "account": "acct_1", "observed_at": 1_800_000_000});
    for (key, value) in settings.as_object().unwrap() {
        all[key] = value.clone();
    }
    Transformer::open_json(all.to_string().as_bytes()).unwrap()
}

fn try_with(settings: Value, object: &Value) -> Result<Made, ObjectError> {
    let mut output = Output::default();
    open(settings).transform(&Call::default(), object.to_string().as_bytes(), &mut output)?;
    let records = output
        .records
        .iter()
        .map(|record| {
            let json = serde_json::from_slice(&output.bytes[record.span.clone()]).unwrap();
            (record.dataset, record.kind, json)
        })
        .collect();
    Ok(Made { records, output })
}

#[track_caller]
fn made(object: &Value) -> Made {
    try_with(json!({}), object).unwrap()
}

fn charge(extra: Value) -> Value {
    let mut charge = json!({"id": "ch_1", "object": "charge", "amount": 1000, "amount_captured": 1000, "currency": "usd",
        "status": "succeeded", "captured": true, "created": 1_700_000_000});
    for (key, value) in extra.as_object().unwrap() {
        charge[key] = value.clone();
    }
    charge
}

fn event(event_type: &str, object: Value, previous: Value) -> Value {
    json!({"id": "evt_1", "object": "event", "type": event_type, "created": 1_700_000_100, "api_version": "2026-08-26.dahlia",
        "livemode": true, "request": {"id": "req_1"}, "data": {"object": object, "previous_attributes": previous}})
}

#[test]
fn backfill_and_webhook_of_one_purchase_collapse() {
    let bare = made(&charge(json!({})));
    let told = made(&event("charge.succeeded", charge(json!({})), json!({})));
    assert_eq!(bare.dataset(0)["_id"], told.dataset(0)["_id"]);
    for record in [bare.dataset(0), told.dataset(0)] {
        assert_eq!(record["eventType"], "commerce.purchases");
        assert_eq!(record["commerce"]["purchases"], json!({"id": "ch_1", "value": 1}));
        assert_eq!(record["commerce"]["order"]["priceTotal"], json!(10.0));
    }
    assert_eq!(told.dataset(0)["timestamp"], "2023-11-14T22:15:00Z");
    assert_eq!(told.dataset(0)["_acme"]["stripe"]["eventID"], "evt_1");
    assert_eq!(told.dataset(0)["_acme"]["stripe"]["apiVersion"], "2026-08-26.dahlia");
}

#[test]
fn a_fact_has_the_objects_own_time_and_another_event_its_own() {
    let times = |object: &Value| {
        let made = made(object);
        let timestamp = made.records.iter().find_map(|(_, _, record)| record.get("timestamp")?.as_str());
        timestamp.unwrap().to_owned()
    };
    let invoice = json!({"id": "in_1", "object": "invoice", "created": 1_700_000_000, "status": "paid",
        "status_transitions": {"finalized_at": 1_700_000_020, "paid_at": 1_700_000_060}});
    let draft = json!({"id": "in_1", "object": "invoice", "created": 1_700_000_000, "status": "draft"});
    let payout = json!({"id": "po_1", "object": "payout", "created": 1_699_900_000, "status": "paid",
        "arrival_date": 1_700_000_060});
    let intent = json!({"id": "pi_1", "object": "payment_intent", "created": 1_700_000_000, "status": "canceled",
        "canceled_at": 1_700_000_060});
    for (name, object, expected) in [
        ("invoice.paid", &invoice, "2023-11-14T22:14:20Z"),
        ("invoice.created", &draft, "2023-11-14T22:13:20Z"),
        ("payout.paid", &payout, "2023-11-14T22:14:20Z"),
        ("payment_intent.canceled", &intent, "2023-11-14T22:14:20Z"),
    ] {
        assert_eq!(times(object), expected, "{name}");
        assert_eq!(times(&event(name, object.clone(), json!({}))), expected, "{name}");
    }
    for (name, object) in [("invoice.updated", invoice), ("payout.updated", payout)] {
        assert_eq!(times(&event(name, object, json!({}))), "2023-11-14T22:15:00Z", "{name}");
    }
}

#[test]
fn what_pays_an_invoice_joins_it_in_every_version() {
    let now = json!({"payments": {"data": [{"payment": {"payment_intent": "pi_1", "type": "payment_intent"}},
        {"payment": {"payment_intent": "pi_2", "type": "payment_intent"}}]}});
    for paid in [now, json!({"payment_intent": "pi_1"})] {
        let mut invoice =
            json!({"id": "in_1", "object": "invoice", "created": 1_700_000_000, "status": "paid"});
        for (key, value) in paid.as_object().unwrap() {
            invoice[key] = value.clone();
        }
        let made = made(&invoice);
        assert_eq!(made.records.len(), 2);
        for (_, _, record) in made.records {
            assert_eq!(record["_acme"]["stripe"]["paymentIntentID"], "pi_1");
        }
    }
}

#[test]
fn codes_and_tokens_of_a_payer_are_no_options() {
    let intent = json!({"id": "pi_1", "object": "payment_intent", "created": 1_700_000_000, "status": "succeeded",
        "payment_method_options": {"konbini": {"confirmation_number": "09012345678", "expires_after_days": 3},
            "link": {"persistent_token": "secret"}, "billie": {"company_details": {"registered_name": "Ada GmbH"}}}});
    let options = &made(&intent).records[0].2["_acme"]["stripe"]["paymentIntent"]["paymentMethodOptions"];
    assert_eq!(options, &json!({"konbini__expires_after_days": "3"}));
}

#[test]
fn an_update_carries_state_and_no_measure() {
    let update = made(&event(
        "charge.refunded",
        charge(json!({"amount_refunded": 400})),
        json!({"amount_refunded": 0}),
    ));
    let record = update.dataset(0);
    assert_eq!(record["eventType"], "stripe.charge.refunded");
    assert_ne!(record["_id"], made(&charge(json!({}))).dataset(0)["_id"]);
    assert!(record["commerce"].get("purchases").is_none());
    assert!(record["commerce"]["order"].get("priceTotal").is_none());
    assert_eq!(record["_acme"]["stripe"]["charge"]["amountRefundedMinor"], 400);
}

#[test]
fn a_charge_states_its_way() {
    for (extra, wanted) in [
        (json!({"captured": false}), "stripe.charge.authorized"),
        (json!({"status": "pending"}), "stripe.charge.pending"),
        (json!({"status": "failed", "captured": false}), "stripe.charge.failed"),
    ] {
        let made = made(&charge(extra));
        assert_eq!(made.dataset(0)["eventType"], wanted);
        assert!(made.dataset(0)["commerce"].get("purchases").is_none());
    }
    let captured =
        made(&event("charge.captured", charge(json!({"amount_captured": 600})), json!({"captured": false})));
    assert_eq!(captured.dataset(0)["commerce"]["order"]["priceTotal"], json!(6.0));
}

#[test]
fn the_purchase_measure_can_be_turned_off() {
    let made = try_with(json!({"purchase_measure": false}), &charge(json!({}))).unwrap();
    assert_eq!(made.dataset(0)["eventType"], "stripe.charge.succeeded");
    assert!(made.dataset(0)["commerce"].get("purchases").is_none());
    assert!(made.dataset(0)["commerce"]["order"].get("priceTotal").is_none());
}

#[test]
fn only_a_succeeded_refund_counts() {
    let refund = |status: &str| {
        json!({"id": "re_1", "object": "refund", "amount": 500, "currency": "usd", "status": status,
        "charge": "ch_1", "created": 1_700_000_000})
    };
    let done = made(&refund("succeeded"));
    assert_eq!(done.dataset(1)["commerce"]["order"]["refundTotal"], json!(5.0));
    let pending = made(&refund("pending"));
    assert_eq!(pending.dataset(1)["eventType"], "stripe.refund.pending");
    assert!(pending.dataset(1)["commerce"]["order"].get("refundTotal").is_none());
    let touched = made(&event("refund.updated", refund("succeeded"), json!({"destination_details": {}})));
    assert!(touched.dataset(1)["commerce"]["order"].get("refundTotal").is_none());
}

#[test]
fn deletions_are_tombstones_never_empty_snapshots() {
    let stub = made(&json!({"id": "cus_1", "object": "customer", "deleted": true}));
    let wanted = json!({"dataset": "stripe_customers", "id": "cus_1", "deleted_at": "2027-01-15T08:00:00Z"});
    assert_eq!(stub.records, [(5, RecordKind::Tombstone, wanted)]);
    let told = made(&event(
        "customer.deleted",
        json!({"id": "cus_1", "object": "customer", "email": "a@b.co"}),
        json!({}),
    ));
    let wanted = json!({"dataset": "stripe_customers", "id": "cus_1", "deleted_at": "2023-11-14T22:15:00Z"});
    assert_eq!(told.records, [(5, RecordKind::Tombstone, wanted)]);
    let price = made(&event("price.deleted", json!({"id": "price_1", "object": "price"}), json!({})));
    assert_eq!(price.records[0].1, RecordKind::Tombstone);
}

#[test]
fn a_cancelled_subscription_is_a_state_and_an_event() {
    let subscription = json!({"id": "sub_1", "object": "subscription", "status": "canceled", "customer": "cus_1",
        "created": 1_700_000_000, "items": {"object": "list", "data": [], "has_more": false}});
    let told = made(&event("customer.subscription.deleted", subscription, json!({})));
    assert_eq!(
        told.records.iter().map(|(dataset, kind, _)| (*dataset, *kind)).collect::<Vec<_>>(),
        [(3, RecordKind::Main), (4, RecordKind::Main)]
    );
    assert_eq!(told.dataset(4)["eventType"], "stripe.customer.subscription.deleted");
    assert_eq!(told.dataset(4)["identityMap"]["StripeCustomerID"][0]["id"], "cus_1");
}

#[test]
fn expanded_references_become_ids_and_records() {
    let whole = charge(json!({"customer": {"id": "cus_9", "object": "customer", "name": "Jo"},
        "balance_transaction": {"id": "txn_9", "object": "balance_transaction", "amount": 1, "currency": "usd",
            "created": 1_700_000_000},
        "payment_intent": {"id": "pi_9", "object": "payment_intent"}}));
    let made = made(&whole);
    let stripe = &made.dataset(0)["_acme"]["stripe"];
    assert_eq!((&stripe["customerID"], &stripe["paymentIntentID"]), (&json!("cus_9"), &json!("pi_9")));
    assert_eq!(made.dataset(5)["person"]["name"]["fullName"], "Jo");
    assert_eq!(made.dataset(2)["_acme"]["stripe"]["balanceTransactionID"], "txn_9");
    assert!(made.records[1..].iter().all(|(_, kind, _)| *kind == RecordKind::Embedded));
    let stub =
        self::made(&charge(json!({"customer": {"id": "cus_9", "object": "customer", "deleted": true}})));
    assert_eq!(stub.records.len(), 1);
    assert_eq!(stub.dataset(0)["_acme"]["stripe"]["customerID"], "cus_9");
}

#[test]
fn old_and_new_shapes_meet() {
    let item = |period: Value| {
        json!({"id": "si_1", "plan": {"id": "plan_1", "amount": 900, "currency": "eur", "interval": "month"},
        "current_period_end": period})
    };
    let subscription = |extra: Value| {
        let mut object = json!({"id": "sub_1", "object": "subscription", "created": 1_700_000_000,
            "items": {"data": [item(json!(1_700_000_500)), item(json!(1_700_000_900))]}});
        for (key, value) in extra.as_object().unwrap() {
            object[key] = value.clone();
        }
        object
    };
    let new = made(&subscription(json!({})));
    let details = &new.dataset(3)["_acme"]["stripe"]["subscription"];
    assert_eq!(details["currentPeriodEnd"], "2023-11-14T22:28:20Z");
    assert_eq!(details["items"][0]["priceID"], "plan_1");
    assert_eq!(details["items"][0]["unitAmount"], json!(9.0));
    let old = made(&subscription(
        json!({"current_period_end": 1_700_001_000, "billing": "send_invoice", "start": 1_700_000_001}),
    ));
    let details = &old.dataset(3)["_acme"]["stripe"]["subscription"];
    assert_eq!(details["currentPeriodEnd"], "2023-11-14T22:30:00Z");
    assert_eq!(details["collectionMethod"], "send_invoice");
    assert_eq!(details["startDate"], "2023-11-14T22:13:21Z");
    let customer =
        made(&json!({"id": "cus_1", "object": "customer", "account_balance": -5, "currency": "jpy"}));
    assert_eq!(customer.dataset(5)["_acme"]["stripe"]["customer"]["balance"], json!(-5));
}

#[test]
fn unknown_leaves_are_counted_and_unknown_values_pass() {
    let made = made(&charge(json!({"shiny": {"new": [1, 2], "empty": null}, "status": "succeeded",
        "outcome": {"type": "brand_new_value"}, "payment_method_details": {"type": "moonpay", "moonpay": {"phase": "full"}}})));
    assert_eq!(made.output.unmapped, ["charge.shiny.new[*]"]);
    let details = &made.dataset(0)["_acme"]["stripe"]["charge"];
    assert_eq!(details["outcome"]["type"], "brand_new_value");
    assert_eq!(details["paymentMethodDetails"]["attributes"], json!({"moonpay__phase": "full"}));
}

#[test]
fn money_is_exact_or_absent() {
    for (currency, wanted) in
        [("jpy", json!(1000)), ("kwd", json!(1.0)), ("isk", json!(10.0)), ("ugx", json!(10.0))]
    {
        let made = made(&charge(json!({"currency": currency})));
        assert_eq!(made.dataset(0)["commerce"]["order"]["priceTotal"], wanted, "{currency}");
    }
    let unknown = made(&charge(json!({"currency": "usdc"})));
    assert!(unknown.dataset(0)["commerce"]["order"].get("priceTotal").is_none());
    assert!(unknown.dataset(0)["commerce"]["order"].get("currencyCode").is_none());
    assert_eq!(unknown.dataset(0)["_acme"]["stripe"]["charge"]["amountMinor"], 1000);
    assert_eq!(unknown.dataset(0)["_acme"]["stripe"]["charge"]["currency"], "USDC");
    assert!(unknown.codes().contains(&"unknown_currency"));
    let told =
        try_with(json!({"currency_exponents": {"usdc": 6}}), &charge(json!({"currency": "usdc"}))).unwrap();
    assert_eq!(told.dataset(0)["_acme"]["stripe"]["charge"]["amount"], json!(0.001));
    let tiny = made(&json!({"id": "price_1", "object": "price", "currency": "usd", "unit_amount": null,
        "unit_amount_decimal": "0.000000000005"}));
    let text = String::from_utf8(tiny.output.bytes.to_vec()).unwrap();
    assert!(text.contains(r#""amount":0.00000000000005"#), "{text}");
    assert!(text.contains(r#""unitAmountDecimal":"0.000000000005""#), "{text}");
}

#[test]
fn dates_outside_the_calendar_are_refused() {
    let error = try_with(json!({}), &charge(json!({"created": 253_402_300_800_i64}))).err().unwrap();
    assert_eq!(error.code, "invalid_date");
    let error = try_with(json!({}), &charge(json!({"created": null}))).err().unwrap();
    assert_eq!((error.code.as_str(), error.path.as_str()), ("missing_time", "created"));
    let price = made(&json!({"id": "price_1", "object": "price", "created": -1}));
    assert_eq!(price.codes(), ["invalid_date"]);
    let future = made(&charge(json!({"created": 1_900_000_000})));
    assert_eq!(future.dataset(0)["timestamp"], "2027-01-15T08:00:00Z");
    assert_eq!(future.codes(), ["clamped_timestamp"]);
}

#[test]
fn events_above_the_limit_shed_metadata() {
    let entries: serde_json::Map<_, _> =
        (0..50).map(|index| (format!("key{index:02}"), json!("x".repeat(500)))).collect();
    let object = charge(json!({"metadata": entries}));
    let made = try_with(json!({"metadata_priority": ["key49"]}), &object).unwrap();
    let kept = made.dataset(0)["_acme"]["stripe"]["metadata"].as_object().unwrap();
    assert!(made.output.bytes.len() <= 10_000);
    assert!(kept.contains_key("key49") && kept.contains_key("key00") && !kept.contains_key("key48"));
    assert_eq!(kept.len() as u32 + made.output.shed, 50);
    assert_eq!(made.codes(), ["metadata_shed", "large_map"]);
    let customer = json!({"id": "cus_1", "object": "customer", "metadata": object["metadata"]});
    assert_eq!(self::made(&customer).output.shed, 0);
}

#[test]
fn settings_change_what_they_name() {
    let customer = json!({"id": "cus_1", "object": "customer", "phone": "+1 555", "livemode": true,
        "metadata": {"crm_id": "C-7", "secret": "s", "note": "n"}});
    let made = try_with(
        json!({"phone_target": "homePhone", "metadata_deny": ["secret"],
            "metadata_identity": {"key": "crm_id", "namespace": "CRMID"}}),
        &customer,
    )
    .unwrap();
    let record = made.dataset(5);
    assert_eq!(record["homePhone"]["number"], "+1 555");
    assert_eq!(record["testProfile"], false);
    assert_eq!(record["identityMap"]["CRMID"], json!([{"id": "C-7", "authenticatedState": "ambiguous"}]));
    assert_eq!(record["_acme"]["stripe"]["metadata"], json!({"crm_id": "C-7", "note": "n"}));
    let guest =
        charge(json!({"metadata": {"crm_id": "C-7", "order": "A-1"}, "receipt_url": "https://pay.example/r",
        "billing_details": {"email": "a@example.com"}}));
    let made = try_with(
        json!({"metadata_identity": {"key": "crm_id", "namespace": "CRMID"}, "order_metadata_key": "order",
            "receipt_url": true, "email_identity": false}),
        &guest,
    )
    .unwrap();
    let record = made.dataset(0);
    assert_eq!(
        record["identityMap"],
        json!({"CRMID": [{"id": "C-7", "authenticatedState": "ambiguous", "primary": true}]})
    );
    assert_eq!(record["commerce"]["order"]["purchaseID"], "A-1");
    assert_eq!(record["_acme"]["stripe"]["charge"]["receiptURL"], "https://pay.example/r");
    assert!(self::made(&guest).dataset(0)["_acme"]["stripe"]["charge"].get("receiptURL").is_none());
    let both = try_with(
        json!({"email_identity": true, "metadata_identity": {"key": "crm_id", "namespace": "CRMID"}}),
        &guest,
    )
    .unwrap();
    let primaries =
        both.dataset(0)["identityMap"].as_object().unwrap().values().filter(|ids| ids[0]["primary"] == true);
    assert_eq!(primaries.count(), 1);
}

#[test]
fn users_add_fields_without_rust() {
    let model = json!({"resource": "charge", "variant": "event", "mappingSet": {"mappings": [
        {"sourceType": "ATTRIBUTE", "source": "shiny.new", "destination": "_{TENANT_ID}.stripe.charge.shiny", "type": "string"},
        {"sourceType": "STATIC", "source": "self", "destination": "producedBy"}]}});
    let made = try_with(json!({"models": [model]}), &charge(json!({"shiny": {"new": "x"}}))).unwrap();
    assert_eq!(made.dataset(0)["_acme"]["stripe"]["charge"]["shiny"], "x");
    assert_eq!(made.dataset(0)["producedBy"], "self");
    assert!(made.output.unmapped.is_empty());
    let broken = json!({"resource": "charge", "variant": "event", "mappingSet": {"mappings": [
        {"sourceType": "EXPRESSION", "source": "uper(id)", "destination": "a"},
        {"sourceType": "EXPRESSION", "source": "1 +", "destination": "b"}]}});
    let settings = json!({"tenant": "acme", "models": [broken]}).to_string();
    let error = Transformer::open_json(settings.as_bytes()).unwrap_err();
    assert_eq!(error.problems.len(), 2);
    assert!(error.problems[0].contains("did you mean upper?"), "{error}");
}

#[test]
fn what_cannot_be_converted_says_why() {
    for (object, code) in [
        (json!({"object": "charge"}), "missing_id"),
        (json!({"id": "x"}), "missing_type"),
        (json!([]), "not_an_object"),
        (json!({"object": "list", "data": []}), "list_page"),
        (json!({"object": "v2.core.event", "id": "evt"}), "thin_event"),
        (json!({"object": "event", "type": "charge.succeeded"}), "missing_data"),
    ] {
        assert_eq!(try_with(json!({}), &object).err().unwrap().code, code, "{object}");
    }
    let mut output = Output::default();
    let skipped =
        open(json!({})).transform(&Call::default(), br#"{"id":"tr_1","object":"transfer"}"#, &mut output);
    assert_eq!(skipped.unwrap(), Outcome::Skipped("transfer".to_owned()));
    let error = open(json!({}))
        .transform(&Call::default(), b"{\"id\":\"ch_1\",\"object\":\"charge\",", &mut output)
        .unwrap_err();
    assert_eq!((error.code.as_str(), error.id.as_deref()), ("invalid_json", Some("ch_1")));
    let nameless = Transformer::open_json(br#"{"tenant":"acme"}"#).unwrap().transform(
        &Call::default(),
        charge(json!({})).to_string().as_bytes(),
        &mut output,
    );
    assert_eq!(nameless.unwrap_err().code, "missing_account");
    assert!(Transformer::open_json(br#"{"tenant":"_acme!"}"#).unwrap_err().to_string().contains("tenant"));
}
