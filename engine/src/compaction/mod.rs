//! Compaction: ended segments become table files.
//!
//! ```text
//!  choose (pure) ─► gather: events, in log order ─► write: files, sorted (W5) ─► publish: one edit
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
pub(crate) mod rebuild;

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

/// What is to be done to table files, all of it beside the writer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Work {
    /// Files of the events behind those that stand in some, up to a position.
    Compact(Lsn),
    /// A damaged file, again (F4).
    Rebuild(TableMeta),
}

/// What was made, to be published by one edit. The files are in their place, and nothing names them yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Made {
    pub(crate) added: Vec<TableMeta>,
    pub(crate) removed: Vec<TableId>,
    pub(crate) through: Lsn,
}

/// Does the work.
///
/// # Errors
///
/// `Damaged` when the log does not hold what it held; `DiskFull`, `Io`, `WritesStopped`. No file is
/// left then, or one that the next opening removes.
pub(crate) fn make(world: &World, snapshot: &Snapshot, first: TableId, work: &Work) -> Result<Made> {
    let mut made = Made { through: snapshot.tables.through, ..Made::default() };
    let done = match work {
        Work::Compact(through) => {
            made.through = *through;
            make_files(world, snapshot, first, *through, &mut made.added)
        }
        Work::Rebuild(damaged) => rebuild::make_files(world, snapshot, first, damaged, &mut made),
    };
    if let Err(error) = &done
        && !matches!(error, Error::WritesStopped { .. })
    {
        let paths = made.added.iter().flat_map(|meta| [meta.path(), meta.sidecar_path()]);
        paths.for_each(|path| drop(world.disk.remove(&path)));
    }
    done.map(|()| made)
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
        let label = label(rows.kind);
        added.push(row_file(world, snapshot, label, rows)?);
    }
    added.push(event_file(world, snapshot, label(Kind::Events))?);
    Ok(())
}

fn row_file(world: &World, snapshot: &Snapshot, label: Label, rows: gather::Rows) -> Result<TableMeta> {
    table::make(world, label, |sink| rows.write(LEVEL_HOT, &|ordinal| name(snapshot, ordinal), sink))
}

fn event_file(world: &World, snapshot: &Snapshot, label: Label) -> Result<TableMeta> {
    let (from, through) = label.lsns;
    let events =
        snapshot.events(from).take_while(|event| !matches!(event, Ok((lsn, _, _)) if *lsn > through));
    table::make(world, label, |sink| table::events::write(events, LEVEL_HOT, sink))
}

fn name(snapshot: &Snapshot, ordinal: u32) -> Result<crate::id::RunKey> {
    let run = snapshot.projection.runs.get(ordinal as usize).map(Arc::clone);
    Ok(run.ok_or_else(|| Error::damaged(format!("there is no run {ordinal}")))?.key.clone())
}
