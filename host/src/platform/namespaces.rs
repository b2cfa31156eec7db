//! The Identity Service's calls that are used here: identity namespaces.

use super::client::{Ask, Platform};
use super::error::PlatformError;
use reqwest::Method;
use serde_json::Value;

const BASE: &str = "/data/core/idnamespace/identities";

impl Platform {
    /// All identity namespaces, Adobe's own included.
    pub(super) async fn namespaces(&self) -> Result<Vec<Value>, PlatformError> {
        let answer = self.ask(&Ask::get(BASE, "application/json")).await?;
        answer.body.as_array().cloned().ok_or_else(|| answer.lacks("the answer is no list of namespaces"))
    }

    /// Makes a namespace; gives its number.
    pub(super) async fn create_namespace(&self, body: &Value) -> Result<String, PlatformError> {
        let answer = self.ask(&Ask::send(Method::POST, BASE, body)).await?;
        Ok(answer.body.get("id").map(Value::to_string).unwrap_or_default())
    }
}
