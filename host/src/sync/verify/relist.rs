//! Listing again: ids alone, of a range of creation times. Pages are asked for by time and not by cursor, so that
//! nothing that is deleted meanwhile can lose the place.

use super::slices::Span;
use crate::stripe::{ApiError, Client, Object, Page, Pass};
use std::collections::BTreeMap;

/// Stripe's largest page.
const PAGE: &str = "100";

/// Creation times by id.
pub(super) type Listed = BTreeMap<String, i64>;

/// Why a range could not be listed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The list cannot be asked by creation time, or shows the oldest first: it must be listed whole.
    Whole,
    Api(ApiError),
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let by_time = matches!(
            &error,
            ApiError::Refused { status: 400, code, param, .. }
                if param.starts_with("created") || code == "parameter_unknown"
        );
        if by_time { Self::Whole } else { Self::Api(error) }
    }
}

/// Lists the newest part of a span until `enough` is there; gives where that part begins: what is younger is
/// complete.
pub(super) async fn newest(
    client: &Client,
    pass: &Pass,
    span: Span,
    enough: usize,
) -> Result<(Listed, i64), Failure> {
    let mut listed = Listed::new();
    let mut lt = span.lt;
    while span.gte < lt {
        let page = page(client, pass, Some(Span { lt, ..span }), None).await?;
        let last = page.objects.last().map(|object| object.created);
        let Some(oldest) = last.filter(|_| page.has_more) else {
            take(&mut listed, page.objects);
            return Ok((listed, span.gte));
        };
        if page.objects.first().is_some_and(|first| first.created < oldest) {
            return Err(Failure::Whole);
        }
        // The page may have been cut in the middle of its oldest second.
        let dense = oldest.saturating_add(1) >= lt;
        lt = if dense {
            second(client, pass, oldest, &mut listed).await?;
            oldest
        } else {
            take(&mut listed, page.objects.into_iter().filter(|object| object.created > oldest));
            oldest.saturating_add(1)
        };
        if listed.len() >= enough {
            break;
        }
    }
    Ok((listed, lt))
}

/// A second that one page does not show: followed by cursor, without a window, where cursors hold.
async fn second(client: &Client, pass: &Pass, second: i64, listed: &mut Listed) -> Result<(), Failure> {
    let mut window = Some(Span { gte: second, lt: second.saturating_add(1) });
    let mut after = None;
    loop {
        let page = page(client, pass, window.take(), after.as_deref()).await?;
        let last = page.objects.last().map(|object| (object.id.clone(), object.created));
        take(listed, page.objects.into_iter().filter(|object| object.created == second));
        match last {
            Some((id, created)) if page.has_more && created >= second => after = Some(id),
            _ => return Ok(()),
        }
    }
}

/// The whole list, by cursor and in whatever order it has.
pub(super) async fn whole(client: &Client, pass: &Pass) -> Result<Listed, ApiError> {
    let (mut listed, mut after) = (Listed::new(), None::<String>);
    loop {
        let page = page(client, pass, None, after.as_deref()).await?;
        after = page.objects.last().map(|object| object.id.clone());
        let before = listed.len();
        take(&mut listed, page.objects);
        // A list that shows the same again has no end.
        if !page.has_more || listed.len() == before {
            return Ok(listed);
        }
    }
}

fn take(listed: &mut Listed, objects: impl IntoIterator<Item = Object>) {
    listed.extend(objects.into_iter().map(|object| (object.id, object.created)));
}

async fn page(
    client: &Client,
    pass: &Pass,
    window: Option<Span>,
    after: Option<&str>,
) -> Result<Page, ApiError> {
    let mut query = vec![("limit", PAGE.to_owned())];
    query.extend(pass.filters.iter().map(|(name, value)| (*name, (*value).to_owned())));
    if let Some(window) = window {
        query.extend(window.from().map(|gte| ("created[gte]", gte.to_string())));
        query.push(("created[lt]", window.lt.to_string()));
    }
    query.extend(after.map(|id| ("starting_after", id.to_owned())));
    Ok(client.page(pass.resource.path(), &query).await?.value)
}
