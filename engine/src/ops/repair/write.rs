//! The new store.

mod positions;

use std::collections::BTreeSet;
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
use crate::id::Lsn;
use crate::options::Options;

use positions::Positions;

/// Groups are this many events.
const GROUP: usize = 1000;

/// A store that takes the events in.
pub(super) struct Target<'a> {
    world: &'a World,
    core: Core,
    /// Projects and runs whose beginning was taken in.
    begun: BTreeSet<Subject>,
    /// Events that are not committed yet, each with its old position.
    group: Vec<(Lsn, Event)>,
    /// Where committed events stand now.
    positions: Positions,
}

impl<'a> Target<'a> {
    /// Founds it.
    pub(super) fn create(world: &'a World) -> Result<Self> {
        // The bytes of what was deleted come with it: they go when their time is over there.
        let core = Core::open(world.clone(), &Options::new(""))?;
        let (begun, group, positions) = (BTreeSet::new(), Vec::new(), Positions::default());
        Ok(Self { world, core, begun, group, positions })
    }

    /// Takes an event in that stood at `old`, in the order of the old store.
    pub(super) fn push(&mut self, old: Lsn, mut event: Event, report: &mut Repaired) -> Result<()> {
        if matches!(event.body, Body::StoreCreated(_)) {
            return Ok(());
        }
        // What goes on from another run names a position of it: the one of this store.
        if let Body::Forked(branch) | Body::Rewound(branch) = &mut event.body {
            self.commit(report)?;
            branch.origin.at = self.positions.of(branch.origin.at);
        }
        let beginning = self.beginning(&event, report);
        if !beginning.is_empty() {
            self.commit(report)?;
            let batch = Batch::new(beginning.into_iter().chain([event]).collect());
            return self.take(vec![batch], &[old], report);
        }
        self.group.push((old, event));
        if self.group.len() >= GROUP { self.commit(report) } else { Ok(()) }
    }

    fn commit(&mut self, report: &mut Repaired) -> Result<()> {
        let (old, events): (Vec<Lsn>, Vec<Event>) = std::mem::take(&mut self.group).into_iter().unzip();
        self.take(events.into_iter().map(|event| Batch::new(vec![event])).collect(), &old, report)
    }

    /// Commits batches whose last events stood at these positions.
    fn take(&mut self, batches: Vec<Batch>, old: &[Lsn], report: &mut Repaired) -> Result<()> {
        for (answer, old) in self.core.commit(batches).into_iter().zip(old) {
            match answer {
                Ok(ack) => self.positions.note(*old, ack.lsn),
                Err(Error::Rejected(_)) => report.misfits += 1,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What must stand before an event because its own beginning is lost.
    fn beginning(&mut self, event: &Event, report: &mut Repaired) -> Vec<Event> {
        let on = |subject: Subject, body| Event {
            subject,
            received: event.received,
            actor: Arc::clone(&event.actor),
            body,
        };
        let mut events = Vec::new();
        let project = match &event.subject {
            Subject::Run(key) => &key.project,
            Subject::Project(key) => key,
            Subject::Store => return events,
        };
        let is_new = self.begun.insert(Subject::Project(project.clone()));
        if is_new && !matches!(event.body, Body::ProjectCreated(_)) {
            let created = ProjectCreated { description: Arc::from("") };
            events.push(on(Subject::Project(project.clone()), Body::ProjectCreated(created)));
        }
        if let Subject::Run(key) = &event.subject
            && self.begun.insert(event.subject.clone())
            && !matches!(event.body, Body::RunCreated(_))
        {
            let created = RunCreated { source: Arc::from("repair"), state: State::Running };
            events.push(on(event.subject.clone(), Body::RunCreated(created)));
            report.begun_again.push(key.to_string());
        }
        events
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
