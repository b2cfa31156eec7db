//! One walk over a range of one list, newest to oldest: every object of the range exactly once.

use super::plan::Walk;
use super::split::Sight;
use super::swarm::Swarm;
use super::{Fetched, HandedOver, Job, nested};
use crate::module::Call;
use crate::stripe::{Answer, ApiError, Page};
use std::collections::HashSet;

/// The ids of the oldest second seen so far. Cursors cannot be trusted there, so that second may be asked for
/// again, and what is known of it is passed over.
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

/// What the list is asked for next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ask {
    /// What was created before a time.
    Before(i64),
    /// What the list shows behind an object of a second.
    After(String, i64),
}

pub(super) struct Walker<'a> {
    swarm: &'a Swarm,
    walk: Walk,
    boundary: Boundary,
    /// The last object that was read.
    cursor: Option<(String, i64)>,
    sight: Sight,
    anew: bool,
    /// Pages sent.
    pub(super) number: u64,
}

impl<'a> Walker<'a> {
    pub(super) fn new(swarm: &'a Swarm, walk: Walk, seen: Vec<String>) -> Self {
        let cursor = walk.unit.cursor.clone();
        let second = cursor.as_ref().map(|c| c.1);
        let boundary = Boundary { second, seen: seen.into_iter().collect() };
        Self { swarm, walk, boundary, cursor, sight: Sight::new(swarm.page), anew: false, number: 0 }
    }

    pub(super) async fn walk(&mut self) -> Result<(), ApiError> {
        let unit = &self.walk.unit;
        if unit.gte.is_some_and(|gte| gte >= unit.lt) {
            return Ok(());
        }
        if self.swarm.is_whole(self.walk.pass) {
            return self.walk_whole().await;
        }
        let mut ask = match self.cursor.clone() {
            Some((id, second)) => Ask::After(id, second),
            None => Ask::Before(unit.lt),
        };
        loop {
            let answer = match self.ask(&ask).await {
                Err(error) if error.is_lost_cursor() => match ask {
                    // The cursor's object is gone: its second and everything older is asked for by time.
                    Ask::After(_, second) => {
                        ask = Ask::Before(second.saturating_add(1));
                        continue;
                    }
                    Ask::Before(_) => return Err(error),
                },
                Err(error) if error.refuses_created() => {
                    self.swarm.refuses_ranges(self.walk.pass);
                    return self.walk_whole().await;
                }
                answer => answer?,
            };
            let page = &answer.value;
            let last = page.objects.last().map(|o| (o.id.clone(), o.created));
            let first = page.objects.first().map(|o| o.created);
            if first < last.as_ref().map(|(_, created)| *created) || self.leaves(&ask, page) {
                // Oldest first, or not of the range that was asked for, as Stripe's lists are not: followed to its
                // end like one without ranges.
                self.swarm.refuses_ranges(self.walk.pass);
                (self.cursor, self.anew) = (None, true);
                return self.walk_whole().await;
            }
            let in_vain = self.walk.expected && page.objects.is_empty() && self.number == 0;
            self.swarm.note_page(self.walk.pass, in_vain);
            self.sight.page(page.objects.iter().map(|o| o.created));
            if page.has_more {
                let Some((id, second)) = last else { return Ok(()) };
                let rest = self.swarm.split(self.walk.pass, &mut self.walk.unit, &self.sight)?;
                self.send(answer, rest).await?;
                ask = Ask::After(id, second);
                continue;
            }
            // With a time window, a cursor in the window's oldest second can give an empty page though other
            // objects share that second. A page that goes on below the second is none of these.
            let doubtful = match &ask {
                Ask::After(_, second) if page.objects.iter().all(|o| o.created >= *second) => Some(*second),
                _ => None,
            };
            self.send(answer, None).await?;
            let Some(second) = doubtful else { return Ok(()) };
            self.finish_second(second).await?;
            if self.walk.unit.gte.is_some_and(|gte| gte >= second) {
                return Ok(());
            }
            ask = Ask::Before(second);
        }
    }

    /// The second is asked for alone; and if even that does not fit one page, the list is followed without a window,
    /// where cursors hold, from where the walk itself has got to.
    async fn finish_second(&mut self, second: i64) -> Result<(), ApiError> {
        let mut reached = self.cursor.clone().filter(|(_, at)| *at == second).map(|(id, _)| id);
        let query = self.query(Some(second), Some(second.saturating_add(1)), None);
        let mut answer = self.page(&query).await?;
        loop {
            self.swarm.note_page(self.walk.pass, false);
            let last = answer.value.objects.last().map(|o| (o.id.clone(), o.created));
            let more = answer.value.has_more;
            answer.value.objects.retain(|o| o.created == second);
            self.send(answer, None).await?;
            let Some((id, _)) = last.filter(|(_, created)| more && *created >= second) else {
                return Ok(());
            };
            let after = reached.take().unwrap_or_else(|| id.clone());
            answer = match self.page(&self.query(None, None, Some(&after))).await {
                // What the walk had got to is gone: from the second's own page on, then.
                Err(error) if error.is_lost_cursor() && after != id => {
                    self.page(&self.query(None, None, Some(&id))).await?
                }
                answer => answer?,
            };
        }
    }

    /// Follows the whole list, whatever its order, and takes what belongs to the range.
    async fn walk_whole(&mut self) -> Result<(), ApiError> {
        let mut after = self.cursor.clone().map(|c| c.0);
        // Nothing is passed over: cursors hold without a window.
        self.boundary = Boundary::default();
        loop {
            let query = self.query(None, None, after.as_deref());
            let mut answer = match self.page(&query).await {
                Err(error) if error.is_lost_cursor() && after.is_some() => {
                    (after, self.cursor, self.anew) = (None, None, true);
                    continue;
                }
                answer => answer?,
            };
            self.swarm.note_page(self.walk.pass, false);
            let more = answer.value.has_more;
            after = answer.value.objects.last().map(|o| o.id.clone());
            let last = answer.value.objects.last().map(|o| (o.id.clone(), o.created));
            let (gte, lt) = (self.walk.unit.gte.unwrap_or(i64::MIN), self.walk.unit.lt);
            // Objects without a time belong to every range.
            answer.value.objects.retain(|o| o.created == 0 || (gte <= o.created && o.created < lt));
            self.hand_on(answer, last, None).await?;
            if !more {
                return Ok(());
            }
        }
    }

    /// Whether a page shows objects of other times than those asked for.
    fn leaves(&self, ask: &Ask, page: &Page) -> bool {
        let gte = self.walk.unit.gte.unwrap_or(i64::MIN);
        let lt = match ask {
            Ask::Before(lt) => *lt,
            Ask::After(..) => self.walk.unit.lt,
        };
        page.objects.iter().any(|o| o.created != 0 && !(gte..lt).contains(&o.created))
    }

    async fn ask(&self, ask: &Ask) -> Result<Answer<Page>, ApiError> {
        if let Some(error) = self.swarm.failed(self.walk.pass) {
            return Err(error);
        }
        let gte = self.walk.unit.gte;
        let query = match ask {
            Ask::Before(lt) => self.query(gte, Some(*lt), None),
            // Not from the second on: the list's own order says what comes behind.
            Ask::After(id, _) => self.query(gte, Some(self.walk.unit.lt), Some(id)),
        };
        self.page(&query).await
    }

    async fn page(&self, query: &[(&'static str, String)]) -> Result<Answer<Page>, ApiError> {
        self.swarm.client.list(self.walk.pass.resource, query).await
    }

    fn query(&self, gte: Option<i64>, lt: Option<i64>, after: Option<&str>) -> Vec<(&'static str, String)> {
        let mut query = vec![("limit", self.swarm.page.to_string())];
        query.extend(self.walk.pass.filters.iter().map(|(name, value)| (*name, (*value).to_owned())));
        query.extend(gte.map(|gte| ("created[gte]", gte.to_string())));
        query.extend(lt.map(|lt| ("created[lt]", lt.to_string())));
        query.extend(after.map(|id| ("starting_after", id.to_owned())));
        query
    }

    /// Sends on what is new of a page.
    async fn send(&mut self, mut answer: Answer<Page>, rest: Option<HandedOver>) -> Result<(), ApiError> {
        let last = answer.value.objects.last().map(|o| (o.id.clone(), o.created));
        answer.value.objects.retain(|o| self.boundary.admit(&o.id, o.created));
        self.hand_on(answer, last, rest).await
    }

    async fn hand_on(
        &mut self,
        answer: Answer<Page>,
        last: Option<(String, i64)>,
        rest: Option<HandedOver>,
    ) -> Result<(), ApiError> {
        let Answer { value: mut page, server_time, version, .. } = answer;
        nested::complete(&self.swarm.client, self.walk.pass.resource, &mut page).await?;
        if last.is_some() {
            self.cursor = last;
        }
        let call = Call { observed_at: server_time, api_version: version, resource: None };
        let job = Job::Page(Box::new(Fetched {
            number: self.number,
            cursor: self.cursor.clone(),
            anew: std::mem::take(&mut self.anew),
            rest,
            ..Fetched::new(self.walk.index, page, call)
        }));
        self.number += 1;
        let gone = |_| ApiError::Setup("the delivery stopped; see the error before this one".to_owned());
        self.swarm.jobs.send(job).await.map_err(gone)
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
