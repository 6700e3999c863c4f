//! What the simulated clients say: runs that grow, that are begun again once they are erased, and files.

use engine::disk::sim::Chance;
use engine::{
    BlockBuilder, Body, Branch, Chunk, Console, ConsoleLine, Event, Lsn, Origin, Paths, ProjectCreated,
    ProjectKey, Rows, Run, RunCreated, RunKey, Snapshot, State, Subject, Value,
};

/// Runs that are at work at once, at the most.
const RUNS_MAX: usize = 4;
/// What every text of a run begins with, before the run's name.
pub(crate) const SAID: &[u8; 8] = b"said in ";

/// What every text of a run begins with, and no other run's.
pub(crate) fn mark(run: &RunKey) -> String {
    format!("said in {}.{}: ", run.run, run.generation)
}

/// What the names of uploaded files begin with.
pub const FILE: &str = "file-";

/// The user file of so many bytes that is uploaded for the run of an ordinal. Those of whole thousands of
/// bytes are the same for all runs.
#[must_use]
pub fn file_of(run: u32, bytes: usize) -> Vec<u8> {
    let whose = if is_shared(bytes as u64) { 0 } else { run };
    Chance::new(bytes as u64 | u64::from(whose) << 32).bytes(bytes)
}

/// Whether the user file of so many bytes is the same for all runs.
pub(crate) fn is_shared(bytes: u64) -> bool {
    bytes.is_multiple_of(1000)
}

/// A batch of events that fit what stands: runs that grow, and now and then a new one.
pub(crate) fn make_batch(
    snapshot: &Snapshot,
    sent: &mut u64,
    (count, bytes): (usize, usize),
    forks: bool,
) -> Vec<Event> {
    let project = ProjectKey::new("ada", "p");
    // Who cannot read what stands has nothing to say about it.
    let Ok(runs) = snapshot.projection.runs().collect::<Result<Vec<_>, _>>() else { return Vec::new() };
    let at_work: Vec<&RunKey> = runs.iter().filter(|run| run.is_current()).map(|run| &run.key).collect();
    let mut events = Vec::new();
    let mut push = |subject: Subject, body: &dyn Fn(u64) -> Body| {
        *sent += 1;
        let received = i64::try_from(*sent).unwrap();
        events.push(Event { subject, received, actor: "ada".into(), body: body(*sent) });
    };
    if !snapshot.projection.projects.contains_key(&project) {
        let created = || Body::ProjectCreated(ProjectCreated { description: "".into() });
        push(project.clone().into(), &|_| created());
    }
    for index in 0..count.max(1) {
        let is_new = at_work.is_empty() || (index == 0 && at_work.len() < RUNS_MAX);
        if !is_new {
            let run = at_work[index % at_work.len()];
            push(run.clone().into(), &|number| body_of(run, number, bytes));
        } else if index == 0 {
            let created = RunCreated { source: "".into(), state: State::Running };
            let run = next_run(&project, &runs);
            push(run.clone().into(), &|_| Body::RunCreated(created.clone()));
            if let Some(parent) = parent_of(snapshot, &runs).filter(|_| forks) {
                push(run.into(), &|number| Body::Forked(branch(parent, snapshot.durable, number)));
            }
        }
    }
    events
}

/// A run that is to be begun: one that was erased, under its id again; else another.
fn next_run(project: &ProjectKey, runs: &[std::sync::Arc<Run>]) -> RunKey {
    let runs = || runs.iter().filter(|run| run.key.project == *project);
    match runs().find(|run| run.erased.is_some() && !run.superseded) {
        Some(erased) => RunKey { generation: erased.key.generation + 1, ..erased.key.clone() },
        None => {
            let ids = runs().filter(|run| run.key.generation == 1).count();
            RunKey { project: project.clone(), run: format!("r{ids}").into(), generation: 1 }
        }
    }
}

/// Of runs that go on from others: one in three of those that begin does.
fn parent_of<'a>(snapshot: &Snapshot, runs: &'a [std::sync::Arc<Run>]) -> Option<&'a RunKey> {
    let stands = runs.iter().rfind(|run| run.is_visible()).map(|run| &run.key);
    stands.filter(|_| snapshot.durable.0.is_multiple_of(3))
}

/// What a run has of its parent: two thirds of its steps, which are the numbers of events.
fn branch(parent: &RunKey, at: Lsn, number: u64) -> Branch {
    let step = i64::try_from(number * 2 / 3).unwrap();
    Branch { origin: Origin { parent: parent.clone(), step, at, rows: 0 }, last_step: None, keys: Vec::new() }
}

fn body_of(run: &RunKey, number: u64, bytes: usize) -> Body {
    let chunk = Chunk { writer: "".into(), first_line: number, lines: 1, hash: number };
    let text = mark(run) + &hex(&Chance::new(number).bytes(bytes.div_ceil(2)));
    match number % 5 {
        0 => Body::Heartbeat,
        1 => {
            let path = vec![format!("key{}", number % 7).into()];
            Body::ConfigChanged(Paths { removed: Vec::new(), set: vec![(path, Value::text(text))] })
        }
        2 => {
            let line = ConsoleLine { time: None, is_stderr: false, label: "".into(), text: text.into() };
            Body::ConsoleWritten(Console { chunk, lines: vec![line] })
        }
        _ => {
            let mut block = BlockBuilder::new();
            block.begin_row();
            block.push_int("_step", i64::try_from(number).unwrap());
            block.push_text("text", &text);
            Body::Logged(Rows { chunk, rows: 1, block: block.finish() })
        }
    }
}

/// Text that does not compress, made without formatting: it was a sixth of the simulator's time.
fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
