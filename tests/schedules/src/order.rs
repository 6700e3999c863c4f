//! Which thread takes the next step.
//!
//! Where each step were anybody's, nobody would ever be far behind the others, and most faults need that.
//! So each seed also draws how long a thread goes on by itself, and whom, if anybody, the others leave
//! behind (the thought of Burckhardt and others: A randomized scheduler with probabilistic guarantees of
//! finding bugs).

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use engine::disk::sim::Chance;
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

/// In every second schedule one of so many threads is left behind.
const THREADS: usize = 16;
/// Who is left behind takes one of so many steps.
const BEHIND: u64 = 64;

/// What runs now, for who looks from outside.
#[derive(Debug, Default)]
pub(crate) struct Now {
    seed: AtomicU64,
    hash: AtomicU64,
}

impl Now {
    pub(crate) fn seed(&self) -> u64 {
        self.seed.load(Ordering::Relaxed)
    }

    /// Of whose each step was so far.
    pub(crate) fn hash(&self) -> u64 {
        self.hash.load(Ordering::Relaxed)
    }

    fn note(&self, task: TaskId) {
        let mixed = (self.hash() ^ usize::from(task) as u64).wrapping_mul(0x0100_0000_01b3);
        self.hash.store(mixed.rotate_left(23), Ordering::Relaxed);
    }
}

/// The orders of the steps of some schedules, each drawn from its seed.
#[derive(Debug)]
pub(crate) struct Order {
    seeds: Range<u64>,
    now: Arc<Now>,
    chance: Chance,
    /// Of so many steps that it could go on for, a thread is interrupted at one.
    patience: u64,
    behind: Option<TaskId>,
}

impl Order {
    pub(crate) fn new(seeds: Range<u64>, now: Arc<Now>) -> Self {
        Self { seeds, now, chance: Chance::new(0), patience: 1, behind: None }
    }

    fn choose(&mut self, ready: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        let goes_on = current.filter(|current| ready.iter().any(|task| task.id() == *current));
        if goes_on.is_some() && !is_yielding && !self.chance.one_in(self.patience) {
            return goes_on;
        }
        let is_let = self.chance.one_in(BEHIND);
        let behind = self.behind.filter(|_| !is_let);
        let others = ready.iter().map(|task| task.id()).filter(|id| Some(*id) != behind);
        let count = others.clone().count() as u64;
        if count == 0 {
            return behind;
        }
        let place = self.chance.below(count);
        others.zip(0..).find_map(|(id, at)| (at == place).then_some(id))
    }
}

impl Scheduler for Order {
    fn new_execution(&mut self) -> Option<Schedule> {
        let seed = self.seeds.next()?;
        self.now.seed.store(seed, Ordering::Relaxed);
        self.chance = Chance::new(seed);
        self.patience = 1 << (2 * self.chance.below(4));
        let behind = usize::try_from(self.chance.below(2 * THREADS as u64)).unwrap();
        self.behind = (behind < THREADS).then(|| TaskId::from(behind));
        Some(Schedule::new(seed))
    }

    fn next_task(&mut self, ready: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        let next = self.choose(ready, current, is_yielding)?;
        self.now.note(next);
        Some(next)
    }

    fn next_u64(&mut self) -> u64 {
        self.chance.draw()
    }
}
