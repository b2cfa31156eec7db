//! What one object costs the module in wasmtime's fuel: about one unit for each instruction that runs.
//! Unlike time it does not depend on the machine, so a change that makes the module slower is seen
//! without measuring. It depends on the module's bytes; those are reproducible for one toolchain.

use crate::built::{module_bytes, root};
use crate::corpus::{self, SETTINGS};
use crate::framing::request;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use wasmtime::{Config, Engine, Instance, Linker, Memory, Module, Store, TypedFunc};

/// How to write [`Recorded`] anew.
pub const HOW: &str = "cargo xtask bench --record-fuel";

/// The numbers of `tests/fuel.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// What the file is, for those who find it.
    pub about: String,
    /// Fuel by sample.
    pub fuel: BTreeMap<String, u64>,
}

impl Recorded {
    /// Reads the recorded numbers.
    pub fn read() -> anyhow::Result<Self> {
        let text = std::fs::read(file()).with_context(|| format!("fuel.json is missing; run `{HOW}`"))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Records numbers in place of those before.
    pub fn write(fuel: BTreeMap<String, u64>) -> anyhow::Result<()> {
        let about = format!(
            "wasmtime fuel for one call with one object, by sample; checked by tests/fuel.rs, written by `{HOW}`"
        );
        let text = serde_json::to_string_pretty(&Self { about, fuel })?;
        Ok(std::fs::write(file(), text + "\n")?)
    }
}

fn file() -> PathBuf {
    root().join("tests/fuel.json")
}

/// Measures every sample in an instance of its own.
pub fn measure() -> anyhow::Result<BTreeMap<String, u64>> {
    let (wasm, samples) = (module_bytes()?, corpus::samples()?);
    costs(&wasm, &samples).map_err(|error| anyhow::anyhow!("the module cannot be measured: {error:#}"))
}

fn costs(wasm: &[u8], samples: &[(&str, String)]) -> wasmtime::Result<BTreeMap<String, u64>> {
    let mut config = Config::new();
    config.consume_fuel(true);
    let module = Module::new(&Engine::new(&config)?, wasm)?;
    let mut fuel = BTreeMap::new();
    for (name, text) in samples {
        fuel.insert((*name).to_owned(), Metered::open(&module)?.cost(text)?);
    }
    Ok(fuel)
}

/// An instance whose instructions are counted.
struct Metered {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
    handle: u32,
}

impl Metered {
    fn open(module: &Module) -> wasmtime::Result<Self> {
        let mut store = Store::new(module.engine(), ());
        store.set_fuel(u64::MAX)?;
        let mut linker = Linker::new(module.engine());
        linker.define_unknown_imports_as_traps(module)?;
        let instance = linker.instantiate(&mut store, module)?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .ok_or_else(|| wasmtime::format_err!("the module exports no memory"))?;
        let mut metered = Self { store, instance, memory, handle: 0 };
        let open: TypedFunc<(u32, u32), u64> =
            metered.instance.get_typed_func(&mut metered.store, "xdm_open")?;
        let (ptr, len) = metered.put(SETTINGS.as_bytes())?;
        let packed = open.call(&mut metered.store, (ptr, len))?;
        wasmtime::ensure!(packed >> 63 == 0, "the settings were refused");
        let mut handle = [0; 4];
        metered.memory.read(&metered.store, ((packed >> 31) & 0xffff_ffff) as usize, &mut handle)?;
        metered.handle = u32::from_le_bytes(handle);
        Ok(metered)
    }

    /// The fuel of `xdm_transform` alone, for the second of two equal calls: the first also grows
    /// buffers that later ones find.
    fn cost(&mut self, object: &str) -> wasmtime::Result<u64> {
        let transform: TypedFunc<(u32, u32, u32), u64> =
            self.instance.get_typed_func(&mut self.store, "xdm_transform")?;
        let free: TypedFunc<(u32, u32), ()> = self.instance.get_typed_func(&mut self.store, "xdm_free")?;
        let mut used = 0;
        for _ in 0..2 {
            let (ptr, len) = self.put(&request("", &[object]))?;
            let before = self.store.get_fuel()?;
            let packed = transform.call(&mut self.store, (self.handle, ptr, len))?;
            used = before - self.store.get_fuel()?;
            wasmtime::ensure!(packed >> 63 == 0, "the request was refused");
            free.call(&mut self.store, (ptr, len))?;
            let result = (((packed >> 31) & 0xffff_ffff) as u32, (packed & 0x7fff_ffff) as u32);
            free.call(&mut self.store, result)?;
        }
        Ok(used)
    }

    fn put(&mut self, bytes: &[u8]) -> wasmtime::Result<(u32, u32)> {
        let alloc: TypedFunc<u32, u32> = self.instance.get_typed_func(&mut self.store, "xdm_alloc")?;
        let len = u32::try_from(bytes.len())?;
        let ptr = alloc.call(&mut self.store, len)?;
        wasmtime::ensure!(ptr != 0, "the module has no room for {len} bytes");
        self.memory.write(&mut self.store, ptr as usize, bytes)?;
        Ok((ptr, len))
    }
}
