//! What went wrong with syncs, in words: what `run` says of each run, and what is said even with `--quiet`.

use std::path::Path;
use stripe_xdm::delivery::Delivery;
use stripe_xdm::sync::Ended;

/// What failed, each with its resource, and with its account when there are several.
pub(super) fn failures(accounts: &[Ended]) -> Vec<String> {
    let mut failures = Vec::new();
    for Ended { name, result } in accounts {
        let of = |what: &str| match (accounts.len(), what) {
            (1, what) => what.to_owned(),
            (_, "") => name.clone(),
            (_, what) => format!("{name}, {what}"),
        };
        match result {
            Err(error) => failures.push(format!("{}: {error}", of(""))),
            Ok(summary) => {
                for (resource, of_resource) in &summary.resources {
                    let errors = of_resource.errors.iter();
                    failures.extend(errors.map(|error| format!("{}: {error}", of(resource))));
                }
            }
        }
    }
    failures
}

/// Why nothing could be done; the rest is in the runs' files.
pub(super) fn errors(accounts: &[Ended]) -> String {
    let failures = failures(accounts);
    match failures.split_first() {
        None => "nothing could be done".to_owned(),
        Some((first, [])) => first.clone(),
        Some((first, rest)) => format!("{first} (and {} more, see _runs)", rest.len()),
    }
}

/// Says why the exit code is not 0, when nothing else is said.
pub(super) fn tell_failures(accounts: &[Ended], delivery: Option<&Delivery>, lake: &Path) {
    for failure in failures(accounts) {
        stripe_xdm::tell!("error: {failure}");
    }
    let summaries = accounts.iter().filter_map(|account| account.result.as_ref().ok());
    let resources = summaries.flat_map(|summary| summary.resources.values());
    let held: u64 = resources.map(|resource| resource.failed + resource.held_back()).sum();
    if held > 0 {
        let lake = lake.display();
        stripe_xdm::tell!("error: kept back: {held}; `stripe-xdm quarantine list {lake}` says why");
    }
    let Some(delivery) = delivery.filter(|delivery| !delivery.is_whole()) else { return };
    for note in delivery.datasets.iter().flat_map(|one| one.notes.iter().map(|note| (&one.dataset, note))) {
        stripe_xdm::tell!("error: {}: {}", note.0, note.1);
    }
    if let Some(error) = &delivery.error {
        stripe_xdm::tell!("error: {error}");
    }
}
