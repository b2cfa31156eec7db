//! What a User-Agent header tells of the software and the device that sent it.
//!
//! A parser of our own, driven by tables. Of the Rust crates, those on uap-core carry a large set of regular
//! expressions that take a fifth of a second to prepare (woothee's benchmark), longer than the whole module may
//! take to start; and woothee, the compact one, has had no release since 2021, needs a regex engine and knows
//! no device classes. Names and values follow Yauaa's: its device classes are the ones that Adobe documents,
//! so it is the evident engine. `docs/user_agent.md` says how far the results agree with what is documented.
//!
//! Nothing is guessed: what the text does not say is [`UNKNOWN`] or, of versions, [`NO_VERSION`].

use std::borrow::Cow;

mod agent;
mod device;
mod os;
mod robot;

/// A name or class that the text does not tell.
const UNKNOWN: &str = "Unknown";

/// A version that the text does not tell.
const NO_VERSION: &str = "??";

/// The longest header that is read, in bytes; common servers refuse longer ones.
pub(crate) const MAX_LENGTH: usize = 8192;

/// Software, by name and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Software<'t> {
    /// The name; `Unknown` when the text does not tell.
    pub(crate) name: &'t str,
    /// The version; `??` when the text does not tell, with `>=` before it when the text only tells the least.
    pub(crate) version: Cow<'t, str>,
    /// What stands before the version; the name, but for Windows.
    family: &'t str,
    /// Numbers that make the major version: one, but for Mac OS 10.
    major_parts: usize,
}

impl<'t> Software<'t> {
    fn new(name: &'t str, version: &'t str) -> Self {
        let version = Cow::Borrowed(if version.is_empty() { NO_VERSION } else { version });
        Self { name, version, family: name, major_parts: 1 }
    }

    fn unknown() -> Self {
        Self::new(UNKNOWN, "")
    }

    /// `iOS 5.1.1`
    pub(crate) fn name_version(&self) -> String {
        format!("{} {}", self.family, self.version)
    }

    /// `iOS 5`
    pub(crate) fn name_major(&self) -> String {
        let mut dots = self.version.match_indices('.').map(|(at, _)| at);
        let end = dots.nth(self.major_parts - 1).unwrap_or(self.version.len());
        format!("{} {}", self.family, self.version.get(..end).unwrap_or(&self.version))
    }
}

/// The operating system.
pub(crate) fn os(text: &str) -> Software<'_> {
    if robot::is_attack(text) { Software::unknown() } else { os::find(text) }
}

/// The browser, app or robot.
pub(crate) fn agent(text: &str) -> Software<'_> {
    if robot::is_attack(text) {
        return Software::unknown();
    }
    robot::find(text).unwrap_or_else(|| agent::find(text))
}

/// The class of the device, one of those that Adobe documents.
pub(crate) fn device_class(text: &str) -> &'static str {
    let mobile = text.contains("Mobile") && (text.contains("Android") || text.contains("iPhone"));
    match robot::find(text) {
        _ if robot::is_attack(text) => "Hacker",
        Some(_) if mobile => "Robot Mobile",
        Some(_) => "Robot",
        None => device::find(text),
    }
}

/// Where `word` stands in the text as a word of its own, that is not after a letter or digit; what follows it.
fn after<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    text.match_indices(word).find_map(|(at, _)| {
        let before = text.get(..at)?.chars().next_back();
        let inside = before.is_some_and(|c| c.is_ascii_alphanumeric());
        if inside { None } else { text.get(at + word.len()..) }
    })
}

/// The version at the start of a text: numbers and what may stand among them.
fn version(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-')));
    text.get(..end.unwrap_or(text.len())).unwrap_or(text).trim_end_matches(['.', '_', '-', '+'])
}

/// The version of a product, written `name/version`; empty when the name has none.
fn product<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let rest = after(text, name)?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(version(rest)),
        None => rest.chars().next().is_none_or(|c| !c.is_ascii_alphanumeric()).then_some(""),
    }
}

/// The number at the start of a version.
fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}
