//! Stripe's error object, with the sentences that the real API uses.

use serde_json::{Map, Value, json};

use crate::{expand::LEVELS, resource::Resource};

#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl ApiError {
    fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            kind: "invalid_request_error",
            code: None,
            param: None,
            message: message.into(),
            headers: Vec::new(),
        }
    }

    fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    fn param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(&self) -> String {
        let mut error = Map::new();
        if let Some(code) = self.code {
            error.insert("code".into(), json!(code));
            error.insert(
                "doc_url".into(),
                json!(format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"))),
            );
        }
        error.insert("message".into(), json!(self.message));
        if let Some(param) = &self.param {
            error.insert("param".into(), json!(param));
        }
        error.insert("type".into(), json!(self.kind));
        crate::json::compact(&json!({"error": Value::Object(error)}))
    }

    pub(crate) fn both_cursors() -> Self {
        Self::new(400, "Received both starting_after and ending_before parameters. Please pass in only one.")
    }

    pub(crate) fn missing(resource: Resource, id: &str, param: &str) -> Self {
        let status = if param == "id" { 404 } else { 400 };
        let object = resource.object().replace('_', " ");
        Self::new(status, format!("No such {object}: '{id}'")).code("resource_missing").param(param)
    }

    pub(crate) fn unknown_parameter(name: &str) -> Self {
        Self::new(400, format!("Received unknown parameter: {name}")).code("parameter_unknown").param(name)
    }

    pub(crate) fn not_integer(name: &str, value: &str) -> Self {
        Self::new(400, format!("Invalid integer: {value}")).code("parameter_invalid_integer").param(name)
    }

    pub(crate) fn empty(name: &str) -> Self {
        Self::new(
            400,
            format!("You passed an empty string for '{name}'. Pass a value or leave the parameter out."),
        )
        .code("parameter_invalid_empty")
        .param(name)
    }

    pub(crate) fn required(name: &str) -> Self {
        Self::new(400, format!("Missing required param: {name}.")).code("parameter_missing").param(name)
    }

    pub(crate) fn invalid(name: &str, message: impl Into<String>) -> Self {
        Self::new(400, message).param(name)
    }

    pub(crate) fn not_expandable(path: &str, hint: bool) -> Self {
        let hint = if hint {
            format!(" You may want to try expanding 'data.{path}' instead.")
        } else {
            String::new()
        };
        Self::invalid("expand", format!("This property cannot be expanded ({path}).{hint}"))
    }

    pub(crate) fn too_deep(path: &str) -> Self {
        Self::invalid(
            "expand",
            format!("You cannot expand more than {LEVELS} levels of a property. Property: {path}"),
        )
    }

    pub(crate) fn bad_version(version: &str) -> Self {
        Self::new(400, format!("Invalid Stripe API version: {version}"))
    }

    pub(crate) fn unknown_url(method: &str, path: &str) -> Self {
        Self::new(
            404,
            format!(
                "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
            ),
        )
    }

    pub(crate) fn no_key() -> Self {
        Self::new(401, "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.")
            .header("www-authenticate", "Basic realm=\"Stripe\"")
    }

    pub(crate) fn bad_key(redacted: &str) -> Self {
        Self::new(401, format!("Invalid API Key provided: {redacted}"))
            .header("www-authenticate", "Basic realm=\"Stripe\"")
    }

    pub(crate) fn no_permission(redacted: &str, account: &str, permissions: &[&str]) -> Self {
        let names: Vec<String> = permissions.iter().map(|name| format!("'rak_{name}'")).collect();
        let noun = if names.len() == 1 { "permission" } else { "permissions" };
        Self::new(
            403,
            format!(
                "The provided key '{redacted}' does not have the required permissions for this endpoint on account '{account}'. Having the {} {noun} would allow this request to continue.",
                names.join(", ")
            ),
        )
    }

    pub(crate) fn account_invalid(redacted: &str, account: &str) -> Self {
        Self::new(
            403,
            format!(
                "The provided key '{redacted}' does not have access to account '{account}' (or that account does not exist). Application access may have been revoked."
            ),
        )
        .code("account_invalid")
    }

    pub(crate) fn missing_account(id: &str, param: &str) -> Self {
        Self::new(400, format!("No such account: '{id}'")).code("resource_missing").param(param)
    }

    pub(crate) fn both_accounts() -> Self {
        Self::new(400, "You may send only one of the headers Stripe-Account and Stripe-Context.")
    }

    pub(crate) fn rate_limited(reason: &str) -> Self {
        Self::new(429, "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.")
            .code("rate_limit")
            .header("stripe-rate-limited-reason", reason)
    }

    pub(crate) fn lock_timeout() -> Self {
        Self::new(429, "This object cannot be accessed right now because another API request or Stripe process is currently accessing it. If you see this error intermittently, retry the request.")
            .code("lock_timeout")
    }

    /// A status out of nowhere: Stripe's own trouble.
    pub(crate) fn trouble(status: u16) -> Self {
        let mut error = Self::new(
            status,
            "An unknown error occurred. If you keep seeing this, see https://support.stripe.com/.",
        );
        if status >= 500 {
            error.kind = "api_error";
        }
        error
    }
}
