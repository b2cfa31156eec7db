//! What a connection to Stripe offers: the fields of a resource, told from a sample.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{missing, specs};
use crate::{
    Account, Resource, Size,
    platform::{answer::Answer, tenant::Tenant, world::Call},
};

/// The resource paths that the source has.
pub(super) const RESOURCES: [(&str, Resource); 6] = [
    ("charges", Resource::Charges),
    ("subscriptions", Resource::Subscriptions),
    ("refunds", Resource::Refunds),
    ("balance_transactions", Resource::BalanceTransactions),
    ("customers", Resource::Customers),
    ("prices", Resource::Prices),
];

pub(super) fn serve(call: &Call, tenant: &Tenant, id: &str) -> Result<Answer, Answer> {
    let known = tenant.flows.connection(id).ok_or_else(|| missing("connection", id))?;
    if known.item.text("/connectionSpec/id") != Some(specs::STRIPE) {
        return Err(Answer::bad_request("Only connections to sources can be explored"));
    }
    if !known.works {
        return Err(Answer::bad_request("The source refuses the credentials of the connection"));
    }
    // Names and values of the tutorial differ in capitals from the definitions: both are taken.
    let parameters = call.parameters();
    let parameter = |name: &str| {
        parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    for (name, wanted) in [("objectType", "rest"), ("object", "json"), ("fileType", "json")] {
        if !parameter(name).is_some_and(|value| value.eq_ignore_ascii_case(wanted)) {
            return Err(Answer::bad_request(format!("{name} must be {wanted}")));
        }
    }
    let chosen = parameter("sourceParams")
        .and_then(|text| STANDARD.decode(text).ok())
        .and_then(|text| serde_json::from_slice::<Value>(&text).ok())
        .ok_or_else(|| {
            Answer::bad_request("sourceParams must be the Base64 of a JSON object, percent-encoded")
        })?;
    let path = chosen.get("resourcePath").and_then(Value::as_str).unwrap_or_default();
    let resource = RESOURCES.iter().find(|(known, _)| *known == path).map(|(_, resource)| *resource);
    let resource =
        resource.ok_or_else(|| Answer::bad_request(format!("The source has no resourcePath {path:?}")))?;
    let account = Account::seeded(1, Size::total(120));
    let sample = account.objects(resource).first().and_then(|object| serde_json::from_str(object).ok());
    let record = fields(&sample.unwrap_or_else(|| json!({})));
    Ok(Answer::ok(&json!({"format": "hierarchical",
        "schema": {"type": "object", "properties": {"data": record}}})))
}

/// A value as a field. Of a null nothing is known.
fn fields(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::String(_) => json!({"type": "string"}),
        Value::Number(number) if number.is_f64() => json!({"type": "number"}),
        Value::Number(_) => json!({"type": "integer", "minimum": -9_007_199_254_740_992_i64,
            "maximum": 9_007_199_254_740_991_i64}),
        Value::Array(items) => json!({"type": "array", "items": items.first().map_or(json!({}), fields)}),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), fields(value)));
            json!({"type": "object", "properties": members.collect::<Map<String, Value>>()})
        }
    }
}
