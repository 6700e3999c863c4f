//! Looks for the built web app and tells the compiler where it is. It runs nothing: where `make ui` was not run, the
//! binary gets a page that says so.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const PLACEHOLDER: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>wbq</title>\
    <h1>The web app is not in this build</h1>\
    <p>Run <code>make ui</code> (it needs Node.js and npm), then build again: <code>cargo build</code>.</p>\
    <p>All else works: the wandb client, <code>wbq</code>, SQL.</p></html>";

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let built = manifest.join("../ui/dist");
    let has_app = built.join("index.html").is_file();
    // A path that is not there would make cargo build this crate anew each time, so its parent is watched.
    println!("cargo:rerun-if-changed={}", if has_app { "../ui/dist" } else { "../ui" });
    let folder = if has_app { built.canonicalize()? } else { placeholder()? };
    println!("cargo:rustc-env=WBQ_UI={}", folder.display());
    Ok(())
}

fn placeholder() -> io::Result<PathBuf> {
    let folder = Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join("ui");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("index.html"), PLACEHOLDER)?;
    Ok(folder)
}
