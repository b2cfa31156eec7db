//! The framing of the bytes ABI, written down a third time from its documentation: the module has one
//! side and the host the other, and tests that borrowed either would not notice a shared mistake.

use anyhow::{Context, ensure};

/// A request for a batch.
pub fn request<T: AsRef<[u8]>>(call: &str, objects: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    block(&mut bytes, call.as_bytes());
    number(&mut bytes, objects.len());
    for object in objects {
        block(&mut bytes, object.as_ref());
    }
    bytes
}

/// Appends a length and the bytes.
pub fn block(to: &mut Vec<u8>, bytes: &[u8]) {
    number(to, bytes.len());
    to.extend_from_slice(bytes);
}

/// Appends a number as 4 bytes, little endian. Tests frame nothing that needs more.
pub fn number(to: &mut Vec<u8>, number: usize) {
    to.extend_from_slice(&(number as u32).to_le_bytes());
}

/// Blocks one after another, as files for Node hold them.
pub fn blocks<T: AsRef<[u8]>>(all: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for one in all {
        block(&mut bytes, one.as_ref());
    }
    bytes
}

/// Takes a file of blocks apart.
pub fn unblock(mut bytes: &[u8]) -> anyhow::Result<Vec<&[u8]>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        all.push(take_block(&mut bytes)?);
    }
    Ok(all)
}

/// One record of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Index into the datasets that the module describes.
    pub dataset: u16,
    /// 0 main, 1 embedded, 2 tombstone; plus 128 when the record is invalid.
    pub kind: u8,
    /// The record's JSON.
    pub bytes: &'a [u8],
}

/// What a response says of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    /// 0 done, 1 error, 2 skipped.
    pub status: u8,
    /// The records.
    pub records: Vec<Record<'a>>,
    /// The report's JSON, empty when there is nothing to say.
    pub report: &'a [u8],
    /// The whole answer as it was framed.
    pub framed: &'a [u8],
}

/// Takes a response apart; bytes left over are an error.
pub fn answers(mut response: &[u8]) -> anyhow::Result<Vec<Answer<'_>>> {
    let bytes = &mut response;
    let count = take_number(bytes)?;
    let mut answers = Vec::new();
    for _ in 0..count {
        let start = *bytes;
        let [status] = take_array(bytes)?;
        let mut records = Vec::new();
        for _ in 0..take_number(bytes)? {
            let dataset = u16::from_le_bytes(take_array(bytes)?);
            let [kind] = take_array(bytes)?;
            records.push(Record { dataset, kind, bytes: take_block(bytes)? });
        }
        let report = take_block(bytes)?;
        let framed = &start[..start.len() - bytes.len()];
        answers.push(Answer { status, records, report, framed });
    }
    ensure!(bytes.is_empty(), "{} bytes follow the last answer", bytes.len());
    Ok(answers)
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> anyhow::Result<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(len).context("the bytes end in the middle of a field")?;
    *bytes = rest;
    Ok(taken)
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> anyhow::Result<[u8; N]> {
    Ok(take(bytes, N)?.try_into()?)
}

fn take_number(bytes: &mut &[u8]) -> anyhow::Result<usize> {
    Ok(u32::from_le_bytes(take_array(bytes)?) as usize)
}

fn take_block<'a>(bytes: &mut &'a [u8]) -> anyhow::Result<&'a [u8]> {
    let len = take_number(bytes)?;
    take(bytes, len)
}
