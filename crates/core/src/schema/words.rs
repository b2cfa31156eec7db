//! Titles and descriptions, made from names and sources.

use dataprep::expr::{self, Path};
use dataprep::{Mapping, SourceType, XdmType};
use xdm::{Field, Object, Shape};

/// Longest description, in bytes: the registry shows them whole.
const MAX_DESCRIPTION: usize = 500;

/// A field's name as a title: `amountCapturedMinor` is `Amount captured minor`, `receiptURL` is
/// `Receipt URL`, `priceIDs` is `Price IDs`.
pub(super) fn title(name: &str) -> String {
    let mut title = String::with_capacity(name.len() + 4);
    let letters: Vec<char> = name.chars().collect();
    let upper = |at: usize| letters.get(at).is_some_and(|letter| letter.is_uppercase());
    let lower = |at: usize| letters.get(at).is_some_and(|letter| letter.is_lowercase());
    // The plural of an acronym: the `s` of `IDs`.
    let plural = |at: usize| letters.get(at) == Some(&'s') && !lower(at + 1);
    for (at, letter) in letters.iter().copied().enumerate() {
        if letter == '_' || letter == '-' {
            if !title.is_empty() {
                title.push(' ');
            }
            continue;
        }
        // The last capital before small letters begins a word, and so does the first after them.
        let ends_acronym = upper(at) && at > 0 && upper(at - 1) && lower(at + 1) && !plural(at + 1);
        let begins = upper(at) && at > 0 && (!upper(at - 1) || ends_acronym);
        if begins && !title.ends_with(' ') {
            title.push(' ');
        }
        let in_word = lower(at + 1) && !plural(at + 1);
        match title.is_empty() {
            true => title.extend(letter.to_uppercase()),
            false if in_word => title.extend(letter.to_lowercase()),
            false => title.push(letter),
        }
    }
    title
}

/// Nothing, for those who need no title.
pub(super) fn untitled(_: &str) -> String {
    String::new()
}

/// A resource's name in words: `balance transaction`.
pub(super) fn resource(name: &str) -> String {
    name.replace('_', " ")
}

/// The title of what holds a resource's fields: `Stripe Balance Transaction`.
pub(super) fn resource_title(name: &str) -> String {
    let mut title = "Stripe".to_owned();
    for word in name.split('_') {
        let mut letters = word.chars();
        title.push(' ');
        title.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        title.push_str(letters.as_str());
    }
    title
}

/// The last part of a resource's id: `stripe-balance-transaction`.
pub(super) fn slug(title: &str) -> String {
    title.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// What a mapping reads: `amount_captured, in minor units of its currency`.
pub(super) fn source(mapping: &Mapping) -> String {
    let mut words = match mapping.source_type {
        SourceType::Attribute => in_words(&mapping.source),
        SourceType::Static => format!("always \"{}\"", mapping.source),
        SourceType::Expression => match expr::parse(&mapping.source) {
            Ok(expression) => reads(&expression.read_places()),
            Err(_) => String::new(),
        },
    };
    if words.is_empty() {
        words.push_str("computed");
    }
    let is_whole = matches!(mapping.xdm_type, Some(XdmType::Long | XdmType::MapOfIntegers));
    if is_whole && mapping.destination.contains("Minor") {
        words.push_str(", in minor units of its currency");
    }
    words
}

fn reads(places: &[Path]) -> String {
    let mut words: Vec<String> = Vec::new();
    for place in places {
        let place = place.to_string();
        // Switches say whether, not what.
        if !place.starts_with("_settings.") && !words.iter().any(|known| *known == in_words(&place)) {
            words.push(in_words(&place));
        }
    }
    words.join(", ")
}

/// A source path; what comes with the object rather than in it is said to.
fn in_words(path: &str) -> String {
    match path.strip_prefix("_envelope.") {
        Some("updatedAt") => "the time of the event, or when the object was read".to_owned(),
        Some("version") => {
            "the time of the event, or when the object was read, in milliseconds; an event's ends with 1"
                .to_owned()
        }
        Some(name) => format!("{name} of the event or the connection"),
        None => path.to_owned(),
    }
}

/// Describes every field below that has no description, from the sources that it was put together from
/// (`charge: amount_captured`), which are then forgotten: each schema knows its own.
pub(super) fn describe(object: &mut Object) {
    for (_, field) in &mut object.fields {
        describe_field(field);
    }
}

fn describe_field(field: &mut Field) {
    let sources = std::mem::take(&mut field.sources);
    if field.description.is_empty() {
        field.description = description(&sources);
    }
    match &mut field.shape {
        Shape::Object(object) => describe(object),
        Shape::Array(inner) | Shape::Map(inner) => describe_field(inner),
        _ => {}
    }
}

/// What a field is made from that only one mapping writes.
pub(super) fn made_from(source: &str) -> String {
    description(&[source.to_owned()])
}

/// `Stripe charge, refund: metadata; Stripe customer: id`.
fn description(sources: &[String]) -> String {
    // What is read, and from which resources.
    let mut parts: Vec<(&str, Vec<&str>)> = Vec::new();
    for (resource, what) in sources.iter().filter_map(|source| source.split_once(": ")) {
        match parts.iter_mut().find(|(known, _)| *known == what) {
            Some((_, resources)) if resources.contains(&resource) => {}
            Some((_, resources)) => resources.push(resource),
            None => parts.push((what, vec![resource])),
        }
    }
    let mut description = String::new();
    for (what, resources) in parts {
        let part = format!("Stripe {}: {what}", resources.join(", "));
        if description.is_empty() {
            description = part;
        } else if description.len() + part.len() < MAX_DESCRIPTION {
            description.push_str("; ");
            description.push_str(&part);
        } else {
            description.push_str("; …");
            break;
        }
    }
    description
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_titles() {
        for (name, expected) in [
            ("amountCapturedMinor", "Amount captured minor"),
            ("chargeID", "Charge ID"),
            ("priceIDs", "Price IDs"),
            ("ID", "ID"),
            ("receiptURL", "Receipt URL"),
            ("onBehalfOfAccountID", "On behalf of account ID"),
            ("threeDSecure", "Three D secure"),
            ("last4", "Last4"),
            ("taxIDs", "Tax IDs"),
            ("_charges_data", "Charges data"),
        ] {
            assert_eq!(title(name), expected, "{name}");
        }
        assert_eq!(resource_title("balance_transaction"), "Stripe Balance Transaction");
        assert_eq!(slug("Stripe Balance Transaction"), "stripe-balance-transaction");
    }

    #[test]
    fn a_description_names_what_is_read_once() {
        let expression =
            "iif(_settings.purchaseMeasure, stripe_major(coalesce(amount_captured, amount), currency), null)";
        let mapping = Mapping::new(SourceType::Expression, expression, "a");
        assert_eq!(source(&mapping), "amount_captured, amount, currency");
        let mapping = Mapping {
            xdm_type: Some(XdmType::Long),
            ..Mapping::new(SourceType::Attribute, "amount", "a.amountMinor")
        };
        assert_eq!(source(&mapping), "amount, in minor units of its currency");
        let sources = ["charge: metadata", "refund: metadata", "customer: id"].map(str::to_owned);
        assert_eq!(description(&sources), "Stripe charge, refund: metadata; Stripe customer: id");
    }
}
