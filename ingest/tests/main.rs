//! The server as its clients see it: a real one on loopback, a real folder, real requests.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod artifacts;
mod auth;
mod chart;
mod commands;
mod events;
mod files;
mod graphql;
mod history_files;
mod hostile;
mod import;
mod lifecycle;
mod people;
mod projects;
mod replay;
mod runs;
mod sign_in;
mod sql;
mod states;
mod stream;
mod support;
mod sweep;
mod wandb_log;
