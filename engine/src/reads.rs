//! What a reader took from table files, for who asks how a statement was answered.

use std::collections::{BTreeMap, BTreeSet};

use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

/// Counts what is read through a snapshot ([`crate::Snapshot::counting`]): rows of history, system metrics
/// and consoles. Footers and indexes, which stay in memory, are not counted.
#[derive(Debug, Default)]
pub struct Reads {
    bytes: AtomicU64,
    events: AtomicU64,
    /// Of each file that was read in: its row groups, and which of them were read.
    files: Mutex<BTreeMap<u64, (usize, BTreeSet<usize>)>>,
}

/// What was read up to some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadCounts {
    /// Table files.
    pub files: usize,
    /// Row groups of these files, read and not.
    pub row_groups: usize,
    /// Row groups that were read, each once.
    pub row_groups_read: usize,
    /// Bytes of pages, each as often as it was read.
    pub bytes: u64,
    /// Events of the log.
    pub events: u64,
}

impl Reads {
    /// All so far.
    #[must_use]
    pub fn counts(&self) -> ReadCounts {
        let files = self.files();
        ReadCounts {
            files: files.len(),
            row_groups: files.values().map(|(of, _)| of).sum(),
            row_groups_read: files.values().map(|(_, read)| read.len()).sum(),
            bytes: self.bytes.load(Ordering::Relaxed),
            events: self.events.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn note_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn note_event(&self) {
        self.events.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that some of the `of` row groups of a file were read.
    pub(crate) fn note_groups(&self, file: u64, of: usize, read: &[usize]) {
        let mut files = self.files();
        let (_, known) = files.entry(file).or_insert_with(|| (of, BTreeSet::new()));
        known.extend(read);
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<u64, (usize, BTreeSet<usize>)>> {
        // A count is whole or missing after a panic; nothing is decided by it.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
