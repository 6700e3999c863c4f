//! Runs that go on from others.
//!
//! What holds:
//! - A run's rows are its own and, up to a step and a position, those of its parent, and so on.
//! - A run is not erased before those that go on from it: their rows would go with it.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use super::keys::Space;
use super::run::{NewKey, Run, StreamKind};
use crate::event::{Branch, Origin};
use crate::id::{Lsn, RunKey};

impl Run {
    /// Takes over the rows that it has of another run.
    pub(super) fn go_on_from(&mut self, branch: &Branch, new_key: &mut dyn FnMut(Space, NewKey)) {
        let Branch { origin, last_step, keys } = branch;
        for (key, stats) in keys {
            self.history.note(key, stats.points, stats.kinds, &mut |key| new_key(Space::History, key));
        }
        self.last_step = self.last_step.max(*last_step);
        let lines = self.streams.entry((Arc::from(""), StreamKind::History)).or_default();
        lines.next = lines.next.max(origin.rows);
        self.origin = Some(Arc::new(origin.clone()));
    }

    /// Rows of history written, overwritten ones included, those of its parents among them.
    #[must_use]
    pub fn history_rows(&self) -> u64 {
        self.history.rows + self.origin.as_ref().map_or(0, |origin| origin.rows)
    }
}

/// Which rows of a run are another one's too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    /// Up to this step.
    pub(crate) step: i64,
    /// Written up to here.
    pub(crate) lsn: Lsn,
}

impl Bound {
    /// All of them.
    pub(crate) const NONE: Self = Self { step: i64::MAX, lsn: Lsn(u64::MAX) };

    /// Those of them that a parent gives.
    pub(crate) fn within(self, origin: &Origin) -> Self {
        Self { step: self.step.min(origin.step), lsn: self.lsn.min(origin.at) }
    }
}

/// The runs that go on from others, by the run that they go on from: their ordinals.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heirs(OrdMap<RunKey, OrdSet<u32>>);

/// As they are stored.
pub(super) type HeirLists = Vec<(RunKey, Vec<u32>)>;

impl Heirs {
    pub(super) fn add(&mut self, parent: &RunKey, ordinal: u32) {
        self.0.entry(parent.clone()).or_default().insert(ordinal);
    }

    /// Takes out a run that was erased.
    pub(super) fn remove(&mut self, parent: &RunKey, ordinal: u32) {
        if let Some(heirs) = self.0.get_mut(parent) {
            heirs.remove(&ordinal);
            if heirs.is_empty() {
                self.0.remove(parent);
            }
        }
    }

    /// Whether a run goes on from this one that was not erased.
    pub(crate) fn has(&self, parent: &RunKey) -> bool {
        self.0.contains_key(parent)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ordinals of the runs that go on from this one and were not erased.
    pub(crate) fn of(&self, parent: &RunKey) -> impl Iterator<Item = u32> {
        self.0.get(parent).into_iter().flatten().copied()
    }

    pub(super) fn to_lists(&self) -> HeirLists {
        self.0.iter().map(|(parent, heirs)| (parent.clone(), heirs.iter().copied().collect())).collect()
    }

    pub(super) fn from_lists(lists: HeirLists) -> Self {
        let heirs = lists.into_iter().map(|(parent, heirs)| (parent, OrdSet::from_iter(heirs)));
        Self(heirs.collect())
    }
}

#[cfg(test)]
mod tests;
