//! Inputs: Stripe's published samples, seeded variety, and what nobody should send.

use crate::built::root;
use anyhow::Context;
use stripe_xdm_core::RESOURCES;

/// The account that the samples belong to.
pub const ACCOUNT: &str = "acct_1M2JTkLkdIwHu7ix";

/// Settings as the golden records were made with.
pub const SETTINGS: &str = r#"{"tenant":"acme","account":"acct_1M2JTkLkdIwHu7ix"}"#;

/// [`SETTINGS`] for records that are not checked against their schemas.
pub fn without_check() -> anyhow::Result<String> {
    let mut settings: serde_json::Value = serde_json::from_str(SETTINGS)?;
    settings["check"] = serde_json::json!({"enabled": false});
    Ok(settings.to_string())
}

/// One sample as Stripe's documentation prints it.
pub fn sample(resource: &str) -> anyhow::Result<String> {
    let path = root().join(format!("crates/core/tests/data/samples/{resource}.json"));
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// One sample without white space outside strings, as Stripe's API sends it.
pub fn compact(resource: &str) -> anyhow::Result<String> {
    Ok(without_white_space(&sample(resource)?))
}

/// The sample subscription in the Event of its creation.
pub fn subscription_event() -> anyhow::Result<String> {
    let subscription = compact("subscription")?;
    Ok(format!(
        r#"{{"id":"evt_1","object":"event","type":"customer.subscription.created","created":1679609767,"data":{{"object":{subscription}}}}}"#
    ))
}

/// The samples by name, compact: the resources and the subscription's Event.
pub fn samples() -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut samples = Vec::new();
    for resource in RESOURCES {
        samples.push((resource, compact(resource)?));
    }
    samples.push(("subscription_event", subscription_event()?));
    Ok(samples)
}

/// The samples as printed and compact, and `n` seeded objects.
pub fn varied(seed: u64, n: usize) -> anyhow::Result<Vec<String>> {
    let mut texts: Vec<String> = RESOURCES.into_iter().map(sample).collect::<Result<_, _>>()?;
    texts.extend(samples()?.into_iter().map(|(_, text)| text));
    texts.extend(stripe_xdm_sandbox::generate::objects(seed, n));
    Ok(texts)
}

/// What is no Stripe object: broken, cut, mistyped, hostile.
pub fn broken() -> anyhow::Result<Vec<Vec<u8>>> {
    let charge = compact("charge")?;
    let mut texts: Vec<Vec<u8>> = [
        "",
        " ",
        "null",
        "17",
        "\"ch_1\"",
        "{}",
        "[]",
        "[{}]",
        "{\"object\":\"charge\"}",
        "{\"object\":\"charge\",\"id\":7}",
        "{\"object\":\"charge\",\"id\":\"ch_1\",\"created\":\"yesterday\"}",
        "{\"object\":\"charge\",\"id\":\"ch_1\",\"id\":\"ch_2\",\"created\":1,\"created\":2}",
        "{\"object\":\"topup\",\"id\":\"tu_1\"}",
        "{\"object\":\"topup\",\"id\":}",
        "{\"object\":\"event\",\"id\":\"evt_1\"}",
        "{\"object\":\"event\",\"type\":\"charge.succeeded\",\"data\":{\"object\":null}}",
        "{\"object\":\"customer\",\"id\":\"cus_1\",\"deleted\":true}",
        "{\"object\":\"charge\",\"id\":\"\\ud800\",\"created\":1}",
        "{\"object\":\"charge\",\"id\":\"ch_1\",\"created\":1,\"amount\":1e999999,\"currency\":\"usd\"}",
        "{\"object\":\"charge\",\"id\":\"ch_1\",\"created\":-0,\"amount\":-0,\"currency\":\"zzz\"}",
        "\u{feff}{\"object\":\"charge\"}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    // Every cut of an object is refused alike, and so are bytes that are no text.
    texts.extend((0..charge.len()).step_by(97).map(|end| charge.as_bytes()[..end].to_vec()));
    let mut latin = charge.into_bytes();
    latin.extend_from_slice(b"\xe9");
    texts.push(latin);
    for depth in [126, 129, 20_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = format!(r#"{{"object":"charge","id":"ch_1","created":1,"metadata":{{"a":{nested}}}}}"#);
        texts.push(text.into_bytes());
    }
    Ok(texts)
}

fn without_white_space(json: &str) -> String {
    let (mut compact, mut in_string, mut escaped) = (String::with_capacity(json.len()), false, false);
    for c in json.chars() {
        if in_string || !c.is_ascii_whitespace() {
            compact.push(c);
        }
        in_string ^= c == '"' && !escaped;
        escaped = in_string && c == '\\' && !escaped;
    }
    compact
}
