//! What stands between two runs: long pauses, other keys, accounts and resources, Events that could not be read.

use super::scene::{DAY, HOUR, MONTH_AGO, Scene, T, customer, empty, fine, price, start};
use std::time::Duration;
use stripe_xdm::stripe::Resource;
use stripe_xdm_sandbox::{Account, Faults, Mode, Options, Resource as Seeded};

#[tokio::test]
async fn a_pause_of_31_days_is_a_gap_that_is_said_and_mended() {
    let account = empty()
        .with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Ada"))
        .unwrap()
        .with(Seeded::Customers, &customer("cus_2", MONTH_AGO, "Bob"))
        .unwrap()
        .with(Seeded::Customers, &customer("cus_3", MONTH_AGO, "Eve"))
        .unwrap()
        .with(Seeded::Prices, &price("price_1", MONTH_AGO, "first"))
        .unwrap();
    let scene = Scene::new(account, Options::default()).await;
    let resources = [Resource::Customers, Resource::Prices];
    let first = scene.run(&resources).await;
    assert!(first.notices.is_empty(), "{:?}", first.notices);

    scene.sandbox.update(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Augusta"), T + 100).unwrap();
    scene.sandbox.remove(Seeded::Customers, "cus_2", T + 200).unwrap();
    scene.sandbox.remove(Seeded::Prices, "price_1", T + 300).unwrap();
    scene.sandbox.advance(Duration::from_secs(31 * DAY));
    // The lists break down at first: the gap is not forgotten for that.
    scene.sandbox.set_faults("customers:should-retry-false@1-".parse().unwrap());
    let broken = scene.run(&resources).await;
    assert_eq!(broken.exit_code(), 2);
    assert!(broken.notices[0].starts_with("gap: Events of 31 days"), "{:?}", broken.notices);
    assert_eq!(scene.tombstones("stripe_prices").len(), 1, "prices were listed to their end");
    scene.sandbox.set_faults(Faults::none());
    let mended = scene.run(&resources).await;
    fine(&mended);
    assert_eq!((mended.healed.looked_up, mended.healed.gone), (1, 1), "{:?}", mended.healed);
    assert_eq!(scene.names()["cus_1"], "Augusta");
    assert_eq!(scene.tombstones("stripe_customers"), ["cus_2 2026-10-22T14:13:20Z"]);
    assert_eq!(mended.resources["customers"].unchanged, 1);

    let after = scene.run(&resources).await;
    fine(&after);
    assert!(after.notices.is_empty() && after.healed.looked_up == 0, "{after:?}");
}

#[tokio::test]
async fn a_key_of_the_other_mode_is_said_and_its_data_is_listed_beside() {
    let customers = |mode| {
        Account::custom(mode, T - 400 * 86_400)
            .with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Ada"))
            .unwrap()
    };
    let mut scene = Scene::new(customers(Mode::Test), Options::default()).await;
    fine(&scene.run(&[Resource::Customers]).await);
    scene.sandbox = start(customers(Mode::Live), Options::default()).await;
    let live = scene.run(&[Resource::Customers]).await;
    fine(&live);
    assert!(live.notices[0].starts_with("key mode:"), "{:?}", live.notices);
    assert_eq!(live.resources["customers"].objects, 1);
    let again = scene.run(&[Resource::Customers]).await;
    assert!(again.notices.is_empty());

    let other = Account::custom(Mode::Live, T - 300 * 86_400);
    scene.sandbox = start(other, Options::default()).await;
    let other = scene.run(&[Resource::Customers]).await;
    assert!(other.notices[0].starts_with("account:"), "{:?}", other.notices);
}

#[tokio::test]
async fn a_resource_that_was_left_out_for_a_while_catches_up() {
    let account = empty()
        .with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Ada"))
        .unwrap()
        .with(Seeded::Prices, &price("price_1", MONTH_AGO, "first"))
        .unwrap();
    let scene = Scene::new(account, Options::default()).await;
    let (both, one) = ([Resource::Customers, Resource::Prices], [Resource::Customers]);
    fine(&scene.run(&both).await);
    scene.sandbox.update(Seeded::Prices, &price("price_1", MONTH_AGO, "second"), T + 100).unwrap();
    scene.sandbox.advance(Duration::from_secs(5 * HOUR));
    let without = scene.run(&one).await;
    assert!(without.notices[0].starts_with("resources: prices no longer"), "{:?}", without.notices);
    assert_eq!(
        without.events.ignored.get("of_resources_not_synced"),
        None,
        "the type asked for has no prices"
    );

    scene.sandbox.advance(Duration::from_secs(5 * HOUR));
    let with = scene.run(&both).await;
    fine(&with);
    assert!(with.notices[0].starts_with("resources: prices asked for"), "{:?}", with.notices);
    assert_eq!(scene.current("stripe_prices").values().next().unwrap()["productName"], "second");

    // And one that is new is listed from the beginning.
    let all = scene.run(&[Resource::Customers, Resource::Prices, Resource::Charges]).await;
    fine(&all);
    assert!(all.notices[0].starts_with("resources: charges asked for"), "{:?}", all.notices);
}

#[tokio::test]
async fn events_that_could_not_be_read_are_read_by_the_next_run() {
    let account = empty().with(Seeded::Customers, &customer("cus_1", MONTH_AGO, "Ada")).unwrap();
    let scene = Scene::new(account, Options::default()).await;
    fine(&scene.run(&[Resource::Customers]).await);
    for n in 0..250 {
        let name = format!("name {n}");
        scene.sandbox.update(Seeded::Customers, &customer("cus_1", MONTH_AGO, &name), T + 10 + n).unwrap();
    }
    scene.sandbox.advance(Duration::from_secs(HOUR));
    scene.sandbox.set_faults("events:403@2".parse().unwrap());
    let broken = scene.run(&[Resource::Customers]).await;
    assert_eq!(broken.exit_code(), 2);
    assert!(broken.resources["events"].errors[0].contains("req_"), "{broken:?}");
    scene.sandbox.set_faults(Faults::none());
    scene.sandbox.advance(Duration::from_secs(60));
    let whole = scene.run(&[Resource::Customers]).await;
    fine(&whole);
    assert_eq!(whole.events.read, 250);
    assert!(whole.events.ignored["known"] >= 99, "what was taken is not taken again: {:?}", whole.events);
    assert_eq!(scene.names()["cus_1"], "name 249");
}

#[tokio::test]
async fn a_later_run_goes_further_back_when_it_is_told_to_and_says_when_it_is_not() {
    let mut account = empty();
    for (number, days) in [10, 20, 30, 100].into_iter().enumerate() {
        let text = customer(&format!("cus_{number}"), T - days * 86_400, "Ada");
        account = account.with(Seeded::Customers, &text).unwrap();
    }
    let scene = Scene::new(account, Options::default()).await;
    let customers = [Resource::Customers];
    let back = |days: i64| Some(T - days * 86_400);
    let first = scene.from(back(15), &customers, None).await.unwrap();
    fine(&first);
    assert_eq!((scene.names().len(), first.notices.len()), (1, 0), "{:?}", first.notices);

    scene.sandbox.advance(Duration::from_secs(HOUR));
    let silent = scene.run(&customers).await;
    assert_eq!(scene.names().len(), 1);
    assert!(silent.notices[0].starts_with("history: nothing from before 2026-09-06"), "{:?}", silent.notices);

    assert!(scene.run(&customers).await.notices.is_empty(), "once is enough");

    let further = scene.from(back(50), &customers, None).await.unwrap();
    fine(&further);
    assert_eq!((scene.names().len(), further.notices.len()), (3, 0), "{:?}", further.notices);
    let later = scene.from(back(5), &customers, None).await.unwrap();
    fine(&later);
    assert_eq!((scene.names().len(), later.resources["customers"].objects), (3, 0));
    let all = scene.from(Some(1), &customers, None).await.unwrap();
    assert_eq!((scene.names().len(), all.notices.len()), (4, 0));

    let future = scene.from(Some(T + 2 * 86_400), &customers, None).await.unwrap_err();
    assert!(future.to_string().contains("2026-09-23"), "{future}");
}
