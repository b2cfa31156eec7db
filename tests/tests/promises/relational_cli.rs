//! Rows for relational schemas, from the program: in a lake, in files, as a schema.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use stripe_xdm_sandbox::{Account, Size};
use stripe_xdm_tests::lake;
use stripe_xdm_tests::program::{command, run, sync};
use stripe_xdm_tests::stand_in::{KEY, StandIn, past, wanted};

/// The dataset of rows beside each standard one, and the rows' key. Of subscriptions there is one state.
const ROWS: [(&str, &str, &str); 12] = [
    ("stripe_charge_events", "stripe_relational_charges", "chargeID"),
    ("stripe_refund_events", "stripe_relational_refunds", "refundID"),
    ("stripe_balance_transactions", "stripe_relational_balance_transactions", "balanceTransactionID"),
    ("stripe_subscriptions", "stripe_relational_subscriptions", "subscriptionID"),
    ("stripe_customers", "stripe_relational_customers", "customerID"),
    ("stripe_prices", "stripe_relational_prices", "priceID"),
    ("stripe_products", "stripe_relational_products", "productID"),
    ("stripe_coupons", "stripe_relational_coupons", "couponID"),
    ("stripe_invoices", "stripe_relational_invoices", "invoiceID"),
    ("stripe_payment_intent_events", "stripe_relational_payment_intents", "paymentIntentID"),
    ("stripe_dispute_events", "stripe_relational_disputes", "disputeID"),
    ("stripe_payouts", "stripe_relational_payouts", "payoutID"),
];

#[test]
fn a_lake_holds_a_row_for_each_object_and_no_other_kind() -> anyhow::Result<()> {
    let stand_in = StandIn::start(Account::seeded(17, past(Size::charges(60))), "")?;
    let sandbox = stand_in.sandbox()?;
    let dir = tempfile::tempdir()?;
    let rows = || -> anyhow::Result<_> {
        let mut command = sync(dir.path(), sandbox.base_url(), KEY)?;
        command.args(["--model", "relational"]);
        Ok(command)
    };
    let ended = run(rows()?)?;
    ensure!(ended.code == Some(0), "{:?}: {}", ended.code, ended.stderr);

    let records = lake::read(dir.path())?;
    let wanted = wanted(&sandbox.account())?;
    ensure!(records.len() == ROWS.len(), "{:?}", records.keys());
    for (standard, dataset, key) in ROWS {
        let rows = records.get(dataset).with_context(|| format!("no {dataset}"))?;
        let ids: BTreeSet<String> =
            rows.iter().map(|row| row[key].as_str().unwrap_or_default().to_owned()).collect();
        ensure!(ids.len() == rows.len(), "{dataset} has a row twice");
        ensure!(Some(&ids) == wanted.get(standard), "{dataset}");
        for row in rows {
            ensure!(row["lastModified"].is_i64() && row["_change_request_type"] == "u", "{row}");
        }
    }

    // What has not changed is not written again, though it is seen at a later time.
    let ended = run(rows()?)?;
    ensure!(ended.code == Some(0), "{:?}: {}", ended.code, ended.stderr);
    ensure!(lake::read(dir.path())? == records);

    let before = lake::all_files(dir.path())?.len();
    let ended = run(sync(dir.path(), sandbox.base_url(), KEY)?)?;
    ensure!(ended.code != Some(0), "two kinds of records in one lake");
    ensure!(
        ended.stderr.contains("model relational") && ended.stderr.contains("another --lake"),
        "{}",
        ended.stderr
    );
    ensure!(lake::all_files(dir.path())?.len() == before);
    Ok(())
}

#[test]
fn deletions_are_rows_of_their_dataset() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let objects = dir.path().join("objects.jsonl");
    let customer = json!({"id": "cus_1", "object": "customer", "name": "Jenny Rosen", "livemode": false});
    let gone = json!({"id": "evt_1", "object": "event", "type": "customer.deleted", "created": 1_700_000_123,
        "data": {"object": customer}});
    std::fs::write(&objects, format!("{customer}\n{gone}\n"))?;
    let out = dir.path().join("out");
    let mut command = command()?;
    command.args(["transform", "--tenant", "acme", "--account", "acct_1", "--observed-at", "1700000000"]);
    command.args(["--model", "relational"]).arg("--out").arg(&out).arg(&objects);
    let ended = run(command)?;
    ensure!(ended.code == Some(0), "{:?}: {}", ended.code, ended.stderr);
    let files = lake::all_files(&out)?;
    ensure!(files == [out.join("stripe_relational_customers.jsonl")], "{files:?}");
    let rows: Vec<Value> = lake::lines(&files[0])?;
    ensure!(rows[0]["_change_request_type"] == "u" && rows[0]["person"]["name"]["fullName"] == "Jenny Rosen");
    let deleted =
        json!({"customerID": "cus_1", "lastModified": 1_700_000_123_999_i64, "_change_request_type": "d"});
    ensure!(rows[1..] == [deleted], "{rows:?}");
    Ok(())
}

#[test]
fn the_schema_of_rows_is_shown() -> anyhow::Result<()> {
    let show = |format: &str| -> anyhow::Result<String> {
        let mut command = command()?;
        command.args(["schema", "show", "charge", "--tenant", "acme", "--model", "relational"]);
        let ended = run({
            command.args(["--format", format]);
            command
        })?;
        ensure!(ended.code == Some(0), "{:?}: {}", ended.code, ended.stderr);
        Ok(String::from_utf8(ended.stdout)?)
    };
    let tree = show("tree")?;
    ensure!(tree.lines().any(|line| line.starts_with("chargeID*")), "{tree}");
    let registry: Value = serde_json::from_str(&show("registry")?)?;
    let body = &registry["schemas"][0]["body"];
    ensure!(body["meta:extends"] == json!(["https://ns.adobe.com/xdm/data/adhoc-v2"]), "{body}");
    let fields = &body["definitions"]["customFields"];
    ensure!(fields["required"] == json!(["chargeID", "lastModified"]), "{}", fields["required"]);
    // The change column is part of the rows, and never of what is registered.
    ensure!(fields["properties"].get("_change_request_type").is_none(), "{fields}");
    let closed: Value = serde_json::from_str(&show("json-schema")?)?;
    ensure!(closed["properties"]["_change_request_type"]["enum"] == json!(["u", "d"]), "{closed}");
    Ok(())
}
