//! What became of objects that are on one side alone.

use super::{Comparison, Difference, List, Proof, Why};
use crate::ledger::Covered;
use crate::stripe::ApiError;
use bytes::Bytes;
use serde::Deserialize;
use tokio::task::JoinSet;

/// An object that appears in a list within this many seconds of its creation appears late; later it was not seen.
const LATE: i64 = 3_600;

impl List<'_> {
    /// Names and explains the differences of a comparison, oldest first.
    pub(super) async fn explain(
        &self,
        proof: &mut Proof,
        compared: Comparison,
        coverage: &[Vec<Covered>],
        look_ups: usize,
    ) {
        let Comparison { missing, extra, relisted, .. } = compared;
        let named = |(id, created): (String, i64), why| Difference { id, created, why };
        proof.missing = missing
            .into_iter()
            .map(|of| {
                let why = why_missing(of.1, coverage);
                named(of, why)
            })
            .collect();
        proof.missing.extend(relisted.into_iter().map(|of| named(of, Why::ListedAgain)));
        let mut tasks = JoinSet::new();
        for (number, (id, created)) in extra.into_iter().enumerate() {
            if number >= look_ups {
                proof.extra.push(named((id, created), Why::NotLookedUp));
                continue;
            }
            while tasks.len() >= super::IN_FLIGHT {
                proof.extra.extend(tasks.join_next().await.and_then(Result::ok));
            }
            let (client, path) = (self.client.clone(), self.resource.path());
            tasks.spawn(async move {
                let why = match client.get_of(path, &id, &[], is_deleted).await {
                    Ok(answer) if answer.value => Why::DeletedSince,
                    Ok(_) => Why::Unlisted,
                    Err(ApiError::Refused { status: 404, code, .. }) if code == "resource_missing" => {
                        Why::DeletedSince
                    }
                    Err(error) => Why::Unknown { error: error.to_string() },
                };
                Difference { id, created, why }
            });
        }
        proof.extra.extend(tasks.join_all().await);
        for differences in [&mut proof.missing, &mut proof.extra] {
            differences.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        }
    }
}

/// What deleted objects answer: `{"id":…,"object":…,"deleted":true}`.
fn is_deleted(body: Bytes) -> Result<bool, String> {
    #[derive(Deserialize)]
    struct Object {
        #[serde(default)]
        deleted: bool,
    }
    serde_json::from_slice::<Object>(&body).map(|object| object.deleted).map_err(|error| error.to_string())
}

fn why_missing(created: i64, coverage: &[Vec<Covered>]) -> Why {
    let covers = |range: &&Covered| range.gte.is_none_or(|gte| gte <= created) && created < range.lt;
    let walked = coverage.iter().flatten().filter(covers).map(|range| range.walked_last).max();
    match walked.map(|walked| walked.saturating_sub(created)) {
        Some(seconds) if (0..LATE).contains(&seconds) => Why::AppearedLate { seconds },
        _ => Why::NotSeen,
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AppearedLate { seconds } => {
                write!(f, "appeared in the list after its range was walked, {seconds} s after its creation")
            }
            Self::NotSeen => f.write_str("is listed now and was not seen when its range was walked"),
            Self::ListedAgain => f.write_str("is noted as deleted and is listed"),
            Self::DeletedSince => f.write_str("was deleted since; its tombstone is not delivered yet"),
            Self::Unlisted => f.write_str("still answers by its id, but the list no longer shows it"),
            Self::NotLookedUp => f.write_str("not looked up, there being so many"),
            Self::Unknown { error } => write!(f, "could not be looked up: {error}"),
        }
    }
}
