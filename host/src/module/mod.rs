//! The transform module in its sandbox: loaded, checked, compiled once, and called through the bytes
//! ABI. Whatever the module does (trap, loop, memory growth, nonsense pointers) ends one batch and
//! never the program.

mod abi;
mod cache;
mod engine;
mod worker;

pub use abi::{
    Batch, Fate, Invalid, ObjectError, ObjectResult, Record, RecordKind, Refusal, Report, Warning,
};
pub(crate) use cache::is_private_dir;
pub use cache::{Cache, Compiler, compile_artefact};
pub use engine::{ABI_VERSION, ApiVersions, Dataset, Description, Limits, LoadError, Module};
pub use worker::{Call, Worker, WorkerError};
