//! Embeds the module and the preview page when they were built, so that the program is one file; without them the
//! program still builds, and says what to do.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("..");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");

    let module = root.join("pkg/dist/stripe_xdm_bg.wasm");
    println!("cargo::rerun-if-changed={}", module.display());
    let code = match module.is_file() {
        true => format!("Some(include_bytes!({:?}))", fs::canonicalize(&module)?),
        false => "None".to_owned(),
    };
    fs::write(out.join("embedded.rs"), code)?;

    let site = root.join("pkg/preview/dist");
    // What is not there is always out of date for cargo: then it is watched whether anything appears beside it.
    let watched = if site.is_dir() { &site } else { &root.join("pkg/preview") };
    println!("cargo::rerun-if-changed={}", watched.display());
    let mut files = Vec::new();
    if site.join("index.html").is_file() {
        gather(&site, String::new(), &mut files)?;
    }
    fs::write(out.join("site.rs"), table(files, &module, &out)?)?;
    Ok(())
}

/// All files below a directory, by their names from there.
fn gather(directory: &Path, below: String, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = format!("{below}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            gather(&path, format!("{name}/"), files)?;
        } else {
            files.push((name, path));
        }
    }
    Ok(())
}

/// The files as an array of names and bytes. The page's copy of the module is the one that is embedded already; of the
/// others copies are taken, for whoever builds the page anew takes them away.
fn table(
    mut files: Vec<(String, PathBuf)>,
    module: &Path,
    out: &Path,
) -> Result<String, Box<dyn std::error::Error>> {
    files.sort();
    let module = fs::read(module).unwrap_or_default();
    let mut code = String::from("&[\n");
    for (index, (name, path)) in files.into_iter().enumerate() {
        if name.ends_with(".wasm") && fs::read(&path)? == module {
            writeln!(code, "    ({name:?}, match EMBEDDED {{ Some(module) => module, None => &[] }}),")?;
        } else {
            let copy = out.join(format!("site.{index}"));
            fs::copy(&path, &copy)?;
            writeln!(code, "    ({name:?}, include_bytes!({copy:?})),")?;
        }
    }
    Ok(code + "]")
}
