//! Destinations as places in a record, and what is put there.

use dataprep::expr::{Path, Segment};
use dataprep::{Mapping, XdmType};
use xdm::{Field, Object, Shape, Text};

/// One step of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A member of an object.
    Name(String),
    /// Any item of an array.
    Item,
    /// Any value of a map.
    Value,
}

/// What a mapping puts into its place.
#[derive(Debug)]
pub(super) struct Leaf<'m> {
    pub(super) mapping: &'m Mapping,
    pub(super) steps: Vec<Step>,
    pub(super) shape: Shape,
    /// The source in words, with the resource: `charge: amount_captured`. Empty when nobody asks.
    pub(super) source: String,
}

/// A field is already something that the steps to a place, or what is put there, contradict.
#[derive(Debug)]
pub(super) struct Clash {
    /// What the field is.
    pub(super) known: &'static str,
    /// What it would have to be.
    pub(super) wanted: &'static str,
}

/// The steps of a destination, or why it is none.
pub(super) fn steps(destination: &str) -> Result<Vec<Step>, String> {
    let path = Path::parse(destination).map_err(|error| format!("{destination}: {error}"))?;
    let mut steps = Vec::with_capacity(path.segments.len());
    for segment in path.segments {
        match segment {
            Segment::Name(name) => steps.push(Step::Name(name)),
            Segment::Index(_) | Segment::Each => steps.push(Step::Item),
            Segment::EachValue => steps.push(Step::Value),
            // The mapping's type is that of the whole map.
            Segment::Rest => {}
            Segment::EachKey => {
                return Err(format!("{destination}: {{key}} is for sources; write to {{*}}"));
            }
        }
    }
    Ok(steps)
}

/// The names on the way to a place, which are how descriptors and notes write it: `/_acme/stripe/chargeID`.
pub(super) fn pointer(steps: &[Step]) -> String {
    let mut pointer = String::new();
    for step in steps {
        if let Step::Name(name) = step {
            pointer.push('/');
            pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        }
    }
    pointer
}

/// The last name of a place.
fn last_name(steps: &[Step]) -> &str {
    let name = |step: &'_ Step| matches!(step, Step::Name(_));
    match steps.iter().rfind(|step| name(step)) {
        Some(Step::Name(name)) => name,
        _ => "",
    }
}

/// What a tenant's field at a place holds, by its mapping's type.
pub(super) fn shape(xdm_type: Option<XdmType>, steps: &[Step]) -> Shape {
    let text = |min_length| Shape::String(Text { min_length, ..Text::default() });
    let name = last_name(steps);
    // An empty id would be one that all objects share.
    let id = |suffix: &str| name.ends_with(suffix).then_some(1);
    let map = |values| Shape::Map(Box::new(Field::new(values)));
    match xdm_type {
        None => Shape::Any,
        Some(XdmType::String) => text(id("ID").or(id("IDs").filter(|_| steps.last() == Some(&Step::Item)))),
        Some(XdmType::Number) => Shape::Number,
        Some(XdmType::Integer) => Shape::integer(),
        Some(XdmType::Long) => Shape::long(),
        Some(XdmType::Boolean) => Shape::Boolean,
        Some(XdmType::Date) => Shape::Date,
        Some(XdmType::DateTime) => Shape::DateTime,
        Some(XdmType::MapOfStrings) => map(text(None)),
        Some(XdmType::MapOfIntegers) => map(Shape::long()),
        Some(XdmType::ArrayOfStrings) => Shape::Array(Box::new(Field::new(text(id("IDs"))))),
    }
}

/// Whether a field of a standard definition takes what a mapping of some type writes.
pub(super) fn takes(field: &Shape, xdm_type: XdmType) -> bool {
    match (field, xdm_type) {
        (Shape::Any, _)
        | (Shape::String(_), XdmType::String)
        | (Shape::Number, XdmType::Number | XdmType::Integer | XdmType::Long)
        | (Shape::Integer { .. }, XdmType::Integer | XdmType::Long)
        | (Shape::Boolean, XdmType::Boolean)
        | (Shape::Date, XdmType::Date)
        | (Shape::DateTime, XdmType::DateTime) => true,
        (Shape::Map(values), XdmType::MapOfStrings) => takes(&values.shape, XdmType::String),
        (Shape::Map(values), XdmType::MapOfIntegers) => takes(&values.shape, XdmType::Long),
        (Shape::Array(items), XdmType::ArrayOfStrings) => takes(&items.shape, XdmType::String),
        _ => false,
    }
}

/// The field at a place, made where it is not there yet. A new field is [`Shape::Any`] until something is
/// put into it, and `title` makes its title.
pub(super) fn reach<'o>(
    object: &'o mut Object,
    steps: &[Step],
    title: fn(&str) -> String,
) -> Result<&'o mut Field, Clash> {
    let Some((Step::Name(name), rest)) = steps.split_first() else {
        return Err(Clash { known: "object", wanted: "array" });
    };
    inside(member(object, name, title), rest, title)
}

fn inside<'f>(
    field: &'f mut Field,
    steps: &[Step],
    title: fn(&str) -> String,
) -> Result<&'f mut Field, Clash> {
    let Some((step, rest)) = steps.split_first() else { return Ok(field) };
    if field.shape == Shape::Any {
        let any = || Box::new(Field::new(Shape::Any));
        field.shape = match step {
            Step::Name(_) => Shape::Object(Object::default()),
            Step::Item => Shape::Array(any()),
            Step::Value => Shape::Map(any()),
        };
    }
    match (&mut field.shape, step) {
        (Shape::Object(object), Step::Name(name)) => inside(member(object, name, title), rest, title),
        (Shape::Array(inner), Step::Item) | (Shape::Map(inner), Step::Name(_) | Step::Value) => {
            inside(inner, rest, title)
        }
        (other, step) => {
            let wanted = match step {
                Step::Name(_) => "object",
                Step::Item => "array",
                Step::Value => "map",
            };
            Err(Clash { known: other.xdm_type(), wanted })
        }
    }
}

fn member<'o>(object: &'o mut Object, name: &str, title: fn(&str) -> String) -> &'o mut Field {
    let is_new = object.get(name).is_none();
    let field = object.entry(name);
    if is_new {
        *field = Field { title: title(name), ..Field::new(Shape::Any) };
    }
    field
}

/// Puts a shape into a field that may have one already.
pub(super) fn settle(field: &mut Field, shape: &Shape) -> Result<(), Clash> {
    if field.shape == Shape::Any {
        field.shape.clone_from(shape);
    }
    if field.shape == *shape || *shape == Shape::Any {
        return Ok(());
    }
    Err(Clash { known: field.shape.xdm_type(), wanted: shape.xdm_type() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_steps_and_a_pointer() {
        let steps = steps("a.b[*].c{*}.d[0].e\\.f/g{**}").unwrap();
        let name = |name: &str| Step::Name(name.to_owned());
        let expected =
            [name("a"), name("b"), Step::Item, name("c"), Step::Value, name("d"), Step::Item, name("e.f/g")];
        assert_eq!(steps, expected);
        assert_eq!(pointer(&steps), "/a/b/c/d/e.f~1g");
    }

    #[test]
    fn ids_are_never_empty() {
        let text = |destination: &str, kind| shape(Some(kind), &steps(destination).unwrap());
        let min_length = |shape: &Shape| match shape {
            Shape::String(text) => text.min_length,
            _ => panic!("{shape:?}"),
        };
        assert_eq!(min_length(&text("a.chargeID", XdmType::String)), Some(1));
        assert_eq!(min_length(&text("a.ID", XdmType::String)), Some(1));
        assert_eq!(min_length(&text("a.name", XdmType::String)), None);
        let Shape::Array(items) = text("a.priceIDs", XdmType::ArrayOfStrings) else { panic!() };
        assert_eq!(min_length(&items.shape), Some(1));
    }
}
