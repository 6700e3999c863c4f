//! A store that is compacted, whose runs are deleted and erased and whose log is dropped at any moment: its
//! rows are those that were sent (D8, D9), whatever else was done to it, and everything that holds of
//! `log_model` holds too.

use crate::life::{self, Life};
use crate::made_up::Input;

/// The property. Bytes are operations: those of `log_model` with events of every kind, and compactions.
/// After each compaction, each opening and each end every cell of table files and tail is compared with
/// what was sent (`wbq_sim::look`).
pub fn compact_model(data: &[u8]) {
    let mut input = Input(data);
    let mut life = Life::begin(&mut input);
    for _ in 0..life::STEPS_MAX {
        let Some(op) = input.byte() else { break };
        match (op % 16, op % 64) {
            (_, deletes @ 56..) => life.delete(deletes % 4),
            (0..=3, _) => life.log(&mut input),
            // Seldom: a thousand columns take as long as everything else.
            (4, _) if input.below(16) == 9 => life.log_wide(),
            (5..=7, _) => life.compact(),
            (op, _) => life.other(op.saturating_sub(8), &mut input),
        }
    }
    life.compact();
    life.end();
}
