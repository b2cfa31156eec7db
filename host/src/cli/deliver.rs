//! `stripe-xdm deliver`: what a lake holds goes to Experience Platform; Stripe is not asked.

use super::Global;
use super::delivery::{ALONE, DeliveryArgs};
use super::signals::stop_on_signals;
use super::status::has_ledger;
use super::sync::runtime;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use stripe_xdm::report::delivery_text;

#[derive(Debug, Args)]
pub(super) struct DeliverArgs {
    /// The lake's directory
    #[arg(long, value_name = "DIR")]
    lake: PathBuf,
    /// Send these batches once more, by Platform's ids: the rows take the place of theirs, and what was refused may
    /// be taken now that schema or dataset is another
    #[arg(long, value_name = "BATCHES", value_delimiter = ',')]
    replay: Vec<String>,
    #[command(flatten)]
    delivery: DeliveryArgs,
}

pub(super) fn run(global: &Global, args: &DeliverArgs) -> anyhow::Result<ExitCode> {
    has_ledger(&args.lake)?;
    let route = args.delivery.replaying(ALONE, &args.replay)?;
    runtime()?.block_on(async {
        let delivery = route.deliver(global, &args.lake, &stop_on_signals()).await?;
        if global.json {
            say!("{}", serde_json::to_string(&delivery)?);
        } else if !global.quiet {
            say!("{}", delivery_text(&delivery));
        }
        if let Some(error) = delivery.error.as_ref().filter(|_| global.quiet) {
            stripe_xdm::tell!("error: {error}");
        }
        Ok(ExitCode::from(delivery.exit_code()))
    })
}
