//! `stripe-xdm flow delete`: flows and what they are joined of, in the order in which they can go.

use super::given::FileArgs;
use crate::cli::agree::Question;
use crate::cli::{Global, sync};
use anyhow::{Context, bail};
use clap::{ArgGroup, Args};
use serde_json::{Value, json};
use std::process::ExitCode;
use stripe_xdm::flow::{RESOURCES, Removal, remove, to_remove};
use stripe_xdm::platform::FlowKind;
use stripe_xdm::report::counted;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["flows", "id", "all"]))]
pub(super) struct DeleteArgs {
    /// Flows of the file's name, by model or resource, such as charges
    #[arg(value_name = "FLOW")]
    flows: Vec<String>,
    /// A flow by its id, such as one that the file has no more
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Everything of the file's name, the connection to Stripe included
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    file: FileArgs,
    /// Do not ask; needed where nobody can answer
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(global: &Global, args: &DeleteArgs) -> anyhow::Result<ExitCode> {
    let question = Question::new(global, args.yes, "--yes agrees to the deletion")?;
    let file = args.file.read()?;
    let platform = args.file.connection.platform()?;
    sync::runtime()?.block_on(async {
        let removal = match &args.id {
            Some(id) => Removal::of_flow(&platform, id).await?.with_context(|| {
                format!("the sandbox has no flow {id}: `flow list` shows the flows that it has")
            })?,
            None if args.all => to_remove(&platform, &file.name, None).await?,
            None => to_remove(&platform, &file.name, Some(&models(&args.flows)?)).await?,
        };
        if removal.items.is_empty() {
            return Ok(nothing(global));
        }
        if !global.json && !global.quiet {
            for (kind, item) in &removal.items {
                say!("  - {} {} ({})", kind.word(), item.name(), item.id);
            }
        }
        let parts = counted(removal.items.len() as u64, "part");
        if !question.agreed(&format!("Delete these ({parts})?"), &finals(&removal))? {
            say!("Nothing was deleted.");
            return Ok(ExitCode::SUCCESS);
        }
        let said = |what: &str| {
            if !global.quiet && !global.json {
                stripe_xdm::tell!("{what}");
            }
        };
        let (gone, error) = remove(&platform, &removal, &said).await;
        if global.json {
            let gone: Vec<Value> = removal.items.iter().take(gone).map(told).collect();
            let error = error.as_ref().map(ToString::to_string);
            say!("{}", json!({ "deleted": gone, "error": error }));
        } else {
            if !global.quiet {
                say!(
                    "{} deleted. Mapping sets stay: Adobe has no call to delete them.",
                    counted(gone as u64, "part")
                );
            }
            if let Some(error) = &error {
                stripe_xdm::tell!("error: {error}");
                stripe_xdm::tell!("the same command deletes the rest");
            }
        }
        Ok(ExitCode::from(u8::from(error.is_some())))
    })
}

/// What cannot be undone about it.
fn finals(removal: &Removal) -> Vec<String> {
    let mut finals = Vec::new();
    if removal.count(FlowKind::Flow) > 0 {
        finals.push(
            "a flow's runs and how far it has read are gone with it; a new flow with backfill appends everything once \
             more to what stays in the dataset"
                .to_owned(),
        );
    }
    if removal.count(FlowKind::Connection) > 0 {
        finals.push(
            "the connection's access token is gone with it; a new connection needs it again".to_owned(),
        );
    }
    finals
}

fn told((kind, item): &(FlowKind, stripe_xdm::platform::FlowItem)) -> Value {
    json!({ "kind": kind.word(), "name": item.name(), "id": item.id })
}

fn nothing(global: &Global) -> ExitCode {
    match global.json {
        true => say!("{}", json!({ "deleted": [], "error": null })),
        false => say!("There is nothing to delete."),
    }
    ExitCode::SUCCESS
}

/// The models that words mean, whether the file has them still or not.
fn models(words: &[String]) -> anyhow::Result<Vec<String>> {
    let mut models = Vec::new();
    for word in words {
        let before = models.len();
        for (resource, of_it) in RESOURCES {
            let meant = of_it.iter().filter(|model| word == resource || *model == word);
            models.extend(meant.map(|model| (*model).to_owned()));
        }
        if models.len() == before {
            let known: Vec<&str> = RESOURCES.iter().flat_map(|(_, models)| models.iter().copied()).collect();
            bail!("there is no flow {word}; there can be {}", known.join(", "));
        }
    }
    Ok(models)
}
