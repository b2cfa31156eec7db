//! Accounts for measuring.

use std::time::Duration;

use stripe_xdm_sandbox::{Account, Even, EvenKind, Mode, Resource};

use crate::common::{NOW, get, open, start, walk};

const DAY: i64 = 86_400;

fn even(kind: EvenKind, objects: usize) -> Even {
    let span = Duration::from_secs(365 * DAY as u64);
    Even { kind, objects, bytes: 1_700, span, now: NOW, mode: Mode::Live }
}

#[test]
fn objects_have_about_the_size_and_equal_distances() {
    for kind in [EvenKind::Charges, EvenKind::Customers] {
        let account = Account::even(3, &even(kind, 730));
        let objects = account.objects(kind.resource());
        assert_eq!(objects.len(), 730);
        let average = objects.iter().map(|text| text.len()).sum::<usize>() / objects.len();
        assert!((1_650..=1_800).contains(&average), "{kind:?}: {average} bytes");
        let created: Vec<i64> = objects
            .iter()
            .filter_map(|text| serde_json::from_str::<serde_json::Value>(text).ok()?["created"].as_i64())
            .collect();
        // Newest first, half a day apart, the oldest a year old.
        assert!(created.windows(2).all(|pair| pair[0] - pair[1] == DAY / 2));
        assert_eq!(created.last(), Some(&(NOW - 365 * DAY)));
        assert_eq!(objects, Account::even(3, &even(kind, 730)).objects(kind.resource()));
    }
}

#[tokio::test]
async fn every_object_is_listed_and_windows_cut_between_them() {
    let account = Account::even(1, &even(EvenKind::Charges, 250));
    let sandbox = start(account, open()).await;
    assert_eq!(walk(&sandbox, "/v1/charges").await.len(), 250);
    let (from, to) = (NOW - 73 * DAY, NOW);
    let (_, page) =
        get(&sandbox, &format!("/v1/charges?limit=100&created[gte]={from}&created[lt]={to}")).await;
    assert_eq!(page["data"].as_array().map(Vec::len), Some(50));
    assert_eq!(sandbox.account().count(Resource::Events), 0);
}
