//! How often what is compacted is written: a year of ingest into 20 projects, in small.
//!
//! ```text
//! cargo run --release -p wbq-benches --no-default-features --bin amplify -- --dir /some/disk
//! ```
//!
//! Two steps a day, in each of which every project has one run with 100 keys and so many rows of 20
//! metrics that all fill a segment; then all is compacted and merged that is due. Segments and table
//! files have a fraction of their default bytes, so that rows go through as many levels as in a store
//! so many times as large; the plan alone, at full size, is tried by the tests of `compaction/tiers`.
//! What does not shrink with them weighs more here: footers, the file of state, the runs themselves.
//!
//! Told are, for each kind of table file, all bytes that were ever published, the files beside them
//! among them, over those that stand at the end (goal: at most 3 for all together, files of runs and of
//! state counted).
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;
use engine::{Options, Store};
use wbq_benches::population::{METRICS, Population};

#[derive(Parser)]
struct Args {
    /// Where to write; a folder in it is made and removed.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Days.
    #[arg(long, default_value_t = 365)]
    days: u64,
    /// How many times smaller segments and table files are than by default.
    #[arg(long, default_value_t = 64)]
    scale: u64,
}

const PROJECTS: u64 = 20;
const STEPS_A_DAY: u64 = 2;
/// Rows of a run with which a step fills a segment of the default size.
const ROWS: u64 = 300 * 64;

/// The kind and the bytes of each table file, by number.
type Files = BTreeMap<u64, (&'static str, u64)>;

fn main() -> Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir_in(&args.dir)?;
    let store = Store::open(options(folder.path().join("store"), args.scale))?;
    let runs = args.days * STEPS_A_DAY * PROJECTS;
    let population = Population { runs, points: runs * (ROWS / args.scale) * METRICS, projects: PROJECTS };
    store.append_blocking(population.begun())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut ever = Files::new();
    for first in (0..runs).step_by(usize::try_from(PROJECTS)?) {
        store.append_blocking(population.batch(first..first + PROJECTS))?;
        runtime.block_on(compact(&store, &mut ever))?;
    }
    println!("{} days at 1/{} of the size, {runs} runs, {} points", args.days, args.scale, population.points);
    tell(&ever, &standing(&store))?;
    Ok(store.close()?)
}

fn options(dir: PathBuf, scale: u64) -> Options {
    let mut options = Options::new(dir);
    options.segment_bytes_max /= scale;
    options.segment_bytes_min = options.segment_bytes_max;
    options.compaction.file_bytes_min /= scale;
    options.compaction.file_bytes_max /= scale;
    options
}

/// Compacts and merges what is due, and notes each file that is published meanwhile.
async fn compact(store: &Store, ever: &mut Files) -> Result<()> {
    let mut snapshots = store.subscribe();
    let compaction = store.compact();
    tokio::pin!(compaction);
    loop {
        let is_over = tokio::select! {
            files = &mut compaction => files.map(|_| true)?,
            changed = snapshots.changed() => changed.map(|()| false)?,
        };
        ever.extend(standing(store));
        if is_over {
            return Ok(());
        }
    }
}

fn standing(store: &Store) -> Files {
    let files = store.snapshot().table_files().into_iter();
    files.map(|table| (table.id, (table.kind, table.bytes))).collect()
}

fn tell(ever: &Files, standing: &Files) -> Result<()> {
    let by_kind = |files: &Files| {
        let mut sums: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (kind, bytes) in files.values() {
            *sums.entry(kind).or_default() += bytes;
            *sums.entry("together").or_default() += bytes;
        }
        sums
    };
    let (written, left) = (by_kind(ever), by_kind(standing));
    println!("{:<10} {:>14} {:>14} {:>8}", "", "MiB written", "MiB at the end", "times");
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    for (kind, written) in &written {
        let left = *left.get(kind).context("a kind of file that is gone")?;
        let times = *written as f64 / left as f64;
        println!("{kind:<10} {:>14.1} {:>14.1} {times:>8.2}", mib(*written), mib(left));
    }
    Ok(())
}
