//! The second half of the demo's road: a stand-in for Experience Platform on this machine, and the program's own
//! commands against it.

use crate::cli::Global;
use crate::cli::connection::Place;
use crate::cli::delivery::{Route, Way};
use crate::cli::schema::{Desired, Sought, carry_out};
use crate::cli::sync::{both, show_all};
use anyhow::{Context, bail};
use serde_json::{Map, Value};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use stripe_xdm::delivery::Options;
use stripe_xdm::module::Module;
use stripe_xdm::platform::{Config, Platform, Secret};
use stripe_xdm::report::{columns, count};
use stripe_xdm::schedule::{Clock, Stop, SystemClock};
use stripe_xdm::sync::{Ended, Summary};
use stripe_xdm_sandbox::{Size, platform as stand_in};
use xdm::registry::plan::Wishes;

/// How much faster than here time passes there, once the demo is over: flows run, inlets open.
const PACE: u32 = 60;

/// A stand-in with the schemas and datasets of our records.
pub(super) struct Served {
    stand_in: stand_in::Platform,
    place: Place,
    route: Route,
}

impl Served {
    /// Starts it and does what `schema apply` does.
    pub(super) async fn start(
        global: &Global,
        module: &Module,
        tenant: &str,
        settings: Map<String, Value>,
    ) -> anyhow::Result<Self> {
        let organization = stand_in::Organization {
            tenant: tenant.trim_start_matches('_').to_owned(),
            ..stand_in::Organization::default()
        };
        let place = Place {
            org: organization.id.clone(),
            sandbox: organization.sandboxes.last().cloned().unwrap_or_default(),
        };
        // It holds nothing when it starts. With ids of its own, a lake that was carried to another one before is
        // carried here, too.
        let seed = fastrand::u64(..);
        let options =
            stand_in::Options { seed, organizations: vec![organization], ..stand_in::Options::default() };
        let stand_in = stand_in::Platform::start(options).await;
        let stand_in = stand_in.context("the stand-in for Experience Platform cannot be started")?;
        // Its time begins where that of made-up accounts ends; schedules go by this machine's.
        let behind = SystemClock.now().saturating_sub(Size::NOW);
        stand_in.advance(Duration::from_secs(u64::try_from(behind).unwrap_or_default()));
        let platform = connect(&stand_in, &place)?;
        let sought = Sought { settings, wishes: Wishes { profile: false }, twins: None };
        let tenant = platform.tenant_id().await?;
        let desired = Desired::find(global, module, (platform, place.clone()), tenant, sought).await?;
        if let Some((step, _)) = desired.plan.refusals().next() {
            bail!("the records of these mappings cannot be stored: {}; `schema plan` says why", step.title);
        }
        let quiet = Global { quiet: true, ..global.clone() };
        let (made, what) = (desired.plan.changes().count(), &desired.plan.steps);
        let schemas = what.iter().filter(|step| step.part.word() == "schema").count();
        let datasets = what.iter().filter(|step| step.part.word() == "dataset").count();
        let code = carry_out(&quiet, desired).await;
        if code != ExitCode::SUCCESS {
            bail!("the schemas could not be made in the stand-in for Experience Platform");
        }
        if !global.quiet && !global.json {
            stripe_xdm::tell!(
                "schema apply: {made} parts made in {place}, among them {schemas} schemas and {datasets} datasets"
            );
        }
        let route = Route::new(connect(&stand_in, &place)?, place.clone(), Way::Batches(Options::default()));
        Ok(Self { stand_in, place, route })
    }

    /// Carries the lake there, twice, and shows what the datasets hold then.
    pub(super) async fn take(
        &self,
        global: &Global,
        summary: Summary,
        lake: &Path,
        stop: &Stop,
    ) -> anyhow::Result<ExitCode> {
        let delivery = self.route.deliver(global, lake, stop).await?;
        let again = self.route.deliver(global, lake, stop).await?;
        let code = both(summary.exit_code(), both(delivery.exit_code(), again.exit_code()));
        let name = summary.account.clone();
        show_all(global, &[Ended { name, result: Ok(summary) }], Some(&delivery), lake)?;
        if global.quiet || global.json {
            return Ok(ExitCode::from(code));
        }
        let sent: u64 = again.datasets.iter().map(|one| one.rows).sum();
        say!("\nA second delivery carried {sent} rows. What the datasets of {} hold:", self.place);
        let mut rows = Vec::new();
        let mut example = None;
        for one in &delivery.datasets {
            let held = self.stand_in.rows(&self.place.sandbox, &one.dataset_id);
            rows.push(vec![one.dataset.clone(), one.dataset_id.clone(), count(held.len() as u64)]);
            if one.dataset.contains("charge") && example.is_none() {
                example = held.into_iter().next();
            }
        }
        say!("{}", columns(&["dataset", "id", "rows"], rows));
        if let Some(row) = example {
            say!("One of its rows: {row}");
        }
        Ok(ExitCode::from(code))
    }

    /// How its services are reached.
    pub(super) fn directions(&self) -> String {
        let (client, url, Place { org, sandbox }) =
            (self.stand_in.client(), self.stand_in.base_url(), &self.place);
        format!(
            "Platform {url}; for stripe-xdm.toml:\n\n[platform]\norg = \"{org}\"\naep_sandbox = \"{sandbox}\"\n\
             client_id = \"{}\"\nplatform_url = \"{url}\"\nims_url = \"{url}\"\n\nand in the environment: \
             STRIPE_XDM_CLIENT_SECRET={}\nTime passes {PACE} times as fast there.",
            client.id, client.secret
        )
    }

    /// Lets time pass there until a stop is asked for.
    pub(super) async fn live(&self, stop: &Stop) {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                () = stop.wait() => return,
                _ = ticks.tick() => self.stand_in.advance(Duration::from_secs(1) * PACE),
            }
        }
    }

    pub(super) async fn shutdown(self) {
        self.stand_in.shutdown().await;
    }
}

fn connect(stand_in: &stand_in::Platform, place: &Place) -> anyhow::Result<Platform> {
    let client = stand_in.client();
    Ok(Platform::new(Config {
        platform: stand_in.base_url().to_owned(),
        ims: stand_in.base_url().to_owned(),
        org: place.org.clone(),
        sandbox: place.sandbox.clone(),
        client_id: client.id,
        secret: Secret::new(&client.secret)?,
        scopes: client.scopes.join(","),
    })?)
}
