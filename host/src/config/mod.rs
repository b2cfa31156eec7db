//! `stripe-xdm.toml`: the file that holds what would otherwise be said by options each time. What may stand in
//! it is one table (`keys.rs`); reading it (`read.rs`) gives each key's words as its option would have them, with
//! the place where they were found, or everything that is wrong with the file at once.
//!
//! Secrets never stand in the file: it says where they are (`secret.rs`).

mod account;
mod keys;
mod nearest;
mod read;
mod secret;
mod target;

pub use account::{AccountEntry, Connected, is_account};
pub use keys::{KEYS, Key, Kind, SECTIONS, Scope, Section};
pub use nearest::nearest;
pub use secret::{SecretRef, SecretRefError};
pub use target::{is_target, mapping_file};

use std::path::PathBuf;

/// The file that is read when none is named, in the directory that the program is started in.
pub const FILE: &str = "stripe-xdm.toml";

/// A settings file that was read.
#[derive(Debug, Clone, Default)]
pub struct ConfigFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it sets, in its order.
    pub settings: Vec<Setting>,
    /// Its `[[account]]` tables.
    pub accounts: Vec<AccountEntry>,
}

/// A key and what is said of it.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its row in the table of keys.
    pub key: &'static Key,
    /// The option that it stands for, without the dashes.
    pub flag: &'static str,
    /// What would follow the option, once for each time it would be given.
    pub values: Vec<String>,
    /// Where its value is in the file; none of what an environment variable says.
    pub place: Option<Place>,
}

/// A place in the file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

/// What says something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The settings file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// What all of them say together.
    Together,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Together => f.write_str("settings"),
        }
    }
}

/// Something that is wrong with the settings. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}{}: {message}", place.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default())]
pub struct Problem {
    /// What says it.
    pub origin: Origin,
    /// Where in the file.
    pub place: Option<Place>,
    /// The key whose value it is.
    pub key: Option<&'static Key>,
    /// What is wrong and how to mend it.
    pub message: String,
}
