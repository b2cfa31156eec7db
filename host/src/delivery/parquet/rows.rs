//! Records taken apart into columns: each value with the levels that say where in its record it stands.
//!
//! Most fields are absent from most records, so an absence is noted at the highest field that it is true of, as a
//! count, and handed down only when something is there again.

use super::columns::{Columns, Kind, Leaf};
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Levels of a place in a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Levels {
    pub(super) rep: i16,
    pub(super) def: i16,
}

/// The same levels so many times.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Run {
    pub(super) levels: Levels,
    pub(super) count: u64,
}

/// What a column holds of the rows so far.
#[derive(Debug)]
pub(super) struct Cells {
    pub(super) runs: Vec<Run>,
    pub(super) values: Values,
}

#[derive(Debug)]
pub(super) enum Values {
    Booleans(Vec<bool>),
    Integers(Vec<i32>),
    Longs(Vec<i64>),
    Doubles(Vec<f64>),
    /// All texts one behind the other, and where each ends.
    Texts(Vec<u8>, Vec<usize>),
}

/// Rows on their way into columns.
#[derive(Debug)]
pub(super) struct Rows<'c> {
    columns: &'c Columns,
    pub(super) cells: Vec<Cells>,
    /// Of each field, what is absent and not handed down yet.
    absent: Vec<Run>,
    /// Of each field, the object in which it was last seen.
    seen: Vec<u64>,
    objects: u64,
    /// Where in the record it is read.
    path: Vec<Place>,
    /// Rows that are here.
    pub(super) count: u64,
    /// About how many bytes they take.
    pub(super) held: usize,
}

/// One step into a record.
#[derive(Debug)]
enum Place {
    Field(usize),
    Key(String),
    Item(usize),
}

/// What is wrong with a row.
#[derive(Debug)]
pub(super) struct Misfit {
    /// Where, as a JSON pointer.
    pub(super) place: String,
    pub(super) why: String,
}

impl<'c> Rows<'c> {
    pub(super) fn of(columns: &'c Columns) -> Self {
        let cells = |leaf: &Leaf| Cells { runs: Vec::new(), values: Values::of(*leaf) };
        let fields = columns.nodes.len();
        Self {
            columns,
            cells: columns.leaves.iter().map(cells).collect(),
            absent: vec![Run::default(); fields],
            seen: vec![0; fields],
            objects: 0,
            path: Vec::new(),
            count: 0,
            held: 0,
        }
    }

    /// Adds a row. After a misfit the rows are of no use any more.
    pub(super) fn add(&mut self, line: &[u8]) -> Result<(), Misfit> {
        self.path.clear();
        let mut json = serde_json::Deserializer::from_slice(line);
        let put = Put { rows: self, node: 0, rep: 0 };
        let done = put.deserialize(&mut json).and_then(|()| json.end());
        done.map_err(|error| self.misfit(&error))?;
        self.count += 1;
        Ok(())
    }

    fn misfit(&self, error: &serde_json::Error) -> Misfit {
        let mut place = String::new();
        for step in &self.path {
            place.push('/');
            match step {
                Place::Field(node) => place.push_str(&self.columns.nodes[*node].name),
                Place::Key(key) => place.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Place::Item(number) => place.push_str(&number.to_string()),
            }
        }
        // The place in the line is told by the pointer, but of text that is no JSON.
        let why = error.to_string();
        let why = match why.split_once(" at line ") {
            Some((why, _)) if error.is_data() => why.to_owned(),
            _ => why,
        };
        Misfit { place, why }
    }

    /// Hands down all absences, so that each column has every row.
    pub(super) fn complete(&mut self) {
        for node in 0..self.columns.nodes.len() {
            self.hand_down(node);
        }
    }

    /// Forgets the rows that are here.
    pub(super) fn clear(&mut self) {
        (self.count, self.held) = (0, 0);
        for cells in &mut self.cells {
            cells.runs.clear();
            cells.values.clear();
        }
    }

    /// Notes that a field is absent.
    fn lacks(&mut self, node: usize, run: Run) {
        if self.absent[node].levels != run.levels {
            self.hand_down(node);
            self.absent[node].levels = run.levels;
        }
        self.absent[node].count += run.count;
    }

    /// Hands what is absent of a field down to its own fields.
    fn hand_down(&mut self, node: usize) {
        let run = std::mem::take(&mut self.absent[node]);
        if run.count == 0 {
            return;
        }
        let columns = self.columns;
        match &columns.nodes[node].kind {
            Kind::Leaf(column) => self.levels(*column, run),
            Kind::Object(children) => children.values().for_each(|child| self.lacks(*child, run)),
            Kind::List(element) => self.lacks(*element, run),
            Kind::Map { key, value } => {
                self.lacks(*key, run);
                self.lacks(*value, run);
            }
        }
    }

    fn levels(&mut self, column: usize, run: Run) {
        let runs = &mut self.cells[column].runs;
        match runs.last_mut() {
            Some(last) if last.levels == run.levels => last.count += run.count,
            _ => {
                runs.push(run);
                self.held += size_of::<Run>();
            }
        }
    }

    /// A value into its column.
    fn value(&mut self, node: usize, rep: i16, column: usize, value: Value<'_>) {
        self.hand_down(node);
        let levels = Levels { rep, def: self.columns.nodes[node].def };
        self.levels(column, Run { levels, count: 1 });
        self.held += self.cells[column].values.push(value);
    }
}

/// A value that fits its column.
enum Value<'v> {
    Boolean(bool),
    Integer(i32),
    Long(i64),
    Double(f64),
    Text(&'v str),
}

impl Values {
    fn of(leaf: Leaf) -> Self {
        match leaf {
            Leaf::Text => Self::Texts(Vec::new(), Vec::new()),
            Leaf::Boolean => Self::Booleans(Vec::new()),
            Leaf::Byte | Leaf::Short | Leaf::Integer | Leaf::Date => Self::Integers(Vec::new()),
            Leaf::Long | Leaf::DateTime => Self::Longs(Vec::new()),
            Leaf::Double => Self::Doubles(Vec::new()),
        }
    }

    /// Adds a value of the column's own type; how many bytes that takes.
    fn push(&mut self, value: Value<'_>) -> usize {
        match (self, value) {
            (Self::Booleans(all), Value::Boolean(one)) => all.push(one),
            (Self::Integers(all), Value::Integer(one)) => all.push(one),
            (Self::Longs(all), Value::Long(one)) => all.push(one),
            (Self::Doubles(all), Value::Double(one)) => all.push(one),
            (Self::Texts(all, ends), Value::Text(one)) => {
                all.extend_from_slice(one.as_bytes());
                ends.push(all.len());
                return one.len() + size_of::<usize>();
            }
            _ => unreachable!("a column is made for its type, and `Leaf::read` gives that"),
        }
        size_of::<u64>()
    }

    fn clear(&mut self) {
        match self {
            Self::Booleans(all) => all.clear(),
            Self::Integers(all) => all.clear(),
            Self::Longs(all) => all.clear(),
            Self::Doubles(all) => all.clear(),
            Self::Texts(all, ends) => {
                all.clear();
                ends.clear();
            }
        }
    }
}

/// A member's name, as far as it can be without a copy.
#[derive(Deserialize)]
struct Name<'t>(#[serde(borrow)] Cow<'t, str>);

/// Reads a field's value from the text of the record.
struct Put<'r, 'c> {
    rows: &'r mut Rows<'c>,
    node: usize,
    rep: i16,
}

impl<'de> DeserializeSeed<'de> for Put<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        let Kind::Leaf(column) = self.rows.columns.nodes[self.node].kind else {
            return json.deserialize_any(self);
        };
        // Numbers are read from their text: exactly.
        let text = <&RawValue>::deserialize(json)?.get();
        if text == "null" {
            return self.visit_unit();
        }
        let leaf = self.rows.columns.leaves[column];
        let unescaped;
        let value = match (leaf, unquoted(text)) {
            (Leaf::Text, Some(plain)) if !plain.contains('\\') => Some(Value::Text(plain)),
            (Leaf::Text, Some(_)) => {
                unescaped = serde_json::from_str::<String>(text).map_err(D::Error::custom)?;
                Some(Value::Text(&unescaped))
            }
            (leaf, text_inside) => leaf.read(text, text_inside),
        };
        let Some(value) = value else {
            return Err(D::Error::custom(format_args!("{} is not {}", shown(text), leaf.words())));
        };
        self.rows.value(self.node, self.rep, column, value);
        Ok(())
    }
}

impl<'de> Visitor<'de> for Put<'_, '_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match &self.rows.columns.nodes[self.node].kind {
            Kind::Leaf(column) => self.rows.columns.leaves[*column].words(),
            Kind::Object(_) => "an object",
            Kind::List(_) => "a list",
            Kind::Map { .. } => "an object of any keys",
        })
    }

    /// What the text is stays out of messages: it may be a person's.
    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Err(E::invalid_type(Unexpected::Other("a text"), &self))
    }

    /// Null is what is not there.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        let Some(def) = self.rows.columns.nodes[self.node].def.checked_sub(1).filter(|def| *def >= 0) else {
            return Err(E::custom("a record is an object"));
        };
        self.rows.lacks(self.node, Run { levels: Levels { rep: self.rep, def }, count: 1 });
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let columns = self.rows.columns;
        match &columns.nodes[self.node].kind {
            Kind::Object(_) => self.object(map),
            Kind::Map { key, value } => self.entries(map, *key, *value),
            Kind::List(_) | Kind::Leaf(_) => Err(A::Error::invalid_type(Unexpected::Map, &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { rows, node, rep } = self;
        let columns = rows.columns;
        let Kind::List(element) = columns.nodes[node].kind else {
            return Err(A::Error::invalid_type(Unexpected::Seq, &Put { rows, node, rep }));
        };
        rows.hand_down(node);
        rows.path.push(Place::Item(0));
        let (mut number, mut at) = (0, rep);
        while list.next_element_seed(Put { rows, node: element, rep: at })?.is_some() {
            (number, at) = (number + 1, columns.nodes[element].rep);
            if let Some(place) = rows.path.last_mut() {
                *place = Place::Item(number);
            }
        }
        rows.path.pop();
        if number == 0 {
            rows.lacks(element, Run { levels: Levels { rep, def: columns.nodes[node].def }, count: 1 });
        }
        Ok(())
    }
}

impl Put<'_, '_> {
    fn object<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { rows, node, rep } = self;
        let columns = rows.columns;
        let Kind::Object(children) = &columns.nodes[node].kind else { return Ok(()) };
        rows.hand_down(node);
        rows.objects += 1;
        let this = rows.objects;
        while let Some(Name(name)) = map.next_key()? {
            let Some(child) = children.get(name.as_ref()) else {
                rows.path.push(Place::Key(name.into_owned()));
                // Null is nothing that would be left out.
                if map.next_value::<Option<IgnoredAny>>()?.is_some() {
                    return Err(A::Error::custom(
                        "the dataset's schema has no such field, or no type for it",
                    ));
                }
                rows.path.pop();
                continue;
            };
            rows.path.push(Place::Field(*child));
            if std::mem::replace(&mut rows.seen[*child], this) == this {
                return Err(A::Error::custom("the record has it twice"));
            }
            map.next_value_seed(Put { rows, node: *child, rep })?;
            rows.path.pop();
        }
        let run = Run { levels: Levels { rep, def: columns.nodes[node].def }, count: 1 };
        for child in children.values() {
            if rows.seen[*child] != this {
                rows.lacks(*child, run);
            }
        }
        Ok(())
    }

    fn entries<'de, A: MapAccess<'de>>(self, mut map: A, key: usize, value: usize) -> Result<(), A::Error> {
        let Self { rows, node, rep } = self;
        let columns = rows.columns;
        rows.hand_down(node);
        let mut at = rep;
        let mut keys = std::collections::HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if let Kind::Leaf(column) = columns.nodes[key].kind {
                rows.value(key, at, column, Value::Text(&name));
            }
            rows.path.push(Place::Key(name.clone()));
            if !keys.insert(name) {
                return Err(A::Error::custom("the record has it twice"));
            }
            map.next_value_seed(Put { rows, node: value, rep: at })?;
            rows.path.pop();
            at = columns.nodes[key].rep;
        }
        if keys.is_empty() {
            let run = Run { levels: Levels { rep, def: columns.nodes[node].def }, count: 1 };
            rows.lacks(key, run);
            rows.lacks(value, run);
        }
        Ok(())
    }
}

/// What stands between quotes.
fn unquoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// A value in a message: short, and no text, which may be a person's.
fn shown(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b'"') => "a text that stands there",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        _ if text.len() <= 40 => text,
        _ => "a long number",
    }
}

impl Leaf {
    /// A value that is no text, from the text of the record; none when it does not fit.
    fn read<'v>(self, text: &str, inside: Option<&str>) -> Option<Value<'v>> {
        let whole = |low: i64, high: i64| {
            let number = whole_number(text).filter(|number| (low..=high).contains(number))?;
            i32::try_from(number).ok().map(Value::Integer)
        };
        match self {
            Self::Text => None,
            Self::Boolean => match text {
                "true" => Some(Value::Boolean(true)),
                "false" => Some(Value::Boolean(false)),
                _ => None,
            },
            Self::Byte => whole(i8::MIN.into(), i8::MAX.into()),
            Self::Short => whole(i16::MIN.into(), i16::MAX.into()),
            Self::Integer => whole(i32::MIN.into(), i32::MAX.into()),
            Self::Long => whole_number(text).map(Value::Long),
            Self::Double => {
                let number: f64 = text.parse().ok().filter(|_| is_number(text))?;
                number.is_finite().then_some(Value::Double(number))
            }
            Self::Date => {
                // A moment begins with a date, but is none.
                let day: jiff::civil::Date = inside.filter(|text| text.len() == 10)?.parse().ok()?;
                let begin = jiff::civil::Date::constant(1970, 1, 1);
                let days = begin.until((jiff::Unit::Day, day)).ok()?.get_days();
                Some(Value::Integer(days))
            }
            Self::DateTime => {
                let moment: jiff::Timestamp = inside?.parse().ok()?;
                Some(Value::Long(moment.as_nanosecond().div_euclid(1_000_000).try_into().ok()?))
            }
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Boolean => "true or false",
            Self::Byte => "a whole number of 8 bits",
            Self::Short => "a whole number of 16 bits",
            Self::Integer => "a whole number of 32 bits",
            Self::Long => "a whole number of 64 bits",
            Self::Double => "a number",
            Self::Date => "a date (yyyy-MM-dd)",
            Self::DateTime => "a moment with its offset (RFC 3339)",
        }
    }
}

/// A whole number, also as `1.0` or `1e3`, as long as that is exact.
fn whole_number(text: &str) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok().filter(|_| is_number(text))?;
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
}

/// Whether a JSON value is a number: Rust would read others, such as `inf`.
fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}
