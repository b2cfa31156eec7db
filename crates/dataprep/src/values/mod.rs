//! Values, and the texts that they are read from and written to, digit by digit.

pub(crate) mod float32;
pub mod json;
pub mod number;
pub(crate) mod ordered;
pub(crate) mod rounding;
pub(crate) mod text;
pub(crate) mod value;
