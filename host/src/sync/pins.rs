//! What all records of a lake have in common.

use super::Settings;
use crate::ledger::{Ledger, LedgerError};
use sha2::{Digest, Sha256};

/// What a lake is made with, and what later syncs into it must have the same.
pub fn pins(settings: &Settings) -> Vec<(&'static str, String)> {
    of_tenant(settings).into_iter().chain(of_salt(settings)).collect()
}

/// A lake holds the records of one tenant and of one kind.
fn of_tenant(settings: &Settings) -> [(&'static str, String); 2] {
    let text = |name: &str| settings.get(name).and_then(|value| value.as_str());
    let tenant = text("tenant").unwrap_or_default();
    [("tenant", tenant.to_owned()), ("model", text("model").unwrap_or("standard").to_owned())]
}

/// And hashes of one salt. Noted once the module has taken the settings.
fn of_salt(settings: &Settings) -> Option<(&'static str, String)> {
    let salt = settings.get("privacy")?.get("salt")?.as_str()?;
    Some(("the privacy salt of fingerprint", fingerprint(salt)))
}

pub(super) fn pin_tenant(ledger: &mut dyn Ledger, settings: &Settings) -> Result<(), LedgerError> {
    of_tenant(settings).iter().try_for_each(|(what, value)| ledger.pin(what, value))
}

pub(super) fn pin_salt(ledger: &mut dyn Ledger, settings: &Settings) -> Result<(), LedgerError> {
    of_salt(settings).iter().try_for_each(|(what, value)| ledger.pin(what, value))
}

/// What tells salts apart without showing them: hashes of two salts in one lake would not join.
fn fingerprint(salt: &str) -> String {
    let digest = Sha256::new().chain_update(b"stripe-xdm privacy salt ").chain_update(salt.trim()).finalize();
    hex::encode(&digest[..8])
}
