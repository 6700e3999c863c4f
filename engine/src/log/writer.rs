//! One lane's writer: groups, syncs, close marks, seals, rolls.
//!
//! ```text
//!  write(group):   room? ──no──► roll ──► write frames ──► sync ──► durable
//!  roll:           successor ready in tmp/ ──► seal, sync ──► rename, sync folders ──► manifest edit
//! ```
//!
//! What holds:
//! - One group is in flight at a time; the next is written only after this one's sync returned (W2).
//! - The successor is made ready before the seal, so a full disk stops a roll before it began (F8).
//! - After a failed sync nothing is written or synced again (W8, F7).

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::frame::{self, Seed, kind};
use super::reader::{Segment, Segments};
use super::segment::{self, CLOSE_LEN, ChainHasher, GROUP_LEN, HEADER_LEN, Header, SEAL_LEN};
use crate::disk::{self, DiskFile, RelPath, World};
use crate::error::{Error, Result};
use crate::event::Subject;
use crate::id::{Lsn, SegmentId, StoreId};
use crate::manifest::{self, Edit, End, Manifest, Ranges, SegmentMeta, Unwritten};
use crate::options::{Durability, Options};
use crate::plant::{self, Bug};
use crate::stop::Stop;
use crate::sync::{AtomicU64, Ordering};

/// Why a group was not made durable. Every waiter of the group gets one of these.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The disk is full; nothing of the group stands in the log.
    Full,
    /// The disk refused; nothing of the group stands in the log.
    Refused(Refusal),
    /// A sync failed; what stands in the log is unknown.
    Stopped(String),
}

/// A refusal that can be told to several waiters.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    doing: &'static str,
    path: RelPath,
    kind: io::ErrorKind,
    text: String,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Full => Self::DiskFull,
            Failure::Refused(Refusal { doing, path, kind, text }) => {
                Self::Io { doing, path, source: io::Error::new(kind, text) }
            }
            Failure::Stopped(cause) => Self::WritesStopped { cause },
        }
    }
}

fn refused(doing: &'static str, path: &RelPath, error: &io::Error) -> Failure {
    if disk::is_full(error) {
        return Failure::Full;
    }
    let path = path.clone();
    Failure::Refused(Refusal { doing, path, kind: error.kind(), text: error.to_string() })
}

/// What the writer counts, for metrics.
#[derive(Debug, Default)]
pub struct Counters {
    /// Events acknowledged.
    pub events: AtomicU64,
    /// Groups written.
    pub groups: AtomicU64,
    /// Bytes of the groups.
    pub group_bytes: AtomicU64,
    /// Syncs that returned.
    pub syncs: AtomicU64,
    /// Nanoseconds spent in them.
    pub sync_nanos: AtomicU64,
    /// Syncs that failed.
    pub sync_errors: AtomicU64,
    /// Bytes that wait for the writer.
    pub queue_bytes: AtomicU64,
    /// Bytes that the last recovery cut off as a torn tail.
    pub recovery_cut_bytes: AtomicU64,
    /// Nanoseconds that the last recovery took.
    pub recovery_nanos: AtomicU64,
    /// Damaged table files that were made again from the log.
    pub tables_rebuilt: AtomicU64,
}

/// A batch with its frames laid out, all but their headers.
#[derive(Debug)]
pub(crate) struct Frames {
    pub(crate) bytes: Vec<u8>,
    /// Bytes of each frame, in order.
    pub(crate) lens: Vec<usize>,
}

/// A batch that takes part in a group.
pub(crate) struct Member<'a> {
    pub(crate) frames: &'a mut Frames,
    pub(crate) first_lsn: Lsn,
    /// Each event's `run_seq`, with its subject.
    pub(crate) seqs: Vec<(&'a Subject, u64)>,
}

/// A segment made ready in `tmp/`: allocated and zeroed, so that writing into it changes no metadata.
#[derive(Debug)]
pub(crate) struct Spare {
    path: RelPath,
    file: Box<dyn DiskFile>,
    len: u64,
}

/// An order for a spare; carrying it out may take long and needs nothing of the writer.
#[derive(Debug, Clone)]
pub(crate) struct SpareOrder {
    pub(crate) path: RelPath,
    pub(crate) len: u64,
}

impl Spare {
    pub(crate) fn into_file(self) -> Box<dyn DiskFile> {
        self.file
    }
}

impl SpareOrder {
    /// Makes the spare.
    pub(crate) fn make(&self, world: &World) -> io::Result<Spare> {
        let disk = &world.disk;
        let mut file = disk::create_over(&**disk, &self.path)?;
        let zeros = vec![0; usize::try_from(self.len).unwrap_or(usize::MAX).min(1 << 20)];
        let mut at = 0;
        while at < self.len {
            let piece = zeros.len().min(usize::try_from(self.len - at).unwrap_or(usize::MAX));
            let written = disk::write_all_at(&mut *file, at, zeros.get(..piece).unwrap_or_default());
            if let Err(error) = written {
                drop(file);
                // What was written is in the way of what it was written for.
                let _gone_or_left_in_tmp = disk.remove(&self.path);
                return Err(error);
            }
            at += piece as u64;
        }
        file.sync_all()?;
        Ok(Spare { path: self.path.clone(), file, len: self.len })
    }
}

/// The segment being written.
#[derive(Debug)]
struct Active {
    header: Header,
    path: RelPath,
    file: Box<dyn DiskFile>,
    reader: Arc<Segment>,
    seed: Seed,
    /// Where the next frame goes; all before it is synced.
    end: u64,
    capacity: u64,
    chain: ChainHasher,
    /// The `run_seq` from and to of each subject that has events here.
    ranges: BTreeMap<Subject, (u64, u64)>,
    /// The last group is not proven yet.
    unproven: bool,
    /// The successor, while a roll is under way.
    next: Option<Spare>,
}

/// The writer of a lane.
#[derive(Debug)]
pub(crate) struct Writer {
    world: World,
    options: Options,
    store: StoreId,
    manifest: manifest::Writer,
    active: Active,
    next_lsn: Lsn,
    next_group: u64,
    spare: Option<Spare>,
    segments: Arc<Segments>,
    counters: Arc<Counters>,
    stop: Stop,
    /// What the clock showed when this opening began.
    opened: u64,
    /// How long the store had been open before.
    open_before: u64,
}

/// Where a writer begins: what recovery found.
pub(crate) struct Start {
    pub(crate) world: World,
    pub(crate) options: Options,
    pub(crate) store: StoreId,
    pub(crate) manifest: manifest::Writer,
    pub(crate) header: Header,
    pub(crate) file: Box<dyn DiskFile>,
    pub(crate) capacity: u64,
    pub(crate) end: u64,
    pub(crate) chain: ChainHasher,
    pub(crate) ranges: BTreeMap<Subject, (u64, u64)>,
    pub(crate) next_lsn: Lsn,
    pub(crate) next_group: u64,
    pub(crate) segments: Segments,
    pub(crate) counters: Arc<Counters>,
}

impl Writer {
    /// Goes on in the segment that recovery began.
    pub(crate) fn new(start: Start) -> Result<Self> {
        let Start { world, options, store, manifest, header, file, capacity, end, chain, ranges, .. } = start;
        let mut segments = start.segments;
        let reader = Arc::new(Segment::open(&*world.disk, store, header.segment, header.first_lsn)?);
        segments.add(Arc::clone(&reader));
        let active = Active {
            path: segment::path(header.segment),
            seed: Seed::segment(store, header.segment),
            unproven: end > HEADER_LEN as u64,
            header,
            file,
            reader,
            end,
            capacity,
            chain,
            ranges,
            next: None,
        };
        Ok(Self {
            opened: world.clock.mono(),
            open_before: manifest.live().open_nanos,
            world,
            options,
            store,
            manifest,
            active,
            next_lsn: start.next_lsn,
            next_group: start.next_group,
            spare: None,
            segments: Arc::new(segments),
            counters: start.counters,
            stop: Stop::default(),
        })
    }

    pub(crate) fn segments(&self) -> &Arc<Segments> {
        &self.segments
    }

    /// The segments that readers see, changed by the manifest: one is read from another file, or some
    /// are dropped. Who holds the ones before goes on with them.
    pub(crate) fn segments_mut(&mut self) -> &mut Segments {
        Arc::make_mut(&mut self.segments)
    }

    /// The live files.
    pub(crate) fn live(&self) -> &Manifest {
        self.manifest.live()
    }

    /// For how many nanoseconds the store was open for writing, this opening included: never more
    /// than has passed, whatever the wall clock says (F12).
    pub(crate) fn open_nanos(&self) -> u64 {
        self.open_before + self.world.clock.mono().saturating_sub(self.opened)
    }

    pub(crate) fn store(&self) -> StoreId {
        self.store
    }

    pub(crate) fn next_lsn(&self) -> Lsn {
        self.next_lsn
    }

    pub(crate) fn stopped(&self) -> Option<&str> {
        self.stop.cause()
    }

    /// What stops this writer, for those who write beside it.
    pub(crate) fn stop_of_all(&self) -> &Stop {
        &self.stop
    }

    /// Makes room for a group whose frames take `bytes`, rolling if need be; gives the segment and
    /// the offset of the first of those frames.
    pub(crate) fn make_room(&mut self, bytes: usize) -> Result<(SegmentId, u64), Failure> {
        self.check_running()?;
        let wanted = (GROUP_LEN + bytes + CLOSE_LEN + SEAL_LEN) as u64;
        if self.active.reader.is_ended() || self.active.end + wanted > self.active.capacity {
            self.roll(HEADER_LEN as u64 + wanted)?;
        }
        Ok((self.active.header.segment, self.active.end + GROUP_LEN as u64))
    }

    /// Writes a group behind the room made for it, and syncs it.
    pub(crate) fn write(&mut self, members: &mut [Member<'_>]) -> Result<(), Failure> {
        self.check_running()?;
        let bytes: usize = members.iter().map(|member| member.frames.bytes.len()).sum();
        let count: usize = members.iter().map(|member| member.frames.lens.len()).sum();
        assert!(count > 0, "a group has events");
        let end = self.active.end;
        assert!(
            end + (GROUP_LEN + bytes + CLOSE_LEN + SEAL_LEN) as u64 <= self.active.capacity,
            "room was made"
        );
        let mut chain = self.active.chain.clone();
        let count32 = u32::try_from(count).unwrap_or(u32::MAX);
        let mut head = frame::own(
            kind::GROUP,
            &[&self.next_group.to_le_bytes(), &(bytes as u64).to_le_bytes(), &count32.to_le_bytes()],
        );
        chain.add(frame::fill(&mut head, self.active.seed, end, self.next_lsn.0, 0, self.next_group));
        let mut at = end + head.len() as u64;
        for member in &mut *members {
            let mut rest = member.frames.bytes.as_mut_slice();
            for (lsn, (len, (_, seq))) in
                (member.first_lsn.0..).zip(member.frames.lens.iter().zip(&member.seqs))
            {
                let Some((frame, behind)) = rest.split_at_mut_checked(*len) else { break };
                chain.add(frame::fill(frame, self.active.seed, at, lsn, *seq, self.next_group));
                at += *len as u64;
                rest = behind;
            }
        }
        self.write_pieces(end, &head, members, bytes)?;
        if self.options.durability == Durability::Sync && !plant::has(Bug::AckBeforeSync) {
            self.sync_active()?;
        }
        self.active.chain = chain;
        self.active.end = at;
        self.active.unproven = true;
        self.next_lsn = self.next_lsn.advance(count as u64);
        self.next_group += 1;
        for (subject, seq) in members.iter().flat_map(|member| &member.seqs) {
            match self.active.ranges.get_mut(*subject) {
                Some((_, last)) => *last = *seq,
                None => {
                    self.active.ranges.insert((*subject).clone(), (*seq, *seq));
                }
            }
        }
        self.counters.events.fetch_add(count as u64, Ordering::Relaxed);
        self.counters.groups.fetch_add(1, Ordering::Relaxed);
        self.counters.group_bytes.fetch_add(at - end, Ordering::Relaxed);
        Ok(())
    }

    /// Small groups go out in one call; of large ones no byte is copied.
    fn write_pieces(
        &mut self,
        at: u64,
        head: &[u8],
        members: &[Member<'_>],
        bytes: usize,
    ) -> Result<(), Failure> {
        const GATHER_MAX: usize = 1 << 20;
        let file = &mut *self.active.file;
        let written = if bytes <= GATHER_MAX {
            let mut group = Vec::with_capacity(head.len() + bytes);
            group.extend_from_slice(head);
            members.iter().for_each(|member| group.extend_from_slice(&member.frames.bytes));
            disk::write_all_at(file, at, &group)
        } else {
            let mut from = at + head.len() as u64;
            disk::write_all_at(file, at, head).and_then(|()| {
                members.iter().try_for_each(|member| {
                    disk::write_all_at(file, from, &member.frames.bytes)?;
                    from += member.frames.bytes.len() as u64;
                    Ok(())
                })
            })
        };
        written.map_err(|error| self.take_back(at, head.len() + bytes, &error))
    }

    /// A write failed: what it left is overwritten with zeros and synced, so that the log again
    /// ends where it ended (F8). If that fails too, nobody knows what the disk holds (F7).
    fn take_back(&mut self, at: u64, len: usize, error: &io::Error) -> Failure {
        if plant::has(Bug::LeftAfterFull) {
            return refused("write to", &self.active.path, error);
        }
        let len = len.min(usize::try_from(self.active.capacity.saturating_sub(at)).unwrap_or(usize::MAX));
        if let Err(again) = disk::write_all_at(&mut *self.active.file, at, &vec![0; len]) {
            return self
                .stop(&format!("cannot write to {}: {error}; nor take it back: {again}", self.active.path));
        }
        match self.sync_active() {
            Ok(()) => refused("write to", &self.active.path, error),
            Err(failure) => failure,
        }
    }

    fn sync_active(&mut self) -> Result<(), Failure> {
        let start = self.world.clock.mono();
        let mut synced = self.active.file.sync_data();
        if synced.is_err() && plant::has(Bug::SyncAgain) {
            synced = self.active.file.sync_data();
        }
        let nanos = self.world.clock.mono().saturating_sub(start);
        match synced {
            Ok(()) => {
                self.counters.syncs.fetch_add(1, Ordering::Relaxed);
                self.counters.sync_nanos.fetch_add(nanos, Ordering::Relaxed);
                if nanos > 1_000_000_000 {
                    tracing::warn!(millis = nanos / 1_000_000, "a sync of the log took long");
                }
                Ok(())
            }
            Err(error) => {
                self.counters.sync_errors.fetch_add(1, Ordering::Relaxed);
                Err(self.stop(&format!("cannot sync {}: {error}", self.active.path)))
            }
        }
    }

    /// Stops writing for good.
    pub(crate) fn stop(&mut self, cause: &str) -> Failure {
        Failure::Stopped(self.stop.set(cause).to_owned())
    }

    fn check_running(&self) -> Result<(), Failure> {
        self.stopped().map_or(Ok(()), |cause| Err(Failure::Stopped(cause.to_owned())))
    }

    /// Writes a mark that proves the last group, unless it is proven (W3).
    pub(crate) fn close_mark(&mut self) -> Result<(), Failure> {
        self.check_running()?;
        if !self.active.unproven {
            return Ok(());
        }
        if self.options.durability == Durability::Os {
            self.sync_active()?;
        }
        let mark = frame::own(kind::CLOSE, &[&(self.next_group - 1).to_le_bytes()]);
        self.append_own(mark)?;
        self.active.unproven = false;
        Ok(())
    }

    /// Appends one of the log's own frames and syncs.
    fn append_own(&mut self, mut bytes: Vec<u8>) -> Result<(), Failure> {
        let at = self.active.end;
        let is_unsynced_seal = plant::has(Bug::SealWithoutSync) && bytes.len() == SEAL_LEN;
        let crc = frame::fill(&mut bytes, self.active.seed, at, self.next_lsn.0, 0, self.next_group - 1);
        disk::write_all_at(&mut *self.active.file, at, &bytes)
            .map_err(|error| self.take_back(at, bytes.len(), &error))?;
        if !is_unsynced_seal {
            self.sync_active()?;
        }
        self.active.chain.add(crc);
        self.active.end = at + bytes.len() as u64;
        Ok(())
    }

    /// The spare that should be made ready now, if any: once the active segment is half full.
    pub(crate) fn wants_spare(&self) -> Option<SpareOrder> {
        let half_full = self.active.end > self.active.capacity / 2;
        (half_full && self.spare.is_none() && self.active.next.is_none() && self.stopped().is_none())
            .then(|| self.spare_order("ahead-", 0))
    }

    /// Takes a spare that was ordered.
    pub(crate) fn put_spare(&mut self, spare: Spare) {
        self.spare = Some(spare);
    }

    /// A spare made ahead and one made at once have different names: both may be in the making.
    fn spare_order(&self, prefix: &str, least: u64) -> SpareOrder {
        let doubled = self.active.capacity.saturating_mul(2);
        let len = doubled.clamp(self.options.segment_bytes_min, self.options.segment_bytes_max).max(least);
        SpareOrder {
            path: RelPath::of(&format!("tmp/{prefix}{:010}.seg", self.active.header.segment.0 + 1)),
            len,
        }
    }

    /// Seals the active segment and begins its successor, with `least` bytes at the least.
    fn roll(&mut self, least: u64) -> Result<(), Failure> {
        let successor = match self.active.next.take().or_else(|| self.spare.take()) {
            Some(spare) if spare.len >= least => spare,
            too_small => {
                if let Some(spare) = too_small {
                    self.discard(spare);
                }
                let order = self.spare_order("", least);
                order.make(&self.world).map_err(|error| refused("make", &order.path, &error))?
            }
        };
        let sealed_len = self.seal()?;
        // From here on the active segment is sealed: a failure leaves the successor waiting in
        // `next`, and the next attempt goes on from here.
        self.begin(successor, sealed_len)
    }

    /// Ends the active segment if it has events, so that all of them can be compacted.
    pub(crate) fn end_active(&mut self) -> Result<(), Failure> {
        self.check_running()?;
        if self.active.end == HEADER_LEN as u64 {
            return Ok(());
        }
        self.roll(self.options.segment_bytes_min)
    }

    /// Writes the seal, once; gives the segment's length.
    fn seal(&mut self) -> Result<u64, Failure> {
        if self.active.reader.is_ended() {
            return Ok(self.active.end);
        }
        if self.options.durability == Durability::Os {
            self.sync_active()?;
        }
        let seal = frame::own(
            kind::SEAL,
            &[
                &self.active.chain.frames.to_le_bytes(),
                &self.active.end.to_le_bytes(),
                &self.active.chain.chain(),
            ],
        );
        self.append_own(seal)?;
        self.active.unproven = false;
        self.active.reader.end(self.active.end, self.next_lsn);
        Ok(self.active.end)
    }

    fn begin(&mut self, mut spare: Spare, sealed_len: u64) -> Result<(), Failure> {
        let header = Header {
            store: self.store,
            epoch: self.active.header.epoch,
            segment: SegmentId(self.active.header.segment.0 + 1),
            first_lsn: self.next_lsn,
            first_group: self.next_group,
            synced: self.options.durability == Durability::Sync,
            previous: (self.active.header.segment.0, sealed_len, self.active.chain.chain()),
        };
        let path = segment::path(header.segment);
        let (tmp, log) = (spare.path.parent(), path.parent());
        let disk = Arc::clone(&self.world.disk);
        self.check_epoch()?;
        let placed = disk::write_all_at(&mut *spare.file, 0, &header.write());
        if let Err(error) = placed {
            self.active.next = Some(spare);
            return Err(refused("write to", &path, &error));
        }
        let moved = spare
            .file
            .sync_data()
            .and_then(|()| if spare.path == path { Ok(()) } else { disk.rename(&spare.path, &path) })
            .and_then(|()| disk.sync_dir(&tmp))
            .and_then(|()| if plant::has(Bug::RollWithoutFolderSync) { Ok(()) } else { disk.sync_dir(&log) });
        if let Err(error) = moved {
            return Err(self.stop(&format!("cannot put {path} in its place: {error}")));
        }
        let reader = match Segment::open(&*disk, self.store, header.segment, header.first_lsn) {
            Ok(reader) => Arc::new(reader),
            Err(error) => return Err(self.stop(&format!("cannot read {path}: {error}"))),
        };
        let ended = self.end_of_active(sealed_len, true);
        let edits = [
            Edit::SegmentEnded { segment: self.active.header.segment, end: ended },
            Edit::SegmentOpened(SegmentMeta::of(&header).into()),
        ];
        // Only a segment that the manifest names may hold acknowledged events (W6).
        if let Err(failure) = self.append_edits(&edits) {
            // Where the disk is full nothing was named: the next attempt finds the segment in its place.
            spare.path = path;
            self.active.next = Some(spare);
            return Err(failure);
        }
        let mut segments = (*self.segments).clone();
        segments.add(Arc::clone(&reader));
        self.segments = Arc::new(segments);
        let chain = ChainHasher::new(&header.previous.2);
        self.active = Active {
            path,
            seed: Seed::segment(self.store, header.segment),
            header,
            file: spare.file,
            reader,
            end: HEADER_LEN as u64,
            capacity: spare.len,
            chain,
            ranges: BTreeMap::new(),
            unproven: false,
            next: None,
        };
        Ok(())
    }

    /// Another writer that took the folder over has begun a higher epoch (F13).
    fn check_epoch(&mut self) -> Result<(), Failure> {
        match manifest::newest(&self.world) {
            Ok(newest) if newest == Some(self.active.header.epoch) => Ok(()),
            other => Err(self.stop(&format!("another writer took the folder over: {other:?}"))),
        }
    }

    /// Makes an edit of the manifest durable; what it announces may be done then (W6).
    pub(crate) fn edit(&mut self, edit: Edit) -> Result<(), Failure> {
        self.check_running()?;
        self.check_epoch()?;
        self.append_edits(&[edit])
    }

    fn append_edits(&mut self, edits: &[Edit]) -> Result<(), Failure> {
        self.manifest.append(edits).map_err(|unwritten| match unwritten {
            Unwritten::Full(_) => Failure::Full,
            Unwritten::Doubtful(error) => self.stop(&format!("cannot write the manifest: {error}")),
        })
    }

    /// What the manifest says of the active segment when it ends.
    fn end_of_active(&self, len: u64, sealed: bool) -> End {
        let ranges = self.active.ranges.iter().map(|(subject, range)| (subject.clone(), *range));
        End {
            len,
            next_lsn: self.next_lsn,
            next_group: self.next_group,
            chain: self.active.chain.chain(),
            sealed,
            ranges: Ranges::pack(&ranges.collect::<Vec<_>>()),
        }
    }

    /// Proves the last group, gives back the room ahead, lets go of the spare.
    pub(crate) fn close(&mut self) -> Result<(), Failure> {
        self.close_mark()?;
        let end = self.active.end;
        // The length is no one's proof (W10); this only gives room back.
        // One that was sealed, whose successor could not be begun, may be mapped: it never changes.
        if !self.active.reader.is_ended() {
            let cut = self.active.file.set_len(end).and_then(|()| self.active.file.sync_all());
            if let Err(error) = cut {
                return Err(self.stop(&format!("cannot cut {}: {error}", self.active.path)));
            }
        }
        let mut edits = vec![Edit::OpenFor { nanos: self.open_nanos() }];
        // A segment without events is not kept by the next opening; any other now has a proof that
        // does not stand next to what it proves.
        if end > HEADER_LEN as u64 {
            let ended = self.end_of_active(end, self.active.reader.is_ended());
            edits.push(Edit::SegmentEnded { segment: self.active.header.segment, end: ended });
        }
        self.append_edits(&edits)?;
        for spare in [self.spare.take(), self.active.next.take()].into_iter().flatten() {
            self.discard(spare);
        }
        Ok(())
    }

    fn discard(&self, spare: Spare) {
        let path = spare.path.clone();
        drop(spare);
        if let Err(error) = self.world.disk.remove(&path) {
            tracing::warn!(%path, %error, "cannot remove a spare segment; the next opening will");
        }
    }
}
