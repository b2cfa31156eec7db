//! Whether what an expression gives can ever be what its destination holds, as far as that is known
//! without running it.

use crate::build::Wanted;
use crate::eval::Code;
use crate::expr::{BinaryOp, UnaryOp};
use crate::functions::Kind;
use crate::mapping_set::XdmType;
use crate::schema::Shape;
use crate::value::Value;

/// What a destination takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Anything,
    Text,
    Number,
    Boolean,
    Date,
    Array,
    Object,
}

/// Refuses an expression that, or a branch of which, never fits the destination.
pub(crate) fn check(code: &Code, wanted: &Wanted) -> Result<(), String> {
    match takes(wanted) {
        Takes::Anything => Ok(()),
        takes => branches(code, takes),
    }
}

fn takes(wanted: &Wanted) -> Takes {
    match (wanted.xdm_type, wanted.shape.as_ref().map(|node| &node.shape)) {
        (Some(XdmType::String), _) => Takes::Text,
        (Some(XdmType::Number | XdmType::Integer | XdmType::Long), _) => Takes::Number,
        (Some(XdmType::Boolean), _) => Takes::Boolean,
        (Some(XdmType::Date | XdmType::DateTime), _) => Takes::Date,
        (Some(XdmType::MapOfStrings | XdmType::MapOfIntegers), _) => Takes::Object,
        (Some(XdmType::ArrayOfStrings), _) => Takes::Array,
        (None, Some(Shape::Object(_) | Shape::Map(_))) => Takes::Object,
        (None, Some(Shape::Array(_))) => Takes::Array,
        (None, _) => Takes::Anything,
    }
}

fn branches(code: &Code, takes: Takes) -> Result<(), String> {
    match code {
        Code::Ternary(parts) => parts.iter().skip(1).try_for_each(|part| branches(part, takes)),
        Code::Coalesce(parts) => match parts.as_slice() {
            // Of one array it is an element.
            [_] => Ok(()),
            parts => parts.iter().try_for_each(|part| branches(part, takes)),
        },
        Code::Elvis(parts) => parts.iter().try_for_each(|part| branches(part, takes)),
        code => {
            let gives = gives(code);
            if fits(gives, takes) {
                return Ok(());
            }
            let hint = match code {
                Code::Collect(..) => "; [*] in the source needs [*] in the destination",
                _ => "",
            };
            Err(format!("the destination is {}, but the source gives {}{hint}", taken(takes), given(gives)))
        }
    }
}

/// Text may hold a number, a date or a boolean; all scalars have a text.
fn fits(gives: Kind, takes: Takes) -> bool {
    match gives {
        Kind::Any => true,
        Kind::Text => !matches!(takes, Takes::Array | Takes::Object),
        Kind::Number | Kind::Whole => matches!(takes, Takes::Number | Takes::Text),
        Kind::Boolean => matches!(takes, Takes::Boolean | Takes::Text),
        Kind::Date => matches!(takes, Takes::Date | Takes::Text),
        Kind::Array => takes == Takes::Array,
        Kind::Object => takes == Takes::Object,
    }
}

fn gives(code: &Code) -> Kind {
    match code {
        Code::Const(Value::Bool(_)) | Code::Empty(_) | Code::Shared(..) => Kind::Boolean,
        Code::Const(Value::Number(_)) | Code::Size(_) => Kind::Number,
        Code::Const(Value::String(_)) | Code::Key(_) => Kind::Text,
        Code::Collect(..) | Code::Array(_) | Code::Range(_) | Code::EachElement { .. } => Kind::Array,
        Code::Map(_) => Kind::Object,
        Code::Unary(UnaryOp::Not, _) => Kind::Boolean,
        Code::Binary(op, ..) => match op {
            BinaryOp::Add => Kind::Any,
            BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => Kind::Number,
            BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor => Kind::Number,
            _ => Kind::Boolean,
        },
        Code::Call(call, _) => call.function.gives,
        _ => Kind::Any,
    }
}

fn taken(takes: Takes) -> &'static str {
    match takes {
        Takes::Anything => "anything",
        Takes::Text => "text",
        Takes::Number => "a number",
        Takes::Boolean => "a boolean",
        Takes::Date => "a date",
        Takes::Array => "an array",
        Takes::Object => "an object",
    }
}

fn given(gives: Kind) -> &'static str {
    match gives {
        Kind::Any => "anything",
        Kind::Text => "text",
        Kind::Number | Kind::Whole => "a number",
        Kind::Boolean => "a boolean",
        Kind::Date => "a date-time",
        Kind::Array => "an array",
        Kind::Object => "an object",
    }
}
