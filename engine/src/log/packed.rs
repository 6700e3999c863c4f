//! A packed segment: the bytes of a segment that ended, compressed block by block.
//!
//! ```text
//!  0        48
//!  ┌────────┬─────────┬─────────┬───┬───────┬───────┐
//!  │ header │ block 0 │ block 1 │ … │ table │ crc   │
//!  └────────┴─────────┴─────────┴───┴───────┴───────┘
//!  header:  magic 8 │ version u32 │ store 16 │ segment u64 │ bytes of the segment u64 │ blocks u32
//!  block:   one zstd frame of the next 256 KiB of the segment; the last may hold less
//!  table:   for each block: where it ends in the file u64 │ CRC of its compressed bytes u32
//!  crc:     CRC of header and table u32
//! ```
//!
//! What holds:
//! - Every byte of the file is covered by a checksum; the last one stands in the manifest too.
//! - A block opens without the others, so reading from an offset costs the blocks that it touches.
//! - A block gives at most 256 KiB, whatever its bytes say, and a longer input than 256 KiB can need
//!   is not looked at: memory and work are bounded before anything is decompressed.
//! - The frames inside are those of the segment, seeded and chained as they were; whoever reads them
//!   checks them as before.
//!
//! Pure: bytes in, value or error out. `packing.rs` makes and opens the files.

use std::io;
use std::ops::Range;

use super::frame::Fields;
use super::segment;
use crate::compression;
use crate::disk::RelPath;
use crate::error::{Damage, Error, Result};
use crate::id::{SegmentId, StoreId};

/// Bytes of the segment in one block.
pub(crate) const BLOCK_LEN: usize = 256 << 10;
/// Bytes of the file before the first block.
pub(crate) const HEADER_LEN: usize = 8 + 4 + 16 + 8 + 8 + 4;
/// Bytes that the table has for one block.
const ENTRY_LEN: usize = 8 + 4;
/// Bytes that a block can take: what zstd promises for input that does not compress.
const COMPRESSED_MAX: usize = BLOCK_LEN + (BLOCK_LEN >> 8) + 64;
const MAGIC: [u8; 8] = *b"wbq-sgz\n";
const FORMAT: u32 = 1;
/// Packed once and read seldom, while ingest goes on.
const ZSTD_LEVEL: i32 = 3;

/// Where the packed segment `id` stands.
pub(crate) fn path(id: SegmentId) -> RelPath {
    RelPath::of(&format!("log/{:010}.segz", id.0))
}

/// The number of the segment in a packed file of that name.
pub(crate) fn id_of(name: &str) -> Option<SegmentId> {
    let id = SegmentId(name.strip_suffix(".segz")?.parse().ok()?);
    (path(id).name() == name).then_some(id)
}

/// What a packed file says of itself, and where its blocks are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directory {
    pub(crate) store: StoreId,
    pub(crate) segment: SegmentId,
    /// Bytes of the segment.
    pub(crate) len: u64,
    /// The checksum that ends the file.
    pub(crate) crc: u32,
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    at: Range<u64>,
    crc: u32,
}

/// What the header says: enough to know where the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    store: StoreId,
    segment: SegmentId,
    len: u64,
    blocks: u32,
}

impl Header {
    fn of(store: StoreId, segment: SegmentId, len: u64) -> Option<Self> {
        let blocks = u32::try_from(len.div_ceil(BLOCK_LEN as u64)).ok()?;
        Some(Self { store, segment, len, blocks })
    }

    fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_LEN);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&self.store.0);
        out.extend_from_slice(&self.segment.0.to_le_bytes());
        out.extend_from_slice(&self.len.to_le_bytes());
        out.extend_from_slice(&self.blocks.to_le_bytes());
        out
    }

    /// Reads the beginning of a file; its checksum is compared when the table was read.
    ///
    /// # Errors
    ///
    /// `Damaged`, `TooNew`.
    pub(crate) fn read(bytes: &[u8], path: &RelPath) -> Result<Self> {
        let damaged = |why: &str| damaged(path, 0, why);
        let mut fields = Fields(bytes);
        if fields.take() != Some(MAGIC) {
            return Err(damaged("it does not begin as a packed segment does"));
        }
        let found = fields.u32().ok_or_else(|| damaged("it is cut short"))?;
        if found > FORMAT {
            return Err(Error::TooNew { path: path.clone(), found, supported: FORMAT });
        }
        if found == 0 {
            return Err(damaged("it has no version"));
        }
        let header = (|| {
            let (store, segment) = (StoreId(fields.take()?), SegmentId(fields.u64()?));
            Some(Self { store, segment, len: fields.u64()?, blocks: fields.u32()? })
        })()
        .ok_or_else(|| damaged("it is cut short"))?;
        if Self::of(header.store, header.segment, header.len) == Some(header) {
            return Ok(header);
        }
        Err(damaged("its lengths contradict each other"))
    }

    /// Where table and checksum stand in a file of that length; none when it is too short for them.
    pub(crate) fn table_at(&self, file_len: u64) -> Option<Range<u64>> {
        let len = u64::from(self.blocks) * ENTRY_LEN as u64 + 4;
        let at = file_len.checked_sub(len).filter(|at| *at >= HEADER_LEN as u64)?;
        Some(at..file_len)
    }
}

impl Directory {
    /// Reads the end of a file, `tail`, which stands where the header says that the table is.
    ///
    /// # Errors
    ///
    /// `Damaged`.
    pub(crate) fn read(header: &Header, tail: &[u8], at: &Range<u64>, path: &RelPath) -> Result<Self> {
        let damaged = |why: &str| damaged(path, at.start, why);
        let (table, crc) = tail.split_last_chunk::<4>().ok_or_else(|| damaged("it is cut short"))?;
        let crc = u32::from_le_bytes(*crc);
        if crc_of(header, table) != crc {
            return Err(damaged("the checksum of its header and table differs"));
        }
        let mut blocks = Vec::with_capacity(table.len() / ENTRY_LEN);
        let (mut fields, mut from) = (Fields(table), HEADER_LEN as u64);
        while let (Some(end), Some(crc)) = (fields.u64(), fields.u32()) {
            if end <= from || end - from > COMPRESSED_MAX as u64 {
                return Err(damaged("its table is out of order"));
            }
            blocks.push(Block { at: from..end, crc });
            from = end;
        }
        if from != at.start || blocks.len() != header.blocks as usize {
            return Err(damaged("its blocks are not the whole of it"));
        }
        Ok(Self { store: header.store, segment: header.segment, len: header.len, crc, blocks })
    }

    /// Reads the directory of a whole file.
    ///
    /// # Errors
    ///
    /// `Damaged`, `TooNew`.
    pub(crate) fn of_file(file: &[u8], path: &RelPath) -> Result<Self> {
        let header = Header::read(file, path)?;
        let at = header.table_at(file.len() as u64).ok_or_else(|| damaged(path, 0, "it is cut short"))?;
        Self::read(&header, slice(file, &at), &at, path)
    }

    /// The segment's bytes in a block of a whole file.
    ///
    /// # Errors
    ///
    /// `Damaged`.
    pub(crate) fn unpack_of(&self, file: &[u8], block: usize, path: &RelPath) -> Result<Vec<u8>> {
        self.unpack(block, slice(file, &self.block_at(block).unwrap_or_default()), path)
    }

    /// How many blocks there are.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Where a block stands in the file; none where there is no such block.
    pub(crate) fn block_at(&self, block: usize) -> Option<Range<u64>> {
        self.blocks.get(block).map(|block| block.at.clone())
    }

    /// Bytes of the segment that a block holds.
    pub(crate) fn block_len(&self, block: usize) -> usize {
        let from = (block as u64).saturating_mul(BLOCK_LEN as u64);
        usize::try_from(self.len.saturating_sub(from)).unwrap_or(usize::MAX).min(BLOCK_LEN)
    }

    /// The segment's bytes in a block, of which `bytes` is what the file holds.
    ///
    /// # Errors
    ///
    /// `Damaged`.
    pub(crate) fn unpack(&self, block: usize, bytes: &[u8], path: &RelPath) -> Result<Vec<u8>> {
        let known = self.blocks.get(block).ok_or_else(|| damaged(path, 0, "it has no such block"))?;
        let damaged = |why| damaged(path, known.at.start, why);
        if crc32fast::hash(bytes) != known.crc {
            return Err(damaged("the checksum of a block differs"));
        }
        unpack(bytes, self.block_len(block)).ok_or_else(|| damaged("a block cannot be decompressed"))
    }
}

/// The `len` bytes that one block was made of; none when it was not made of so many. `len` is at most
/// [`BLOCK_LEN`].
pub(crate) fn unpack(bytes: &[u8], len: usize) -> Option<Vec<u8>> {
    use zstd::zstd_safe::{find_frame_compressed_size, get_frame_content_size};
    // One frame, all of it, that says what it holds: many empty frames would be work for nothing.
    let is_block = len <= BLOCK_LEN
        && bytes.len() <= COMPRESSED_MAX
        && find_frame_compressed_size(bytes) == Ok(bytes.len())
        && get_frame_content_size(bytes).is_ok_and(|found| found == Some(len as u64));
    let unpacked = if is_block { compression::decompress(bytes, len).ok()? } else { return None };
    (unpacked.len() == len).then_some(unpacked)
}

/// Reads as much as can be read of a file whose header or table is damaged, by the blocks alone: each
/// begins where the one before ends. For repair, which checks every frame that comes out.
pub(crate) fn salvage(bytes: &[u8]) -> Vec<u8> {
    use zstd::zstd_safe::{find_frame_compressed_size, get_frame_content_size};
    let (mut content, mut rest) = (Vec::new(), bytes.get(HEADER_LEN..).unwrap_or_default());
    while let Ok(Some(len)) = get_frame_content_size(rest)
        && let Some(block) = find_frame_compressed_size(rest).ok().and_then(|end| rest.get(..end))
        && let Some(unpacked) = usize::try_from(len).ok().and_then(|len| unpack(block, len))
        && !unpacked.is_empty()
    {
        content.extend_from_slice(&unpacked);
        rest = rest.get(block.len()..).unwrap_or_default();
    }
    content
}

/// Makes a packed file piece by piece: header, blocks, then what ends it.
#[derive(Debug)]
pub(crate) struct Packer {
    header: Header,
    at: u64,
    table: Vec<u8>,
}

impl Packer {
    /// Begins a file for a segment of `len` bytes; gives its first bytes.
    ///
    /// # Errors
    ///
    /// When a segment is longer than a file can say.
    pub(crate) fn begin(store: StoreId, segment: SegmentId, len: u64) -> io::Result<(Self, Vec<u8>)> {
        let header = Header::of(store, segment, len)
            .ok_or_else(|| io::Error::other(format!("a segment of {len} bytes is too long to pack")))?;
        Ok((Self { header, at: HEADER_LEN as u64, table: Vec::new() }, header.write()))
    }

    /// The next block, of [`BLOCK_LEN`] bytes of the segment, or of its last ones.
    ///
    /// # Errors
    ///
    /// As zstd says.
    pub(crate) fn block(&mut self, content: &[u8]) -> io::Result<Vec<u8>> {
        assert!(!content.is_empty() && content.len() <= BLOCK_LEN, "a block holds 1 to BLOCK_LEN bytes");
        let block = compression::compress(content, ZSTD_LEVEL)?;
        self.at += block.len() as u64;
        self.table.extend_from_slice(&self.at.to_le_bytes());
        self.table.extend_from_slice(&crc32fast::hash(&block).to_le_bytes());
        Ok(block)
    }

    /// The last bytes of the file.
    ///
    /// # Panics
    ///
    /// When blocks are missing.
    pub(crate) fn finish(self) -> Vec<u8> {
        assert_eq!(self.table.len(), self.header.blocks as usize * ENTRY_LEN, "every block was added");
        let crc = crc_of(&self.header, &self.table);
        let mut tail = self.table;
        tail.extend_from_slice(&crc.to_le_bytes());
        tail
    }
}

fn slice<'a>(file: &'a [u8], at: &Range<u64>) -> &'a [u8] {
    let place = |at| usize::try_from(at).unwrap_or(usize::MAX);
    file.get(place(at.start)..place(at.end)).unwrap_or_default()
}

fn crc_of(header: &Header, table: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header.write());
    hasher.update(table);
    hasher.finalize()
}

/// Damage of a segment's file, packed or not, at one of its own bytes.
pub(crate) fn damaged(path: &RelPath, offset: u64, why: &str) -> Error {
    let what = format!("{path} is damaged at byte {offset}: {why}");
    let segment = id_of(path.name()).or_else(|| segment::id_of(path.name()));
    Error::Damaged(Box::new(Damage { segment, offset: Some(offset), ..Damage::told(what) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STORE: StoreId = StoreId([7; 16]);
    const ID: SegmentId = SegmentId(3);

    fn pack(content: &[u8]) -> Vec<u8> {
        let (mut packer, mut file) = Packer::begin(STORE, ID, content.len() as u64).unwrap();
        for block in content.chunks(BLOCK_LEN) {
            file.extend(packer.block(block).unwrap());
        }
        file.extend(packer.finish());
        file
    }

    fn read(file: &[u8]) -> Result<Vec<u8>> {
        let path = path(ID);
        let directory = Directory::of_file(file, &path)?;
        let blocks = 0..directory.blocks();
        Ok(blocks.map(|block| directory.unpack_of(file, block, &path)).collect::<Result<Vec<_>>>()?.concat())
    }

    /// Bytes of which some compress and some do not.
    fn content(len: usize) -> Vec<u8> {
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_le_bytes()[3]
        };
        (0..len).map(|at| if at / 1000 % 2 == 0 { noise() } else { 5 }).collect()
    }

    #[test]
    fn what_was_packed_is_unpacked_at_every_length_around_a_block() {
        for len in [1, 2, BLOCK_LEN - 1, BLOCK_LEN, BLOCK_LEN + 1, 3 * BLOCK_LEN] {
            let content = content(len);
            let file = pack(&content);
            assert!(file.len() < HEADER_LEN + len + 100);
            assert!(read(&file).unwrap() == content, "{len}");
            assert!(salvage(&file) == content, "{len}");
        }
    }

    #[test]
    fn noise_takes_no_more_than_a_block_may() {
        let mut state = 9u64;
        let noise: Vec<u8> = (0..BLOCK_LEN)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[4]
            })
            .collect();
        assert!(read(&pack(&noise)).unwrap() == noise);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_damage() {
        let file = pack(&content(3000));
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1 << (at % 8);
            assert!(read(&damaged).is_err(), "byte {at}");
            assert!(read(&file[..at]).is_err(), "cut to {at}");
        }
        let mut longer = file.clone();
        longer.push(0);
        assert!(read(&longer).is_err());
    }

    #[test]
    fn a_block_never_gives_more_than_it_should() {
        let bomb = zstd::bulk::compress(&vec![0; BLOCK_LEN + 1], 3).unwrap();
        assert_eq!(unpack(&bomb, BLOCK_LEN), None, "it holds more");
        assert_eq!(unpack(&bomb, BLOCK_LEN + 1), None, "more than a block may");
        let whole = zstd::bulk::compress(&vec![0; BLOCK_LEN], 3).unwrap();
        assert_eq!(unpack(&whole, BLOCK_LEN), Some(vec![0; BLOCK_LEN]));
        assert_eq!(unpack(&whole, BLOCK_LEN - 1), None);
    }

    #[test]
    fn empty_frames_and_frames_that_are_skipped_are_no_block() {
        let empty = zstd::bulk::compress(&[], 3).unwrap();
        let block = zstd::bulk::compress(b"block", 3).unwrap();
        let skipped = [&0x184D_2A50u32.to_le_bytes()[..], &4u32.to_le_bytes(), b"skip"].concat();
        for padding in [empty.repeat(10_000), skipped.repeat(10_000)] {
            assert_eq!(unpack(&[&padding[..], &block].concat(), 5), None);
            assert_eq!(unpack(&[&block[..], &padding].concat(), 5), None);
        }
        assert_eq!(unpack(&block, 5).as_deref(), Some(&b"block"[..]));
    }

    #[test]
    fn a_header_or_table_that_is_gone_costs_repair_nothing() {
        let content = content(2 * BLOCK_LEN + 77);
        let mut file = pack(&content);
        file[..HEADER_LEN].fill(0);
        let tail = file.len() - 3 * ENTRY_LEN - 4;
        file[tail..].fill(0xff);
        assert!(salvage(&file) == content);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_block_of_the_length_asked_for_or_none(bytes: Vec<u8>, len in 0..2 * BLOCK_LEN) {
            prop_assert!(unpack(&bytes, len).is_none_or(|block| block.len() == len && len <= BLOCK_LEN));
        }
    }
}
