//! `verify` for people: what is proven, what is not, and what differs.

use super::{count, counted, span};
use crate::sync::{Difference, Proof, Verified};

/// Most differences shown of each kind; all are in the JSON.
const DIFFERENCES: usize = 20;

/// What was proven, a line for each resource and a few for what differs. `name` is what the account is called among
/// several.
pub fn verified_text(verified: &Verified, name: Option<&str>) -> String {
    let mode = if verified.livemode { "live" } else { "test" };
    let seed = verified.seed.map(|seed| format!(", ranges chosen with seed {seed}")).unwrap_or_default();
    let name = name.filter(|name| *name != verified.account);
    let name = name.map(|name| format!("{name}: ")).unwrap_or_default();
    let mut lines = vec![format!("{name}{} ({mode}){seed}", verified.account)];
    for (resource, proof) in &verified.resources {
        lines.push(line(resource, proof));
        for (word, differences) in [("missing", &proof.missing), ("extra", &proof.extra)] {
            lines.extend(differences.iter().take(DIFFERENCES).map(|difference| named(word, difference)));
            if let Some(more) = differences.len().checked_sub(DIFFERENCES).filter(|more| *more > 0) {
                lines.push(format!("  {word}: {} more, see --json", counted(more as u64, "id")));
            }
        }
        lines.extend(proof.errors.iter().map(|error| format!("  not compared: {error}")));
    }
    lines.join("\n")
}

fn line(resource: &str, proof: &Proof) -> String {
    let all = match proof.finished.as_slice() {
        [] => return format!("{resource}: not proven"),
        [first, ..] => {
            let end = proof.finished.last().map_or(first.lt, |last| last.lt);
            let gaps = proof.finished.len() as u64 - 1;
            let gaps = if gaps > 0 { format!(" (less {})", counted(gaps, "gap")) } else { String::new() };
            format!("{}{gaps}", span(first.gte, end))
        }
    };
    let part = if proof.slices < proof.of_slices {
        format!(", {} of {} compared", count(proof.slices), counted(proof.of_slices, "slice"))
    } else {
        String::new()
    };
    let deleted = match proof.deleted {
        0 => String::new(),
        deleted => format!(", {} deleted and not listed", count(deleted)),
    };
    let ids = counted(proof.known, "id");
    if proof.proven {
        return format!("{resource} {all}: {ids}, listed again, equal{part}{deleted}");
    }
    let differ = match (proof.missing.len() as u64, proof.extra.len() as u64) {
        (0, 0) => "NOT PROVEN".to_owned(),
        (missing, extra) => format!("DIFFERENT: {} missing, {} extra", count(missing), count(extra)),
    };
    format!("{resource} {all}: {ids} known, {} listed again{part}{deleted}, {differ}", count(proof.listed))
}

fn named(word: &str, difference: &Difference) -> String {
    // Ids come from outside, and a terminal obeys control characters.
    let id: String = difference.id.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    format!("  {word} {id} (created {}): {}", super::moment(difference.created), difference.why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{Finished, Why};

    #[test]
    fn what_is_proven_is_said_and_what_differs_is_named() {
        let finished = vec![Finished { gte: Some(0), lt: 86_400 }];
        let equal = Proof {
            proven: true,
            finished: finished.clone(),
            slices: 211,
            of_slices: 211,
            known: 20_000,
            listed: 20_000,
            ..Proof::default()
        };
        let why = Why::DeletedSince;
        let extra =
            (0..25).map(|n| Difference { id: format!("cus_{n}\u{1b}"), created: n, why: why.clone() });
        let late = Difference { id: "cus_new".to_owned(), created: 7, why: Why::AppearedLate { seconds: 3 } };
        let differs = Proof {
            finished,
            slices: 2,
            of_slices: 7,
            known: 30,
            listed: 6,
            missing: vec![late],
            extra: extra.collect(),
            ..Proof::default()
        };
        let broken = Proof { errors: vec!["no permission".to_owned()], ..Proof::default() };
        let verified = Verified {
            account: "acct_1".to_owned(),
            livemode: true,
            seed: Some(9),
            resources: [("charges", equal), ("customers", differs), ("prices", broken)]
                .map(|(name, proof)| (name.to_owned(), proof))
                .into(),
        };
        assert_eq!(verified.exit_code(), 2);
        let text = verified_text(&verified, None);
        assert!(verified_text(&verified, Some("shop")).starts_with("shop: acct_1 (live)"));
        for words in [
            "acct_1 (live), ranges chosen with seed 9",
            "charges 1970-01-01..1970-01-02: 20,000 ids, listed again, equal\n",
            "customers 1970-01-01..1970-01-02: 30 ids known, 6 listed again, 2 of 7 slices compared, \
             DIFFERENT: 1 missing, 25 extra",
            "missing cus_new (created 1970-01-01T00:00:07Z): appeared in the list after",
            "extra cus_0\u{fffd} (created 1970-01-01): was deleted since",
            "extra: 5 ids more, see --json",
            "prices: not proven\n  not compared: no permission",
        ] {
            assert!(text.contains(words), "{words}\n{text}");
        }
    }
}
