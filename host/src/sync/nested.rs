//! Lists inside objects: Stripe shows their beginning, and the rest is asked for and put in, so that an
//! object is whole before it is mapped.

use crate::stripe::{ApiError, Client, Nested, Object, Page, Resource};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Elements a page.
const LIMIT: &str = "100";

/// Most elements of one list. An invoice may have some thousands; a list that never ends is none of Stripe's.
const MAX: usize = 100_000;

/// Completes every list of every object of a page.
pub(crate) async fn complete(client: &Client, resource: Resource, page: &mut Page) -> Result<(), ApiError> {
    for nested in resource.nested() {
        for index in 0..page.objects.len() {
            let object = &page.objects[index];
            if !page.goes_on(object, nested.key) {
                continue;
            }
            let elements = elements(client, nested, object).await?;
            page.complete(index, nested.key, &elements).map_err(|e| ApiError::Contract {
                path: nested.path.to_owned(),
                message: format!("its elements are not as agreed: {e}"),
                request: Default::default(),
            })?;
        }
    }
    Ok(())
}

async fn elements(client: &Client, nested: &Nested, object: &Object) -> Result<Vec<Box<RawValue>>, ApiError> {
    #[derive(Deserialize)]
    struct List {
        data: Vec<Box<RawValue>>,
        has_more: bool,
    }
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let (mut elements, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut query = vec![("limit", LIMIT.to_owned())];
        query.extend(nested.parameter.map(|name| (name, object.id.clone())));
        query.extend(after.map(|id| ("starting_after", id)));
        let read = |body: bytes::Bytes| serde_json::from_slice::<List>(&body).map_err(|e| e.to_string());
        let answer = match nested.parameter {
            Some(_) => client.get(nested.path, &query, read).await?,
            None => client.get_of(nested.path, &object.id, &query, read).await?,
        };
        elements.extend(answer.value.data);
        if !answer.value.has_more {
            return Ok(elements);
        }
        let last = elements.last().and_then(|element| serde_json::from_str::<Id>(element.get()).ok());
        let Some(Id { id }) = last.filter(|_| elements.len() < MAX) else {
            let message = format!("the list of {} does not end", nested.key);
            let path = nested.path.to_owned();
            return Err(ApiError::Contract { path, message, request: answer.request });
        };
        after = Some(id);
    }
}
