//! Segments as the manifest names them: opened, read whole, checked, folded event by event.

use bytes::Bytes;

use crate::disk::{self, World};
use crate::error::{Error, Result};
use crate::event::{self, Event, Subject};
use crate::id::{Lsn, SegmentId, StoreId};
use crate::log::segment::{self, Header, Scanned};
use crate::log::{PackedFile, Segment, frame};
use crate::manifest::{End, SegmentMeta};
use crate::projection::{Location, Projection};

/// A segment open for reading.
pub(super) fn open_reader(world: &World, store: StoreId, meta: &SegmentMeta) -> Result<Segment> {
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
