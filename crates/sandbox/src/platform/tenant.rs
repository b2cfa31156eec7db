//! What one sandbox of one organisation holds.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    platform::{
        catalog::Catalog, conversion::Conversion, flow::FlowService, namespaces::Namespaces,
        registry::Registry,
    },
    random::Random,
};

/// A sandbox's resources. Cloned before each change, so that a refused change leaves nothing behind.
#[derive(Debug, Clone)]
pub(super) struct Tenant {
    pub(super) ids: Ids,
    pub(super) registry: Registry,
    pub(super) catalog: Catalog,
    pub(super) namespaces: Namespaces,
    pub(super) flows: FlowService,
    pub(super) conversion: Conversion,
}

impl Tenant {
    /// Schemas that a dataset was made for: from then on they may only grow.
    pub(super) fn schemas_in_use(&self) -> BTreeSet<String> {
        let datasets = self.catalog.datasets.values();
        datasets
            .filter_map(|dataset| dataset.get("schemaRef")?.get("id")?.as_str())
            .map(str::to_owned)
            .collect()
    }
}

/// The moment of a request, and who makes it: what resources are stamped with.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    /// Milliseconds since 1970.
    pub(super) now: u64,
    pub(super) organization: String,
    pub(super) client: String,
    pub(super) sandbox_id: String,
    pub(super) production: bool,
}

impl Stamp {
    pub(super) fn sandbox_type(&self) -> Value {
        Value::from(if self.production { "production" } else { "development" })
    }
}

/// Makes ids.
#[derive(Debug, Clone)]
pub(super) struct Ids(Random);

impl Ids {
    /// Ids of one sandbox: other sandboxes and seeds have others.
    pub(super) fn new(seed: u64, organization: &str, sandbox: &str) -> Self {
        // FNV-1a, so that ids stay the same in every version of Rust.
        let names = organization.bytes().chain([b'/']).chain(sandbox.bytes());
        let hash = names.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(Random::new(seed ^ hash))
    }

    /// Lower-case hexadecimal digits.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.0.next()));
        }
        text.truncate(digits);
        text
    }

    pub(super) fn uuid(&mut self) -> String {
        let hex = self.hex(32);
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    /// The number of a namespace of an organisation's own.
    pub(super) fn namespace(&mut self) -> u64 {
        10_000_000 + self.0.below(80_000_000)
    }
}
