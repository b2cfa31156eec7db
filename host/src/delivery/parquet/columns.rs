//! The columns of a dataset, as they follow from its XDM schema: a tree of fields, and the same as Parquet says it.

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{Type, TypePtr};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Deepest nesting of fields.
const MAX_DEPTH: u32 = 64;
/// What becomes of a row of a relational dataset: read by Platform and not stored, so that no schema names it.
const CHANGE: &str = "_change_request_type";
/// The class that the schemas of these datasets extend.
const RELATIONAL: &str = "https://ns.adobe.com/xdm/data/adhoc-v2";

/// The columns of a dataset.
#[derive(Debug)]
pub struct Columns {
    /// The fields, the record itself first.
    pub(super) nodes: Vec<Node>,
    /// The types of those that hold values, in the order of the columns.
    pub(super) leaves: Vec<Leaf>,
    pub(super) schema: TypePtr,
}

/// A field.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: String,
    /// The definition level at which it is there.
    pub(super) def: i16,
    /// The repetition level of all in it that is not in a list again.
    pub(super) rep: i16,
    pub(super) kind: Kind,
}

/// What a field holds. Fields are named by their place among the nodes.
#[derive(Debug)]
pub(super) enum Kind {
    /// A value: which column.
    Leaf(usize),
    Object(BTreeMap<String, usize>),
    List(usize),
    Map {
        key: usize,
        value: usize,
    },
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaf {
    Text,
    Boolean,
    Byte,
    Short,
    Integer,
    Long,
    Double,
    Date,
    DateTime,
}

impl Columns {
    /// Of a schema with everything that it refers to in place, as the registry shows it. Fields of which it says no
    /// type have no column, and neither have objects without fields.
    pub fn of(schema: &Value) -> Result<Self, ParquetError> {
        let mut columns = Self { nodes: Vec::new(), leaves: Vec::new(), schema: Arc::new(empty()?) };
        let mut fields = members(schema);
        let text = Value::from_iter([("type", "string")]);
        let extends = schema.get("meta:extends").and_then(Value::as_array);
        if extends.is_some_and(|ids| ids.iter().any(|id| id == RELATIONAL)) {
            fields.entry(CHANGE).or_insert(&text);
        }
        let object = columns.object("record", &fields, 0, 0, 0)?;
        let (_, types) = object.ok_or_else(|| general("the schema has no field with a type"))?;
        columns.schema = Arc::new(Type::group_type_builder("record").with_fields(types).build()?);
        Ok(columns)
    }

    /// Adds an object that is there at these levels; none when nothing in it has a column.
    fn object(
        &mut self,
        name: &str,
        fields: &BTreeMap<&str, &Value>,
        def: i16,
        rep: i16,
        depth: u32,
    ) -> Result<Option<(usize, Vec<TypePtr>)>, ParquetError> {
        let node = self.add(name, def, rep, Kind::Object(BTreeMap::new()));
        let (mut children, mut types) = (BTreeMap::new(), Vec::new());
        for (name, field) in fields {
            if let Some((child, kind)) = self.field(name, field, def, rep, depth + 1)? {
                children.insert((*name).to_owned(), child);
                types.push(Arc::new(kind));
            }
        }
        if children.is_empty() {
            // Nothing was added behind it either.
            self.nodes.truncate(node);
            return Ok(None);
        }
        self.nodes[node].kind = Kind::Object(children);
        Ok(Some((node, types)))
    }

    /// Adds an optional field below these levels.
    fn field(
        &mut self,
        name: &str,
        field: &Value,
        def: i16,
        rep: i16,
        depth: u32,
    ) -> Result<Option<(usize, Type)>, ParquetError> {
        if depth > MAX_DEPTH {
            return Err(general("its fields are nested too deeply"));
        }
        let def = def + 1;
        if let Some(leaf) = Leaf::of(field) {
            let node = self.leaf(name, def, rep, leaf);
            return Ok(Some((node, leaf.column(name, Repetition::OPTIONAL)?)));
        }
        let group = |types: Vec<TypePtr>, logical: Option<LogicalType>| {
            let group = Type::group_type_builder(name).with_repetition(Repetition::OPTIONAL);
            group.with_logical_type(logical).with_fields(types).build()
        };
        let repeated = |name: &str, types: Vec<TypePtr>| {
            let group = Type::group_type_builder(name).with_repetition(Repetition::REPEATED);
            group.with_fields(types).build().map(|kind| vec![Arc::new(kind)])
        };
        if field.get("properties").is_some() {
            let object = self.object(name, &members(field), def, rep, depth)?;
            return object.map(|(node, types)| Ok((node, group(types, None)?))).transpose();
        }
        if let Some(items) = field.get("items") {
            let node = self.add(name, def, rep, Kind::List(0));
            let Some((element, kind)) = self.field("element", items, def + 1, rep + 1, depth + 1)? else {
                self.nodes.truncate(node);
                return Ok(None);
            };
            self.nodes[node].kind = Kind::List(element);
            let list = repeated("list", vec![Arc::new(kind)])?;
            return Ok(Some((node, group(list, Some(LogicalType::List))?)));
        }
        if let Some(values) = field.get("additionalProperties").filter(|values| values.is_object()) {
            let (node, columns) = (self.add(name, def, rep, Kind::List(0)), self.leaves.len());
            let key = self.leaf("key", def + 1, rep + 1, Leaf::Text);
            let Some((value, kind)) = self.field("value", values, def + 1, rep + 1, depth + 1)? else {
                self.nodes.truncate(node);
                self.leaves.truncate(columns);
                return Ok(None);
            };
            self.nodes[node].kind = Kind::Map { key, value };
            let key = Leaf::Text.column("key", Repetition::REQUIRED)?;
            let entries = repeated("key_value", vec![Arc::new(key), Arc::new(kind)])?;
            return Ok(Some((node, group(entries, Some(LogicalType::Map))?)));
        }
        Ok(None)
    }

    fn leaf(&mut self, name: &str, def: i16, rep: i16, leaf: Leaf) -> usize {
        self.leaves.push(leaf);
        self.add(name, def, rep, Kind::Leaf(self.leaves.len() - 1))
    }

    fn add(&mut self, name: &str, def: i16, rep: i16, kind: Kind) -> usize {
        self.nodes.push(Node { name: name.to_owned(), def, rep, kind });
        self.nodes.len() - 1
    }
}

impl Leaf {
    fn of(field: &Value) -> Option<Self> {
        let text = |key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default();
        Some(match (text("type"), text("format")) {
            ("string", "date") => Self::Date,
            ("string", "date-time") => Self::DateTime,
            ("string", _) => Self::Text,
            ("boolean", _) => Self::Boolean,
            ("number", _) => Self::Double,
            ("integer", _) => Self::whole(field),
            _ => return None,
        })
    }

    /// The width of a whole number: as the registry says, else by its bounds, of which the upper one is documented
    /// one too large.
    fn whole(field: &Value) -> Self {
        let bound = |key: &str| field.get(key).and_then(Value::as_i64);
        match (field.get("meta:xdmType").and_then(Value::as_str), bound("minimum"), bound("maximum")) {
            (Some("byte"), ..) => Self::Byte,
            (Some("short"), ..) => Self::Short,
            (Some("int" | "integer"), ..) => Self::Integer,
            (Some("long"), ..) => Self::Long,
            (_, Some(-0x80..), Some(..=0x80)) => Self::Byte,
            (_, Some(-0x8000..), Some(..=0x8000)) => Self::Short,
            (_, Some(-0x8000_0000..), Some(..=0x8000_0000)) => Self::Integer,
            _ => Self::Long,
        }
    }

    fn column(self, name: &str, repetition: Repetition) -> Result<Type, ParquetError> {
        let (physical, logical) = match self {
            Self::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Self::Boolean => (Physical::BOOLEAN, None),
            Self::Byte => (Physical::INT32, Some(LogicalType::integer(8, true))),
            Self::Short => (Physical::INT32, Some(LogicalType::integer(16, true))),
            Self::Integer => (Physical::INT32, None),
            Self::Long => (Physical::INT64, None),
            Self::Double => (Physical::DOUBLE, None),
            Self::Date => (Physical::INT32, Some(LogicalType::Date)),
            Self::DateTime => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        };
        Type::primitive_type_builder(name, physical)
            .with_repetition(repetition)
            .with_logical_type(logical)
            .build()
    }
}

/// The fields of an object by name, so that the order in which the registry shows them does not matter.
fn members(object: &Value) -> BTreeMap<&str, &Value> {
    let fields = object.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::iter);
    fields.map(|(name, field)| (name.as_str(), field)).collect()
}

fn empty() -> Result<Type, ParquetError> {
    Type::group_type_builder("record").build()
}

fn general(what: &str) -> ParquetError {
    ParquetError::General(what.to_owned())
}
