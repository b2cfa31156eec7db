//! One instance of the module and the calls into it. An instance is reused from batch to batch and
//! thrown away after any trap; the objects of a batch that trapped are tried one by one, so that only
//! the guilty one fails.

use super::abi::{Batch, ObjectError, Refusal, encode_request};
use super::engine::{ABI_VERSION, Module};
use serde::Serialize;
use wasmtime::{Instance, Memory, Store, StoreLimits, StoreLimitsBuilder, Trap, TypedFunc};

/// What may change from one call to the next; each field that is set wins over the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Call {
    /// When the objects were read, in epoch seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<i64>,
    /// Stripe API version of bare objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Resource of objects that carry no `object` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

/// Why no instance can be had. A failing object is never one of these.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The module refused the settings.
    #[error("the settings were refused: {message}")]
    Settings {
        /// The module's word for it.
        code: String,
        /// All problems, for people.
        message: String,
    },
    /// The module cannot be instantiated or lacks an export.
    #[error("the module cannot be started: {0}")]
    Start(String),
}

/// One instance of a module, opened with one tenant's settings.
pub struct Worker {
    module: Module,
    settings: Vec<u8>,
    instance: Option<Live>,
    request: Vec<u8>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("module", &self.module).finish_non_exhaustive()
    }
}

impl Worker {
    /// Starts an instance and opens it with settings given as JSON.
    pub fn open(module: &Module, settings: &[u8]) -> Result<Self, WorkerError> {
        let mut worker =
            Self { module: module.clone(), settings: settings.to_vec(), instance: None, request: Vec::new() };
        worker.live()?;
        Ok(worker)
    }

    /// Converts objects. Fails only when no instance can be had; whatever an object causes is told in
    /// its own result.
    pub fn transform(&mut self, call: &Call, objects: &[&[u8]]) -> Result<Batch, WorkerError> {
        let call = serde_json::to_vec(call).map_err(|e| WorkerError::Start(e.to_string()))?;
        let mut batch = Batch::default();
        let limits = self.module.limits().clone();
        let mut rest = objects;
        while let Some(first) = rest.first() {
            if first.len() > limits.object {
                let message = format!("the object has {} bytes, the limit is {}", first.len(), limits.object);
                batch.push_failure(ObjectError::new("object_too_large", message));
                rest = &rest[1..];
                continue;
            }
            let mut size = 0usize;
            let fits = rest.iter().take_while(|o| {
                size = size.saturating_add(o.len());
                o.len() <= limits.object && size <= limits.batch.max(limits.object)
            });
            let (now, later) = rest.split_at(fits.count());
            self.attempt(&call, now, &mut batch)?;
            rest = later;
        }
        Ok(batch)
    }

    fn attempt(&mut self, call: &[u8], objects: &[&[u8]], batch: &mut Batch) -> Result<(), WorkerError> {
        let Err(failure) = self.once(call, objects, batch)? else { return Ok(()) };
        if let [_] = objects {
            batch.push_failure(failure);
            return Ok(());
        }
        for object in objects {
            if let Err(failure) = self.once(call, &[object], batch)? {
                batch.push_failure(failure);
            }
        }
        Ok(())
    }

    fn once(
        &mut self,
        call: &[u8],
        objects: &[&[u8]],
        batch: &mut Batch,
    ) -> Result<Result<(), ObjectError>, WorkerError> {
        encode_request(call, objects, &mut self.request);
        let datasets = u16::try_from(self.module.description().datasets.len()).unwrap_or(u16::MAX);
        let request = std::mem::take(&mut self.request);
        let live = self.live()?;
        let outcome = live.transform(&request, |response| batch.append(response, objects.len(), datasets));
        self.request = request;
        Ok(outcome.map_err(|failure| {
            if !matches!(failure, Failure::Refused(_)) {
                self.instance = None;
            }
            failure.into()
        }))
    }

    fn live(&mut self) -> Result<&mut Live, WorkerError> {
        let live = match self.instance.take() {
            Some(live) => live,
            None => {
                let mut live = Live::start(&self.module)?;
                live.open(&self.settings)?;
                live
            }
        };
        Ok(self.instance.insert(live))
    }

    /// The module's description of itself, as JSON.
    pub(super) fn describe(module: &Module) -> Result<Vec<u8>, WorkerError> {
        let mut live = Live::start(module)?;
        let describe: TypedFunc<(), u64> = export(&live.instance, &mut live.store, "xdm_describe")?;
        live.arm();
        let packed = describe.call(&mut live.store, ()).map_err(|e| WorkerError::Start(format!("{e:#}")))?;
        live.copy(packed).map_err(|f| WorkerError::Start(ObjectError::from(f).to_string()))
    }

    /// The module's answer to a question of the mapping language, both as JSON.
    pub(super) fn ask(module: &Module, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        let start = |e: WorkerError| Refusal::new("module_start", e.to_string());
        let mut live = Live::start(module).map_err(start)?;
        if live.instance.get_export(&mut live.store, "xdm_language").is_none() {
            let message =
                "the module is of an older release and answers no questions; use one of this release";
            return Err(Refusal::new("module_too_old", message));
        }
        let language: TypedFunc<(u32, u32), u64> =
            export(&live.instance, &mut live.store, "xdm_language").map_err(start)?;
        live.arm();
        let answer = live.with_request(request, |live, ptr, len| {
            let packed = language.call(&mut live.store, (ptr, len)).map_err(|e| trapped(&e))?;
            live.copy(packed)
        });
        answer.map_err(|failure| match failure {
            Failure::Refused(refusal) => refusal,
            Failure::Broken { code, message } => Refusal::new(code, message),
        })
    }
}

/// Why a call into an instance gave nothing.
enum Failure {
    /// The module answered with an error; the instance is sound.
    Refused(Refusal),
    /// The instance is not to be used again.
    Broken { code: &'static str, message: String },
}

impl From<Failure> for ObjectError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::new(&refusal.code, refusal.message),
            Failure::Broken { code, message } => Self::new(code, message),
        }
    }
}

fn protocol(message: impl Into<String>) -> Failure {
    Failure::Broken { code: "module_protocol", message: message.into() }
}

fn trapped(error: &wasmtime::Error) -> Failure {
    let (code, message) = match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => (
            "module_deadline",
            "the module ran longer than allowed: an object or a mapping set is too large, or a mapping works \
             too hard; make it smaller, or allow more with --deadline MS"
                .to_owned(),
        ),
        Some(trap) => ("module_trap", format!("the module trapped: {trap}")),
        None => ("module_trap", format!("the module failed: {}", error.root_cause())),
    };
    Failure::Broken { code, message }
}

struct Live {
    store: Store<StoreLimits>,
    instance: Instance,
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    free: TypedFunc<(u32, u32), ()>,
    transform: TypedFunc<(u32, u32, u32), u64>,
    handle: u32,
    deadline: u64,
}

impl Live {
    fn start(module: &Module) -> Result<Self, WorkerError> {
        let limits = module.limits();
        let bounds = StoreLimitsBuilder::new()
            .memory_size(limits.memory)
            .instances(1)
            .memories(1)
            .tables(4)
            .table_elements(100_000)
            .trap_on_grow_failure(false)
            .build();
        let mut store = Store::new(module.pre().module().engine(), bounds);
        store.limiter(|bounds| bounds);
        let deadline = limits.deadline_ticks();
        store.set_epoch_deadline(deadline);
        let start = |e: wasmtime::Error| WorkerError::Start(format!("{e:#}"));
        let instance = module.pre().instantiate(&mut store).map_err(start)?;
        let memory = instance.get_memory(&mut store, "memory");
        let memory = memory.ok_or_else(|| WorkerError::Start("it exports no memory".to_owned()))?;
        let version: TypedFunc<(), u32> = export(&instance, &mut store, "xdm_abi_version")?;
        let version = version.call(&mut store, ()).map_err(start)?;
        if version != ABI_VERSION {
            let message = format!("its code says ABI version {version}, its section says {ABI_VERSION}");
            return Err(WorkerError::Start(message));
        }
        let alloc = export(&instance, &mut store, "xdm_alloc")?;
        let free = export(&instance, &mut store, "xdm_free")?;
        let transform = export(&instance, &mut store, "xdm_transform")?;
        Ok(Self { store, instance, memory, alloc, free, transform, handle: 0, deadline })
    }

    fn open(&mut self, settings: &[u8]) -> Result<(), WorkerError> {
        let open: TypedFunc<(u32, u32), u64> = export(&self.instance, &mut self.store, "xdm_open")?;
        self.arm();
        let mut handle = None;
        let opened = self.with_request(settings, |live, ptr, len| {
            let packed = open.call(&mut live.store, (ptr, len)).map_err(|e| trapped(&e))?;
            live.take(packed, |bytes| {
                handle = bytes.try_into().ok().map(u32::from_le_bytes);
                Ok(())
            })
        });
        match (opened, handle) {
            (Ok(()), Some(handle)) => {
                self.handle = handle;
                Ok(())
            }
            (Ok(()), None) => Err(WorkerError::Start("its handle is not 4 bytes".to_owned())),
            (Err(Failure::Refused(Refusal { code, message, .. })), _) => {
                Err(WorkerError::Settings { code, message })
            }
            (Err(Failure::Broken { message, .. }), _) => Err(WorkerError::Start(message)),
        }
    }

    fn transform(
        &mut self,
        request: &[u8],
        read: impl FnOnce(&[u8]) -> Result<(), String>,
    ) -> Result<(), Failure> {
        self.arm();
        let (transform, handle) = (self.transform.clone(), self.handle);
        self.with_request(request, |live, ptr, len| {
            let packed = transform.call(&mut live.store, (handle, ptr, len)).map_err(|e| trapped(&e))?;
            live.take(packed, read)
        })
    }

    /// Starts the deadline of the call that follows.
    fn arm(&mut self) {
        self.store.set_epoch_deadline(self.deadline);
    }

    fn with_request<T>(
        &mut self,
        bytes: &[u8],
        call: impl FnOnce(&mut Self, u32, u32) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let too_large = || protocol("the request does not fit in 32-bit memory");
        let len = u32::try_from(bytes.len()).map_err(|_| too_large())?;
        let ptr = self.alloc.call(&mut self.store, len).map_err(|e| trapped(&e))?;
        if ptr == 0 && len > 0 {
            let message = format!("the module has no room for a request of {len} bytes");
            return Err(Failure::Broken { code: "module_memory", message });
        }
        let written = self.memory.write(&mut self.store, ptr as usize, bytes);
        written.map_err(|_| protocol("xdm_alloc gave a pointer outside the memory"))?;
        let answer = call(self, ptr, len);
        if !matches!(answer, Err(Failure::Broken { .. })) {
            self.free.call(&mut self.store, (ptr, len)).map_err(|e| trapped(&e))?;
        }
        answer
    }

    /// A packed result's bytes.
    fn copy(&mut self, packed: u64) -> Result<Vec<u8>, Failure> {
        let mut copied = Vec::new();
        self.take(packed, |bytes| {
            copied.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(copied)
    }

    /// Reads a packed result (error bit, pointer, length) and gives its memory back.
    fn take(&mut self, packed: u64, read: impl FnOnce(&[u8]) -> Result<(), String>) -> Result<(), Failure> {
        let failed = packed >> 63 == 1;
        let ptr = ((packed >> 31) & 0xffff_ffff) as u32;
        let len = (packed & 0x7fff_ffff) as u32;
        let end = u64::from(ptr) + u64::from(len);
        let bytes = usize::try_from(end).ok().and_then(|end| {
            let memory = self.memory.data(&self.store);
            memory.get(ptr as usize..end)
        });
        let bytes = bytes.ok_or_else(|| protocol("a result lies outside the memory"))?;
        let outcome = match failed {
            true => Err(refusal(bytes)),
            false => read(bytes).map_err(protocol),
        };
        if len > 0 {
            self.free.call(&mut self.store, (ptr, len)).map_err(|e| trapped(&e))?;
        }
        outcome
    }
}

fn refusal(bytes: &[u8]) -> Failure {
    match serde_json::from_slice::<Refusal>(bytes) {
        Ok(refusal) => Failure::Refused(refusal),
        Err(_) => protocol("an error of the module is not as agreed"),
    }
}

fn export<P: wasmtime::WasmParams, R: wasmtime::WasmResults>(
    instance: &Instance,
    store: &mut Store<StoreLimits>,
    name: &str,
) -> Result<TypedFunc<P, R>, WorkerError> {
    instance.get_typed_func(store, name).map_err(|e| WorkerError::Start(format!("export {name}: {e:#}")))
}
