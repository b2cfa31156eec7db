//! The sandbox's behaviour over HTTP, rule by rule.

#![recursion_limit = "256"]

mod billing;
mod common;
mod connected;
mod even;
mod expansion;
mod failures;
mod lists;
mod moving;
mod running;
mod seeded;
mod unkind;
