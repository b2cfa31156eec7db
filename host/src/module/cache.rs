//! The compiled module on disk. Compiling takes most of a second and more memory than a whole sync,
//! so it is done once per module, engine and processor, in a child process whose memory goes with it;
//! later starts map the artefact.

use super::engine::{LoadError, engine, engine_error};
use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use wasmtime::{Engine, Module};

/// Who compiles a module that the cache lacks.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// This process.
    InProcess,
    /// `PROGRAM module --compile FILE`, with the module's bytes on standard input.
    Child(PathBuf),
}

/// Where compiled artefacts are kept.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: Option<PathBuf>,
    compiler: Compiler,
}

impl Cache {
    /// A cache in a directory of this user's alone.
    pub fn at(dir: PathBuf, compiler: Compiler) -> Self {
        Self { dir: Some(dir), compiler }
    }

    /// A cache in the user's cache directory, when there is one.
    pub fn of_user(compiler: Compiler) -> Self {
        let dir = etcetera::choose_base_strategy().ok().map(|base| base.cache_dir().join("stripe-xdm"));
        Self { dir, compiler }
    }

    /// No cache: every start compiles, in this process.
    pub fn none() -> Self {
        Self { dir: None, compiler: Compiler::InProcess }
    }

    /// The compiled module: mapped from the cache, else compiled into it, else compiled in memory.
    pub(super) fn module(&self, engine: &Engine, wasm: &[u8], sha256: &str) -> Result<Module, LoadError> {
        let compile = || Module::new(engine, wasm).map_err(engine_error);
        let Some(dir) = self.dir.as_deref().filter(|dir| is_private_dir(dir)) else { return compile() };
        let path = dir.join(format!("{sha256}-{}.cwasm", fingerprint(engine)));
        if let Some(module) = map(engine, &path) {
            return Ok(module);
        }
        let compiled = match &self.compiler {
            Compiler::InProcess => compile_artefact(wasm, &path).is_ok(),
            Compiler::Child(program) => compile_in_child(program, wasm, &path),
        };
        match compiled.then(|| map(engine, &path)).flatten() {
            Some(module) => Ok(module),
            None => compile(),
        }
    }
}

/// Compiles a module into a file that appears whole or not at all.
pub fn compile_artefact(wasm: &[u8], path: &Path) -> Result<(), LoadError> {
    let artefact = engine()?.precompile_module(wasm).map_err(engine_error)?;
    let dir = path.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(&artefact)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|e| LoadError::Engine(format!("cannot write {}: {e}", path.display())))
}

impl Compiler {
    /// What the child does: reads a module of at most 64 MiB from `input` and
    /// compiles it into `path`.
    pub fn serve(mut input: impl Read, path: &Path) -> Result<(), LoadError> {
        let mut wasm = Vec::new();
        let read = input.by_ref().take(64 << 20).read_to_end(&mut wasm);
        read.map_err(|e| LoadError::NotWasm(e.to_string()))?;
        compile_artefact(&wasm, path)
    }
}

fn compile_in_child(program: &Path, wasm: &[u8], path: &Path) -> bool {
    let child = Command::new(program)
        .args(["module", "--compile"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env_remove("STRIPE_API_KEY")
        .env_remove("STRIPE_XDM_CLIENT_SECRET")
        .spawn();
    let Ok(mut child) = child else { return false };
    let fed = child.stdin.take().is_some_and(|mut stdin| stdin.write_all(wasm).is_ok());
    child.wait().is_ok_and(|status| status.success()) && fed
}

fn map(engine: &Engine, path: &Path) -> Option<Module> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    if !meta.is_file() || meta.uid() != rustix::process::geteuid().as_raw() || meta.mode() & 0o022 != 0 {
        return None;
    }
    // SAFETY: an artefact is native code, so whoever writes it controls this process. It lies in a
    // directory that only this user can enter (checked before), belongs to this user and nobody else
    // may write it, appeared whole by a rename, and its name binds it to the module's SHA-256, the
    // engine's version and settings; the engine checks the latter two again.
    unsafe { Module::deserialize_file(engine, path) }.ok()
}

/// Makes the directory when it is absent; true when it is this user's and closed to others.
pub(crate) fn is_private_dir(dir: &Path) -> bool {
    if let Some(parent) = dir.parent()
        && std::fs::create_dir_all(parent).is_err()
    {
        return false;
    }
    let _exists = std::fs::DirBuilder::new().mode(0o700).create(dir);
    std::fs::symlink_metadata(dir).is_ok_and(|meta| {
        meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o077 == 0
    })
}

/// Names everything besides the module that an artefact depends on.
fn fingerprint(engine: &Engine) -> String {
    struct Sink(Sha256);
    impl Hasher for Sink {
        fn finish(&self) -> u64 {
            0
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
    }
    let mut sink = Sink(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut sink);
    // A cache directory may be shared by machines: an artefact uses the instructions of its processor.
    sink.0.update(cpu_features().as_bytes());
    hex::encode(&sink.0.finalize()[..8])
}

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> String {
    let has = [
        std::arch::is_x86_feature_detected!("sse4.2"),
        std::arch::is_x86_feature_detected!("popcnt"),
        std::arch::is_x86_feature_detected!("avx"),
        std::arch::is_x86_feature_detected!("avx2"),
        std::arch::is_x86_feature_detected!("fma"),
        std::arch::is_x86_feature_detected!("bmi1"),
        std::arch::is_x86_feature_detected!("bmi2"),
        std::arch::is_x86_feature_detected!("avx512f"),
        std::arch::is_x86_feature_detected!("lzcnt"),
    ];
    format!("x86_64 {has:?}")
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_features() -> String {
    std::env::consts::ARCH.to_owned()
}
