//! The projection: what all events so far amount to.
//!
//! `apply(&mut self, &Event)` is a pure fold, with no clock and no I/O. The maps are persistent
//! (structure-sharing): cloning a projection costs a few pointers, so each durable group publishes
//! a clone as the new snapshot, and a batch that turns out wrong is undone by going back to the
//! clone from before it.
//!
//! What holds:
//! - A run's ordinal is its place in `runs`, dense and for ever.
//! - `seq` of a subject is the number of its events, and the next one's `run_seq`.

mod keys;
mod people;
mod run;
mod tree;

use std::sync::Arc;

use imbl::{OrdMap, Vector};

use crate::event::{Body, Event, Paths, RunCreated, StoreCreated, Subject, Time, Value};
use crate::id::{Lsn, ProjectKey, RunKey, RunPath};

pub use keys::{Keys, Kinds, Space};
pub use people::{Key, People, User};
pub(crate) use run::Place;
pub use run::{Extent, FileEntry, KeyStats, Location, Run, Screen, Stream, StreamKind, Table};
pub use tree::{Tree, is_nested, leaves_in};

use run::NewKey;

/// Runs are numbered in chunks of this many, and each chunk tells when it last changed: what a
/// reader made of an unchanged chunk stays good.
pub const RUNS_PER_CHUNK: usize = 1024;

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
    /// Its current runs by id: the ordinals of their newest generations.
    pub runs: OrdMap<Arc<str>, u32>,
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
    /// Every generation of every run, by ordinal.
    pub runs: Vector<Arc<Run>>,
    /// When each chunk of `runs` last changed.
    chunks: Vector<Lsn>,
    /// The key catalogue.
    pub keys: Keys,
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
    /// Its block is not one.
    #[error(transparent)]
    Block(#[from] crate::event::BlockError),
    /// There is no room for more runs.
    #[error("the store holds {0} runs, which is the most it can")]
    Full(usize),
}

impl Projection {
    /// The newest generation of a run, deleted ones included.
    #[must_use]
    pub fn run(&self, path: &RunPath) -> Option<&Arc<Run>> {
        let ordinal = *self.projects.get(&path.project)?.runs.get(&path.run)?;
        self.runs.get(ordinal as usize)
    }

    /// One generation of a run.
    #[must_use]
    pub fn generation(&self, key: &RunKey) -> Option<&Arc<Run>> {
        let newest = self.run(&key.path())?;
        if newest.key.generation == key.generation {
            return Some(newest);
        }
        // Beginning an id again is rare, so the older ones are looked for.
        self.runs.iter().find(|run| run.key == *key)
    }

    /// Events of a subject so far: the next one's `run_seq`.
    #[must_use]
    pub fn seq(&self, subject: &Subject) -> u64 {
        match subject {
            Subject::Store => self.store_seq,
            Subject::Project(key) => self.projects.get(key).map_or(0, |project| project.seq),
            Subject::Run(key) => self.generation(key).map_or(0, |run| run.seq),
        }
    }

    /// The position of the last event that changed a run of a chunk.
    #[must_use]
    pub fn chunk_changed(&self, chunk: usize) -> Lsn {
        self.chunks.get(chunk).copied().unwrap_or_default()
    }

    /// Folds an event; gives its `run_seq`.
    ///
    /// # Errors
    ///
    /// [`ApplyError`] when it contradicts what stands. The projection may then be changed in part:
    /// go back to a clone from before.
    pub fn apply(&mut self, lsn: Lsn, location: Location, event: &Event) -> Result<u64, ApplyError> {
        match &event.subject {
            Subject::Store => self.apply_to_store(event),
            Subject::Project(key) => self.apply_to_project(lsn, key, event),
            Subject::Run(key) => self.apply_to_run(lsn, location, key, event),
        }
    }

    fn apply_to_store(&mut self, event: &Event) -> Result<u64, ApplyError> {
        match &event.body {
            Body::StoreCreated(store) => {
                if self.store.is_some() {
                    return Err(ApplyError::Exists("the store".into()));
                }
                self.store = Some(Arc::new(store.clone()));
            }
            Body::UserAdded(user) => {
                if self.people.users.contains_key(&user.name) {
                    return Err(ApplyError::Exists(format!("user {:?}", user.name)));
                }
                let added = User { name: Arc::clone(&user.name), admin: user.admin };
                self.people.users.insert(Arc::clone(&user.name), added);
            }
            Body::KeyIssued(key) => {
                if !self.people.users.contains_key(&key.user) {
                    return Err(ApplyError::Unknown(format!("user {:?}", key.user)));
                }
                if self.people.keys.contains_key(&key.hash) {
                    return Err(ApplyError::Exists(format!("key {:?}", key.key_id)));
                }
                let issued = Key { key_id: Arc::clone(&key.key_id), user: Arc::clone(&key.user) };
                self.people.keys.insert(key.hash, issued);
            }
            Body::KeyRevoked(key) => {
                let hash = self.people.keys.iter().find(|(_, known)| known.key_id == key.key_id);
                let hash = *hash.ok_or_else(|| ApplyError::Unknown(format!("key {:?}", key.key_id)))?.0;
                self.people.keys.remove(&hash);
            }
            _ => return Err(misplaced(event)),
        }
        self.store_seq += 1;
        Ok(self.store_seq - 1)
    }

    fn apply_to_project(&mut self, lsn: Lsn, key: &ProjectKey, event: &Event) -> Result<u64, ApplyError> {
        let Body::ProjectCreated(created) = &event.body else { return Err(misplaced(event)) };
        if self.projects.contains_key(key) {
            return Err(ApplyError::Exists(format!("project {key}")));
        }
        let project = Project {
            key: key.clone(),
            created: event.received,
            author: Arc::clone(&event.actor),
            description: Arc::clone(&created.description),
            runs_made: 0,
            runs: OrdMap::new(),
            seq: 1,
            updated: lsn,
        };
        self.projects.insert(key.clone(), project);
        Ok(0)
    }

    fn apply_to_run(
        &mut self,
        lsn: Lsn,
        location: Location,
        key: &RunKey,
        event: &Event,
    ) -> Result<u64, ApplyError> {
        let unknown = || ApplyError::Unknown(format!("run {key}"));
        let ordinal = match &event.body {
            Body::RunCreated(created) => self.begin_run(lsn, key, event, created)?,
            Body::StoreCreated(_)
            | Body::UserAdded(_)
            | Body::KeyIssued(_)
            | Body::KeyRevoked(_)
            | Body::ProjectCreated(_) => return Err(misplaced(event)),
            _ => self.generation(key).ok_or_else(unknown)?.ordinal,
        };
        let mut new_keys = Vec::new();
        let slot = self.runs.get_mut(ordinal as usize).ok_or_else(unknown)?;
        let run = Arc::make_mut(slot);
        let seq = run.seq;
        run.apply(lsn, location, event, &mut |space, key: NewKey| new_keys.push((space, key)))?;
        run.seq += 1;
        run.updated = lsn;
        for (space, new) in new_keys {
            self.keys.note(&key.project, space, &new.key, new.kinds);
        }
        match &event.body {
            Body::ConfigChanged(change) => self.note_paths(&key.project, Space::Config, change),
            Body::SummaryChanged(change) => self.note_paths(&key.project, Space::Summary, change),
            _ => {}
        }
        self.touch(ordinal, lsn);
        Ok(seq)
    }

    fn begin_run(
        &mut self,
        lsn: Lsn,
        key: &RunKey,
        event: &Event,
        created: &RunCreated,
    ) -> Result<u32, ApplyError> {
        let count = self.runs.len();
        let ordinal = u32::try_from(count).map_err(|_too_large| ApplyError::Full(count))?;
        let project = self
            .projects
            .get_mut(&key.project)
            .ok_or_else(|| ApplyError::Unknown(format!("project {}", key.project)))?;
        let before = project.runs.insert(Arc::clone(&key.run), ordinal);
        match before.and_then(|before| self.runs.get_mut(before as usize)) {
            Some(older) if older.key.generation >= key.generation => {
                return Err(ApplyError::Exists(format!("run {key}")));
            }
            Some(older) => {
                let older_ordinal = older.ordinal;
                Arc::make_mut(older).superseded = true;
                self.touch(older_ordinal, lsn);
            }
            None => project.runs_made += 1,
        }
        self.runs.push_back(Arc::new(Run::new(key.clone(), ordinal, event, created)));
        Ok(ordinal)
    }

    fn note_paths(&mut self, project: &ProjectKey, space: Space, change: &Paths) {
        for (path, value) in &change.set {
            // What people do not see (client telemetry) makes no columns.
            if path.first().is_some_and(|first| &**first == HIDDEN_KEY) {
                continue;
            }
            let mut name = path.join(".");
            let keys = &mut self.keys;
            leaves_in(value, &mut name, &mut |name, leaf: &Value| {
                keys.note(project, space, name, Kinds::of(leaf));
            });
        }
    }

    fn touch(&mut self, ordinal: u32, lsn: Lsn) {
        let chunk = ordinal as usize / RUNS_PER_CHUNK;
        match self.chunks.get_mut(chunk) {
            Some(changed) => *changed = lsn,
            None => self.chunks.push_back(lsn),
        }
    }
}

/// The key of config, summary and rows under which clients keep what is not for people.
pub const HIDDEN_KEY: &str = "_wandb";

fn misplaced(event: &Event) -> ApplyError {
    let subject = match &event.subject {
        Subject::Store => "the store".to_owned(),
        Subject::Project(key) => format!("project {key}"),
        Subject::Run(key) => format!("run {key}"),
    };
    ApplyError::Misplaced { body: event.body.name(), subject }
}
