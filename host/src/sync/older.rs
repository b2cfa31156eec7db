//! A list from some time downwards, newest first. No question has a lower bound: with one, a cursor in the
//! window's oldest second may give an empty page though other objects share that second.

use crate::stripe::{Answer, ApiError, Client, Page};
use std::sync::Arc;

/// Stripe's largest page.
const PAGE: &str = "100";

/// Pages of a list, each of objects older than those before.
pub(super) struct Older {
    client: Arc<Client>,
    path: &'static str,
    filters: Vec<(&'static str, String)>,
    lt: i64,
    cursor: Option<(String, i64)>,
    over: bool,
}

impl Older {
    /// The objects of a list that were created before `lt`.
    pub(super) fn than(
        lt: i64,
        client: Arc<Client>,
        path: &'static str,
        filters: Vec<(&'static str, String)>,
    ) -> Self {
        Self { client, path, filters, lt, cursor: None, over: false }
    }

    /// The next page; none after the last one.
    pub(super) async fn next(&mut self) -> Result<Option<Answer<Page>>, ApiError> {
        while !self.over {
            let mut query = vec![("limit", PAGE.to_owned())];
            query.extend(self.filters.iter().cloned());
            query.push(("created[lt]", self.lt.to_string()));
            query.extend(self.cursor.iter().map(|(id, _)| ("starting_after", id.clone())));
            match self.client.page(self.path, &query).await {
                Ok(answer) => {
                    self.over = !answer.value.has_more;
                    let last = answer.value.objects.last();
                    self.cursor = last.map(|object| (object.id.clone(), object.created));
                    return Ok(Some(answer));
                }
                // The cursor's object is gone: its second and everything older is asked for by time.
                Err(error) if error.is_lost_cursor() => match self.cursor.take() {
                    Some((_, created)) => self.lt = created.saturating_add(1),
                    None => return Err(error),
                },
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}
