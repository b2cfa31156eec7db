//! Parts of objects that Stripe shows on demand only: where they were refused, records are without them, and that is
//! said.

use super::{Summary, Watch};
use crate::stripe::{ApiError, Client, Resource};

/// Says which parts were refused to the run. A missing permission is an error, too: someone can give it.
pub(super) fn tell_refused(client: &Client, summary: &mut Summary, watch: &dyn Watch) {
    for (resource, error) in client.refused_parts() {
        let without = format!("without {}: {}", resource.expand().join(", "), why(resource, &error));
        let notice = format!("parts: {} are delivered {without}", resource.name());
        watch.notice(&notice);
        summary.notices.push(notice);
        if let ApiError::Permission { .. } = error {
            let of_resource = summary.resources.entry(resource.name().to_owned()).or_default();
            of_resource.errors.push(format!("delivered {without}"));
            of_resource.lacks_parts = true;
        }
    }
}

/// Why parts are refused, and what to do.
fn why(resource: Resource, error: &ApiError) -> String {
    match error {
        ApiError::Permission { permission, message, request, .. } => format!(
            "the key may not read them (403{request}): {message} Give the key the permission \"{permission}\" in the \
             Dashboard, then `stripe-xdm reset --resource {}` and a sync add them to what is there; or accept records \
             without them",
            resource.name()
        ),
        other => format!(
            "{}; ask for a newer --stripe-version, or accept records without them",
            other.without_path()
        ),
    }
}
