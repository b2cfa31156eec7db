//! Parts of objects that Stripe shows on demand only.

use crate::scene::{HOUR, MONTH_AGO, Scene, T, empty, fine, price};
use serde_json::{Value, json};
use std::time::Duration;
use stripe_xdm::stripe::Resource;
use stripe_xdm_sandbox::{Options, Resource as Seeded};

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
        fine(&scene.run(&resources).await);
        assert_eq!(joined("stripe_invoices"), std::slice::from_ref(&pi_1));
        is_tiered("first");

        // The Events have no such parts; what they tell besides is as it was then.
        scene.sandbox.update(Seeded::Invoices, &invoice("paid", &["pi_1"]), T + 10).unwrap();
        scene.sandbox.update(Seeded::Prices, &tiered("second"), T + 10).unwrap();
        scene.sandbox.advance(Duration::from_secs(HOUR));
        let run = scene.run(&resources).await;
        fine(&run);
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
