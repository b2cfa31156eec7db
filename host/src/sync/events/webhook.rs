//! Events that Stripe sent by itself. The choice, the records and the rules are those of the list: what came by
//! webhook is heard, so that the list's reading passes it over, and the reverse.
//!
//! A thin Event names its object and holds nothing of it, so that the object is read by its id, which is how things
//! are now.

use super::choice::{Fate, Followed, Ignored};
use super::event::{Event, whose};
use super::{Around, EventsSummary, Reader, WALK, bookmark};
use crate::ledger::{Heard, Ledger, LedgerError};
use crate::module::Call;
use crate::stripe::{ApiError, Resource};
use crate::sync::{again, digest, lock};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

/// Events that go to the module together.
const TOGETHER: usize = 500;

/// What a snapshot and a thin Event say that they are.
const SNAPSHOT: &str = "event";
const THIN: &str = "v2.core.event";

/// Whether a text is an Event of either style.
fn is_event(text: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow)]
        object: Cow<'a, str>,
        #[serde(borrow)]
        id: Cow<'a, str>,
        #[serde(borrow, rename = "type")]
        name: Cow<'a, str>,
    }
    // An array of three texts would be read as one, too.
    let is_object = text.trim_ascii_start().first() == Some(&b'{');
    is_object
        && serde_json::from_slice::<Head<'_>>(text).is_ok_and(|head| {
            matches!(&*head.object, SNAPSHOT | THIN) && !head.id.is_empty() && !head.name.is_empty()
        })
}

/// The Events in a body: one, or several in an array, each bare or as Amazon EventBridge (`detail`) or a CloudEvent of
/// Azure Event Grid (`data`) wraps it. None when anything else is in it.
pub fn events_in(body: &Bytes) -> Option<Vec<Bytes>> {
    #[derive(Deserialize)]
    struct Outer<'a> {
        #[serde(borrow, default)]
        object: Option<&'a RawValue>,
        #[serde(borrow, default, rename = "detail-type")]
        detail_type: Option<&'a RawValue>,
        #[serde(borrow, default)]
        detail: Option<&'a RawValue>,
        #[serde(borrow, default)]
        specversion: Option<&'a RawValue>,
        #[serde(borrow, default)]
        data: Option<&'a RawValue>,
    }
    if is_event(body) {
        return Some(vec![body.clone()]);
    }
    let all: Vec<&RawValue> = match serde_json::from_slice(body) {
        Ok(several) => several,
        Err(_) => vec![serde_json::from_slice(body).ok()?],
    };
    let event = |wrapped: &RawValue| {
        let inner = match serde_json::from_str(wrapped.get()).ok()? {
            Outer { object: None, detail_type: Some(_), detail, .. } => detail?,
            Outer { object: None, specversion: Some(_), data, .. } => data?,
            Outer { .. } => wrapped,
        };
        let text = inner.get().as_bytes();
        is_event(text).then(|| body.slice_ref(text))
    };
    all.into_iter().map(event).collect()
}

/// The account that an Event says it is about; none when it is the one that the endpoint belongs to.
pub fn account_of(event: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct About<'a> {
        #[serde(borrow, default)]
        account: Option<Cow<'a, str>>,
        #[serde(borrow, default)]
        context: Option<Cow<'a, str>>,
    }
    let About { account, context } = serde_json::from_slice(event).ok()?;
    whose(account, context)
}

/// A thin Event.
#[derive(Debug, Clone)]
struct Thin {
    id: String,
    at: i64,
    livemode: Option<bool>,
    /// The account that it is about, when that is one connected to the endpoint's.
    account: Option<String>,
    /// The `object` and the id of what it is about; empty of what is about nothing.
    kind: String,
    object: String,
}

impl Thin {
    fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Raw<'a> {
            #[serde(borrow)]
            object: Cow<'a, str>,
            id: String,
            #[serde(borrow)]
            created: Cow<'a, str>,
            #[serde(default)]
            livemode: Option<bool>,
            #[serde(borrow, default)]
            context: Option<Cow<'a, str>>,
            #[serde(default)]
            related_object: Option<Related>,
        }
        #[derive(Deserialize)]
        struct Related {
            id: String,
            #[serde(rename = "type")]
            kind: String,
        }
        let raw: Raw<'_> = serde_json::from_slice(body).ok()?;
        let at = raw.created.parse::<jiff::Timestamp>().ok()?.as_second();
        let (kind, object) = raw.related_object.map(|related| (related.kind, related.id)).unwrap_or_default();
        let Raw { id, livemode, context, .. } = raw;
        (raw.object == THIN).then_some(Self { id, at, livemode, account: whose(None, context), kind, object })
    }
}

/// From when on an account's Events are taken, by resource: what is older was told by the list, or was there before
/// anything was listed.
pub(in crate::sync) fn followed_since(
    ledger: &mut dyn Ledger,
    account: i64,
    resources: &[Resource],
) -> Result<BTreeMap<Resource, i64>, LedgerError> {
    let mut since = BTreeMap::new();
    for resource in resources.iter().copied().filter(|resource| !resource.events().is_empty()) {
        let known = ledger.bookmark(account, &bookmark(resource))?;
        since.insert(resource, known.map_or(i64::MIN, |at| at.saturating_sub(super::OVERLAP)));
    }
    Ok(since)
}

/// Takes what came by webhook, file by file.
pub(in crate::sync) struct Hearing {
    reader: Reader,
    /// Stripe's id of the account.
    name: String,
    /// Whether Stripe's API gave no answer: it is not asked again by this hearing.
    unanswered: Option<ApiError>,
}

impl Hearing {
    pub(in crate::sync) fn new(around: Around, name: &str, since: BTreeMap<Resource, i64>) -> Self {
        let (livemode, versions) = (around.livemode, around.versions.clone());
        let followed = Followed { since, livemode, versions };
        let (recent, next) = Default::default();
        let reader = Reader { around, followed, kind: None, recent, next, lenient: true };
        Self { reader, name: name.to_owned(), unanswered: None }
    }

    /// Sends to delivery what the bodies tell. An error says that some could not be taken yet: all of them are to be
    /// heard again.
    pub(in crate::sync) async fn hear(&mut self, bodies: &[Bytes]) -> Result<(), ApiError> {
        let (mut seconds, mut thin) = (BTreeMap::<i64, Vec<Event>>::new(), Vec::new());
        let mut count = EventsSummary { read: bodies.len() as u64, ..EventsSummary::default() };
        let others = |account: &Option<String>| account.as_ref().is_some_and(|account| *account != self.name);
        for body in bodies {
            match Event::read(body) {
                Some(event) if others(&event.account) => count.ignore(Ignored::OtherAccount.word(), 1),
                Some(event) => seconds.entry(event.at).or_default().push(event),
                None => match Thin::read(body) {
                    Some(event) if others(&event.account) => count.ignore(Ignored::OtherAccount.word(), 1),
                    Some(event) => thin.push(event),
                    None => count.ignore(Ignored::Unreadable.word(), 1),
                },
            }
        }
        self.reader.count(|summary| summary.add(&count));
        let chosen = seconds.into_values().flat_map(|second| self.reader.choose(second));
        // What Stripe is asked about goes by itself, so that the others do not wait for the answers.
        let (asked, told): (Vec<_>, Vec<_>) = chosen.partition(|(event, fate)| match fate {
            Fate::Taken(resource) => !self.reader.lacking(*resource, event).is_empty(),
            Fate::Unordered(_) | Fate::Around(_) | Fate::Object(_) => true,
            Fate::Ignored(_) => false,
        });
        let call = Call { observed_at: Some(self.reader.around.now), ..Call::default() };
        let (mut plans, mut prices) = (Vec::new(), HashSet::new());
        for together in chunks(told) {
            self.reader.follow(together, &call, &mut plans, &mut prices).await?;
        }
        if let Some(error) = &self.unanswered
            && !(asked.is_empty() && thin.is_empty())
        {
            return Err(error.clone());
        }
        let asked = self.ask(chunks(asked), thin, &call, &mut plans, &mut prices).await;
        self.unanswered = asked.as_ref().err().cloned();
        asked
    }

    async fn ask(
        &self,
        asked: Vec<Vec<(Event, Fate)>>,
        thin: Vec<Thin>,
        call: &Call,
        plans: &mut Vec<Event>,
        prices: &mut HashSet<String>,
    ) -> Result<(), ApiError> {
        for together in asked {
            self.reader.follow(together, call, plans, prices).await?;
        }
        self.reader.plans(std::mem::take(plans), prices).await?;
        self.thin(thin).await
    }

    /// Reads the objects of thin Events.
    async fn thin(&self, thin: Vec<Thin>) -> Result<(), ApiError> {
        let reader = &self.reader;
        let mut wanted: BTreeMap<(Resource, String), Vec<Thin>> = BTreeMap::new();
        for event in thin {
            let resource = Resource::from_object(&event.kind);
            let since = resource.and_then(|resource| reader.followed.since.get(&resource));
            let fact = digest::of_bytes(event.id.as_bytes());
            let heard = || lock(&reader.around.ledger).heard(reader.around.account, &event.id, &fact);
            let ignored = match (resource, since) {
                _ if event.livemode.is_some_and(|mode| mode != reader.around.livemode) => Ignored::OtherMode,
                (None, _) => Ignored::OtherObject,
                (Some(_), None) => Ignored::NotFollowed,
                (Some(_), Some(since)) if event.at < *since || heard().unwrap_or(false) => Ignored::Known,
                (Some(resource), Some(_)) => {
                    wanted.entry((resource, event.object.clone())).or_default().push(event);
                    continue;
                }
            };
            reader.count(|summary| summary.ignore(ignored.word(), 1));
        }
        let objects = reader.read_anew(wanted.keys().map(|key| (key.clone(), 0)).collect()).await?;
        let mut bare = Vec::new();
        for (key, (again, created)) in objects {
            // Each Event is heard; the second of one object finds its record unchanged.
            for event in wanted.remove(&key).unwrap_or_default() {
                let fact = digest::of_bytes(event.id.as_bytes());
                let mut told = again.told(created, false);
                told.heard = Some(Heard { id: event.id, at: event.at, fact });
                bare.push((again.clone(), told));
            }
        }
        for page in again::pages(bare, WALK) {
            reader.send(page).await?;
        }
        Ok(())
    }

    /// The number of the page that would be next.
    pub(in crate::sync) fn ends(&mut self) -> u64 {
        *self.reader.next.get_mut()
    }

    /// Reads objects anew, of which two Events of one second came apart from each other.
    pub(in crate::sync) async fn settle(
        &self,
        unordered: BTreeMap<(Resource, String), i64>,
    ) -> Result<(), ApiError> {
        let objects = self.reader.read_anew(unordered).await?;
        let bare = objects.into_values().map(|(again, created)| {
            let told = again.told(created, false);
            (again, told)
        });
        for page in again::pages(bare.collect(), WALK) {
            self.reader.send(page).await?;
        }
        Ok(())
    }
}

fn chunks(mut events: Vec<(Event, Fate)>) -> Vec<Vec<(Event, Fate)>> {
    let mut chunks = Vec::new();
    while !events.is_empty() {
        let rest = events.split_off(events.len().min(TOGETHER));
        chunks.push(std::mem::replace(&mut events, rest));
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str) -> Option<Vec<String>> {
        let events = events_in(&Bytes::copy_from_slice(body.as_bytes()))?;
        Some(events.iter().map(|event| String::from_utf8_lossy(event).into_owned()).collect())
    }

    const SNAPSHOT_EVENT: &str = r#"{"id":"evt_1","object":"event","type":"x","created":1, "data":{"object":{"amount":9007199254740993}}}"#;

    #[test]
    fn events_of_both_styles_are_events_and_nothing_else_is() {
        let thin = r#"{"id":"evt_1","object":"v2.core.event","type":"v1.charge.succeeded","livemode":false,
            "created":"2026-09-21T14:13:40.123Z","related_object":{"id":"ch_1","type":"charge","url":"/v1/charges/ch_1"}}"#;
        assert_eq!(texts(thin).unwrap(), [thin]);
        let read = Thin::read(thin.as_bytes()).unwrap();
        assert_eq!((read.at, read.kind.as_str(), read.object.as_str()), (1_790_000_020, "charge", "ch_1"));
        let about_nothing =
            r#"{"id":"evt_1","object":"v2.core.event","type":"x","created":"2026-09-21T14:13:40Z"}"#;
        assert_eq!(Thin::read(about_nothing.as_bytes()).unwrap().kind, "");
        assert_eq!(texts(SNAPSHOT_EVENT).unwrap(), [SNAPSHOT_EVENT]);
        assert!(Thin::read(SNAPSHOT_EVENT.as_bytes()).is_none());
        for none in [
            "",
            "{}",
            "[{}]",
            "null",
            r#"["event","evt_1","x"]"#,
            r#"{"id":"ch_1","object":"charge","type":"x"}"#,
            r#"{"id":"","object":"event","type":"x"}"#,
            r#"{"detail-type":"x","detail":null}"#,
            r#"{"detail-type":"x","detail":{"object":"charge"}}"#,
            r#"{"specversion":"1.0","data":[]}"#,
        ] {
            assert_eq!(texts(none), None, "{none}");
        }
    }

    #[test]
    fn wrapped_events_are_found_as_they_were_written() {
        let bridge = format!(r#" {{"version":"0","id":"1","detail-type":"x","detail": {SNAPSHOT_EVENT} }}"#);
        let grid = format!(r#"{{"specversion":"1.0","id":"1","type":"x","data":{SNAPSHOT_EVENT}}}"#);
        for wrapped in [&bridge, &grid] {
            assert_eq!(texts(wrapped).unwrap(), [SNAPSHOT_EVENT]);
        }
        assert_eq!(texts(&format!("[{bridge},{grid}, {SNAPSHOT_EVENT}]")).unwrap(), [SNAPSHOT_EVENT; 3]);
        assert_eq!(texts("[]").unwrap(), [""; 0]);
        assert_eq!(texts(&format!("[{grid},{{}}]")), None);
    }

    #[test]
    fn an_event_says_whose_it_is() {
        for (more, account) in [
            ("", None),
            (r#","account":null,"context":null"#, None),
            (r#","account":"acct_1""#, Some("acct_1")),
            (r#","account":"acct_1","context":"acct_1""#, Some("acct_1")),
            (r#","context":"acct_1""#, Some("acct_1")),
            (r#","context":"org_1/acct_1""#, Some("acct_1")),
        ] {
            let event = format!(r#"{{"id":"evt_1","object":"event"{more}}}"#);
            assert_eq!(account_of(event.as_bytes()).as_deref(), account, "{more}");
        }
    }
}
