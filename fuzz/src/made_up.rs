//! Events that an input asks for: rows of every kind of cell in runs that are written, deleted and begun
//! again. What an input does not say is zero, so any bytes mean something.

use engine::disk::sim::Chance;
use engine::{
    Batch, BlockBuilder, Body, Chunk, Console, ConsoleLine, Core, Event, Paths, ProjectCreated, ProjectKey,
    Rows, RunCreated, RunKey, Snapshot, State, Subject, Value,
};

/// Bytes, taken one by one.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl Input<'_> {
    /// The next byte; none at the end.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u8) -> u8 {
        self.byte().unwrap_or_default() % bound
    }
}

/// Columns of keys in one file; keys beyond them stand in the long layout.
const COLUMNS_MAX: u32 = 1000;

/// A batch that fits what stands, or is refused for a reason. `sent` numbers events, so that no two are
/// equal.
pub(crate) fn batch(snapshot: &Snapshot, sent: &mut u64, input: &mut Input<'_>) -> Vec<Event> {
    let project = ProjectKey::new("ada", "made-up"); // no run of it is one of the simulator's
    let mut events = Vec::new();
    let mut push = |subject: Subject, body: Body| {
        *sent += 1;
        let received = i64::try_from(*sent).expect("a few events");
        events.push(Event { subject, received, actor: "ada".into(), body });
    };
    if !snapshot.projection.projects.contains_key(&project) {
        push(project.clone().into(), Body::ProjectCreated(ProjectCreated { description: "".into() }));
    }
    let name = format!("r{}", input.below(3));
    let runs = snapshot.projection.runs().map(|run| run.expect("it can be read"));
    let newest = runs.filter(|run| run.key.project == project && *run.key.run == *name).last();
    let is_gone = newest.as_ref().is_none_or(|run| run.erased.is_some());
    let mut generation = newest.map_or(0, |run| run.key.generation);
    let what = input.below(16);
    let key = |generation| RunKey { project: project.clone(), run: name.as_str().into(), generation };
    if is_gone || what == 15 {
        generation += 1;
        let created = RunCreated { source: "".into(), state: State::Running };
        push(key(generation).into(), Body::RunCreated(created));
    }
    for _ in 0..=input.below(3) {
        push(key(generation).into(), body(what, input));
    }
    events
}

fn body(what: u8, input: &mut Input<'_>) -> Body {
    match what {
        0..=7 => Body::Logged(rows(input)),
        8..=10 => Body::SystemSampled(rows(input)),
        11 | 12 => Body::ConsoleWritten(console(input)),
        13 if input.below(2) == 0 => Body::RunDeleted,
        13 => Body::RunUndeleted,
        14 => {
            let set = vec![(vec![format!("key{}", input.below(4)).into()], value(input))];
            Body::ConfigChanged(Paths { removed: Vec::new(), set })
        }
        _ => Body::Heartbeat,
    }
}

fn chunk(lines: u32, input: &mut Input<'_>) -> Chunk {
    let writer = ["", "w"][usize::from(input.below(2))];
    let first_line = u64::from(input.below(8));
    Chunk { writer: writer.into(), first_line, lines, hash: first_line }
}

fn rows(input: &mut Input<'_>) -> Rows {
    let mut block = BlockBuilder::new();
    let rows = u32::from(1 + input.below(4));
    for _ in 0..rows {
        block.begin_row();
        let cells = input.below(8);
        if cells == 7 {
            continue; // a line that could not be read
        }
        let step = i64::from(input.below(8));
        if step < 7 {
            block.push_int("_step", step);
        }
        block.push_float("_timestamp", 1e9 + step as f64 / 8.0);
        for _ in 0..cells {
            block.push(&format!("k{}", input.below(5)), &value(input));
        }
    }
    Rows { chunk: chunk(rows, input), rows, block: block.finish() }
}

fn console(input: &mut Input<'_>) -> Console {
    let line = |input: &mut Input<'_>| ConsoleLine {
        time: (input.below(2) == 0).then_some(7),
        is_stderr: input.below(2) == 0,
        label: ["", "node-1"][usize::from(input.below(2))].into(),
        text: ["", "é\u{1b}[1m", "a line"][usize::from(input.below(3))].into(),
    };
    let lines: Vec<ConsoleLine> = (0..=input.below(3)).map(|_| line(input)).collect();
    Console { chunk: chunk(u32::try_from(lines.len()).expect("a few lines"), input), lines }
}

/// The values at which storing a number goes wrong, if it does.
fn value(input: &mut Input<'_>) -> Value {
    const INTS: [i64; 6] = [0, -1, i64::MIN, i64::MAX, (1 << 53) + 1, 1 << 40];
    const FLOATS: [f64; 10] =
        [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1, 1.5, 1e-320, f64::MAX, 123_456.789];
    match input.below(8) {
        0 | 1 => Value::Int(INTS[usize::from(input.below(6))]),
        2..=4 => Value::Float(FLOATS[usize::from(input.below(10))]),
        5 => Value::Bool(input.below(2) == 0),
        6 => Value::text(["", "é", "text"][usize::from(input.below(3))]),
        _ => Value::from_json([&b"[1,null]"[..], b"{\"a\":NaN}", b"null"][usize::from(input.below(3))])
            .expect("JSON"),
    }
}

/// Rows with more keys than a file has columns for, so that some stand in the long layout.
pub(crate) fn wide(run: RunKey, received: i64, first_line: u64) -> Event {
    let mut block = BlockBuilder::new();
    for row in 0..2 {
        block.begin_row();
        block.push_int("_step", row);
        for key in 0..COLUMNS_MAX + 5 {
            block.push_int(&format!("wide{key}"), row);
        }
    }
    let chunk = Chunk { writer: "".into(), first_line, lines: 2, hash: first_line };
    let body = Body::Logged(Rows { chunk, rows: 2, block: block.finish() });
    Event { subject: run.into(), received, actor: "ada".into(), body }
}

/// Fills a store with some of everything, the same each time.
pub(crate) fn fill(core: &mut Core) {
    let bytes = Chance::new(1).bytes(1500);
    let mut input = Input(&bytes);
    let mut sent = 0;
    while !input.0.is_empty() {
        let batch = batch(&core.snapshot(), &mut sent, &mut input);
        // One that does not fit is refused, as it would be for a client.
        let _refused = core.commit(vec![Batch::new(batch)]);
    }
}

/// Fills a store with rows that have more keys than a file has columns for.
pub(crate) fn fill_wide(core: &mut Core) {
    let first = batch(&core.snapshot(), &mut 0, &mut Input(&[]));
    let run = first.iter().find_map(|event| event.run().cloned()).expect("a run");
    for events in [first, vec![wide(run, 1 << 40, 100)]] {
        core.commit(vec![Batch::new(events)]).into_iter().for_each(|ack| {
            ack.expect("a commit in memory");
        });
    }
}
