//! All files of runs together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::chunk::RunChunk;
use super::{RunFile, hash};
use crate::error::Result;
use crate::id::{Lsn, RunPath};
use crate::projection::Run;
use crate::table::Table;

/// The files that runs rest in.
#[derive(Debug, Default)]
pub(crate) struct RunFiles {
    /// By position, older first.
    files: Vec<Layer>,
    /// The groups of each chunk: file and group, older first.
    chunks: BTreeMap<u32, Vec<(usize, usize)>>,
}

/// A file above those that are older.
#[derive(Debug, Clone)]
struct Layer {
    through: Lsn,
    file: Arc<RunFile>,
    /// Ordinals that it does not tell of: of a moment of the past, those that changed since.
    hidden: Arc<BTreeSet<u32>>,
}

impl RunFiles {
    /// Opens files of runs, and reads their indexes.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io`.
    pub(crate) fn open<'a>(tables: impl Iterator<Item = &'a Arc<Table>>) -> Result<Self> {
        let layer = |table: &Arc<Table>| {
            let (through, file) = (table.meta.lsns.1, Arc::clone(table.runs()?));
            Ok(Layer { through, file, hidden: Arc::default() })
        };
        let mut files: Vec<Layer> = tables.map(layer).collect::<Result<_>>()?;
        files.sort_by_key(|layer| layer.through);
        Ok(Self::of(files))
    }

    fn of(files: Vec<Layer>) -> Self {
        let mut chunks: BTreeMap<u32, Vec<(usize, usize)>> = BTreeMap::new();
        for (index, layer) in files.iter().enumerate() {
            for (place, group) in layer.file.groups.iter().enumerate() {
                chunks.entry(group.chunk).or_default().push((index, place));
            }
        }
        Self { files, chunks }
    }

    /// The files alone that tell of nothing behind a position.
    pub(crate) fn until(&self, last: Lsn) -> Self {
        Self::of(self.files.iter().filter(|layer| layer.through <= last).cloned().collect())
    }

    /// With the runs of `changed` as the files have them that tell of nothing behind a position.
    pub(crate) fn with_past(&self, last: Lsn, changed: &BTreeSet<u32>) -> Self {
        let mut files = self.files.clone();
        for layer in files.iter_mut().filter(|layer| layer.through > last) {
            layer.hidden = Arc::new(layer.hidden.union(changed).copied().collect());
        }
        Self::of(files)
    }

    /// Whether no run rests.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The chunks of which some run rests.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = u32> + '_ {
        self.chunks.keys().copied()
    }

    /// The ordinals of a path's generations, newest first; those of other paths may be among them.
    pub(crate) fn find(&self, path: &RunPath) -> impl Iterator<Item = u32> + use<> {
        let mut ordinals = BTreeSet::new();
        if !self.is_empty() {
            let hash = hash(path);
            self.files.iter().for_each(|layer| ordinals.extend(layer.file.find(hash)));
        }
        ordinals.into_iter().rev()
    }

    /// A run as it rests; none where none does.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of its file.
    pub(crate) fn load(&self, ordinal: u32) -> Result<Option<Run>> {
        let chunk = ordinal / u32::try_from(crate::projection::RUNS_PER_CHUNK).unwrap_or(u32::MAX);
        for (file, group) in self.chunks.get(&chunk).into_iter().flatten().rev() {
            let Some(Layer { file, hidden, .. }) = self.files.get(*file) else { continue };
            if hidden.contains(&ordinal) {
                continue;
            }
            let Some((first, last)) = file.groups.get(*group).map(|group| group.ordinals) else { continue };
            if (first..=last).contains(&ordinal)
                && let Some(row) = file.row_of(*group, ordinal)?
            {
                return file.load(*group, row).map(Some);
            }
        }
        Ok(None)
    }

    /// The runs of a chunk, those that are awake among them.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of a file.
    pub(crate) fn chunk(&self, chunk: u32, awake: impl Iterator<Item = Arc<Run>>) -> Result<RunChunk> {
        let groups = self.chunks.get(&chunk).into_iter().flatten();
        let groups = groups.filter_map(|(file, group)| {
            let Layer { file, hidden, .. } = self.files.get(*file)?;
            Some((Arc::clone(file), *group, &**hidden))
        });
        RunChunk::new(groups, awake)
    }
}
