//! What batch ingestion makes of rows: types, required fields, failed ones, relational tables, Profile.

use std::time::Duration;

use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::{Ingestion, Options, PROFILE_BATCHES_A_DAY};

use crate::{
    client::{CATALOG, Client, open, text_field},
    lake::{EXPORT, Lake, event, lake, lines},
};

fn with(path: &str, value: Value) -> Value {
    let mut row = event("x");
    *row.pointer_mut(path).expect("a field") = value;
    row
}

/// Codes and counts of a batch's errors.
fn errors(shown: &Value) -> Vec<(&str, Option<u64>)> {
    let all = shown["errors"].as_array().into_iter().flatten();
    all.filter_map(|error| Some((error["code"].as_str()?, error["recordCount"].as_u64()))).collect()
}

#[tokio::test]
async fn values_are_converted_and_unknown_fields_left_out() {
    let lake = lake(Options::default()).await;
    let mut row = with("/_acme/count", json!("7"));
    row["_acme"]["name"] = json!(5);
    row["_acme"]["at"] = json!(1_576_741_597_205_i64);
    row["_acme"]["new"] = json!(true);
    let (_, shown) = lake.ingest(json!({}), lines(&[row])).await;
    assert_eq!(shown["status"], "success", "{shown}");
    let stored = &lake.rows()[0]["_acme"];
    assert_eq!((&stored["count"], &stored["name"], stored.get("new")), (&json!(7), &json!("5"), None));
    assert_eq!(stored["at"], json!(1_576_741_597_205_i64));
    assert_eq!(lake.client.platform.unknown_fields("prod", &lake.dataset), ["_acme.new"]);
}

#[tokio::test]
async fn rows_that_fail_are_counted_and_can_be_fetched() {
    let lake = lake(Options::default()).await;
    let mut rows: Vec<Value> = (0..96).map(|number| event(&format!("good_{number}"))).collect();
    let mut missing = event("missing");
    missing.as_object_mut().expect("an object").remove("timestamp");
    rows.extend([missing, with("/_acme/paid", json!("true")), with("/_acme/name", json!(["a"]))]);
    let body = format!("{}{{\"_id\": \"broken\n", lines(&rows));
    let partial = json!({"enableErrorDiagnostics": true, "partialIngestionPercentage": 5});
    let (batch, shown) = lake.ingest(partial, body).await;
    assert_eq!(shown["status"], "success", "{shown}");
    assert_eq!(
        (&shown["metrics"]["inputRecordCount"], &shown["metrics"]["failedRecordCount"]),
        (&json!(100), &json!(4))
    );
    assert_eq!(lake.rows().len(), 96);
    assert_eq!(
        errors(&shown),
        [
            ("INGEST-1212-400", None),
            ("INGEST-1400-400", Some(2)),
            ("INGEST-1401-400", Some(1)),
            ("INGEST-1555-400", Some(1))
        ]
    );
    let path = format!("{EXPORT}/{batch}/meta?path=row_errors");
    let (status, list) = lake.client.fetch(&path).await;
    assert_eq!((status, &list["_page"]), (200, &json!({"limit": 100, "count": 2})));
    let parsing = &list["data"][1];
    assert_eq!(parsing["name"], "parsing_errors_0.json");
    assert_eq!(
        parsing["_links"]["self"]["href"],
        json!(format!(
            "https://platform.adobe.io:443{EXPORT}/{batch}/meta?path=row_errors%2Fparsing_errors_0.json"
        ))
    );
    let (_, corrupt) = lake.client.fetch(&format!("{path}%2Fparsing_errors_0.json")).await;
    assert_eq!(
        corrupt,
        json!({"_corrupt_record": "{\"_id\": \"broken", "_filename": "rows.json",
        "_errors": [{"code": "1401", "message": "The row is corrupt and cannot be read."}]})
    );
    assert!(parsing["length"].as_str().is_some_and(|length| length.parse::<usize>().is_ok()));
    let (_, other) = lake.client.fetch(&format!("{path}%2Fconversion_errors_0.json")).await;
    let other: Vec<Value> = other
        .as_str()
        .expect("lines")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let codes: Vec<&Value> = other.iter().map(|row| &row["_errors"][0]["code"]).collect();
    assert_eq!(codes, [&json!("1555"), &json!("100"), &json!("123")]);
    assert_eq!(
        (&other[0]["_id"], &other[0]["_errors"][0]["column"]),
        (&json!("missing"), &json!("timestamp"))
    );
    assert_eq!(other[1]["_errors"][0]["column"], "_acme.paid");
    let (_, all) = lake.client.fetch(&format!("{EXPORT}/{batch}/meta")).await;
    assert_eq!(all["_page"]["count"], 3);
    let (_, inputs) = lake.client.fetch(&format!("{EXPORT}/{batch}/meta?path=input_files")).await;
    assert_eq!(inputs["data"].as_array().map(Vec::len), Some(1));
    let (_, files) = lake.client.fetch(&format!("{EXPORT}/{batch}/files")).await;
    assert_eq!((&files["data"][0]["records"], &files["_page"]["count"]), (&json!("96"), &json!(1)));
    let file = files["data"][0]["dataSetFileId"].as_str().expect("an id");
    let (_, parts) = lake.client.fetch(&format!("/data/foundation/export/files/{file}")).await;
    assert_eq!(parts["data"][0]["length"], files["data"][0]["size"]);
    lake.client.platform.advance(Duration::from_secs(31 * 86_400));
    let mut lake = lake;
    lake.client.log_in().await;
    assert_eq!(lake.client.fetch(&path).await.0, 404);
}

#[tokio::test]
async fn files_of_failed_rows_come_in_pages_of_100() {
    let ingestion = Ingestion { errors_per_file: 1, ..Ingestion::default() };
    let lake = lake(Options { ingestion, ..Options::default() }).await;
    let partial = json!({"enableErrorDiagnostics": true, "partialIngestionPercentage": 100});
    let (batch, _) = lake.ingest(partial, "broken\n".repeat(250)).await;
    let path = format!("{EXPORT}/{batch}/meta?path=row_errors");
    let (_, first) = lake.client.fetch(&path).await;
    let next = format!("https://platform.adobe.io:443{path}&start=100&limit=100");
    assert_eq!((&first["_page"]["count"], &first["_links"]["next"]["href"]), (&json!(100), &json!(next)));
    let (_, last) = lake.client.fetch(&format!("{path}&start=200")).await;
    assert_eq!((&last["_page"]["count"], last.get("_links")), (&json!(50), None));
    assert_eq!(lake.client.fetch(&format!("{path}&limit=101")).await.0, 400);
}

#[tokio::test]
async fn more_failures_than_allowed_fail_the_whole_batch() {
    let lake = lake(Options::default()).await;
    let rows = lines(&[event("a"), event("b"), with("/_acme/paid", json!(1))]);
    for (more, codes) in [
        (json!({}), vec!["INGEST-1211-400"]),
        (json!({"partialIngestionPercentage": 33}), vec!["INGEST-1211-400"]),
        (json!({"enableErrorDiagnostics": true}), vec!["INGEST-1212-400", "INGEST-1400-400"]),
    ] {
        let (batch, shown) = lake.ingest(more.clone(), rows.clone()).await;
        assert_eq!((&shown["status"], shown.get("metrics")), (&json!("failure"), None), "{shown}");
        assert_eq!(errors(&shown).iter().map(|(code, _)| *code).collect::<Vec<_>>(), codes);
        let (_, failed) = lake.client.fetch(&format!("{EXPORT}/{batch}/failed")).await;
        assert_eq!(
            (&failed["data"][0]["name"], &failed["data"][0]["length"]),
            (&json!("rows.json"), &json!(rows.len().to_string()))
        );
        let (_, file) = lake.client.fetch(&format!("{EXPORT}/{batch}/failed?path=rows.json")).await;
        assert_eq!(file, json!(rows));
        let diagnosed = more.get("enableErrorDiagnostics").is_some();
        let (status, _) = lake.client.fetch(&format!("{EXPORT}/{batch}/meta?path=row_errors")).await;
        assert_eq!(status, if diagnosed { 200 } else { 404 });
    }
    assert!(lake.rows().is_empty());
    let (_, kept) = lake.ingest(json!({"partialIngestionPercentage": 34}), rows).await;
    assert_eq!((&kept["status"], errors(&kept)), (&json!("success"), vec![("INGEST-1211-400", None)]));
    assert_eq!(lake.rows().len(), 2);
}

#[tokio::test]
async fn nulls_empty_text_and_empty_files_are_refused() {
    let lake = lake(Options::default()).await;
    for value in [Value::Null, json!("")] {
        let (_, shown) =
            lake.ingest(json!({"enableErrorDiagnostics": true}), lines(&[with("/_acme/name", value)])).await;
        assert_eq!(errors(&shown)[1], ("INGEST-1555-400", Some(1)), "{shown}");
    }
    let (_, shown) = lake.ingest(json!({}), "").await;
    assert_eq!((&shown["status"], errors(&shown)), (&json!("failure"), vec![("106", None)]));
}

#[tokio::test]
async fn an_array_over_many_lines_is_taken_when_it_is_said_to_be_one() {
    let lake = lake(Options::default()).await;
    let body = serde_json::to_string_pretty(&json!([event("a"), event("b")])).expect("JSON");
    let array = json!({"inputFormat": {"format": "JSON", "isMultiLineJson": true}});
    let (_, shown) = lake.ingest(array, body.clone()).await;
    assert_eq!((&shown["status"], lake.rows().len()), (&json!("success"), 2));
    let (_, shown) = lake.ingest(json!({}), body).await;
    assert_eq!(shown["status"], "failure");
}

async fn relational(client: Client) -> Lake {
    let fields = json!({"id": text_field(), "version": {"type": "integer"}, "name": text_field()});
    let schema = json!({"title": "customers", "type": "object", "description": "",
        "definitions": {"customFields": {"type": "object", "properties": fields, "required": ["id", "version"]}},
        "allOf": [{"$ref": "#/definitions/customFields", "meta:xdmType": "object"}],
        "meta:extends": ["https://ns.adobe.com/xdm/data/adhoc-v2"], "meta:behaviorType": "record"});
    let schema = client.make("schemas", schema).await;
    for (kind, property) in [("PrimaryKey", json!(["/id"])), ("Version", json!("/version"))] {
        client
            .make(
                "descriptors",
                json!({"@type": format!("xdm:descriptor{kind}"), "xdm:sourceSchema": schema["$id"],
                "xdm:sourceProperty": property}),
            )
            .await;
    }
    let dataset = client.dataset("customers", &schema).await;
    Lake { client, dataset }
}

#[tokio::test]
async fn a_relational_dataset_keeps_the_highest_version_of_each_key() {
    let lake = relational(open().await).await;
    let row = |id: &str, version: u32, change: &str| json!({"id": id, "version": version, "name": format!("{id}{version}"), "_change_request_type": change});
    lake.ingest(json!({}), lines(&[row("a", 1, "u"), row("b", 2, "u"), row("b", 1, "u"), row("c", 1, "u")]))
        .await;
    lake.ingest(
        json!({}),
        lines(&[row("a", 2, "d"), row("c", 2, "U"), json!({"id": "d", "version": 1, "name": "d1"})]),
    )
    .await;
    // It comes too late: the deletion is newer.
    lake.ingest(json!({}), lines(&[row("a", 1, "u")])).await;
    let rows = lake.rows();
    let names: Vec<&Value> = rows.iter().map(|row| &row["name"]).collect();
    assert_eq!(names, [&json!("b2"), &json!("c2"), &json!("d1")]);
    assert!(rows.iter().all(|row| row.get("_change_request_type").is_none()));
    let (_, wrong) = lake.ingest(json!({}), lines(&[row("a", 9, "x")])).await;
    assert_eq!(wrong["status"], "failure");
    let (_, wrong) = lake.ingest(json!({}), lines(&[json!({"id": "a", "_change_request_type": "d"})])).await;
    assert_eq!(wrong["status"], "failure");
}

#[tokio::test]
async fn profile_counts_batches_and_drops_what_is_too_large() {
    let lake = lake(Options::default()).await;
    let (_, datasets) = lake.client.fetch(&format!("{CATALOG}/dataSets/{}", lake.dataset)).await;
    let schema = datasets[&lake.dataset]["schemaRef"]["id"].clone();
    let union = json!([{"op": "add", "path": "/meta:immutableTags", "value": ["union"]}]);
    assert_eq!(lake.client.patch("schemas", &json!({"$id": schema}), union).await.0, 200);
    lake.ingest(json!({}), lines(&[event("before")])).await;
    let tags = json!({"tags": {"unifiedProfile": ["enabled:true"]}});
    let (status, answer) =
        lake.client.send("PATCH", &format!("{CATALOG}/dataSets/{}", lake.dataset), &tags).await;
    assert_eq!(status, 200, "{answer}");
    let large = with("/_acme/name", json!("x".repeat(10_000)));
    lake.ingest(json!({}), lines(&[event("a"), large])).await;
    let profile = lake.client.platform.profile("prod");
    assert_eq!((profile.rows, profile.events_dropped, profile.records_dropped), (1, 1, 0));
    assert_eq!((profile.batches.values().sum::<u32>(), profile.batches_over()), (1, 0));
    for number in 0..PROFILE_BATCHES_A_DAY {
        let batch = lake.batch(json!({})).await;
        lake.put(&batch, "a.json", lines(&[event(&format!("{number}"))])).await;
        lake.complete(&batch).await;
        lake.states(&batch).await;
    }
    assert_eq!(lake.client.platform.profile("prod").batches_over(), 1);
    assert_eq!(lake.rows().len(), 93);
}
