//! A lake with a ledger, and a platform with a dataset for it.

use crate::adobe::{SANDBOX, call, connect};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use stripe_xdm::delivery::{Delivery, Destination, Streaming, destinations, stream};
use stripe_xdm::ledger::{Commit, Delivered, Ledger, Outbox, Part, Pending, Source, SqliteLedger, Version};
use stripe_xdm::platform::Platform;
use stripe_xdm_sandbox::platform as served;

pub(crate) const DATASET: &str = "stripe_customers";
const CLASS: &str = "https://ns.adobe.com/xdm/context/profile";
const REGISTRY: &str = "/data/foundation/schemaregistry/tenant";
const CATALOG: &str = "/data/foundation/catalog/dataSets";

pub(crate) struct Scene {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) served: served::Platform,
    pub(crate) platform: Platform,
    /// Catalog's id of the dataset.
    pub(crate) dataset: String,
    pub(crate) options: Streaming,
    pub(crate) said: Mutex<Vec<String>>,
}

/// A row of an object in a version, with so many bytes of padding.
pub(crate) fn row(number: u32, version: u32, padding: usize) -> String {
    let (id, note) = (hex::encode(id(number)), "x".repeat(padding));
    // A record begins with its id.
    format!(
        r#"{{"_id":"{id}","_acme":{{"amount":{version},"note":"{note}","stripe":{{"customerID":"cus_{number}"}}}}}}"#
    )
}

pub(crate) fn id(number: u32) -> [u8; 32] {
    let mut id = [7; 32];
    id[..4].copy_from_slice(&number.to_be_bytes());
    id
}

pub(crate) fn rows(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| row(number, 1, 0)).collect()
}

impl Scene {
    /// With a dataset that feeds Profile, or one that does not.
    pub(crate) async fn new(profile: bool, options: served::Options) -> Self {
        let served = served::Platform::start(options).await.unwrap();
        let platform = connect(&served);
        let options = Streaming { lake_rate: None, profile_rate: None, ..Streaming::default() };
        let mut scene = Self {
            dir: tempfile::tempdir().unwrap(),
            served,
            platform,
            dataset: String::new(),
            options,
            said: Mutex::default(),
        };
        scene.provide(profile).await;
        scene
    }

    /// As [`Scene::new`], with an inlet that is open: rows from 1,000,000 on were streamed.
    pub(crate) async fn open(profile: bool) -> Self {
        Self::opened(profile, served::Options::default()).await
    }

    pub(crate) async fn opened(profile: bool, options: served::Options) -> Self {
        let scene = Self::new(profile, options).await;
        scene.sync(&rows(1_000_000..1_000_001));
        let delivery = scene.stream().await;
        assert!(delivery.is_whole(), "{delivery:?}");
        scene
    }

    async fn provide(&mut self, profile: bool) {
        let text = json!({ "type": "string" });
        let stripe = json!({ "type": "object", "properties": { "customerID": text } });
        let fields = json!({ "amount": { "type": "integer" }, "note": text, "stripe": stripe });
        let fields = json!({ "_acme": { "type": "object", "properties": fields } });
        let group = json!({
            "title": "Fields", "description": "", "type": "object", "meta:intendedToExtend": [CLASS],
            "definitions": { "customFields": { "type": "object", "properties": fields } },
            "allOf": [{ "$ref": "#/definitions/customFields" }],
        });
        let group = self.call("POST", &format!("{REGISTRY}/fieldgroups"), &group).await;
        let schema = json!({
            "title": "Customers", "description": "", "type": "object",
            "allOf": [{ "$ref": CLASS }, { "$ref": group["$id"].as_str().expect("a field group") }],
        });
        let schema = self.call("POST", &format!("{REGISTRY}/schemas"), &schema).await;
        let schema_id = schema["$id"].as_str().expect("a schema").to_owned();
        let mut dataset = json!({
            "name": DATASET,
            "schemaRef": { "id": schema_id, "contentType": "application/vnd.adobe.xed-full-notext+json; version=1" },
        });
        if profile {
            let namespace =
                json!({ "name": "Customer", "code": "StripeCustomerID", "idType": "CROSS_DEVICE" });
            self.call("POST", "/data/core/idnamespace/identities", &namespace).await;
            let identity = json!({
                "@type": "xdm:descriptorIdentity", "xdm:sourceSchema": schema_id, "xdm:sourceVersion": 1,
                "xdm:sourceProperty": "/_acme/stripe/customerID", "xdm:namespace": "StripeCustomerID",
                "xdm:property": "xdm:code", "xdm:isPrimary": true,
            });
            self.call("POST", &format!("{REGISTRY}/descriptors"), &identity).await;
            let union = json!([{ "op": "add", "path": "/meta:immutableTags", "value": ["union"] }]);
            let path = format!("{REGISTRY}/schemas/{}", schema["meta:altId"].as_str().expect("an id"));
            self.call("PATCH", &path, &union).await;
            dataset["tags"] =
                json!({ "unifiedProfile": ["enabled:true"], "unifiedIdentity": ["enabled:true"] });
        }
        let dataset = self.call("POST", CATALOG, &dataset).await;
        self.dataset = dataset[0].as_str().expect("a dataset").trim_start_matches("@/dataSets/").to_owned();
    }

    /// A call by which a test sets the platform up.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        call(&self.served, method, path, body).await
    }

    pub(crate) fn lake(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn ledger(&self) -> SqliteLedger {
        SqliteLedger::open(&self.lake().join("_ledger.sqlite")).unwrap()
    }

    /// A run that writes a file of these lines.
    pub(crate) fn sync(&self, lines: &[String]) {
        self.write(lines, "jsonl");
    }

    /// A run that writes tombstones of these objects.
    pub(crate) fn delete(&self, numbers: &[u32]) {
        let tombstone = |number: &u32| {
            format!(r#"{{"dataset":"{DATASET}","id":"cus_{number}","deleted_at":"2026-01-02T03:04:05Z"}}"#)
        };
        self.write(&numbers.iter().map(tombstone).collect::<Vec<_>>(), "tombstones.jsonl");
    }

    fn write(&self, lines: &[String], ending: &str) {
        let mut ledger = self.ledger();
        let account = ledger.account("acct_1", false).unwrap();
        let run = ledger.begin_run(account, 1_000, "module").unwrap();
        std::fs::create_dir_all(self.lake().join(DATASET)).unwrap();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let path = format!("{DATASET}/acct_1-{run:06}-00001.{ending}");
        std::fs::write(self.lake().join(&path), &text).unwrap();
        let (records, bytes) = (lines.len() as u64, text.len() as u64);
        let parts = vec![Part { dataset: DATASET.to_owned(), path, records, bytes }];
        let source = Source { digest: [0; 16], version: Version::of_page(1_000) };
        let of = |line: &String| {
            let id = stripe_xdm::ledger::record_id(line.as_bytes())?;
            Some(Delivered { dataset: DATASET.to_owned(), id, source })
        };
        let delivered = lines.iter().filter_map(of).collect();
        ledger.commit(&Commit { account, run, parts, delivered, ..Commit::default() }).unwrap();
    }

    pub(crate) async fn to(&self, ledger: &mut SqliteLedger) -> Vec<Destination> {
        let org = self.served.organization().id;
        destinations(&self.platform, ledger, &org, SANDBOX).await.unwrap()
    }

    /// Streams what there is. When it is told that the inlet is not open, time passes.
    pub(crate) async fn stream(&self) -> Delivery {
        let mut ledger = self.ledger();
        let to = self.to(&mut ledger).await;
        let said = |what: &str| {
            if what.contains("not open yet") {
                self.served.advance(Duration::from_secs(300));
            }
            self.said.lock().unwrap().push(what.to_owned());
        };
        stream(&self.platform, &mut ledger, self.lake(), &to, &self.options, &said).await
    }

    /// What is not streamed.
    pub(crate) async fn left(&self) -> Vec<Pending> {
        let mut ledger = self.ledger();
        let to = self.to(&mut ledger).await;
        let target = ledger.target(&to[0].target).unwrap();
        ledger.undelivered(target).unwrap()
    }

    /// The rows that came in, in order.
    pub(crate) fn collected(&self) -> Vec<String> {
        let ours = self.served.collected(&self.dataset).into_iter();
        ours.map(|one| one.entity).filter(|row| !row.contains("cus_1000000")).collect()
    }

    /// How often each row came in.
    pub(crate) fn counts(&self) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        for row in self.collected() {
            *counts.entry(row).or_default() += 1;
        }
        counts
    }

    pub(crate) fn assert_once(&self, expected: &[String], about: &str) {
        let expected: BTreeMap<_, _> = expected.iter().map(|row| (row.clone(), 1)).collect();
        let found = self.counts();
        assert!(found == expected, "{about}: {} of {} rows", found.len(), expected.len());
    }

    /// How many entries the quarantine has.
    pub(crate) fn quarantined(&self) -> u64 {
        self.ledger().quarantine_counts().unwrap().iter().map(|(_, count, _)| count).sum()
    }

    /// Requests to inlets.
    pub(crate) fn requests(&self) -> usize {
        self.served.requests().iter().filter(|request| request.path.starts_with("/collection/")).count()
    }
}
