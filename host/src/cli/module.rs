//! `stripe-xdm module`: which module this is, and (hidden) the compiling of one for the cache.

use super::Global;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use stripe_xdm::module::{ABI_VERSION, Compiler};

#[derive(Debug, Args)]
pub(super) struct ModuleArgs {
    /// Compile the module on standard input into this file; used by the cache
    #[arg(long, hide = true, value_name = "FILE")]
    compile: Option<PathBuf>,
}

pub(super) fn run(global: &Global, args: ModuleArgs) -> anyhow::Result<ExitCode> {
    if let Some(path) = args.compile {
        Compiler::serve(std::io::stdin().lock(), &path)?;
        return Ok(ExitCode::SUCCESS);
    }
    let module = global.load_module()?;
    let description = module.description();
    if global.json {
        let text = serde_json::json!({
            "sha256": module.sha256(),
            "size": module.size(),
            "abi_version": ABI_VERSION,
            "version": description.version,
            "datasets": description.datasets,
        });
        say!("{text}");
        return Ok(ExitCode::SUCCESS);
    }
    say!("sha256       {}", module.sha256());
    say!("size         {} bytes", module.size());
    say!("ABI version  {ABI_VERSION}");
    say!("version      {}", description.version);
    for dataset in &description.datasets {
        say!("dataset      {} ({}, {})", dataset.name, dataset.resource, dataset.variant);
    }
    Ok(ExitCode::SUCCESS)
}
