//! Where settings come from, what `config check` says of them, and what `doctor`, the log and the metrics tell of a
//! run; all with the real program.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use stripe_xdm::lake::Lake;
use stripe_xdm::ledger::{Ledger, SqliteLedger};
use stripe_xdm::stripe::Resource;
use stripe_xdm_sandbox::{Account, ApiKey, Size};
use stripe_xdm_tests::lake;
use stripe_xdm_tests::program::{Ended, Running, command, run};
use stripe_xdm_tests::stand_in::{KEY, StandIn, past, wanted};

/// The tail of the key, which must never be printed.
const TAIL: &str = "MayEverReadThis";

fn in_dir(dir: &Path, words: &[&str]) -> anyhow::Result<Command> {
    let mut command = command()?;
    command.args(words).current_dir(dir);
    Ok(command)
}

/// The rows of `config check --json` by their key: value and source.
fn in_force(command: Command) -> anyhow::Result<impl Fn(&str) -> (Value, String)> {
    let ended = run(command)?;
    let answer: Value = serde_json::from_slice(&ended.stdout).with_context(|| format!("{ended:?}"))?;
    Ok(move |key: &str| {
        let rows = answer["settings"].as_array();
        let row = rows.and_then(|rows| rows.iter().find(|row| row["key"] == key));
        let row = row.unwrap_or_else(|| panic!("no {key} in {answer}"));
        (row["value"].clone(), row["source"].as_str().unwrap_or_default().to_owned())
    })
}

#[test]
fn options_go_before_variables_before_the_file_before_defaults() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let file = "[sync]\nrate_limit = 7\nconcurrency = 3\n[mapping]\nemail_identity = true\n";
    std::fs::write(dir.path().join("stripe-xdm.toml"), file)?;
    let mut check = in_dir(dir.path(), &["config", "check", "--json"])?;
    check.env("STRIPE_XDM_RATE_LIMIT", "9");
    let row = in_force(check)?;
    ensure!(row("sync.rate_limit") == ("9".into(), "environment STRIPE_XDM_RATE_LIMIT".to_owned()));
    ensure!(row("sync.concurrency") == ("3".into(), "stripe-xdm.toml:3".to_owned()));
    ensure!(row("mapping.email_identity") == ("true".into(), "stripe-xdm.toml:5".to_owned()));
    ensure!(row("program.deadline") == ("5000".into(), "default".to_owned()));

    // A switch of the file is turned off for once; what transform writes shows whether it was.
    let charge = r#"{"id":"ch_1","object":"charge","created":1700000000,"amount":1,"currency":"usd","paid":true,
        "captured":true,"status":"succeeded","customer":"cus_1","billing_details":{"email":"a@example.com"}}"#;
    std::fs::write(dir.path().join("charge.json"), charge)?;
    let observed = ["--observed-at", "2026-01-01T00:00:00Z"];
    let transform =
        [&["transform", "--tenant", "acme", "--account", "acct_1", "charge.json"], &observed[..]].concat();
    let with_file = run(in_dir(dir.path(), &transform)?)?;
    ensure!(with_file.code == Some(0), "{with_file:?}");
    let off = run(in_dir(dir.path(), &[&transform[..], &["--email-identity=false"]].concat())?)?;
    ensure!(off.code == Some(0), "{off:?}");
    let mut nowhere = in_dir(dir.path(), &transform)?;
    nowhere.env("STRIPE_XDM_EMAIL_IDENTITY", "no");
    ensure!(with_file.stdout != off.stdout, "the file's switch changes the record");
    ensure!(run(nowhere)?.stdout == off.stdout, "the variable turns it off as the option does");
    Ok(())
}

#[test]
fn a_file_with_mistakes_stops_every_command_and_check_tells_all_of_them() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("own.toml");
    std::fs::write(
        &path,
        format!("[sync]\napi_key = \"{KEY}\"\nresources = [\"charge\"]\nsince = \"soon\"\n"),
    )?;
    let path = path.display().to_string();
    let ended = run(in_dir(dir.path(), &["--config", &path, "module"])?)?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("own.toml:2:11"), "{ended:?}");
    ensure!(!ended.stderr.contains(TAIL), "the key was printed");

    std::fs::write(
        &path,
        "[sync]\nresources = [\"charge\"]\nsince = \"soon\"\napi_key = { env = \"NOT_THERE\" }\n",
    )?;
    let ended = run(in_dir(dir.path(), &["--config", &path, "config", "check"])?)?;
    ensure!(ended.code == Some(1), "{ended:?}");
    for word in ["did you mean charges?", "own.toml:3", "2026-01-31", "NOT_THERE is not set"] {
        ensure!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
    }
    let nowhere = run(in_dir(dir.path(), &["--config", "nowhere.toml", "module"])?)?;
    ensure!(nowhere.code == Some(1) && nowhere.stderr.contains("nowhere.toml"), "{nowhere:?}");
    Ok(())
}

#[test]
fn the_example_is_a_file_that_is_well() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let example = run(in_dir(dir.path(), &["config", "example"])?)?;
    std::fs::write(dir.path().join("stripe-xdm.toml"), &example.stdout)?;
    let mut check = in_dir(dir.path(), &["config", "check"])?;
    check.env("STRIPE_XDM_RESSOURCES", "charges");
    let ended = run(check)?;
    ensure!(ended.code == Some(0), "{ended:?}");
    ensure!(ended.stderr.contains("did you mean STRIPE_XDM_RESOURCES?"), "{}", ended.stderr);
    Ok(())
}

#[test]
fn what_a_run_would_refuse_is_told_by_the_check_all_at_once_and_with_its_place() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    std::fs::write(
        dir.path().join("stripe-xdm.toml"),
        "[sync]\ntimeout = \"x\"\nrate_limit = 7\napi_base = \"http://example.com\"\n\
         stripe_version = \"latest\"\n[mapping]\ntenant = \"_acme\"\nmetadata_identity = \"crm\"\n\
         mappings = [\"charge=nowhere.json\"]\n[privacy]\npolicy = \"nowhere.json\"\n\
         [schedule]\ninterval = 0\n[program]\ndeadline = 0\nmodule = \"none.wasm\"\n",
    )?;
    let mut command = in_dir(dir.path(), &["config", "check"])?;
    command.env("STRIPE_XDM_CONCURRENCY", "many").env("STRIPE_XDM_EMAIL_IDENTITY", "maybe");
    let ended = run(command)?;
    ensure!(ended.code == Some(1), "{ended:?}");
    for line in [
        ":2:11: sync.timeout",
        ":4:12: sync.api_base",
        ":5:18: sync.stripe_version",
        ":7:10: mapping.tenant",
        ":8:21: mapping.metadata_identity",
        ":9:12: mapping.mappings",
        ":11:10: privacy.policy",
        ":13:12: schedule.interval",
        ":15:12: program.deadline",
        ":16:10: program.module",
        "environment variable STRIPE_XDM_CONCURRENCY: sync.concurrency: many",
        "environment variable STRIPE_XDM_EMAIL_IDENTITY: mapping.email_identity: maybe",
    ] {
        ensure!(ended.stderr.contains(line), "{line}: {}", ended.stderr);
    }
    let row = in_force(in_dir(dir.path(), &["config", "check", "--json"])?)?;
    ensure!(row("sync.rate_limit") == ("7".into(), "stripe-xdm.toml:3".to_owned()), "what is well is shown");
    ensure!(row("sync.timeout") == (Value::Null, "stripe-xdm.toml:2".to_owned()));

    // Each is well, and they do not go together.
    std::fs::write(
        dir.path().join("stripe-xdm.toml"),
        "[sync]\nsince = 2026-01-01\n[schedule]\nbackfill = false\n",
    )?;
    let ended = run(in_dir(dir.path(), &["config", "check"])?)?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("leave one out"), "{ended:?}");
    Ok(())
}

/// A lake, a stand-in and the settings file for them, with the key in a file.
fn settings(dir: &Path, base: &str, key: &str) -> anyhow::Result<()> {
    std::fs::write(dir.join("key"), key)?;
    let text = format!(
        "[sync]\nlake = \"lake\"\napi_base = \"{base}\"\napi_key = {{ file = \"key\" }}\nrate_limit = 100000\n\
         [mapping]\ntenant = \"acme\"\n"
    );
    Ok(std::fs::write(dir.join("stripe-xdm.toml"), text)?)
}

#[test]
fn a_sync_needs_no_option_but_the_file_and_tells_what_it_does() -> anyhow::Result<()> {
    let account = Account::seeded(21, past(Size::charges(120)));
    let id = account.id().to_owned();
    let stand_in = StandIn::start(account, "charges:429:endpoint-rate@1")?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    settings(dir.path(), sandbox.base_url(), KEY)?;
    let words = ["sync", "--log", "debug", "--log-format", "json", "--metrics", "0"];
    let ended = run(in_dir(dir.path(), &words)?)?;
    ensure!(ended.code == Some(0), "{ended:?}");
    lake::check(&dir.path().join("lake"), &wanted(&sandbox.account())?)?;
    ensure!(!ended.stderr.contains(TAIL), "the key was logged");
    let logged = json_lines(&ended.stderr)?;
    let asked: Vec<_> = logged.iter().filter(|line| line["message"] == "asked Stripe").collect();
    ensure!(asked.len() as u64 == stand_in.requests(), "every request is logged");
    let refused = asked.iter().find(|line| line["status"] == 429).context("the refusal is logged")?;
    ensure!(refused["path"] == "/v1/charges", "{refused}");
    ensure!(refused["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{refused}");
    ensure!(logged.iter().any(|line| line["message"] == "a request is made again"), "the retry is logged");
    let report = lake::last_run(&dir.path().join("lake"))?;
    ensure!(report["account"] == id.as_str());
    Ok(())
}

fn json_lines(text: &str) -> anyhow::Result<Vec<Value>> {
    text.lines().map(|line| serde_json::from_str(line).context(line.to_owned())).collect()
}

#[test]
fn what_failed_is_said_even_when_nothing_else_is_and_without_the_key() -> anyhow::Result<()> {
    const RESTRICTED: &str = "rk_live_mayNotReadCustomersMayEverReadThis";
    let account = Account::seeded(24, past(Size::charges(20)));
    let key = ApiKey::restricted(RESTRICTED, ["customer_read"]);
    let stand_in = StandIn::with_key(account, "", key)?;
    let dir = tempfile::tempdir()?;
    settings(dir.path(), stand_in.sandbox()?.base_url(), RESTRICTED)?;
    let words = ["sync", "--quiet", "--resources", "charges,customers"];
    let ended = run(in_dir(dir.path(), &words)?)?;
    ensure!(ended.code == Some(2) && ended.stdout.is_empty(), "{ended:?}");
    ensure!(
        ended.stderr.starts_with("error: customers: ") && ended.stderr.contains("rak_customer_read"),
        "{ended:?}"
    );
    // Stripe's message shows how the key ends.
    ensure!(ended.stderr.contains("[key]") && !ended.stderr.contains("rk_live_"), "{}", ended.stderr);
    let report = lake::last_run(&dir.path().join("lake"))?.to_string();
    ensure!(report.contains("[key]") && !report.contains("rk_live_"), "{report}");

    std::fs::write(dir.path().join("key"), "rk_live_nobodyKnowsThisKey")?;
    let ended = run(in_dir(dir.path(), &["sync", "--log-format", "json"])?)?;
    ensure!(ended.code == Some(1), "{ended:?}");
    let logged = json_lines(&ended.stderr)?;
    let last = logged.last().context("the error is told")?;
    ensure!(
        last["level"] == "ERROR" && last["message"].as_str().is_some_and(|m| m.contains("401")),
        "{last}"
    );
    Ok(())
}

#[test]
fn metrics_are_served_while_a_sync_runs() -> anyhow::Result<()> {
    let account = Account::seeded(22, past(Size::charges(400)));
    let id = account.id().to_owned();
    // Slow enough that the program is there when it is asked, and no longer than it takes to ask it.
    let stand_in = StandIn::start(account, "prices:slow:3s@1")?;
    let dir = tempfile::tempdir()?;
    settings(dir.path(), stand_in.sandbox()?.base_url(), KEY)?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    let sync = in_dir(dir.path(), &["sync", "--quiet", "--metrics", &address])?;
    let mut running = Running::start(sync, Duration::from_secs(60))?;
    let mut seen = String::new();
    let wanted = format!(r#"stripe_xdm_objects_total{{account="{id}",resource="charges"}} "#);
    let over = running.look(|| {
        seen = get(&address, "/metrics").unwrap_or_default();
        // It is there from the beginning, at zero.
        Ok(seen.lines().any(|line| line.strip_prefix(&wanted).is_some_and(|count| count != "0")))
    })?;
    ensure!(!over, "the numbers were served while it ran: {seen}");
    ensure!(seen.contains(r#"stripe_xdm_requests_total{endpoint="/v1/charges",status="200"}"#), "{seen}");
    ensure!(get(&address, "/healthz")?.contains("\"ok\""));
    ensure!(!seen.contains(TAIL));
    ensure!(
        seen.contains(&format!(r#"stripe_xdm_runs_total{{account="{id}",outcome="failed"}} 0"#)),
        "{seen}"
    );
    ensure!(seen.contains("stripe_xdm_build_info{"), "{seen}");
    let ended = running.end()?;
    ensure!(ended.code == Some(0), "{ended:?}");
    Ok(())
}

fn get(address: &str, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

fn doctor(dir: &Path, more: &[&str]) -> anyhow::Result<(Ended, Value)> {
    let ended = run(in_dir(dir, &[&["doctor", "--json"], more].concat())?)?;
    let answer = serde_json::from_slice(&ended.stdout).with_context(|| format!("{ended:?}"))?;
    Ok((ended, answer))
}

fn state(answer: &Value, check: &str) -> String {
    let checks = answer["checks"].as_array().into_iter().flatten();
    let states: Vec<_> =
        checks.filter(|one| one["check"] == check).map(|one| one["state"].as_str()).collect();
    states.first().copied().flatten().unwrap_or("not looked at").to_owned()
}

#[test]
fn the_doctor_finds_what_is_well_what_is_missing_and_what_is_hopeless() -> anyhow::Result<()> {
    const RESTRICTED: &str = "rk_live_mayNotReadCustomersMayEverReadThis";
    let account = Account::seeded(23, past(Size::charges(50)));
    let key = ApiKey::restricted(RESTRICTED, ["customer_read", "event_read"]);
    let stand_in = StandIn::with_key(account, "", key)?;
    let base = stand_in.sandbox()?.base_url().to_owned();
    let dir = tempfile::tempdir()?;
    settings(dir.path(), &base, RESTRICTED)?;

    let (ended, answer) = doctor(dir.path(), &["--resources", "charges,prices"])?;
    ensure!(ended.code == Some(2), "{answer}");
    for check in
        ["module", "settings", "lake", "disk", "key", "connection", "account", "clock", "may read charges"]
    {
        ensure!(state(&answer, check) == "pass", "{check}: {answer}");
    }
    ensure!(state(&answer, "may read events") == "partly", "{answer}");

    let (ended, answer) = doctor(dir.path(), &[])?;
    ensure!(ended.code == Some(2), "{answer}");
    ensure!(state(&answer, "may read customers") == "partly", "{answer}");
    let link = answer["key_links"][0].as_str().context("there is a link")?;
    ensure!(link.starts_with("https://dashboard.stripe.com/apikeys/create?name=stripe-xdm&permissions[0]="));
    for permission in Resource::ALL.map(Resource::permission).into_iter().chain(["rak_event_read"]) {
        ensure!(link.contains(&format!("={permission}")), "{permission}: {link}");
    }
    ensure!(!String::from_utf8_lossy(&ended.stdout).contains(TAIL));
    ensure!(!dir.path().join("lake").exists(), "the doctor makes nothing");

    let (ended, answer) = doctor(dir.path(), &["--resources", "customers"])?;
    ensure!(ended.code == Some(1) && state(&answer, "permissions") == "fail", "{answer}");
    let (ended, answer) = doctor(dir.path(), &["--account", "acct_another"])?;
    ensure!(ended.code == Some(1) && state(&answer, "account") == "fail", "{answer}");

    std::fs::write(dir.path().join("key"), "rk_live_nobodyKnowsThisKeyMayEverReadThis")?;
    let (ended, answer) = doctor(dir.path(), &[])?;
    ensure!(ended.code == Some(1) && state(&answer, "key") == "fail", "{answer}");
    let rows =
        answer["checks"].as_array().context("rows")?.iter().filter(|row| row["check"] == "key").count();
    ensure!(rows == 1, "{answer}");
    ensure!(!String::from_utf8_lossy(&ended.stdout).contains(TAIL));
    let people = run(in_dir(dir.path(), &["doctor"])?)?;
    let said = String::from_utf8_lossy(&people.stdout).into_owned();
    ensure!(said.contains("FAIL") && said.contains("A sync cannot work yet."), "{said}");
    Ok(())
}

#[test]
fn the_doctor_sees_what_a_sync_would_refuse() -> anyhow::Result<()> {
    let account = Account::seeded(25, past(Size::charges(5)));
    let stand_in = StandIn::start(account, "")?;
    let base = stand_in.sandbox()?.base_url().to_owned();
    let dir = tempfile::tempdir()?;
    settings(dir.path(), &base, KEY)?;
    let (ended, answer) = doctor(dir.path(), &[])?;
    ensure!(ended.code == Some(0), "{answer}");

    // A file in the place of the lake, and above it.
    std::fs::write(dir.path().join("file"), "")?;
    for lake in ["file", "file/lake"] {
        let (ended, answer) = doctor(dir.path(), &["--lake", lake])?;
        ensure!(ended.code == Some(1) && state(&answer, "lake") == "fail", "{answer}");
        let ended = run(in_dir(dir.path(), &["sync", "--lake", lake])?)?;
        ensure!(ended.code == Some(1) && ended.stderr.contains("file is no directory"), "{ended:?}");
    }

    // A lake of another account can be added to; one of another tenant cannot.
    std::fs::create_dir(dir.path().join("lake"))?;
    let mut ledger = SqliteLedger::open(&Lake::ledger_in(&dir.path().join("lake")))?;
    ledger.account("acct_another", true)?;
    let (ended, answer) = doctor(dir.path(), &[])?;
    ensure!(ended.code == Some(0) && state(&answer, "lake's accounts") == "warn", "{answer}");
    ledger.pin("tenant", "other")?;
    let (ended, answer) = doctor(dir.path(), &[])?;
    ensure!(ended.code == Some(1) && state(&answer, "ledger") == "fail", "{answer}");
    drop(ledger);

    // One account of two has a bad key: the other one can be synced.
    std::fs::write(dir.path().join("bad"), "rk_test_nobodyKnowsThisKey")?;
    let accounts = format!(
        "[sync]\nlake = \"new\"\napi_base = \"{base}\"\n[mapping]\ntenant = \"acme\"\n\
         [[account]]\nname = \"shop\"\napi_key = {{ file = \"key\" }}\n\
         [[account]]\nname = \"club\"\napi_key = {{ file = \"bad\" }}\n"
    );
    std::fs::write(dir.path().join("stripe-xdm.toml"), accounts)?;
    let (ended, answer) = doctor(dir.path(), &[])?;
    ensure!(ended.code == Some(2), "{answer}");

    // Neither lake nor tenant.
    std::fs::write(dir.path().join("stripe-xdm.toml"), format!("[sync]\napi_base = \"{base}\"\n"))?;
    let (ended, answer) = doctor(dir.path(), &["--api-key-file", "key"])?;
    ensure!(ended.code == Some(1), "{answer}");
    ensure!(state(&answer, "lake") == "fail" && state(&answer, "tenant") == "fail", "{answer}");
    Ok(())
}

#[test]
fn the_doctor_answers_soon_when_nobody_else_does() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    settings(dir.path(), "http://127.0.0.1:9", KEY)?;
    let begun = std::time::Instant::now();
    let (ended, answer) = doctor(dir.path(), &[])?;
    ensure!(ended.code == Some(1) && state(&answer, "connection") == "fail", "{answer}");
    ensure!(answer.to_string().contains("no answer from 127.0.0.1:9"), "{answer}");
    ensure!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    Ok(())
}
