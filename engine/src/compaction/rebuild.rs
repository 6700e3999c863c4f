//! A damaged table file is made again from the log (F4).
//!
//! ```text
//!  a reader or a check finds damage ─► marked ─► rows of the same positions, from the log
//!      ─► files in their place (W5) ─► one edit names them instead ─► the damaged ones go (W7)
//! ```
//!
//! What holds:
//! - The log is checked on its way, frame by frame; where it is damaged too, nothing changes and the
//!   damage is told as the log's.
//! - What is put in its place has as many rows as the manifest says the damaged file had.

use super::{Made, event_file, gather, row_file};
use crate::disk::World;
use crate::error::{Error, Result};
use crate::snapshot::Snapshot;
use crate::table::{Kind, Label, TableId, TableMeta};

/// A table file straight from the log that was found damaged, if the log still holds its events.
/// Whoever gets it has to rebuild it: it is marked no longer, until a reader meets the damage again.
pub(crate) fn choose(snapshot: &Snapshot) -> Option<TableMeta> {
    let damaged = snapshot.tables.all().find(|table| table.take_mark())?;
    let oldest = snapshot.segments().first()?.first_lsn;
    let is_of_rows = !matches!(damaged.meta.kind, Kind::Runs | Kind::State);
    let is_held = is_of_rows && damaged.meta.level == 0 && damaged.meta.lsns.0 >= oldest;
    is_held.then(|| damaged.meta.clone())
}

/// Makes the files that take the place of `damaged` and of its siblings: keys that had no room in one
/// file fill a second one of the same kind and positions, and are told apart only together.
pub(super) fn make_files(
    world: &World,
    snapshot: &Snapshot,
    first: TableId,
    damaged: &TableMeta,
    added: &mut Vec<TableMeta>,
) -> Result<Made> {
    let (kind, lsns) = (damaged.kind, damaged.lsns);
    let siblings: Vec<&TableMeta> = snapshot
        .tables
        .all()
        .map(|table| &table.meta)
        .filter(|meta| (meta.kind, meta.level, meta.lsns) == (kind, 0, lsns))
        .collect();
    let label = |id| Label { id, kind, level: 0, project: damaged.project.clone(), lsns };
    match kind {
        Kind::Events => added.push(event_file(world, snapshot, label(first))?),
        _ => {
            let files = gather::rows_again(snapshot, lsns.0, lsns.1)?.into_files()?;
            for (id, rows) in (first.0..).map(TableId).zip(files.into_iter().filter(|rows| rows.kind == kind))
            {
                added.push(row_file(world, &snapshot.projection, label(id), rows)?);
            }
        }
    }
    let rows_of = |metas: &mut dyn Iterator<Item = &TableMeta>| metas.map(|meta| meta.rows).sum::<u64>();
    let (found, expected) = (rows_of(&mut added.iter()), rows_of(&mut siblings.iter().copied()));
    if found != expected {
        let path = damaged.path();
        return Err(Error::damaged(format!("{path} had {expected} rows, and the log gives {found} for it")));
    }
    let removed: Vec<TableId> = siblings.iter().map(|meta| meta.id).collect();
    let through = snapshot.tables.through;
    let tables = snapshot.tables.edited(world, through, added, &removed);
    Ok(Made { added: added.clone(), removed, through, tables, state: None })
}
