//! What a transform did, for its end; and what is said of single objects on the way.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use stripe_xdm::module::{ObjectError, Report};
use stripe_xdm::quarantine::About;

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) objects: u64,
    pub(super) records: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
    /// Records that are not what their schema says, per dataset.
    quarantined: BTreeMap<String, u64>,
    pub(super) invalid: u64,
    shed: u64,
    /// By code.
    warnings: BTreeMap<String, u64>,
    /// By path; at most [`NAMED`] different ones, the rest under `…`.
    unmapped: BTreeMap<String, u64>,
}

/// Most paths that are told apart, so that strange input cannot fill the memory.
const NAMED: usize = 1000;

impl Tally {
    pub(super) fn note(&mut self, report: &Report) {
        self.shed += u64::from(report.shed);
        for warning in &report.warnings {
            *self.warnings.entry(warning.code.clone()).or_default() += 1;
        }
        for path in &report.unmapped {
            let known = self.unmapped.len() < NAMED || self.unmapped.contains_key(path);
            *self.unmapped.entry(if known { path.clone() } else { "…".to_owned() }).or_default() += 1;
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "objects": self.objects, "records": self.records, "failed": self.failed, "skipped": self.skipped,
            "quarantined": self.quarantined, "shed": self.shed, "warnings": self.warnings, "unmapped": self.unmapped,
        })
    }

    /// A summary for people; the details are for `--json`.
    pub(super) fn words(&self) -> String {
        let mut text = format!(
            "{} objects, {} records, {} failed, {} skipped\n",
            self.objects, self.records, self.failed, self.skipped
        );
        for (dataset, count) in &self.quarantined {
            text.push_str(&format!("{count} records of {dataset} are not what their schema says\n"));
        }
        if self.shed > 0 {
            text.push_str(&format!("{} metadata entries left out of events above 10 KB\n", self.shed));
        }
        for (code, count) in &self.warnings {
            text.push_str(&format!("warning: {code} ({count} times)\n"));
        }
        for (path, count) in self.unmapped.iter().take(20) {
            text.push_str(&format!("not mapped: {path} ({count} times)\n"));
        }
        if self.unmapped.len() > 20 {
            text.push_str(&format!("… and {} more paths; --json names them\n", self.unmapped.len() - 20));
        }
        text
    }

    pub(super) fn keep(&mut self, dataset: &str) {
        self.invalid += 1;
        *self.quarantined.entry(dataset.to_owned()).or_default() += 1;
    }

    /// Says why a record is not written; never what it holds.
    pub(super) fn tell(&self, about: &About) {
        let mut line = json!({ "invalid": { "input": self.objects, "dataset": about.dataset } });
        let given =
            [("resource", Some(&about.resource)), ("id", about.object.as_ref()), ("_id", about.id.as_ref())];
        for (name, value) in given.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            line["invalid"][name] = value.as_str().into();
        }
        line["invalid"]["reasons"] = json!(about.reasons);
        stripe_xdm::tell!("{line}");
    }

    pub(super) fn fail(&mut self, error: &ObjectError) {
        self.failed += 1;
        let mut line = json!({ "error": error });
        line["error"]["input"] = self.objects.into();
        stripe_xdm::tell!("{line}");
    }
}
