//! What crosses crates, tested in one binary.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod docs;
mod format;
mod golden;
mod ids;
mod streams;
