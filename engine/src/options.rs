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

/// When and how the log becomes table files (DESIGN 5.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compaction {
    /// Whether it begins by itself when enough of the log has ended, or only when it is asked for.
    pub automatic: bool,
    /// Bytes of table files that are written in a second while batches come in. Less leaves more of
    /// the disk to them, and lets more of the log wait.
    pub busy_bytes_per_second: u64,
    /// The same while none come.
    pub idle_bytes_per_second: u64,
    /// Files of a kind straight from the log that are merged at once, into files of one project each.
    /// With more of them a run's rows stand in more files for a while, and fewer rows are written
    /// again often.
    pub fresh_files: usize,
    /// How many times as large a file becomes when its rows are written again.
    pub growth: u64,
    /// A file of so many bytes is not written again.
    pub file_bytes_min: u64,
    /// Bytes of the largest file, about.
    pub file_bytes_max: u64,
}

impl Default for Compaction {
    fn default() -> Self {
        Self {
            automatic: false,
            busy_bytes_per_second: limits::COMPACTION_BYTES_BUSY,
            idle_bytes_per_second: limits::COMPACTION_BYTES_IDLE,
            fresh_files: 16,
            growth: 10,
            file_bytes_min: 128 << 20,
            file_bytes_max: 512 << 20,
        }
    }
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
    /// the time that the store is open; none: for ever. What is dropped stands in table files, from which a
    /// repair makes it again.
    pub keep_log: Option<Duration>,
    /// How long deleted runs are kept and can be undeleted, by the time that the store is open; none: for
    /// ever. Then they are erased, and with them the log up to the last event of theirs.
    pub keep_deleted: Option<Duration>,
    /// Whether a folder is opened whose log is damaged (F3): runs that lack events are marked and stand still,
    /// all others go on, and nothing behind the damage is compacted.
    pub open_damaged: bool,
    /// When and how the log becomes table files.
    pub compaction: Compaction,
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
            keep_log: Some(limits::KEEP_LOG),
            keep_deleted: Some(limits::KEEP_DELETED),
            open_damaged: false,
            compaction: Compaction::default(),
            holder: crate::disk::this_process(),
        }
    }
}
