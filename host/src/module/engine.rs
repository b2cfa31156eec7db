//! Loading a module: what it must look like before anything of it is compiled or run, and the engine
//! it is compiled for. The engine offers the least that the module needs; a module that needs more is
//! refused.

use super::abi::Refusal;
use super::{Cache, Worker};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{Config, Engine, ExternType, Inlining, InstancePre, Linker, StoreLimits};

/// The version of the bytes ABI that this host speaks.
pub const ABI_VERSION: u32 = 1;

/// The custom section that names the ABI version, so that a module is refused before it is compiled.
const ABI_SECTION: &str = "stripe-xdm-abi";

/// The only namespace that a module may import from. Its functions serve JavaScript hosts; here they trap.
const JS_NAMESPACE: &str = "./stripe_xdm_bg.js";

const TICK: Duration = Duration::from_millis(10);

/// Bounds on what one call may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest that one batch may run.
    pub deadline: Duration,
    /// Largest linear memory of one instance, in bytes.
    pub memory: usize,
    /// Largest object, in bytes.
    pub object: usize,
    /// Largest sum of the objects handed over in one call, in bytes; larger batches are split.
    pub batch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(5), memory: 64 << 20, object: 8 << 20, batch: 8 << 20 }
    }
}

impl Limits {
    pub(super) fn deadline_ticks(&self) -> u64 {
        // One more than the quotient, because the first tick may come at once.
        (self.deadline.as_millis() / TICK.as_millis()) as u64 + 1
    }
}

/// Why a module was refused.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not a WebAssembly module.
    #[error("not a WebAssembly module: {0}")]
    NotWasm(String),
    /// The custom section with the ABI version is absent.
    #[error(
        "not a stripe-xdm module: it has no section \"{ABI_SECTION}\"; build one with `cargo xtask build`"
    )]
    NoAbi,
    /// Another ABI version.
    #[error(
        "the module speaks ABI version {found}, this program speaks {ABI_VERSION}; use a module of the same release"
    )]
    WrongAbi {
        /// The version found, as text.
        found: String,
    },
    /// An import that the host does not provide.
    #[error(
        "the module wants to import {kind} \"{name}\" from \"{namespace}\"; only functions from \"{JS_NAMESPACE}\" are allowed"
    )]
    ForeignImport {
        /// function, memory, table, global or tag
        kind: &'static str,
        /// The import's namespace.
        namespace: String,
        /// The import's name.
        name: String,
    },
    /// The engine cannot compile or link the module.
    #[error("the module cannot be used: {0}")]
    Engine(String),
    /// The module's description is not as agreed.
    #[error("the module does not describe itself as agreed: {0}")]
    Description(String),
}

/// What the module says about itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Description {
    /// The version of the core.
    #[serde(default)]
    pub version: String,
    /// The Stripe resources it covers.
    #[serde(default)]
    pub resources: Vec<serde_json::Value>,
    /// The Stripe API versions whose objects it reads.
    #[serde(default)]
    pub api_versions: ApiVersions,
    /// The datasets; a record's dataset is an index into them.
    #[serde(default)]
    pub datasets: Vec<Dataset>,
}

/// The API versions of a [`Description`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiVersions {
    /// The oldest date.
    #[serde(default)]
    pub oldest: String,
    /// The names of the releases since names are given.
    #[serde(default)]
    pub releases: Vec<String>,
}

impl ApiVersions {
    /// Whether objects of a version such as `2020-08-27` or `2026-08-26.dahlia` are read as they are. Previews
    /// never are: they change without a new name.
    pub fn include(&self, version: &str) -> bool {
        let (date, name) = match version.split_once('.') {
            Some((date, name)) => (date, Some(name)),
            None => (version, None),
        };
        let is_date = date.len() == 10
            && date.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        is_date
            && date >= self.oldest.as_str()
            && match name {
                Some(name) => self.releases.iter().any(|known| known == name),
                None => date < FIRST_NAMED,
            }
    }
}

/// When API versions began to have names besides their date.
const FIRST_NAMED: &str = "2024-09-30";

/// One dataset of a [`Description`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name, for example `stripe_charge_events`.
    pub name: String,
    /// The Stripe resource whose objects fill it.
    #[serde(default)]
    pub resource: String,
    /// Which of the resource's models fills it.
    #[serde(default)]
    pub variant: String,
}

/// A module that passed every check, compiled and ready for [`Worker`]s on any thread.
#[derive(Clone)]
pub struct Module {
    inner: Arc<Inner>,
}

struct Inner {
    pre: InstancePre<StoreLimits>,
    limits: Limits,
    sha256: String,
    size: usize,
    description: Description,
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module").field("sha256", &self.inner.sha256).finish_non_exhaustive()
    }
}

impl Module {
    /// Checks and compiles a module (or maps the compiled artefact that `cache` keeps of it).
    pub fn load(wasm: &[u8], limits: Limits, cache: &Cache) -> Result<Self, LoadError> {
        check_abi(wasm)?;
        let engine = engine()?;
        let sha256 = hex::encode(Sha256::digest(wasm));
        let module = cache.module(&engine, wasm, &sha256)?;
        check_imports(&module)?;
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&module).map_err(engine_error)?;
        let pre = linker.instantiate_pre(&module).map_err(engine_error)?;
        let inner = Inner {
            pre,
            limits: limits.clone(),
            sha256,
            size: wasm.len(),
            description: Description::default(),
        };
        let bare = Self { inner: Arc::new(inner) };
        start_ticker(&engine)?;
        let description = Worker::describe(&bare).map_err(|e| LoadError::Description(e.to_string()))?;
        let description: Description =
            serde_json::from_slice(&description).map_err(|e| LoadError::Description(e.to_string()))?;
        if u16::try_from(description.datasets.len()).is_err() {
            return Err(LoadError::Description("more than 65535 datasets".to_owned()));
        }
        if let Some(odd) = description.datasets.iter().find(|d| !is_dataset_name(&d.name)) {
            let name = &odd.name;
            return Err(LoadError::Description(format!("\"{name}\" is not a dataset name (a-z, 0-9, _)")));
        }
        let (pre, sha256) = (bare.inner.pre.clone(), bare.inner.sha256.clone());
        Ok(Self { inner: Arc::new(Inner { pre, limits, sha256, size: wasm.len(), description }) })
    }

    /// SHA-256 of the module's bytes, in hex: the same that the preview and the npm package show.
    pub fn sha256(&self) -> &str {
        &self.inner.sha256
    }

    /// The module's size in bytes.
    pub fn size(&self) -> usize {
        self.inner.size
    }

    /// What the module says about itself.
    pub fn description(&self) -> &Description {
        &self.inner.description
    }

    /// The dataset that a record's index stands for.
    pub fn dataset(&self, index: u16) -> &str {
        self.inner.description.datasets.get(usize::from(index)).map_or("", |d| d.name.as_str())
    }

    /// Asks a question of the mapping language or about a mapping set; request and answer are JSON, as
    /// the module's page on its language says.
    pub fn ask(&self, request: &str) -> Result<String, Refusal> {
        if request.len() > self.inner.limits.batch {
            let limit = self.inner.limits.batch;
            let message = format!(
                "the question has {} bytes, the limit is {limit}: give fewer or smaller samples",
                request.len()
            );
            return Err(Refusal::new("request_too_large", message));
        }
        let answer = Worker::ask(self, request.as_bytes())?;
        String::from_utf8(answer)
            .map_err(|_| Refusal::new("module_protocol", "the module's answer is not UTF-8"))
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(super) fn pre(&self) -> &InstancePre<StoreLimits> {
        &self.inner.pre
    }
}

// Dataset names become directory names, so a module must not be able to say `../x`.
fn is_dataset_name(name: &str) -> bool {
    let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    !name.is_empty() && name.len() <= 100 && !name.starts_with('_') && name.bytes().all(ok)
}

pub(super) fn engine() -> Result<Engine, LoadError> {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // The module's own compiler has inlined already. Doing it again makes conversions a twentieth
        // faster and compiling four times as long: no longer under a second.
        .compiler_inlining(Inlining::No)
        .max_wasm_stack(256 << 10)
        .wasm_simd(false)
        .wasm_relaxed_simd(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_extended_const(false)
        .wasm_exceptions(false);
    Engine::new(&config).map_err(engine_error)
}

/// A thread that counts the engine's epoch, for deadlines; it ends with the engine.
fn start_ticker(engine: &Engine) -> Result<(), LoadError> {
    let weak = engine.weak();
    let tick = move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    let spawned = std::thread::Builder::new().name("epoch".to_owned()).stack_size(64 << 10).spawn(tick);
    spawned.map(drop).map_err(|e| LoadError::Engine(format!("no thread for deadlines: {e}")))
}

pub(super) fn engine_error(error: wasmtime::Error) -> LoadError {
    LoadError::Engine(format!("{error:#}"))
}

fn check_abi(wasm: &[u8]) -> Result<(), LoadError> {
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|e| LoadError::NotWasm(e.message().to_owned()))?;
        if let wasmparser::Payload::CustomSection(section) = payload
            && section.name() == ABI_SECTION
        {
            let found = String::from_utf8_lossy(section.data()).into_owned();
            return match found == ABI_VERSION.to_string() {
                true => Ok(()),
                false => Err(LoadError::WrongAbi { found: found.chars().take(20).collect() }),
            };
        }
    }
    Err(LoadError::NoAbi)
}

fn check_imports(module: &wasmtime::Module) -> Result<(), LoadError> {
    for import in module.imports() {
        let kind = match import.ty() {
            ExternType::Func(_) => "function",
            ExternType::Memory(_) => "memory",
            ExternType::Table(_) => "table",
            ExternType::Global(_) => "global",
            _ => "something else",
        };
        if kind != "function" || import.module() != JS_NAMESPACE {
            let (namespace, name) = (import.module().to_owned(), import.name().to_owned());
            return Err(LoadError::ForeignImport { kind, namespace, name });
        }
    }
    Ok(())
}
