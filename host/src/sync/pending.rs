//! Balance transactions have no Events: they are pending, and some day available without a word. Those that are
//! pending are remembered, and the list is read again from the oldest of them on, in each run, until none is. Objects of
//! other resources are unsettled when Events that came apart have left their state in doubt.

use crate::ledger::{Ledger, LedgerError, Unsettled};
use crate::stripe::{Object, Resource};
use serde::Deserialize;
use std::borrow::Cow;

/// What a balance transaction says of itself.
pub(super) fn of(object: &Object, text: &[u8]) -> Unsettled {
    #[derive(Deserialize)]
    struct Status<'a> {
        #[serde(borrow, default)]
        status: Option<Cow<'a, str>>,
    }
    let status = serde_json::from_slice::<Status<'_>>(text).ok().and_then(|read| read.status);
    Unsettled {
        resource: Resource::BalanceTransactions.name(),
        created: object.created,
        id: object.id.clone(),
        settled: status.is_none_or(|status| status != "pending"),
    }
}

/// An object of which two Events of one second tell different states, until it was read by its id.
pub(super) fn in_doubt(resource: Resource, id: &str, settled: bool) -> Unsettled {
    Unsettled { resource: resource.name(), created: Unsettled::IN_DOUBT, id: id.to_owned(), settled }
}

/// How far a run looks back behind the bound of the run before, in seconds: as far as the resource wants, and so far
/// that everything pending is seen.
pub(super) fn overlap(
    ledger: &mut dyn Ledger,
    account: i64,
    resource: Resource,
    now: i64,
) -> Result<i64, LedgerError> {
    let (_, oldest) = ledger.unsettled(account, resource.name())?;
    // The run before ended before now, so that this reaches at least to the oldest.
    let back = oldest.map_or(0, |oldest| now.saturating_sub(oldest));
    Ok(resource.overlap().max(back))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_that_it_is_pending_is() {
        let object = Object::new("txn_1".to_owned(), 7, Vec::new());
        let settled = |text: &str| of(&object, text.as_bytes()).settled;
        assert!(!settled(r#"{"id":"txn_1","status":"pending"}"#));
        assert!(settled(r#"{"status":"available"}"#) && settled(r#"{"status":null}"#) && settled("{}"));
        assert_eq!(of(&object, b"{}").created, 7);
    }
}
