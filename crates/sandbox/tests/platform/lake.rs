//! What tests of batches need: a dataset, and the calls that bring data into it.

use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::Options;

use crate::client::{Answer, CATALOG, Client, EVENT, group, read, start, text_field};

pub(crate) const IMPORT: &str = "/data/foundation/import/batches";
pub(crate) const EXPORT: &str = "/data/foundation/export/batches";

/// A platform with one dataset of events.
#[derive(Debug)]
pub(crate) struct Lake {
    pub(crate) client: Client,
    pub(crate) dataset: String,
}

/// An event that the dataset takes.
pub(crate) fn event(id: &str) -> Value {
    json!({"_id": id, "timestamp": "2026-01-02T03:04:05Z",
        "_acme": {"name": id, "count": 1, "paid": true, "at": "2026-01-02T03:04:05Z"}})
}

/// Values as JSON lines.
pub(crate) fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

pub(crate) async fn lake(options: Options) -> Lake {
    let client = start(options).await;
    let fields = json!({"name": text_field(), "count": {"type": "integer"}, "paid": {"type": "boolean"},
        "at": {"type": "string", "format": "date-time"}, "list": {"type": "array", "items": {"type": "string"}}});
    let fields = client.make("fieldgroups", group("Fields", &[EVENT], fields)).await;
    let schema = client.schema("Events", EVENT, &[&fields]).await;
    let dataset = client.dataset("events", &schema).await;
    Lake { client, dataset }
}

impl Lake {
    /// Makes a batch with more members than it must have; answers its id.
    pub(crate) async fn batch(&self, more: Value) -> String {
        let mut body = json!({"datasetId": self.dataset, "inputFormat": {"format": "json"}});
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        let (status, made) = self.client.send("POST", IMPORT, &body).await;
        assert_eq!((status, &made["status"]), (201, &json!("loading")), "{made}");
        made["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) fn file(&self, batch: &str, name: &str) -> String {
        format!("{IMPORT}/{batch}/datasets/{}/files/{name}", self.dataset)
    }

    pub(crate) async fn put(&self, batch: &str, name: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.client.request("PUT", &self.file(batch, name));
        let request = request.header("content-type", "application/octet-stream");
        read(request.body(body).send().await.expect("an answer")).await
    }

    pub(crate) async fn part(&self, batch: &str, name: &str, range: &str, body: &[u8]) -> Answer {
        let request = self.client.request("PATCH", &self.file(batch, name)).header("content-range", range);
        let request = request.header("content-type", "application/octet-stream");
        read(request.body(body.to_vec()).send().await.expect("an answer")).await
    }

    pub(crate) async fn act(&self, path: &str, action: &str) -> Answer {
        let request = self.client.request("POST", &format!("{path}?action={action}"));
        read(request.send().await.expect("an answer")).await
    }

    pub(crate) async fn complete(&self, batch: &str) {
        let (status, answer) = self.act(&format!("{IMPORT}/{batch}"), "COMPLETE").await;
        assert_eq!(status, 200, "{answer}");
    }

    /// The batch as Catalog shows it.
    pub(crate) async fn look(&self, batch: &str) -> Value {
        let (status, found) = self.client.fetch(&format!("{CATALOG}/batches/{batch}")).await;
        assert_eq!(status, 200, "{found}");
        found[batch].clone()
    }

    /// States as they are seen one after the other, until one does not change any more.
    pub(crate) async fn states(&self, batch: &str) -> Vec<String> {
        let mut states: Vec<String> = Vec::new();
        loop {
            let state = self.look(batch).await["status"].as_str().expect("a status").to_owned();
            if states.last() == Some(&state) {
                return states;
            }
            states.push(state);
        }
    }

    /// A batch with one file, completed; answers id and the last it becomes.
    pub(crate) async fn ingest(&self, more: Value, body: impl Into<reqwest::Body>) -> (String, Value) {
        let batch = self.batch(more).await;
        assert_eq!(self.put(&batch, "rows.json", body).await.0, 201);
        self.complete(&batch).await;
        self.states(&batch).await;
        let shown = self.look(&batch).await;
        (batch, shown)
    }

    pub(crate) fn rows(&self) -> Vec<Value> {
        self.client.platform.rows("prod", &self.dataset)
    }
}
