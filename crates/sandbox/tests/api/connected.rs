//! Several accounts behind one key.

use std::num::NonZeroU32;

use serde_json::{Value, json};
use stripe_xdm_sandbox::{Account, ApiKey, Limits, Mode, Options, Rate, Resource, Sandbox};

use crate::common::{customers, get, ids, open, start};

fn account(created: i64) -> Account {
    let customer = json!({"id": format!("cus_of_{created}"), "object": "customer", "created": created});
    Account::custom(Mode::Live, created).with(Resource::Customers, &customer.to_string()).expect("a customer")
}

async fn three(faults: &str) -> (Sandbox, Vec<String>) {
    let connected: Vec<Account> = [300, 100, 200].map(account).into();
    let ids = connected.iter().map(|account| account.id().to_owned()).collect();
    let faults = faults.parse().expect("faults");
    (start(customers([1]), Options { connected, faults, ..open() }).await, ids)
}

async fn ask(sandbox: &Sandbox, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let mut request =
        reqwest::Client::new().get(format!("{}{path}", sandbox.base_url())).bearer_auth(sandbox.key());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON"))
}

#[tokio::test]
async fn connected_accounts_are_listed_newest_first_in_pages_and_by_created() {
    let (sandbox, of) = three("").await;
    let newest_first = [of[0].clone(), of[2].clone(), of[1].clone()];
    assert_eq!(ids(&get(&sandbox, "/v1/accounts").await.1), newest_first);
    let (_, first) = get(&sandbox, "/v1/accounts?limit=2").await;
    assert_eq!((ids(&first).as_slice(), &first["has_more"]), (&newest_first[..2], &json!(true)));
    let (_, rest) = get(&sandbox, &format!("/v1/accounts?limit=2&starting_after={}", of[2])).await;
    assert_eq!((ids(&rest).as_slice(), &rest["has_more"]), (&newest_first[2..], &json!(false)));
    let (_, back) = get(&sandbox, &format!("/v1/accounts?limit=1&ending_before={}", of[1])).await;
    assert_eq!((ids(&back).as_slice(), &back["has_more"]), (&newest_first[1..2], &json!(true)));
    let (_, young) = get(&sandbox, "/v1/accounts?created[gte]=200&created[lt]=300").await;
    assert_eq!(ids(&young), newest_first[1..2]);
    for wrong in ["starting_after=acct_x", "colour=red", "limit=many", "starting_after=a&ending_before=b"] {
        assert_eq!(get(&sandbox, &format!("/v1/accounts?{wrong}")).await.0, 400, "{wrong}");
    }
    let (status, one) = get(&sandbox, &format!("/v1/accounts/{}", of[1])).await;
    assert_eq!((status, &one["created"]), (200, &json!(100)));
}

#[tokio::test]
async fn a_header_chooses_the_account_and_strangers_are_refused() {
    let (sandbox, of) = three("").await;
    assert_eq!(ids(&get(&sandbox, "/v1/customers").await.1), ["cus_0"]);
    let (_, theirs) = ask(&sandbox, "/v1/customers", &[("Stripe-Account", &of[0])]).await;
    assert_eq!(ids(&theirs), ["cus_of_300"]);
    let path = format!("acct_platform/{}", of[2]);
    let (_, theirs) = ask(&sandbox, "/v1/customers", &[("Stripe-Context", &path)]).await;
    assert_eq!(ids(&theirs), ["cus_of_200"]);
    assert_eq!(ask(&sandbox, "/v1/account", &[("Stripe-Account", &of[1])]).await.1["id"], json!(of[1]));
    let none = ask(&sandbox, "/v1/accounts", &[("Stripe-Account", &of[1])]).await.1;
    assert!(ids(&none).is_empty(), "connected accounts have none of their own");
    let (status, error) = ask(&sandbox, "/v1/customers", &[("Stripe-Account", "acct_x")]).await;
    assert_eq!((status, &error["error"]["code"]), (403, &json!("account_invalid")));
    let both = [("Stripe-Account", of[0].as_str()), ("Stripe-Context", of[0].as_str())];
    assert_eq!(ask(&sandbox, "/v1/customers", &both).await.0, 400);
    let seen = sandbox.stats().accounts;
    assert_eq!((seen[&of[0]], seen[&of[2]]), (1, 1));
}

#[tokio::test]
async fn changes_stay_in_their_account() {
    let (sandbox, of) = three("").await;
    let at = sandbox.at(&of[0]).expect("connected");
    at.remove(Resource::Customers, "cus_of_300", 400).expect("removed");
    assert_eq!(at.account().count(Resource::Customers), 0);
    assert_eq!(at.account().count(Resource::Events), 1);
    assert_eq!(sandbox.account().count(Resource::Events), 0);
    assert!(sandbox.at("acct_x").is_none());
}

#[tokio::test]
async fn one_account_can_fail_alone() {
    let (_, of) = three("").await;
    // Ids follow from what is in the accounts, so the second sandbox has the same.
    let (sandbox, _) = three(&format!("{}/500@1-", of[1])).await;
    assert_eq!(ask(&sandbox, "/v1/customers", &[("Stripe-Account", &of[1])]).await.0, 500);
    assert_eq!(ask(&sandbox, "/v1/customers", &[("Stripe-Account", &of[0])]).await.0, 200);
    assert_eq!(get(&sandbox, "/v1/customers").await.0, 200);
}

#[tokio::test]
async fn each_key_has_an_allowance_of_its_own_for_all_accounts() {
    let one = Limits { global: NonZeroU32::MIN, endpoint: NonZeroU32::MIN };
    let keys = vec![ApiKey::secret("sk_live_first00000000000"), ApiKey::secret("sk_live_second0000000000")];
    let connected = vec![account(100)];
    let id = connected[0].id().to_owned();
    let options = Options { keys, connected, rate: Rate::Custom(one), ..Options::default() };
    let sandbox = start(customers([1]), options).await;
    let mut refused = false;
    // One request a second: of several at once, to whichever accounts, some are too many.
    for header in [None, Some(id.as_str())].into_iter().cycle().take(40) {
        let headers: Vec<(&str, &str)> = header.map(|id| ("Stripe-Account", id)).into_iter().collect();
        refused |= ask(&sandbox, "/v1/customers", &headers).await.0 == 429;
    }
    assert!(refused);
    let other = reqwest::Client::new().get(format!("{}/v1/customers", sandbox.base_url()));
    let answer = other.bearer_auth("sk_live_second0000000000").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
}
