//! `stripe-xdm eval` and `stripe-xdm mapping`: answers on standard output, what is wrong on standard
//! error with a caret, exit codes; and the user's sets in `transform`.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use stripe_xdm_tests::built::root;
use stripe_xdm_tests::corpus::{self, ACCOUNT};
use stripe_xdm_tests::program::{Ended, Running, command, run};

fn said(arguments: &[&str]) -> anyhow::Result<Ended> {
    let mut command = command()?;
    command.args(arguments);
    run(command)
}

fn said_to(arguments: &[&str], input: &str) -> anyhow::Result<Ended> {
    let mut command = command()?;
    command.args(arguments).stdin(Stdio::piped());
    let mut running = Running::start(command, Duration::from_secs(60))?;
    let mut stdin = running.child().stdin.take().context("a pipe")?;
    stdin.write_all(input.as_bytes())?;
    drop(stdin);
    running.end()
}

fn text(ended: &Ended) -> String {
    String::from_utf8_lossy(&ended.stdout).trim_end().to_owned()
}

fn json_of(ended: &Ended) -> anyhow::Result<Value> {
    serde_json::from_slice(&ended.stdout).with_context(|| format!("{ended:?}"))
}

fn sample(resource: &str) -> String {
    root().join(format!("crates/core/tests/data/samples/{resource}.json")).display().to_string()
}

fn tutorial() -> String {
    root().join("crates/core/tests/data/adobe-tutorial-charges.mapping-set.json").display().to_string()
}

/// A file of a test's directory with some text.
fn file(dir: &tempfile::TempDir, name: &str, text: &str) -> anyhow::Result<String> {
    let path: PathBuf = dir.path().join(name);
    std::fs::write(&path, text)?;
    Ok(path.display().to_string())
}

#[test]
fn eval_prints_the_result_and_nothing_else() -> anyhow::Result<()> {
    for (arguments, wanted) in [
        (&["--expr", "concat(upper(name), '!')", "--input", r#"{"name":"ada"}"#][..], r#""ADA!""#),
        (&["--expr", "-n", "--input", r#"{"n":12345678901234567890}"#], "-12345678901234567890"),
        (&["--expr", r#"format(now(), "yyyy")"#, "--now", "2026-01-31T12:00:00Z"], r#""2026""#),
        (&["--expr", "{\"a\": [1, nothing]}"], r#"{"a":[1,null]}"#),
    ] {
        let ended = said(&[&["eval"], arguments].concat())?;
        ensure!(ended.code == Some(0) && ended.stderr.is_empty(), "{arguments:?}: {ended:?}");
        ensure!(text(&ended) == wanted, "{arguments:?}: {}", text(&ended));
    }
    let dir = tempfile::tempdir()?;
    let (input, expression) = (file(&dir, "in.json", r#"{"x":[1,2]}"#)?, file(&dir, "e.txt", "x[1]\n")?);
    let ended = said(&["eval", "--expr", &format!("@{expression}"), "--input", &format!("@{input}")])?;
    ensure!(text(&ended) == "2", "{ended:?}");
    let ended = said_to(&["eval", "--json", "--expr", "x", "--input", "-"], r#"{"x":"y"}"#)?;
    ensure!(json_of(&ended)? == json!({"result": "y", "notes": []}), "{ended:?}");
    // The machine's clock is the program's to read.
    ensure!(said(&["eval", "--expr", "now()"])?.code == Some(0));
    let seeded = |seed: &str| said(&["eval", "--expr", "uuid()", "--seed", seed]).map(|ended| text(&ended));
    ensure!(seeded("1")? == seeded("1")? && seeded("1")? != seeded("2")?);
    Ok(())
}

#[test]
fn eval_shows_what_is_wrong_and_where() -> anyhow::Result<()> {
    let ended = said(&["eval", "--expr", "1 + uper(a)"])?;
    ensure!(ended.code == Some(2) && ended.stdout.is_empty(), "{ended:?}");
    ensure!(ended.stderr.contains("did you mean upper?"), "{ended:?}");
    ensure!(ended.stderr.contains("\n  1 + uper(a)\n      ^"), "{ended:?}");
    let ended = said(&["eval", "--json", "--expr", "1 +"])?;
    ensure!(ended.code == Some(2), "{ended:?}");
    let error = json_of(&ended)?["error"].clone();
    ensure!(error["code"] == "invalid_expression" && error["line"] == 1 && error["column"] == 4, "{error}");
    for (arguments, part) in [
        (&["--expr", "1", "--now", "today"][..], "`now` must be a time"),
        (&["--expr", "stripe_sum(a)", "--input", r#"{"a":["secret"]}"#], "error"),
    ] {
        let ended = said(&[&["eval"], arguments].concat())?;
        ensure!(ended.code == Some(2) && ended.stderr.contains(part), "{ended:?}");
        ensure!(!ended.stderr.contains("secret"), "{ended:?}");
    }
    let ended = said(&["eval", "--expr", "1", "--input", "{bad"])?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("--input must be JSON"), "{ended:?}");
    Ok(())
}

#[test]
fn a_set_is_validated_previewed_and_explained() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let bad = file(
        &dir,
        "bad.json",
        r#"{"mappings":[{"sourceType":"EXPRESSION","source":"uper(id)","destination":"a"},
            {"sourceType":"EXPRESSION","source":"1 +","destination":"b"},
            {"sourceType":"ATTRIBUTE","source":"amuont","destination":"c"}]}"#,
    )?;
    let charge = sample("charge");
    let ended = said(&["mapping", "validate", &bad, "--sample", &charge])?;
    let told = text(&ended);
    ensure!(ended.code == Some(2), "{ended:?}");
    for part in
        ["did you mean upper?", "mapping 2: 1 + -> b", "did you mean amount?", "2 of 3 mappings FAILED"]
    {
        ensure!(told.contains(part), "{part}: {told}");
    }
    let ended = said(&["mapping", "validate", &bad, "--json"])?;
    let statuses: Vec<Value> = json_of(&ended)?["validationResponse"]
        .as_array()
        .context("an array")?
        .iter()
        .map(|response| response["status"].clone())
        .collect();
    ensure!(ended.code == Some(2) && statuses == ["FAILED", "FAILED", "SUCCESS"], "{statuses:?}");

    let tutorial = tutorial();
    let ended = said(&["mapping", "validate", &tutorial])?;
    ensure!(ended.code == Some(0) && text(&ended).contains("all of them sound"), "{ended:?}");
    let ended = said(&["mapping", "preview", &tutorial, "--sample", &charge, "--json"])?;
    ensure!(json_of(&ended)?[0]["data"]["_acme"]["charges_data"]["amount"] == 1099, "{ended:?}");
    let schema = file(&dir, "schema.json", r#"{"type":"object","properties":{"a":{"type":"string"}}}"#)?;
    let ended = said(&["mapping", "validate", &tutorial, "--schema", &schema])?;
    ensure!(ended.code == Some(2) && text(&ended).contains("FAILED"), "{ended:?}");

    let ended = said(&["mapping", "explain", "charge", "--tenant", "acme", "--sample", &charge])?;
    ensure!(ended.code == Some(0), "{ended:?}");
    for part in ["_acme.stripe.chargeID", "field of the sample", "billing_details.address.line1"] {
        ensure!(text(&ended).contains(part), "{part}: {}", text(&ended));
    }
    let ended = said(&["mapping", "explain", "nosuch"])?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("neither a file"), "{ended:?}");
    Ok(())
}

#[test]
fn the_language_is_listed() -> anyhow::Result<()> {
    let all = json_of(&said(&["mapping", "functions", "--json"])?)?;
    ensure!(all.as_array().is_some_and(|all| all.len() > 100));
    let one = said(&["mapping", "functions", "upper"])?;
    ensure!(text(&one).starts_with("String upper(String)"), "{one:?}");
    ensure!(text(&said(&["mapping", "operators"])?).contains("=~"));
    let unknown = said(&["mapping", "functions", "uper"])?;
    ensure!(unknown.code == Some(2) && unknown.stderr.contains("did you mean upper?"), "{unknown:?}");
    Ok(())
}

#[test]
fn sets_go_to_adobe_and_come_from_there() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let out = dir.path().join("price.json").display().to_string();
    let ended = said(&[
        "mapping",
        "export",
        "price",
        "--to",
        "adobe",
        "--tenant",
        "acme",
        "--account",
        ACCOUNT,
        "-o",
        &out,
    ])?;
    ensure!(ended.code == Some(0) && ended.stdout.is_empty(), "{ended:?}");
    ensure!(ended.stderr.contains("left out") && ended.stderr.contains("_acme.stripe.eventID"), "{ended:?}");
    let set: Value = serde_json::from_slice(&std::fs::read(&out)?)?;
    ensure!(set["mappings"][0]["source"].as_str().is_some_and(|source| source.contains("data.id")));
    let ended = said(&["mapping", "import", &out])?;
    ensure!(ended.code == Some(0) && json_of(&ended)? == set, "{ended:?}");
    let ended = said(&["mapping", "diff", &out, &out])?;
    ensure!(text(&ended) == "The sets do the same.", "{ended:?}");
    let ended = said(&["mapping", "diff", "price", &out, "--tenant", "acme", "--account", ACCOUNT])?;
    ensure!(ended.code == Some(0) && text(&ended).contains("removed"), "{ended:?}");
    Ok(())
}

#[test]
fn the_users_sets_run_in_transform() -> anyhow::Result<()> {
    let (dir, tutorial) = (tempfile::tempdir()?, tutorial());
    let wrapped = format!(r#"{{"data":{}}}"#, corpus::compact("charge")?);
    let (bare, wrapped) = (sample("charge"), file(&dir, "wrapped.json", &wrapped)?);
    let transform = |more: &[&str]| {
        let always = [
            "transform",
            "--tenant",
            "acme",
            "--account",
            ACCOUNT,
            "--observed-at",
            "1795000000",
            "--records-only",
        ];
        said(&[&always, more].concat())
    };
    let only = format!("charge={tutorial}");
    // By itself it gives no event: there is neither _id nor timestamp.
    let refused = transform(&["--mapping-only", &only, &bare])?;
    ensure!(refused.code == Some(2) && refused.stderr.contains(r#""pointer":"/_id""#), "{refused:?}");
    let alone = |sample: &str| transform(&["--no-check", "--mapping-only", &only, sample]);
    let (a, b) = (alone(&bare)?, alone(&wrapped)?);
    ensure!(a.code == Some(0) && a.stdout == b.stdout, "{a:?} {b:?}");
    let record = json_of(&a)?;
    ensure!(record["_acme"]["charges_data"]["amount"] == 1099 && record.get("_id").is_none(), "{record}");

    let layered = json_of(&transform(&["--mapping", &only, &bare])?)?;
    ensure!(layered["_acme"]["charges_data"]["amount"] == 1099 && layered["_id"].is_string(), "{layered}");
    let model = file(
        &dir,
        "model.json",
        r#"{"resource":"charge","drop":["commerce.order"],"mappingSet":{"mappings":[
            {"sourceType":"EXPRESSION","source":"upper(object)","destination":"_acme.what"}]}}"#,
    )?;
    let changed = json_of(&transform(&["--mapping", &model, &bare])?)?;
    ensure!(changed["_acme"]["what"] == "CHARGE" && changed["commerce"].get("order").is_none(), "{changed}");

    for (arguments, part) in [
        (&["--mapping", &tutorial, &bare][..], "does not say what it maps"),
        (&["--mapping", &format!("topup={tutorial}"), &bare], "resources are charge"),
        (&["--mapping", &format!("refund={model}"), &bare], "leave refund= away"),
        (&["--mapping", &format!("subscription={tutorial}"), &bare], "subscription.event"),
    ] {
        let ended = transform(arguments)?;
        ensure!(ended.code == Some(1) && ended.stdout.is_empty(), "{arguments:?}: {ended:?}");
        ensure!(ended.stderr.contains(part), "{arguments:?}: {ended:?}");
    }
    let mut sync = command()?;
    let lake = dir.path().join("lake").display().to_string();
    sync.args(["sync", "--lake", &lake, "--tenant", "acme", "--mapping-only", &only]);
    let ended = run(sync)?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("writes no _id"), "{ended:?}");
    Ok(())
}
