//! Runs the sandbox by itself, for trying clients against it by hand.

use std::io::Write;
use std::net::SocketAddr;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use stripe_xdm_sandbox::{Account, ApiKey, Faults, Mode, Options, Rate, Sandbox, Size};

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
    /// The newest moment of the account, Unix seconds.
    #[arg(long, default_value_t = Size::NOW)]
    now: i64,
    #[arg(long, value_enum, default_value = "live")]
    mode: ModeName,
    /// What goes wrong, for example `500@3,429:global-rate@5,charges:drop@2`.
    #[arg(long, default_value = "")]
    faults: Faults,
    /// Let every request through.
    #[arg(long)]
    no_limits: bool,
    /// The key to accept instead of the built-in one.
    #[arg(long, env = "STRIPE_SANDBOX_KEY", hide_env_values = true)]
    key: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeName {
    Live,
    Test,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let size = arguments.objects.map_or_else(Size::demo, |objects| Size::total(objects as usize));
    let mode = match arguments.mode {
        ModeName::Live => Mode::Live,
        ModeName::Test => Mode::Test,
    };
    let account = Account::seeded(arguments.seed, Size { now: arguments.now, mode, ..size });
    let given = arguments.key.is_some();
    let options = Options {
        listen: arguments.listen,
        keys: arguments.key.map(ApiKey::secret).into_iter().collect(),
        faults: arguments.faults,
        rate: if arguments.no_limits { Rate::Unlimited } else { Rate::Stripe },
        ..Options::default()
    };
    let sandbox = Sandbox::start(account, options).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", sandbox.base_url())?;
    if !given {
        // The built-in key opens nothing but this process.
        writeln!(out, "{}", sandbox.key())?;
    }
    out.flush()?;
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")?;
    sandbox.shutdown().await;
    Ok(())
}
