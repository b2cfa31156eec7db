//! Whether what a mapping's expression gives can ever be what its destination holds.

use crate::compile::build::Wanted;
use crate::compile::fits::{misfit, noun};
use crate::functions::Kind;
use crate::run::eval::Code;
use crate::sets::mapping_set::XdmType;
use crate::sets::schema::Shape;

/// Refuses an expression that, or a branch of which, never fits the destination.
pub(crate) fn check(code: &Code, wanted: &Wanted) -> Result<(), String> {
    match taken(wanted) {
        Kind::Any => Ok(()),
        kind => branches(code, kind),
    }
}

/// What a destination takes. All scalars have a text, and text may hold a number, a date or a boolean.
fn taken(wanted: &Wanted) -> Kind {
    match (wanted.xdm_type, wanted.shape.as_ref().map(|node| &node.shape)) {
        (Some(XdmType::String), _) => Kind::Text,
        (Some(XdmType::Number), _) => Kind::Number,
        (Some(XdmType::Integer | XdmType::Long), _) => Kind::Whole,
        (Some(XdmType::Boolean), _) => Kind::Boolean,
        (Some(XdmType::Date | XdmType::DateTime), _) => Kind::Date,
        (Some(XdmType::MapOfStrings | XdmType::MapOfIntegers), _) => Kind::Object,
        (Some(XdmType::ArrayOfStrings), _) => Kind::Array,
        (None, Some(Shape::Object(_) | Shape::Map(_))) => Kind::Object,
        (None, Some(Shape::Array(_))) => Kind::Array,
        (None, _) => Kind::Any,
    }
}

fn branches(code: &Code, wanted: Kind) -> Result<(), String> {
    match code {
        Code::Ternary(parts) => parts.iter().skip(1).try_for_each(|part| branches(part, wanted)),
        Code::Coalesce(parts) => parts.iter().try_for_each(|part| branches(part, wanted)),
        Code::Elvis(parts) => parts.iter().try_for_each(|part| branches(part, wanted)),
        code => {
            let Some(found) = misfit(code, wanted) else { return Ok(()) };
            let hint = match code {
                Code::Collect(..) => "; [*] in the source needs [*] in the destination",
                _ => "",
            };
            Err(format!("the destination is {}, but the source gives {found}{hint}", noun(wanted)))
        }
    }
}
