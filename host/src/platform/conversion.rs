//! Data Prep's calls that are used here: mapping sets.

use super::batches::is_id;
use super::client::{Answer, Ask, Platform};
use super::doubt::make_once;
use super::error::PlatformError;
use reqwest::Method;
use serde_json::Value;

const BASE: &str = "/data/foundation/conversion/mappingSets";
/// Entries that are asked for at once, and pages of one list at most.
const PAGE: usize = 100;
const MAX_PAGES: usize = 100;

impl Platform {
    /// The mapping sets that are called so, oldest first: their ids.
    pub async fn mapping_sets_named(&self, name: &str) -> Result<Vec<String>, PlatformError> {
        let mut found = Vec::new();
        for page in 0..MAX_PAGES {
            let mut ask = Ask::get(BASE, "application/json");
            ask.query = vec![
                ("name", name.to_owned()),
                ("orderBy", "+createdDate".to_owned()),
                ("limit", PAGE.to_string()),
                ("start", (page * PAGE).to_string()),
            ];
            let answer = self.ask(&ask).await?;
            let sets = answer.body.get("data").and_then(Value::as_array);
            let sets = sets.ok_or_else(|| answer.lacks("the answer holds no list of mapping sets (data)"))?;
            // The filter may give more than was asked for.
            let called = sets.iter().filter(|set| set.get("name").is_some_and(|known| known == name));
            found.extend(called.filter_map(id).map(str::to_owned));
            if sets.len() < PAGE {
                return Ok(found);
            }
        }
        Err(PlatformError::Setup(format!("{BASE}: the list has more than {MAX_PAGES} pages")))
    }

    /// Makes a mapping set whose name no other has; gives its id. It may be that of one that was there already, when
    /// it was in doubt whether a first attempt had its effect.
    pub async fn make_mapping_set(&self, body: &Value) -> Result<String, PlatformError> {
        let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
        make_once(
            async || made(&self.ask(&Ask::send(Method::POST, BASE, body)).await?),
            async || Ok(self.mapping_sets_named(name).await?.into_iter().next()),
        )
        .await
    }
}

fn id(set: &Value) -> Option<&str> {
    set.get("id")?.as_str().filter(|id| is_id(id))
}

fn made(answer: &Answer) -> Result<String, PlatformError> {
    let id = id(&answer.body).map(str::to_owned);
    id.ok_or_else(|| answer.lacks("the answer names no mapping set (id)"))
}
