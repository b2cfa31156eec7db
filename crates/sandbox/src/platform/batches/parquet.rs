//! Parquet files: their columns held to the dataset's schema, and their rows as JSON.

use axum::body::Bytes;
use dataprep::date::rfc3339_seconds;
use parquet::{
    basic::{ConvertedType, Type as Physical},
    errors::ParquetError,
    file::reader::{FileReader, SerializedFileReader},
    record::{Field, Row},
    schema::types::Type,
};
use serde_json::{Map, Number, Value};

use super::shape::Shape;

/// A file that could be opened.
pub(super) struct Table(SerializedFileReader<Bytes>);

impl Table {
    pub(super) fn open(bytes: Bytes) -> Result<Self, ParquetError> {
        SerializedFileReader::new(bytes).map(Self)
    }

    /// Columns that cannot become what the schema asks for: what one of them is.
    pub(super) fn misfit(&self, shape: &Shape) -> Option<String> {
        let schema = self.0.metadata().file_metadata().schema();
        schema.get_fields().iter().find_map(|column| {
            let name = column.name();
            misfit(column, below(shape, name), name)
        })
    }

    /// The rows. What is null is not there.
    pub(super) fn rows(&self) -> Result<impl Iterator<Item = Result<Value, ParquetError>>, ParquetError> {
        Ok(self.0.get_row_iter(None)?.map(|row| row.map(object)))
    }
}

/// What a schema says of a member; of one that it does not know, nothing.
fn below<'s>(shape: &'s Shape, name: &str) -> &'s Shape {
    match shape {
        Shape::Object { fields, .. } => fields.get(name).unwrap_or(&Shape::Any),
        Shape::Map(values) => values,
        _ => &Shape::Any,
    }
}

/// Why a column cannot become what the schema asks for, by the published table of conversions.
fn misfit(column: &Type, shape: &Shape, path: &str) -> Option<String> {
    let refuse = |what: &str| Some(format!("{path} is {what}, the schema asks for {}", shape.name()));
    if column.is_primitive() {
        let (what, fits) = value(column, shape);
        return if fits || matches!(shape, Shape::Any) { None } else { refuse(what) };
    }
    let inner = |column: &Type, shape: &Shape, name: &str| misfit(column, shape, &format!("{path}.{name}"));
    // Lists and maps have a repeated group between themselves and what they hold.
    let repeated = column.get_fields().first().filter(|group| group.is_group());
    match (column.get_basic_info().converted_type(), repeated.map(|group| group.get_fields())) {
        (ConvertedType::LIST, Some([element])) => match shape {
            Shape::Array(items) => inner(element, items, "[*]"),
            Shape::Any => inner(element, shape, "[*]"),
            _ => refuse("a list"),
        },
        (ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE, Some([key, value])) => {
            match (inner(key, &Shape::Text { allowed: Vec::new() }, "key"), shape) {
                (Some(refused), _) => Some(refused),
                (None, Shape::Map(values)) => inner(value, values, "{*}"),
                (None, Shape::Any | Shape::Object { .. }) => inner(value, &Shape::Any, "{*}"),
                (None, _) => refuse("a map"),
            }
        }
        (ConvertedType::NONE, _) => match shape {
            Shape::Object { .. } | Shape::Map(_) | Shape::Any => {
                let mut columns = column.get_fields().iter();
                columns.find_map(|column| inner(column, below(shape, column.name()), column.name()))
            }
            _ => refuse("an object"),
        },
        _ => refuse("a list or map of another form than that of three levels"),
    }
}

/// What a column of values holds, and whether that can become what the schema asks for.
fn value(column: &Type, shape: &Shape) -> (&'static str, bool) {
    let is_number = matches!(shape, Shape::Integer { .. } | Shape::Double | Shape::Text { .. });
    let is_date = matches!(shape, Shape::Date | Shape::DateTime);
    match (column.get_physical_type(), column.get_basic_info().converted_type()) {
        (Physical::BOOLEAN, _) => ("Boolean", matches!(shape, Shape::Boolean)),
        (Physical::INT32, ConvertedType::DATE) => ("Date", matches!(shape, Shape::Date)),
        (
            Physical::INT32,
            ConvertedType::NONE | ConvertedType::INT_8 | ConvertedType::INT_16 | ConvertedType::INT_32,
        ) => ("Integer", is_number),
        (Physical::INT64, ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS)
        | (Physical::INT96, _) => ("DateTime", matches!(shape, Shape::DateTime)),
        (Physical::INT64, ConvertedType::NONE | ConvertedType::INT_64) => ("Long", is_number || is_date),
        (Physical::FLOAT | Physical::DOUBLE, _) => ("Double", is_number),
        (Physical::BYTE_ARRAY, ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON) => {
            ("String", is_number || is_date)
        }
        _ => ("of a type that XDM does not have", false),
    }
}

fn object(row: Row) -> Value {
    let members = row.into_columns().into_iter();
    members.filter_map(|(name, field)| Some((name, json(field)?))).collect::<Map<_, _>>().into()
}

/// A value as JSON; none when it is null.
fn json(field: Field) -> Option<Value> {
    Some(match field {
        Field::Null => return None,
        Field::Bool(value) => value.into(),
        Field::Byte(value) => value.into(),
        Field::Short(value) => value.into(),
        Field::Int(value) => value.into(),
        Field::Long(value) => value.into(),
        Field::Float(value) => Number::from_f64(value.into())?.into(),
        Field::Double(value) => Number::from_f64(value)?.into(),
        Field::Str(value) => value.into(),
        Field::Date(days) => {
            moment(i64::from(days) * 86_400_000)?.chars().take(10).collect::<String>().into()
        }
        Field::TimestampMillis(millis) => moment(millis)?.into(),
        Field::TimestampMicros(micros) => moment(micros.div_euclid(1000))?.into(),
        Field::Group(row) => object(row),
        Field::ListInternal(list) => {
            list.elements().iter().map(|item| json(item.clone()).unwrap_or_default()).collect()
        }
        Field::MapInternal(map) => {
            let entries = map.entries().iter().filter_map(|(key, value)| match key {
                Field::Str(key) => Some((key.clone(), json(value.clone()).unwrap_or_default())),
                _ => None,
            });
            entries.collect::<Map<_, _>>().into()
        }
        // Of types that XDM does not have.
        other => other.to_string().into(),
    })
}

/// Milliseconds since 1970 as RFC 3339, with a fraction only when there is one.
fn moment(millis: i64) -> Option<String> {
    let text = rfc3339_seconds(millis.div_euclid(1000))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Some(match millis.rem_euclid(1000) {
        0 => text,
        fraction => text.replace('Z', &format!(".{fraction:03}Z")),
    })
}
