//! `GET /v1/accounts` and the headers that choose a connected account.

use axum::http::HeaderMap;

use crate::error::ApiError;

/// The account that a request asks for, where it does not ask for the key's own.
pub(crate) fn asked(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (header("stripe-account"), header("stripe-context")) {
        (Some(_), Some(_)) => Err(ApiError::both_accounts()),
        (Some(account), None) => Ok(Some(account)),
        // `acct_platform/acct_connected` is a path; its end is whom it is about.
        (None, Some(path)) => Ok(path.rsplit('/').next()),
        (None, None) => Ok(None),
    }
}

/// An account as `GET /v1/accounts` shows it.
#[derive(Debug)]
pub(crate) struct Face {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) text: String,
}

/// Answers `GET /v1/accounts`: connected accounts, newest first.
pub(crate) fn list(mut accounts: Vec<Face>, pairs: &[(String, String)]) -> Result<String, ApiError> {
    accounts.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
    let integer =
        |name: &str, value: &str| value.parse::<i64>().map_err(|_| ApiError::not_integer(name, value));
    let (mut limit, mut after, mut before) = (10, None, None);
    let (mut min, mut max) = (i64::MIN, i64::MAX);
    for (name, value) in pairs {
        match name.as_str() {
            "limit" => limit = integer(name, value)?.clamp(1, 100) as usize,
            "starting_after" => after = Some(value),
            "ending_before" => before = Some(value),
            "created" => (min, max) = (integer(name, value)?, integer(name, value)?),
            "created[gte]" => min = min.max(integer(name, value)?),
            "created[gt]" => min = min.max(integer(name, value)?.saturating_add(1)),
            "created[lte]" => max = max.min(integer(name, value)?),
            "created[lt]" => max = max.min(integer(name, value)?.saturating_sub(1)),
            _ => return Err(ApiError::unknown_parameter(name)),
        }
    }
    let place = |id: &str, param: &str| {
        let found = accounts.iter().position(|account| account.id == id);
        found.ok_or_else(|| ApiError::missing_account(id, param))
    };
    let (from, to) = match (after, before) {
        (Some(_), Some(_)) => return Err(ApiError::both_cursors()),
        (Some(id), None) => (place(id, "starting_after")? + 1, accounts.len()),
        (None, Some(id)) => (0, place(id, "ending_before")?),
        (None, None) => (0, accounts.len()),
    };
    let asked = accounts.get(from..to).unwrap_or_default();
    let mut shown: Vec<&Face> =
        asked.iter().filter(|account| (min..=max).contains(&account.created)).collect();
    let has_more = shown.len() > limit;
    if before.is_some() {
        shown.drain(..shown.len().saturating_sub(limit));
    } else {
        shown.truncate(limit);
    }
    let data: Vec<&str> = shown.iter().map(|account| account.text.as_str()).collect();
    Ok(format!(
        r#"{{"object":"list","data":[{}],"has_more":{has_more},"url":"/v1/accounts"}}"#,
        data.join(",")
    ))
}
