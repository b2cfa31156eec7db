//! Schema Registry's errors.

use serde_json::json;

use crate::{
    platform::{answer::Answer, clock::Clock},
    random::Random,
};

/// An error with the registry's report.
#[derive(Debug, Clone)]
pub(in crate::platform) struct XdmError {
    status: u16,
    /// The number in `XDM-1521-400`.
    code: u16,
    title: &'static str,
    message: String,
}

impl XdmError {
    pub(super) fn new(status: u16, code: u16, title: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, title, message: message.into() }
    }

    /// A refusal for which no code is published: `XDM-0000`, so that nobody learns one that is made up.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, 0, "Bad request", message)
    }

    /// A field that is not below the tenant's own name.
    pub(super) fn namespace(tenant: &str) -> Self {
        let message = format!(
            "A custom field is defined under an invalid namespace. All custom fields must be defined under a top-level field named _{tenant}."
        );
        Self::new(400, 1021, "Namespace validation error", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(405, 0, "Method not allowed", "This method is not allowed here")
    }

    /// The answer to the request of a number.
    pub(in crate::platform) fn answer(&self, number: u64, clock: Clock) -> Answer {
        let mut random = Random::new(number ^ 0xe44);
        let mut hex = |digits: usize| -> String {
            (0..digits).filter_map(|_| char::from_digit(random.below(16) as u32, 16)).collect()
        };
        let id = format!("{}-{}-4{}-8{}-{}", hex(8), hex(4), hex(3), hex(3), hex(12));
        let body = json!({
            "type": format!("http://ns.adobe.com/aep/errors/XDM-{:04}-{}", self.code, self.status),
            "title": self.title,
            "status": self.status,
            "report": {
                "registryRequestId": id,
                "timestamp": clock.written(),
                "detailed-message": self.message,
                "sub-errors": [],
            },
            "detail": self.message,
        });
        Answer::json(self.status, &body)
    }
}
