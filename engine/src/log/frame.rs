//! A frame: the unit that is checksummed, so the unit that is there whole or not at all.
//!
//! ```text
//!  0        4        8                 16                24
//!  ┌────────┬────────┬─────────────────┬─────────────────┬────────────┐
//!  │ crc    │ len    │ lsn             │ run_seq         │ body       │  little-endian
//!  │ u32    │ u32    │ u64             │ u64             │ len bytes  │
//!  └────────┴────────┴─────────────────┴─────────────────┴────────────┘
//!                                                        │ kind u8 │ version u8 │ group u16 │ …
//! ```
//!
//! What holds:
//! - `crc` (CRC-32, IEEE) covers every byte after it and is seeded with store, file and offset: a
//!   stale or misplaced frame never passes.
//! - `4 <= len <= BODY_BYTES_MAX`, checked before anything is allocated; so zeros are never a frame.
//! - Frames touch: the next one starts where this one ends.
//! - Every body says, in `group`, the low 16 bits of the number of the group it was written in, so
//!   that a single frame that survived can tell that a later group had been begun (W3).

use crate::id::{Epoch, SegmentId, StoreId};
use crate::limits;

/// Bytes before the body.
pub(crate) const HEADER_LEN: usize = 24;
const _: () = assert!(HEADER_LEN == 4 + 4 + 8 + 8, "the drawing above");
/// Bytes of kind, version and group, which every body begins with.
pub(crate) const PREFIX_LEN: usize = 4;
/// The version of the log's own bodies.
pub(crate) const VERSION: u8 = 1;

/// The kinds of the log's own frames; events have 16 and more.
pub(crate) mod kind {
    /// Begins a group.
    pub(crate) const GROUP: u8 = 1;
    /// Says that all before it was synced.
    pub(crate) const CLOSE: u8 = 2;
    /// The last frame of a sealed segment.
    pub(crate) const SEAL: u8 = 3;
    /// An edit of the manifest.
    pub(crate) const EDIT: u8 = 4;
    /// The first kind of an event.
    pub(crate) const FIRST_EVENT: u8 = 16;
}

/// What a file's checksums are seeded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seed(u32);

impl Seed {
    pub(crate) fn segment(store: StoreId, segment: SegmentId) -> Self {
        Self::new(store, b"segment", segment.0)
    }

    pub(crate) fn manifest(store: StoreId, epoch: Epoch) -> Self {
        Self::new(store, b"manifest", epoch.0)
    }

    fn new(store: StoreId, what: &[u8], number: u64) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&store.0);
        hasher.update(what);
        hasher.update(&number.to_le_bytes());
        Self(hasher.finalize())
    }

    fn crc(self, offset: u64, after_crc: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new_with_initial(self.0);
        hasher.update(&offset.to_le_bytes());
        hasher.update(after_crc);
        hasher.finalize()
    }
}

/// A frame that passed its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) crc: u32,
    pub(crate) lsn: u64,
    pub(crate) run_seq: u64,
    /// At least [`PREFIX_LEN`] bytes.
    pub(crate) body: &'a [u8],
}

impl Frame<'_> {
    /// Bytes of the whole frame.
    pub(crate) fn len(&self) -> usize {
        HEADER_LEN + self.body.len()
    }

    pub(crate) fn kind(&self) -> u8 {
        self.body.first().copied().unwrap_or_default()
    }

    pub(crate) fn group(&self) -> u16 {
        self.body.get(2..4).and_then(|group| group.try_into().ok()).map_or(0, u16::from_le_bytes)
    }
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("the file ends within a frame")]
    Short,
    #[error("the length field is {0}")]
    Length(u32),
    #[error("checksum differs")]
    Checksum,
}

/// Reads the frame that begins with `bytes`, which stand at `offset` of the file.
pub(crate) fn parse(bytes: &[u8], seed: Seed, offset: u64) -> Result<Frame<'_>, FrameError> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_LEN>().ok_or(FrameError::Short)?;
    let field =
        |at: usize| header.get(at..at + 8).and_then(|f| f.try_into().ok()).map_or(0, u64::from_le_bytes);
    let [c0, c1, c2, c3, l0, l1, l2, l3, ..] = *header;
    let (crc, len) = (u32::from_le_bytes([c0, c1, c2, c3]), u32::from_le_bytes([l0, l1, l2, l3]));
    if (len as usize) < PREFIX_LEN || len > limits::BODY_BYTES_MAX {
        return Err(FrameError::Length(len));
    }
    let body = rest.get(..len as usize).ok_or(FrameError::Short)?;
    let covered = bytes.get(4..HEADER_LEN + body.len()).ok_or(FrameError::Short)?;
    if seed.crc(offset, covered) != crc {
        return Err(FrameError::Checksum);
    }
    Ok(Frame { crc, lsn: field(8), run_seq: field(16), body })
}

/// Fills the header of a frame whose body stands behind it, and the group in the body; gives the
/// checksum.
///
/// # Panics
///
/// When `frame` is shorter than a header and a prefix, or longer than a frame may be.
pub(crate) fn fill(frame: &mut [u8], seed: Seed, offset: u64, lsn: u64, run_seq: u64, group: u64) -> u32 {
    assert!(frame.len() >= HEADER_LEN + PREFIX_LEN, "a frame has a header and a prefix");
    let len = u32::try_from(frame.len() - HEADER_LEN).unwrap_or(u32::MAX);
    assert!(len <= limits::BODY_BYTES_MAX, "a body is at most BODY_BYTES_MAX");
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(slot) = frame.get_mut(at..at + bytes.len()) {
            slot.copy_from_slice(bytes);
        }
    };
    put(4, &len.to_le_bytes());
    put(8, &lsn.to_le_bytes());
    put(16, &run_seq.to_le_bytes());
    put(HEADER_LEN + 2, &low_bits(group).to_le_bytes());
    let crc = seed.crc(offset, frame.get(4..).unwrap_or_default());
    if let Some(slot) = frame.first_chunk_mut::<4>() {
        *slot = crc.to_le_bytes();
    }
    crc
}

/// The part of a group's number that every frame carries.
#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
pub(crate) fn low_bits(group: u64) -> u16 {
    group as u16
}

/// Makes a frame of one of the log's own kinds.
pub(crate) fn own(kind: u8, fields: &[&[u8]]) -> Vec<u8> {
    let mut frame = vec![0; HEADER_LEN];
    frame.extend_from_slice(&[kind, VERSION, 0, 0]);
    fields.iter().for_each(|field| frame.extend_from_slice(field));
    frame
}

/// Reads fixed fields off the front of a body of the log's own.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl Fields<'_> {
    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = Seed(7);

    fn frame() -> Vec<u8> {
        let mut frame = own(20, &[b"payload"]);
        fill(&mut frame, SEED, 512, 9, 3, 0x1_0002);
        frame
    }

    #[test]
    fn what_is_filled_parses() {
        let bytes = frame();
        let parsed = parse(&bytes, SEED, 512).unwrap();
        assert_eq!((parsed.lsn, parsed.run_seq, parsed.kind(), parsed.group()), (9, 3, 20, 2));
        assert_eq!(&parsed.body[PREFIX_LEN..], b"payload");
    }

    #[test]
    fn another_place_file_or_bit_does_not_pass() {
        let bytes = frame();
        assert_eq!(parse(&bytes, SEED, 513), Err(FrameError::Checksum));
        assert_eq!(parse(&bytes, Seed(8), 512), Err(FrameError::Checksum));
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&damaged, SEED, 512).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn zeros_are_never_a_frame() {
        assert_eq!(parse(&[0; 4096], SEED, 0), Err(FrameError::Length(0)));
    }

    #[test]
    fn a_length_over_the_limit_is_refused_before_allocation() {
        let mut bytes = frame();
        bytes[4..8].copy_from_slice(&(limits::BODY_BYTES_MAX + 1).to_le_bytes());
        assert_eq!(parse(&bytes, SEED, 512), Err(FrameError::Length(limits::BODY_BYTES_MAX + 1)));
    }
}
