//! The lives of a store on a simulated disk, an operation at a time. What must hold is the simulator's:
//! its journal knows what was answered, its checks are made after each opening and each end.

use std::sync::Arc;
use std::time::Duration;

use engine::disk::sim::{EIO, ENOSPC, Failure, Image};
use engine::{Core, Event, Snapshot};
use wbq_sim::driver::{Driver, Step, small_options};
use wbq_sim::verify::verify;

use crate::made_up::{self, Input};

/// Operations of one input.
pub(crate) const STEPS_MAX: usize = 24;
/// Ends of a process in one input: each is recovered from several times.
const ENDS_MAX: usize = 3;

/// A store, from its first opening on.
pub(crate) struct Life {
    driver: Driver,
    sent: u64,
    ends: usize,
    is_wide: bool,
}

impl Life {
    pub(crate) fn begin(input: &mut Input<'_>) -> Self {
        let mut options = small_options();
        let drawn = input.byte().unwrap_or_default();
        options.segment_bytes_max = options.segment_bytes_min << (drawn % 3);
        // An operation takes a second; by themselves they are kept for days.
        let kept =
            |drawn: u8| [None, Some(Duration::ZERO), Some(Duration::from_secs(4))][usize::from(drawn % 3)];
        options.keep_log = kept(drawn / 3).or(options.keep_log);
        options.keep_deleted = kept(drawn / 9).or(options.keep_deleted);
        let mut life = Self { driver: Driver::new(options), sent: 0, ends: 0, is_wide: false };
        life.driver.step(&Step::Open);
        life
    }

    /// A group of batches of a few simple events.
    pub(crate) fn commit(&mut self, input: &mut Input<'_>) {
        let shape = |input: &mut Input<'_>| {
            let bytes = [10, 100, 1000, 5000][usize::from(input.below(4))];
            (usize::from(1 + input.below(3)), bytes)
        };
        let shapes = (0..=input.below(3)).map(|_| shape(input)).collect();
        self.driver.step(&Step::Commit(shapes));
    }

    /// What the open store shows, while the power is on.
    fn readable(&self) -> Option<Arc<Snapshot>> {
        self.driver.core.as_ref().filter(|_| !self.driver.disk.is_off()).map(Core::snapshot)
    }

    /// A group of one batch of any events.
    pub(crate) fn log(&mut self, input: &mut Input<'_>) {
        let Some(snapshot) = self.readable() else { return };
        let batch = made_up::batch(&snapshot, &mut self.sent, input);
        self.driver.send(vec![batch]);
    }

    /// A batch of more keys than a file has columns for; once, for it takes long.
    pub(crate) fn log_wide(&mut self) {
        let run = self.readable().and_then(|snapshot| snapshot.projection.run_at(0).expect("it can be read"));
        let run = run.map(|run| run.key.clone());
        let Some(run) = run.filter(|_| !std::mem::replace(&mut self.is_wide, true)) else { return };
        self.sent += 1;
        let event: Event = made_up::wide(run, i64::try_from(self.sent).expect("a few events"), 1000);
        self.driver.send(vec![vec![event]]);
    }

    /// A compaction of what has ended, if anything has.
    pub(crate) fn compact(&mut self) {
        self.driver.step(&Step::Compact);
    }

    /// Deletes the oldest run, brings it back or has it erased.
    pub(crate) fn delete(&mut self, op: u8) {
        match op {
            0 => self.driver.step(&Step::Delete(true)),
            1 => self.driver.step(&Step::Delete(false)),
            2 => self.driver.step(&Step::Prune),
            _ => self.driver.run(&[Step::Upload(300), Step::Delete(true), Step::Prune]),
        }
    }

    /// What both models do beside writing: one of nine.
    pub(crate) fn other(&mut self, op: u8, input: &mut Input<'_>) {
        let next = self.driver.disk.op_count() + u64::from(input.below(64));
        let once = next..next + 1;
        let errno = if input.below(3) == 0 { ENOSPC } else { EIO };
        match op {
            0 => self.driver.step(&Step::Idle),
            1 => self.driver.step(&Step::Close),
            2 => self.driver.step(&Step::Open),
            3 => self.driver.disk.limit(Some(u64::from(8 + input.below(24)) * 4096)),
            4 => self
                .driver
                .disk
                .plan(once, [Failure::StopBefore, Failure::StopAfter][usize::from(errno == EIO)]),
            5 => {
                let reached = Image::Drawn(u64::from(input.below(255)));
                let ops = if input.below(2) == 0 { once } else { next..u64::MAX };
                self.driver.disk.plan(ops, Failure::Error { errno, reached });
            }
            6 => self.driver.disk.plan(once, Failure::Short),
            7 => self.die(&Step::Kill),
            _ => {
                let drawn = input.below(255);
                let image = Image::EXTREMES.get(usize::from(drawn)).copied();
                self.die(&Step::PowerLoss(image.unwrap_or(Image::Drawn(drawn.into()))));
            }
        }
    }

    /// The process ends, and what it left is recovered from and checked.
    fn die(&mut self, how: &Step) {
        self.ends += 1;
        if self.ends > ENDS_MAX {
            return;
        }
        self.driver.core = None;
        self.driver.disk.limit(None);
        self.driver.disk.forget_plans();
        self.driver.step(how);
        verify(&self.driver, self.driver.disk.after_kill());
        self.driver.step(&Step::Open);
        assert!(self.driver.core.is_some(), "it opens when nothing fails");
    }

    /// The last end: what was never synced is lost.
    pub(crate) fn end(mut self) {
        self.ends = 0;
        self.die(&Step::PowerLoss(Image::AllLost));
    }
}
