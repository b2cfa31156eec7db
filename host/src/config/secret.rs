//! Where a secret is. The secret itself is read only when it is needed, and never shown.

use std::path::PathBuf;

/// A reference to a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// In an environment variable.
    Env(String),
    /// In a file, alone.
    File(PathBuf),
}

/// Why a secret cannot be had. Never holds the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretRefError {
    /// The variable is not there.
    #[error("the environment variable {0} is not set")]
    NotSet(String),
    /// The variable holds something that is no text.
    #[error("the environment variable {0} is not UTF-8")]
    NotText(String),
    /// The file cannot be read.
    #[error("cannot read {path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// The system's error.
        cause: std::io::Error,
    },
    /// There is nothing there.
    #[error("{0} is empty")]
    Empty(String),
}

impl SecretRef {
    /// The secret, without the white space around it.
    pub fn read(&self) -> Result<String, SecretRefError> {
        let (text, place) = match self {
            Self::Env(name) => match std::env::var(name) {
                Ok(text) => (text, format!("the environment variable {name}")),
                Err(std::env::VarError::NotPresent) => return Err(SecretRefError::NotSet(name.clone())),
                // Its own message would show the value.
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(SecretRefError::NotText(name.clone()));
                }
            },
            Self::File(path) => {
                let read = std::fs::read_to_string(path);
                let path = path.display().to_string();
                (read.map_err(|cause| SecretRefError::File { path: path.clone(), cause })?, path)
            }
        };
        // Editors on Windows put a byte order mark in front.
        match text.strip_prefix('\u{feff}').unwrap_or(&text).trim() {
            "" => Err(SecretRefError::Empty(place)),
            secret => Ok(secret.to_owned()),
        }
    }

    /// What is said of it instead of the secret.
    pub fn shown(&self) -> String {
        let state = if self.read().is_ok() { "set" } else { "NOT SET" };
        format!("{state} ({self})")
    }
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
        }
    }
}
