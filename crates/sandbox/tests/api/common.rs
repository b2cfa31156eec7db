//! What every test of the sandbox needs: a running account, and requests to it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stripe_xdm_sandbox::{Account, Mode, Options, Rate, Resource, Sandbox, Size};

pub(crate) const NOW: i64 = Size::NOW;

/// Every request passes: most tests are not about rates.
pub(crate) fn open() -> Options {
    Options { rate: Rate::Unlimited, ..Options::default() }
}

pub(crate) async fn start(account: Account, options: Options) -> Sandbox {
    Sandbox::start(account, options).await.expect("a free port on loopback")
}

pub(crate) fn small() -> Account {
    Account::seeded(5, Size { charges: 120, customers: 60, subscriptions: 60, prices: 60, ..Size::demo() })
}

/// Customers created in the given seconds, oldest first, named `cus_0`, `cus_1`, ….
pub(crate) fn customers(created: impl IntoIterator<Item = i64>) -> Account {
    created.into_iter().enumerate().fold(Account::custom(Mode::Live, 0), |account, (number, at)| {
        let customer = json!({"id": format!("cus_{number}"), "object": "customer", "created": at});
        account.with(Resource::Customers, &customer.to_string()).expect("a customer")
    })
}

pub(crate) async fn send(sandbox: &Sandbox, path: &str) -> reqwest::Response {
    let request = reqwest::Client::new().get(format!("{}{path}", sandbox.base_url()));
    request.bearer_auth(sandbox.key()).send().await.expect("an answer")
}

/// Status and JSON body.
pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> (u16, Value) {
    let response = send(sandbox, path).await;
    let status = response.status().as_u16();
    let body = response.bytes().await.expect("a body");
    (status, serde_json::from_slice(&body).expect("JSON"))
}

pub(crate) fn ids(list: &Value) -> Vec<String> {
    let data = list["data"].as_array().expect("a list");
    data.iter().map(|object| object["id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Every id a list shows, following `starting_after`; each must appear once.
pub(crate) async fn walk(sandbox: &Sandbox, path: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let join = if path.contains('?') { '&' } else { '?' };
        let (status, page) = get(sandbox, &format!("{path}{join}limit=100{cursor}")).await;
        assert_eq!(status, 200, "{page}");
        let ids = ids(&page);
        for id in &ids {
            assert!(seen.insert(id.clone()), "{id} twice in {path}");
        }
        match ids.last() {
            Some(last) if page["has_more"] == true => cursor = format!("&starting_after={last}"),
            _ => return seen,
        }
    }
}
