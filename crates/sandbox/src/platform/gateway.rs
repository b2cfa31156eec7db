//! The headers that every call of the platform needs, and the gateway's answers when they are wrong.

use crate::platform::{
    answer::Answer,
    clock::Clock,
    ims::Tokens,
    options::{Options, Organization},
    world::Call,
};

/// Who calls, and for which sandbox.
pub(super) struct Caller<'a> {
    pub(super) organization: &'a Organization,
    pub(super) sandbox: String,
}

/// Checks the headers in the gateway's order: token, key, organisation; then the service asks for the sandbox.
pub(super) fn enter<'a>(
    call: &Call,
    options: &'a Options,
    tokens: &mut Tokens,
    clock: Clock,
) -> Result<Caller<'a>, Answer> {
    let header = |name: &str| call.header(name).filter(|value| !value.is_empty());
    let token =
        header("authorization").ok_or_else(|| Answer::gateway(403, "403010", "Oauth token is missing."))?;
    let client = token.strip_prefix("Bearer ").and_then(|token| tokens.client(token, clock));
    let client = client.ok_or_else(|| Answer::gateway(401, "401013", "Oauth token is not valid"))?;
    let key = header("x-api-key").ok_or_else(|| Answer::gateway(403, "403000", "Api Key is required"))?;
    if key != client {
        return Err(Answer::gateway(403, "403003", "Api Key is invalid"));
    }
    let id = header("x-gw-ims-org-id").ok_or_else(|| Answer::gateway(400, "400003", "Missing header"))?;
    let organization = options.organizations.iter().find(|known| known.id == id && known.client.id == client);
    let organization = organization.ok_or_else(|| Answer::gateway(403, "403025", "Profile is not valid"))?;
    // No page says how a missing or unknown sandbox is refused; that the header is required, all do.
    let sandbox = header("x-sandbox-name")
        .ok_or_else(|| Answer::bad_request("The header x-sandbox-name is required"))?;
    if !organization.sandboxes.iter().any(|known| known == sandbox) {
        return Err(Answer::problem(403, "Forbidden", format!("No access to the sandbox {sandbox}")));
    }
    // Batch ingestion takes bytes of files, and requests without a body: it looks for itself. Actions of Flow
    // Service have everything in the query, and no body.
    let without_body = call.path.starts_with("/data/foundation/import/") || call.path.ends_with("/action");
    if matches!(call.method.as_str(), "POST" | "PUT" | "PATCH") && !(without_body && call.body.is_empty()) {
        let kind = header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        // Only Catalog tells a JSON Patch by its type; the registry's patches are application/json too.
        let patch =
            call.path.starts_with("/data/foundation/catalog/") && kind == "application/json-patch+json";
        if kind != "application/json" && !patch {
            return Err(Answer::bad_request("A valid content-type must be specified"));
        }
    }
    Ok(Caller { organization, sandbox: sandbox.to_owned() })
}
