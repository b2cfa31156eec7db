//! The preview's server over real connections, with the Stripe stand-in behind it: who is let in, what is given out,
//! what a dry run finds, and that the key shows nowhere.

use serde_json::{Map, Value, json};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use stripe_xdm::module::{Cache, Limits, Module};
use stripe_xdm::preview::{Account, Bounds, Preview, PreviewError, Site, Token};
use stripe_xdm::schedule::Stop;
use stripe_xdm::stripe::{Client, Config, Key, Resource};
use stripe_xdm_sandbox::{API_VERSION, Account as Seeded, Mode, Options, Rate, Sandbox, Size};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pkg/dist/stripe_xdm_bg.wasm");
const SITE: Site = Site(&[("index.html", b"<!doctype html>"), ("assets/page-1a2b.js", b"export {};")]);
const SALT: &str = "a-salt-that-nobody-may-see";

struct Scene {
    sandbox: Sandbox,
    host: String,
    token: String,
    url: String,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
}

/// Compiled once for all of them.
static COMPILED: LazyLock<Module> = LazyLock::new(|| {
    let bytes = std::fs::read(MODULE).expect("these tests need the module: run `cargo xtask module` first");
    Module::load(&bytes, Limits::default(), &Cache::none()).unwrap()
});

fn preview(base: &str, key: &str, bounds: Bounds) -> Preview {
    let client = Client::new(Config {
        base: base.to_owned(),
        key: Key::new(key).unwrap(),
        timeout: None,
        version: API_VERSION.to_owned(),
        concurrency: 4,
        rate_limit: Some(100_000.0),
        endpoint_rate_limit: None,
    });
    let settings = json!({ "tenant": "acme", "privacy": { "salt": SALT, "rules": [] } });
    let Value::Object(settings) = settings else { unreachable!("an object") };
    let resources = vec![Resource::Charges, Resource::Prices, Resource::Invoices];
    let account = Account::new("shop".to_owned(), client.unwrap().with_retries(0), None, resources, settings);
    Preview {
        site: SITE,
        token: Token::new().unwrap(),
        accounts: vec![Arc::new(account)],
        about: Map::from_iter([("mappings".to_owned(), json!(["charges.json"]))]),
        module: COMPILED.clone(),
        bounds,
    }
}

impl Scene {
    async fn new(bounds: Bounds) -> Self {
        Self::with_key(bounds, None).await
    }

    async fn with_key(bounds: Bounds, key: Option<&str>) -> Self {
        let size = Size { charges: 260, prices: 60, mode: Mode::Test, ..Size::demo() };
        let options = Options { rate: Rate::Unlimited, ..Options::default() };
        let sandbox = Sandbox::start(Seeded::seeded(7, size), options).await.unwrap();
        let preview = preview(sandbox.base_url(), key.unwrap_or(sandbox.key()), bounds);
        let previewing = preview.bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (stop, asked) = Stop::new();
        let (host, url) = (previewing.address.to_string(), previewing.url());
        let token = url.split_once("/#token=").unwrap().1.to_owned();
        let served = tokio::spawn(async move { previewing.serve(&asked).await });
        Self { sandbox, host, token, url, stop, served }
    }

    fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let request = reqwest::Client::new().get(self.at(path)).bearer_auth(&self.token);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn post(&self, body: impl Into<reqwest::Body>) -> reqwest::Response {
        let request = reqwest::Client::new().post(self.at("/api/dry-run")).bearer_auth(&self.token);
        request.header("origin", format!("http://{}", self.host)).body(body).send().await.unwrap()
    }

    /// The last line of a dry run, after its reports.
    async fn dry_run(&self, question: Value) -> Value {
        let answer = self.post(question.to_string()).await;
        assert_eq!(answer.status(), 200);
        let text = answer.text().await.unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (last, reports) = lines.split_last().unwrap();
        assert!(reports.iter().all(|line| line["progress"]["of"] == question["last"]), "{text}");
        last.clone()
    }
}

#[tokio::test]
async fn only_this_machine_can_reach_it() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let preview = preview("http://127.0.0.1:1", "rk_test_1", Bounds::default());
        let error = preview.bind(address.parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, PreviewError::NotLoopback(_)));
        assert!(error.to_string().contains("other machines") && error.to_string().contains("127.0.0.1:0"));
    }
}

#[tokio::test]
async fn the_page_is_for_anybody_here_and_what_is_behind_it_for_its_own_page() {
    let scene = Scene::new(Bounds::default()).await;
    let plain = reqwest::Client::new();
    for (path, kind, keep) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/assets/page-1a2b.js", "text/javascript; charset=utf-8", "private, max-age=31536000, immutable"),
    ] {
        let answer = plain.get(scene.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((header("content-type").as_str(), header("cache-control").as_str()), (kind, keep));
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("connect-src 'self';"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-frame-options"), "DENY");
        assert!(!answer.headers().contains_key("access-control-allow-origin"));
    }
    for path in ["/none", "/../Cargo.toml", "/assets/", "/%2e%2e/x", "//index.html/x"] {
        assert_eq!(plain.get(scene.at(path)).send().await.unwrap().status(), 404, "{path}");
    }
    assert_eq!(plain.post(scene.at("/")).send().await.unwrap().status(), 405);
    let named = plain.get(scene.at("/")).header("host", "evil.example").send().await.unwrap();
    assert_eq!(named.status(), 403, "a name that was pointed at this machine");

    let asks = |path: &str| plain.get(scene.at(path));
    for path in ["/api/session", "/api/samples?resource=charges", "/api/none"] {
        let answer = asks(path).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let with = |token: &str| asks(path).bearer_auth(token.to_owned()).send();
        assert_eq!(with(&scene.token.replace(['0', '1'], "2")).await.unwrap().status(), 401);
        let own = || asks(path).bearer_auth(&scene.token);
        for origin in ["https://evil.example", "null", "http://127.0.0.1"] {
            assert_eq!(own().header("origin", origin).send().await.unwrap().status(), 403, "{path} {origin}");
        }
        assert_eq!(own().header("sec-fetch-site", "cross-site").send().await.unwrap().status(), 403);
        assert_eq!(own().header("host", "localhost").send().await.unwrap().status(), 403);
    }
    let unsaid =
        plain.post(scene.at("/api/dry-run")).bearer_auth(&scene.token).body("{}").send().await.unwrap();
    assert_eq!(unsaid.status(), 403, "who writes says from where");
    assert_eq!(scene.get("/api/none").await.0, 404);
    assert_eq!(scene.get("/api/dry-run").await.0, 405);
    assert!(scene.url.starts_with(&format!("http://{}/#token=", scene.host)), "in the fragment");
}

#[tokio::test]
async fn samples_are_the_newest_objects_as_stripe_wrote_them() {
    let scene = Scene::new(Bounds::default()).await;
    let (status, session) = scene.get("/api/session").await;
    let session: Value = serde_json::from_str(&session).unwrap();
    assert_eq!((status, &session["mappings"]), (200, &json!(["charges.json"])));
    let charges = json!({ "name": "charges", "object": "charge" });
    let account = &session["accounts"][0];
    assert_eq!((&account["name"], &account["mode"]), (&"shop".into(), &"test".into()));
    assert_eq!((&account["api_version"], &account["resources"][0]), (&API_VERSION.into(), &charges));

    let list = format!("{}/v1/charges?limit=3", scene.sandbox.base_url());
    let list = reqwest::Client::new().get(list).bearer_auth(scene.sandbox.key()).send().await.unwrap();
    let (_, text) = scene.get("/api/samples?resource=charges&limit=3").await;
    #[derive(serde::Deserialize)]
    struct List {
        data: Vec<Box<serde_json::value::RawValue>>,
    }
    let texts = |text: &str| -> Vec<String> {
        let list: List = serde_json::from_str(text).unwrap();
        list.data.iter().map(|object| object.get().to_owned()).collect()
    };
    let found = texts(&text);
    assert_eq!(found, texts(&list.text().await.unwrap()), "byte for byte");
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["livemode"], false);

    // Of two lists the newest, whichever they are in; and more than a page.
    let values =
        |text: &str| serde_json::from_str::<Value>(text).unwrap()["data"].as_array().unwrap().clone();
    let prices = values(&scene.get("/api/samples?resource=prices&limit=1000").await.1);
    let times: Vec<i64> = prices.iter().map(|price| price["created"].as_i64().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    assert!(
        prices.iter().any(|price| price["active"] == true)
            && prices.iter().any(|price| price["active"] == false)
    );
    let charges = values(&scene.get("/api/samples?resource=charges&limit=150").await.1);
    assert_eq!(charges.len(), 150);
    let id = charges[140]["id"].as_str().unwrap();
    let one = values(&scene.get(&format!("/api/samples?resource=charges&id={id}")).await.1);
    assert_eq!((one.len(), &one[0]), (1, &charges[140]));

    for (query, says) in [
        ("resource=charges&limit=0", "limit: expected"),
        ("resource=charges&limit=1001", "limit: expected"),
        ("resource=charges&limit=x", "limit: expected"),
        ("resource=customers", "resource: expected one of charges"),
        ("limit=1", "resource: expected one of"),
        ("resource=charges&account=other", "account: there is none"),
    ] {
        let (status, text) = scene.get(&format!("/api/samples?{query}")).await;
        assert!(status == 400 && text.contains(says), "{query}: {status} {text}");
    }
    let (status, text) = scene.get("/api/samples?resource=charges&id=ch_none").await;
    assert!(status == 502 && text.contains(r#""code":"stripe""#), "{text}");
}

#[tokio::test]
async fn a_dry_run_tells_what_fails_and_what_differs() {
    let scene = Scene::new(Bounds::default()).await;
    let unchanged = scene.dry_run(json!({ "resource": "charges", "last": 120 })).await;
    let found = &unchanged["found"];
    assert_eq!((&found["objects"], &found["differences"]), (&120.into(), &Value::Null), "{unchanged}");
    assert_eq!(found["counted"]["records"]["before"], found["counted"]["records"]["after"]);
    assert_eq!(found["counted"]["records"]["before"], 120);

    let model = |source: &str, destination: &str| {
        json!({ "resource": "charge", "variant": "event", "mappingSet": { "mappings": [
            { "sourceType": "EXPRESSION", "source": source, "destination": destination, "type": "string" }] } })
    };
    let description = "_acme.stripe.charge.description";
    let changed = model(r#"iif(amount > 5000, concat("large ", id), description)"#, description);
    let question = |models: Value| json!({ "resource": "charges", "last": 10_000, "models": models });
    let told = scene.dry_run(question(json!([changed]))).await;
    let (objects, differences) = (&told["found"]["objects"], &told["found"]["differences"]);
    let changed = differences["changed"].as_u64().unwrap();
    assert!(changed > 0 && changed < objects.as_u64().unwrap(), "{told}");
    assert_eq!((&differences["added"], &differences["removed"]), (&0.into(), &0.into()));
    let field = &differences["fields"][0];
    assert_eq!(
        (field["path"].as_str(), field["dataset"].as_str()),
        (Some(description), Some("stripe_charge_events"))
    );
    assert!(field["after"].as_str().unwrap().starts_with("\"large "), "{field}");
    let counts = ["changed", "added"].map(|name| field[name].as_u64().unwrap());
    assert_eq!(counts.iter().sum::<u64>(), changed);
    let example = &differences["examples"][0];
    let at = |record: &Value| record["_acme"]["stripe"]["charge"]["description"].clone();
    assert_ne!(at(&example["before"]), at(&example["after"]));

    // Records that are not what their schema says, with the first object that has one.
    let wrong = model(r#"concat(currency, " dollars")"#, "commerce.order.currencyCode");
    let told = scene.dry_run(question(json!([wrong]))).await;
    let worst = &told["found"]["counted"]["outcomes"][0];
    assert_eq!((&worst["kind"], &worst["before"]), (&"invalid".into(), &0.into()), "{worst}");
    assert_eq!(&worst["after"], objects);
    assert!(!worst["first"]["id"].as_str().unwrap().is_empty() && worst["first"]["message"] != "");
    assert_eq!(told["found"]["counted"]["records"]["after"], 0);

    let error = scene.dry_run(question(json!([model("upper(", description)]))).await;
    assert_eq!(error["error"]["code"], "mapping", "{error}");
    assert!(error["error"]["message"].as_str().unwrap().contains("changes cannot be used"));
    for body in [
        json!({ "resource": "charges", "last": 0 }),
        json!({ "resource": "charges", "last": 10_001 }),
        json!({ "resource": "payouts", "last": 1 }),
        json!({ "resource": "charges", "last": 1, "settings": {} }),
        json!([]),
    ] {
        assert_eq!(scene.post(body.to_string()).await.status(), 400, "{body}");
    }
}

#[tokio::test]
async fn requests_are_bounded_and_the_end_is_not_waited_for_long() {
    let bounds =
        Bounds { body: 2_000, reading: Duration::from_millis(200), connections: 2, ..Bounds::default() };
    let scene = Scene::new(bounds).await;
    assert_eq!(scene.post(" ".repeat(2_001)).await.status(), 413);
    let mut slow = TcpStream::connect(&scene.host).await.unwrap();
    let head = format!(
        "POST /api/dry-run HTTP/1.1\r\nhost: {0}\r\norigin: http://{0}\r\nauthorization: Bearer {1}\r\n\
         content-length: 100\r\nconnection: close\r\n\r\n{{",
        scene.host, scene.token
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");

    // One dry run at a time; who goes away leaves his turn.
    let question = json!({ "resource": "charges", "last": 10_000 }).to_string();
    let first = scene.post(question.clone()).await;
    assert_eq!(first.status(), 200);
    assert_eq!(scene.post(question.clone()).await.status(), 409);
    drop(first);
    let again = async {
        while scene.post(question.clone()).await.status() == 409 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), again).await.unwrap();

    scene.stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(10), scene.served).await.unwrap().unwrap();
    assert!(TcpStream::connect(&scene.host).await.is_err());
}

#[tokio::test]
async fn neither_key_nor_salt_nor_token_is_in_any_answer() {
    let mut said = String::new();
    let wrong = "rk_test_51wrongwrongwrongwrongwrong";
    for key in [None, Some(wrong)] {
        let scene = Scene::with_key(Bounds::default(), key).await;
        for path in [
            "/",
            "/api/session",
            "/api/samples?resource=charges",
            "/api/samples?resource=charges&id=x",
            "/api/x",
        ] {
            said += &scene.get(path).await.1;
        }
        let question = json!({ "resource": "charges", "last": 5 }).to_string();
        let text = scene.post(question).await.text().await.unwrap();
        assert_eq!(text.contains(r#""code":"stripe""#), key.is_some(), "{text}");
        said += &text;
        for secret in [scene.sandbox.key(), &scene.token, wrong, SALT, "wrongwrong"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}
