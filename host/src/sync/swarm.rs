//! The walks of a run: as many side by side as the budget can use. A walk that has seen what its range is like
//! hands parts of the rest over to new walks, as long as that pays.

use super::plan::{FIRST_DAY, Walk};
use super::ranges::Walker;
use super::split::Sight;
use super::{HandedOver, Job, SharedLedger, SyncError, lock};
use crate::ledger::Unit;
use crate::stripe::{ApiError, Client, Pass, Resource};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A list may be cut into so many ranges, and one more for so many pages: each range costs at most one request
/// that a single walk would not have made.
const RANGES: u64 = 16;
const PAGES_A_RANGE: u64 = 8;
/// By how much a range that was cut off and turned out to be empty makes a list less worth cutting.
const EMPTY: u64 = 2;
/// With fewer pages left, a range is not cut.
const WORTH_IT: f64 = 1.5;

pub(super) struct Swarm {
    pub(super) client: Arc<Client>,
    pub(super) ledger: SharedLedger,
    pub(super) jobs: async_channel::Sender<Job>,
    /// Objects a page.
    pub(super) page: u32,
    /// Where the account's objects begin, as far as that is known. Older ones are found all the same.
    beginning: i64,
    next: AtomicUsize,
    state: Mutex<State>,
    born: mpsc::UnboundedSender<Walk>,
}

#[derive(Default)]
struct State {
    walking: usize,
    lists: HashMap<(Resource, &'static str), List>,
}

/// What is known of one pass.
#[derive(Default)]
struct List {
    walking: usize,
    ranges: u64,
    pages: u64,
    empty: u64,
    failed: Option<ApiError>,
    whole: bool,
}

impl Swarm {
    pub(super) fn new(
        client: Arc<Client>,
        ledger: SharedLedger,
        jobs: async_channel::Sender<Job>,
        page: u32,
        beginning: Option<i64>,
    ) -> (Self, mpsc::UnboundedReceiver<Walk>) {
        let (born, births) = mpsc::unbounded_channel();
        let (next, state) = (AtomicUsize::new(0), Mutex::default());
        let beginning = beginning.unwrap_or(FIRST_DAY);
        (Self { client, ledger, jobs, page, beginning, next, state, born }, births)
    }

    /// Walks all that is planned, and what that brings about.
    pub(super) async fn run(
        self,
        walks: Vec<Walk>,
        mut births: mpsc::UnboundedReceiver<Walk>,
        tasks: &mut JoinSet<()>,
    ) -> Result<(), SyncError> {
        let swarm = Arc::new(self);
        swarm.next.store(walks.len(), Ordering::Relaxed);
        for walk in &walks {
            swarm.count(walk.pass);
        }
        for walk in walks {
            tasks.spawn(swarm.clone().walk(walk));
        }
        loop {
            tokio::select! {
                // A walk tells of those that it brings about before it ends.
                biased;
                Some(walk) = births.recv() => {
                    tasks.spawn(swarm.clone().walk(walk));
                }
                ended = tasks.join_next() => match ended {
                    Some(Ok(())) => {}
                    Some(Err(error)) => return Err(SyncError::System(format!("a walk broke off: {error}"))),
                    None => return Ok(()),
                }
            }
        }
    }

    async fn walk(self: Arc<Self>, walk: Walk) {
        let (index, pass) = (walk.index, walk.pass);
        let boundary = match &walk.unit.cursor {
            Some(_) => lock(&self.ledger).boundary(walk.unit.id),
            None => Ok(Vec::new()),
        };
        let (number, error) = match boundary {
            Ok(seen) => {
                let mut walker = Walker::new(&self, walk, seen);
                let ended = walker.walk().await;
                (walker.number, ended.err())
            }
            Err(error) => (0, Some(ApiError::Setup(error.to_string()))),
        };
        self.ended(pass, error.as_ref());
        // Nobody listens any more only when the delivery has failed, which is told by itself.
        let over = Job::Over { walk: index, number, error: error.map(|error| error.to_string()) };
        let _gone = self.jobs.send(over).await;
    }

    fn count(&self, pass: Pass) {
        let mut state = self.lock();
        state.walking += 1;
        let list = state.list(pass);
        list.walking += 1;
        list.ranges += 1;
    }

    fn ended(&self, pass: Pass, error: Option<&ApiError>) {
        let mut state = self.lock();
        state.walking = state.walking.saturating_sub(1);
        let list = state.list(pass);
        list.walking = list.walking.saturating_sub(1);
        if list.failed.is_none() {
            list.failed = error.cloned();
        }
    }

    /// Why another walk of the same list was left: this one would fail likewise.
    pub(super) fn failed(&self, pass: Pass) -> Option<ApiError> {
        self.lock().list(pass).failed.clone()
    }

    /// Whether the list cannot be asked for a range of creation times.
    pub(super) fn is_whole(&self, pass: Pass) -> bool {
        !pass.resource.has_created() || self.lock().list(pass).whole
    }

    /// Notes that the list refuses ranges.
    pub(super) fn refuses_ranges(&self, pass: Pass) {
        self.lock().list(pass).whole = true;
    }

    /// Notes a page, and whether a range was cut off in vain.
    pub(super) fn note_page(&self, pass: Pass, in_vain: bool) {
        let mut state = self.lock();
        let list = state.list(pass);
        list.pages += 1;
        list.empty += u64::from(in_vain);
    }

    /// Hands parts of what is left of a walk's range over to new walks, if that pays.
    pub(super) fn split(
        &self,
        pass: Pass,
        unit: &mut Unit,
        sight: &Sight,
    ) -> Result<Option<HandedOver>, ApiError> {
        let from = unit.gte.unwrap_or(self.beginning);
        let left = sight.pages_left(from);
        if left < WORTH_IT {
            return Ok(None);
        }
        let cuts = {
            let mut state = self.lock();
            let more = state.room(pass, self.client.budget().wanted(pass.resource.path()));
            let cuts = sight.cuts(from, (more + 1).min(left.round() as usize));
            // Their room is taken now, not when they begin.
            state.walking += cuts.len();
            let list = state.list(pass);
            list.walking += cuts.len();
            list.ranges += cuts.len() as u64;
            cuts
        };
        let Some(first) = cuts.first().copied() else { return Ok(None) };
        let mut walks = Vec::with_capacity(cuts.len());
        for (place, lt) in cuts.iter().enumerate() {
            let id = lock(&self.ledger).next_unit().map_err(|e| ApiError::Setup(e.to_string()))?;
            let gte = cuts.get(place + 1).copied().or(unit.gte);
            let (account, resource, pass_name) = (unit.account, unit.resource.clone(), unit.pass.clone());
            let unit = Unit { id, gte, lt: *lt, ..Unit::new(account, resource, pass_name) };
            let walk = Walk { index: self.next.fetch_add(1, Ordering::Relaxed), pass, unit, expected: true };
            walks.push(walk.begin());
            // The loop that starts them ends after all walks, this one among them.
            let _gone = self.born.send(walk);
        }
        unit.gte = Some(first);
        Ok(Some(HandedOver { gte: first, walks }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn list(&mut self, pass: Pass) -> &mut List {
        self.lists.entry((pass.resource, pass.name)).or_default()
    }

    /// How many more walks of a list pay.
    fn room(&mut self, pass: Pass, (wanted, of_endpoint): (usize, usize)) -> usize {
        let same = self.lists.iter().filter(|((resource, _), _)| *resource == pass.resource);
        let at_endpoint: usize = same.map(|(_, list)| list.walking).sum();
        let walking = self.walking;
        let list = self.list(pass);
        let allowed = RANGES + list.pages / PAGES_A_RANGE;
        let ranges = allowed.saturating_sub(list.ranges + EMPTY * list.empty);
        wanted
            .saturating_sub(walking)
            .min(of_endpoint.saturating_sub(at_endpoint))
            .min(usize::try_from(ranges).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_as_long_as_it_pays() {
        let pass = Resource::Charges.passes()[0];
        let mut state = State { walking: 3, ..State::default() };
        *state.list(pass) = List { walking: 1, ranges: 1, ..List::default() };
        // As many as the budget can use, of all lists and of this one.
        assert_eq!(state.room(pass, (20, 5)), 4);
        assert_eq!(state.room(pass, (4, 4)), 1);
        assert_eq!(state.room(pass, (3, 3)), 0);
        // Many ranges need many pages.
        state.list(pass).ranges = 16;
        assert_eq!(state.room(pass, (20, 20)), 0);
        state.list(pass).pages = 24;
        assert_eq!(state.room(pass, (20, 20)), 3);
        // Empty ones count threefold.
        state.list(pass).empty = 1;
        assert_eq!(state.room(pass, (20, 20)), 1);
    }
}
