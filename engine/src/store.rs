//! The store: one writer thread, a bounded queue before it, snapshots behind it.
//!
//! ```text
//!  append ─► prepare ─► queue ─► writer thread: gather ─► Core::commit ─► publish ─► answer
//!                                                             (one sync)
//! ```
//!
//! The next group gathers while the sync of this one runs; there is no timer.

mod thread;

use std::path::Path;
use std::time::Duration;

use crate::batch::Batch;
use crate::blob::{BlobReader, Blobs};
use crate::compaction::pace::{Pace, Retry};
use crate::core::{self, Ack, Core, Prepared};
use crate::disk::World;
use crate::error::{Error, Result};
use crate::event::Time;
use crate::group;
use crate::limits;
use crate::log::Counters;
use crate::options::Options;
use crate::queue::{Queue, Refused, lock};
use crate::snapshot::Snapshot;
use crate::stop::Stop;
use crate::sync::{Arc, JoinHandle, Mutex, oneshot, watch};
use thread::WriterThread;

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
mod tests;
