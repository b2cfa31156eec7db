//! Writes the types of the default models' records, for TypeScript, into a directory: a module for each dataset
//! and `index.d.ts`, which knows them by the names of datasets and resources. The npm package is built with it.
//!
//! `cargo run -p stripe-xdm-core --example record_types -- DIRECTORY`

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use stripe_xdm_core::{describe, schema};
use xdm::render::typescript;

/// Stands for any tenant: the package's types put the tenant's name where this one's is.
const TENANT: &str = "tenant";

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("name the directory to write to")?;
    let directory = Path::new(&directory);
    std::fs::create_dir_all(directory)?;

    let mut imports = String::new();
    let mut by_dataset = String::new();
    for model in ["standard", "relational"] {
        let settings = serde_json::from_value(serde_json::json!({ "tenant": TENANT, "model": model }))?;
        let library = schema::library(&settings)?;
        for schema in &library.schemas {
            let types = typescript(&library, schema)?;
            let interface = types.split_once("export interface ").and_then(|(_, rest)| rest.split_once(' '));
            let (interface, _) = interface.ok_or("a module begins with its records' interface")?;
            let dataset = &schema.name;
            imports.push_str(&format!("import type {{ {interface} }} from \"./{dataset}.js\";\n"));
            by_dataset.push_str(&format!("  {dataset}: {interface};\n"));
            std::fs::write(directory.join(format!("{dataset}.d.ts")), types)?;
        }
    }

    let described: serde_json::Value = serde_json::from_str(&describe())?;
    let mut of_resources = BTreeMap::<&str, Vec<&str>>::new();
    for dataset in described["datasets"].as_array().into_iter().flatten() {
        let text = |key: &str| dataset[key].as_str().ok_or("datasets have names and resources");
        of_resources.entry(text("resource")?).or_default().push(text("name")?);
    }
    let mut by_resource = String::new();
    for (resource, datasets) in of_resources {
        by_resource.push_str(&format!("  {resource}: \"{}\";\n", datasets.join("\" | \"")));
    }
    let index = format!(
        "{imports}\n/** What the records of each dataset are. */\nexport interface RecordsByDataset {{\n{by_dataset}}}\n\n\
         /** The datasets of each resource. */\nexport interface DatasetsByResource {{\n{by_resource}}}\n"
    );
    Ok(std::fs::write(directory.join("index.d.ts"), index)?)
}
