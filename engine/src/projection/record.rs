//! Runs and the rest of the state as bytes, as files of runs and of state keep them.
//!
//! What holds:
//! - Each begins with a version; a field is added by a new version, with a reader for the old one.
//! - Places of rows are not kept: all rows up to the file's position stand in table files, whose
//!   indexes tell where.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::artifacts::{self, Artifacts};
use super::branch::{HeirLists, Heirs};
use super::erasure::{self, Erasures};
use super::keys::{self, Keys};
use super::people::{self, Key, People, User};
use super::run::{FileEntry, Run, Stream, StreamKind, Table};
use super::tree::Tree;
use super::view::View;
use super::{Project, Projection, Totals};
use crate::error::{Error, Result};
use crate::event::{self, Attribute, KeyStats, Origin, State, StateChanged, StoreCreated, Time, Value};
use crate::id::{Lsn, ProjectKey, RunKey};
use crate::table::Tables;
use crate::table::events::Whose;

/// The version that is written. Version 1 knew no erased runs, version 2 no teams and roles, version 3 no runs
/// that go on from others, no artifacts, passwords and views.
const VERSION: u8 = 4;

/// A run, but for the places of its rows.
#[derive(Serialize, Deserialize)]
struct RunRecord {
    key: RunKey,
    ordinal: u32,
    source: Arc<str>,
    author: Arc<str>,
    created: Time,
    attributes: Arc<Vec<(Attribute, Value)>>,
    config: Tree,
    summary: Tree,
    state: State,
    change: Option<Arc<StateChanged>>,
    exit_code: Option<i32>,
    stop_requested: bool,
    heartbeat: Time,
    finished: Option<Time>,
    active_before: i64,
    active_since: Option<Time>,
    history: TableRecord,
    last_step: Option<i64>,
    system: TableRecord,
    console_lines: u64,
    streams: Vec<StreamRecord>,
    files: Vec<(Arc<str>, FileEntry)>,
    quarantined: u64,
    deleted: Option<Time>,
    superseded: bool,
    seq: u64,
    updated: Lsn,
}

#[derive(Serialize, Deserialize)]
struct StreamRecord {
    writer: Arc<str>,
    kind: StreamKind,
    next: u64,
    hashes: Vec<u64>,
    written: (Lsn, Lsn),
}

#[derive(Serialize, Deserialize)]
struct TableRecord {
    rows: u64,
    keys: Vec<(Arc<str>, KeyStats)>,
}

impl From<&Table> for TableRecord {
    fn from(table: &Table) -> Self {
        let keys = table.keys.iter().map(|(key, stats)| (Arc::clone(key), *stats)).collect();
        Self { rows: table.rows, keys }
    }
}

impl From<TableRecord> for Table {
    fn from(record: TableRecord) -> Self {
        Self { extents: Vector::new(), rows: record.rows, keys: record.keys.into_iter().collect() }
    }
}

impl Run {
    /// Lays a run out as bytes, as files of runs keep it: two that are the same have the same.
    ///
    /// # Errors
    ///
    /// `Damaged` when it holds what cannot be laid out.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let stream = |((writer, kind), stream): (&(Arc<str>, StreamKind), &Stream)| StreamRecord {
            writer: Arc::clone(writer),
            kind: *kind,
            next: stream.next,
            hashes: stream.hashes.iter().copied().collect(),
            written: stream.written,
        };
        let record = RunRecord {
            key: self.key.clone(),
            ordinal: self.ordinal,
            source: Arc::clone(&self.source),
            author: Arc::clone(&self.author),
            created: self.created,
            attributes: Arc::clone(&self.attributes),
            config: self.config.clone(),
            summary: self.summary.clone(),
            state: self.state,
            change: self.change.clone(),
            exit_code: self.exit_code,
            stop_requested: self.stop_requested,
            heartbeat: self.heartbeat,
            finished: self.finished,
            active_before: self.active_before,
            active_since: self.active_since,
            history: TableRecord::from(&self.history),
            last_step: self.last_step,
            system: TableRecord::from(&self.system),
            console_lines: self.console_lines,
            streams: self.streams.iter().map(stream).collect(),
            files: self.files.iter().map(|(name, entry)| (Arc::clone(name), entry.clone())).collect(),
            quarantined: self.quarantined,
            deleted: self.deleted,
            superseded: self.superseded,
            seq: self.seq,
            updated: self.updated,
        };
        encoded(&(record, self.erased, (), self.origin.clone()))
    }

    /// Reads what [`Run::to_bytes`] laid out.
    ///
    /// # Errors
    ///
    /// `Damaged` when it is something else.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let Parts { record, erased, later, .. }: Parts<RunRecord, Option<Time>, (), Option<Arc<Origin>>> =
            decoded(bytes)?;
        let streams = record.streams.into_iter().map(|stream| {
            let StreamRecord { writer, kind, next, hashes, written } = stream;
            ((writer, kind), Stream { next, hashes: hashes.into_iter().collect(), written })
        });
        Ok(Self {
            key: record.key,
            ordinal: record.ordinal,
            source: record.source,
            origin: later.flatten(),
            author: record.author,
            created: record.created,
            attributes: record.attributes,
            config: record.config,
            summary: record.summary,
            state: record.state,
            change: record.change,
            exit_code: record.exit_code,
            stop_requested: record.stop_requested,
            heartbeat: record.heartbeat,
            finished: record.finished,
            active_before: record.active_before,
            active_since: record.active_since,
            history: record.history.into(),
            last_step: record.last_step,
            system: record.system.into(),
            console: Vector::new(),
            console_lines: record.console_lines,
            streams: streams.collect(),
            files: record.files.into_iter().collect(),
            quarantined: record.quarantined,
            deleted: record.deleted,
            erased: erased.flatten(),
            superseded: record.superseded,
            missing: None,
            seq: record.seq,
            updated: record.updated,
        })
    }
}

/// All but the runs.
#[derive(Serialize, Deserialize)]
struct StateRecord {
    store: Option<StoreCreated>,
    store_seq: u64,
    users: Vec<User>,
    keys: Vec<([u8; 32], Key)>,
    projects: Vec<ProjectRecord>,
    catalogue: keys::Lists,
    run_count: u32,
    active: Vec<u32>,
    totals: Totals,
}

#[derive(Serialize, Deserialize)]
struct ProjectRecord {
    key: ProjectKey,
    created: Time,
    author: Arc<str>,
    description: Arc<str>,
    runs_made: u64,
    seq: u64,
    updated: Lsn,
}

/// What version 4 added to the state.
#[derive(Default, Serialize, Deserialize)]
struct Later {
    heirs: HeirLists,
    /// The artifacts of the projects that have some.
    artifacts: Vec<(ProjectKey, artifacts::Lists)>,
    passwords: Vec<(Arc<str>, Arc<str>)>,
    /// The projects that were deleted, and when.
    deleted: Vec<(ProjectKey, Time)>,
    views: Vec<(ProjectKey, Vec<View>)>,
}

impl Projection {
    /// What all events amount to that table files hold, with every run awake: for where the stored state
    /// is damaged, since it takes as much memory as there are runs.
    ///
    /// # Errors
    ///
    /// `Damaged` when a file of events is, or one is missing; `Io`.
    pub(crate) fn of_events(tables: &Tables) -> Result<Self> {
        let mut state = Self::default();
        let mut last = Lsn(0);
        for recorded in tables.events(Lsn(1), Whose::ALL) {
            let recorded = recorded?;
            let lsn = recorded.lsn;
            if lsn != last.advance(1) || state.apply_recorded(&recorded) != Ok(recorded.run_seq) {
                return Err(Error::damaged(format!("event {lsn} does not follow those before it")));
            }
            last = lsn;
        }
        if last == tables.through {
            return Ok(state);
        }
        Err(Error::damaged(format!("files of events end at event {last}, not at {}", tables.through)))
    }

    /// Lays the state out as bytes, but for the runs.
    ///
    /// # Errors
    ///
    /// `Damaged` when it holds what cannot be laid out.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        let project = |project: &Project| ProjectRecord {
            key: project.key.clone(),
            created: project.created,
            author: Arc::clone(&project.author),
            description: Arc::clone(&project.description),
            runs_made: project.runs_made,
            seq: project.seq,
            updated: project.updated,
        };
        let record = StateRecord {
            store: self.store.as_deref().cloned(),
            store_seq: self.store_seq,
            users: self.people.users.values().cloned().collect(),
            keys: self.people.keys.iter().map(|(hash, key)| (*hash, key.clone())).collect(),
            projects: self.projects.values().map(project).collect(),
            catalogue: self.keys.to_lists(),
            run_count: self.run_count,
            active: self.active.iter().copied().collect(),
            totals: self.totals,
        };
        let later = Later {
            heirs: self.heirs.to_lists(),
            artifacts: self
                .of_projects(|project| (!project.artifacts.is_empty()).then(|| project.artifacts.to_lists())),
            passwords: self
                .people
                .passwords
                .iter()
                .map(|(user, hash)| (user.clone(), hash.clone()))
                .collect(),
            deleted: self.of_projects(|project| project.deleted),
            views: self.of_projects(|project| {
                let views = || project.views.values().map(|view| view.as_ref().clone()).collect();
                (!project.views.is_empty()).then(views)
            }),
        };
        encoded(&(record, self.erasures.to_lists(), self.people.to_lists(), later))
    }

    /// Reads what [`Projection::to_bytes`] laid out: the state at `through` with every run at rest in
    /// `resting`.
    ///
    /// # Errors
    ///
    /// `Damaged` when it is something else.
    pub(crate) fn from_bytes(
        bytes: &[u8],
        resting: Arc<crate::table::runs::RunFiles>,
        through: Lsn,
    ) -> Result<Self> {
        let Parts { record, erased, people, later }: Parts<
            StateRecord,
            erasure::Lists,
            people::Lists,
            Later,
        > = decoded(bytes)?;
        let Later { heirs, artifacts, passwords, deleted, views } = later.unwrap_or_default();
        let project = |project: ProjectRecord| {
            let ProjectRecord { key, created, author, description, runs_made, seq, updated } = project;
            let (awake, artifacts, deleted, views) = (OrdMap::new(), Arc::default(), None, OrdMap::new());
            let named = key.clone();
            let project = Project {
                key,
                created,
                author,
                description,
                runs_made,
                deleted,
                views,
                artifacts,
                awake,
                seq,
                updated,
            };
            (named, project)
        };
        let chunks = (record.run_count as usize).div_ceil(super::RUNS_PER_CHUNK);
        let mut state = Self {
            store: record.store.map(Arc::new),
            store_seq: record.store_seq,
            people: People::from_lists(record.users, record.keys, people.unwrap_or_default()),
            projects: record.projects.into_iter().map(project).collect(),
            awake: OrdMap::new(),
            resting,
            run_count: record.run_count,
            active: record.active.into_iter().collect::<OrdSet<u32>>(),
            chunks: std::iter::repeat_n(through, chunks).collect(),
            keys: Keys::from_lists(record.catalogue),
            totals: record.totals,
            erasures: Erasures::default(),
            heirs: Heirs::from_lists(heirs),
            seen: None,
        };
        state.people.passwords = passwords.into_iter().collect();
        for (key, lists) in artifacts {
            if let Some(project) = state.projects.get_mut(&key) {
                project.artifacts = Arc::new(Artifacts::from_lists(lists));
            }
        }
        for (key, at) in deleted {
            if let Some(project) = state.projects.get_mut(&key) {
                project.deleted = Some(at);
            }
        }
        for (key, views) in views {
            if let Some(project) = state.projects.get_mut(&key) {
                project.views =
                    views.into_iter().map(|view| (Arc::clone(&view.id), Arc::new(view))).collect();
            }
        }
        match erased {
            Some(lists) => state.erasures = Erasures::from_lists(lists),
            None => state.find_deleted()?,
        }
        Ok(state)
    }

    /// What the projects have that have it.
    fn of_projects<T>(&self, part: impl Fn(&Project) -> Option<T>) -> Vec<(ProjectKey, T)> {
        let having = |project: &Project| Some((project.key.clone(), part(project)?));
        self.projects.values().filter_map(having).collect()
    }

    /// Finds the deleted runs, of which version 1 kept no list.
    fn find_deleted(&mut self) -> Result<()> {
        let mut deleted = Vec::new();
        for chunk in self.resting.chunks() {
            let chunk = self.chunk(chunk)?;
            for run in (0..chunk.len()).filter_map(|row| chunk.run(row).transpose()) {
                let run = run?;
                deleted.extend(run.deleted.map(|_| run.ordinal));
            }
        }
        deleted.into_iter().for_each(|ordinal| self.erasures.delete(ordinal));
        Ok(())
    }
}

fn encoded(record: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = vec![VERSION];
    let record = event::to_bincode(record)
        .map_err(|error| Error::damaged(format!("the state cannot be laid out: {error}")))?;
    bytes.extend_from_slice(&record);
    Ok(bytes)
}

/// A record, and what later versions added to it.
struct Parts<Record, Erased, People, Later> {
    record: Record,
    erased: Option<Erased>,
    people: Option<People>,
    later: Option<Later>,
}

/// Reads a record with as much as its version has.
fn decoded<R, E, P, L>(bytes: &[u8]) -> Result<Parts<R, E, P, L>>
where
    R: DeserializeOwned,
    E: DeserializeOwned,
    P: DeserializeOwned,
    L: DeserializeOwned,
{
    let damaged = |why: &dyn std::fmt::Display| Error::damaged(format!("stored state does not parse: {why}"));
    let (version, body) = bytes.split_first().ok_or_else(|| damaged(&"it is empty"))?;
    let (parts, read) = match *version {
        1 => event::from_bincode(body).map(|(record, read)| ((record, None, None, None), read)),
        2 => event::from_bincode(body)
            .map(|((record, erased), read)| ((record, Some(erased), None, None), read)),
        3 => event::from_bincode(body)
            .map(|((record, erased, people), read)| ((record, Some(erased), Some(people), None), read)),
        VERSION => event::from_bincode(body).map(|((record, erased, people, later), read)| {
            ((record, Some(erased), Some(people), Some(later)), read)
        }),
        version => return Err(damaged(&format!("it has version {version}"))),
    }
    .map_err(|error| damaged(&error))?;
    if read != body.len() {
        return Err(damaged(&"it is longer than it should be"));
    }
    let (record, erased, people, later) = parts;
    Ok(Parts { record, erased, people, later })
}
