//! `stripe-xdm reset`: forgets walks, on purpose and never by the way.

use super::Global;
use super::agree::Question;
use super::status::{has_ledger, ids_of};
use anyhow::bail;
use clap::{ArgGroup, Args};
use std::path::PathBuf;
use std::process::ExitCode;
use stripe_xdm::lake::Lake;
use stripe_xdm::ledger::SqliteLedger;
use stripe_xdm::report::{counted, span};
use stripe_xdm::stripe::Resource;
use stripe_xdm::sync::{Forgetting, Reset, forget, known_accounts, to_forget};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["resource", "all"]))]
pub(super) struct ResetArgs {
    /// The lake's directory
    #[arg(long, value_name = "DIR")]
    lake: PathBuf,
    /// The resources whose walks are forgotten
    #[arg(long, alias = "resources", value_name = "NAMES", value_delimiter = ',', value_parser = super::stripe::resource)]
    resource: Vec<Resource>,
    /// Forget the walks of all resources and, without --from and --to, up to when Events were read
    #[arg(long)]
    all: bool,
    /// Only of these accounts, by their names in the settings file or their ids (acct_…)
    #[arg(long, alias = "account", value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// Only ranges that reach behind this creation time: a date, a time or epoch seconds
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only ranges that begin before this creation time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(global: &Global, args: &ResetArgs) -> anyhow::Result<ExitCode> {
    has_ledger(&args.lake)?;
    let time =
        |name, text: &Option<String>| text.as_deref().map(|text| super::moment(name, text)).transpose();
    let mut reset = Reset {
        resources: args.resource.iter().map(|resource| resource.name().to_owned()).collect(),
        accounts: Vec::new(),
        from: time("--from", &args.from)?,
        to: time("--to", &args.to)?,
    };
    if let (Some(from), Some(to)) = (reset.from, reset.to)
        && from >= to
    {
        bail!("--from {from} is not before --to {to}: nothing lies between them");
    }
    // Held until the end: no sync may walk what is being forgotten.
    let lake = Lake::open(&args.lake)?;
    let mut ledger = SqliteLedger::open(&lake.ledger_path())?;
    reset.accounts = ids_of(&args.only, &known_accounts(&mut ledger)?)?;
    let what = to_forget(&mut ledger, &reset)?;
    if what.is_empty() {
        return nothing(global);
    }
    if !global.json && !global.quiet {
        told(&what, &reset).iter().for_each(|line| say!("{line}"));
    }
    let question = Question::new(global, args.yes, "--yes agrees to forget it")?;
    if !question.agreed("Forget it?", &[])? {
        bail!("nothing was forgotten");
    }
    forget(&mut ledger, &what, &reset)?;
    if global.json {
        say!("{}", serde_json::json!({ "forgotten": what }));
    } else if !global.quiet {
        say!("Forgotten. The next sync lists it once more.");
    }
    Ok(ExitCode::SUCCESS)
}

fn nothing(global: &Global) -> anyhow::Result<ExitCode> {
    if global.json {
        say!("{}", serde_json::json!({ "forgotten": [] }));
    } else {
        say!("There is nothing to forget: no such range was walked or planned.");
    }
    Ok(ExitCode::SUCCESS)
}

fn told(what: &[Forgetting], reset: &Reset) -> Vec<String> {
    let mut lines = vec!["To forget, so that it is listed once more:".to_owned()];
    lines.extend(what.iter().map(|list| {
        format!(
            "  {} {} {}: {}, {} known",
            list.account,
            list.resource,
            span(list.gte, list.lt),
            counted(list.ranges, "range"),
            counted(list.objects, "object")
        )
    }));
    if reset.resources.is_empty() && reset.from.is_none() && reset.to.is_none() {
        lines.push("  and up to when Events were read".to_owned());
    }
    lines.push(
        "Records in the lake stay, and what was delivered is still known: nothing is delivered twice."
            .to_owned(),
    );
    lines
}
