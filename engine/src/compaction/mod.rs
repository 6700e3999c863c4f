//! Compaction: ended segments become table files, small table files become larger ones, and segments
//! that stand in table files are packed.
//!
//! ```text
//!  choose (pure) ─► gather: events, in log order ───────┐
//!                      └─► fold: the state at their end ┤
//!                ─► merge: rows of table files ─────────┤
//!                ─► rebuild: a damaged file's events ───┴► write: files (W5) ─► publish: one edit ─► remove
//!                ─► pack a segment ─► publish: one edit ─► remove, and drop those whose time is over (W7)
//!                ─► condemn, erase: see `erase.rs`
//! ```
//!
//! What holds:
//! - Nothing is visible before the edit that names it is durable; cut off anywhere, the files are
//!   leftovers that no manifest names, and the next opening removes them (F14).
//! - Table files ∪ tail give the same rows before, during and after (D9).
//! - No more of the log than [`plan::INPUT_BYTES_MAX`] is taken at once, unless one segment is larger.
//!   Rows are read where the log is mapped; in memory are the console's lines, some of the cells of the
//!   long layout and one row group. What a merge holds, `merge.rs` says.

mod checkpoint;
pub(crate) mod erase;
mod gather;
mod maker;
mod merge;
pub(crate) mod pace;
pub(crate) mod plan;
pub(crate) mod rebuild;
pub(crate) mod retention;
pub(crate) mod tiers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use maker::Maker;
use pace::Pace;
use tiers::Merge;

use crate::disk::World;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{Lsn, SegmentId};
use crate::log::Packing;
use crate::manifest::Packed;
use crate::projection::{Erasing, Projection};
use crate::snapshot::Snapshot;
use crate::table::events::Recorded;
use crate::table::{Kind, TableId, TableMeta, Tables};

/// Numbers of table files that are set aside for one order.
pub(crate) const FILES_MAX: u64 = 1 << 20;

/// What is done next, and what it needs: carrying it out takes long and needs no writer.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) job: Job,
    pub(crate) snapshot: Arc<Snapshot>,
    /// The number of the first table file that is made.
    pub(crate) first: TableId,
}

#[derive(Debug)]
pub(crate) enum Job {
    /// Table files of the events behind those that stand in some, up to `through`, and of what they
    /// turn `state` into, which is that of before the first of them; deletions that are new in it are
    /// dated by the time for which the store was open.
    Tables { state: Box<Projection>, through: Lsn, open_nanos: u64 },
    /// A damaged table file, made again from the log (F4).
    Rebuild(TableMeta),
    /// A few table files in the place of others.
    Merge { merge: Merge, file_bytes_max: u64 },
    /// A packed segment.
    Pack(Packing),
    /// What is to be known of deleted runs before they are erased, and who asks for that.
    Condemn(BTreeMap<u32, Arc<str>>),
    /// Files that hold nothing of erased runs; `state` is that behind the events that erased them.
    Erase { state: Box<Projection>, runs: BTreeMap<u32, Erasing>, file_bytes_max: u64 },
}

/// What was made; nothing names it yet.
#[derive(Debug)]
pub(crate) enum Done {
    /// With the state at their end, every run of it at rest.
    Tables(Made, Box<Projection>),
    Rebuilt(Made),
    /// With the state as it was, every run of it at rest in the new files.
    Restated(Made, Box<Projection>),
    Merged(Made),
    Packed(SegmentId, Packed),
    Condemned(Vec<erase::Condemned>),
    /// With the state of before, every run of it at rest in the new files.
    Erased(Made, Box<Projection>, erase::Rest),
}

/// Table files, to be published by one edit.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) added: Vec<TableMeta>,
    pub(crate) removed: Vec<TableId>,
    /// All events up to here stand in table files then.
    pub(crate) through: Lsn,
    /// The table files as they are then.
    pub(crate) tables: Tables,
}

/// Why nothing was made.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// The inputs that are to be left alone until somebody looks.
    pub(crate) damaged: Vec<TableId>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, damaged: Vec::new() }
    }
}

impl Order {
    /// Makes the files. They are in their place then, and nothing names them yet.
    ///
    /// # Errors
    ///
    /// `Damaged` when the log or a table file does not hold what it held; `DiskFull`, `Io`,
    /// `WritesStopped`. No file is left then, or one that the next opening removes.
    pub(crate) fn make(&self, world: &World, pace: Option<&Pace>) -> Result<Done, Failed> {
        let mut maker = Maker::new(world, pace, self.first);
        self.carry_out(&mut maker).map_err(|error| {
            // After a failed sync nothing in the folders is changed any more (F7), and beside the last edits of
            // a store that is being closed nothing is removed (W7): the next opening does.
            let is_closing = pace.is_some_and(Pace::is_stopped);
            if !is_closing && !matches!(error, Error::WritesStopped { .. }) {
                maker.remove_all();
            }
            Failed { damaged: self.damaged_by(&error), error }
        })
    }

    fn carry_out(&self, maker: &mut Maker<'_>) -> Result<Done> {
        let snapshot = &*self.snapshot;
        let through = snapshot.tables.through;
        Ok(match &self.job {
            Job::Tables { state, through, open_nanos } => {
                let mut state = state.clone();
                let removed = make_tables(maker, snapshot, &mut state, *through, *open_nanos)?;
                let made = made(maker, snapshot, removed, *through);
                state.rest(Arc::new(made.tables.resting()?), *through);
                Done::Tables(made, state)
            }
            Job::Rebuild(damaged) if matches!(damaged.kind, Kind::Runs | Kind::State) => {
                let (mut state, removed) = rebuild::make_state(maker, snapshot)?;
                let made = made(maker, snapshot, removed, through);
                state.rest(Arc::new(made.tables.resting()?), through);
                Done::Restated(made, Box::new(state))
            }
            Job::Rebuild(damaged) => {
                let removed = rebuild::make_files(maker, snapshot, damaged)?;
                Done::Rebuilt(made(maker, snapshot, removed, through))
            }
            Job::Merge { merge, file_bytes_max } => {
                merge::make_files(maker, snapshot, merge, *file_bytes_max)?;
                Done::Merged(made(maker, snapshot, merge.inputs.clone(), through))
            }
            Job::Pack(packing) => Done::Packed(packing.id, packing.make(maker.world)?),
            Job::Condemn(runs) => Done::Condemned(erase::condemn(snapshot, runs)?),
            Job::Erase { state, runs, file_bytes_max } => {
                let mut state = state.clone();
                let (removed, rest) = erase::make_files(maker, snapshot, &mut state, runs, *file_bytes_max)?;
                let mut made = made(maker, snapshot, removed, through);
                made.tables.erasures += 1;
                state.rest(Arc::new(made.tables.resting()?), through);
                Done::Erased(made, state, rest)
            }
        })
    }

    /// The inputs to which damage is due: those that are not what was written, else all of them.
    fn damaged_by(&self, error: &Error) -> Vec<TableId> {
        let (Job::Merge { merge, .. }, Error::Damaged(_) | Error::TooNew { .. }) = (&self.job, error) else {
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

fn made(maker: &Maker<'_>, snapshot: &Snapshot, removed: Vec<TableId>, through: Lsn) -> Made {
    let added = maker.added.clone();
    let tables = snapshot.tables.edited(maker.world, through, &added, &removed);
    Made { added, removed, through, tables }
}

/// Makes files of the events behind those that stand in some, and of the state at their end; gives the
/// files that are replaced.
fn make_tables(
    maker: &mut Maker<'_>,
    snapshot: &Snapshot,
    state: &mut Projection,
    through: Lsn,
    open_nanos: u64,
) -> Result<Vec<TableId>> {
    let lsns = (snapshot.tables.through.advance(1), through);
    for rows in gather::rows(snapshot, state, lsns.0, through)?.into_rows() {
        let kind = rows.kind;
        rows.into_files(&mut |rows| {
            let label = maker.label(kind, 0, lsns);
            maker.rows(label, rows, state).map(|_rows| ())
        })?;
    }
    let label = maker.label(Kind::Events, 0, lsns);
    maker.events(label, events_of_log(snapshot, lsns))?;
    state.erasures.date(&snapshot.projection.erasures, open_nanos);
    checkpoint::write(maker, state, &snapshot.tables, (Lsn(1), through), &BTreeSet::new())
}

/// The events of the log between two positions, as files of events have them.
fn events_of_log(snapshot: &Snapshot, (from, through): (Lsn, Lsn)) -> impl Iterator<Item = Result<Recorded>> {
    let is_later =
        move |event: &Result<(Lsn, u64, Event)>| matches!(event, Ok((lsn, _, _)) if *lsn > through);
    let events = snapshot.events(from).take_while(move |event| !is_later(event));
    events.map(|event| event.and_then(|(lsn, run_seq, event)| Recorded::of(lsn, run_seq, event)))
}

#[cfg(test)]
mod tests;
