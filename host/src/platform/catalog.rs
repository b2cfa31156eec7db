//! Catalog's calls that are used here: datasets.

use super::batches::is_id;
use super::client::{Ask, Platform};
use super::error::PlatformError;
use reqwest::Method;
use serde_json::Value;
use xdm::registry::plan::Dataset;

const BASE: &str = "/data/foundation/catalog/dataSets";

impl Platform {
    /// The datasets of a name. Catalog's filter may give more than was asked for.
    pub(super) async fn datasets(&self, name: &str) -> Result<Vec<Dataset>, PlatformError> {
        let mut ask = Ask::get(BASE, "application/json");
        ask.query = vec![("name", name.to_owned()), ("limit", "100".to_owned())];
        let answer = self.ask(&ask).await?;
        let all =
            answer.body.as_object().ok_or_else(|| answer.lacks("the answer holds no datasets by id"))?;
        let of_name =
            all.iter().filter(|(_, dataset)| dataset.get("name").is_some_and(|known| known == name));
        Ok(of_name.map(|(id, dataset)| Dataset { id: id.clone(), document: dataset.clone() }).collect())
    }

    /// The datasets of a name: id, and whether it feeds Profile.
    pub async fn named_datasets(&self, name: &str) -> Result<Vec<(String, bool)>, PlatformError> {
        let feeds = |document: &Value| {
            let tags = document.pointer("/tags/unifiedProfile").and_then(Value::as_array);
            let mut tags = tags.into_iter().flatten().filter_map(Value::as_str);
            // Written with and without a space.
            tags.any(|tag| tag.replace(' ', "") == "enabled:true")
        };
        let found = self.datasets(name).await?;
        let ids = found.into_iter().map(|dataset| {
            let feeds = feeds(&dataset.document);
            (dataset.id, feeds)
        });
        Ok(ids.filter(|(id, _)| is_id(id)).collect())
    }

    /// The `$id` of a dataset's schema; none when there is no such dataset.
    pub async fn schema_of_dataset(&self, id: &str) -> Result<Option<String>, PlatformError> {
        if !is_id(id) {
            return Ok(None);
        }
        let answer = self.find(&Ask::get(format!("{BASE}/{id}"), "application/json")).await?;
        let Some(answer) = answer else { return Ok(None) };
        let schema = answer.body.pointer(&format!("/{id}/schemaRef/id")).and_then(Value::as_str);
        schema.map(|id| Some(id.to_owned())).ok_or_else(|| answer.lacks("the dataset names no schema"))
    }

    /// The schema of a dataset, with everything that it refers to in place.
    pub async fn schema_of(&self, dataset: &str) -> Result<Value, PlatformError> {
        let schema = self.schema_of_dataset(dataset).await?;
        let gone = || {
            PlatformError::Setup(format!(
                "there is no dataset {dataset} any more: run the same command again"
            ))
        };
        self.whole_schema(&schema.ok_or_else(gone)?).await
    }

    /// Makes a dataset; gives its id.
    pub(super) async fn create_dataset(&self, body: &Value) -> Result<String, PlatformError> {
        let answer = self.ask(&Ask::send(Method::POST, BASE, body)).await?;
        let id = answer.body.get(0).and_then(Value::as_str).and_then(|link| link.strip_prefix("@/dataSets/"));
        id.map(str::to_owned).ok_or_else(|| answer.lacks("the answer names no dataset"))
    }

    /// Adds to a dataset.
    pub(super) async fn change_dataset(&self, id: &str, body: &Value) -> Result<(), PlatformError> {
        self.ask(&Ask::send(Method::PATCH, format!("{BASE}/{id}"), body)).await.map(drop)
    }
}
