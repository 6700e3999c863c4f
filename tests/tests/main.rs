//! What crosses crates, tested in one binary.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod bad_input;
mod bad_sql;
mod docs;
mod format;
mod golden;
mod ids;
mod served;
mod sql_diff;
mod streams;
