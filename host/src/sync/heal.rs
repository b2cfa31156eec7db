//! What neither lists nor Events tell: objects that are gone or changed without a word. Some lists are read again,
//! slowly and for ever, a few pages in each run; and what a list no longer shows is looked up by its id.

use super::older::{List, Older};
use super::{Fetched, Job, SharedLedger, Told, again, lock, nested};
use crate::ledger::{Ledger, LedgerError, Objects, Seen, Version};
use crate::module::Call;
use crate::stripe::{Answer, ApiError, Client, Page, Pass, Resource};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Lists whose Events do not tell everything: prices and what they belong to change with other objects, customers
/// are redacted in place, and old accounts tell of refunds only in part.
const UNRELIABLE: [Resource; 5] =
    [Resource::Customers, Resource::Prices, Resource::Products, Resource::Coupons, Resource::Refunds];

/// A list is not read again more often than that.
const REST: i64 = 86_400;

/// The share of a run's requests that healing may add when none is given.
pub const SHARE: f64 = 0.1;

/// Objects that are taken from the ledger at once.
const OBJECTS: u32 = 500;
/// Objects that are looked up side by side; the budget has the last word.
const LOOKUPS: usize = 16;

/// What was listed or looked up once more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HealSummary {
    /// Objects that were listed again.
    pub listed: u64,
    /// Objects that no list showed any more and that were looked up by their ids.
    pub looked_up: u64,
    /// Objects among them that are gone.
    pub gone: u64,
    /// Down to which creation time each list was read again, in epoch seconds; those at their end are left out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reached: BTreeMap<String, i64>,
}

/// The number of the walk within the run; no range of a list has it.
pub(super) const WALK: usize = usize::MAX - 1;

/// What is to be healed.
pub(super) struct Heal {
    pub(super) client: Arc<Client>,
    /// The account's number.
    pub(super) account: i64,
    /// The run's time.
    pub(super) now: i64,
    /// The resources that are synced.
    pub(super) resources: Vec<Resource>,
    /// Requests that the slow lists may take, more or less.
    pub(super) most: u64,
}

struct Healer {
    heal: Heal,
    ledger: SharedLedger,
    jobs: async_channel::Sender<Job>,
    number: u64,
    done: Healed,
}

/// What the ledger is to note once everything is delivered.
#[derive(Debug, Clone, Default)]
pub(super) struct Healed {
    pub(super) summary: HealSummary,
    /// Resources that were listed once more after a gap, and are whole now.
    whole: Vec<String>,
    /// How far the slow lists came.
    positions: BTreeMap<Resource, Position>,
    /// Whether it came to its end.
    complete: bool,
}

/// Where the slow reading of a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// Everything created since then was read again; none when the list was read to its end.
    below: Option<i64>,
    /// When this time through the list began.
    began: i64,
    /// When it was gone on with.
    touched: i64,
}

impl Healed {
    /// Notes in the ledger what is delivered now.
    pub(super) fn note(&self, ledger: &mut dyn Ledger, account: i64) -> Result<(), LedgerError> {
        if !self.complete {
            return Ok(());
        }
        for resource in &self.whole {
            ledger.relisted_whole(account, resource)?;
        }
        for (resource, position) in &self.positions {
            let text = serde_json::to_string(position).unwrap_or_default();
            ledger.set_fact(account, &key(*resource), &text)?;
        }
        Ok(())
    }
}

fn key(resource: Resource) -> String {
    format!("heal {}", resource.name())
}

impl Heal {
    /// Heals.
    pub(super) async fn run(self, ledger: SharedLedger, jobs: async_channel::Sender<Job>) -> Healed {
        let mut healer = Healer { heal: self, ledger, jobs, number: 0, done: Healed::default() };
        let error = healer.all().await.err().map(|error| error.to_string());
        healer.done.complete = error.is_none();
        // Nobody listens any more only when the delivery failed, which tells for itself.
        let over = Job::Over { walk: WALK, number: healer.number, error };
        let _gone = healer.jobs.send(over).await;
        healer.done
    }
}

impl Healer {
    async fn all(&mut self) -> Result<(), HealError> {
        let (relisted, open) = {
            let mut ledger = lock(&self.ledger);
            (ledger.relisted(self.heal.account)?, ledger.open_lists(self.heal.account)?)
        };
        for (name, since) in relisted {
            if let Some(resource) = Resource::from_name(&name)
                && !open.contains(&name)
            {
                self.relisted(resource, since).await?;
                self.done.whole.push(name);
            }
        }
        let slow: Vec<Resource> = UNRELIABLE
            .into_iter()
            .filter(|r| {
                self.heal.resources.contains(r)
                    && r.has_created()
                    && !open.iter().any(|name| name == r.name())
            })
            .collect();
        self.slowly(&slow).await
    }

    /// Looks up what a list that was walked once more since `since` did not show.
    async fn relisted(&mut self, resource: Resource, since: i64) -> Result<(), HealError> {
        let mut after: Option<Seen> = None;
        loop {
            let of =
                Objects { account: self.heal.account, resource: resource.name(), gte: None, lt: i64::MAX };
            let known = lock(&self.ledger).objects(&of, after.as_ref(), OBJECTS)?;
            let missing = known.iter().filter(|seen| !seen.deleted && seen.seen < since).cloned().collect();
            self.look_up(resource, missing).await?;
            match known.last() {
                Some(last) => after = Some(last.clone()),
                None => return Ok(()),
            }
        }
    }

    /// Goes on with the lists that are read for ever, that one first which has waited longest.
    async fn slowly(&mut self, resources: &[Resource]) -> Result<(), HealError> {
        let made = self.heal.client.requests();
        let mut waiting = Vec::new();
        for resource in resources {
            let text = lock(&self.ledger).fact(self.heal.account, &key(*resource))?;
            let position = text.and_then(|text| serde_json::from_str::<Position>(&text).ok());
            waiting.push((*resource, begin(position, self.heal.now)));
        }
        waiting.sort_by_key(|(_, position)| position.map(|position| position.touched));
        while self.heal.client.requests().saturating_sub(made) < self.heal.most {
            let Some(next) = waiting.iter_mut().find(|(_, position)| position.is_some()) else { break };
            let (resource, Some(position)) = *next else { break };
            let Some(below) = position.below else { break };
            let reached = self.step(resource, below).await?;
            let position = Position { below: reached, touched: self.heal.now, ..position };
            self.done.positions.insert(resource, position);
            let name = resource.name().to_owned();
            match reached {
                Some(reached) => self.done.summary.reached.insert(name, reached),
                None => self.done.summary.reached.remove(&name),
            };
            next.1 = reached.map(|_| position);
            // The lists take turns.
            waiting.rotate_left(1);
        }
        Ok(())
    }

    /// Reads the next objects below a time, all passes of the list, and looks up what is missing among them. Gives
    /// the time down to which everything was read; none at the end of the list.
    async fn step(&mut self, resource: Resource, below: i64) -> Result<Option<i64>, HealError> {
        let (mut shown, mut floor, mut read) = (HashSet::new(), None::<i64>, self.heal.now);
        for pass in resource.passes() {
            let mut list = self.list(pass, below);
            let Some(answer) = list.next().await? else { continue };
            let mut oldest = answer.value.objects.last().map(|object| object.created);
            let mut more = answer.value.has_more;
            read = read.min(self.take(pass, answer, &mut shown).await?);
            // A second that does not fit a page is read to its end.
            while more && oldest == Some(below - 1) {
                let Some(answer) = list.next().await? else { break };
                oldest = answer.value.objects.last().map(|object| object.created).or(oldest);
                more = answer.value.has_more;
                read = read.min(self.take(pass, answer, &mut shown).await?);
            }
            if let Some(oldest) = oldest.filter(|_| more) {
                floor = floor.max(Some(oldest + 1));
            }
        }
        let of = Objects { account: self.heal.account, resource: resource.name(), gte: floor, lt: below };
        let mut after: Option<Seen> = None;
        loop {
            let known = lock(&self.ledger).objects(&of, after.as_ref(), OBJECTS)?;
            let missing = known
                .iter()
                .filter(|seen| !seen.deleted && seen.seen <= read && !shown.contains(&seen.id))
                .cloned()
                .collect();
            self.look_up(resource, missing).await?;
            match known.last() {
                Some(last) => after = Some(last.clone()),
                None => return Ok(floor),
            }
        }
    }

    fn list(&self, pass: Pass, below: i64) -> Older {
        Older::than(below, self.heal.client.clone(), List::Objects(pass))
    }

    /// Sends a page that was listed again; gives the time at which it was.
    async fn take(
        &mut self,
        pass: Pass,
        answer: Answer<Page>,
        shown: &mut HashSet<String>,
    ) -> Result<i64, HealError> {
        let Answer { value: mut page, server_time, version, .. } = answer;
        nested::complete(&self.heal.client, pass.resource, &mut page).await?;
        let at = server_time.unwrap_or(self.heal.now);
        let told = page.objects.iter().map(|object| Told {
            resource: pass.resource,
            id: object.id.clone(),
            created: object.created,
            version: Version::of_page(at),
            deleted: false,
            listed: true,
            object: 0..page.text(object).len(),
            heard: None,
        });
        let told: Vec<Told> = told.collect();
        shown.extend(page.objects.iter().map(|object| object.id.clone()));
        self.done.summary.listed += told.len() as u64;
        let call = Call { observed_at: Some(at), api_version: version, resource: None };
        self.send(Fetched { told, ..Fetched::new(WALK, page, call) }).await?;
        Ok(at)
    }

    /// Looks objects up by their ids: they are there, or gone.
    async fn look_up(&mut self, resource: Resource, missing: Vec<Seen>) -> Result<(), HealError> {
        for some in missing.chunks(LOOKUPS) {
            let mut reads = JoinSet::new();
            for seen in some.iter().cloned() {
                let (client, now) = (self.heal.client.clone(), self.heal.now);
                reads.spawn(
                    async move { (again::read(&client, resource, &seen.id, now).await, seen.created) },
                );
            }
            let mut found = Vec::new();
            while let Some(read) = reads.join_next().await {
                let died = |e| ApiError::Setup(format!("a request was lost: {e}"));
                let (again, created) = read.map_err(died)?;
                let again = again?;
                self.done.summary.looked_up += 1;
                self.done.summary.gone += u64::from(again.gone);
                let told = again.told(created, true);
                found.push((again, told));
            }
            for page in again::pages(found, WALK) {
                self.send(page).await?;
            }
        }
        Ok(())
    }

    async fn send(&mut self, page: Fetched) -> Result<(), HealError> {
        let job = Job::Page(Box::new(Fetched { number: self.number, ..page }));
        self.number += 1;
        let gone = |_| ApiError::Setup("the delivery stopped; see the error before this one".to_owned());
        Ok(self.jobs.send(job).await.map_err(gone)?)
    }
}

/// Where a list is gone on with; none while it rests.
fn begin(position: Option<Position>, now: i64) -> Option<Position> {
    let anew = Position { below: Some(now), began: now, touched: i64::MIN };
    match position {
        None => Some(anew),
        Some(position) if position.below.is_some() => Some(position),
        Some(position) => (now.saturating_sub(position.began) >= REST).then_some(anew),
    }
}

/// How many requests the slow lists may take in a run that made so many.
pub(super) fn allowance(share: Option<f64>, made: u64) -> u64 {
    // Requests are far fewer than what a float holds exactly, and one page a run is the least that ever ends.
    share.map_or(0, |share| ((made as f64 * share) as u64).max(1))
}

/// What can end healing early.
#[derive(Debug, thiserror::Error)]
enum HealError {
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_gone_on_with_rests_at_its_end_and_begins_anew() {
        let now = 1_790_000_000;
        let fresh = begin(None, now).unwrap();
        assert_eq!((fresh.below, fresh.began), (Some(now), now));
        let half = Position { below: Some(now - 500), began: now - 400, touched: now - 60 };
        assert_eq!(begin(Some(half), now), Some(half));
        let whole = Position { below: None, ..half };
        assert_eq!(begin(Some(whole), now), None);
        assert_eq!(begin(Some(whole), now + REST).unwrap().below, Some(now + REST));
    }

    #[test]
    fn the_share_is_of_the_requests_made_and_never_nothing() {
        assert_eq!(allowance(None, 1_000), 0);
        assert_eq!(allowance(Some(0.1), 1_000), 100);
        assert_eq!(allowance(Some(0.1), 3), 1);
    }
}
