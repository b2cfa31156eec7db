//! A second opinion, by software that we did not write: Ajv validates what we emit against the schemas that
//! we generate, and says the same as our checker of records made wrong on purpose.

use anyhow::{Context, ensure};
use dataprep::date::Moment;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use stripe_xdm_core::{Call, RecordKind, Settings, schema};
use stripe_xdm_sandbox::{Account, Size};
use stripe_xdm_tests::native::Native;
use stripe_xdm_tests::program::{run, sync};
use stripe_xdm_tests::stand_in::{KEY, StandIn, past};
use stripe_xdm_tests::{corpus, lake, node};
use xdm::check::{Checker, Levels};
use xdm::render::json_schema;
use xdm::{Library, Schema};

/// How many changes at random are tried, besides those with a name.
const RANDOM_CHANGES: &str = "4000";

/// Later than every record here.
const NOW: i64 = 1_790_000_000;

/// `records` said of one dataset by `validate.mjs`.
#[derive(Debug, Deserialize)]
struct Verdict {
    records: usize,
    wrong: Vec<serde_json::Value>,
}

#[test]
fn a_whole_account_is_what_the_schemas_say() -> anyhow::Result<()> {
    let stand_in = StandIn::start(Account::seeded(42, past(Size::demo())), "")?;
    let dir = tempfile::tempdir()?;
    let ended = run(sync(dir.path(), stand_in.sandbox()?.base_url(), KEY)?)?;
    ensure!(ended.code == Some(0), "{}", ended.stderr);

    let mut records: BTreeMap<String, String> = BTreeMap::new();
    for file in lake::visible(dir.path())? {
        let dataset = file.parent().and_then(Path::file_name).context("files lie in datasets")?;
        let dataset = dataset.to_string_lossy().into_owned();
        ensure!(!file.to_string_lossy().ends_with(".tombstones.jsonl"), "nothing was deleted");
        records.entry(dataset).or_default().push_str(&std::fs::read_to_string(&file)?);
    }
    // What no list shows: a subscription's changes are Events.
    let mut native = Native::open(corpus::SETTINGS)?;
    let call = Call { observed_at: Some(NOW), ..Call::default() };
    let mut events = Vec::new();
    for object in corpus::varied(7, 2000)? {
        let (_, output) = native.transform(&call, object.as_bytes());
        // The seeded objects are hostile on purpose: some break their schema, and are marked.
        for record in
            output.records.iter().filter(|record| record.valid && record.kind != RecordKind::Tombstone)
        {
            events.push((record.dataset, String::from_utf8(output.bytes[record.span.clone()].to_vec())?));
        }
    }
    for (dataset, record) in events {
        if native.dataset(dataset) == "stripe_subscription_events" {
            let of_dataset = records.entry(native.dataset(dataset).to_owned()).or_default();
            of_dataset.push_str(&record);
            of_dataset.push('\n');
        }
    }

    let library = schema::library(&Settings::of_tenant("acme"))?;
    let work = tempfile::tempdir()?;
    for folder in ["schemas", "records"] {
        std::fs::create_dir(work.path().join(folder))?;
    }
    for schema in &library.schemas {
        write(work.path(), "schemas", &format!("{}.json", schema.name), &json_schema(&library, schema)?)?;
        let of_dataset =
            records.remove(&schema.name).with_context(|| format!("{} has no record", schema.name))?;
        write(work.path(), "records", &format!("{}.jsonl", schema.name), &of_dataset)?;
    }
    ensure!(records.is_empty(), "records without a schema: {:?}", records.keys());

    let said: BTreeMap<String, Verdict> = serde_json::from_str(&node::run("validate.mjs", work.path())?)?;
    for (dataset, verdict) in &said {
        ensure!(verdict.wrong.is_empty(), "{dataset}: {:#?}", verdict.wrong);
        println!("{dataset}: {} records", verdict.records);
    }
    ensure!(
        said.values().map(|verdict| verdict.records).sum::<usize>() > 4000,
        "the account is small: {said:?}"
    );
    Ok(())
}

/// One record that `mutate.mjs` changed.
#[derive(Debug, Deserialize)]
struct Case {
    name: String,
    schema: String,
    expect: String,
    /// Whether Ajv accepts it.
    ajv: bool,
    record: String,
}

#[test]
fn records_made_wrong_are_refused_by_ajv_and_by_us() -> anyhow::Result<()> {
    let mut library = schema::library(&Settings::of_tenant("acme"))?;
    let of = |name: &str| library.schema(name).cloned().with_context(|| format!("there is no schema {name}"));
    let customer = of("stripe_customers")?;
    // No model writes Profile Subscriptions; its dates are a trap worth a case.
    let mut subscriptions = customer.clone();
    subscriptions.field_groups.push("https://ns.adobe.com/xdm/context/profile-subscriptions".to_owned());
    let schemas: [(&str, Schema, &str); 7] = [
        ("charge", of("stripe_charge_events")?, "charge"),
        ("refund", of("stripe_refund_events")?, "refund"),
        ("balance_transaction", of("stripe_balance_transactions")?, "balance_transaction"),
        ("subscription", of("stripe_subscriptions")?, "subscription"),
        ("customer", customer, "customer"),
        ("customer_with_subscriptions", subscriptions, "customer"),
        ("price", of("stripe_prices")?, "price"),
    ];
    complete(&mut library)?;

    let work = tempfile::tempdir()?;
    for folder in ["schemas", "good"] {
        std::fs::create_dir(work.path().join(folder))?;
    }
    let mut native = Native::open(corpus::SETTINGS)?;
    let mut checkers = BTreeMap::new();
    for (name, schema, resource) in &schemas {
        let object = corpus::compact(resource)?;
        let (outcome, output) = native.transform(&Call::default(), object.as_bytes());
        outcome?;
        let record = output.records.first().context("a sample gives a record")?;
        let record = std::str::from_utf8(&output.bytes[record.span.clone()])?;
        write(work.path(), "good", &format!("{name}.json"), record)?;
        write(work.path(), "schemas", &format!("{name}.json"), &json_schema(&library, schema)?)?;
        checkers.insert(*name, Checker::new(&library, schema, &Levels::new())?);
    }
    let mut script = node::script("mutate.mjs")?;
    let output = script.arg(work.path()).arg(RANDOM_CHANGES).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let cases = std::fs::read_to_string(work.path().join("cases.jsonl"))?;
    let mut problems = Vec::new();
    let (mut accepted, mut refused) = (0, 0);
    for line in cases.lines() {
        let case: Case = serde_json::from_str(line)?;
        let checker = checkers.get_mut(case.schema.as_str()).context("cases name schemas")?;
        let (mut found, mut warned) = (Vec::new(), Vec::new());
        checker.check(&case.record, Moment::from_second(NOW), &mut found, &mut warned);
        // Rules that JSON Schema does not have may refuse what Ajv accepts.
        let ours_alone = found.iter().all(|one| xdm::check::RULES.iter().any(|(rule, ..)| *rule == one.rule));
        let agreed = match case.expect.as_str() {
            "accepted" => case.ajv && found.is_empty(),
            "rejected" => !case.ajv && !found.is_empty(),
            "ours alone rejects" => case.ajv && !found.is_empty(),
            _ => case.ajv == found.is_empty() || (case.ajv && ours_alone),
        };
        if found.is_empty() {
            accepted += 1
        } else {
            refused += 1
        }
        if !agreed {
            problems.push(format!(
                "{} ({}): expected {}, Ajv {}, we say {found:?}\n  {}",
                case.name,
                case.schema,
                case.expect,
                if case.ajv { "accepts" } else { "rejects" },
                case.record
            ));
        }
    }
    ensure!(problems.is_empty(), "{} disagreements:\n{}", problems.len(), problems.join("\n"));
    println!("{accepted} accepted, {refused} refused, alike");
    ensure!(
        accepted > 100 && refused > 1000,
        "the changes prove little: {accepted} accepted, {refused} refused"
    );
    Ok(())
}

/// Adds the standard definitions that no model refers to.
fn complete(library: &mut Library) -> anyhow::Result<()> {
    for definition in xdm::standard::definitions()? {
        if library.definition(&definition.id).is_none() {
            library.definitions.push(definition);
        }
    }
    Ok(())
}

fn write(dir: &Path, folder: &str, file: &str, text: &str) -> anyhow::Result<()> {
    let path = dir.join(folder).join(file);
    std::fs::write(&path, text).with_context(|| path.display().to_string())
}
