//! A store in a folder of its own, and short ways to fill and ask it.

use std::sync::Arc;

use engine::{
    Attribute, Batch, BlockBuilder, Body, Cause, Chunk, Compaction, Console, ConsoleLine, Durability, Event,
    Options, Path, Paths, ProjectCreated, ProjectKey, Rows, RunChanged, RunCreated, RunKey, Snapshot, State,
    StateChanged, Store, StoreCreated, StoreId, Subject, Value,
};
use query::output::{Format, Writer};
use query::{Answer, Database, Error, Limits, QueryOptions};
use tempfile::TempDir;

/// A second of the clock of these tests.
pub(crate) const SECOND: i64 = 1_000_000_000;
/// When they begin: 2023-11-14T22:13:20Z.
pub(crate) const START: i64 = 1_700_000_000 * SECOND;

pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) database: Database,
    pub(crate) runtime: tokio::runtime::Runtime,
    _dir: TempDir,
}

impl Fixture {
    /// A store with the project `ann/mnist` and no runs.
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        Self::compacted_by(limits, Compaction::default())
    }

    pub(crate) fn compacted_by(limits: Limits, compaction: Compaction) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = Options::new(dir.path().join("store"));
        let options = Options { durability: Durability::Os, compaction, ..options };
        let fixture = Self {
            store: Store::open(options).unwrap(),
            database: Database::new(limits),
            runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
            _dir: dir,
        };
        if fixture.store.snapshot().projection.store.is_none() {
            let created = StoreCreated { store: StoreId([7; 16]), secret: [9; 32] };
            fixture.append(Subject::Store, START, Body::StoreCreated(created));
        }
        fixture.project("mnist");
        fixture
    }

    pub(crate) fn append(&self, subject: impl Into<Subject>, received: i64, body: Body) {
        let event = Event { subject: subject.into(), received, actor: "ann".into(), body };
        self.store.append_blocking(Batch::new(vec![event])).unwrap();
    }

    pub(crate) fn project(&self, name: &str) -> ProjectKey {
        let key = ProjectKey::new("ann", name);
        let created = ProjectCreated { description: "digits".into() };
        self.append(key.clone(), START, Body::ProjectCreated(created));
        key
    }

    /// A run of `ann/mnist`.
    pub(crate) fn run(&self, id: &str) -> Logger<'_> {
        self.generation(id, 1)
    }

    pub(crate) fn generation(&self, id: &str, generation: u32) -> Logger<'_> {
        self.begin(RunKey { project: ProjectKey::new("ann", "mnist"), run: id.into(), generation })
    }

    /// A run of any project.
    pub(crate) fn begin(&self, key: RunKey) -> Logger<'_> {
        self.begin_at(key, START)
    }

    /// A run that was made at a time.
    pub(crate) fn begin_at(&self, key: RunKey, made: i64) -> Logger<'_> {
        let generation = key.generation;
        let created = RunCreated { source: "wandb".into(), state: State::Running };
        self.append(key.clone(), made, Body::RunCreated(created));
        Logger { fixture: self, key, line: 0, hash: u64::from(generation) << 32 }
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.store.snapshot()
    }

    pub(crate) fn ask(&self, sql: &str, options: &QueryOptions) -> Result<Answer, Error> {
        self.runtime.block_on(self.database.query(self.snapshot(), sql, options))
    }

    /// The answer as NDJSON, and its warnings.
    pub(crate) fn try_query(
        &self,
        sql: &str,
        options: &QueryOptions,
    ) -> Result<(String, Vec<String>), Error> {
        let answer = self.ask(sql, options)?;
        let (schema, warnings) = (answer.schema(), answer.warnings().to_vec());
        let batches = self.runtime.block_on(answer.collect())?;
        let mut writer = Writer::new(Format::Ndjson, &schema, Vec::new()).unwrap();
        batches.iter().for_each(|batch| writer.write(batch).unwrap());
        Ok((String::from_utf8(writer.finish().unwrap()).unwrap(), warnings))
    }

    /// The answer's rows, a JSON object each; the same from the log and from table files (D9).
    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        let rows = self.rows_now(sql);
        // These tell of the files themselves.
        if !sql.contains("wbq.") {
            self.runtime.block_on(self.store.compact()).unwrap();
            let mut before = rows.clone();
            let mut after = self.rows_now(sql);
            before.sort();
            after.sort();
            assert_eq!(after, before, "D9: {sql}");
        }
        rows
    }

    fn rows_now(&self, sql: &str) -> Vec<String> {
        let (text, warnings) = self
            .try_query(sql, &QueryOptions::default())
            .unwrap_or_else(|error| panic!("{sql}: {error} ({:?})", error.hint()));
        assert!(warnings.is_empty(), "{sql}: {warnings:?}");
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn error(&self, sql: &str) -> Error {
        match self.try_query(sql, &QueryOptions::default()) {
            Ok((text, _)) => panic!("{sql} answers {:.300}", text),
            Err(error) => error,
        }
    }
}

/// What a trainer does.
pub(crate) struct Logger<'a> {
    fixture: &'a Fixture,
    pub(crate) key: RunKey,
    line: u64,
    hash: u64,
}

impl Logger<'_> {
    pub(crate) fn event(&self, received: i64, body: Body) -> &Self {
        self.fixture.append(self.key.clone(), received, body);
        self
    }

    pub(crate) fn set(&self, attribute: Attribute, value: Value) -> &Self {
        self.event(START, Body::RunChanged(RunChanged { set: vec![(attribute, value)] }))
    }

    pub(crate) fn name(&self, name: &str) -> &Self {
        self.set(Attribute::Name, Value::text(name))
    }

    pub(crate) fn config(&self, json: &str) -> &Self {
        self.event(START, Body::ConfigChanged(paths(json)))
    }

    pub(crate) fn summary(&self, json: &str) -> &Self {
        self.event(START, Body::SummaryChanged(paths(json)))
    }

    /// Logs rows, each a JSON object; an empty one is an empty place.
    pub(crate) fn log(&mut self, rows: &[&str]) -> &mut Self {
        self.log_as("", rows)
    }

    pub(crate) fn log_as(&mut self, writer: &str, rows: &[&str]) -> &mut Self {
        let rows = self.block(writer, rows);
        self.event(START + SECOND, Body::Logged(rows));
        self
    }

    pub(crate) fn sample(&mut self, rows: &[&str]) -> &mut Self {
        let rows = self.block("", rows);
        self.event(START + SECOND, Body::SystemSampled(rows));
        self
    }

    fn block(&mut self, writer: &str, rows: &[&str]) -> Rows {
        let mut block = BlockBuilder::new();
        for row in rows {
            block.begin_row();
            for (key, value) in Value::from_json(row.as_bytes()).unwrap().as_map().unwrap() {
                block.push(key, value);
            }
        }
        let lines = u32::try_from(rows.len()).unwrap();
        Rows { chunk: self.chunk(writer, lines), rows: lines, block: block.finish() }
    }

    fn chunk(&mut self, writer: &str, lines: u32) -> Chunk {
        self.hash += 1;
        let first_line = self.line;
        self.line += u64::from(lines);
        Chunk { writer: writer.into(), first_line, lines, hash: self.hash }
    }

    pub(crate) fn console(&mut self, writer: &str, first_line: u64, lines: &[(&str, bool)]) -> &mut Self {
        let lines = lines.iter().map(|(text, is_stderr)| console_line(text, *is_stderr, START)).collect();
        self.write(writer, first_line, lines)
    }

    /// Lines on stdout, one a minute from a time on.
    pub(crate) fn console_at(&mut self, time: i64, lines: &[&str]) -> &mut Self {
        let line = |(text, minute): (&&str, i64)| console_line(text, false, time + minute * 60 * SECOND);
        self.write("", 0, lines.iter().zip(0..).map(line).collect())
    }

    fn write(&mut self, writer: &str, first_line: u64, lines: Vec<ConsoleLine>) -> &mut Self {
        let mut chunk = self.chunk(writer, u32::try_from(lines.len()).unwrap());
        chunk.first_line = first_line;
        self.event(START, Body::ConsoleWritten(Console { chunk, lines }));
        self
    }

    pub(crate) fn end(&self, to: State, code: i32) -> &Self {
        let change = StateChanged {
            from: State::Running,
            to,
            cause: Cause::Exit,
            evidence: format!("exit code {code}").into(),
            exit_code: Some(code),
        };
        self.event(START + 60 * SECOND, Body::StateChanged(change))
    }
}

fn console_line(text: &str, is_stderr: bool, time: i64) -> ConsoleLine {
    ConsoleLine { time: Some(time), is_stderr, label: "".into(), text: text.into() }
}

/// The top-level members of a JSON object, each set.
pub(crate) fn paths(json: &str) -> Paths {
    let value = Value::from_json(json.as_bytes()).unwrap();
    let set = |(key, value): &(Box<str>, Value)| -> (Path, Value) { (vec![key.clone()], value.clone()) };
    Paths { removed: Vec::new(), set: value.as_map().unwrap().iter().map(set).collect() }
}
