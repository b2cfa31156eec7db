//! Files of a batch: put at once when small, in parts when large.

use serde_json::json;

use super::{
    bad_request,
    content::{Content, Piece},
};
use crate::platform::answer::Answer;

/// What the gateway lets through in one PUT.
pub(in crate::platform) const MAX_SMALL: u64 = 256 << 20;

/// Longest part of a large file.
pub(in crate::platform) const MAX_PART: u64 = 512_000_000;

/// A file, whole or on its way.
#[derive(Debug, Clone)]
pub(super) enum Upload {
    Whole(Content),
    /// Parts by their first byte, and what the whole was said to have.
    Parts {
        parts: Vec<(u64, Piece)>,
        total: Option<u64>,
    },
}

/// First and last byte of a part, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: u64,
    last: u64,
    total: Option<u64>,
}

impl Upload {
    pub(super) fn started() -> Self {
        Self::Parts { parts: Vec::new(), total: None }
    }

    pub(super) fn whole(&self) -> Option<&Content> {
        match self {
            Self::Whole(content) => Some(content),
            Self::Parts { .. } => None,
        }
    }

    /// Takes a part. Whether parts leave gaps or overlap shows only when the file is completed.
    pub(super) fn add(&mut self, name: &str, range: Option<&str>, piece: Piece) -> Result<Answer, Answer> {
        let Self::Parts { parts, total } = self else {
            return Err(bad_request(format!("The file {name} is complete: INITIALIZE it to send it anew")));
        };
        let range = range.and_then(parse).ok_or_else(|| {
            bad_request("Content-Range must be given as bytes first-last/total, for example bytes 0-99/200")
        })?;
        if range.last - range.first + 1 != piece.length() {
            return Err(bad_request(format!(
                "Content-Range says {} bytes, but the body has {}",
                range.last - range.first + 1,
                piece.length()
            )));
        }
        if let (Some(known), Some(said)) = (*total, range.total)
            && known != said
        {
            return Err(bad_request(format!("The file {name} was said to have {known} bytes, not {said}")));
        }
        *total = total.or(range.total);
        parts.push((range.first, piece));
        Ok(Answer::ok(
            &json!({"name": name, "sizeInBytes": parts.iter().map(|(_, part)| part.length()).sum::<u64>()}),
        ))
    }

    /// Puts the parts together.
    pub(super) fn complete(&mut self, name: &str) -> Result<Answer, Answer> {
        if let Self::Parts { parts, total } = self {
            parts.sort_by_key(|(first, _)| *first);
            let mut end = 0;
            for (first, part) in &*parts {
                if *first != end {
                    let what = if *first < end { "overlap" } else { "are missing" };
                    return Err(bad_request(format!(
                        "Parts of the file {name} {what} at byte {}",
                        end.min(*first)
                    )));
                }
                end += part.length();
            }
            if total.is_some_and(|total| total != end) {
                return Err(bad_request(format!("Parts of the file {name} are missing at byte {end}")));
            }
            let pieces = std::mem::take(parts).into_iter().map(|(_, piece)| piece).collect();
            *self = Self::Whole(Content::of(pieces));
        }
        let size = self.whole().map_or(0, Content::length);
        Ok(Answer::ok(&json!({"name": name, "sizeInBytes": size})))
    }

    /// The ranges that have come, as a `Range` header writes them; none, when nothing has.
    pub(super) fn ranges(&self) -> Option<String> {
        let mut covered: Vec<(u64, u64)> = match self {
            Self::Whole(content) => vec![(0, content.length())],
            Self::Parts { parts, .. } => {
                parts.iter().map(|(first, part)| (*first, first + part.length())).collect()
            }
        };
        covered.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::new();
        for (first, end) in covered.into_iter().filter(|(first, end)| first < end) {
            match joined.last_mut() {
                Some((_, known)) if *known >= first => *known = end.max(*known),
                _ => joined.push((first, end)),
            }
        }
        let written: Vec<String> = joined.iter().map(|(first, end)| format!("{first}-{}", end - 1)).collect();
        (!written.is_empty()).then(|| format!("bytes={}", written.join(",")))
    }
}

/// `bytes 0-99/200`; the total may be absent or a star.
fn parse(text: &str) -> Option<Range> {
    let rest = text.trim().strip_prefix("bytes")?.trim_start_matches([' ', '=']);
    let (span, total) = match rest.split_once('/') {
        Some((span, "*")) => (span, None),
        Some((span, total)) => (span, Some(total.trim().parse().ok()?)),
        None => (rest, None),
    };
    let (first, last) = span.split_once('-')?;
    let range = Range { first: first.trim().parse().ok()?, last: last.trim().parse().ok()?, total };
    let inside = range.total.is_none_or(|total| range.last < total);
    // One more than the last byte must be a number too.
    (range.first <= range.last && range.last < u64::MAX && inside).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::{Piece, Range, Upload, parse};

    #[test]
    fn ranges_are_read_with_and_without_a_total() {
        let range = |first, last, total| Some(Range { first, last, total });
        assert_eq!(parse("bytes 0-99/200"), range(0, 99, Some(200)));
        assert_eq!(parse("bytes 100-199/*"), range(100, 199, None));
        assert_eq!(parse("bytes=5-5"), range(5, 5, None));
        for wrong in ["", "bytes", "bytes 5-4/10", "bytes 0-10/10", "0-5/6", "bytes 0-18446744073709551615"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_came_is_told_as_joined_ranges() {
        let mut upload = Upload::started();
        assert_eq!(upload.ranges(), None);
        for range in ["bytes 4-5/8", "bytes 0-1/8", "bytes 2-3/8"] {
            assert!(upload.add("a", Some(range), Piece::Memory("ab".into())).is_ok());
        }
        assert_eq!(upload.ranges().as_deref(), Some("bytes=0-5"));
        assert!(upload.complete("a").is_err());
        assert!(upload.add("a", Some("bytes 6-7/8"), Piece::Memory("ab".into())).is_ok());
        assert!(upload.complete("a").is_ok());
        assert_eq!(upload.ranges().as_deref(), Some("bytes=0-7"));
    }
}
