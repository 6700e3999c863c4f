//! The engine's threads in drawn orders of their steps (T8): one of them again, or many on all cores.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::bail;
use wbq_schedules::{Durability, run};

/// Schedules that a thread takes at once.
const BLOCK: u64 = 1000;
/// A schedule that fails leaves its threads' stacks behind.
const FAILURES_MAX: u64 = 100;

#[derive(clap::Args)]
pub(crate) struct Schedule {
    /// Its seed, as 0x51c3 or 20931
    #[arg(value_parser = crate::sim::number)]
    seed: u64,
}

impl Schedule {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match run(self.seed..self.seed + 1, Durability::Sync) {
            Ok(hash) => println!("commit {}: it passes, steps {hash:016x}", crate::commit::commit()),
            Err(seed) => bail!("seed {seed:#x} fails"),
        }
        Ok(())
    }
}

/// Runs the schedules of seeds from one on, as long as more are wanted after so many. Gives how many ran,
/// and how many of them failed.
pub(crate) fn many(seed: u64, runs_max: u64, goes_on: impl Fn(u64) -> bool + Sync) -> (u64, u64) {
    let (taken, done, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let from = taken.fetch_add(BLOCK, Ordering::Relaxed);
            if from >= runs_max || !goes_on(from) || failed.load(Ordering::Relaxed) >= FAILURES_MAX {
                break;
            }
            let block = seed + from..seed + runs_max.min(from + BLOCK);
            done.fetch_add(block.end - block.start, Ordering::Relaxed);
            failed.fetch_add(failures(block), Ordering::Relaxed);
            if from.is_multiple_of(100 * BLOCK) {
                println!("{from} schedules, {} failed", failed.load(Ordering::Relaxed));
            }
        }
    };
    thread::scope(|scope| {
        (0..thread::available_parallelism().map_or(1, usize::from)).for_each(|_| {
            scope.spawn(work);
        });
    });
    (done.into_inner(), failed.into_inner())
}

/// How many of some schedules fail.
fn failures(mut seeds: Range<u64>) -> u64 {
    let mut failed = 0;
    while let Err(seed) = run(seeds.clone(), Durability::Sync) {
        println!("again: cargo xtask schedule {seed:#x}");
        failed += 1;
        seeds.start = seed + 1;
    }
    failed
}
