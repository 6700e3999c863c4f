//! Opening a store that has a history: how long until the first answer, and in how much memory.
//!
//! ```text
//! python3 -m venv peers && peers/bin/pip install duckdb
//! cargo run --release -p wbq-benches --bin open -- --dir /some/disk --python peers/bin/python
//! cargo run --release -p wbq-benches --bin open -- --dir /some/disk --runs 1000000 --points 0
//! cargo run --release -p wbq-benches --bin open -- --dir /some/disk --log-gib 1
//! ```
//!
//! 1. 100,000 runs of 100 keys and 100 million points, compacted as the server does it (goal: at most
//!    200 ms and 200 MiB).
//! 2. 1 million runs of 100 keys (goal: 300 ms, 400 MiB).
//! 3. A gibibyte of log that was never compacted (goal: 10 s).
//!
//! The store is made once and kept in `--dir`. Each measurement is a process of its own, of which there
//! are `--rounds`, the middle is told: from the beginning of the opening to the last row of one answer,
//! and the anonymous memory then. It opens as the server does (`Store::open`) and as the command line
//! does without one (`engine::read`). Files are in the page cache, as after a restart of the server; with
//! `--cold` they are not, as after one of the machine.
//!
//! Beside it DuckDB and SQLite open a database of the same runs, a column a key, and answer the same;
//! they have no history to open.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};
use engine::{Options, Store};
use query::{Database, Limits, QueryOptions};
use serde_json::json;
use wbq_benches::duckdb::{self, DuckDb, number};
use wbq_benches::population::{COUNT, PAGE, Population};
use wbq_benches::server::anonymous_bytes;
use wbq_benches::{kept, make_log, peers};

/// Opening a store that has a history
#[derive(Parser)]
struct Args {
    /// Where the stores are made, and found the next time
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Runs, of 100 keys each
    #[arg(long, default_value_t = 100_000)]
    runs: u64,
    /// Points of history of all runs
    #[arg(long, default_value_t = 100_000_000)]
    points: u64,
    /// Instead: so much log that was never compacted
    #[arg(long)]
    log_gib: Option<u64>,
    /// Processes of each kind
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Drops what is opened from the page cache before each measurement
    #[arg(long)]
    cold: bool,
    /// A Python that has the package duckdb; without it DuckDB is left out
    #[arg(long)]
    python: Option<PathBuf>,
    #[command(subcommand)]
    child: Option<Child>,
}

/// What a process of its own does
#[derive(Subcommand)]
enum Child {
    #[command(hide = true)]
    Server { path: PathBuf, sql: String },
    #[command(hide = true)]
    Reader { path: PathBuf, sql: String },
    #[command(hide = true)]
    Sqlite { path: PathBuf, sql: String },
}

fn main() -> Result<()> {
    let args = Args::parse();
    match args.child {
        Some(Child::Server { path, sql }) => told(|| {
            let store = Store::open(options(&path))?;
            answer(&Database::new(Limits::default()), store.snapshot(), &sql)
        }),
        Some(Child::Reader { path, sql }) => {
            told(|| answer(&Database::new(Limits::default()), Arc::new(engine::read(&path)?), &sql))
        }
        Some(Child::Sqlite { path, sql }) => told(|| {
            let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
            let connection = rusqlite::Connection::open_with_flags(path, flags)?;
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            let mut count = 0;
            while rows.next()?.is_some() {
                count += 1;
            }
            Ok(count)
        }),
        None => match args.log_gib {
            Some(gib) => log(&args, gib),
            None => runs(&args),
        },
    }
}

/// As the server opens it.
fn options(path: &Path) -> Options {
    let mut options = Options::new(path);
    options.compaction.automatic = true;
    options
}

/// Does the work of a child and tells its parent about it.
fn told(work: impl FnOnce() -> Result<usize>) -> Result<()> {
    let began = Instant::now();
    let rows = work()?;
    let seconds = began.elapsed().as_secs_f64();
    println!("{}", json!({ "seconds": seconds, "anonymous": anonymous_bytes("self")?, "rows": rows }));
    Ok(())
}

/// Asks; gives how many rows the answer has. The snapshot is let go of only then.
fn answer(database: &Database, snapshot: Arc<engine::Snapshot>, sql: &str) -> Result<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    // A dotted name needs no quotes here.
    let sql = sql.replace('"', "");
    let options = QueryOptions::default();
    let batches =
        runtime.block_on(async { database.query(snapshot, &sql, &options).await?.collect().await })?;
    Ok(batches.iter().map(|batch| batch.num_rows()).sum())
}

fn runs(args: &Args) -> Result<()> {
    let population = Population { runs: args.runs, points: args.points, projects: 10 };
    let store = args.dir.join(format!("store-{}-{}", args.runs, args.points));
    kept(&store, |path| make(population, path))?;
    println!("{} runs of 100 keys, {} points, compacted", args.runs, args.points);
    let sqlite = args.dir.join(format!("runs-{}.sqlite", args.runs));
    kept(&sqlite, |path| peers::fill_sqlite(population, path))?;
    let duckdb = args.python.clone().map(|python| DuckDb { python });
    let database = args.dir.join(format!("runs-{}.duckdb", args.runs));
    if let Some(duckdb) = &duckdb {
        kept(&database, |path| fill_duckdb(duckdb, population, path))?;
    }
    for (question, sql) in [("count", COUNT), ("page of 50", PAGE)] {
        let ask = |how: &str, path: &Path| measured(args, path, || child(how, path, sql));
        let server = ask("server", &store)?;
        server.tell(&format!("{question}: the store, as the server opens it"), None);
        ask("reader", &store)?.tell(&format!("{question}: the store, as the command line reads it"), None);
        if let Some(duckdb) = &duckdb {
            let peer = measured(args, &database, || duckdb.run(&["ask", text(&database)?, sql]))?;
            peer.tell(&format!("{question}: DuckDB"), Some(&server));
        }
        ask("sqlite", &sqlite)?.tell(&format!("{question}: SQLite"), Some(&server));
    }
    Ok(())
}

fn fill_duckdb(duckdb: &DuckDb, population: Population, path: &Path) -> Result<()> {
    let csv = path.with_extension("csv");
    peers::write_csv(population, &csv)?;
    duckdb.run(&["make", text(path)?, text(&csv)?, &duckdb::columns(&Population::columns())])?;
    Ok(std::fs::remove_file(&csv)?)
}

fn log(args: &Args, gib: u64) -> Result<()> {
    let store = args.dir.join(format!("log-{gib}"));
    kept(&store, |path| Ok(make_log(gib << 30, path)?))?;
    println!("{gib} GiB of log that was never compacted");
    for how in ["reader", "server"] {
        let sql = "SELECT count(*) FROM runs";
        measured(args, &store, || child(how, &store, sql))?
            .tell(&format!("count: as the {how} opens it"), None);
    }
    Ok(())
}

fn make(population: Population, path: &Path) -> Result<()> {
    let store = Store::open(options(path))?;
    population.store(&store)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(store.compact())?;
    Ok(store.close()?)
}

/// This program again, as a process that opens one thing and answers once.
fn child(how: &str, path: &Path, sql: &str) -> Result<serde_json::Value> {
    let output = Command::new(std::env::current_exe()?).args([how, text(path)?, sql]).output()?;
    if !output.status.success() {
        bail!("{how} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the path is not Unicode")
}

/// What the middle of some processes took.
struct Measured {
    seconds: f64,
    anonymous: f64,
}

fn measured(args: &Args, path: &Path, round: impl Fn() -> Result<serde_json::Value>) -> Result<Measured> {
    let round = |_| {
        if args.cold {
            drop_cache(path)?;
        }
        round()
    };
    let told: Vec<serde_json::Value> = (0..args.rounds.max(1)).map(round).collect::<Result<_>>()?;
    let middle = |name: &str| -> Result<f64> {
        let mut values: Vec<f64> = told.iter().map(|told| number(told, name)).collect::<Result<_>>()?;
        values.sort_unstable_by(f64::total_cmp);
        values.get(values.len() / 2).copied().context("no round")
    };
    Ok(Measured { seconds: middle("seconds")?, anonymous: middle("anonymous")? })
}

/// Lets go of the cached pages of a file, or of all files of a folder.
fn drop_cache(path: &Path) -> Result<()> {
    if path.is_dir() {
        return std::fs::read_dir(path)?.try_for_each(|entry| drop_cache(&entry?.path()));
    }
    let file = std::fs::File::open(path)?;
    Ok(rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?)
}

impl Measured {
    fn tell(&self, what: &str, ours: Option<&Self>) {
        let ratio = |ours: &Self| {
            format!(
                "   ours / this {:.2} in time, {:.2} in memory",
                ours.seconds / self.seconds,
                ours.anonymous / self.anonymous
            )
        };
        println!(
            "{what:<48} {:>8.1} ms {:>8.1} MiB{}",
            self.seconds * 1e3,
            self.anonymous / f64::from(1 << 20),
            ours.map(ratio).unwrap_or_default()
        );
    }
}
