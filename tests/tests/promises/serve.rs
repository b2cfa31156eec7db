//! `serve` as a process: killed at random instants while webhooks come in. Whatever was answered with 2xx is in the lake
//! in the end, once; and so is what was sent again because it was not.

use anyhow::{Context, ensure};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use stripe_xdm_sandbox::{API_VERSION, Account, Mode};
use stripe_xdm_tests::lake;
use stripe_xdm_tests::stand_in::{KEY, StandIn, now};
use stripe_xdm_tests::webhooks::{Connection, SECRET, Serving};

const BOUND: Duration = Duration::from_secs(120);
const SENDERS: usize = 4;
const EVENTS: usize = 4_000;
const KILLS: usize = 6;

fn event(number: usize, at: i64) -> Vec<u8> {
    let customer = json!({"id": format!("cus_{number}"), "object": "customer", "created": at - 86_400,
        "livemode": true, "name": format!("name {number}"), "metadata": {}});
    // As Stripe writes it, over many lines.
    let event = json!({"id": format!("evt_{number}"), "object": "event", "api_version": API_VERSION,
        "created": at + number as i64 / 100, "livemode": true, "type": "customer.updated", "pending_webhooks": 1,
        "request": {"id": null, "idempotency_key": null}, "data": {"object": customer}});
    serde_json::to_vec_pretty(&event).unwrap_or_default()
}

/// How often each customer is in the lake.
fn found(dir: &Path) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut found = BTreeMap::new();
    for record in lake::read(dir)?.remove("stripe_customers").unwrap_or_default() {
        let id = record["personID"].as_str().context("personID")?.to_owned();
        *found.entry(id).or_default() += 1;
    }
    Ok(found)
}

#[test]
fn killed_at_any_instant_it_keeps_what_it_has_answered_for_once() -> anyhow::Result<()> {
    let at = now() - 3_600;
    let stand_in = StandIn::start(Account::custom(Mode::Live, at - 400 * 86_400), "")?;
    let base_url = stand_in.sandbox()?.base_url().to_owned();
    let dir = tempfile::tempdir()?;
    let (lake, said) = (dir.path().join("lake"), dir.path().join("said"));
    let mut random = fastrand::Rng::with_seed(7);
    let bodies: Vec<Vec<u8>> = (0..EVENTS).map(|number| event(number, at)).collect();
    let answered = Mutex::new(vec![false; EVENTS]);
    let next = AtomicUsize::new(0);
    for round in 0..=KILLS {
        let serving = Serving::start(&lake, &base_url, &said, &["--settle-every", "1"], BOUND)?;
        let address = serving.address;
        // What was not answered when the one before was killed is sent again, and a little more.
        let until = if round == KILLS { EVENTS } else { (round + 1) * EVENTS / (KILLS + 1) };
        next.store(0, Ordering::Relaxed);
        std::thread::scope(|scope| -> anyhow::Result<()> {
            for _ in 0..SENDERS {
                scope.spawn(|| {
                    let Ok(mut connection) = Connection::open(address) else { return };
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(body) = bodies.get(number).filter(|_| number < until) else { return };
                        let is_answered = |at: usize| answered.lock().is_ok_and(|answered| answered[at]);
                        // Every tenth comes again though it was answered.
                        if is_answered(number) && number % 10 != 0 {
                            continue;
                        }
                        match connection.send(body) {
                            Ok(200) => drop(answered.lock().map(|mut answered| answered[number] = true)),
                            _ => return,
                        }
                    }
                });
            }
            if round < KILLS {
                std::thread::sleep(Duration::from_millis(random.u64(20..1_600)));
                serving.running.kill()?;
            } else {
                let began = Instant::now();
                while next.load(Ordering::Relaxed) < EVENTS && began.elapsed() < BOUND {
                    std::thread::sleep(Duration::from_millis(10));
                }
                // Its senders have their answers before it is asked to stop.
                std::thread::sleep(Duration::from_millis(500));
                let ended = serving.stop()?;
                ensure!(ended.code == Some(0), "{ended:?}");
            }
            Ok(())
        })?;
    }
    let answered = answered.into_inner().map_err(|_| anyhow::anyhow!("a sender died"))?;
    ensure!(answered.iter().all(|answered| *answered), "not all was answered");
    let found = found(&lake)?;
    for number in 0..EVENTS {
        let times = found.get(&format!("cus_{number}")).copied().unwrap_or_default();
        ensure!(times == 1, "cus_{number} is there {times} times");
    }
    let left = std::fs::read_dir(lake.join("_inbox"))?.count();
    ensure!(left == 1, "the inbox holds its lock and nothing else, not {left} files");
    for file in lake::all_files(dir.path())? {
        let text = String::from_utf8_lossy(&std::fs::read(&file)?).into_owned();
        ensure!(
            !text.contains(&SECRET[6..]) && !text.contains(&KEY[8..]),
            "a secret is in {}",
            file.display()
        );
    }
    Ok(())
}

#[test]
fn what_comes_is_in_the_lake_soon_and_a_second_serve_is_refused() -> anyhow::Result<()> {
    let at = now() - 3_600;
    let stand_in = StandIn::start(Account::custom(Mode::Live, at - 400 * 86_400), "")?;
    let base_url = stand_in.sandbox()?.base_url().to_owned();
    let dir = tempfile::tempdir()?;
    let (lake, said) = (dir.path().join("lake"), dir.path().join("said"));
    let serving = Serving::start(&lake, &base_url, &said, &["--settle-every", "1"], BOUND)?;
    let second = Serving::start(&lake, &base_url, &dir.path().join("second"), &[], BOUND);
    let refusal = second.map(drop).err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(refusal.contains("another program receives"), "{refusal}");
    let mut connection = Connection::open(serving.address)?;
    ensure!(connection.send(&event(1, at))? == 200);
    ensure!(connection.send_signed(&event(2, at), "t=1,v1=00")? == 400);
    let began = Instant::now();
    while found(&lake).unwrap_or_default().is_empty() {
        ensure!(began.elapsed() < BOUND, "it never came into the lake");
        std::thread::sleep(Duration::from_millis(20));
    }
    let ended = serving.stop()?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let said = std::fs::read_to_string(&said)?;
    ensure!(said.contains(r#""event":"stopped","left":0"#), "{said}");
    Ok(())
}
