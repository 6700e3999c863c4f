//! Deleting, erasing and dropping the log, added to one scenario in two. It is drawn apart from all else, so
//! that every seed still does what it did beside.

use std::time::Duration;

use engine::disk::sim::Chance;

use super::{Fault, Life, Scenario, place};
use crate::driver::Step;

/// Adds what a scenario's seed draws.
pub(super) fn add(scenario: &mut Scenario) {
    let mut chance = Chance::new(!scenario.seed);
    if chance.one_in(2) {
        return;
    }
    // By themselves they are kept for days, which no scenario sees the end of. A step takes a second.
    let kept = |chance: &mut Chance, longest| [None, Some(0), Some(longest)][place(chance.below(3))];
    scenario.keep_log = kept(&mut chance, 3).map(Duration::from_secs);
    scenario.keep_deleted = kept(&mut chance, 5).map(Duration::from_secs);
    scenario.lives.iter_mut().for_each(|life| add_to(life, &mut chance));
}

fn add_to(life: &mut Life, chance: &mut Chance) {
    for _ in 0..chance.below(5) {
        let at = place(chance.below(life.steps.len() as u64 + 1));
        let step = match chance.below(10) {
            0..3 => Step::Delete(true),
            3 => Step::Delete(false),
            4..7 => Step::Prune,
            7 => Step::Compact,
            _ => Step::Upload([300, 1000, 5000][place(chance.below(3))]),
        };
        life.steps.insert(at, step);
    }
    // Erasing takes many operations: some faults come late enough to meet it.
    let later = if chance.one_in(2) { chance.below(240) } else { 0 };
    for fault in &mut life.faults {
        if let Fault::Ops(ops, _) = fault {
            *ops = ops.start + later..ops.end.saturating_add(later);
        }
    }
}
