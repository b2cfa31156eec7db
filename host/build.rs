//! Embeds the module when it was built, so that the program is one file; without it the program still
//! builds, and says what to do.

use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let module = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../pkg/dist/stripe_xdm_bg.wasm");
    println!("cargo::rerun-if-changed={}", module.display());
    println!("cargo::rerun-if-changed=build.rs");
    let code = match module.is_file() {
        true => format!("Some(include_bytes!({:?}))", fs::canonicalize(&module)?),
        false => "None".to_owned(),
    };
    fs::write(Path::new(&env::var("OUT_DIR")?).join("embedded.rs"), code)?;
    Ok(())
}
