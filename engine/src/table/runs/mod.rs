//! Files of runs: each run as it stood at the file's position, in columns for who looks at many and
//! whole for who wakes one.
//!
//! ```text
//!  tables/0000000009.runs   ┌─ group ────────────────────┬─ group ──┬───
//!                           │ block │ states             │ …        │
//!                           └───────┴────────────────────┴──────────┴───
//!  block:   as event/block lays one out, a row a run: `ordinal`, `superseded`, `f.` and a fixed column
//!           (`f.name`), `c.` and a leaf of the config (`c.lr`), `s.` and a leaf of the summary
//!  states:  count u32 │ a piece each: first row u32, offset u32, bytes u32, bytes unpacked u32 │ pieces
//!  piece:   zstd; unpacked a run each: bytes u32 │ the run (projection/record.rs)
//!
//!  index:   groups u32 │ ids u32 │ a group each: chunk u32, rows u32, first and last ordinal u32 2×,
//!           block u64 2×, states u64 2× (place, bytes) │ an id each, by hash: hash u64, ordinal u32
//! ```
//!
//! What holds:
//! - The runs of a group rise by ordinal and belong to one chunk ([`crate::RUNS_PER_CHUNK`]).
//! - Of two files the one with the later position says how a run stands.
//! - Only what is asked for is read, and checked when it is touched first: a block's directory, a
//!   column, a piece of states.

mod chunk;
mod file;
mod set;
#[cfg(test)]
mod tests;
mod write;

pub use chunk::{Logged, RunChunk, RunHead};
pub(crate) use file::RunFile;
pub(crate) use set::RunFiles;
pub(crate) use write::write;

use sha2::{Digest, Sha256};

use crate::id::RunPath;
use crate::projection::Space;

/// The column of ordinals.
const ORDINAL: &str = "ordinal";
/// The column that is true where a later generation has begun.
const SUPERSEDED: &str = "superseded";
/// Present where a run was erased.
const ERASED: &str = "erased";
/// What stands before the name of a fixed column.
const FIXED: &str = "f.";
/// Bytes of the name of a leaf that becomes a column; longer ones are read from the runs themselves.
const LEAF_BYTES_MAX: usize = 4096;

/// What stands before the name of a leaf.
fn prefix(space: Space) -> Option<&'static str> {
    match space {
        Space::Config => Some("c."),
        Space::Summary => Some("s."),
        Space::History | Space::System => None,
    }
}

/// By what a run is found.
fn hash(path: &RunPath) -> u64 {
    let mut hasher = Sha256::new();
    for part in [&path.project.entity, &path.project.project, &path.run] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let digest: [u8; 32] = hasher.finalize().into();
    digest.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
