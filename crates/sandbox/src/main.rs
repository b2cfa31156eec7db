//! Runs the sandbox by itself, for trying clients against it by hand.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use stripe_xdm_sandbox::platform::{self, Organization, Platform, Standard};
use stripe_xdm_sandbox::{
    Account, ApiKey, Churn, Clock, Even, EvenKind, Faults, Mischief, Mode, Options, Rate, Sandbox, Size,
};

/// A local stand-in for Stripe's read API. Prints its base URL on the first line, then its key.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The same seed gives the same account.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// About how many objects the account holds; a demo of some thousands when absent.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=2_000_000))]
    objects: Option<u32>,
    /// Only objects of this resource, evenly over `--span` and of about `--bytes`: an account to
    /// measure with.
    #[arg(long, value_enum, requires = "objects")]
    resource: Option<ResourceName>,
    /// About how large each object is.
    #[arg(long, default_value_t = 1_700, requires = "resource")]
    bytes: usize,
    /// How old the oldest object is, for example `365d` or `12h`.
    #[arg(long, default_value = "365d", value_parser = span, requires = "resource")]
    span: Duration,
    /// The newest moment of the account, Unix seconds.
    #[arg(long, default_value_t = Size::NOW)]
    now: i64,
    #[arg(long, value_enum, default_value = "live")]
    mode: ModeName,
    /// What goes wrong, for example `500@3,429:global-rate@5,charges:drop@2`.
    #[arg(long, default_value = "")]
    faults: Faults,
    /// `real`: this machine's time. `fixed`: it is always `--now`, and events are listed for 30 days.
    #[arg(long, value_enum, default_value = "real")]
    clock: ClockName,
    /// How long after its `created` an object appears in lists, for example `5s`.
    #[arg(long, default_value = "0s", value_parser = span)]
    lag: Duration,
    /// Change the account while it is listed: a seed, and in how many of 100 lists, for example `7:30`.
    #[arg(long, value_name = "SEED:PERCENT")]
    churn: Option<Churn>,
    /// Record events unkindly: doubled, late, unordered, unknown, in old shapes. By seed.
    #[arg(long, value_name = "SEED")]
    event_mischief: Option<u64>,
    /// How many connected accounts there are, each with a few hundred objects.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=1_000))]
    connected: u16,
    /// How long each answer of a list takes, for example `100ms`.
    #[arg(long, default_value = "0ms", value_parser = span)]
    latency: Duration,
    /// Let every request through.
    #[arg(long)]
    no_limits: bool,
    /// The key to accept instead of the built-in one.
    #[arg(long, env = "STRIPE_SANDBOX_KEY", hide_env_values = true)]
    key: Option<String>,
    #[command(flatten)]
    platform: PlatformArguments,
}

/// The stand-in for Adobe Experience Platform, which runs beside Stripe's when `--platform` is given.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Adobe Experience Platform")]
struct PlatformArguments {
    /// Serve the platform's APIs too, at this address; without one at a free port.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:0")]
    platform: Option<SocketAddr>,
    /// The tenant id, without the leading underscore.
    #[arg(long, default_value = "acme", requires = "platform")]
    platform_tenant: String,
    /// What goes wrong, for example `POST close-after@2,/data/foundation/catalog:html502@1`.
    #[arg(long, default_value = "", requires = "platform")]
    platform_faults: platform::Faults,
    /// A standard definition, or with `#a/b` one of its fields, that the tenant's library lacks.
    #[arg(long, value_name = "ID[#FIELD]", requires = "platform")]
    platform_lacks: Vec<String>,
    /// A file to which each request is appended as a line of JSON, without secrets.
    #[arg(long, value_name = "FILE", requires = "platform")]
    platform_log: Option<PathBuf>,
    /// A directory of its own for uploaded files above 1 MiB; without one all stay in memory.
    #[arg(long, value_name = "DIRECTORY", requires = "platform")]
    platform_files: Option<PathBuf>,
    /// How many times as fast as here time passes there: batches go on, flows run, inlets open. Without it, time
    /// stands still but for what is written.
    #[arg(long, value_name = "N", requires = "platform", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    platform_pace: Option<u32>,
    /// What `expires_in` says, in seconds.
    #[arg(long, default_value_t = 86_399, requires = "platform")]
    token_lifetime: u64,
    /// How many requests a token is good for.
    #[arg(long, requires = "platform")]
    token_requests: Option<u64>,
}

impl PlatformArguments {
    fn options(self, listen: SocketAddr, seed: u64) -> platform::Options {
        let lacking = |standard: Standard, part: &String| match part.split_once('#') {
            Some((id, field)) => standard.without_field(id, field),
            None => standard.without(part),
        };
        platform::Options {
            listen,
            seed,
            organizations: vec![Organization { tenant: self.platform_tenant, ..Organization::default() }],
            token_lifetime: self.token_lifetime,
            token_requests: self.token_requests,
            standard: self.platform_lacks.iter().fold(Standard::adobe(), lacking),
            faults: self.platform_faults,
            files: self.platform_files,
            log: self.platform_log,
            ..platform::Options::default()
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeName {
    Live,
    Test,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ClockName {
    Fixed,
    Real,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ResourceName {
    Charges,
    Customers,
}

/// A whole number and `ms`, `s`, `m`, `h` or `d`.
fn span(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    let parsed = number.parse::<u64>().ok().zip(millis).and_then(|(number, unit)| number.checked_mul(unit));
    parsed.map(Duration::from_millis).ok_or_else(|| "write a whole number and ms, s, m, h or d".to_owned())
}

impl Arguments {
    fn mode(&self) -> Mode {
        match self.mode {
            ModeName::Live => Mode::Live,
            ModeName::Test => Mode::Test,
        }
    }

    fn connected(&self) -> Vec<Account> {
        let size = Size { now: self.now, mode: self.mode(), ..Size::total(300) };
        (1..=u64::from(self.connected))
            .map(|number| Account::seeded(self.seed.wrapping_add(number), size))
            .collect()
    }

    fn account(&self) -> Account {
        let mode = self.mode();
        let objects = self.objects.map(|objects| objects as usize);
        if let (Some(resource), Some(objects)) = (self.resource, objects) {
            let kind = match resource {
                ResourceName::Charges => EvenKind::Charges,
                ResourceName::Customers => EvenKind::Customers,
            };
            let (bytes, span, now) = (self.bytes, self.span, self.now);
            return Account::even(self.seed, &Even { kind, objects, bytes, span, now, mode });
        }
        let size = objects.map_or_else(Size::demo, Size::total);
        Account::seeded(self.seed, Size { now: self.now, mode, ..size })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let account = arguments.account();
    let given = arguments.key.is_some();
    let options = Options {
        listen: arguments.listen,
        connected: arguments.connected(),
        clock: match arguments.clock {
            ClockName::Fixed => Clock::Fixed(arguments.now),
            ClockName::Real => Clock::Machine,
        },
        lag: arguments.lag,
        churn: arguments.churn,
        mischief: arguments.event_mischief.map(Mischief::everything),
        keys: arguments.key.map(ApiKey::secret).into_iter().collect(),
        faults: arguments.faults,
        latency: arguments.latency,
        rate: if arguments.no_limits { Rate::Unlimited } else { Rate::Stripe },
        ..Options::default()
    };
    let sandbox = Sandbox::start(account, options).await?;
    let pace = arguments.platform.platform_pace;
    let platform = match arguments.platform.platform {
        Some(listen) => Some(Platform::start(arguments.platform.options(listen, arguments.seed)).await?),
        None => None,
    };
    let mut out = std::io::stdout();
    writeln!(out, "{}", sandbox.base_url())?;
    if !given {
        // The built-in key opens nothing but this process.
        writeln!(out, "{}", sandbox.key())?;
    }
    if let Some(platform) = &platform {
        let organization = platform.organization();
        writeln!(out, "platform {}", platform.base_url())?;
        writeln!(out, "organization {}", organization.id)?;
        writeln!(out, "sandboxes {}", organization.sandboxes.join(" "))?;
        writeln!(out, "client {}", organization.client.id)?;
        // Built in too.
        writeln!(out, "secret {}", organization.client.secret)?;
        writeln!(out, "scopes {}", organization.client.scopes.join(","))?;
    }
    out.flush()?;
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let mut stopped = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            stopped = &mut stopped => {
                stopped.context("cannot wait for Ctrl-C")?;
                break;
            }
            _ = seconds.tick() => {
                if let (Some(platform), Some(pace)) = (&platform, pace) {
                    platform.advance(Duration::from_secs(1) * pace);
                }
            }
        }
    }
    sandbox.shutdown().await;
    if let Some(platform) = platform {
        platform.shutdown().await;
    }
    Ok(())
}
