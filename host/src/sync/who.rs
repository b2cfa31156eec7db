//! Whose the key is: what every sync asks first.

use super::SyncError;
use crate::stripe::{ApiError, Client};
use serde::Deserialize;

/// The account that a key belongs to, and when that was asked.
#[derive(Debug, Clone)]
pub struct Who {
    /// Stripe's id of it.
    pub account: String,
    /// When the account was opened.
    pub(super) created: Option<i64>,
    /// The server's clock, in epoch seconds. The second itself may still be filling, so it is the first
    /// that a run leaves to the next one.
    pub(super) now: i64,
}

/// Finds out whose the key is.
pub async fn identify(client: &Client, given: Option<&str>) -> Result<Who, SyncError> {
    #[derive(Deserialize)]
    struct Account {
        id: String,
        created: Option<i64>,
    }
    let read = |body: bytes::Bytes| serde_json::from_slice::<Account>(&body).map_err(|e| e.to_string());
    let local = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |d| d.as_secs() as i64)
    };
    match (client.get("/v1/account", &[], read).await, given) {
        (Ok(answer), Some(given)) if answer.value.id != given => {
            Err(SyncError::WrongAccount { given: given.to_owned(), found: answer.value.id })
        }
        (Ok(answer), _) => {
            let Account { id: account, created } = answer.value;
            Ok(Who { account, created, now: answer.server_time.unwrap_or_else(local) })
        }
        (Err(ApiError::Permission { server_time, .. }), Some(account)) => {
            let now = server_time.unwrap_or_else(local);
            Ok(Who { account: account.to_owned(), created: None, now })
        }
        // Stand-ins of the API may not know their account; who syncs from one says which it is. And not every
        // refusal names the permission that is missing.
        (Err(ApiError::Refused { status: 403 | 404, server_time, .. }), Some(account)) => {
            let now = server_time.unwrap_or_else(local);
            Ok(Who { account: account.to_owned(), created: None, now })
        }
        (Err(ApiError::Permission { permission, request, .. }), None) => {
            Err(SyncError::Account { permission, request })
        }
        (Err(error), _) => Err(error.into()),
    }
}
