//! Destinations as places in a record, and what is put there.

use super::{Words, words};
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
    /// The last is a name.
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

/// What a mapping of a resource puts where, or why its destination is no place.
pub(super) fn leaf<'m>(mapping: &'m Mapping, resource: &str, words: Words) -> Result<Leaf<'m>, String> {
    let mut steps = steps(&mapping.destination)?;
    let shape = shape(mapping.xdm_type, &mut steps);
    let source = match words {
        Words::All => format!("{resource}: {}", words::source(mapping)),
        Words::None => String::new(),
    };
    Ok(Leaf { mapping, steps, shape, source })
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

/// What a mapping of some type writes to a place, which then ends with a name: items of an array and values
/// of a map that are no objects belong to what is written.
pub(super) fn shape(xdm_type: Option<XdmType>, steps: &mut Vec<Step>) -> Shape {
    let written = steps.len();
    let end = 1 + steps.iter().rposition(|step| matches!(step, Step::Name(_))).unwrap_or(0);
    let ends_with =
        |suffix| matches!(steps.get(end - 1), Some(Step::Name(name)) if name.ends_with(suffix)).then_some(1);
    // An empty id would be one that all objects share.
    let (id, ids) = (ends_with("ID"), ends_with("IDs"));
    let text = |min_length| Shape::String(Text { min_length, ..Text::default() });
    let inner = |shape| Box::new(Field::new(shape));
    let mut shape = match xdm_type {
        None => Shape::Any,
        Some(XdmType::String) if written > end => text(ids),
        Some(XdmType::String) => text(id),
        Some(XdmType::Number) => Shape::Number,
        Some(XdmType::Integer) => Shape::integer(),
        Some(XdmType::Long) => Shape::long(),
        Some(XdmType::Boolean) => Shape::Boolean,
        Some(XdmType::Date) => Shape::Date,
        Some(XdmType::DateTime) => Shape::DateTime,
        Some(XdmType::MapOfStrings) => Shape::Map(inner(text(None))),
        Some(XdmType::MapOfIntegers) => Shape::Map(inner(Shape::long())),
        Some(XdmType::ArrayOfStrings) => Shape::Array(inner(text(ids))),
    };
    for step in steps.drain(end.min(written)..).rev() {
        shape = if step == Step::Value { Shape::Map(inner(shape)) } else { Shape::Array(inner(shape)) };
    }
    shape
}

/// Whether a field of a standard definition takes what a mapping writes, as far as that is known.
pub(super) fn takes(field: &Shape, written: &Shape) -> bool {
    match (field, written) {
        (Shape::Any, _)
        | (_, Shape::Any)
        | (Shape::String(_), Shape::String(_))
        | (Shape::Number, Shape::Number | Shape::Integer { .. })
        | (Shape::Integer { .. }, Shape::Integer { .. })
        | (Shape::Boolean, Shape::Boolean)
        | (Shape::Date, Shape::Date)
        | (Shape::DateTime, Shape::DateTime) => true,
        (Shape::Map(field), Shape::Map(written)) | (Shape::Array(field), Shape::Array(written)) => {
            takes(&field.shape, &written.shape)
        }
        _ => false,
    }
}

/// Puts a shape into an object at a place, which is made where it is not there yet; `title` makes the titles
/// of new fields. Gives the field, or nothing when it lies in a value that nothing is known about: a whole
/// object copied by a mapping without a type.
pub(super) fn put<'o>(
    object: &'o mut Object,
    steps: &[Step],
    shape: &Shape,
    title: fn(&str) -> String,
) -> Result<Option<&'o mut Field>, Clash> {
    match steps.split_first() {
        Some((Step::Name(name), rest)) => {
            let (field, is_new) = member(object, name, title);
            inside(field, is_new, rest, shape, title)
        }
        _ => Err(Clash { known: "object", wanted: "array" }),
    }
}

fn inside<'f>(
    field: &'f mut Field,
    is_new: bool,
    steps: &[Step],
    shape: &Shape,
    title: fn(&str) -> String,
) -> Result<Option<&'f mut Field>, Clash> {
    let Some((step, rest)) = steps.split_first() else {
        return settle(field, is_new, shape).map(|()| Some(field));
    };
    if is_new {
        let any = || Box::new(Field::new(Shape::Any));
        field.shape = match step {
            Step::Name(_) => Shape::Object(Object::default()),
            Step::Item => Shape::Array(any()),
            Step::Value => Shape::Map(any()),
        };
    }
    match (&mut field.shape, step) {
        (Shape::Any, _) => Ok(None),
        (Shape::Object(object), Step::Name(name)) => {
            let (field, is_new) = member(object, name, title);
            inside(field, is_new, rest, shape, title)
        }
        (Shape::Array(inner), Step::Item) | (Shape::Map(inner), Step::Name(_) | Step::Value) => {
            inside(inner, is_new, rest, shape, title)
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

/// A member of an object, and whether it had to be made.
fn member<'o>(object: &'o mut Object, name: &str, title: fn(&str) -> String) -> (&'o mut Field, bool) {
    let is_new = object.get(name).is_none();
    let field = object.entry(name);
    if is_new {
        *field = Field { title: title(name), ..Field::new(Shape::Any) };
    }
    (field, is_new)
}

/// Puts a shape into a field that may have one already. What copies a value without saying its type may
/// copy anything into an object, but a scalar has the type that another mapping gives it.
fn settle(field: &mut Field, is_new: bool, shape: &Shape) -> Result<(), Clash> {
    match (&field.shape, shape) {
        _ if is_new => field.shape.clone_from(shape),
        (known, other) if is_same(known, other) => {}
        (Shape::Any, typed) if !typed.is_container() => field.shape.clone_from(typed),
        (known, Shape::Any) if known.is_container() => field.shape = Shape::Any,
        (Shape::Any, _) | (_, Shape::Any) => {}
        (known, other) => return Err(Clash { known: known.xdm_type(), wanted: other.xdm_type() }),
    }
    Ok(())
}

/// Whether two shapes are of one type, whatever is said about items and values.
fn is_same(one: &Shape, other: &Shape) -> bool {
    match (one, other) {
        (Shape::Map(one), Shape::Map(other)) | (Shape::Array(one), Shape::Array(other)) => {
            is_same(&one.shape, &other.shape)
        }
        _ => one == other,
    }
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
        let text = |destination: &str, kind| shape(Some(kind), &mut steps(destination).unwrap());
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

    #[test]
    fn items_and_values_that_are_no_objects_are_part_of_the_field() {
        let mut place = steps("a.b{*}[*]").unwrap();
        let Shape::Map(values) = shape(Some(XdmType::Long), &mut place) else { panic!() };
        let Shape::Array(items) = values.shape else { panic!() };
        assert_eq!((items.shape, pointer(&place)), (Shape::long(), "/a/b".to_owned()));
        assert_eq!(place.len(), 2);
    }
}
