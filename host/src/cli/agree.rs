//! Asking a person before something is done that is not to be done by the way.

use super::Global;
use anyhow::{Context, bail};
use std::io::{BufRead, IsTerminal, Write};

/// A question that somebody is there to answer, or that is answered already.
#[derive(Debug)]
pub(super) struct Question {
    yes: bool,
    silent: bool,
}

impl Question {
    /// Made before the work begins, so that none is done in vain where nobody can be asked; `instead` says what to do
    /// there.
    pub(super) fn new(global: &Global, yes: bool, instead: &str) -> anyhow::Result<Self> {
        // With --json nothing is shown that could be agreed to.
        let asks = std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && !global.json;
        if !yes && !asks {
            bail!("nobody can be asked here, and nothing was done: {instead}");
        }
        Ok(Self { yes, silent: global.quiet || global.json })
    }

    /// Says what cannot be undone, and asks; whoever gave --yes has agreed.
    pub(super) fn agreed(&self, question: &str, cannot_be_undone: &[String]) -> anyhow::Result<bool> {
        if !self.silent || !self.yes {
            for what in cannot_be_undone {
                stripe_xdm::tell!("warning: cannot be undone: {what}");
            }
        }
        if self.yes {
            return Ok(true);
        }
        let mut stderr = std::io::stderr().lock();
        write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()).context("cannot ask")?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}
