//! What is asked of Experience Platform: whether the credential opens the sandbox, what its role may do there, and
//! whether what the records need is there. Nothing is written: the right to write is asked for with a change of
//! nothing to a flow that cannot exist.

use super::super::Global;
use super::super::connection::ConnectionArgs;
use super::{Finding, State};
use stripe_xdm::platform::{FlowKind, Platform, PlatformError, specs};

/// What a person has to know about addresses, whatever is found.
pub(super) const ADDRESSES: &str = "\
Addresses, where networks are closed:
  sync --to aep: this machine must reach https://platform.adobe.io and https://ims-na1.adobelogin.com; streaming also
  the host of the inlet (dcs.adobedc.net).
  flow: Adobe reads Stripe from addresses of its own, which depend on the region of the organisation; its page
  \"IP address allow list\" of sources lists them. A Stripe key that is bound to addresses must allow all of them.";

/// Everything about a sandbox, as far as one can look.
pub(super) async fn findings(
    global: &Global,
    connection: &ConnectionArgs,
    tenant: Option<&str>,
) -> Vec<Finding> {
    let (platform, place) =
        match connection.platform().and_then(|platform| Ok((platform, connection.place()?))) {
            Ok(ready) => ready,
            Err(error) => return vec![Finding::new("credential", State::Fail, format!("{error:#}"))],
        };
    let mut findings = Vec::new();
    if let Err(error) = platform.sign_in().await {
        findings.push(entry(&error));
        return findings;
    }
    findings.push(Finding::pass("token", "Adobe's identity service gives one"));
    let found = match platform.tenant_id().await {
        Ok(found) => found,
        Err(error) => {
            findings.push(entry(&error));
            return findings;
        }
    };
    findings.push(Finding::pass("sandbox", place.to_string()));
    findings.push(match tenant.map(|given| given.trim_start_matches('_')) {
        Some(given) if given != found => {
            Finding::new("tenant", State::Fail, format!("{found}, not {given}")).mend("--tenant, or --org")
        }
        _ => Finding::pass("tenant", found),
    });
    findings.push(datasets(global, &platform).await);
    findings.push(view_sources(&platform).await);
    findings.push(manage_sources(&platform).await);
    findings.push(inlets(&platform).await);
    findings
}

/// Why there is no way in: by what is told the first time that anything is asked.
fn entry(error: &PlatformError) -> Finding {
    let check = match error {
        PlatformError::Token { .. } => "token",
        PlatformError::Refused { status: 401, .. } => "token",
        PlatformError::Refused { code, .. } if code.contains("403025") => "organisation",
        PlatformError::Refused { status: 403, .. } => "sandbox",
        _ => "connection",
    };
    Finding::new(check, State::Fail, error.to_string())
}

/// Whether the datasets of the records are there, each with its schema.
async fn datasets(global: &Global, platform: &Platform) -> Finding {
    let check = "datasets";
    let module = match global.load_module() {
        Ok(module) => module,
        Err(error) => return Finding::new(check, State::Fail, format!("{error:#}")),
    };
    // Relational ones are there when somebody has chosen them.
    let all = module.description().datasets.iter().map(|dataset| dataset.name.as_str());
    let standard: Vec<&str> = all.filter(|name| !name.contains("_relational_")).collect();
    let (mut there, mut lacking, mut odd) = (0, Vec::new(), Vec::new());
    for name in &standard {
        match platform.named_datasets(name).await {
            Err(error) => return Finding::new(check, State::Partly, error.to_string()),
            Ok(found) => match &found[..] {
                [] => lacking.push(*name),
                [(id, _)] => match platform.schema_of_dataset(id).await {
                    Ok(Some(_)) => there += 1,
                    Ok(None) => lacking.push(*name),
                    Err(error) => return Finding::new(check, State::Partly, error.to_string()),
                },
                _ => odd.push(*name),
            },
        }
    }
    if !odd.is_empty() {
        let found = format!("several are called {}", odd.join(", several "));
        return Finding::new(check, State::Partly, found)
            .mend("rename or delete all but the one that the records belong in");
    }
    match lacking.len() {
        0 => Finding::pass(check, format!("all {there}, each with its schema")),
        _ => Finding::new(check, State::Partly, format!("{there} are there; without {}", lacking.join(", ")))
            .mend("`stripe-xdm schema apply` makes datasets and schemas"),
    }
}

/// What a role lacks, by how Flow Service refuses.
fn permission(name: &str, consequence: &str, error: &PlatformError) -> Finding {
    let check = format!("may: {name}");
    match error {
        PlatformError::Refused { status: 401 | 403, .. } => {
            Finding::new(check, State::Partly, format!("no: {error}")).mend(format!(
                "an administrator gives the credential's role {name}; without it {consequence}"
            ))
        }
        _ => Finding::new(check, State::Partly, error.to_string()),
    }
}

async fn view_sources(platform: &Platform) -> Finding {
    let name = "View Sources";
    match platform.newest_flow_items(FlowKind::Connection, &[], 1).await {
        Ok(_) => Finding::pass(format!("may: {name}"), "yes"),
        Err(error) => permission(name, "neither flows nor inlets can be looked up", &error),
    }
}

/// A change of nothing to a flow that nobody has: refused for want of the flow by whoever may change flows.
async fn manage_sources(platform: &Platform) -> Finding {
    let name = "Manage Sources";
    match platform.may_change_flows().await {
        Ok(()) => Finding::pass(format!("may: {name}"), "yes"),
        Err(error) => permission(name, "neither flows nor inlets can be made", &error),
    }
}

/// Where streaming would go in.
async fn inlets(platform: &Platform) -> Finding {
    let check = "inlets";
    match platform.flow_items(FlowKind::Connection, &[]).await {
        Err(error) => Finding::new(check, State::Partly, error.to_string()),
        Ok(all) => {
            let inlets = all.iter().filter(|item| item.text("/connectionSpec/id") == specs::INLET);
            let (mut closed, mut open) = (0, Vec::new());
            for inlet in inlets {
                let wants = inlet.body.pointer("/auth/params/authenticationRequired");
                match wants.is_some_and(|wants| wants.as_bool() == Some(true) || wants == "true") {
                    true => closed += 1,
                    false => open
                        .push(inlet.name().chars().filter(|c| !c.is_control()).take(80).collect::<String>()),
                }
            }
            match (closed, open.len()) {
                (0, 0) => Finding::pass(check, "none; streaming makes one"),
                (closed, 0) => Finding::pass(check, format!("{closed}, with a token only")),
                (closed, _) => {
                    let found =
                        format!("{closed} with a token only; anybody can write by {}", open.join(", "));
                    Finding::new(check, State::Warn, found)
                        .mend("an inlet without authentication takes whatever reaches its address")
                }
            }
        }
    }
}
