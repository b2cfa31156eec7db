//! What an input is: a bare object, an Event with an object inside, or either below `data` or `detail`, as Adobe's
//! managed Stripe source, Azure Event Grid (a CloudEvent) and Amazon EventBridge wrap it; and what the Event says
//! about the object.

use dataprep::json::{JsonError, Kind, Scanner, Span, unescape};
use std::borrow::Cow;

/// An input as far as it must be known before a model can be chosen.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    /// The object's own text.
    pub(crate) object: &'a str,
    /// Its `object`, such as `charge`.
    pub(crate) kind: Option<Cow<'a, str>>,
    /// The Event around it.
    pub(crate) event: Option<Event<'a>>,
}

/// The parts of a snapshot Event (`object: "event"`) besides the object.
#[derive(Debug, Default)]
pub(crate) struct Event<'a> {
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) event_type: Option<Cow<'a, str>>,
    pub(crate) account: Option<Cow<'a, str>>,
    pub(crate) api_version: Option<Cow<'a, str>>,
    pub(crate) request: Option<Cow<'a, str>>,
    /// Epoch seconds, as the text of the number.
    pub(crate) created: Option<&'a str>,
    pub(crate) livemode: Option<bool>,
    /// Names of the top-level fields that the event changed.
    changed: Vec<Cow<'a, str>>,
}

/// Why an input cannot be taken: a stable word, a sentence, and where it is known the byte offset.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) path: String,
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Self {
        Self {
            code: "invalid_json",
            message: error.message.to_owned(),
            path: format!("byte {}", error.offset),
        }
    }
}

fn refuse<T>(code: &'static str, path: &str, message: &str) -> Result<T, Refusal> {
    Err(Refusal { code, message: message.to_owned(), path: path.to_owned() })
}

/// Calls `visit` with each member; `false` stops before the end of the object.
fn members<'a>(text: &'a str, mut visit: impl FnMut(Cow<'a, str>, Span) -> bool) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    let mut more = scanner.enter_object()?;
    while more {
        let (key, _) = scanner.key()?;
        let value = scanner.value()?;
        if !visit(unescape(key.text(text)), value) {
            return Ok(());
        }
        more = scanner.next_member()?;
    }
    scanner.finish()
}

/// A string's value; `None` for anything else and for the empty string.
pub(crate) fn string(text: &str, span: Span) -> Option<Cow<'_, str>> {
    match span.kind {
        Kind::Plain | Kind::Escaped => {
            let quoted = span.text(text);
            let inner = quoted.get(1..quoted.len() - 1)?;
            (!inner.is_empty()).then(|| unescape(inner))
        }
        _ => None,
    }
}

/// Finds out what the input is. A bare object is read no further than its `object` field: the plan
/// that converts it checks the rest.
pub(crate) fn read(text: &str) -> Result<Input<'_>, Refusal> {
    if Scanner::new(text).peek() != Some(b'{') {
        let mut scanner = Scanner::new(text);
        scanner.value()?;
        scanner.finish()?;
        return refuse("not_an_object", "", "expected a Stripe object or Event, which is a JSON object");
    }
    let (mut kind, mut inner, mut id, mut wrapped) = (None, None, false, false);
    members(text, |key, value| {
        match &*key {
            "object" => kind = string(text, value),
            "data" | "detail" if value.is_object() => inner = Some(value.text(text)),
            "id" => id = true,
            // CloudEvents and Amazon's have ids of their own.
            "specversion" | "detail-type" => wrapped = true,
            _ => {}
        }
        kind.is_none()
    })?;
    match kind.as_deref() {
        None if (wrapped || !id)
            && let Some(inner) = inner.filter(|inner| is_object(inner)) =>
        {
            read(inner)
        }
        Some("event") => event(text),
        Some("v2.core.event") => refuse(
            "thin_event",
            "related_object",
            "a thin event carries no object: fetch its related_object.url and convert that",
        ),
        Some("list") => {
            refuse("list_page", "data", "a list page is not one object: convert the elements of its data")
        }
        _ => Ok(Input { object: text, kind, event: None }),
    }
}

/// Whether a JSON object looks like one of Stripe's.
fn is_object(text: &str) -> bool {
    dataprep::json::members(text)
        .any(|(key, value)| matches!(key, "object" | "id") && string(text, value).is_some())
}

fn event(text: &str) -> Result<Input<'_>, Refusal> {
    let mut event = Event::default();
    let mut data = None;
    let mut request = None;
    members(text, |key, value| {
        match &*key {
            "id" => event.id = string(text, value),
            "type" => event.event_type = string(text, value),
            "account" => event.account = string(text, value),
            "api_version" => event.api_version = string(text, value),
            "created" if value.kind == Kind::Number => event.created = Some(value.text(text)),
            "livemode" => {
                event.livemode = match value.kind {
                    Kind::True => Some(true),
                    Kind::False => Some(false),
                    _ => None,
                }
            }
            "request" => request = Some(value),
            "data" if value.is_object() => data = Some(value.text(text)),
            _ => {}
        }
        true
    })?;
    // Before 2017-05-25 `request` was the id itself.
    match request {
        Some(span) if span.is_object() => members(span.text(text), |key, value| {
            if key == "id" {
                event.request = string(span.text(text), value);
            }
            true
        })?,
        Some(span) => event.request = string(text, span),
        None => {}
    }
    let Some(data) = data else {
        return refuse("missing_data", "data.object", "the event has no data.object");
    };
    let mut object = None;
    members(data, |key, value| {
        match &*key {
            "object" if value.is_object() => object = Some(value.text(data)),
            "previous_attributes" if value.is_object() => {
                event.changed =
                    dataprep::json::members(value.text(data)).map(|(key, _)| unescape(key)).collect();
            }
            _ => {}
        }
        true
    })?;
    let Some(object) = object else {
        return refuse("missing_data", "data.object", "the event has no data.object");
    };
    if event.event_type.is_none() {
        return refuse("missing_type", "type", "the event has no type");
    }
    let mut kind = None;
    members(object, |key, value| {
        if key == "object" {
            kind = string(object, value);
        }
        kind.is_none()
    })?;
    Ok(Input { object, kind, event: Some(event) })
}

impl Event<'_> {
    /// Whether this delivery is the business fact itself, which carries measures, or a later update.
    ///
    /// A fact is told by the event's type or by a change of the field that holds the object's state;
    /// several deliveries of one fact get one `_id`.
    pub(crate) fn is_fact(&self, resource: &str) -> bool {
        let event_type = self.event_type.as_deref().unwrap_or_default();
        let changed = |field: &str| self.changed.iter().any(|name| name == field);
        match resource {
            "charge" => {
                matches!(
                    event_type,
                    "charge.succeeded" | "charge.captured" | "charge.pending" | "charge.failed"
                ) || changed("status")
                    || changed("captured")
            }
            "refund" => matches!(event_type, "refund.created" | "refund.failed") || changed("status"),
            // What may come about more than once, such as another attempt to pay, is no fact of the status.
            "invoice" => {
                matches!(
                    event_type,
                    "invoice.created"
                        | "invoice.finalized"
                        | "invoice.paid"
                        | "invoice.marked_uncollectible"
                        | "invoice.voided"
                ) || changed("status")
            }
            "payment_intent" => {
                matches!(
                    event_type,
                    "payment_intent.created" | "payment_intent.succeeded" | "payment_intent.canceled"
                )
            }
            "dispute" => {
                matches!(event_type, "charge.dispute.created" | "charge.dispute.closed") || changed("status")
            }
            "payout" => {
                matches!(event_type, "payout.created" | "payout.paid" | "payout.failed" | "payout.canceled")
                    || changed("status")
            }
            _ => true,
        }
    }

    /// Whether the event says that the object is gone. Its `data.object` is then the last state,
    /// without any mark of the deletion. (`customer.subscription.deleted` is a cancellation.)
    pub(crate) fn is_deletion(&self, resource: &str) -> bool {
        let event_type = self.event_type.as_deref().unwrap_or_default();
        matches!(resource, "customer" | "price" | "product" | "coupon" | "invoice")
            && event_type.strip_suffix(".deleted") == Some(resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_objects_are_read_as_far_as_needed() {
        let input = read(r#" {"id":"ch_1","object":"charge", broken"#).unwrap();
        assert_eq!(input.kind.as_deref(), Some("charge"));
        assert_eq!(read(r#"{"id":"x"}"#).unwrap().kind, None);
        assert_eq!(read("[1]").unwrap_err().code, "not_an_object");
        assert_eq!(read("{").unwrap_err().code, "invalid_json");
        assert_eq!(read(r#"{"object":"list","data":[]}"#).unwrap_err().code, "list_page");
        assert_eq!(read(r#"{"object":"v2.core.event"}"#).unwrap_err().code, "thin_event");
    }

    #[test]
    fn what_lies_below_data_alone_is_the_object() {
        let input = read(r#"{"data":{"id":"ch_1","object":"charge"}}"#).unwrap();
        assert_eq!(
            (input.kind.as_deref(), input.object),
            (Some("charge"), r#"{"id":"ch_1","object":"charge"}"#)
        );
        assert_eq!(read(r#"{"data":{"id":"ch_1"},"_source":"x"}"#).unwrap().object, r#"{"id":"ch_1"}"#);
        // An object with an id is an object, whatever it calls its members.
        let own = r#"{"id":"x_1","data":{"id":"y_1"}}"#;
        assert_eq!(read(own).unwrap().object, own);
        let other = r#"{"data":{"x":1}}"#;
        assert_eq!(read(other).unwrap().object, other);
        let event = r#"{"id":"evt_1","object":"event","type":"charge.succeeded","data":{"object":{"object":"charge"}}}"#;
        for wrapped in [
            format!(r#"{{"data":{event}}}"#),
            format!(
                r#"{{"version":"0","id":"8f0d","detail-type":"charge.succeeded","account":"1","detail":{event}}}"#
            ),
            format!(r#"{{"specversion":"1.0","id":"8f0d","type":"charge.succeeded","data":{event}}}"#),
        ] {
            let event = read(&wrapped).unwrap().event.unwrap();
            assert_eq!((event.id.as_deref(), event.account), (Some("evt_1"), None), "{wrapped}");
        }
    }

    #[test]
    fn events_tell_facts_from_updates() {
        let text = |event_type: &str, previous: &str| {
            format!(
                r#"{{"id":"evt_1","object":"event","created":5,"type":"{event_type}","request":{{"id":"req_1"}},
                "data":{{"object":{{"object":"charge"}},"previous_attributes":{previous}}}}}"#
            )
        };
        for (event_type, previous, resource, fact) in [
            ("charge.succeeded", "{}", "charge", true),
            ("charge.captured", r#"{"captured":false}"#, "charge", true),
            ("charge.updated", r#"{"status":"pending"}"#, "charge", true),
            ("charge.updated", r#"{"metadata":{"status":null}}"#, "charge", false),
            ("charge.refunded", r#"{"amount_refunded":0}"#, "charge", false),
            ("refund.updated", r#"{"destination_details":{}}"#, "refund", false),
            ("refund.updated", r#"{"status":"pending"}"#, "refund", true),
            ("invoice.paid", "{}", "invoice", true),
            ("invoice.payment_failed", r#"{"attempt_count":1}"#, "invoice", false),
            ("invoice.updated", r#"{"status":"open"}"#, "invoice", true),
            ("payment_intent.succeeded", "{}", "payment_intent", true),
            ("payment_intent.requires_action", "{}", "payment_intent", false),
            ("charge.dispute.closed", "{}", "dispute", true),
            ("charge.dispute.funds_withdrawn", "{}", "dispute", false),
            ("payout.paid", "{}", "payout", true),
            ("payout.reconciliation_completed", "{}", "payout", false),
        ] {
            let text = text(event_type, previous);
            let input = read(&text).unwrap();
            let event = input.event.unwrap();
            assert_eq!(event.is_fact(resource), fact, "{event_type} {previous}");
            assert_eq!((event.request.as_deref(), event.created), (Some("req_1"), Some("5")));
        }
    }

    #[test]
    fn only_true_deletions_are_deletions() {
        let event =
            |event_type: &'static str| Event { event_type: Some(event_type.into()), ..Event::default() };
        assert!(event("customer.deleted").is_deletion("customer"));
        assert!(event("price.deleted").is_deletion("price"));
        assert!(event("product.deleted").is_deletion("product"));
        assert!(event("coupon.deleted").is_deletion("coupon"));
        assert!(event("invoice.deleted").is_deletion("invoice"));
        assert!(!event("invoice.voided").is_deletion("invoice"));
        assert!(!event("customer.subscription.deleted").is_deletion("subscription"));
        assert!(!event("customer.updated").is_deletion("customer"));
    }
}
