//! What a schema may ask of text: length, pattern, format, a list of values.

use super::formats::Format;
use crate::field::Text;
use dataprep::functions::Budget;
use dataprep::regex::Pattern;

/// The constraints of one field, made ready.
#[derive(Debug)]
pub(super) struct TextRules {
    /// In characters.
    pub(super) minimum: u32,
    pub(super) maximum: u32,
    pub(super) pattern: Option<Matcher>,
    pub(super) format: Option<Format>,
    pub(super) allowed: Vec<String>,
}

/// A pattern, and how it is matched.
#[derive(Debug)]
pub(super) struct Matcher {
    /// As the schema writes it.
    pub(super) written: String,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// `^[class]{least,most}$`: most patterns of XDM are like this.
    Run(Run),
    /// Any other.
    Engine(Box<Pattern>),
}

/// So many characters of a class.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    /// A bit for each ASCII character.
    class: [u64; 2],
    least: usize,
    most: usize,
}

impl TextRules {
    /// The constraints of a field; none when anything is allowed. `no_empty`: that empty text is not, another
    /// rule says.
    pub(super) fn new(text: &Text, no_empty: bool) -> Result<Option<Self>, String> {
        let rules = Self {
            minimum: text.min_length.unwrap_or(0),
            maximum: text.max_length.unwrap_or(u32::MAX),
            pattern: text.pattern.as_deref().map(Matcher::new).transpose()?,
            format: text.format.as_deref().map(Format::named).transpose()?,
            allowed: text.allowed.clone(),
        };
        let is_free = rules.minimum <= u32::from(no_empty)
            && rules.maximum == u32::MAX
            && rules.pattern.is_none()
            && rules.format.is_none()
            && rules.allowed.is_empty();
        Ok((!is_free).then_some(rules))
    }
}

impl Matcher {
    fn new(pattern: &str) -> Result<Self, String> {
        let way = match Run::of(pattern) {
            Some(run) => Way::Run(run),
            None => Way::Engine(Box::new(Pattern::compile(pattern)?)),
        };
        Ok(Self { written: pattern.to_owned(), way })
    }

    /// Whether the pattern matches somewhere in the text; a pattern that takes too many steps does not.
    #[inline(always)]
    pub(super) fn matches(&self, text: &str, budget: &mut Budget) -> bool {
        match &self.way {
            Way::Run(run) => run.matches(text.as_bytes()),
            Way::Engine(pattern) => pattern.find(text, budget).unwrap_or(false),
        }
    }
}

impl Run {
    #[inline(always)]
    fn matches(&self, text: &[u8]) -> bool {
        let has = |byte: &u8| match byte {
            0..64 => self.class[0] >> byte & 1 == 1,
            64..128 => self.class[1] >> (byte - 64) & 1 == 1,
            _ => false,
        };
        (self.least..=self.most).contains(&text.len()) && text.iter().all(has)
    }

    /// Reads `^[A-Z0-9]{1,3}$` and the like; everything else is left to the engine.
    fn of(pattern: &str) -> Option<Self> {
        let rest = pattern.strip_prefix("^[")?.strip_suffix('$')?;
        let (class, count) = rest.split_once(']')?;
        let mut run = Self { class: [0; 2], least: 0, most: 0 };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let mut bytes = class.as_bytes();
        while let [first, rest @ ..] = bytes {
            let (last, rest) = match rest {
                [b'-', last, rest @ ..] => (*last, rest),
                _ => (*first, rest),
            };
            if !plain(*first) || !plain(last) || *first > last {
                return None;
            }
            for byte in *first..=last {
                run.class[usize::from(byte / 64)] |= 1 << (byte % 64);
            }
            bytes = rest;
        }
        (run.least, run.most) = match count {
            "" => (1, 1),
            "+" => (1, usize::MAX),
            "*" => (0, usize::MAX),
            // Whether a repetition is eager or reluctant is all one when it must reach the end.
            _ => {
                let count = count.strip_suffix('?').unwrap_or(count);
                let count = count.strip_prefix('{')?.strip_suffix('}')?;
                match count.split_once(',') {
                    None => (count.parse().ok()?, count.parse().ok()?),
                    Some((least, "")) => (least.parse().ok()?, usize::MAX),
                    Some((least, most)) => (least.parse().ok()?, most.parse().ok()?),
                }
            }
        };
        (!class.is_empty()).then_some(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_patterns_need_no_engine() {
        let mut budget = Budget::default();
        for (pattern, fits, other) in [
            ("^[A-Z]{3}$", &["USD"][..], &["usd", "US", "USDX", "", "USÄ", "U1D", "USD\n"][..]),
            ("^[A-Z]{2}$", &["US"], &["us", "USA"]),
            ("^[0-9]{1,3}?$", &["1", "49", "353"], &["", "+49", "1234"]),
            ("^[A-Z0-9_]+$", &["A_9"], &["", "a"]),
            ("^[a-z]*$", &["", "abc"], &["A"]),
            ("^[x]$", &["x"], &["xx"]),
            ("^[0-9]{2,}$", &["12", "123456"], &["1"]),
        ] {
            assert!(Run::of(pattern).is_some(), "{pattern}");
            let matcher = Matcher::new(pattern).unwrap();
            let engine = Pattern::compile(pattern).unwrap();
            for text in fits {
                assert!(matcher.matches(text, &mut budget), "{pattern} {text}");
                assert!(engine.find(text, &mut budget).unwrap());
            }
            for text in other {
                assert!(!matcher.matches(text, &mut budget), "{pattern} {text}");
                // Java's `$` also stands before a line's end; XDM's patterns mean the end of the text.
                assert_eq!(engine.find(text, &mut budget).unwrap(), text.ends_with('\n'), "{pattern} {text}");
            }
        }
        for pattern in
            ["^[^a]{3}$", "[A-Z]{3}", "^[A-Z]{3}|x$", r"^[\d]{3}$", "^[a-]$", "^[A-Z]{3}[a]$", "^[]a]$"]
        {
            assert_eq!(Run::of(pattern), None, "{pattern}");
        }
        assert!(Matcher::new("(").is_err());
    }
}
