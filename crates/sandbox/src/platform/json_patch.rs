//! Changing JSON by JSON Patch (RFC 6902) and by merging.

use serde_json::{Map, Value};

/// Applies a JSON Patch. All of it or, with the reason, nothing.
pub(super) fn apply(document: &Map<String, Value>, patch: &Value) -> Result<Map<String, Value>, String> {
    let operations = patch.as_array().ok_or("a JSON Patch is an array of operations")?;
    let mut changed = Value::Object(document.clone());
    for (at, operation) in operations.iter().enumerate() {
        step(&mut changed, operation).map_err(|problem| format!("operation {at}: {problem}"))?;
    }
    match changed {
        Value::Object(map) => Ok(map),
        _ => Err("the whole document may not be replaced by something else than an object".to_owned()),
    }
}

fn step(document: &mut Value, operation: &Value) -> Result<(), String> {
    let text = |key: &str| operation.get(key).and_then(Value::as_str);
    let op = text("op").ok_or("`op` is missing")?;
    let path = text("path").ok_or("`path` is missing")?;
    let value = || operation.get("value").cloned().ok_or_else(|| format!("`{op}` needs a `value`"));
    let from = || text("from").ok_or_else(|| format!("`{op}` needs `from`"));
    // Flow Service's definitions print operations in upper case.
    match op.to_ascii_lowercase().as_str() {
        "add" => add(document, path, value()?),
        "remove" => remove(document, path).map(|_| ()),
        "replace" => {
            let place = document.pointer_mut(path).ok_or_else(|| nothing(path))?;
            *place = value()?;
            Ok(())
        }
        "move" => {
            let moved = remove(document, from()?)?;
            add(document, path, moved)
        }
        "copy" => {
            let from = from()?;
            let copied = document.pointer(from).cloned().ok_or_else(|| nothing(from))?;
            add(document, path, copied)
        }
        "test" => match document.pointer(path) {
            Some(found) if *found == value()? => Ok(()),
            _ => Err(format!("the test of {path} failed")),
        },
        other => Err(format!("`{other}` is not an operation of JSON Patch")),
    }
}

fn nothing(path: &str) -> String {
    format!("there is nothing at {path}")
}

/// The object or array that holds a path's last part, and that part.
fn parent<'a>(document: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), String> {
    let (parent, last) = path.rsplit_once('/').ok_or_else(|| format!("{path} is not a JSON Pointer"))?;
    let holder = document.pointer_mut(parent).ok_or_else(|| nothing(parent))?;
    Ok((holder, last.replace("~1", "/").replace("~0", "~")))
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *document = value;
        return Ok(());
    }
    match parent(document, path)? {
        (Value::Object(map), name) => {
            map.insert(name, value);
            Ok(())
        }
        (Value::Array(items), last) => {
            let at = if last == "-" { Some(items.len()) } else { last.parse().ok() };
            let at = at.filter(|at| *at <= items.len()).ok_or_else(|| nothing(path))?;
            items.insert(at, value);
            Ok(())
        }
        _ => Err(nothing(path)),
    }
}

fn remove(document: &mut Value, path: &str) -> Result<Value, String> {
    match parent(document, path)? {
        (Value::Object(map), name) => map.remove(&name).ok_or_else(|| nothing(path)),
        (Value::Array(items), last) => {
            let at: usize = last.parse().map_err(|_| nothing(path))?;
            if at < items.len() { Ok(items.remove(at)) } else { Err(nothing(path)) }
        }
        _ => Err(nothing(path)),
    }
}

/// Puts an object's members into another's; with `deep`, objects within objects are merged too.
pub(super) fn merge(document: &mut Map<String, Value>, changes: &Map<String, Value>, deep: bool) {
    for (name, value) in changes {
        match (document.get_mut(name), value) {
            (Some(Value::Object(known)), Value::Object(more)) if deep => merge(known, more, true),
            _ => {
                document.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::apply;
    use serde_json::{Value, json};

    fn patched(document: &Value, patch: Value) -> Result<Value, String> {
        apply(document.as_object().expect("an object"), &patch).map(Value::Object)
    }

    #[test]
    fn operations_change_objects_and_arrays() {
        let document = json!({"a": {"b/c": 1}, "list": [1, 2]});
        let patch = json!([
            {"op": "add", "path": "/a/d", "value": {"x": 1}},
            {"op": "replace", "path": "/a/b~1c", "value": 2},
            {"op": "add", "path": "/list/-", "value": 3},
            {"op": "add", "path": "/list/0", "value": 0},
            {"op": "remove", "path": "/list/1"},
            {"op": "copy", "from": "/a/d", "path": "/e"},
            {"op": "move", "from": "/a/d", "path": "/f"},
            {"op": "test", "path": "/f/x", "value": 1},
        ]);
        let wanted = json!({"a": {"b/c": 2}, "list": [0, 2, 3], "e": {"x": 1}, "f": {"x": 1}});
        assert_eq!(patched(&document, patch), Ok(wanted));
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let document = json!({"a": 1, "list": [1]});
        for patch in [
            json!({"op": "add", "path": "/a", "value": 1}),
            json!([{"op": "add", "path": "/missing/x", "value": 1}]),
            json!([{"op": "add", "path": "/list/5", "value": 1}]),
            json!([{"op": "add", "path": "/a"}]),
            json!([{"op": "replace", "path": "/b", "value": 1}]),
            json!([{"op": "remove", "path": "/b"}]),
            json!([{"op": "test", "path": "/a", "value": 2}]),
            json!([{"op": "change", "path": "/a", "value": 2}]),
            json!([{"op": "add", "path": "", "value": 2}]),
        ] {
            assert!(patched(&document, patch.clone()).is_err(), "{patch}");
        }
    }
}
