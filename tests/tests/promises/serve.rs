//! `serve` as a process: killed at random instants while webhooks come in. Whatever was answered with 2xx is in the lake
//! in the end, once; and so is what was sent again because it was not.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use stripe_xdm_sandbox::platform::{Ingestion, Options as PlatformOptions};
use stripe_xdm_sandbox::{API_VERSION, Account, ApiKey, Mode, Options, Rate};
use stripe_xdm_tests::adobe::{Adobe, SANDBOX};
use stripe_xdm_tests::foreign::{Foreign, KEY as FOREIGN_KEY};
use stripe_xdm_tests::lake;
use stripe_xdm_tests::program;
use stripe_xdm_tests::stand_in::{KEY, StandIn, now};
use stripe_xdm_tests::webhooks::{Connection, SECRET, Serving, serve};

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
        let serving = Serving::start(serve(&lake, &base_url, KEY)?, &said, BOUND)?;
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
                        if is_answered(number) && !number.is_multiple_of(10) {
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
    let serving = Serving::start(serve(&lake, &base_url, KEY)?, &said, BOUND)?;
    let second = Serving::start(serve(&lake, &base_url, KEY)?, &dir.path().join("second"), BOUND);
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

/// Waits until something is there.
fn until(what: &str, mut is_there: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let began = Instant::now();
    while !is_there()? {
        ensure!(began.elapsed() < BOUND, "it takes too long until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// How many Events it says that it has carried into the lake.
fn settled(said: &Path) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(said)?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(lines.filter(|line| line["event"] == "settled").filter_map(|line| line["events"].as_u64()).sum())
}

/// The customers of a lake, each with the account that it is of.
fn owners(dir: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut owners = BTreeMap::new();
    for record in lake::read(dir)?.remove("stripe_customers").unwrap_or_default() {
        let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");
        let stripe = &record["_acme"]["stripe"];
        owners.insert(text(&record["personID"])?, text(&stripe["accountID"])?);
    }
    Ok(owners)
}

/// The same Event about an account.
fn about(body: &[u8], account: &str) -> anyhow::Result<Vec<u8>> {
    let mut event: Value = serde_json::from_slice(body)?;
    event["account"] = account.into();
    Ok(serde_json::to_vec(&event)?)
}

#[test]
fn a_platform_hears_the_accounts_connected_to_it() -> anyhow::Result<()> {
    let at = now() - 3_600;
    let account = || Account::custom(Mode::Live, at - 400 * 86_400);
    let (own, connected) = (account(), Account::seeded(32, stripe_xdm_sandbox::Size::charges(1)));
    let options = Options {
        keys: vec![ApiKey::secret(KEY)],
        connected: vec![connected.clone()],
        rate: Rate::Unlimited,
        ..Options::default()
    };
    let stand_in = StandIn::with(own.clone(), options)?;
    let dir = tempfile::tempdir()?;
    let (lake, said) = (dir.path().join("lake"), dir.path().join("said"));
    let mut command = serve(&lake, stand_in.sandbox()?.base_url(), KEY)?;
    command.arg(format!("--connected={}", connected.id()));
    let serving = Serving::start(command, &said, BOUND)?;
    let mut connection = Connection::open(serving.address)?;
    ensure!(connection.send(&event(1, at))? == 200);
    ensure!(connection.send(&about(&event(2, at), connected.id())?)? == 200);
    ensure!(connection.send(&about(&event(3, at), "acct_1Another")?)? == 200);
    until("all three are settled", || Ok(settled(&said)? == 3))?;
    let ended = serving.stop()?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let expected = [("cus_1", own.id()), ("cus_2", connected.id())];
    let expected = expected.map(|(id, account)| (id.to_owned(), account.to_owned()));
    ensure!(owners(&lake)? == BTreeMap::from(expected), "{:?}", owners(&lake)?);
    Ok(())
}

#[test]
fn accounts_of_the_settings_file_are_told_apart_and_one_waits_alone() -> anyhow::Result<()> {
    let at = now() - 3_600;
    let account = |seed| Account::seeded(seed, stripe_xdm_sandbox::Size::charges(1));
    let (shop, club) = (account(41), account(42));
    let club_key = "sk_live_theOtherKeyThatNobodyMayRead0007";
    let of_shop = StandIn::start(shop.clone(), "")?;
    let of_club = StandIn::with_key(club.clone(), "", ApiKey::secret(club_key))?;
    let dir = tempfile::tempdir()?;
    let (lake, said) = (dir.path().join("lake"), dir.path().join("said"));
    let file = "[[account]]\nname = \"shop\"\napi_key = { env = \"STRIPE_API_KEY\" }\n\
                webhook_secrets = [{ env = \"STRIPE_WEBHOOK_SECRET\" }]\n\
                [[account]]\nname = \"club\"\napi_key = { env = \"CLUB_KEY\" }\n\
                webhook_secrets = [{ env = \"CLUB_SECRET\" }]\nwrapped_keys = [{ env = \"CLUB_WRAPPED\" }]\n";
    std::fs::write(dir.path().join("stripe-xdm.toml"), file)?;
    let (secret, wrapped) = ("whsec_ofTheClub", "Bearer of good tidings");
    let start = |stand_in: &StandIn, more: &[&str]| -> anyhow::Result<Serving> {
        let mut command = serve(&lake, stand_in.sandbox()?.base_url(), KEY)?;
        command.current_dir(dir.path()).args(["--wrapped-header", "authorization"]).args(more);
        command.env("CLUB_KEY", club_key).env("CLUB_SECRET", secret).env("CLUB_WRAPPED", wrapped);
        Serving::start(command, &said, BOUND)
    };
    // The stand-in of the shop does not know the club's key: what comes for the club waits.
    let serving = start(&of_shop, &[])?;
    let mut connection = Connection::open(serving.address)?;
    ensure!(connection.send(&event(1, at))? == 200);
    let body = event(2, at);
    ensure!(connection.send_signed(&body, &stripe_xdm::webhook::sign(secret, &body, now()))? == 200);
    let inner: Value = serde_json::from_slice(&event(3, at))?;
    let body = json!({"detail-type": "customer.updated", "detail": inner}).to_string();
    let of_bridge = [("authorization", wrapped)];
    ensure!(connection.send_with(body.as_bytes(), &of_bridge)? == 200);
    ensure!(connection.send_with(body.as_bytes(), &[])? == 400);
    until("the shop's is settled", || Ok(settled(&said)? == 1))?;
    let ended = serving.stop()?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let text = std::fs::read_to_string(&said)?;
    ensure!(text.contains(r#""event":"stopped","left":2"#) && text.contains("API key"), "{text}");

    let serving = start(&of_club, &["--only", "club"])?;
    until("the club's are settled", || Ok(settled(&said)? == 2))?;
    let ended = serving.stop()?;
    ensure!(ended.code == Some(0), "{ended:?}");
    let expected = [("cus_1", shop.id()), ("cus_2", club.id()), ("cus_3", club.id())];
    let expected = expected.map(|(id, account)| (id.to_owned(), account.to_owned()));
    ensure!(owners(&lake)? == BTreeMap::from(expected), "{:?}", owners(&lake)?);
    Ok(())
}

#[test]
fn what_comes_goes_on_to_experience_platform() -> anyhow::Result<()> {
    let at = now() - 3_600;
    let stand_in = StandIn::start(Account::custom(Mode::Live, at - 400 * 86_400), "")?;
    let ingestion = Ingestion { step: Duration::ZERO, ..Ingestion::default() };
    let adobe = Adobe::start(PlatformOptions { ingestion, ..PlatformOptions::default() })?;
    let applied = adobe.apply(&[])?;
    ensure!(applied.code == Some(0), "{applied:?}");
    let dir = tempfile::tempdir()?;
    let (lake, said) = (dir.path().join("lake"), dir.path().join("said"));
    let mut command = serve(&lake, stand_in.sandbox()?.base_url(), KEY)?;
    command.args(["--to", "aep", "--deliver-every", "1"]);
    let serving = Serving::start(adobe.reach(command)?, &said, BOUND)?;
    let mut connection = Connection::open(serving.address)?;
    let rows = || -> anyhow::Result<Vec<String>> {
        let mut status = program::command()?;
        status.args(["status", "--json", "--lake"]).arg(&lake);
        let ended = program::run(status)?;
        // Until the first round the lake has no ledger.
        if ended.code != Some(0) {
            return Ok(Vec::new());
        }
        let status: Value = serde_json::from_slice(&ended.stdout)?;
        let targets = status["platform"].as_array();
        let target = targets.into_iter().flatten().find(|target| target["dataset"] == "stripe_customers");
        let Some(id) = target.and_then(|target| target["dataset_id"].as_str()) else { return Ok(Vec::new()) };
        let rows = adobe.platform()?.rows(SANDBOX, id);
        let mut ids: Vec<String> =
            rows.iter().filter_map(|row| Some(row["personID"].as_str()?.to_owned())).collect();
        ids.sort();
        Ok(ids)
    };
    for number in 1..=3 {
        ensure!(connection.send(&event(number, at))? == 200);
        ensure!(connection.send(&event(number, at))? == 200);
        until("it is in the dataset", || Ok(rows()?.len() == number))?;
    }
    let ended = serving.stop()?;
    ensure!(ended.code == Some(0), "{ended:?}");
    ensure!(rows()? == ["cus_1", "cus_2", "cus_3"], "{:?}", rows()?);
    adobe.nothing_secret(&program::Ended { stderr: std::fs::read_to_string(&said)?, ..ended })
}

#[test]
fn localstripes_webhooks_land_once_though_each_is_sent_twice() -> anyhow::Result<()> {
    let server = Foreign::localstripe()?;
    let dir = tempfile::tempdir()?;
    let (created, lake, said) =
        (dir.path().join("created"), dir.path().join("lake"), dir.path().join("said"));
    std::fs::create_dir(&created)?;
    let mut command = serve(&lake, server.base(), FOREIGN_KEY)?;
    command.args(["--account", "acct_1OfSomebodyElse"]);
    let serving = Serving::start(command, &said, BOUND)?;
    let url = format!("http://{}/webhook", serving.address);
    let customers = server.send_twice(&created, &url, SECRET)?;
    until("all is settled, twice", || Ok(settled(&said)? == 2 * customers))?;
    let ended = serving.stop()?;
    ensure!(ended.code == Some(0), "{ended:?}");
    // Each customer is there as it was created, and none is there twice.
    server.check(&created, &lake, "customers")
}
