//! The container of a transaction log, as the `wandb` client writes it (protocol 12.2).
//!
//! ```text
//!  ":W&B" E1 BE 00 │ chunk │ chunk │ … │ 0…0 ║ chunk │ …        ║ a block ends every 32768 bytes of the file
//!
//!  chunk:  0        4        6      7
//!          ├────────┼────────┼──────┼──────────────┤
//!          │ CRC-32 │ length │ kind │ payload      │   the checksum is over kind and payload
//!          └────────┴────────┴──────┴──────────────┘
//!  kind:   1 a whole record · 2 its first part · 3 a middle part · 4 its last part
//! ```
//!
//! What holds:
//! - A record is given whole, with every checksum right, or not at all.
//! - After a chunk that is wrong, reading goes on at the next block, with the next record that begins
//!   there; what was passed over is counted.
//! - A log that ends within a record ends before it: the trainer was killed, or is still writing.
//! - A block and one record are held, of at most [`RECORD_BYTES_MAX`] bytes.

use std::io::{self, Read};
use std::ops::Range;

const MAGIC: &[u8; 6] = b":W&B\xe1\xbe";
const VERSION: u8 = 0;
const HEADER_LEN: usize = 7;
const BLOCK_LEN: usize = 32 << 10;
const CHUNK_HEADER_LEN: usize = 7;
const _: () = assert!(CHUNK_HEADER_LEN == 4 + 2 + 1, "the drawing above");

/// Longer records are passed over. The client keeps a row below 10 MiB, and a key of the config.
pub(crate) const RECORD_BYTES_MAX: usize = 32 << 20;

/// Why a file is not read as a log.
#[derive(Debug, thiserror::Error)]
pub enum NotALog {
    /// The process that made it was killed before its first write.
    #[error("it is empty")]
    Empty,
    /// Something else.
    #[error("it does not begin as a transaction log of the wandb client does")]
    Other,
    /// Of a later client.
    #[error("it has version {0} of the format, and only version {VERSION} is known")]
    Version(u8),
    /// The system could not read it.
    #[error("it cannot be read")]
    Io(#[from] io::Error),
}

/// What of a log was passed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Damage {
    /// Places where a chunk was not what had been written, or a record was too long.
    pub places: u64,
    /// Bytes that belong to no record that was given.
    pub bytes: u64,
    /// The log ends within a record.
    pub is_cut: bool,
}

/// Reads the records of a log.
#[derive(Debug)]
pub(crate) struct LogReader<R> {
    source: R,
    block: Box<[u8]>,
    /// The part of the block that is filled and not yet read.
    rest: Range<usize>,
    /// The parts of the record so far; the record, where it came in parts.
    joined: Vec<u8>,
    /// Where in the block the record is, where it came whole.
    whole: Option<Range<usize>>,
    within_record: bool,
    /// Parts of records whose beginning was passed over are not counted as another place.
    after_damage: bool,
    damage: Damage,
    bytes: u64,
}

/// What the next chunk is.
enum Chunk {
    Payload(Kind, Range<usize>),
    /// Nothing that was written, so the rest of the block is passed over.
    Wrong,
    /// More was announced than the file has.
    Cut,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    First,
    Middle,
    Last,
}

impl<R: Read> LogReader<R> {
    /// Reads and checks the first bytes.
    ///
    /// # Errors
    ///
    /// [`NotALog`].
    pub(crate) fn begin(source: R) -> Result<Self, NotALog> {
        let mut reader = Self {
            source,
            block: vec![0; BLOCK_LEN].into(),
            rest: 0..0,
            joined: Vec::new(),
            whole: None,
            within_record: false,
            after_damage: false,
            damage: Damage::default(),
            bytes: 0,
        };
        reader.fill()?;
        let (magic, version) = match reader.block.get(reader.rest.clone()) {
            None | Some([]) => return Err(NotALog::Empty),
            Some(block) => (block.get(..MAGIC.len()), block.get(MAGIC.len()).copied()),
        };
        match (magic, version) {
            (Some(magic), Some(VERSION)) if magic == MAGIC => {}
            (Some(magic), Some(version)) if magic == MAGIC => return Err(NotALog::Version(version)),
            _ => return Err(NotALog::Other),
        }
        reader.rest.start = HEADER_LEN;
        Ok(reader)
    }

    /// Goes to the next record; false at the end of the log.
    ///
    /// # Errors
    ///
    /// The system could not read.
    pub(crate) fn advance(&mut self) -> io::Result<bool> {
        self.whole = None;
        if !self.within_record {
            self.joined.clear();
        }
        loop {
            if self.rest.len() < CHUNK_HEADER_LEN {
                let is_last = self.rest.end < BLOCK_LEN;
                // Fewer bytes than a header end a block; they are zero.
                if is_last || !self.fill()? {
                    self.end();
                    return Ok(false);
                }
                continue;
            }
            match self.chunk() {
                Chunk::Payload(kind, payload) => {
                    if self.take(kind, payload) {
                        return Ok(true);
                    }
                }
                Chunk::Wrong => self.pass_over(self.rest.len()),
                Chunk::Cut => {
                    self.end();
                    return Ok(false);
                }
            }
        }
    }

    /// The record that [`LogReader::advance`] went to.
    pub(crate) fn record(&self) -> &[u8] {
        match &self.whole {
            Some(range) => self.block.get(range.clone()).unwrap_or_default(),
            None => &self.joined,
        }
    }

    /// What was passed over so far.
    pub(crate) fn damage(&self) -> Damage {
        self.damage
    }

    /// Bytes of the file that were read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads the next block, or what there is of it; false where there is nothing.
    fn fill(&mut self) -> io::Result<bool> {
        let mut filled = 0;
        while let Some(rest) = self.block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.source.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes += filled as u64;
        self.rest = 0..filled;
        Ok(filled > 0)
    }

    /// Reads the chunk at the front, and steps behind it if it is one.
    fn chunk(&mut self) -> Chunk {
        let rest = self.block.get(self.rest.clone()).unwrap_or_default();
        let Some((&[c0, c1, c2, c3, l0, l1, kind], payload)) = rest.split_first_chunk::<CHUNK_HEADER_LEN>()
        else {
            return Chunk::Cut;
        };
        let len = usize::from(u16::from_le_bytes([l0, l1]));
        let kind = match kind {
            1 => Kind::Whole,
            2 => Kind::First,
            3 => Kind::Middle,
            4 => Kind::Last,
            _ => return Chunk::Wrong,
        };
        if payload.len() < len {
            let room = BLOCK_LEN - self.rest.start - CHUNK_HEADER_LEN;
            return if self.rest.end < BLOCK_LEN && len <= room { Chunk::Cut } else { Chunk::Wrong };
        }
        // The kind and the payload stand side by side.
        let summed = rest.get(CHUNK_HEADER_LEN - 1..CHUNK_HEADER_LEN + len).unwrap_or_default();
        if crc32fast::hash(summed) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Chunk::Wrong;
        }
        let start = self.rest.start + CHUNK_HEADER_LEN;
        self.rest.start = start + len;
        Chunk::Payload(kind, start..start + len)
    }

    /// Adds a chunk to the record; tells whether it is whole now.
    fn take(&mut self, kind: Kind, payload: Range<usize>) -> bool {
        let begins = matches!(kind, Kind::Whole | Kind::First);
        if begins == self.within_record {
            // A record that never ended, or a part of one whose beginning was passed over.
            let lost = if begins { self.joined.len() } else { payload.len() };
            self.count(lost);
            self.forget();
            if !begins {
                return false;
            }
        }
        self.after_damage = false;
        if kind == Kind::Whole {
            self.whole = Some(payload);
            return true;
        }
        if self.joined.len() + payload.len() > RECORD_BYTES_MAX {
            self.count(self.joined.len() + payload.len());
            self.forget();
            // What follows of it is part of the same place.
            self.after_damage = true;
            return false;
        }
        self.joined.extend_from_slice(self.block.get(payload).unwrap_or_default());
        self.within_record = kind != Kind::Last;
        !self.within_record
    }

    fn pass_over(&mut self, bytes: usize) {
        self.count(bytes + if self.within_record { self.joined.len() } else { 0 });
        self.rest.start = self.rest.end;
        self.forget();
        self.after_damage = true;
    }

    fn count(&mut self, bytes: usize) {
        self.damage.places += u64::from(!self.after_damage);
        self.damage.bytes += bytes as u64;
        self.after_damage = true;
    }

    fn forget(&mut self) {
        self.within_record = false;
        self.joined.clear();
    }

    fn end(&mut self) {
        let is_padding = !self.within_record
            && self.rest.len() < CHUNK_HEADER_LEN
            && self.block.get(self.rest.clone()).unwrap_or_default().iter().all(|byte| *byte == 0);
        if !is_padding {
            self.damage.is_cut = true;
            self.damage.bytes += (self.rest.len() + self.joined.len()) as u64;
        }
        self.rest = 0..0;
        self.forget();
    }
}

#[cfg(test)]
#[path = "wandb_file_tests.rs"]
mod tests;
