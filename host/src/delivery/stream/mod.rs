//! Streaming: the lake's files as messages to an inlet, from the place that the ledger says was accepted.
//!
//! What is accepted is not sent again. A crash leaves those requests in doubt that were in flight: at most as many as
//! [`Streaming::in_flight`], a megabyte each. Their rows are sent again, because nothing tells which of them came in. A
//! record has a stable `_id` and a version, so whoever reads the dataset can tell the newest row of an object, and
//! Profile, which goes by the same ids, ends up the same.
//!
//! An answer says that a message was received, not that its record is what the schema asks for: that is decided later,
//! and what fails lies in the dataset's error batches, which Platform alone shows.

mod deletions;
mod lines;
mod pump;
mod request;

use super::{Delivered, Delivery, DeliveryError, Destination, clock};
use crate::ledger::{Outbox, Pending, is_tombstones};
use crate::platform::{Behaviour, Destined, Platform, Purpose, Stream};
use pump::{Load, Pump};
use request::Envelope;
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use xdm::check::{MAX_EVENT, MAX_RECORD};

/// Messages a second that Platform takes, and that it hands on to Profile.
const LAKE_RATE: u32 = 10_000;
const PROFILE_RATE: u32 = 1_500;

/// How it is streamed.
#[derive(Debug, Clone)]
pub struct Streaming {
    /// Requests in flight at most, of up to a megabyte each.
    pub in_flight: usize,
    /// Messages a second to datasets that only the data lake reads; none for as many as go.
    pub lake_rate: Option<u32>,
    /// Messages a second to datasets that feed Profile; none for as many as go.
    pub profile_rate: Option<u32>,
    /// How long a new flow is left alone: what is sent earlier may be lost.
    pub opening: Duration,
    /// How long it is waited for an inlet that is not open after that.
    pub patience: Duration,
    /// Now, in epoch seconds.
    pub clock: fn() -> i64,
}

impl Default for Streaming {
    fn default() -> Self {
        Self {
            in_flight: 8,
            lake_rate: Some(LAKE_RATE),
            profile_rate: Some(PROFILE_RATE),
            opening: Duration::from_secs(300),
            patience: Duration::from_secs(900),
            clock,
        }
    }
}

/// How messages get into a dataset.
#[derive(Debug)]
struct Way {
    stream: Stream,
    /// Whether a mapping set makes the records.
    raw: bool,
    envelope: Envelope,
}

/// Streams all that these datasets do not have yet. `said` is told how it goes.
pub async fn stream(
    platform: &Platform,
    outbox: &mut dyn Outbox,
    lake: &Path,
    destinations: &[Destination],
    options: &Streaming,
    said: &(dyn Fn(&str) + Sync),
) -> Delivery {
    let datasets = destinations.iter().map(|to| Delivered {
        dataset: to.target.dataset.clone(),
        dataset_id: to.target.dataset_id.clone(),
        ..Delivered::default()
    });
    let mut delivery = Delivery { datasets: datasets.collect(), ..Delivery::default() };
    let mut run = Run { platform, outbox, lake, options, said };
    let ended = run.all(destinations, &mut delivery).await;
    let counted = run.what_is_left(destinations, &mut delivery.datasets);
    for error in [ended.err(), counted.err()].into_iter().flatten() {
        delivery.error.get_or_insert(error);
    }
    delivery
}

struct Run<'a> {
    platform: &'a Platform,
    outbox: &'a mut dyn Outbox,
    lake: &'a Path,
    options: &'a Streaming,
    said: &'a (dyn Fn(&str) + Sync),
}

/// What a dataset does not have yet, and how it gets there.
struct Due<'a> {
    to: &'a Destination,
    target: i64,
    records: Vec<Pending>,
    way: Option<Way>,
    /// Messages a second.
    rate: Option<u32>,
    /// Bytes above which Profile drops a record.
    profile_takes: usize,
    tombstones: Vec<Pending>,
    /// None when they cannot be carried into the dataset.
    way_of_deletions: Option<Way>,
}

impl Run<'_> {
    async fn all(
        &mut self,
        destinations: &[Destination],
        delivery: &mut Delivery,
    ) -> Result<(), DeliveryError> {
        // All ways are made first, so that it is waited once for all that are new.
        let mut all = Vec::new();
        for (to, done) in destinations.iter().zip(&mut delivery.datasets) {
            let due = self.due(to, done).await;
            all.push(of_one(due, &mut delivery.error)?.flatten());
        }
        delivery.budget = words(all.iter().flatten());
        self.wait(all.iter().flatten()).await;
        for (due, done) in all.iter().zip(&mut delivery.datasets) {
            if let Some(due) = due {
                let sent = self.send(due, done).await;
                of_one(sent, &mut delivery.error)?;
            }
        }
        Ok(())
    }

    /// What is to be streamed into a dataset, if anything.
    async fn due<'d>(
        &mut self,
        to: &'d Destination,
        done: &mut Delivered,
    ) -> Result<Option<Due<'d>>, DeliveryError> {
        let target = self.outbox.target(&to.target)?;
        let pending = self.outbox.undelivered(target)?;
        let (tombstones, records): (Vec<Pending>, Vec<Pending>) =
            pending.into_iter().partition(|file| is_tombstones(&file.path));
        if records.is_empty() && tombstones.is_empty() {
            return Ok(None);
        }
        let (name, id) = (to.target.dataset.as_str(), to.target.dataset_id.as_str());
        let gone = || {
            let message =
                format!("dataset {name} ({id}) or its schema is gone: run `stripe-xdm schema apply`");
            DeliveryError::System(message)
        };
        let schema = self.platform.schema_of_dataset(id).await?.ok_or_else(gone)?;
        let behaviour = self.platform.behaviour(&schema).await?.ok_or_else(gone)?;
        if behaviour == Behaviour::Relational {
            return Err(DeliveryError::System(format!(
                "dataset {name} is relational: Experience Platform takes its rows in batches only, so use \
                 `--mode batch`"
            )));
        }
        let (rate, profile_takes) = match (to.profile, behaviour) {
            (false, _) => (self.options.lake_rate, usize::MAX),
            (true, Behaviour::Event) => (self.options.profile_rate, MAX_EVENT),
            (true, _) => (self.options.profile_rate, MAX_RECORD),
        };
        let destined = Destined { dataset: name, dataset_id: id, schema: &schema };
        let way = match records.is_empty() {
            true => None,
            false => Some(self.way(Purpose::Records, destined).await?),
        };
        let way_of_deletions = match tombstones.is_empty() {
            true => None,
            false => self.way_of_deletions(to, destined, behaviour, done).await?,
        };
        Ok(Some(Due { to, target, records, way, rate, profile_takes, tombstones, way_of_deletions }))
    }

    /// Finds or makes the way into a dataset.
    async fn way(&self, purpose: Purpose<'_>, to: Destined<'_>) -> Result<Way, DeliveryError> {
        let stream = self.platform.stream(purpose, to, self.said).await?;
        let schema =
            json!({ "id": to.schema, "contentType": "application/vnd.adobe.xed-full+json;version=1" });
        let mut header = json!({
            "schemaRef": schema, "imsOrgId": self.platform.org(), "datasetId": to.dataset_id,
            "flowId": stream.flow,
        });
        let raw = matches!(purpose, Purpose::Deletions(_));
        let (before, after) = if raw {
            header["operations"] = json!({ "data": "delete" });
            (format!(r#"{{"header":{header},"body":"#), &b"}"[..])
        } else {
            let meta = json!({ "schemaRef": schema });
            (format!(r#"{{"header":{header},"body":{{"xdmMeta":{meta},"xdmEntity":"#), &b"}}"[..])
        };
        Ok(Way { stream, raw, envelope: Envelope { before: before.into_bytes(), after } })
    }

    /// Leaves new flows alone until they are open.
    async fn wait<'d>(&self, due: impl Iterator<Item = &'d Due<'d>>) {
        let made = due.flat_map(|due| [&due.way, &due.way_of_deletions]).flatten().map(|way| way.stream.made);
        let youngest = made.max().unwrap_or_default();
        let opening = i64::try_from(self.options.opening.as_secs()).unwrap_or(i64::MAX);
        let age = (self.options.clock)() - youngest;
        if youngest > 0 && (0..opening).contains(&age) {
            let left = opening - age;
            (self.said)(&format!("flows that were made just now open in {left} seconds"));
            tokio::time::sleep(Duration::from_secs(left.unsigned_abs())).await;
        }
    }

    /// Sends what is due.
    async fn send(&mut self, due: &Due<'_>, done: &mut Delivered) -> Result<(), DeliveryError> {
        let dataset = due.to.target.dataset.as_str();
        let load = |way, files, dataset, profile_takes| Load {
            platform: self.platform,
            options: self.options,
            lake: self.lake,
            way,
            files,
            target: due.target,
            dataset,
            rate: due.rate,
            profile_takes,
            said: self.said,
        };
        if let Some(way) = &due.way {
            let load = load(way, &due.records, dataset, due.profile_takes);
            Pump::new(load, &mut *self.outbox, done).run().await?;
        }
        // Behind all records: a deletion is the last word about an object.
        if let Some(way) = &due.way_of_deletions {
            // The sync calls them so, too: a tombstone must not take the place of its object's record.
            let name = format!("{dataset} tombstones");
            let load = load(way, &due.tombstones, &name, usize::MAX);
            let mut deleted = Delivered::default();
            let sent = Pump::new(load, &mut *self.outbox, &mut deleted).run().await;
            done.deletions += deleted.rows;
            done.refused += deleted.refused;
            done.notes.append(&mut deleted.notes);
            sent?;
        }
        Ok(())
    }

    /// Counts what the datasets still do not have.
    fn what_is_left(
        &mut self,
        destinations: &[Destination],
        all: &mut [Delivered],
    ) -> Result<(), DeliveryError> {
        for (to, done) in destinations.iter().zip(all) {
            let target = self.outbox.target(&to.target)?;
            for file in self.outbox.undelivered(target)? {
                if is_tombstones(&file.path) { done.tombstones.add(&file) } else { done.waiting.add(&file) }
            }
        }
        Ok(())
    }
}

/// What the rates mean for whoever waits, when that is long.
fn words<'d>(due: impl Iterator<Item = &'d Due<'d>>) -> Option<String> {
    let takes = due.filter_map(|due| {
        let files = due.records.iter().chain(&due.tombstones);
        let left: u64 = files.map(|file| file.records.saturating_sub(file.streamed.lines)).sum();
        Some(left / u64::from(due.rate?.max(1)))
    });
    let minutes = takes.sum::<u64>() / 60;
    (minutes > 0).then(|| {
        format!(
            "at the rates that Experience Platform takes, {PROFILE_RATE} messages a second for Profile and {LAKE_RATE} \
             for the data lake unless others were given, this takes about {minutes} minutes"
        )
    })
}

/// An error of one dataset is noted, the first of them, and the others go on; any other ends the run.
fn of_one<T>(
    done: Result<T, DeliveryError>,
    noted: &mut Option<DeliveryError>,
) -> Result<Option<T>, DeliveryError> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.is_of_one() || matches!(error, DeliveryError::System(_)) => {
            noted.get_or_insert(error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
