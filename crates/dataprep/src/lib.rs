//! Adobe Data Prep mapping sets and their expression language, over raw JSON bytes.
//!
//! A [`MappingSet`] is Adobe's own document. [`Plan::compile`] checks it and makes it ready to run;
//! [`Plan::run`] converts one record in one pass over its text. What is copied is copied as text, so
//! every digit and escape survives; nothing empty is ever written; a mapping that fails yields no
//! field and a warning, never a panic.
//!
//! ```
//! use dataprep::{CompileOptions, MappingSet, Plan, Run};
//!
//! let set = MappingSet::from_json(r#"{"mappings":[
//!     {"sourceType":"ATTRIBUTE","source":"id","destination":"_id"},
//!     {"sourceType":"EXPRESSION","source":"upper(currency)","destination":"order.currencyCode"},
//!     {"sourceType":"ATTRIBUTE","source":"lines[*].sku","destination":"items[*].SKU"}]}"#)?;
//! let plan = Plan::compile(&set, CompileOptions::default())?;
//!
//! let mut out = Vec::new();
//! let record = r#"{"id":"a","currency":"eur","note":null,"lines":[{"sku":"x"},{"sku":""}]}"#;
//! plan.run(&mut Run::default(), record, &[], &(), &mut out)?;
//! assert_eq!(
//!     String::from_utf8(out)?,
//!     r#"{"_id":"a","order":{"currencyCode":"EUR"},"items":[{"SKU":"x"}]}"#
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod budget;
mod build;
mod capture;
mod clock;
mod compare;
mod compile;
mod copy;
pub mod date;
mod diff;
mod draft;
mod emit;
mod eval;
mod explain;
#[allow(missing_docs)]
pub mod expr;
mod expression;
mod fits;
mod float32;
pub mod functions;
pub mod json;
mod layer;
pub mod listing;
mod mapping_set;
mod names;
mod nulls;
pub mod number;
mod operators;
mod parsed;
mod plan;
mod preview;
mod reads;
#[allow(dead_code)]
mod regex;
mod relocate;
mod rounding;
mod sample;
mod schema;
mod source;
mod takes;
mod text;
mod user_agent;
mod validate;
mod value;
mod violations;
mod whole;
mod write;

pub use diff::{Change, Difference, SettingChange, Side, diff};
pub use explain::{DropRule, Explanation, Fate, OutputLeaf, SourceLeaf, explain};
pub use expression::{EvalError, Evaluated, Expression, ExpressionError};
pub use mapping_set::{Mapping, MappingSet, SchemaLink, SchemaRef, SourceType, Tag, XdmType};
pub use plan::{CompileError, CompileOptions, MAX_EXPRESSION, MapPlace, MappingWarning, Plan, Problem, Run};
pub use preview::{Preview, preview};
pub use sample::Sample;
pub use schema::{Schema, SchemaError};
pub use validate::{
    ExpressionValidation, Status, TransformError, Validation, ValidationResponse, is_valid_expression,
    validate,
};
pub use value::Value;
