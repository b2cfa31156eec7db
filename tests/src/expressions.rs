//! Forty mixed expressions over one record, in three languages: a Data Prep mapping set, a jq filter (run
//! by jaq) and JavaScript. All three make the same record, so their times can be compared.

use crate::built::root;
use anyhow::{Context, anyhow};
use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::{Value, json};

type Data = JustLut<Val>;

fn data(name: &str) -> anyhow::Result<String> {
    let path = root().join("tests/data/expressions").join(name);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The record, without white space.
pub fn record() -> anyhow::Result<String> {
    Ok(serde_json::from_str::<Value>(&data("record.json")?)?.to_string())
}

/// Settings under which a charge is converted by the forty expressions and nothing else.
pub fn settings() -> anyhow::Result<String> {
    let mapping_set: Value = serde_json::from_str(&data("mapping_set.json")?)?;
    let model =
        json!({ "resource": "charge", "variant": "event", "replace": true, "mappingSet": mapping_set });
    Ok(json!({ "tenant": "acme", "account": crate::corpus::ACCOUNT, "models": [model] }).to_string())
}

/// The jq filter, compiled by jaq.
pub struct Jaq(jaq_core::Filter<Data>);

impl Jaq {
    /// Compiles the filter.
    pub fn compile() -> anyhow::Result<Self> {
        let code = data("filter.jq")?;
        let arena = Arena::default();
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let modules = Loader::new(definitions)
            .load(&arena, File { code: code.as_str(), path: () })
            .map_err(|errors| anyhow!("filter.jq does not parse: {} errors", errors.len()))?;
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let filter = Compiler::default()
            .with_funs(functions)
            .compile(modules)
            .map_err(|errors| anyhow!("filter.jq does not compile: {errors:?}"))?;
        Ok(Self(filter))
    }

    /// Text to text.
    pub fn convert(&self, record: &str) -> anyhow::Result<String> {
        let input = read::parse_single(record.as_bytes()).map_err(|error| anyhow!("{error}"))?;
        let context = Ctx::<Data>::new(&self.0.lut, Vars::new([]));
        let mut results = self.0.id.run((context, input)).map(unwrap_valr);
        let result = results.next().context("the filter gives a value")?;
        result.map(|value| value.to_string()).map_err(|error| anyhow!("filter.jq fails: {error}"))
    }
}

impl std::fmt::Debug for Jaq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Jaq")
    }
}
