//! What each event changes.

use std::sync::Arc;

use imbl::OrdMap;

use super::erasure::Erasing;
use super::keys::Space;
use super::run::{Content, Location, NewKey, Run};
use super::{ApplyError, HIDDEN_KEY, Project, Projection, RUNS_PER_CHUNK, leaves_in};
use crate::event::{Body, Erased, Event, Kinds, Paths, RunCreated, State, Subject, Value};
use crate::id::{Lsn, ProjectKey, RunKey};
use crate::table::events::Recorded;

impl Projection {
    /// Folds an event about a run that is awake, or about something else; gives its `run_seq`.
    ///
    /// # Errors
    ///
    /// [`ApplyError`] when it contradicts what stands. The projection may then be changed in part:
    /// go back to a clone from before.
    pub fn apply(&mut self, lsn: Lsn, location: Location, event: &Event) -> Result<u64, ApplyError> {
        self.fold(lsn, event, Content::Log(location))
    }

    /// Folds an event as it is kept for ever; its rows, if it had some, stand in table files.
    ///
    /// # Errors
    ///
    /// As for [`Projection::apply`].
    pub(crate) fn apply_recorded(&mut self, recorded: &Recorded) -> Result<u64, ApplyError> {
        self.fold(recorded.lsn, &recorded.event, Content::Tables(recorded.digest.as_ref()))
    }

    fn fold(&mut self, lsn: Lsn, event: &Event, content: Content<'_>) -> Result<u64, ApplyError> {
        match &event.subject {
            Subject::Store => self.apply_to_store(event),
            Subject::Project(key) => self.apply_to_project(lsn, key, event),
            Subject::Run(key) => self.apply_to_run(lsn, content, key, event),
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
            Body::UserAdded(user) => self.people.add_user(user)?,
            Body::TeamAdded(team) => self.people.add_team(team)?,
            Body::KeyIssued(key) => self.people.issue(key)?,
            Body::KeyLimited(key) => self.people.limit(key)?,
            Body::KeyRevoked(key) => self.people.revoke(key)?,
            Body::RoleGranted(granted) => self.people.grant(granted)?,
            Body::PasswordSet(set) => self.people.set_password(set)?,
            Body::LoginFailed(_) => {}
            Body::ErasureDone(done) => self.erasures.finish(done.through),
            _ => return Err(misplaced(event)),
        }
        self.store_seq += 1;
        Ok(self.store_seq - 1)
    }

    fn apply_to_project(&mut self, lsn: Lsn, key: &ProjectKey, event: &Event) -> Result<u64, ApplyError> {
        let Body::ProjectCreated(created) = &event.body else {
            let unknown = || ApplyError::Unknown(format!("project {key}"));
            let project = self.projects.get_mut(key).ok_or_else(unknown)?;
            match &event.body {
                Body::ProjectDeleted => project.deleted = Some(event.received),
                Body::ViewSaved(saved) => project.save_view(saved, event),
                Body::ViewRemoved(removed) => project.remove_view(removed)?,
                _ => Arc::make_mut(&mut project.artifacts).apply(event)?,
            }
            (project.seq, project.updated) = (project.seq + 1, lsn);
            return Ok(project.seq - 1);
        };
        if let Some(project) = self.projects.get_mut(key)
            && project.deleted.take().is_some()
        {
            project.description = Arc::clone(&created.description);
            (project.seq, project.updated) = (project.seq + 1, lsn);
            return Ok(project.seq - 1);
        }
        if self.projects.contains_key(key) {
            return Err(ApplyError::Exists(format!("project {key}")));
        }
        let project = Project {
            key: key.clone(),
            created: event.received,
            author: Arc::clone(&event.actor),
            description: Arc::clone(&created.description),
            runs_made: 0,
            deleted: None,
            views: OrdMap::new(),
            artifacts: Arc::default(),
            awake: OrdMap::new(),
            seq: 1,
            updated: lsn,
        };
        self.projects.insert(key.clone(), project);
        Ok(0)
    }

    fn apply_to_run(
        &mut self,
        lsn: Lsn,
        content: Content<'_>,
        key: &RunKey,
        event: &Event,
    ) -> Result<u64, ApplyError> {
        let unknown = || ApplyError::Unknown(format!("run {key}"));
        let ordinal = match &event.body {
            Body::RunCreated(created) => self.begin_run(lsn, key, event, created)?,
            Body::Erased(Erased { begins: true }) if matches!(content, Content::Tables(_)) => {
                let nothing = RunCreated { source: Arc::from(""), state: State::Killed };
                self.begin_run(lsn, key, event, &nothing)?
            }
            Body::Erased(_) if matches!(content, Content::Log(_)) => return Err(misplaced(event)),
            body if !body.is_of_run() => return Err(misplaced(event)),
            _ => self.awake_ordinal(key).ok_or_else(unknown)?,
        };
        let mut new_keys = Vec::new();
        let slot = self.awake.get_mut(&ordinal).ok_or_else(unknown)?;
        let run = Arc::make_mut(slot);
        if let (Body::RunErased(_), None) = (&event.body, run.deleted.or(run.erased)) {
            return Err(ApplyError::NotDeleted(format!("run {key}")));
        }
        if run.erased.is_some() && matches!(content, Content::Log(_)) {
            return Err(unknown());
        }
        if matches!(event.body, Body::RunErased(_)) {
            if self.heirs.has(key) {
                return Err(ApplyError::HasHeirs(format!("run {key}")));
            }
            if let Some(origin) = &run.origin {
                self.heirs.remove(&origin.parent, ordinal);
            }
        }
        let (seq, content_through, totals) = (run.seq, run.updated, run.totals());
        run.apply(lsn, content, event, &mut |space, key: NewKey| new_keys.push((space, key)))?;
        run.seq += 1;
        run.updated = lsn;
        let is_active = run.state.is_active();
        if is_active != self.active.contains(&ordinal) {
            if is_active {
                self.active.insert(ordinal)
            } else {
                self.active.remove(&ordinal)
            };
        }
        for (space, new) in new_keys {
            self.keys.note(&key.project, space, &new.key, new.kinds);
        }
        match &event.body {
            Body::Logged(rows) => self.totals.history_rows += u64::from(rows.rows),
            Body::SystemSampled(rows) => self.totals.system_rows += u64::from(rows.rows),
            Body::ConsoleWritten(console) => self.totals.console_lines += u64::from(console.chunk.lines),
            Body::Quarantined(_) => self.totals.quarantined += 1,
            Body::ConfigChanged(change) => self.note_paths(&key.project, Space::Config, change),
            Body::SummaryChanged(change) => self.note_paths(&key.project, Space::Summary, change),
            Body::Forked(branch) | Body::Rewound(branch) => self.heirs.add(&branch.origin.parent, ordinal),
            Body::RunDeleted => self.erasures.delete(ordinal),
            Body::RunUndeleted => {
                self.erasures.undelete(ordinal);
                self.bring_back(&key.project);
            }
            Body::RunErased(erased) => {
                self.totals = self.totals.without(totals);
                let blobs = erased.blobs.as_slice().into();
                let erasing = Erasing { key: key.clone(), content: content_through, erased: lsn, blobs };
                self.erasures.erase(ordinal, erasing);
            }
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
        let ordinal = self.run_count;
        let next = ordinal.checked_add(1).ok_or(ApplyError::Full(ordinal))?;
        let project = self
            .projects
            .get_mut(&key.project)
            .ok_or_else(|| ApplyError::Unknown(format!("project {}", key.project)))?;
        project.deleted = None;
        let before = project.awake.insert(Arc::clone(&key.run), ordinal);
        match before.and_then(|before| self.awake.get_mut(&before)) {
            Some(older) if older.key.generation >= key.generation => {
                return Err(ApplyError::Exists(format!("run {key}")));
            }
            Some(older) => {
                let older = Arc::make_mut(older);
                older.superseded = true;
                older.updated = lsn;
                let older = older.ordinal;
                self.touch(older, lsn);
            }
            None => project.runs_made += 1,
        }
        self.awake.insert(ordinal, Arc::new(Run::new(key.clone(), ordinal, event, created)));
        self.run_count = next;
        Ok(ordinal)
    }

    /// A project that has a run again is there again.
    pub(super) fn bring_back(&mut self, project: &ProjectKey) {
        if let Some(project) = self.projects.get_mut(project) {
            project.deleted = None;
        }
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

pub(super) fn misplaced(event: &Event) -> ApplyError {
    ApplyError::Misplaced { body: event.body.name(), subject: event.subject.to_string() }
}
