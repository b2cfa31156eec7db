//! `stripe-xdm schema show`: one schema in every form, made from the mappings as they are.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use stripe_xdm_tests::program::{command, run};

fn show(arguments: &[&str]) -> anyhow::Result<(Option<i32>, String, String)> {
    let mut command = command()?;
    command.args(["schema", "show", "--tenant", "acme"]).args(arguments);
    let ended = run(command)?;
    Ok((ended.code, String::from_utf8(ended.stdout)?, ended.stderr))
}

fn shown(arguments: &[&str]) -> anyhow::Result<String> {
    let (code, text, error) = show(arguments)?;
    ensure!(code == Some(0), "{arguments:?}: {code:?} {error}");
    Ok(text)
}

#[test]
fn a_tree_tells_type_labels_constraints_and_source() -> anyhow::Result<()> {
    let text = shown(&["charge"])?;
    ensure!(!text.contains('\u{1b}'), "colours without a terminal");
    let line = |name: &str| {
        let of_name = |line: &&str| line.trim_start().split([' ', '*']).next() == Some(name);
        text.lines().find(of_name).map(str::to_owned).with_context(|| format!("no {name} in {text}"))
    };
    ensure!(line("_id")?.starts_with("_id*"), "{}", line("_id")?);
    let created = line("amountCapturedMinor")?;
    ensure!(created.contains("long") && created.contains("← amount_captured"), "{created}");
    let currency = line("currencyCode")?;
    ensure!(currency.contains("pattern ^[A-Z]{3}$"), "{currency}");
    ensure!(line("customerID")?.contains("[I2"), "{}", line("customerID")?);
    ensure!(shown(&["charge", "--color", "always"])?.contains("\u{1b}[36m"));
    ensure!(shown(&["charge", "--all"])?.lines().count() > text.lines().count());
    Ok(())
}

#[test]
fn every_form_is_what_its_readers_take() -> anyhow::Result<()> {
    let schema: Value = serde_json::from_str(&shown(&["subscription.event", "--format", "json-schema"])?)?;
    ensure!(schema["additionalProperties"] == json!(false), "the schema is open");
    ensure!(schema["properties"]["_acme"]["type"] == "object", "{schema}");
    let registry: Value = serde_json::from_str(&shown(&["customer", "--format", "registry"])?)?;
    ensure!(registry["schemas"].as_array().map(Vec::len) == Some(1), "{}", registry["schemas"]);
    ensure!(registry["schemas"][0]["body"]["title"] == "Stripe Customers", "{}", registry["schemas"]);
    // What is referred to is there.
    let text = registry.to_string();
    let named = |part: &Value| part["name"].as_str().unwrap_or_default().to_owned();
    let mut defined: Vec<String> = Vec::new();
    for kind in ["dataTypes", "classes", "fieldGroups", "schemas"] {
        defined.extend(registry[kind].as_array().context(kind)?.iter().map(named));
    }
    for reference in text.split("\"tenant:").skip(1) {
        let id = format!("tenant:{}", reference.split('"').next().unwrap_or_default());
        ensure!(
            defined.contains(&id) || id.starts_with("tenant:schemas/"),
            "{id} is not defined: {defined:?}"
        );
    }
    ensure!(shown(&["price", "--format", "markdown"])?.starts_with("# "), "no page");
    ensure!(shown(&["price", "--format", "typescript"])?.contains("export interface "), "no interface");
    Ok(())
}

#[test]
fn the_list_names_what_can_be_shown() -> anyhow::Result<()> {
    let list: Vec<Value> = serde_json::from_str(&shown(&["--json"])?)?;
    ensure!(list.len() == 14, "{list:?}");
    for listed in &list {
        let resource = listed["resource"].as_str().context("resource")?;
        let by_dataset = shown(&[listed["dataset"].as_str().context("dataset")?])?;
        ensure!(shown(&[resource])? == by_dataset, "{resource}");
        ensure!(by_dataset.starts_with(listed["title"].as_str().context("title")?), "{resource}");
    }
    let (code, _, error) = show(&["chrage"])?;
    ensure!(code == Some(1) && error.contains("charge") && error.contains("subscription.event"), "{error}");
    let (code, _, error) = show(&["--format", "typescript"])?;
    ensure!(code == Some(1) && error.contains("charge"), "{error}");
    Ok(())
}

#[test]
fn a_field_that_is_added_to_a_mapping_is_in_every_form() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("more.json");
    let mapping = json!({"sourceType": "ATTRIBUTE", "source": "metadata.channel", "type": "string",
        "destination": "_{TENANT_ID}.shop.salesChannel", "labels": ["C2"]});
    let model = json!({"resource": "charge", "variant": "event", "mappingSet": {"mappings": [mapping]}});
    std::fs::write(&file, model.to_string())?;
    let file = file.to_str().context("a path")?;
    for format in ["tree", "json-schema", "registry", "markdown", "typescript"] {
        let text = shown(&["charge", "--format", format, "--mapping", file])?;
        ensure!(text.contains("salesChannel"), "{format}: {text}");
        ensure!(!shown(&["charge", "--format", format])?.contains("salesChannel"), "{format}");
        ensure!(
            !shown(&["refund", "--format", format, "--mapping", file])?.contains("salesChannel"),
            "{format}"
        );
    }
    Ok(())
}
