//! What crosses crates, tested in one binary.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod docs;
mod golden;
mod ids;
mod streams;
