//! `[RESOURCE=]FILE`, as mappings are given.

/// The resource (`charge`, `subscription.event`) and the file of a mapping as it is given.
pub fn mapping_file(given: &str) -> (Option<&str>, &str) {
    match given.split_once('=') {
        Some((target, path)) if is_target(target) => (Some(target), path),
        _ => (None, given),
    }
}

/// `charge` or `subscription.event`; anything else before a `=` belongs to the file's name.
pub fn is_target(text: &str) -> bool {
    let (resource, variant) = text.split_once('.').map_or((text, None), |(left, right)| (left, Some(right)));
    !resource.is_empty()
        && resource.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && matches!(variant, None | Some("event" | "record"))
}
