//! The program `stripe-xdm`: understands the command line, runs one command, and turns its outcome into
//! words and an exit code (0 all well, 2 some objects or resources failed, 1 nothing could be done).

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    let line: Vec<_> = std::env::args_os().collect();
    let command = match cli::parse(&line) {
        Ok(command) => command,
        Err(cli::Refused::Line(refusal)) => {
            // Nothing is left to do when even this cannot be printed.
            let _unprintable = refusal.print();
            return ExitCode::from(u8::from(refusal.use_stderr()));
        }
        Err(cli::Refused::File(problems)) => {
            for problem in problems {
                stripe_xdm::tell!("error: {problem}");
            }
            return ExitCode::from(1);
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
