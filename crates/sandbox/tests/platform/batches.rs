//! Batches: making, filling, completing, finding them; what becomes of them.

use std::time::Duration;

use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::{Ingestion, Options, StateNames};

use crate::{
    client::{CATALOG, read},
    lake::{EXPORT, IMPORT, event, lake, lines},
};

#[tokio::test]
async fn a_batch_goes_from_loading_to_success_and_its_rows_can_be_read() {
    let lake = lake(Options::default()).await;
    let batch = lake
        .batch(json!({"externalId": "ours-1", "enableErrorDiagnostics": true,
        "partialIngestionPercentage": 5, "tags": {"made by": ["us"]}}))
        .await;
    let first = lines(&[event("gone")]);
    let body = lines(&[event("a"), event("b")]);
    assert_eq!(lake.put(&batch, "2026/rows%201.json", first).await, (201, Value::Null));
    assert_eq!(lake.put(&batch, "2026/rows%201.json", body.clone()).await, (200, Value::Null));
    assert!(lake.rows().is_empty());
    lake.complete(&batch).await;
    assert_eq!(lake.states(&batch).await, ["loaded", "staging", "success"]);
    // To complete it again is harmless, to write to it is too late.
    lake.complete(&batch).await;
    assert_eq!(lake.put(&batch, "late.json", "{}").await.0, 400);
    let shown = lake.look(&batch).await;
    assert_eq!((&shown["externalId"], &shown["inputFormat"]), (&json!("ours-1"), &json!({"format": "json"})));
    assert_eq!(shown["relatedObjects"], json!([{"type": "dataSet", "id": lake.dataset}]));
    assert_eq!(
        shown["tags"],
        json!({"made by": ["us"], "acp_enableErrorDiagnostics": true,
        "acp_partialIngestionPercent": 5})
    );
    let metrics = &shown["metrics"];
    assert_eq!((&metrics["inputRecordCount"], &metrics["outputRecordCount"]), (&json!(2), &json!(2)));
    assert_eq!((&metrics["failedRecordCount"], &metrics["inputByteSize"]), (&json!(0), &json!(body.len())));
    assert_eq!(lake.rows(), [event("a"), event("b")]);
    let files = lake.client.platform.files("prod", &batch).expect("files");
    assert_eq!(files, [("2026/rows 1.json".to_owned(), body.into_bytes())]);
    let (status, page) = lake.client.fetch(&format!("/sandbox/datasets/{}/rows?start=1", lake.dataset)).await;
    assert_eq!((status, page), (200, json!({"count": 2, "start": 1, "rows": [event("b")]})));
}

#[tokio::test]
async fn states_go_on_with_the_platform_s_time_alone_when_looking_is_nothing() {
    let ingestion = Ingestion { looks: 0, names: StateNames::Ingestion, ..Ingestion::default() };
    let lake = lake(Options { ingestion, ..Options::default() }).await;
    let batch = lake.batch(json!({})).await;
    lake.put(&batch, "a.json", lines(&[event("a")])).await;
    lake.complete(&batch).await;
    assert_eq!(lake.states(&batch).await, ["loaded"]);
    lake.client.platform.advance(Duration::from_secs(60));
    assert_eq!(lake.states(&batch).await, ["staging"]);
    lake.client.platform.advance(Duration::from_secs(60));
    assert_eq!(lake.states(&batch).await, ["active"]);
    let late = lake.batch(json!({})).await;
    lake.client.platform.advance(Duration::from_secs(90_000));
    // Nobody has completed it. (The token is as old.)
    let batches = lake.client.platform.batches("prod", &lake.dataset);
    assert_eq!((&batches[1]["id"], &batches[1]["status"]), (&json!(late), &json!("abandoned")));
}

#[tokio::test]
async fn what_is_no_batch_is_refused() {
    let lake = lake(Options::default()).await;
    let good = json!({"datasetId": lake.dataset, "inputFormat": {"format": "json"}});
    for (key, value) in [
        ("datasetId", Value::Null),
        ("datasetId", json!("none")),
        ("inputFormat", Value::Null),
        ("inputFormat", json!({"format": "xml"})),
        ("inputFormat", json!({"format": "parquet", "isMultiLineJson": true})),
        ("enableErrorDiagnostics", json!("yes")),
        ("partialIngestionPercentage", json!(101)),
        ("tags", json!({"a": 1})),
        ("replay", json!({"predecessors": ["$none"]})),
    ] {
        let mut wrong = good.clone();
        wrong[key] = value;
        assert_eq!(lake.client.send("POST", IMPORT, &wrong).await.0, 400, "{wrong}");
    }
    let batch = lake.batch(json!({})).await;
    let path = lake.file(&batch, "a.json");
    let form = lake.client.request("PUT", &path).header("content-type", "multipart/form-data; boundary=x");
    assert_eq!(form.body("{}").send().await.expect("an answer").status(), 415);
    assert_eq!(lake.put(&batch, &"x".repeat(2000), "{}").await.0, 414);
    assert_eq!(lake.put("none", "a.json", "{}").await.0, 404);
    let other = format!("{IMPORT}/{batch}/datasets/none/files/a.json");
    let other = lake.client.request("PUT", &other).header("content-type", "application/octet-stream");
    assert_eq!(other.send().await.expect("an answer").status(), 404);
    assert_eq!(lake.act(&format!("{IMPORT}/{batch}"), "FINISH").await.0, 400);
    assert_eq!(lake.act(&format!("{IMPORT}/none"), "COMPLETE").await.0, 404);
}

#[tokio::test]
async fn a_large_file_comes_in_parts_that_fit_together() {
    let directory = tempfile::tempdir().expect("a directory");
    let files = Some(directory.path().join("files"));
    let lake = lake(Options { files, ..Options::default() }).await;
    let batch = lake.batch(json!({})).await;
    let rows: Vec<Value> = (0..20_000).map(|number| event(&format!("evt_{number:06}"))).collect();
    let body = lines(&rows).into_bytes();
    let (half, end) = (body.len() / 2, body.len());
    let path = lake.file(&batch, "large.json");
    let range = |first: usize, end: usize| format!("bytes {first}-{}/{}", end - 1, body.len());
    let head = || async { lake.client.request("HEAD", &path).send().await.expect("an answer") };
    assert_eq!(head().await.status(), 404);
    assert_eq!(lake.part(&batch, "large.json", "bytes 0-0/1", b"x").await.0, 404);
    assert_eq!(lake.act(&path, "INITIALIZE").await.0, 201);
    assert!(head().await.headers().get("range").is_none());
    assert_eq!(lake.part(&batch, "large.json", &range(half, end), &body[half..]).await.0, 200);
    for (wrong, bytes) in
        [("bytes 0-9/x", &body[..10]), ("bytes 0-9", &body[..9]), ("bytes 0-9/10", &body[..10])]
    {
        assert_eq!(lake.part(&batch, "large.json", wrong, bytes).await.0, 400, "{wrong}");
    }
    let (status, error) = lake.act(&path, "COMPLETE").await;
    assert_eq!(status, 400, "{error}");
    assert_eq!(lake.act(&format!("{IMPORT}/{batch}"), "COMPLETE").await.0, 400);
    assert_eq!(lake.part(&batch, "large.json", &range(0, half), &body[..half]).await.0, 200);
    let answer = head().await;
    assert_eq!(answer.headers()["range"].to_str().ok(), Some(format!("bytes=0-{}", end - 1).as_str()));
    // Both parts are longer than what is kept in memory.
    assert_eq!(std::fs::read_dir(directory.path().join("files")).expect("files").count(), 2);
    let done = json!({"name": "large.json", "sizeInBytes": body.len()});
    assert_eq!(lake.act(&path, "COMPLETE").await, (200, done.clone()));
    assert_eq!(lake.act(&path, "COMPLETE").await, (200, done));
    lake.complete(&batch).await;
    assert_eq!(lake.states(&batch).await.last().map(String::as_str), Some("success"));
    assert_eq!(lake.client.platform.files("prod", &batch).expect("files")[0].1, body);
    assert_eq!(lake.rows().len(), 20_000);
}

#[tokio::test]
async fn parts_that_overlap_are_refused_when_the_file_is_completed() {
    let lake = lake(Options::default()).await;
    let batch = lake.batch(json!({})).await;
    let path = lake.file(&batch, "a.json");
    lake.act(&path, "INITIALIZE").await;
    for range in ["bytes 0-1/4", "bytes 0-1/4", "bytes 2-3/4"] {
        assert_eq!(lake.part(&batch, "a.json", range, b"{}").await.0, 200);
    }
    assert_eq!(lake.act(&path, "COMPLETE").await.0, 400);
    // Begun anew, nothing of it is left.
    assert_eq!(lake.act(&path, "INITIALIZE").await.0, 201);
    let head = lake.client.request("HEAD", &path).send().await.expect("an answer");
    assert_eq!((head.status().as_u16(), head.headers().get("range")), (200, None));
}

#[tokio::test]
async fn batches_are_found_by_what_they_are() {
    let lake = lake(Options::default()).await;
    let (first, _) = lake.ingest(json!({"externalId": "one"}), lines(&[event("a")])).await;
    let (bad, _) = lake.ingest(json!({"externalId": "two"}), "{\n").await;
    let open = lake.batch(json!({"externalId": "one"})).await;
    let created = lake.look(&first).await["created"].as_u64().expect("a moment");
    let path = format!("{CATALOG}/batches");
    for (query, wanted) in [
        (format!("dataSet={}", lake.dataset), vec![&first, &bad, &open]),
        ("externalId=one".to_owned(), vec![&first, &open]),
        ("status=success".to_owned(), vec![&first]),
        ("status=active".to_owned(), vec![&first]),
        ("status=failed".to_owned(), vec![&bad]),
        (format!("batch={open}"), vec![&open]),
        (format!("createdAfter={created}"), vec![&bad, &open]),
        ("orderBy=desc:created&limit=1".to_owned(), vec![&open]),
        ("orderBy=asc:created&limit=1&start=1".to_owned(), vec![&bad]),
        ("dataSet=none".to_owned(), vec![]),
    ] {
        let (status, page) = lake.client.fetch(&format!("{path}?{query}")).await;
        let mut ids: Vec<&String> = page.as_object().expect("an object").keys().collect();
        let mut wanted = wanted;
        ids.sort();
        wanted.sort();
        assert_eq!((status, ids), (200, wanted), "{query}");
    }
    for query in ["limit=101", "orderBy=up:created", "createdAfter=x", "colour=red"] {
        assert_eq!(lake.client.fetch(&format!("{path}?{query}")).await.0, 400, "{query}");
    }
    let (_, last) = lake.client.fetch(&format!("{CATALOG}/lastBatches?dataSetId={}", lake.dataset)).await;
    let last = &last[&lake.dataset];
    assert_eq!((&last["lastBatchId"], &last["lastBatchStatus"]), (&json!(open), &json!("loading")));
    assert_eq!((&last["lastSuccessfulBatchId"], &last["lastFailedBatchId"]), (&json!(first), &json!(bad)));
}

#[tokio::test]
async fn batches_are_aborted_reverted_and_replaced() {
    let lake = lake(Options::default()).await;
    let aborted = lake.batch(json!({})).await;
    lake.put(&aborted, "a.json", lines(&[event("never")])).await;
    assert_eq!(lake.act(&format!("{IMPORT}/{aborted}"), "ABORT").await.0, 200);
    assert_eq!(lake.act(&format!("{IMPORT}/{aborted}"), "COMPLETE").await.0, 400);
    assert_eq!(lake.states(&aborted).await, ["aborted"]);
    let (first, _) = lake.ingest(json!({"externalId": "first"}), lines(&[event("a")])).await;
    let (second, _) = lake.ingest(json!({}), lines(&[event("b")])).await;
    assert_eq!(lake.act(&format!("{IMPORT}/{first}"), "ABORT").await.0, 400);
    let replay = json!({"replay": {"predecessorsByExternalId": ["$first"], "reason": "replace"}});
    let (third, shown) = lake.ingest(replay.clone(), lines(&[event("c")])).await;
    assert_eq!(shown["replay"], replay["replay"]);
    assert_eq!(lake.rows(), [event("b"), event("c")]);
    assert_eq!(lake.states(&first).await.last().map(String::as_str), Some("deleted"));
    assert_eq!(lake.act(&format!("{IMPORT}/{third}"), "REVERT").await.0, 200);
    assert_eq!(lake.states(&third).await, ["inactive", "deleted"]);
    assert_eq!(lake.rows(), [event("b")]);
    let without_mark = json!({"datasetId": lake.dataset, "inputFormat": {"format": "json"},
        "replay": {"predecessors": [second], "reason": "replace"}});
    assert_eq!(lake.client.send("POST", IMPORT, &without_mark).await.0, 400);
}

#[tokio::test]
async fn batches_meet_every_end() {
    let lake = lake(Options::default()).await;
    let faults = "batch-retrying@1,batch-odd@2,batch-stuck@3,batch-stalled@4,batch-failed@5";
    lake.client.platform.set_faults(faults.parse().expect("faults"));
    for states in [
        vec!["loaded", "staging", "retrying", "staging", "success"],
        vec!["loaded", "staging", "promoting", "staging", "success"],
        vec!["loaded", "staging"],
        vec!["loaded", "staging", "retrying", "stalled"],
        vec!["loaded", "staging", "failure"],
        vec!["loaded", "staging", "success"],
    ] {
        let batch = lake.batch(json!({})).await;
        lake.put(&batch, "a.json", lines(&[event("a")])).await;
        lake.complete(&batch).await;
        assert_eq!(lake.states(&batch).await, states);
    }
    assert_eq!(lake.rows().len(), 3);
}

#[tokio::test]
async fn crashes_leave_what_was_done_and_nothing_else() {
    let mut lake = lake(Options::default()).await;
    let faults = "POST /data/foundation/import:after500@1,PUT /data/foundation/import:cut@1,\
        PUT /data/foundation/import:close-after@2,PUT /data/foundation/import:401@3";
    lake.client.platform.set_faults(faults.parse().expect("faults"));
    let body = json!({"datasetId": lake.dataset, "inputFormat": {"format": "json"}, "externalId": "ours"});
    assert_eq!(lake.client.send("POST", IMPORT, &body).await.0, 500);
    let (_, found) = lake.client.fetch(&format!("{CATALOG}/batches?externalId=ours")).await;
    let batch = found.as_object().and_then(|all| all.keys().next()).expect("a batch").clone();
    let put = |name: &'static str| {
        let request = lake.client.request("PUT", &lake.file(&batch, name));
        request.header("content-type", "application/octet-stream").body(lines(&[event(name)])).send()
    };
    assert!(put("cut.json").await.is_err());
    assert!(put("done.json").await.is_err());
    let (status, error) = read(put("refused.json").await.expect("an answer")).await;
    assert_eq!((status, &error["error_code"]), (401, &json!("401013")));
    for (name, status) in [("cut.json", 404), ("done.json", 200), ("refused.json", 404)] {
        let head = lake.client.request("HEAD", &lake.file(&batch, name)).send().await.expect("an answer");
        assert_eq!(head.status(), status, "{name}");
    }
    lake.client.platform.expire_tokens();
    assert_eq!(lake.put(&batch, "done.json", "{}").await.0, 401);
    lake.client.log_in().await;
    lake.complete(&batch).await;
    lake.states(&batch).await;
    assert_eq!(lake.rows(), [event("done.json")]);
    assert_eq!(lake.client.fetch(&format!("{EXPORT}/{batch}/failed")).await.1["data"], json!([]));
}
