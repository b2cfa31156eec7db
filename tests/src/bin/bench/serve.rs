//! What `serve` takes: the real program in a process of its own gets signed Events over connections that stay open, each
//! the next as soon as the one before is answered, which means durable.

use anyhow::{Context, ensure};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use stripe_xdm_sandbox::{Account, Mode};
use stripe_xdm_tests::stand_in::{KEY, StandIn, now};
use stripe_xdm_tests::webhooks::{Connection, SECRET, Serving, serve};
use stripe_xdm_tests::{corpus, lake};

const EVENTS: usize = 50_000;
const IN_FLIGHT: usize = 16;
const BOUND: Duration = Duration::from_secs(600);
const WANTED: f64 = 5_000.0;
const WANTED_P99: Duration = Duration::from_millis(10);

/// Measures and prints what came out.
pub(crate) fn run(rounds: u32) -> anyhow::Result<()> {
    println!(
        "{EVENTS} Events around the sample charge, {IN_FLIGHT} in flight, each durable before its answer"
    );
    println!(
        "{:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>14} {:>8} {:>12} {:>8}",
        "events/s",
        "wanted",
        "p50 ms",
        "p99 ms",
        "wanted",
        "most ms",
        "in lake, per s",
        "MB",
        "disk: p50 ms",
        "p99 ms"
    );
    for round in 0..rounds {
        measure(round)?;
    }
    Ok(())
}

fn measure(round: u32) -> anyhow::Result<()> {
    let at = now() - 86_400;
    let bodies = bodies(at, round)?;
    let stand_in = StandIn::start(Account::custom(Mode::Live, at - 400 * 86_400), "")?;
    let dir = tempfile::tempdir()?;
    let (into, said) = (dir.path().join("lake"), dir.path().join("said"));
    let disk = disk(dir.path(), &bodies)?;
    let base_url = stand_in.sandbox()?.base_url().to_owned();
    let serving = Serving::start(serve(&into, &base_url, KEY)?, &said, BOUND)?;
    let address = serving.address;
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let times = std::thread::scope(|scope| {
        let sender = || -> anyhow::Result<Vec<Duration>> {
            let mut connection = Connection::open(address)?;
            let mut times = Vec::with_capacity(EVENTS / IN_FLIGHT * 2);
            while let Some((body, signature)) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                let sent = Instant::now();
                ensure!(connection.send_signed(body, signature)? == 200, "refused");
                times.push(sent.elapsed());
            }
            Ok(times)
        };
        let senders: Vec<_> = (0..IN_FLIGHT).map(|_| scope.spawn(sender)).collect();
        let joined = senders.into_iter().map(|sender| sender.join().ok().context("a sender died")?);
        joined.collect::<anyhow::Result<Vec<_>>>()
    })?;
    let seconds = began.elapsed().as_secs_f64();
    let mut times: Vec<Duration> = times.into_iter().flatten().collect();
    times.sort_unstable();
    let ended = serving.stop()?;
    let settled = began.elapsed().as_secs_f64();
    ensure!(ended.code == Some(0), "{ended:?}");
    let records = lake::read(&into)?.remove("stripe_charge_events").unwrap_or_default().len();
    ensure!(records == EVENTS, "{records} records");
    println!(
        "{:>8.0} {WANTED:>8.0} {:>8.2} {:>8.2} {:>8.0} {:>8.2} {:>14.0} {:>8.1} {:>12.2} {:>8.2}",
        EVENTS as f64 / seconds,
        at_share(&times, 0.5),
        at_share(&times, 0.99),
        WANTED_P99.as_secs_f64() * 1e3,
        at_share(&times, 1.0),
        EVENTS as f64 / settled,
        ended.peak as f64 / 1e6,
        at_share(&disk, 0.5),
        at_share(&disk, 0.99),
    );
    Ok(())
}

/// Of sorted times the one that a share of all does not exceed, in milliseconds.
fn at_share(sorted: &[Duration], share: f64) -> f64 {
    let at = (sorted.len().saturating_sub(1) as f64 * share) as usize;
    sorted.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

/// What this machine's disk takes for as many Events as are in flight: no durable answer is faster, and what else goes
/// on here shows.
fn disk(dir: &Path, bodies: &[(Vec<u8>, String)]) -> anyhow::Result<Vec<Duration>> {
    let mut file = File::create(dir.join("disk"))?;
    let group: Vec<u8> = bodies.iter().take(IN_FLIGHT).flat_map(|(body, _)| body.iter().copied()).collect();
    let append = |_| -> anyhow::Result<Duration> {
        let began = Instant::now();
        file.write_all(&group)?;
        file.sync_data()?;
        Ok(began.elapsed())
    };
    let mut times = (0..500).map(append).collect::<anyhow::Result<Vec<_>>>()?;
    times.sort_unstable();
    Ok(times)
}

/// Events, each of a charge of its own, with their signatures: signing is not what is measured.
fn bodies(at: i64, round: u32) -> anyhow::Result<Vec<(Vec<u8>, String)>> {
    let charge = corpus::compact("charge")?;
    let id = serde_json::from_str::<serde_json::Value>(&charge)?["id"].as_str().context("an id")?.to_owned();
    let event = |number: usize| {
        let charge = charge.replace(&id, &format!("ch_{round}x{number}"));
        let created = at + (number / 500) as i64;
        let body = format!(
            r#"{{"id":"evt_{round}x{number}","object":"event","api_version":"2026-08-26.dahlia","created":{created},"data":{{"object":{charge}}},"livemode":true,"pending_webhooks":1,"request":{{"id":null,"idempotency_key":null}},"type":"charge.succeeded"}}"#
        );
        let signature = stripe_xdm::webhook::sign(SECRET, body.as_bytes(), now());
        (body.into_bytes(), signature)
    };
    Ok((0..EVENTS).map(event).collect())
}
