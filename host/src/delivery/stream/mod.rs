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
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// Messages a second that Platform takes, and that it hands on to Profile.
const LAKE_RATE: u32 = 10_000;
const PROFILE_RATE: u32 = 1_500;
/// Bytes above which Profile drops an event, or a record of a thing's state.
const PROFILE_EVENT: usize = 10_000;
const PROFILE_RECORD: usize = 100_000;

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
    let mut run = Run { platform, outbox, lake, options, said };
    let mut delivery = Delivery::default();
    for to in destinations {
        let Destination { target, .. } = to;
        let mut done = Delivered {
            dataset: target.dataset.clone(),
            dataset_id: target.dataset_id.clone(),
            ..Delivered::default()
        };
        let streamed = match run.dataset(to, &mut done).await {
            Ok(()) => run.what_is_left(to, &mut done),
            Err(error) => run.what_is_left(to, &mut done).and(Err(error)),
        };
        delivery.datasets.push(done);
        let Err(error) = streamed else { continue };
        let ends = !(error.is_of_one() || matches!(error, DeliveryError::System(_)));
        if delivery.error.is_none() {
            delivery.error = Some(error);
        } else if let Some(done) = delivery.datasets.last_mut() {
            done.notes.push(error.to_string());
        }
        if ends {
            break;
        }
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

impl Run<'_> {
    /// Streams into one dataset.
    async fn dataset(&mut self, to: &Destination, done: &mut Delivered) -> Result<(), DeliveryError> {
        let target = self.outbox.target(&to.target)?;
        let pending = self.outbox.undelivered(target)?;
        let (tombstones, records): (Vec<Pending>, Vec<Pending>) =
            pending.into_iter().partition(|file| is_tombstones(&file.path));
        if records.is_empty() && tombstones.is_empty() {
            return Ok(());
        }
        let (name, id) = (to.target.dataset.as_str(), to.target.dataset_id.as_str());
        let gone = || {
            DeliveryError::System(format!(
                "dataset {name} ({id}) or its schema is gone: run `stripe-xdm schema apply`"
            ))
        };
        let schema = self.platform.schema_of_dataset(id).await?.ok_or_else(gone)?;
        let behaviour = self.platform.behaviour(&schema).await?.ok_or_else(gone)?;
        if behaviour == Behaviour::Relational {
            return Err(DeliveryError::System(format!(
                "dataset {name} is relational: Experience Platform takes its rows in batches only, so use \
                 `--mode batch`"
            )));
        }
        let destined = Destined { dataset: name, dataset_id: id, schema: &schema };
        if !records.is_empty() {
            let stream = self.open(Purpose::Records, destined).await?;
            let way = self.way(stream, destined, false);
            let (rate, profile_takes) = match (to.profile, behaviour) {
                (false, _) => (self.options.lake_rate, usize::MAX),
                (true, Behaviour::Event) => (self.options.profile_rate, PROFILE_EVENT),
                (true, _) => (self.options.profile_rate, PROFILE_RECORD),
            };
            let load = Load {
                platform: self.platform,
                options: self.options,
                lake: self.lake,
                way: &way,
                files: &records,
                target,
                dataset: name,
                rate,
                profile_takes,
                said: self.said,
            };
            Pump::new(load, &mut *self.outbox, done).run().await?;
        }
        if tombstones.is_empty() {
            return Ok(());
        }
        // Behind all records: a deletion is the last word about an object.
        self.deletions(to, (target, &tombstones), destined, behaviour, done).await
    }

    /// Finds or makes the way into a dataset, and leaves a new one alone until it is open.
    async fn open(&self, purpose: Purpose<'_>, to: Destined<'_>) -> Result<Stream, DeliveryError> {
        let stream = self.platform.stream(purpose, to, self.said).await?;
        let opening = i64::try_from(self.options.opening.as_secs()).unwrap_or(i64::MAX);
        let age = (self.options.clock)() - stream.made;
        if stream.made > 0 && (0..opening).contains(&age) {
            let left = opening - age;
            (self.said)(&format!("{}: its flow is new; it opens in {left} seconds", to.dataset));
            tokio::time::sleep(Duration::from_secs(left.unsigned_abs())).await;
        }
        Ok(stream)
    }

    fn way(&self, stream: Stream, to: Destined<'_>, deletes: bool) -> Way {
        let kind = "application/vnd.adobe.xed-full+json;version=1";
        let schema = json!({ "id": to.schema, "contentType": kind });
        let mut header = json!({
            "schemaRef": schema, "imsOrgId": self.platform.org(), "datasetId": to.dataset_id,
            "flowId": stream.flow,
        });
        let (before, after) = if deletes {
            header["operations"] = json!({ "data": "delete" });
            (format!(r#"{{"header":{header},"body":"#), &b"}"[..])
        } else {
            let meta: Value = json!({ "schemaRef": schema });
            (format!(r#"{{"header":{header},"body":{{"xdmMeta":{meta},"xdmEntity":"#), &b"}}"[..])
        };
        Way { stream, raw: deletes, envelope: Envelope { before: before.into_bytes(), after } }
    }

    /// Counts what the dataset still does not have.
    fn what_is_left(&mut self, to: &Destination, done: &mut Delivered) -> Result<(), DeliveryError> {
        let target = self.outbox.target(&to.target)?;
        for file in self.outbox.undelivered(target)? {
            if is_tombstones(&file.path) { done.tombstones.add(&file) } else { done.waiting.add(&file) }
        }
        Ok(())
    }
}
