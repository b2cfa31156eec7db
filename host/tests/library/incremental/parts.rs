//! Parts of objects that Stripe shows on demand only.

use super::scene::{DAY, HOUR, MONTH_AGO, Scene, T, empty, fine, price};
use serde_json::{Value, json};
use std::time::Duration;
use stripe_xdm::ledger::SqliteLedger;
use stripe_xdm::stripe::Resource;
use stripe_xdm::sync::{Reset, Summary, forget, to_forget};
use stripe_xdm_sandbox::{Faults, Options, Resource as Seeded};

/// An invoice that was opened, with its payments.
fn invoice(status: &str, payments: &[&str]) -> String {
    let payment = |intent: &&str| {
        json!({"id": format!("inpay_{intent}"), "object": "invoice_payment", "status": "open",
            "payment": {"payment_intent": intent, "type": "payment_intent"}})
    };
    let payments: Vec<Value> = payments.iter().map(payment).collect();
    let paid_at = (status == "paid").then_some(T + 7);
    json!({"id": "in_1", "object": "invoice", "created": MONTH_AGO, "livemode": false, "status": status,
        "currency": "usd", "amount_due": 500, "metadata": {}, "lines": {"object": "list", "data": [],
        "has_more": false}, "payments": {"object": "list", "data": payments, "has_more": false},
        "status_transitions": {"finalized_at": MONTH_AGO + 60, "paid_at": paid_at}})
    .to_string()
}

fn tiered(nickname: &str) -> String {
    let mut price: Value = serde_json::from_str(&price("gold", MONTH_AGO, nickname)).unwrap();
    price["tiers"] = json!([{"up_to": null, "unit_amount": 700, "unit_amount_decimal": "700"}]);
    price["billing_scheme"] = "tiered".into();
    price.to_string()
}

#[tokio::test]
async fn parts_on_demand_are_in_lists_and_around_events_and_done_without_where_they_are_refused() {
    let resources = [Resource::Invoices, Resource::Prices];
    for expands in [true, false] {
        let account = empty().with(Seeded::Invoices, &invoice("open", &["pi_1"])).unwrap();
        let account = account.with(Seeded::Prices, &tiered("first")).unwrap();
        let scene = Scene::new(account, Options { expands, ..Options::default() }).await;
        let pi_1 = if expands { json!("pi_1") } else { Value::Null };
        let joined = |dataset: &str| {
            let ids = scene.current(dataset).into_values();
            ids.map(|record| record["_acme"]["stripe"]["paymentIntentID"].clone()).collect::<Vec<_>>()
        };
        let is_tiered = |nickname: &str| {
            let price = scene.current("stripe_prices").into_values().next().unwrap();
            assert_eq!(price["productName"], nickname);
            let amount = &price["_acme"]["stripe"]["price"]["tiers"][0]["unitAmount"];
            assert_eq!(amount.as_f64(), expands.then_some(7.0), "{price}");
        };
        // A server that does not know the parts is no failure, and not passed over in silence.
        let said = |run: &Summary| {
            fine(run);
            let lacking: &[&str] = if expands { &[] } else { &["prices", "invoices"] };
            assert_eq!(run.notices.len(), lacking.len(), "{:?}", run.notices);
            for (notice, resource) in run.notices.iter().zip(lacking) {
                assert!(notice.starts_with(&format!("parts: {resource} are delivered without ")), "{notice}");
                assert!(notice.contains("400") && notice.contains("--stripe-version"), "{notice}");
            }
        };
        said(&scene.run(&resources).await);
        assert_eq!(joined("stripe_invoices"), std::slice::from_ref(&pi_1));
        is_tiered("first");

        // The Events have no such parts; what they tell besides is as it was then.
        scene.sandbox.update(Seeded::Invoices, &invoice("paid", &["pi_1"]), T + 10).unwrap();
        scene.sandbox.update(Seeded::Prices, &tiered("second"), T + 10).unwrap();
        scene.sandbox.advance(Duration::from_secs(HOUR));
        let run = scene.run(&resources).await;
        said(&run);
        assert_eq!(joined("stripe_invoices"), std::slice::from_ref(&pi_1));
        assert_eq!(joined("stripe_invoice_events"), [pi_1.clone(), pi_1]);
        is_tiered("second");
        // A refusal is known once it was met.
        assert_eq!(run.events.read_anew, 2, "{:?}", run.events);
        let mut times: Vec<String> = scene
            .current("stripe_invoice_events")
            .into_values()
            .map(|record| {
                format!("{} {}", record["eventType"].as_str().unwrap(), record["timestamp"].as_str().unwrap())
            })
            .collect();
        times.sort();
        assert_eq!(
            times,
            ["stripe.invoice.open 2026-08-12T14:14:20Z", "stripe.invoice.paid 2026-09-21T14:13:27Z"]
        );
    }
}

#[tokio::test]
async fn parts_that_the_key_may_not_read_are_told_until_it_may() {
    // So short a time that one walk reads it: nobody else asks before the refusal is known.
    let since = Some(T - 2 * DAY as i64);
    let mut open: Value = serde_json::from_str(&invoice("open", &["pi_1"])).unwrap();
    open["created"] = (T - DAY as i64).into();
    for resources in [&[Resource::Invoices][..], &[Resource::Invoices, Resource::Prices]] {
        let account = empty().with(Seeded::Invoices, &open.to_string()).unwrap();
        let scene = Scene::new(account, Options::default()).await;
        let client = scene.client();
        scene.sandbox.set_faults("invoices:403@1".parse().unwrap());
        let without = scene.by(&client, since, resources, None).await.unwrap();
        // Not 1, even where it is the only resource: the invoice is there.
        let invoices: Vec<Value> = scene.current("stripe_invoices").into_values().collect();
        assert_eq!((without.exit_code(), invoices.len()), (2, 1));
        assert_eq!(invoices[0]["_acme"]["stripe"]["paymentIntentID"], Value::Null);
        let [notice] = without.notices.as_slice() else { panic!("{:?}", without.notices) };
        let [error] = without.resources["invoices"].errors.as_slice() else { panic!("{without:?}") };
        assert!(notice.starts_with("parts: invoices are delivered without payments:"), "{notice}");
        for text in [notice, error] {
            assert!(text.contains("(403, request req_") && text.contains("\"rak_"), "{text}");
            assert!(text.contains("stripe-xdm reset --resource invoices"), "{text}");
        }

        // What the notice says helps. The next pass of `run` has the same client, and asks again.
        scene.sandbox.set_faults(Faults::none());
        scene.sandbox.advance(Duration::from_secs(HOUR));
        let mut ledger = SqliteLedger::open(&scene.lake.path().join("_ledger.sqlite")).unwrap();
        let reset =
            Reset { resources: vec!["invoices".to_owned()], accounts: Vec::new(), from: None, to: None };
        let what = to_forget(&mut ledger, &reset).unwrap();
        forget(&mut ledger, &what, &reset).unwrap();
        drop(ledger);
        let whole = scene.by(&client, since, resources, None).await.unwrap();
        fine(&whole);
        assert!(whole.notices.is_empty(), "{:?}", whole.notices);
        for dataset in ["stripe_invoices", "stripe_invoice_events"] {
            let record = scene.current(dataset).into_values().next().unwrap();
            assert_eq!(record["_acme"]["stripe"]["paymentIntentID"], "pi_1", "{dataset}");
        }
    }
}
