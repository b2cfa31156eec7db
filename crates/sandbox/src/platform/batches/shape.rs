//! A dataset's schema made ready to take rows: which types become which others, what must be there.

use std::collections::{BTreeMap, BTreeSet};

use dataprep::date::{is_date, is_rfc3339};
use serde_json::{Map, Number, Value};

use crate::platform::registry::xdm_type;

/// What a value must become.
#[derive(Debug)]
pub(super) enum Shape {
    Object {
        fields: BTreeMap<String, Shape>,
        required: Vec<String>,
    },
    Map(Box<Shape>),
    Array(Box<Shape>),
    Text {
        allowed: Vec<Value>,
    },
    Boolean,
    Integer {
        low: i64,
        high: i64,
    },
    Double,
    Date,
    DateTime,
    /// Nothing is said of it.
    Any,
}

/// Why a row is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// Names joined by dots.
    pub(super) column: String,
    pub(super) code: Code,
    pub(super) message: String,
}

/// What is wrong, as the platform counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
    /// The row cannot be read.
    Corrupt,
    /// A value cannot become what the schema asks for.
    Convert,
    /// An object or array stands where something else should, or the other way round.
    Structure,
    /// Something required is missing, or something is null or empty.
    Required,
}

impl Code {
    /// In a row's `_errors`.
    pub(super) fn of_row(self) -> &'static str {
        match self {
            Self::Corrupt => "1401",
            Self::Convert => "100",
            Self::Structure => "123",
            Self::Required => "1555",
        }
    }

    /// In a batch's `errors`. That of conversions is ours: none is published.
    pub(super) fn of_batch(self) -> &'static str {
        match self {
            Self::Corrupt => "INGEST-1401-400",
            Self::Convert | Self::Structure => "INGEST-1400-400",
            Self::Required => "INGEST-1555-400",
        }
    }

    pub(super) fn described(self) -> &'static str {
        match self {
            Self::Corrupt => "Rows are corrupt and cannot be read. Mend the data and send it again.",
            Self::Convert | Self::Structure => {
                "TypeCompatibilityException: values cannot be converted to the types of the schema. Mend them and send them again."
            }
            Self::Required => {
                "A required field is missing, or a field is null. Add its value and send the row again."
            }
        }
    }
}

/// What was found while a row was taken.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    /// Fields that the schema does not know: left out, without a word to the client.
    pub(super) unknown: BTreeSet<String>,
}

impl Findings {
    fn add(&mut self, column: &str, code: Code, message: impl Into<String>) {
        self.problems.push(Problem { column: column.to_owned(), code, message: message.into() });
    }
}

impl Shape {
    /// Of a resolved schema.
    pub(super) fn of(field: &Map<String, Value>) -> Self {
        let text = |key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default();
        if let Some(Value::Object(fields)) = field.get("properties") {
            let inner = |field: &Value| field.as_object().map_or(Self::Any, Self::of);
            let fields = fields.iter().map(|(name, field)| (name.clone(), inner(field))).collect();
            let required = field.get("required").and_then(Value::as_array).into_iter().flatten();
            let required = required.filter_map(Value::as_str).map(str::to_owned).collect();
            return Self::Object { fields, required };
        }
        let inner =
            |key: &str| Box::new(field.get(key).and_then(Value::as_object).map_or(Self::Any, Self::of));
        match xdm_type(field).as_str() {
            "map" => Self::Map(inner("additionalProperties")),
            "array" => Self::Array(inner("items")),
            "boolean" => Self::Boolean,
            "byte" => Self::Integer { low: i8::MIN.into(), high: i8::MAX.into() },
            "short" => Self::Integer { low: i16::MIN.into(), high: i16::MAX.into() },
            "int" => Self::Integer { low: i32::MIN.into(), high: i32::MAX.into() },
            "long" => Self::Integer { low: i64::MIN, high: i64::MAX },
            "number" => Self::Double,
            "date" => Self::Date,
            "date-time" => Self::DateTime,
            "string" if text("type") == "string" => Self::Text {
                allowed: field.get("enum").and_then(Value::as_array).cloned().unwrap_or_default(),
            },
            _ => Self::Any,
        }
    }

    /// Turns a value into what the schema asks for, by the rules of batch ingestion. `column` says where it stands,
    /// names joined by dots, and is left as it was. `partly` asks for no required fields: a deletion needs only its
    /// key.
    pub(super) fn take(
        &self,
        value: Value,
        column: &mut String,
        partly: bool,
        findings: &mut Findings,
    ) -> Value {
        if value.is_null() || value == "" {
            findings.add(column, Code::Required, format!("{column} is null or empty: leave it out"));
            return Value::Null;
        }
        match (self, value) {
            (Self::Any, value) => value,
            (Self::Object { fields, required }, Value::Object(map)) => {
                for name in required.iter().filter(|name| !partly && !map.contains_key(*name)) {
                    below(column, name, |column| {
                        let message = format!("The required field {column} is missing");
                        findings.add(column, Code::Required, message);
                    });
                }
                let mut taken = Map::new();
                for (name, value) in map {
                    below(column, &name, |column| match fields.get(&name) {
                        Some(shape) => {
                            let value = shape.take(value, column, false, findings);
                            taken.insert(name.clone(), value);
                        }
                        None => {
                            findings.unknown.insert(column.clone());
                        }
                    });
                }
                Value::Object(taken)
            }
            (Self::Map(shape), Value::Object(map)) => {
                let taken = map.into_iter().map(|(name, value)| {
                    let value = below(column, &name, |column| shape.take(value, column, false, findings));
                    (name, value)
                });
                Value::Object(taken.collect())
            }
            (Self::Array(shape), Value::Array(items)) => {
                items.into_iter().map(|item| shape.take(item, column, false, findings)).collect()
            }
            (Self::Object { .. } | Self::Map(_) | Self::Array(_), value)
            | (_, value @ (Value::Object(_) | Value::Array(_))) => {
                let message = format!("Cannot convert {} to {}", kind(&value), self.name());
                findings.add(column, Code::Structure, message);
                value
            }
            (_, value) => self.convert(value, column, findings),
        }
    }

    /// A value that is neither object nor array.
    fn convert(&self, value: Value, column: &str, findings: &mut Findings) -> Value {
        let converted = match (self, &value) {
            (Self::Boolean, Value::Bool(_)) => Some(value.clone()),
            (Self::Text { allowed }, Value::String(_) | Value::Number(_)) => {
                let text = match &value {
                    Value::Number(number) => Value::String(number.to_string()),
                    _ => value.clone(),
                };
                (allowed.is_empty() || allowed.contains(&text)).then_some(text)
            }
            (Self::Integer { low, high }, Value::Number(number)) => integer(number, *low, *high),
            (Self::Integer { low, high }, Value::String(text)) => text
                .trim()
                .parse::<i64>()
                .ok()
                .filter(|number| (*low..=*high).contains(number))
                .map(Value::from),
            (Self::Double, Value::Number(_)) => Some(value.clone()),
            (Self::Double, Value::String(text)) => {
                text.trim().parse().ok().and_then(Number::from_f64).map(Value::Number)
            }
            // Numbers are milliseconds since 1970.
            (Self::Date | Self::DateTime, Value::Number(number)) => number.as_i64().map(Value::from),
            (Self::Date, Value::String(text)) => is_date(text).then(|| value.clone()),
            (Self::DateTime, Value::String(text)) => is_rfc3339(text).then(|| value.clone()),
            _ => None,
        };
        match converted {
            Some(converted) => converted,
            None => {
                let message = format!("Cannot convert {} to {}", kind(&value), self.name());
                findings.add(column, Code::Convert, message);
                value
            }
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Object { .. } => "Object",
            Self::Map(_) => "Map",
            Self::Array(_) => "Array",
            Self::Text { allowed } if allowed.is_empty() => "String",
            Self::Text { .. } => "one of the values of the enum",
            Self::Boolean => "Boolean",
            Self::Integer { high, .. } if *high == i64::MAX => "Long",
            Self::Integer { high, .. } if *high == i64::from(i32::MAX) => "Integer",
            Self::Integer { high, .. } if *high == i64::from(i16::MAX) => "Short",
            Self::Integer { .. } => "Byte",
            Self::Double => "Double",
            Self::Date => "Date",
            Self::DateTime => "DateTime",
            Self::Any => "anything",
        }
    }
}

/// A whole number within bounds; a fraction is cut off, as a double becomes an integer.
fn integer(number: &Number, low: i64, high: i64) -> Option<Value> {
    let whole = match number.as_i64() {
        Some(whole) => whole,
        // Beyond 2^63 a double cannot be an integer of any width.
        None => number.as_f64().filter(|float| float.abs() < 9.2e18).map(|float| float.trunc() as i64)?,
    };
    (low..=high).contains(&whole).then(|| Value::from(whole))
}

/// Does something one name further down.
fn below<T>(column: &mut String, name: &str, run: impl FnOnce(&mut String) -> T) -> T {
    let length = column.len();
    if length > 0 {
        column.push('.');
    }
    column.push_str(name);
    let done = run(column);
    column.truncate(length);
    done
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, Findings, Shape};
    use serde_json::{Value, json};

    fn take(field: Value, value: Value) -> Result<Value, Code> {
        let mut findings = Findings::default();
        let shape = Shape::of(field.as_object().expect("a field"));
        let taken = shape.take(value, &mut "a".to_owned(), false, &mut findings);
        findings.problems.first().map_or(Ok(taken), |problem| Err(problem.code))
    }

    #[test]
    fn values_become_what_the_published_table_allows() {
        let (text, long, double) = (
            json!({"type": "string"}),
            json!({"type": "integer", "minimum": -9_007_199_254_740_991_i64, "maximum": 9_007_199_254_740_991_i64}),
            json!({"type": "number"}),
        );
        let byte = json!({"type": "integer", "minimum": -128, "maximum": 128});
        let moment = json!({"type": "string", "format": "date-time"});
        let day = json!({"type": "string", "format": "date"});
        for (field, value, wanted) in [
            (&text, json!(5), Ok(json!("5"))),
            (&text, json!(true), Err(Code::Convert)),
            (&text, json!(["a"]), Err(Code::Structure)),
            (&long, json!("12"), Ok(json!(12))),
            (&long, json!(1.5), Ok(json!(1))),
            (&long, json!("x"), Err(Code::Convert)),
            (&byte, json!(128), Err(Code::Convert)),
            (&double, json!("1.5"), Ok(json!(1.5))),
            (&double, json!(false), Err(Code::Convert)),
            (&moment, json!("2026-01-02T03:04:05Z"), Ok(json!("2026-01-02T03:04:05Z"))),
            (&moment, json!(1_576_741_597_205_i64), Ok(json!(1_576_741_597_205_i64))),
            (&moment, json!("2026-01-02"), Err(Code::Convert)),
            (&day, json!("2026-01-02T03:04:05Z"), Err(Code::Convert)),
            (&day, json!("2026-01-02"), Ok(json!("2026-01-02"))),
            (&text, Value::Null, Err(Code::Required)),
            (&text, json!(""), Err(Code::Required)),
        ] {
            assert_eq!(take(field.clone(), value.clone()), wanted, "{value} as {field}");
        }
    }

    #[test]
    fn unknown_fields_are_left_out_and_required_ones_are_missed() {
        let field = json!({"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "string"},
            "b": {"type": "boolean"}, "m": {"type": "object", "additionalProperties": {"type": "integer"}}}});
        let mut findings = Findings::default();
        let shape = Shape::of(field.as_object().expect("a field"));
        let taken =
            shape.take(json!({"a": "x", "c": 1, "m": {"k": "3"}}), &mut String::new(), false, &mut findings);
        assert_eq!(taken, json!({"a": "x", "m": {"k": 3}}));
        assert_eq!(findings.unknown.iter().collect::<Vec<_>>(), ["c"]);
        assert_eq!((findings.problems[0].column.as_str(), findings.problems[0].code), ("b", Code::Required));
    }
}
