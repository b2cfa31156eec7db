//! Adobe's managed source against the sandbox's Flow Service: what a file asks for is there once, whatever breaks off,
//! and goes again in the order in which it can.

use crate::adobe::{call, connect};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use stripe_xdm::flow::{
    AccessToken, Action, Applied, FlowFile, Meaning, Plan, Removal, Scope, Wanted, WantedFlow, apply,
    flow_name, hand_over, look_up, meaning, remove, runs, to_remove,
};
use stripe_xdm::platform::{FlowKind, Platform, PlatformError, Switch};
use stripe_xdm_sandbox::platform as served;

const PROFILE: &str = "https://ns.adobe.com/xdm/context/experienceevent";
const SERVICE: &str = "/data/foundation/flowservice";
/// Epoch seconds: long before the sandbox's clock, so that flows begin at once.
const START: &str = "start = 2025-01-01";

/// A platform with two datasets, and a client of it.
struct Scene {
    dir: tempfile::TempDir,
    served: served::Platform,
    platform: Platform,
}

async fn scene(options: served::Options) -> Scene {
    let served = served::Platform::start(options).await.unwrap();
    let registry = "/data/foundation/schemaregistry/tenant";
    let fields = json!({ "_acme": { "type": "object", "properties": {
        "amount": { "type": "integer" }, "status": { "type": "string" } } } });
    let group = json!({
        "title": "Fields", "description": "", "type": "object", "meta:intendedToExtend": [PROFILE],
        "definitions": { "customFields": { "type": "object", "properties": fields } },
        "allOf": [{ "$ref": "#/definitions/customFields" }],
    });
    let group = call(&served, "POST", &format!("{registry}/fieldgroups"), &group).await;
    let schema = json!({
        "title": "Rows", "description": "", "type": "object",
        "allOf": [{ "$ref": PROFILE }, { "$ref": group["$id"].as_str().expect("a field group") }],
    });
    let schema = call(&served, "POST", &format!("{registry}/schemas"), &schema).await;
    for name in ["charges", "refunds"] {
        let dataset = json!({
            "name": name, "enableErrorDiagnostics": true,
            "schemaRef": { "id": schema["$id"], "contentType": "application/vnd.adobe.xed-full-notext+json; version=1" },
        });
        call(&served, "POST", "/data/foundation/catalog/dataSets", &dataset).await;
    }
    let platform = connect(&served);
    Scene { dir: tempfile::tempdir().unwrap(), served, platform }
}

async fn plain_scene() -> Scene {
    scene(served::Options::default()).await
}

/// What a file with two flows asks for; `schedule` are lines of its table.
fn wanted(schedule: &str, destination: &str) -> Wanted {
    let text = format!(
        "name = \"shop\"\naccount = \"acct_1\"\naccess_token = {{ file = \"key\" }}\n[schedule]\n{schedule}\n\
         [[flow]]\nresource = \"charges\"\ndataset = \"charges\"\n[[flow]]\nresource = \"refunds\"\ndataset = \"refunds\"\n"
    );
    let file = FlowFile::parse(Path::new("flows.toml"), &text).unwrap();
    let source = if destination == "_acme.amount" { "data.amount" } else { "data.status" };
    let mappings = json!([
        { "sourceType": "ATTRIBUTE", "source": "data.id", "destination": "_id" },
        { "sourceType": "EXPRESSION", "source": "dformat(data.created * 1000, \"yyyy-MM-dd'T'HH:mm:ssXXX\")",
          "destination": "timestamp" },
        { "sourceType": "ATTRIBUTE", "source": source, "destination": destination },
    ]);
    let flows = file.flows.iter().map(|entry| WantedFlow {
        entry: entry.clone(),
        dataset: entry.dataset.clone().unwrap(),
        mappings: mappings.clone(),
        approximated: 0,
        left_out: 0,
    });
    let flows = flows.collect();
    Wanted { file, flows }
}

fn hourly() -> Wanted {
    wanted(START, "_acme.amount")
}

impl Scene {
    fn token(&self, key: &str) -> AccessToken {
        std::fs::write(self.dir.path().join("key"), key).unwrap();
        let text =
            "account = \"acct_1\"\naccess_token = { file = \"key\" }\n[[flow]]\nresource = \"charges\"";
        FlowFile::parse(&self.dir.path().join("flows.toml"), text).unwrap().token().unwrap()
    }

    async fn apply(&self, wanted: &Wanted) -> Applied {
        self.apply_by(wanted, "rk_test_verysecret").await
    }

    async fn apply_by(&self, wanted: &Wanted, key: &str) -> Applied {
        let token = self.token(key);
        match look_up(&self.platform, wanted, &|_| {}).await {
            Ok(there) => {
                let plan = Plan::new(wanted, &there, now());
                assert_eq!(plan.refusals().count(), 0, "{plan:?}");
                apply(&self.platform, wanted, there, Scope::All, Some(&token), now(), &|_| {}).await
            }
            Err(error) => Applied { error: Some(error), ..Applied::default() },
        }
    }

    async fn plan(&self, wanted: &Wanted) -> Plan {
        Plan::new(wanted, &look_up(&self.platform, wanted, &|_| {}).await.unwrap(), now())
    }

    /// How many there are of each kind and name; mapping sets by the name alone.
    async fn inventory(&self) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        for kind in [FlowKind::Connection, FlowKind::Source, FlowKind::Target, FlowKind::Flow] {
            for item in self.platform.flow_items(kind, &[]).await.unwrap() {
                *found.entry(format!("{} {}", kind.word(), item.name())).or_default() += 1;
            }
        }
        let sets = call(
            &self.served,
            "GET",
            "/data/foundation/conversion/mappingSets?limit=100&start=0",
            &json!({}),
        )
        .await;
        for set in sets["data"].as_array().unwrap() {
            *found.entry(format!("set {}", set["name"].as_str().unwrap())).or_default() += 1;
        }
        found
    }

    async fn assert_whole(&self, wanted: &Wanted, about: &str) {
        let found = self.inventory().await;
        assert_eq!(found.len(), 9, "{about}: {found:?}");
        assert!(found.values().all(|count| *count == 1), "{about}: {found:?}");
        let plan = self.plan(wanted).await;
        assert_eq!((plan.changes().count(), plan.refusals().count()), (0, 0), "{about}: {plan:?}");
    }

    async fn flow(&self, model: &str) -> stripe_xdm::platform::FlowItem {
        let name = flow_name(model, "shop");
        self.platform.flow_items_named(FlowKind::Flow, &name).await.unwrap().remove(0)
    }

    /// Waits until the platform is at no request any more.
    async fn quiet(&self) {
        let mut before = usize::MAX;
        loop {
            let now = self.served.requests().len();
            if now == before {
                return;
            }
            before = now;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn now() -> i64 {
    1_900_000_000
}

#[tokio::test]
async fn what_the_file_asks_for_is_made_once() {
    let scene = plain_scene().await;
    let wanted = hourly();
    let plan = scene.plan(&wanted).await;
    assert_eq!((plan.changes().count(), plan.refusals().count()), (9, 0), "{plan:?}");
    let applied = scene.apply(&wanted).await;
    assert!(applied.error.is_none() && applied.done.len() == 9, "{applied:?}");
    scene.assert_whole(&wanted, "the first time").await;
    let changes = scene.served.changes();
    assert!(scene.apply(&wanted).await.done.is_empty());
    assert_eq!(scene.served.changes(), changes, "the second time wrote something");

    let flow = scene.flow("charge").await;
    assert_eq!(flow.body["scheduleParams"]["frequency"], "hour");
    assert_eq!(flow.body["options"]["partialIngestionPercent"], 5);
    let source = scene.platform.flow_item(FlowKind::Source, flow.text("/sourceConnectionIds/0")).await;
    assert_eq!(source.unwrap().unwrap().text("/params/resourcePath"), "charges");
    let said = format!("{:?}", scene.served.requests());
    assert!(!said.contains("verysecret"), "the token is somewhere else than in the body of its connection");
}

#[tokio::test]
async fn whatever_breaks_off_there_is_one_of_each() {
    let wanted = hourly();
    for fault in ["close-after", "truncate-after", "after500", "retry-after:0s", "503", "close"] {
        // Every write of the service and of mapping sets, each in its turn.
        for at in 1..=9 {
            let scene = plain_scene().await;
            let spec = format!("POST /data/foundation:{fault}@{at}");
            scene.served.set_faults(spec.parse().unwrap());
            let applied = scene.apply(&wanted).await;
            assert!(applied.error.is_none(), "{spec}: {applied:?}");
            scene.served.set_faults(served::Faults::none());
            scene.assert_whole(&wanted, &spec).await;
        }
    }
}

#[tokio::test]
async fn trouble_that_lasts_ends_a_run_and_the_next_completes_it() {
    let wanted = hourly();
    for spec in [
        "POST /data/foundation/flowservice:after500@2-9",
        "POST /data/foundation/conversion:close-after@1-6",
        "GET /data/foundation/flowservice:html502@3-9",
    ] {
        let scene = plain_scene().await;
        scene.served.set_faults(spec.parse().unwrap());
        let mut tries = 0;
        while let Some(error) = scene.apply(&wanted).await.error {
            assert!(error.is_uncertain(), "{spec}: {error}");
            tries += 1;
            assert!(tries < 5, "{spec}: never whole");
        }
        scene.served.set_faults(served::Faults::none());
        scene.assert_whole(&wanted, spec).await;
    }
}

#[tokio::test]
async fn tokens_may_expire_at_any_request() {
    let scene = scene(served::Options { token_requests: Some(3), ..served::Options::default() }).await;
    let wanted = hourly();
    let applied = scene.apply(&wanted).await;
    assert!(applied.error.is_none(), "{applied:?}");
    scene.assert_whole(&wanted, "with short tokens").await;
}

#[tokio::test]
async fn killed_at_any_request_the_next_run_completes_it() {
    let wanted = hourly();
    let all = {
        let scene = plain_scene().await;
        let before = scene.served.requests().len();
        assert!(scene.apply(&wanted).await.error.is_none());
        scene.served.requests().len() - before
    };
    for kill in 1..all {
        let scene = plain_scene().await;
        let before = scene.served.requests().len();
        let reached = async {
            while scene.served.requests().len() < before + kill {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = reached => {}
            _ = scene.apply(&wanted) => {}
        }
        scene.quiet().await;
        let applied = scene.apply(&wanted).await;
        assert!(applied.error.is_none(), "killed at {kill}: {applied:?}");
        scene.assert_whole(&wanted, &format!("killed at {kill}")).await;
    }
}

#[tokio::test]
async fn what_differs_is_changed_by_the_etag_that_was_seen() {
    let scene = plain_scene().await;
    assert!(scene.apply(&hourly()).await.error.is_none());
    let changed = wanted(&format!("{START}\nfrequency = \"minute\"\ninterval = 30"), "_acme.status");
    let plan = scene.plan(&changed).await;
    // Two mapping sets of another content, two flows.
    assert_eq!((plan.changes().count(), plan.refusals().count()), (4, 0), "{plan:?}");

    // Somebody else is faster.
    let there = look_up(&scene.platform, &changed, &|_| {}).await.unwrap();
    let flow = scene.flow("charge").await;
    let patch = json!([{ "op": "add", "path": "/description", "value": "mine" }]);
    scene.platform.patch_flow_item(FlowKind::Flow, &flow, &patch).await.unwrap();
    let stale = scene.platform.patch_flow_item(FlowKind::Flow, &flow, &patch).await;
    assert!(matches!(stale, Err(PlatformError::Refused { status: 412, .. })), "{stale:?}");
    let applied = apply(&scene.platform, &changed, there, Scope::Changes, None, now(), &|_| {}).await;
    assert!(applied.error.is_none() && applied.done.len() == 4, "{applied:?}");
    let flow = scene.flow("charge").await;
    assert_eq!(flow.body["scheduleParams"]["interval"], "30");
    assert_eq!(flow.text("/description"), "mine");
    assert_eq!(scene.plan(&changed).await.changes().count(), 0);

    for fault in ["close-after", "truncate-after", "after500", "retry-after:0s", "503"] {
        let other = if fault.len() % 2 == 0 { "_acme.amount" } else { "_acme.status" };
        let interval = 20 + fault.len();
        let next = wanted(&format!("{START}\nfrequency = \"minute\"\ninterval = {interval}"), other);
        scene.served.set_faults(format!("PATCH {SERVICE}:{fault}@1").parse().unwrap());
        let applied = scene.apply(&next).await;
        assert!(applied.error.is_none(), "{fault}: {applied:?}");
        scene.served.set_faults(served::Faults::none());
        assert_eq!(scene.plan(&next).await.changes().count(), 0, "{fault}");
    }
}

#[tokio::test]
async fn what_cannot_be_changed_is_refused_with_a_cure() {
    let scene = plain_scene().await;
    assert!(scene.apply(&hourly()).await.error.is_none());
    scene.served.advance(Duration::from_secs(7_200));
    let words = |plan: &Plan| {
        let told = plan.refusals().map(|step| match &step.action {
            Action::Refuse { why, cure } => format!("{why} | {cure}"),
            _ => String::new(),
        });
        told.collect::<Vec<_>>().join("\n")
    };
    let later = scene.plan(&wanted("start = 2031-01-01", "_acme.amount")).await;
    assert!(
        words(&later).contains("has passed") && words(&later).contains("flow delete charge"),
        "{}",
        words(&later)
    );
    let anew = scene.plan(&wanted(&format!("{START}\nbackfill = false"), "_acme.amount")).await;
    assert!(words(&anew).contains("first run"), "{}", words(&anew));
    let mut elsewhere = hourly();
    elsewhere.flows[0].dataset = "refunds".to_owned();
    elsewhere.flows[1].dataset = "nowhere".to_owned();
    let told = words(&scene.plan(&elsewhere).await);
    assert!(told.contains("another dataset") && told.contains("schema apply"), "{told}");
}

#[tokio::test]
async fn a_flow_by_a_key_that_stripe_refuses_is_not_made() {
    let scene = plain_scene().await;
    let wanted = hourly();
    let applied = scene.apply_by(&wanted, "no-key-of-stripes").await;
    let error = applied.error.expect("the connection does not work").to_string();
    assert!(error.contains("flow update --token"), "{error}");
    assert!(!scene.inventory().await.keys().any(|name| name.starts_with("flow")), "a flow was made");

    for fault in ["close-after@1", "after500@1", "retry-after:0s@1", "503@1-2"] {
        let there = look_up(&scene.platform, &wanted, &|_| {}).await.unwrap();
        scene.served.set_faults(format!("PATCH {SERVICE}:{fault}").parse().unwrap());
        let token = scene.token("rk_test_verysecret");
        assert!(hand_over(&scene.platform, there.connection().unwrap(), &token).await.unwrap(), "{fault}");
    }
    scene.served.set_faults(served::Faults::none());
    assert!(scene.apply(&wanted).await.error.is_none());
    scene.assert_whole(&wanted, "after the right key").await;
}

#[tokio::test]
async fn flows_are_paused_and_resumed_whatever_is_answered() {
    let scene = plain_scene().await;
    let wanted = hourly();
    assert!(scene.apply(&wanted).await.error.is_none());
    let flow = scene.flow("charge").await;
    for fault in ["close-after@1", "after500@1", "503@1", "retry-after:0s@1"] {
        scene.served.set_faults(format!("POST {SERVICE}:{fault}").parse().unwrap());
        assert!(scene.platform.switch_flow(&flow.id, Switch::Off).await.unwrap(), "{fault}");
        assert!(!scene.flow("charge").await.is_enabled(), "{fault}");
        assert!(!scene.platform.switch_flow(&flow.id, Switch::Off).await.unwrap());
        scene.served.set_faults(served::Faults::none());
        let plan = scene.plan(&wanted).await;
        assert_eq!(plan.changes().count(), 0, "applying would resume what somebody has paused");
        assert!(scene.platform.switch_flow(&flow.id, Switch::On).await.unwrap(), "{fault}");
    }
    assert!(scene.platform.switch_flow("0-0", Switch::On).await.is_err());
}

#[tokio::test]
async fn runs_are_told_in_words() {
    let scene = plain_scene().await;
    assert!(scene.apply(&hourly()).await.error.is_none());
    scene.served.advance(Duration::from_secs(3 * 3_600));
    let flow = scene.flow("charge").await;
    let told = runs(&scene.platform, &flow.id, 100).await.unwrap();
    assert!(told.len() >= 3, "{told:?}");
    assert!(told.windows(2).all(|pair| pair[0].started >= pair[1].started), "newest first");
    let first = told.last().unwrap();
    assert_eq!((first.meaning, first.read, first.failed), (Meaning::Partly, Some(100), Some(1)));
    assert!(
        first.errors.iter().any(|(code, _, _)| meaning(code).is_some_and(|words| words.contains("mapping")))
    );
    assert!(!first.batches.is_empty() && first.window.is_some());
    assert_eq!(runs(&scene.platform, &flow.id, 2).await.unwrap().len(), 2);
    // More than a page.
    scene.served.advance(Duration::from_secs(200 * 3_600));
    assert!(runs(&scene.platform, &flow.id, 150).await.unwrap().len() == 150);
    assert!(
        scene.platform.flow_items(FlowKind::Run, &[format!("flowId=={}", flow.id)]).await.unwrap().len()
            > 200
    );
}

#[tokio::test]
async fn everything_goes_in_the_order_in_which_it_can() {
    let wanted = hourly();
    let scene = plain_scene().await;
    assert!(scene.apply(&wanted).await.error.is_none());
    let one = to_remove(&scene.platform, "shop", Some(&["charge".to_owned()])).await.unwrap();
    assert_eq!(one.items.len(), 3, "{one:?}");
    assert!(remove(&scene.platform, &one, &|_| {}).await.1.is_none());
    // It comes back as it was, by the mapping set that stayed.
    assert_eq!(scene.plan(&wanted).await.changes().count(), 3);
    assert!(scene.apply(&wanted).await.error.is_none());
    scene.assert_whole(&wanted, "after one was deleted").await;

    for (at, fault) in [(1, "close-after"), (3, "after500"), (7, "503"), (2, "retry-after:0s")] {
        scene.served.set_faults(format!("DELETE {SERVICE}:{fault}@{at}").parse().unwrap());
        let all = to_remove(&scene.platform, "shop", None).await.unwrap();
        assert_eq!(all.items.len(), 7);
        let (gone, error) = remove(&scene.platform, &all, &|_| {}).await;
        assert!(error.is_none() && gone == 7, "{fault}: {error:?}");
        let left = scene.inventory().await;
        assert!(left.keys().all(|name| name.starts_with("set ")), "{left:?}");
        scene.served.set_faults(served::Faults::none());
        assert!(scene.apply(&wanted).await.error.is_none());
    }
    // What the file has no more is told, and goes by its id.
    let mut fewer = hourly();
    fewer.file.flows.truncate(1);
    fewer.flows.truncate(1);
    let plan = scene.plan(&fewer).await;
    assert!(
        plan.notes.iter().any(|note| note.contains("Stripe refund") && note.contains("--id")),
        "{:?}",
        plan.notes
    );
    let refunds = scene.flow("refund").await.id;
    let by_id = Removal::of_flow(&scene.platform, &refunds).await.unwrap().unwrap();
    assert_eq!(by_id.items.len(), 3);
    assert!(remove(&scene.platform, &by_id, &|_| {}).await.1.is_none());
    assert!(scene.plan(&fewer).await.notes.is_empty());
}

#[tokio::test]
async fn a_role_that_lacks_a_permission_is_told_which() {
    let scene = plain_scene().await;
    scene.served.set_faults(format!("{SERVICE}:empty403every1").parse().unwrap());
    let error = look_up(&scene.platform, &hourly(), &|_| {}).await.unwrap_err().to_string();
    assert!(error.contains("View Sources and Manage Sources"), "{error}");
}
