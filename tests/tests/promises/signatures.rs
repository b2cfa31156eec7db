//! Signatures of webhooks: the host and the core, each of which checks them where it runs, come to the same verdict; and
//! so does Stripe's own library, both ways.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use stripe_xdm::webhook::{Refusal, TOLERANCE, Verifier, sign};
use stripe_xdm_core::{SignatureError, verify_webhook};
use stripe_xdm_tests::built::root;

const AT: i64 = 1_700_000_000;
const SECRETS: [&str; 2] = ["whsec_test_secret", "whsec_old"];
const ROUNDS: usize = 20_000;
const BODIES: usize = 300;

/// The verdict of both, in the host's words.
fn verdict(header: &[u8], body: &[u8], now: i64) -> anyhow::Result<Result<(), Refusal>> {
    let of_host = Verifier::new(SECRETS.map(str::to_owned).to_vec(), TOLERANCE)?.verify(header, body, now);
    let of_core = verify_webhook(body, header, &SECRETS.map(str::as_bytes), now, TOLERANCE);
    let of_core = of_core.map_err(|error| match error {
        SignatureError::Header => Refusal::Malformed,
        SignatureError::Mismatch => Refusal::NoMatch,
        SignatureError::TooOld { .. } => Refusal::TooOld,
        SignatureError::Secret => Refusal::Missing,
    });
    let shown = String::from_utf8_lossy(header);
    ensure!(of_host == of_core, "{shown}: the host says {of_host:?}, the core {of_core:?}");
    Ok(of_host)
}

#[test]
fn host_and_core_come_to_the_same_verdict() -> anyhow::Result<()> {
    let body = br#"{"id":"evt_test","object":"event","type":"charge.succeeded","data":{"object":{"id":"ch_1","object":"charge","amount":"9007199254740993"}}}"#;
    let [new, old] = SECRETS.map(|secret| sign(secret, body, AT));
    for header in [&new, &old] {
        ensure!(verdict(header.as_bytes(), body, AT + 300)?.is_ok(), "{header}");
    }
    ensure!(verdict(new.as_bytes(), body, AT + 301)? == Err(Refusal::TooOld));
    // Headers out of parts that mean something, and some of them with a byte changed.
    let parts = [
        new.clone(),
        old.clone(),
        new.replace("v1", "v0"),
        new.replace("v1=", "v1=A"),
        new[13..].to_owned(),
        format!("t={AT}"),
        format!("t={}", AT + 1),
        " t=1".to_owned(),
        "t=".to_owned(),
        "t=+1".to_owned(),
        "t=99999999999999999999".to_owned(),
        "v1=00".to_owned(),
        "v1=".to_owned(),
        "v1".to_owned(),
        String::new(),
        "v2=x=y".to_owned(),
        ",v1=00".repeat(700),
    ];
    let mut random = fastrand::Rng::with_seed(11);
    let mut met = [0; 4];
    for _ in 0..ROUNDS {
        let count = random.usize(1..4);
        let chosen: Vec<&str> = (0..count).map(|_| parts[random.usize(..parts.len())].as_str()).collect();
        let mut header = chosen.join(",").into_bytes();
        if random.u8(..) < 64 && !header.is_empty() {
            let at = random.usize(..header.len());
            header[at] = random.u8(..);
        }
        let now = AT + random.i64(-400..400);
        met[match verdict(&header, body, now)? {
            Ok(()) => 0,
            Err(Refusal::Malformed) => 1,
            Err(Refusal::NoMatch) => 2,
            Err(Refusal::TooOld | Refusal::Missing) => 3,
        }] += 1;
    }
    ensure!(met.iter().all(|times| *times > ROUNDS / 100), "not every verdict was met: {met:?}");
    Ok(())
}

#[test]
fn stripes_own_library_signs_for_us_and_takes_what_we_sign() -> anyhow::Result<()> {
    let mut random = fastrand::Rng::with_seed(12);
    let mut ours = String::new();
    for number in 0..BODIES {
        let letters: String = (0..random.usize(..200)).map(|_| random.char(..)).collect();
        let body = json!({ "id": format!("evt_{number}"), "object": "event", "data": letters }).to_string();
        let header = sign(SECRETS[number % 2], body.as_bytes(), AT);
        let line = json!({ "body": body, "header": header, "secret": SECRETS[number % 2], "at": AT });
        ours.push_str(&format!("{line}\n"));
    }
    let mut node = Command::new("node");
    node.arg("webhook/signed.mjs").current_dir(root().join("tests/package"));
    let mut node = node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    node.stdin.take().context("a pipe")?.write_all(ours.as_bytes())?;
    let ended = node.wait_with_output()?;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(
        ended.status.success(),
        "{said}\nAre its packages installed (`npm ci --ignore-scripts` in tests/package)?"
    );
    let mut signed = 0;
    for line in String::from_utf8(ended.stdout)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        let text = |key: &str| line[key].as_str().with_context(|| format!("{key}: {line}"));
        let (header, body) = (text("header")?, text("body")?);
        ensure!(verdict(header.as_bytes(), body.as_bytes(), AT)?.is_ok(), "{line}");
        ensure!(verdict(header.as_bytes(), format!("{body} ").as_bytes(), AT)? == Err(Refusal::NoMatch));
        signed += 1;
    }
    ensure!(signed == BODIES, "{signed} of {BODIES}");
    Ok(())
}
