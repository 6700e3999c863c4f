//! Reading all that a folder has: replay of the log, and `wbq verify`.
//!
//! ```text
//! cargo run --release -p wbq-benches --no-default-features --bin recover -- --dir /some/disk
//! ```
//!
//! 1. `engine::read` of a gibibyte of log that was never compacted, beside the CRC-32 of as many bytes
//!    in memory, and of the same files read one after the other: what nobody can do without.
//! 2. `wbq verify` of that log, and of the same log compacted and packed, in bytes as they lie on the
//!    disk; `--deep` too (goal: 500 MiB/s).
//!
//! The stores are made once and kept in `--dir`. Files are in the page cache. One thread; the middle of
//! `--rounds`, in which all take turns, by the clock and by the processor's time, which says more where
//! others are at work beside.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Parser;
use engine::disk::World;
use engine::{Options, Store, ops};
use wbq_benches::server::Cpu;
use wbq_benches::{kept, make_log};

#[derive(Parser)]
struct Args {
    /// Where the stores are made, and found the next time.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Bytes of the log.
    #[arg(long, default_value_t = 1)]
    log_gib: u64,
    /// Rounds, in each of which every contender takes its turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// How often the CRC goes over memory in a round.
const TIMES: u64 = 16;

/// What is measured: its name, what it does, giving how many bytes it dealt with.
type Contender<'a> = (&'a str, &'a dyn Fn() -> Result<u64>);

fn main() -> Result<()> {
    let args = Args::parse();
    let log = args.dir.join(format!("log-{}", args.log_gib));
    let compacted = args.dir.join(format!("compacted-{}", args.log_gib));
    kept(&log, |path| Ok(make_log(args.log_gib << 30, path)?))?;
    kept(&compacted, |path| compact(args.log_gib << 30, path))?;
    let memory = vec![0x5a; 256 << 20];
    let contenders: [Contender<'_>; 7] = [
        ("CRC-32 of memory", &|| {
            // Often enough for the clock of processors, which ticks a hundred times a second.
            (0..TIMES).for_each(|_| {
                black_box(crc32fast::hash(black_box(&memory)));
            });
            Ok(TIMES * memory.len() as u64)
        }),
        ("the log's files, read, CRC-32", &|| read_files(&log.join("log"))),
        ("engine::read, the log replayed", &|| {
            let snapshot = engine::read(&log)?;
            Ok(snapshot.segments().iter().map(|segment| segment.bytes).sum())
        }),
        ("verify, log", &|| verify(&log, false)),
        ("verify --deep, log", &|| verify(&log, true)),
        ("verify, compacted", &|| verify(&compacted, false)),
        ("verify --deep, compacted", &|| verify(&compacted, true)),
    ];
    let mut rates = vec![(Vec::new(), Vec::new()); contenders.len()];
    for _ in 0..args.rounds.max(1) {
        for ((_, work), (by_clock, by_cpu)) in contenders.iter().zip(&mut rates) {
            let (began, before) = (Instant::now(), Cpu::own()?);
            let mib = work()? as f64 / f64::from(1 << 20);
            by_clock.push(mib / began.elapsed().as_secs_f64());
            by_cpu.push(mib / Cpu::own()?.since(before).whole().as_secs_f64());
        }
    }
    let mut peer = None;
    for ((name, _), (by_clock, by_cpu)) in contenders.iter().zip(&mut rates) {
        let (by_clock, by_cpu) = (middle(by_clock), middle(by_cpu));
        let peer = *peer.get_or_insert(by_cpu);
        let part = by_cpu / peer;
        println!("{name:<34} {by_clock:>6.0} MiB/s {by_cpu:>6.0} MiB/CPU-s   of the CRC alone {part:.3}");
    }
    Ok(())
}

fn middle(rates: &mut [f64]) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

/// The same log, compacted as `wbq compact` does it.
fn compact(bytes: u64, path: &Path) -> Result<()> {
    make_log(bytes, path)?;
    let store = Store::open(Options::new(path))?;
    tokio::runtime::Builder::new_current_thread().build()?.block_on(store.compact())?;
    Ok(store.close()?)
}

fn read_files(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let content = fs::read(entry?.path())?;
        black_box(crc32fast::hash(&content));
        bytes += content.len() as u64;
    }
    Ok(bytes)
}

/// Gives the bytes of the folder's files, packed segments as they lie there.
fn verify(folder: &Path, deep: bool) -> Result<u64> {
    let found = ops::verify(&World::real(folder), deep, &mut |_| {})?;
    if !found.damages.is_empty() {
        bail!("{} is damaged: {:?}", folder.display(), found.damages);
    }
    let mut bytes = 0;
    // There are no tables before the first compaction.
    for part in ["log", "tables"].map(|part| folder.join(part)).iter().filter(|part| part.exists()) {
        for entry in fs::read_dir(part)? {
            bytes += entry?.metadata()?.len();
        }
    }
    Ok(bytes)
}
