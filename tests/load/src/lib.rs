//! The real server under load, killed, out of room, and for long (RELIABILITY 2.4: T5, T6, T9): the
//! harness, for tests and for `cargo xtask soak`.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `content.rs` | what trainers log: a function of the run and the line |
//! | `journal.rs` | the oracle: what was sent, what was answered, and so what must be there |
//! | `trainer.rs` | one that logs over HTTP as the client does, retries included |
//! | `beside.rs` | queries and compactions beside the trainers |
//! | `http.rs` | a request and what came of it |
//! | `check.rs` | what the server and the folder show, against the journal |
//! | `site.rs` | a folder, and `wbq serve` on it as a process of its own |
//! | `process.rs` | what a process holds: threads, open files, memory |
//! | `client.rs` | a training with the real client |
//! | `kill.rs` | T5 |
//! | `volume.rs`, `full.rs` | small disks, and T6 |
//! | `latency.rs`, `soak.rs` | how long answers take, and T9 |
//!
//! Nothing rests on a sleep: those there are draw moments and pace the load. Whatever must come true
//! is waited for, with a deadline.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a broken promise panics")]

pub mod beside;
pub mod check;
pub mod client;
pub mod content;
pub mod full;
pub mod http;
pub mod journal;
pub mod kill;
pub mod latency;
pub mod process;
pub mod read_only;
pub mod site;
pub mod soak;
pub mod trainer;
pub mod volume;
