//! What a run proves and what it does not, in words.

use super::{counted, span};
use crate::sync::UnitProof;
use std::collections::BTreeSet;

/// Most open ranges that are named.
const OPEN: usize = 3;

/// A line for what is proven, and one for what is not.
pub(super) fn proof_lines(units: &[UnitProof]) -> Vec<String> {
    let (mut ids, mut ranges, mut proven) = (0, 0, BTreeSet::new());
    let mut open: Vec<String> = Vec::new();
    for unit in units {
        if unit.complete {
            (ids, ranges) = (ids + unit.objects, ranges + unit.ranges);
            proven.insert(&unit.resource);
        } else {
            let pass = if unit.pass == "all" { String::new() } else { format!(" ({})", unit.pass) };
            open.push(format!("{}{pass} {}", unit.resource, span(unit.gte, unit.lt)));
        }
    }
    let mut lines = Vec::new();
    if !proven.is_empty() {
        lines.push(format!(
            "proven: {} of {} in {}; counts and hashes recorded, `verify` compares them",
            counted(ids, "id"),
            counted(proven.len() as u64, "resource"),
            counted(ranges, "range")
        ));
    }
    if !open.is_empty() {
        let more = open.len().saturating_sub(OPEN);
        open.truncate(OPEN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!(
            "not proven: {}{more}, left before the end; the next run goes on",
            open.join(", ")
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_is_said_as_loudly_as_what_was_done() {
        let unit = |resource: &str, pass: &str, complete, lt| UnitProof {
            resource: resource.to_owned(),
            pass: pass.to_owned(),
            gte: None,
            lt,
            complete,
            ranges: 2,
            pages: 3,
            objects: 1_100,
            records: 4,
            id_hash: String::new(),
        };
        assert_eq!(proof_lines(&[]), Vec::<String>::new());
        let both = [unit("prices", "active", true, 9), unit("prices", "inactive", true, 9)];
        assert_eq!(
            proof_lines(&both),
            [
                "proven: 2,200 ids of 1 resource in 4 ranges; counts and hashes recorded, `verify` compares them"
            ]
        );
        let pass = proof_lines(&[unit("prices", "inactive", false, 0)]);
        assert!(pass[0].starts_with("not proven: prices (inactive) ..1970-01-01, left"), "{pass:?}");
        let open: Vec<_> = (0..5).map(|n| unit("charges", "all", false, n * 86_400)).collect();
        assert_eq!(
            proof_lines(&open),
            ["not proven: charges ..1970-01-01, charges ..1970-01-02, charges ..1970-01-03 \
              and 2 more, left before the end; the next run goes on"]
        );
    }
}
