//! One walk over one list, newest to oldest: every object of the unit's time range exactly once.

use super::{Begin, Fetched, Job, SharedLedger, lock, nested};
use crate::ledger::Unit;
use crate::module::Call;
use crate::stripe::{Answer, ApiError, Client, Page, Pass};
use std::collections::HashSet;

/// Stripe's largest page.
const PAGE: &str = "100";

/// A unit to walk.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    /// Its number within the run.
    pub(super) index: usize,
    pub(super) pass: Pass,
    pub(super) unit: Unit,
}

impl Walk {
    /// What the delivery must know before the walk's first page.
    pub(super) fn begin(&self) -> Begin {
        let (walk, unit, resource) = (self.index, self.unit.clone(), Some(self.pass.resource));
        Begin { walk, unit, resource, title: self.pass.to_string() }
    }
}

/// Walks the units of one pass, each after the one before; a failure leaves the rest for the next run.
pub(super) async fn walk_in_turn(
    client: &Client,
    ledger: &SharedLedger,
    walks: Vec<Walk>,
    jobs: &async_channel::Sender<Job>,
) {
    for walk in walks {
        let index = walk.index;
        let seen = lock(ledger).boundary(walk.unit.id);
        let (number, error) = match seen {
            Ok(seen) => {
                let mut walker = Walker::new(client, jobs, walk, seen);
                let error = walker.walk().await.err();
                (walker.number, error.map(|e| e.to_string()))
            }
            Err(error) => (0, Some(error.to_string())),
        };
        let failed = error.is_some();
        let over = Job::Over { walk: index, number, error };
        if jobs.send(over).await.is_err() || failed {
            return;
        }
    }
}

/// The ids of the oldest second seen so far. Cursors cannot be trusted there, so that second is asked
/// for again, and what is known of it is passed over.
#[derive(Debug, Default)]
struct Boundary {
    second: Option<i64>,
    seen: HashSet<String>,
}

impl Boundary {
    /// Whether the object is new; takes note of it.
    fn admit(&mut self, id: &str, created: i64) -> bool {
        if self.second.is_none_or(|second| created < second) {
            self.second = Some(created);
            self.seen.clear();
        }
        if self.second != Some(created) {
            return true;
        }
        self.seen.insert(id.to_owned())
    }
}

struct Walker<'a> {
    client: &'a Client,
    jobs: &'a async_channel::Sender<Job>,
    walk: Walk,
    boundary: Boundary,
    cursor: Option<(String, i64)>,
    /// The upper bound in force; lower than the unit's after a cursor was lost.
    lt: i64,
    number: u64,
}

impl<'a> Walker<'a> {
    fn new(client: &'a Client, jobs: &'a async_channel::Sender<Job>, walk: Walk, seen: Vec<String>) -> Self {
        let cursor = walk.unit.cursor.clone();
        let second = cursor.as_ref().map(|c| c.1);
        let boundary = Boundary { second, seen: seen.into_iter().collect() };
        let lt = walk.unit.lt;
        Self { client, jobs, walk, boundary, cursor, lt, number: 0 }
    }

    async fn walk(&mut self) -> Result<(), ApiError> {
        if self.walk.unit.gte.is_some_and(|gte| gte >= self.lt) {
            return Ok(());
        }
        loop {
            let after = self.cursor.clone();
            let query = self.query(self.walk.unit.gte, Some(self.lt), after.as_ref().map(|c| c.0.as_str()));
            let answer = match self.client.page(self.walk.pass.resource.path(), &query).await {
                Err(error) if error.is_lost_cursor() => {
                    // The cursor's object is gone: its second and everything older is asked for by time.
                    let Some((_, created)) = after else { return Err(error) };
                    self.lt = created.saturating_add(1);
                    self.cursor = None;
                    continue;
                }
                answer => answer?,
            };
            let more = answer.value.has_more;
            let last = answer.value.objects.last().map(|o| (o.id.clone(), o.created));
            if let Some(last) = last {
                self.cursor = Some(last);
            }
            self.send(answer).await?;
            if !more {
                // Without a cursor in the question, the end of the list is the end of the list.
                return match after.and(self.boundary.second) {
                    Some(second) => self.finish_second(second).await,
                    None => Ok(()),
                };
            }
        }
    }

    /// With a time window, a cursor in the window's oldest second can give an empty last page though
    /// other objects share that second. So the second is asked for alone; and if even that does not fit
    /// one page, the list is followed from there without a window, where cursors hold.
    async fn finish_second(&mut self, second: i64) -> Result<(), ApiError> {
        let query = self.query(Some(second), Some(second.saturating_add(1)), None);
        let mut answer = self.client.page(self.walk.pass.resource.path(), &query).await?;
        let earliest = self.walk.unit.gte.unwrap_or(i64::MIN);
        loop {
            let last = answer.value.objects.last().map(|o| (o.id.clone(), o.created));
            let more = answer.value.has_more;
            answer.value.objects.retain(|o| o.created >= earliest && o.created < self.walk.unit.lt);
            self.send(answer).await?;
            let Some((id, _)) = last.filter(|(_, created)| more && *created >= earliest) else {
                return Ok(());
            };
            let query = self.query(None, None, Some(&id));
            answer = self.client.page(self.walk.pass.resource.path(), &query).await?;
        }
    }

    fn query(&self, gte: Option<i64>, lt: Option<i64>, after: Option<&str>) -> Vec<(&'static str, String)> {
        let mut query = vec![("limit", PAGE.to_owned())];
        query.extend(self.walk.pass.filters.iter().map(|(name, value)| (*name, (*value).to_owned())));
        query.extend(gte.map(|gte| ("created[gte]", gte.to_string())));
        query.extend(lt.map(|lt| ("created[lt]", lt.to_string())));
        query.extend(after.map(|id| ("starting_after", id.to_owned())));
        query
    }

    async fn send(&mut self, answer: Answer<Page>) -> Result<(), ApiError> {
        let Answer { value: mut page, server_time, version, .. } = answer;
        page.objects.retain(|o| self.boundary.admit(&o.id, o.created));
        nested::complete(self.client, self.walk.pass.resource, &mut page).await?;
        let call = Call { observed_at: server_time, api_version: version, resource: None };
        let (walk, number, cursor) = (self.walk.index, self.number, self.cursor.clone());
        self.number += 1;
        let job = Job::Page(Box::new(Fetched {
            walk,
            number,
            page,
            call,
            cursor,
            anew: false,
            rest: None,
            told: Vec::new(),
            bookmarks: Vec::new(),
        }));
        let gone = |_| ApiError::Setup("the delivery stopped; see the error before this one".to_owned());
        self.jobs.send(job).await.map_err(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::Boundary;

    #[test]
    fn only_the_oldest_second_is_remembered() {
        let mut boundary = Boundary::default();
        assert!(boundary.admit("a", 9));
        assert!(boundary.admit("b", 7));
        assert!(!boundary.admit("b", 7));
        assert!(boundary.admit("c", 7));
        assert_eq!(boundary.seen.len(), 2);
        assert!(boundary.admit("d", 3));
        assert_eq!(boundary.seen.len(), 1);
    }
}
