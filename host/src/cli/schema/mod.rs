//! `stripe-xdm schema`: what records look like, and the Schema Registry that must know it.

mod apply;
mod desired;
pub(super) mod picture;
mod plan;
mod show;
mod twins;

pub(super) use apply::carry_out;
pub(super) use desired::{Desired, Sought};

use super::Global;
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct SchemaCommand {
    #[command(subcommand)]
    question: Question,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// What the records of a resource look like; without a resource the list of schemas
    Show(show::ShowArgs),
    /// What Experience Platform lacks for the records; writes nothing
    ///
    /// Exit codes: 0 nothing is to be done, 3 something is, 2 something cannot be done, 1 it could not be
    /// found out.
    Plan(plan::PlanArgs),
    /// Make what Experience Platform lacks: namespaces, schemas and their parts, descriptors, labels, datasets
    ///
    /// What is there is looked up first and only ever added to, so the command can be repeated, also after it
    /// was interrupted. Exit codes: 0 all is there, 2 something cannot be done and nothing was written, 1 it
    /// ended early.
    Apply(apply::ApplyArgs),
}

pub(super) fn run(global: &Global, command: SchemaCommand) -> anyhow::Result<ExitCode> {
    match command.question {
        Question::Show(args) => show::run(global, &args),
        Question::Plan(args) => plan::run(global, &args),
        Question::Apply(args) => apply::run(global, &args),
    }
}
