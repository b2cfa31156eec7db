//! `stripe-xdm mapping preview`: what a set makes of samples.

use super::question::{About, AboutArgs, ask};
use super::validate::TransformError;
use crate::cli::Global;
use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::IsTerminal;
use std::process::ExitCode;
use stripe_xdm::report::pretty;

#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// A file with a mapping set in any of Adobe's forms or a model, - for standard input; or a resource
    set: String,
    /// The records: JSON lines, an array, a list page; - for standard input
    #[arg(long, value_name = "FILE")]
    sample: String,
    #[command(flatten)]
    about: AboutArgs,
}

#[derive(Deserialize)]
struct Preview<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
    errors: Option<Vec<TransformError>>,
    #[serde(default)]
    warnings: Vec<TransformError>,
}

pub(super) fn run(global: &Global, args: PreviewArgs) -> anyhow::Result<ExitCode> {
    let module = global.load_module()?;
    let question = About::new(&module, "preview", &args.set, Some(&args.sample), &args.about)?;
    ask(global, &module, &question, |answer| {
        let previews: Vec<Preview<'_>> = serde_json::from_str(answer)?;
        if global.json {
            say!("{answer}");
        } else {
            let laid_out = std::io::stdout().is_terminal();
            for (number, preview) in (1..).zip(&previews) {
                let record = preview.data.get();
                say!("{}", if laid_out { pretty(record) } else { record.to_owned() });
                for error in preview.errors.iter().flatten() {
                    stripe_xdm::tell!("{}", error.words(&format!("FAILED sample {number}")).trim_end());
                }
                for warning in preview.warnings.iter().filter(|_| !global.quiet) {
                    stripe_xdm::tell!("{}", warning.words(&format!("warning: sample {number}")).trim_end());
                }
            }
        }
        Ok(ExitCode::from(if previews.iter().any(|preview| preview.errors.is_some()) { 2 } else { 0 }))
    })
}
