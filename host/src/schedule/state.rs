//! What a scheduled program is about, in a small file of the lake: `status` reads it, also when the program is
//! gone.

use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A schedule and how it goes. All times are epoch seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The schedule in words: `every 15 minutes`.
    pub schedule: String,
    /// The first slot.
    pub start: i64,
    /// The program's process.
    pub process: u32,
    /// Since when a run goes on.
    pub running_since: Option<i64>,
    /// When the next run begins; none while one goes on and when there is none.
    pub next_run: Option<i64>,
    /// The last run.
    pub last: Option<Last>,
    /// How many runs in a row failed.
    pub failures: u32,
    /// Whether the program ended in order.
    pub stopped: bool,
}

/// A run that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// When it began.
    pub began: i64,
    /// When it ended.
    pub ended: i64,
    /// How.
    pub outcome: Outcome,
    /// Its name, when it came so far.
    pub run: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All is well.
    Well,
    /// Some objects or resources failed or were kept back.
    Partly,
    /// Nothing could be done.
    Failed,
    /// It was asked to stop; the next run goes on from there.
    Stopped,
}

impl State {
    /// Where it is kept.
    fn path(lake: &Path) -> PathBuf {
        lake.join("_runs").join("schedule.json")
    }

    /// Writes it whole.
    pub fn write(&self, lake: &Path) -> std::io::Result<()> {
        let path = Self::path(lake);
        let dir = path.parent().unwrap_or(lake);
        std::fs::create_dir_all(dir)?;
        let mut file = tempfile::Builder::new().prefix(".schedule").suffix(".tmp").tempfile_in(dir)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.persist(&path)?;
        Ok(())
    }

    /// Reads it; none when no schedule was ever kept for the lake.
    pub fn read(lake: &Path) -> std::io::Result<Option<Self>> {
        match std::fs::read(Self::path(lake)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(State::read(dir.path()).unwrap(), None);
        let mut state = State {
            schedule: "every 15 minutes".to_owned(),
            start: 1_800_000_000,
            process: 7,
            running_since: None,
            next_run: Some(1_800_000_900),
            last: None,
            failures: 0,
            stopped: false,
        };
        state.write(dir.path()).unwrap();
        let error = Some("no network".to_owned());
        state.last = Some(Last { began: 1, ended: 2, outcome: Outcome::Failed, run: None, error });
        state.write(dir.path()).unwrap();
        assert_eq!(State::read(dir.path()).unwrap(), Some(state));
        assert_eq!(std::fs::read_dir(dir.path().join("_runs")).unwrap().count(), 1);
    }
}
