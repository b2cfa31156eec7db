//! Parquet batches: their rows, and columns that do not fit.

use std::sync::Arc;

use parquet::{
    data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use serde_json::{Value, json};
use stripe_xdm_sandbox::platform::Options;

use crate::lake::{event, lake};

/// Two rows of an id, a time and one column more, of which the second row has nothing.
fn file<T: DataType>(column: &str, value: T::T) -> Vec<u8> {
    let message = format!(
        "message record {{ optional binary _id (UTF8); optional int64 timestamp (TIMESTAMP_MILLIS);
           optional group _acme {{ optional {column}; }} }}"
    );
    let schema = Arc::new(parse_message_type(&message).expect("a schema"));
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(WriterProperties::default()))
        .expect("a writer");
    let mut rows = writer.next_row_group().expect("a group");
    let mut column = rows.next_column().expect("a column").expect("the ids");
    let ids = [ByteArray::from("a"), ByteArray::from("b")];
    column.typed::<ByteArrayType>().write_batch(&ids, Some(&[1, 1]), None).expect("ids");
    column.close().expect("an end");
    let mut column = rows.next_column().expect("a column").expect("the times");
    let times = [1_767_323_045_000, 1_767_323_045_120];
    column.typed::<Int64Type>().write_batch(&times, Some(&[1, 1]), None).expect("times");
    column.close().expect("an end");
    let mut column = rows.next_column().expect("a column").expect("the third");
    column.typed::<T>().write_batch(&[value], Some(&[2, 0]), None).expect("a value");
    column.close().expect("an end");
    rows.close().expect("an end");
    writer.close().expect("an end");
    bytes
}

#[tokio::test]
async fn rows_are_taken_as_those_of_json_files() {
    let lake = lake(Options::default()).await;
    let parquet = json!({"inputFormat": {"format": "parquet"}});
    let (_, shown) = lake.ingest(parquet, file::<DoubleType>("double count", 7.5)).await;
    assert_eq!(shown["status"], "success", "{shown}");
    // A double becomes a whole number; null is not there.
    let first = json!({"_id": "a", "timestamp": "2026-01-02T03:04:05Z", "_acme": {"count": 7}});
    assert_eq!(lake.rows(), [first, json!({"_id": "b", "timestamp": "2026-01-02T03:04:05.120Z"})]);
}

#[tokio::test]
async fn what_does_not_fit_fails_with_its_cause() {
    let lake = lake(Options::default()).await;
    let parquet = json!({"inputFormat": {"format": "parquet"}, "enableErrorDiagnostics": true,
        "partialIngestionPercentage": 100});
    let refused = async |body: Vec<u8>| -> (Value, Value) {
        let (_, shown) = lake.ingest(parquet.clone(), body).await;
        (shown["status"].clone(), shown["errors"][0]["description"].clone())
    };
    for (body, why) in [
        (file::<Int64Type>("int64 at", 7), None),
        (file::<Int32Type>("int32 at (DATE)", 7), Some("_acme.at is Date, the schema asks for DateTime")),
        (file::<Int32Type>("int32 at", 7), Some("_acme.at is Integer")),
        (file::<Int64Type>("int64 name (TIMESTAMP_MILLIS)", 7), Some("_acme.name is DateTime")),
        (file::<Int64Type>("int64 list", 7), Some("_acme.list is Long, the schema asks for Array")),
    ] {
        let (status, told) = refused(body).await;
        let told = told.as_str().unwrap_or_default().to_owned();
        match why {
            None => assert_eq!(status, "success", "{told}"),
            Some(why) => assert!(status == "failure" && told.contains(why), "{why}: {told}"),
        }
    }
    // A file that is none is one row that cannot be read.
    let (batch, shown) = lake.ingest(parquet.clone(), event("a").to_string()).await;
    assert_eq!(shown["metrics"]["failedRecordCount"], 1, "{shown}");
    assert!(!batch.is_empty());
}
