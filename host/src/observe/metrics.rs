//! The numbers that are counted, by the names under which Prometheus knows them
//! (`docs/observability.md` lists them).

use crate::stripe::Resource;
use prometheus::core::Collector;
use prometheus::{
    GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Upper bounds of the classes of durations, in seconds.
const SECONDS: [f64; 9] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 80.0];

/// The same of webhooks, which are taken while somebody waits.
const WEBHOOK_SECONDS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1.0, 10.0];

/// Stripe's reasons for a 429.
const LIMITS: [&str; 5] =
    ["global-rate", "endpoint-rate", "global-concurrency", "endpoint-concurrency", "resource-specific"];

/// How a sync ends, by its exit code.
const OUTCOMES: [(u8, &str); 3] = [(0, "ok"), (2, "partly"), (1, "failed")];

/// The counters of one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    limited: IntCounterVec,
    retries: IntCounterVec,
    received: IntCounter,
    objects: IntCounterVec,
    records: IntCounterVec,
    quarantined: IntCounterVec,
    errors: IntCounterVec,
    runs: IntCounterVec,
    not_well: IntGauge,
    build: IntGaugeVec,
    last_success: IntGaugeVec,
    lag: GaugeVec,
    webhooks: HistogramVec,
    inbox: IntGaugeVec,
    /// To where each resource of each account is in step, in epoch seconds.
    until: Mutex<BTreeMap<(String, String), i64>>,
}

impl Metrics {
    /// Counters at zero. What becomes a row by its account does so when the account is known.
    pub fn new() -> Result<Arc<Self>, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            add(&registry, IntCounterVec::new(Opts::new(name, help), labels)?)
        };
        let metrics = Self {
            requests: counter(
                "stripe_xdm_requests_total",
                "Requests to Stripe, by endpoint and HTTP status; none when there was no answer.",
                &["endpoint", "status"],
            )?,
            limited: counter(
                "stripe_xdm_rate_limited_total",
                "Answers 429, by Stripe's reason.",
                &["reason"],
            )?,
            retries: counter("stripe_xdm_retries_total", "Requests that were asked again.", &["endpoint"])?,
            objects: counter(
                "stripe_xdm_objects_total",
                "Objects read and delivered.",
                &["account", "resource"],
            )?,
            records: counter("stripe_xdm_records_total", "New records.", &["account", "resource"])?,
            quarantined: counter(
                "stripe_xdm_quarantined_total",
                "Records and objects kept back.",
                &["account", "resource"],
            )?,
            errors: counter(
                "stripe_xdm_resource_errors_total",
                "Times a resource was left before its end.",
                &["account", "resource"],
            )?,
            runs: counter(
                "stripe_xdm_runs_total",
                "Syncs that ended: ok, partly or failed.",
                &["account", "outcome"],
            )?,
            durations: add(
                &registry,
                HistogramVec::new(
                    HistogramOpts::new(
                        "stripe_xdm_request_duration_seconds",
                        "From the question to the whole answer, without waiting for a turn.",
                    )
                    .buckets(SECONDS.to_vec()),
                    &["endpoint"],
                )?,
            )?,
            received: add(
                &registry,
                IntCounter::new("stripe_xdm_received_bytes_total", "Bytes of answers, unpacked.")?,
            )?,
            last_success: add(
                &registry,
                IntGaugeVec::new(
                    Opts::new(
                        "stripe_xdm_last_success_timestamp_seconds",
                        "When a sync of the account last ended with all well.",
                    ),
                    &["account"],
                )?,
            )?,
            lag: add(
                &registry,
                GaugeVec::new(
                    Opts::new(
                        "stripe_xdm_lag_seconds",
                        "How far the lake is behind Stripe, as this process knows it.",
                    ),
                    &["account", "resource"],
                )?,
            )?,
            not_well: add(
                &registry,
                IntGauge::new(
                    "stripe_xdm_runs_not_ok_in_a_row",
                    "Runs, of all accounts together, since the last one that ended with all well.",
                )?,
            )?,
            build: add(
                &registry,
                IntGaugeVec::new(
                    Opts::new("stripe_xdm_build_info", "Always 1: which program and module count here."),
                    &["version", "module"],
                )?,
            )?,
            webhooks: add(
                &registry,
                HistogramVec::new(
                    HistogramOpts::new(
                        "stripe_xdm_webhook_duration_seconds",
                        "From a webhook's headers to its answer: taken, or why it was refused.",
                    )
                    .buckets(WEBHOOK_SECONDS.to_vec()),
                    &["answer"],
                )?,
            )?,
            inbox: add(
                &registry,
                IntGaugeVec::new(
                    Opts::new("stripe_xdm_inbox", "What was taken by webhook and is not in the lake yet."),
                    &["unit"],
                )?,
            )?,
            until: Mutex::default(),
            registry,
        };
        // A row that appears with its first event cannot be seen to rise.
        for reason in LIMITS.iter().chain(&["none", "other"]) {
            metrics.limited.with_label_values(&[reason]).inc_by(0);
        }
        Ok(Arc::new(metrics))
    }

    /// The module that this program uses, by its SHA-256.
    pub fn uses(&self, module: &str) {
        self.build.with_label_values(&[env!("CARGO_PKG_VERSION"), module]).set(1);
    }

    /// An account will be synced, with these resources: its counters begin at zero.
    pub fn expect(&self, account: &str, resources: &[Resource]) {
        for (_, outcome) in OUTCOMES {
            self.runs.with_label_values(&[account, outcome]).inc_by(0);
        }
        for resource in resources {
            for counters in [&self.objects, &self.records, &self.quarantined, &self.errors] {
                counters.with_label_values(&[account, resource.name()]).inc_by(0);
            }
            self.retries.with_label_values(&[resource.path()]).inc_by(0);
        }
    }

    /// A request to Stripe ended.
    pub fn asked(&self, endpoint: &str, status: Option<u16>, took: Duration) {
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        self.requests.with_label_values(&[endpoint, &status]).inc();
        self.durations.with_label_values(&[endpoint]).observe(took.as_secs_f64());
    }

    /// Bytes came in.
    pub fn received(&self, bytes: usize) {
        self.received.inc_by(bytes as u64);
    }

    /// An answer was a 429, with this `Stripe-Rate-Limited-Reason`.
    pub fn limited(&self, reason: Option<&str>) {
        // What a server says becomes the name of a row for ever: only what is known.
        let reason = match reason {
            Some(known) if LIMITS.contains(&known) => known,
            Some(_) => "other",
            None => "none",
        };
        self.limited.with_label_values(&[reason]).inc();
    }

    /// A request is made again.
    pub fn retried(&self, endpoint: &str) {
        self.retries.with_label_values(&[endpoint]).inc();
    }

    /// A walk delivered.
    pub fn delivered(&self, account: &str, resource: &str, objects: u64, records: u64) {
        self.objects.with_label_values(&[account, resource]).inc_by(objects);
        self.records.with_label_values(&[account, resource]).inc_by(records);
    }

    /// A walk kept something back.
    pub fn kept_back(&self, account: &str, resource: &str, entries: u64) {
        self.quarantined.with_label_values(&[account, resource]).inc_by(entries);
    }

    /// A walk was left before its end.
    pub fn failed(&self, account: &str, resource: &str) {
        self.errors.with_label_values(&[account, resource]).inc();
    }

    /// A sync ended, with this exit code.
    pub fn ended(&self, account: &str, exit_code: u8) {
        let outcome =
            OUTCOMES.iter().find(|(code, _)| *code == exit_code).map_or("failed", |(_, outcome)| outcome);
        self.runs.with_label_values(&[account, outcome]).inc();
        if exit_code == 0 {
            self.last_success.with_label_values(&[account]).set(now());
        }
    }

    /// A run of all accounts ended, with this exit code; 1 also when it could not begin.
    pub fn run_ended(&self, exit_code: u8) {
        match exit_code {
            0 => self.not_well.set(0),
            _ => self.not_well.inc(),
        }
    }

    /// A resource is in step up to this time, in epoch seconds.
    pub fn in_step(&self, account: &str, resource: &str, until: i64) {
        let mut known = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((account.to_owned(), resource.to_owned()), until);
    }

    /// A webhook was answered.
    pub fn webhook(&self, answer: &str, took: Duration) {
        self.webhooks.with_label_values(&[answer]).observe(took.as_secs_f64());
    }

    /// So much waits in the inbox.
    pub fn inbox(&self, events: u64, bytes: u64) {
        for (unit, value) in [("events", events), ("bytes", bytes)] {
            self.inbox.with_label_values(&[unit]).set(i64::try_from(value).unwrap_or(i64::MAX));
        }
    }

    /// All numbers in Prometheus' text form.
    pub fn text(&self) -> String {
        let (known, now) = (self.until.lock().unwrap_or_else(PoisonError::into_inner), now());
        for ((account, resource), until) in known.iter() {
            self.lag.with_label_values(&[account, resource]).set((now - until).max(0) as f64);
        }
        drop(known);
        // Its errors are of writers and of families without names; here are neither.
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }
}

fn add<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_in_the_text() {
        let metrics = Metrics::new().unwrap();
        metrics.asked("/v1/charges", Some(200), Duration::from_millis(30));
        metrics.asked("/v1/charges", None, Duration::from_secs(80));
        metrics.limited(Some("endpoint-rate"));
        metrics.limited(Some("made up by whoever answers"));
        metrics.delivered("acct_1", "charges", 100, 99);
        metrics.ended("acct_1", 2);
        metrics.in_step("acct_1", "charges", now() - 60);
        let text = metrics.text();
        for line in [
            r#"stripe_xdm_requests_total{endpoint="/v1/charges",status="200"} 1"#,
            r#"stripe_xdm_requests_total{endpoint="/v1/charges",status="none"} 1"#,
            r#"stripe_xdm_rate_limited_total{reason="endpoint-rate"} 1"#,
            r#"stripe_xdm_rate_limited_total{reason="other"} 1"#,
            r#"stripe_xdm_objects_total{account="acct_1",resource="charges"} 100"#,
            r#"stripe_xdm_runs_total{account="acct_1",outcome="partly"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("last_success_timestamp_seconds{"), "a partial sync is no success");
        let lag = text.lines().find_map(|line| {
            line.strip_prefix(r#"stripe_xdm_lag_seconds{account="acct_1",resource="charges"} "#)
        });
        assert!(lag.unwrap().parse::<f64>().unwrap() >= 60.0);
    }

    #[test]
    fn rows_are_there_before_anything_happens_and_a_failure_is_seen_until_all_is_well() {
        let metrics = Metrics::new().unwrap();
        metrics.uses("abc");
        metrics.expect("acct_1", &[Resource::Charges]);
        for line in [
            r#"stripe_xdm_runs_total{account="acct_1",outcome="failed"} 0"#,
            r#"stripe_xdm_resource_errors_total{account="acct_1",resource="charges"} 0"#,
            r#"stripe_xdm_retries_total{endpoint="/v1/charges"} 0"#,
            r#"stripe_xdm_rate_limited_total{reason="endpoint-rate"} 0"#,
            r#"stripe_xdm_build_info{module="abc",version=""#,
            "stripe_xdm_runs_not_ok_in_a_row 0",
        ] {
            assert!(metrics.text().contains(line), "{line} is not in\n{}", metrics.text());
        }
        metrics.run_ended(1);
        metrics.run_ended(2);
        assert!(metrics.text().contains("stripe_xdm_runs_not_ok_in_a_row 2"));
        metrics.run_ended(0);
        assert!(metrics.text().contains("stripe_xdm_runs_not_ok_in_a_row 0"));
    }
}
