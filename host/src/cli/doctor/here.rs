//! What is looked at on this machine: the module with its settings, and the lake.

use super::super::Global;
use super::super::settings::MappingArgs;
use super::super::sync::{module_takes, replaced_models_write_ids};
use super::{Finding, State};
use std::path::Path;
use stripe_xdm::lake::Lake;
use stripe_xdm::ledger::{Ledger, LedgerError, SqliteLedger};
use stripe_xdm::sync::{Settings, pins};

/// Below this nothing should be begun.
const TOO_LITTLE: u64 = 64 << 20;
/// Below this a large account does not fit.
const LITTLE: u64 = 1 << 30;

/// The module, and what it says of the settings; and the settings, when it takes them.
pub(super) fn module(
    global: &Global,
    tenant: Option<&str>,
    mapping: &MappingArgs,
    version: &str,
) -> (Vec<Finding>, Option<Settings>) {
    let module = match global.load_module() {
        Ok(module) => module,
        Err(error) => return (vec![Finding::new("module", State::Fail, format!("{error:#}"))], None),
    };
    let found = format!("version {}, sha256 {}", module.description().version, module.sha256());
    let mut findings = vec![Finding::pass("module", found)];
    // Without a tenant the rest of the settings can still be wrong.
    let settings = mapping.settings(tenant.unwrap_or("tenant"), 0).and_then(|settings| {
        replaced_models_write_ids(&settings)?;
        module_takes(&module, settings.clone(), version)?;
        Ok(settings)
    });
    if tenant.is_none() {
        let none = Finding::new("tenant", State::Fail, "none is given");
        findings.push(none.mend("--tenant, or tenant under [mapping] in stripe-xdm.toml"));
    }
    match settings {
        Err(error) => {
            findings.push(Finding::new("settings", State::Fail, format!("{error:#}")));
            (findings, None)
        }
        Ok(settings) => {
            findings.push(Finding::pass("settings", "the module takes them"));
            (findings, tenant.map(|_| settings))
        }
    }
}

/// The directory of the lake, its lock and its ledger, whose accounts are added to those known.
pub(super) fn lake(
    dir: &Path,
    settings: Option<&Settings>,
    known: &mut Vec<(i64, String, bool)>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Ok(whole) = std::path::absolute(dir) else {
        return vec![Finding::new("lake", State::Fail, "--lake is empty")];
    };
    if let Some(file) = Lake::file_in_the_way(&whole) {
        let found = format!("{} is no directory", file.display());
        let mend = "a lake is a directory: move that away, or choose another --lake";
        return vec![Finding::new("lake", State::Fail, found).mend(mend)];
    }
    let Some(existing) = whole.ancestors().find(|dir| dir.is_dir()) else {
        return vec![Finding::new("lake", State::Fail, format!("{} lies in no directory", dir.display()))];
    };
    let is_new = existing != whole;
    findings.push(match tempfile::tempfile_in(existing) {
        Ok(_) if is_new => Finding::pass("lake", format!("{} will be made", dir.display())),
        Ok(_) => Finding::pass("lake", format!("{} can be written to", dir.display())),
        Err(error) => {
            let found = format!("{} cannot be written to: {error}", existing.display());
            Finding::new("lake", State::Fail, found)
                .mend("give this user the right, or choose another --lake")
        }
    });
    findings.extend(disk(existing));
    if !is_new && Lake::has_ledger(dir) {
        findings.push(lock(dir));
        findings.push(match ledger(dir, settings, known) {
            Ok(()) => Finding::pass("ledger", "a sync can go on with it"),
            Err(LedgerError::TooOld { .. }) => {
                Finding::pass("ledger", "of an older release; the next sync brings it up to date")
            }
            Err(error) => Finding::new("ledger", State::Fail, error.to_string()),
        });
    }
    findings
}

fn disk(dir: &Path) -> Option<Finding> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let found = format!("{:.1} GiB free", free as f64 / (1_u64 << 30) as f64);
    let finding = |state| Finding::new("disk", state, found.clone());
    Some(match free {
        _ if free < TOO_LITTLE => finding(State::Fail).mend("free some space: a full disk stops a sync"),
        _ if free < LITTLE => finding(State::Warn).mend("a million objects take some 2 GiB"),
        _ => finding(State::Pass),
    })
}

fn lock(dir: &Path) -> Finding {
    match Lake::is_free(dir) {
        Ok(true) => Finding::pass("lock", "no sync is running"),
        Ok(false) => Finding::new("lock", State::Warn, "a sync is running")
            .mend("a second one into this lake is refused until it ends"),
        Err(error) => Finding::new("lock", State::Fail, error.to_string()),
    }
}

/// Whether a sync with these settings could go on with the ledger.
fn ledger(
    dir: &Path,
    settings: Option<&Settings>,
    known: &mut Vec<(i64, String, bool)>,
) -> Result<(), LedgerError> {
    let mut ledger = SqliteLedger::open_read_only(&Lake::ledger_in(dir))?;
    known.extend(ledger.accounts()?);
    for (what, given) in settings.map(pins).unwrap_or_default() {
        if let Some(found) = ledger.pinned(what)?.filter(|found| *found != given) {
            return Err(LedgerError::Mixed { what: what.to_owned(), found, given });
        }
    }
    Ok(())
}
