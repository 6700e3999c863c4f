//! The parsers of stored bytes, for tools that look into a folder and for fuzzing: bytes in, value
//! or error out, nothing read and nothing kept.

use bytes::Bytes;

use crate::disk::RelPath;
use crate::error::Result;
use crate::event::{self, Event};
use crate::id::{Epoch, Lsn, SegmentId, StoreId};
use crate::log::{frame, segment};
use crate::manifest;

/// A frame that passed its checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The event's position; for the log's own frames that of the next event.
    pub lsn: Lsn,
    /// The event's number in its subject.
    pub run_seq: u64,
    /// Kind, version, group, and what follows.
    pub body: Bytes,
}

/// Reads the frame that begins `bytes`, which stand at `offset` of a segment; none where no valid
/// frame does.
#[must_use]
pub fn frame(bytes: &[u8], store: StoreId, segment: SegmentId, offset: u64) -> Option<Frame> {
    let frame = frame::parse(bytes, frame::Seed::segment(store, segment), offset).ok()?;
    Some(Frame { lsn: Lsn(frame.lsn), run_seq: frame.run_seq, body: Bytes::copy_from_slice(frame.body) })
}

/// Writes a frame around a body; none when the body is too short or too long to be one.
#[must_use]
pub fn write_frame(frame: &Frame, store: StoreId, segment: SegmentId, offset: u64) -> Option<Vec<u8>> {
    let fits = (frame::PREFIX_LEN..=crate::limits::BODY_BYTES_MAX as usize).contains(&frame.body.len());
    let group = u16::from_le_bytes(frame.body.get(2..4)?.try_into().ok()?);
    fits.then(|| {
        let mut bytes = vec![0; frame::HEADER_LEN];
        bytes.extend_from_slice(&frame.body);
        let seed = frame::Seed::segment(store, segment);
        frame::fill(&mut bytes, seed, offset, frame.lsn.0, frame.run_seq, group.into());
        bytes
    })
}

/// What a segment's bytes hold.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its number.
    pub segment: SegmentId,
    /// The folder it belongs to.
    pub store: StoreId,
    /// Position, `run_seq` and event of each event of each whole group.
    pub events: Vec<(Lsn, u64, Event)>,
    /// How many of them are proven to have been synced.
    pub proven: usize,
    /// Bytes behind them that are a torn group.
    pub cut: usize,
    /// Whether it ends with its seal.
    pub sealed: bool,
}

/// Reads a segment from its bytes by the rule that recovery uses.
///
/// # Errors
///
/// `Damaged` when proven bytes differ, `TooNew`.
pub fn segment(bytes: &Bytes) -> Result<Segment> {
    let path = RelPath::of("segment");
    let header = segment::Header::read(bytes, &path)?;
    let scanned = segment::scan(bytes, &header)?;
    let mut found = Segment {
        segment: header.segment,
        store: header.store,
        events: Vec::new(),
        proven: scanned.groups.iter().take(scanned.proven).map(|group| group.events.len()).sum(),
        cut: scanned.cut,
        sealed: scanned.sealed,
    };
    for place in scanned.groups.iter().flat_map(|group| &group.events) {
        let start = place.offset + frame::HEADER_LEN;
        let body = bytes.slice(start..start + place.body_len as usize);
        found.events.push((place.lsn, place.run_seq, event::decode(&body)?));
    }
    Ok(found)
}

/// Checks a manifest from its bytes; gives how many segments are live.
///
/// # Errors
///
/// `Damaged`, `TooNew`.
pub fn manifest(bytes: &[u8], epoch: Epoch) -> Result<usize> {
    Ok(manifest::parse(bytes, epoch, &RelPath::of("manifest"))?.segments.len())
}
