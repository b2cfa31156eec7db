//! Adobe's mapping-set document: read in its current and its legacy form, written in the current one.

use serde::{Deserialize, Serialize};

/// A Data Prep mapping set. What Adobe only reports (dates, users, scores, an expanded schema) is not
/// kept; all else survives reading and writing. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "SetAsRead")]
pub struct MappingSet {
    /// Adobe's identifier, once it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A name for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Adobe counts changes here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The schema of the source, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<SchemaLink>,
    /// The schema of the destination. The legacy form names it in `xdmSchema`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<SchemaLink>,
    /// Whether nulls are written: see [`Plan::compile`](crate::Plan::compile). Unset is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_null_values: Option<bool>,
    /// Adobe's version of the mapper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support_version: Option<String>,
    /// Labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The mappings, in order.
    pub mappings: Vec<Mapping>,
}

/// A schema that a mapping set belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SchemaLink {
    /// Data Prep's own identifier of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Of that identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The sample that an input schema was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_id: Option<String>,
    /// Where the Schema Registry has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_ref: Option<SchemaRef>,
}

/// A schema of the Schema Registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SchemaRef {
    /// Its `$id`.
    pub id: String,
    /// Media type and version, such as `application/vnd.adobe.xed-full+json;version=1`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content_type: String,
}

/// A label of a mapping set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Its values.
    #[serde(alias = "value")]
    pub values: Vec<String>,
}

/// One mapping: a source and the destination that it feeds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "MappingAsRead")]
pub struct Mapping {
    /// Adobe's identifier, once it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How `source` is to be read. The legacy form has none: its sources are paths.
    pub source_type: SourceType,
    /// A path, an expression or a literal. Legacy name: `sourceAttribute`.
    pub source: String,
    /// The path written to. Legacy name: `destinationXdmPath`.
    pub destination: String,
    /// A name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The attributes that an expression reads, as Adobe's user interface notes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression_attributes: Option<Vec<String>>,
    /// Adobe's version of the functions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_version: Option<i64>,
    /// Adobe counts changes here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Legacy: the destination identifies a person.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub identity: bool,
    /// Legacy: it is the identity that records go by.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub primary_identity: bool,
    /// The destination's XDM type, when it is known. Not part of Adobe's document.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub xdm_type: Option<XdmType>,
    /// Data usage labels of what it writes (`I1`, `C2`, …). Not part of Adobe's document.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// How a mapping's source is to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceType {
    /// A path. Adobe's responses may print `text/x.schema-path`.
    #[default]
    #[serde(rename = "ATTRIBUTE", alias = "text/x.schema-path")]
    Attribute,
    /// An expression of at most 4,096 characters. Adobe's destinations print `text/x.aep-xl`.
    #[serde(rename = "EXPRESSION", alias = "text/x.aep-xl")]
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
    /// A day, as `yyyy-MM-dd`.
    #[serde(rename = "date")]
    Date,
    /// RFC 3339 text.
    #[serde(rename = "date-time")]
    DateTime,
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

/// A set as it may be written: every member may be missing or null, the schema in either place.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetAsRead {
    id: Option<String>,
    name: Option<String>,
    description: Option<String>,
    version: Option<i64>,
    input_schema: Option<SchemaLink>,
    output_schema: Option<SchemaLink>,
    schema_ref: Option<SchemaRef>,
    xdm_schema: Option<String>,
    allow_null_values: Option<bool>,
    support_version: Option<String>,
    tags: Option<Vec<Tag>>,
    mappings: Vec<Mapping>,
}

impl From<SetAsRead> for MappingSet {
    fn from(read: SetAsRead) -> Self {
        // The legacy form's `xdmVersion` is not a media type: the current one is put in its place.
        let legacy = read.schema_ref.or(read.xdm_schema.map(|id| SchemaRef {
            id,
            content_type: "application/vnd.adobe.xed-full+json;version=1".to_owned(),
        }));
        let output_schema = match (read.output_schema, legacy) {
            (Some(link), legacy) => Some(SchemaLink { schema_ref: link.schema_ref.or(legacy), ..link }),
            (None, Some(found)) => Some(SchemaLink { schema_ref: Some(found), ..SchemaLink::default() }),
            (None, None) => None,
        };
        Self {
            id: read.id,
            name: read.name.unwrap_or_default(),
            description: read.description,
            version: read.version,
            input_schema: read.input_schema,
            output_schema,
            allow_null_values: read.allow_null_values,
            support_version: read.support_version,
            tags: read.tags.unwrap_or_default(),
            mappings: read.mappings,
        }
    }
}

/// A mapping as it may be written: Adobe's responses hold the legacy names beside the current ones.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MappingAsRead {
    id: Option<String>,
    source_type: Option<SourceType>,
    source: Option<String>,
    source_attribute: Option<String>,
    destination: Option<String>,
    destination_xdm_path: Option<String>,
    name: Option<String>,
    description: Option<String>,
    expression_attributes: Option<Vec<String>>,
    function_version: Option<i64>,
    version: Option<i64>,
    identity: Option<bool>,
    primary_identity: Option<bool>,
    #[serde(rename = "type")]
    xdm_type: Option<XdmType>,
    labels: Option<Vec<String>>,
}

impl TryFrom<MappingAsRead> for Mapping {
    type Error = &'static str;

    fn try_from(read: MappingAsRead) -> Result<Self, Self::Error> {
        Ok(Self {
            id: read.id,
            source_type: read.source_type.unwrap_or_default(),
            source: read
                .source
                .or(read.source_attribute)
                .ok_or("a mapping has neither `source` nor, as in the legacy form, `sourceAttribute`")?,
            destination: read.destination.or(read.destination_xdm_path).ok_or(
                "a mapping has neither `destination` nor, as in the legacy form, `destinationXdmPath`",
            )?,
            name: read.name,
            description: read.description,
            expression_attributes: read.expression_attributes,
            function_version: read.function_version,
            version: read.version,
            identity: read.identity.unwrap_or_default(),
            primary_identity: read.primary_identity.unwrap_or_default(),
            xdm_type: read.xdm_type,
            labels: read.labels.unwrap_or_default(),
        })
    }
}

impl Mapping {
    /// A mapping with nothing but what it needs.
    pub fn new(source_type: SourceType, source: impl Into<String>, destination: impl Into<String>) -> Self {
        Self { source_type, source: source.into(), destination: destination.into(), ..Self::default() }
    }
}

impl MappingSet {
    /// Reads a mapping set of either form from JSON.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The set as Adobe accepts it, in the current form: without types and labels, which are ours.
    ///
    /// ```
    /// use dataprep::MappingSet;
    ///
    /// let legacy = r#"{"mappings":[{"sourceAttribute":"id","destinationXdmPath":"_id","version":0}]}"#;
    /// assert_eq!(
    ///     MappingSet::from_json(legacy)?.to_adobe_json()?,
    ///     r#"{"mappings":[{"sourceType":"ATTRIBUTE","source":"id","destination":"_id","version":0}]}"#
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn to_adobe_json(&self) -> Result<String, serde_json::Error> {
        let mut set = self.clone();
        for mapping in &mut set.mappings {
            mapping.xdm_type = None;
            mapping.labels.clear();
        }
        serde_json::to_string(&set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_mean_the_same() {
        let current = r#"{"version":0,"mappings":[{"sourceType":"text/x.schema-path","source":"id","destination":"_id","version":0}]}"#;
        let legacy = r#"{"version":0,"xdmSchema":"s","mappings":[{"sourceAttribute":"id","destinationXdmPath":"_id","identity":false,"version":0}]}"#;
        let set = MappingSet::from_json(legacy).unwrap();
        assert_eq!(MappingSet::from_json(current).unwrap().mappings, set.mappings);
        assert_eq!(set.output_schema.unwrap().schema_ref.unwrap().id, "s");
    }

    #[test]
    fn what_adobe_answers_is_read_and_written_back() {
        let answered = r#"{"id":"42","name":null,"version":1,"createdDate":1582250953000,"status":"PUBLISHED",
            "allowNullValues":false,"supportVersion":"1.1","strictMapping":false,"tags":[{"name":"t","values":["v"]}],
            "inputSchema":{"id":"i","sampleId":"f","version":0,"jsonSchema":{"type":"object"}},
            "outputSchema":{"id":"o","version":0,"schemaRef":{"id":"https://ns.adobe.com/x","contentType":"1.0"}},
            "schemaRef":{"id":"https://ns.adobe.com/x","contentType":"1.0"},"xdmVersion":"1.0",
            "mappings":[{"id":"m","version":0,"createdDate":1,"sourceType":"EXPRESSION","source":"upper(a)",
              "destination":"b","sourceAttribute":"upper(a)","destinationXdmPath":"b","identity":true,
              "primaryIdentity":false,"matchScore":0.0,"functionVersion":1,"name":"n","description":"d",
              "expressionAttributes":["a"],"type":"string"}]}"#;
        let set = MappingSet::from_json(answered).unwrap();
        let written = serde_json::to_string(&set).unwrap();
        assert_eq!(MappingSet::from_json(&written).unwrap(), set);
        assert_eq!(
            set.to_adobe_json().unwrap(),
            concat!(
                r#"{"id":"42","version":1,"inputSchema":{"id":"i","version":0,"sampleId":"f"},"#,
                r#""outputSchema":{"id":"o","version":0,"schemaRef":{"id":"https://ns.adobe.com/x","contentType":"1.0"}},"#,
                r#""allowNullValues":false,"supportVersion":"1.1","tags":[{"name":"t","values":["v"]}],"#,
                r#""mappings":[{"id":"m","sourceType":"EXPRESSION","source":"upper(a)","destination":"b","#,
                r#""name":"n","description":"d","expressionAttributes":["a"],"functionVersion":1,"version":0,"#,
                r#""identity":true}]}"#
            )
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = MappingSet::from_json(r#"{"mappings":[{"source":"a"}]}"#).unwrap_err().to_string();
        assert!(error.contains("neither `destination` nor"), "{error}");
    }
}
