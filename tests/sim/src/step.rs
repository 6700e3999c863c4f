//! What is done to a store, and how a store is opened for it.

use engine::Options;
use engine::disk::sim::Image;

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The store is opened, unless it is open.
    Open,
    /// A group: of each batch the number of events and about how many bytes each has.
    Commit(Vec<(usize, usize)>),
    /// Nothing was heard for a while.
    Idle,
    /// What waits of the log is compacted, damaged table files are made again, table files are merged.
    Compact,
    /// Every deleted run is to be erased, however short ago it was, and it is compacted.
    Prune,
    /// A byte of a table file and one of another's index rot, if there are some (F4).
    RotTables,
    /// The oldest run that is not erased is deleted, or brought back.
    Delete(bool),
    /// A user file of so many bytes is uploaded and named by an event.
    Upload(usize),
    /// The folder is backed up to another disk.
    Backup,
    /// The disk has so many blocks of 4096 bytes; none: no limit.
    Room(Option<u64>),
    /// The store is closed.
    Close,
    /// The process ends; the cache lives on.
    Kill,
    /// The power fails.
    PowerLoss(Image),
    /// Somebody sets the wall clock (F12).
    SetWall(i64),
}

/// Segments so small that a few groups fill one. Table files stay what they are: none is merged.
#[must_use]
pub fn small_options() -> Options {
    let mut options = Options::new("");
    (options.segment_bytes_min, options.segment_bytes_max) = (4 << 10, 16 << 10);
    options.holder = "the simulator".into();
    options
}

/// [`small_options`] with table files so small that any two are merged.
#[must_use]
pub fn merging_options() -> Options {
    let mut options = small_options();
    (options.compaction.fresh_files, options.compaction.growth) = (2, 1);
    (options.compaction.file_bytes_min, options.compaction.file_bytes_max) = (24 << 10, 48 << 10);
    options
}
