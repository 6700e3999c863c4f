//! Rows over HTTP: what a point costs the server, from the socket to the acknowledgement.
//!
//! ```text
//! cargo build --release --bin wbq && cargo run --release -p wbq-benches --bin stream -- --dir /some/disk
//! ```
//!
//! The real `wbq serve`, default durability, as a process of its own; trainers that each keep one
//! connection and post `file_stream` bodies of 1,000 lines of history with 10 metrics each, keys in the
//! client's random order. Told is the CPU time of the server's process alone, user and system, a
//! point (goal: at most 300 ns); the client's own keys `_step`, `_runtime` and `_timestamp` cost as
//! much as metrics do and are not counted as points. Told too is the most anonymous memory that the
//! server had, looked at every 20 ms: with `--trainers 1000 --lines 20 --bodies 20` (goal: at most
//! 512 MiB).
//!
//! Beside it, in turns, one thread in this process, on the same bytes:
//! 1. `serde_json::Value` of the body and of each line, and nothing else;
//! 2. the same, then a row a line into SQLite (a column a key, WAL, synchronous=FULL, one transaction a
//!    body).
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Parser;
use serde_json::{Value, json};
use wbq_benches::server::{Cpu, Server, binary};
use wbq_benches::trainer::{Trainer, begin_runs};
use wbq_benches::{KeyOrder, history_body};

/// Rows over HTTP: what a point costs the server, from the socket to the acknowledgement
#[derive(Parser)]
struct Args {
    /// The wbq to measure [default: the one beside this program]
    #[arg(long)]
    bin: Option<PathBuf>,
    /// Where to write; a folder in it is made and removed
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Trainers at once, each with a run and a connection of its own
    #[arg(long, default_value_t = 4)]
    trainers: usize,
    /// Rounds, in each of which every contender takes its turn
    #[arg(long, default_value_t = 5)]
    rounds: u64,
    /// Bodies that each trainer posts in a round
    #[arg(long, default_value_t = 50)]
    bodies: u64,
    /// Lines of a body
    #[arg(long, default_value_t = 1000)]
    lines: u32,
    /// Metrics of a line
    #[arg(long, default_value_t = 10)]
    keys: usize,
    /// Writes the keys of all lines in the same order
    #[arg(long)]
    ordered: bool,
    /// A tiny round that shows that everything works; its figures say nothing
    #[arg(long)]
    smoke: bool,
}

fn main() -> Result<()> {
    let mut args = Args::parse();
    if args.smoke {
        (args.trainers, args.rounds, args.bodies, args.lines) = (2, 1, 2, 10);
    }
    let folder = tempfile::tempdir_in(&args.dir)?;
    let server = Server::start(&binary(args.bin.clone())?, &folder.path().join("store"))?;
    let trainers = begin_runs(&server, args.trainers)?;
    let mut sqlite = Sqlite::open(&folder.path().join("peer.sqlite"), args.keys)?;
    let order = if args.ordered { KeyOrder::Same } else { KeyOrder::Random };
    let points = u64::from(args.lines) * args.keys as u64 * args.bodies * args.trainers as u64;

    let (mut ours, mut rates, mut memory) = (Vec::new(), Vec::new(), 0);
    let (mut in_kernel, mut parsing, mut storing) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..args.rounds {
        let bodies: Vec<String> = (round * args.bodies..(round + 1) * args.bodies)
            .map(|body| history_body(body * u64::from(args.lines), args.lines, args.keys, order))
            .collect();
        if round == 0 {
            let bytes = bodies.iter().map(String::len).max().unwrap_or_default();
            println!(
                "{} trainers, {} bodies each a round, {} lines x {} metrics a body ({bytes} bytes)",
                args.trainers, args.bodies, args.lines, args.keys
            );
        }
        let (before, began) = (server.cpu()?, Instant::now());
        memory = memory.max(post(&server, &trainers, &bodies)?);
        let took = began.elapsed();
        let used = server.cpu()?.since(before);
        rates.push(points as f64 / took.as_secs_f64());
        ours.push(nanos(used.whole(), points));
        in_kernel.push(nanos(used.system, points));

        // As often as the trainers post them.
        let bodies = || (0..args.trainers).flat_map(|_| &bodies);
        let cells: usize = args.keys + OWN_KEYS.len();
        let parsed = spent(|| {
            bodies().try_for_each(|body| {
                let rows = rows(body)?;
                let found: usize = rows.iter().map(|row| row.as_object().map_or(0, |row| row.len())).sum();
                if found == cells * rows.len() { Ok(()) } else { bail!("{found} cells") }
            })
        })?;
        parsing.push(nanos(parsed, points));
        let stored = spent(|| bodies().try_for_each(|body| sqlite.store(&rows(body)?)))?;
        storing.push(nanos(stored, points));
    }
    let lines = args.rounds * args.bodies * args.trainers as u64 * u64::from(args.lines);
    check(&server, lines)?;
    server.stop()?;

    let mine = tell("server, CPU", &mut ours, "ns/point");
    tell("  of it in the kernel", &mut in_kernel, "ns/point");
    tell("acknowledged, clients on the same cores", &mut rates, "points/s");
    println!("{:<44} {:>12} MiB", "  the most memory that it had", memory >> 20);
    let peer = tell("serde_json::Value alone, CPU", &mut parsing, "ns/point");
    println!("{:<44} ours / this {:.2}", "", mine / peer);
    let peer = tell("serde_json::Value, then SQLite, CPU", &mut storing, "ns/point");
    println!("{:<44} ours / this {:.2}", "", mine / peer);
    Ok(())
}

/// Prints the middle of the rounds, and between what they lay; gives the middle.
fn tell(what: &str, values: &mut [f64], unit: &str) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.get(values.len() / 2).copied().unwrap_or_default();
    let (first, last) = (values.first().unwrap_or(&middle), values.last().unwrap_or(&middle));
    println!("{what:<44} {middle:>12.0} {unit:<9} ({first:.0} to {last:.0} in {} rounds)", values.len());
    middle
}

fn nanos(time: Duration, points: u64) -> f64 {
    time.as_secs_f64() * 1e9 / points as f64
}

/// CPU time of this process while it does something.
fn spent(mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let before = Cpu::own()?;
    work()?;
    Ok(Cpu::own()?.since(before).whole())
}

/// How often the server's memory is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Every trainer posts all bodies, one after another; gives the most memory that the server had.
fn post(server: &Server, trainers: &[Trainer], bodies: &[String]) -> Result<u64> {
    thread::scope(|scope| {
        let posting: Vec<_> = trainers
            .iter()
            .map(|trainer| scope.spawn(|| bodies.iter().try_for_each(|body| trainer.post(body).map(|_| ()))))
            .collect();
        let mut most = 0;
        while !posting.iter().all(|thread| thread.is_finished()) {
            most = most.max(server.anonymous_bytes()?);
            thread::sleep(LOOK);
        }
        posting
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_panic| anyhow!("a trainer panicked"))?)?;
        Ok(most.max(server.anonymous_bytes()?))
    })
}

/// All that was posted is there.
fn check(server: &Server, lines: u64) -> Result<()> {
    let trainer = Trainer::new(server, format!("{}/sql", server.url));
    let query = json!({ "sql": "SELECT sum(history_rows) AS rows FROM runs" });
    let reply = trainer.post(&query.to_string())?;
    let found = reply.pointer("/0/rows").and_then(Value::as_u64);
    if found == Some(lines) { Ok(()) } else { bail!("{lines} lines were posted, the server has {reply}") }
}

/// The client's own keys of a line.
const OWN_KEYS: [&str; 3] = ["_step", "_runtime", "_timestamp"];

/// The lines of a body, as a plain server would read them.
fn rows(body: &str) -> Result<Vec<Value>> {
    let body: Value = serde_json::from_str(body)?;
    let content = body.pointer("/files/wandb-history.jsonl/content").and_then(Value::as_array);
    let lines = content.context("no content")?.iter();
    lines.map(|line| Ok(serde_json::from_str(line.as_str().context("a line is text")?)?)).collect()
}

/// The peer: a row a line, a column a key.
struct Sqlite {
    connection: rusqlite::Connection,
    names: Vec<String>,
    insert: String,
}

impl Sqlite {
    fn open(path: &Path, keys: usize) -> Result<Self> {
        let connection = rusqlite::Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let own = OWN_KEYS.iter().map(|name| (*name).to_owned());
        let names: Vec<String> = own.chain((0..keys).map(|key| format!("metric/{key}"))).collect();
        let columns: Vec<String> = names.iter().map(|name| format!("\"{name}\" REAL")).collect();
        connection.execute_batch(&format!("CREATE TABLE history ({})", columns.join(", ")))?;
        let places = vec!["?"; names.len()].join(", ");
        Ok(Self { connection, names, insert: format!("INSERT INTO history VALUES ({places})") })
    }

    fn store(&mut self, rows: &[Value]) -> Result<()> {
        let transaction = self.connection.transaction()?;
        let mut insert = transaction.prepare_cached(&self.insert)?;
        for row in rows {
            let cells = self.names.iter().map(|name| row.get(name).and_then(Value::as_f64));
            insert.execute(rusqlite::params_from_iter(cells))?;
        }
        drop(insert);
        Ok(transaction.commit()?)
    }
}
