//! `--log FILTER`: how much is logged, in all or by part of the program.

use tracing_subscriber::filter::{LevelFilter, Targets};

/// The parts of the program that log.
const PARTS: [&str; 6] = ["module", "observe", "platform", "schedule", "stripe", "sync"];
const CRATE: &str = "stripe_xdm";

/// What is logged. Only what this program says itself: libraries log what they send, and that holds keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Targets);

impl Filter {
    /// Takes a level, or levels by part: `info`, `warn,stripe=debug`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut targets = Targets::new();
        for item in text.split(',').map(str::trim) {
            let (part, level) = match item.split_once('=') {
                Some((part, level)) => (Some(part.trim()), level.trim()),
                None => (None, item),
            };
            let level: LevelFilter = match level.to_ascii_lowercase().as_str() {
                "off" => LevelFilter::OFF,
                "error" => LevelFilter::ERROR,
                "warn" => LevelFilter::WARN,
                "info" => LevelFilter::INFO,
                "debug" => LevelFilter::DEBUG,
                "trace" => LevelFilter::TRACE,
                _ => {
                    return Err(format!(
                        "{level:?} is no level: expected off, error, warn, info, debug or trace"
                    ));
                }
            };
            let target = match part {
                None => CRATE.to_owned(),
                Some(part) => {
                    let part = part.strip_prefix("stripe_xdm::").unwrap_or(part);
                    let first = part.split("::").next().unwrap_or_default();
                    if !PARTS.contains(&first) {
                        return Err(format!("no part {first:?} logs: known are {}", PARTS.join(", ")));
                    }
                    format!("{CRATE}::{part}")
                }
            };
            targets = targets.with_target(target, level);
        }
        Ok(Self(targets))
    }

    pub(super) fn targets(&self) -> Targets {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn levels_are_taken_in_all_and_by_part() {
        let filter = Filter::parse("warn,stripe=debug").unwrap().targets();
        assert!(filter.would_enable("stripe_xdm::stripe::client", &Level::DEBUG));
        assert!(filter.would_enable("stripe_xdm::sync", &Level::WARN));
        assert!(!filter.would_enable("stripe_xdm::sync", &Level::INFO));
    }

    #[test]
    fn libraries_are_never_heard() {
        let filter = Filter::parse("trace").unwrap().targets();
        assert!(!filter.would_enable("hyper::proto", &Level::ERROR));
        assert!(!filter.would_enable("h2", &Level::TRACE));
        assert!(Filter::parse("hyper=trace").is_err());
        assert!(Filter::parse("loud").is_err());
        assert!(Filter::parse("").is_err());
    }
}
