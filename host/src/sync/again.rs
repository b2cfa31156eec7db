//! One object by its id: how it is now, or that it is gone.

use super::{Fetched, Told, nested};
use crate::ledger::Version;
use crate::module::Call;
use crate::stripe::{ApiError, Client, Object, Page, Resource};
use serde::Deserialize;
use std::collections::BTreeMap;

/// An object that was read by its id.
#[derive(Debug, Clone)]
pub(super) struct Again {
    pub(super) resource: Resource,
    pub(super) id: String,
    /// Its creation time; 0 when it is gone.
    pub(super) created: i64,
    /// Its JSON text; of one that is gone the stub that says so.
    pub(super) text: Vec<u8>,
    pub(super) gone: bool,
    /// When it was read, by the server's clock.
    pub(super) at: i64,
    /// The API version that it is written in.
    pub(super) version: String,
}

/// Reads an object, whole. `now` is the time when the answer tells none.
pub(super) async fn read(client: &Client, resource: Resource, id: &str, now: i64) -> Result<Again, ApiError> {
    #[derive(Deserialize)]
    struct Stub {
        #[serde(default)]
        deleted: bool,
    }
    let again = |at: Option<i64>, version: Option<String>| Again {
        resource,
        id: id.to_owned(),
        created: 0,
        text: Vec::new(),
        gone: true,
        at: at.unwrap_or(now),
        version: version.unwrap_or_else(|| client.version().to_owned()),
    };
    match client.object(resource, id).await {
        Ok(answer) => {
            let mut page = answer.value;
            nested::complete(client, resource, &mut page).await?;
            let (created, text) = match page.objects.first() {
                Some(object) => (object.created, page.text(object).to_vec()),
                None => (0, Vec::new()),
            };
            let gone = serde_json::from_slice::<Stub>(&text).is_ok_and(|stub| stub.deleted);
            Ok(Again { created, text, gone, ..again(answer.server_time, answer.version) })
        }
        Err(error) => match error.is_no_object() {
            Some(at) => {
                // What Stripe says of some objects that are gone, and of others not.
                let stub = serde_json::json!({ "id": id, "object": resource.object(), "deleted": true });
                Ok(Again { text: stub.to_string().into_bytes(), ..again(at, None) })
            }
            None => Err(error),
        },
    }
}

/// Objects that were read again as pages for delivery, one for each time at which they were.
pub(super) fn pages(objects: Vec<(Again, Told)>, walk: usize) -> Vec<Fetched> {
    let mut times: BTreeMap<(i64, String), Vec<(Object, Told)>> = BTreeMap::new();
    for (again, told) in objects {
        let object = Object::new(again.id, told.created, again.text);
        times.entry((again.at, again.version)).or_default().push((object, told));
    }
    let page = |((at, version), objects): (_, Vec<(Object, Told)>)| {
        let (objects, told) = objects.into_iter().unzip();
        let call = Call { observed_at: Some(at), api_version: Some(version), resource: None };
        Fetched { told, ..Fetched::new(walk, Page::of(objects), call) }
    };
    times.into_iter().map(page).collect()
}

impl Again {
    /// What the deliverer is told of it. `created` is what is known of its creation time when it is gone; `listed`
    /// whether a list has shown it.
    pub(super) fn told(&self, created: i64, listed: bool) -> Told {
        Told {
            resource: self.resource,
            id: self.id.clone(),
            created: if self.created == 0 { created } else { self.created },
            version: Version::of_page(self.at),
            deleted: self.gone,
            listed: listed || self.gone,
            object: 0..self.text.len(),
            heard: None,
        }
    }
}
