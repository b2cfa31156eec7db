//! Text to objects: Stripe's answers come as one object, an array, or a page of a list.

use crate::failure::{Failure, INVALID_JSON};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The objects in a JSON text, their bytes untouched: an array's elements, a page's `data`, or the
/// text itself.
///
/// Text that is neither an array nor a page is passed on as it is; the transform names what is wrong
/// with it, if anything is.
pub fn split(text: &str) -> Result<Vec<&[u8]>, Failure> {
    if text.trim_ascii_start().starts_with('[') {
        return match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(objects) => Ok(bytes_of(objects)),
            Err(error) => Err(Failure::new(INVALID_JSON, format!("the array of objects: {error}"))),
        };
    }
    // Looking for the word first spares most single objects a second pass.
    if PAGES.iter().any(|page| text.contains(page))
        && let Ok(Page { object, data }) = serde_json::from_str::<Page>(text)
        && is_page(&object)
    {
        return Ok(bytes_of(data));
    }
    Ok(vec![text.as_bytes()])
}

/// Whether an `object` names a page of objects rather than an object.
pub fn is_page(object: &str) -> bool {
    PAGES.contains(&object)
}

const PAGES: [&str; 2] = ["list", "search_result"];

#[derive(Deserialize)]
struct Page<'a> {
    object: String,
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
}

fn bytes_of(values: Vec<&RawValue>) -> Vec<&[u8]> {
    values.into_iter().map(|value| value.get().as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        split(text).unwrap().into_iter().map(|bytes| std::str::from_utf8(bytes).unwrap()).collect()
    }

    #[test]
    fn an_object_is_passed_on_as_it_is() {
        assert_eq!(texts(" {\"id\": 1 } "), [" {\"id\": 1 } "]);
        assert_eq!(texts("not json"), ["not json"]);
        assert_eq!(texts(""), [""]);
    }

    #[test]
    fn array_elements_keep_their_bytes() {
        let text = r#" [ {"amount": 12345678901234567890123 } , {"a":1.0} ]"#;
        assert_eq!(texts(text), [r#"{"amount": 12345678901234567890123 }"#, r#"{"a":1.0}"#]);
        assert!(texts("[]").is_empty());
    }

    #[test]
    fn pages_yield_their_data() {
        let page =
            r#"{"object":"list","url":"/v1/charges","has_more":false,"data":[{"id":"ch_1"},{"id":"ch_2"}]}"#;
        assert_eq!(texts(page), [r#"{"id":"ch_1"}"#, r#"{"id":"ch_2"}"#]);
        assert_eq!(texts(r#"{"data":[{}],"object":"search_result"}"#), ["{}"]);
    }

    #[test]
    fn an_object_that_holds_a_list_is_no_page() {
        let object = r#"{"object":"charge","refunds":{"object":"list","data":[]}}"#;
        assert_eq!(texts(object), [object]);
    }

    #[test]
    fn a_broken_array_is_refused_with_its_position() {
        let failure = split("[{},").unwrap_err();
        assert_eq!(failure.code, INVALID_JSON);
        assert!(failure.message.contains("line 1 column 4"), "{}", failure.message);
    }

    #[test]
    fn deep_nesting_does_not_recurse() {
        let deep = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(texts(&deep).len(), 1);
    }
}
