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

#[cfg(feature = "server")]
mod filestream;
mod frame;
mod json_event;
mod segment;
mod zstd;

#[cfg(feature = "server")]
pub use filestream::filestream;
pub use frame::frame;
pub use json_event::json_event;
pub use segment::segment;
pub use zstd::zstd;
