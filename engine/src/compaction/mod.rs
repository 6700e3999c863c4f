//! Compaction: ended segments become table files.
//!
//! ```text
//!  choose (pure) ─► gather: events, in log order ─► write: files, sorted (W5) ─► publish: one edit
//!                      └─► fold: the state at their end ─► write: files of runs and state
//!                ─► pack the segments, one by one ─► an edit each ─► drop those whose time is over
//! ```
//!
//! What holds:
//! - Nothing is visible before the edit that names it is durable; cut off anywhere, the files are
//!   leftovers with numbers that no manifest ever named, and the next opening removes them (F14).
//! - Table files ∪ tail give the same rows before, during and after (D9).
//! - No more of the log than [`plan::INPUT_BYTES_MAX`] is taken at once, unless one segment is larger.
//!   Rows are read where the log is mapped; in memory are the console's lines, the cells of the long
//!   layout and one row group.

mod checkpoint;
mod gather;
pub(crate) mod plan;
pub(crate) mod rebuild;
pub(crate) mod retention;

use std::sync::Arc;

use crate::disk::World;
use crate::error::{Error, Result};
use crate::id::Lsn;
use crate::projection::Projection;
use crate::snapshot::Snapshot;
use crate::table::{self, Kind, Label, TableId, TableMeta, Tables};

/// zstd's level for files straight from the log: they will be written again.
const LEVEL_HOT: i32 = 1;

/// Files that one compaction makes at the most, in a store with so many runs: two a kind of rows, one
/// of events, and the checkpoint.
pub(crate) fn files_max(run_count: u32) -> u64 {
    7 + checkpoint::files_max(run_count)
}

/// What a compaction made, to be published by one edit.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) added: Vec<TableMeta>,
    pub(crate) removed: Vec<TableId>,
    pub(crate) through: Lsn,
    /// The table files as they are then.
    pub(crate) tables: Tables,
    /// The state at `through`, with every run at rest; none where only files were made again.
    pub(crate) state: Option<Projection>,
}

/// Makes table files of the events behind those that stand in some, up to `through`, and of what they
/// turn `state` into. The files are in their place then, and nothing names them yet.
///
/// # Errors
///
/// `Damaged` when the log does not hold what it held; `DiskFull`, `Io`, `WritesStopped`. No file is
/// left then, or one that the next opening removes.
pub(crate) fn make(
    world: &World,
    snapshot: &Snapshot,
    state: Projection,
    first: TableId,
    through: Lsn,
) -> Result<Made> {
    removing_if_failed(world, |added| make_files(world, snapshot, state, first, through, added))
}

/// Makes a damaged table file again, from the log (F4).
///
/// # Errors
///
/// As [`make`].
pub(crate) fn make_again(
    world: &World,
    snapshot: &Snapshot,
    first: TableId,
    damaged: &TableMeta,
) -> Result<Made> {
    removing_if_failed(world, |added| rebuild::make_files(world, snapshot, first, damaged, added))
}

/// Removes the files that were made of what could not be finished.
fn removing_if_failed(world: &World, make: impl FnOnce(&mut Vec<TableMeta>) -> Result<Made>) -> Result<Made> {
    let mut added = Vec::new();
    let made = make(&mut added);
    if made.as_ref().is_err_and(|error| !matches!(error, Error::WritesStopped { .. })) {
        let paths = added.iter().flat_map(|meta| [meta.path(), meta.sidecar_path()]);
        paths.for_each(|path| drop(world.disk.remove(&path)));
    }
    made
}

fn make_files(
    world: &World,
    snapshot: &Snapshot,
    mut state: Projection,
    first: TableId,
    through: Lsn,
    added: &mut Vec<TableMeta>,
) -> Result<Made> {
    let from = snapshot.tables.through.advance(1);
    let mut next = first;
    let mut label = |kind, level, from| {
        let id = next;
        next = TableId(id.0 + 1);
        Label { id, kind, level, project: None, lsns: (from, through) }
    };
    let gathered = gather::rows(snapshot, &mut state, from, through)?;
    for rows in gathered.into_files()? {
        let label = label(rows.kind, 0, from);
        added.push(row_file(world, &state, label, rows)?);
    }
    added.push(event_file(world, snapshot, label(Kind::Events, 0, from))?);
    let mut of_state = |kind, level| label(kind, level, Lsn(1));
    let removed = checkpoint::write(world, &state, &snapshot.tables, &mut of_state, added)?;
    let tables = snapshot.tables.edited(world, through, added, &removed);
    state.rest(Arc::new(tables.resting()?), through);
    Ok(Made { added: added.clone(), removed, through, tables, state: Some(state) })
}

fn row_file(world: &World, state: &Projection, label: Label, rows: gather::Rows) -> Result<TableMeta> {
    table::make(world, label, |sink| rows.write(LEVEL_HOT, &|ordinal| name(state, ordinal), sink))
}

fn event_file(world: &World, snapshot: &Snapshot, label: Label) -> Result<TableMeta> {
    let (from, through) = label.lsns;
    let events =
        snapshot.events(from).take_while(|event| !matches!(event, Ok((lsn, _, _)) if *lsn > through));
    table::make(world, label, |sink| table::events::write(events, LEVEL_HOT, sink))
}

fn name(state: &Projection, ordinal: u32) -> Result<crate::id::RunKey> {
    let run = state.run_at(ordinal)?;
    Ok(run.ok_or_else(|| Error::damaged(format!("there is no run {ordinal}")))?.key.clone())
}
