//! The sandbox's behaviour over HTTP, rule by rule.

#![recursion_limit = "256"]

mod common;
mod even;
mod expansion;
mod failures;
mod lists;
mod running;
mod seeded;
