//! The JSON lines of one upload as one Parquet file, with the columns of the dataset's schema.
//!
//! The same lines make the same bytes, whenever and wherever that is done: the file is not kept for long, and made
//! again when a run ended before it was sent. Nothing is left out in silence: a row with a field that the schema
//! does not have, or with a value of another type, is an error that says where.
//!
//! - `columns`: from the schema to columns.
//! - `rows`: from records to the values of columns.

mod columns;
mod rows;

pub use columns::Columns;

use super::DeliveryError;
use crate::ledger::{Outgoing, record_id, row_key};
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use rows::{Cells, Misfit, Rows, Run, Values};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

/// Where in the lake the files are made.
const DIR: &str = "_outbox";
/// Bytes of values that are held until they are written as one row group.
const GROUP: usize = 8 << 20;
/// Levels that are written at once.
const LEVELS: usize = 4_096;

/// Makes the file of some of the lake's files; it is removed when it is dropped.
pub(super) fn file(
    lake: &Path,
    files: &[Outgoing],
    columns: &Columns,
) -> Result<NamedTempFile, DeliveryError> {
    let mut paths = Vec::with_capacity(files.len());
    for Outgoing { path, bytes, .. } in files {
        let path = lake.join(path);
        let found = std::fs::metadata(&path).map_err(|cause| DeliveryError::file(&path, cause))?.len();
        if found != *bytes {
            let changed =
                format!("the file has {found} bytes, {bytes} were written; another program changed it");
            return Err(DeliveryError::file(&path, std::io::Error::other(changed)));
        }
        paths.push(path);
    }
    let dir = lake.join(DIR);
    let at = |cause| DeliveryError::file(&dir, cause);
    std::fs::create_dir_all(&dir).map_err(at)?;
    let file = tempfile::Builder::new().suffix(".parquet").tempfile_in(&dir).map_err(at)?;
    write(&paths, columns, file.as_file())?;
    Ok(file)
}

/// Removes what a crash left of such files.
pub(super) fn sweep(lake: &Path) -> Result<(), DeliveryError> {
    let dir = lake.join(DIR);
    match std::fs::remove_dir_all(&dir) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(DeliveryError::file(&dir, cause)),
        _ => Ok(()),
    }
}

/// Writes the lines of JSON files as one Parquet file.
pub fn write(files: &[PathBuf], columns: &Columns, to: impl Write + Send) -> Result<(), DeliveryError> {
    let mut writer = SerializedFileWriter::new(to, columns.schema.clone(), Arc::new(properties()))?;
    let (mut rows, mut line) = (Rows::of(columns), Vec::new());
    for path in files {
        let at = |cause| DeliveryError::file(path, cause);
        let mut file = BufReader::with_capacity(256 << 10, File::open(path).map_err(at)?);
        for number in 1_u64.. {
            line.clear();
            if file.read_until(b'\n', &mut line).map_err(at)? == 0 {
                break;
            }
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            rows.add(text).map_err(|misfit| told(path, number, text, misfit))?;
            if rows.held >= GROUP {
                group(&mut writer, &mut rows)?;
            }
        }
    }
    group(&mut writer, &mut rows)?;
    writer.close()?;
    Ok(())
}

/// Nothing in here may change from run to run, and nothing that readers of old do not know is used.
fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_created_by("stripe-xdm".to_owned())
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .build()
}

/// Writes the rows that are here as a row group.
fn group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    rows: &mut Rows<'_>,
) -> Result<(), DeliveryError> {
    if rows.count == 0 {
        return Ok(());
    }
    rows.complete();
    let mut group = writer.next_row_group()?;
    for cells in &mut rows.cells {
        let Some(mut column) = group.next_column()? else { break };
        column_of(&mut column, cells)?;
        column.close()?;
    }
    group.close()?;
    rows.clear();
    Ok(())
}

fn column_of(column: &mut SerializedColumnWriter<'_>, cells: &mut Cells) -> Result<(), ParquetError> {
    let runs = &cells.runs;
    match &mut cells.values {
        Values::Booleans(all) => plain(column.typed::<BoolType>(), runs, all),
        Values::Integers(all) => plain(column.typed::<Int32Type>(), runs, all),
        Values::Longs(all) => plain(column.typed::<Int64Type>(), runs, all),
        Values::Doubles(all) => plain(column.typed::<DoubleType>(), runs, all),
        Values::Texts(all, ends) => {
            let (all, mut ends, mut begin) = (ByteArray::from(std::mem::take(all)), ends.iter(), 0);
            let (column, mut texts) = (column.typed::<ByteArrayType>(), Vec::with_capacity(LEVELS));
            levels(runs, column.get_descriptor().max_def_level(), |defs, reps, count| {
                texts.clear();
                for end in ends.by_ref().take(count) {
                    texts.push(all.slice(begin, end - begin));
                    begin = *end;
                }
                column.write_batch(&texts, Some(defs), Some(reps)).map(drop)
            })
        }
    }
}

fn plain<T: DataType>(
    column: &mut ColumnWriterImpl<'_, T>,
    runs: &[Run],
    values: &[T::T],
) -> Result<(), ParquetError> {
    let mut values = values;
    levels(runs, column.get_descriptor().max_def_level(), |defs, reps, count| {
        let (now, rest) = values.split_at(count.min(values.len()));
        values = rest;
        column.write_batch(now, Some(defs), Some(reps)).map(drop)
    })
}

/// The levels of a column piece by piece, each piece whole records, with the number of values in it.
fn levels(
    runs: &[Run],
    whole: i16,
    mut write: impl FnMut(&[i16], &[i16], usize) -> Result<(), ParquetError>,
) -> Result<(), ParquetError> {
    let (mut defs, mut reps, mut values) = (Vec::with_capacity(LEVELS), Vec::with_capacity(LEVELS), 0);
    for run in runs {
        for _ in 0..run.count {
            if run.levels.rep == 0 && defs.len() >= LEVELS {
                write(&defs, &reps, values)?;
                defs.clear();
                reps.clear();
                values = 0;
            }
            defs.push(run.levels.def);
            reps.push(run.levels.rep);
            values += usize::from(run.levels.def == whole);
        }
    }
    write(&defs, &reps, values)
}

fn told(path: &Path, line: u64, text: &[u8], misfit: Misfit) -> DeliveryError {
    let record = match row_key(text) {
        Some(key) => String::from_utf8_lossy(key).into_owned(),
        None => record_id(text).map_or_else(|| "without an id".to_owned(), hex::encode),
    };
    let place = if misfit.place.is_empty() { "its text".to_owned() } else { misfit.place };
    DeliveryError::Misfit { path: path.display().to_string(), line, record, place, why: misfit.why }
}
