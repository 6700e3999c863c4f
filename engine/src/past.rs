//! The store as it was at a position of the past.
//!
//! ```text
//!  runs that nothing happened to since   as they stand now, in files and in memory
//!  runs that something happened to since  as a file has them that is older than the moment, if one does,
//!                                         ─► and their events from there on, if there are any, folded
//!  runs that began since                 left out: they have the higher ordinals
//! ```
//!
//! What holds:
//! - Every run, project, user and key of the store is what the fold of all events up to there gives.
//! - Events of other runs are passed over by the columns that say whose they are; their bodies are not read.
//! - What is wider than it was: the catalogue of keys (a key is known before its first value; its kinds
//!   are those of now), and the totals.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::event::{Body, Event, Subject};
use crate::id::{Lsn, ProjectKey, RunKey};
use crate::log::{Located, Segments};
use crate::projection::{Projection, RUNS_PER_CHUNK};
use crate::snapshot::{Moment, Snapshot};
use crate::table::events::{Choice, Recorded};

/// The store as it was at an earlier moment.
///
/// # Errors
///
/// `Damaged` when the log or a table file does not hold what it held; `Io`.
pub(crate) fn as_of(now: &Snapshot, moment: Moment) -> Result<Snapshot> {
    let last = match moment {
        Moment::Lsn(lsn) => lsn.min(now.durable),
        Moment::Time(time) => now.last_received_by(time)?,
    };
    let mut past = Past::begin(&now.projection, last)?;
    let through = now.tables.through.min(last);
    now.tables.choose_events(through, &mut past)?;
    past.expect(through)?;
    if last > through {
        for located in Segments::events(Arc::clone(&now.segments), through.advance(1), last) {
            past.take_logged(&located?)?;
        }
    }
    past.expect(last)?;
    Ok(Snapshot {
        projection: past.finish(now, last)?,
        durable: last,
        open_nanos: now.open_nanos,
        segments: Arc::clone(&now.segments),
        tables: Arc::clone(&now.tables),
        reads: now.reads.clone(),
        whole: None,
    })
}

/// The runs that something happened to behind a position, by ordinal; those among them that began there.
fn changed_since(projection: &Projection, last: Lsn) -> Result<BTreeSet<u32>> {
    let mut changed = BTreeSet::new();
    for chunk in 0..chunks(projection.run_count()) {
        if projection.chunk_changed(chunk as usize) <= last {
            continue;
        }
        let runs = projection.chunk(chunk)?;
        runs.updated(&mut |ordinal, updated| {
            if updated > last {
                changed.insert(ordinal);
            }
        })?;
    }
    Ok(changed)
}

fn chunks(runs: u32) -> u32 {
    runs.div_ceil(u32::try_from(RUNS_PER_CHUNK).unwrap_or(u32::MAX))
}

/// The state being folded.
struct Past {
    /// The changed runs rest in it as they stood in the files that are older than the moment.
    state: Projection,
    changed: BTreeSet<u32>,
    /// Of those of them that rest so: the position of the last event that their file knows.
    stood: BTreeMap<u32, Lsn>,
    /// Those at work, as their files know.
    active: BTreeSet<u32>,
    /// Those of the changed runs that have begun so far: their ordinals, and the position from behind which
    /// their events are folded.
    folded: BTreeMap<RunKey, (u32, Lsn)>,
    /// Those of them, by ordinal, that a later generation superseded which is not folded.
    superseded: BTreeSet<u32>,
    /// Where these began, as long as the state does not know of it: events are chosen some way ahead of those
    /// that are folded.
    pending: BTreeMap<Lsn, u32>,
    /// Runs that have begun so far: the next one's ordinal.
    begun: u32,
    /// Of each project, the ids that have begun.
    ids: BTreeMap<ProjectKey, u64>,
    /// The position of the last event that was looked at.
    last: Lsn,
}

impl Past {
    fn begin(now: &Projection, last: Lsn) -> Result<Self> {
        let changed = changed_since(now, last)?;
        let older = now.resting().until(last);
        let (mut stood, mut active) = (BTreeMap::new(), BTreeSet::new());
        for chunk in older.chunks() {
            let runs = older.chunk(chunk, std::iter::empty())?;
            runs.updated(&mut |ordinal, updated| {
                if changed.contains(&ordinal) {
                    stood.insert(ordinal, updated);
                }
            })?;
            runs.active(&mut |ordinal| {
                if changed.contains(&ordinal) {
                    active.insert(ordinal);
                }
            })?;
        }
        Ok(Self {
            state: Projection::beside(now, now.resting().with_past(last, &changed)),
            changed,
            stood,
            active,
            folded: BTreeMap::new(),
            superseded: BTreeSet::new(),
            pending: BTreeMap::new(),
            begun: 0,
            ids: BTreeMap::new(),
            last: Lsn(0),
        })
    }

    /// Notes that a run begins; whether its first event is folded.
    fn begins(&mut self, lsn: Lsn, key: &RunKey) -> bool {
        let ordinal = self.begun;
        let from = self.stood.get(&ordinal).copied().unwrap_or(Lsn(0));
        let is_changed = self.changed.contains(&ordinal);
        let is_folded = is_changed && lsn > from;
        // A third generation does nothing to the first.
        if !is_folded
            && let Some((older, known)) = self.generation_before(key)
            && self.superseded.insert(older)
            && known < lsn
        {
            self.pending.insert(lsn, older);
        }
        if is_changed {
            self.folded.insert(key.clone(), (ordinal, from));
        }
        self.begun += 1;
        if key.generation == 1 {
            match self.ids.get_mut(&key.project) {
                Some(ids) => *ids += 1,
                None => drop(self.ids.insert(key.project.clone(), 1)),
            }
        }
        is_folded
    }

    /// Of the changed runs the newest one that had the id before.
    fn generation_before(&self, key: &RunKey) -> Option<(u32, Lsn)> {
        let first = RunKey { generation: 0, ..key.clone() };
        self.folded.range(first..key.clone()).next_back().map(|(_, found)| *found)
    }

    /// Whether an event of a run is folded.
    fn is_folded(&self, key: &RunKey, lsn: Lsn) -> bool {
        self.folded.get(key).is_some_and(|(_, from)| lsn > *from)
    }

    /// Brings the state to where an event can be folded: runs that are not folded have begun before it, so one
    /// that begins has a higher ordinal, earlier generations are superseded, and the run is awake.
    fn make_place(&mut self, lsn: Lsn, event: &Event) -> Result<()> {
        self.catch_up(lsn)?;
        let Some((key, (ordinal, _))) = event.run().and_then(|key| Some((key, *self.folded.get(key)?)))
        else {
            return Ok(());
        };
        let begins = match &event.body {
            Body::RunCreated(_) => true,
            Body::Erased(erased) => erased.begins,
            _ => false,
        };
        if !begins {
            return self.state.wake_at(ordinal);
        }
        if let Some((older, _)) = self.generation_before(key) {
            self.state.wake_at(older)?;
        }
        self.state.begin_at(ordinal);
        Ok(())
    }

    /// Tells the state of the generations that were superseded before a position.
    fn catch_up(&mut self, before: Lsn) -> Result<()> {
        while let Some(next) = self.pending.first_entry().filter(|next| *next.key() < before) {
            let (lsn, ordinal) = next.remove_entry();
            self.state.wake_at(ordinal)?;
            self.state.supersede(ordinal, lsn);
        }
        Ok(())
    }

    fn passes(&mut self, lsn: Lsn) -> Result<()> {
        if lsn != self.last.advance(1) {
            return Err(Error::damaged(format!("event {lsn} does not follow those before it")));
        }
        self.last = lsn;
        Ok(())
    }

    fn expect(&self, last: Lsn) -> Result<()> {
        if self.last == last {
            return Ok(());
        }
        Err(Error::damaged(format!("events end at {}, not at {last}", self.last)))
    }

    /// Looks at an event of the log.
    fn take_logged(&mut self, located: &Located) -> Result<()> {
        let Located { location, lsn, run_seq, event } = located;
        self.passes(*lsn)?;
        let is_wanted = match (&event.subject, &event.body) {
            (Subject::Run(key), Body::RunCreated(_)) => self.begins(*lsn, key),
            (Subject::Run(key), _) => self.is_folded(key, *lsn),
            _ => true,
        };
        if !is_wanted {
            return Ok(());
        }
        self.make_place(*lsn, event)?;
        follows(*lsn, self.state.apply(*lsn, *location, event) == Ok(*run_seq))
    }

    /// The state, with the runs that are as they were.
    fn finish(mut self, now: &Snapshot, last: Lsn) -> Result<Projection> {
        self.catch_up(last.advance(1))?;
        let Self { mut state, begun, ids, changed, active, .. } = self;
        state.complete(&now.projection, begun, &ids, &changed, &active);
        state.bring_back_those_with_runs()?;
        let mut positions = Vec::new();
        for chunk in 0..chunks(begun) {
            let before = now.projection.chunk_changed(chunk as usize);
            if before <= last {
                positions.push(before);
                continue;
            }
            let mut newest = Lsn(0);
            state.chunk(chunk)?.updated(&mut |_, updated| newest = newest.max(updated))?;
            positions.push(newest);
        }
        state.set_chunks(positions);
        Ok(state)
    }
}

impl Choice for Past {
    fn wants(&mut self, lsn: Lsn, begins: bool, subject: &Subject) -> Result<bool> {
        self.passes(lsn)?;
        match subject {
            Subject::Run(key) if begins => Ok(self.begins(lsn, key)),
            Subject::Run(key) => Ok(self.is_folded(key, lsn)),
            Subject::Store | Subject::Project(_) => Ok(true),
        }
    }

    fn take(&mut self, recorded: Recorded) -> Result<()> {
        self.make_place(recorded.lsn, &recorded.event)?;
        follows(recorded.lsn, self.state.apply_recorded(&recorded) == Ok(recorded.run_seq))
    }
}

fn follows(lsn: Lsn, is_next: bool) -> Result<()> {
    if is_next { Ok(()) } else { Err(Error::damaged(format!("event {lsn} does not follow those before it"))) }
}

#[cfg(test)]
mod tests;
