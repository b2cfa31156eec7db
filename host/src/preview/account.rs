//! An account of the settings, and objects of it.

use super::latest::Latest;
use crate::quarantine::Surroundings;
use crate::stripe::{ApiError, Client, Mode, Page, Resource};
use crate::sync::{SyncError, identify, nested};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

/// An account that samples may be taken of. Its `Debug` leaves out the settings, which hold a salt.
pub struct Account {
    name: String,
    client: Client,
    given: Option<String>,
    resources: Vec<Resource>,
    settings: Map<String, Value>,
    /// Stripe's id of it, once it was asked for.
    id: OnceCell<String>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl Account {
    /// An account by the name that the page shows, with the settings that a sync of it gives to the module. `given` is
    /// Stripe's id of it, when the key may not tell.
    pub fn new(
        name: String,
        client: Client,
        given: Option<String>,
        resources: Vec<Resource>,
        settings: Map<String, Value>,
    ) -> Self {
        Self { name, client, given, resources, settings, id: OnceCell::new() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The world of the key: `live`, `test`, or nothing when the key does not tell.
    pub(super) fn mode(&self) -> Option<&'static str> {
        self.client.mode().map(|mode| if mode == Mode::Live { "live" } else { "test" })
    }

    pub(super) fn api_version(&self) -> &str {
        self.client.version()
    }

    /// Stripe's id of it.
    pub(super) async fn id(&self) -> Result<&str, SyncError> {
        let found = self
            .id
            .get_or_try_init(|| async { Ok(identify(&self.client, self.given.as_deref()).await?.account) });
        found.await.map(String::as_str)
    }

    /// What a sync would give to the module.
    pub(super) async fn settings(&self) -> Result<Map<String, Value>, SyncError> {
        let mut settings = self.settings.clone();
        let surroundings = Surroundings {
            account: Some(self.id().await?.to_owned()),
            livemode: Some(self.client.mode() == Some(Mode::Live)),
            api_version: Some(self.client.version().to_owned()),
            ..Surroundings::default()
        };
        surroundings.put_into(&mut settings);
        Ok(settings)
    }

    /// The newest objects of a resource, `most` in all.
    pub(super) fn latest(&self, resource: Resource, most: usize) -> Latest<'_> {
        Latest::new(&self.client, resource, most)
    }

    /// One object, whole.
    pub(super) async fn object(&self, resource: Resource, id: &str) -> Result<Page, ApiError> {
        let mut page = self.client.object(resource, id).await?.value;
        nested::complete(&self.client, resource, &mut page).await?;
        Ok(page)
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.mode() {
            Some(mode) => write!(f, "{} ({mode} mode)", self.name),
            None => f.write_str(&self.name),
        }
    }
}
