//! The apparatus, proven: bugs are planted, and each is found within the seeds that CI runs.

use std::panic::{self, AssertUnwindSafe};

use engine::plant::{Bug, plant};

use wbq_sim::seeds::{Scenario, Trace};

/// Seeds within which each must be found (RELIABILITY 2.2).
const SEEDS_MAX: u64 = 20_000;

/// The first seed that finds the bug.
fn found_by_seed(bug: Bug) -> Option<u64> {
    (0..SEEDS_MAX).find(|seed| fails(bug, || Scenario::drawn(*seed, None).run(&mut Trace::default())))
}

fn fails(bug: Bug, test: impl FnOnce()) -> bool {
    plant(Some(bug));
    let failed = panic::catch_unwind(AssertUnwindSafe(test)).is_err();
    plant(None);
    failed
}

#[test]
#[expect(clippy::print_stdout, reason = "the table of planted bugs is for people")]
fn every_planted_bug_is_found() {
    // A failure for each would print a trace for each.
    panic::set_hook(Box::new(|_| ()));
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        match found_by_seed(bug) {
            Some(seed) => println!("{bug:?}: found by seed {seed}"),
            None => missed.push(bug),
        }
    }
    drop(panic::take_hook());
    assert!(missed.is_empty(), "not found: {missed:?}");
}
