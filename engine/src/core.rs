//! The store without threads: opens a folder, commits groups of batches one after another, shows
//! snapshots. `store.rs` puts a thread and a queue around it; the simulator drives it as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;

use crate::batch::Batch;
use crate::blob::{self, Blobs};
use crate::compaction::{self, Done, Failed, Job, Made, Order, erase, plan, rebuild, retention, tiers};
use crate::disk::{Lock, RelPath, World};
use crate::error::{Error, Result};
use crate::event::{self, Body, ErasureDone, Event, RunErased, StoreCreated, Subject};
use crate::id::{Lsn, SegmentId};
use crate::log::{
    Counters, Failure, Frames, Member, Packing, Segment, Segments, Spare, SpareOrder, Writer, frame, segment,
};
use crate::manifest::{Edit, Packed, SegmentMeta};
use crate::options::{Compaction, Options};
use crate::plant::{self, Bug};
use crate::projection::{Erasing, Erasures, Location, Projection};
use crate::recovery;
use crate::snapshot::Snapshot;
use crate::stop::Stop;
use crate::sync::Ordering;
use crate::table::{TableId, Tables};

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
    /// The state at the position up to which table files have all events.
    checkpoint: Projection,
    /// How long the log is kept; none: for ever.
    keep_log: Option<Duration>,
    /// How long deleted runs are kept; none: for ever.
    keep_deleted: Option<Duration>,
    /// Deleted runs that are to be erased next, and who asked for it.
    condemned: BTreeMap<u32, Arc<str>>,
    /// When it was last looked which of them are to be, in time for which the store was open.
    graces_seen: Option<u64>,
    /// User files that went since the opening: events that name one come too late.
    erased_blobs: BTreeSet<[u8; 32]>,
    /// The number that the next table file will have: higher than any that was made, named or not.
    next_table: TableId,
    /// The table files as the manifest names them, open.
    tables: Arc<Tables>,
    compaction: Compaction,
    /// What is tried first, next and last; what was begun and did not succeed comes last.
    turns: [Turn; 4],
    /// Table files that are not merged because they are damaged, until somebody asks.
    left_alone: BTreeSet<TableId>,
    /// The log in which nothing was left to compact.
    settled: Option<Arc<Segments>>,
    snapshot: Arc<Snapshot>,
    counters: Arc<Counters>,
    _lock: Box<dyn Lock>,
}

/// Kinds of jobs that there may always be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Erase,
    Merge,
    Tables,
    Pack,
}

impl Turn {
    /// What was made larger is merged before more of the log is taken.
    const ORDER: [Self; 4] = [Self::Erase, Self::Merge, Self::Tables, Self::Pack];
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
        let tables = Arc::new(opened.tables);
        let snapshot = Arc::new(snapshot_of(&opened.projection, &opened.writer, &tables));
        let mut core = Self {
            world,
            writer: opened.writer,
            projection: opened.projection,
            checkpoint: opened.checkpoint,
            keep_log: options.keep_log,
            keep_deleted: options.keep_deleted,
            condemned: BTreeMap::new(),
            graces_seen: None,
            erased_blobs: BTreeSet::new(),
            next_table: opened.manifest.next_table,
            tables,
            compaction: options.compaction.clone(),
            turns: Turn::ORDER,
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
            let fits = self.runs_are_whole(batch).and_then(|()| self.blobs_are_there(batch));
            match fits.and_then(|()| {
                fold(&mut working, batch, frames, Location { segment, offset: at, len: 0 }, lsn)
            }) {
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

    /// Does all that is to be done now: makes damaged table files again, compacts the ended segments that
    /// wait, merges table files and packs what stands in some; whether there was anything to do.
    /// Planning, making and publishing, one after the other.
    ///
    /// # Errors
    ///
    /// `Damaged`, `DiskFull`, `Io`: what had been published stays; `WritesStopped`.
    pub fn compact(&mut self) -> Result<bool> {
        self.snapshot.tables.check();
        let mut is_any = false;
        while let Some(order) = self.plan_rebuild().or_else(|| self.plan(0)) {
            let made = order.make(&self.world, None);
            self.publish(made)?;
            is_any = true;
        }
        Ok(is_any)
    }

    /// Ends the segment that is being written, so that a compaction takes every event, and every table
    /// file.
    pub(crate) fn end_active(&mut self) -> Result<()> {
        self.left_alone.clear();
        self.settled = None;
        Ok(self.writer.end_active()?)
    }

    /// What to make again: a table file that a reader or a check found damaged (F4).
    pub(crate) fn plan_rebuild(&mut self) -> Option<Order> {
        if self.stopped().is_some() {
            return None;
        }
        let damaged = rebuild::choose(&self.snapshot)?;
        tracing::warn!(path = %damaged.path(), "a damaged table file is made again from the log");
        Some(self.order(Job::Rebuild(damaged)))
    }

    /// What to do next; none when there is nothing, or less of the log than is worth it.
    pub(crate) fn plan(&mut self, waiting_bytes_min: u64) -> Option<Order> {
        if self.writer.segments().missing().is_empty() {
            self.condemn_expired();
        }
        if !self.condemned.is_empty() && self.stopped().is_none() {
            let job = Job::Condemn(std::mem::take(&mut self.condemned));
            return Some(self.order(job));
        }
        if let Err(error) = self.end_for_erasing() {
            tracing::warn!(%error, "erased runs wait");
        }
        let log = Arc::clone(self.writer.segments());
        let is_settled = self.settled.as_ref().is_some_and(|settled| Arc::ptr_eq(settled, &log));
        if is_settled || self.stopped().is_some() {
            return None;
        }
        let mut turns = self.turns.into_iter().enumerate();
        let found = turns.find_map(|(place, turn)| Some((place, self.job(turn, waiting_bytes_min)?)));
        let Some((place, job)) = found else {
            self.settled = Some(log);
            return None;
        };
        // Where it fails, all others are tried before it is again.
        if let Some(turns) = self.turns.get_mut(place..) {
            turns.rotate_left(1);
        }
        Some(self.order(job))
    }

    fn job(&self, turn: Turn, waiting_bytes_min: u64) -> Option<Job> {
        let manifest = self.writer.live();
        let is_whole = self.writer.segments().missing().is_empty();
        match turn {
            // Table files have every event up to a position.
            Turn::Erase | Turn::Tables if !is_whole => None,
            Turn::Erase => {
                let is_compacted = |(_, run): &(u32, &Erasing)| run.erased <= manifest.compacted;
                let runs = self.projection.erasures.erasing().filter(is_compacted);
                let runs: BTreeMap<u32, Erasing> =
                    runs.map(|(ordinal, run)| (ordinal, run.clone())).collect();
                let file_bytes_max = self.compaction.file_bytes_max;
                let state = || Box::new(self.checkpoint.clone());
                (!runs.is_empty()).then(|| Job::Erase { state: state(), runs, file_bytes_max })
            }
            Turn::Merge => {
                let tables = manifest.tables.iter().filter(|meta| !self.left_alone.contains(&meta.id));
                let merge = tiers::choose(tables, &self.compaction)?;
                Some(Job::Merge { merge, file_bytes_max: self.compaction.file_bytes_max })
            }
            Turn::Tables => {
                let segments = self.snapshot.segments();
                let is_urgent = self.projection.erasures.erasing().next().is_some();
                let is_enough =
                    is_urgent || plan::waiting_bytes(&segments, manifest.compacted) >= waiting_bytes_min;
                let through = plan::choose(&segments, manifest.compacted).filter(|_| is_enough)?;
                let open_nanos = self.writer.open_nanos();
                Some(Job::Tables { state: Box::new(self.checkpoint.clone()), through, open_nanos })
            }
            Turn::Pack => {
                let SegmentMeta { id, end, .. } = plan::choose_packing(manifest)?;
                let (store, end, at) = (manifest.store, end.clone()?, self.writer.open_nanos());
                Some(Job::Pack(Packing { store, id: *id, end, at }))
            }
        }
    }

    /// An order, with numbers of table files that nothing else will have.
    fn order(&mut self, job: Job) -> Order {
        let first = self.next_table;
        self.next_table = TableId(first.0 + compaction::FILES_MAX);
        Order { job, snapshot: Arc::clone(&self.snapshot), first }
    }

    /// Names what was made in the manifest, then shows it to readers. What it took the place of is
    /// removed (W7): who reads that has it open.
    pub(crate) fn publish(&mut self, made: Result<Done, Failed>) -> Result<()> {
        let done = made.map_err(|Failed { error, damaged }| {
            self.left_alone.extend(damaged);
            match error {
                // The folder may hold names that the disk lacks, and must not be synced again (W8).
                Error::WritesStopped { cause } => self.stop(&cause).into(),
                error => error,
            }
        })?;
        match done {
            Done::Tables(made, state) => {
                let through = made.through;
                self.publish_tables(made)?;
                self.projection.rest(Arc::clone(state.resting()), through);
                self.checkpoint = *state;
            }
            Done::Restated(made, state) => {
                let through = made.through;
                self.publish_tables(made)?;
                self.projection.rest(Arc::clone(state.resting()), through);
                self.checkpoint = *state;
                self.counters.tables_rebuilt.fetch_add(1, Ordering::Relaxed);
            }
            Done::Rebuilt(made) => {
                let files = self.publish_tables(made)?;
                self.counters.tables_rebuilt.fetch_add(files, Ordering::Relaxed);
            }
            Done::Merged(made) => {
                self.publish_tables(made)?;
            }
            Done::Packed(id, packed) => self.publish_packed(id, packed)?,
            Done::Condemned(runs) => self.erase(runs)?,
            Done::Erased(made, state, rest) => {
                let through = made.through;
                self.publish_tables(made)?;
                self.projection.rest(Arc::clone(state.resting()), through);
                self.projection.take_keys(&rest.projects, &self.checkpoint, &state);
                self.checkpoint = *state;
                self.finish_erasing(rest)?;
            }
        }
        self.turns = Turn::ORDER;
        self.drop_expired()?;
        self.snapshot = Arc::new(snapshot_of(&self.projection, &self.writer, &self.tables));
        Ok(())
    }

    /// Gives how many table files went.
    fn publish_tables(&mut self, made: Made) -> Result<u64> {
        let Made { added, removed, through, tables } = made;
        let dropped: Vec<RelPath> = self
            .tables
            .all()
            .filter(|table| removed.contains(&table.meta.id))
            .flat_map(|table| [table.meta.path(), table.meta.sidecar_path()])
            .collect();
        self.writer.edit(Edit::Compacted { added, removed, through })?;
        // Every number below is named; those set aside for this order and not used are free.
        self.next_table = self.writer.live().next_table;
        self.tables = Arc::new(tables);
        dropped.iter().for_each(|path| self.remove(path));
        Ok(dropped.len() as u64 / 2)
    }

    /// From now on readers read the packed file; the segment's own goes once the edit is durable (W7).
    fn publish_packed(&mut self, id: SegmentId, packed: Packed) -> Result<()> {
        let metas = &self.writer.live().segments;
        let meta = metas.iter().find(|meta| meta.id == id).and_then(|meta| Some((meta, meta.end.as_ref()?)));
        let (meta, end) = meta.ok_or_else(|| Error::damaged(format!("there is no segment {id} to pack")))?;
        let (disk, store) = (&*self.world.disk, self.writer.store());
        let reader = Segment::open_packed(disk, store, (id, meta.first_lsn), end, packed)?;
        self.writer.edit(Edit::SegmentPacked { segment: id, packed })?;
        self.writer.segments_mut().add(Arc::new(reader));
        self.remove(&segment::path(id));
        Ok(())
    }

    /// Drops the segments that need not be kept any longer; gives how many. Readers that hold them go
    /// on; those that come see the log from the first that is left.
    pub(crate) fn drop_expired(&mut self) -> Result<usize> {
        let manifest = self.writer.live();
        let Some(through) = retention::choose(manifest, self.keep_log, self.writer.open_nanos()) else {
            return Ok(0);
        };
        self.drop_log(through)
    }

    fn drop_log(&mut self, through: SegmentId) -> Result<usize> {
        let manifest = self.writer.live();
        let dropped: Vec<RelPath> =
            manifest.segments.iter().filter(|meta| meta.id <= through).map(SegmentMeta::path).collect();
        self.writer.edit(Edit::SegmentsDropped { through })?;
        self.writer.segments_mut().keep(|id| id > through);
        dropped.iter().for_each(|path| self.remove(path));
        Ok(dropped.len())
    }

    /// Condemns the deleted runs that have been kept for so long, as far as is known, for whoever asks: the
    /// next compaction erases them. Gives how many wait for it.
    pub fn condemn(&mut self, kept: Duration, actor: &Arc<str>) -> usize {
        let now = self.date_deletions();
        let kept = u64::try_from(kept.as_nanos()).unwrap_or(u64::MAX);
        let is_expired = |since: Option<u64>| now.saturating_sub(since.unwrap_or(now)) >= kept;
        let expired = self.projection.erasures.deleted().filter(|(_, since)| is_expired(*since));
        self.condemned.extend(expired.map(|(ordinal, _)| (ordinal, Arc::clone(actor))));
        self.condemned.len()
    }

    /// Condemns the runs whose grace is over. Looked at once a second: there may be many.
    fn condemn_expired(&mut self) {
        const LOOK_NANOS: u64 = 1_000_000_000;
        let now = self.writer.open_nanos();
        if self.graces_seen.is_none_or(|seen| now.saturating_sub(seen) >= LOOK_NANOS) {
            self.graces_seen = Some(now);
            match self.keep_deleted {
                Some(kept) => drop(self.condemn(kept, &Arc::from(""))),
                None => drop(self.date_deletions()),
            }
        }
    }

    /// Notes when deletions were seen that are new; gives the time for which the store was open.
    fn date_deletions(&mut self) -> u64 {
        let now = self.writer.open_nanos();
        self.projection.erasures.date(&Erasures::default(), now);
        now
    }

    /// Ends the segment that holds the event by which a run was erased: its bytes do not wait until
    /// enough is written.
    fn end_for_erasing(&mut self) -> Result<()> {
        let active = self.writer.live().segments.last().filter(|meta| meta.end.is_none());
        let Some(first) = active.map(|meta| meta.first_lsn) else { return Ok(()) };
        if self.projection.erasures.erasing().any(|(_, run)| run.erased >= first) {
            self.writer.end_active()?;
        }
        Ok(())
    }

    /// Erases deleted runs: from now on nothing is seen of them, and their bytes go by and by.
    fn erase(&mut self, runs: Vec<erase::Condemned>) -> Result<()> {
        let received = self.world.clock.wall();
        let batch = |run: erase::Condemned| {
            let body = Body::RunErased(RunErased { blobs: run.blobs.into_iter().collect() });
            Batch::new(vec![Event { subject: run.key.into(), received, actor: run.actor, body }])
        };
        for answer in self.commit(runs.into_iter().map(batch).collect()) {
            match answer {
                // It was undeleted meanwhile.
                Err(Error::Rejected(_)) | Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What is left to do once no table file holds anything of erased runs.
    fn finish_erasing(&mut self, rest: erase::Rest) -> Result<()> {
        if let Some(through) = erase::dropped_with(self.writer.live(), rest.content) {
            self.drop_log(through)?;
        }
        self.snapshot = Arc::new(snapshot_of(&self.projection, &self.writer, &self.tables));
        let mut blobs = rest.blobs;
        for event in self.snapshot.events(rest.seen.advance(1)) {
            if let Body::FilePut(file) = event?.2.body {
                blobs.remove(&file.digest);
            }
        }
        self.remove_blobs(blobs)?;
        let event = Event {
            subject: Subject::Store,
            received: self.world.clock.wall(),
            actor: Arc::from(""),
            body: Body::ErasureDone(ErasureDone { through: rest.erased }),
        };
        self.commit(vec![Batch::new(vec![event])]).into_iter().try_for_each(|answer| answer.map(|_| ()))
    }

    /// Removes user files for good.
    fn remove_blobs(&mut self, blobs: BTreeSet<[u8; 32]>) -> Result<()> {
        let mut folders = BTreeSet::new();
        for path in blobs.iter().map(blob::path) {
            match self.world.disk.remove(&path) {
                Ok(()) => {}
                // Perhaps it went before a crash, and is back after the next power loss: not yet synced.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(Error::Io { doing: "remove", path, source }),
            }
            folders.insert(path.parent());
        }
        let root = RelPath::of("blobs");
        let known = self.world.disk.list(&root);
        let known = known.map_err(|source| Error::Io { doing: "list", path: root, source })?;
        folders.retain(|folder| known.iter().any(|name| name == folder.name()));
        self.erased_blobs.extend(blobs);
        for folder in folders {
            self.world.disk.sync_dir(&folder).map_err(|error| {
                Error::from(self.stop(&format!("cannot sync the folder {folder}: {error}")))
            })?;
        }
        Ok(())
    }

    /// Refuses a batch about a run that lacks events (F3).
    fn runs_are_whole(&self, batch: &Batch) -> Result<()> {
        let missing = self.writer.segments().missing();
        batch.events.iter().try_for_each(|event| missing.check(&event.subject))
    }

    /// Refuses a batch that names a user file which went while it was on its way.
    fn blobs_are_there(&self, batch: &Batch) -> Result<()> {
        if self.erased_blobs.is_empty() {
            return Ok(());
        }
        let is_gone = |event: &Event| match &event.body {
            Body::FilePut(file) => {
                self.erased_blobs.contains(&file.digest)
                    && self.world.disk.open(&blob::path(&file.digest), false).is_err()
            }
            _ => false,
        };
        if batch.events.iter().any(is_gone) { Err(Error::BlobErased) } else { Ok(()) }
    }

    /// Removes a file that the manifest does not name any more.
    fn remove(&self, path: &RelPath) {
        if let Err(error) = self.world.disk.remove(path) {
            tracing::warn!(%path, %error, "a file that is not needed any more is left to the next opening");
        }
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

    /// User files. What stops writing stops uploads too, and the other way round (F7).
    #[must_use]
    pub fn blobs(&self) -> Blobs {
        Blobs::new(self.world.clone(), self.writer.stop_of_all().clone())
    }

    /// What stops writing, for who looks from other threads.
    pub(crate) fn stop_of_all(&self) -> &Stop {
        self.writer.stop_of_all()
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
        let (expected, found) = (*expected, projection.seq(subject)?);
        if expected != found {
            return Err(Error::Conflict { expected, found });
        }
    }
    let mut seqs = Vec::with_capacity(batch.events.len());
    let (mut offset, mut lsn) = (first.offset, lsn);
    for (event, len) in batch.events.iter().zip(&frames.lens) {
        let body = u32::try_from(len - frame::HEADER_LEN).unwrap_or(u32::MAX);
        let location = Location { segment: first.segment, offset, len: body };
        projection.wake(&event.subject)?;
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
        open_nanos: writer.open_nanos(),
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
    let found = recovery::read(world)?;
    Ok(Snapshot {
        projection: found.projection,
        durable: found.last_lsn,
        open_nanos: found.manifest.open_nanos,
        segments: Arc::new(found.segments),
        tables: Arc::new(found.tables),
    })
}
