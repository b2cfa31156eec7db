//! The program `stripe-xdm`: understands the command line, runs one command, and turns its outcome into
//! words and an exit code (0 all well, 2 some objects or resources failed, 1 nothing could be done).

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = match cli::Cli::try_parse() {
        Ok(command) => command,
        Err(refusal) => {
            // Nothing is left to do when even this cannot be printed.
            let _unprintable = refusal.print();
            return ExitCode::from(u8::from(refusal.use_stderr()));
        }
    };
    match command.run() {
        Ok(code) => code,
        Err(error) => {
            stripe_xdm::tell!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}
