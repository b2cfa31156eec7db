//! Packs the default models: a line of JSON for each model's frame, then a line for each mapping. As they
//! stand in `models/`, for people, they take three times as much of a module.

#[path = "src/implied.rs"]
mod implied;

use implied::{MARK, implied};
use serde_json::Value;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

/// The models, in the order of their datasets' indexes: a new one goes last.
const MODELS: [&str; 14] = [
    "charge",
    "refund",
    "balance_transaction",
    "subscription",
    "subscription_event",
    "customer",
    "price",
    "product",
    "coupon",
    "invoice",
    "invoice_event",
    "payment_intent",
    "dispute",
    "payout",
];

/// What most destinations begin with, and what stands for it.
const TENANT: (&str, &str) = ("_{TENANT_ID}.stripe.", "~");

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=models");
    let mut packed = String::new();
    for name in MODELS {
        let text = fs::read_to_string(format!("models/{name}.json"))?;
        pack(&text, &mut packed).map_err(|error| format!("models/{name}.json: {error}"))?;
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("models"), packed)?;
    Ok(())
}

fn pack(text: &str, packed: &mut String) -> Result<(), Box<dyn Error>> {
    let mut model: Value = serde_json::from_str(text)?;
    let mappings = model.pointer_mut("/mappingSet/mappings").ok_or("it has no mappings")?.take();
    *model.pointer_mut("/mappingSet/mappings").ok_or("it has no mappings")? = Value::Array(Vec::new());
    packed.push_str(&serde_json::to_string(&model)?);
    packed.push('\n');
    for mapping in mappings.as_array().ok_or("its mappings are no array")? {
        let line = line(mapping).map_err(|error| format!("{mapping}: {error}"))?;
        packed.push_str(&line);
        packed.push('\n');
    }
    packed.push('\n');
    Ok(())
}

/// `Estring I1,I2`, source and destination, with tabs between; the destination without what the source implies.
fn line(mapping: &Value) -> Result<String, Box<dyn Error>> {
    let known = ["sourceType", "source", "destination", "type", "labels"];
    for key in mapping.as_object().ok_or("it is no object")?.keys() {
        if !known.contains(&key.as_str()) {
            return Err(format!("a default mapping has no place for {key}").into());
        }
    }
    let member = |name: &str| {
        let text = mapping[name].as_str().ok_or_else(|| format!("it has no {name}"))?;
        match text.contains(['\t', '\n']) {
            true => Err(format!("{name} has a character that separates")),
            false => Ok(text),
        }
    };
    let kind = match member("sourceType")? {
        "ATTRIBUTE" => 'A',
        "EXPRESSION" => 'E',
        "STATIC" => 'S',
        other => return Err(format!("its source type is {other}").into()),
    };
    let labels = match &mapping["labels"] {
        Value::Null => String::new(),
        labels => {
            let labels = labels.as_array().ok_or("its labels are no array")?;
            labels.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
        }
    };
    let destination = member("destination")?;
    if destination.contains(['~', MARK]) {
        return Err("its destination has a character that stands for others".into());
    }
    let destination = match destination.strip_prefix(TENANT.0) {
        Some(rest) => format!("{}{rest}", TENANT.1),
        None => destination.to_owned(),
    };
    let source = member("source")?;
    let destination = match destination.strip_suffix(&implied(source)) {
        Some(before) if before.len() < destination.len() => format!("{before}{MARK}"),
        _ => destination,
    };
    Ok(format!("{kind}{} {labels}\t{source}\t{destination}", member("type")?))
}
