//! Adobe Data Prep mapping sets and their expression language, over raw JSON bytes.
