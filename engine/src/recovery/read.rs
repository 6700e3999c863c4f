//! Reads a folder to its end without changing a byte.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::begin::unused_segment;
use super::missing::Missing;
use super::segments::{apply, check_segment, content_of, event_at, open_reader, with_runs, with_tables};
use crate::disk::{self, RelPath, World};
use crate::error::{Error, Result};
use crate::event::{Body, Event, ProjectCreated, Subject};
use crate::id::{Epoch, Lsn, SegmentId};
use crate::log::segment::{self, Group, Header, Scanned};
use crate::log::{self, Segments, salvage};
use crate::manifest::{self, End, Manifest, Ranges, SegmentMeta};
use crate::plant::{self, Bug};
use crate::projection::{Location, Projection};
use crate::table::Tables;

/// A folder read to its end.
pub(crate) struct Found {
    pub(crate) manifest: Manifest,
    pub(crate) projection: Projection,
    /// The state at the position up to which table files have all events.
    pub(crate) checkpoint: Projection,
    pub(crate) tables: Tables,
    pub(crate) segments: Segments,
    pub(crate) last_lsn: Lsn,
    /// What is lost.
    pub(super) missing: Missing,
    /// The segment that was being written, read to its end.
    pub(crate) tail: Option<Tail>,
}

pub(crate) struct Tail {
    pub(crate) header: Header,
    pub(super) content: Bytes,
    pub(crate) scanned: Scanned,
    pub(crate) ranges: BySubject,
}

impl Tail {
    /// The whole groups of which nothing shows that they are on the disk.
    pub(super) fn unproven(&self) -> &[Group] {
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
        match read_once(world, Use::Show) {
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

/// What a folder is read for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// To be shown as it stands.
    Show,
    /// To be written to: a whole last group that nothing proves will be written again into a new segment, and
    /// is folded then.
    Write {
        /// Also where events of runs are lost.
        damaged: bool,
    },
}

pub(super) fn read_once(world: &World, used: Use) -> Result<Found> {
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
        missing: Missing::default(),
        tail: None,
        manifest,
    };
    let mut previous = found.manifest.before;
    for meta in found.manifest.segments.clone() {
        previous = found.take_segment(world, &meta, previous, used)?;
    }
    found.manifest.next_segment = unused_segment(world, &found.manifest)?;
    if let (Use::Show, Some(tail)) = (used, &found.tail) {
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
        used: Use,
    ) -> Result<(u64, u64, segment::Chain)> {
        let taken = self.take_sound(world, meta, previous, used);
        match (taken, &meta.end) {
            // Of a segment that did not end nothing says whose events it lost.
            (Err(Error::Damaged(_) | Error::Io { .. }), Some(end))
                if used == (Use::Write { damaged: true }) =>
            {
                self.take_damaged(world, meta, end)?;
                Ok((meta.id.0, end.len, end.chain))
            }
            (taken, _) => taken,
        }
    }

    fn take_sound(
        &mut self,
        world: &World,
        meta: &SegmentMeta,
        previous: (u64, u64, segment::Chain),
        used: Use,
    ) -> Result<(u64, u64, segment::Chain)> {
        let store = self.manifest.store;
        let told = |error| with_tables(with_runs(error, meta), meta, self.manifest.compacted);
        // Only a writer beside us, not one that opens the folder, can have packed it meanwhile.
        let meta = &if used == Use::Show { log::as_it_stands(world, meta)? } else { meta.clone() };
        let reader = Arc::new(open_reader(world, store, meta).map_err(told)?);
        if let Some(end) = meta.end.as_ref().filter(|end| end.next_lsn <= self.last_lsn.advance(1)) {
            // What stands in it is in the checkpoint.
            self.segments.add(reader);
            return Ok((meta.id.0, end.len, end.chain));
        }
        let content = content_of(world, store, meta).map_err(told)?;
        let (header, scanned) = check_segment(&content, meta, store, previous).map_err(told)?;
        self.segments.add(Arc::clone(&reader));
        let moved = meta.end.is_none() && used != Use::Show;
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

    /// Folds what a damaged segment still holds of runs that lack none of its events.
    fn take_damaged(&mut self, world: &World, meta: &SegmentMeta, end: &End) -> Result<()> {
        let store = self.manifest.store;
        if let Ok(reader) = open_reader(world, store, meta) {
            self.segments.add(Arc::new(reader));
        }
        if end.next_lsn <= self.last_lsn.advance(1) {
            tracing::warn!(segment = meta.id.0, "a segment is damaged whose events table files have");
            return Ok(());
        }
        let end_len = usize::try_from(end.len).unwrap_or(usize::MAX);
        let content = salvage::content(world, &meta.path()).unwrap_or_default();
        let content = content.slice(..end_len.min(content.len()));
        let header = Header::read(&content, &meta.path()).ok();
        let found = salvage::events(&content, meta.id, header.as_ref(), store);
        self.missing.note_segment(meta, &found, &self.projection, self.last_lsn)?;
        for (frame, event) in found.iter().filter(|(frame, _)| frame.lsn < end.next_lsn) {
            self.take(event, frame, meta.id, frame.offset as u64)?;
        }
        self.last_lsn = self.last_lsn.max(Lsn(end.next_lsn.0.saturating_sub(1)));
        Ok(())
    }

    /// Folds an event, unless its subject lacks one before it.
    fn take(&mut self, event: &Event, frame: &segment::Found, segment: SegmentId, offset: u64) -> Result<()> {
        if frame.lsn <= self.last_lsn || self.missing.hides(&event.subject, frame.run_seq) {
            return Ok(());
        }
        if self.missing.is_empty() {
            return apply(&mut self.projection, event, frame, segment, offset);
        }
        self.make_up_project(event, frame)?;
        let before = self.projection.clone();
        match apply(&mut self.projection, event, frame, segment, offset) {
            // The beginning of the run before it is lost.
            Err(Error::Damaged(_)) if event.subject != Subject::Store => {
                self.projection = before;
                self.missing.note(event.subject.clone(), (frame.run_seq, frame.run_seq));
                Ok(())
            }
            taken => taken,
        }
    }

    /// Makes a project again whose beginning is lost: its runs are not.
    fn make_up_project(&mut self, event: &Event, frame: &segment::Found) -> Result<()> {
        let Some(run) = event.run().filter(|run| !self.projection.projects.contains_key(&run.project)) else {
            return Ok(());
        };
        let body = Body::ProjectCreated(ProjectCreated { description: "".into() });
        let made_up = Event { subject: run.project.clone().into(), body, ..event.clone() };
        let nowhere = Location { segment: SegmentId(0), offset: 0, len: 0 };
        let made = self.projection.apply(frame.lsn, nowhere, &made_up);
        made.map(|_| ()).map_err(|error| Error::damaged(error.to_string()))
    }

    /// Marks the runs that lack events, once all is folded, and tells readers of the log.
    pub(super) fn mark_missing(&mut self) -> Result<()> {
        if self.missing.is_empty() {
            return Ok(());
        }
        for (key, range) in self.missing.runs() {
            self.projection.mark_missing(key, range)?;
        }
        tracing::warn!(missing = %self.missing, "a damaged log was opened all the same");
        self.segments.set_missing(self.missing.clone());
        Ok(())
    }

    /// Folds the events of a group; `moved` gives the place in `segment` of a frame.
    pub(super) fn fold(
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
                self.take(&event, frame, segment, moved(frame.offset as u64))?;
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
