//! The writer's thread: commits groups, and keeps compaction going beside them.
//!
//! What holds: everything that takes long (making files, packing, zeroing the next segment, looking for
//! damage) is done by other threads; here it is begun, and published when it is done.

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use super::{Append, Health, Message};
use crate::compaction::pace::{Pace, Retry};
use crate::compaction::{Done, Failed, Order};
use crate::core::{Ack, Core, Prepared};
use crate::disk::World;
use crate::error::{Error, Result};
use crate::group;
use crate::limits;
use crate::log::Spare;
use crate::snapshot::Snapshot;
use crate::stop::Stop;
use crate::sync::{Arc, JoinHandle, Ordering, Receiver, RecvTimeoutError, oneshot, spawn, watch};
use crate::table;

fn compaction_failed(why: &str) -> Error {
    let source = std::io::Error::other(why.to_owned());
    Error::Io { doing: "make files in", path: crate::disk::RelPath::of(table::FOLDER), source }
}

/// How often a compaction that runs is looked at.
const COMPACTION_LOOK: Duration = Duration::from_millis(20);

/// What the writer's thread owns.
pub(super) struct WriterThread {
    pub(super) core: Core,
    pub(super) world: World,
    pub(super) messages: Receiver<Message>,
    /// The thread that makes the next segment ready, while there is one.
    pub(super) ahead: Option<JoinHandle<std::io::Result<Spare>>>,
    /// The thread that makes table files or packs a segment, while there is one.
    pub(super) compacting: Option<JoinHandle<Result<Done, Failed>>>,
    /// Who waits for all that has ended to be compacted.
    pub(super) compaction_wanted: Vec<oneshot::Sender<Result<usize>>>,
    /// The thread that looks for damaged table files, while there is one.
    pub(super) checking: Option<JoinHandle<()>>,
    /// When one that nobody waits for is begun after one that failed.
    pub(super) retry: Retry,
    pub(super) pace: Arc<Pace>,
    /// Bytes of ended segments with which a compaction begins by itself; none: it does not.
    pub(super) automatic_bytes_min: Option<u64>,
    pub(super) snapshots: watch::Sender<Arc<Snapshot>>,
    pub(super) health: watch::Sender<Health>,
    pub(super) idle: Duration,
}

impl WriterThread {
    /// Starts the thread. A panic in it stops writing as a failed sync does (F20).
    pub(super) fn start(self, stop: Stop) -> Result<JoinHandle<Result<()>>> {
        let run = move || {
            panic::catch_unwind(AssertUnwindSafe(|| self.run())).unwrap_or_else(|_| {
                let cause = stop.set("the writer panicked").to_owned();
                Err(Error::WritesStopped { cause })
            })
        };
        spawn("log-writer", run).map_err(|source| {
            let path = crate::disk::RelPath::root();
            Error::Io { doing: "start the writer of", path, source }
        })
    }

    fn run(mut self) -> Result<()> {
        // For how long no batch has come, at the least.
        let mut quiet = Duration::ZERO;
        loop {
            self.compact();
            // Also where nothing comes it is looked whether a reader met damage.
            let pause = self.until_compaction().map_or(self.idle, |pause| pause.min(self.idle));
            match self.messages.recv_timeout(pause) {
                Ok(Message::Compact(erase, answer)) => self.want_compaction(erase, answer),
                Ok(Message::Append(first)) => {
                    self.commit_group(first);
                    self.make_ahead();
                    quiet = Duration::ZERO;
                }
                Err(RecvTimeoutError::Timeout) => {
                    quiet = quiet.saturating_add(pause);
                    if quiet >= self.idle
                        && let Err(error) = self.core.close_mark()
                    {
                        self.note(Some(&error));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        drop(self.checking.take().map(JoinHandle::join));
        // What it made and nothing names is removed by the next opening.
        drop(self.compacting.take().map(JoinHandle::join));
        if let Some(Ok(Ok(spare))) = self.ahead.take().map(JoinHandle::join) {
            self.core.put_spare(spare);
        }
        self.core.close()
    }

    /// Commits a group: the first batch and all that wait behind it.
    fn commit_group(&mut self, first: Append) {
        let bounds = (limits::GROUP_BATCHES_MAX, limits::GROUP_BYTES_MAX);
        let group = group::gather(first, bounds, |append| append.batch.bytes(), || self.next_append());
        group::commit(self, group);
    }

    fn next_append(&mut self) -> Option<Append> {
        loop {
            match self.messages.try_recv().ok()? {
                Message::Append(next) => return Some(next),
                Message::Compact(erase, answer) => self.want_compaction(erase, answer),
            }
        }
    }

    fn note(&self, error: Option<&Error>) {
        let health = match (self.core.stopped(), error) {
            (Some(cause), _) => Health::Stopped(cause.to_owned()),
            (None, Some(Error::DiskFull)) => Health::DiskFull,
            // A batch that was refused says nothing of the disk.
            (None, Some(_)) => return,
            (None, None) => Health::Writable,
        };
        self.health.send_if_modified(|known| {
            let changed = *known != health;
            *known = health;
            changed
        });
    }

    fn want_compaction(
        &mut self,
        erase: Option<(Duration, Arc<str>)>,
        answer: oneshot::Sender<Result<usize>>,
    ) {
        if let Some((deleted_for, actor)) = erase {
            self.core.condemn(deleted_for, &actor);
        }
        match self.core.end_active() {
            Ok(()) => {
                self.compaction_wanted.push(answer);
                self.check();
                self.pace.hurry(true);
            }
            Err(error) => {
                self.note(Some(&error));
                let _gone = answer.send(Err(error));
            }
        }
    }

    /// How long compaction needs no look; none: until something is written.
    fn until_compaction(&self) -> Option<Duration> {
        if self.compacting.is_some() || !self.compaction_wanted.is_empty() {
            return Some(COMPACTION_LOOK);
        }
        let pause = self.retry.wait(self.world.clock.mono());
        let waits = self.automatic_bytes_min.is_some() && !pause.is_zero() && self.core.stopped().is_none();
        waits.then_some(pause)
    }

    /// Publishes what a compaction made, and begins the next one where there is something to do.
    fn compact(&mut self) {
        if self.compacting.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        if let Some(thread) = self.compacting.take() {
            let made = thread.join().unwrap_or_else(|_| Err(compaction_failed("it panicked").into()));
            match self.core.publish(made) {
                Ok(()) => self.retry.succeeded(),
                Err(error) => self.fail_compaction(error),
            }
            self.snapshots.send_replace(self.core.snapshot());
        }
        while let Some(order) = self.next_order() {
            let (world, pace) = (self.world.clone(), Arc::clone(&self.pace));
            let make = move || order.make(&world, Some(&pace));
            match spawn("compaction", make) {
                Ok(thread) => self.compacting = Some(thread),
                Err(error) => {
                    self.fail_compaction(compaction_failed(&error.to_string()));
                    continue;
                }
            }
            return;
        }
    }

    /// Looks for damaged table files beside the writer: whoever asks for a compaction wants whole ones.
    fn check(&mut self) {
        let snapshot = self.core.snapshot();
        let look = move || snapshot.tables.check();
        if !self.is_checking() {
            self.checking = spawn("table-check", look).ok();
        }
    }

    fn is_checking(&self) -> bool {
        self.checking.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// What to do now: what is damaged is made again, whether somebody waits or not (F4); then what is
    /// next, for who waits at once, else when it is due. Answers who waits when nothing is left.
    fn next_order(&mut self) -> Option<Order> {
        if let Some(cause) = self.core.stopped().map(str::to_owned) {
            self.answer_compaction(|| Err(Error::WritesStopped { cause: cause.clone() }));
            return None;
        }
        let rebuild = self.core.plan_rebuild();
        if rebuild.is_some() {
            return rebuild;
        }
        if self.compaction_wanted.is_empty() {
            let is_due = self.retry.wait(self.world.clock.mono()).is_zero();
            return self.core.plan(self.automatic_bytes_min.filter(|_| is_due)?);
        }
        if self.is_checking() {
            return None;
        }
        let order = self.core.plan(0);
        if order.is_none() {
            let files = self.core.snapshot().table_files().len();
            self.answer_compaction(|| Ok(files));
        }
        order
    }

    fn answer_compaction(&mut self, answer: impl Fn() -> Result<usize>) {
        for wanted in self.compaction_wanted.drain(..) {
            let _gone = wanted.send(answer());
        }
        self.pace.hurry(false);
    }

    /// Tells the one who has waited longest; for the others it is tried again, and for nobody after a
    /// pause.
    fn fail_compaction(&mut self, error: Error) {
        let now = self.world.clock.mono();
        self.retry.failed(now);
        let again = self.retry.wait(now);
        tracing::warn!(%error, ?again, "a compaction failed; what it was to replace still stands");
        // A full disk stopped this job, not the log (F9).
        if self.core.stopped().is_some() {
            self.note(Some(&error));
        }
        if !self.compaction_wanted.is_empty() {
            let _gone = self.compaction_wanted.remove(0).send(Err(error));
        }
        self.pace.hurry(!self.compaction_wanted.is_empty());
    }

    /// Has the next segment made ready by another thread, since zeroing it takes long.
    fn make_ahead(&mut self) {
        if self.ahead.as_ref().is_some_and(JoinHandle::is_finished) {
            match self.ahead.take().map(JoinHandle::join) {
                Some(Ok(Ok(spare))) => self.core.put_spare(spare),
                Some(Ok(Err(error))) => tracing::debug!(%error, "the next segment cannot be made ready now"),
                Some(Err(_)) | None => {}
            }
        }
        if self.ahead.is_none()
            && let Some(order) = self.core.wants_spare()
        {
            let world = self.world.clone();
            let make = move || order.make(&world);
            self.ahead = spawn("segment-ahead", make).ok();
        }
    }
}

impl group::Writer for WriterThread {
    type Batch = Prepared;
    type Answer = Result<Ack>;

    fn commit(&mut self, batches: &mut [Prepared]) -> Vec<Result<Ack>> {
        let (count, bytes) = (batches.len(), batches.iter().map(|batch| batch.bytes() as u64).sum());
        let commit = || self.core.commit_prepared(batches);
        let answers = panic::catch_unwind(AssertUnwindSafe(commit)).unwrap_or_else(|_| {
            // What a panic left behind is unknown: stop as after a failed sync (F20).
            let failure = self.core.stop("the writer panicked");
            (0..count).map(|_| Err(failure.clone().into())).collect()
        });
        self.core.counters().queue_bytes.fetch_sub(bytes, Ordering::Relaxed);
        answers
    }

    fn show(&mut self, answers: &[Result<Ack>]) {
        self.note(answers.iter().find_map(|answer| answer.as_ref().err()));
        self.snapshots.send_replace(self.core.snapshot());
    }
}
