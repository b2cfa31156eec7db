//! The datasets of Experience Platform that the lake's datasets go to: those of the same name, as `schema apply` makes
//! them.

use super::{DeliveryError, Destination};
use crate::ledger::{Outbox, Target};
use crate::platform::Platform;

/// Where each dataset goes of which the lake has files.
pub async fn destinations(
    platform: &Platform,
    outbox: &mut dyn Outbox,
    org: &str,
    sandbox: &str,
) -> Result<Vec<Destination>, DeliveryError> {
    let mut destinations = Vec::new();
    for name in outbox.datasets_with_files()? {
        let mut found = platform.named_datasets(&name).await?;
        let (Some((dataset_id, profile)), true) = (found.pop(), found.is_empty()) else {
            let message = match found.len() {
                0 => format!(
                    "sandbox {sandbox} has no dataset {name}: run `stripe-xdm schema apply`, which makes it"
                ),
                more => format!(
                    "sandbox {sandbox} has {} datasets that are called {name}: rename or delete all but the one that \
                     the records belong in",
                    more + 1
                ),
            };
            return Err(DeliveryError::System(message));
        };
        let target = Target { org: org.to_owned(), sandbox: sandbox.to_owned(), dataset_id, dataset: name };
        destinations.push(Destination { target, profile });
    }
    Ok(destinations)
}
