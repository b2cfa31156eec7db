//! Functions on maps: objects whose keys are data.

use super::arrays::take;
use super::objects::{Members, pairs};
use super::{ANY, CallEnv, Failure, Function, Kind, array, object, text};
use crate::values::value::Value;

type Result<T> = std::result::Result<T, Failure>;

const MAPS: &str = "Hierarchies - Map";

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("to_map", MAPS, (2, ANY), false, to_map)
        .kinds(&[Kind::Text, Kind::Any], Kind::Object)
        .pairs(),
    Function::new("object_to_map", MAPS, (1, ANY), false, object_to_map)
        .kinds(&[Kind::Any], Kind::Object)
        .pairs(),
    Function::new("array_to_map", MAPS, (2, 2), true, array_to_map)
        .kinds(&[Kind::Array, Kind::Text], Kind::Object),
    Function::new("map_get_values", MAPS, (2, 2), true, map_get_values)
        .kinds(&[Kind::Object, Kind::Any], Kind::Any),
    Function::new("map_has_keys", MAPS, (2, 2), false, map_has_keys)
        .kinds(&[Kind::Object, Kind::Any], Kind::Boolean),
    Function::new("add_to_map", MAPS, (2, ANY), false, add_to_map).kinds(&[Kind::Object], Kind::Object),
];

/// `object_to_map(first, path)` whose second argument is a bare name. Whether that is a field of the
/// record or, as in Adobe's example `object_to_map(addresses,type)`, an attribute of the elements shows
/// only when the first argument is known; so the name comes along as a third.
pub(crate) static OBJECT_TO_MAP_NAMED: Function =
    Function::new("object_to_map", MAPS, (3, 3), false, object_to_map_named)
        .kinds(&[Kind::Any], Kind::Object);

/// `to_map(key, value, …)`. Keys are texts or become texts; values may be null. Of a key that comes twice
/// the last value counts.
fn to_map<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    pairs(args, "each key of to_map")
}

/// `object_to_map(key, value, …)` as [`to_map`]; `object_to_map(object)`: the object; or
/// `object_to_map(array, attribute)` as [`array_to_map`]. Null alone, or for the array, gives null.
fn object_to_map<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    match args {
        [Value::Null] | [Value::Null, _] => Ok(Value::Null),
        [one] => match take(one) {
            map if map.is_object() => Ok(map),
            other => Err(Failure::new(format!(
                "object_to_map with one argument needs an object, but found {}",
                other.kind_name()
            ))),
        },
        [list, attribute] if list.is_array() => by_attribute(list, attribute, env),
        args => pairs(args, "each key of object_to_map"),
    }
}

fn object_to_map_named<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    match args {
        [Value::Null, ..] => Ok(Value::Null),
        [list, _, name] if list.is_array() => by_attribute(list, name, env),
        [key, value, _] => pairs(&mut [take(key), take(value)], "each key of object_to_map"),
        _ => Ok(Value::Null),
    }
}

/// `array_to_map(objects, attribute)`: each object under the text of its attribute. Elements without one
/// have no place in the map; of two with the same, the last one counts. Both are remarked. Null gives
/// null.
fn array_to_map<'a>(args: &mut [Value<'a>], env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let [list, attribute] = args else { return Ok(Value::Null) };
    by_attribute(list, attribute, env)
}

fn by_attribute<'a>(list: &mut Value<'a>, attribute: &Value<'a>, env: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let attribute = text(attribute, "the attribute that gives the keys")?;
    let (mut made, mut unnamed, mut repeated) = (Members::default(), 0, 0);
    for element in array(list, "what becomes a map by an attribute of its elements")? {
        if !element.is_object() && !element.is_null() {
            return Err(Failure::new(format!(
                "each element that becomes part of a map must be an object, but one is {}",
                element.kind_name()
            )));
        }
        let key = element.member(&attribute);
        if key.is_null() {
            unnamed += 1;
        } else if !made.put(text(&key, "the attribute that gives the keys")?, element) {
            repeated += 1;
        }
    }
    let mut remark = |count: i32, code, what: &str| {
        if count > 0 {
            env.notes.push((code, format!("{count} elements of the array {what}")));
        }
    };
    remark(unnamed, "element_without_key", "lack the attribute that gives the key and are not in the map");
    remark(repeated, "key_repeated", "have the key of an earlier one and replace it in the map");
    Ok(made.into_value())
}

/// `map_get_values(map, key)`: the value under the key, null when there is none; with an array of keys,
/// an array of the values that are there, in the order of the keys, each key once. Keys that are not
/// texts become texts. Null gives null.
fn map_get_values<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let [map, keys] = args else { return Ok(Value::Null) };
    if !map.is_object() {
        return Err(Failure::new(format!("map_get_values needs a map, but found {}", map.kind_name())));
    }
    if !keys.is_array() {
        return Ok(map.member(&text(keys, "the key of map_get_values")?));
    }
    let mut known = Members::default();
    for (key, value) in object(map, "the map of map_get_values")? {
        known.put(key, value);
    }
    let mut found = Members::default();
    for key in array(keys, "the keys of map_get_values")? {
        let key = text(&key, "each key of map_get_values")?;
        if let Some(value) = known.get(&key) {
            found.put_new(key, value.clone());
        }
    }
    Ok(Value::Array(found.into_values().collect()))
}

/// `map_has_keys(map, key)`: whether the map has the key, also with a null value; with an array of keys,
/// whether it has any of them. Null has no keys.
fn map_has_keys<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let [map, keys] = args else { return Ok(Value::Null) };
    if map.is_null() {
        return Ok(Value::Bool(false));
    }
    let members = object(map, "the map of map_has_keys")?;
    if !keys.is_array() {
        let key = text(keys, "the key of map_has_keys")?;
        return Ok(Value::Bool(members.iter().any(|(known, _)| *known == key)));
    }
    let mut wanted = Members::default();
    for key in array(keys, "the keys of map_has_keys")? {
        wanted.put_new(text(&key, "each key of map_has_keys")?, Value::Null);
    }
    Ok(Value::Bool(members.iter().any(|(known, _)| wanted.get(known).is_some())))
}

/// `add_to_map(map, map…)`: one map of all their members. Of a key that comes twice the first value
/// counts, as Adobe documents. Null maps count as empty; of nothing but nulls the result is null.
fn add_to_map<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let mut made = None;
    for map in args.iter_mut().filter(|map| !map.is_null()) {
        let made = made.get_or_insert_with(Members::default);
        for (key, value) in object(map, "each argument of add_to_map")? {
            made.put_new(key, value);
        }
    }
    Ok(made.map_or(Value::Null, Members::into_value))
}
