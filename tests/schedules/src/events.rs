//! What is written, and what a snapshot shows of it.

use std::sync::Arc;

use engine::{
    Batch, BlockBuilder, Body, Chunk, Event, Lsn, ProjectCreated, ProjectKey, Rows, RunCreated, RunKey,
    RunPath, Snapshot, State, StreamKind, Subject,
};

/// As many writers, each with a run of its own.
pub(crate) const RUNS: usize = 4;
/// Rows that are sent together.
pub(crate) const BATCH: u64 = 2;

fn project() -> ProjectKey {
    ProjectKey::new("ada", "p")
}

fn run(number: usize) -> RunKey {
    RunPath::new(project(), format!("run{number}")).generation(1)
}

fn event(subject: impl Into<Subject>, body: Body) -> Event {
    Event { subject: subject.into(), received: 1, actor: Arc::from("ada"), body }
}

/// The project and its runs.
pub(crate) fn beginning() -> Batch {
    let project_created = Body::ProjectCreated(ProjectCreated { description: "".into() });
    let created = || Body::RunCreated(RunCreated { source: "test".into(), state: State::Running });
    let runs = (0..RUNS).map(|number| event(run(number), created()));
    Batch::new([event(project(), project_created)].into_iter().chain(runs).collect())
}

/// The rows of a run from one number on.
pub(crate) fn rows(number: usize, from: u64) -> Batch {
    let row = |line: u64| {
        let mut block = BlockBuilder::new();
        block.begin_row();
        block.push_int("_step", line.try_into().unwrap());
        block.push_float("loss", 1.0 / (line + 1) as f64);
        let chunk = Chunk { writer: "".into(), first_line: line, lines: 1, hash: line };
        event(run(number), Body::Logged(Rows { chunk, rows: 1, block: block.finish() }))
    };
    Batch::new((from..from + BATCH).map(row).collect())
}

/// How many rows of a run a snapshot shows: they are the first ones, and whole batches.
pub(crate) fn rows_of(snapshot: &Snapshot, number: usize) -> u64 {
    let Some(run) = snapshot.projection.run(&run(number).path()).unwrap() else { return 0 };
    let mut steps = Vec::new();
    for extent in snapshot.extents(&run, StreamKind::History).unwrap() {
        let piece = snapshot.rows(&extent).unwrap();
        steps.extend(piece.block.column("_step").unwrap().ints().unwrap());
    }
    steps.sort_unstable();
    assert!(steps.iter().copied().eq((0..).take(steps.len())), "D3: run {number} has {steps:?}");
    let count = steps.len() as u64;
    assert_eq!(count % BATCH, 0, "D2: run {number} has half a batch");
    count
}

/// [`rows_of`] each run.
pub(crate) fn shown(snapshot: &Snapshot) -> [u64; RUNS] {
    std::array::from_fn(|number| rows_of(snapshot, number))
}

/// The positions of the events that a snapshot shows have no gap.
pub(crate) fn is_whole(snapshot: &Snapshot) {
    let positions = snapshot.recorded(Lsn(1)).map(|event| event.unwrap().lsn.0);
    assert!(positions.eq(1..=snapshot.durable.0), "I7: the events up to {} have a gap", snapshot.durable.0);
}
