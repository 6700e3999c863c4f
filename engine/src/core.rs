//! The store without threads: opens a folder, commits groups of batches one after another, shows
//! snapshots. `store.rs` puts a thread and a queue around it; the simulator drives it as it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::BytesMut;

use crate::batch::Batch;
use crate::compaction::{self, Failed, Job, Made, Order, plan, tiers};
use crate::disk::{Lock, RelPath, World};
use crate::error::{Error, Result};
use crate::event::{self, Body, Event, StoreCreated, Subject};
use crate::id::Lsn;
use crate::log::{Counters, Failure, Frames, Member, Segments, Spare, SpareOrder, Writer, frame};
use crate::manifest::{self, Edit, Manifest};
use crate::options::{Compaction, Options};
use crate::plant::{self, Bug};
use crate::projection::{Location, Projection};
use crate::recovery;
use crate::snapshot::Snapshot;
use crate::table::{TableId, TableMeta, Tables};

/// The answer that a batch is durable and visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// The position of the batch's last event.
    pub lsn: Lsn,
}

/// A batch whose events are laid out as bytes.
#[derive(Debug)]
pub struct Prepared {
    batch: Batch,
    frames: Frames,
}

impl Prepared {
    /// Lays out a batch.
    ///
    /// # Errors
    ///
    /// `Codec` when an event is larger than a frame may be.
    pub fn new(batch: Batch) -> Result<Self> {
        let mut bytes = BytesMut::new();
        let mut lens = Vec::with_capacity(batch.events.len());
        for event in &batch.events {
            let start = bytes.len();
            bytes.extend_from_slice(&[0; frame::HEADER_LEN]);
            event::encode(event, &mut bytes)?;
            lens.push(bytes.len() - start);
        }
        Ok(Self { batch, frames: Frames { bytes: bytes.into(), lens } })
    }

    /// Bytes that it takes in the log.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.frames.bytes.len()
    }
}

/// An open store, to be driven by one caller.
#[derive(Debug)]
pub struct Core {
    world: World,
    writer: Writer,
    projection: Projection,
    /// The table files as the manifest names them, and open.
    manifest: Manifest,
    /// The number that the next table file will have: higher than any that was made, named or not.
    next_table: TableId,
    tables: Arc<Tables>,
    compaction: Compaction,
    /// The last compaction took segments: what that made larger is merged before more is taken.
    merges_first: bool,
    /// Table files that are not merged because they are damaged, until somebody asks.
    left_alone: BTreeSet<TableId>,
    /// The log in which nothing was left to compact.
    settled: Option<Arc<Segments>>,
    snapshot: Arc<Snapshot>,
    counters: Arc<Counters>,
    _lock: Box<dyn Lock>,
}

impl Core {
    /// Opens a folder for writing, making it if it is missing.
    ///
    /// # Errors
    ///
    /// `Locked`, `TooNew`, `Damaged`, `DiskFull`, `Io`.
    pub fn open(world: World, options: &Options) -> Result<Self> {
        let path = RelPath::of("LOCK");
        let lock = world
            .disk
            .lock(&path)
            .map_err(|source| Error::Io { doing: "lock", path, source })?
            .map_err(|holder| Error::Locked { holder })?;
        let counters = Arc::new(Counters::default());
        let opened = recovery::open(&world, options, &*lock, Arc::clone(&counters))?;
        let tables = Arc::new(Tables::open(&world, opened.manifest.compacted, &opened.manifest.tables));
        let snapshot = Arc::new(snapshot_of(&opened.projection, &opened.writer, &tables));
        let mut core = Self {
            world,
            writer: opened.writer,
            projection: opened.projection,
            next_table: opened.manifest.next_table,
            manifest: opened.manifest,
            tables,
            compaction: options.compaction.clone(),
            merges_first: false,
            left_alone: BTreeSet::new(),
            settled: None,
            snapshot,
            counters,
            _lock: lock,
        };
        core.found()?;
        Ok(core)
    }

    /// Writes the first event of a new store.
    fn found(&mut self) -> Result<()> {
        if self.projection.store.is_some() {
            return Ok(());
        }
        let mut secret = [0; 32];
        self.world.entropy.fill(&mut secret).map_err(|source| Error::Io {
            doing: "draw a secret for",
            path: RelPath::root(),
            source,
        })?;
        let event = Event {
            subject: Subject::Store,
            received: self.world.clock.wall(),
            actor: Arc::from(""),
            body: Body::StoreCreated(StoreCreated { store: self.writer.store(), secret }),
        };
        let answers = self.commit(vec![Batch::new(vec![event])]);
        answers.into_iter().try_for_each(|answer| answer.map(|_| ()))
    }

    /// Commits batches as one group: all that can be stored become durable by one sync. Gives an
    /// answer for each, in order.
    pub fn commit(&mut self, batches: Vec<Batch>) -> Vec<Result<Ack>> {
        let mut prepared: Vec<Result<Prepared>> = batches.into_iter().map(Prepared::new).collect();
        let mut answers =
            self.commit_prepared(prepared.iter_mut().filter_map(|batch| batch.as_mut().ok())).into_iter();
        prepared
            .into_iter()
            .map(|batch| batch.and_then(|_| answers.next().unwrap_or(Err(Error::Closed))))
            .collect()
    }

    /// [`Core::commit`] of batches laid out before.
    pub fn commit_prepared<'a>(
        &mut self,
        batches: impl IntoIterator<Item = &'a mut Prepared>,
    ) -> Vec<Result<Ack>> {
        let batches: Vec<&'a mut Prepared> = batches.into_iter().collect();
        let bytes = batches.iter().map(|batch| batch.bytes()).sum();
        let room = match self.writer.make_room(bytes) {
            Ok(room) => room,
            Err(failure) => return batches.iter().map(|_| Err(failure.clone().into())).collect(),
        };
        let mut working = self.projection.clone();
        let (segment, mut at) = room;
        let mut lsn = self.writer.next_lsn();
        let mut answers = Vec::with_capacity(batches.len());
        let mut members = Vec::with_capacity(batches.len());
        for batch in batches {
            let Prepared { batch, frames } = batch;
            let before = working.clone();
            match fold(&mut working, batch, frames, Location { segment, offset: at, len: 0 }, lsn) {
                Ok(seqs) if seqs.is_empty() => answers.push(Ok(Ack { lsn: Lsn(lsn.0 - 1) })),
                Ok(seqs) => {
                    let first_lsn = lsn;
                    lsn = lsn.advance(seqs.len() as u64);
                    at += frames.bytes.len() as u64;
                    answers.push(Ok(Ack { lsn: Lsn(lsn.0 - 1) }));
                    members.push(Member { frames, first_lsn, seqs });
                }
                Err(error) => {
                    if !plant::has(Bug::HalfABatch) {
                        working = before;
                    }
                    answers.push(Err(error));
                }
            }
        }
        if members.is_empty() {
            return answers;
        }
        if plant::has(Bug::ShownTooSoon) {
            let shown =
                Snapshot { durable: Lsn(lsn.0 - 1), ..snapshot_of(&working, &self.writer, &self.tables) };
            self.snapshot = Arc::new(shown);
        }
        if let Err(failure) = self.writer.write(&mut members) {
            return answers.into_iter().map(|answer| answer.and(Err(failure.clone().into()))).collect();
        }
        self.projection = working;
        self.snapshot = Arc::new(snapshot_of(&self.projection, &self.writer, &self.tables));
        answers
    }

    /// To be called when nothing was committed for a while: proves the last group (W3) and makes
    /// the next segment ready if it will soon be needed.
    ///
    /// # Errors
    ///
    /// As for an append.
    pub fn idle(&mut self) -> Result<()> {
        self.close_mark()?;
        if let Some(order) = self.writer.wants_spare() {
            match order.make(&self.world) {
                Ok(spare) => self.writer.put_spare(spare),
                Err(error) => tracing::debug!(%error, "the next segment cannot be made ready now"),
            }
        }
        Ok(())
    }

    /// Does what is next of compaction: the oldest ended segments that wait become table files, or table
    /// files are merged; whether there was anything to do. Planning, making and publishing, one after
    /// the other.
    ///
    /// # Errors
    ///
    /// `Damaged`, `DiskFull`, `Io`: nothing has changed; `WritesStopped`.
    pub fn compact(&mut self) -> Result<bool> {
        let Some(order) = self.plan(0) else { return Ok(false) };
        let made = order.make(&self.world, None);
        self.publish(made)?;
        Ok(true)
    }

    /// Ends the segment that is being written, so that a compaction takes every event, and every table
    /// file.
    pub(crate) fn end_active(&mut self) -> Result<()> {
        self.left_alone.clear();
        self.settled = None;
        Ok(self.writer.end_active()?)
    }

    /// What to compact next; none when there is nothing, or less of the log than is worth it.
    pub(crate) fn plan(&mut self, waiting_bytes_min: u64) -> Option<Order> {
        let log = Arc::clone(self.writer.segments());
        if self.stopped().is_some() || self.settled.as_ref().is_some_and(|settled| Arc::ptr_eq(settled, &log))
        {
            return None;
        }
        let segments = || {
            let segments = self.snapshot.segments();
            let compacted = self.manifest.compacted;
            let enough = plan::waiting_bytes(&segments, compacted) >= waiting_bytes_min;
            plan::choose(&segments, compacted).filter(|_| enough).map(|through| Job::Segments { through })
        };
        let merge = || {
            let tables = self.manifest.tables.iter().filter(|meta| !self.left_alone.contains(&meta.id));
            tiers::choose(tables, &self.compaction).map(Job::Merge)
        };
        let job = if self.merges_first { merge().or_else(segments) } else { segments().or_else(merge) };
        let Some(job) = job else {
            self.settled = Some(log);
            return None;
        };
        let first = self.next_table;
        self.next_table = TableId(first.0 + compaction::FILES_MAX);
        let (snapshot, limits) = (Arc::clone(&self.snapshot), self.compaction.clone());
        Some(Order { job, snapshot, first, limits })
    }

    /// Names what a compaction made in the manifest, then shows it to readers, then removes what it
    /// took the place of (W7): who reads that has it open.
    pub(crate) fn publish(&mut self, made: Result<Made, Failed>) -> Result<()> {
        let made = made.map_err(|Failed { error, damaged }| {
            self.merges_first = false;
            self.left_alone.extend(damaged);
            match error {
                // The folder may hold names that the disk lacks, and must not be synced again (W8).
                Error::WritesStopped { cause } => self.stop(&cause).into(),
                error => error,
            }
        })?;
        let Made { added, removed, through } = made;
        let is_dropped = |meta: &&TableMeta| removed.contains(&meta.id);
        let dropped: Vec<TableMeta> = self.manifest.tables.iter().filter(is_dropped).cloned().collect();
        let edit = Edit::Compacted { added, removed, through };
        self.writer.edit(edit.clone())?;
        assert!(self.manifest.apply(edit), "a compaction follows the one before it");
        // Every number below is named; those set aside for this one and not used are free.
        self.next_table = self.manifest.next_table;
        self.merges_first = true;
        let Manifest { compacted, tables, .. } = &self.manifest;
        self.tables = Arc::new(self.tables.after(&self.world, *compacted, tables));
        self.snapshot = Arc::new(snapshot_of(&self.projection, &self.writer, &self.tables));
        for path in dropped.iter().flat_map(|meta| [meta.path(), meta.sidecar_path()]) {
            // The next opening removes it where this cannot.
            let _left = self.world.disk.remove(&path);
        }
        Ok(())
    }

    pub(crate) fn close_mark(&mut self) -> Result<()> {
        Ok(self.writer.close_mark()?)
    }

    /// What readers see.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    /// What is counted.
    #[must_use]
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Why writing has stopped, if it has.
    #[must_use]
    pub fn stopped(&self) -> Option<&str> {
        self.writer.stopped()
    }

    /// Stops writing for good (F20).
    pub(crate) fn stop(&mut self, cause: &str) -> Failure {
        self.writer.stop(cause)
    }

    pub(crate) fn wants_spare(&self) -> Option<SpareOrder> {
        self.writer.wants_spare()
    }

    pub(crate) fn put_spare(&mut self, spare: Spare) {
        self.writer.put_spare(spare);
    }

    /// Proves the last group and lets go of the folder.
    ///
    /// # Errors
    ///
    /// As for an append; the folder is let go of in any case.
    pub fn close(mut self) -> Result<()> {
        Ok(self.writer.close()?)
    }
}

/// Folds a batch, whose first frame will stand at `first`; gives each event's subject and `run_seq`.
fn fold<'a>(
    projection: &mut Projection,
    batch: &'a Batch,
    frames: &Frames,
    first: Location,
    lsn: Lsn,
) -> Result<Vec<(&'a Subject, u64)>> {
    for (subject, expected) in &batch.expected {
        let (expected, found) = (*expected, projection.seq(subject));
        if expected != found {
            return Err(Error::Conflict { expected, found });
        }
    }
    let mut seqs = Vec::with_capacity(batch.events.len());
    let (mut offset, mut lsn) = (first.offset, lsn);
    for (event, len) in batch.events.iter().zip(&frames.lens) {
        let body = u32::try_from(len - frame::HEADER_LEN).unwrap_or(u32::MAX);
        let location = Location { segment: first.segment, offset, len: body };
        seqs.push((&event.subject, projection.apply(lsn, location, event)?));
        offset += *len as u64;
        lsn = lsn.advance(1);
    }
    Ok(seqs)
}

fn snapshot_of(projection: &Projection, writer: &Writer, tables: &Arc<Tables>) -> Snapshot {
    Snapshot {
        projection: projection.clone(),
        durable: Lsn(writer.next_lsn().0 - 1),
        segments: Arc::clone(writer.segments()),
        tables: Arc::clone(tables),
    }
}

/// Reads a folder as it stands, without a lock and without changing a byte.
///
/// # Errors
///
/// `NoStore`, `TooNew`, `Damaged`, `Io`.
pub fn read_in(world: &World) -> Result<Snapshot> {
    // A writer at work may merge table files away between our reading of the manifest and of them.
    let mut attempts = 1;
    loop {
        let found = recovery::read(world)?;
        let tables = Tables::open(world, found.manifest.compacted, &found.manifest.tables);
        let is_moving = tables.all().any(|table| table.is_missing())
            && manifest::load(world, found.manifest.epoch)?.tables != found.manifest.tables;
        if is_moving && attempts < READ_ATTEMPTS_MAX {
            attempts += 1;
            continue;
        }
        return Ok(Snapshot {
            projection: found.projection,
            durable: found.last_lsn,
            segments: Arc::new(found.segments),
            tables: Arc::new(tables),
        });
    }
}

/// How often a folder is read anew because a writer changed it meanwhile.
const READ_ATTEMPTS_MAX: usize = 5;
