//! Where the bytes of a table file come from.

use std::fmt;
use std::io::Read;

use bytes::{Buf, Bytes};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::error::{Error, Result};
use crate::reads::Reads;
use crate::sync::{Arc, AtomicBool, Ordering};

/// An immutable file, read piece by piece.
pub(crate) trait Source: fmt::Debug + Send + Sync {
    /// Its bytes.
    fn len(&self) -> u64;

    /// `len` bytes from `offset` on, all of them, as they were written.
    ///
    /// # Errors
    ///
    /// `Damaged` when they are not there or not what was written; `Io`.
    fn bytes(&self, offset: u64, len: usize) -> Result<Bytes>;

    /// Bytes as they are on the disk. They are to be read only where [`Source::bytes`] was asked for
    /// them.
    ///
    /// # Errors
    ///
    /// `Damaged` when they are not there; `Io`.
    fn unchecked(&self, offset: u64, len: usize) -> Result<Bytes> {
        self.bytes(offset, len)
    }
}

impl Source for Bytes {
    fn len(&self) -> u64 {
        Self::len(self) as u64
    }

    fn bytes(&self, offset: u64, len: usize) -> Result<Bytes> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.checked_add(len).filter(|end| *end <= Self::len(self));
        end.map(|end| self.slice(start..end)).ok_or_else(|| {
            Error::damaged(format!("{len} bytes at {offset} lie beyond the end of a table file"))
        })
    }
}

/// A source that is marked when damage is met in it.
#[derive(Debug)]
pub(crate) struct Marking {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) mark: Arc<AtomicBool>,
}

impl Source for Marking {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn bytes(&self, offset: u64, len: usize) -> Result<Bytes> {
        self.source.bytes(offset, len).inspect_err(|error| {
            if matches!(error, Error::Damaged(_)) {
                self.mark.store(true, Ordering::Relaxed);
            }
        })
    }

    fn unchecked(&self, offset: u64, len: usize) -> Result<Bytes> {
        self.source.unchecked(offset, len)
    }
}

/// A source as the Parquet reader takes it.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) source: Arc<dyn Source>,
    /// Where bytes are counted.
    pub(crate) reads: Option<Arc<Reads>>,
}

impl Length for Reader {
    fn len(&self) -> u64 {
        self.source.len()
    }
}

impl ChunkReader for Reader {
    type T = Box<dyn Read + Send>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        let len = usize::try_from(self.source.len().saturating_sub(start)).unwrap_or(usize::MAX);
        Ok(Box::new(self.get_bytes(start, len)?.reader()))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        if let Some(reads) = &self.reads {
            reads.note_bytes(length);
        }
        self.source.bytes(start, length).map_err(|error| ParquetError::External(Box::new(error)))
    }
}
