//! What the finished module may hold: the promises that hosts rely on, checked on its bytes.

use anyhow::{Context, Result, bail, ensure};
use std::path::PathBuf;
use wasmparser::{Parser, Payload};

/// The only module that functions are imported from.
const GLUE: &str = "./stripe_xdm_bg.js";
/// What a host of the bytes ABI calls.
const EXPORTS: [&str; 8] = [
    "memory",
    "xdm_abi_version",
    "xdm_alloc",
    "xdm_free",
    "xdm_open",
    "xdm_close",
    "xdm_transform",
    "xdm_describe",
];

/// Fails when the module imports something that hosts refuse, lacks an export, or carries no ABI version.
pub(crate) fn check(module: &[u8]) -> Result<()> {
    let mut missing = EXPORTS.to_vec();
    let mut version = None;
    for payload in Parser::new(0).parse_all(module) {
        match payload.context("the module is not valid WebAssembly")? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let function = matches!(import.ty, wasmparser::TypeRef::Func(_));
                    ensure!(
                        function && import.module == GLUE,
                        "the module imports {} from {}; hosts accept only functions from {GLUE}",
                        import.name,
                        import.module
                    );
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let name = export?.name;
                    missing.retain(|wanted| *wanted != name);
                }
            }
            Payload::StartSection { .. } => {
                bail!("the module has a start function, which would call JavaScript")
            }
            Payload::CustomSection(section) if section.name() == "stripe-xdm-abi" => {
                version = Some(section.data().to_vec());
            }
            _ => {}
        }
    }
    ensure!(missing.is_empty(), "the module does not export {}", missing.join(", "));
    ensure!(version.as_deref() == Some(b"1"), "the custom section stripe-xdm-abi is {version:?}, not \"1\"");
    Ok(())
}

/// Fails when the module names a directory of the machine that built it.
pub(crate) fn check_paths(module: &[u8], directories: &[PathBuf]) -> Result<()> {
    for directory in directories {
        let path = directory.to_string_lossy();
        let path = path.as_bytes();
        // A path of one or two characters would be found by chance.
        let found = path.len() > 2 && module.windows(path.len()).any(|window| window == path);
        ensure!(!found, "the module holds the path {}; remap it in xtask's remap.rs", directory.display());
    }
    Ok(())
}
