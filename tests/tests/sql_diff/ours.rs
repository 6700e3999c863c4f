//! The same data in a store of ours, in each of its states.

use std::time::Duration;

use engine::{
    Batch, BlockBuilder, Body, Chunk, Durability, Event, Options, Path, Paths, ProjectCreated, ProjectKey,
    Rows, RunCreated, RunKey, State as RunState, Store, Subject, Value as Logged,
};
use query::output::{Format, Writer};
use query::{Database, Limits, QueryOptions};
use serde_json::Value as Json;
use tempfile::TempDir;

use super::answers::{Answers, Value};
use super::data::{Data, Row, json};
use super::draw::Query;

/// Where the data stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// In the log alone.
    Log,
    /// Half in table files, half in the log.
    Half,
    /// In table files.
    Compacted,
    /// The same, after the store was closed and opened.
    Reopened,
}

pub(super) const STATES: [State; 4] = [State::Log, State::Half, State::Compacted, State::Reopened];

pub(super) struct Ours {
    /// None only while it is opened again.
    store: Option<Store>,
    database: Database,
    runtime: tokio::runtime::Runtime,
    events: Vec<(Subject, Body)>,
    dir: TempDir,
}

impl Ours {
    /// A store with the data in its log.
    pub(super) fn filled(data: &Data) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let limits = Limits { timeout: Duration::from_secs(120), ..Limits::default() };
        let mut ours =
            Self { store: None, database: Database::new(limits), runtime, events: events(data), dir };
        ours.open("log");
        ours.append(0..ours.events.len());
        ours
    }

    fn open(&mut self, name: &str) {
        let options = Options { durability: Durability::Os, ..Options::new(self.dir.path().join(name)) };
        self.store = Some(Store::open(options).unwrap());
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn append(&self, which: std::ops::Range<usize>) {
        for (subject, body) in &self.events[which] {
            let event = Event {
                subject: subject.clone(),
                received: 1_700_000_000_000_000_000,
                actor: "ann".into(),
                body: body.clone(),
            };
            self.store().append_blocking(Batch::new(vec![event])).unwrap();
        }
    }

    fn compact(&self) {
        self.runtime.block_on(self.store().compact()).unwrap();
    }

    /// Brings the data into a state; each follows the one before.
    pub(super) fn become_(&mut self, state: State) {
        match state {
            State::Log => {}
            State::Half => {
                self.open("half");
                let half = self.events.len() / 2;
                self.append(0..half);
                self.compact();
                self.append(half..self.events.len());
            }
            State::Compacted => self.compact(),
            State::Reopened => {
                self.store().close().unwrap();
                self.store = None;
                self.open("half");
            }
        }
    }

    /// The rows of a query.
    pub(super) fn ask(&self, query: &Query) -> Result<Answers, String> {
        let answer = self.runtime.block_on(async {
            let options = QueryOptions::default();
            let answer = self.database.query(self.store().snapshot(), &query.sql, &options).await?;
            let schema = answer.schema();
            answer.collect().await.map(|batches| (schema, batches))
        });
        let (schema, batches) = answer.map_err(|error| error.to_string())?;
        let mut writer = Writer::new(Format::Ndjson, &schema, Vec::new()).unwrap();
        batches.iter().for_each(|batch| writer.write(batch).unwrap());
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        Ok(text.lines().map(|line| row(line, &query.columns)).collect())
    }
}

fn row(line: &str, columns: &[String]) -> Vec<Value> {
    let json: Json = serde_json::from_str(line).unwrap();
    let cell = |column: &String| match &json[column] {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Int(i64::from(*flag)),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap()),
        },
        Json::String(text) => Value::Text(text.clone()),
        other => panic!("{other}"),
    };
    columns.iter().map(cell).collect()
}

fn paths(json: &str) -> Paths {
    let value = Logged::from_json(json.as_bytes()).unwrap();
    let set = |(key, value): &(Box<str>, Logged)| -> (Path, Logged) { (vec![key.clone()], value.clone()) };
    Paths { removed: Vec::new(), set: value.as_map().unwrap().iter().map(set).collect() }
}

/// All events in their order: the runs log side by side, some rows at a time.
fn events(data: &Data) -> Vec<(Subject, Body)> {
    let project = ProjectKey::new("ann", "p");
    let mut events =
        vec![(project.clone().into(), Body::ProjectCreated(ProjectCreated { description: "".into() }))];
    let key =
        |id: &str| -> Subject { RunKey { project: project.clone(), run: id.into(), generation: 1 }.into() };
    for run in &data.runs {
        let created = RunCreated { source: "wandb".into(), state: RunState::Running };
        events.push((key(&run.id), Body::RunCreated(created)));
        events.push((key(&run.id), Body::ConfigChanged(paths(&json(&run.config)))));
    }
    let chunks: Vec<Vec<&[Row]>> = data.runs.iter().map(|run| run.rows.chunks(7).collect()).collect();
    for number in 0..chunks.iter().map(Vec::len).max().unwrap_or(0) {
        for (run, chunks) in data.runs.iter().zip(&chunks) {
            if let Some(rows) = chunks.get(number) {
                events.push((key(&run.id), logged(rows, number as u64)));
            }
        }
    }
    events
        .extend(data.runs.iter().map(|run| (key(&run.id), Body::SummaryChanged(paths(&json(&run.summary))))));
    events
}

fn logged(rows: &[Row], number: u64) -> Body {
    let mut block = BlockBuilder::new();
    for row in rows {
        block.begin_row();
        block.push("_step", &Logged::from_json(row.step.to_string().as_bytes()).unwrap());
        for (key, cell) in &row.cells {
            block.push(key, &Logged::from_json(cell.json().as_bytes()).unwrap());
        }
    }
    let lines = u32::try_from(rows.len()).unwrap();
    let chunk = Chunk { writer: "".into(), first_line: number * 7, lines, hash: number + 1 };
    Body::Logged(Rows { chunk, rows: lines, block: block.finish() })
}
