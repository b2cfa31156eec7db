//! All batches of a delivery: which are due, each on its way, and waiting until they are settled.

use super::batch::{Carrier, external_id};
use super::gather::{Bounds, Budget, Gathered, PROFILE_BATCHES_A_DAY, gather};
use super::parquet::{self, Columns};
use super::{Delivered, Delivery, DeliveryError, Destination, clock};
use crate::ledger::{Batch, BatchState, Format, NewBatch, Outbox};
use crate::platform::{LARGEST_REQUEST, Platform};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often a batch is made of the same files before somebody has to look.
const ATTEMPTS: u32 = 3;
/// The first pause between two looks at a batch, and the longest.
const FIRST_LOOK: Duration = Duration::from_millis(500);
const LONGEST_LOOK: Duration = Duration::from_secs(60);

/// How it is delivered.
#[derive(Debug, Clone)]
pub struct Options {
    /// For datasets that only the data lake reads.
    pub lake: Bounds,
    /// For datasets that feed Profile.
    pub profile: Bounds,
    /// Batches a day that the latter share.
    pub batches_a_day: u32,
    /// What the files of new batches are. A batch that is on its way goes on as it was planned.
    pub format: Format,
    /// Percentage of refused rows up to which a batch's other rows are taken. What is refused goes into the
    /// quarantine either way; below 100 a batch with more of it fails whole.
    pub partial: u8,
    /// Bytes above which a file goes up in ranges, each in a request of its own.
    pub largest_request: u64,
    /// How long batches are waited for that Platform still works on. The next delivery looks at them again.
    pub patience: Duration,
    /// Batches, by Platform's ids, to be sent once more in the place of their rows.
    pub replay: Vec<String>,
    /// Whether files go into new batches; without it, only those that were begun are carried on.
    pub begins: bool,
    /// Whether to try batches again that failed too often.
    pub again: bool,
    /// Now, in epoch seconds.
    pub clock: fn() -> i64,
}

impl Default for Options {
    fn default() -> Self {
        let (lake, profile, batches_a_day) = (Bounds::LAKE, Bounds::PROFILE, PROFILE_BATCHES_A_DAY);
        let patience = Duration::from_secs(1_800);
        let format = Format::JsonLines;
        Self {
            lake,
            profile,
            batches_a_day,
            format,
            partial: 100,
            largest_request: LARGEST_REQUEST,
            patience,
            replay: Vec::new(),
            begins: true,
            again: false,
            clock,
        }
    }
}

/// Delivers all that is due to these datasets. `said` is told of every move.
pub async fn deliver(
    platform: &Platform,
    outbox: &mut dyn Outbox,
    lake: &Path,
    destinations: &[Destination],
    options: &Options,
    said: &(dyn Fn(&str) + Sync),
) -> Delivery {
    let profiles = destinations.iter().filter(|to| to.profile).count();
    let budget =
        Budget { a_day: options.batches_a_day, ..Budget::shared_by(profiles.try_into().unwrap_or(u32::MAX)) };
    let datasets = destinations.iter().map(|to| Delivered {
        dataset: to.target.dataset.clone(),
        dataset_id: to.target.dataset_id.clone(),
        ..Delivered::default()
    });
    let mut delivery = Delivery {
        datasets: datasets.collect(),
        budget: (profiles > 0).then(|| budget.words()),
        patience: options.patience,
        ..Delivery::default()
    };
    let mut run = Run { platform, outbox, lake, options, columns: HashMap::new(), said };
    delivery.error = run.all(destinations, &budget, &mut delivery.datasets).await.err();
    delivery
}

struct Run<'a> {
    platform: &'a Platform,
    outbox: &'a mut dyn Outbox,
    lake: &'a Path,
    options: &'a Options,
    /// Of datasets by Catalog's id, as far as they were needed.
    columns: HashMap<String, Arc<Columns>>,
    said: &'a (dyn Fn(&str) + Sync),
}

impl Run<'_> {
    async fn all(
        &mut self,
        destinations: &[Destination],
        budget: &Budget,
        done: &mut [Delivered],
    ) -> Result<(), DeliveryError> {
        parquet::sweep(self.lake)?;
        self.knows_replayed(destinations)?;
        // Everything goes up first: Platform works on it meanwhile.
        let mut completed = Vec::new();
        for (to, done) in destinations.iter().zip(done.iter_mut()) {
            for id in self.due(to, budget, done).await? {
                let carried = self.carrier(to).carry(id).await;
                let batch = self.outbox.batch(id)?;
                match carried {
                    Ok(_) => {}
                    Err(error) if error.is_of_one() => {
                        self.trouble(&batch, &error)?;
                        done.open += 1;
                        done.notes.push(error.to_string());
                        continue;
                    }
                    Err(error) => {
                        self.trouble(&batch, &error)?;
                        return Err(error);
                    }
                }
                (self.said)(&format!("{} batch {} {}", to.target.dataset, name(&batch), batch.state.word()));
                match batch.state {
                    BatchState::Completed => completed.push((to, id)),
                    _ => settled(done, &batch),
                }
            }
        }
        self.wait(&mut completed, destinations, done).await?;
        for (to, _) in completed {
            if let Some(done) = of(destinations, done, to) {
                done.open += 1;
            }
        }
        Ok(())
    }

    /// The batches of a dataset that are to be carried on, with those that are new.
    async fn due(
        &mut self,
        to: &Destination,
        budget: &Budget,
        done: &mut Delivered,
    ) -> Result<Vec<i64>, DeliveryError> {
        let target = self.outbox.target(&to.target)?;
        let mut due = Vec::new();
        for batch in self.outbox.unsettled_batches(target)? {
            if batch.state != BatchState::Failed {
                due.push(batch.id);
                continue;
            }
            if batch.attempt >= ATTEMPTS && !self.options.again {
                settled(done, &batch);
                done.notes.push(format!(
                    "{} attempts have failed; mend the cause and ask for another",
                    batch.attempt
                ));
                continue;
            }
            let files: Vec<String> = batch.files.iter().map(|file| file.path.clone()).collect();
            let name = external_id(self.lake, &to.target.dataset_id, &files, batch.attempt + 1).await?;
            let now = (self.options.clock)();
            due.push(self.outbox.replace_batch(batch.id, &name, self.options.format, now)?);
        }
        if !self.options.begins {
            return Ok(due);
        }
        for aep_id in &self.options.replay {
            if let Some(batch) = self.outbox.batch_called(target, aep_id)? {
                due.extend(self.replay(to, &batch, done).await?);
            }
        }
        let next = match to.profile {
            true => Some(budget.next_due(self.outbox.last_planned(target)?)),
            false => None,
        };
        let bounds = if to.profile { &self.options.profile } else { &self.options.lake };
        let now = (self.options.clock)();
        let gathering = gather(&self.outbox.undelivered(target)?, bounds, next, now);
        (done.waiting, done.tombstones) = (gathering.waiting, gathering.tombstones);
        if done.tombstones.records > 0 {
            let profile =
                if to.profile { "; --mode streaming takes deleted objects out of Profile" } else { "" };
            done.notes.push(format!(
                "{} tombstones stay in the lake: a batch can only add rows to this dataset. Take the deleted objects out \
                 by their _id, or use --model relational, whose datasets delete rows{profile}",
                done.tombstones.records
            ));
        }
        if gathering.begun.files > 0 {
            done.notes.push(format!(
                "a stream has begun files with {} rows: --mode streaming takes the rest of them",
                gathering.begun.records
            ));
        }
        if to.profile && done.waiting.files > 0 && !gathering.batches.is_empty() {
            done.waiting.due = Some(now.saturating_add(budget.interval()));
        }
        for gathered in gathering.batches {
            let paths: Vec<String> = gathered.files.iter().map(|file| file.0.clone()).collect();
            let external_id = external_id(self.lake, &to.target.dataset_id, &paths, 1).await?;
            let Gathered { files, records, bytes } = gathered;
            let format = self.options.format;
            let new = NewBatch { external_id: &external_id, format, files: &files, records, bytes };
            due.push(self.outbox.plan_batch(target, &new, now)?);
        }
        Ok(due)
    }

    /// Whether the batches that are to be replayed are ours.
    fn knows_replayed(&mut self, destinations: &[Destination]) -> Result<(), DeliveryError> {
        for aep_id in &self.options.replay {
            let mut known = false;
            for to in destinations {
                let target = self.outbox.target(&to.target)?;
                known |= self.outbox.batch_called(target, aep_id)?.is_some();
            }
            if !known {
                return Err(DeliveryError::System(format!(
                    "--replay {aep_id}: this lake's ledger knows no such batch in this sandbox; Datasets > Batches in \
                     Platform shows the ids"
                )));
            }
        }
        Ok(())
    }

    /// Plans the batch that takes the place of another, when that has rows there.
    async fn replay(
        &mut self,
        to: &Destination,
        batch: &Batch,
        done: &mut Delivered,
    ) -> Result<Option<i64>, DeliveryError> {
        if batch.state != BatchState::Active {
            let (name, state) = (name(batch), batch.state.word());
            done.notes.push(format!("batch {name} is {state}: only rows of an active one can be replayed"));
            return Ok(None);
        }
        let files: Vec<String> = batch.files.iter().map(|file| file.path.clone()).collect();
        let name = external_id(self.lake, &to.target.dataset_id, &files, batch.attempt + 1).await?;
        let now = (self.options.clock)();
        Ok(Some(self.outbox.replay_batch(batch.id, &name, self.options.format, now)?))
    }

    /// Looks at the batches until all are settled or patience ends; what is left is not settled.
    async fn wait(
        &mut self,
        completed: &mut Vec<(&Destination, i64)>,
        destinations: &[Destination],
        done: &mut [Delivered],
    ) -> Result<(), DeliveryError> {
        let (end, mut pause) = (Instant::now() + self.options.patience, FIRST_LOOK);
        loop {
            let mut left = Vec::new();
            for (to, id) in completed.drain(..) {
                let batch = self.outbox.batch(id)?;
                let looked = self.carrier(to).look(&batch).await;
                let Some(done) = of(destinations, done, to) else { continue };
                match looked {
                    Ok(false) => left.push((to, id)),
                    Ok(true) => {
                        let batch = self.outbox.batch(id)?;
                        let line =
                            format!("{} batch {} {}", to.target.dataset, name(&batch), batch.state.word());
                        (self.said)(&line);
                        settled(done, &batch);
                    }
                    Err(error) if error.is_of_one() => {
                        self.trouble(&batch, &error)?;
                        done.open += 1;
                        done.notes.push(error.to_string());
                    }
                    Err(error) => {
                        self.trouble(&batch, &error)?;
                        return Err(error);
                    }
                }
            }
            *completed = left;
            if completed.is_empty() || Instant::now() + pause > end {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(LONGEST_LOOK);
        }
    }

    fn carrier<'b>(&'b mut self, to: &'b Destination) -> Carrier<'b> {
        Carrier {
            platform: self.platform,
            outbox: &mut *self.outbox,
            lake: self.lake,
            dataset: &to.target.dataset,
            dataset_id: &to.target.dataset_id,
            columns: &mut self.columns,
            partial: self.options.partial,
            largest: self.options.largest_request,
            now: (self.options.clock)(),
        }
    }

    fn trouble(&mut self, batch: &Batch, error: &DeliveryError) -> Result<(), DeliveryError> {
        let step = crate::ledger::Step::Trouble(error.to_string());
        Ok(self.outbox.step(batch.id, &step, (self.options.clock)())?)
    }
}

/// Counts a batch that is settled.
fn settled(done: &mut Delivered, batch: &Batch) {
    if batch.state == BatchState::Active {
        done.batches += 1;
        done.rows += batch.records.saturating_sub(batch.refused);
        done.bytes += batch.bytes;
        done.refused += batch.refused;
    } else {
        done.failed += 1;
    }
    done.notes.extend(batch.error.clone());
}

fn of<'a>(
    destinations: &[Destination],
    done: &'a mut [Delivered],
    to: &Destination,
) -> Option<&'a mut Delivered> {
    let place = destinations.iter().position(|one| one.target == to.target)?;
    done.get_mut(place)
}

/// What a batch is called for people: Platform's id, once there is one.
fn name(batch: &Batch) -> &str {
    batch.aep_id.as_deref().unwrap_or(&batch.external_id)
}
