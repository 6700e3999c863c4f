//! Append to ack, beside what the disk allows and beside SQLite, in one run.
//!
//! ```text
//! cargo run --release -p wbq-benches --no-default-features --bin append -- --dir /some/disk
//! ```
//!
//! 1. 16 writers, batches of 1,000 points, default durability: points a second; beside it a bare
//!    `fdatasync` of the same bytes into a preallocated, zeroed file; beside it SQLite (WAL,
//!    synchronous=FULL, one transaction a batch). The three take turns, round by round, so that they
//!    see the same machine.
//! 2. One small batch at a time: its commit latency, beside the bare `fdatasync`.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use clap::Parser;
use engine::{Options, Prepared, Store};
use wbq_benches::{begin_runs, noise, rows, run_key, tell};

#[derive(Parser)]
struct Args {
    /// Where to write; a folder in it is made and removed.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Writers at once.
    #[arg(long, default_value_t = 16)]
    writers: usize,
    /// Rounds, in each of which every contender takes its turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Batches a writer appends in a round.
    #[arg(long, default_value_t = 200)]
    batches: u64,
}

const ROWS: u32 = 100;
const KEYS: usize = 10;
const POINTS: u64 = ROWS as u64 * KEYS as u64;

fn main() -> Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir_in(&args.dir)?;
    let store = Store::open(Options::new(folder.path().join("store")))?;
    begin_runs(&store, args.writers + 1)?;
    let sqlite = Sqlite::open(&folder.path().join("peer.sqlite"))?;
    let batch_bytes = Prepared::new(rows(0, 0, ROWS, KEYS))?.bytes();
    println!("{} writers, batches of {POINTS} points ({batch_bytes} bytes)", args.writers);

    let (mut ours, mut allowed, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..args.rounds {
        let points = (args.writers as u64 * args.batches * POINTS) as f64;
        let from = round as u64 * args.batches * u64::from(ROWS);
        let took = ours_round(&store, args.writers, from, args.batches)?;
        ours.push(points / took.as_secs_f64());
        let bare = bare_round(folder.path(), batch_bytes * args.writers, 200)?;
        allowed.push((args.writers as u64 * POINTS) as f64 / bare.as_secs_f64());
        let some = (args.batches / 20).max(2);
        let took = sqlite.round(args.writers, from, some)?;
        theirs.push((args.writers as u64 * some * POINTS) as f64 / took.as_secs_f64());
    }
    let (ours, allowed, theirs) = (median(ours), median(allowed), median(theirs));
    println!("append to ack, durable              {:>12.0} points/s", ours);
    println!(
        "bare fdatasync of the same bytes    {:>12.0} points/s   ours / this {:.2}",
        allowed,
        ours / allowed
    );
    println!(
        "SQLite WAL, FULL, one txn a batch   {:>12.0} points/s   ours / this {:.1}",
        theirs,
        ours / theirs
    );

    let small = Prepared::new(rows(0, 0, 1, 10))?.bytes();
    let mut commits = Vec::new();
    let mut bares = Vec::new();
    let bare = Bare::new(folder.path(), small, 2000)?;
    for index in 0..1000 {
        let batch = rows(args.writers, index, 1, 10);
        let start = Instant::now();
        store.append_blocking(batch)?;
        commits.push(start.elapsed());
        bares.push(bare.write(index)?);
    }
    let commit = tell("commit of one small batch alone", &mut commits);
    let sync = tell("bare fdatasync of the same bytes", &mut bares);
    println!("commit / bare fdatasync: {:.2}", commit.as_secs_f64() / sync.as_secs_f64());
    store.close()?;
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn ours_round(store: &Store, writers: usize, from: u64, batches: u64) -> Result<Duration> {
    let start = Instant::now();
    thread::scope(|scope| {
        let handles: Vec<_> = (0..writers)
            .map(|writer| {
                scope.spawn(move || {
                    (0..batches).try_for_each(|batch| {
                        let batch = rows(writer, from + batch * u64::from(ROWS), ROWS, KEYS);
                        store.append_blocking(batch).map(|_| ())
                    })
                })
            })
            .collect();
        handles.into_iter().try_for_each(|handle| {
            handle.join().map_err(|_panic| anyhow!("a writer panicked"))?.context("append")
        })
    })?;
    Ok(start.elapsed())
}

/// A preallocated, zeroed file that takes pieces one behind the other.
struct Bare {
    file: File,
    piece: Vec<u8>,
    pieces: u64,
}

impl Bare {
    fn new(folder: &Path, piece: usize, pieces: u64) -> Result<Self> {
        let file = File::create(folder.join("bare"))?;
        let zeros = vec![0; 1 << 20];
        let len = piece as u64 * pieces;
        let mut at = 0;
        while at < len {
            file.write_all_at(&zeros, at)?;
            at += zeros.len() as u64;
        }
        file.sync_all()?;
        Ok(Self { file, piece: vec![7; piece], pieces })
    }

    fn write(&self, index: u64) -> Result<Duration> {
        let start = Instant::now();
        self.file.write_all_at(&self.piece, (index % self.pieces) * self.piece.len() as u64)?;
        self.file.sync_data()?;
        Ok(start.elapsed())
    }
}

/// The median time of a write and `fdatasync` of `bytes`.
fn bare_round(folder: &Path, bytes: usize, times: u64) -> Result<Duration> {
    let bare = Bare::new(folder, bytes, times)?;
    let mut took = (0..times).map(|index| bare.write(index)).collect::<Result<Vec<_>>>()?;
    took.sort_unstable();
    Ok(took.get(took.len() / 2).copied().unwrap_or_default())
}

/// The peer: the same points as rows of (run, step, key, value).
struct Sqlite {
    connections: Mutex<Vec<rusqlite::Connection>>,
    path: PathBuf,
    done: AtomicU64,
}

impl Sqlite {
    fn open(path: &Path) -> Result<Self> {
        let connection = Self::connect(path)?;
        connection.execute_batch("CREATE TABLE points (run TEXT, step INTEGER, key INTEGER, value REAL)")?;
        Ok(Self { connections: Mutex::new(Vec::new()), path: path.to_owned(), done: AtomicU64::new(0) })
    }

    fn connect(path: &Path) -> Result<rusqlite::Connection> {
        let connection = rusqlite::Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.busy_timeout(Duration::from_secs(60))?;
        Ok(connection)
    }

    fn round(&self, writers: usize, from: u64, batches: u64) -> Result<Duration> {
        let mut connections = self.connections.lock().map_err(|_poisoned| anyhow!("a writer panicked"))?;
        while connections.len() < writers {
            connections.push(Self::connect(&self.path)?);
        }
        let start = Instant::now();
        thread::scope(|scope| {
            let handles: Vec<_> = connections
                .iter_mut()
                .enumerate()
                .map(|(writer, connection)| {
                    let done = &self.done;
                    scope.spawn(move || -> Result<()> {
                        let run = run_key(writer).run;
                        for batch in 0..batches {
                            let transaction = connection
                                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
                            let mut insert =
                                transaction.prepare_cached("INSERT INTO points VALUES (?, ?, ?, ?)")?;
                            for row in 0..u64::from(ROWS) {
                                let step = from + batch * u64::from(ROWS) + row;
                                for key in 0..KEYS as u64 {
                                    let step = i64::try_from(step)?;
                                    let value = noise(step.unsigned_abs() * 31 + key);
                                    insert.execute(rusqlite::params![
                                        run,
                                        step,
                                        i64::try_from(key)?,
                                        value
                                    ])?;
                                }
                            }
                            drop(insert);
                            transaction.commit()?;
                            done.fetch_add(POINTS, Ordering::Relaxed);
                        }
                        Ok(())
                    })
                })
                .collect();
            handles
                .into_iter()
                .try_for_each(|handle| handle.join().map_err(|_panic| anyhow!("a writer panicked"))?)
        })?;
        Ok(start.elapsed())
    }
}
