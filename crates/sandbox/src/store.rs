//! All objects of one account, each list sorted once and kept sorted while objects come and go.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    entry::{Entry, InsertError},
    resource::Resource,
};

#[derive(Debug, Default, Clone)]
pub(crate) struct Collection {
    order: Vec<Arc<Entry>>,
    by_id: HashMap<String, Arc<Entry>>,
    /// Ids of objects deleted in a way that retrieving still answers with a stub.
    deleted: HashMap<String, String>,
}

impl Collection {
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Entry>> {
        self.by_id.get(id)
    }

    pub(crate) fn stub(&self, id: &str) -> Option<&str> {
        self.deleted.get(id).map(String::as_str)
    }

    /// Listed objects in the order of the list.
    pub(crate) fn order(&self) -> &[Arc<Entry>] {
        &self.order
    }

    /// The place of a listed object.
    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        let key = self.by_id.get(id).filter(|entry| entry.listed)?.key;
        self.order.binary_search_by_key(&key, |entry| entry.key).ok()
    }

    /// Every object, listed or not, in the order of the list.
    pub(crate) fn all(&self) -> Vec<&Arc<Entry>> {
        let mut all: Vec<_> = self.by_id.values().collect();
        all.sort_unstable_by_key(|entry| entry.key);
        all
    }

    fn put(&mut self, entry: Entry) {
        let entry = Arc::new(entry);
        if entry.listed {
            match self.order.binary_search_by_key(&entry.key, |other| other.key) {
                Ok(at) => self.order[at] = Arc::clone(&entry),
                Err(at) => self.order.insert(at, Arc::clone(&entry)),
            }
        }
        self.by_id.insert(entry.id.clone(), entry);
    }

    fn drop_id(&mut self, id: &str) -> Option<Arc<Entry>> {
        if let Some(at) = self.position(id) {
            self.order.remove(at);
        }
        self.by_id.remove(id)
    }
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Store {
    collections: [Collection; Resource::ALL.len()],
    sequence: i64,
}

impl Store {
    pub(crate) fn of(&self, resource: Resource) -> &Collection {
        &self.collections[resource.index()]
    }

    fn of_mut(&mut self, resource: Resource) -> &mut Collection {
        &mut self.collections[resource.index()]
    }

    /// Adds one object; a subscription brings its embedded items along, an invoice its lines.
    pub(crate) fn insert(
        &mut self,
        resource: Resource,
        text: &str,
        listed: bool,
    ) -> Result<Value, InsertError> {
        let (entry, value) = self.read(resource, text, listed)?;
        if self.of(resource).get(&entry.id).is_some() {
            return Err(InsertError::Duplicate { id: entry.id });
        }
        self.store(resource, entry, &value)?;
        Ok(value)
    }

    /// Adds an event at a place within its second, the last one without.
    pub(crate) fn insert_event(&mut self, text: &str, place: Option<i64>) -> Result<(), InsertError> {
        self.sequence += 1;
        let place = place.unwrap_or(self.sequence);
        let (entry, _) = Entry::read(Resource::Events, text, place, true)?;
        if self.of(Resource::Events).get(&entry.id).is_some() {
            return Err(InsertError::Duplicate { id: entry.id });
        }
        self.of_mut(Resource::Events).put(entry);
        Ok(())
    }

    /// Replaces one object, which keeps its place; answers what it was before and is now.
    pub(crate) fn update(&mut self, resource: Resource, text: &str) -> Result<(Value, Value), InsertError> {
        let (mut entry, value) = self.read(resource, text, true)?;
        let Some(old) = self.of(resource).get(&entry.id) else {
            return Err(InsertError::Missing { id: entry.id });
        };
        let before = serde_json::from_str(&old.text)?;
        if old.created == entry.created {
            entry.key = old.key;
        }
        entry.listed = old.listed;
        self.of_mut(resource).drop_id(&entry.id);
        self.store(resource, entry, &value)?;
        Ok((before, value))
    }

    /// Takes one object away. A customer leaves a stub behind, as Stripe's do.
    pub(crate) fn remove(&mut self, resource: Resource, id: &str) -> Result<Value, InsertError> {
        let Some(entry) = self.of_mut(resource).drop_id(id) else {
            return Err(InsertError::Missing { id: id.to_owned() });
        };
        if resource == Resource::Customers {
            self.delete_customer(id);
        }
        Ok(serde_json::from_str(&entry.text)?)
    }

    pub(crate) fn delete_customer(&mut self, id: &str) {
        let stub = crate::json::compact(&json!({"id": id, "object": "customer", "deleted": true}));
        self.of_mut(Resource::Customers).deleted.insert(id.to_owned(), stub);
    }

    /// Whatever `expand[]` may put in place of an id.
    pub(crate) fn resolve(&self, id: &str) -> Option<Value> {
        for collection in &self.collections {
            let text = collection.get(id).map(|entry| entry.text.as_str()).or_else(|| collection.stub(id));
            if let Some(text) = text {
                return serde_json::from_str(text).ok();
            }
        }
        None
    }

    fn read(&mut self, resource: Resource, text: &str, listed: bool) -> Result<(Entry, Value), InsertError> {
        self.sequence += 1;
        Entry::read(resource, text, self.sequence, listed)
    }

    fn store(&mut self, resource: Resource, entry: Entry, value: &Value) -> Result<(), InsertError> {
        self.of_mut(resource).put(entry);
        let (list, of) = match resource {
            Resource::Subscriptions => ("/items/data", Resource::SubscriptionItems),
            Resource::Invoices => ("/lines/data", Resource::InvoiceLines),
            _ => return Ok(()),
        };
        for item in value.pointer(list).and_then(Value::as_array).into_iter().flatten() {
            let (mut item, _) = self.read(of, &crate::json::compact(item), true)?;
            let items = self.of_mut(of);
            if let Some(old) = items.drop_id(&item.id).filter(|old| old.created == item.created) {
                item.key = old.key;
            }
            items.put(item);
        }
        Ok(())
    }
}
