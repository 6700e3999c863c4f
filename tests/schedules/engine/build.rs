//! Has the engine's files take `sync.rs` of this folder (`engine/src/lib.rs`).

fn main() {
    println!("cargo::rustc-cfg=shuttle");
    println!("cargo::rerun-if-changed=build.rs");
}
