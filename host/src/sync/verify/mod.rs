//! Proof that nothing is missing: finished ranges are listed again, ids alone, and compared with what the ledger
//! knows, by count, by hash and by name. What differs is explained.

mod compare;
mod explain;
mod relist;
mod repair;
mod slices;

pub use repair::{Repaired, repair};

use super::{SyncError, identify};
use crate::ledger::{Ledger, LedgerError, Objects};
use crate::stripe::{ApiError, Client, Mode, Pass, Resource};
use compare::Comparison;
use relist::{Failure, Listed, newest, whole};
use serde::Serialize;
use slices::{Cutter, Slice, Span, finished};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Slices that are listed at the same time; the client's budget paces their requests.
const IN_FLIGHT: usize = 32;
/// Ids of a slice that are held before they are compared, when many more are listed than known.
const ENOUGH: usize = 5_000;
/// Objects without a place in the list that are looked up by their ids, per resource.
const LOOK_UPS: usize = 1_000;

/// What to verify.
#[derive(Debug, Clone)]
pub struct VerifyConfig {
    /// The resources.
    pub resources: Vec<Resource>,
    /// The account, when it is not to be asked for.
    pub account: Option<String>,
    /// Not everything, but ranges chosen at random.
    pub sample: Option<Sample>,
    /// Look up everything that is known and not listed, however much that is.
    pub look_up_all: bool,
}

/// Ranges chosen at random.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// How many of each resource; one has up to about a hundred objects.
    pub ranges: usize,
    /// The same seed chooses the same ranges.
    pub seed: u64,
}

/// What was proven.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The Stripe account.
    pub account: String,
    /// Whether it is real money.
    pub livemode: bool,
    /// The seed of the sample, when it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Per resource.
    pub resources: BTreeMap<String, Proof>,
}

/// One resource's part of [`Verified`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Whether all that was compared is equal, and something was.
    pub proven: bool,
    /// The ranges of creation times that are finished, in epoch seconds: those that can be compared.
    pub finished: Vec<Finished>,
    /// How many slices of them were listed again.
    pub slices: u64,
    /// Of how many.
    pub of_slices: u64,
    /// Ids that the ledger knows there, deletions left out.
    pub known: u64,
    /// Ids that were listed.
    pub listed: u64,
    /// Sum modulo 2^128 of the first halves of the SHA-256 of the known ids, in hex.
    pub known_hash: String,
    /// The same of the listed ids.
    pub listed_hash: String,
    /// Objects that are known to be deleted and are indeed not listed.
    pub deleted: u64,
    /// What is listed and not known.
    pub missing: Vec<Difference>,
    /// What is known and not listed.
    pub extra: Vec<Difference>,
    /// Why the resource could not be compared.
    pub errors: Vec<String>,
}

/// A finished range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Finished {
    /// Earliest creation time; absent is the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gte: Option<i64>,
    /// First creation time that no longer belongs to it.
    pub lt: i64,
}

/// An object on one side alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its id.
    pub id: String,
    /// Its creation time, in epoch seconds.
    pub created: i64,
    /// What became of it.
    pub why: Why,
}

/// What may have become of an object that is on one side alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It was not in the list when its range was walked, so soon after its creation: it appeared late.
    AppearedLate {
        /// Seconds between its creation and the walk.
        seconds: i64,
    },
    /// It is listed and was not when its range was walked.
    NotSeen,
    /// The ledger has it as deleted, and it is listed.
    ListedAgain,
    /// It was deleted since; a tombstone for it is not yet delivered.
    DeletedSince,
    /// Its id still answers, but the list no longer shows it.
    Unlisted,
    /// It was not looked up, there being so many.
    NotLookedUp,
    /// It could not be looked up.
    Unknown {
        /// Why.
        error: String,
    },
}

impl Verified {
    /// Whether something is on one side alone.
    pub fn differs(&self) -> bool {
        self.resources.values().any(Proof::differs)
    }

    /// 0 all proven, 2 something differs or could not be compared, 1 nothing could be compared.
    pub fn exit_code(&self) -> u8 {
        let proven = self.resources.values().filter(|proof| proof.proven).count();
        match () {
            () if !self.resources.is_empty() && proven == self.resources.len() => 0,
            () if self.differs() || proven > 0 => 2,
            () => 1,
        }
    }
}

impl Proof {
    /// Whether something is on one side alone.
    pub fn differs(&self) -> bool {
        !self.missing.is_empty() || !self.extra.is_empty()
    }

    fn take(&mut self, compared: &Comparison) {
        (self.known, self.listed) = (compared.known.count, compared.listed.count);
        self.known_hash = format!("{:032x}", compared.known.hash);
        self.listed_hash = format!("{:032x}", compared.listed.hash);
        self.deleted = compared.deleted;
    }
}

/// Lists again and compares. `advanced` hears how many slices of a resource were compared, of how many.
pub async fn verify(
    client: &Arc<Client>,
    ledger: &mut dyn Ledger,
    config: &VerifyConfig,
    mut advanced: impl FnMut(Resource, u64, u64),
) -> Result<Verified, SyncError> {
    let who = identify(client, config.account.as_deref()).await?;
    let livemode = client.mode() == Some(Mode::Live);
    let known = ledger.accounts()?.into_iter().find(|(_, id, live)| (id, live) == (&who.account, &livemode));
    let Some((account, ..)) = known else {
        return Err(SyncError::Unknown { account: who.account });
    };
    let seed = config.sample.map(|sample| sample.seed);
    let mut verified = Verified { account: who.account, livemode, seed, ..Verified::default() };
    for resource in &config.resources {
        let mut list = List { client, account, resource: *resource, passes: resource.passes() };
        let proof = list.verify(ledger, config, &mut advanced).await?;
        verified.resources.insert(resource.name().to_owned(), proof);
    }
    Ok(verified)
}

/// One resource's list.
struct List<'a> {
    client: &'a Arc<Client>,
    account: i64,
    resource: Resource,
    passes: Vec<Pass>,
}

impl List<'_> {
    async fn verify(
        &mut self,
        ledger: &mut dyn Ledger,
        config: &VerifyConfig,
        advanced: &mut impl FnMut(Resource, u64, u64),
    ) -> Result<Proof, SyncError> {
        let name = self.resource.name();
        let coverage = self.passes.iter().map(|pass| ledger.coverage(self.account, name, pass.name));
        let coverage = coverage.collect::<Result<Vec<_>, _>>()?;
        let spans = finished(&coverage);
        let finished = spans.iter().map(|span| Finished { gte: span.from(), lt: span.lt }).collect();
        let mut proof = Proof { finished, ..Proof::default() };
        if spans.is_empty() {
            proof.errors.push("no range of it is finished yet; a sync walks it".to_owned());
            return Ok(proof);
        }
        let (chosen, of_slices) = self.choose(ledger, &spans, config.sample)?;
        proof.of_slices = of_slices;
        let (compared, error) = match self.slices(ledger, chosen, of_slices, &mut proof, advanced).await? {
            Ok(compared) => (compared, None),
            Err((_, Failure::Whole)) => match self.whole(ledger, &spans).await? {
                Ok(compared) => {
                    (proof.slices, proof.of_slices) = (1, 1);
                    (compared, None)
                }
                Err(error) => (Comparison::default(), Some(error)),
            },
            Err((compared, Failure::Api(error))) => (compared, Some(error)),
        };
        proof.take(&compared);
        proof.errors.extend(error.as_ref().map(ToString::to_string));
        proof.proven = compared.is_equal() && error.is_none();
        let look_ups = if config.look_up_all { usize::MAX } else { LOOK_UPS };
        self.explain(&mut proof, compared, &coverage, look_ups).await;
        Ok(proof)
    }

    /// The spans to compare, and how many slices all of them have.
    fn choose(
        &self,
        ledger: &mut dyn Ledger,
        spans: &[Span],
        sample: Option<Sample>,
    ) -> Result<(Vec<Span>, u64), LedgerError> {
        let mut cutter = Cutter::new(self.account, self.resource.name(), spans);
        // Each slice has the same chance, however many there are, and only the chosen are held.
        let mut random = fastrand::Rng::with_seed(sample.map_or(0, |sample| sample.seed));
        let (mut chosen, mut count) = (Vec::new(), 0_usize);
        while let Some(slice) = cutter.next(ledger)? {
            count += 1;
            let Some(sample) = sample else { continue };
            if chosen.len() < sample.ranges {
                chosen.push(slice.span);
            } else if let Some(place) = chosen.get_mut(random.usize(..count)) {
                *place = slice.span;
            }
        }
        chosen.sort_unstable_by_key(|span| span.gte);
        Ok((if sample.is_some() { chosen } else { spans.to_vec() }, count as u64))
    }

    /// Compares slice by slice, many at a time. A failure leaves what was compared before it.
    async fn slices(
        &self,
        ledger: &mut dyn Ledger,
        spans: Vec<Span>,
        of: u64,
        proof: &mut Proof,
        advanced: &mut impl FnMut(Resource, u64, u64),
    ) -> Result<Result<Comparison, (Comparison, Failure)>, LedgerError> {
        let mut cutter = Cutter::new(self.account, self.resource.name(), &spans);
        let mut tasks = JoinSet::new();
        let mut all = Comparison::default();
        loop {
            while tasks.len() < IN_FLIGHT {
                let Some(slice) = cutter.next(ledger)? else { break };
                let (client, passes) = (self.client.clone(), self.passes.clone());
                tasks.spawn(async move { compare_slice(&client, &passes, slice).await });
            }
            match tasks.join_next().await {
                None => return Ok(Ok(all)),
                Some(Ok(Ok(compared))) => all.add(compared),
                Some(Ok(Err(failure))) => return Ok(Err((all, failure))),
                Some(Err(died)) => std::panic::resume_unwind(died.into_panic()),
            }
            proof.slices += 1;
            advanced(self.resource, proof.slices, of);
        }
    }

    /// Compares all at once: a list that cannot be asked by time.
    async fn whole(
        &self,
        ledger: &mut dyn Ledger,
        spans: &[Span],
    ) -> Result<Result<Comparison, ApiError>, LedgerError> {
        let mut listed = Listed::new();
        for pass in &self.passes {
            match whole(self.client, pass).await {
                Ok(found) => listed.extend(found),
                Err(error) => return Ok(Err(error)),
            }
        }
        let inside = |created: i64| spans.iter().any(|span| span.gte <= created && created < span.lt);
        listed.retain(|_, created| inside(*created));
        let mut known = Vec::new();
        for span in spans {
            let (account, resource) = (self.account, self.resource.name());
            let of = Objects { account, resource, gte: span.from(), lt: span.lt };
            known.extend(ledger.objects(&of, None, u32::MAX)?);
        }
        Ok(Ok(Comparison::of(&known, listed)))
    }
}

async fn compare_slice(client: &Client, passes: &[Pass], slice: Slice) -> Result<Comparison, Failure> {
    let Slice { mut span, known } = slice;
    let mut all = Comparison::default();
    while span.gte < span.lt {
        let (mut listed, mut from) = (Listed::new(), span.gte);
        for pass in passes {
            let (found, complete_from) = newest(client, pass, span, ENOUGH).await?;
            listed.extend(found);
            from = from.max(complete_from);
        }
        listed.retain(|_, created| *created >= from);
        let known = known.iter().filter(|seen| from <= seen.created && seen.created < span.lt);
        all.add(Comparison::of(known, listed));
        span.lt = from;
    }
    Ok(all)
}
