//! `_quarantine/<dataset>.jsonl`, written whole from the ledger.

use super::entry::line;
use crate::lake::{Lake, LakeError};
use crate::ledger::Ledger;

const DIR: &str = "_quarantine";

/// Brings the files up to date with the ledger; a file without entries goes. Files and directory are for
/// their owner alone.
pub fn show(lake: &Lake, ledger: &mut dyn Ledger) -> Result<(), LakeError> {
    for dataset in ledger.stale_quarantine()? {
        let name = format!("{dataset}.jsonl");
        let mut after = 0;
        let mut next_line = || match ledger.next_quarantined(&dataset, after)? {
            None => Ok(None),
            Some(entry) => {
                after = entry.number;
                let unreadable = |error| LakeError::Entry { dataset: dataset.clone(), error };
                line(&entry).map(Some).map_err(unreadable)
            }
        };
        match next_line()? {
            None => lake.remove_private(DIR, &name)?,
            Some(first) => {
                let mut first = Some(first);
                lake.write_private(DIR, &name, || match first.take() {
                    Some(line) => Ok(Some(line)),
                    None => next_line(),
                })?;
            }
        }
        ledger.quarantine_shown(&dataset)?;
    }
    Ok(())
}
