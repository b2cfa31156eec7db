//! What is given: the file, the place, and the mappings, which the module exports.

use crate::cli::Global;
use crate::cli::connection::{ConnectionArgs, tenant};
use crate::cli::settings::MappingArgs;
use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use stripe_xdm::flow::{Entry, FlowFile, Wanted, WantedFlow};
use stripe_xdm::module::Module;
use stripe_xdm::platform::{FlowItem, FlowKind, Platform};

#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// The file that says what is to be there; `stripe-xdm flow example` prints one
    #[arg(long, value_name = "FILE", default_value = "stripe-xdm-flows.toml")]
    file: PathBuf,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

#[derive(Debug, Args)]
pub(super) struct GivenArgs {
    #[command(flatten)]
    pub(super) file: FileArgs,
    #[command(flatten)]
    mapping: MappingArgs,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exported {
    mapping_set: Value,
    counts: Counts,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    approximated: usize,
    left_out: usize,
}

impl FileArgs {
    pub(super) fn read(&self) -> anyhow::Result<FlowFile> {
        FlowFile::read(&self.file).map_err(|problems| {
            let place = self.file.display();
            let all: Vec<String> = problems.iter().map(|problem| format!("{place}: {problem}")).collect();
            anyhow::anyhow!("{}\n`stripe-xdm flow example` prints a file that is right", all.join("\n"))
        })
    }

    /// The entries that words mean: models or resources; all when there are none.
    pub(super) fn chosen<'a>(&self, file: &'a FlowFile, words: &[String]) -> anyhow::Result<Vec<&'a Entry>> {
        for word in words {
            if !file.flows.iter().any(|entry| entry.is_called(word)) {
                let known: Vec<&str> = file.flows.iter().map(|entry| entry.model.as_str()).collect();
                bail!("{} has no flow {word}; it has {}", self.file.display(), known.join(", "));
            }
        }
        let means = |entry: &&Entry| words.is_empty() || words.iter().any(|word| entry.is_called(word));
        Ok(file.flows.iter().filter(means).collect())
    }
}

impl GivenArgs {
    /// All that the file asks for, with the mappings of the settings for a tenant.
    pub(super) fn wanted(&self, module: &Module, file: FlowFile, tenant: &str) -> anyhow::Result<Wanted> {
        let mut settings = self.mapping.settings(tenant, 0)?;
        if settings.get("model").is_some_and(|model| model == "relational") {
            bail!(
                "Adobe's source cannot fill relational datasets: it knows no versions and no deletions. Leave --model \
                 out, or use `stripe-xdm sync --to aep`"
            );
        }
        settings.insert("account".to_owned(), file.account.as_str().into());
        if let Some(livemode) = file.livemode {
            settings.insert("livemode".to_owned(), livemode.into());
        }
        let mut flows = Vec::new();
        for entry in &file.flows {
            let question =
                json!({ "command": "export", "resource": entry.model, "settings": settings, "root": "data" });
            let answer = match module.ask(&question.to_string()) {
                Ok(answer) => answer,
                Err(refusal) => bail!("the mapping of {}: {}", entry.model, refusal.message),
            };
            let exported: Exported =
                serde_json::from_str(&answer).context("the module's answer about a mapping set")?;
            let mappings = exported.mapping_set.get("mappings").cloned();
            flows.push(WantedFlow {
                dataset: entry.dataset.clone().map_or_else(|| dataset(module, &entry.model), Ok)?,
                entry: entry.clone(),
                mappings: mappings.context("the module's answer holds no mappings")?,
                approximated: exported.counts.approximated,
                left_out: exported.counts.left_out,
            });
        }
        Ok(Wanted { file, flows })
    }

    /// The place and what is wanted there.
    pub(super) async fn ready(&self, global: &Global, module: &Module) -> anyhow::Result<(Platform, Wanted)> {
        let file = self.file.read()?;
        let platform = self.file.connection.platform()?;
        looking(global, "the tenant");
        let tenant = tenant(&platform, None).await?;
        let wanted = self.wanted(module, file, &tenant)?;
        Ok((platform, wanted))
    }
}

/// The dataset of a model: of standard schemas, whose models come first.
fn dataset(module: &Module, model: &str) -> anyhow::Result<String> {
    let (resource, variant) = match model.split_once('.') {
        Some((resource, variant)) => (resource, Some(variant)),
        None => (model, None),
    };
    let mut all = module.description().datasets.iter();
    let found = all.find(|dataset| {
        dataset.resource == resource && variant.is_none_or(|variant| dataset.variant == variant)
    });
    Ok(found.with_context(|| format!("this module has no dataset for {model}"))?.name.clone())
}

/// Says what is being looked at, to people.
pub(super) fn looking(global: &Global, what: &str) {
    if !global.quiet && !global.json {
        stripe_xdm::tell!("looking at {what}");
    }
}

/// The base connection of a file; an error that says what to do when it is not there.
pub(super) async fn base_connection(platform: &Platform, file: &FlowFile) -> anyhow::Result<FlowItem> {
    let name = stripe_xdm::flow::connection_name(&file.name);
    let found = platform.flow_items_named(FlowKind::Connection, &name).await?;
    found
        .into_iter()
        .next()
        .with_context(|| format!("the sandbox has no connection {name}: `stripe-xdm flow apply` makes it"))
}
