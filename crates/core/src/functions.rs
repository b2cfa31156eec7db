//! What the default models need beyond Adobe's functions. Each has the prefix `stripe_`.

mod privacy;

use crate::money;
use crate::settings::Settings;
pub(crate) use dataprep::date::rfc3339_seconds as rfc3339;
use dataprep::functions::{ANY, CallEnv, Failure, Function};
use dataprep::{Value, XdmType};
pub(crate) use privacy::keyed_hash;
use std::borrow::Cow;

type Result<T> = std::result::Result<T, Failure>;

/// 9999-12-31T23:59:59Z
const LAST_SECOND: i64 = 253_402_300_799;

/// Longest identity value that Identity Service takes, in characters.
const MAX_IDENTITY: usize = 1024;

pub(crate) static FUNCTIONS: &[Function] = &[
    Function::new("stripe_id", "stripe", (1, 1), true, id),
    Function::new("stripe_ids", "stripe", (1, 1), true, ids),
    Function::new("stripe_major", "stripe", (2, 2), true, major).writing(XdmType::Number, write_major),
    Function::new("stripe_datetime", "stripe", (1, 2), true, datetime)
        .writing(XdmType::DateTime, write_datetime),
    Function::new("stripe_currency", "stripe", (1, 1), true, currency),
    Function::new("stripe_country", "stripe", (1, 1), true, country),
    Function::new("stripe_email", "stripe", (1, 1), true, email),
    Function::new("stripe_language", "stripe", (1, 1), true, language),
    Function::new("stripe_distinct", "stripe", (1, ANY), false, distinct),
    Function::new("stripe_text", "stripe", (1, 1), true, text),
    Function::new("stripe_sum", "stripe", (1, 1), true, sum),
    Function::new("stripe_metadata", "stripe", (1, 1), true, metadata),
    Function::new("stripe_identity", "stripe", (1, 1), true, identity),
    Function::new(HASH, "stripe", (1, 1), true, privacy::hash),
    Function::new(MASK, "stripe", (1, 1), true, privacy::mask),
];

/// What the privacy policy puts around the sources of fields that it hashes.
pub(crate) const HASH: &str = "stripe_hash";

/// What the privacy policy puts around the sources of fields that it masks.
pub(crate) const MASK: &str = "stripe_mask";

/// The id behind an expandable reference: a string itself, an object's `id`, null for all else.
fn id<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(match std::mem::replace(&mut args[0], Value::Null) {
        text @ Value::String(_) => text,
        object => match object.member("id") {
            text @ Value::String(_) => text,
            _ => Value::Null,
        },
    })
}

/// The ids behind an array of expandable references.
fn ids<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let Some(elements) = args[0].elements() else {
        return Err(Failure::new(format!(
            "expected an array of references, but found {}",
            args[0].kind_name()
        )));
    };
    let mut found = Vec::with_capacity(elements.len());
    for element in elements {
        found.push(id(&mut [element], env)?);
    }
    found.retain(|value| !value.is_null());
    Ok(Value::Array(found))
}

/// The major amount of a minor one, by Stripe's exponents. Null without a currency.
fn major<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let mut text = Vec::new();
    Ok(match write_major(args, env, &mut text)? {
        true => String::from_utf8(text).map_or(Value::Null, |text| Value::Number(Cow::Owned(text))),
        false => Value::Null,
    })
}

fn write_major(args: &mut [Value<'_>], env: &mut CallEnv<'_>, out: &mut Vec<u8>) -> Result<bool> {
    let (minor, currency) = match (&args[0], &args[1]) {
        (_, Value::Null) => return Ok(false),
        (Value::Number(minor) | Value::String(minor), Value::String(currency)) => (minor, currency),
        (amount, _) => {
            return Err(Failure::new(format!("an amount must be a number, but is {}", amount.kind_name())));
        }
    };
    let exponent = match env.host.downcast_ref::<Settings>() {
        Some(settings) => money::exponent(currency, &settings.currency_exponents),
        None => None,
    };
    let Some(exponent) = exponent else {
        return Err(Failure::coded(
            "unknown_currency",
            "Stripe's table does not say how many decimals the currency has; set currency_exponents",
        ));
    };
    money::write_major(minor, exponent, out)
        .map(|()| true)
        .ok_or_else(|| Failure::new("the amount is no decimal number that can be held exactly"))
}

fn seconds(value: &Value<'_>) -> Result<i64> {
    value.as_i64().filter(|seconds| (0..=LAST_SECOND).contains(seconds)).ok_or_else(|| {
        Failure::coded("invalid_date", "expected Unix seconds between the years 1970 and 9999")
    })
}

/// Unix seconds as RFC 3339 text in UTC. A second argument is the latest moment allowed.
fn datetime<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let text = moment(args, env)?;
    Ok(std::str::from_utf8(&text).map_or(Value::Null, |text| Value::string(text.to_owned())))
}

fn write_datetime(args: &mut [Value<'_>], env: &mut CallEnv<'_>, out: &mut Vec<u8>) -> Result<bool> {
    let text = moment(args, env)?;
    out.push(b'"');
    out.extend_from_slice(&text);
    out.push(b'"');
    Ok(true)
}

fn moment(args: &[Value<'_>], env: &mut CallEnv<'_>) -> Result<[u8; 20]> {
    let mut moment = seconds(&args[0])?;
    if let Some(latest) = args.get(1).filter(|latest| !latest.is_null()) {
        let latest = seconds(latest)?;
        if moment > latest {
            env.notes.push((
                "clamped_timestamp",
                "the time lies after the time of observation, which is used instead".to_owned(),
            ));
            moment = latest;
        }
    }
    rfc3339(moment).ok_or_else(|| Failure::new("the time cannot be written as a date"))
}

/// Upper case, when the text is a code of so many letters; otherwise null.
fn code<'a>(value: &Value<'a>, letters: usize) -> Value<'a> {
    match value.as_str() {
        Some(text) if text.len() == letters && text.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            Value::string(text.to_ascii_uppercase())
        }
        _ => Value::Null,
    }
}

/// `^[A-Z]{3}$` or null (XDM `currencyCode`).
fn currency<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(code(&args[0], 3))
}

/// `^[A-Z]{2}$` or null (XDM `countryCode`).
fn country<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(code(&args[0], 2))
}

/// The trimmed address when it has the form of one (JSON Schema `email`), otherwise null.
fn email<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let Some(text) = args[0].as_str() else { return Ok(Value::Null) };
    let text = text.trim();
    let well_formed = text.len() <= 254
        && text.is_ascii()
        && text.rsplit_once('@').is_some_and(|(local, domain)| {
            let local_ok = !local.is_empty()
                && local.len() <= 64
                && local.split('.').all(|atom| {
                    !atom.is_empty()
                        && atom.bytes().all(|byte| {
                            byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte)
                        })
                });
            let domain_ok = domain.contains('.')
                && domain.split('.').all(|label| {
                    (1..=63).contains(&label.len())
                        && !label.starts_with('-')
                        && !label.ends_with('-')
                        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                });
            local_ok && domain_ok
        });
    Ok(if well_formed { Value::string(text.to_owned()) } else { Value::Null })
}

/// The tag when it has the form of BCP 47 (`en`, `en-US`, `zh-Hans-CN`), otherwise null.
fn language<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let well_formed = args[0].as_str().is_some_and(|tag| {
        let mut subtags = tag.split('-');
        let first = subtags.next().is_some_and(|first| {
            (2..=8).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        });
        first
            && subtags.all(|subtag| {
                (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
    });
    Ok(if well_formed { std::mem::replace(&mut args[0], Value::Null) } else { Value::Null })
}

/// All arguments, arrays among them opened, without nulls and repeats; null when nothing is left.
fn distinct<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let mut found: Vec<Value<'a>> = Vec::new();
    for arg in args.iter() {
        for value in arg.elements().unwrap_or_else(|| vec![arg.clone()]) {
            if !value.is_null() && !found.contains(&value) {
                found.push(value);
            }
        }
    }
    Ok(if found.is_empty() { Value::Null } else { Value::Array(found) })
}

/// A scalar as text.
fn text<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    Ok(args[0].to_text().map_or(Value::Null, Value::String))
}

/// The exact sum of an array of numbers.
fn sum<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let elements = args[0].elements().unwrap_or_else(|| vec![args[0].clone()]);
    let mut total: Option<dataprep::number::Decimal> = None;
    for element in elements.iter().filter(|element| !element.is_null()) {
        let number = element.as_decimal().ok_or_else(|| {
            Failure::new(format!("expected numbers to add, but found {}", element.kind_name()))
        })?;
        total = Some(match total {
            None => number,
            Some(total) => {
                total.checked_add(number).ok_or_else(|| Failure::new("the sum has too many digits"))?
            }
        });
    }
    Ok(total.map_or(Value::Null, |total| Value::Number(Cow::Owned(total.to_string()))))
}

/// A metadata map less the keys that the settings keep back.
fn metadata<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let (Some(members), Some(settings)) = (args[0].members(), env.host.downcast_ref::<Settings>()) else {
        return Ok(Value::Null);
    };
    let kept = members.into_iter().filter(|(key, _)| {
        !settings.metadata_deny.iter().any(|denied| denied == key)
            && settings.metadata_allow.as_ref().is_none_or(|allowed| allowed.iter().any(|known| known == key))
    });
    Ok(Value::Object(kept.collect()))
}

/// An identity value, or null for what Identity Service refuses: blanks, more than 1,024 characters,
/// and the words `null`, `anonymous` and `invalid`.
fn identity<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let refused = match args[0].to_text() {
        None => true,
        Some(text) => {
            let word = text.trim();
            word.is_empty()
                || text.chars().count() > MAX_IDENTITY
                || ["null", "anonymous", "invalid"].iter().any(|refused| word.eq_ignore_ascii_case(refused))
        }
    };
    Ok(if refused { Value::Null } else { args[0].to_text().map_or(Value::Null, Value::String) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dataprep::functions::{Budget, Clock};

    fn settings() -> Settings {
        serde_json::from_str(r#"{"tenant":"acme","metadata_deny":["secret"]}"#).unwrap()
    }

    fn call(f: dataprep::functions::Builtin, args: &[Value<'static>]) -> Result<Value<'static>> {
        let mut notes = Vec::new();
        let mut clock = Clock::default();
        let (host, notes) = (&settings(), &mut notes);
        let (clock, budget) = (&mut clock, &mut Budget::default());
        f(&mut args.to_vec(), &mut CallEnv { host, notes, prepared: None, record: "", clock, budget })
    }

    fn on_text(f: dataprep::functions::Builtin, text: &'static str) -> Option<String> {
        call(f, &[Value::string(text)]).unwrap().as_str().map(str::to_owned)
    }

    #[test]
    fn dates_are_exact_and_bounded() {
        for (seconds, wanted) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_679_090_539, "2023-03-17T22:02:19Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (LAST_SECOND, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(call(datetime, &[Value::integer(seconds)]).unwrap(), Value::string(wanted));
        }
        for bad in
            [Value::integer(-1), Value::integer(LAST_SECOND + 1), Value::string("soon"), Value::Bool(true)]
        {
            assert_eq!(call(datetime, &[bad]).unwrap_err().code(), "invalid_date");
        }
        let clamped = call(datetime, &[Value::integer(10), Value::integer(5)]).unwrap();
        assert_eq!(clamped, Value::string("1970-01-01T00:00:05Z"));
    }

    #[test]
    fn codes_and_addresses_pass_only_when_well_formed() {
        assert_eq!(on_text(currency, "usd").as_deref(), Some("USD"));
        assert_eq!(on_text(currency, "usdc"), None);
        assert_eq!(on_text(country, "us").as_deref(), Some("US"));
        assert_eq!(on_text(country, "USA"), None);
        assert_eq!(on_text(email, " a.b+c@example.com ").as_deref(), Some("a.b+c@example.com"));
        for bad in
            ["", "a@b", "a b@example.com", "@example.com", "a@-x.com", "a..b@example.com", "é@example.com"]
        {
            assert_eq!(on_text(email, bad), None, "{bad}");
        }
        assert_eq!(on_text(language, "en-US").as_deref(), Some("en-US"));
        assert_eq!(on_text(language, "en_US"), None);
        assert_eq!(on_text(identity, "crm-1").as_deref(), Some("crm-1"));
        for bad in ["", "  ", "NULL", "anonymous", "invalid"] {
            assert_eq!(on_text(identity, bad), None, "{bad}");
        }
    }

    #[test]
    fn references_collapse_to_ids() {
        assert_eq!(on_text(id, "cus_1").as_deref(), Some("cus_1"));
        assert_eq!(
            call(id, &[Value::Json(r#"{"id":"cus_2","deleted":true}"#)]).unwrap(),
            Value::string("cus_2")
        );
        assert_eq!(call(id, &[Value::Json(r#"{"object":"customer"}"#)]).unwrap(), Value::Null);
        let mixed = call(ids, &[Value::Json(r#"["a",{"id":"b"},null,7]"#)]).unwrap();
        assert_eq!(mixed, Value::Array(vec![Value::string("a"), Value::string("b")]));
    }

    #[test]
    fn an_unknown_currency_is_never_guessed() {
        let failure = call(major, &[Value::integer(5), Value::string("xyz")]).unwrap_err();
        assert_eq!(failure.code(), "unknown_currency");
        assert_eq!(call(major, &[Value::integer(5), Value::Null]).unwrap(), Value::Null);
    }

    #[test]
    fn denied_metadata_is_left_out() {
        let kept = call(metadata, &[Value::Json(r#"{"secret":"x","open":"y"}"#)]).unwrap();
        assert_eq!(kept.member("secret"), Value::Null);
        assert_eq!(kept.member("open"), Value::string("y"));
    }
}
