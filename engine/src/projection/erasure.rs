//! What was deleted and waits for its end, and what was erased while its bytes are still there.
//!
//! ```text
//!  RunDeleted ──► deleted ──grace──► RunErased ──► erasing ──bytes are gone──► ErasureDone
//!                    └─► RunUndeleted
//! ```
//!
//! What holds:
//! - From `RunErased` on nobody sees anything of the run, and nothing undoes it.
//! - What is left to be done stands in the log, so that whatever stops the store in between, the next
//!   opening goes on with it.

use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use crate::id::{Lsn, RunKey};

/// A run that was erased and of which bytes may be left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Erasing {
    pub(crate) key: RunKey,
    /// The position of its last event but the one that erased it.
    pub(crate) content: Lsn,
    /// That of the one that erased it.
    pub(crate) erased: Lsn,
    /// SHA-256 of the files it had.
    pub(crate) blobs: Arc<[[u8; 32]]>,
}

/// The runs, by ordinal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Erasures {
    /// The deleted ones, each with the time for which the store had been open when that was seen, in
    /// nanoseconds (`Manifest::open_nanos`): no wall clock that jumps ends a grace early (F12).
    deleted: OrdMap<u32, Option<u64>>,
    erasing: OrdMap<u32, Erasing>,
}

/// As it is stored.
pub(super) type Lists = (Vec<(u32, Option<u64>)>, Vec<(u32, Erasing)>);

impl Erasures {
    pub(super) fn delete(&mut self, ordinal: u32) {
        self.deleted.entry(ordinal).or_default();
    }

    pub(super) fn undelete(&mut self, ordinal: u32) {
        self.deleted.remove(&ordinal);
    }

    pub(super) fn erase(&mut self, ordinal: u32, erasing: Erasing) {
        self.deleted.remove(&ordinal);
        self.erasing.insert(ordinal, erasing);
    }

    pub(super) fn finish(&mut self, through: Lsn) {
        let open = self.erasing.iter().filter(|(_, erasing)| erasing.erased > through);
        self.erasing = open.map(|(ordinal, erasing)| (*ordinal, erasing.clone())).collect();
    }

    /// Notes when deletions were seen that are new: now, or when `known` says.
    pub(crate) fn date(&mut self, known: &Self, now: u64) {
        let new = self.deleted.iter().filter(|(_, since)| since.is_none());
        let new: Vec<u32> = new.map(|(ordinal, _)| *ordinal).collect();
        for ordinal in new {
            let since = known.deleted.get(&ordinal).copied().flatten().unwrap_or(now);
            self.deleted.insert(ordinal, Some(since));
        }
    }

    /// The deleted runs, each with the time since which that is known.
    pub(crate) fn deleted(&self) -> impl Iterator<Item = (u32, Option<u64>)> + '_ {
        self.deleted.iter().map(|(ordinal, since)| (*ordinal, *since))
    }

    /// The runs of which bytes may be left, with their ordinals.
    pub(crate) fn erasing(&self) -> impl Iterator<Item = (u32, &Erasing)> {
        self.erasing.iter().map(|(ordinal, erasing)| (*ordinal, erasing))
    }

    pub(super) fn to_lists(&self) -> Lists {
        let erasing = self.erasing.iter().map(|(ordinal, erasing)| (*ordinal, erasing.clone()));
        (self.deleted().collect(), erasing.collect())
    }

    pub(super) fn from_lists((deleted, erasing): Lists) -> Self {
        Self { deleted: deleted.into_iter().collect(), erasing: erasing.into_iter().collect() }
    }
}
