//! The store on a disk that crashes and fails (RELIABILITY 2.4, T1 to T3).
//!
//! | file | what it holds |
//! | --- | --- |
//! | `journal.rs` | the oracle: what was sent, what was answered, and so what must be there |
//! | `driver.rs` | a client and a store on one simulated disk, driven by steps |
//! | `verify.rs` | the invariants after every recovery |
//! | `crash_points.rs` | T1: a stop before and after every operation |
//! | `errors.rs` | T2: every operation fails, once and for good |
//! | `damage.rs` | rot and loss of what was proven |
//! | `ops.rs` | verify, backup, restore, repair |
//! | `planted.rs` | bugs on purpose, each of which must be found |
//! | `seeds.rs` | T3: drawn workloads, drawn faults |

mod crash_points;
mod damage;
mod driver;
mod errors;
mod journal;
mod ops;
#[cfg(feature = "plant")]
mod planted;
mod seeds;
mod verify;
