//! One Stripe object in, records out.

use crate::checked::RecordCheck;
use crate::event::{self, Event, Input, Refusal};
use crate::functions::{keyed_hash, rfc3339};
use crate::models::{self, CONTEXT, Compiled, RESOURCES, Variant, WATCHED};
use crate::relational::{CHANGE, VERSION};
use crate::shed::{self, MAX_EVENT};
use crate::{Call, ObjectError, OpenError, Outcome, Output, Record, RecordKind, Settings, Warning};
use dataprep::date::Moment;
use dataprep::functions::Clock;
use dataprep::json::Kind;
use dataprep::{Run, Value};
use std::borrow::Cow;

/// Deepest nesting of embedded objects that is followed: a refund's charge's customer.
const MAX_EMBEDDED_DEPTH: u8 = 4;

/// Rows of one key are told apart by their time.
const NO_VERSION: &str = "a row needs the time of its state: send the Event, or set observed_at to when the \
                          object was read, in epoch seconds";

/// Compiled models and settings.
#[derive(Debug)]
pub struct Transformer {
    settings: Settings,
    models: Vec<Compiled>,
    /// One for each model; none when records are not checked.
    checks: Vec<RecordCheck>,
    /// One for each level of embedding.
    runs: Vec<Run>,
    scratch: Vec<u8>,
}

/// What is known about an object besides the object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'a> {
    account: Option<&'a str>,
    livemode: Option<bool>,
    api_version: Option<&'a str>,
    observed_at: Option<i64>,
    /// The time that `now()` tells.
    now: Option<Moment>,
    event: Option<&'a Event<'a>>,
    /// The object stands inside another one; the Event is about that one.
    embedded: bool,
}

impl<'a> Around<'a> {
    /// An object's surroundings: its Event knows best, then the call, then the settings.
    pub(crate) fn of(event: Option<&'a Event<'a>>, call: &'a Call, settings: &'a Settings) -> Self {
        let observed_at = call.observed_at.or(settings.observed_at);
        Self {
            account: event
                .and_then(|event| event.account.as_deref())
                .or(call.account.as_deref())
                .or(settings.account.as_deref()),
            livemode: event.and_then(|event| event.livemode).or(call.livemode).or(settings.livemode),
            api_version: event
                .and_then(|event| event.api_version.as_deref())
                .or(call.api_version.as_deref())
                .or(settings.api_version.as_deref()),
            observed_at,
            now: call.now.or_else(|| observed_at.and_then(Moment::from_second)),
            event,
            embedded: false,
        }
    }

    /// When the object was so, in epoch seconds: at the time of its Event, else when it was read.
    fn updated_at(&self) -> Option<i64> {
        match self.event.and_then(|event| event.created) {
            Some(created) => created.parse().ok(),
            None => self.observed_at,
        }
    }

    /// The same in milliseconds, of which states of one object are told apart: in one second an Event tells more than
    /// what was read, which may be older than the Event.
    fn version(&self) -> Option<i64> {
        let told = self.event.is_some_and(|event| event.created.is_some());
        self.updated_at()?.checked_mul(1000)?.checked_add(i64::from(told))
    }

    /// What expressions of the current time and of chance are told.
    pub(crate) fn clock(&self, settings: &Settings) -> Clock {
        Clock::new(self.now, settings.seed)
    }
}

impl Transformer {
    /// Compiles the models for the given settings.
    pub fn open(settings: Settings) -> Result<Self, OpenError> {
        settings.check()?;
        let (models, checks) = models::compile(&settings)?;
        let runs = (0..=MAX_EMBEDDED_DEPTH).map(|_| Run::default()).collect();
        Ok(Self { settings, models, checks, runs, scratch: Vec::new() })
    }

    /// Compiles the models for settings given as JSON.
    pub fn open_json(settings: &[u8]) -> Result<Self, OpenError> {
        let refused = |error: &dyn std::fmt::Display| OpenError {
            problems: vec![format!("the settings cannot be read: {error}")],
        };
        // From text rather than bytes: the module then holds one reader of settings, not two.
        let settings = std::str::from_utf8(settings).map_err(|error| refused(&error))?;
        Self::open(serde_json::from_str(settings).map_err(|error| refused(&error))?)
    }

    /// Converts one object, appending to `output` (which the caller clears). After an error nothing
    /// has been appended.
    pub fn transform(
        &mut self,
        call: &Call,
        object: &[u8],
        output: &mut Output,
    ) -> Result<Outcome, ObjectError> {
        let (bytes, records) = (output.bytes.len(), output.records.len());
        let (warnings, unmapped, shed) = (output.warnings.len(), output.unmapped.len(), output.shed);
        let invalid = output.invalid.len();
        let result = self.convert(call, object, output);
        if result.is_err() {
            output.bytes.truncate(bytes);
            output.records.truncate(records);
            output.warnings.truncate(warnings);
            output.unmapped.truncate(unmapped);
            output.invalid.truncate(invalid);
            output.shed = shed;
        }
        result
    }

    fn convert(&mut self, call: &Call, object: &[u8], output: &mut Output) -> Result<Outcome, ObjectError> {
        let text = std::str::from_utf8(object).map_err(|error| ObjectError {
            code: "invalid_json".to_owned(),
            object: None,
            id: None,
            path: format!("byte {}", error.valid_up_to()),
            message: "the text is not UTF-8".to_owned(),
        })?;
        let Input { object, kind, event } = event::read(text).map_err(|refusal| named(refusal, text))?;
        let Some(resource) = kind.as_deref().or(call.resource.as_deref()) else {
            let refusal = Refusal {
                code: "missing_type",
                message: "the object has no `object` field; name the resource in the call".to_owned(),
                path: "object".to_owned(),
            };
            return Err(named(refusal, text));
        };
        if !RESOURCES.contains(&resource) {
            // Checked in full all the same: an unknown type is no licence for broken JSON.
            let mut scanner = dataprep::json::Scanner::new(object);
            scanner.value().and_then(|_| scanner.finish()).map_err(|error| named(error.into(), text))?;
            return Ok(Outcome::Skipped(resource.to_owned()));
        }
        let around = Around::of(event.as_ref(), call, &self.settings);
        if around.account.is_none() {
            let refusal = Refusal {
                code: "missing_account",
                message: "record ids need the Stripe account (acct_…): set `account`".to_owned(),
                path: String::new(),
            };
            return Err(named(refusal, object));
        }
        let maker = Maker {
            settings: &self.settings,
            models: &self.models,
            checks: &mut self.checks,
            scratch: &mut self.scratch,
            first: output.records.len(),
            output,
        };
        maker.make(&mut self.runs, resource, object, &around).map_err(|refusal| named(refusal, object))?;
        Ok(Outcome::Done)
    }
}

/// Whether a delivery makes the events of a resource. Where the state is a record besides, an object that
/// stands in another one tells its state only; that a subscription changed is told by Events alone, while an
/// invoice says of itself when it was finalized, paid or voided.
fn tells_event(resource: &str, around: &Around<'_>) -> bool {
    match resource {
        "subscription" => around.event.is_some() && !around.embedded,
        "invoice" => !around.embedded,
        _ => true,
    }
}

/// An error about an object, with what can still be read of its name.
fn named(refusal: Refusal, text: &str) -> ObjectError {
    let field = |name: &str| {
        dataprep::json::members(text)
            .filter(|(key, _)| *key == name)
            .find_map(|(_, span)| event::string(text, span))
            .map(Cow::into_owned)
    };
    ObjectError {
        code: refusal.code.to_owned(),
        object: field("object"),
        id: field("id"),
        path: refusal.path,
        message: refusal.message,
    }
}

struct Maker<'m> {
    settings: &'m Settings,
    models: &'m [Compiled],
    checks: &'m mut [RecordCheck],
    scratch: &'m mut Vec<u8>,
    /// Index of the object's first record in the output.
    first: usize,
    output: &'m mut Output,
}

impl Maker<'_> {
    /// Makes every record of one object, and of the objects embedded in it.
    fn make(
        mut self,
        runs: &mut [Run],
        resource: &str,
        object: &str,
        around: &Around<'_>,
    ) -> Result<(), Refusal> {
        self.object(runs, resource, object, around)
    }

    fn object(
        &mut self,
        runs: &mut [Run],
        resource: &str,
        object: &str,
        around: &Around<'_>,
    ) -> Result<(), Refusal> {
        let Some((run, deeper)) = runs.split_first_mut() else { return Ok(()) };
        run.clock = around.clock(self.settings);
        let context = context(resource, around, self.settings);
        let models = self.models;
        let mut is_first = true;
        for (dataset, model) in models.iter().enumerate().filter(|(_, model)| model.resource == resource) {
            if model.variant == Variant::Event && !tells_event(resource, around) {
                continue;
            }
            let start = self.output.bytes.len();
            model.plan.run(run, object, &context, self.settings, &mut self.output.bytes)?;
            let Some(id) = run.watched(0).find_map(|span| event::string(object, span)) else {
                return Err(missing("missing_id", "id", "the object has no id"));
            };
            let is_stub = run.watched(2).any(|span| span.kind == Kind::True);
            let is_deletion =
                !around.embedded && around.event.is_some_and(|event| event.is_deletion(resource));
            let key = model.key.map(|name| self.key(start, name)).transpose()?;
            if is_stub || is_deletion {
                self.output.bytes.truncate(start);
                if around.embedded {
                    return Ok(());
                }
                return match key {
                    Some(key) => self.deleted_row(dataset, model, &key, around),
                    None => self.tombstone(model, &id, around),
                };
            }
            if model.key.is_some() && around.updated_at().and_then(rfc3339).is_none() {
                return Err(missing("missing_time", "", NO_VERSION));
            }
            if model.variant == Variant::Event {
                check_event(model, run, around)?;
                self.fit(model, run, start);
            }
            let valid = self.check(dataset, model, around, start);
            self.output.records.push(Record {
                dataset: model.index,
                kind: if around.embedded { RecordKind::Embedded } else { RecordKind::Main },
                valid,
                span: start..self.output.bytes.len(),
            });
            self.warn(model, run, is_first);
            if is_first {
                self.embedded(model, run, deeper, object, around)?;
            }
            is_first = false;
        }
        Ok(())
    }

    /// Checks the record that has just been written against its schema.
    fn check(&mut self, dataset: usize, model: &Compiled, around: &Around<'_>, start: usize) -> bool {
        let Some(check) = self.checks.get_mut(dataset) else { return true };
        let index = self.output.records.len() - self.first;
        check.run(&model.plan, around.now, start, index, self.output)
    }

    /// The key that a row begins with, as a member.
    fn key(&self, start: usize, name: &str) -> Result<Vec<u8>, Refusal> {
        let row = self.output.bytes.get(start..).unwrap_or_default();
        let row = std::str::from_utf8(row).unwrap_or_default();
        let first = dataprep::json::members(row).next();
        match first.filter(|(key, _)| *key == name) {
            Some((_, value)) => Ok(row.as_bytes().get(1..value.end as usize).unwrap_or_default().to_vec()),
            None => Err(missing("missing_id", name, "the mapping of the row's key gives nothing")),
        }
    }

    /// A row that says that the one of its key is gone. Of one second it is the last word, because Stripe gives
    /// no id to two objects.
    fn deleted_row(
        &mut self,
        dataset: usize,
        model: &Compiled,
        key: &[u8],
        around: &Around<'_>,
    ) -> Result<(), Refusal> {
        let second = around.updated_at().filter(|second| rfc3339(*second).is_some());
        let Some(version) = second.and_then(|second| second.checked_mul(1000)?.checked_add(999)) else {
            return Err(missing("missing_time", "deleted", NO_VERSION));
        };
        let out = &mut self.output.bytes;
        let start = out.len();
        out.push(b'{');
        out.extend_from_slice(key);
        out.extend_from_slice(b",\"");
        out.extend_from_slice(VERSION.as_bytes());
        out.extend_from_slice(b"\":");
        out.extend_from_slice(version.to_string().as_bytes());
        out.extend_from_slice(b",\"");
        out.extend_from_slice(CHANGE.as_bytes());
        out.extend_from_slice(b"\":\"d\"}");
        let valid = self.check(dataset, model, around, start);
        self.output.records.push(Record {
            dataset: model.index,
            kind: RecordKind::Tombstone,
            valid,
            span: start..self.output.bytes.len(),
        });
        Ok(())
    }

    fn tombstone(&mut self, model: &Compiled, id: &str, around: &Around<'_>) -> Result<(), Refusal> {
        let Some(moment) = around.updated_at().and_then(rfc3339) else {
            return Err(missing(
                "missing_time",
                "deleted",
                "a deletion needs its time: send the Event, or set observed_at to when the object was read",
            ));
        };
        // The policy lets no hash pass without a salt.
        let salt = self.settings.privacy.salt.as_ref().filter(|_| model.hashes_id);
        let id = salt.map_or(Cow::Borrowed(id), |salt| keyed_hash(salt.bytes(), id).into());
        let out = &mut self.output.bytes;
        let start = out.len();
        out.extend_from_slice(b"{\"dataset\":");
        dataprep::json::write_string(&model.dataset, out);
        out.extend_from_slice(b",\"id\":");
        dataprep::json::write_string(&id, out);
        out.extend_from_slice(b",\"deleted_at\":");
        out.push(b'"');
        out.extend_from_slice(&moment);
        out.extend_from_slice(b"\"}");
        self.output.records.push(Record {
            dataset: model.index,
            kind: RecordKind::Tombstone,
            valid: true,
            span: start..self.output.bytes.len(),
        });
        Ok(())
    }

    /// Sheds metadata of an event that is too large.
    fn fit(&mut self, model: &Compiled, run: &Run, start: usize) {
        if self.output.bytes.len() - start <= MAX_EVENT {
            return;
        }
        let destination =
            |mapping| model.plan.mapping(mapping).map_or("", |mapping| mapping.destination.as_str());
        let maps = run
            .maps
            .iter()
            .map(|map| shed::Map {
                span: map.start - start..map.end - start,
                rank: shed::rank(destination(map.mapping)),
            })
            .collect();
        self.scratch.clear();
        self.scratch.extend_from_slice(&self.output.bytes[start..]);
        let shed = shed::shed(self.scratch, maps, &self.settings.metadata_priority);
        self.output.bytes.truncate(start);
        self.output.bytes.extend_from_slice(self.scratch);
        self.output.shed += shed;
        let mut warn = |code: &str, message: String| {
            self.output.warnings.push(Warning {
                code: code.to_owned(),
                path: String::new(),
                source: String::new(),
                message,
            });
        };
        if shed > 0 {
            warn(
                "metadata_shed",
                format!("{shed} metadata entries were left out to keep the event below {MAX_EVENT} bytes"),
            );
        }
        // Records that are checked are told about, or refused, by the rule about their size.
        if self.scratch.len() > MAX_EVENT && self.checks.is_empty() {
            warn(
                "event_too_large",
                format!(
                    "the event is larger than {MAX_EVENT} bytes even without metadata; Profile will drop it"
                ),
            );
        }
    }

    fn warn(&mut self, model: &Compiled, run: &mut Run, is_first: bool) {
        for warning in run.warnings.drain(..) {
            let mapping = model.plan.mapping(warning.mapping);
            let made = Warning {
                code: warning.code.to_owned(),
                path: mapping.map(|mapping| mapping.destination.clone()).unwrap_or_default(),
                source: mapping.map(|mapping| mapping.source.clone()).unwrap_or_default(),
                message: warning.message,
            };
            // Two models of one resource share most mappings: say it once.
            if !self.output.warnings.contains(&made) {
                self.output.warnings.push(made);
            }
        }
        for path in run.unmapped().iter().filter(|_| is_first) {
            self.output.unmapped.push(format!("{}.{path}", model.resource));
        }
    }

    /// Records of the objects that stand whole inside this one.
    fn embedded(
        &mut self,
        model: &Compiled,
        run: &Run,
        deeper: &mut [Run],
        object: &str,
        around: &Around<'_>,
    ) -> Result<(), Refusal> {
        let around = Around { embedded: true, ..*around };
        for (place, resource) in model.embedded.iter().enumerate() {
            for span in run.watched(WATCHED.len() + place).filter(|span| span.is_object()) {
                let inner = span.text(object);
                let own = event::read(inner).ok().and_then(|input| input.kind);
                let resource = match resource.as_str() {
                    "auto" => own.as_deref().unwrap_or_default(),
                    named if own.as_deref().is_none_or(|own| own == named) => named,
                    _ => continue,
                };
                if !RESOURCES.contains(&resource) {
                    continue;
                }
                let mark = (self.output.bytes.len(), self.output.records.len(), self.output.invalid.len());
                if let Err(refusal) = self.object(deeper, resource, inner, &around) {
                    self.output.bytes.truncate(mark.0);
                    self.output.records.truncate(mark.1);
                    self.output.invalid.truncate(mark.2);
                    self.output.warnings.push(Warning {
                        code: "embedded_object_failed".to_owned(),
                        path: refusal.path,
                        source: resource.to_owned(),
                        message: refusal.message,
                    });
                }
            }
        }
        Ok(())
    }
}

fn missing(code: &'static str, path: &str, message: &str) -> Refusal {
    Refusal { code, message: message.to_owned(), path: path.to_owned() }
}

/// An event without its time is not XDM, so the object fails rather than a field.
fn check_event(model: &Compiled, run: &Run, around: &Around<'_>) -> Result<(), Refusal> {
    let has_time = (!around.embedded && around.event.is_some_and(|event| event.created.is_some()))
        || run.watched(1).any(|span| span.is_present());
    if !has_time {
        return Err(missing("missing_time", "created", "the object has no created time"));
    }
    let fatal = run.warnings.iter().find(|warning| {
        let destination = model.plan.mapping(warning.mapping).map(|mapping| mapping.destination.as_str());
        warning.code != "clamped_timestamp" && matches!(destination, Some("timestamp" | "_id"))
    });
    match fatal {
        None => Ok(()),
        Some(warning) => Err(missing(warning.code, "created", &warning.message)),
    }
}

/// The values of [`models::CONTEXT`], in its order.
pub(crate) fn context<'a>(
    resource: &str,
    around: &Around<'a>,
    settings: &Settings,
) -> [Value<'a>; CONTEXT.len()] {
    let event = around.event.filter(|_| !around.embedded);
    let text = |value: Option<&'a str>| value.map_or(Value::Null, Value::string);
    let number = |value: Option<i64>| value.map_or(Value::Null, Value::integer);
    let created =
        event.and_then(|event| event.created).map_or(Value::Null, |text| Value::Number(Cow::Borrowed(text)));
    let version = number(around.version());
    // An embedded object is as fresh as the event that carries it.
    let updated = match around.event.and_then(|event| event.created) {
        Some(created) => Value::Number(Cow::Borrowed(created)),
        None => number(around.observed_at),
    };
    [
        text(around.account),
        text(around.api_version),
        text(event.and_then(|event| event.id.as_deref())),
        text(event.and_then(|event| event.event_type.as_deref())),
        text(event.and_then(|event| event.request.as_deref())),
        around.livemode.map_or(Value::Null, Value::Bool),
        created,
        number(around.observed_at),
        updated,
        version,
        Value::Bool(event.is_none_or(|event| event.is_fact(resource))),
        Value::Bool(settings.purchase_measure),
        Value::Bool(settings.email_identity),
    ]
}
