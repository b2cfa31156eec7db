//! `stripe-xdm flow`: Adobe's managed Stripe source, set up from one file.

mod apply;
mod delete;
mod given;
mod plan;
mod probe;
mod runs;
mod show;

use super::Global;
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct FlowCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print a file with everything that can stand in it
    Example,
    /// What the file asks for and Experience Platform lacks; writes nothing
    ///
    /// Exit codes: 0 nothing is to be done, 3 something is, 2 something cannot be done, 1 it could not be
    /// found out.
    Plan(plan::PlanArgs),
    /// Make what is lacking: connection, mapping sets, source and target connections, flows; change what differs
    ///
    /// What is there is looked up first, so the command can be repeated, also after it was interrupted. Exit codes:
    /// 0 all is there, 2 something cannot be done and nothing was written, 1 it ended early.
    Apply(apply::ApplyArgs),
    /// Change what is there and make nothing new; with --token hand the access token over anew
    Update(apply::UpdateArgs),
    /// The flows from Stripe in the sandbox, whoever made them
    List(show::ListArgs),
    /// How the file's flows are: there, running, paused, how the last run went
    ///
    /// Exit codes: 0 all are well, 2 something is not as it should be, 1 it could not be found out.
    Status(show::StatusArgs),
    /// What flows have done: records read, written and failed, and why
    Runs(runs::RunsArgs),
    /// Let flows rest; what is under way goes on
    Pause(show::SwitchArgs),
    /// Let flows run again
    Resume(show::SwitchArgs),
    /// Delete flows with their connections; what they have written stays in the datasets
    Delete(delete::DeleteArgs),
    /// Whether Stripe lets Adobe in
    Test(probe::TestArgs),
    /// The fields of a resource, as Adobe's source sees them
    Explore(probe::ExploreArgs),
}

pub(super) fn run(global: &Global, command: FlowCommand) -> anyhow::Result<ExitCode> {
    match command.action {
        Action::Example => {
            say!("{}", stripe_xdm::flow::example().trim_end());
            Ok(ExitCode::SUCCESS)
        }
        Action::Plan(args) => plan::run(global, &args),
        Action::Apply(args) => apply::run(global, &args),
        Action::Update(args) => apply::update(global, &args),
        Action::List(args) => show::list(global, &args),
        Action::Status(args) => show::status(global, &args),
        Action::Runs(args) => runs::run(global, &args),
        Action::Pause(args) => show::switch(global, &args, false),
        Action::Resume(args) => show::switch(global, &args, true),
        Action::Delete(args) => delete::run(global, &args),
        Action::Test(args) => probe::test(global, &args),
        Action::Explore(args) => probe::explore(global, &args),
    }
}
