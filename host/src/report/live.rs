//! Progress while a sync runs: bars on a terminal, a line now and then elsewhere, events for programs.

use crate::sync::Watch;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Watch for Silent {
    fn begun(&self, _pass: &str, _already: u64) {}
    fn advanced(&self, _pass: &str, _objects: u64, _records: u64) {}
    fn kept_back(&self, _pass: &str, _entries: u64) {}
    fn ended(&self, _pass: &str, _error: Option<&str>) {}
    fn notice(&self, _text: &str) {}
}

/// One bar per walk, on standard error.
#[derive(Debug, Default)]
pub struct Bars {
    all: MultiProgress,
    bars: Mutex<HashMap<String, ProgressBar>>,
    kept: Mutex<HashMap<String, u64>>,
}

impl Bars {
    fn bar(&self, pass: &str) -> ProgressBar {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let bar = self.all.add(ProgressBar::new_spinner());
            let style = ProgressStyle::with_template(
                "{spinner} {prefix:24} {human_pos:>10} {objects:7}  {rate:>9}  {msg}",
            );
            // Whole objects a second: the digits behind the point are noise.
            let rate = |state: &ProgressState, out: &mut dyn Write| {
                let _ = write!(out, "{:.0}/s", state.per_sec());
            };
            let objects = |state: &ProgressState, out: &mut dyn Write| {
                let _ = out.write_str(noun(state.pos()));
            };
            let style = style.map(|style| style.with_key("rate", rate).with_key("objects", objects));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_prefix(pass.to_owned());
            bar
        };
        bars.entry(pass.to_owned()).or_insert_with(make).clone()
    }
}

impl Watch for Bars {
    fn begun(&self, pass: &str, already: u64) {
        let bar = self.bar(pass);
        if already > 0 {
            bar.set_message(format!("continues after {already}"));
        }
        bar.tick();
    }

    fn advanced(&self, pass: &str, objects: u64, _records: u64) {
        self.bar(pass).inc(objects);
    }

    fn kept_back(&self, pass: &str, entries: u64) {
        let bar = self.bar(pass);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let count = kept.entry(pass.to_owned()).or_default();
        *count += entries;
        bar.set_message(format!("{count} kept back"));
    }

    fn ended(&self, pass: &str, error: Option<&str>) {
        match error {
            None => {
                let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(pass).copied();
                let kept = kept.map(|count| format!(", {count} kept back")).unwrap_or_default();
                self.bar(pass).finish_with_message(format!("done{kept}"));
            }
            Some(error) => self.bar(pass).abandon_with_message(format!("FAILED: {error}")),
        }
    }

    fn notice(&self, text: &str) {
        self.all.suspend(|| crate::tell!("{text}"));
    }
}

/// Lines on standard error, at most one per walk every few seconds; JSON events when asked.
#[derive(Debug)]
pub struct Lines {
    json: bool,
    walks: Mutex<HashMap<String, Walk>>,
}

#[derive(Debug)]
struct Walk {
    objects: u64,
    records: u64,
    kept: u64,
    said: Instant,
}

const EVERY: Duration = Duration::from_secs(3);

impl Lines {
    /// Lines for people, or JSON events.
    pub fn new(json: bool) -> Self {
        Self { json, walks: Mutex::default() }
    }

    fn walks(&self) -> MutexGuard<'_, HashMap<String, Walk>> {
        self.walks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, event: &str, pass: &str, walk: &Walk, error: Option<&str>) {
        let (objects, records) = (walk.objects, walk.records);
        if self.json {
            let mut line =
                serde_json::json!({ "event": event, "list": pass, "objects": objects, "records": records });
            if walk.kept > 0 {
                line["quarantined"] = walk.kept.into();
            }
            if let Some(error) = error {
                line["error"] = error.into();
            }
            crate::tell!("{line}");
        } else if let Some(error) = error {
            crate::tell!("{pass}: FAILED after {objects} {}: {error}", noun(objects));
        } else {
            let kept = match walk.kept {
                0 => String::new(),
                kept => format!(", {kept} kept back"),
            };
            crate::tell!("{pass}: {event}, {objects} {}, {records} new records{kept}", noun(objects));
        }
    }
}

/// One is `1 object`.
fn noun(count: u64) -> &'static str {
    if count == 1 { "object" } else { "objects" }
}

impl Watch for Lines {
    fn begun(&self, pass: &str, already: u64) {
        let walk = Walk { objects: 0, records: 0, kept: 0, said: Instant::now() };
        if already > 0 {
            self.say("continued", pass, &walk, None);
        }
        self.walks().insert(pass.to_owned(), walk);
    }

    fn advanced(&self, pass: &str, objects: u64, records: u64) {
        let mut walks = self.walks();
        let Some(walk) = walks.get_mut(pass) else { return };
        walk.objects += objects;
        walk.records += records;
        if walk.said.elapsed() >= EVERY {
            walk.said = Instant::now();
            self.say("reading", pass, walk, None);
        }
    }

    fn kept_back(&self, pass: &str, entries: u64) {
        if let Some(walk) = self.walks().get_mut(pass) {
            walk.kept += entries;
        }
    }

    fn ended(&self, pass: &str, error: Option<&str>) {
        if let Some(walk) = self.walks().get(pass) {
            self.say(if error.is_some() { "failed" } else { "done" }, pass, walk, error);
        }
    }

    fn notice(&self, text: &str) {
        match self.json {
            true => crate::tell!("{}", serde_json::json!({ "event": "notice", "text": text })),
            false => crate::tell!("{text}"),
        }
    }
}
