//! What no Event tells: listed again.

use super::scene::{DAY, HOUR, MONTH_AGO, Scene, T, empty, fine, price};
use serde_json::json;
use std::time::Duration;
use stripe_xdm::stripe::Resource;
use stripe_xdm_sandbox::{Options, Resource as Seeded};

#[tokio::test]
async fn what_is_pending_is_listed_again_until_it_is_not() {
    let row = |status: &str| {
        json!({"id": "txn_1", "object": "balance_transaction", "amount": 100, "available_on": T, "created": T - 30 * 86_400,
            "currency": "usd", "description": null, "exchange_rate": null, "fee": 0, "fee_details": [], "net": 100,
            "reporting_category": "charge", "source": "ch_1", "status": status, "type": "charge",
            "balance_type": "payments"})
        .to_string()
    };
    let account = empty().with(Seeded::BalanceTransactions, &row("pending")).unwrap();
    let scene = Scene::new(account, Options::default()).await;
    fine(&scene.run(&[Resource::BalanceTransactions]).await);
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let still = scene.run(&[Resource::BalanceTransactions]).await;
    assert_eq!(still.resources["balance_transactions"].unchanged, 1);
    scene.sandbox.update(Seeded::BalanceTransactions, &row("available"), T + HOUR as i64).unwrap();
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let settled = scene.run(&[Resource::BalanceTransactions]).await;
    assert_eq!(settled.resources["balance_transactions"].written(), 1);
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let after = scene.run(&[Resource::BalanceTransactions]).await;
    fine(&after);
    assert_eq!(after.resources["balance_transactions"].objects, 0, "nothing is pending any more");
}

#[tokio::test]
async fn healing_finds_what_nobody_tells_a_little_in_each_run() {
    let mut account = empty();
    for n in 0..330 {
        // Many of one second, more than a page of them.
        let created = MONTH_AGO - i64::from(n / 150);
        account = account.with(Seeded::Prices, &price(&format!("price_{n:03}"), created, "first")).unwrap();
    }
    let scene = Scene::new(account, Options::default()).await;
    fine(&scene.run(&[Resource::Prices]).await);
    // Long before the first run, so that no Event is read.
    let silently = T - 35 * DAY as i64;
    for n in [3, 160, 320] {
        let created = MONTH_AGO - i64::from(n / 150);
        let changed = price(&format!("price_{n:03}"), created, "changed");
        scene.sandbox.update(Seeded::Prices, &changed, silently).unwrap();
        scene.sandbox.remove(Seeded::Prices, &format!("price_{:03}", n + 1), silently).unwrap();
    }
    scene.sandbox.advance(Duration::from_secs(HOUR));
    let mut runs = 0;
    loop {
        let run = scene.heal(&[Resource::Prices]).await;
        fine(&run);
        runs += 1;
        if run.healed.reached.is_empty() {
            break;
        }
        assert!(runs < 10, "it comes to an end: {:?}", run.healed);
    }
    assert!(runs > 1, "not all at once");
    let gone: Vec<String> =
        scene.tombstones("stripe_prices").iter().map(|line| line[..9].to_owned()).collect();
    let mut gone = gone;
    gone.sort();
    assert_eq!(gone, ["price_004", "price_161", "price_321"]);
    let changed =
        scene.current("stripe_prices").into_values().filter(|record| record["productName"] == "changed");
    assert_eq!(changed.count(), 3);
    let rests = scene.heal(&[Resource::Prices]).await;
    assert_eq!(rests.healed.listed, 0, "the list rests for a day");
}
