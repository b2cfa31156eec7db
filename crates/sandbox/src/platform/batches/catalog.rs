//! Catalog's view of batches: one, many, the last of each dataset.

use serde_json::{Map, Value, json};

use super::{
    Lake, bad_request,
    batch::{Batch, State},
};
use crate::platform::{answer::Answer, options::StateNames, world::Call};

/// `GET /batches/{id}`: keyed by id.
pub(super) fn one(id: &str, lake: &mut Lake, names: StateNames) -> Result<Answer, Answer> {
    let batch =
        lake.batches.get_mut(id).ok_or_else(|| Answer::not_found(format!("Object not found: {id}")))?;
    batch.looks += 1;
    Ok(Answer::ok(&json!({id: batch.shown(names)})))
}

/// How a list is to be cut and ordered.
struct Page {
    limit: usize,
    start: usize,
    descending: bool,
    fields: Vec<String>,
    properties: Option<Vec<String>>,
}

/// `GET /batches`.
pub(super) fn list(call: &Call, lake: &mut Lake, names: StateNames) -> Result<Answer, Answer> {
    let mut page =
        Page { limit: 20, start: 0, descending: false, fields: vec!["created".to_owned()], properties: None };
    let mut filters: Vec<(String, String)> = Vec::new();
    for (name, value) in call.parameters() {
        let number =
            || value.parse::<u64>().map_err(|_| bad_request(format!("{name} must be a whole number")));
        match name.as_str() {
            "limit" => page.limit = usize::try_from(number()?).unwrap_or(usize::MAX),
            "start" => page.start = usize::try_from(number()?).unwrap_or(usize::MAX),
            "orderBy" => {
                let (direction, fields) = value.split_once(':').unwrap_or(("asc", &value));
                if !matches!(direction, "asc" | "desc") {
                    return Err(bad_request("orderBy is asc:field or desc:field"));
                }
                page.descending = direction == "desc";
                page.fields = fields.split(',').map(str::to_owned).collect();
            }
            "properties" => page.properties = Some(value.split(',').map(str::to_owned).collect()),
            "createdAfter" | "createdBefore" | "created" | "updated" => {
                number()?;
                filters.push((name, value));
            }
            "dataSet" | "status" | "externalId" | "batch" => filters.push((name, value)),
            other => return Err(bad_request(format!("{other} is not a parameter of this list here"))),
        }
    }
    if !(1..=100).contains(&page.limit) {
        return Err(bad_request("limit must be from 1 to 100"));
    }
    let mut found: Vec<(Vec<String>, &mut Batch)> = lake
        .batches
        .values_mut()
        .filter(|batch| filters.iter().all(|(name, value)| matches(batch, name, value)))
        .map(|batch| {
            let shown = batch.shown(names);
            (page.fields.iter().map(|field| sortable(shown.get(field))).collect(), batch)
        })
        .collect();
    found.sort_by(|(left, left_batch), (right, right_batch)| {
        let by = left.cmp(right);
        (if page.descending { by.reverse() } else { by }).then(left_batch.id.cmp(&right_batch.id))
    });
    let mut shown = Map::new();
    for (_, batch) in found.into_iter().skip(page.start).take(page.limit) {
        batch.looks += 1;
        let mut one = batch.shown(names);
        if let (Some(wanted), Value::Object(one)) = (&page.properties, &mut one) {
            one.retain(|name, _| wanted.contains(name));
        }
        shown.insert(batch.id.clone(), one);
    }
    Ok(Answer::ok(&Value::Object(shown)))
}

fn matches(batch: &Batch, name: &str, value: &str) -> bool {
    let moment = value.parse::<u64>().unwrap_or_default();
    match name {
        "dataSet" => batch.dataset == value,
        "status" => batch.state.has_name(value),
        "externalId" => batch.external_id == value,
        "batch" => batch.id == value,
        "createdAfter" => batch.created > moment,
        "createdBefore" => batch.created < moment,
        "created" => batch.created == moment,
        "updated" => batch.updated == moment,
        _ => false,
    }
}

/// Text that sorts as the value does.
fn sortable(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => format!("{:020}", number.as_u64().unwrap_or_default()),
        _ => String::new(),
    }
}

/// `GET /lastBatches`: by dataset.
pub(super) fn last(call: &Call, lake: &Lake, names: StateNames, sandbox: &str) -> Result<Answer, Answer> {
    let parameters = call.parameters();
    let wanted = parameters.iter().find(|(name, _)| name == "dataSetId").map(|(_, value)| value.as_str());
    let mut batches: Vec<&Batch> = lake.batches.values().collect();
    batches.sort_by_key(|batch| (batch.created, batch.id.as_str()));
    let mut shown = Map::new();
    for batch in batches {
        if wanted.is_some_and(|wanted| !wanted.split(',').any(|id| id == batch.dataset)) {
            continue;
        }
        let entry = shown.entry(batch.dataset.clone()).or_insert_with(|| json!({"created": batch.created}));
        let Value::Object(entry) = entry else { continue };
        entry.insert("lastBatchId".to_owned(), json!(batch.id));
        entry.insert("lastBatchStatus".to_owned(), json!(batch.state.name(names)));
        entry.insert("imsOrg".to_owned(), batch.shown(names)["imsOrg"].clone());
        entry.insert("sandboxId".to_owned(), json!(sandbox));
        entry.insert("updated".to_owned(), json!(batch.updated));
        match batch.state {
            State::Active => entry.insert("lastSuccessfulBatchId".to_owned(), json!(batch.id)),
            State::Failed => entry.insert("lastFailedBatchId".to_owned(), json!(batch.id)),
            _ => None,
        };
    }
    Ok(Answer::ok(&Value::Object(shown)))
}
