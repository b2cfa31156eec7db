//! One batch on its way. What is to be done next follows from what the ledger says; what may have been done already,
//! from what Experience Platform says. So a run can end anywhere.
//!
//! Nothing is sent twice: a batch is uploaded to and completed only after its id is in the ledger, so one that was
//! made without our learning of it stays empty; the same bytes have the same external id, and a batch of that name is
//! adopted; what is there of a file is looked up before it is sent again.

use super::parquet::{self, Columns};
use super::{DeliveryError, failed_rows};
use crate::ledger::{Batch, BatchState, Format, Outbox, Outgoing, Step};
use crate::platform::{Content, FilePath, Health, Platform, PlatformError, Told};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

/// How often it is tried to make one batch.
const TRIES: u32 = 4;
/// How long the list of refused rows may lag behind the batch, in seconds.
const LIST_LAGS: i64 = 3_600;

/// What carries the batches of one dataset.
pub(super) struct Carrier<'a> {
    pub(super) platform: &'a Platform,
    pub(super) outbox: &'a mut dyn Outbox,
    /// The lake's directory.
    pub(super) lake: &'a Path,
    /// The dataset's name in the lake.
    pub(super) dataset: &'a str,
    /// Catalog's id of it.
    pub(super) dataset_id: &'a str,
    /// The columns of datasets by that id.
    pub(super) columns: &'a mut HashMap<String, Arc<Columns>>,
    /// Percentage of refused rows up to which the others are taken.
    pub(super) partial: u8,
    /// Bytes of the largest request.
    pub(super) largest: u64,
    /// Now, in epoch seconds.
    pub(super) now: i64,
}

impl Carrier<'_> {
    /// Carries a batch on until Platform completes it, or it has failed.
    pub(super) async fn carry(&mut self, id: i64) -> Result<Batch, DeliveryError> {
        let mut fresh = false;
        loop {
            let batch = self.outbox.batch(id)?;
            let done = match (batch.state, batch.aep_id.as_deref()) {
                (BatchState::Planned, _) => {
                    fresh = self.create(&batch).await?;
                    continue;
                }
                (BatchState::Created, Some(aep_id)) => self.upload(&batch, aep_id, fresh).await,
                (BatchState::Uploaded, Some(aep_id)) => self.complete(&batch, aep_id).await,
                _ => return Ok(batch),
            };
            match done {
                Err(DeliveryError::Platform(error @ PlatformError::Refused { .. })) => {
                    self.refused(&batch, error).await?;
                }
                // Nothing of the batch is in the dataset, nor will be: it was not completed.
                Err(error @ DeliveryError::Misfit { .. }) => {
                    self.step(&batch, Step::Failed(error.to_string()))?;
                }
                done => done?,
            }
        }
    }

    fn step(&mut self, batch: &Batch, step: Step) -> Result<(), DeliveryError> {
        Ok(self.outbox.step(batch.id, &step, self.now)?)
    }

    /// Makes the batch, or adopts the one that is there; whether it is surely empty.
    async fn create(&mut self, batch: &Batch) -> Result<bool, DeliveryError> {
        let mut tries = 0;
        loop {
            let called = self.platform.batches_called(self.dataset_id, &batch.external_id).await?;
            if let Some(told) = called.iter().find(|told| told.health() != Health::Failed) {
                // It was made by a run that another ledger knows of.
                if let Some(format) = told.format.filter(|format| *format != batch.format) {
                    self.step(batch, Step::Format(format))?;
                }
                self.step(batch, Step::Created(told.id.clone()))?;
                if matches!(told.health(), Health::Active | Health::Gone) {
                    self.step(batch, Step::Completed)?;
                }
                return Ok(false);
            }
            if let Some(told) = called.first() {
                self.step(batch, Step::Created(told.id.clone()))?;
                self.step(batch, Step::Failed(why(told)))?;
                return Ok(false);
            }
            tries += 1;
            match self
                .platform
                .create_batch(
                    self.dataset_id,
                    &batch.external_id,
                    batch.format,
                    self.partial,
                    batch.replays.as_deref(),
                )
                .await
            {
                Ok(id) => {
                    self.step(batch, Step::Created(id))?;
                    return Ok(true);
                }
                // It may be there all the same. One that is not shown yet stays empty, and Platform clears it away.
                Err(error) if error.is_uncertain() && tries < TRIES => {
                    tokio::time::sleep(std::time::Duration::from_millis(500 << tries)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn upload(&mut self, batch: &Batch, aep_id: &str, fresh: bool) -> Result<(), DeliveryError> {
        for (number, files) in uploads(batch) {
            if number < batch.uploads {
                continue;
            }
            let made;
            let content = match batch.format {
                Format::JsonLines => {
                    let lines = files.iter().map(|file| (self.lake.join(&file.path), file.bytes));
                    Content::new(lines.collect())
                }
                Format::Parquet => {
                    made = self.parquet(files).await?;
                    Content::new(vec![(made.0.path().to_owned(), made.1)])
                }
            };
            let name = format!("part-{number:05}.{}", batch.format.word());
            let file = FilePath { batch: aep_id, dataset: self.dataset_id, name: &name };
            let there = if fresh { None } else { self.platform.file(&file).await? };
            if !there.is_some_and(|there| there.is(&content, self.largest)) {
                // Another version of this program, or of the schema, may have made another file of these lines.
                let resume = batch.format == Format::JsonLines;
                self.platform.put_file(&file, &content, self.largest, resume).await?;
            }
            self.step(batch, Step::Uploads(number + 1))?;
        }
        self.step(batch, Step::Uploaded)
    }

    /// Makes one upload's Parquet file; how long it is.
    async fn parquet(&mut self, files: &[Outgoing]) -> Result<(NamedTempFile, u64), DeliveryError> {
        let columns = match self.columns.get(self.dataset_id) {
            Some(columns) => columns.clone(),
            None => {
                let schema = self.platform.schema_of(self.dataset_id).await?;
                let columns = Columns::of(&schema).map_err(|error| {
                    let dataset = self.dataset;
                    DeliveryError::System(format!(
                        "dataset {dataset}: there is no Parquet for its schema: {error}; deliver JSON lines"
                    ))
                })?;
                let columns = Arc::new(columns);
                self.columns.insert(self.dataset_id.to_owned(), columns.clone());
                columns
            }
        };
        let (lake, files) = (self.lake.to_owned(), files.to_vec());
        blocking(move || {
            let made = parquet::file(&lake, &files, &columns)?;
            let len =
                made.as_file().metadata().map_err(|cause| DeliveryError::file(made.path(), cause))?.len();
            Ok((made, len))
        })
        .await
    }

    async fn complete(&mut self, batch: &Batch, aep_id: &str) -> Result<(), DeliveryError> {
        self.platform.complete_batch(aep_id).await?;
        self.step(batch, Step::Completed)
    }

    /// Platform refuses files or the end of a batch: because it is complete already, or has failed, or for a reason
    /// that is the caller's.
    async fn refused(&mut self, batch: &Batch, error: PlatformError) -> Result<(), DeliveryError> {
        let told = match &batch.aep_id {
            Some(id) => self.platform.batch(id).await?,
            None => None,
        };
        match told.as_ref().map(|told| (told, told.health())) {
            Some((told, Health::Failed)) => self.step(batch, Step::Failed(why(told))),
            Some((_, Health::Active | Health::Gone | Health::Running)) => self.step(batch, Step::Completed),
            Some((_, Health::Loading)) | None => Err(error.into()),
        }
    }

    /// Looks whether a batch that Platform completes is settled now.
    pub(super) async fn look(&mut self, batch: &Batch) -> Result<bool, DeliveryError> {
        let Some(aep_id) = batch.aep_id.as_deref() else { return Ok(false) };
        // Catalog may not know it yet.
        let Some(told) = self.platform.batch(aep_id).await? else { return Ok(false) };
        if told.status != batch.status {
            self.step(batch, Step::Status(told.status.clone()))?;
        }
        match told.health() {
            Health::Loading | Health::Running => Ok(false),
            Health::Failed => self.step(batch, Step::Failed(why(&told))).map(|()| true),
            Health::Active | Health::Gone => self.active(batch, aep_id, &told).await,
        }
    }

    /// The rows are in the dataset; those refused go into the quarantine.
    async fn active(&mut self, batch: &Batch, aep_id: &str, told: &Told) -> Result<bool, DeliveryError> {
        let mut found = 0;
        if told.refused > 0 || told.errors.is_some() {
            found = self.keep_refused(batch, aep_id).await?;
            if found < told.refused && self.now < batch.changed + LIST_LAGS {
                return Ok(false);
            }
        }
        let mut said = told.errors.clone();
        if found < told.refused {
            said = Some(format!(
                "Platform refused {} rows of batch {aep_id}, but lists only {found} of them; look for the others in \
                 its own list of errors{}",
                told.refused,
                said.map(|said| format!(": {said}")).unwrap_or_default()
            ));
        }
        if told.health() == Health::Gone {
            said = Some(format!("batch {aep_id} was reverted in Platform, or has expired there"));
        }
        // A row may be listed for more than one reason.
        let refused = if told.refused > 0 { told.refused } else { found };
        self.step(batch, Step::Active(refused, said)).map(|()| true)
    }

    /// Fetches the refused rows and keeps our records back; how many there are.
    async fn keep_refused(&mut self, batch: &Batch, aep_id: &str) -> Result<u64, DeliveryError> {
        let mut count = 0;
        for name in self.platform.row_error_files(aep_id).await? {
            let Some(lines) = self.platform.row_errors(aep_id, &name).await? else { continue };
            let paths: Vec<PathBuf> = batch.files.iter().map(|file| self.lake.join(&file.path)).collect();
            let (dataset, external_id) = (self.dataset.to_owned(), batch.external_id.clone());
            let kept = blocking(move || {
                let rows = failed_rows::read(&lines);
                failed_rows::join(rows, &paths, &dataset, &external_id)
            })
            .await?;
            count += kept.len() as u64;
            self.outbox.refuse(&kept)?;
        }
        Ok(count)
    }
}

/// Why a batch failed.
fn why(told: &Told) -> String {
    let cause = told.errors.as_deref().unwrap_or("Platform does not say why");
    format!("batch {} is {}: {cause}", told.id, told.status)
}

/// The uploads of a batch with their numbers: its files come in this order.
fn uploads(batch: &Batch) -> impl Iterator<Item = (u32, &[Outgoing])> {
    batch.files.chunk_by(|one, next| one.upload == next.upload).map(|files| (files[0].upload, files))
}

/// What a batch is called: the same files with the same bytes for the same dataset have the same name, also in a
/// ledger that was restored. A lake that was made anew has other bytes.
pub(super) async fn external_id(
    lake: &Path,
    dataset_id: &str,
    files: &[String],
    attempt: u32,
) -> Result<String, DeliveryError> {
    let (lake, files, dataset_id) = (lake.to_owned(), files.to_vec(), dataset_id.to_owned());
    blocking(move || {
        let mut all = Sha256::new_with_prefix(dataset_id.as_bytes());
        all.update(attempt.to_le_bytes());
        for file in files {
            let path = lake.join(&file);
            let content = hash(&path).map_err(|cause| DeliveryError::file(&path, cause))?;
            // Another file may say the same again, and is to be sent again.
            all.update(Sha256::digest(file));
            all.update(content);
        }
        let digest: [u8; 32] = all.finalize().into();
        Ok(format!("stripe-xdm-{}", hex::encode(&digest[..16])))
    })
    .await
}

fn hash(path: &Path) -> std::io::Result<[u8; 32]> {
    let (mut file, mut hash) = (std::fs::File::open(path)?, Sha256::new());
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(&buffer[..read]),
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DeliveryError> + Send + 'static,
) -> Result<T, DeliveryError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(DeliveryError::System(error.to_string())),
    }
}
