//! `stripe-xdm mapping`: questions about mapping sets and about the language that they are written in.
//! The module answers; here the question is put together and the answer shown.

mod diff;
mod exchange;
mod explain;
mod functions;
mod preview;
mod question;
mod validate;

use super::Global;
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct MappingCommand {
    #[command(subcommand)]
    question: Question,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// Check a mapping set: every problem of every mapping, with the place
    Validate(validate::ValidateArgs),
    /// Run a mapping set over samples
    Preview(preview::PreviewArgs),
    /// Where every output comes from and, with a sample, where every input goes
    Explain(explain::ExplainArgs),
    /// The functions of the language, or one of them
    Functions(functions::FunctionsArgs),
    /// The operators of the language
    Operators,
    /// A resource's model as a mapping set that Adobe accepts, and what became of each mapping
    Export(exchange::ExportArgs),
    /// Take a mapping set of Adobe's out of its wrapping, into the current form
    Import(exchange::ImportArgs),
    /// What differs between two mapping sets
    Diff(diff::DiffArgs),
}

pub(super) fn run(global: &Global, command: MappingCommand) -> anyhow::Result<ExitCode> {
    match command.question {
        Question::Validate(args) => validate::run(global, args),
        Question::Preview(args) => preview::run(global, args),
        Question::Explain(args) => explain::run(global, args),
        Question::Functions(args) => functions::run(global, &args),
        Question::Operators => functions::operators(global),
        Question::Export(args) => exchange::export(global, args),
        Question::Import(args) => exchange::import(global, &args),
        Question::Diff(args) => diff::run(global, args),
    }
}
