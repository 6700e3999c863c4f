//! Questions about runs and their history, warm, beside those who answer the same.
//!
//! ```text
//! python3 -m venv peers && peers/bin/pip install duckdb pyarrow
//! cargo run --release -p wbq-benches --bin query -- --dir /some/disk --python peers/bin/python runs
//! cargo run --release -p wbq-benches --bin query -- --dir /some/disk --python peers/bin/python history
//! ```
//!
//! - `runs`: 1 million runs of 50 config and 50 summary keys. DuckDB reads a Parquet file that our own
//!   statement wrote; SQLite has a table with config and summary as JSON.
//! - `history`: 100 million points, 1,000 runs × 20 keys × 5,000 steps. DuckDB reads the same rows as it lays
//!   them out itself.
//! - `plans`: statements planned and not run, in a project of 50 keys and in one of 20,000.
//!
//! What is asked of is made once and kept in `--dir`. Each statement is asked `--rounds` times after two that
//! do not count; the middle is told, and the least, whose distance is the noise. Goals are those of 2 cores.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use engine::{Options, ProjectKey, RunPath, Snapshot, Store};
use query::chart::{Axis, Chart, Stream};
use query::output::{Format, Writer};
use query::{Database, Limits, QueryOptions};
use serde_json::Value;
use tokio::runtime::Runtime;
use wbq_benches::duckdb::{DuckDb, number};
use wbq_benches::population::{METRICS, Population, store_keys};
use wbq_benches::{kept, peers};

/// Questions about runs and their history
#[derive(Parser)]
struct Args {
    /// What is asked about
    #[arg(value_enum)]
    what: What,
    /// Where the stores are made, and found the next time
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Runs; 1 million, or 1,000 with a history
    #[arg(long)]
    runs: Option<u64>,
    /// How often each statement is asked
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// A Python that has the packages duckdb and pyarrow; without it DuckDB is left out
    #[arg(long)]
    python: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Runs,
    History,
    Plans,
}

/// One question, as each is asked it.
struct Question {
    name: &'static str,
    /// Milliseconds.
    goal: f64,
    ours: Ask,
    duckdb: String,
    sqlite: Option<String>,
}

/// How we are asked.
enum Ask {
    Sql(String),
    Chart(Box<Chart>),
}

fn main() -> Result<()> {
    let args = Args::parse();
    if args.what == What::Plans {
        return of_plans(&args);
    }
    let runs = args.runs.unwrap_or(if args.what == What::Runs { 1_000_000 } else { 1_000 });
    let points = if args.what == What::Runs { 0 } else { runs * METRICS * 5_000 };
    let population = Population { runs, points, projects: 10 };
    let path = args.dir.join(format!("query-{runs}-{points}"));
    kept(&path, |path| make(population, path))?;
    let ours = Ours::open(&path, args.rounds)?;
    match args.what {
        What::Runs => of_runs(&args, population, &ours),
        What::History | What::Plans => of_history(&args, population, &ours),
    }
}

/// Statements that are planned and not run.
fn of_plans(args: &Args) -> Result<()> {
    let statements = [
        "EXPLAIN SELECT name, config.\"group7/key7\" FROM runs WHERE config.\"group3/key3\" > 0.5 LIMIT 50",
        "EXPLAIN SELECT run_id, avg(\"group7/key7\") FROM history WHERE \"group3/key3\" < 1 GROUP BY 1",
    ];
    let mut few: Vec<Took> = Vec::new();
    for keys in [50, 20_000] {
        let path = args.dir.join(format!("query-keys-{keys}"));
        kept(&path, |path| {
            let store = Store::open(Options::new(path))?;
            store_keys(&store, keys)?;
            Runtime::new()?.block_on(store.compact())?;
            Ok(store.close()?)
        })?;
        let ours = Ours::open(&path, args.rounds)?;
        println!("{keys} keys, planning alone (goal 3 ms with 20,000)");
        for (place, sql) in statements.into_iter().enumerate() {
            let (took, rows) = ours.time(&Ask::Sql(sql.to_owned()))?;
            took.tell("ours", rows, None);
            if let Some(few) = few.get(place) {
                println!("    {:.2} times as long as with 50 keys", took.middle / few.middle);
            } else {
                few.push(took);
            }
        }
    }
    Ok(())
}

fn of_runs(args: &Args, population: Population, ours: &Ours) -> Result<()> {
    println!("{} runs of 100 keys", population.runs);
    let parquet = args.dir.join(format!("query-runs-{}.parquet", population.runs));
    let columns: Vec<String> = Population::columns().into_iter().map(|(name, _)| name).collect();
    kept(&parquet, |path| ours.write(&format!("SELECT {}, tags FROM runs", columns.join(", ")), path))?;
    let sqlite = args.dir.join(format!("query-runs-{}.sqlite", population.runs));
    kept(&sqlite, |path| peers::fill_sqlite_documents(population, path))?;
    compare(args, ours, &questions_of_runs(text(&parquet)?), Some(&sqlite))
}

fn of_history(args: &Args, population: Population, ours: &Ours) -> Result<()> {
    println!("{} points of {} runs, {METRICS} keys", population.points, population.runs);
    let exported = args.dir.join(format!("query-history-{}.parquet", population.points));
    let everything = "SELECT * FROM history";
    if exported.exists() {
        std::fs::remove_file(&exported)?;
    }
    let began = Instant::now();
    ours.write(everything, &exported)?;
    let seconds = began.elapsed().as_secs_f64();
    let speed = population.points as f64 / seconds / 1e6;
    println!("export of everything to Parquet: {seconds:.1} s, {speed:.1} million points/s (goal 10)");
    let layout = args.dir.join(format!("query-history-{}-duckdb.parquet", population.points));
    if let Some(python) = &args.python {
        let duckdb = DuckDb { python: python.clone() };
        kept(&layout, |path| {
            let rows = format!("SELECT * FROM '{}' ORDER BY project, run_id, _step", text(&exported)?);
            duckdb.run(&["layout", &rows, text(path)?]).map(drop)
        })?;
    }
    compare(args, ours, &questions_of_history(population, text(&layout)?), None)
}

fn questions_of_runs(parquet: &str) -> Vec<Question> {
    let question = |name, goal, ours: &str, sqlite: &str| Question {
        name,
        goal,
        ours: Ask::Sql(ours.to_owned()),
        duckdb: ours
            .replace("config.lr", "\"config.lr\"")
            .replace("config.optimizer", "\"config.optimizer\"")
            .replace("summary.loss", "\"summary.loss\"")
            .replace("array_has", "list_contains")
            .replace("FROM runs", &format!("FROM '{parquet}'")),
        sqlite: Some(sqlite.to_owned()),
    };
    vec![
        question(
            "the 50 best of the finished",
            20.0,
            "SELECT name, summary.loss FROM runs WHERE state = 'Finished' ORDER BY summary.loss LIMIT 50",
            "SELECT name, summary ->> '$.loss' AS loss FROM runs WHERE state = 'Finished' \
             ORDER BY loss LIMIT 50",
        ),
        question(
            "by optimizer: count, mean, least",
            40.0,
            "SELECT config.optimizer, count(*), avg(summary.loss), min(summary.loss) FROM runs GROUP BY 1",
            "SELECT config ->> '$.optimizer', count(*), avg(summary ->> '$.loss'), \
             min(summary ->> '$.loss') FROM runs GROUP BY 1",
        ),
        question(
            "50 of a config number and a tag",
            20.0,
            "SELECT run_id, name, summary.loss FROM runs \
             WHERE config.lr > 0.0009 AND array_has(tags, 'baseline') ORDER BY run_id LIMIT 50",
            "SELECT run_id, name, summary ->> '$.loss' FROM runs WHERE config ->> '$.lr' > 0.0009 \
             AND EXISTS (SELECT 1 FROM json_each(tags) WHERE value = 'baseline') ORDER BY run_id LIMIT 50",
        ),
    ]
}

fn questions_of_history(population: Population, parquet: &str) -> Vec<Question> {
    let question = |name, goal, ours: String| Question {
        name,
        goal,
        duckdb: ours.replace("FROM history", &format!("FROM '{parquet}'")),
        ours: Ask::Sql(ours),
        sqlite: None,
    };
    let ids: Vec<u64> = (0..100).map(|run| run * population.runs.max(100) / 100).collect();
    let scattered = ids.iter().map(|id| format!("'run{id}'")).collect::<Vec<_>>().join(", ");
    let key = "\"train/metric_3\"";
    let chart = |name, goal, ids: &[u64]| {
        let runs = ids.iter().map(|id| {
            let project = ProjectKey::new("bench", format!("p{}", id % population.projects));
            (RunPath::new(project, format!("run{id}")), None)
        });
        let texts = ids.iter().map(|id| format!("'run{id}'")).collect::<Vec<_>>().join(", ");
        let chart = Chart {
            runs: runs.collect(),
            keys: vec!["train/metric_3".to_owned()],
            expressions: Vec::new(),
            stream: Stream::History,
            x: Axis::Step,
            buckets: 1_000,
            range: (None, None),
            smoothing: None,
            grouping: None,
        };
        let duckdb = format!(
            "SELECT run_id, least(floor(_step / 4.999), 999) AS bucket, max(_step), min({key}), max({key}), \
             last({key} ORDER BY _step), avg({key}), count({key}) FROM '{parquet}' WHERE run_id IN ({texts}) \
             GROUP BY run_id, bucket"
        );
        Question { name, goal, ours: Ask::Chart(Box::new(chart)), duckdb, sqlite: None }
    };
    vec![
        question(
            "one series",
            2.0,
            format!("SELECT _step, {key} FROM history WHERE run_id = 'run77' ORDER BY _step"),
        ),
        chart("one series as a chart", 0.3, &[77]),
        question(
            "one key of 100 runs",
            30.0,
            format!("SELECT run_id, _step, {key} FROM history WHERE run_id IN ({scattered})"),
        ),
        chart("100 runs as a chart", 30.0, &ids),
        question(
            "the mean of one key by run",
            150.0,
            format!("SELECT run_id, avg({key}) FROM history GROUP BY run_id"),
        ),
        question("the mean of one key", 150.0, format!("SELECT avg({key}) FROM history")),
    ]
}

fn make(population: Population, path: &Path) -> Result<()> {
    let mut options = Options::new(path);
    options.compaction.automatic = true;
    let store = Store::open(options)?;
    population.store(&store)?;
    Runtime::new()?.block_on(store.compact())?;
    Ok(store.close()?)
}

/// A store that is asked, in this process.
struct Ours {
    database: Database,
    snapshot: Arc<Snapshot>,
    runtime: Runtime,
    rounds: usize,
}

/// The middle and the least of some rounds, in milliseconds.
#[derive(Clone, Copy)]
struct Took {
    middle: f64,
    least: f64,
}

impl Ours {
    fn open(path: &Path, rounds: usize) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let (database, snapshot) = (Database::new(Limits::default()), Arc::new(engine::read(path)?));
        Ok(Self { database, snapshot, runtime, rounds })
    }

    fn ask(&self, ask: &Ask) -> Result<(f64, usize)> {
        let options = QueryOptions::default();
        let snapshot = Arc::clone(&self.snapshot);
        let began = Instant::now();
        let batches = self.runtime.block_on(async {
            match ask {
                Ask::Sql(sql) => self.database.query(snapshot, sql, &options).await?.collect().await,
                Ask::Chart(chart) => Ok(vec![self.database.chart(snapshot, (**chart).clone()).await?]),
            }
        })?;
        let rows = batches.iter().map(|batch| batch.num_rows()).sum();
        Ok((began.elapsed().as_secs_f64() * 1e3, rows))
    }

    fn time(&self, ask: &Ask) -> Result<(Took, usize)> {
        let mut rows = 0;
        let mut took = Vec::new();
        for round in 0..self.rounds + 2 {
            let (millis, found) = self.ask(ask)?;
            rows = found;
            if round >= 2 {
                took.push(millis);
            }
        }
        Ok((Took::of(took)?, rows))
    }

    /// Writes an answer as Parquet.
    fn write(&self, sql: &str, path: &Path) -> Result<()> {
        let options =
            QueryOptions { timeout: Some(std::time::Duration::from_secs(3600)), ..Default::default() };
        self.runtime.block_on(async {
            let mut answer = self.database.query(Arc::clone(&self.snapshot), sql, &options).await?;
            let out = BufWriter::new(File::create(path)?);
            let mut writer = Writer::new(Format::Parquet, &answer.schema(), out)?;
            while let Some(batch) = answer.next().await {
                writer.write(&batch?)?;
            }
            writer.finish()?;
            Ok(())
        })
    }
}

impl Took {
    fn of(mut millis: Vec<f64>) -> Result<Self> {
        millis.sort_unstable_by(f64::total_cmp);
        let (middle, least) = (millis.get(millis.len() / 2), millis.first());
        Ok(Self { middle: *middle.context("no round")?, least: *least.context("no round")? })
    }

    fn tell(self, who: &str, rows: usize, ours: Option<Self>) {
        let ratio = ours.map(|ours| format!("   ours / this {:.2}", ours.middle / self.middle));
        println!(
            "    {who:<8} {:>9.2} ms   least {:>9.2} ms   {rows:>9} rows{}",
            self.middle,
            self.least,
            ratio.unwrap_or_default()
        );
    }
}

fn compare(args: &Args, ours: &Ours, questions: &[Question], sqlite: Option<&Path>) -> Result<()> {
    let duckdb = args.python.clone().map(|python| DuckDb { python });
    for question in questions {
        println!("{} (goal {} ms)", question.name, question.goal);
        let (took, rows) = ours.time(&question.ours)?;
        took.tell("ours", rows, None);
        if let Some(duckdb) = &duckdb {
            let statements = Value::from_iter([question.duckdb.as_str()]).to_string();
            let told = duckdb.run(&["time", &args.rounds.to_string(), &statements])?;
            let told = told.pointer("/told/0").context("DuckDB told nothing")?;
            let millis = |name| number(told, name).map(|seconds| seconds * 1e3);
            let found = number(told, "rows")?;
            anyhow::ensure!(found == rows as f64, "DuckDB finds {found} rows, we {rows}");
            Took { middle: millis("middle")?, least: millis("least")? }.tell("DuckDB", rows, Some(took));
        }
        if let (Some(path), Some(sql)) = (sqlite, &question.sqlite) {
            let (peer, found) = peers::time_sqlite(path, sql, args.rounds.min(3))?;
            anyhow::ensure!(found == rows, "SQLite finds {found} rows, we {rows}");
            Took::of(peer)?.tell("SQLite", rows, Some(took));
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is not Unicode")
}
