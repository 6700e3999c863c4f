//! The projection: what all events so far amount to.
//!
//! `apply(&mut self, &Event)` is a pure fold, with no clock and no I/O. The maps are persistent
//! (structure-sharing): cloning a projection costs a few pointers, so each durable group publishes
//! a clone as the new snapshot, and a batch that turns out wrong is undone by going back to the
//! clone from before it.
//!
//! What holds:
//! - A run's ordinal is its number, dense and for ever.
//! - `seq` of a subject is the number of its events, and the next one's `run_seq`.
//! - A run is *awake*, here in memory, while the log holds events of it that no file of runs has; else
//!   it *rests* in a file. Before an event is folded its run is woken ([`Projection::wake`]).

mod artifacts;
mod branch;
mod erasure;
mod fold;
mod keys;
mod people;
mod record;
mod run;
mod shown;
mod tree;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};
use serde::{Deserialize, Serialize};

use crate::error::Result as EngineResult;
use crate::event::{StoreCreated, Subject, Time};
use crate::id::{Lsn, ProjectKey, RunKey, RunPath};
use crate::table::runs::{RunChunk, RunFiles};

pub use artifacts::{
    Artifact, ArtifactContent, ArtifactManifest, ArtifactStage, ArtifactVersion, Artifacts, Collection,
    index_of,
};
pub(crate) use branch::{Bound, Heirs};
pub(crate) use erasure::{Erasing, Erasures};
pub use keys::{Keys, Space};
pub use people::{Key, KeyLimits, People, User};
pub(crate) use run::Place;
pub use run::{Extent, FileEntry, Location, Run, Screen, Stream, StreamKind, Table};
pub(crate) use shown::OWN_COLUMNS;
pub use shown::Shown;
pub use tree::{Tree, is_nested, leaves_in};
pub use view::View;

/// Runs are numbered in chunks of this many, and each chunk tells when it last changed: what a
/// reader made of an unchanged chunk stays good.
pub const RUNS_PER_CHUNK: usize = CHUNK as usize;
const CHUNK: u32 = 8192;

/// A project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its name.
    pub key: ProjectKey,
    /// When it was made.
    pub created: Time,
    /// Who made it.
    pub author: Arc<str>,
    /// What it is about.
    pub description: Arc<str>,
    /// Runs ever made in it, generations not counted: the number in a run's made-up name.
    pub runs_made: u64,
    /// When it was deleted: lists do not show it until a run of it is there again.
    pub deleted: Option<Time>,
    /// How people look at it, by id.
    pub views: OrdMap<Arc<str>, Arc<View>>,
    /// Its artifacts, and what its runs use.
    pub artifacts: Arc<Artifacts>,
    /// Of the ids whose newest generation is awake, its ordinal.
    awake: OrdMap<Arc<str>, u32>,
    /// Events so far.
    pub seq: u64,
    /// The last event's position.
    pub updated: Lsn,
}

/// What all events so far amount to.
#[derive(Debug, Clone, Default)]
pub struct Projection {
    /// The folder's identity and secret; none before its first event.
    pub store: Option<Arc<StoreCreated>>,
    /// Events about the store so far.
    store_seq: u64,
    /// Users and keys.
    pub people: People,
    /// Projects.
    pub projects: OrdMap<ProjectKey, Project>,
    /// The generations of runs that are awake, by ordinal.
    awake: OrdMap<u32, Arc<Run>>,
    /// All others.
    resting: Arc<RunFiles>,
    /// Generations of runs ever begun: the next one's ordinal.
    run_count: u32,
    /// Those at work.
    active: OrdSet<u32>,
    /// What was deleted and erased.
    pub(crate) erasures: Erasures,
    /// When each chunk of runs last changed.
    chunks: Vector<Lsn>,
    /// Which runs go on from which.
    pub(crate) heirs: Heirs,
    /// The key catalogue.
    pub keys: Keys,
    /// What all runs come to that were not erased.
    pub totals: Totals,
    /// The projects whose runs and keys are here; all of them when none.
    seen: Option<Arc<BTreeSet<ProjectKey>>>,
}

/// What all runs come to that were not erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Rows of history written, overwritten ones included.
    pub history_rows: u64,
    /// Rows of system metrics.
    pub system_rows: u64,
    /// Lines of the console.
    pub console_lines: u64,
    /// Lines that could not be read.
    pub quarantined: u64,
}

impl Totals {
    /// Without what a run had come to that is erased now: files of events do not tell that any more, and
    /// what they fold to is the same.
    fn without(self, run: Self) -> Self {
        Self {
            history_rows: self.history_rows.saturating_sub(run.history_rows),
            system_rows: self.system_rows.saturating_sub(run.system_rows),
            console_lines: self.console_lines.saturating_sub(run.console_lines),
            quarantined: self.quarantined.saturating_sub(run.quarantined),
        }
    }
}

/// Why an event cannot be applied: a fact that contradicts what stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Its subject is unknown.
    #[error("{0} is unknown")]
    Unknown(String),
    /// Its subject is there already.
    #[error("{0} exists already")]
    Exists(String),
    /// Its body does not fit its subject.
    #[error("{body} cannot have {subject} as its subject")]
    Misplaced {
        /// What happened.
        body: &'static str,
        /// To what.
        subject: String,
    },
    /// It was not deleted, so it is not erased.
    #[error("{0} is not deleted")]
    NotDeleted(String),
    /// Other runs go on from it, so it is not erased.
    #[error("other runs go on from {0}")]
    HasHeirs(String),
    /// Its block is not one.
    #[error(transparent)]
    Block(#[from] crate::event::BlockError),
    /// There is no room for more runs.
    #[error("the store holds {0} runs, which is the most it can")]
    Full(u32),
}

impl Projection {
    /// The newest generation of a run, deleted ones included.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of the file that it rests in.
    pub fn run(&self, path: &RunPath) -> EngineResult<Option<Arc<Run>>> {
        let Some(project) = self.projects.get(&path.project) else { return Ok(None) };
        match project.awake.get(&path.run) {
            Some(ordinal) => self.run_at(*ordinal),
            None => self.find(path, |run| !run.superseded),
        }
    }

    /// One generation of a run.
    ///
    /// # Errors
    ///
    /// As for [`Projection::run`].
    pub fn generation(&self, key: &RunKey) -> EngineResult<Option<Arc<Run>>> {
        match self.awake_ordinal(key) {
            Some(ordinal) => Ok(self.awake.get(&ordinal).map(Arc::clone)),
            None => self.find(&key.path(), |run| run.key == *key),
        }
    }

    /// The run of an ordinal.
    ///
    /// # Errors
    ///
    /// As for [`Projection::run`].
    pub fn run_at(&self, ordinal: u32) -> EngineResult<Option<Arc<Run>>> {
        if ordinal >= self.run_count {
            return Ok(None);
        }
        let run = match self.awake.get(&ordinal) {
            Some(run) => Some(Arc::clone(run)),
            None => self.resting.load(ordinal)?.map(Arc::new),
        };
        Ok(run.filter(|run| self.sees(&run.key.project)))
    }

    /// The same for somebody who may see only some of the projects: of the others nothing is here, but how
    /// much all runs come to.
    #[must_use]
    pub fn for_those(&self, may_see: impl Fn(&ProjectKey) -> bool) -> Self {
        let is_seen = |key: &&ProjectKey| self.sees(key) && may_see(key);
        let seen: BTreeSet<ProjectKey> = self.projects.keys().filter(is_seen).cloned().collect();
        let mut view = self.clone();
        view.projects = self
            .projects
            .iter()
            .filter(|(key, _)| seen.contains(*key))
            .map(|(key, project)| (key.clone(), project.clone()))
            .collect();
        view.keys = self.keys.of_projects(&seen);
        view.seen = Some(Arc::new(seen));
        view
    }

    /// The projects that are here, where not all of them are.
    #[must_use]
    pub fn seen(&self) -> Option<&Arc<BTreeSet<ProjectKey>>> {
        self.seen.as_ref()
    }

    /// Whether a project's runs are here, if it has some.
    #[must_use]
    pub fn sees(&self, project: &ProjectKey) -> bool {
        self.seen.as_ref().is_none_or(|seen| seen.contains(project))
    }

    /// A run that rests and for which `wanted` holds, as it stands now.
    fn find(&self, path: &RunPath, wanted: impl Fn(&Run) -> bool) -> EngineResult<Option<Arc<Run>>> {
        for ordinal in self.resting.find(path) {
            let run = self.run_at(ordinal)?;
            if run.as_ref().is_some_and(|run| run.key.path() == *path && wanted(run)) {
                return Ok(run);
            }
        }
        Ok(None)
    }

    /// The ordinal of a generation that is awake.
    pub(crate) fn awake_ordinal(&self, key: &RunKey) -> Option<u32> {
        let newest = *self.projects.get(&key.project)?.awake.get(&key.run)?;
        if self.awake.get(&newest)?.key.generation == key.generation {
            return Some(newest);
        }
        // Beginning an id again is rare, so the older ones are looked for.
        self.awake.iter().find(|(_, run)| run.key == *key).map(|(ordinal, _)| *ordinal)
    }

    /// Generations of runs ever begun; their ordinals are those below.
    #[must_use]
    pub fn run_count(&self) -> u32 {
        self.run_count
    }

    /// Every generation of every run, by ordinal.
    pub fn runs(&self) -> impl Iterator<Item = EngineResult<Arc<Run>>> + '_ {
        (0..self.run_count).filter_map(|ordinal| self.run_at(ordinal).transpose())
    }

    /// The ordinals of the runs at work.
    pub fn active(&self) -> impl Iterator<Item = u32> + '_ {
        self.active.iter().copied()
    }

    /// The ordinals of a project's current runs, deleted ones included: of each id the newest
    /// generation.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of the files that they rest in.
    pub fn runs_in(&self, project: &ProjectKey) -> EngineResult<Vec<u32>> {
        let mut ordinals = Vec::new();
        for chunk in 0..self.run_count.div_ceil(CHUNK) {
            ordinals.extend(self.chunk(chunk)?.current_in(project)?);
        }
        Ok(ordinals)
    }

    /// The ordinals of a project's runs that queries see by default.
    ///
    /// # Errors
    ///
    /// As for [`Projection::runs_in`].
    pub fn visible_in(&self, project: &ProjectKey) -> EngineResult<Vec<u32>> {
        let mut ordinals = Vec::new();
        for chunk in 0..self.run_count.div_ceil(CHUNK) {
            ordinals.extend(self.chunk(chunk)?.visible()?.current_in(project)?);
        }
        Ok(ordinals)
    }

    /// The runs of a chunk, and where they stand: ordinals from `chunk` times [`RUNS_PER_CHUNK`] on.
    ///
    /// # Errors
    ///
    /// As for [`Projection::runs_in`].
    pub fn chunk(&self, chunk: u32) -> EngineResult<RunChunk> {
        let first = chunk.saturating_mul(CHUNK);
        let awake = self.awake.range(first..first.saturating_add(CHUNK));
        let chunk = self.resting.chunk(chunk, awake.map(|(_, run)| Arc::clone(run)))?;
        // Of a moment of the past the files hold runs that began later.
        let chunk = chunk.below(self.run_count);
        match &self.seen {
            None => Ok(chunk),
            Some(seen) => chunk.of_projects(seen),
        }
    }

    /// Brings the run that an event is about into memory, so that the event can be folded, and the
    /// one that it may supersede.
    ///
    /// # Errors
    ///
    /// As for [`Projection::run`].
    pub fn wake(&mut self, subject: &Subject) -> EngineResult<()> {
        let Subject::Run(key) = subject else { return Ok(()) };
        if self.resting.is_empty() || self.awake_ordinal(key).is_some() {
            return Ok(());
        }
        let path = key.path();
        for ordinal in self.resting.find(&path) {
            if self.awake.contains_key(&ordinal) {
                continue;
            }
            let Some(run) = self.resting.load(ordinal)?.filter(|run| run.key.path() == path) else {
                continue;
            };
            if !run.superseded
                && let Some(project) = self.projects.get_mut(&key.project)
            {
                project.awake.insert(Arc::clone(&key.run), ordinal);
            } else if run.key != *key {
                continue;
            }
            self.awake.insert(ordinal, Arc::new(run));
        }
        Ok(())
    }

    /// Lets the runs rest that files hold as of `through`.
    pub(crate) fn rest(&mut self, resting: Arc<RunFiles>, through: Lsn) {
        self.resting = resting;
        let at_rest: Vec<(u32, RunKey)> = self
            .awake
            .iter()
            .filter(|(_, run)| run.updated <= through && run.missing.is_none())
            .map(|(ordinal, run)| (*ordinal, run.key.clone()))
            .collect();
        for (ordinal, key) in at_rest {
            self.awake.remove(&ordinal);
            if let Some(project) = self.projects.get_mut(&key.project)
                && project.awake.get(&key.run) == Some(&ordinal)
            {
                project.awake.remove(&key.run);
            }
        }
        let ordinals: Vec<u32> = self.awake.keys().copied().collect();
        for ordinal in ordinals {
            if let Some(run) = self.awake.get_mut(&ordinal) {
                Arc::make_mut(run).forget(through);
            }
        }
    }

    /// Marks a run that lacks events; one whose beginning is lost is not there.
    pub(crate) fn mark_missing(&mut self, key: &RunKey, range: (u64, u64)) -> EngineResult<()> {
        self.wake(&Subject::Run(key.clone()))?;
        let ordinal = self.awake_ordinal(key);
        if let Some(run) = ordinal.and_then(|ordinal| self.awake.get_mut(&ordinal)) {
            Arc::make_mut(run).missing = Some(range);
        }
        Ok(())
    }

    /// The blobs of artifacts, with their bytes, by project.
    pub(crate) fn artifact_blobs(&self) -> impl Iterator<Item = (&ProjectKey, [u8; 32], u64)> {
        self.projects
            .values()
            .flat_map(|project| project.artifacts.blobs().map(|(digest, size)| (&project.key, digest, size)))
    }

    /// The runs that are awake, by ordinal.
    pub(crate) fn awake(&self) -> impl Iterator<Item = &Arc<Run>> {
        self.awake.values()
    }

    /// The files that all other runs rest in.
    pub(crate) fn resting(&self) -> &Arc<RunFiles> {
        &self.resting
    }

    /// The state of a moment of the past before its first event, to be completed of what rests.
    pub(crate) fn beside(now: &Self, resting: RunFiles) -> Self {
        let (keys, totals) = (now.keys.clone(), now.totals);
        Self { resting: Arc::new(resting), keys, totals, ..Self::default() }
    }

    /// Says which ordinal the next run that begins has.
    pub(crate) fn begin_at(&mut self, ordinal: u32) {
        self.run_count = ordinal;
    }

    /// Says of a run that was folded that a later generation, which was not, began at a position.
    pub(crate) fn supersede(&mut self, ordinal: u32, lsn: Lsn) {
        let Some(run) = self.awake.get_mut(&ordinal) else { return };
        let run = Arc::make_mut(run);
        run.superseded = true;
        run.updated = run.updated.max(lsn);
        if let Some(project) = self.projects.get_mut(&run.key.project)
            && project.awake.get(&run.key.run) == Some(&ordinal)
        {
            project.awake.remove(&run.key.run);
        }
    }

    /// Brings a run into memory that has begun and rests.
    ///
    /// # Errors
    ///
    /// As for [`Projection::run`].
    pub(crate) fn wake_at(&mut self, ordinal: u32) -> EngineResult<()> {
        if self.awake.contains_key(&ordinal) {
            return Ok(());
        }
        let Some(run) = self.resting.load(ordinal)? else { return Ok(()) };
        if !run.superseded
            && let Some(project) = self.projects.get_mut(&run.key.project)
        {
            project.awake.insert(Arc::clone(&run.key.run), run.ordinal);
        }
        if run.state.is_active() {
            self.active.insert(run.ordinal);
        }
        self.awake.insert(run.ordinal, Arc::new(run));
        Ok(())
    }

    /// Adds to the runs that were folded those that are now as they were, all below `run_count` but the
    /// `changed` ones, and says which are at work of those that rest. `ids` are those that had begun in each
    /// project.
    pub(crate) fn complete(
        &mut self,
        now: &Self,
        run_count: u32,
        ids: &BTreeMap<ProjectKey, u64>,
        changed: &BTreeSet<u32>,
        active: &BTreeSet<u32>,
    ) {
        self.run_count = run_count;
        for (project, ids) in ids {
            if let Some(project) = self.projects.get_mut(project) {
                project.runs_made = *ids;
            }
        }
        let is_same = |ordinal: &u32| *ordinal < run_count && !changed.contains(ordinal);
        for (ordinal, run) in now.awake.iter().filter(|(ordinal, _)| is_same(ordinal)) {
            if !run.superseded
                && let Some(project) = self.projects.get_mut(&run.key.project)
            {
                project.awake.insert(Arc::clone(&run.key.run), *ordinal);
            }
            self.awake.insert(*ordinal, Arc::clone(run));
        }
        for ordinal in now.active.iter().filter(|ordinal| is_same(ordinal)) {
            self.active.insert(*ordinal);
        }
        for ordinal in active.iter().filter(|ordinal| !self.awake.contains_key(*ordinal)) {
            self.active.insert(*ordinal);
        }
    }

    /// Of a deleted project that has runs to see, the one that brought it back may not have been folded.
    ///
    /// # Errors
    ///
    /// As for [`Projection::runs_in`].
    pub(crate) fn bring_back_those_with_runs(&mut self) -> EngineResult<()> {
        let deleted = self.projects.values().filter(|project| project.deleted.is_some());
        let keys: Vec<ProjectKey> = deleted.map(|project| project.key.clone()).collect();
        for key in keys {
            if !self.visible_in(&key)?.is_empty() {
                self.bring_back(&key);
            }
        }
        Ok(())
    }

    /// Takes out of runs that are to be erased those that others go on from which are to stay.
    ///
    /// # Errors
    ///
    /// As for [`Projection::run`].
    pub fn spare_parents(&self, expired: &mut BTreeSet<u32>) -> EngineResult<()> {
        if self.heirs.is_empty() {
            return Ok(());
        }
        // One that stays keeps those that it goes on from itself, which have the lower ordinals.
        for ordinal in expired.clone().into_iter().rev() {
            let Some(run) = self.run_at(ordinal)? else { continue };
            if self.heirs.of(&run.key).any(|heir| !expired.contains(&heir)) {
                expired.remove(&ordinal);
            }
        }
        Ok(())
    }

    /// Says when each chunk changed last.
    pub(crate) fn set_chunks(&mut self, chunks: Vec<Lsn>) {
        self.chunks = chunks.into_iter().collect();
    }

    /// Makes the catalogue of some projects anew of the runs that they have; whether it differs from
    /// what it was.
    ///
    /// # Errors
    ///
    /// As for [`Projection::runs_in`].
    pub(crate) fn renew_keys(&mut self, projects: &BTreeSet<ProjectKey>) -> EngineResult<bool> {
        let mut differs = false;
        for project in projects {
            let mut keys = Keys::default();
            for ordinal in self.runs_in(project)? {
                if let Some(run) = self.run_at(ordinal)? {
                    run.note_keys(&mut keys);
                }
            }
            differs |= !keys.agree(&self.keys, project);
            self.keys.replace(project, &keys);
        }
        Ok(differs)
    }

    /// Takes over the catalogue of some projects that `to` made anew of what `from` was, which this went
    /// on from.
    pub(crate) fn take_keys(&mut self, projects: &BTreeSet<ProjectKey>, from: &Self, to: &Self) {
        for project in projects {
            let mut keys = to.keys.clone();
            keys.add_new(project, &from.keys, &self.keys);
            self.keys.replace(project, &keys);
        }
    }

    /// Events of a subject so far: the next one's `run_seq`.
    ///
    /// # Errors
    ///
    /// As for [`Projection::run`].
    pub fn seq(&self, subject: &Subject) -> EngineResult<u64> {
        Ok(match subject {
            Subject::Store => self.store_seq,
            Subject::Project(key) => self.projects.get(key).map_or(0, |project| project.seq),
            Subject::Run(key) => self.generation(key)?.map_or(0, |run| run.seq),
        })
    }

    /// The position of the last event that changed a run of a chunk.
    #[must_use]
    pub fn chunk_changed(&self, chunk: usize) -> Lsn {
        self.chunks.get(chunk).copied().unwrap_or_default()
    }
}

/// The key of config, summary and rows under which clients keep what is not for people.
pub const HIDDEN_KEY: &str = "_wandb";
