//! `stripe-xdm doctor`: whether a sync would work, before it is tried. Everything that it asks of Stripe is a
//! harmless GET; nothing is written but a file that is gone again. With `--platform` it looks at Experience Platform
//! instead, and writes nothing there either.

mod here;
mod platform;
mod there;

use super::Global;
use super::connection::ConnectionArgs;
use super::settings::MappingArgs;
use super::stripe::StripeArgs;
use super::sync::runtime;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use stripe_xdm::config::Connected;
use stripe_xdm::report::columns;

/// Longest that an answer is waited for, in seconds.
const LONGEST: u32 = 10;

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Look at Experience Platform instead: token, organisation, sandbox, permissions, datasets, inlets
    #[arg(long)]
    platform: bool,
    /// The lake that a sync would go to
    #[arg(long, value_name = "DIR")]
    lake: Option<PathBuf>,
    /// The tenant id that a sync would have
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    stripe: StripeArgs,
    #[command(flatten)]
    mapping: MappingArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
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
    /// No sync of this account can work; without an account, none at all.
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
    if args.platform {
        let looked = platform::findings(global, &args.connection, args.tenant.as_deref());
        let findings = runtime()?.block_on(looked);
        return show(global, &findings, &PLATFORM);
    }
    let stripe = args.stripe.impatient(LONGEST);
    let tenant = args.tenant.as_deref();
    let (mut findings, settings) = here::module(global, tenant, &args.mapping, stripe.version());
    let mut known = Vec::new();
    match &args.lake {
        Some(lake) => findings.extend(here::lake(lake, settings.as_ref(), &mut known)),
        None => findings.push(
            Finding::new("lake", State::Fail, "none is given")
                .mend("--lake, or lake under [sync] in stripe-xdm.toml"),
        ),
    }
    let mut links = Vec::new();
    match stripe.targets(global) {
        Err(error) => findings.push(Finding::new("key", State::Fail, format!("{error:#}"))),
        Ok(targets) => runtime()?.block_on(async {
            let alone = matches!(targets.as_slice(), [target] if target.connected == Connected::No);
            for target in targets {
                let name = target.name.clone();
                let (mut found, link) = there::account(target, alone, &known).await;
                found.iter_mut().for_each(|finding| finding.account.clone_from(&name));
                findings.extend(found);
                links.extend(link);
            }
        }),
    }
    show(global, &findings, &Subject { links, ..SYNC })
}

/// What the findings are about, and what is said after them.
struct Subject {
    /// What is to begin, in the words of the verdict.
    what: &'static str,
    /// Links that make better keys.
    links: Vec<String>,
    /// What a person has to know, whatever is found.
    to_know: &'static str,
}

const SYNC: Subject = Subject { what: "A sync", links: Vec::new(), to_know: "" };
const PLATFORM: Subject =
    Subject { what: "Work with Experience Platform", links: Vec::new(), to_know: platform::ADDRESSES };

/// 1 when no sync can work, 2 when a part of it will not: a resource, or one of several accounts.
fn exit_code(findings: &[Finding]) -> u8 {
    let failed = |account: &Option<String>| {
        findings.iter().any(|finding| finding.account == *account && finding.state == State::Fail)
    };
    let accounts: Vec<_> =
        findings.iter().map(|finding| &finding.account).filter(|one| one.is_some()).collect();
    let none_works = !accounts.is_empty() && accounts.iter().all(|account| failed(account));
    match () {
        () if failed(&None) || none_works => 1,
        () if findings.iter().any(|finding| matches!(finding.state, State::Partly | State::Fail)) => 2,
        () => 0,
    }
}

fn show(global: &Global, findings: &[Finding], subject: &Subject) -> anyhow::Result<ExitCode> {
    let links = &subject.links;
    let code = exit_code(findings);
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
        if !subject.to_know.is_empty() {
            say!("{}", subject.to_know);
        }
        say!("{}", verdict(subject.what, code, findings.iter().any(|finding| finding.state == State::Warn)));
    }
    Ok(ExitCode::from(code))
}

fn sign(state: State, colours: bool) -> String {
    let (word, colour) = match state {
        State::Pass => ("pass", "32"),
        State::Warn => ("warn", "33"),
        State::Partly => ("PART", "33"),
        State::Fail => ("FAIL", "31"),
    };
    if colours { format!("\u{1b}[{colour}m{word}\u{1b}[0m") } else { word.to_owned() }
}

/// The same within a sentence.
fn lower(what: &str) -> String {
    let mut letters = what.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn verdict(what: &str, code: u8, warned: bool) -> String {
    match (code, warned) {
        (0, false) => format!("All is well: {} can begin.", lower(what)),
        (0, true) => format!("{what} can begin; see the warnings."),
        (2, _) => format!("{what} can begin, but not all of it will work."),
        _ => format!("{what} cannot work yet."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_of_several_that_fails_leaves_the_others() {
        let of = |account: Option<&str>, state| Finding {
            account: account.map(str::to_owned),
            ..Finding::new("key", state, "found")
        };
        let module = || of(None, State::Pass);
        let shop = |state| of(Some("shop"), state);
        let club = |state| of(Some("club"), state);
        assert_eq!(exit_code(&[module(), shop(State::Pass), club(State::Warn)]), 0);
        assert_eq!(exit_code(&[module(), shop(State::Pass), club(State::Fail)]), 2);
        assert_eq!(exit_code(&[module(), shop(State::Pass), club(State::Partly)]), 2);
        assert_eq!(exit_code(&[module(), shop(State::Fail), club(State::Fail)]), 1);
        assert_eq!(exit_code(&[of(None, State::Fail), shop(State::Pass)]), 1);
        assert_eq!(exit_code(&[of(None, State::Partly)]), 2);
    }
}
