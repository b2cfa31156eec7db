//! `stripe-xdm flow test` and `explore`: what Adobe sees of Stripe.

use super::given::{FileArgs, base_connection};
use crate::cli::{Global, sync};
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};
use std::process::ExitCode;
use stripe_xdm::flow::RESOURCES;
use stripe_xdm::report::columns;

/// Fields within fields that are shown.
const DEEPEST: usize = 12;

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    #[command(flatten)]
    file: FileArgs,
}

#[derive(Debug, Args)]
pub(super) struct ExploreArgs {
    /// The resource
    #[arg(value_name = "RESOURCE", value_parser = PossibleValuesParser::new(RESOURCES.map(|(path, _)| path)))]
    resource: String,
    #[command(flatten)]
    file: FileArgs,
}

pub(super) fn test(global: &Global, args: &TestArgs) -> anyhow::Result<ExitCode> {
    let file = args.file.read()?;
    let platform = args.file.connection.platform()?;
    sync::runtime()?.block_on(async {
        let connection = base_connection(&platform, &file).await?;
        let works = platform.test_connection(&connection.id).await?;
        if global.json {
            say!("{}", json!({ "connection": connection.id, "works": works }));
        } else if works {
            say!("Stripe lets Adobe in by the connection {}.", connection.name());
        } else {
            stripe_xdm::tell!(
                "error: Stripe does not let Adobe in by the connection {}: `flow update --token` gives it another \
                 access token; a key that is bound to addresses must allow Adobe's",
                connection.name()
            );
        }
        Ok(ExitCode::from(if works { 0 } else { 2 }))
    })
}

pub(super) fn explore(global: &Global, args: &ExploreArgs) -> anyhow::Result<ExitCode> {
    let file = args.file.read()?;
    let platform = args.file.connection.platform()?;
    sync::runtime()?.block_on(async {
        let connection = base_connection(&platform, &file).await?;
        let schema = platform.explore_connection(&connection.id, &args.resource).await?;
        if global.json {
            say!("{schema}");
            return Ok(ExitCode::SUCCESS);
        }
        let mut rows = Vec::new();
        fields("", &schema, 0, &mut rows);
        let unknown = rows.iter().filter(|row| row[1] == UNKNOWN).count();
        say!("{}", columns(&["field", "type"], rows));
        if unknown > 0 && !global.quiet {
            say!("{unknown} fields were null in the object that Adobe looked at, so that it knows no type of them.");
        }
        Ok(ExitCode::SUCCESS)
    })
}

const UNKNOWN: &str = "unknown";

/// The fields below a place, those of lists below `[*]`.
fn fields(place: &str, schema: &Value, depth: usize, rows: &mut Vec<Vec<String>>) {
    let members = schema.get("properties").and_then(Value::as_object);
    for (name, field) in members.into_iter().flatten() {
        // Names come from elsewhere: a terminal must not obey them.
        let name: String = name.chars().filter(|c| !c.is_control()).collect();
        let place = if place.is_empty() { name } else { format!("{place}.{name}") };
        let kind = field.get("type").and_then(Value::as_str).unwrap_or(UNKNOWN);
        rows.push(vec![place.clone(), kind.chars().filter(|c| !c.is_control()).collect()]);
        if depth < DEEPEST {
            fields(&place, field, depth + 1, rows);
            if let Some(items) = field.get("items") {
                fields(&format!("{place}[*]"), items, depth + 1, rows);
            }
        }
    }
}
