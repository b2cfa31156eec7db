//! The newest objects of a resource. Where one list does not show them all (prices, active or not) the lists are read
//! side by side, and of their next objects the newest comes first.

use crate::stripe::{ApiError, Client, Page, Resource};
use crate::sync::nested;

/// Most objects a page.
const PAGE: usize = 100;

/// A way through the lists of a resource, from the newest object on.
pub(super) struct Latest<'a> {
    client: &'a Client,
    resource: Resource,
    lists: Vec<List>,
    left: usize,
}

struct List {
    filters: &'static [(&'static str, &'static str)],
    page: Option<Page>,
    /// Place in the page.
    at: usize,
}

/// An object's id and text.
pub(super) type Object = (String, Vec<u8>);

impl<'a> Latest<'a> {
    pub(super) fn new(client: &'a Client, resource: Resource, most: usize) -> Self {
        let list = |filters| List { filters, page: None, at: 0 };
        let lists = resource.passes().into_iter().map(|pass| list(pass.filters)).collect();
        Self { client, resource, lists, left: most }
    }

    /// The next one; nothing when there were enough or are no more.
    pub(super) async fn next(&mut self) -> Result<Option<Object>, ApiError> {
        if self.left == 0 {
            return Ok(None);
        }
        for list in &mut self.lists {
            list.fill(self.client, self.resource, self.left).await?;
        }
        let newest = self.lists.iter_mut().filter_map(|list| Some((list.created()?, list)));
        let Some((_, list)) = newest.max_by_key(|(created, _)| *created) else { return Ok(None) };
        self.left -= 1;
        Ok(list.take())
    }

    /// The next ones, `most` of them or fewer at the end.
    pub(super) async fn some(&mut self, most: usize) -> Result<Vec<Object>, ApiError> {
        let mut found = Vec::new();
        while found.len() < most
            && let Some(object) = self.next().await?
        {
            found.push(object);
        }
        Ok(found)
    }
}

impl List {
    /// Sees to it that there is a next object, unless the list ends here.
    async fn fill(&mut self, client: &Client, resource: Resource, most: usize) -> Result<(), ApiError> {
        let after = match &self.page {
            Some(page) if self.at < page.objects.len() || !page.has_more => return Ok(()),
            Some(page) => page.objects.last().map(|object| object.id.clone()),
            None => None,
        };
        let mut query = vec![("limit", most.min(PAGE).to_string())];
        query.extend(self.filters.iter().map(|(name, value)| (*name, (*value).to_owned())));
        query.extend(after.map(|id| ("starting_after", id)));
        let mut page = client.list(resource, &query).await?.value;
        nested::complete(client, resource, &mut page).await?;
        (self.page, self.at) = (Some(page), 0);
        Ok(())
    }

    fn created(&self) -> Option<i64> {
        Some(self.page.as_ref()?.objects.get(self.at)?.created)
    }

    fn take(&mut self) -> Option<Object> {
        let page = self.page.as_ref()?;
        let object = page.objects.get(self.at)?;
        self.at += 1;
        Some((object.id.clone(), page.text(object).to_vec()))
    }
}
