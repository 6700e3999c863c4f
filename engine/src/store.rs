//! The store: one writer thread, a bounded queue before it, snapshots behind it.
//!
//! ```text
//!  append ─► prepare ─► queue ─► writer thread: gather ─► Core::commit ─► publish ─► answer
//!                                                             (one sync)
//! ```
//!
//! The next group gathers while the sync of this one runs; there is no timer.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use crate::batch::Batch;
use crate::blob::{BlobReader, Blobs};
use crate::compaction::pace::{Pace, Retry};
use crate::compaction::{Done, Failed, Order};
use crate::core::{self, Ack, Core, Prepared};
use crate::disk::World;
use crate::error::{Error, Result};
use crate::event::Time;
use crate::group;
use crate::limits;
use crate::log::{Counters, Spare};
use crate::options::Options;
use crate::queue::{Queue, Refused, lock};
use crate::snapshot::Snapshot;
use crate::stop::Stop;
use crate::table;

/// An open store. Cheap to share behind an `Arc`; [`Store::close`] ends it.
#[derive(Debug)]
pub struct Store {
    queue: Queue<Message>,
    writer: Mutex<Option<JoinHandle<Result<()>>>>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    health: watch::Receiver<Health>,
    counters: Arc<Counters>,
    pace: Arc<Pace>,
    blobs: Blobs,
    stop: Stop,
    world: World,
    keep_deleted: Option<Duration>,
}

/// Whether the store takes writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Writable,
    /// The disk is full; it will again when there is room.
    DiskFull,
    /// It does not until the next start; the cause.
    Stopped(String),
}

/// What the writer is asked for.
#[derive(Debug)]
enum Message {
    Append(Append),
    /// To compact what is there, and to say how many table files there are then; first of all to erase
    /// the runs that were deleted so long ago, for whoever asks.
    Compact(Option<(Duration, Arc<str>)>, oneshot::Sender<Result<usize>>),
}

type Append = group::Append<Prepared, Result<Ack>>;

impl Store {
    /// Opens a folder for writing, making it if it is missing. Blocks while it recovers.
    ///
    /// # Errors
    ///
    /// `Locked`, `TooNew`, `Damaged`, `DiskFull`, `Io`.
    pub fn open(options: Options) -> Result<Self> {
        Self::open_in(World::real(&options.dir), options)
    }

    /// [`Store::open`] of a folder of another world than the machine's.
    ///
    /// # Errors
    ///
    /// As for [`Store::open`].
    pub fn open_in(world: World, options: Options) -> Result<Self> {
        let core = Core::open(world.clone(), &options)?;
        let (snapshot_sender, snapshots) = watch::channel(core.snapshot());
        let (health_sender, health) = watch::channel(Health::Writable);
        let (queue, messages) = Queue::new(limits::QUEUE_BATCHES_MAX, limits::QUEUE_BYTES_MAX as u64);
        let counters = Arc::clone(core.counters());
        let (blobs, stop) = (core.blobs(), core.stop_of_all().clone());
        let clock = Arc::clone(&world.clock);
        let pace = Arc::new(Pace::new(clock, Arc::clone(&counters), options.compaction.clone()));
        let writer = WriterThread {
            core,
            world: world.clone(),
            messages,
            ahead: None,
            compacting: None,
            compaction_wanted: Vec::new(),
            checking: None,
            retry: Retry::default(),
            pace: Arc::clone(&pace),
            // Less would fill many small files with what is read quickly where it stands.
            automatic_bytes_min: options.compaction.automatic.then_some(options.segment_bytes_min / 2),
            snapshots: snapshot_sender,
            health: health_sender,
            idle: options.idle_close,
        };
        let writer = Mutex::new(Some(WriterThread::start(writer, stop.clone())?));
        let keep_deleted = options.keep_deleted;
        Ok(Self { queue, writer, snapshots, health, counters, pace, blobs, stop, world, keep_deleted })
    }

    /// Stores a batch; returns once it is durable and visible in [`Store::snapshot`].
    ///
    /// # Errors
    ///
    /// `Conflict`: look again and decide again. `Rejected`, `Codec`: the batch is wrong. `DiskFull`,
    /// `Overloaded`, `WritesStopped`, `Closed`: nothing of it is stored, or after a restart all of
    /// it may be (D2).
    pub async fn append(&self, batch: Batch) -> Result<Ack> {
        let answer = self.enqueue(batch)?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// [`Store::append`] for callers outside an async runtime.
    ///
    /// # Errors
    ///
    /// As for [`Store::append`].
    pub fn append_blocking(&self, batch: Batch) -> Result<Ack> {
        let answer = self.enqueue(batch)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(self.gone()))
    }

    fn enqueue(&self, batch: Batch) -> Result<oneshot::Receiver<Result<Ack>>> {
        let batch = Prepared::new(batch)?;
        let bytes = batch.bytes() as u64;
        let (sender, answer) = oneshot::channel();
        self.put(Message::Append(Append { batch, answer: sender }), bytes)?;
        Ok(answer)
    }

    fn put(&self, message: Message, bytes: u64) -> Result<()> {
        self.queue.put(message, bytes, &self.counters.queue_bytes).map_err(|refused| match refused {
            Refused::Full => Error::Overloaded,
            Refused::Closed => Error::Closed,
            Refused::Gone => self.gone(),
        })
    }

    /// Ends the segment that is being written, compacts all that have ended into table files, merges
    /// those and packs the segments, while appends go on; returns once nothing is left to do and the
    /// manifest says so, with how many table files there are.
    ///
    /// # Errors
    ///
    /// `Damaged` when the log does not hold what it held; `DiskFull`, `Io`: nothing has changed;
    /// `Overloaded`, `WritesStopped`, `Closed`.
    pub async fn compact(&self) -> Result<usize> {
        self.compact_and_erase(None).await
    }

    /// Erases the runs that have been deleted for so long, as far as the time is known for which the
    /// store was open meanwhile; returns once their bytes are gone and all else is compacted, with how
    /// many table files there are.
    ///
    /// # Errors
    ///
    /// As for [`Store::compact`]: what could not be done is done by the next compaction.
    pub async fn prune(&self, deleted_for: Duration, actor: &str) -> Result<usize> {
        self.compact_and_erase(Some((deleted_for, Arc::from(actor)))).await
    }

    async fn compact_and_erase(&self, erase: Option<(Duration, Arc<str>)>) -> Result<usize> {
        let (sender, answer) = oneshot::channel();
        self.put(Message::Compact(erase, sender), 0)?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Why the writer no longer answers.
    fn gone(&self) -> Error {
        match self.health() {
            Health::Stopped(cause) => Error::WritesStopped { cause },
            _ => Error::Closed,
        }
    }

    /// The newest snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// Tells of each new snapshot.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// How long deleted runs are kept; none: for ever.
    #[must_use]
    pub fn keep_deleted(&self) -> Option<Duration> {
        self.keep_deleted
    }

    /// User files.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// The wall clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.world.clock.wall()
    }

    /// Files, time and chance.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Whether it takes writes.
    #[must_use]
    pub fn health(&self) -> Health {
        // An upload may have stopped it while the writer had nothing to do.
        match self.stop.cause() {
            Some(cause) => Health::Stopped(cause.to_owned()),
            None => self.health.borrow().clone(),
        }
    }

    /// What is counted since the opening.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Finishes what waits but for a compaction, which is begun again after the next opening; proves the last group, lets go of the folder. Appends after it fail with
    /// `Closed`; a second call does nothing.
    ///
    /// # Errors
    ///
    /// `WritesStopped`, when the last group could not be proven.
    pub fn close(&self) -> Result<()> {
        self.pace.stop();
        self.queue.close();
        match lock(&self.writer).take().map(JoinHandle::join) {
            Some(Ok(closed)) => closed,
            Some(Err(_panicked)) => Err(self.gone()),
            None => Ok(()),
        }
    }
}

impl Drop for Store {
    /// Ends the writer thread; `close` is the way to learn whether it ended well.
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "the store did not close cleanly");
        }
    }
}

fn compaction_failed(why: &str) -> Error {
    let source = std::io::Error::other(why.to_owned());
    Error::Io { doing: "make files in", path: crate::disk::RelPath::of(table::FOLDER), source }
}

/// How often a compaction that runs is looked at.
const COMPACTION_LOOK: Duration = Duration::from_millis(20);

/// What the writer's thread owns.
struct WriterThread {
    core: Core,
    world: World,
    messages: mpsc::Receiver<Message>,
    /// The thread that makes the next segment ready, while there is one.
    ahead: Option<JoinHandle<std::io::Result<Spare>>>,
    /// The thread that makes table files or packs a segment, while there is one.
    compacting: Option<JoinHandle<Result<Done, Failed>>>,
    /// Who waits for all that has ended to be compacted.
    compaction_wanted: Vec<oneshot::Sender<Result<usize>>>,
    /// The thread that looks for damaged table files, while there is one.
    checking: Option<JoinHandle<()>>,
    /// When one that nobody waits for is begun after one that failed.
    retry: Retry,
    pace: Arc<Pace>,
    /// Bytes of ended segments with which a compaction begins by itself; none: it does not.
    automatic_bytes_min: Option<u64>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    health: watch::Sender<Health>,
    idle: Duration,
}

impl WriterThread {
    /// Starts the thread. A panic in it stops writing as a failed sync does (F20).
    fn start(self, stop: Stop) -> Result<JoinHandle<Result<()>>> {
        let run = move || {
            panic::catch_unwind(AssertUnwindSafe(|| self.run())).unwrap_or_else(|_| {
                let cause = stop.set("the writer panicked").to_owned();
                Err(Error::WritesStopped { cause })
            })
        };
        thread::Builder::new().name("log-writer".into()).spawn(run).map_err(|source| {
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
            match thread::Builder::new().name("compaction".into()).spawn(make) {
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
            self.checking = thread::Builder::new().name("table-check".into()).spawn(look).ok();
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
            self.ahead = thread::Builder::new().name("segment-ahead".into()).spawn(make).ok();
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

/// Reads a folder as it stands, without a lock and without changing a byte.
///
/// # Errors
///
/// `NoStore`, `TooNew`, `Damaged`, `Io`.
pub fn read(dir: &Path) -> Result<Snapshot> {
    core::read_in(&World::real(dir))
}

/// Opens a user file of a folder for reading, whoever holds the folder.
///
/// # Errors
///
/// `Damaged` when it is missing; `Io`.
pub fn read_blob(dir: &Path, digest: &[u8; 32]) -> Result<BlobReader> {
    Blobs::new(World::real(dir), Stop::default()).open(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{
        BlockBuilder, Body, Chunk, Event, Path as ValuePath, Paths, ProjectCreated, Rows, RunCreated, State,
        Subject, Value,
    };
    use crate::id::{Lsn, ProjectKey, RunKey, RunPath};
    use crate::snapshot::Moment;
    use tempfile::TempDir;

    fn options(dir: &TempDir) -> Options {
        Options { segment_bytes_min: 8 << 10, segment_bytes_max: 16 << 10, ..Options::new(dir.path()) }
    }

    fn event(subject: impl Into<Subject>, body: Body) -> Event {
        Event { subject: subject.into(), received: 1, actor: "ada".into(), body }
    }

    fn run(name: &str) -> RunKey {
        RunPath::new(ProjectKey::new("ada", "p"), name).generation(1)
    }

    fn begin(store: &Store, name: &str) {
        let mut events = Vec::new();
        if store.snapshot().projection.projects.is_empty() {
            let created = ProjectCreated { description: "".into() };
            events.push(event(ProjectKey::new("ada", "p"), Body::ProjectCreated(created)));
        }
        let created = RunCreated { source: "test".into(), state: State::Running };
        events.push(event(run(name), Body::RunCreated(created)));
        store.append_blocking(Batch::new(events)).unwrap();
    }

    fn row(name: &str, step: i64) -> Event {
        let mut block = BlockBuilder::new();
        block.begin_row();
        block.push_int("_step", step);
        block.push_float("loss", 1.0 / step as f64);
        let line = u64::try_from(step).unwrap();
        let chunk = Chunk { writer: "".into(), first_line: line, lines: 1, hash: line };
        event(run(name), Body::Logged(Rows { chunk, rows: 1, block: block.finish() }))
    }

    fn steps(snapshot: &Snapshot, name: &str) -> Vec<i64> {
        let run = snapshot.projection.run(&run(name).path()).unwrap().unwrap();
        let extents = snapshot.extents(&run, crate::StreamKind::History).unwrap();
        let rows = |extent| snapshot.rows(extent).unwrap();
        extents
            .iter()
            .flat_map(|extent| {
                rows(extent).block.column("_step").unwrap().ints().unwrap().collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn what_was_appended_is_there_at_once_after_reopening_and_for_readers() {
        let dir = TempDir::new().unwrap();
        for round in 0..3 {
            let store = Store::open(options(&dir)).unwrap();
            if round == 0 {
                begin(&store, "a");
            }
            for step in round * 100..round * 100 + 100 {
                store.append_blocking(Batch::new(vec![row("a", step)])).unwrap();
            }
            let expected: Vec<i64> = (0..round * 100 + 100).collect();
            assert_eq!(steps(&store.snapshot(), "a"), expected);
            assert_eq!(steps(&read(dir.path()).unwrap(), "a"), expected);
            // One round ends without a close: the lock and the thread go with the process's store.
            if round != 1 {
                store.close().unwrap();
            }
        }
        let snapshot = read(dir.path()).unwrap();
        assert!(snapshot.segments().len() > 2, "{:?}", snapshot.segments());
        let lsns: Vec<Lsn> = snapshot.events(Lsn(1)).map(|event| event.unwrap().0).collect();
        assert_eq!(lsns, (1..=snapshot.durable.0).map(Lsn).collect::<Vec<_>>());
        assert_eq!(snapshot.events(snapshot.durable).count(), 1);
    }

    #[test]
    fn every_moment_of_the_past_is_what_it_was_then() {
        let dir = TempDir::new().unwrap();
        let store = Store::open(options(&dir)).unwrap();
        let (base, mut seen) = (store.now(), vec![store.snapshot()]);
        begin(&store, "a");
        for step in 0..200 {
            let rows = Event { received: base + step, ..row("a", step) };
            store.append_blocking(Batch::new(vec![rows])).unwrap();
            seen.push(store.snapshot());
        }
        let now = store.snapshot();
        for then in &seen[1..] {
            let past = now.as_of(Moment::Lsn(then.durable)).unwrap();
            assert_eq!((past.durable, steps(&past, "a")), (then.durable, steps(then, "a")));
        }
        assert_eq!(now.as_of(Moment::Lsn(Lsn(0))).unwrap().projection.run_count(), 0);
        let ninety = now.as_of(Moment::Time(base + 90)).unwrap();
        assert_eq!(steps(&ninety, "a"), (0..=90).collect::<Vec<_>>());
        assert_eq!(now.as_of(Moment::Time(i64::MAX)).unwrap().durable, now.durable);
        store.close().unwrap();
        let read = read(dir.path()).unwrap();
        assert_eq!(steps(&read.as_of(Moment::Lsn(seen[50].durable)).unwrap(), "a"), steps(&seen[50], "a"));
    }

    #[test]
    fn a_batch_decided_on_old_knowledge_is_refused_and_leaves_nothing() {
        let dir = TempDir::new().unwrap();
        let store = Store::open(options(&dir)).unwrap();
        begin(&store, "a");
        let known = store.snapshot().projection.seq(&run("a").into()).unwrap();
        store.append_blocking(Batch::new(vec![row("a", 1)]).expect(run("a"), known)).unwrap();
        let before = store.snapshot().durable;
        let late = store.append_blocking(Batch::new(vec![row("a", 2)]).expect(run("a"), known));
        assert!(matches!(late, Err(Error::Conflict { expected: 1, found: 2 })), "{late:?}");
        let unknown = store.append_blocking(Batch::new(vec![row("a", 3), row("nobody", 1)]));
        assert!(matches!(unknown, Err(Error::Rejected(_))), "{unknown:?}");
        assert_eq!((store.snapshot().durable, steps(&store.snapshot(), "a")), (before, vec![1]));
    }

    #[test]
    fn many_writers_at_once_all_find_their_events() {
        let dir = TempDir::new().unwrap();
        let store = Store::open(options(&dir)).unwrap();
        for writer in 0..8 {
            begin(&store, &format!("r{writer}"));
        }
        thread::scope(|scope| {
            for writer in 0..8 {
                let store = &store;
                scope.spawn(move || {
                    let name = format!("r{writer}");
                    for step in 0..50 {
                        store.append_blocking(Batch::new(vec![row(&name, step)])).unwrap();
                        assert_eq!(steps(&store.snapshot(), &name).len() as i64, step + 1);
                    }
                });
            }
        });
        assert!(store.counters().syncs.load(Ordering::Relaxed) < 8 * 50 + 100);
    }

    #[test]
    fn compaction_begins_by_itself_when_a_segment_has_ended() {
        let dir = TempDir::new().unwrap();
        let mut options = options(&dir);
        options.compaction.automatic = true;
        let store = Store::open(options).unwrap();
        begin(&store, "a");
        let mut snapshots = store.subscribe();
        let has_ended = || store.snapshot().segments().iter().any(|segment| segment.sealed);
        let mut step = 0;
        while !has_ended() {
            store.append_blocking(Batch::new(vec![row("a", step)])).unwrap();
            step += 1;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let compacted = snapshots.wait_for(|snapshot| !snapshot.table_files().is_empty());
        assert!(!runtime.block_on(compacted).unwrap().table_files().is_empty());
        assert_eq!(steps(&store.snapshot(), "a"), (0..step).collect::<Vec<_>>());
        store.close().unwrap();
    }

    #[test]
    fn who_asks_for_a_compaction_waits_until_nothing_is_left_to_merge() {
        let dir = TempDir::new().unwrap();
        let mut options = options(&dir);
        (options.compaction.fresh_files, options.compaction.growth) = (2, 2);
        // So slow that only who waits gets it done.
        options.compaction.idle_bytes_per_second = 1;
        options.compaction.busy_bytes_per_second = 1;
        let store = Store::open(options).unwrap();
        begin(&store, "a");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for round in 0..4 {
            store.append_blocking(Batch::new(vec![row("a", round)])).unwrap();
            runtime.block_on(store.compact()).unwrap();
        }
        let levels: Vec<u8> = store.snapshot().table_files().iter().map(|table| table.level).collect();
        assert!(levels.iter().any(|level| *level > 0), "{levels:?}");
        let mut found = steps(&store.snapshot(), "a");
        found.sort_unstable();
        assert_eq!(found, [0, 1, 2, 3]);
        store.close().unwrap();
    }

    #[test]
    fn an_event_larger_than_a_segment_gets_a_segment_of_its_own() {
        let dir = TempDir::new().unwrap();
        let store = Store::open(options(&dir)).unwrap();
        begin(&store, "a");
        let path: ValuePath = vec!["big".into()];
        let big = Value::text("x".repeat(100_000));
        let change = Paths { removed: Vec::new(), set: vec![(path, big.clone())] };
        store.append_blocking(Batch::new(vec![event(run("a"), Body::ConfigChanged(change))])).unwrap();
        store.close().unwrap();
        let snapshot = read(dir.path()).unwrap();
        assert_eq!(snapshot.projection.run(&run("a").path()).unwrap().unwrap().config.get("big"), Some(&big));
    }

    #[test]
    fn a_folder_without_a_store_is_read_as_that() {
        let dir = TempDir::new().unwrap();
        assert!(matches!(read(dir.path()), Err(Error::NoStore)));
        let names = World::real(dir.path()).disk.list(&crate::disk::RelPath::root()).unwrap();
        assert_eq!(names, Vec::<String>::new(), "readers never create anything");
    }
}
