//! What SQL promises, over real stores.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bounds;
mod fixture;
mod history;
mod names;
mod past;
mod runs;
mod tables;
