//! What a tenant has, as far as a library is concerned.

use super::client::Platform;
use super::error::PlatformError;
use xdm::Library;
use xdm::registry::plan::{Resource, Tenant};
use xdm::registry::standard::{Answers, needed};
use xdm::registry::{Kind, documents};

/// Looks everything up that the plan compares; `said` is told what is being looked at.
pub async fn tenant(
    platform: &Platform,
    library: &Library,
    said: &(dyn Fn(&str) + Sync),
) -> Result<Tenant, PlatformError> {
    said("identity namespaces");
    let mut tenant = Tenant { namespaces: platform.namespaces().await?, ..Tenant::default() };
    let ours = documents::all(library);
    for kind in Kind::ALL {
        let titles: Vec<&str> = ours
            .iter()
            .filter(|document| document.kind == kind)
            .map(|document| document.title.as_str())
            .collect();
        if titles.is_empty() {
            continue;
        }
        said(kind.plural());
        for entry in platform.resources(kind).await? {
            if !titles.contains(&entry.title.as_str()) {
                continue;
            }
            // Deleted meanwhile: then it is made anew.
            if let Some(document) = platform.raw(kind, &entry.id).await? {
                tenant.resources.push(Resource { kind, title: entry.title, id: entry.id, document });
            }
        }
    }
    said("descriptors");
    tenant.descriptors = platform.descriptors().await?;
    said("datasets");
    for schema in &library.schemas {
        tenant.datasets.extend(platform.datasets(&schema.name).await?);
    }
    Ok(tenant)
}

/// Adobe's own resources that the library relies on, as this tenant has them.
pub async fn preflight(platform: &Platform, library: &Library) -> Result<Answers, PlatformError> {
    let mut answers = Answers::new();
    for (kind, id) in needed(library) {
        let document = platform.resolved(kind, &id).await?;
        answers.insert(id, document);
    }
    Ok(answers)
}
