//! `stripe-xdm transform` as a filter: every form of input gives the same records, errors are lines of
//! their own, memory does not grow with the input, and nothing of an object leaks into what is said.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use stripe_xdm_core::RESOURCES;
use stripe_xdm_tests::corpus::{self, ACCOUNT, SETTINGS};
use stripe_xdm_tests::native::{self, Native};
use stripe_xdm_tests::program::{Ended, Running, command, run};
use stripe_xdm_tests::{framing, lake};

/// The most memory that the program may have resident, in bytes.
const MEMORY: u64 = 64 << 20;

/// What the native core is told that the program is told by its options.
const CALL: &str = r#"{"observed_at":1795000000}"#;

/// `transform` with the samples' account and a time of its own, so that its records can be foretold.
fn transforming() -> anyhow::Result<Command> {
    let mut command = command()?;
    command.args(["transform", "--tenant", "acme", "--account", ACCOUNT, "--observed-at", "1795000000"]);
    Ok(command)
}

/// Runs `transform` on standard input.
fn transform(arguments: &[&str], input: &[u8]) -> anyhow::Result<Ended> {
    let mut command = transforming()?;
    command.args(arguments).stdin(Stdio::piped());
    let mut running = Running::start(command, Duration::from_secs(60))?;
    let mut stdin = running.child().stdin.take().context("a pipe")?;
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let ended = running.end()?;
    feeder.join().map_err(|_| anyhow::anyhow!("the feeding thread died"))??;
    Ok(ended)
}

fn lines(bytes: &[u8]) -> anyhow::Result<Vec<String>> {
    Ok(std::str::from_utf8(bytes)?.lines().map(str::to_owned).collect())
}

/// What must be printed for some objects: lines of records, with or without the dataset.
fn wanted(texts: &[String], records_only: bool) -> anyhow::Result<Vec<String>> {
    let (mut native, call) = (Native::open(SETTINGS)?, native::call(CALL)?);
    let mut lines = Vec::new();
    for text in texts {
        let answer = [&1u32.to_le_bytes()[..], &native.answer(&call, text.as_bytes())?].concat();
        // Those of kind 128 and above must not be delivered.
        for record in framing::answers(&answer)?[0].records.iter().filter(|record| record.kind < 128) {
            let json = std::str::from_utf8(record.bytes)?;
            lines.push(match records_only || record.kind == 2 {
                true => json.to_owned(),
                false => format!(r#"{{"dataset":"{}","record":{json}}}"#, native.dataset(record.dataset)),
            });
        }
    }
    Ok(lines)
}

fn objects() -> anyhow::Result<Vec<String>> {
    Ok(corpus::samples()?.into_iter().map(|(_, text)| text).collect())
}

fn errors(ended: &Ended) -> anyhow::Result<Vec<Value>> {
    ended.stderr.lines().map(|line| serde_json::from_str(line).context(line.to_owned())).collect()
}

#[test]
fn every_form_of_input_gives_the_same_records() -> anyhow::Result<()> {
    let objects = objects()?;
    let pretty: Vec<String> = RESOURCES.into_iter().map(corpus::sample).collect::<Result<_, _>>()?;
    let pretty_and_event = [pretty, vec![corpus::subscription_event()?]].concat();
    let joined = objects.join(",\n");
    let forms = [
        ("lines", objects.join("\n")),
        ("lines ending in CR LF", objects.join("\r\n") + "\r\n"),
        ("an array", format!("[{joined}]")),
        ("a list page", format!(r#"{{"object":"list","url":"/v1/x","has_more":true,"data":[{joined}]}}"#)),
        ("a list page that says so last", format!(r#"{{"data":[{joined}],"object":"list"}}"#)),
        ("pretty-printed", pretty_and_event.join("\n")),
        ("nothing between", objects.concat()),
    ];
    let wanted = wanted(&objects, false)?;
    for (form, input) in forms {
        let ended = transform(&[], input.as_bytes())?;
        ensure!(ended.code == Some(0) && ended.stderr.is_empty(), "{form}: {ended:?}");
        ensure!(lines(&ended.stdout)? == wanted, "{form} gives other records");
    }
    Ok(())
}

#[test]
fn many_objects_keep_their_order() -> anyhow::Result<()> {
    let texts = corpus::varied(31, 3_000)?;
    let ended = transform(&["--records-only"], texts.join("\n").as_bytes())?;
    ensure!(ended.code == Some(2), "some of the seeded objects fail: {:?}", ended.code);
    ensure!(lines(&ended.stdout)? == wanted(&texts, true)?, "other records, or another order");
    Ok(())
}

#[test]
fn files_are_read_in_turn_and_datasets_written_apart() -> anyhow::Result<()> {
    let (objects, dir) = (objects()?, tempfile::tempdir()?);
    let (first, second) = (dir.path().join("first.jsonl"), dir.path().join("second.json"));
    std::fs::write(&first, objects[..3].join("\n"))?;
    std::fs::write(&second, format!("[{}]", objects[3..].join(",")))?;
    let on_files = |more: &[&Path]| -> anyhow::Result<Ended> {
        let mut command = transforming()?;
        command.args(more);
        run(command)
    };
    let ended = on_files(&[&first, &second])?;
    ensure!(lines(&ended.stdout)? == wanted(&objects, false)?, "{ended:?}");

    let out = dir.path().join("out");
    let ended = on_files(&[&first, &second, Path::new("--out"), &out])?;
    ensure!(ended.code == Some(0) && ended.stdout.is_empty(), "{ended:?}");
    let mut found = Vec::new();
    for file in lake::all_files(&out)? {
        let dataset = file.file_stem().context("a name")?.to_string_lossy().into_owned();
        let records = lines(&std::fs::read(&file)?)?;
        found.extend(records.iter().map(|json| format!(r#"{{"dataset":"{dataset}","record":{json}}}"#)));
    }
    let mut wanted = wanted(&objects, false)?;
    found.sort();
    wanted.sort();
    ensure!(found == wanted, "other records in the files");

    let ended = on_files(&[&first, &dir.path().join("absent.jsonl")])?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("absent.jsonl"), "{ended:?}");
    Ok(())
}

#[test]
fn a_bad_object_is_a_line_of_its_own_and_the_rest_goes_on() -> anyhow::Result<()> {
    let good = corpus::compact("refund")?;
    let private = r#"{"id":"ch_1","object":"charge","created":"ada@example.com"}"#;
    let broken = r#"{"id":"ch_2","object":"charge" "receipt_email":"ada@example.com"}"#;
    let input = [good.as_str(), private, broken, r#"{"id":"x"}"#, &good].join("\n");
    let ended = transform(&[], input.as_bytes())?;
    ensure!(ended.code == Some(2), "{ended:?}");
    ensure!(lines(&ended.stdout)? == wanted(&[good.clone(), good], false)?, "{ended:?}");
    let errors = errors(&ended)?;
    let told: Vec<_> = errors.iter().map(|line| (&line["error"]["input"], &line["error"]["id"])).collect();
    ensure!(told.len() == 3 && told[0].0 == 2 && told[1].0 == 3 && told[2].0 == 4, "{errors:?}");
    ensure!(told[0].1 == "ch_1" && told[2].1 == "x", "{errors:?}");
    for line in &errors {
        let error = &line["error"];
        ensure!(error["code"].is_string() && error["message"].is_string(), "{line}");
    }
    ensure!(!ended.stderr.contains("ada@example.com"), "a value of an object was printed");
    Ok(())
}

#[test]
fn exit_codes_tell_some_from_none() -> anyhow::Result<()> {
    let good = corpus::compact("price")?;
    let skipped = r#"{"id":"tu_1","object":"topup"}"#;
    let input = |parts: &[&str]| parts.join("\n").into_bytes();
    for (parts, code) in [
        (&[good.as_str()][..], 0),
        (&[], 0),
        (&[skipped], 0),
        (&[&good, "{}"], 2),
        (&["{}"], 1),
        (&["not json", "{}"], 1),
    ] {
        let ended = transform(&[], &input(parts))?;
        ensure!(ended.code == Some(code), "{parts:?}: {ended:?}");
    }
    // Nothing can be done with these settings.
    let ended = transform(&["--phone-target", "fax"], b"")?;
    ensure!(ended.code == Some(1) && ended.stdout.is_empty(), "{ended:?}");
    let mut command = command()?;
    command.args(["transform", "--tenant", "_acme"]);
    let ended = run(command)?;
    ensure!(ended.code == Some(1) && ended.stderr.contains("tenant"), "{ended:?}");
    Ok(())
}

#[test]
fn a_secret_in_the_environment_stays_there() -> anyhow::Result<()> {
    const SECRET: &str = "sk_live_notForThisCommandAtAll0000000001";
    let mut command = command()?;
    command.args(["transform", "--json", "--tenant", "acme"]).env("STRIPE_API_KEY", SECRET);
    let ended = run(command)?;
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
    ensure!(!said.contains(&SECRET[8..]), "{said}");

    Ok(())
}

/// Feeds lines until so many bytes went in or nobody reads any more.
fn feed(running: &mut Running, bytes: usize) -> anyhow::Result<std::thread::JoinHandle<u64>> {
    let mut stdin = running.child().stdin.take().context("a pipe")?;
    let mut chunk = stripe_xdm_sandbox::generate::objects(77, 400).join("\n").into_bytes();
    chunk.push(b'\n');
    Ok(std::thread::spawn(move || {
        let (mut fed, mut chunks) = (0, 0);
        while fed < bytes && stdin.write_all(&chunk).is_ok() {
            fed += chunk.len();
            chunks += 1;
        }
        chunks
    }))
}

#[test]
fn memory_does_not_grow_with_the_input() -> anyhow::Result<()> {
    let mut command = transforming()?;
    command.stdin(Stdio::piped()).stderr(Stdio::null());
    // The records are counted as they come; kept, they would fill this process instead.
    let (mut reads, writes) = std::io::pipe()?;
    command.stdout(writes);
    let mut running = Running::start(command, Duration::from_secs(300))?;
    let feeder = feed(&mut running, 300 << 20)?;
    let counter = std::thread::spawn(move || {
        let (mut chunk, mut lines) = (vec![0; 1 << 16], 0);
        while let Ok(got @ 1..) = reads.read(&mut chunk) {
            lines += chunk[..got].iter().filter(|byte| **byte == b'\n').count();
        }
        lines
    });
    let ended = running.end()?;
    let chunks = feeder.join().map_err(|_| anyhow::anyhow!("the feeding thread died"))?;
    let lines = counter.join().map_err(|_| anyhow::anyhow!("the counting thread died"))?;
    println!("peak {:.1} MiB, {lines} records", ended.peak as f64 / f64::from(1 << 20));
    let wanted = wanted(&stripe_xdm_sandbox::generate::objects(77, 400), false)?.len();
    ensure!(lines as u64 == chunks * wanted as u64, "{lines} lines of {chunks} * {wanted}");
    ensure!(ended.peak > 1 << 20 && ended.peak < MEMORY, "the program had {} bytes resident", ended.peak);
    Ok(())
}

#[test]
fn a_reader_that_has_enough_ends_it_quietly() -> anyhow::Result<()> {
    let mut command = transforming()?;
    let (reads, writes) = std::io::pipe()?;
    command.stdin(Stdio::piped()).stdout(writes);
    let mut running = Running::start(command, Duration::from_secs(60))?;
    let feeder = feed(&mut running, usize::MAX)?;
    let mut first = String::new();
    let mut reader = BufReader::new(reads);
    reader.read_line(&mut first)?;
    drop(reader);
    let ended = running.end()?;
    feeder.join().map_err(|_| anyhow::anyhow!("the feeding thread died"))?;
    serde_json::from_str::<Value>(&first)?;
    ensure!(matches!(ended.code, Some(0 | 2)), "{:?}", ended.code);
    ensure!(!ended.stderr.contains("panicked") && !ended.stderr.to_lowercase().contains("pipe"));
    Ok(())
}
