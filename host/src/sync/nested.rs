//! Lists inside objects: Stripe shows their beginning, and the rest is asked for and put in.

use crate::stripe::{ApiError, Client, Page, Resource};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) async fn complete(client: &Client, resource: Resource, page: &mut Page) -> Result<(), ApiError> {
    if resource != Resource::Subscriptions {
        return Ok(());
    }
    for index in 0..page.objects.len() {
        let object = &page.objects[index];
        if !page.items(object).is_some_and(|items| items.has_more) {
            continue;
        }
        let items = items(client, &object.id).await?;
        page.complete_items(index, &items).map_err(|e| ApiError::Contract {
            path: "/v1/subscription_items".to_owned(),
            message: format!("the items are not as agreed: {e}"),
            request: Default::default(),
        })?;
    }
    Ok(())
}

async fn items(client: &Client, subscription: &str) -> Result<Vec<Box<RawValue>>, ApiError> {
    #[derive(Deserialize)]
    struct Items {
        data: Vec<Box<RawValue>>,
        has_more: bool,
    }
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let path = "/v1/subscription_items";
    let (mut items, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut query = vec![("limit", "100".to_owned()), ("subscription", subscription.to_owned())];
        query.extend(after.map(|id| ("starting_after", id)));
        let read = |body: bytes::Bytes| serde_json::from_slice::<Items>(&body).map_err(|e| e.to_string());
        let answer = client.get(path, &query, read).await?;
        items.extend(answer.value.data);
        if !answer.value.has_more {
            return Ok(items);
        }
        let last = items.last().and_then(|item| serde_json::from_str::<Id>(item.get()).ok());
        // Stripe allows 20 items; a list that never ends is not one of its lists.
        let Some(Id { id }) = last.filter(|_| items.len() < 10_000) else {
            let message = "the list of items does not end".to_owned();
            return Err(ApiError::Contract { path: path.to_owned(), message, request: answer.request });
        };
        after = Some(id);
    }
}
