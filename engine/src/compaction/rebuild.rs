//! A damaged table file is made again from the log (F4).
//!
//! ```text
//!  a reader or a check finds damage ─► marked ─► rows of the same positions, from the log
//!      ─► files in their place (W5) ─► one edit names them instead ─► the damaged ones go (W7)
//!  of a file of runs or of state ─► all events of files of events, folded ─► all such files anew
//! ```
//!
//! What holds:
//! - The log is checked on its way, frame by frame; where it is damaged too, nothing changes and the
//!   damage is told as the log's.
//! - What is put in its place has as many rows as the manifest says the damaged file had.

use std::collections::BTreeSet;

use super::maker::Maker;
use super::{checkpoint, events_of_log, gather};
use crate::error::{Error, Result};
use crate::id::Lsn;
use crate::projection::Projection;
use crate::snapshot::Snapshot;
use crate::table::{Kind, TableId, TableMeta};

/// A table file that was found damaged and can be made again: one straight from the log whose events it
/// still holds, or one of runs or state; of others that were, their readers were told, and they are left. Whoever gets it has to rebuild it: it
/// is marked no longer, until a reader meets the damage again.
pub(crate) fn choose(snapshot: &Snapshot) -> Option<TableMeta> {
    let mut damaged = snapshot.tables.all().filter(|table| table.take_mark()).map(|table| &table.meta);
    let first = damaged.next()?;
    let oldest = snapshot.segments().first()?.first_lsn;
    let is_held = |meta: &&TableMeta| {
        let is_state = matches!(meta.kind, Kind::Runs | Kind::State);
        is_state || meta.level == 0 && meta.lsns.0 >= oldest
    };
    std::iter::once(first).chain(damaged).find(is_held).cloned()
}

/// The state folded of all events, and files of it in the place of all that there are; gives these.
pub(super) fn make_state(maker: &mut Maker<'_>, snapshot: &Snapshot) -> Result<(Projection, Vec<TableId>)> {
    let mut state = Projection::of_events(&snapshot.tables)?;
    state.erasures.date(&snapshot.projection.erasures, snapshot.open_nanos);
    let lsns = (Lsn(1), snapshot.tables.through);
    let removed = checkpoint::write(maker, &state, &snapshot.tables, lsns, &BTreeSet::new())?;
    Ok((state, removed))
}

/// Makes the files that take the place of `damaged` and of its siblings, which it gives: keys that had
/// no room in one file fill others of the same kind and positions, and are told apart only together.
pub(super) fn make_files(
    maker: &mut Maker<'_>,
    snapshot: &Snapshot,
    damaged: &TableMeta,
) -> Result<Vec<TableId>> {
    let (kind, lsns) = (damaged.kind, damaged.lsns);
    let is_sibling = |meta: &&TableMeta| (meta.kind, meta.level, meta.lsns) == (kind, 0, lsns);
    let tables = snapshot.tables.all().map(|table| &table.meta);
    let siblings: Vec<&TableMeta> = tables.filter(is_sibling).collect();
    if kind == Kind::Events {
        let label = maker.label(kind, 0, lsns);
        maker.events(label, events_of_log(snapshot, lsns))?;
    } else {
        let gathered = gather::rows_again(snapshot, lsns.0, lsns.1)?.into_rows();
        for rows in gathered.filter(|rows| rows.kind == kind) {
            rows.into_files(&mut |rows| {
                let label = maker.label(kind, 0, lsns);
                maker.rows(label, rows, &snapshot.projection).map(|_rows| ())
            })?;
        }
    }
    let rows_of = |metas: &mut dyn Iterator<Item = &TableMeta>| metas.map(|meta| meta.rows).sum::<u64>();
    let (found, expected) = (rows_of(&mut maker.added.iter()), rows_of(&mut siblings.iter().copied()));
    if found != expected {
        let path = damaged.path();
        return Err(Error::damaged(format!("{path} had {expected} rows, and the log gives {found} for it")));
    }
    Ok(siblings.iter().map(|meta| meta.id).collect())
}
