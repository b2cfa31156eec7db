//! What becomes of a record: written, unchanged, older than what the lake has, waiting, or kept back.

use super::Deliverer;
use crate::ledger::{
    Delivered, Digest, Embedded, Quarantined, RecordId, Source, Version, record_id, row_key,
};
use crate::module::{Batch, ObjectResult, Record, RecordKind};
use crate::quarantine::Origin;
use crate::stripe::Resource;
use crate::sync::{SyncError, digest, lock, pending};
use sha2::{Digest as _, Sha256};

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) enum Taken {
    /// It goes into a file.
    Written,
    /// It waits for its list.
    Waiting,
    /// The lake has it, or a better one.
    Unchanged,
    /// The lake has one that was made from something newer.
    Superseded,
    /// It is kept back.
    Quarantined,
}

/// What the records of an object are made from.
#[derive(Debug, Clone, Copy)]
pub(in crate::sync) struct From<'a> {
    /// The resource that they are counted under.
    pub(in crate::sync) resource: &'a str,
    /// How new the object's text is.
    pub(in crate::sync) version: Version,
    /// Its hash.
    pub(in crate::sync) digest: Digest,
}

impl Deliverer {
    /// Takes the records of one object.
    pub(in crate::sync) fn records(
        &mut self,
        from: &From<'_>,
        origin: &Origin<'_>,
        result: &ObjectResult,
        batch: &Batch,
    ) -> Result<Vec<Taken>, SyncError> {
        let take = |(number, _)| self.record(from, origin, result, batch, number);
        batch.records(result).iter().enumerate().map(take).collect()
    }

    /// Takes record `number` of an object.
    pub(in crate::sync) fn record(
        &mut self,
        from: &From<'_>,
        origin: &Origin<'_>,
        result: &ObjectResult,
        batch: &Batch,
        number: usize,
    ) -> Result<Taken, SyncError> {
        let Some(record) = batch.records(result).get(number) else { return Ok(Taken::Unchanged) };
        let (Record { kind, valid, .. }, bytes) = (record.clone(), batch.bytes(record));
        let dataset = self.module.dataset(record.dataset).to_owned();
        let (key, id, digest) = match (kind, record_id(bytes)) {
            // A tombstone is a fact of its own; it must not hide the object's record.
            (RecordKind::Tombstone, _) => {
                let whole = Sha256::digest(bytes);
                (format!("{dataset} tombstones"), whole.into(), digest::half(&whole))
            }
            (RecordKind::Main, Some(id)) => (dataset.clone(), id, from.digest),
            (RecordKind::Embedded, Some(id)) => (dataset.clone(), id, digest::of_bytes(bytes)),
            (_, None) if !valid => {
                self.keep(from, origin.record(&dataset, kind, number, bytes, result), &dataset);
                return Ok(Taken::Quarantined);
            }
            (_, None) => {
                return Err(SyncError::Record(
                    "it begins neither with an _id of 64 hex digits nor with a row's key and version"
                        .to_owned(),
                ));
            }
        };
        let source = Source { digest, version: from.version };
        let in_flight = self.in_flight.get(&(key.clone(), id)).copied();
        let known = match in_flight {
            Some(source) => Some(source),
            None => lock(&self.ledger).delivered(&key, &id)?,
        };
        match known {
            Some(_) if kind == RecordKind::Embedded => return Ok(Taken::Unchanged),
            Some(known) if known.digest == digest => {
                self.note_unchanged(from, key, id, source, in_flight.is_some());
                return Ok(Taken::Unchanged);
            }
            Some(known) if known.version > source.version => {
                self.summary.resources.entry(from.resource.to_owned()).or_default().superseded += 1;
                return Ok(Taken::Superseded);
            }
            Some(known) if known.version == source.version && known.version.event => {
                self.in_doubt(from, origin);
            }
            _ => {}
        }
        if !valid {
            self.keep(from, origin.record(&key, kind, number, bytes, result), &dataset);
            return Ok(Taken::Quarantined);
        }
        if kind == RecordKind::Embedded {
            let seen = from.version.seen;
            self.open.commit.embedded.push(Embedded { dataset, id, bytes: bytes.to_vec(), seen });
            return Ok(Taken::Waiting);
        }
        // The row of what was deleted stands among the others.
        let tombstone = kind == RecordKind::Tombstone && row_key(bytes).is_none();
        self.write(from.resource, &dataset, tombstone, bytes)?;
        self.in_flight.insert((key.clone(), id), source);
        self.open.commit.delivered.push(Delivered { dataset: key, id, source });
        Ok(Taken::Written)
    }

    /// Notes that two Events of one second tell different states of an object: which is the later one, only the
    /// object itself can tell.
    fn in_doubt(&mut self, from: &From<'_>, origin: &Origin<'_>) {
        let object = Resource::from_name(from.resource).zip(origin.object);
        self.open
            .commit
            .unsettled
            .extend(object.map(|(resource, id)| pending::in_doubt(resource, id, false)));
    }

    fn note_unchanged(
        &mut self,
        from: &From<'_>,
        key: String,
        id: RecordId,
        source: Source,
        in_flight: bool,
    ) {
        self.summary.resources.entry(from.resource.to_owned()).or_default().unchanged += 1;
        // A record in the open stretch is not delivered before that stretch is.
        if !in_flight {
            self.open.commit.unchanged.push(Delivered { dataset: key, id, source });
        } else if let Some(known) = self.in_flight.get(&(key.clone(), id))
            && known.version < source.version
        {
            // The same again, read later.
            self.in_flight.insert((key.clone(), id), source);
            self.open.commit.delivered.push(Delivered { dataset: key, id, source });
        }
    }

    fn keep(&mut self, from: &From<'_>, entry: Quarantined, dataset: &str) {
        self.open.keep(entry);
        self.summary.resources.entry(from.resource.to_owned()).or_default().kept_back(dataset);
    }

    pub(super) fn write(
        &mut self,
        resource: &str,
        dataset: &str,
        tombstone: bool,
        bytes: &[u8],
    ) -> Result<(), SyncError> {
        self.open.write(&self.lake, (&self.stem, self.seq), (dataset, tombstone), bytes)?;
        self.summary.resources.entry(resource.to_owned()).or_default().wrote(dataset);
        Ok(())
    }
}
