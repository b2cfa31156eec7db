//! The formats of JSON Schema that XDM uses, read strictly.

use dataprep::date::{is_date, is_rfc3339};
use iri_string::types::{IriReferenceStr, IriStr};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A format of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Email,
    Uri,
    UriReference,
    Ipv4,
    Ipv6,
    Time,
}

/// The formats: name, what a text of it is.
const FORMATS: [(&str, Format, &str); 6] = [
    ("email", Format::Email, "an e-mail address such as name@example.com"),
    ("uri", Format::Uri, "a URI with its scheme, such as https://example.com/a"),
    (
        "uri-reference",
        Format::UriReference,
        "a URI or the last part of one, without spaces and other odd characters",
    ),
    ("ipv4", Format::Ipv4, "an IPv4 address such as 192.0.2.1"),
    ("ipv6", Format::Ipv6, "an IPv6 address such as 2001:db8::1"),
    ("time", Format::Time, "a time of day with its offset, such as 12:00:00Z"),
];

impl Format {
    /// The format of a name.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        FORMATS.iter().find(|(known, _, _)| *known == name).map(|(_, format, _)| *format).ok_or_else(|| {
            let known: Vec<&str> = FORMATS.iter().map(|(known, _, _)| *known).collect();
            format!("the format {name} is unknown; known are date, date-time, {}", known.join(", "))
        })
    }

    /// What a text of the format is, for people.
    pub(super) fn described(self) -> &'static str {
        FORMATS.iter().find(|(_, format, _)| *format == self).map_or("", |(_, _, described)| described)
    }

    /// Whether a text has the format.
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Format::Email => is_email(text),
            // A URI is an IRI without characters beyond ASCII.
            Format::Uri => text.is_ascii() && IriStr::new(text).is_ok(),
            Format::UriReference => is_segment(text) || text.is_ascii() && IriReferenceStr::new(text).is_ok(),
            Format::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Format::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Format::Time => is_time(text),
        }
    }
}

/// Whether a text is one segment of a path, without escapes: ids are.
fn is_segment(text: &str) -> bool {
    const UNRESERVED: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 128 {
            let b = byte as u8;
            table[byte] = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
            byte += 1;
        }
        table
    };
    text.bytes().all(|byte| UNRESERVED[usize::from(byte)])
}

/// A mailbox of RFC 5321 as mail systems take it: a dot-atom of at most 64 characters, `@`, and a domain name of
/// at least two labels. Quoted local parts and addresses in brackets, which nobody uses, are refused.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte))
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 254
        && local.len() <= 64
        && local.split('.').all(is_atom)
        && domain.contains('.')
        && domain.split('.').all(is_label)
}

/// `full-time` of RFC 3339: that of some day.
fn is_time(text: &str) -> bool {
    let mut moment = String::with_capacity(text.len() + 11);
    moment.push_str("2000-01-01T");
    moment.push_str(text);
    is_rfc3339(&moment)
}

/// What a day is, for people.
pub(super) const DATE: &str = "a day of the calendar as yyyy-MM-dd, such as 2026-01-31";

/// What a date-time is, for people.
pub(super) const DATE_TIME: &str =
    "a date-time as RFC 3339 writes it, with T and an offset, such as 2026-01-31T12:00:00Z";

/// Whether a text is a date of a day that exists.
#[inline]
pub(super) fn is_day(text: &str) -> bool {
    is_date(text)
}

/// Whether a text is a date-time of a day that exists, with its offset.
#[inline]
pub(super) fn is_date_time(text: &str) -> bool {
    is_rfc3339(text)
}
