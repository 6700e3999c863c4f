//! Reading events back from the log, every checksum checked (D6).

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use imbl::OrdMap;

use super::frame::{self, Seed};
use super::packing::PackedFile;
use super::segment;
use crate::disk::{self, Disk, DiskFile, RelPath};
use crate::error::{Damage, Error, Result};
use crate::event::{self, Event};
use crate::id::{Lsn, SegmentId, StoreId};
use crate::manifest::{End, Packed};
use crate::projection::Location;
use crate::recovery::Missing;
use crate::snapshot::SegmentInfo;

/// The segments that a snapshot may read, by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Segments {
    by_id: OrdMap<SegmentId, Arc<Segment>>,
    missing: Arc<Missing>,
}

/// A segment open for reading.
#[derive(Debug)]
pub(crate) struct Segment {
    id: SegmentId,
    path: RelPath,
    first_lsn: Lsn,
    seed: Seed,
    content: Content,
    /// Set once it will never change again: its bytes and the position after its last event.
    ended: OnceLock<(u64, Lsn)>,
}

/// Where a segment's bytes are.
#[derive(Debug)]
enum Content {
    Plain { file: Box<dyn DiskFile>, mapped: OnceLock<Bytes> },
    Packed { file: PackedFile, bytes: u64 },
}

impl Segment {
    pub(crate) fn open(disk: &dyn Disk, store: StoreId, id: SegmentId, first_lsn: Lsn) -> Result<Self> {
        let path = segment::path(id);
        let file = disk.open(&path, false).map_err(|source| Error::Io {
            doing: "open",
            path: path.clone(),
            source,
        })?;
        let seed = Seed::segment(store, id);
        let content = Content::Plain { file, mapped: OnceLock::new() };
        Ok(Self { id, path, first_lsn, seed, content, ended: OnceLock::new() })
    }

    /// Opens the packed file of a segment that ended.
    pub(crate) fn open_packed(
        disk: &dyn Disk,
        store: StoreId,
        (id, first_lsn): (SegmentId, Lsn),
        end: &End,
        packed: Packed,
    ) -> Result<Self> {
        let file = PackedFile::open(disk, store, id, packed)?;
        let content = Content::Packed { file, bytes: packed.bytes };
        let (path, seed) = (segment::path(id), Seed::segment(store, id));
        let ended = OnceLock::from((end.len, end.next_lsn));
        Ok(Self { id, path, first_lsn, seed, content, ended })
    }

    /// Notes that the segment ends at `len` and that the next event is `next_lsn`.
    pub(crate) fn end(&self, len: u64, next_lsn: Lsn) {
        let _already_known = self.ended.set((len, next_lsn));
    }

    /// Whether the segment will never change again.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended.get().is_some()
    }

    fn io(&self, source: std::io::Error) -> Error {
        Error::Io { doing: "read", path: self.path.clone(), source }
    }

    /// `len` bytes from `offset` on, fewer where the file ends.
    fn read(&self, offset: u64, len: usize) -> Result<Bytes> {
        let (file, mapped) = match &self.content {
            Content::Plain { file, mapped } => (file, mapped),
            Content::Packed { file, .. } => return file.read(offset, len),
        };
        if let Some(&(end, _)) = self.ended.get() {
            let mapped = match mapped.get() {
                Some(mapped) => mapped,
                None => {
                    let whole = file.map().map_err(|error| self.io(error))?;
                    mapped.get_or_init(|| whole)
                }
            };
            let end = usize::try_from(end).unwrap_or(usize::MAX).min(mapped.len());
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(end);
            return Ok(mapped.slice(from..from.saturating_add(len).min(end)));
        }
        let rest = file.len().map_err(|error| self.io(error))?.saturating_sub(offset);
        let mut bytes = vec![0; len.min(usize::try_from(rest).unwrap_or(usize::MAX))];
        let read = disk::read_up_to(&**file, offset, &mut bytes).map_err(|error| self.io(error))?;
        bytes.truncate(read);
        Ok(bytes.into())
    }

    /// Bytes of its file that hold events.
    fn bytes(&self) -> u64 {
        match (&self.content, self.ended.get()) {
            (_, Some((len, _))) => *len,
            (Content::Plain { file, .. }, None) => file.len().unwrap_or(0),
            (Content::Packed { bytes, .. }, None) => *bytes,
        }
    }

    /// Bytes of the packed file; none where it is not packed.
    fn packed_bytes(&self) -> Option<u64> {
        match &self.content {
            Content::Plain { .. } => None,
            Content::Packed { bytes, .. } => Some(*bytes),
        }
    }

    fn damaged(&self, offset: u64, lsn: Lsn, why: &dyn std::fmt::Display) -> Error {
        Error::Damaged(Box::new(Damage {
            what: format!("segment {} is damaged at byte {offset}: {why}", self.id),
            segment: Some(self.id),
            offset: Some(offset),
            lsns: Some((lsn, lsn)),
            runs: Vec::new(),
            is_derived: false,
        }))
    }
}

impl Segments {
    pub(crate) fn add(&mut self, segment: Arc<Segment>) {
        self.by_id.insert(segment.id, segment);
    }

    /// Forgets the segments for which `wanted` does not hold.
    pub(crate) fn keep(&mut self, wanted: impl Fn(SegmentId) -> bool) {
        self.by_id = std::mem::take(&mut self.by_id).into_iter().filter(|(id, _)| wanted(*id)).collect();
    }

    /// The event whose frame stands at `location`, which must be at `lsn`.
    pub(crate) fn event(&self, location: Location, lsn: Lsn) -> Result<Event> {
        let segment = self
            .by_id
            .get(&location.segment)
            .ok_or_else(|| Error::damaged(format!("segment {} is missing", location.segment)))?;
        let damaged = |why: &dyn std::fmt::Display| segment.damaged(location.offset, lsn, why);
        let bytes = segment.read(location.offset, frame::HEADER_LEN + location.len as usize)?;
        let frame = frame::parse(&bytes, segment.seed, location.offset).map_err(|error| damaged(&error))?;
        if frame.lsn != lsn.0 {
            return Err(damaged(&"another event stands there"));
        }
        event::decode(&bytes.slice(frame::HEADER_LEN..frame.len())).map_err(|error| damaged(&error))
    }

    /// What is lost of the log.
    pub(crate) fn missing(&self) -> &Arc<Missing> {
        &self.missing
    }

    /// Says what is lost.
    pub(crate) fn set_missing(&mut self, missing: Missing) {
        self.missing = Arc::new(missing);
    }

    /// The events from `from` to `to`, both included, in order; an error where one of them is lost.
    pub(crate) fn events(
        segments: Arc<Self>,
        from: Lsn,
        to: Lsn,
    ) -> impl Iterator<Item = Result<Located>> + use<> {
        let wanted: Vec<Arc<Segment>> = segments
            .by_id
            .values()
            .filter(|segment| {
                segment.ended.get().is_none_or(|(_, next)| *next > from) && segment.first_lsn <= to
            })
            .cloned()
            .collect();
        let mut done = from > to;
        let whole = if done { Ok(()) } else { segments.missing.check_positions(from, to) };
        let walks = wanted.into_iter().flat_map(Walk::new);
        whole
            .err()
            .map(Err)
            .into_iter()
            .chain(walks)
            .filter(move |event| !matches!(event, Ok(event) if event.lsn < from))
            .map_while(move |event| {
                if done {
                    return None;
                }
                done = event.as_ref().map_or(true, |event| event.lsn >= to);
                Some(event)
            })
    }

    /// What there is, for people.
    pub(crate) fn infos(&self, durable: Lsn) -> Vec<SegmentInfo> {
        let mut infos: Vec<SegmentInfo> = Vec::new();
        let mut next = durable.advance(1);
        for segment in self.by_id.values().rev() {
            infos.push(SegmentInfo {
                id: segment.id.0,
                bytes: segment.bytes(),
                packed_bytes: segment.packed_bytes(),
                first_lsn: segment.first_lsn,
                last_lsn: Lsn(next.0.saturating_sub(1)),
                sealed: segment.is_ended(),
            });
            next = segment.first_lsn;
        }
        infos.reverse();
        infos
    }
}

/// An event and where it stands.
pub(crate) struct Located {
    pub(crate) location: Location,
    pub(crate) lsn: Lsn,
    pub(crate) run_seq: u64,
    pub(crate) event: Event,
}

/// Walks the event frames of one segment, a window of bytes at a time.
struct Walk {
    segment: Arc<Segment>,
    window: Bytes,
    /// Where the window stands in the file.
    at: u64,
    done: bool,
}

/// Bytes read at once; a larger frame is read whole.
const WINDOW: usize = 1 << 20;

impl Walk {
    fn new(segment: Arc<Segment>) -> Self {
        Self { segment, window: Bytes::new(), at: segment::HEADER_LEN as u64, done: false }
    }

    /// The next frame of an event, or none where frames end. Callers stop at the durable position,
    /// so bytes behind it, which a writer may be about to change, are never taken for damage.
    fn step(&mut self) -> Result<Option<Located>> {
        loop {
            let seed = self.segment.seed;
            let (len, event) = match frame::parse(&self.window, seed, self.at) {
                Ok(frame) => {
                    let event = (frame.kind() >= frame::kind::FIRST_EVENT).then(|| {
                        let body = self.window.slice(frame::HEADER_LEN..frame.len());
                        let lsn = Lsn(frame.lsn);
                        let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
                        let location = Location { segment: self.segment.id, offset: self.at, len };
                        event::decode(&body)
                            .map(|event| Located { location, lsn, run_seq: frame.run_seq, event })
                            .map_err(|error| self.segment.damaged(self.at, lsn, &error))
                    });
                    (frame.len(), event)
                }
                Err(frame::FrameError::Short) => {
                    let wanted = self.window.get(4..8).and_then(|len| len.try_into().ok());
                    let wanted = wanted.map_or(0, |len| u32::from_le_bytes(len) as usize);
                    let window = self.segment.read(self.at, WINDOW.max(wanted + frame::HEADER_LEN))?;
                    if window.len() <= self.window.len() {
                        return Ok(None);
                    }
                    self.window = window;
                    continue;
                }
                Err(frame::FrameError::Length(0)) => return Ok(None),
                Err(error) => return Err(self.segment.damaged(self.at, Lsn(0), &error)),
            };
            self.window = self.window.slice(len..);
            self.at += len as u64;
            if let Some(event) = event {
                return event.map(Some);
            }
        }
    }
}

impl Iterator for Walk {
    type Item = Result<Located>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step().transpose();
        self.done = !matches!(step, Some(Ok(_)));
        step
    }
}
