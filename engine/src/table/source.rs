//! Where the bytes of a table file come from.

use std::fmt;

use bytes::Bytes;

use crate::error::{Error, Result};

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
}

impl Source for Bytes {
    fn len(&self) -> u64 {
        Self::len(self) as u64
    }

    fn bytes(&self, offset: u64, len: usize) -> Result<Bytes> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.checked_add(len).filter(|end| *end <= Self::len(self));
        end.map(|end| self.slice(start..end))
            .ok_or_else(|| Error::damaged(format!("{len} bytes at {offset} lie beyond the end of a table file")))
    }
}
