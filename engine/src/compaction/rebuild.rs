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
//! - What is put in the place of a file straight from the log has as many rows as the manifest says.
//! - A merged file is made again with all of its project that reach into its positions: they are told
//!   apart only together.

use std::collections::BTreeSet;

use super::maker::Maker;
use super::{checkpoint, events_of_log, gather};
use crate::error::{Error, Result};
use crate::id::{Lsn, ProjectKey};
use crate::projection::Projection;
use crate::snapshot::Snapshot;
use crate::table::{Kind, Label, TableId, TableMeta};

/// A table file that was found damaged and can be made again: one whose events the log still holds, or one
/// of runs or state; of others that were, their readers were told, and they are left. Whoever gets it has to
/// rebuild it: it is marked no longer, until a reader meets the damage again.
pub(crate) fn choose(snapshot: &Snapshot) -> Option<TableMeta> {
    let mut damaged = snapshot.tables.all().filter(|table| table.take_mark()).map(|table| &table.meta);
    let first = damaged.next()?;
    let is_held = |meta: &&TableMeta| match (meta.kind, &meta.project) {
        (Kind::Runs | Kind::State, _) => true,
        (kind, Some(project)) => holds(snapshot, reaching(snapshot, kind, project, meta.lsns).1),
        (_, None) => holds(snapshot, meta.lsns),
    };
    std::iter::once(first).chain(damaged).find(is_held).cloned()
}

/// Whether the log has all events between two positions.
fn holds(snapshot: &Snapshot, lsns: (Lsn, Lsn)) -> bool {
    let segments = snapshot.segments();
    segments.first().is_some_and(|oldest| oldest.first_lsn <= lsns.0)
        && snapshot.missing().check_positions(lsns.0, lsns.1).is_ok()
}

/// The files of a project that reach into each other's positions, from those of one on; and the positions of
/// all of them.
fn reaching<'a>(
    snapshot: &'a Snapshot,
    kind: Kind,
    project: &ProjectKey,
    mut lsns: (Lsn, Lsn),
) -> (Vec<&'a TableMeta>, (Lsn, Lsn)) {
    let of_project = |meta: &&TableMeta| meta.kind == kind && meta.project.as_ref() == Some(project);
    let all: Vec<&TableMeta> = snapshot.tables.all().map(|table| &table.meta).filter(of_project).collect();
    loop {
        let touches = |meta: &&&TableMeta| meta.lsns.0 <= lsns.1 && meta.lsns.1 >= lsns.0;
        let reaching: Vec<&TableMeta> = all.iter().filter(touches).copied().collect();
        let widened = reaching.iter().fold(lsns, |a, meta| (a.0.min(meta.lsns.0), a.1.max(meta.lsns.1)));
        if widened == lsns {
            return (reaching, lsns);
        }
        lsns = widened;
    }
}

/// The state folded of all events, and files of it in the place of all that there are; gives these.
pub(super) fn make_state(maker: &mut Maker<'_>, snapshot: &Snapshot) -> Result<(Projection, Vec<TableId>)> {
    let mut state = Projection::of_events(&snapshot.tables)?;
    state.erasures.date(&snapshot.projection.erasures, snapshot.open_nanos);
    let lsns = (Lsn(1), snapshot.tables.through);
    let removed = checkpoint::write(maker, &state, &snapshot.tables, lsns, &BTreeSet::new())?;
    Ok((state, removed))
}

/// Makes the files that take the place of `damaged` and of those that are told apart from it only together;
/// gives them all.
pub(super) fn make_files(
    maker: &mut Maker<'_>,
    snapshot: &Snapshot,
    damaged: &TableMeta,
) -> Result<Vec<TableId>> {
    match (damaged.kind, &damaged.project) {
        (Kind::Events, _) => {
            let label = maker.label(Kind::Events, damaged.level, damaged.lsns);
            maker.events(label, events_of_log(snapshot, damaged.lsns))?;
            same_rows(maker, damaged, &[damaged])
        }
        (_, Some(project)) => of_project(maker, snapshot, damaged, project),
        (_, None) => of_all(maker, snapshot, damaged),
    }
}

/// Rows straight from the log: keys that had no room in one file fill others of the same positions.
fn of_all(maker: &mut Maker<'_>, snapshot: &Snapshot, damaged: &TableMeta) -> Result<Vec<TableId>> {
    let (kind, lsns) = (damaged.kind, damaged.lsns);
    let is_sibling = |meta: &&TableMeta| (meta.kind, &meta.project, meta.lsns) == (kind, &None, lsns);
    let tables = snapshot.tables.all().map(|table| &table.meta);
    let siblings: Vec<&TableMeta> = tables.filter(is_sibling).collect();
    let gathered = gather::rows_again(snapshot, lsns, None)?.into_rows();
    for rows in gathered.filter(|rows| rows.kind == kind) {
        rows.into_files(&mut |rows| {
            let label = maker.label(kind, 0, lsns);
            maker.rows(label, rows, &snapshot.projection).map(|_rows| ())
        })?;
    }
    same_rows(maker, damaged, &siblings)
}

/// Rows of one project, a segment at a time: they are merged again in their turn.
fn of_project(
    maker: &mut Maker<'_>,
    snapshot: &Snapshot,
    damaged: &TableMeta,
    project: &ProjectKey,
) -> Result<Vec<TableId>> {
    let (kind, level) = (damaged.kind, damaged.level);
    let (reaching, lsns) = reaching(snapshot, kind, project, damaged.lsns);
    for segment in snapshot.segments() {
        let of_segment = (segment.first_lsn.max(lsns.0), segment.last_lsn.min(lsns.1));
        if of_segment.0 > of_segment.1 {
            continue;
        }
        let gathered = gather::rows_again(snapshot, of_segment, Some(project))?.into_rows();
        for rows in gathered.filter(|rows| rows.kind == kind) {
            rows.into_files(&mut |rows| {
                let label = maker.label(kind, level, rows.lsns());
                let label = Label { project: Some(project.clone()), ..label };
                maker.rows(label, rows, &snapshot.projection).map(|_rows| ())
            })?;
        }
    }
    Ok(reaching.iter().map(|meta| meta.id).collect())
}

/// The files whose place is taken, if what was made has as many rows.
fn same_rows(maker: &Maker<'_>, damaged: &TableMeta, before: &[&TableMeta]) -> Result<Vec<TableId>> {
    let found: u64 = maker.added.iter().map(|meta| meta.rows).sum();
    let expected: u64 = before.iter().map(|meta| meta.rows).sum();
    if found != expected {
        let path = damaged.path();
        return Err(Error::damaged(format!("{path} had {expected} rows, and the log gives {found} for it")));
    }
    Ok(before.iter().map(|meta| meta.id).collect())
}
