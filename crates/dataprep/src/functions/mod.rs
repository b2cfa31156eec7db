//! The function table: one row a function, found by name when an expression is compiled.

mod analytics;
mod arrays;
mod convert;
mod date;
mod hashing;
mod logic;
mod map;
mod methods;
mod objects;
mod regex;
mod special;
mod string;
mod string_methods;
mod url;
mod user_agent;

pub use crate::run::budget::Budget;
pub use crate::run::clock::Clock;
pub(crate) use arrays::COALESCE_ONE;
pub(crate) use map::OBJECT_TO_MAP_NAMED;
pub(crate) use methods::method;
pub(crate) use objects::empty;

use crate::expr::Span;
use crate::sets::mapping_set::XdmType;
use crate::values::value::Value;
use std::any::Any;

/// What a function may use besides its arguments.
#[derive(Debug)]
pub struct CallEnv<'r> {
    /// The data that the caller of the plan handed in, for functions of its own.
    pub host: &'r dyn Any,
    /// Remarks that do not keep the function from giving a result: a stable word and a sentence.
    pub notes: &'r mut Vec<(&'static str, String)>,
    /// What [`Function::prepare`] made of a constant argument.
    pub prepared: Option<&'r Prepared>,
    /// The record's JSON text.
    pub record: &'r str,
    /// The time and the randomness of the run.
    pub clock: &'r mut Clock,
    /// What the record may still cost: [`Budget::take`] before making much more than was given.
    pub budget: &'r mut Budget,
}

/// What a constant argument was made into when the expression was compiled.
pub type Prepared = Box<dyn Any + Send + Sync>;

/// Makes a constant text ready for all calls (a pattern compiled, a zone looked up) or says what is
/// wrong with it.
pub type Prepare = fn(&str) -> Result<Prepared, String>;

/// What an argument must be, or a result is, as far as that is known without running. Refused when
/// compiling: only what can never fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anything.
    Any,
    /// Text, or a scalar that has a text.
    Text,
    /// A number, or text that holds one.
    Number,
    /// A whole number, or text that holds one.
    Whole,
    /// True or false.
    Boolean,
    /// A date-time, or text that holds one.
    Date,
    /// An array.
    Array,
    /// An object or a map.
    Object,
}

/// Whether Adobe offers a function today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Documented.
    Current,
    /// Documented as superseded; what to use instead.
    Deprecated(&'static str),
    /// Known, but not on Adobe's published page; where it is known from.
    Unpublished(&'static str),
}

/// Why a call gave no result: a stable word and a sentence for people. Never holds a value.
///
/// One pointer wide: every step of an evaluation returns a value or this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(Box<Cause>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cause {
    code: &'static str,
    message: String,
    span: Option<Span>,
}

impl Failure {
    /// The usual failure of a mapping.
    pub fn new(message: impl Into<String>) -> Self {
        Self::coded("mapping_failed", message)
    }

    /// A failure with a stable word of its own.
    #[cold]
    pub fn coded(code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Cause { code, message: message.into(), span: None }))
    }

    /// The same failure with the part of the expression that failed; the innermost one stays.
    #[must_use]
    #[cold]
    pub(crate) fn at(mut self, span: Span) -> Self {
        self.0.span.get_or_insert(span);
        self
    }

    /// The stable word.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The cause.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The part of the expression that failed.
    pub fn span(&self) -> Option<Span> {
        self.0.span
    }
}

/// The code of a function. Arguments may be taken out of the slice.
pub type Builtin = for<'a> fn(&mut [Value<'a>], &mut CallEnv<'_>) -> Result<Value<'a>, Failure>;

/// Code that appends a result as JSON instead of making a value; `false` for null. It must give what the
/// function gives.
pub type Writer = for<'a> fn(&mut [Value<'a>], &mut CallEnv<'_>, &mut Vec<u8>) -> Result<bool, Failure>;

/// A row of the function table.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// The name in expressions; other spellings are rows of their own.
    pub name: &'static str,
    /// Adobe's category, or `stripe` and the like for added ones.
    pub category: &'static str,
    /// Fewest arguments.
    pub min: u8,
    /// Most arguments; [`ANY`] for no limit.
    pub max: u8,
    /// What the arguments must be; the last one holds for all further ones, none means anything.
    pub takes: &'static [Kind],
    /// What the result is when it is not null.
    pub gives: Kind,
    /// Whether arguments come in pairs, a key and its value, when there is more than one.
    pub pairs: bool,
    /// Whether a null first argument always gives null (and the code is then not called).
    pub strict: bool,
    /// The code.
    pub call: Builtin,
    /// A shorter way for where the result is the destination's value, of the type named.
    pub writer: Option<(XdmType, Writer)>,
    /// Which argument is made ready beforehand when it is a constant text, and how.
    pub prepare: Option<(u8, Prepare)>,
    /// Whether Adobe offers it today.
    pub status: Status,
}

/// No limit on the number of arguments.
pub const ANY: u8 = u8::MAX;

impl Function {
    /// A row; `strict` as said there.
    pub const fn new(
        name: &'static str,
        category: &'static str,
        (min, max): (u8, u8),
        strict: bool,
        call: Builtin,
    ) -> Self {
        let (takes, gives) = (&[] as &[Kind], Kind::Any);
        let (pairs, writer, prepare, status) = (false, None, None, Status::Current);
        Self { name, category, min, max, takes, gives, pairs, strict, call, writer, prepare, status }
    }

    /// The same row with what is known of arguments and result.
    pub const fn kinds(mut self, takes: &'static [Kind], gives: Kind) -> Self {
        (self.takes, self.gives) = (takes, gives);
        self
    }

    /// The same row with an argument that is made ready beforehand when it is a constant.
    pub const fn preparing(mut self, argument: u8, prepare: Prepare) -> Self {
        self.prepare = Some((argument, prepare));
        self
    }

    /// The same row with arguments in pairs: an odd number of them, other than one, is refused.
    pub const fn pairs(mut self) -> Self {
        self.pairs = true;
        self
    }

    /// The same row with a status of its own.
    pub const fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// The same row with a shorter way to write results of a type.
    pub const fn writing(mut self, xdm_type: XdmType, writer: Writer) -> Self {
        self.writer = Some((xdm_type, writer));
        self
    }
}

/// Adobe's functions, as far as they are built in. `iif`, `coalesce`, `filterArray` and
/// `transformArray` do not evaluate all their arguments and belong to the evaluator.
pub fn table() -> impl Iterator<Item = &'static Function> {
    [
        string::FUNCTIONS,
        string_methods::FUNCTIONS,
        regex::FUNCTIONS,
        hashing::FUNCTIONS,
        url::FUNCTIONS,
        date::FUNCTIONS,
        objects::FUNCTIONS,
        map::FUNCTIONS,
        arrays::FUNCTIONS,
        logic::FUNCTIONS,
        convert::FUNCTIONS,
        special::FUNCTIONS,
        user_agent::FUNCTIONS,
        analytics::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

/// Names that the evaluator handles itself.
pub(crate) const SPECIAL: [&str; 4] = ["iif", "coalesce", "filterArray", "transformArray"];

/// Whether a name is that of one of Adobe's functions, which a field cannot bear without `${…}`.
pub(crate) fn is_name(name: &str) -> bool {
    let published = |function: &Function| !matches!(function.status, Status::Unpublished(_));
    SPECIAL.contains(&name) || table().any(|function| function.name == name && published(function))
}

/// The known name that is most like `name`, for error messages: at most a third of it may be mistyped, and
/// never more than three letters, so that what has nothing to do with it is not offered.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let length = name.chars().count();
    let most = (length / 3).clamp(1, 3).min(length.saturating_sub(1));
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The text of a scalar argument.
pub(crate) fn text<'a>(value: &Value<'a>, what: &str) -> Result<std::borrow::Cow<'a, str>, Failure> {
    value.to_text().ok_or_else(|| Failure::new(format!("{what} must be text, but is {}", value.kind_name())))
}

/// A whole-number argument.
pub(crate) fn whole(value: &Value<'_>, what: &str) -> Result<i64, Failure> {
    value
        .as_i64()
        .ok_or_else(|| Failure::new(format!("{what} must be a whole number, but is {}", value.kind_name())))
}

/// The elements of an array argument, taken out of it.
pub(crate) fn array<'a>(value: &mut Value<'a>, what: &str) -> Result<Vec<Value<'a>>, Failure> {
    match std::mem::replace(value, Value::Null) {
        Value::Array(items) => Ok(items),
        other => other
            .elements()
            .ok_or_else(|| Failure::new(format!("{what} must be an array, but is {}", other.kind_name()))),
    }
}

/// The members of an object argument, taken out of it; of the input's objects a key may come twice.
pub(crate) fn object<'a>(
    value: &mut Value<'a>,
    what: &str,
) -> Result<Vec<(std::borrow::Cow<'a, str>, Value<'a>)>, Failure> {
    match std::mem::replace(value, Value::Null) {
        Value::Object(members) => Ok(members),
        other => other
            .members()
            .ok_or_else(|| Failure::new(format!("{what} must be an object, but is {}", other.kind_name()))),
    }
}
