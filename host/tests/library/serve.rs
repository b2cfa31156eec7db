//! The receiver over real connections: what it takes, what it refuses and with which words, its bounds, its end.

use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use stripe_xdm::observe::Metrics;
use stripe_xdm::schedule::Stop;
use stripe_xdm::webhook::{Bounds, Endpoint, Inbox, Keys, Receiver, Verifier, sign};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const OLD: &str = "whsec_old";
const NEW: &str = "whsec_new";
const EVENT: &str =
    r#"{"id":"evt_1","object":"event","type":"quantum.entangled","created":1,"data":{"object":{}}}"#;

struct Scene {
    address: SocketAddr,
    inbox: Arc<Inbox>,
    metrics: Arc<Metrics>,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
    _lake: tempfile::TempDir,
}

impl Scene {
    async fn new(bounds: Bounds, largest: u64) -> Self {
        let lake = tempfile::tempdir().unwrap();
        let inbox = Arc::new(Inbox::open(lake.path(), None, largest).unwrap());
        let metrics = Metrics::new().unwrap();
        let verifier = Verifier::new(vec![OLD.to_owned(), NEW.to_owned()], 300).unwrap();
        let endpoint = Endpoint { verifier: Some(verifier), keys: None, inbox: inbox.clone() };
        let receiver = Receiver { endpoints: vec![endpoint], bounds, metrics: Some(metrics.clone()) };
        let receiving = receiver.bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (stop, asked) = Stop::new();
        let address = receiving.address;
        let served = tokio::spawn(async move { receiving.serve(&asked).await });
        Self { address, inbox, metrics, stop, served, _lake: lake }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn post(&self, body: &str, signature: &str) -> (u16, String) {
        let request = reqwest::Client::new().post(self.url("/webhook")).body(body.to_owned());
        let answer = request.header("Stripe-Signature", signature).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn kept(&self) -> Vec<Bytes> {
        let segments = self.inbox.segments().await.unwrap();
        segments.into_iter().flat_map(|segment| self.inbox.read(segment).unwrap()).collect()
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(self.url(path)).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

#[tokio::test]
async fn what_is_signed_is_taken_byte_for_byte_and_nothing_else_is() {
    let scene = Scene::new(Bounds::default(), 1 << 20).await;
    let pretty = EVENT.replace(',', ",\n  ");
    for (secret, body) in [(OLD, EVENT), (NEW, pretty.as_str())] {
        let (status, text) = scene.post(body, &sign(secret, body.as_bytes(), now())).await;
        assert_eq!((status, text.as_str()), (200, r#"{"received":true}"#));
    }
    let kept = vec![Bytes::from_static(EVENT.as_bytes()), Bytes::from(pretty.clone())];
    assert_eq!(scene.kept().await, kept);

    let signature = sign(NEW, EVENT.as_bytes(), now());
    let old = sign(NEW, EVENT.as_bytes(), now() - 400);
    let no_event = r#"{"id":"ch_1","object":"charge"}"#;
    for (body, signature, code) in [
        (EVENT, sign("whsec_another", EVENT.as_bytes(), now()), "signature"),
        (EVENT, old, "signature"),
        (EVENT, signature.replace("v1=", "v0="), "signature"),
        (EVENT, "nonsense".to_owned(), "signature"),
        (pretty.as_str(), signature, "signature"),
        (no_event, sign(NEW, no_event.as_bytes(), now()), "not_an_event"),
        ("", sign(NEW, b"", now()), "not_an_event"),
    ] {
        let (status, text) = scene.post(body, &signature).await;
        assert_eq!(status, 400, "{text}");
        assert!(text.contains(&format!(r#""code":"{code}""#)) && !text.contains("whsec"), "{text}");
    }
    let unsigned = reqwest::Client::new().post(scene.url("/webhook")).body(EVENT).send().await.unwrap();
    assert_eq!(unsigned.status(), 400);
    assert_eq!(scene.kept().await, kept);

    let text = scene.metrics.text();
    assert!(text.contains(r#"stripe_xdm_webhook_duration_seconds_count{answer="taken"} 2"#), "{text}");
    assert!(text.contains(r#"stripe_xdm_inbox{unit="events"} 2"#), "{text}");
    assert_eq!(scene.get("/webhook").await.0, 405);
    assert_eq!(scene.get("/").await.0, 404);
    assert_eq!(scene.get("/healthz").await, (200, r#"{"status":"ok"}"#.to_owned()));
    assert_eq!(scene.get("/readyz").await.0, 200);
}

/// A lake with an inbox for each of some accounts.
struct Several {
    inboxes: Vec<Arc<Inbox>>,
    url: String,
    _served: JoinHandle<()>,
    _stop: watch::Sender<bool>,
    _lake: tempfile::TempDir,
}

const KEY: &str = "0123456789abcdef";

impl Several {
    /// Accounts by the secrets of their endpoints; the last one has a key for wrapped events, too.
    async fn new(secrets: &[&str]) -> Self {
        let lake = tempfile::tempdir().unwrap();
        let (mut endpoints, mut inboxes) = (Vec::new(), Vec::new());
        for (number, &secret) in secrets.iter().enumerate() {
            let inbox = Inbox::open(lake.path(), Some(&number.to_string()), 1 << 20).unwrap();
            inboxes.push(Arc::new(inbox));
            let is_last = number + 1 == secrets.len();
            endpoints.push(Endpoint {
                verifier: Some(Verifier::new(vec![secret.to_owned()], 300).unwrap()),
                keys: is_last.then(|| Keys::new("X-Key", vec![KEY.to_owned()]).unwrap()),
                inbox: inboxes[number].clone(),
            });
        }
        let receiver = Receiver { endpoints, bounds: Bounds::default(), metrics: None };
        let receiving = receiver.bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (stop, asked) = Stop::new();
        let url = format!("http://{}/webhook", receiving.address);
        let served = tokio::spawn(async move { receiving.serve(&asked).await });
        Self { inboxes, url, _served: served, _stop: stop, _lake: lake }
    }

    async fn post(&self, body: &str, header: (&str, &str)) -> u16 {
        let request = reqwest::Client::new().post(&self.url).body(body.to_owned());
        request.header(header.0, header.1).send().await.unwrap().status().as_u16()
    }

    async fn kept(&self) -> Vec<Vec<Bytes>> {
        let mut kept = Vec::new();
        for inbox in &self.inboxes {
            let segments = inbox.segments().await.unwrap();
            kept.push(segments.into_iter().flat_map(|segment| inbox.read(segment).unwrap()).collect());
        }
        kept
    }
}

#[tokio::test]
async fn whose_a_webhook_is_the_secret_tells() {
    let several = Several::new(&[OLD, NEW]).await;
    for (secret, status) in [(OLD, 200), (NEW, 200), ("whsec_another", 400)] {
        let body = format!("{EVENT} ");
        let signature = sign(secret, body.as_bytes(), now());
        assert_eq!(several.post(&body, ("Stripe-Signature", &signature)).await, status);
    }
    let one = vec![Bytes::from(format!("{EVENT} "))];
    assert_eq!(several.kept().await, [one.clone(), one]);
}

#[tokio::test]
async fn wrapped_events_are_taken_from_who_has_the_key() {
    let several = Several::new(&[OLD, NEW]).await;
    let bridge =
        format!(r#"{{"version":"0","detail-type":"x","source":"aws.partner/stripe.com","detail":{EVENT}}}"#);
    let grid = format!(r#"[{{"specversion":"1.0","type":"x","data":{EVENT}}},{bridge}]"#);
    assert_eq!(several.post(&bridge, ("X-Key", KEY)).await, 200);
    assert_eq!(several.post(&grid, ("X-Key", KEY)).await, 200);
    assert_eq!(several.post("[{}]", ("X-Key", KEY)).await, 400);
    assert_eq!(several.post(&bridge, ("X-Key", "0123456789abcdeF")).await, 400);
    assert_eq!(several.post(&bridge, ("Authorization", KEY)).await, 400);
    // A signature that is there must be right, whatever else is.
    let request = reqwest::Client::new().post(&several.url).body(bridge.clone()).header("X-Key", KEY);
    let answer = request.header("Stripe-Signature", "t=1,v1=00").send().await.unwrap();
    assert_eq!(answer.status(), 400);
    let kept = several.kept().await;
    assert_eq!(
        (kept[0].len(), kept[1].as_slice()),
        (0, vec![Bytes::from_static(EVENT.as_bytes()); 3].as_slice())
    );

    // Event Grid asks before it sends; others need not.
    for (origin, status) in [("eventgrid.azure.net", 200), ("example.com", 403)] {
        let request = reqwest::Client::new().request(reqwest::Method::OPTIONS, &several.url);
        let answer = request.header("WebHook-Request-Origin", origin).send().await.unwrap();
        assert_eq!(answer.status(), status);
        let allowed = answer.headers().get("webhook-allowed-origin").map(|value| value.to_str().unwrap());
        assert_eq!(allowed, (status == 200).then_some(origin));
    }
    let scene = Scene::new(Bounds::default(), 1 << 20).await;
    let request = reqwest::Client::new().request(reqwest::Method::OPTIONS, scene.url("/webhook"));
    assert_eq!(request.send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn a_body_is_bounded_whether_its_length_is_told_or_not() {
    let scene = Scene::new(Bounds { body: 1_000, ..Bounds::default() }, 1 << 20).await;
    let large = format!("{EVENT}{}", " ".repeat(1_000));
    assert_eq!(scene.post(&large, &sign(NEW, large.as_bytes(), now())).await.0, 413);
    let mut stream = TcpStream::connect(scene.address).await.unwrap();
    let head = "POST /webhook HTTP/1.1\r\nhost: x\r\nstripe-signature: t=1,v1=\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..3 {
        let chunk = format!("190\r\n{}\r\n", " ".repeat(400));
        // The answer may come, and the connection end, before the last of it.
        let _ended = stream.write_all(chunk.as_bytes()).await;
    }
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn who_sends_slowly_is_not_waited_for() {
    let (head, reading) = (Duration::from_millis(300), Duration::from_millis(300));
    let scene = Scene::new(Bounds { head, reading, ..Bounds::default() }, 1 << 20).await;
    let mut body = TcpStream::connect(scene.address).await.unwrap();
    let request =
        "POST /webhook HTTP/1.1\r\nhost: x\r\nstripe-signature: t=1,v1=\r\ncontent-length: 9\r\n\r\n{";
    body.write_all(request.as_bytes()).await.unwrap();
    let mut headers = TcpStream::connect(scene.address).await.unwrap();
    headers.write_all(b"POST /webhook HTTP/1.1\r\nhost:").await.unwrap();
    let mut answer = vec![0; 12];
    body.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 408");
    let ended = tokio::time::timeout(Duration::from_secs(5), headers.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "the connection goes on");
}

#[tokio::test]
async fn a_full_inbox_says_so_until_there_is_room() {
    let scene = Scene::new(Bounds::default(), 50).await;
    assert_eq!(scene.post(EVENT, &sign(NEW, EVENT.as_bytes(), now())).await.0, 200);
    assert_eq!(scene.post(EVENT, &sign(NEW, EVENT.as_bytes(), now())).await.0, 503);
    let (status, text) = scene.get("/readyz").await;
    assert!(status == 503 && text.contains(r#""status":"full""#), "{text}");
    for segment in scene.inbox.segments().await.unwrap() {
        scene.inbox.remove(segment).unwrap();
    }
    assert_eq!(scene.get("/readyz").await.0, 200);
    assert_eq!(scene.post(EVENT, &sign(NEW, EVENT.as_bytes(), now())).await.0, 200);
}

#[tokio::test]
async fn at_the_end_what_was_begun_is_answered() {
    let scene = Scene::new(Bounds::default(), 1 << 20).await;
    let mut stream = TcpStream::connect(scene.address).await.unwrap();
    let signature = sign(NEW, EVENT.as_bytes(), now());
    let head = format!(
        "POST /webhook HTTP/1.1\r\nhost: x\r\nstripe-signature: {signature}\r\ncontent-length: {}\r\n\r\n",
        EVENT.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // It has been begun when the server waits for the body; a whole request on another connection comes after it.
    assert_eq!(scene.get("/healthz").await.0, 200);
    scene.stop.send(true).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(scene.address).await.is_err());
    stream.write_all(EVENT.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.to_lowercase().contains("connection: close"),
        "{answer}"
    );
    scene.served.await.unwrap();
    assert_eq!(scene.inbox.held().events, 1);
}
