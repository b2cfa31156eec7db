//! What `sync --to aep`, `run --to aep` and `deliver` have in common: the lake's files go to Experience Platform.

use super::Global;
use super::connection::{ConnectionArgs, Place, tenant};
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use stripe_xdm::delivery::{
    Bounds, Delivery, Options, PROFILE_BATCHES_A_DAY, Streaming, deliver, destinations, stream,
};
use stripe_xdm::lake::Lake;
use stripe_xdm::ledger::{Format, Ledger as _, SqliteLedger};
use stripe_xdm::platform::{LARGEST_REQUEST, Platform};
use stripe_xdm::schedule::Stop;

/// How long batches are waited for, in seconds: where nothing comes afterwards, and where the next run looks again.
pub(super) const ALONE: u64 = 1_800;
pub(super) const BETWEEN_RUNS: u64 = 60;

/// Where records go besides the lake.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Delivery")]
pub(super) struct ToArgs {
    /// Where the records go in the end; the lake has them in any case
    #[arg(long, value_enum, default_value_t = To::Lake)]
    to: To,
    #[command(flatten)]
    delivery: DeliveryArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// Nowhere else
    Lake,
    /// Into the datasets of Experience Platform that `schema apply` made
    Aep,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Delivery")]
pub(super) struct DeliveryArgs {
    /// How records go there: see the page on streaming for what each can do
    #[arg(long, value_enum, default_value_t = Mode::Batch)]
    mode: Mode,
    /// What the files of batches are; a batch that is on its way goes on as it was planned
    #[arg(long, value_enum, default_value_t = Files::Json)]
    format: Files,
    /// A batch has at most so many rows
    #[arg(long, value_name = "N", default_value_t = Bounds::LAKE.rows, value_parser = clap::value_parser!(u64).range(1..))]
    batch_rows: u64,
    /// A batch has at most so many bytes
    #[arg(long, value_name = "N", default_value_t = Bounds::LAKE.bytes, value_parser = clap::value_parser!(u64).range(1..=1 << 40))]
    batch_bytes: u64,
    /// How long a batch that is not full waits for more, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=86_400))]
    batch_age: i64,
    /// Batches a day that the datasets which feed Profile share; Adobe recommends at most 90 for a sandbox
    #[arg(long, value_name = "N", default_value_t = PROFILE_BATCHES_A_DAY, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    profile_batches: u32,
    /// Of so many percent of refused rows a batch's other rows are taken; with more it fails whole
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u8).range(0..=100))]
    partial_ingestion: u8,
    /// A file of more bytes goes up in parts of at most so many, each in a request of its own: for networks that break
    /// off long ones
    #[arg(long, value_name = "N", default_value_t = LARGEST_REQUEST, value_parser = clap::value_parser!(u64).range(1 << 16..=LARGEST_REQUEST))]
    request_bytes: u64,
    /// Messages a second that are streamed at most; 0 for as many as go. Default what Adobe allows: 10,000, and 1,500
    /// into datasets that feed Profile
    #[arg(long, value_name = "N")]
    stream_rate: Option<u32>,
    /// How long a new inlet is left alone, in seconds: what is sent before it is open may be lost
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(0..=3_600))]
    opening: u64,
    /// How long Platform is waited for while it works on batches, in seconds; a later run looks again. Default 1800,
    /// of `run` 60
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=86_400))]
    wait: Option<u64>,
    /// Try batches once more that have failed three times
    #[arg(long)]
    retry_failed: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Files in batches: what is refused comes back with the reason
    Batch,
    /// Record by record: sooner in Profile
    Streaming,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Files {
    /// JSON lines, as the lake has them
    Json,
    /// Parquet, with the columns of the dataset's schema
    Parquet,
}

/// The way to a sandbox of Experience Platform.
#[derive(Debug)]
pub(super) struct Route {
    platform: Platform,
    place: Place,
    way: Way,
}

/// How it is gone.
#[derive(Debug)]
pub(super) enum Way {
    Batches(Options),
    /// The options are for batches that were begun before: files of those are not streamed, they are carried on.
    Stream(Streaming, Options),
}

impl ToArgs {
    /// The way there, when there is one to go.
    pub(super) fn route(&self, wait: u64) -> anyhow::Result<Option<Route>> {
        match self.to {
            To::Lake => Ok(None),
            To::Aep => self.delivery.route(wait).map(Some).context("--to aep"),
        }
    }
}

impl DeliveryArgs {
    pub(super) fn route(&self, wait: u64) -> anyhow::Result<Route> {
        self.replaying(wait, &[])
    }

    /// The way there, on which batches are sent once more.
    pub(super) fn replaying(&self, wait: u64, replay: &[String]) -> anyhow::Result<Route> {
        let (platform, place) = (self.connection.platform()?, self.connection.place()?);
        if self.mode == Mode::Streaming && !replay.is_empty() {
            bail!("--replay is for batches: what was streamed cannot be taken back; leave --mode out");
        }
        let bounds = |of: Bounds| Bounds { age: self.batch_age, ..of };
        let lake = Bounds { rows: self.batch_rows, bytes: self.batch_bytes, ..Bounds::LAKE };
        let options = Options {
            lake: bounds(lake),
            profile: bounds(Bounds::PROFILE),
            batches_a_day: self.profile_batches,
            format: match self.format {
                Files::Json => Format::JsonLines,
                Files::Parquet => Format::Parquet,
            },
            partial: self.partial_ingestion,
            largest_request: self.request_bytes,
            patience: Duration::from_secs(self.wait.unwrap_or(wait)),
            again: self.retry_failed,
            replay: replay.to_vec(),
            ..Options::default()
        };
        let way = match self.mode {
            Mode::Batch => Way::Batches(options),
            Mode::Streaming => Way::Stream(
                self.streaming(),
                Options { begins: false, patience: Duration::from_secs(self.wait.unwrap_or(0)), ..options },
            ),
        };
        Ok(Route { platform, place, way })
    }

    fn streaming(&self) -> Streaming {
        let allowed = Streaming::default();
        let rate = |allowed: Option<u32>| match self.stream_rate {
            None => allowed,
            Some(given) => Some(given).filter(|given| *given > 0),
        };
        Streaming {
            lake_rate: rate(allowed.lake_rate),
            profile_rate: rate(allowed.profile_rate),
            opening: Duration::from_secs(self.opening),
            ..allowed
        }
    }
}

impl Route {
    pub(super) fn new(platform: Platform, place: Place, way: Way) -> Self {
        Self { platform, place, way }
    }

    /// Whether it leads to where a lake's records belong, before anything is fetched: they name the tenant.
    pub(super) async fn check(&self, lakes_tenant: &str) -> anyhow::Result<()> {
        tenant(&self.platform, Some(lakes_tenant)).await.map(drop)
    }

    /// Carries what the lake holds there. A stop ends it; the next delivery goes on from there.
    pub(super) async fn deliver(
        &self,
        global: &Global,
        lake: &Path,
        stop: &Stop,
    ) -> anyhow::Result<Delivery> {
        let lake = Lake::open(lake)?;
        let mut ledger = SqliteLedger::open(&lake.ledger_path())?;
        let known = tenant(&self.platform, None).await?;
        ledger.pin("tenant", &known).with_context(|| format!("{} is of another tenant", self.place))?;
        let Place { org, sandbox } = &self.place;
        let destinations = destinations(&self.platform, &mut ledger, org, sandbox).await?;
        let bar = (global.draws() && !global.quiet && !global.json).then(spinner);
        let said = |what: &str| match &bar {
            Some(bar) => bar.set_message(what.to_owned()),
            None if global.quiet => {}
            None if global.json => stripe_xdm::tell!("{}", json!({ "event": "delivery", "step": what })),
            None => stripe_xdm::tell!("{what}"),
        };
        let (platform, lake) = (&self.platform, lake.dir());
        let under_way = async {
            match &self.way {
                Way::Batches(options) => {
                    deliver(platform, &mut ledger, lake, &destinations, options, &said).await
                }
                Way::Stream(options, begun) => {
                    let before = deliver(platform, &mut ledger, lake, &destinations, begun, &said).await;
                    stream(platform, &mut ledger, lake, &destinations, options, &said).await.after(before)
                }
            }
        };
        let delivered = tokio::select! {
            delivery = under_way => Some(delivery),
            () = stop.wait() => None,
        };
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        Ok(delivered.unwrap_or_else(|| Delivery { interrupted: true, ..Delivery::default() }))
    }
}

fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} to Experience Platform {elapsed} {wide_msg}");
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
