//! Runs as people have them: half their keys in the config, half in the summary, of mixed types, over a
//! few projects in turn; as events for the store, and as lines for its peers.

use std::ops::Range;

use engine::{
    Attribute, Batch, BlockBuilder, Body, Cause, Chunk, Event, Paths, ProjectCreated, ProjectKey, Rows,
    RunChanged, RunCreated, RunKey, RunPath, State, StateChanged, Store, Value,
};

use crate::{event, noise};

/// Keys of a run.
pub const KEYS: u64 = 100;
/// Metrics of a row of history.
pub const METRICS: u64 = 20;
/// Runs of one batch.
const BATCH: u64 = 50;

/// What the open store is asked first.
pub const COUNT: &str = "SELECT count(*) FROM runs WHERE state = 'Finished'";
/// What a page of a project's runs is.
pub const PAGE: &str = "SELECT run_id, name, \"summary.loss\" FROM runs WHERE project = 'p3' \
    ORDER BY \"summary.loss\" LIMIT 50";

/// How many runs there are, and points of history over all of them, shared evenly.
#[derive(Debug, Clone, Copy)]
pub struct Population {
    /// Runs.
    pub runs: u64,
    /// Points.
    pub points: u64,
    /// Projects, which have the runs in turn.
    pub projects: u64,
}

impl Population {
    /// Stores them all, by as many calls as a server would make.
    ///
    /// # Errors
    ///
    /// As the store says.
    pub fn store(self, store: &Store) -> engine::Result<()> {
        store.append_blocking(self.begun())?;
        for first in (0..self.runs).step_by(usize::try_from(BATCH).unwrap_or(1)) {
            store.append_blocking(self.batch(first..self.runs.min(first + BATCH)))?;
        }
        Ok(())
    }

    /// What makes the projects.
    #[must_use]
    pub fn begun(self) -> Batch {
        let created = || Body::ProjectCreated(ProjectCreated { description: "".into() });
        Batch::new((0..self.projects).map(|number| event(self.project(number), created())).collect())
    }

    /// All that happens to some of the runs.
    #[must_use]
    pub fn batch(self, runs: Range<u64>) -> Batch {
        Batch::new(runs.flat_map(|run| self.events(run)).collect())
    }

    fn events(self, run: u64) -> impl Iterator<Item = Event> {
        let rows = u32::try_from(self.points / self.runs.max(1) / METRICS).unwrap_or(u32::MAX);
        let tags = Value::List(tags(run).map(Value::text).collect());
        let name =
            RunChanged { set: vec![(Attribute::Name, Value::text(name(run))), (Attribute::Tags, tags)] };
        let created = RunCreated { source: "bench".into(), state: State::Running };
        let bodies = [
            Some(Body::RunCreated(created)),
            Some(Body::RunChanged(name)),
            Some(Body::ConfigChanged(paths(run, 0..KEYS / 2))),
            (rows > 0).then(|| Body::Logged(history(run, rows))),
            Some(Body::SummaryChanged(paths(run, KEYS / 2..KEYS))),
            Some(Body::StateChanged(ended(run))),
        ];
        bodies.into_iter().flatten().map(move |body| event(self.run_key(run), body))
    }

    fn project(self, number: u64) -> ProjectKey {
        ProjectKey::new("bench", format!("p{}", number % self.projects.max(1)))
    }

    fn run_key(self, run: u64) -> RunKey {
        RunPath::new(self.project(run), format!("run{run}")).generation(1)
    }

    /// The columns that the peers have, each with its type.
    #[must_use]
    pub fn columns() -> Vec<(String, &'static str)> {
        let fixed = ["project", "run_id", "name", "state"].map(|name| (name.to_owned(), "VARCHAR"));
        let keys = (0..KEYS).map(|key| {
            let space = if key < KEYS / 2 { "config" } else { "summary" };
            let kind = match value(key, 0) {
                Value::Int(_) => "BIGINT",
                Value::Bool(_) => "BOOLEAN",
                Value::Float(_) => "DOUBLE",
                _ => "VARCHAR",
            };
            (format!("{space}.{}", path(key).join(".")), kind)
        });
        fixed.into_iter().chain(keys).collect()
    }

    /// A run as one row of a table whose config and summary are JSON: project, id, name, state, tags, config,
    /// summary.
    #[must_use]
    pub fn documents(self, run: u64) -> [String; 7] {
        let key = self.run_key(run);
        let tags = serde_json::Value::from_iter(tags(run));
        let tree = |keys: Range<u64>| {
            let paths = paths(run, keys);
            let mut tree = engine::Tree::default();
            tree.apply(&paths);
            tree.to_value().to_strict_json()
        };
        [
            key.project.project.to_string(),
            key.run.to_string(),
            name(run),
            state(run).name().to_owned(),
            tags.to_string(),
            tree(0..KEYS / 2),
            tree(KEYS / 2..KEYS),
        ]
    }

    /// A run's values in those columns.
    #[must_use]
    pub fn cells(self, run: u64) -> Vec<Value> {
        let key = self.run_key(run);
        let texts = [&*key.project.project, &*key.run, &name(run), state(run).name()];
        texts.into_iter().map(Value::text).chain((0..KEYS).map(|key| value(key, run))).collect()
    }
}

/// Stores a project whose 100 runs have so many keys together, half in the config and half in histories.
///
/// # Errors
///
/// As the store says.
pub fn store_keys(store: &Store, keys: u64) -> engine::Result<()> {
    const RUNS: u64 = 100;
    let one = Population { runs: RUNS, points: 0, projects: 1 };
    store.append_blocking(one.begun())?;
    let each = (keys / 2).div_ceil(RUNS);
    for run in 0..RUNS {
        let names = || {
            (run * each..(keys / 2).min((run + 1) * each)).map(|key| format!("group{}/key{key}", key % 50))
        };
        let set = names().map(|name| (vec![name.into_boxed_str()], Value::Float(noise(run)))).collect();
        let mut block = BlockBuilder::new();
        block.begin_row();
        block.push_int("_step", 0);
        names().for_each(|name| block.push_float(&name, noise(run)));
        let chunk = Chunk { writer: "".into(), first_line: 0, lines: 1, hash: run };
        let bodies = [
            Body::RunCreated(RunCreated { source: "bench".into(), state: State::Running }),
            Body::ConfigChanged(Paths { removed: Vec::new(), set }),
            Body::Logged(Rows { chunk, rows: 1, block: block.finish() }),
        ];
        let events = bodies.into_iter().map(|body| event(one.run_key(run), body)).collect();
        store.append_blocking(Batch::new(events))?;
    }
    Ok(())
}

fn name(run: u64) -> String {
    format!("quiet-river-{run}")
}

fn tags(run: u64) -> impl Iterator<Item = &'static str> {
    [(10, "baseline"), (3, "prod")]
        .into_iter()
        .filter(move |(every, _)| run.is_multiple_of(*every))
        .map(|(_, tag)| tag)
}

fn state(run: u64) -> State {
    match run % 20 {
        0 => State::Failed,
        1 => State::Crashed,
        _ => State::Finished,
    }
}

fn ended(run: u64) -> StateChanged {
    let exit_code = if state(run) == State::Finished { 0 } else { 1 };
    let evidence = format!("exit code {exit_code}").into();
    StateChanged {
        from: State::Running,
        to: state(run),
        cause: Cause::Exit,
        evidence,
        exit_code: Some(exit_code),
    }
}

fn path(key: u64) -> Vec<Box<str>> {
    let names = match key {
        0 => vec!["lr".to_owned()],
        2 => vec!["optimizer".to_owned()],
        51 => vec!["loss".to_owned()],
        key if key % 5 == 1 && key < KEYS / 2 => vec!["model".to_owned(), format!("layer{key}")],
        key if key < KEYS / 2 => vec![format!("param{key}")],
        key => vec![format!("metric{key}")],
    };
    names.into_iter().map(String::into_boxed_str).collect()
}

fn value(key: u64, run: u64) -> Value {
    let seed = run * KEYS + key;
    #[expect(clippy::cast_possible_truncation, reason = "a number below a thousand")]
    let small = (noise(seed) * 1000.0) as i64;
    match (key < KEYS / 2, key % 5) {
        (true, 0) => Value::Float(noise(seed) * 1e-3),
        (true, 1) => Value::Int(small % 64),
        (true, 2) => Value::text(optimizer(small)),
        (true, 3) => Value::Bool(small % 2 == 0),
        (true, _) => Value::Float((small % 10) as f64 / 10.0),
        (false, 0) => Value::Int(small),
        (false, _) => Value::Float(noise(seed)),
    }
}

fn optimizer(number: i64) -> &'static str {
    match number % 4 {
        0 => "adam",
        1 => "sgd",
        2 => "lion",
        _ => "adafactor",
    }
}

fn paths(run: u64, keys: Range<u64>) -> Paths {
    Paths { removed: Vec::new(), set: keys.map(|key| (path(key), value(key, run))).collect() }
}

fn history(run: u64, rows: u32) -> Rows {
    let names: Vec<String> = (0..METRICS).map(|key| format!("train/metric_{key}")).collect();
    let mut block = BlockBuilder::new();
    for step in 0..u64::from(rows) {
        block.begin_row();
        block.push_int("_step", i64::try_from(step).unwrap_or(i64::MAX));
        for (key, name) in (0u64..).zip(&names) {
            #[expect(clippy::cast_possible_truncation, reason = "a trainer's float is one of 32 bits")]
            let born = noise((run * u64::from(rows) + step) * 31 + key) as f32;
            block.push_float(name, f64::from(born));
        }
    }
    let chunk = Chunk { writer: "".into(), first_line: 0, lines: rows, hash: run };
    Rows { chunk, rows, block: block.finish() }
}
