//! Java's patterns for dates and times, with the letters of Data Prep's table. It blends the letters of
//! `SimpleDateFormat` and `DateTimeFormatter`; `docs/dates.md` says what each does.

/// Longest pattern, in characters.
const MAX_LENGTH: usize = 256;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(super) items: Vec<Item>,
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// Text that stands for itself.
    Literal(String),
    /// A field and how many letters stand for it.
    Field(Field, usize),
}

/// What a letter stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Era,
    /// The year that the week of ISO 8601 belongs to.
    WeekYear,
    Year,
    Month,
    WeekOfYear,
    WeekOfMonth,
    DayOfYear,
    Day,
    /// 2 for the second Wednesday of a month.
    WeekdayInMonth,
    WeekdayName,
    /// 1 for Monday.
    Weekday,
    HalfDay,
    /// 0 to 23.
    Hour,
    /// 1 to 24.
    HourTo24,
    /// 0 to 11.
    HourTo11,
    /// 1 to 12.
    HourTo12,
    Minute,
    Second,
    /// The first digits of the fraction of the second.
    Fraction,
    ZoneName,
    /// `-0800`
    OffsetPlain,
    /// `-08:00`, `Z`
    OffsetIso,
    ZoneId,
    /// `GMT-8`
    OffsetGmt,
    Quarter,
}

/// The letters, what they stand for and how many may stand together.
const LETTERS: &[(char, Field, usize)] = &[
    ('G', Field::Era, 5),
    ('Y', Field::WeekYear, 4),
    ('y', Field::Year, 4),
    ('M', Field::Month, 5),
    ('L', Field::Month, 5),
    ('w', Field::WeekOfYear, 2),
    ('W', Field::WeekOfMonth, 1),
    ('D', Field::DayOfYear, 3),
    ('d', Field::Day, 2),
    ('F', Field::WeekdayInMonth, 1),
    ('E', Field::WeekdayName, 5),
    ('u', Field::Weekday, 2),
    ('a', Field::HalfDay, 4),
    ('H', Field::Hour, 2),
    ('k', Field::HourTo24, 2),
    ('K', Field::HourTo11, 2),
    ('h', Field::HourTo12, 2),
    ('m', Field::Minute, 2),
    ('s', Field::Second, 2),
    ('S', Field::Fraction, 9),
    ('z', Field::ZoneName, 4),
    ('Z', Field::OffsetPlain, 5),
    ('X', Field::OffsetIso, 5),
    ('V', Field::ZoneId, 2),
    ('O', Field::OffsetGmt, 4),
    ('Q', Field::Quarter, 5),
    ('q', Field::Quarter, 5),
];

impl Field {
    /// The letter that stands for it, for messages.
    pub(super) fn letter(self) -> char {
        LETTERS.iter().find(|(_, field, _)| *field == self).map_or('?', |(letter, ..)| *letter)
    }

    /// Least and greatest number, and how many digits that is at most, where a number is read; `None`
    /// for what is text.
    pub(super) fn numbers(self, letters: usize) -> Option<(i32, i32, usize)> {
        Some(match self {
            // The year before 1 is 1 BC; two digits are the end of a year.
            Field::Year | Field::WeekYear if letters != 2 => (1, 9999, 4),
            Field::Year | Field::WeekYear => (0, 99, 2),
            Field::Month if letters <= 2 => (1, 12, 2),
            Field::Quarter if letters <= 2 => (1, 4, 2),
            Field::WeekOfYear => (1, 53, 2),
            Field::WeekOfMonth => (0, 5, 1),
            Field::DayOfYear => (1, 366, 3),
            Field::Day => (1, 31, 2),
            Field::WeekdayInMonth => (1, 5, 1),
            Field::Weekday => (1, 7, 2),
            Field::Hour => (0, 23, 2),
            Field::HourTo24 => (1, 24, 2),
            Field::HourTo11 => (0, 11, 2),
            Field::HourTo12 => (1, 12, 2),
            Field::Minute | Field::Second => (0, 59, 2),
            Field::Fraction => (0, 999_999_999, 9),
            _ => return None,
        })
    }

    /// Fewest and most digits that so many letters read.
    pub(super) fn digits(self, letters: usize) -> Option<(usize, usize)> {
        let (.., most) = self.numbers(letters)?;
        Some(match (self, letters) {
            (Field::Fraction, _) => (letters, letters),
            (Field::Quarter | Field::Weekday, 1) => (1, 1),
            (_, 1) => (1, most),
            (Field::Year | Field::WeekYear, 3) => (3, 4),
            (Field::DayOfYear, _) => (letters, 3),
            _ => (letters, letters),
        })
    }
}

impl Pattern {
    /// Compiles a pattern, or says what is wrong with it.
    pub(crate) fn compile(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the format is empty; write one such as yyyy-MM-dd".to_owned());
        }
        if text.chars().count() > MAX_LENGTH {
            return Err(format!("the format is longer than {MAX_LENGTH} characters"));
        }
        let mut pattern = Self { items: Vec::new() };
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            rest = match first {
                '\'' => pattern.quoted(&rest[1..])?,
                'a'..='z' | 'A'..='Z' => {
                    let after = rest.trim_start_matches(first);
                    pattern.field(first, rest.len() - after.len())?;
                    after
                }
                '[' | ']' | '{' | '}' | '#' => {
                    return Err(format!(
                        "Java reserves {first} in formats; to mean the character itself write '{first}' in quotes"
                    ));
                }
                other => {
                    pattern.literal(other);
                    &rest[other.len_utf8()..]
                }
            };
        }
        Ok(pattern)
    }

    /// Compiles a pattern that dates are to be read with.
    pub(crate) fn compile_to_read(text: &str) -> Result<Self, String> {
        let pattern = Self::compile(text)?;
        pattern.must_be_readable()?;
        Ok(pattern)
    }

    fn literal(&mut self, character: char) {
        match self.items.last_mut() {
            Some(Item::Literal(text)) => text.push(character),
            _ => self.items.push(Item::Literal(character.to_string())),
        }
    }

    /// What follows a quote: text up to the next one, where two quotes stand for one; gives the rest.
    fn quoted<'p>(&mut self, text: &'p str) -> Result<&'p str, String> {
        if let Some(rest) = text.strip_prefix('\'') {
            self.literal('\'');
            return Ok(rest);
        }
        let mut rest = text;
        loop {
            let (inner, after) = rest
                .split_once('\'')
                .ok_or("a quote in the format is not closed; write ' again after the text")?;
            inner.chars().for_each(|character| self.literal(character));
            match after.strip_prefix('\'') {
                Some(more) => {
                    self.literal('\'');
                    rest = more;
                }
                None => return Ok(after),
            }
        }
    }

    fn field(&mut self, letter: char, count: usize) -> Result<(), String> {
        let Some((_, field, most)) = LETTERS.iter().find(|(known, ..)| *known == letter) else {
            return Err(format!(
                "{letter} is no letter of formats{}; text that stands for itself is quoted, such as 'T'",
                match letter {
                    'x' => " (an offset is X)",
                    'e' | 'c' => " (the day of the week is u or E)",
                    'n' | 'N' | 'A' => " (fractions of a second are S)",
                    'v' => " (the zone is z or V)",
                    _ => "",
                }
            ));
        };
        if *field == Field::Weekday && count > *most {
            return Err("u is the number of the weekday; the year is yyyy".to_owned());
        }
        if count > *most {
            return Err(format!(
                "{letter} may stand at most {most} times together, but stands {count} times"
            ));
        }
        if *field == Field::OffsetGmt && (count == 2 || count == 3) {
            return Err("O stands once or four times together".to_owned());
        }
        self.items.push(Item::Field(*field, count));
        Ok(())
    }

    pub(super) fn has(&self, wanted: Field) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Field(field, _) if *field == wanted))
    }

    /// Says what keeps the pattern from telling a date and time: a field that means nothing without
    /// another is more often a slip (`mm` for `MM`) than meant.
    fn must_be_readable(&self) -> Result<(), String> {
        let has = |field| self.has(field);
        let half_hour = has(Field::HourTo12) || has(Field::HourTo11);
        let full_hour = has(Field::Hour) || has(Field::HourTo24);
        let weekday = has(Field::WeekdayName) || has(Field::Weekday);
        let day = has(Field::Day) || has(Field::DayOfYear);
        let narrow = self.items.iter().any(|item| {
            matches!(item, Item::Field(Field::Month | Field::WeekdayName | Field::Quarter, letters) if *letters > 4)
        });
        let wrong = if has(Field::Minute) && !half_hour && !full_hour {
            "m is the minute, but there is no hour (HH); the month is M"
        } else if has(Field::WeekYear) && !has(Field::Year) && !has(Field::WeekOfYear) {
            "Y is the year of a week and tells nothing without the week (w); the year of the calendar is y"
        } else if !has(Field::Year) && !has(Field::WeekYear) {
            "there is no year (yyyy)"
        } else if has(Field::WeekOfYear) && !has(Field::WeekYear) && !day {
            "w needs Y, the year that the week belongs to"
        } else if has(Field::Day) && !has(Field::Month) {
            "d is the day of the month, but there is no month (MM); the day of the year is D"
        } else if (has(Field::WeekOfMonth) || has(Field::WeekdayInMonth))
            && !day
            && !(weekday && has(Field::Month))
        {
            "W and F need the month (M) and the day of the week (E)"
        } else if weekday
            && !day
            && !(has(Field::WeekOfYear) || has(Field::WeekOfMonth) || has(Field::WeekdayInMonth))
        {
            "the day of the week alone tells no day; add the day (dd)"
        } else if half_hour && !full_hour && !has(Field::HalfDay) {
            "h and K count to 12 and need a (AM or PM); the hour of 24 is H"
        } else if has(Field::HalfDay) && !half_hour && !full_hour {
            "a (AM or PM) needs an hour (hh)"
        } else if has(Field::Second) && !has(Field::Minute) {
            "s is the second, but there is no minute (mm)"
        } else if has(Field::Fraction) && !has(Field::Second) {
            "S is a part of the second, but there is no second (ss)"
        } else if narrow {
            "five letters stand for names of one letter, which can be written but not read"
        } else {
            return Ok(());
        };
        Err(format!("dates cannot be read with the format: {wrong}"))
    }
}
