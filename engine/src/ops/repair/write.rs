//! The new store.

use std::sync::Arc;

use super::super::Meter;
use super::super::copy::Copy;
use super::Repaired;
use crate::batch::Batch;
use crate::blob;
use crate::core::Core;
use crate::disk::World;
use crate::error::{Error, Result};
use crate::event::{Body, Event, FileDeleted, ProjectCreated, RunCreated, State, Subject};
use crate::options::Options;
use crate::projection::ApplyError;

/// Groups are this many events.
const GROUP: usize = 1000;

/// A store that takes the events in.
pub(super) struct Target<'a> {
    world: &'a World,
    core: Core,
    /// Events that are not committed yet.
    group: Vec<Event>,
}

impl<'a> Target<'a> {
    /// Founds it.
    pub(super) fn create(world: &'a World) -> Result<Self> {
        // The bytes of what was deleted come with it: they go when their time is over there.
        let core = Core::open(world.clone(), &Options::new(""))?;
        Ok(Self { world, core, group: Vec::new() })
    }

    /// Takes an event in.
    pub(super) fn push(&mut self, event: Event, report: &mut Repaired) -> Result<()> {
        if matches!(event.body, Body::StoreCreated(_)) {
            return Ok(());
        }
        self.group.push(event);
        if self.group.len() >= GROUP { self.commit(report) } else { Ok(()) }
    }

    fn commit(&mut self, report: &mut Repaired) -> Result<()> {
        let group = std::mem::take(&mut self.group);
        let batches = group.iter().map(|event| Batch::new(vec![event.clone()])).collect();
        for (answer, event) in self.core.commit(batches).into_iter().zip(&group) {
            match answer {
                Ok(_) => {}
                Err(Error::Rejected(ApplyError::Unknown(_))) => begin_again(&mut self.core, event, report)?,
                Err(Error::Rejected(_)) => report.misfits += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes the user files too, and closes it.
    pub(super) fn finish(
        mut self,
        source: &World,
        report: &mut Repaired,
        meter: &mut Meter<'_>,
    ) -> Result<()> {
        self.commit(report)?;
        copy_blobs(source, self.world, &mut self.core, report, meter)?;
        self.core.close()
    }
}

/// Stores an event whose subject's beginning is lost.
fn begin_again(core: &mut Core, event: &Event, report: &mut Repaired) -> Result<()> {
    let on = |subject: Subject, body| Event {
        subject,
        received: event.received,
        actor: Arc::clone(&event.actor),
        body,
    };
    let mut events = Vec::new();
    let project = match &event.subject {
        Subject::Run(key) => Some(&key.project),
        Subject::Project(key) => Some(key),
        Subject::Store => None,
    };
    let snapshot = core.snapshot();
    if let Some(project) = project.filter(|project| !snapshot.projection.projects.contains_key(*project)) {
        let created = ProjectCreated { description: Arc::from("") };
        events.push(on(Subject::Project(project.clone()), Body::ProjectCreated(created)));
    }
    if let Subject::Run(key) = &event.subject
        && snapshot.projection.seq(&event.subject)? == 0
        && !matches!(event.body, Body::RunCreated(_))
    {
        let created = RunCreated { source: Arc::from("repair"), state: State::Running };
        events.push(on(event.subject.clone(), Body::RunCreated(created)));
        report.begun_again.push(key.to_string());
    }
    events.push(event.clone());
    for answer in core.commit(vec![Batch::new(events)]) {
        match answer {
            Ok(_) => {}
            Err(Error::Rejected(_)) => report.misfits += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Copies the user files whose content is right; of the others of runs the names go too. Artifacts that lack
/// files keep saying so.
fn copy_blobs(
    source: &World,
    target: &World,
    core: &mut Core,
    report: &mut Repaired,
    meter: &mut Meter<'_>,
) -> Result<()> {
    let copy = Copy { source, target };
    let snapshot = core.snapshot();
    let mut gone = Vec::new();
    for run in snapshot.projection.runs() {
        let run = run?;
        for entry in run.files.values() {
            if !copy_blob(&copy, &entry.file.digest, meter)? {
                report.files.push((run.key.to_string(), entry.file.name.to_string()));
                gone.push(Batch::new(vec![Event {
                    subject: Subject::Run(run.key.clone()),
                    received: entry.updated,
                    actor: Arc::from("repair"),
                    body: Body::FileDeleted(FileDeleted { name: Arc::clone(&entry.file.name) }),
                }]));
            }
        }
    }
    for (project, digest, _) in snapshot.projection.artifact_blobs() {
        if !copy_blob(&copy, &digest, meter)? {
            report.files.push((project.to_string(), format!("of artifacts: {}", blob::path(&digest))));
        }
    }
    core.commit(gone).into_iter().try_for_each(|answer| answer.map(|_| ()))
}

/// Copies a blob unless it is there; whether its content is right.
fn copy_blob(copy: &Copy<'_>, digest: &[u8; 32], meter: &mut Meter<'_>) -> Result<bool> {
    let path = blob::path(digest);
    if copy.has(&path)? {
        return Ok(true);
    }
    let Ok(bytes) = blob::check(copy.source, &path) else { return Ok(false) };
    meter.expect(bytes);
    copy.file(&path, None, |bytes| {
        meter.add(bytes.len() as u64);
        Ok(())
    })?;
    copy.sync_folder(&path.parent())?;
    Ok(true)
}
