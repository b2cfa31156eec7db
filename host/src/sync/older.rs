//! A list from some time downwards, newest first. No question has a lower bound: with one, a cursor in the
//! window's oldest second may give an empty page though other objects share that second.

use crate::stripe::{Answer, ApiError, Client, Page, Pass};
use std::sync::Arc;

/// Stripe's largest page.
const PAGE: &str = "100";
const EVENTS: &str = "/v1/events";

/// What is listed.
pub(super) enum List {
    /// Objects of a resource, with all their parts.
    Objects(Pass),
    /// Events of a type, or all.
    Events(Option<String>),
}

/// Pages of a list, each of objects older than those before.
pub(super) struct Older {
    client: Arc<Client>,
    list: List,
    lt: i64,
    cursor: Option<(String, i64)>,
    over: bool,
}

impl Older {
    /// The objects of a list that were created before `lt`.
    pub(super) fn than(lt: i64, client: Arc<Client>, list: List) -> Self {
        Self { client, list, lt, cursor: None, over: false }
    }

    /// The next page; none after the last one.
    pub(super) async fn next(&mut self) -> Result<Option<Answer<Page>>, ApiError> {
        while !self.over {
            let mut query = vec![("limit", PAGE.to_owned())];
            query.push(("created[lt]", self.lt.to_string()));
            query.extend(self.cursor.iter().map(|(id, _)| ("starting_after", id.clone())));
            let answer = match &self.list {
                List::Objects(pass) => {
                    query.extend(pass.filters.iter().map(|(name, value)| (*name, (*value).to_owned())));
                    self.client.list(pass.resource, &query).await
                }
                List::Events(kind) => {
                    query.extend(kind.iter().map(|kind| ("type", kind.clone())));
                    self.client.page(EVENTS, &query).await
                }
            };
            match answer {
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
