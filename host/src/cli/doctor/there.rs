//! What is asked of Stripe: whether it can be reached, whose the key is, and what the key may read. Permissions
//! are checked before an object is looked up, so asking for one that cannot exist tells, and reads nothing.

use super::super::stripe::Target;
use super::{Finding, State};
use serde::Deserialize;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use stripe_xdm::config::Connected;
use stripe_xdm::stripe::{Answer, ApiError, Client, Kind, Mode, Resource};

/// An object that no account has.
const NOBODY: &str = "stripe_xdm_doctor_probe";
/// The name of all probes in the request budget.
const PROBE: &str = "/v1/(probe)";
/// A clock that is this many seconds off is told.
const SKEW: i64 = 30;

#[derive(Deserialize)]
struct Account {
    id: String,
}

/// Everything about one account's key; and a link that makes a better one, when it lacks something.
pub(super) async fn account(target: &Target) -> (Vec<Finding>, Option<String>) {
    let client = &target.client;
    let mut findings = vec![key(client)];
    let started = Instant::now();
    let read = |body: bytes::Bytes| serde_json::from_slice::<Account>(&body).map_err(|e| e.to_string());
    let answer = client.get("/v1/account", &[], read).await;
    let took = started.elapsed().as_millis();
    let mut lacking = Vec::new();
    match answer {
        Ok(answer) => {
            findings.push(Finding::pass("connection", format!("{} answers in {took} ms", client.base())));
            findings.push(whose(&answer.value.id, target.account.as_deref()));
            findings.extend(clock(answer.server_time));
            findings.push(version(client.version(), &answer));
        }
        Err(ApiError::Permission { permission, server_time, .. }) => {
            findings.push(Finding::pass("connection", format!("{} answers in {took} ms", client.base())));
            findings.push(match &target.account {
                Some(account) => Finding::new(
                    "account",
                    State::Warn,
                    format!("the key may not tell that it is of {account}"),
                )
                .mend(format!("{permission} lets it be checked")),
                None => Finding::new("account", State::Fail, "the key may not tell whose it is")
                    .mend(format!("--account acct_…, or the permission {permission}")),
            });
            lacking.push(permission);
            findings.extend(clock(server_time));
        }
        Err(error @ ApiError::Key { .. }) => {
            findings.push(Finding::new("key", State::Fail, error.to_string()));
            return (findings, None);
        }
        Err(error) => {
            findings.push(Finding::new("connection", State::Fail, error.to_string()));
            return (findings, None);
        }
    }
    findings.extend(permissions(target, &mut lacking).await);
    let link = (!lacking.is_empty()).then(|| key_link(&target.resources, lacking));
    (findings, link)
}

fn key(client: &Client) -> Finding {
    let mode = match client.mode() {
        Some(Mode::Live) => "live mode",
        Some(Mode::Test) => "test mode or a sandbox",
        None => "an unknown mode",
    };
    match client.key_kind() {
        Kind::Restricted => Finding::pass("key", format!("a restricted key of {mode}")),
        Kind::Secret => {
            Finding::new("key", State::Warn, format!("a secret key of {mode}: it may do everything"))
                .mend("a restricted key (rk_…) that may only read is enough")
        }
        Kind::Unknown => {
            Finding::new("key", State::Warn, "neither a secret nor a restricted key of Stripe's")
                .mend("expected rk_live_…, rk_test_…, sk_live_… or sk_test_…")
        }
    }
}

fn whose(found: &str, given: Option<&str>) -> Finding {
    match given {
        Some(given) if given != found => {
            Finding::new("account", State::Fail, format!("the key belongs to {found}, not to {given}"))
                .mend(format!("use a key of {given}, or leave --account out"))
        }
        _ => Finding::pass("account", found),
    }
}

/// A sync goes by Stripe's clock, so this one being off harms no record.
fn clock(server: Option<i64>) -> Option<Finding> {
    let here = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs() as i64;
    let off = here - server?;
    Some(if off.abs() <= SKEW {
        Finding::pass("clock", format!("{off} s from Stripe's"))
    } else {
        Finding::new("clock", State::Warn, format!("{off} s from Stripe's"))
            .mend("set the clock (NTP); syncs go by Stripe's, but logs and schedules by this one")
    })
}

fn version<T>(asked: &str, answer: &Answer<T>) -> Finding {
    match answer.version.as_deref() {
        Some(told) if told == asked => Finding::pass("API version", asked),
        Some(told) => Finding::new("API version", State::Warn, format!("{asked} was asked for, {told} came"))
            .mend("objects may be shaped otherwise than the models expect; check --stripe-version"),
        None => {
            Finding::new("API version", State::Warn, format!("{asked} was asked for, the answer names none"))
                .mend("is --api-base Stripe?")
        }
    }
}

async fn permissions(target: &Target, lacking: &mut Vec<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut readable = 0;
    for resource in &target.resources {
        let finding =
            probe(&target.client, resource.name(), &format!("/v1/{}/{NOBODY}", resource.name())).await;
        readable += usize::from(finding.0.state == State::Pass);
        findings.push(note(finding, lacking));
    }
    if readable == 0 && !findings.is_empty() {
        let found = "the key may read none of the resources";
        findings.push(Finding::new("permissions", State::Fail, found).mend("give it the permissions above"));
    }
    findings.push(note(probe(&target.client, "events", &format!("/v1/events/{NOBODY}")).await, lacking));
    if target.connected != Connected::No {
        // This list has no objects of the account itself in it.
        findings.push(note(probe(&target.client, "connected accounts", "/v1/accounts").await, lacking));
    }
    findings
}

fn note((finding, permission): (Finding, Option<String>), lacking: &mut Vec<String>) -> Finding {
    lacking.extend(permission);
    finding
}

/// Whether the key may read what lies at a path; and the permission that it lacks.
async fn probe(client: &Client, name: &str, path: &str) -> (Finding, Option<String>) {
    let check = format!("may read {name}");
    match client.get_at(PROBE, path, &[], |_| Ok(())).await {
        Ok(_) => (Finding::pass(check, "yes"), None),
        Err(ApiError::Refused { status: 404, code, .. }) if code == "resource_missing" => {
            (Finding::pass(check, "yes"), None)
        }
        Err(ApiError::Permission { permission, request, .. }) => {
            let found = format!("no, {permission} is missing{request}");
            (Finding::new(check, State::Partly, found), Some(permission))
        }
        Err(error) => (Finding::new(check, State::Partly, error.to_string()), None),
    }
}

/// The Dashboard's form for a new restricted key, filled in with all that a sync of these resources needs.
fn key_link(resources: &[Resource], lacking: Vec<String>) -> String {
    let needed = resources.iter().map(|resource| resource.permission().to_owned());
    let always = ["rak_event_read", "rak_connected_account_read"].map(str::to_owned);
    let mut permissions: Vec<String> = needed.chain(always).chain(lacking).collect();
    permissions.sort();
    permissions.dedup();
    let mut link = "https://dashboard.stripe.com/apikeys/create?name=stripe-xdm".to_owned();
    for (index, permission) in permissions.iter().enumerate() {
        // Messages come from a server; what goes into an address is made sure of.
        let permission: String =
            permission.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        link += &format!("&permissions[{index}]={permission}");
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_names_each_permission_once() {
        let link = key_link(&[Resource::Charges, Resource::Refunds], vec!["rak_charge_read".to_owned()]);
        assert_eq!(
            link,
            "https://dashboard.stripe.com/apikeys/create?name=stripe-xdm&permissions[0]=rak_charge_read\
             &permissions[1]=rak_connected_account_read&permissions[2]=rak_event_read"
        );
    }

    #[test]
    fn another_account_than_the_one_given_is_no_small_thing() {
        assert_eq!(whose("acct_1", None).state, State::Pass);
        assert_eq!(whose("acct_1", Some("acct_1")).state, State::Pass);
        assert_eq!(whose("acct_1", Some("acct_2")).state, State::Fail);
    }
}
