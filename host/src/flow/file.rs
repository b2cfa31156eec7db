//! The declarative file: what is asked for, read from TOML, with everything that is wrong with it told at once.

use super::names::is_tag;
use super::schedule::Schedule;
use crate::config::{SecretRef, is_account};
use crate::schedule::Frequency;
use crate::stripe::{Key, Mode};
use serde_json::{Map, Value};
use std::path::Path;
use toml::de::{DeTable, DeValue};

type Table = Map<String, Value>;

/// The largest file that is read.
const LARGEST: u64 = 1 << 20;

/// The resources that Adobe's source has, by its paths; each with the models that it can be mapped by, the default
/// first.
pub const RESOURCES: [(&str, &[&str]); 6] = [
    ("charges", &["charge"]),
    ("subscriptions", &["subscription.record", "subscription.event"]),
    ("refunds", &["refund"]),
    ("balance_transactions", &["balance_transaction"]),
    ("customers", &["customer"]),
    ("prices", &["price"]),
];

/// What is asked for.
#[derive(Debug, Clone)]
pub struct FlowFile {
    /// What tells its things from those of other files.
    pub name: String,
    /// The Stripe account, which record ids are made with.
    pub account: String,
    /// Whether the account's objects are of live mode, for those that do not say it.
    pub livemode: Option<bool>,
    /// Where the key is that Adobe is to read Stripe with.
    pub access_token: SecretRef,
    /// The flows.
    pub flows: Vec<Entry>,
}

/// One flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The resource that it reads, as Adobe's source calls it.
    pub resource: String,
    /// The model that it is mapped by.
    pub model: String,
    /// The dataset that it fills; that of the model when absent.
    pub dataset: Option<String>,
    /// Percentage of failed records up to which a run's others are taken.
    pub partial: u8,
    /// When it runs.
    pub schedule: Schedule,
}

impl Entry {
    /// Whether a person means it by a word: a model, or a resource.
    pub fn is_called(&self, word: &str) -> bool {
        self.model == word || self.resource == word
    }
}

impl FlowFile {
    /// Reads a file; or tells all that is wrong with it.
    pub fn read(path: &Path) -> Result<Self, Vec<String>> {
        let unreadable = |error: std::io::Error| vec![format!("cannot be read: {error}")];
        if std::fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
            return Err(vec![format!("is larger than {LARGEST} bytes; is it the right file?")]);
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(path, &text)
    }

    /// Reads a file's text. Relative paths start at the directory of `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<String>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (document, errors) = DeTable::parse_recoverable(text);
        if let Some(error) = errors.first() {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(1, |text| text.matches('\n').count() + 1);
            // Only the first line says what is wrong; the others can show what stands there.
            let message = error.message().lines().next().unwrap_or_default();
            return Err(vec![format!("line {line} is not TOML: {message}")]);
        }
        let table = table(document.get_ref());
        let mut reader = Reader { path, problems: Vec::new() };
        let file = reader.file(&table);
        match file {
            Some(file) if reader.problems.is_empty() => Ok(file),
            _ => Err(reader.problems),
        }
    }

    /// Reads the key.
    pub fn token(&self) -> Result<AccessToken, String> {
        let text = self.access_token.read().map_err(|error| format!("access_token: {error}"))?;
        let key =
            Key::new(&text).map_err(|error| format!("access_token ({}): {error}", self.access_token))?;
        let wrong = match (key.mode(), self.livemode) {
            (Some(Mode::Live), Some(false)) => Some(("live", "false")),
            (Some(Mode::Test), Some(true)) => Some(("test", "true")),
            _ => None,
        };
        match wrong {
            Some((is, said)) => Err(format!(
                "access_token ({}) is a key of {is} mode, but livemode is {said}: use a key of the other mode, or \
                 change livemode",
                self.access_token
            )),
            None => Ok(AccessToken(key)),
        }
    }
}

/// The key that Adobe is given. Its `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub struct AccessToken(pub(super) Key);

struct Reader<'a> {
    path: &'a Path,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn say(&mut self, message: impl Into<String>) {
        self.problems.push(message.into());
    }

    fn known(&mut self, place: &str, table: &Table, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.as_str())) {
            // A key may be anything, also a secret in the wrong place.
            let key: String =
                if key.contains("k_") { "[hidden]".to_owned() } else { key.chars().take(40).collect() };
            self.say(format!("{place}{key} is not known here; known are {}", known.join(", ")));
        }
    }

    fn text(&mut self, place: &str, value: &Value) -> Option<String> {
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.say(format!("{place} must be a text"));
        }
        text
    }

    fn flag(&mut self, place: &str, value: &Value) -> Option<bool> {
        if value.as_bool().is_none() {
            self.say(format!("{place} must be true or false"));
        }
        value.as_bool()
    }

    fn file(&mut self, table: &Table) -> Option<FlowFile> {
        self.known(
            "",
            table,
            &["name", "account", "livemode", "access_token", "partial", "schedule", "flow"],
        );
        let name = match table.get("name") {
            Some(value) => self.text("name", value).unwrap_or_default(),
            None => "stripe".to_owned(),
        };
        if !is_tag(&name) {
            self.say(
                "name must be letters, digits, - and _, at most 40: it is part of what things are called",
            );
        }
        let account = table.get("account").and_then(|value| self.text("account", value)).unwrap_or_default();
        if !is_account(&account) {
            self.say("account is missing, or not like acct_1A2b3C: record ids are made with it");
        }
        let livemode = table.get("livemode").and_then(|value| self.flag("livemode", value));
        let partial = table.get("partial").map_or(Some(5), |value| self.percent("partial", value));
        let schedule = match table.get("schedule") {
            Some(value) => self.schedule("schedule", value, None),
            None => Schedule::default(),
        };
        let access_token = self.token(table.get("access_token"));
        let flows = self.flows(table.get("flow"), schedule, partial?);
        Some(FlowFile { name, account, livemode, access_token: access_token?, flows })
    }

    fn percent(&mut self, place: &str, value: &Value) -> Option<u8> {
        let percent = value.as_i64().and_then(|number| u8::try_from(number).ok());
        let percent = percent.filter(|percent| *percent <= 100);
        if percent.is_none() {
            self.say(format!("{place} must be a percentage from 0 to 100"));
        }
        percent
    }

    /// Where the key is. What stands there is never shown: it may be the key.
    fn token(&mut self, value: Option<&Value>) -> Option<SecretRef> {
        let table = value.and_then(Value::as_object);
        let one = table.filter(|table| table.len() == 1).and_then(|table| table.iter().next());
        let found = match one.and_then(|(key, value)| Some((key.as_str(), value.as_str()?))) {
            Some(("env", name)) => Some(SecretRef::Env(name.to_owned())),
            Some(("file", file)) => {
                let directory = self.path.parent().unwrap_or_else(|| Path::new(""));
                Some(SecretRef::File(directory.join(file)))
            }
            _ => None,
        };
        if found.is_none() {
            self.say(
                "access_token must say where the key is: { env = \"NAME\" } or { file = \"path\" }; the key itself never \
                 stands in this file",
            );
        }
        found
    }

    fn flows(&mut self, value: Option<&Value>, schedule: Schedule, partial: u8) -> Vec<Entry> {
        let Some(value) = value else {
            self.say("there is no [[flow]]: name at least one resource");
            return Vec::new();
        };
        let tables: Option<Vec<&Table>> =
            value.as_array().and_then(|all| all.iter().map(Value::as_object).collect());
        let Some(tables) = tables.filter(|tables| !tables.is_empty()) else {
            self.say("flow must be tables: [[flow]]");
            return Vec::new();
        };
        let mut entries: Vec<Entry> = Vec::new();
        for (index, table) in tables.iter().enumerate() {
            let place = format!("flow {}: ", index + 1);
            let Some(entry) = self.entry(&place, table, schedule, partial) else { continue };
            if entries.iter().any(|known| known.model == entry.model) {
                self.say(format!(
                    "{place}{} has a flow already: two would append everything twice",
                    entry.model
                ));
            }
            entries.push(entry);
        }
        entries
    }

    fn entry(&mut self, place: &str, table: &Table, schedule: Schedule, partial: u8) -> Option<Entry> {
        self.known(place, table, &["resource", "model", "dataset", "partial", "schedule"]);
        let resource = table.get("resource").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some((_, models)) = RESOURCES.iter().find(|(path, _)| *path == resource) else {
            let known: Vec<&str> = RESOURCES.iter().map(|(path, _)| *path).collect();
            self.say(format!(
                "{place}resource must be one of {}: Adobe's source has no others",
                known.join(", ")
            ));
            return None;
        };
        let model = match table.get("model") {
            None => models.first().copied().unwrap_or_default().to_owned(),
            Some(value) => self.text(&format!("{place}model"), value)?,
        };
        if !models.contains(&model.as_str()) {
            self.say(format!("{place}model must be {} for {resource}", models.join(" or ")));
        }
        let dataset = table.get("dataset").and_then(|value| self.text(&format!("{place}dataset"), value));
        let schedule = match table.get("schedule") {
            Some(value) => self.schedule(&format!("{place}schedule"), value, Some(schedule)),
            None => schedule,
        };
        let partial = match table.get("partial") {
            Some(value) => self.percent(&format!("{place}partial"), value)?,
            None => partial,
        };
        Some(Entry { resource, model, dataset, partial, schedule })
    }

    /// A schedule; what it leaves out is as in the file's own.
    fn schedule(&mut self, place: &str, value: &Value, general: Option<Schedule>) -> Schedule {
        let mut schedule = general.unwrap_or_default();
        let Some(table) = value.as_object() else {
            self.say(format!("{place} must be a table"));
            return schedule;
        };
        self.known(&format!("{place}."), table, &["start", "frequency", "interval", "backfill"]);
        if let Some(value) = table.get("frequency") {
            match value.as_str().and_then(Frequency::named) {
                Some(frequency) => {
                    if frequency != schedule.frequency {
                        // An interval counts units of its own frequency.
                        schedule.interval = None;
                    }
                    if frequency == Frequency::Once {
                        schedule.backfill = None;
                    } else {
                        schedule.backfill = schedule.backfill.or(Some(true));
                    }
                    schedule.frequency = frequency;
                }
                None => self.say(format!("{place}.frequency must be once, minute, hour, day or week")),
            }
        }
        if let Some(value) = table.get("interval") {
            match value.as_i64().and_then(|number| u32::try_from(number).ok()) {
                Some(interval) => schedule.interval = Some(interval),
                None => self.say(format!("{place}.interval must be a whole number")),
            }
        }
        if let Some(value) = table.get("backfill") {
            schedule.backfill = self.flag(&format!("{place}.backfill"), value);
        }
        if let Some(value) = table.get("start") {
            schedule.start = time(value);
            if schedule.start.is_none() {
                self.say(format!("{place}.start must be a time such as 2026-12-01T06:00:00Z, or a date"));
            }
        }
        for problem in schedule.problems() {
            self.say(format!("{place}.{problem}"));
        }
        schedule
    }
}

/// A table of the file; times are texts in it.
fn table(table: &DeTable<'_>) -> Table {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), plain(value.get_ref()))).collect()
}

fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => Value::from(number.as_str()),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| plain(item.get_ref())).collect(),
        DeValue::Table(members) => Value::Object(table(members)),
    }
}

/// Epoch seconds of a time, a date, or a number.
fn time(value: &Value) -> Option<i64> {
    if let Some(epoch) = value.as_i64() {
        return Some(epoch);
    }
    let text = value.as_str()?;
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_second());
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

/// A file with everything in it, explained.
pub fn example() -> &'static str {
    include_str!("example.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<FlowFile, Vec<String>> {
        FlowFile::parse(Path::new("/etc/flows.toml"), text)
    }

    const HEAD: &str = "account = \"acct_1\"\naccess_token = { file = \"key\" }\n";

    #[test]
    fn the_example_is_a_file_that_can_be_read() {
        let file = parse(example()).unwrap();
        assert_eq!(file.name, "shop");
        assert_eq!(file.flows.len(), 6);
        assert_eq!(file.access_token, SecretRef::Env("STRIPE_ACCESS_TOKEN".to_owned()));
    }

    #[test]
    fn a_flow_has_what_the_file_says_unless_it_says_otherwise() {
        let text = format!(
            "{HEAD}partial = 10\n[schedule]\nfrequency = \"minute\"\ninterval = 30\n[[flow]]\nresource = \"charges\"\n\
             [[flow]]\nresource = \"subscriptions\"\nmodel = \"subscription.event\"\npartial = 0\n\
             schedule = {{ frequency = \"once\", start = 2026-12-01 }}\n"
        );
        let file = parse(&text).unwrap();
        assert_eq!(file.access_token, SecretRef::File("/etc/key".into()));
        let [charges, events] = &file.flows[..] else { panic!("{file:?}") };
        assert_eq!((charges.model.as_str(), charges.partial), ("charge", 10));
        assert_eq!(charges.schedule.to_string(), "every 30 minutes");
        assert_eq!((events.partial, events.schedule.to_string()), (0, "once from 2026-12-01".to_owned()));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_no_secret_with_it() {
        let problems = parse(
            "name = \"a,b\"\naccess_token = \"sk_live_verysecret\"\nsk_live_verysecret = 1\nlivemode = 3\n\
             [schedule]\nfrequency = \"minute\"\ninterval = 5\n\
             [[flow]]\nresource = \"invoices\"\n[[flow]]\nresource = \"charges\"\nmodel = \"refund\"\n",
        )
        .unwrap_err();
        assert_eq!(problems.len(), 8, "{problems:#?}");
        assert!(!problems.concat().contains("verysecret"), "{problems:#?}");
        let syntax = parse("access_token = sk_live_verysecret\n").unwrap_err();
        assert!(syntax[0].starts_with("line 1") && !syntax[0].contains("verysecret"), "{syntax:?}");
    }

    #[test]
    fn two_flows_of_a_model_are_one_too_many() {
        let twice = format!("{HEAD}[[flow]]\nresource = \"charges\"\n[[flow]]\nresource = \"charges\"\n");
        assert!(parse(&twice).unwrap_err()[0].contains("twice"));
    }
}
