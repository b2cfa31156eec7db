//! Data Prep's mapping sets: `/data/foundation/conversion`.

use std::collections::BTreeMap;

use dataprep::{CompileOptions, MappingSet, Plan, Run, Sample, Schema, SourceType};
use serde_json::{Map, Value, json};

use crate::platform::{
    answer::Answer,
    registry::Registry,
    tenant::{Ids, Stamp, Tenant},
    world::Call,
};

/// The most mapping sets on a page.
const MAX_PAGE: usize = 100;

/// Mapping sets by id.
#[derive(Debug, Clone, Default)]
pub(super) struct Conversion {
    sets: BTreeMap<String, Vec<Version>>,
}

/// A mapping set as it was at one time.
#[derive(Debug, Clone)]
struct Version {
    set: MappingSet,
    /// The `$id` of the schema it makes records of.
    schema: String,
    /// Of its mappings, in order.
    ids: Vec<String>,
    created: u64,
    modified: u64,
    client: String,
}

impl Conversion {
    /// The newest version of a mapping set.
    pub(super) fn newest(&self, id: &str) -> Option<u64> {
        self.sets.get(id).map(|versions| versions.len() as u64 - 1)
    }

    /// A version of a mapping set, and the schema it is for.
    pub(super) fn set(&self, id: &str, version: u64) -> Option<(&MappingSet, &str)> {
        let found = self.sets.get(id)?.get(usize::try_from(version).ok()?)?;
        Some((&found.set, &found.schema))
    }
}

pub(super) fn serve(
    call: &Call,
    path: &[&str],
    tenant: &mut Tenant,
    stamp: &Stamp,
) -> Result<Answer, Answer> {
    match (call.method.as_str(), path) {
        ("POST", ["mappingSets"]) => create(call, tenant, stamp),
        ("GET", ["mappingSets"]) => list(call, tenant),
        ("POST", ["mappingSets", "validate"]) => {
            let (set, _, schema) = read(&call.json().map_err(Answer::bad_request)?, &tenant.registry)?;
            let options = CompileOptions { schema: Some(&schema), ..CompileOptions::default() };
            answer(&dataprep::validate(&set, options, &[]))
        }
        ("POST", ["mappingSets", "preview"]) => preview(call, tenant),
        ("POST", ["languages", "el", "validate"]) => {
            let body = call.json().map_err(Answer::bad_request)?;
            let expression = body.get("expression").and_then(Value::as_str);
            let expression = expression.ok_or_else(|| Answer::bad_request("expression is missing"))?;
            answer(&dataprep::is_valid_expression(expression, CompileOptions::default()))
        }
        ("GET", ["mappingSets", id]) => {
            let (number, version) = found(call, tenant, id)?;
            Ok(Answer::ok(&version.shown(id, number, expanded(call).then_some(&tenant.registry))))
        }
        ("PUT", ["mappingSets", id]) => replace(call, tenant, stamp, id),
        ("GET", ["mappingSets", id, "mappings"]) => {
            let (number, version) = found(call, tenant, id)?;
            Ok(Answer::ok(&version.mappings(number)))
        }
        ("GET", ["mappingSets", id, "mappings", mapping]) => {
            let (number, version) = found(call, tenant, id)?;
            let all = version.mappings(number);
            let one = all.as_array().into_iter().flatten().find(|known| known["id"] == *mapping);
            Ok(Answer::ok(one.ok_or_else(|| Answer::not_found(format!("No mapping {mapping}")))?))
        }
        (_, ["mappingSets" | "languages", ..]) => Err(Answer::empty(405)),
        _ => Err(Answer::not_found("There is nothing at this path")),
    }
}

fn answer(body: &impl serde::Serialize) -> Result<Answer, Answer> {
    let value =
        serde_json::to_value(body).map_err(|error| Answer::problem(500, "Error", error.to_string()))?;
    Ok(Answer::ok(&value))
}

fn parameter(call: &Call, name: &str) -> Option<String> {
    call.parameters().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

fn expanded(call: &Call) -> bool {
    parameter(call, "expandSchema").as_deref() == Some("true")
}

/// A mapping set in its current or its legacy form, with the schema that it names.
fn read(body: &Value, registry: &Registry) -> Result<(MappingSet, String, Schema), Answer> {
    let set: MappingSet =
        serde_json::from_value(body.clone()).map_err(|error| Answer::bad_request(error.to_string()))?;
    let link = set.output_schema.as_ref().and_then(|link| link.schema_ref.as_ref());
    let id = link.map(|link| link.id.clone()).filter(|id| !id.is_empty()).ok_or_else(|| {
        Answer::bad_request("A mapping set needs outputSchema.schemaRef or, in the legacy form, xdmSchema")
    })?;
    let tree = registry.tree(&id);
    let tree = tree.ok_or_else(|| Answer::bad_request(format!("The schema {id} does not exist")))?;
    let schema = Schema::from_json(&Value::Object(tree).to_string());
    let schema = schema.map_err(|error| Answer::bad_request(error.to_string()))?;
    Ok((set, id, schema))
}

/// As [`read`]; the mappings must work, too.
fn checked(call: &Call, tenant: &Tenant) -> Result<(MappingSet, String), Answer> {
    let (set, id, schema) = read(&call.json().map_err(Answer::bad_request)?, &tenant.registry)?;
    if set.mappings.is_empty() {
        return Err(Answer::bad_request("A mapping set needs mappings"));
    }
    let options = CompileOptions { schema: Some(&schema), ..CompileOptions::default() };
    Plan::compile(&set, options).map_err(|error| Answer::bad_request(error.to_string()))?;
    Ok((set, id))
}

fn create(call: &Call, tenant: &mut Tenant, stamp: &Stamp) -> Result<Answer, Answer> {
    let (set, schema) = checked(call, tenant)?;
    let version = Version::new(set, schema, &mut tenant.ids, stamp, stamp.now);
    let id = tenant.ids.hex(32);
    let answer = Answer::ok(&version.in_short(&id, 0));
    tenant.conversion.sets.insert(id, vec![version]);
    Ok(answer)
}

fn replace(call: &Call, tenant: &mut Tenant, stamp: &Stamp, id: &str) -> Result<Answer, Answer> {
    let (_, known) = found(call, tenant, id)?;
    let created = known.created;
    let (set, schema) = checked(call, tenant)?;
    let version = Version::new(set, schema, &mut tenant.ids, stamp, created);
    let versions = tenant.conversion.sets.entry(id.to_owned()).or_default();
    let answer = Answer::ok(&version.in_short(id, versions.len()));
    versions.push(version);
    Ok(answer)
}

fn found<'a>(call: &Call, tenant: &'a Tenant, id: &str) -> Result<(usize, &'a Version), Answer> {
    let versions = tenant.conversion.sets.get(id).map(Vec::as_slice).unwrap_or_default();
    let newest = versions.len().saturating_sub(1);
    let number = match parameter(call, "version") {
        None => newest,
        Some(text) => text.parse().map_err(|_| Answer::bad_request("version must be a whole number"))?,
    };
    let version = versions.get(number);
    version.map(|version| (number, version)).ok_or_else(|| Answer::not_found(format!("No mapping set {id}")))
}

fn list(call: &Call, tenant: &Tenant) -> Result<Answer, Answer> {
    let number = |name: &str| {
        parameter(call, name)
            .and_then(|text| text.parse::<usize>().ok())
            .ok_or_else(|| Answer::bad_request(format!("{name} is required: a whole number")))
    };
    let (limit, start) = (number("limit")?, number("start")?);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Answer::bad_request(format!("limit must be from 1 to {MAX_PAGE}")));
    }
    let name = parameter(call, "name");
    let mut sets: Vec<(&String, usize, &Version)> = tenant
        .conversion
        .sets
        .iter()
        .filter_map(|(id, versions)| Some((id, versions.len() - 1, versions.last()?)))
        .filter(|(_, _, version)| name.as_ref().is_none_or(|name| *name == version.set.name))
        .collect();
    let order = parameter(call, "orderBy");
    let (field, down) = match order.as_deref() {
        None => ("createdDate", false),
        Some(order) => (order.trim_start_matches(['+', '-', ' ']), order.starts_with('-')),
    };
    sets.sort_by_key(|(_, _, version)| match field {
        "updatedDate" => version.modified,
        _ => version.created,
    });
    if down {
        sets.reverse();
    }
    let registry = expanded(call).then_some(&tenant.registry);
    let data: Vec<Value> = sets
        .into_iter()
        .skip(start)
        .take(limit)
        .map(|(id, number, version)| version.shown(id, number, registry))
        .collect();
    Ok(Answer::ok(&json!({"_page": {"count": data.len(), "limit": limit}, "data": data})))
}

fn preview(call: &Call, tenant: &Tenant) -> Result<Answer, Answer> {
    let body = call.json().map_err(Answer::bad_request)?;
    let (set, _, schema) = read(body.get("mappingSet").unwrap_or(&Value::Null), &tenant.registry)?;
    let options = CompileOptions { schema: Some(&schema), ..CompileOptions::default() };
    let plan = Plan::compile(&set, options).map_err(|error| Answer::bad_request(error.to_string()))?;
    // One bare record is printed in the definitions, a list in the guide.
    let records: Vec<String> = match body.get("data") {
        Some(Value::Array(records)) => records.iter().map(Value::to_string).collect(),
        Some(record @ Value::Object(_)) => vec![record.to_string()],
        _ => return Err(Answer::bad_request("data must be records")),
    };
    let samples: Vec<Sample<'_>> = records.iter().map(|record| Sample::new(record)).collect();
    answer(&dataprep::preview(&plan, &mut Run::default(), &samples))
}

impl Version {
    fn new(set: MappingSet, schema: String, ids: &mut Ids, stamp: &Stamp, created: u64) -> Self {
        let of_mappings = set.mappings.iter().map(|_| ids.hex(32)).collect();
        let client = stamp.client.clone();
        Self { set, schema, ids: of_mappings, created, modified: stamp.now, client }
    }

    fn in_short(&self, id: &str, number: usize) -> Value {
        let user = format!("{}@techacct.adobe.com", self.client);
        json!({"id": id, "version": number, "createdDate": self.created, "modifiedDate": self.modified,
            "createdBy": user, "modifiedBy": user})
    }

    /// In full: legacy names beside the current ones, source types as answers print them.
    fn shown(&self, id: &str, number: usize, registry: Option<&Registry>) -> Value {
        let kind = "application/vnd.adobe.xed-full+json;version=1";
        let reference = json!({"id": self.schema, "contentType": kind});
        let mut output = Map::from_iter([("schemaRef".to_owned(), reference.clone())]);
        if let Some(tree) = registry.and_then(|registry| registry.tree(&self.schema)) {
            output.insert("jsonSchema".to_owned(), Value::Object(tree));
        }
        let mut shown = self.in_short(id, number);
        let rest = json!({"name": self.set.name, "description": self.set.description,
            "outputSchema": output, "schemaRef": reference, "xdmSchema": self.schema, "xdmVersion": "1.0",
            "inputSchema": self.set.input_schema, "tags": self.set.tags,
            "allowNullValues": self.set.allow_null_values.unwrap_or_default(), "strictMapping": false,
            "supportVersion": self.set.support_version, "status": "PUBLISHED",
            "mappings": self.mappings(number)});
        if let (Value::Object(shown), Value::Object(rest)) = (&mut shown, rest) {
            shown.extend(rest.into_iter().filter(|(_, value)| !value.is_null()));
        }
        shown
    }

    fn mappings(&self, number: usize) -> Value {
        let of = |(id, mapping): (&String, &dataprep::Mapping)| {
            let kind = match mapping.source_type {
                SourceType::Attribute => "text/x.schema-path",
                SourceType::Expression => "text/x.aep-xl",
                SourceType::Static => "STATIC",
            };
            let mut shown = self.in_short(id, number);
            let rest = json!({"sourceType": kind, "source": mapping.source,
                "destination": mapping.destination, "sourceAttribute": mapping.source,
                "destinationXdmPath": mapping.destination, "name": mapping.name,
                "description": mapping.description, "identity": mapping.identity,
                "primaryIdentity": mapping.primary_identity, "matchScore": 0.0,
                "functionVersion": mapping.function_version.unwrap_or(1),
                "expressionAttributes": mapping.expression_attributes});
            if let (Value::Object(shown), Value::Object(rest)) = (&mut shown, rest) {
                shown.extend(rest.into_iter().filter(|(_, value)| !value.is_null()));
            }
            shown
        };
        self.ids.iter().zip(&self.set.mappings).map(of).collect()
    }
}
