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

mod answers;
mod compile;
pub mod date;
pub mod expr;
mod expression;
pub mod functions;
mod plan;
pub mod regex;
mod run;
mod sets;
mod user_agent;
mod values;

pub use answers::diff::{Change, Difference, SettingChange, Side, diff};
pub use answers::explain::{DropRule, Explanation, Fate, LeftOut, OutputLeaf, SourceLeaf, explain};
pub use answers::listing;
pub use answers::preview::{Preview, preview};
pub use answers::sample::Sample;
pub use answers::validate::{
    ExpressionValidation, Status, TransformError, Validation, ValidationResponse, is_valid_expression,
    validate,
};
pub use expression::{EvalError, Evaluated, Expression, ExpressionError};
pub use plan::{CompileError, CompileOptions, MAX_EXPRESSION, MapPlace, MappingWarning, Plan, Problem, Run};
pub use sets::mapping_set::{Mapping, MappingSet, SchemaLink, SchemaRef, SourceType, Tag, XdmType};
pub use sets::schema::{Schema, SchemaError};
pub use values::value::Value;
pub use values::{json, number};
