//! Adobe's mapping-set document, in its current and its legacy form.

use serde::{Deserialize, Serialize};

/// A Data Prep mapping set. Unknown members are kept out: only what a plan needs is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingSet {
    /// A name for people.
    #[serde(default)]
    pub name: String,
    /// The mappings, in order.
    pub mappings: Vec<Mapping>,
}

/// One mapping: a source and the destination that it feeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mapping {
    /// How `source` is to be read. The legacy form has none: its sources are paths.
    #[serde(default)]
    pub source_type: SourceType,
    /// A path, an expression or a literal. Legacy name: `sourceAttribute`.
    #[serde(alias = "sourceAttribute")]
    pub source: String,
    /// The path written to. Legacy name: `destinationXdmPath`.
    #[serde(alias = "destinationXdmPath")]
    pub destination: String,
    /// The destination's XDM type, when it is known. Not part of Adobe's document.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub xdm_type: Option<XdmType>,
}

/// How a mapping's source is to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceType {
    /// A path. Adobe's responses may print `text/x.schema-path`.
    #[default]
    #[serde(rename = "ATTRIBUTE", alias = "text/x.schema-path")]
    Attribute,
    /// An expression of at most 4,096 characters.
    #[serde(rename = "EXPRESSION")]
    Expression,
    /// A constant string.
    #[serde(rename = "STATIC")]
    Static,
}

/// The type of a destination; a value of another kind is converted or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum XdmType {
    /// Text.
    #[serde(rename = "string")]
    String,
    /// A decimal number.
    #[serde(rename = "number")]
    Number,
    /// A whole number of 32 bits.
    #[serde(rename = "integer")]
    Integer,
    /// A whole number; Stripe's may have 64 bits.
    #[serde(rename = "long")]
    Long,
    /// True or false.
    #[serde(rename = "boolean")]
    Boolean,
    /// RFC 3339 text.
    #[serde(rename = "date-time")]
    DateTime,
    /// A day, `yyyy-MM-dd`.
    #[serde(rename = "date")]
    Date,
    /// An object whose values are text.
    #[serde(rename = "map<string>")]
    MapOfStrings,
    /// An object whose values are whole numbers.
    #[serde(rename = "map<integer>")]
    MapOfIntegers,
    /// An array of text.
    #[serde(rename = "array<string>")]
    ArrayOfStrings,
}

impl MappingSet {
    /// Reads a mapping set of either form from JSON.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_mean_the_same() {
        let current = r#"{"version":0,"mappings":[{"sourceType":"text/x.schema-path","source":"id","destination":"_id","name":"id"}]}"#;
        let legacy = r#"{"version":0,"xdmSchema":"s","mappings":[{"sourceAttribute":"id","destinationXdmPath":"_id","identity":false,"version":0}]}"#;
        assert_eq!(
            MappingSet::from_json(current).unwrap().mappings,
            MappingSet::from_json(legacy).unwrap().mappings
        );
    }
}
