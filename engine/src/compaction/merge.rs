//! Merging: a few table files of a kind become one, or some of one project each; nothing is left out.
//!
//! ```text
//!  entries of the inputs ─► by project and layout ─► survey: every row, file by file ─► write: sorted
//! ```
//!
//! What holds:
//! - Every row of the inputs stands in one output as it was written, with its position (D9). Every
//!   byte is checked on the way; what is damaged ends the merge before anything is named.
//! - Cells that stand in the long layout stay in it, also where their keys have become frequent.
//! - Beside what the writing of a file holds, the entries of the inputs are in memory, and their
//!   footers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::gather::{Rows, order};
use super::maker::{self, Maker};
use super::tiers::Merge;
use crate::disk::{RelPath, World};
use crate::error::{Error, Result};
use crate::id::{Lsn, ProjectKey};
use crate::projection::Projection;
use crate::snapshot::Snapshot;
use crate::table::events::{Recorded, Whose};
use crate::table::index::Entry;
use crate::table::rows::{Loader, Part, PartRows, Wanted};
use crate::table::{Kind, Label, Table, TableId};

/// An entry of a table file.
type Stored = (Arc<Table>, Arc<Entry>);

/// The rows of one output.
struct Output {
    project: ProjectKey,
    rows: Rows,
}

/// Makes the files that take the place of those that `merge` names.
pub(super) fn make_files(
    maker: &mut Maker<'_>,
    snapshot: &Snapshot,
    merge: &Merge,
    bytes_max: u64,
) -> Result<()> {
    let table = |id: &TableId| {
        let table = snapshot.tables.all().find(|table| table.meta.id == *id);
        table.cloned().ok_or_else(|| Error::damaged(format!("table file {} is not open", id.0)))
    };
    let inputs: Vec<Arc<Table>> = merge.inputs.iter().map(table).collect::<Result<_>>()?;
    check_room(maker.world, &inputs)?;
    match merge.kind {
        Kind::Events => events(maker, merge.level, &inputs),
        _ => rows(maker, &snapshot.projection, merge, &inputs, &BTreeSet::new(), bytes_max),
    }
}

/// Makes files of the rows of a file but for those of some runs.
pub(super) fn make_without(
    maker: &mut Maker<'_>,
    snapshot: &Snapshot,
    table: &Arc<Table>,
    gone: &BTreeSet<u32>,
    bytes_max: u64,
) -> Result<()> {
    let inputs = [Arc::clone(table)];
    check_room(maker.world, &inputs)?;
    let merge = Merge {
        kind: table.meta.kind,
        inputs: vec![table.meta.id],
        // Its files are of one project each, as those of no level but the first are not.
        level: table.meta.level.max(1),
    };
    rows(maker, &snapshot.projection, &merge, &inputs, gone, bytes_max)
}

/// A merge takes as much room as its inputs until they are removed, and leaves as much to the log.
fn check_room(world: &World, inputs: &[Arc<Table>]) -> Result<()> {
    let bytes: u64 = inputs.iter().map(|table| table.meta.bytes + table.meta.sidecar.0).sum();
    let free =
        world.disk.free().map_err(|source| Error::Io { doing: "measure", path: RelPath::root(), source })?;
    if free / 2 < bytes { Err(Error::DiskFull) } else { Ok(()) }
}

/// Makes files of the rows of `inputs` but for those of the runs that are `gone`, of one project each
/// and of at most about `bytes_max` bytes.
fn rows(
    maker: &mut Maker<'_>,
    state: &Projection,
    merge: &Merge,
    inputs: &[Arc<Table>],
    gone: &BTreeSet<u32>,
    bytes_max: u64,
) -> Result<()> {
    for Output { project, rows } in surveyed(merge.kind, outputs(state, inputs, gone, bytes_max)?)? {
        rows.into_files(&mut |rows| {
            let expected: Option<u64> = rows.parts.iter().map(Part::stored_rows).sum();
            let label = maker.label(merge.kind, merge.level, rows.lsns());
            let label = Label { project: Some(project.clone()), ..label };
            let written = maker.rows(label, rows, state)?;
            if expected.is_some_and(|expected| expected != written) {
                return Err(Error::damaged(format!("a merge of {expected:?} rows has written {written}")));
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// The entries of each output: of one project and layout, and of so many bytes.
fn outputs(
    state: &Projection,
    inputs: &[Arc<Table>],
    gone: &BTreeSet<u32>,
    bytes_max: u64,
) -> Result<Vec<(ProjectKey, Vec<Stored>)>> {
    let mut by_project: BTreeMap<(ProjectKey, bool), Vec<Stored>> = BTreeMap::new();
    let mut projects: BTreeMap<u32, ProjectKey> = BTreeMap::new();
    for table in inputs {
        for entry in table.entries()? {
            let entry = entry?;
            if entry.rows == 0 || gone.contains(&entry.ordinal) {
                continue;
            }
            let project = match (&table.meta.project, projects.get(&entry.ordinal)) {
                (Some(project), _) | (None, Some(project)) => project.clone(),
                (None, None) => {
                    let project = maker::name(state, entry.ordinal)?.project;
                    projects.insert(entry.ordinal, project.clone());
                    project
                }
            };
            let of = by_project.entry((project, entry.key.is_some())).or_default();
            of.push((Arc::clone(table), Arc::new(entry)));
        }
    }
    let cut = |((project, _), entries): ((ProjectKey, bool), Vec<Stored>)| {
        cut(entries, bytes_max).into_iter().map(move |entries| (project.clone(), entries))
    };
    Ok(by_project.into_iter().flat_map(cut).collect())
}

/// Parts entries by run into files of about the same size.
fn cut(mut entries: Vec<Stored>, bytes_max: u64) -> Vec<Vec<Stored>> {
    let bytes =
        |(table, entry): &Stored| table.meta.bytes.saturating_mul(entry.rows) / table.meta.rows.max(1);
    let all: u64 = entries.iter().map(bytes).sum();
    let share = all.div_ceil(all.div_ceil(bytes_max.max(1)).max(1));
    entries.sort_by(|(_, a), (_, b)| {
        (a.ordinal, &a.writer, &a.key, a.steps, a.lines)
            .cmp(&(b.ordinal, &b.writer, &b.key, b.steps, b.lines))
    });
    let mut files: Vec<Vec<Stored>> = Vec::new();
    let mut room = 0;
    for entry in entries {
        let bytes = bytes(&entry);
        match files.last_mut().filter(|_| room > 0) {
            Some(file) => file.push(entry),
            None => {
                files.push(vec![entry]);
                room = share;
            }
        }
        room = room.saturating_sub(bytes);
    }
    files
}

/// Reads every row once, each file from its beginning to its end, to know what each output will hold.
fn surveyed(kind: Kind, outputs: Vec<(ProjectKey, Vec<Stored>)>) -> Result<Vec<Output>> {
    let mut made = Vec::with_capacity(outputs.len());
    let mut reading: Vec<(usize, Part)> = Vec::new();
    for (project, entries) in outputs {
        reading.extend(entries.into_iter().map(|stored| (made.len(), part(stored))));
        made.push(Output { project, rows: Rows { kind, ..Rows::default() } });
    }
    let place = |part: &Part| match &part.rows {
        PartRows::Stored(table, entry) => (table.meta.id, entry.first_row),
        _ => (TableId(0), 0),
    };
    reading.sort_by_key(|(_, part)| place(part));
    let (of, parts): (Vec<usize>, Vec<Part>) = reading.into_iter().unzip();
    let mut pieces = Loader::new(&parts, Wanted::All);
    for (output, part) in of.into_iter().zip(&parts) {
        let piece = pieces.next()?;
        let range = order(kind).range(&piece, part.key.as_deref());
        let range = range.ok_or_else(|| Error::damaged("an entry of an index has no rows"))?;
        if let Some(Output { rows, .. }) = made.get_mut(output) {
            rows.survey.add(&piece.block, part.key.as_deref());
            rows.parts.push(Part { range, ..part.clone() });
        }
    }
    Ok(made)
}

/// A part whose range is not known yet.
fn part((table, entry): Stored) -> Part {
    Part {
        ordinal: entry.ordinal,
        writer: Arc::clone(&entry.writer),
        key: entry.key.clone(),
        range: (i64::MIN, i64::MAX),
        rows: PartRows::Stored(table, entry),
    }
}

/// Makes a file of the events of `inputs`, which follow each other.
fn events(maker: &mut Maker<'_>, level: u8, inputs: &[Arc<Table>]) -> Result<()> {
    let (Some(first), Some(last)) = (inputs.first(), inputs.last()) else { return Ok(()) };
    let lsns = (first.meta.lsns.0, last.meta.lsns.1);
    let mut next = lsns.0;
    let follows = |event: Result<Recorded>| {
        let event = event?;
        if event.lsn != next {
            let found = event.lsn;
            return Err(Error::damaged(format!("files of events have event {found} where {next} belongs")));
        }
        next = next.advance(1);
        Ok(event)
    };
    let label = maker.label(Kind::Events, level, lsns);
    maker.events(label, inputs.iter().flat_map(events_of).map(follows))?;
    if next != lsns.1.advance(1) {
        return Err(Error::damaged(format!("files of events end before event {next}")));
    }
    Ok(())
}

fn events_of(table: &Arc<Table>) -> Box<dyn Iterator<Item = Result<Recorded>>> {
    match table.events(Lsn(0), &Whose::ALL) {
        Ok(events) => Box::new(events),
        Err(error) => Box::new(std::iter::once(Err(error))),
    }
}
