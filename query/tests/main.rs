//! What SQL promises, over real stores.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod bounds;
mod chart;
mod filter;
mod fixture;
mod functions;
mod history;
mod names;
mod pages;
mod past;
mod runs;
mod runs_table;
mod scan;
mod tables;
