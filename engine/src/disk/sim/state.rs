//! The names of the simulated disk, what is planned for it, and what a crash leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::chance::Chance;
use super::content::Content;
use super::rules::is_in;
use super::{Failure, Image, Op};
use crate::disk::RelPath;

/// A change of names that is not synced.
#[derive(Debug, Clone)]
pub(super) enum Naming {
    Link(RelPath, u64),
    Unlink(RelPath, u64),
    Rename(RelPath, RelPath, u64),
}

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) files: BTreeMap<u64, Content>,
    /// Names as programs see them.
    pub(super) names: BTreeMap<RelPath, u64>,
    pub(super) names_on_disk: BTreeMap<RelPath, u64>,
    /// What tells the two apart, in order.
    pub(super) namings: Vec<Naming>,
    pub(super) folders: BTreeSet<RelPath>,
    pub(super) handles: u64,
    /// Descriptors that are open.
    pub(super) open: usize,
    pub(super) ops: Vec<Op>,
    pub(super) plan: Vec<(Range<u64>, Failure)>,
    pub(super) bad_reads: Vec<(u64, Range<u64>, u32)>,
    pub(super) capacity: Option<u64>,
    pub(super) is_off: bool,
    pub(super) holder: Option<String>,
    pub(super) watcher: Watcher,
    /// What failed to sync outside `tmp/`: nothing is to be written until the next opening.
    pub(super) failed: Option<RelPath>,
}

/// Who is called before each operation.
#[derive(Clone, Default)]
pub(super) struct Watcher(pub(super) Option<Arc<Watch>>);

type Watch = dyn Fn(&Op) + Send + Sync;

impl Watcher {
    pub(super) fn call(&self, op: &Op) {
        if let Some(watcher) = &self.0 {
            watcher(op);
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Watcher" } else { "nobody" })
    }
}

impl State {
    pub(super) fn id_at(&self, path: &RelPath) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn path_of(&self, id: u64) -> Option<RelPath> {
        self.names.iter().find(|(_, named)| **named == id).map(|(path, _)| path.clone())
    }

    pub(super) fn file(&mut self, id: u64) -> io::Result<&mut Content> {
        self.files.get_mut(&id).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn add(&mut self, path: &RelPath, content: Content) -> u64 {
        let id = self.files.last_key_value().map_or(0, |(last, _)| last + 1);
        self.files.insert(id, content);
        self.names.insert(path.clone(), id);
        self.add_folders(path);
        id
    }

    /// Folders last at once: the real disk syncs those it makes.
    pub(super) fn add_folders(&mut self, path: &RelPath) {
        let mut folder = path.parent();
        while self.folders.insert(folder.clone()) {
            folder = folder.parent();
        }
    }

    pub(super) fn planned(&self) -> Option<Failure> {
        let number = self.ops.len() as u64;
        self.plan.iter().find(|(ops, _)| ops.contains(&number)).map(|(_, failure)| *failure)
    }

    /// A new writer begins: what earlier ones left is not for it to write to.
    pub(super) fn begin_opening(&mut self) {
        self.holder = Some(String::new());
        self.failed = None;
        for (path, id) in &self.names {
            if let (true, Some(file)) = (is_in(path, "log") || is_in(path, "blobs"), self.files.get_mut(id)) {
                file.freeze("belongs to an earlier opening (W9)");
            }
        }
    }

    pub(super) fn fail_sync(&mut self, path: &RelPath, file: Option<(u64, u64)>, reached: Image) {
        if let Some(file) = file.and_then(|(id, _)| self.files.get_mut(&id)) {
            file.fail_sync(reached);
        }
        if !is_in(path, "tmp") {
            self.failed = Some(path.clone());
        }
    }

    pub(super) fn sync_dir(&mut self, folder: &RelPath) {
        for naming in std::mem::take(&mut self.namings) {
            match &naming {
                Naming::Link(path, _) | Naming::Unlink(path, _) if path.parent() != *folder => {
                    self.namings.push(naming);
                }
                Naming::Rename(_, to, _) if to.parent() != *folder => self.namings.push(naming),
                Naming::Rename(from, to, id) if from.parent() != *folder => {
                    // The new name lasts, and so may the old one.
                    self.names_on_disk.insert(to.clone(), *id);
                    self.namings.push(Naming::Unlink(from.clone(), *id));
                }
                _ => naming.apply(&mut self.names_on_disk),
            }
        }
    }

    pub(super) fn after_kill(&self) -> Self {
        let mut after = self.clone();
        after.ops.clear();
        after.plan.clear();
        after.watcher = Watcher::default();
        (after.is_off, after.holder, after.failed, after.open) = (false, None, None, 0);
        after.files.values_mut().for_each(Content::forget_process);
        after
    }

    pub(super) fn after_power_loss(&self, image: Image) -> Self {
        let mut chance = Chance::new(image.seed());
        let mut after = self.after_kill();
        for naming in std::mem::take(&mut after.namings) {
            let kept = match image {
                Image::AllLost => false,
                Image::Drawn(_) => chance.one_in(2),
                _ => true,
            };
            if kept {
                naming.apply(&mut after.names_on_disk);
            }
        }
        after.names.clone_from(&after.names_on_disk);
        let named: BTreeSet<u64> = after.names.values().copied().collect();
        after.files.retain(|id, _| named.contains(id));
        after.files.values_mut().for_each(|file| *file = file.after_power_loss(image, &mut chance));
        after
    }

    /// Bytes that are not taken.
    pub(super) fn room(&self) -> u64 {
        let Some(capacity) = self.capacity else { return u64::MAX >> 1 };
        let used = self.names.values().filter_map(|id| self.files.get(id)).map(Content::allocated).sum();
        capacity.saturating_sub(used)
    }
}

impl Naming {
    fn apply(self, names: &mut BTreeMap<RelPath, u64>) {
        let unlink = |names: &mut BTreeMap<_, _>, path: &RelPath, id| {
            if names.get(path) == Some(&id) {
                names.remove(path);
            }
        };
        match self {
            Self::Link(path, id) => drop(names.insert(path, id)),
            Self::Unlink(path, id) => unlink(names, &path, id),
            Self::Rename(from, to, id) => {
                unlink(names, &from, id);
                names.insert(to, id);
            }
        }
    }
}

impl Image {
    pub(super) fn seed(self) -> u64 {
        if let Self::Drawn(seed) = self { seed } else { 0 }
    }
}
