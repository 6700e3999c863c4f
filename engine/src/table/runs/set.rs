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
    files: Vec<Arc<RunFile>>,
    /// The groups of each chunk: file and group, older first.
    chunks: BTreeMap<u32, Vec<(usize, usize)>>,
}

impl RunFiles {
    /// Opens files of runs, and reads their indexes.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io`.
    pub(crate) fn open<'a>(tables: impl Iterator<Item = &'a Arc<Table>>) -> Result<Self> {
        let mut files: Vec<(Lsn, Arc<RunFile>)> =
            tables.map(|table| Ok((table.meta.lsns.1, Arc::clone(table.runs()?)))).collect::<Result<_>>()?;
        files.sort_by_key(|(through, _)| *through);
        let files: Vec<Arc<RunFile>> = files.into_iter().map(|(_, file)| file).collect();
        let mut chunks: BTreeMap<u32, Vec<(usize, usize)>> = BTreeMap::new();
        for (index, file) in files.iter().enumerate() {
            for (place, group) in file.groups.iter().enumerate() {
                chunks.entry(group.chunk).or_default().push((index, place));
            }
        }
        Ok(Self { files, chunks })
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
            self.files.iter().for_each(|file| ordinals.extend(file.find(hash)));
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
            let Some(file) = self.files.get(*file) else { continue };
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
        let groups = groups.filter_map(|(file, group)| Some((Arc::clone(self.files.get(*file)?), *group)));
        RunChunk::new(groups.collect(), awake)
    }
}
