//! A second opinion, by software that we did not write: Ajv validates what we emit against the schemas that
//! we generate, and says the same as our checker of records made wrong on purpose. TypeScript compiles the types.

use anyhow::{Context, ensure};
use dataprep::date::Moment;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use stripe_xdm_core::{Call, RecordKind, Settings, schema};
use stripe_xdm_sandbox::{Account, Size};
use stripe_xdm_tests::native::Native;
use stripe_xdm_tests::program::{run, sync};
use stripe_xdm_tests::stand_in::{KEY, StandIn, past};
use stripe_xdm_tests::{corpus, lake, node};
use xdm::check::{Checker, Levels};
use xdm::render::{json_schema, typescript};
use xdm::{Library, Schema};

/// How many changes at random are tried, besides those with a name.
const RANDOM_CHANGES: &str = "4000";

/// Later than every record here.
const NOW: i64 = 1_790_000_000;

/// `records` said of one dataset by `validate.mjs`.
#[derive(Debug, Deserialize)]
struct Verdict {
    records: usize,
    wrong: Vec<Value>,
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
    let schemas: [(&str, Schema, &str); 10] = [
        ("charge", of("stripe_charge_events")?, "charge"),
        ("refund", of("stripe_refund_events")?, "refund"),
        ("balance_transaction", of("stripe_balance_transactions")?, "balance_transaction"),
        ("subscription", of("stripe_subscriptions")?, "subscription"),
        ("customer", customer, "customer"),
        ("customer_with_subscriptions", subscriptions, "customer"),
        ("price", of("stripe_prices")?, "price"),
        ("invoice", of("stripe_invoices")?, "invoice"),
        ("payment_intent", of("stripe_payment_intent_events")?, "payment_intent"),
        ("payout", of("stripe_payouts")?, "payout"),
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

/// One complaint of TypeScript's compiler.
#[derive(Debug, Deserialize)]
struct Complaint {
    file: String,
    line: usize,
    message: String,
}

#[test]
fn typescript_takes_the_types_and_our_records_and_no_other_ones() -> anyhow::Result<()> {
    let library = schema::library(&Settings::of_tenant("acme"))?;
    let work = tempfile::tempdir()?;
    let file = |name: &str, text: &str| std::fs::write(work.path().join(name), text);
    let mut names = BTreeMap::new();
    for schema in &library.schemas {
        let types = typescript(&library, schema)?;
        let (_, name) = types.split_once("export interface ").context("there is an interface")?;
        let name = name.split_whitespace().next().context("it has a name")?;
        names.insert(schema.name.clone(), name.to_owned());
        file(&format!("{}.ts", schema.name), &types)?;
    }

    let mut native = Native::open(corpus::SETTINGS)?;
    // Files of wrong records, and how many lines of such each has.
    let mut wrong = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (sample, object) in corpus::samples()? {
        let (outcome, output) = native.transform(&Call::default(), object.as_bytes());
        outcome?;
        let records: Vec<_> = output
            .records
            .iter()
            .map(|one| Ok((one.dataset, serde_json::from_slice(&output.bytes[one.span.clone()])?)))
            .collect::<anyhow::Result<_>>()?;
        for (index, (dataset, record)) in records.into_iter().enumerate() {
            let dataset = native.dataset(dataset);
            let name = names.get(dataset).with_context(|| format!("{dataset} has no types"))?;
            let import = format!("import type {{ {name} }} from \"./{dataset}.js\";\n");
            let line = |record: &Value| format!("({record}) satisfies {name};\n");
            file(&format!("right_{sample}_{index}.ts"), &format!("{import}{}", line(&record)))?;
            let schema = library.schema(dataset).context("it has a schema")?;
            let changed = changed(&record, &library.flat(schema)?.required)?;
            let lines: String = changed.iter().map(line).collect();
            let wrong_file = format!("wrong_{sample}_{index}.ts");
            file(&wrong_file, &format!("{import}{lines}"))?;
            wrong.insert(wrong_file, changed);
            seen.insert(dataset.to_owned());
        }
    }
    ensure!(seen.len() == library.schemas.len(), "only {seen:?} have a sample");

    let said: Vec<Complaint> = serde_json::from_str(&node::run("types.mjs", work.path())?)?;
    let unwanted: Vec<_> = said.iter().filter(|one| !wrong.contains_key(&one.file)).collect();
    ensure!(unwanted.is_empty(), "{unwanted:#?}");
    let complained: BTreeSet<_> = said.iter().map(|one| (one.file.as_str(), one.line)).collect();
    let mut refused = 0;
    for (file, records) in &wrong {
        for (index, record) in records.iter().enumerate() {
            // Behind the line that imports.
            ensure!(complained.contains(&(file, index + 2)), "{file}: TypeScript takes {record}");
            refused += 1;
        }
    }
    println!("{refused} wrong records refused, such as: {}", said.first().map_or("", |one| &one.message));
    Ok(())
}

/// A record with each of its leaves, one at a time, of a type that no field has; with a key that no object has, at the
/// root and in the tenant's object; and without each key that it must have.
fn changed(record: &Value, required: &[String]) -> anyhow::Result<Vec<Value>> {
    let mut places = Vec::new();
    leaves(record, String::new(), &mut places);
    let mut changed = Vec::new();
    for (place, value) in places
        .into_iter()
        .map(|place| (place, json!([[true]])))
        .chain([("/stray".to_owned(), json!("x")), ("/_acme/stripe/stray".to_owned(), json!("x"))])
    {
        let (parent, key) = place.rsplit_once('/').context("a leaf lies in something")?;
        let mut record = record.clone();
        match record.pointer_mut(parent).with_context(|| format!("there is no {parent}"))? {
            Value::Array(items) => items[key.parse::<usize>()?] = value,
            object => object[key.replace("~1", "/").replace("~0", "~")] = value,
        }
        changed.push(record);
    }
    for key in required {
        let mut without = record.clone();
        let taken = without.as_object_mut().and_then(|members| members.remove(key));
        ensure!(taken.is_some(), "{key} is required but not there");
        changed.push(without);
    }
    Ok(changed)
}

/// The JSON pointers of all scalars.
fn leaves(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                leaves(member, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), places);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, format!("{at}/{index}"), places);
            }
        }
        _ => places.push(at),
    }
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
