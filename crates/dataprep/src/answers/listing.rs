//! The functions and operators of the language with what they do, in the shape of Adobe's
//! `GET /languages/el/functions` and `GET /languages/el/operators`.
//!
//! What people read is data: `functions.json` and `operators.json` at the root of the crate. An entry of
//! `functions.json` names its parameters as `name type description`, with `?` after the name of one that may
//! be left out and `...` after one that may come again; `is` makes an entry another name of a function. An
//! entry without `result` is one whose example fails. What is missing otherwise is empty in the list.
//!
//! ```
//! let listed = dataprep::listing::functions(Vec::new());
//! let upper = listed.iter().find(|entry| entry.function == "upper").unwrap();
//! assert_eq!(upper.syntax, "String upper(String)");
//! assert_eq!((&*upper.example, &*upper.result), (r#"upper("HeLLo")"#, r#""HELLO""#));
//! ```

use crate::functions::{self, Function, Status};
use crate::values::ordered;
use serde::Serialize;
use serde_json::Value;

/// A function of the language. Several names of one function are entries of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionEntry {
    /// Adobe's category.
    pub category: String,
    /// The name in expressions.
    pub function: String,
    /// What it does.
    pub description: String,
    /// Result, name and parameters as Java types; those in brackets may be left out.
    pub syntax: String,
    /// What it gives.
    pub returns: String,
    /// The Java class of what it gives.
    pub return_type: &'static str,
    /// A call.
    pub example: String,
    /// What that call gives, as JSON; empty when it fails, as its description then says. The record
    /// is empty, the clock stands at 2021-10-26T10:10:24Z and the seed is 0.
    pub result: String,
    /// The parameters in their order.
    pub params: Vec<Parameter>,
    /// The version of the language, of which there is one.
    pub since: u32,
    /// `current`; `deprecated`: documented as superseded; or `unpublished`: known, but not on Adobe's page.
    pub status: &'static str,
    /// What to use instead, or where the function is known from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_note: Option<String>,
    /// The function that this is another name of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias_of: Option<String>,
    /// Whether the first parameter stands before the name, with a dot between.
    pub method: bool,
}

/// A parameter of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// The name, for people.
    pub name: String,
    /// What it is.
    pub description: String,
    /// The type in JSON's words.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The Java class.
    pub data_type: String,
    /// The place, from 1.
    pub position: usize,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may come again.
    pub repeated: bool,
}

/// An operator of the language. A word for a symbol is an entry of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperatorEntry {
    /// How it is written.
    pub operator_symbol: String,
    /// The method of JEXL's arithmetic that it calls; empty for what JEXL decides without one.
    pub method_name: String,
    /// How many values it takes.
    pub number_of_operands: u64,
    /// What it does.
    pub description: String,
    /// A use.
    pub example: String,
    /// What that use gives, as JSON.
    pub result: String,
    /// The symbol that this is the word for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias_of: Option<String>,
}

/// An entry as the data has it. Read by hand: what serde derives for it would weigh more than the data.
struct Written<'d> {
    name: &'d str,
    /// The function that this is another name of; nothing else is then written.
    is: Option<&'d str>,
    does: &'d str,
    takes: Vec<&'d str>,
    gives: &'d str,
    returns: &'d str,
    example: &'d str,
    /// Empty when the example fails.
    result: &'d str,
    method: bool,
}

impl<'d> Written<'d> {
    fn read(entry: &'d Value) -> Self {
        Self {
            name: text(entry, "name"),
            is: entry.get("is").and_then(Value::as_str),
            does: text(entry, "does"),
            takes: list(entry, "takes").iter().filter_map(Value::as_str).collect(),
            gives: text(entry, "gives"),
            returns: text(entry, "returns"),
            example: text(entry, "example"),
            result: text(entry, "result"),
            method: entry.get("method").and_then(Value::as_bool).unwrap_or_default(),
        }
    }
}

/// A text of the data; empty when it is not there.
fn text<'d>(entry: &'d Value, key: &str) -> &'d str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A list of the data; empty when it is not there.
fn list<'d>(entry: &'d Value, key: &str) -> &'d [Value] {
    entry.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// What a type of the data is in JSON, in signatures and as a Java class.
const TYPES: [(&str, &str, &str, &str); 10] = [
    ("any", "object", "Object", "java.lang.Object"),
    ("string", "string", "String", "java.lang.String"),
    ("number", "number", "Number", "java.lang.Number"),
    ("integer", "integer", "Integer", "java.lang.Integer"),
    ("boolean", "boolean", "Boolean", "java.lang.Boolean"),
    ("array", "array", "List", "java.util.List"),
    ("object", "object", "Object", "java.lang.Object"),
    ("map", "object", "Map", "java.util.Map"),
    ("date", "object", "ZonedDateTime", "java.time.ZonedDateTime"),
    ("lambda", "object", "Function", "java.util.function.Function"),
];

/// A type's word in JSON, its short Java name and its Java class.
fn java(kind: &str) -> (&'static str, &'static str, &'static str) {
    let found = TYPES.iter().find(|(name, ..)| *name == kind);
    found.map_or(("object", "Object", "java.lang.Object"), |(_, json, short, class)| (json, short, class))
}

/// All functions: Adobe's, then `added` ones, which [`entries`] makes.
pub fn functions(added: Vec<FunctionEntry>) -> Vec<FunctionEntry> {
    let mut all = entries(include_str!("../../functions.json"), functions::table()).unwrap_or_default();
    all.extend(added);
    all
}

/// All operators.
pub fn operators() -> Vec<OperatorEntry> {
    let data: Value = serde_json::from_str(include_str!("../../operators.json")).unwrap_or_default();
    let entries = data.as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let operands = |entry: &Value| entry.get("numberOfOperands").and_then(Value::as_u64).unwrap_or_default();
    let read = |entry: &Value| OperatorEntry {
        operator_symbol: text(entry, "operatorSymbol").to_owned(),
        method_name: text(entry, "methodName").to_owned(),
        number_of_operands: operands(entry),
        description: text(entry, "description").to_owned(),
        example: text(entry, "example").to_owned(),
        result: text(entry, "result").to_owned(),
        alias_of: entry.get("aliasOf").and_then(Value::as_str).map(str::to_owned),
    };
    entries.map(read).collect()
}

/// Entries of other functions than Adobe's, for [`functions()`]: from data written as `functions.json` is, and
/// the functions' own rows, which know their status.
pub fn entries(
    data: &str,
    rows: impl Iterator<Item = &'static Function>,
) -> serde_json::Result<Vec<FunctionEntry>> {
    let data: Value = serde_json::from_str(data)?;
    let rows = ordered::map(rows.map(|row| (row.name, row)));
    let mut all = Vec::new();
    for category in data.as_array().map(Vec::as_slice).unwrap_or_default() {
        let functions: Vec<Written<'_>> = list(category, "functions").iter().map(Written::read).collect();
        for written in &functions {
            let meant = functions.iter().find(|entry| Some(entry.name) == written.is).unwrap_or(written);
            all.push(entry(category, written, meant, rows.get(written.name).copied()));
        }
    }
    Ok(all)
}

/// An entry of the list, with the words of the function that is meant.
fn entry(
    category: &Value,
    written: &Written<'_>,
    meant: &Written<'_>,
    row: Option<&Function>,
) -> FunctionEntry {
    let category_unpublished = category.get("unpublished").and_then(Value::as_str);
    let (status, status_note) = match (category_unpublished, row.map(|row| row.status)) {
        (Some(known_from), _) | (_, Some(Status::Unpublished(known_from))) => {
            ("unpublished", Some(known_from))
        }
        (_, Some(Status::Deprecated(instead))) => ("deprecated", Some(instead)),
        (_, Some(Status::Current) | None) => ("current", None),
    };
    let params: Vec<Parameter> =
        meant.takes.iter().enumerate().map(|(at, text)| parameter(at + 1, text)).collect();
    FunctionEntry {
        category: text(category, "category").to_owned(),
        function: written.name.to_owned(),
        description: meant.does.to_owned(),
        syntax: signature(written.name, meant, &params),
        returns: meant.returns.to_owned(),
        return_type: java(meant.gives).2,
        example: meant.example.replacen(meant.name, written.name, 1),
        result: meant.result.to_owned(),
        params,
        since: 1,
        status,
        status_note: status_note.map(str::to_owned),
        alias_of: written.is.map(str::to_owned),
        method: meant.method,
    }
}

/// A parameter from `name type description`.
fn parameter(position: usize, text: &str) -> Parameter {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (kind, description) = rest.split_once(' ').unwrap_or((rest, ""));
    let (json, _, class) = java(kind);
    let repeated = name.ends_with("...");
    Parameter {
        name: name.trim_end_matches("...").trim_end_matches('?').to_owned(),
        description: description.to_owned(),
        kind: json,
        data_type: if repeated { format!("[L{class};") } else { class.to_owned() },
        position,
        optional: name.ends_with('?'),
        repeated,
    }
}

/// `String sha1(String[, String])`, `Object first(Object...)` or, of a method, `Boolean String.equals(Object)`.
fn signature(name: &str, meant: &Written<'_>, params: &[Parameter]) -> String {
    let types = meant.takes.iter().zip(params).map(|(text, parameter)| {
        let kind = text.split(' ').nth(1).unwrap_or_default();
        format!("{}{}", java(kind).1, if parameter.repeated { "..." } else { "" })
    });
    format!("{} {}", java(meant.gives).1, call(name, meant.method, types.collect(), params))
}

/// How a function is called, its parameters named by `words`, those that may be left out in brackets.
fn call(name: &str, method: bool, words: Vec<String>, params: &[Parameter]) -> String {
    let mut before = String::new();
    let mut inside = String::new();
    let mut open = 0;
    for (word, parameter) in words.into_iter().zip(params) {
        if method && parameter.position == 1 {
            before = format!("{word}.");
            continue;
        }
        let comma = if inside.is_empty() { "" } else { ", " };
        if parameter.optional {
            open += 1;
            inside.push('[');
        }
        inside.push_str(comma);
        inside.push_str(&word);
    }
    // A method that shares its name with a function has the name of its class in the table.
    let name = name.rsplit('.').next().unwrap_or(name);
    format!("{before}{name}({inside}{})", "]".repeat(open))
}

impl FunctionEntry {
    /// How it is called, with the names of the parameters: `sha1(input[, charset])`.
    pub fn usage(&self) -> String {
        let dots = |parameter: &Parameter| if parameter.repeated { "…" } else { "" };
        let words = self.params.iter().map(|parameter| format!("{}{}", parameter.name, dots(parameter)));
        call(&self.function, self.method, words.collect(), &self.params)
    }
}
