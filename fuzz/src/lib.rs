//! What must hold for any input, as plain functions: each panics when its property does not.
//!
//! `cargo fuzz` feeds them for real (`README.md` has the commands); `cargo test` replays the kept
//! corpus and a fixed number of seeded mutations of it.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a property that fails panics"
)]

mod bounded;
mod compact_model;
mod damage;
#[cfg(feature = "server")]
mod filestream;
mod frame;
mod json_event;
mod life;
mod log_model;
mod made_up;
mod manifest;
mod parquet_in;
mod relpath;
mod segment;
#[cfg(feature = "server")]
mod sql_guard;
#[cfg(feature = "server")]
mod sql_run;
#[cfg(feature = "server")]
mod wandb_file;
mod zstd;

pub use bounded::heap_bytes;
pub use compact_model::compact_model;
#[cfg(feature = "server")]
pub use filestream::filestream;
pub use frame::frame;
pub use json_event::json_event;
pub use log_model::log_model;
pub use manifest::manifest;
pub use parquet_in::parquet_in;
pub use relpath::relpath;
pub use segment::segment;
#[cfg(feature = "server")]
pub use sql_guard::sql_guard;
#[cfg(feature = "server")]
pub use sql_run::sql_run;
#[cfg(feature = "server")]
pub use wandb_file::wandb_file;
pub use zstd::zstd;
