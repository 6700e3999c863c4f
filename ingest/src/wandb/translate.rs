//! What the client asks of a run, as events. Pure: a snapshot and a request in, a plan out.

use std::sync::Arc;

use engine::{
    AlertLevel, AlertRaised, Attribute, Body, Cause, Event, FileDeleted, FilePut, Paths, ProjectCreated,
    ProjectKey, Projection, Run, RunChanged, RunCreated, RunKey, RunPath, State, StateChanged, Subject, Tree,
    Value,
};

use crate::access::Caller;
use crate::app::Plan;
use crate::http::error::{Kind, Refusal};
use crate::wandb::branch::{Inherited, Point};
use crate::wandb::{Act, attributes, config, ids, names, resync};

/// `UpsertBucket` in all its shapes (protocol 5.2). What is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Upsert {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) entity: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) commit: Option<String>,
    pub(crate) config: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) program: Option<String>,
    pub(crate) repo: Option<String>,
    pub(crate) job_type: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) sweep: Option<String>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) summary: Option<String>,
    /// Several processes write the run.
    pub(crate) is_shared: bool,
    /// It is of a process that the run that stands has not: it begins a generation, or goes on if it resumes.
    pub(crate) is_anothers: bool,
}

/// What the answer needs.
#[derive(Debug)]
pub(crate) struct Upserted {
    pub(crate) run: RunKey,
    pub(crate) inserted: bool,
    /// The lines that a resumed run goes on from; a run begun anew starts at 0.
    pub(crate) history_lines: u64,
    /// A log is sent whose run may stand: what the request says waits (`resync.rs`).
    pub(crate) is_resync: bool,
}

/// What a request does not say itself: what chance and counting add to it, and the store's rows.
pub(crate) struct Drawn<'a> {
    /// An id, should the request name none.
    pub(crate) id: &'a str,
    /// The number in the made-up name of a run, given how many the project had.
    pub(crate) ordinal: &'a mut dyn FnMut(&ProjectKey, u64) -> u64,
    /// The rows of another run that it is to go on from ([`forked_from`]).
    pub(crate) fork: Option<&'a Inherited>,
}

impl Upsert {
    /// A process that begins a run tells where it runs; later updates do not (protocol 7.4).
    pub(crate) fn is_init(&self) -> bool {
        let told = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        told(&self.host) || told(&self.program)
    }

    /// A process that asked where the run stands, and goes on from there.
    pub(crate) fn resumes(&self) -> bool {
        self.id.as_ref().is_some_and(|id| !id.is_empty())
    }

    pub(crate) fn path(&self, caller: &Caller, id: &str) -> Result<RunPath, Refusal> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let (Some(id), None) = (given(&self.id), given(&self.name)) {
            return ids::to_run(&id).ok_or_else(|| Refusal::not_found(format!("run {id:?} not found")));
        }
        let project = names::project(self.entity.as_deref(), self.project.as_deref(), caller);
        let run = given(&self.name).unwrap_or_else(|| id.to_owned());
        names::check_project(&project.project)?;
        names::check_run(&run)?;
        Ok(RunPath::new(project, run))
    }
}

/// What stands under a run's id, and what an upsert makes of it.
enum Target {
    /// The run, changed.
    Known(Arc<Run>),
    /// The run, left as it is until it is known which process tells.
    Awaited(Arc<Run>),
    /// A new generation; the one before it, if any.
    Begun(RunKey, Option<Arc<Run>>),
}

fn target(projection: &Projection, path: &RunPath, request: &Upsert) -> Result<Target, Refusal> {
    let by_id = request.id.as_ref().is_some_and(|id| !id.is_empty());
    match projection.run(path)? {
        Some(run) if run.deleted.is_some() => {
            if by_id && !request.is_init() {
                return Err(Refusal::not_found(format!("run {path} is deleted")));
            }
            Ok(Target::Begun(path.generation(run.key.generation + 1), Some(run)))
        }
        Some(run) if request.is_anothers && !by_id => {
            Ok(Target::Begun(path.generation(run.key.generation + 1), Some(run)))
        }
        Some(run) if may_be_known(&run, request) => Ok(Target::Awaited(run)),
        // The same id again, without resume: what the former process left is kept as it is.
        Some(run) if request.is_init() && !by_id && !request.is_shared && run.holds_work() => {
            Ok(Target::Begun(path.generation(run.key.generation + 1), Some(run)))
        }
        Some(run) => Ok(Target::Known(run)),
        None if by_id && !request.is_init() => Err(Refusal::not_found(format!("run {path} not found"))),
        None => Ok(Target::Begun(path.generation(1), None)),
    }
}

/// Whether a request begins or resumes a run for a process that the run may have.
fn may_be_known(run: &Run, request: &Upsert) -> bool {
    let resumes = request.resumes();
    let is_candidate = request.is_init() && !request.is_shared && !request.is_anothers;
    is_candidate && !(resumes && run.state.is_active()) && resync::is_resync(run, request)
}

/// The run that a new one is to go on from, with the last step that it has of it; none where the request does
/// not begin a run that does.
pub(crate) fn forked_from(
    projection: &Projection,
    request: &Upsert,
    caller: &Caller,
) -> Result<Option<(Arc<Run>, i64)>, Refusal> {
    let (true, Some(config), Some(id)) = (request.is_init(), &request.config, &request.name) else {
        return Ok(None);
    };
    let Some(point) = Point::of(&config::read(config)?).filter(|point| point.run != *id) else {
        return Ok(None);
    };
    let project = names::project(request.entity.as_deref(), request.project.as_deref(), caller);
    let path = RunPath::new(project.clone(), id.as_str());
    if matches!(target(projection, &path, request)?, Target::Known(_)) {
        return Ok(None);
    }
    let parent = RunPath::new(project, point.run.as_str());
    let parent = living(projection, &parent).map_err(|refusal| match refusal.kind {
        Kind::NotFound => Refusal::not_found(format!(
            "run {path} goes on from {parent}, which was not found: log or import that one first"
        )),
        _ => refusal,
    })?;
    check_depth(projection, &parent)?;
    Ok(Some((parent, point.step)))
}

/// Refuses to go on from a run that has as many others behind it as one may.
pub(crate) fn check_depth(projection: &Projection, parent: &Run) -> Result<(), Refusal> {
    let mut origin = parent.origin.clone();
    for _ in 1..engine::limits::BRANCHES_MAX {
        let Some(from) = origin else { return Ok(()) };
        origin = projection.generation(&from.parent)?.and_then(|parent| parent.origin.clone());
    }
    Err(Refusal::invalid(format!(
        "run {} goes on from a run that goes on from another, {} in a row, which is the most: log a new one",
        parent.key,
        engine::limits::BRANCHES_MAX
    )))
}

/// What a run goes on from must stand as it was read; one at work changes all the time, and its past does not.
fn rests_on_parent(inherited: &Inherited) -> Option<(Subject, u64)> {
    let parent = &inherited.parent;
    (!parent.state.is_active()).then(|| (Subject::Run(parent.key.clone()), parent.seq))
}

/// Puts a run back to what it was at a step: a new generation, which goes on from the former one.
pub(crate) fn rewind(
    projection: &Projection,
    path: &RunPath,
    inherited: &Inherited,
    act: &Act,
) -> Result<Plan<(RunKey, u64)>, Refusal> {
    let run = living(projection, path)?;
    if run.key != inherited.parent.key {
        return Err(Refusal::unavailable(format!("run {path} was begun again meanwhile")));
    }
    let key = path.generation(run.key.generation + 1);
    let created = RunCreated { source: Arc::clone(&run.source), state: State::Running };
    let kept = |name: Attribute| Some((name, run.attribute(name)?.clone()));
    let set = Attribute::ALL.into_iter().filter_map(kept).collect();
    let mut events = vec![
        act.on_run(&key, Body::RunCreated(created)),
        act.on_run(&key, Body::RunChanged(RunChanged { set })),
    ];
    events.extend(inherited.rewound(&key, act));
    let rests_on = [(Subject::Run(key.clone()), 0)].into_iter().chain(rests_on_parent(inherited));
    Ok(Plan { events, rests_on: rests_on.collect(), reply: (key, inherited.lines()) })
}

/// Decides an upsert.
pub(crate) fn upsert(
    projection: &Projection,
    request: &Upsert,
    caller: &Caller,
    act: &Act,
    drawn: Drawn<'_>,
) -> Result<Plan<Upserted>, Refusal> {
    let path = request.path(caller, drawn.id)?;
    names::check_may_write(projection, caller, &path.project)?;
    let target = target(projection, &path, request)?;
    let project_seq = projection.seq(&Subject::Project(path.project.clone()))?;
    let (mut events, mut rests_on) = (Vec::new(), Vec::new());
    let (key, run) = match &target {
        Target::Awaited(run) => return Ok(awaited(run, request)),
        Target::Known(run) => {
            rests_on.push((Subject::Run(run.key.clone()), run.seq));
            (run.key.clone(), Some(&**run))
        }
        Target::Begun(key, before) => {
            rests_on.push((Subject::Run(key.clone()), 0));
            rests_on.extend(before.as_ref().map(|before| (Subject::Run(before.key.clone()), before.seq)));
            // A project that is there stays there, whatever else is logged in it.
            if project_seq == 0 {
                rests_on.push((Subject::Project(path.project.clone()), project_seq));
                events.push(project_created(act, &path.project));
            }
            let state = begin_state(request.state.as_deref())?;
            let source = if request.is_init() { "wandb" } else { "api" };
            events.push(act.on_run(key, Body::RunCreated(RunCreated { source: source.into(), state })));
            if let Some(fork) = drawn.fork {
                rests_on.extend(rests_on_parent(fork));
                events.extend(fork.forked(key, act));
            }
            (key.clone(), None)
        }
    };
    let mut told = attributes_of(request)?;
    if let Target::Begun(_, before) = &target
        && !told.iter().any(|(name, _)| *name == Attribute::Name)
    {
        // A generation keeps the name that people know the run by.
        let name = before.as_ref().map(|before| before.name().to_owned()).unwrap_or_else(|| {
            let made = projection.projects.get(&path.project).map_or(0, |project| project.runs_made);
            names::made_up(&path.run, (drawn.ordinal)(&path.project, made))
        });
        told.insert(0, (Attribute::Name, Value::text(name)));
    }
    if let Some(json) = &request.config {
        let (standing, new) = (run.map(|run| run.config.clone()).unwrap_or_default(), config::read(json)?);
        let merged = config::merged(&standing, &new, request.is_shared);
        let paths = standing.diff(&merged);
        told.splice(0..0, attributes::changed_by_config(run, Some(&standing), &merged));
        if !paths.is_empty() {
            events.push(act.on_run(&key, Body::ConfigChanged(paths)));
        }
    }
    let set = attributes::only_changes(run, told);
    if !set.is_empty() {
        events.push(act.on_run(&key, Body::RunChanged(RunChanged { set })));
    }
    if let Some(json) = &request.summary {
        let paths = summary_change(run, json)?;
        if !paths.is_empty() {
            events.push(act.on_run(&key, Body::SummaryChanged(paths)));
        }
    }
    if let Some(run) = run.filter(|run| request.is_init() && run.state != State::Running) {
        let evidence = if run.state == State::Pending { "a process took it" } else { "the run was resumed" };
        events.push(act.on_run(&key, state_change(run, State::Running, Cause::Resumed, evidence)));
    }
    let by_id = request.id.as_ref().is_some_and(|id| !id.is_empty());
    // One that goes on from another and did nothing yet was begun by this same request.
    let goes_on = |run: &Run| by_id || !request.is_init() || (run.origin.is_some() && !run.holds_work());
    let history_lines = match run {
        Some(run) if goes_on(run) => run.stream("", engine::StreamKind::History).next,
        Some(_) => 0,
        None => drawn.fork.map_or(0, Inherited::lines),
    };
    let reply = Upserted { run: key, inserted: run.is_none(), history_lines, is_resync: false };
    Ok(Plan { events, rests_on, reply })
}

/// A sync counts lines from 0, or from those that stand if its process resumed.
pub(crate) fn awaited(run: &Run, request: &Upsert) -> Plan<Upserted> {
    let history_lines = if request.resumes() { run.stream("", engine::StreamKind::History).next } else { 0 };
    let reply = Upserted { run: run.key.clone(), inserted: false, history_lines, is_resync: true };
    Plan::nothing(reply)
}

pub(crate) fn project_created(act: &Act, project: &ProjectKey) -> Event {
    let body = Body::ProjectCreated(ProjectCreated { description: Arc::from("") });
    act.on(Subject::Project(project.clone()), body)
}

fn begin_state(state: Option<&str>) -> Result<State, Refusal> {
    match state {
        None | Some("" | "running") => Ok(State::Running),
        Some("pending") => Ok(State::Pending),
        Some(other) => Err(Refusal::invalid(format!("a run cannot begin in state {other:?}"))),
    }
}

fn attributes_of(request: &Upsert) -> Result<Vec<(Attribute, Value)>, Refusal> {
    // An empty text clears what people may leave empty.
    let clearing = [
        (Attribute::Notes, "notes", &request.notes),
        (Attribute::Description, "description", &request.description),
        (Attribute::Group, "group", &request.group),
        (Attribute::JobType, "job type", &request.job_type),
    ];
    let plain = [
        (Attribute::Name, "display name", &request.display_name),
        (Attribute::Host, "host", &request.host),
        (Attribute::Program, "program", &request.program),
        (Attribute::GitRemote, "repo", &request.repo),
        (Attribute::GitCommit, "commit", &request.commit),
        (Attribute::SweepId, "sweep", &request.sweep),
    ];
    let mut told = Vec::new();
    for (name, what, text) in clearing {
        if let Some(text) = text {
            names::check_text(what, text)?;
            told.push((name, if text.is_empty() { Value::Null } else { Value::text(text.as_str()) }));
        }
    }
    for (name, what, text) in plain {
        if let Some(text) = text.as_ref().filter(|text| !text.is_empty()) {
            names::check_text(what, text)?;
            told.push((name, Value::text(text.as_str())));
        }
    }
    if let Some(tags) = &request.tags {
        told.push((Attribute::Tags, names::tags(tags.iter().map(String::as_str))?));
    }
    Ok(told)
}

/// What a whole summary changes.
fn summary_change(run: Option<&Run>, json: &str) -> Result<Paths, Refusal> {
    let value = Value::from_json(json.as_bytes())
        .map_err(|error| Refusal::invalid(format!("the summary is not JSON: {error}")))?;
    if value.as_map().is_none() {
        return Err(Refusal::invalid("the summary is not a JSON object"));
    }
    Ok(run.map(|run| run.summary.clone()).unwrap_or_default().diff(&Tree::of(value)))
}

fn state_change(run: &Run, to: State, cause: Cause, evidence: &str) -> Body {
    let exit_code = None;
    Body::StateChanged(StateChanged { from: run.state, to, cause, evidence: evidence.into(), exit_code })
}

/// The run that a request is about; deleted ones are not there.
pub(crate) fn living(projection: &Projection, path: &RunPath) -> Result<Arc<Run>, Refusal> {
    let run = projection.run(path)?.filter(|run| run.deleted.is_none());
    run.ok_or_else(|| Refusal::not_found(format!("run {path} not found")))
}

fn about<T>(run: &Run, event: Option<Event>, reply: T) -> Plan<T> {
    Plan {
        events: event.into_iter().collect(),
        rests_on: vec![(Subject::Run(run.key.clone()), run.seq)],
        reply,
    }
}

/// Asks a run to stop. Asking again, or of a run that is not at work, changes nothing.
pub(crate) fn stop(projection: &Projection, path: &RunPath, act: &Act) -> Result<Plan<bool>, Refusal> {
    let run = &*living(projection, path)?;
    let is_new = run.state.is_active() && !run.stop_requested;
    Ok(about(run, is_new.then(|| act.on_run(&run.key, Body::StopRequested)), is_new))
}

/// What a script tells people.
pub(crate) fn alert(title: &str, text: &str, level: AlertLevel) -> Result<AlertRaised, Refusal> {
    names::check_text("alert's title", title)?;
    names::check_text("alert's text", text)?;
    Ok(AlertRaised { title: title.into(), text: text.into(), level })
}

/// Tells people what a script told.
pub(crate) fn raise(
    projection: &Projection,
    path: &RunPath,
    alert: &AlertRaised,
    act: &Act,
) -> Result<Plan<()>, Refusal> {
    let run = living(projection, path)?;
    Ok(about(&run, Some(act.on_run(&run.key, Body::AlertRaised(alert.clone()))), ()))
}

/// The generations before a run's newest of which something is left.
fn earlier(projection: &Projection, run: &Run) -> Result<Vec<Arc<Run>>, Refusal> {
    let path = run.key.path();
    let mut found = Vec::new();
    for generation in 1..run.key.generation {
        found.extend(projection.generation(&path.generation(generation))?);
    }
    found.retain(|run| run.erased.is_none());
    Ok(found)
}

/// Deletes a run with all its generations; it can be undeleted until it is erased.
pub(crate) fn delete(projection: &Projection, path: &RunPath, act: &Act) -> Result<Plan<bool>, Refusal> {
    let run = projection.run(path)?.filter(|run| run.erased.is_none());
    let run = run.ok_or_else(|| Refusal::not_found(format!("run {path} not found")))?;
    let is_new = run.deleted.is_none();
    let mut plan = about(&run, None, is_new);
    if is_new {
        plan.events = deletions(projection, &run, act)?;
    }
    Ok(plan)
}

/// What deletes a run that is there, and its generations before.
pub(crate) fn deletions(projection: &Projection, run: &Run, act: &Act) -> Result<Vec<Event>, Refusal> {
    let older = earlier(projection, run)?.into_iter().filter(|run| run.deleted.is_none());
    let keys = std::iter::once(run.key.clone()).chain(older.map(|run| run.key.clone()));
    Ok(keys.map(|key| act.on_run(&key, Body::RunDeleted)).collect())
}

/// Takes a deletion back.
pub(crate) fn undelete(projection: &Projection, path: &RunPath, act: &Act) -> Result<Plan<bool>, Refusal> {
    let run = projection.run(path)?.ok_or_else(|| Refusal::not_found(format!("run {path} not found")))?;
    if run.erased.is_some() {
        return Err(Refusal::not_found(format!("run {path} was erased and cannot be brought back")));
    }
    let is_new = run.deleted.is_some();
    let mut plan = about(&run, is_new.then(|| act.on_run(&run.key, Body::RunUndeleted)), is_new);
    if is_new {
        // Those that were deleted with it.
        let older = earlier(projection, &run)?.into_iter().filter(|older| older.deleted == run.deleted);
        plan.events.extend(older.map(|run| act.on_run(&run.key, Body::RunUndeleted)));
    }
    Ok(plan)
}

/// Sets a state by hand: to pending or failed, from where that makes sense (SEMANTICS 4).
pub(crate) fn set_state(
    projection: &Projection,
    path: &RunPath,
    to: &str,
    act: &Act,
) -> Result<Plan<()>, Refusal> {
    let run = living(projection, path)?;
    let (to, from): (_, &[State]) = match to {
        "pending" => (State::Pending, &[State::Running, State::Failed, State::Crashed, State::Preempted]),
        "failed" => (State::Failed, &[State::Pending, State::Running]),
        other => return Err(Refusal::invalid(format!("a run's state cannot be set to {other:?}"))),
    };
    if !from.contains(&run.state) {
        let is = crate::wandb::state_name(run.state);
        return Err(Refusal::invalid(format!(
            "a run that is {is} cannot be set to {}",
            crate::wandb::state_name(to)
        )));
    }
    let evidence = format!("set by {}", act.actor);
    let event = act.on_run(&run.key, state_change(&run, to, Cause::Edit, &evidence));
    Ok(about(&run, Some(event), ()))
}

/// Names a stored blob as a file of a run. The same content again changes nothing.
pub(crate) fn put_file(
    projection: &Projection,
    key: &RunKey,
    file: &FilePut,
    act: &Act,
) -> Result<Plan<()>, Refusal> {
    let run = projection.generation(key)?.filter(|run| run.deleted.is_none());
    let run = run.ok_or_else(|| Refusal::not_found(format!("run {key} not found")))?;
    let stands = run.files.get(&file.name).is_some_and(|entry| entry.file == *file);
    Ok(about(&run, (!stands).then(|| act.on_run(key, Body::FilePut(file.clone()))), ()))
}

/// Deletes files of a run; those that are not there are not missed.
pub(crate) fn delete_files(
    projection: &Projection,
    files: &[(RunPath, String)],
    caller: &Caller,
    act: &Act,
) -> Result<Plan<()>, Refusal> {
    let (mut events, mut rests_on) = (Vec::new(), Vec::<(Subject, u64)>::new());
    for (path, name) in files {
        names::check_may_write(projection, caller, &path.project)?;
        let run = living(projection, path)?;
        if run.files.contains_key(name.as_str()) {
            events.push(act.on_run(&run.key, Body::FileDeleted(FileDeleted { name: name.as_str().into() })));
        }
        let subject = Subject::Run(run.key.clone());
        if !rests_on.iter().any(|(known, _)| *known == subject) {
            rests_on.push((subject, run.seq));
        }
    }
    Ok(Plan { events, rests_on, reply: () })
}

/// Makes a project unless it is there.
pub(crate) fn make_project(
    projection: &Projection,
    project: &ProjectKey,
    caller: &Caller,
    act: &Act,
) -> Result<Plan<bool>, Refusal> {
    names::check_project(&project.project)?;
    names::check_may_write(projection, caller, project)?;
    let seq = projection.seq(&Subject::Project(project.clone()))?;
    let is_there = projection.projects.get(project).is_some_and(|project| project.deleted.is_none());
    let event = (!is_there).then(|| project_created(act, project));
    let inserted = event.is_some();
    let rests_on = vec![(Subject::Project(project.clone()), seq)];
    Ok(Plan { events: event.into_iter().collect(), rests_on, reply: inserted })
}
