//! What someone who mistyped a name most likely meant.

/// The known name that is most like `name`, when one is like it at all.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |known: &str| strsim::jaro_winkler(&name.to_ascii_lowercase().replace('-', "_"), known);
    let best = known.into_iter().map(|known| (likeness(known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness > 0.8).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_seen_and_another_word_is_not() {
        assert_eq!(nearest("rate-limit", ["rate_limit", "resources"]), Some("rate_limit"));
        assert_eq!(nearest("resurces", ["rate_limit", "resources"]), Some("resources"));
        assert_eq!(nearest("zzz", ["rate_limit", "resources"]), None);
    }
}
