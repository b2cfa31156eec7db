//! The one pass over a record: schema and text are walked together.

use super::formats;
use super::identities;
use super::report::{Place, Report, Step, Stop, counted, kind_of, kind_of_text};
use super::rules::{MAX_ELEMENTS, MAX_EVENT, MAX_KEYS, MAX_RECORD, Rule};
use super::sensitive;
use super::text::TextRules;
use super::tree::{ANY, Names, Node, Tree};
use crate::schema::Namespace;
use dataprep::date::{Moment, rfc3339_seconds};
use dataprep::functions::{Budget, nearest};
use dataprep::json::{JsonError, Kind, MAX_DEPTH, Scanner, Span, unescape, write_string};
use dataprep::number::Decimal;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What is known of the record's schema besides its fields.
#[derive(Debug)]
pub(super) struct Frame {
    /// Whether the records are events.
    pub(super) is_event: bool,
    /// The member that tells when an event happened.
    pub(super) timestamp: Option<u32>,
    /// The member that holds the identities.
    pub(super) identity_map: Option<u32>,
    /// Namespaces that the identities may have.
    pub(super) namespaces: Vec<Namespace>,
}

/// A pass over one record.
#[derive(Debug)]
pub(super) struct Walk<'w, 'o> {
    scanner: Scanner<'w>,
    tree: &'w mut Tree,
    frame: &'w Frame,
    report: Report<'o>,
    now: Option<Moment>,
    /// What patterns may cost.
    budget: Budget,
    /// Something in the record may be a secret.
    suspected: bool,
    depth: u32,
    /// Counts the objects that have been entered; see [`super::tree::Member::seen`].
    objects: u32,
}

impl<'w, 'o> Walk<'w, 'o> {
    pub(super) fn new(
        tree: &'w mut Tree,
        frame: &'w Frame,
        record: &'w str,
        now: Option<Moment>,
        report: Report<'o>,
    ) -> Self {
        let budget = Budget::for_record(record.len());
        let suspected = sensitive::suspected(record);
        let scanner = Scanner::new(record);
        Self { scanner, tree, frame, report, now, budget, suspected, depth: 0, objects: 0 }
    }

    /// Checks the record. `objects` is the count of objects so far, over all records.
    pub(super) fn record(mut self, objects: u32) -> u32 {
        self.objects = objects;
        match self.whole() {
            Ok(()) | Err(Stop::Full) => {}
            Err(Stop::Json(error)) => {
                let mut message = "the record is not JSON: ".to_owned();
                message.push_str(&error.to_string());
                message.push_str("; what has written it must be mended");
                // When there is no room for it, enough has been said.
                let _full = self.report.refuse(
                    self.tree,
                    &Place::ROOT,
                    "json",
                    "text that is not JSON".to_owned(),
                    message,
                );
            }
        }
        self.objects
    }

    fn whole(&mut self) -> Result<(), Stop> {
        let size = self.scanner.input().len();
        if size > MAX_EVENT {
            self.size(size)?;
        }
        if u32::try_from(size).is_err() {
            return Err(Stop::Json(JsonError { offset: 0, message: "longer than 4 GiB" }));
        }
        let root = Place::ROOT;
        match self.scanner.peek() {
            Some(b'{') => self.object(&root, self.tree.root)?,
            _ => {
                let span = self.scanner.value()?;
                self.wrong_type(&root, span, "an object")?;
            }
        }
        Ok(self.scanner.finish()?)
    }

    #[cold]
    fn size(&mut self, size: usize) -> Result<(), Stop> {
        let message = match self.frame.is_event {
            true => "Profile drops events above 10,000 bytes: map less, or fewer metadata keys",
            false if size > MAX_RECORD => "Profile drops records above 100,000 bytes: map less of the object",
            false => return Ok(()),
        };
        let kind = counted("record", size, "byte");
        self.report.break_rule(self.tree, &Place::ROOT, Rule::Size, kind, message)?;
        Ok(())
    }

    /// One level deeper; the level is left with `self.depth -= 1`.
    #[inline(always)]
    fn deeper(&mut self) -> Result<(), Stop> {
        if self.depth == MAX_DEPTH {
            let offset = self.scanner.position() as usize;
            return Err(Stop::Json(JsonError { offset, message: "nested more than 128 levels deep" }));
        }
        self.depth += 1;
        Ok(())
    }

    /// An object with named members.
    fn object(&mut self, place: &Place<'_>, names: Names) -> Result<(), Stop> {
        self.deeper()?;
        self.objects += 1;
        let object = self.objects;
        let mut more = self.scanner.enter_object()?;
        if !more {
            self.empty(place, "empty object")?;
        }
        // The member that was read last tells which one comes next.
        let mut last = names.first;
        let mut required = 0;
        while more {
            let guess = self.tree.members[last as usize].next;
            let index = if self.scanner.take(self.tree.written(guess)) {
                guess
            } else {
                match self.look_up(place, names, guess)? {
                    Some(index) => {
                        self.tree.members[last as usize].next = index;
                        index
                    }
                    None => {
                        more = self.scanner.next_member()?;
                        continue;
                    }
                }
            };
            last = index;
            let member = &mut self.tree.members[index as usize];
            let (node, is_required) = (member.node, member.required);
            let is_first = std::mem::replace(&mut member.seen, object) != object;
            let below = place.below(Step::Member(index));
            if is_first {
                required += u32::from(is_required);
            } else {
                self.twice(&below)?;
            }
            self.value(&below, node)?;
            more = self.scanner.next_member()?;
        }
        if required < names.required {
            self.missing(place, names, object)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// The member of a key that was not foreseen; none, its value passed over, when there is no such member.
    #[inline(never)]
    fn look_up(&mut self, place: &Place<'_>, names: Names, guess: u32) -> Result<Option<u32>, Stop> {
        let (span, escaped) = self.scanner.key()?;
        let input = self.scanner.input();
        let key = span.text(input);
        let mut written;
        let key_as_written = if escaped {
            written = Vec::new();
            write_string(&unescape(key), &mut written);
            written.get(1..written.len().saturating_sub(1)).unwrap_or_default()
        } else {
            key.as_bytes()
        };
        // Most keys that were not foreseen are but a few further on.
        let end = names.first + names.count;
        let from = if guess > names.first { guess } else { names.first + 1 };
        let has = |member: &u32| self.tree.is_named(*member, key_as_written);
        if let Some(member) = (from..=end).chain(names.first + 1..from).find(has) {
            return Ok(Some(member));
        }
        let below = place.below(Step::Key(key));
        let value = self.scanner.value()?;
        self.unknown(&below, names, &unescape(key), value)?;
        Ok(None)
    }

    /// Any keys: a map, or an object of which nothing is known.
    fn map(&mut self, place: &Place<'_>, values: u32, is_map: bool) -> Result<(), Stop> {
        self.deeper()?;
        let input = self.scanner.input();
        let mut more = self.scanner.enter_object()?;
        if !more {
            self.empty(place, "empty object")?;
        }
        let mut keys = Keys::default();
        let mut count = 0;
        while more {
            let (span, escaped) = self.scanner.key()?;
            let raw = span.text(input);
            let key = if escaped { unescape(raw) } else { Cow::Borrowed(raw) };
            let below = place.below(Step::Key(raw));
            if self.suspected || escaped && sensitive::suspected(&key) {
                self.sensitive(place, &key, "the name of a key")?;
            }
            count += 1;
            if !keys.insert(key) {
                self.twice(&below)?;
            }
            self.value(&below, values)?;
            more = self.scanner.next_member()?;
        }
        if is_map && count > MAX_KEYS {
            let message = "maps of more than 16 keys are slow to query: leave out keys that nobody reads";
            self.report.break_rule(
                self.tree,
                place,
                Rule::LargeMap,
                counted("map", count, "key"),
                message,
            )?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn array(&mut self, place: &Place<'_>, items: u32) -> Result<(), Stop> {
        self.deeper()?;
        let mut more = self.scanner.enter_array()?;
        if !more {
            self.empty(place, "empty list")?;
        }
        let mut index: u32 = 0;
        while more {
            self.value(&place.below(Step::Index(index)), items)?;
            index += 1;
            more = self.scanner.next_element()?;
        }
        if index as usize > MAX_ELEMENTS && self.frame.is_event {
            let message = "Profile advises at most 10 elements in an event's array: map fewer";
            let kind = counted("list", index as usize, "element");
            self.report.break_rule(self.tree, place, Rule::LongArray, kind, message)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// The value at a place; the scanner stands before it.
    #[inline]
    fn value(&mut self, place: &Place<'_>, node: u32) -> Result<(), Stop> {
        let node = self.tree.nodes[node as usize];
        match (self.scanner.peek(), node) {
            (Some(b'{'), Node::Object(names)) => self.object(place, names),
            (Some(b'{'), Node::Map(values)) => {
                let start = self.scanner.position();
                self.map(place, values, true)?;
                match place.step {
                    Step::Member(member) if Some(member) == self.frame.identity_map => {
                        let span = Span { start, end: self.scanner.end(), kind: Kind::Object };
                        let map = span.text(self.scanner.input());
                        let Frame { namespaces, is_event, .. } = self.frame;
                        identities::check(map, place, self.tree, namespaces, *is_event, &mut self.report)
                    }
                    _ => Ok(()),
                }
            }
            (Some(b'{'), Node::Any) => self.map(place, ANY, false),
            (Some(b'['), Node::Array(items)) => self.array(place, items),
            (Some(b'['), Node::Any) => self.array(place, ANY),
            _ => {
                let span = self.scanner.value_inline()?;
                self.scalar(place, node, span)
            }
        }
    }

    /// A value without parts, or one with parts where none is expected.
    #[inline]
    fn scalar(&mut self, place: &Place<'_>, node: Node, span: Span) -> Result<(), Stop> {
        let input = self.scanner.input();
        match (span.kind, node) {
            // Most texts: there is something between the quotes, and anything may be.
            (Kind::Plain, Node::Plain) if span.end - span.start > 2 && !self.suspected => Ok(()),
            (Kind::Plain | Kind::Escaped, _) => {
                let raw = input.get(span.start as usize + 1..span.end as usize - 1).unwrap_or_default();
                let text = if span.kind == Kind::Plain { Cow::Borrowed(raw) } else { unescape(raw) };
                if text.is_empty() && self.empty(place, "empty text")? {
                    return Ok(());
                }
                if self.suspected || span.kind == Kind::Escaped && sensitive::suspected(&text) {
                    self.sensitive(place, &text, "the text")?;
                }
                self.text(place, node, span, &text)
            }
            (Kind::Number, _) => {
                let text = span.text(input);
                if self.suspected {
                    self.sensitive(place, text, "the number")?;
                }
                match node {
                    Node::Integer { minimum, maximum } => self.integer(place, text, span, minimum, maximum),
                    Node::Number | Node::Any => Ok(()),
                    _ => self.wrong_type(place, span, expected(node)),
                }
            }
            (Kind::True | Kind::False, Node::Boolean | Node::Any) => Ok(()),
            (Kind::Null, _) => {
                if self.empty(place, "null")? || matches!(node, Node::Any) {
                    return Ok(());
                }
                self.wrong_type(place, span, expected(node))
            }
            _ => self.wrong_type(place, span, expected(node)),
        }
    }

    #[inline]
    fn text(&mut self, place: &Place<'_>, node: Node, span: Span, text: &str) -> Result<(), Stop> {
        match node {
            Node::Plain | Node::Any => Ok(()),
            Node::Text(rules) => {
                // Taken apart so that the tree is only read while the report is written.
                let rules = &self.tree.texts[rules as usize];
                match broken(rules, text, &mut self.budget) {
                    None => Ok(()),
                    Some((rule, message)) => {
                        self.report.refuse(self.tree, place, rule, kind_of_text(text), message)
                    }
                }
            }
            Node::DateTime => {
                if !formats::is_date_time(text) {
                    return self.wrong_format(place, text, formats::DATE_TIME);
                }
                match (place.step, self.now) {
                    (Step::Member(member), Some(now)) if Some(member) == self.frame.timestamp => {
                        self.not_in_future(place, text, now)
                    }
                    _ => Ok(()),
                }
            }
            Node::Date if formats::is_day(text) => Ok(()),
            Node::Date => self.wrong_format(place, text, formats::DATE),
            _ => self.wrong_type(place, span, expected(node)),
        }
    }

    /// A text that is a date-time, against the time that it is.
    #[inline]
    fn not_in_future(&mut self, place: &Place<'_>, text: &str, now: Moment) -> Result<(), Stop> {
        // In UTC and without a fraction the texts themselves can be compared.
        let is_past = match (text.as_bytes(), rfc3339_seconds(now.second())) {
            (text, Some(now)) if text.len() == 20 && text.ends_with(b"Z") => text <= now.as_slice(),
            _ => Moment::from_rfc3339(text).is_none_or(|moment| moment <= now),
        };
        if !is_past {
            let message = "an event's time must not be in the future: map the time at which it was observed, and \
                           put planned times elsewhere";
            let kind = "date-time in the future".to_owned();
            self.report.break_rule(self.tree, place, Rule::Timestamp, kind, message)?;
        }
        Ok(())
    }

    #[inline]
    fn integer(
        &mut self,
        place: &Place<'_>,
        text: &str,
        span: Span,
        minimum: i64,
        maximum: i64,
    ) -> Result<(), Stop> {
        let value = match text.parse::<i64>() {
            Ok(value) => value,
            Err(_) => match self.odd_integer(place, text, span)? {
                Some(value) => value,
                None => return Ok(()),
            },
        };
        if (minimum..=maximum).contains(&value) {
            Ok(())
        } else {
            self.out_of_bounds(place, value < minimum, minimum, maximum)
        }
    }

    /// A number that is not written as a whole number of 64 bits: its value when it is one all the same.
    #[cold]
    fn odd_integer(&mut self, place: &Place<'_>, text: &str, span: Span) -> Result<Option<i64>, Stop> {
        if !text.contains(['.', 'e', 'E']) {
            // Too long for 64 bits.
            return Ok(Some(if text.starts_with('-') { i64::MIN } else { i64::MAX }));
        }
        let Some(value) = Decimal::parse(text).and_then(Decimal::to_i64) else {
            self.wrong_type(place, span, "a whole number")?;
            return Ok(None);
        };
        let kind = kind_of(span, self.scanner.input());
        let message = "write whole numbers with digits alone: give the mapping the type long or integer";
        let refused = self.report.break_rule(self.tree, place, Rule::Integer, kind, message)?;
        Ok((!refused).then_some(value))
    }

    #[cold]
    fn out_of_bounds(
        &mut self,
        place: &Place<'_>,
        below: bool,
        minimum: i64,
        maximum: i64,
    ) -> Result<(), Stop> {
        let rule = if below { "minimum" } else { "maximum" };
        let message = format!(
            "the number must lie between {minimum} and {maximum}: map it to a field of a larger type, or as text"
        );
        self.report.refuse(self.tree, place, rule, "whole number".to_owned(), message)
    }

    /// An empty value; whether the record is refused for it.
    #[cold]
    fn empty(&mut self, place: &Place<'_>, kind: &str) -> Result<bool, Stop> {
        let message = "nothing empty may be sent: leave the field out";
        self.report.break_rule(self.tree, place, Rule::Empty, kind.to_owned(), message)
    }

    #[cold]
    fn twice(&mut self, place: &Place<'_>) -> Result<(), Stop> {
        let message = "the key stands twice in its object, and readers differ on which of the two counts: write it once";
        let kind = "second of two members".to_owned();
        self.report.break_rule(self.tree, place, Rule::Duplicate, kind, message)?;
        Ok(())
    }

    /// A closer look at a text of a suspected record.
    #[cold]
    fn sensitive(&mut self, place: &Place<'_>, text: &str, what: &str) -> Result<(), Stop> {
        let Some(rule) = sensitive::find(text, place.name(self.tree)) else { return Ok(()) };
        let (holds, found) = match rule {
            Rule::Secret => ("what looks like a secret key or token", "a secret"),
            _ => ("what looks like a full payment card number", "a card number"),
        };
        let message = format!(
            "{what} holds {holds}, which must never leave: do not map it, and remove it at its source"
        );
        let kind = format!("{} with {found}", kind_of_text(text));
        self.report.break_rule(self.tree, place, rule, kind, &message)?;
        Ok(())
    }

    #[cold]
    fn wrong_type(&mut self, place: &Place<'_>, span: Span, expected: &str) -> Result<(), Stop> {
        let message = format!("expected {expected}: change the type of the mapping, or what it reads");
        self.report.refuse(self.tree, place, "type", kind_of(span, self.scanner.input()), message)
    }

    #[cold]
    fn wrong_format(&mut self, place: &Place<'_>, text: &str, expected: &str) -> Result<(), Stop> {
        let message = format!("expected {expected}: convert it in the mapping");
        self.report.refuse(self.tree, place, "format", kind_of_text(text), message)
    }

    #[cold]
    fn unknown(&mut self, place: &Place<'_>, names: Names, key: &str, value: Span) -> Result<(), Stop> {
        let mut message = "the schema has no such field here".to_owned();
        // Longer names than any field's are not compared.
        let known = Tree::members_of(names).map(|member| self.tree.name(member));
        match nearest(key, known.filter(|_| key.len() <= 128)) {
            Some(known) => {
                message.push_str("; did you mean ");
                message.push_str(known);
                message.push_str("? Correct the mapping's destination");
            }
            None => message.push_str(": correct the mapping's destination, or add the field to the schema"),
        }
        let kind = kind_of(value, self.scanner.input());
        self.report.refuse(self.tree, place, "additionalProperties", kind, message)
    }

    #[cold]
    fn missing(&mut self, place: &Place<'_>, names: Names, object: u32) -> Result<(), Stop> {
        for index in Tree::members_of(names) {
            let member = &self.tree.members[index as usize];
            if member.required && member.seen != object {
                let message = "the object needs this field: map it, or leave the whole object out".to_owned();
                let below = place.below(Step::Member(index));
                self.report.refuse(self.tree, &below, "required", "nothing".to_owned(), message)?;
            }
        }
        Ok(())
    }
}

/// The keys of a map.
#[derive(Default)]
struct Keys<'w> {
    /// The first few are compared one by one.
    few: [Cow<'w, str>; 8],
    length: usize,
    /// The others are put in order.
    many: BTreeSet<Cow<'w, str>>,
}

impl<'w> Keys<'w> {
    /// Whether the key is new.
    fn insert(&mut self, key: Cow<'w, str>) -> bool {
        let known = self.few.get(..self.length).unwrap_or_default();
        if known.contains(&key) {
            return false;
        }
        match self.few.get_mut(self.length) {
            Some(place) => *place = key,
            None => return self.many.insert(key),
        }
        self.length += 1;
        true
    }
}

/// What may stand at a node, for people.
fn expected(node: Node) -> &'static str {
    match node {
        Node::Any => "any value",
        Node::Boolean => "true or false",
        Node::Number => "a number",
        Node::Integer { .. } => "a whole number",
        Node::Date => formats::DATE,
        Node::DateTime => formats::DATE_TIME,
        Node::Plain | Node::Text(_) => "text",
        Node::Object(_) => "an object",
        Node::Map(_) => "a map, an object under any keys",
        Node::Array(_) => "a list",
    }
}

/// The constraint that a text breaks, and how to mend it.
#[inline]
fn broken(rules: &TextRules, text: &str, budget: &mut Budget) -> Option<(&'static str, String)> {
    // A character has one byte or more, and at most four.
    if text.len() / 4 < rules.minimum as usize && text.chars().count() < rules.minimum as usize {
        let message =
            format!("the text must have at least {} characters: leave it out otherwise", rules.minimum);
        return Some(("minLength", message));
    }
    if text.len() > rules.maximum as usize && text.chars().count() > rules.maximum as usize {
        let message =
            format!("the text must have at most {} characters: shorten it in the mapping", rules.maximum);
        return Some(("maxLength", message));
    }
    if let Some(pattern) = &rules.pattern
        && !pattern.matches(text, budget)
    {
        let mend = match pattern.matches(&text.to_uppercase(), budget) {
            true => "write it in capitals, with upper(…) in the mapping",
            false => "convert it in the mapping, or leave it out",
        };
        return Some(("pattern", format!("the text must match {}: {mend}", pattern.written)));
    }
    if let Some(format) = rules.format
        && !format.fits(text)
    {
        let message = format!("expected {}: convert it in the mapping, or leave it out", format.described());
        return Some(("format", message));
    }
    if !rules.allowed.is_empty() && !rules.allowed.iter().any(|allowed| allowed == text) {
        let shown: Vec<&str> = rules.allowed.iter().take(12).map(String::as_str).collect();
        let more = if rules.allowed.len() > shown.len() { ", …" } else { "" };
        let message = format!(
            "only these values are allowed here: {}{more}; convert it in the mapping, or leave it out",
            shown.join(", ")
        );
        return Some(("enum", message));
    }
    None
}
