//! Compaction: ended segments become table files, and small table files become larger ones.
//!
//! ```text
//!  choose (pure) ─► gather: events, in log order ──┐
//!                ─► merge: rows of table files ────┴► write: files, sorted (W5) ─► publish: one edit
//!                                                                   ─► remove: what it dropped (W7)
//! ```
//!
//! What holds:
//! - Nothing is visible before the edit that names it is durable; cut off anywhere, the files are
//!   leftovers that no manifest names, and the next opening removes them (F14).
//! - Table files ∪ tail give the same rows before, during and after (D9).
//! - No more of the log than [`plan::INPUT_BYTES_MAX`] is taken at once, unless one segment is larger.
//!   Rows are read where the log is mapped; in memory are the console's lines, some of the cells of the
//!   long layout and one row group. What a merge holds, `merge.rs` says.

mod gather;
mod maker;
mod merge;
pub(crate) mod pace;
pub(crate) mod plan;
pub(crate) mod tiers;

use std::sync::Arc;

use maker::Maker;
use pace::Pace;
use tiers::Merge;

use crate::disk::{RelPath, World};
use crate::error::{Error, Result};
use crate::id::Lsn;
use crate::options::Compaction;
use crate::snapshot::Snapshot;
use crate::table::{Kind, Table, TableId, TableMeta};

/// Numbers of files that are set aside for one job.
pub(crate) const FILES_MAX: u64 = 1 << 20;

/// What is done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    /// Table files of the events behind those that stand in some, up to a position.
    Segments {
        /// The last event.
        through: Lsn,
    },
    /// A few table files in the place of others.
    Merge(Merge),
}

/// What a job made, to be published by one edit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Made {
    pub(crate) added: Vec<TableMeta>,
    pub(crate) removed: Vec<TableId>,
    pub(crate) through: Lsn,
}

/// Why a job made nothing.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// The inputs that are to be left alone until somebody looks.
    pub(crate) damaged: Vec<TableId>,
}

/// What to do, and what it needs.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) job: Job,
    pub(crate) snapshot: Arc<Snapshot>,
    /// The number of the first file that is made.
    pub(crate) first: TableId,
    pub(crate) limits: Compaction,
}

impl Order {
    /// Makes the files. They are in their place then, and nothing names them yet.
    ///
    /// # Errors
    ///
    /// `Damaged` when the log or a table file does not hold what it held; `DiskFull`, `Io`,
    /// `WritesStopped`. No file is left then, or one that the next opening removes.
    pub(crate) fn make(&self, world: &World, pace: Option<&Pace>) -> Result<Made, Failed> {
        let level = if let Job::Merge(merge) = &self.job { merge.level } else { 0 };
        let mut maker =
            Maker { world, snapshot: &self.snapshot, pace, level, next: self.first, added: Vec::new() };
        match self.make_files(&mut maker) {
            Ok((removed, through)) => Ok(Made { added: maker.added, removed, through }),
            Err(error) => {
                // After a failed sync nothing in the folders is changed any more (F7).
                if !matches!(error, Error::WritesStopped { .. }) {
                    let paths = maker.added.iter().flat_map(|meta| [meta.path(), meta.sidecar_path()]);
                    paths.for_each(|path| drop(world.disk.remove(&path)));
                }
                Err(Failed { damaged: self.damaged_by(&error), error })
            }
        }
    }

    fn make_files(&self, maker: &mut Maker<'_>) -> Result<(Vec<TableId>, Lsn)> {
        match &self.job {
            Job::Segments { through } => {
                segments(maker, *through)?;
                Ok((Vec::new(), *through))
            }
            Job::Merge(merge) => {
                let inputs = self.inputs(merge)?;
                check_room(maker.world, &inputs)?;
                match merge.kind {
                    Kind::Events => merge::events(maker, &inputs)?,
                    kind => merge::rows(maker, kind, &inputs, self.limits.file_bytes_max)?,
                }
                Ok((merge.inputs.clone(), self.snapshot.tables.through))
            }
        }
    }

    fn inputs(&self, merge: &Merge) -> Result<Vec<Arc<Table>>> {
        let table = |id: &TableId| {
            let table = self.snapshot.tables.all().find(|table| table.meta.id == *id);
            table.cloned().ok_or_else(|| Error::damaged(format!("table file {} is not open", id.0)))
        };
        merge.inputs.iter().map(table).collect()
    }

    /// The inputs to which damage is due: those that are not what was written, else all of them.
    fn damaged_by(&self, error: &Error) -> Vec<TableId> {
        let (Job::Merge(merge), Error::Damaged(_) | Error::TooNew { .. }) = (&self.job, error) else {
            return Vec::new();
        };
        let is_damaged = |id: &TableId| {
            let table = self.snapshot.tables.all().find(|table| table.meta.id == *id);
            table.is_none_or(|table| table.check_all().is_err())
        };
        let damaged: Vec<TableId> = merge.inputs.iter().copied().filter(is_damaged).collect();
        if damaged.is_empty() { merge.inputs.clone() } else { damaged }
    }
}

/// Makes files of the events behind those that stand in some.
fn segments(maker: &mut Maker<'_>, through: Lsn) -> Result<()> {
    let snapshot = maker.snapshot;
    let from = snapshot.tables.through.advance(1);
    let lsns = (from, through);
    for rows in gather::rows(snapshot, from, through)?.into_rows() {
        rows.into_files(&mut |rows| maker.rows(None, lsns, rows).map(|_rows| ()))?;
    }
    let is_later = |event: &Result<(Lsn, u64, _)>| matches!(event, Ok((lsn, _, _)) if *lsn > through);
    maker.events(lsns, snapshot.events(from).take_while(|event| !is_later(event)))
}

/// A merge takes as much room as its inputs until they are removed, and leaves as much to the log.
fn check_room(world: &World, inputs: &[Arc<Table>]) -> Result<()> {
    let bytes: u64 = inputs.iter().map(|table| table.meta.bytes + table.meta.sidecar.0).sum();
    let free =
        world.disk.free().map_err(|source| Error::Io { doing: "measure", path: RelPath::root(), source })?;
    if free / 2 < bytes { Err(Error::DiskFull) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
