//! The engine with its threads, in drawn orders of their steps (RELIABILITY T8).
//!
//! ```text
//!  seed ─► order.rs: which thread takes the next step ─┐
//!       └► scenario.rs: 4 writers, 2 readers, ─────────┴► the engine, its locks and threads shuttle's
//!                       a compaction, a close             (engine/sync.rs), its disk simulated
//! ```
//!
//! What holds: all threads of a schedule are one thread of the machine, and nothing but its seed decides
//! what they do. So the same seed does the same again; where they wait for each other for ever, shuttle
//! sees that none can go on. A panic in any thread fails the schedule.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a broken promise panics")]

mod events;
mod order;
mod scenario;

use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

pub use engine::Durability;
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use order::{Now, Order};

/// Bytes of a thread's stack; only what is used is taken.
const STACK_BYTES: usize = 1 << 20;
/// A schedule has a few thousand steps: with so many, threads go on for ever.
const STEPS_MAX: usize = 1_000_000;

/// Runs the schedules of some seeds, one after the other, up to the first that fails. Gives a hash of
/// whose each step was.
///
/// # Errors
///
/// The seed of the schedule that fails; what broke was printed.
pub fn run(seeds: Range<u64>, durability: Durability) -> Result<u64, u64> {
    let mut config = Config::new();
    (config.stack_size, config.max_steps) = (STACK_BYTES, MaxSteps::FailAfter(STEPS_MAX));
    // The seed says the same in fewer letters.
    config.failure_persistence = FailurePersistence::None;
    let now = Arc::new(Now::default());
    let (order, current) = (Order::new(seeds, Arc::clone(&now)), Arc::clone(&now));
    let run = || Runner::new(order, config).run(move || scenario::run(current.seed(), durability));
    match panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(_count) => Ok(now.hash()),
        Err(_told) => Err(now.seed()),
    }
}
