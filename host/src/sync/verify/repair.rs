//! Mending what a verification found: ranges with something missing are planned to be walked once more, and what
//! was deleted gets its tombstone, through the module and the one writer as everything else.

use super::{Difference, Verified, Why};
use crate::lake::Lake;
use crate::ledger::{Ledger, LedgerError, Objects, Seen, SqliteLedger, Version};
use crate::module::{Call, Fate, Module, Worker};
use crate::quarantine::{Origin, Surroundings};
use crate::report::Silent;
use crate::stripe::{Client, Mode, Resource};
use crate::sync::deliver::{Deliverer, From, Run, Taken};
use crate::sync::{
    SharedLedger, Summary, SyncConfig, SyncError, digest, identify, lock, pin_salt, pin_tenant, settings,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, Mutex};

/// Seconds with something missing that are no further apart are walked as one range.
const APART: i64 = 3_600;
/// Deleted objects given to the module at once.
const BATCH: usize = 100;

/// What a repair did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// Ranges that the next sync walks once more.
    pub ranges: u64,
    /// Objects that were deleted.
    pub deleted: u64,
    /// Tombstones delivered for them.
    pub tombstones: u64,
}

/// Prepares the ledger for a sync that fetches what is missing, and delivers the tombstones.
pub async fn repair(
    client: &Client,
    module: &Module,
    config: &SyncConfig,
    verified: &Verified,
) -> Result<Repaired, SyncError> {
    let who = identify(client, config.account.as_deref()).await?;
    let lake = Lake::open(&config.lake)?;
    let mut ledger = SqliteLedger::open(&lake.ledger_path())?;
    pin_tenant(&mut ledger, &config.settings)?;
    lake.clean(&mut ledger)?;
    let account = ledger.account(&who.account, client.mode() == Some(Mode::Live))?;
    let mut repaired = Repaired::default();
    let differing = verified.resources.iter().filter(|(_, proof)| proof.differs());
    let differing = differing.filter_map(|(name, proof)| Some((Resource::from_name(name)?, proof)));
    for (resource, proof) in differing.clone() {
        repaired.ranges += again(&mut ledger, account, resource, &proof.missing)?;
    }
    let gone = |difference: &&Difference| difference.why == Why::DeletedSince;
    if !differing.clone().any(|(_, proof)| proof.extra.iter().any(|difference| gone(&difference))) {
        return Ok(repaired);
    }

    let surroundings = Surroundings {
        account: Some(who.account.clone()),
        livemode: client.mode().map(|mode| mode == Mode::Live),
        api_version: Some(client.version().to_owned()),
        observed_at: Some(who.now),
        resource: None,
    };
    let worker = Worker::open(module, &settings(&config.settings, &surroundings))?;
    pin_salt(&mut ledger, &config.settings)?;
    let number = ledger.begin_run(account, who.now, module.sha256())?;
    let livemode = surroundings.livemode.unwrap_or_default();
    let summary = Summary::new(number, &who.account, livemode, who.now, module, client.version());
    let ledger: SharedLedger = Arc::new(Mutex::new(ledger));
    let run = Run { account, name: &who.account, number };
    let name = summary.run.clone();
    let (lake, surround) = (Arc::new(lake), surroundings.clone());
    let deliverer =
        Deliverer::new(lake, ledger.clone(), module.clone(), &run, surround, summary, Arc::new(Silent));
    let mut burial = Burial { deliverer, worker, module, run: name, surroundings, now: who.now };
    for (resource, proof) in differing {
        let gone: Vec<&Difference> = proof.extra.iter().filter(gone).collect();
        for batch in gone.chunks(BATCH) {
            repaired.tombstones += burial.batch(resource, batch)?;
        }
        repaired.deleted += gone.len() as u64;
    }
    burial.deliverer.commit()?;
    lock(&ledger).end_run(number, "done")?;
    Ok(repaired)
}

/// Plans the seconds of missing objects to be walked once more; gives in how many ranges.
fn again(
    ledger: &mut dyn Ledger,
    account: i64,
    resource: Resource,
    missing: &[Difference],
) -> Result<u64, LedgerError> {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    // They come ordered by creation time.
    for Difference { created, .. } in missing {
        let lt = created.saturating_add(1);
        match ranges.last_mut() {
            Some(last) if created.saturating_sub(last.1) <= APART => last.1 = last.1.max(lt),
            _ => ranges.push((*created, lt)),
        }
    }
    for (gte, lt) in &ranges {
        let of = Objects { account, resource: resource.name(), gte: Some(*gte), lt: *lt };
        for pass in resource.passes() {
            ledger.list_again(&of, pass.name)?;
        }
    }
    Ok(ranges.len() as u64)
}

/// Delivers tombstones.
struct Burial<'a> {
    deliverer: Deliverer,
    worker: Worker,
    module: &'a Module,
    run: String,
    surroundings: Surroundings,
    now: i64,
}

impl Burial<'_> {
    fn batch(&mut self, resource: Resource, gone: &[&Difference]) -> Result<u64, SyncError> {
        // The shape in which Stripe answers for what is deleted.
        let stub = |of: &&Difference| {
            serde_json::json!({ "id": of.id, "object": resource.object(), "deleted": true }).to_string()
        };
        let stubs: Vec<String> = gone.iter().map(stub).collect();
        let texts: Vec<&[u8]> = stubs.iter().map(String::as_bytes).collect();
        let call = Call { observed_at: Some(self.now), ..Call::default() };
        let batch = self.worker.transform(&call, &texts)?;
        let mut written = 0;
        for ((difference, text), result) in gone.iter().zip(texts).zip(batch.objects()) {
            let origin = Origin {
                text,
                resource: resource.object(),
                object: Some(&difference.id),
                run: &self.run,
                module_sha256: self.module.sha256(),
                surroundings: &self.surroundings,
            };
            if let Fate::Failed(error) = &result.fate {
                self.deliverer.open.keep(origin.failed(Sha256::digest(&difference.id).into(), error));
                continue;
            }
            let version = Version::of_page(self.now);
            let from = From { resource: resource.name(), version, digest: digest::of_json(text) };
            let taken = self.deliverer.records(&from, &origin, result, &batch)?;
            written += taken.iter().filter(|taken| **taken == Taken::Written).count() as u64;
            let seen = Seen {
                created: difference.created,
                id: difference.id.clone(),
                seen: self.now,
                deleted: true,
            };
            self.deliverer.open.commit.objects.push((resource.name(), seen));
        }
        self.deliverer.commit()?;
        Ok(written)
    }
}
