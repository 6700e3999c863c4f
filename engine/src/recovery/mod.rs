//! What opening a folder does, in order.
//!
//! ```text
//!  lock ─► manifest ─► segments: read, check, fold ─► torn tail cut, whole tail kept
//!       ─► new segment with the tail, synced ─► new manifest, renamed ─► leftovers removed
//! ```
//!
//! What holds:
//! - Nothing that was there before is changed until the new manifest is in its place, so recovery
//!   may be cut off at any point and begun again with the same result (W9).
//! - What was proven must be there, byte for byte; else opening is refused with the damage (F2, F3).

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::disk::{self, DiskFile, Lock, RelPath, World};
use crate::error::{Error, Result};
use crate::event::{self, Event, Subject};
use crate::id::{Epoch, Lsn, SegmentId, StoreId};
use crate::log::segment::{
    self, CLOSE_LEN, ChainHasher, GROUP_LEN, Group, HEADER_LEN, Header, SEAL_LEN, Scanned,
};
use crate::log::{self, Counters, PackedFile, Segment, Segments, SpareOrder, Start, Writer, frame, packed};
use crate::manifest::{self, End, Manifest, Ranges, SegmentMeta};
use crate::options::{Durability, Options};
use crate::plant::{self, Bug};
use crate::projection::{Location, Projection};
use crate::sync::Ordering;
use crate::table::{self, TableId, Tables};

/// The epoch of a folder that no opening has written to.
const NO_EPOCH: Epoch = Epoch(0);

/// A folder read to its end.
pub(crate) struct Found {
    pub(crate) manifest: Manifest,
    pub(crate) projection: Projection,
    /// The state at the position up to which table files have all events.
    pub(crate) checkpoint: Projection,
    pub(crate) tables: Tables,
    pub(crate) segments: Segments,
    pub(crate) last_lsn: Lsn,
    /// The segment that was being written, read to its end.
    pub(crate) tail: Option<Tail>,
}

pub(crate) struct Tail {
    pub(crate) header: Header,
    content: Bytes,
    pub(crate) scanned: Scanned,
    pub(crate) ranges: BySubject,
}

impl Tail {
    /// The whole groups of which nothing shows that they are on the disk.
    fn unproven(&self) -> &[Group] {
        if plant::has(Bug::WholeTailCut) {
            return &[];
        }
        self.scanned.groups.get(self.scanned.proven..).unwrap_or_default()
    }

    /// Its subjects as a manifest names them.
    pub(crate) fn packed_ranges(&self) -> Ranges {
        let ranges = self.ranges.iter().map(|(subject, range)| (subject.clone(), *range));
        Ranges::pack(&ranges.collect::<Vec<_>>())
    }
}

/// The `run_seq` of each subject's first and last event.
pub(crate) type BySubject = BTreeMap<Subject, (u64, u64)>;

/// Reads a folder without changing a byte.
///
/// # Errors
///
/// `NoStore`, `TooNew`, `Damaged`, `Io`.
pub(crate) fn read(world: &World) -> Result<Found> {
    // A writer at work may replace a file between two of our reads, or be in the middle of a group:
    // only what is wrong three times is wrong.
    let mut attempts = 0;
    loop {
        attempts += 1;
        match read_once(world, TailUse::Show) {
            Err(Error::Damaged(_) | Error::Io { .. }) if attempts < 3 => {}
            Ok(found) if attempts < 3 && is_outdated(world, &found) => {}
            result => return result,
        }
    }
}

/// Whether table files went before they were opened, because others took their place.
fn is_outdated(world: &World, found: &Found) -> bool {
    let is_same = |now: Manifest| now.tables == found.manifest.tables;
    found.tables.all().any(|table| table.is_missing())
        && !manifest::load(world, found.manifest.epoch).is_ok_and(is_same)
}

/// What becomes of a whole last group that nothing proves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TailUse {
    /// It is folded where it stands.
    Show,
    /// It will be written again into a new segment, and is folded then.
    Move,
}

fn read_once(world: &World, tail_use: TailUse) -> Result<Found> {
    let epoch = manifest::newest(world)?.ok_or(Error::NoStore)?;
    let manifest = manifest::load(world, epoch)?;
    let tables = Tables::open(world, manifest.compacted, &manifest.tables);
    let (projection, last_lsn) = checkpoint(&manifest, &tables)?;
    let mut found = Found {
        checkpoint: projection.clone(),
        projection,
        tables,
        segments: Segments::default(),
        last_lsn,
        tail: None,
        manifest,
    };
    let mut previous = found.manifest.before;
    for meta in found.manifest.segments.clone() {
        previous = found.take_segment(world, &meta, previous, tail_use)?;
    }
    found.manifest.next_segment = unused_segment(world, &found.manifest)?;
    if let (TailUse::Show, Some(tail)) = (tail_use, &found.tail) {
        settle(world, epoch, tail)?;
    }
    Ok(found)
}

/// The state to begin from, and its position: the newest that files have, or none at all.
pub(crate) fn checkpoint(manifest: &Manifest, tables: &Tables) -> Result<(Projection, Lsn)> {
    let restored = tables.state().and_then(|state| {
        let Some((bytes, through)) = state else { return Ok((Projection::default(), Lsn(0))) };
        Ok((Projection::from_bytes(&bytes, Arc::new(tables.resting()?), through)?, through))
    });
    match restored {
        // The log has it all, so the state is folded anew (F4).
        Err(Error::Damaged(damage)) if manifest.before.0 == 0 => {
            tracing::warn!(
                what = damage.what,
                "the stored state is damaged; the log is read from its beginning"
            );
            Ok((Projection::default(), Lsn(0)))
        }
        // Else files of events do.
        Err(Error::Damaged(damage)) => match Projection::of_events(tables) {
            Ok(state) => {
                tracing::warn!(what = damage.what, "the stored state is damaged; it is folded of all events");
                Ok((state, tables.through))
            }
            Err(_) => Err(Error::Damaged(damage)),
        },
        restored => restored,
    }
}

/// Makes last what is about to be shown and may be in the page cache alone, since its writer was
/// killed: what was once shown never vanishes (D5). Changes no byte.
fn settle(world: &World, epoch: Epoch, tail: &Tail) -> Result<()> {
    if tail.unproven().is_empty() || plant::has(Bug::CacheShown) {
        return Ok(());
    }
    let path = segment::path(tail.header.segment);
    let manifest = manifest::path(epoch);
    let io = |source: std::io::Error| Error::Io { doing: "sync", path: path.clone(), source };
    for folder in [&manifest, &path].map(RelPath::parent) {
        world.disk.sync_dir(&folder).map_err(io)?;
    }
    world.disk.open(&manifest, false).and_then(|file| file.settle()).map_err(io)?;
    let file = world.disk.open(&path, false).map_err(io)?;
    file.settle().map_err(io)?;
    // Of a failed sync the cache had shown what the disk has not.
    let shown = tail.content.get(tail.scanned.proven_end..tail.scanned.end).unwrap_or_default();
    let mut lasting = vec![0; shown.len()];
    disk::read_up_to(&*file, tail.scanned.proven_end as u64, &mut lasting).map_err(io)?;
    if lasting == shown {
        return Ok(());
    }
    Err(Error::damaged(format!("the end of {path} changes while it is read")))
}

impl Found {
    /// Reads a segment and folds its events; gives what its successor's header must say of it.
    fn take_segment(
        &mut self,
        world: &World,
        meta: &SegmentMeta,
        previous: (u64, u64, segment::Chain),
        tail_use: TailUse,
    ) -> Result<(u64, u64, segment::Chain)> {
        let store = self.manifest.store;
        let told = |error| with_tables(with_runs(error, meta), meta, self.manifest.compacted);
        // Only a writer beside us, not one that opens the folder, can have packed it meanwhile.
        let meta = &match tail_use {
            TailUse::Show => log::as_it_stands(world, meta)?,
            TailUse::Move => meta.clone(),
        };
        let reader = Arc::new(open_reader(world, store, meta).map_err(told)?);
        if let Some(end) = meta.end.as_ref().filter(|end| end.next_lsn <= self.last_lsn.advance(1)) {
            // What stands in it is in the checkpoint.
            self.segments.add(reader);
            return Ok((meta.id.0, end.len, end.chain));
        }
        let content = content_of(world, store, meta).map_err(told)?;
        let (header, scanned) = check_segment(&content, meta, store, previous).map_err(told)?;
        self.segments.add(Arc::clone(&reader));
        let moved = meta.end.is_none() && tail_use == TailUse::Move;
        let kept = if moved { scanned.proven } else { scanned.groups.len() };
        let content = Bytes::from(content);
        let mut ranges = BySubject::new();
        for group in scanned.groups.iter().take(kept) {
            self.fold(&content, group, |at| at, meta.id, &mut ranges)?;
        }
        let link = match &meta.end {
            Some(end) => (meta.id.0, end.len, end.chain),
            None => (meta.id.0, scanned.proven_end as u64, scanned.proven_chain),
        };
        if meta.end.is_none() {
            if moved {
                let next = scanned.groups.get(kept).map_or(scanned.next_lsn, Group::first_lsn);
                reader.end(scanned.proven_end as u64, next);
            }
            self.tail = Some(Tail { header, content, scanned, ranges });
        }
        Ok(link)
    }

    /// Folds the events of a group; `moved` gives the place in `segment` of a frame.
    fn fold(
        &mut self,
        content: &Bytes,
        group: &Group,
        moved: impl Fn(u64) -> u64,
        segment: SegmentId,
        ranges: &mut BySubject,
    ) -> Result<()> {
        for frame in &group.events {
            let event = event_at(content, frame, segment)?;
            let seq = frame.run_seq;
            if frame.lsn > self.last_lsn {
                apply(&mut self.projection, &event, frame, segment, moved(frame.offset as u64))?;
                if frame.lsn == self.manifest.compacted {
                    self.checkpoint = self.projection.clone();
                }
            }
            ranges.entry(event.subject).and_modify(|(_, last)| *last = seq).or_insert((seq, seq));
            self.last_lsn = self.last_lsn.max(frame.lsn);
        }
        Ok(())
    }
}

/// A segment open for reading.
fn open_reader(world: &World, store: StoreId, meta: &SegmentMeta) -> Result<Segment> {
    open_file(world, store, meta).map_err(|error| match error {
        Error::Io { path, source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Error::damaged(format!("segment {} is missing: there is no {path}", meta.id))
        }
        error => error,
    })
}

fn open_file(world: &World, store: StoreId, meta: &SegmentMeta) -> Result<Segment> {
    if let (Some(end), Some(packed)) = (&meta.end, meta.packed) {
        return Segment::open_packed(&*world.disk, store, (meta.id, meta.first_lsn), end, packed);
    }
    let reader = Segment::open(&*world.disk, store, meta.id, meta.first_lsn)?;
    if let Some(end) = &meta.end {
        reader.end(end.len, end.next_lsn);
    }
    Ok(reader)
}

/// A segment's header and frames, checked against what the manifest says of it.
pub(crate) fn check_segment(
    content: &[u8],
    meta: &SegmentMeta,
    store: StoreId,
    previous: (u64, u64, segment::Chain),
) -> Result<(Header, Scanned)> {
    let path = segment::path(meta.id);
    let header = Header::read(content, &path).map_err(|error| with_runs(error, meta))?;
    let expected = (store, meta.id, meta.first_lsn, meta.first_group, previous);
    if (header.store, header.segment, header.first_lsn, header.first_group, header.previous) != expected {
        return Err(with_runs(Error::damaged(format!("the header of {path} is another segment's")), meta));
    }
    let scanned = segment::scan(content, &header).map_err(|error| with_runs(error, meta))?;
    if let Some(end) = &meta.end {
        check_end(&scanned, end, meta)?;
    }
    Ok((header, scanned))
}

/// Folds the event of a frame, which from now on stands at `offset` of `segment`.
pub(crate) fn apply(
    projection: &mut Projection,
    event: &Event,
    frame: &segment::Found,
    segment: SegmentId,
    offset: u64,
) -> Result<()> {
    let location = Location { segment, offset, len: frame.body_len };
    projection.wake(&event.subject)?;
    let seq = projection.apply(frame.lsn, location, event).map_err(|error| {
        Error::damaged(format!(
            "segment {segment} holds at byte {} an impossible event: {error}",
            frame.offset
        ))
    })?;
    if seq == frame.run_seq {
        return Ok(());
    }
    Err(Error::damaged(format!(
        "segment {segment} holds at byte {} event {} of its subject where {seq} belongs",
        frame.offset, frame.run_seq
    )))
}

/// The event of a frame.
pub(crate) fn event_at(content: &Bytes, frame: &segment::Found, segment: SegmentId) -> Result<Event> {
    let start = frame.offset + frame::HEADER_LEN;
    decode(&content.slice(start..start + frame.body_len as usize), segment, frame.offset)
}

fn decode(body: &Bytes, segment: SegmentId, offset: usize) -> Result<Event> {
    event::decode(body).map_err(|error| match error {
        // The checksum is right, so a later release wrote it.
        event::CodecError::Unknown { .. } => Error::TooNew {
            path: segment::path(segment),
            found: segment::FORMAT + 1,
            supported: segment::FORMAT,
        },
        error => Error::damaged(format!("segment {segment} holds at byte {offset} no event: {error}")),
    })
}

/// A segment's bytes, up to where the manifest says that it ends.
pub(crate) fn content_of(world: &World, store: StoreId, meta: &SegmentMeta) -> Result<Vec<u8>> {
    if let (Some(end), Some(packed)) = (&meta.end, meta.packed) {
        return PackedFile::open(&*world.disk, store, meta.id, packed)?.read_all(end.len);
    }
    let path = segment::path(meta.id);
    let io = |doing| {
        let path = path.clone();
        move |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => {
                Error::damaged(format!("segment {} is missing: there is no {path}", meta.id))
            }
            _ => Error::Io { doing, path, source },
        }
    };
    let file = world.disk.open(&path, false).map_err(io("open"))?;
    let len = match &meta.end {
        Some(end) => end.len,
        None => {
            // Pages of a failed sync may look clean and hold what the disk does not (F7).
            file.drop_cache().map_err(io("drop the cache of"))?;
            file.len().map_err(io("measure"))?
        }
    };
    let mut content = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    let read = disk::read_up_to(&*file, 0, &mut content).map_err(io("read"))?;
    if read < content.len() {
        return Err(Error::damaged(format!("segment {} ends at byte {read}, not at {len}", meta.id)));
    }
    Ok(content)
}

fn check_end(scanned: &Scanned, end: &End, meta: &SegmentMeta) -> Result<()> {
    let found = (scanned.end as u64, scanned.next_lsn, scanned.next_group, scanned.sealed, scanned.end_chain);
    if found == (end.len, end.next_lsn, end.next_group, end.sealed, end.chain) {
        return Ok(());
    }
    let what = format!(
        "segment {} is damaged at byte {}: its frames are not those it ended with",
        meta.id, scanned.end
    );
    Err(with_runs(Error::damaged(what), meta))
}

/// Adds to damage the runs that have events in the segment, as its last edit named them.
pub(crate) fn with_runs(error: Error, meta: &SegmentMeta) -> Error {
    match (error, &meta.end) {
        (Error::Damaged(mut damage), Some(end)) => {
            let last = Lsn(end.next_lsn.0.saturating_sub(1));
            damage.segment = Some(meta.id);
            damage.lsns = damage.lsns.or(Some((meta.first_lsn, last)));
            damage.runs = end
                .ranges
                .unpack()
                .into_iter()
                .filter_map(|(subject, (first, last))| match subject {
                    Subject::Run(key) => Some((key.to_string(), first, last)),
                    _ => None,
                })
                .collect();
            Error::Damaged(damage)
        }
        (Error::Damaged(mut damage), None) => {
            damage.segment = Some(meta.id);
            damage.lsns = damage.lsns.or(Some((meta.first_lsn, meta.first_lsn)));
            Error::Damaged(damage)
        }
        (error, _) => error,
    }
}

/// Says of damage to a packed segment that its rows are not lost with it, where that is so: the log is
/// damaged all the same (F3).
pub(crate) fn with_tables(error: Error, meta: &SegmentMeta, compacted: Lsn) -> Error {
    match error {
        Error::Damaged(mut damage)
            if meta.packed.is_some() && meta.last_lsn().is_some_and(|last| last <= compacted) =>
        {
            damage.what.push_str("; table files hold its rows too");
            Error::Damaged(damage)
        }
        error => error,
    }
}

/// A folder opened for writing.
pub(crate) struct Opened {
    pub(crate) writer: Writer,
    pub(crate) projection: Projection,
    pub(crate) checkpoint: Projection,
    pub(crate) tables: Tables,
    /// The live files as the new manifest names them.
    pub(crate) manifest: Manifest,
}

/// Opens a folder for writing, making it if it is missing. The caller holds the lock.
///
/// # Errors
///
/// `TooNew`, `Damaged`, `DiskFull`, `Io`.
pub(crate) fn open(
    world: &World,
    options: &Options,
    lock: &dyn Lock,
    counters: Arc<Counters>,
) -> Result<Opened> {
    let started = world.clock.mono();
    let found = match manifest::newest(world)? {
        Some(_) => {
            // A process that was killed may have left names that only the cache knows.
            for folder in ["manifest", "log"] {
                let path = RelPath::of(folder);
                let synced = world.disk.sync_dir(&path);
                synced.map_err(|source| Error::Io { doing: "sync", path, source })?;
            }
            read_once(world, TailUse::Move)?
        }
        None => fresh(world)?,
    };
    // A folder that cannot be opened is left as it is, to the byte.
    lock.announce(&options.holder).map_err(|source| Error::Io {
        doing: "write to",
        path: RelPath::of("LOCK"),
        source,
    })?;
    let opened = go_on(world, options, found, Arc::clone(&counters))?;
    let nanos = world.clock.mono().saturating_sub(started);
    counters.recovery_nanos.store(nanos, Ordering::Relaxed);
    Ok(opened)
}

/// What is found in a folder without a store: nothing, unless a manifest was lost (F5).
fn fresh(world: &World) -> Result<Found> {
    let mut store = [0; 16];
    let drawn = world.entropy.fill(&mut store);
    drawn.map_err(|source| Error::Io { doing: "draw an identity for", path: RelPath::root(), source })?;
    let manifest = Manifest::new(StoreId(store));
    let next_segment = unused_segment(world, &manifest)?;
    Ok(Found {
        manifest: Manifest { next_segment, ..manifest },
        projection: Projection::default(),
        checkpoint: Projection::default(),
        tables: Tables::default(),
        segments: Segments::default(),
        last_lsn: Lsn(0),
        tail: None,
    })
}

/// Begins a new segment in a new epoch, with the whole tail of the old one in it.
fn go_on(world: &World, options: &Options, mut found: Found, counters: Arc<Counters>) -> Result<Opened> {
    let mut manifest = found.manifest.clone();
    manifest.epoch = Epoch(manifest.epoch.0 + 1);
    let tail = found.tail.take();
    if let Some(tail) = &tail {
        end_last(&mut manifest, tail);
        counters.recovery_cut_bytes.store(tail.scanned.cut as u64, Ordering::Relaxed);
        if tail.scanned.cut > 0 {
            tracing::info!(
                bytes = tail.scanned.cut,
                segment = tail.header.segment.0,
                "a torn group at the end of the log was cut; it was never acknowledged"
            );
        }
    }
    let unproven = tail.as_ref().map_or(&[][..], Tail::unproven);
    let ends = manifest.segments.last().and_then(|meta| Some((meta, meta.end.as_ref()?)));
    let header = Header {
        store: manifest.store,
        epoch: manifest.epoch,
        segment: manifest.next_segment,
        first_lsn: unproven.first().map_or(found.last_lsn.advance(1), Group::first_lsn),
        first_group: match (unproven.first(), &tail, ends) {
            (Some(group), _, _) => group.number,
            (None, Some(tail), _) => tail.scanned.next_group,
            (None, None, Some((_, end))) => end.next_group,
            (None, None, None) => 1,
        },
        synced: options.durability == Durability::Sync,
        previous: ends.map_or(manifest.before, |(meta, end)| (meta.id.0, end.len, end.chain)),
    };
    manifest.segments.push(SegmentMeta::of(&header));
    manifest.next_segment = SegmentId(header.segment.0 + 1);

    let moved = Moved::new(tail.as_ref().map_or(&[], |tail| &tail.content), unproven, &header);
    let (file, capacity) = begin_segment(world, options, &header, &moved)?;
    if plant::has(Bug::RemovedTooSoon) {
        remove_leftovers(world, &manifest)?;
    }
    let writer = manifest::Writer::create(world, &manifest)?;
    remove_leftovers(world, &manifest)?;

    let mut ranges = BySubject::new();
    if let (Some(tail), Some(first)) = (&tail, unproven.first()) {
        let shift = |offset: u64| HEADER_LEN as u64 + (offset - first.start as u64);
        for group in unproven {
            found.fold(&tail.content, group, shift, header.segment, &mut ranges)?;
        }
    }
    let next_group = header.first_group + unproven.len() as u64;
    let live: std::collections::BTreeSet<SegmentId> = manifest.segments.iter().map(|meta| meta.id).collect();
    found.segments.keep(|id| live.contains(&id));
    let writer = Writer::new(Start {
        world: world.clone(),
        options: options.clone(),
        store: manifest.store,
        manifest: writer,
        header,
        file,
        capacity,
        end: HEADER_LEN as u64 + moved.bytes.len() as u64,
        chain: moved.chain,
        ranges,
        next_lsn: found.last_lsn.advance(1),
        next_group,
        segments: found.segments,
        counters,
    })?;
    Ok(Opened {
        writer,
        projection: found.projection,
        checkpoint: found.checkpoint,
        tables: found.tables,
        manifest,
    })
}

/// Ends the segment that was being written behind its last proven frame; one that holds no events
/// is not kept.
fn end_last(manifest: &mut Manifest, tail: &Tail) {
    let scanned = &tail.scanned;
    if scanned.proven == 0 {
        manifest.segments.pop();
        return;
    }
    let unproven = tail.unproven().first();
    if let Some(last) = manifest.segments.last_mut() {
        last.end = Some(End {
            len: scanned.proven_end as u64,
            next_lsn: unproven.map_or(scanned.next_lsn, Group::first_lsn),
            next_group: unproven.map_or(scanned.next_group, |group| group.number),
            chain: scanned.proven_chain,
            // The seal, if there is one, may not be on the disk.
            sealed: false,
            ranges: tail.packed_ranges(),
        });
    }
}

/// Groups laid out anew at the beginning of another segment.
struct Moved {
    bytes: Vec<u8>,
    chain: ChainHasher,
}

impl Moved {
    /// The groups touch: no mark stands behind the first unproven one.
    fn new(content: &[u8], groups: &[Group], header: &Header) -> Self {
        let start = groups.first().map_or(0, |group| group.start);
        let end = groups.last().map_or(start, |group| group.end);
        let mut bytes = content.get(start..end).unwrap_or_default().to_vec();
        let seed = frame::Seed::segment(header.store, header.segment);
        let mut chain = ChainHasher::new(&header.previous.2);
        for group in groups {
            let mut fill = |from: usize, len: usize, lsn: Lsn, run_seq: u64| {
                let from = from - start;
                if let Some(frame) = bytes.get_mut(from..from + len) {
                    let offset = (HEADER_LEN + from) as u64;
                    chain.add(frame::fill(frame, seed, offset, lsn.0, run_seq, group.number));
                }
            };
            fill(group.start, GROUP_LEN, group.first_lsn(), 0);
            for event in &group.events {
                fill(event.offset, frame::HEADER_LEN + event.body_len as usize, event.lsn, event.run_seq);
            }
        }
        Self { bytes, chain }
    }
}

/// Segments that were begun and that no manifest names: a roll or an opening was cut off.
///
/// Of a roll nothing stands in its segment: groups are written once the manifest names it. One with
/// groups shows that an edit of the manifest is missing (F5). An opening copies the unproven tail
/// into its segment before its manifest stands; as long as the manifest of the epoch before is
/// there, that opening never ended and nothing was acknowledged in its epoch.
fn unused_segment(world: &World, manifest: &Manifest) -> Result<SegmentId> {
    let folder = RelPath::of("log");
    let names =
        world.disk.list(&folder).map_err(|source| Error::Io { doing: "list", path: folder, source })?;
    let mut unused = manifest.next_segment;
    // A segment is packed long after a manifest named it.
    let later = |name: &&String| packed::id_of(name).is_some_and(|id| id >= manifest.next_segment);
    if let Some(name) = names.iter().find(later) {
        return Err(Error::damaged(format!("log/{name} holds events, but no manifest names it")));
    }
    for id in names.iter().filter_map(|name| segment::id_of(name)).filter(|id| *id >= manifest.next_segment) {
        let path = segment::path(id);
        let meta = SegmentMeta { id, first_lsn: Lsn(0), first_group: 0, end: None, packed: None };
        let content = content_of(world, manifest.store, &meta)?;
        // A header is synced before the segment gets its name.
        let is_leftover = match Header::read(&content, &path) {
            Ok(header) if manifest.epoch > NO_EPOCH && header.epoch > manifest.epoch => true,
            Ok(header) => segment::scan(&content, &header)?.groups.is_empty(),
            Err(_) => content.iter().all(|&byte| byte == 0),
        };
        if !is_leftover {
            return Err(Error::damaged(format!("{path} holds events, but no manifest names it")));
        }
        unused = unused.max(SegmentId(id.0 + 1));
    }
    Ok(unused)
}

/// Makes the segment's file, synced and in its place; not yet named by a manifest.
fn begin_segment(
    world: &World,
    options: &Options,
    header: &Header,
    moved: &Moved,
) -> Result<(Box<dyn DiskFile>, u64)> {
    let path = segment::path(header.segment);
    let tmp = RelPath::of(&format!("tmp/{}", path.name()));
    let least = HEADER_LEN + moved.bytes.len() + CLOSE_LEN + SEAL_LEN;
    let len = options.segment_bytes_min.max(least as u64);
    let io = |source: std::io::Error| Error::Io { doing: "begin", path: path.clone(), source };
    let mut file = SpareOrder { path: tmp.clone(), len }.make(world).map_err(io)?.into_file();
    disk::write_all_at(&mut *file, 0, &header.write()).map_err(io)?;
    disk::write_all_at(&mut *file, HEADER_LEN as u64, &moved.bytes).map_err(io)?;
    file.sync_all().map_err(io)?;
    world.disk.rename(&tmp, &path).map_err(io)?;
    world.disk.sync_dir(&tmp.parent()).map_err(io)?;
    world.disk.sync_dir(&path.parent()).map_err(io)?;
    Ok((file, len))
}

/// Removes what no manifest names any more: `tmp/`, older manifests, dropped segments (W7). A file
/// that is none of ours is left alone and reported.
fn remove_leftovers(world: &World, manifest: &Manifest) -> Result<()> {
    let is_live_table = |id: TableId| manifest.tables.iter().any(|table| table.id == id);
    let leftover = |folder: &str, name: &str| match folder {
        "tmp" => true,
        "manifest" => manifest::epoch_of(name).is_some_and(|epoch| epoch < manifest.epoch),
        // One that was dropped, or that was made and never named.
        table::FOLDER => table::id_of(name).is_some_and(|id| !is_live_table(id)),
        // One that was dropped or packed, or whose packing was cut off.
        _ => segment::id_of(name)
            .or_else(|| packed::id_of(name))
            .is_some_and(|id| !manifest.names_in_log(name) && id < manifest.next_segment),
    };
    let known = |folder: &str, name: &str| match folder {
        "manifest" => manifest::epoch_of(name) == Some(manifest.epoch),
        table::FOLDER => table::id_of(name).is_some_and(is_live_table),
        _ => manifest.names_in_log(name),
    };
    for folder in ["tmp", "manifest", "log", table::FOLDER] {
        let path = RelPath::of(folder);
        let io = |doing, path: &RelPath| {
            let path = path.clone();
            move |source| Error::Io { doing, path, source }
        };
        let mut removed = false;
        for name in world.disk.list(&path).map_err(io("list", &path))? {
            match path.join(&name) {
                Ok(file) if leftover(folder, &name) => {
                    world.disk.remove(&file).map_err(io("remove", &file))?;
                    removed = true;
                }
                _ if known(folder, &name) => {}
                _ => tracing::warn!(folder, name, "a file that is none of the store's is left alone"),
            }
        }
        if removed {
            world.disk.sync_dir(&path).map_err(io("sync", &path))?;
        }
    }
    Ok(())
}
