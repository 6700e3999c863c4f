//! A store that is compacted at any moment: its rows are those of its log (D9), whatever else was done to
//! it, and everything that holds of `log_model` holds too.

use crate::life::{self, Life};
use crate::made_up::Input;

/// The property. Bytes are operations: those of `log_model` with events of every kind, and compactions.
/// After each compaction, each opening and each end every cell of table files and tail is compared with
/// the events of the log (`wbq_sim::verify::look`).
pub fn compact_model(data: &[u8]) {
    let mut input = Input(data);
    let mut life = Life::begin(&mut input);
    for _ in 0..life::STEPS_MAX {
        let Some(op) = input.byte() else { break };
        match op % 16 {
            0..=3 => life.log(&mut input),
            // Seldom: a thousand columns take as long as everything else.
            4 if input.below(16) == 9 => life.log_wide(),
            5..=7 => life.compact(),
            op => life.other(op.saturating_sub(8), &mut input),
        }
    }
    life.compact();
    life.end();
}
