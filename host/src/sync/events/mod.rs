//! What changed since the last run, as Stripe's Events tell it: the list of Events from the bookmark on, with an
//! overlap for those that appear late, up to a minute ago, because they are not all there at once.
//!
//! Every Event makes its own records, and the state of its object as it was then; the ledger's rule that older
//! never replaces newer puts them into order however they come. What an Event cannot tell is read anew by its id:
//! objects in a version that the module does not read, objects that Stripe shows a part of, and those of several
//! Events in one second. Parts that Stripe shows on demand only are in no Event; they are read by the id and put in.

mod choice;
mod event;
mod webhook;

pub(super) use webhook::{Hearing, followed_since};

pub use summary::EventsSummary;
pub use webhook::{account_of, events_in};

mod summary;

use super::older::{List, Older};
use super::{Fetched, Job, SharedLedger, Told, again, lock};
use crate::ledger::{Heard, Version};
use crate::module::{ApiVersions, Call};
use crate::stripe::{Answer, ApiError, Client, Object, Page, Resource};
use again::Again;
use choice::{Fate, Followed, Seconds};
use event::Event;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;

/// How far each run looks back behind its bookmark, in seconds: Events appear late.
pub(super) const OVERLAP: i64 = 600;
/// The last seconds are left to the next run: not all of their Events are in the list yet.
pub(super) const LAG: i64 = 60;

/// The number of the walk within the run; no range of a list has it.
pub(super) const WALK: usize = usize::MAX;

/// Windows longer than this are read in parts, side by side.
const PART: i64 = 3_600;
const PARTS: i64 = 8;
/// Most facts that are kept in mind besides the ledger: more than can be on their way to it.
const RECENT: usize = 50_000;

/// What is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// Earliest time.
    pub(super) gte: i64,
    /// First time that is left to the next run.
    pub(super) lt: i64,
    /// The resources that are followed, each with the time from which its Events are taken.
    pub(super) since: BTreeMap<Resource, i64>,
}

/// What reading Events needs.
pub(super) struct Around {
    pub(super) client: Arc<Client>,
    pub(super) ledger: SharedLedger,
    pub(super) jobs: async_channel::Sender<Job>,
    /// The account's number.
    pub(super) account: i64,
    pub(super) livemode: bool,
    /// The API versions that the module reads.
    pub(super) versions: ApiVersions,
    /// The run's time.
    pub(super) now: i64,
    /// What is counted.
    pub(super) summary: Arc<Mutex<EventsSummary>>,
}

/// The bookmark up to which a resource's Events are known.
pub(super) fn bookmark(resource: Resource) -> String {
    format!("events {}", resource.name())
}

/// The bookmark of all Events that are followed.
pub(super) const BOOKMARK: &str = "events";

/// Reads the Events, and at last moves the bookmarks. A failure leaves them where they are.
pub(super) async fn read(around: Around, reading: Reading) {
    let followed = Followed {
        since: reading.since.clone(),
        livemode: around.livemode,
        versions: around.versions.clone(),
    };
    let jobs = around.jobs.clone();
    {
        let mut summary = around.summary.lock().unwrap_or_else(PoisonError::into_inner);
        (summary.from, summary.to) = (Some(reading.gte), Some(reading.lt));
    }
    let reader = Arc::new(Reader {
        around,
        followed,
        kind: choice::wildcard(reading.since.keys().copied()),
        recent: Mutex::default(),
        next: tokio::sync::Mutex::new(0),
        lenient: false,
    });
    let mut parts = JoinSet::new();
    for (gte, lt) in parts_of(reading.gte, reading.lt) {
        let reader = reader.clone();
        parts.spawn(async move { reader.part(gte, lt).await });
    }
    let mut error = None;
    while let Some(part) = parts.join_next().await {
        let failed = match part {
            Ok(done) => done.err().map(|e| e.to_string()),
            Err(died) => Some(died.to_string()),
        };
        error = error.or(failed);
    }
    if error.is_none() {
        let names = reading.since.keys().copied().map(bookmark).chain([BOOKMARK.to_owned()]);
        let call = Call { observed_at: Some(reader.around.now), ..Call::default() };
        let bookmarks = names.map(|name| (name, reading.lt)).collect();
        let last = Fetched { bookmarks, ..Fetched::new(WALK, Page::of(Vec::new()), call) };
        error = reader.send(last).await.err().map(|e| e.to_string());
    }
    let number = *reader.next.lock().await;
    // Nobody listens any more only when the delivery failed, which tells for itself.
    let _gone = jobs.send(Job::Over { walk: WALK, number, error }).await;
}

/// A window as parts that can be read side by side; no second is in two of them.
fn parts_of(gte: i64, lt: i64) -> Vec<(i64, i64)> {
    let long = lt.saturating_sub(gte);
    let parts = (long / PART).clamp(1, PARTS);
    let edge = |n: i64| gte.saturating_add(long.saturating_mul(n) / parts);
    (0..parts).map(|n| (edge(n), edge(n + 1))).filter(|(gte, lt)| gte < lt).collect()
}

struct Reader {
    around: Around,
    followed: Followed,
    kind: Option<String>,
    /// Facts that may still be on their way to the ledger.
    recent: Mutex<Recent>,
    next: tokio::sync::Mutex<u64>,
    /// Whether an object that Stripe refuses to show fails nothing but itself.
    lenient: bool,
}

/// The newest facts, the older half of them forgotten now and then.
#[derive(Default)]
struct Recent {
    new: HashSet<crate::ledger::Digest>,
    old: HashSet<crate::ledger::Digest>,
}

impl Recent {
    /// Whether a fact is new; keeps it in mind.
    fn admit(&mut self, fact: crate::ledger::Digest) -> bool {
        if self.old.contains(&fact) || !self.new.insert(fact) {
            return false;
        }
        if self.new.len() >= RECENT {
            self.old = std::mem::take(&mut self.new);
        }
        true
    }
}

impl Reader {
    async fn part(&self, gte: i64, lt: i64) -> Result<(), ApiError> {
        let mut list = Older::than(lt, self.around.client.clone(), List::Events(self.kind.clone()));
        let mut seconds = Seconds::default();
        let (mut plans, mut prices) = (Vec::new(), HashSet::new());
        while let Some(answer) = list.next().await? {
            let reached = answer.value.objects.last().is_some_and(|last| last.created < gte);
            let (call, page) = self.events(answer, gte);
            for second in seconds.take(page) {
                self.second(second, &call, &mut plans, &mut prices).await?;
            }
            if reached {
                break;
            }
        }
        let call = Call { observed_at: Some(self.around.now), ..Call::default() };
        for second in seconds.rest() {
            self.second(second, &call, &mut plans, &mut prices).await?;
        }
        self.plans(plans, &prices).await
    }

    /// The page's Events that can be read.
    fn events(&self, answer: Answer<Page>, gte: i64) -> (Call, Vec<Event>) {
        let call = Call { observed_at: answer.server_time, api_version: answer.version, resource: None };
        let page = &answer.value;
        let in_window: Vec<&Object> = page.objects.iter().filter(|object| object.created >= gte).collect();
        let events: Vec<Event> =
            in_window.iter().filter_map(|object| Event::read(page.text(object))).collect();
        self.count(|summary| {
            summary.read += in_window.len() as u64;
            summary.ignore(choice::Ignored::Unreadable.word(), (in_window.len() - events.len()) as u64);
        });
        (call, events)
    }

    /// Takes the Events of one second.
    async fn second(
        &self,
        events: Vec<Event>,
        call: &Call,
        plans: &mut Vec<Event>,
        prices: &mut HashSet<String>,
    ) -> Result<(), ApiError> {
        self.follow(self.choose(events), call, plans, prices).await
    }

    /// What becomes of the Events of one second.
    fn choose(&self, events: Vec<Event>) -> Vec<(Event, Fate)> {
        let incomplete = |resource: Resource, event: &Event| {
            if resource.nested().is_empty() {
                return false;
            }
            let object = Object::new(String::new(), 0, event.object_text().to_vec());
            let page = Page::of(vec![object]);
            let goes_on = |key| page.objects.first().is_some_and(|object| page.goes_on(object, key));
            resource.nested().iter().any(|nested| goes_on(nested.key))
        };
        let known = |event: &Event| {
            let heard = lock(&self.around.ledger).heard(self.around.account, &event.id, &event.fact);
            // A ledger that cannot be read fails the delivery; until then nothing is left out.
            heard.unwrap_or(false) || !self.admit(event.fact)
        };
        self.followed.second(events, known, incomplete)
    }

    /// Takes Events of which it is known what becomes of them.
    async fn follow(
        &self,
        chosen: Vec<(Event, Fate)>,
        call: &Call,
        plans: &mut Vec<Event>,
        prices: &mut HashSet<String>,
    ) -> Result<(), ApiError> {
        let mut anew: BTreeMap<(Resource, String), i64> = BTreeMap::new();
        let mut parts: BTreeMap<(Resource, String), i64> = BTreeMap::new();
        let mut gone_by_event: HashSet<(Resource, String)> = HashSet::new();
        for (event, fate) in &chosen {
            let Some(id) = event.object.id.clone() else { continue };
            match fate {
                Fate::Taken(resource) if !self.lacking(*resource, event).is_empty() => {
                    parts.insert((*resource, id), event.object.created);
                }
                Fate::Unordered(resource) | Fate::Around(resource) => {
                    anew.insert((*resource, id.clone()), event.object.created);
                    if event.is_deletion() {
                        gone_by_event.insert((*resource, id));
                    }
                }
                Fate::Object(_) => plans.push(event.clone()),
                Fate::Taken(_) | Fate::Ignored(_) => {}
            }
            if event.object.kind == "price" {
                prices.extend(event.object.id.clone());
            }
        }
        let mut objects = self.read_anew(anew).await?;
        let deliver =
            objects.iter().filter(|(key, (again, _))| !(again.gone && gone_by_event.contains(*key)));
        let bare =
            deliver.map(|(_, (again, created))| (again.clone(), again.told(*created, false))).collect();
        for page in again::pages(bare, WALK) {
            self.send(page).await?;
        }
        objects.extend(self.read_anew(parts).await?);
        self.take(chosen, &objects, call).await
    }

    /// The parts, shown on demand only, that the Event's object has not.
    fn lacking(&self, resource: Resource, event: &Event) -> Vec<&'static str> {
        match event.is_deletion() {
            true => Vec::new(),
            false => event.lacking(self.around.client.on_demand(resource)),
        }
    }

    /// Sends the Events that are taken.
    async fn take(
        &self,
        chosen: Vec<(Event, Fate)>,
        objects: &BTreeMap<(Resource, String), (Again, i64)>,
        call: &Call,
    ) -> Result<(), ApiError> {
        let (mut texts, mut told) = (Vec::new(), Vec::new());
        for (event, fate) in chosen {
            let (resource, event) = match fate {
                Fate::Ignored(why) => {
                    self.count(|summary| summary.ignore(why.word(), 1));
                    continue;
                }
                Fate::Object(_) => continue,
                Fate::Taken(resource) | Fate::Unordered(resource) => {
                    let key = (resource, event.object.id.clone().unwrap_or_default());
                    let parts = self.lacking(resource, &event);
                    match objects.get(&key) {
                        Some((again, _)) if !again.gone => (resource, event.with(&parts, &again.text)),
                        _ => (resource, event),
                    }
                }
                Fate::Around(resource) => {
                    let key = (resource, event.object.id.clone().unwrap_or_default());
                    match objects.get(&key) {
                        // Of what is gone, the Event as it is tells more than nothing.
                        Some((again, _)) if !again.gone => {
                            (resource, event.around(&again.text, &again.version))
                        }
                        _ => (resource, event),
                    }
                }
            };
            let deleted = event.is_deletion();
            told.push(Told {
                resource,
                id: event.object.id.clone().unwrap_or_default(),
                created: event.object.created,
                version: Version::of_event(event.at),
                deleted,
                listed: deleted,
                object: event.object.at.clone(),
                heard: Some(Heard { id: event.id.clone(), at: event.at, fact: event.fact }),
            });
            texts.push(Object::new(event.id, event.at, event.text));
        }
        if texts.is_empty() {
            return Ok(());
        }
        let page = Fetched { told, ..Fetched::new(WALK, Page::of(texts), call.clone()) };
        self.send(page).await
    }

    /// Plans that no price has told of.
    async fn plans(&self, plans: Vec<Event>, prices: &HashSet<String>) -> Result<(), ApiError> {
        let (told, alone): (Vec<Event>, Vec<Event>) =
            plans.into_iter().partition(|plan| plan.object.id.as_ref().is_some_and(|id| prices.contains(id)));
        self.count(|summary| summary.ignore(choice::Ignored::ToldByPrice.word(), told.len() as u64));
        let anew = alone
            .into_iter()
            .filter_map(|plan| Some(((Resource::Prices, plan.object.id?), plan.object.created)))
            .collect();
        let objects = self.read_anew(anew).await?;
        let bare = objects.into_values().map(|(again, created)| {
            let told = again.told(created, false);
            (again, told)
        });
        for page in again::pages(bare.collect(), WALK) {
            self.send(page).await?;
        }
        Ok(())
    }

    /// Reads objects anew, side by side as far as the budget lets.
    async fn read_anew(
        &self,
        wanted: BTreeMap<(Resource, String), i64>,
    ) -> Result<BTreeMap<(Resource, String), (Again, i64)>, ApiError> {
        let mut reads = JoinSet::new();
        for ((resource, id), created) in wanted {
            let (client, now) = (self.around.client.clone(), self.around.now);
            reads.spawn(async move {
                let again = again::read(&client, resource, &id, now).await;
                again.map(|again| ((resource, id), (again, created)))
            });
        }
        let mut objects = BTreeMap::new();
        while let Some(read) = reads.join_next().await {
            let died = |e| ApiError::Setup(format!("a request was lost: {e}"));
            match read.map_err(died)? {
                Ok((key, object)) => drop(objects.insert(key, object)),
                Err(error) if self.lenient && error.is_refusal() => self.refused(&error),
                Err(error) => return Err(error),
            }
        }
        self.count(|summary| summary.read_anew += objects.len() as u64);
        Ok(objects)
    }

    /// Notes that an object cannot be read anew; the Event as it is tells more than nothing.
    fn refused(&self, error: &ApiError) {
        tracing::warn!(%error, "an object cannot be read anew");
        self.count(|summary| summary.ignore("objects_refused", 1));
    }

    fn admit(&self, fact: crate::ledger::Digest) -> bool {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).admit(fact)
    }

    fn count(&self, count: impl FnOnce(&mut EventsSummary)) {
        count(&mut self.around.summary.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Sends a page. Parts send side by side, and the delivery wants the pages of a walk in the order of their
    /// numbers; so a number is given with the sending.
    async fn send(&self, page: Fetched) -> Result<(), ApiError> {
        let mut next = self.next.lock().await;
        let job = Job::Page(Box::new(Fetched { number: *next, ..page }));
        *next += 1;
        let gone = |_| ApiError::Setup("the delivery stopped; see the error before this one".to_owned());
        self.around.jobs.send(job).await.map_err(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::parts_of;

    #[test]
    fn a_long_window_is_read_in_parts_that_touch() {
        assert_eq!(parts_of(100, 700), [(100, 700)]);
        assert_eq!(parts_of(100, 100), []);
        assert_eq!(parts_of(0, 2 * 3_600), [(0, 3_600), (3_600, 7_200)]);
        let parts = parts_of(1_000, 1_000 + 28 * 86_400 + 7);
        assert_eq!((parts.len(), parts[0].0, parts[7].1), (8, 1_000, 1_000 + 28 * 86_400 + 7));
        assert!(parts.windows(2).all(|pair| pair[0].1 == pair[1].0));
    }
}
