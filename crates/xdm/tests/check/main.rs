//! The checker: what is refused, what is warned of, and what is said about it.

mod any_text;
mod fields;
mod identities;
mod rules;

use dataprep::date::Moment;
use xdm::check::{Checker, CheckerError, Level, Levels, Violation};
use xdm::{Behavior, Library};

/// Fields of every kind, as a class of events.
const LIBRARY: &str = include_str!("library.json");

/// A record with all that the library requires.
pub(crate) const GOOD: &str = r#"{"_id":"a1","timestamp":"2026-01-31T12:00:00Z","eventType":"x"}"#;

/// A checker of events, with some levels changed.
pub(crate) fn events(levels: &[(&str, Level)]) -> Result<Checker, CheckerError> {
    checker(Behavior::TimeSeries, levels)
}

/// A checker of records with the same fields.
pub(crate) fn records(levels: &[(&str, Level)]) -> Result<Checker, CheckerError> {
    checker(Behavior::Record, levels)
}

fn checker(behavior: Behavior, levels: &[(&str, Level)]) -> Result<Checker, CheckerError> {
    let mut library: Library = serde_json::from_str(LIBRARY).unwrap();
    library.schemas[0].behavior = behavior;
    let levels: Levels = levels.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect();
    Checker::new(&library, &library.schemas[0], &levels)
}

/// What is refused and what is warned of, at noon of 2026-02-01.
pub(crate) fn check(checker: &mut Checker, record: &str) -> (Vec<Violation>, Vec<Violation>) {
    let (mut refused, mut warned) = (Vec::new(), Vec::new());
    let now = Moment::from_rfc3339("2026-02-01T12:00:00Z");
    checker.check(record, now, &mut refused, &mut warned);
    for violation in refused.iter().chain(&warned) {
        assert!(!violation.kind.is_empty() && violation.message.len() > 10, "{violation:?}");
    }
    (refused, warned)
}

/// Pointers, rules and kinds of violations.
pub(crate) fn told(violations: &[Violation]) -> Vec<(&str, &str, &str)> {
    violations.iter().map(|v| (v.pointer.as_str(), v.rule.as_str(), v.kind.as_str())).collect()
}

/// A good event with one more member.
pub(crate) fn with(member: &str) -> String {
    format!("{},{member}}}", GOOD.strip_suffix('}').unwrap())
}

/// Asserts the one violation of an event with one more member.
#[track_caller]
pub(crate) fn refused(member: &str, expected: (&str, &str, &str)) {
    let record = with(member);
    let (refused, warned) = check(&mut events(&[]).unwrap(), &record);
    assert_eq!((told(&refused), told(&warned)), (vec![expected], vec![]), "{member}");
}

/// Asserts that an event with one more member is valid.
#[track_caller]
pub(crate) fn accepted(member: &str) {
    let (refused, warned) = check(&mut events(&[]).unwrap(), &with(member));
    assert_eq!((told(&refused), told(&warned)), (vec![], vec![]), "{member}");
}
