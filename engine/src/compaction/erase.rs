//! Erasing: of runs that were deleted and whose grace is over nothing is left but their names.
//!
//! ```text
//!  condemn: which files they had ─► RunErased ─► checkpoint ─► erase: files without them, one edit
//!      ─► the log up to their last event is dropped ─► user files that nobody else has go ─► ErasureDone
//! ```
//!
//! What holds:
//! - The files of rows that held some are written again without them; in files of events an empty
//!   event stands at each position of theirs, so that the others are found where they were.
//! - Whatever stops it in between, it is done again from the beginning: `RunErased` stands in the log,
//!   `ErasureDone` does not.
//! - A user file goes only when no event of another run or of an artifact names it, whether or not it stands there still:
//!   moments of the past are read too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::maker::Maker;
use super::{checkpoint, merge};
use crate::error::Result;
use crate::event::{Body, Erased, Event, Subject};
use crate::id::{Lsn, ProjectKey, RunKey, SegmentId};
use crate::manifest::{Manifest, SegmentMeta};
use crate::projection::{Erasing, Projection};
use crate::snapshot::Snapshot;
use crate::table::events::{Recorded, Whose};
use crate::table::{Kind, Table, TableId};

/// Runs to be erased, with what is to be known of each before.
#[derive(Debug)]
pub(crate) struct Condemned {
    pub(crate) ordinal: u32,
    pub(crate) key: RunKey,
    pub(crate) actor: Arc<str>,
    /// SHA-256 of the files that were ever put to it.
    pub(crate) blobs: BTreeSet<[u8; 32]>,
}

/// What is done once the files without the runs are named.
#[derive(Debug)]
pub(crate) struct Rest {
    /// The position of the last event that had something of them.
    pub(crate) content: Lsn,
    /// That of the event that erased the last of them.
    pub(crate) erased: Lsn,
    /// Their files that no event up to `seen` names for another run.
    pub(crate) blobs: BTreeSet<[u8; 32]>,
    pub(crate) seen: Lsn,
    /// Those whose catalogues of keys were made anew: they had named keys that only these runs had.
    pub(crate) projects: BTreeSet<ProjectKey>,
}

/// Finds the files that runs ever had.
pub(super) fn condemn(snapshot: &Snapshot, runs: &BTreeMap<u32, Arc<str>>) -> Result<Vec<Condemned>> {
    let mut condemned = BTreeMap::new();
    for (ordinal, actor) in runs {
        if let Some(run) = snapshot.projection.run_at(*ordinal)? {
            let (ordinal, key, actor) = (run.ordinal, run.key.clone(), Arc::clone(actor));
            condemned.insert(run.key.clone(), Condemned { ordinal, key, actor, blobs: BTreeSet::new() });
        }
    }
    let keys: BTreeSet<RunKey> = condemned.keys().cloned().collect();
    let theirs = Whose::those(move |subject| matches!(subject, Subject::Run(run) if keys.contains(run)));
    for recorded in snapshot.recorded_of(Lsn(1), theirs) {
        let event = recorded?.event;
        if let (Body::FilePut(file), Some(key)) = (&event.body, event.run())
            && let Some(condemned) = condemned.get_mut(key)
        {
            condemned.blobs.insert(file.digest);
        }
    }
    Ok(condemned.into_values().collect())
}

/// Makes the files that hold nothing of runs that were erased; gives those that are replaced.
///
/// `state` is that behind the events that erased them.
pub(super) fn make_files(
    maker: &mut Maker<'_>,
    snapshot: &Snapshot,
    state: &mut Projection,
    runs: &BTreeMap<u32, Erasing>,
    bytes_max: u64,
) -> Result<(Vec<TableId>, Rest)> {
    let mut rest = Rest {
        content: runs.values().map(|run| run.content).max().unwrap_or_default(),
        erased: runs.values().map(|run| run.erased).max().unwrap_or_default(),
        blobs: runs.values().flat_map(|run| run.blobs.iter().copied()).collect(),
        seen: snapshot.durable,
        projects: runs.values().map(|run| run.key.project.clone()).collect(),
    };
    let gone: BTreeSet<u32> = runs.keys().copied().collect();
    let keys: BTreeSet<&RunKey> = runs.values().map(|run| &run.key).collect();
    let mut removed = Vec::new();
    for table in snapshot.tables.all() {
        let is_replaced = match table.meta.kind {
            Kind::History | Kind::System | Kind::Console => {
                let has_some = holds(table, &gone)?;
                if has_some {
                    merge::make_without(maker, snapshot, table, &gone, bytes_max)?;
                }
                has_some
            }
            Kind::Events => events(maker, table, &keys, &mut rest.blobs)?,
            Kind::Runs | Kind::State => false,
        };
        removed.extend(is_replaced.then_some(table.meta.id));
    }
    for event in snapshot.events(snapshot.tables.through.advance(1)) {
        spare(&event?.2, &keys, &mut rest.blobs);
    }
    let has_other_keys = state.renew_keys(&rest.projects)?;
    if has_older(snapshot, runs)? || has_other_keys {
        let lsns = (Lsn(1), snapshot.tables.through);
        removed.extend(checkpoint::write(maker, state, &snapshot.tables, lsns, &gone)?);
    }
    Ok((removed, rest))
}

/// Whether a file has rows of one of the runs.
fn holds(table: &Arc<Table>, gone: &BTreeSet<u32>) -> Result<bool> {
    for ordinal in gone {
        if table.of_run(*ordinal)?.next().is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a file has one of the runs as it was before it was erased.
fn has_older(snapshot: &Snapshot, runs: &BTreeMap<u32, Erasing>) -> Result<bool> {
    for table in snapshot.tables.of(Kind::Runs) {
        let mut is_older = false;
        let through = table.meta.lsns.1;
        table.runs()?.each_ordinal(|ordinal| {
            is_older |= runs.get(&ordinal).is_some_and(|run| through < run.erased);
        })?;
        if is_older {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes a file of the events of another without what those of the runs say; whether there were such.
fn events(
    maker: &mut Maker<'_>,
    table: &Arc<Table>,
    keys: &BTreeSet<&RunKey>,
    blobs: &mut BTreeSet<[u8; 32]>,
) -> Result<bool> {
    let mut has_some = false;
    for recorded in table.events(Lsn(0), &Whose::ALL)? {
        let event = recorded?.event;
        has_some |= says_something(&event, keys);
        spare(&event, keys, blobs);
    }
    if has_some {
        let label = maker.label(Kind::Events, table.meta.level, table.meta.lsns);
        let emptied =
            table.events(Lsn(0), &Whose::ALL)?.map(|recorded| recorded.map(|recorded| empty(recorded, keys)));
        maker.events(label, emptied)?;
    }
    Ok(has_some)
}

/// Whether an event is of one of the runs, and more than that it was deleted and erased.
fn says_something(event: &Event, keys: &BTreeSet<&RunKey>) -> bool {
    let is_kept =
        matches!(event.body, Body::Erased(_) | Body::RunErased(_) | Body::RunDeleted | Body::RunUndeleted);
    !is_kept && matches!(&event.subject, Subject::Run(key) if keys.contains(key))
}

fn empty(recorded: Recorded, keys: &BTreeSet<&RunKey>) -> Recorded {
    if !says_something(&recorded.event, keys) {
        return recorded;
    }
    let begins = matches!(recorded.event.body, Body::RunCreated(_));
    let event = Event { body: Body::Erased(Erased { begins }), ..recorded.event };
    Recorded { event, digest: None, ..recorded }
}

/// Takes a file out that an event of another run, or of an artifact, names.
fn spare(event: &Event, keys: &BTreeSet<&RunKey>, blobs: &mut BTreeSet<[u8; 32]>) {
    if let Some(digest) = event.body.blob()
        && event.run().is_none_or(|run| !keys.contains(run))
    {
        blobs.remove(digest);
    }
}

/// The last position up to which the log is dropped with the events of erased runs: of all that can go,
/// the segments up to the one that holds `content`.
pub(crate) fn dropped_with(manifest: &Manifest, content: Lsn) -> Option<SegmentId> {
    let stands = manifest.state_through().min(manifest.compacted);
    let holds_some =
        |meta: &&SegmentMeta| meta.first_lsn <= content && meta.last_lsn().is_some_and(|last| last <= stands);
    manifest.segments.iter().take_while(holds_some).last().map(|meta| meta.id)
}

#[cfg(test)]
mod tests;
