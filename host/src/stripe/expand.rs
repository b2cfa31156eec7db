//! Objects with the parts that Stripe shows only on demand. Here alone it is known how they are asked for. Where they
//! are refused they are done without, which is remembered, so that a sync can say so.

use super::{Answer, ApiError, Client, Page, Resource};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Resources whose parts are refused, each with the first answer that did.
#[derive(Debug, Default)]
pub(super) struct Refused(Mutex<BTreeMap<Resource, ApiError>>);

impl Refused {
    fn known(&self) -> MutexGuard<'_, BTreeMap<Resource, ApiError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A parameter of a question.
type Parameter = (&'static str, String);

impl Client {
    /// Asks for a page of a resource's list, its objects with all their parts.
    pub async fn list(&self, resource: Resource, query: &[Parameter]) -> Result<Answer<Page>, ApiError> {
        // Paths of a list begin in the list itself.
        let whole = self.expanded(resource, "data.", query);
        match self.page(resource.path(), &whole).await {
            Err(error) if whole.len() > query.len() && error.refuses_expand() => {
                let answer = self.page(resource.path(), query).await?;
                self.do_without(resource, error);
                Ok(answer)
            }
            answer => answer,
        }
    }

    /// Asks for one object by its id, with all its parts.
    pub async fn object(&self, resource: Resource, id: &str) -> Result<Answer<Page>, ApiError> {
        let read = |body| Page::parse_one(body).map_err(|e| e.to_string());
        let whole = self.expanded(resource, "", &[]);
        match self.get_of(resource.path(), id, &whole, read).await {
            Err(error) if !whole.is_empty() && error.refuses_expand() => {
                let answer = self.get_of(resource.path(), id, &[], read).await?;
                self.do_without(resource, error);
                Ok(answer)
            }
            answer => answer,
        }
    }

    /// The parts of a resource's objects that are shown on demand only, as far as the server lets them be asked for.
    pub fn on_demand(&self, resource: Resource) -> &'static [&'static str] {
        if self.refused().known().contains_key(&resource) { &[] } else { resource.expand() }
    }

    /// The resources whose parts were refused, each with the answer that did.
    pub fn refused_parts(&self) -> Vec<(Resource, ApiError)> {
        self.refused().known().clone().into_iter().collect()
    }

    /// Asks for refused parts again from now on: the key may have been given the permission.
    pub fn forget_refused_parts(&self) {
        self.refused().known().clear();
    }

    fn expanded(&self, resource: Resource, within: &str, query: &[Parameter]) -> Vec<Parameter> {
        let parts = self.on_demand(resource).iter();
        let expand = parts.map(|part| ("expand[]", format!("{within}{part}")));
        query.iter().cloned().chain(expand).collect()
    }

    fn do_without(&self, resource: Resource, error: ApiError) {
        let parts = resource.expand().join(", ");
        tracing::warn!(resource = resource.name(), parts, %error, "parts of the objects are refused and left out");
        self.refused().known().entry(resource).or_insert(error);
    }
}
