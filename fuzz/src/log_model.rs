//! A store on a simulated disk, and a list of what its clients were told: whatever was done to it, it
//! holds what was acknowledged, whole batches, in order, and what readers saw (D1, D2, D3, D5). D4, the
//! retry, is decided above the engine (`tests/tests/streams.rs`).

use crate::life::{self, Life};
use crate::made_up::Input;

/// The property. Bytes are operations: appends, closing, opening, deleting, erasing, faults of the disk, ends
/// of the process.
pub fn log_model(data: &[u8]) {
    let mut input = Input(data);
    let mut life = Life::begin(&mut input);
    for _ in 0..life::STEPS_MAX {
        let Some(op) = input.byte() else { break };
        match (op % 16, op % 64) {
            // Apart from the others, so that what was kept by a name does what it did.
            (_, deletes @ 56..) => life.delete(deletes % 4),
            (0..=6, _) => life.commit(&mut input),
            (op, _) => life.other(op - 7, &mut input),
        }
    }
    life.end();
}
