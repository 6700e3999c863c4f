//! Each setting of a store: its unit, its default, and what changes when it is turned.

use std::path::PathBuf;
use std::time::Duration;

use crate::limits;

/// What an acknowledgement promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Acked events survive power loss (D1).
    #[default]
    Sync,
    /// Acked events survive the end of the process, not of the machine.
    Os,
}

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; made when missing.
    pub dir: PathBuf,
    /// When an append is acknowledged. `Os` saves the sync and risks the last moments.
    pub durability: Durability,
    /// Bytes of the first segment; each next is twice as large.
    pub segment_bytes_min: u64,
    /// Bytes of the largest segment. Larger ones are rolled less often and cost more room ahead.
    pub segment_bytes_max: u64,
    /// How long the store must be quiet before its last group is proven by a close mark (W3).
    pub idle_close: Duration,
    /// How long the log is kept after its events stand in table files and its segments are packed, by
    /// the time that the store is open; none: for ever. The past is exact as far back as the log goes.
    pub keep_log: Option<Duration>,
    /// What a second writer is told of this one.
    pub holder: String,
}

impl Options {
    /// The defaults for a folder.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            durability: Durability::Sync,
            segment_bytes_min: limits::SEGMENT_BYTES_MIN,
            segment_bytes_max: limits::SEGMENT_BYTES_MAX,
            idle_close: Duration::from_secs(1),
            keep_log: None,
            holder: crate::disk::this_process(),
        }
    }
}
