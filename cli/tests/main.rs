//! The real binary, as a person or a script meets it: what it prints, where, and its exit code.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "these are tests")]

mod care;
mod export;
mod failures;
mod formats;
mod live;
mod open;
mod routing;
mod runs;
mod sample;
mod tls;
mod verbs;
mod wbq;
