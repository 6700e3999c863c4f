//! What of a damaged folder can be kept, written into a new one.
//!
//! ```text
//!  segments, each by its own bytes ─► valid frames by position ──┐
//!  table files: events, and their rows ─► the positions between ─┴► gaps told, run by run
//!                                  ─► committed anew, in order ─► a store without damage
//! ```
//!
//! The new store is another one, with positions of its own: no byte of the old one can be mistaken
//! for one of it. Where a run goes on from another at a position, it does so at the new one. People and
//! keys are kept; of runs that were erased nothing is.

mod salvage;
mod tally;
mod write;

use std::collections::BTreeSet;

use super::stored::{Found, LostCells, Stored};
use super::{Meter, Watch};
use crate::disk::{RelPath, World};
use crate::error::{Error, Result};
use crate::event::{Body, Event};
use crate::id::{Lsn, RunKey};

use salvage::{Salvaged, salvage};
use tally::Tally;
use write::Target;

/// What a repair kept and what is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Events that were kept.
    pub kept: u64,
    /// Those of them that the log does not hold any more: they were made again of table files.
    pub from_tables: u64,
    /// Positions in the old store that hold no event any more, first to last.
    pub lost: Vec<(Lsn, Lsn)>,
    /// The same by run, as far as it is known.
    pub runs: Vec<Lost>,
    /// Values that are gone from events that were kept.
    pub values: Vec<LostValues>,
    /// Runs whose beginning is lost: they begin again under the same name.
    pub begun_again: Vec<String>,
    /// Events that are whole and fit nowhere.
    pub misfits: u64,
    /// Files of runs whose content is gone: run, name.
    pub files: Vec<(String, String)>,
}

/// Events of a run that are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The run.
    pub run: String,
    /// The first one's number in the run, from 0.
    pub first: u64,
    /// The last one's.
    pub last: u64,
}

/// Values of a key of a run, or lines of its console, that are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostValues {
    /// The run.
    pub run: String,
    /// The key; none for lines of the console.
    pub key: Option<String>,
    /// How many.
    pub count: u64,
}

/// Reads `source` and writes what can be kept to `target`, which is empty; without one only tells.
///
/// # Errors
///
/// `NoStore` where there is nothing to read, `TooNew`, `Target`, `DiskFull`, `Io`.
pub fn repair(source: &World, target: Option<&World>, watch: Watch<'_>) -> Result<Repaired> {
    if let Some(target) = target {
        let root = RelPath::root();
        let names =
            target.disk.list(&root).map_err(|source| Error::Io { doing: "list", path: root, source })?;
        if let Some(name) = names.first() {
            return Err(Error::Target(format!("it is not empty: it holds {name:?}")));
        }
    }
    let mut meter = Meter::new(0, watch);
    let mut salvaged = salvage(source, &mut meter)?;
    let stored = Stored::open(source, salvaged.manifest.as_ref())?;
    salvaged.next = salvaged.next.max(stored.through.advance(1));
    let mut tally = Tally::default();
    let mut report = Repaired::default();
    let mut writer = target.map(Target::create).transpose()?;
    let reached = std::mem::take(&mut salvaged.reached);
    let next = salvaged.next;
    let mut erased = BTreeSet::new();
    let values = each(salvaged, &stored, &mut meter, &mut |found| {
        let Found { lsn, run_seq, event, is_from_tables } = found;
        tally.note(lsn, run_seq, &event);
        if is_left_out(&event, &mut erased) {
            return Ok(());
        }
        report.kept += 1;
        report.from_tables += u64::from(is_from_tables);
        match &mut writer {
            Some(writer) => writer.push(lsn, event, &mut report),
            None => Ok(()),
        }
    })?;
    report.values = values;
    report.lost = tally.gaps(next);
    report.runs = tally.gaps_by_run(&reached, &erased);
    match writer {
        Some(writer) => writer.finish(source, &mut report, &mut meter)?,
        None => report.begun_again = tally.without_beginning(&erased),
    }
    Ok(report)
}

/// Gives every event that can be kept, by position: those of the log, and between them those that only
/// table files hold. Gives the values that are gone from them.
fn each(
    salvaged: Salvaged,
    stored: &Stored,
    meter: &mut Meter<'_>,
    visit: &mut dyn FnMut(Found) -> Result<()>,
) -> Result<Vec<LostValues>> {
    let mut lost = LostCells::new();
    let mut next = Lsn(1);
    let end = (salvaged.next, None);
    let log = salvaged.events.into_iter().map(|(lsn, event)| (lsn, Some(event)));
    for (lsn, found) in log.chain([end]) {
        if lsn > next {
            stored.events((next, Lsn(lsn.0 - 1)), meter, &mut lost, visit)?;
        }
        if let Some((run_seq, event)) = found {
            visit(Found { lsn, run_seq, event, is_from_tables: false })?;
        }
        next = next.max(lsn.advance(1));
    }
    let told = |((run, key), count): ((RunKey, Option<Box<str>>), u64)| LostValues {
        run: run.to_string(),
        key: key.map(Into::into),
        count,
    };
    Ok(lost.into_iter().map(told).collect())
}

/// Whether an event is none of the new store's: it was founded anew, and what was erased stays so.
fn is_left_out(event: &Event, erased: &mut BTreeSet<RunKey>) -> bool {
    match (&event.body, event.run()) {
        (Body::StoreCreated(_), _) => false,
        (Body::ErasureDone(_), _) => true,
        (Body::Erased(_), Some(run)) => {
            erased.insert(run.clone());
            true
        }
        (_, Some(run)) => erased.contains(run),
        _ => false,
    }
}
