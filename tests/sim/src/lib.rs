//! The store on a disk that crashes and fails (RELIABILITY 2): the harness, for tests and for
//! `cargo xtask sim`.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `journal.rs` | the oracle: what was sent, what was answered, and so what must be there |
//! | `model.rs` | in which forms an event may be found, what all of them fold to, what was erased |
//! | `look.rs` | all that a snapshot shows, compared with that |
//! | `step.rs` | what can be done to a store |
//! | `traffic.rs` | what clients say |
//! | `driver.rs` | a client and a store on one simulated disk, driven by steps |
//! | `verify.rs` | the invariants after every recovery |
//! | `workloads.rs` | the fixed workloads of T1 and T2, by name |
//! | `seeds.rs` | T3: drawn workloads, drawn faults |
//! | `shrink.rs` | a scenario that fails, made small |
//! | `../tests/crash_points.rs` | T1: a stop before and after every operation |
//! | `../tests/errors.rs` | T2: every operation fails, once and for good |
//! | `../tests/damage.rs` | rot and loss of what was proven |
//! | `../tests/ops.rs` | verify, backup, restore, repair |
//! | `../tests/planted.rs` | bugs on purpose, each of which must be found |
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a broken invariant panics")]

pub mod driver;
pub mod journal;
pub mod look;
mod model;
pub mod seeds;
pub mod shrink;
mod step;
pub mod traffic;
pub mod verify;
pub mod workloads;
