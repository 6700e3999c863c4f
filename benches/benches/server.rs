//! The server's own costs: reading a body of the stream, and the statement that everybody types.
#![expect(clippy::unwrap_used, reason = "benchmarks")]

use std::cell::LazyCell;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use engine::{
    Attribute, Batch, Body, Cause, Durability, Options, Paths, RunChanged, State, StateChanged, Store, Value,
};
use query::{Database, Limits, QueryOptions};
use tokio::runtime::Runtime;
use wbq_benches::{KeyOrder, begin_runs, event, history_body, noise, run_key};

const LINES: u32 = 1000;
const METRICS: usize = 10;
/// Keys of `config`, and as many of `summary`.
const KEYS: usize = 50;
const FLAGSHIP: &str = "SELECT name, summary.loss FROM runs WHERE state='Finished'";

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group(format!("parse/{LINES} lines x {METRICS} metrics"));
    group.throughput(Throughput::Elements(u64::from(LINES) * METRICS as u64));
    let random = history_body(0, LINES, METRICS, KeyOrder::Random);
    let same = history_body(0, LINES, METRICS, KeyOrder::Same);
    for (name, body) in [("keys in random order", &random), ("keys in the same order", &same)] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let history = ingest::parse::stream_history(black_box(body.as_bytes())).unwrap().unwrap();
                assert_eq!((history.rows.rows(), history.bad.len()), (LINES, 0));
                history
            });
        });
    }
    group.bench_function("peer: serde_json, Value of body and lines", |b| {
        b.iter(|| values(black_box(&random)))
    });
    group.finish();
}

/// What a plain server would do.
fn values(body: &str) -> Vec<serde_json::Value> {
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let content = body.pointer("/files/wandb-history.jsonl/content").unwrap();
    let lines = content.as_array().unwrap().iter();
    lines.map(|line| serde_json::from_str(line.as_str().unwrap()).unwrap()).collect()
}

fn flagship(c: &mut Criterion) {
    // `cargo bench -- --test` only shows that everything works.
    let runs = if std::env::args().any(|arg| arg == "--test") { 1_000 } else { 100_000 };
    let world = LazyCell::new(|| World::new(runs));
    let mut group = c.benchmark_group(format!("flagship/{runs} runs x {} keys", 2 * KEYS));
    group.sample_size(20);
    group.bench_function("warm, plan included", |b| {
        let world = &*world;
        b.iter(|| world.ask());
    });
    group.bench_function("one run changed since", |b| {
        let world = &*world;
        b.iter_batched(|| world.change_one(), |()| world.ask(), BatchSize::PerIteration);
    });
    group.bench_function("peer: SQLite, a column a key", |b| {
        let world = &*world;
        b.iter(|| world.ask_sqlite());
    });
    group.finish();
}

/// Runs, three of four finished, in a store and in SQLite.
struct World {
    store: Store,
    database: Database,
    runtime: Runtime,
    sqlite: rusqlite::Connection,
    finished: usize,
    _dir: tempfile::TempDir,
}

impl World {
    fn new(runs: usize) -> Self {
        let dir = tempfile::tempdir_in(".").unwrap();
        let options = Options { durability: Durability::Os, ..Options::new(dir.path().join("store")) };
        let store = Store::open(options).unwrap();
        begin_runs(&store, runs).unwrap();
        for run in 0..runs {
            let changes = [change(run), keys("param", run, Body::ConfigChanged), summary(run)];
            let end = is_finished(run).then(finished);
            let events = changes.into_iter().chain(end).map(|body| event(run_key(run), body)).collect();
            store.append_blocking(Batch::new(events)).unwrap();
        }
        let sqlite = rusqlite::Connection::open(dir.path().join("peer.sqlite")).unwrap();
        fill_sqlite(&sqlite, runs);
        let finished = (0..runs).filter(|run| is_finished(*run)).count();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { store, database: Database::new(Limits::default()), runtime, sqlite, finished, _dir: dir }
    }

    fn ask(&self) {
        let options = QueryOptions::default();
        let rows: usize = self.runtime.block_on(async {
            let answer = self.database.query(self.store.snapshot(), FLAGSHIP, &options).await.unwrap();
            answer.collect().await.unwrap().iter().map(|batch| black_box(batch).num_rows()).sum()
        });
        assert_eq!(rows, self.finished);
    }

    fn change_one(&self) {
        self.store.append_blocking(Batch::new(vec![event(run_key(7), summary(7))])).unwrap();
    }

    fn ask_sqlite(&self) {
        let mut statement =
            self.sqlite.prepare_cached("SELECT name, loss FROM runs WHERE state='Finished'").unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut count = 0;
        while let Some(row) = rows.next().unwrap() {
            let name = row.get_ref(0).unwrap();
            black_box((name.as_str().unwrap(), row.get::<_, f64>(1).unwrap()));
            count += 1;
        }
        assert_eq!(count, self.finished);
    }
}

fn is_finished(run: usize) -> bool {
    !run.is_multiple_of(4)
}

fn name(run: usize) -> String {
    format!("quiet-river-{run}")
}

fn change(run: usize) -> Body {
    Body::RunChanged(RunChanged { set: vec![(Attribute::Name, Value::text(name(run)))] })
}

fn keys(prefix: &str, run: usize, body: fn(Paths) -> Body) -> Body {
    let set = (0..KEYS).map(|key| {
        let name = if key == 0 && prefix == "metric" { "loss".to_owned() } else { format!("{prefix}{key}") };
        (vec![name.into_boxed_str()], Value::Float(noise((run * KEYS + key) as u64)))
    });
    body(Paths { removed: Vec::new(), set: set.collect() })
}

fn summary(run: usize) -> Body {
    keys("metric", run, Body::SummaryChanged)
}

fn finished() -> Body {
    Body::StateChanged(StateChanged {
        from: State::Running,
        to: State::Finished,
        cause: Cause::Exit,
        evidence: "exit code 0".into(),
        exit_code: Some(0),
    })
}

fn fill_sqlite(sqlite: &rusqlite::Connection, runs: usize) {
    let columns: Vec<String> = (1..2 * KEYS).map(|key| format!("key{key} REAL")).collect();
    let table = format!("CREATE TABLE runs (name TEXT, state TEXT, loss REAL, {})", columns.join(", "));
    sqlite.execute_batch(&format!("PRAGMA synchronous=OFF; BEGIN; {table}")).unwrap();
    let places = vec!["?"; 2 * KEYS].join(", ");
    let mut insert = sqlite.prepare(&format!("INSERT INTO runs VALUES (?, ?, {places})")).unwrap();
    for run in 0..runs {
        let state = if is_finished(run) { "Finished" } else { "Running" };
        let fixed = [rusqlite::types::Value::from(name(run)), state.to_owned().into()];
        let cells = (0..2 * KEYS).map(|key| noise((run * KEYS + key) as u64).into());
        insert.execute(rusqlite::params_from_iter(fixed.into_iter().chain(cells))).unwrap();
    }
    sqlite.execute_batch("COMMIT").unwrap();
}

criterion_group!(benches, parse, flagship);
criterion_main!(benches);
