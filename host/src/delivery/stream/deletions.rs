//! Tombstones as deletions of profiles: messages of a raw inlet, whose mapping set puts the object's id where the
//! schema has its primary identity.
//!
//! That is exact only where the primary identity is the id of the very object. The data lake keeps what it has: it only
//! grows.

use super::{Run, Way};

use crate::delivery::{Delivered, DeliveryError, Destination};
use crate::platform::{Behaviour, Destined, PlatformError, Purpose};
use serde_json::json;

impl Run<'_> {
    /// How deletions get into a dataset; none, and a note why, when they cannot.
    pub(super) async fn way_of_deletions(
        &self,
        to: &Destination,
        destined: Destined<'_>,
        behaviour: Behaviour,
        done: &mut Delivered,
    ) -> Result<Option<Way>, DeliveryError> {
        let path = match (to.profile, behaviour) {
            (true, Behaviour::Record) => self.platform.primary_identity(destined.schema).await?,
            _ => None,
        };
        match path {
            Some(path) if is_id_of(destined.dataset, &path) => {
                let mapping = self.mapping_set(destined, &path).await?;
                self.way(Purpose::Deletions(&mapping), destined).await.map(Some)
            }
            path => {
                done.notes.push(why_not(to, behaviour, path.as_deref()));
                Ok(None)
            }
        }
    }

    async fn mapping_set(&self, to: Destined<'_>, path: &str) -> Result<String, PlatformError> {
        let name = format!("stripe-xdm deletions {} {}", to.dataset, to.dataset_id);
        if let Some(known) = self.platform.mapping_sets_named(&name).await?.into_iter().next() {
            return Ok(known);
        }
        (self.said)(&format!("making the mapping set {name}"));
        let schema =
            json!({ "id": to.schema, "contentType": "application/vnd.adobe.xed-full+json;version=1" });
        let destination = path.trim_start_matches('/').replace('/', ".");
        let mapping = json!({ "sourceType": "ATTRIBUTE", "source": "id", "destination": destination });
        let set = json!({
            "name": name, "version": 0, "outputSchema": { "schemaRef": schema }, "mappings": [mapping],
        });
        self.platform.make_mapping_set(&set).await
    }
}

/// Whether an identity is the id of the objects that a dataset has the state of: `/_acme/stripe/customerID` of
/// `stripe_customers`.
fn is_id_of(dataset: &str, path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let ["", tenant, "stripe", field] = parts.as_slice() else { return false };
    let object = field.strip_suffix("ID").filter(|object| !object.is_empty());
    tenant.starts_with('_') && object.is_some_and(|object| dataset.contains(object))
}

fn why_not(to: &Destination, behaviour: Behaviour, path: Option<&str>) -> String {
    let why = match (to.profile, behaviour, path) {
        (false, ..) => {
            "the dataset does not feed Profile, and a data lake only grows; leave them out by their ids when reading"
        }
        (_, Behaviour::Event | Behaviour::Relational, _) => {
            "what has happened is not taken back: events stay"
        }
        (_, Behaviour::Record, None) => {
            "the schema has no primary identity by which Profile could find what is gone"
        }
        (_, Behaviour::Record, Some(_)) => {
            "the schema's primary identity is not the object's id, so that a tombstone does not tell whose profile it is"
        }
    };
    format!("tombstones are not carried into the dataset: {why}. They stay in the lake")
}

#[cfg(test)]
mod tests {
    use super::is_id_of;

    #[test]
    fn only_the_object_s_own_id_names_what_is_gone() {
        assert!(is_id_of("stripe_customers", "/_acme/stripe/customerID"));
        assert!(is_id_of("stripe_prices", "/_acme/stripe/priceID"));
        for path in
            ["/_acme/stripe/productID", "/personalEmail/address", "/_acme/stripe/ID", "/_acme/x/priceID"]
        {
            assert!(!is_id_of("stripe_prices", path), "{path}");
        }
    }
}
