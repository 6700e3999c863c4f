//! Compaction: ended segments become table files.
//!
//! ```text
//!  choose (pure) ─► gather: events, in log order ─► write: files, sorted (W5) ─► publish: one edit
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

mod gather;
pub(crate) mod plan;
pub(crate) mod retention;

use std::sync::Arc;

use crate::disk::World;
use crate::error::{Error, Result};
use crate::id::Lsn;
use crate::snapshot::Snapshot;
use crate::table::{self, Kind, Label, TableId, TableMeta};

/// zstd's level for files straight from the log: they will be written again.
const LEVEL_HOT: i32 = 1;

/// Files that one compaction makes at the most: two a kind of rows, and one of events.
pub(crate) const FILES_MAX: u64 = 7;

/// What a compaction made, to be published by one edit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Made {
    pub(crate) added: Vec<TableMeta>,
    pub(crate) through: Lsn,
}

/// Makes table files of the events behind those that stand in some, up to `through`. The files are
/// in their place then, and nothing names them yet.
///
/// # Errors
///
/// `Damaged` when the log does not hold what it held; `DiskFull`, `Io`, `WritesStopped`. No file is
/// left then, or one that the next opening removes.
pub(crate) fn make(world: &World, snapshot: &Snapshot, first: TableId, through: Lsn) -> Result<Made> {
    let mut added = Vec::new();
    match make_files(world, snapshot, first, through, &mut added) {
        Ok(()) => Ok(Made { added, through }),
        Err(error) => {
            if !matches!(error, Error::WritesStopped { .. }) {
                let paths = added.iter().flat_map(|meta| [meta.path(), meta.sidecar_path()]);
                paths.for_each(|path| drop(world.disk.remove(&path)));
            }
            Err(error)
        }
    }
}

fn make_files(
    world: &World,
    snapshot: &Snapshot,
    first: TableId,
    through: Lsn,
    added: &mut Vec<TableMeta>,
) -> Result<()> {
    let from = snapshot.tables.through.advance(1);
    let mut next = first;
    let mut label = |kind| {
        let id = next;
        next = TableId(id.0 + 1);
        Label { id, kind, level: 0, project: None, lsns: (from, through) }
    };
    let gathered = gather::rows(snapshot, from, through)?;
    for rows in gathered.into_files()? {
        let kind = rows.kind;
        added.push(table::make(world, label(kind), |sink| {
            rows.write(LEVEL_HOT, &|ordinal| name(snapshot, ordinal), sink)
        })?);
    }
    let events =
        snapshot.events(from).take_while(|event| !matches!(event, Ok((lsn, _, _)) if *lsn > through));
    added
        .push(table::make(world, label(Kind::Events), |sink| table::events::write(events, LEVEL_HOT, sink))?);
    Ok(())
}

fn name(snapshot: &Snapshot, ordinal: u32) -> Result<crate::id::RunKey> {
    let run = snapshot.projection.runs.get(ordinal as usize).map(Arc::clone);
    Ok(run.ok_or_else(|| Error::damaged(format!("there is no run {ordinal}")))?.key.clone())
}
