//! What can hold a hash or a mask: text that may be any text.

use super::{Action, Rule};
use crate::models::Model;
use crate::schema::{self, Words};
use crate::settings::Settings;
use dataprep::expr::{Path, Segment};
use dataprep::{Mapping, XdmType};
use xdm::{Object, Shape, Text};

/// The fields of each dataset's records.
pub(super) struct Fields(Vec<(String, Object)>);

impl Fields {
    /// Those of the models as they are before the policy. Composed only when something is to be hashed or
    /// masked: it takes time, and most policies are empty. What cannot be composed is told by whoever needs
    /// the schemas; here only the mappings' types are known then.
    pub(super) fn of(models: &[Model], settings: &Settings) -> Self {
        let is_asked = |rule: &Rule| matches!(rule.action, Action::Hash | Action::Mask);
        if !settings.privacy.rules.iter().any(is_asked) {
            return Self(Vec::new());
        }
        let library = schema::of_standard(models, settings, Words::None).map(|composed| composed.library);
        let library = library.unwrap_or_default();
        let flat = |schema: &xdm::Schema| Some((schema.name.clone(), library.flat(schema).ok()?));
        Self(library.schemas.iter().filter_map(flat).collect())
    }

    /// What the field at a destination holds, when its schema tells.
    pub(super) fn find(&self, model: &Model, destination: &Path) -> Option<&Shape> {
        let (_, record) = self.0.iter().find(|(dataset, _)| *dataset == model.dataset)?;
        at(record, &destination.segments)
    }
}

/// The shape of the values at a place of an object, elements and map values for all of them.
fn at<'o>(record: &'o Object, path: &[Segment]) -> Option<&'o Shape> {
    let mut steps = path.iter();
    let mut shape = match steps.next()? {
        Segment::Name(name) => &record.get(name)?.shape,
        _ => return None,
    };
    for step in steps {
        shape = match (shape, step) {
            (Shape::Object(object), Segment::Name(name)) => &object.get(name)?.shape,
            (Shape::Array(items), Segment::Index(_) | Segment::Each) => &items.shape,
            (Shape::Map(values), Segment::Name(_) | Segment::EachValue | Segment::Rest) => &values.shape,
            _ => return None,
        };
    }
    while let Shape::Array(inner) | Shape::Map(inner) = shape {
        shape = &inner.shape;
    }
    Some(shape)
}

/// Why a destination cannot hold what an action puts there.
pub(super) fn obstacle(mapping: &Mapping, action: Action, shape: Option<&Shape>) -> Option<String> {
    let by_type = match mapping.xdm_type {
        Some(XdmType::Number) => "a number",
        Some(XdmType::Integer | XdmType::Long | XdmType::MapOfIntegers) => "a whole number",
        Some(XdmType::Boolean) => "a boolean",
        Some(XdmType::Date) => "a date",
        Some(XdmType::DateTime) => "a date-time",
        Some(XdmType::String | XdmType::MapOfStrings | XdmType::ArrayOfStrings) | None => "",
    };
    if !by_type.is_empty() {
        return Some(by_type.to_owned());
    }
    // No expression can read what is left of an object.
    if mapping.source.ends_with("{**}") {
        return Some("what {**} gathers".to_owned());
    }
    match shape {
        None | Some(Shape::Any) => None,
        Some(Shape::String(text)) => by_form(text, action),
        Some(other) => Some(format!("a field of type {}", other.xdm_type())),
    }
}

/// What is asked of a text that neither a hash nor a mask is.
fn by_form(text: &Text, action: Action) -> Option<String> {
    // 64 hexadecimal digits are a URI reference; a mask may hold characters that none has.
    let fits_format = |format: &str| format == "uri-reference" && action == Action::Hash;
    if let Some(format) = text.format.as_deref().filter(|format| !fits_format(format)) {
        return Some(format!("text of the format {format}"));
    }
    if text.pattern.is_some() {
        return Some("text of a given pattern".to_owned());
    }
    if !text.allowed.is_empty() {
        return Some("one of a few given values".to_owned());
    }
    let too_long = action == Action::Hash && text.max_length.is_some_and(|most| most < HASH_LENGTH);
    too_long.then(|| format!("text of fewer than {HASH_LENGTH} characters"))
}

/// Characters of a hash.
const HASH_LENGTH: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use xdm::Field;

    fn text(text: Text) -> Field {
        Field::new(Shape::String(text))
    }

    #[test]
    fn text_of_a_given_form_holds_no_hash() {
        let mapping = Mapping { xdm_type: Some(XdmType::String), ..Mapping::default() };
        let of = |field: &Field, action| obstacle(&mapping, action, Some(&field.shape));
        let some = |word: &str| Some(word.to_owned());
        for (form, hash, mask) in [
            (Text::default(), None, None),
            (
                Text { format: some("email"), ..Text::default() },
                some("text of the format email"),
                some("text of the format email"),
            ),
            (
                Text { format: some("uri-reference"), ..Text::default() },
                None,
                some("text of the format uri-reference"),
            ),
            (
                Text { pattern: some("^[A-Z]{2}$"), ..Text::default() },
                some("text of a given pattern"),
                some("text of a given pattern"),
            ),
            (
                Text { allowed: vec!["a".to_owned()], ..Text::default() },
                some("one of a few given values"),
                some("one of a few given values"),
            ),
            (
                Text { max_length: Some(63), ..Text::default() },
                some("text of fewer than 64 characters"),
                None,
            ),
            (Text { max_length: Some(64), ..Text::default() }, None, None),
        ] {
            let field = text(form);
            assert_eq!(of(&field, Action::Hash), hash, "{field:?}");
            assert_eq!(of(&field, Action::Mask), mask, "{field:?}");
        }
        let moment = Field::new(Shape::DateTime);
        assert_eq!(of(&moment, Action::Hash), some("a field of type date-time"));
    }

    #[test]
    fn a_place_is_found_below_arrays_and_maps() {
        let list = |field| Field::new(Shape::Array(Box::new(field)));
        let mut inner = Object::default();
        inner.fields.push(("id".to_owned(), text(Text { pattern: Some("x".to_owned()), ..Text::default() })));
        let map = Field::new(Shape::Map(Box::new(list(Field::new(Shape::Object(inner))))));
        let mut record = Object::default();
        record.fields.push(("identityMap".to_owned(), map));
        record.fields.push(("names".to_owned(), list(text(Text::default()))));
        let find = |path: &str| at(&record, &Path::parse(path).unwrap().segments);
        assert!(matches!(find("identityMap.X[0].id"), Some(Shape::String(text)) if text.pattern.is_some()));
        assert!(matches!(find("names"), Some(Shape::String(_))));
        assert!(matches!(find("names[*]"), Some(Shape::String(_))));
        assert!(find("identityMap.X.id").is_none() && find("other").is_none());
    }
}
