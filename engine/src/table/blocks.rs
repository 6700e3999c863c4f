//! Checked bytes: a table file and, beside it, the list of its checksums.
//!
//! ```text
//!  tables/0000000007.parquet    ┌──────────┬──────────┬──────────┬───
//!                               │ 64 KiB   │ 64 KiB   │ 64 KiB   │ …
//!                               └──────────┴──────────┴──────────┴───
//!  tables/0000000007.idx        a CRC-32 for each of these, and the file's index:
//!
//!  0       8         12       20       24        32       40
//!  ┌───────┬─────────┬────────┬────────┬─────────┬────────┬─────────────┬───────┬───────┐
//!  │ magic │ version │ number │ kind   │ bytes   │ index  │ CRC a block │ index │ crc   │
//!  │ 8     │ u32     │ u64    │ u32    │ u64     │ u64    │ u32 each    │       │ u32   │
//!  └───────┴─────────┴────────┴────────┴─────────┴────────┴─────────────┴───────┴───────┘
//! ```
//!
//! What holds:
//! - Parquet and Arrow carry no checksum that we can rely on, so no byte of a table file reaches a
//!   reader before the CRC of its block was compared (D6). A block is checked when it is touched
//!   first; the file never changes, so once is enough.
//! - The last CRC of the list's own file stands in the manifest.

use std::io::{self, Write};
use std::sync::OnceLock;

use bytes::Bytes;

use super::source::Source;
use super::{Kind, TableId};
use crate::disk::{self, DiskFile, RelPath};
use crate::error::{Error, Result};
use crate::log::frame::Fields;
use crate::sync::{AtomicU64, Ordering};

/// Bytes that share a checksum.
pub(crate) const BLOCK_LEN: usize = 64 << 10;
const MAGIC: [u8; 8] = *b"wbq-idx\n";
const FORMAT: u32 = 1;
const HEADER_LEN: usize = 8 + 4 + 8 + 4 + 8 + 8;

/// What the file beside a table file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sidecar {
    /// Bytes of the table file.
    pub(crate) len: u64,
    /// The CRC of each block.
    pub(crate) crcs: Vec<u32>,
    /// The index, as its kind lays it out.
    pub(crate) index: Bytes,
}

impl Sidecar {
    /// The bytes of the file; their last four are the checksum that the manifest names.
    pub(crate) fn write(&self, id: TableId, kind: Kind) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_LEN + self.crcs.len() * 4 + self.index.len() + 4);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&id.0.to_le_bytes());
        out.extend_from_slice(&kind.code().to_le_bytes());
        out.extend_from_slice(&self.len.to_le_bytes());
        out.extend_from_slice(&(self.index.len() as u64).to_le_bytes());
        self.crcs.iter().for_each(|crc| out.extend_from_slice(&crc.to_le_bytes()));
        out.extend_from_slice(&self.index);
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads the file of a table file; `path` names it in errors.
    ///
    /// # Errors
    ///
    /// `Damaged`, `TooNew`.
    pub(crate) fn read(bytes: &Bytes, id: TableId, kind: Kind, path: &RelPath) -> Result<Self> {
        let damaged = |why: &str| Error::damaged(format!("{path} is damaged: {why}"));
        let mut fields = Fields(bytes);
        if fields.take() != Some(MAGIC) {
            return Err(damaged("it does not begin as the index of a table file does"));
        }
        let found = fields.u32().ok_or_else(|| damaged("it is cut short"))?;
        if found > FORMAT {
            return Err(Error::TooNew { path: path.clone(), found, supported: FORMAT });
        }
        let (body, crc) = bytes.split_at_checked(bytes.len().saturating_sub(4)).unwrap_or_default();
        if crc != crc32fast::hash(body).to_le_bytes() {
            return Err(damaged("its checksum differs"));
        }
        let cut = || damaged("it is cut short");
        let (number, code) = (fields.u64().ok_or_else(cut)?, fields.u32().ok_or_else(cut)?);
        let (len, index_len) = (fields.u64().ok_or_else(cut)?, fields.u64().ok_or_else(cut)?);
        let blocks = usize::try_from(len.div_ceil(BLOCK_LEN as u64)).unwrap_or(usize::MAX);
        let index_len = usize::try_from(index_len).unwrap_or(usize::MAX);
        let index_at = blocks.checked_mul(4).and_then(|bytes| bytes.checked_add(HEADER_LEN));
        let end = index_at.and_then(|at| at.checked_add(index_len));
        let (Some(index_at), true) = (index_at, end == Some(body.len())) else {
            return Err(damaged("its lengths contradict each other"));
        };
        if number != id.0 || code != kind.code() {
            return Err(damaged("it belongs to another table file"));
        }
        let crcs = body.get(HEADER_LEN..index_at).unwrap_or_default();
        let crcs = crcs.as_chunks::<4>().0.iter().map(|crc| u32::from_le_bytes(*crc)).collect();
        Ok(Self { len, crcs, index: bytes.slice(index_at..body.len()) })
    }
}

/// Writes a table file, gathering its checksums.
#[derive(Debug)]
pub(crate) struct Sink {
    file: Box<dyn DiskFile>,
    at: u64,
    /// What was written since the last whole block.
    block: Vec<u8>,
    crcs: Vec<u32>,
}

impl Sink {
    pub(crate) fn new(file: Box<dyn DiskFile>) -> Self {
        Self { file, at: 0, block: Vec::with_capacity(BLOCK_LEN), crcs: Vec::new() }
    }

    /// Ends the file: gives it, synced, with its length and checksums.
    pub(crate) fn finish(mut self) -> io::Result<(Box<dyn DiskFile>, u64, Vec<u32>)> {
        self.spill()?;
        self.file.sync_all()?;
        Ok((self.file, self.at, self.crcs))
    }

    fn spill(&mut self) -> io::Result<()> {
        if !self.block.is_empty() {
            disk::write_all_at(&mut *self.file, self.at, &self.block)?;
            self.crcs.push(crc32fast::hash(&self.block));
            self.at += self.block.len() as u64;
            self.block.clear();
        }
        Ok(())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = BLOCK_LEN - self.block.len();
        let taken = bytes.get(..bytes.len().min(room)).unwrap_or_default();
        self.block.extend_from_slice(taken);
        if self.block.len() == BLOCK_LEN {
            self.spill()?;
        }
        Ok(taken.len())
    }

    /// Nothing to do: [`Sink::finish`] writes what is left.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A table file whose every byte is checked on its way out.
#[derive(Debug)]
pub(crate) struct Checked {
    path: RelPath,
    file: Box<dyn DiskFile>,
    len: u64,
    crcs: Vec<u32>,
    mapped: OnceLock<Bytes>,
    /// A bit for each block that was found right.
    sound: Vec<AtomicU64>,
}

impl Checked {
    pub(crate) fn new(path: RelPath, file: Box<dyn DiskFile>, sidecar: &Sidecar) -> Self {
        let words = sidecar.crcs.len().div_ceil(64);
        Self {
            path,
            file,
            len: sidecar.len,
            crcs: sidecar.crcs.clone(),
            mapped: OnceLock::new(),
            sound: (0..words).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    fn io(&self, doing: &'static str, source: io::Error) -> Error {
        Error::Io { doing, path: self.path.clone(), source }
    }

    /// The whole file, mapped once its length is what it should be.
    fn map(&self) -> Result<&Bytes> {
        if let Some(mapped) = self.mapped.get() {
            return Ok(mapped);
        }
        let len = self.file.len().map_err(|error| self.io("measure", error))?;
        if len != self.len {
            return Err(Error::derived(format!("{} has {len} bytes, not {}", self.path, self.len)));
        }
        let mapped = self.file.map().map_err(|error| self.io("map", error))?;
        Ok(self.mapped.get_or_init(|| mapped))
    }

    fn check(&self, mapped: &Bytes, block: usize) -> Result<()> {
        let damaged = || {
            Error::derived(format!(
                "{} is damaged: the checksum of its bytes from {} on differs",
                self.path,
                block * BLOCK_LEN
            ))
        };
        let (word, bit) = (self.sound.get(block / 64).ok_or_else(damaged)?, 1 << (block % 64));
        if word.load(Ordering::Relaxed) & bit != 0 {
            return Ok(());
        }
        let start = block * BLOCK_LEN;
        let bytes = mapped.get(start..mapped.len().min(start + BLOCK_LEN)).ok_or_else(damaged)?;
        if Some(&crc32fast::hash(bytes)) != self.crcs.get(block) {
            return Err(damaged());
        }
        word.fetch_or(bit, Ordering::Relaxed);
        Ok(())
    }

    /// Checks every block anew, read past the map; gives the bytes checked.
    ///
    /// # Errors
    ///
    /// `Damaged` names the first block that differs; `Io`.
    pub(crate) fn check_all(&self) -> Result<u64> {
        let mut buffer = vec![0; BLOCK_LEN];
        let mut at = 0;
        for crc in &self.crcs {
            let want = usize::try_from(self.len - at).unwrap_or(usize::MAX).min(BLOCK_LEN);
            let bytes = buffer.get_mut(..want).unwrap_or_default();
            let read = disk::read_up_to(&*self.file, at, bytes).map_err(|error| self.io("read", error))?;
            if read < want || crc32fast::hash(bytes) != *crc {
                return Err(Error::derived(format!(
                    "{} is damaged: the checksum of its bytes from {at} on differs",
                    self.path
                )));
            }
            at += want as u64;
        }
        Ok(at)
    }
}

impl Source for Checked {
    fn len(&self) -> u64 {
        self.len
    }

    fn bytes(&self, offset: u64, len: usize) -> Result<Bytes> {
        let bytes = self.unchecked(offset, len)?;
        let (mapped, start) = (self.map()?, usize::try_from(offset).unwrap_or(usize::MAX));
        if len > 0 {
            (start / BLOCK_LEN..=(start + len - 1) / BLOCK_LEN)
                .try_for_each(|block| self.check(mapped, block))?;
        }
        Ok(bytes)
    }

    fn unchecked(&self, offset: u64, len: usize) -> Result<Bytes> {
        let mapped = self.map()?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.checked_add(len).filter(|end| *end <= mapped.len());
        let end = end.ok_or_else(|| {
            Error::derived(format!("{} is damaged: {len} bytes at {offset} lie beyond its end", self.path))
        })?;
        Ok(mapped.slice(start..end))
    }
}
