//! Sets of characters: what stands between brackets, and the classes with a name.

use super::scripts;
use unicode_general_category::{GeneralCategory, get_general_category};

/// Which characters belong.
#[derive(Debug, Clone)]
pub(super) enum Class {
    /// From the first to the last.
    Range(char, char),
    /// The same without regard to case: of ASCII letters, or of all.
    FoldedRange(char, char, Fold),
    /// The characters that are this one when their case is taken away.
    FoldedTo(char),
    /// Of one of these general categories, a bit each.
    Category(u32),
    /// In one of these ranges, which are in order.
    Ranges(&'static [(char, char)]),
    Test(fn(char) -> bool),
    Not(Box<Class>),
    AnyOf(Vec<Class>),
    AllOf(Vec<Class>),
}

/// How far case does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// For `A` to `Z`: Java's `(?i)`.
    Ascii,
    /// For all characters: Java's `(?iu)`.
    Unicode,
}

impl Class {
    pub(super) fn contains(&self, c: char) -> bool {
        match self {
            Class::Range(first, last) => (*first..=*last).contains(&c),
            Class::FoldedRange(first, last, fold) => {
                let within = |c: char| (*first..=*last).contains(&c);
                within(c)
                    || match fold {
                        Fold::Ascii => within(c.to_ascii_uppercase()) || within(c.to_ascii_lowercase()),
                        Fold::Unicode => within(upper(c)) || within(folded(c)),
                    }
            }
            Class::FoldedTo(lower) => folded(c) == *lower,
            Class::Category(mask) => mask & category(c) != 0,
            Class::Ranges(ranges) => {
                let after = ranges.partition_point(|(_, last)| *last < c);
                ranges.get(after).is_some_and(|(first, _)| *first <= c)
            }
            Class::Test(test) => test(c),
            Class::Not(class) => !class.contains(c),
            Class::AnyOf(classes) => classes.iter().any(|class| class.contains(c)),
            Class::AllOf(classes) => classes.iter().all(|class| class.contains(c)),
        }
    }

    /// One character, of either case when case does not count.
    pub(super) fn single(c: char, fold: Option<Fold>) -> Self {
        match fold {
            Some(Fold::Unicode) if upper(c) != folded(c) => Class::FoldedTo(folded(c)),
            Some(Fold::Unicode) => Class::Range(c, c),
            _ => Self::range(c, c, fold),
        }
    }

    /// A range, of either case when case does not count.
    pub(super) fn range(first: char, last: char, fold: Option<Fold>) -> Self {
        match fold {
            Some(fold) => Class::FoldedRange(first, last, fold),
            None => Class::Range(first, last),
        }
    }

    /// Any of a list of characters.
    fn listed(list: &str) -> Self {
        Class::AnyOf(list.chars().map(|c| Class::Range(c, c)).collect())
    }

    pub(super) fn negated(self) -> Self {
        Class::Not(Box::new(self))
    }
}

/// A class made ready to run: ASCII by one bit each.
#[derive(Debug)]
pub(super) struct Set {
    ascii: u128,
    class: Class,
}

impl Set {
    pub(super) fn new(class: Class) -> Self {
        let ascii = (0..128u8)
            .filter(|byte| class.contains(char::from(*byte)))
            .fold(0, |bits, byte| bits | 1 << byte);
        Self { ascii, class }
    }

    #[inline]
    pub(super) fn contains(&self, c: char) -> bool {
        match u32::from(c) {
            code @ 0..128 => self.ascii >> code & 1 == 1,
            _ => self.class.contains(c),
        }
    }
}

/// The upper case of a character when that is one character, as Java's `Character.toUpperCase`.
fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(upper), None) => upper,
        _ => c,
    }
}

/// A character without its case, as Java compares: the lower case of the upper case.
pub(crate) fn folded(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    // One character, also for the dotted capital I of Turkish, whose full lower case is two.
    upper(c).to_lowercase().next().unwrap_or(c)
}

/// The line terminators of `.`, `^` and `$`.
pub(super) fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What `\b` counts as part of a word: a letter, a digit or `_`.
pub(super) fn in_word(c: char) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || c == '_',
        false => category(c) & (LETTER | bit(GeneralCategory::DecimalNumber)) != 0,
    }
}

/// An accent and the like, which belongs to the character before it.
pub(super) fn is_mark(c: char) -> bool {
    category(c) == bit(GeneralCategory::NonspacingMark)
}

/// `\w` under `(?U)`.
pub(super) fn in_unicode_word(c: char) -> bool {
    c.is_alphabetic()
        || category(c)
            & (MARK | bit(GeneralCategory::DecimalNumber) | bit(GeneralCategory::ConnectorPunctuation))
            != 0
        || matches!(c, '\u{200C}' | '\u{200D}')
}

/// The class of `\d`, `\h`, `\s`, `\v`, `\w` and, negated, of their capitals; ASCII unless `unicode`.
pub(super) fn escape(letter: char, unicode: bool) -> Option<Class> {
    let class = match letter.to_ascii_lowercase() {
        'd' if unicode => Class::Category(bit(GeneralCategory::DecimalNumber)),
        'd' => Class::Range('0', '9'),
        's' if unicode => Class::Test(char::is_whitespace),
        's' => Class::listed(" \t\n\u{B}\u{C}\r"),
        'w' if unicode => Class::Test(in_unicode_word),
        'w' => Class::AnyOf(vec![
            Class::Range('a', 'z'),
            Class::Range('A', 'Z'),
            Class::Range('0', '9'),
            Class::Range('_', '_'),
        ]),
        'h' => Class::AnyOf(vec![
            Class::listed(" \t\u{A0}\u{1680}\u{180E}\u{202F}\u{205F}\u{3000}"),
            Class::Range('\u{2000}', '\u{200A}'),
        ]),
        'v' => Class::listed("\n\u{B}\u{C}\r\u{85}\u{2028}\u{2029}"),
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { class.negated() } else { class })
}

/// The class of `\p{name}`; `any_case` when case does not count, `unicode` under `(?U)`.
pub(super) fn named(name: &str, any_case: bool, unicode: bool) -> Result<Class, String> {
    let found = match name.split_once('=') {
        Some((key, value)) => match key.to_ascii_lowercase().as_str() {
            "gc" | "general_category" => general(value, any_case),
            "sc" | "script" => script(value),
            "blk" | "block" => return Err(no_blocks(value)),
            _ => None,
        },
        None => match (name.strip_prefix("Is"), name.strip_prefix("In")) {
            (Some(rest), _) => binary(rest, any_case)
                .or_else(|| general(rest, any_case))
                .or_else(|| posix(rest, any_case, unicode))
                .or_else(|| script(rest)),
            (_, Some(block)) => return Err(no_blocks(block)),
            _ => posix(name, any_case, unicode)
                .or_else(|| general(name, any_case))
                .or_else(|| java_method(name, any_case)),
        },
    };
    found.ok_or_else(|| {
        format!(
            "there is no class named {name}; known are general categories such as L, Lu and Nd, POSIX names \
             such as Alpha and Punct, scripts such as IsLatin, and IsAlphabetic, IsUppercase, IsLowercase, \
             IsWhite_Space and the like"
        )
    })
}

fn no_blocks(name: &str) -> String {
    format!(
        "the Unicode block {name} is not built in; write its range, such as [\\u0370-\\u03FF], or its \
         script, such as \\p{{IsGreek}}"
    )
}

/// `US-ASCII` classes of POSIX; under `(?U)` their Unicode counterparts.
fn posix(name: &str, any_case: bool, unicode: bool) -> Option<Class> {
    let name = match name {
        "Lower" | "Upper" if any_case && !unicode => "Alpha",
        other => other,
    };
    if unicode {
        let own = match name {
            "Lower" | "Upper" | "Alpha" | "Digit" | "Punct" => name,
            "Space" => return escape('s', true),
            "Blank" => {
                return Some(Class::Test(|c| {
                    c == '\t' || category(c) & bit(GeneralCategory::SpaceSeparator) != 0
                }));
            }
            "Alnum" => {
                return Some(Class::Test(|c| {
                    c.is_alphabetic() || category(c) & bit(GeneralCategory::DecimalNumber) != 0
                }));
            }
            "Cntrl" => return Some(Class::Category(bit(GeneralCategory::Control))),
            "Graph" => return Some(Class::Test(is_graph)),
            "Print" => {
                return Some(Class::Test(|c| {
                    (is_graph(c) || category(c) & bit(GeneralCategory::SpaceSeparator) != 0)
                        && !c.is_control()
                }));
            }
            "XDigit" => return Some(Class::Test(is_hex_digit)),
            "ASCII" => return Some(Class::Range('\0', '\u{7F}')),
            _ => return None,
        };
        return binary(
            match own {
                "Lower" => "LOWERCASE",
                "Upper" => "UPPERCASE",
                "Alpha" => "ALPHABETIC",
                "Digit" => "DIGIT",
                _ => "PUNCTUATION",
            },
            any_case,
        );
    }
    let test: fn(&char) -> bool = match name {
        "Lower" => char::is_ascii_lowercase,
        "Upper" => char::is_ascii_uppercase,
        "ASCII" => char::is_ascii,
        "Alpha" => char::is_ascii_alphabetic,
        "Digit" => char::is_ascii_digit,
        "Alnum" => char::is_ascii_alphanumeric,
        "Punct" => char::is_ascii_punctuation,
        "Graph" => char::is_ascii_graphic,
        "Print" => |c| c.is_ascii_graphic() || *c == ' ',
        "Blank" => |c| matches!(c, ' ' | '\t'),
        "Cntrl" => char::is_ascii_control,
        "XDigit" => char::is_ascii_hexdigit,
        "Space" => return escape('s', false),
        _ => return None,
    };
    // None of these holds a character outside ASCII, so a list of ranges says the same.
    let members = (0..128u8).map(char::from).filter(test);
    Some(Class::AnyOf(members.map(|c| Class::Range(c, c)).collect()))
}

/// Not white space, control, surrogate or unassigned: `\p{Graph}` under `(?U)`.
fn is_graph(c: char) -> bool {
    let without = bit(GeneralCategory::Control) | bit(GeneralCategory::Unassigned);
    !c.is_whitespace() && category(c) & without == 0
}

fn is_hex_digit(c: char) -> bool {
    c.is_ascii_hexdigit()
        || matches!(c, '\u{FF10}'..='\u{FF19}' | '\u{FF21}'..='\u{FF26}' | '\u{FF41}'..='\u{FF46}')
        || category(c) & bit(GeneralCategory::DecimalNumber) != 0
}

/// Upper, lower and title case letters: what any of them means when case does not count.
const CASED: u32 = bit(GeneralCategory::UppercaseLetter)
    | bit(GeneralCategory::LowercaseLetter)
    | bit(GeneralCategory::TitlecaseLetter);

/// Properties that a character has or has not; their names in any case.
fn binary(name: &str, any_case: bool) -> Option<Class> {
    let either_case: fn(char) -> bool = |c| c.is_lowercase() || c.is_uppercase() || category(c) & CASED != 0;
    Some(match name.to_ascii_uppercase().as_str() {
        "UPPERCASE" | "LOWERCASE" | "TITLECASE" if any_case => Class::Test(either_case),
        "ALPHABETIC" => Class::Test(char::is_alphabetic),
        "UPPERCASE" => Class::Test(char::is_uppercase),
        "LOWERCASE" => Class::Test(char::is_lowercase),
        "TITLECASE" => Class::Category(bit(GeneralCategory::TitlecaseLetter)),
        "LETTER" => Class::Category(LETTER),
        "DIGIT" => Class::Category(bit(GeneralCategory::DecimalNumber)),
        "PUNCTUATION" => general("P", false)?,
        "CONTROL" => Class::Category(bit(GeneralCategory::Control)),
        "WHITE_SPACE" | "WHITESPACE" => Class::Test(char::is_whitespace),
        "HEX_DIGIT" | "HEXDIGIT" => Class::Test(is_hex_digit),
        "ASSIGNED" => Class::Category(bit(GeneralCategory::Unassigned)).negated(),
        "JOIN_CONTROL" | "JOINCONTROL" => Class::Range('\u{200C}', '\u{200D}'),
        _ => return None,
    })
}

/// Tests of `java.lang.Character`.
fn java_method(name: &str, any_case: bool) -> Option<Class> {
    match name.strip_prefix("java")? {
        "LowerCase" => binary("LOWERCASE", any_case),
        "UpperCase" => binary("UPPERCASE", any_case),
        "TitleCase" => binary("TITLECASE", any_case),
        "Alphabetic" => binary("ALPHABETIC", any_case),
        "Digit" => binary("DIGIT", any_case),
        "Letter" => Some(Class::Category(LETTER)),
        "LetterOrDigit" => Some(Class::Category(LETTER | bit(GeneralCategory::DecimalNumber))),
        "Defined" => binary("ASSIGNED", any_case),
        "SpaceChar" => general("Z", any_case),
        "ISOControl" => Some(Class::Category(bit(GeneralCategory::Control))),
        "Whitespace" => Some(Class::Test(|c| {
            matches!(c, '\t'..='\r' | '\u{1C}'..='\u{1F}')
                || (c.is_whitespace() && !matches!(c, '\u{A0}' | '\u{2007}' | '\u{202F}' | '\u{85}'))
        })),
        _ => None,
    }
}

fn script(name: &str) -> Option<Class> {
    scripts::named(name).map(Class::Ranges)
}

const fn bit(category: GeneralCategory) -> u32 {
    1 << category as u32
}

fn category(c: char) -> u32 {
    bit(get_general_category(c))
}

const LETTER: u32 = CASED | bit(GeneralCategory::ModifierLetter) | bit(GeneralCategory::OtherLetter);
const MARK: u32 = bit(GeneralCategory::NonspacingMark)
    | bit(GeneralCategory::SpacingMark)
    | bit(GeneralCategory::EnclosingMark);

/// General categories: one or two letters, and Java's `LC`, `LD`, `L1` and `all`.
fn general(name: &str, any_case: bool) -> Option<Class> {
    use GeneralCategory as C;
    const CATEGORIES: [(&str, C); 30] = [
        ("Lu", C::UppercaseLetter),
        ("Ll", C::LowercaseLetter),
        ("Lt", C::TitlecaseLetter),
        ("Lm", C::ModifierLetter),
        ("Lo", C::OtherLetter),
        ("Mn", C::NonspacingMark),
        ("Mc", C::SpacingMark),
        ("Me", C::EnclosingMark),
        ("Nd", C::DecimalNumber),
        ("Nl", C::LetterNumber),
        ("No", C::OtherNumber),
        ("Pc", C::ConnectorPunctuation),
        ("Pd", C::DashPunctuation),
        ("Ps", C::OpenPunctuation),
        ("Pe", C::ClosePunctuation),
        ("Pi", C::InitialPunctuation),
        ("Pf", C::FinalPunctuation),
        ("Po", C::OtherPunctuation),
        ("Sm", C::MathSymbol),
        ("Sc", C::CurrencySymbol),
        ("Sk", C::ModifierSymbol),
        ("So", C::OtherSymbol),
        ("Zs", C::SpaceSeparator),
        ("Zl", C::LineSeparator),
        ("Zp", C::ParagraphSeparator),
        ("Cc", C::Control),
        ("Cf", C::Format),
        ("Cs", C::Surrogate),
        ("Co", C::PrivateUse),
        ("Cn", C::Unassigned),
    ];
    match name {
        "all" => return Some(Class::Range('\0', char::MAX)),
        "L1" => return Some(Class::Range('\0', '\u{FF}')),
        "LC" => return Some(Class::Category(CASED)),
        "LD" => return Some(Class::Category(LETTER | bit(C::DecimalNumber))),
        "Lu" | "Ll" | "Lt" if any_case => return Some(Class::Category(CASED)),
        _ => {}
    }
    let mask = CATEGORIES
        .iter()
        .filter(|(code, _)| *code == name || (name.len() == 1 && code.starts_with(name)))
        .fold(0, |mask, (_, category)| mask | bit(*category));
    (mask != 0).then_some(Class::Category(mask))
}
