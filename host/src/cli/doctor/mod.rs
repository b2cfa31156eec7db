//! `stripe-xdm doctor`: whether a sync would work, before it is tried. Everything that it asks of Stripe is a
//! harmless GET; nothing is written but a file that is gone again.

mod here;
mod there;

use super::Global;
use super::settings::MappingArgs;
use super::stripe::StripeArgs;
use super::sync::runtime;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use stripe_xdm::report::columns;

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// The lake to look at, too
    #[arg(long, value_name = "DIR")]
    lake: Option<PathBuf>,
    /// The tenant id, when the mapping is to be looked at, too
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    stripe: StripeArgs,
    #[command(flatten)]
    mapping: MappingArgs,
}

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it must be.
    Pass,
    /// A sync works, and yet.
    Warn,
    /// A part of a sync will not work.
    Partly,
    /// No sync can work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    /// The account, when there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    check: String,
    state: State,
    /// What was found.
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Finding {
    fn new(check: impl Into<String>, state: State, found: impl Into<String>) -> Self {
        Self { account: None, check: check.into(), state, found: found.into(), mend: None }
    }

    fn pass(check: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(check, State::Pass, found)
    }

    fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }
}

pub(super) fn run(global: &Global, args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut findings = here::module(global, args.tenant.as_deref(), &args.mapping);
    if let Some(lake) = &args.lake {
        findings.extend(here::lake(lake));
    }
    let mut links = Vec::new();
    match args.stripe.targets(global) {
        Err(error) => findings.push(Finding::new("key", State::Fail, format!("{error:#}"))),
        Ok(targets) => runtime()?.block_on(async {
            for target in &targets {
                let (found, link) = there::account(target).await;
                let name = |mut finding: Finding| {
                    finding.account.clone_from(&target.name);
                    finding
                };
                findings.extend(found.into_iter().map(name));
                links.extend(link);
            }
        }),
    }
    show(global, &findings, &links)
}

fn show(global: &Global, findings: &[Finding], links: &[String]) -> anyhow::Result<ExitCode> {
    let worst = |state| findings.iter().any(|finding| finding.state == state);
    let code = match () {
        () if worst(State::Fail) => 1,
        () if worst(State::Partly) => 2,
        () => 0,
    };
    if global.json {
        let answer = serde_json::json!({ "checks": findings, "key_links": links, "exit_code": code });
        say!("{answer}");
        return Ok(ExitCode::from(code));
    }
    let told = findings.iter().filter(|finding| !global.quiet || finding.state != State::Pass);
    let row = |finding: &Finding| {
        let check = match &finding.account {
            Some(account) => format!("{account}: {}", finding.check),
            None => finding.check.clone(),
        };
        let found = match &finding.mend {
            Some(mend) => format!("{}\n→ {mend}", finding.found),
            None => finding.found.clone(),
        };
        vec![sign(finding.state, global.paints()), check, found]
    };
    let rows: Vec<_> = told.map(row).collect();
    if !rows.is_empty() {
        say!("{}", columns(&["", "check", "found"], rows));
    }
    for link in links {
        // Alone on its line, so that a terminal makes it one link.
        say!("A restricted key with all permissions that are needed:\n{link}");
    }
    if !global.quiet {
        say!("{}", verdict(code, worst(State::Warn)));
    }
    Ok(ExitCode::from(code))
}

fn sign(state: State, colours: bool) -> String {
    let (word, colour) = match state {
        State::Pass => ("pass", "32"),
        State::Warn => ("warn", "33"),
        State::Partly | State::Fail => ("FAIL", "31"),
    };
    if colours { format!("\u{1b}[{colour}m{word}\u{1b}[0m") } else { word.to_owned() }
}

fn verdict(code: u8, warned: bool) -> &'static str {
    match (code, warned) {
        (0, false) => "All is well: a sync can begin.",
        (0, true) => "A sync can begin; see the warnings.",
        (2, _) => "A sync can begin, but not all of it will work.",
        _ => "A sync cannot work yet.",
    }
}
