//! Compaction: points a core-second from segment to table file, and bytes a point, for four kinds of
//! data, 20 keys a row with a step and a time.
//!
//! ```text
//! python3 -m venv peers && peers/bin/pip install duckdb
//! cargo run --release -p wbq-benches --no-default-features --bin compact -- --dir /some/disk \
//!     --python peers/bin/python
//! ```
//!
//! `fresh` are table files straight from the log (goal: 15 million points a core-second), `merged` those
//! that are made of them; bytes are those of all table files, indexes and events among them. CPU time is
//! the process's, in ticks of 10 ms, and counts to what is published at its end: packing the log is told
//! by itself.
//!
//! Beside them the same wide table as Parquet by DuckDB with zstd, in its own default (V1) and with the
//! encodings of V2, its CPU time from table to file; the bound that `entropy.rs` estimates; and what
//! Gorilla's paper says of its own data: 1.37 bytes, of which time stamps are a part.
//! Goals: merged at most 0.9 of DuckDB's on the first two kinds and 1.0 on the others, and at most 3.8
//! bytes on the first.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use engine::{Batch, BlockBuilder, Body, Chunk, Options, Rows, Store};
use tokio::runtime::Runtime;
use wbq_benches::duckdb::{self, DuckDb, number};
use wbq_benches::server::Cpu;
use wbq_benches::{begin_runs, entropy, event, noise, run_key};

#[derive(Parser)]
struct Args {
    /// Where to write; a folder in it is made and removed.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Rows of each kind of data.
    #[arg(long, default_value_t = 400_000)]
    rows: u64,
    /// A Python that has the package duckdb; without it DuckDB is left out.
    #[arg(long)]
    python: Option<PathBuf>,
}

const KEYS: u64 = 20;
const BLOCK_ROWS: u64 = 1000;
/// Pelkonen et al., Gorilla (VLDB 2015), section 4.1.
const GORILLA: f64 = 1.37;

/// A kind of data: its name, the types that a database may give it, and the value of a key at a step.
type Data = (&'static str, &'static [&'static str], fn(u64, u64) -> f64);

const DATA: [Data; 4] = [
    ("losses with noise, born as f32", &["DOUBLE", "FLOAT"], |step, key| {
        let loss = 2.0 / (1.0 + step as f64 * 1e-3) + 0.1 * noise(step * 31 + key);
        #[expect(clippy::cast_possible_truncation, reason = "a trainer's float is one of 32 bits")]
        let born = loss as f32;
        f64::from(born)
    }),
    ("smooth curves, f64", &["DOUBLE"], |step, key| (-(step as f64) / (1e5 * (1.0 + key as f64))).exp()),
    ("integers", &["BIGINT"], |step, key| (step * (key + 1) / 7) as f64),
    ("random f64", &["DOUBLE"], |step, key| noise(step * 31 + key)),
];

fn main() -> Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir_in(&args.dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    println!("{} rows of {KEYS} keys; bytes a point, million points a core-second", args.rows);
    for (number, data) in DATA.iter().enumerate() {
        let folder = folder.path().join(number.to_string());
        std::fs::create_dir(&folder)?;
        let merged = ours(&args, &runtime, &folder, data)?;
        if let Some(python) = &args.python {
            peer(&args, &DuckDb { python: python.clone() }, &folder, data, merged)?;
        }
        let bound = bound(args.rows, data) / 8.0 / (args.rows * KEYS) as f64;
        println!(
            "  {:<30} {bound:>8.2}              ours / this {:.2}",
            "entropy, estimated",
            merged / bound
        );
        println!("  {:<30} {GORILLA:>8.2}              on data of its own", "Gorilla, published");
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

/// Compacts, then merges; gives the bytes a point that are left.
fn ours(args: &Args, runtime: &Runtime, folder: &Path, (name, _, value): &Data) -> Result<f64> {
    let points = (args.rows * KEYS) as f64;
    let mut options = Options::new(folder.join("store"));
    let store = Store::open(options.clone())?;
    begin_runs(&store, 1)?;
    for first in (0..args.rows).step_by(usize::try_from(BLOCK_ROWS)?) {
        store.append_blocking(batch(first, *name == "integers", *value))?;
    }
    let spent = runtime.block_on(compact(&store))?;
    let segments: Vec<_> = store.snapshot().segments().into_iter().filter(|segment| segment.sealed).collect();
    let log: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let packed: u64 = segments.iter().filter_map(|segment| segment.packed_bytes).sum();
    let fresh = table_bytes(&store);
    store.close()?;
    options.compaction.fresh_files = 1;
    let store = Store::open(options)?;
    let merging = runtime.block_on(compact(&store))?;
    let merged = table_bytes(&store);
    store.close()?;
    println!("{name}");
    let tell = |what: &str, bytes: u64, time: Duration| {
        let rate = points / time.as_secs_f64() / 1e6;
        println!("  {what:<30} {:>8.2} {rate:>8.1}", bytes as f64 / points);
    };
    println!("  {:<30} {:>8.2}", "log", log as f64 / points);
    tell("log, packed", packed, spent.packing);
    tell("table files, fresh", fresh, spent.tables);
    tell("table files, merged", merged, merging.tables);
    Ok(merged as f64 / points)
}

fn table_bytes(store: &Store) -> u64 {
    store.snapshot().table_files().iter().map(|table| table.bytes).sum()
}

/// CPU time by what was published at the end of it.
#[derive(Default)]
struct Spent {
    tables: Duration,
    packing: Duration,
}

async fn compact(store: &Store) -> Result<Spent> {
    let mut spent = Spent::default();
    let mut snapshots = store.subscribe();
    let mut begun = Cpu::own()?;
    let files = || -> Vec<u64> { store.snapshot().table_files().iter().map(|table| table.id).collect() };
    let mut known = files();
    let compaction = store.compact();
    tokio::pin!(compaction);
    loop {
        let is_over = tokio::select! {
            files = &mut compaction => files.map(|_| true)?,
            changed = snapshots.changed() => changed.map(|()| false)?,
        };
        let (now, there) = (Cpu::own()?, files());
        let time = if there == known { &mut spent.packing } else { &mut spent.tables };
        *time += now.since(begun).whole();
        (begun, known) = (now, there);
        if is_over {
            return Ok(spent);
        }
    }
}

/// What DuckDB makes of the same table.
fn peer(args: &Args, duckdb: &DuckDb, folder: &Path, data: &Data, ours: f64) -> Result<()> {
    let (_, kinds, value) = *data;
    let (csv, out) = (folder.join("rows.csv"), folder.join("rows.parquet"));
    write_csv(&csv, args.rows, value)?;
    let text = |path: &Path| path.to_str().map(str::to_owned).context("the path is not Unicode");
    for kind in kinds {
        let own = [("_step".to_owned(), "BIGINT"), ("_timestamp".to_owned(), "DOUBLE")];
        let keys = (0..KEYS).map(|key| (key_name(key), *kind));
        let columns = duckdb::columns(&own.into_iter().chain(keys).collect::<Vec<_>>());
        for version in ["V1", "V2"] {
            let told = duckdb.run(&["parquet", &text(&csv)?, &columns, &text(&out)?, version])?;
            let points = (args.rows * KEYS) as f64;
            let (bytes, seconds) = (number(&told, "bytes")? / points, number(&told, "seconds")?);
            let rate = points / seconds / 1e6;
            let name = format!("DuckDB {version}, {kind}");
            println!("  {name:<30} {bytes:>8.2} {rate:>8.1}     ours / this {:.2}", ours / bytes);
        }
    }
    Ok(())
}

fn write_csv(path: &Path, rows: u64, value: fn(u64, u64) -> f64) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let names: Vec<String> = (0..KEYS).map(key_name).collect();
    writeln!(out, "_step,_timestamp,{}", names.join(","))?;
    for step in 0..rows {
        write!(out, "{step},{}", time(step))?;
        (0..KEYS).try_for_each(|key| write!(out, ",{}", value(step, key)))?;
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

/// Bits that all columns need at the least.
fn bound(rows: u64, (name, _, value): &Data) -> f64 {
    let steps = (0..rows).map(|step| i64::try_from(step).unwrap_or(i64::MAX)).collect();
    let times: Vec<f64> = (0..rows).map(time).collect();
    let key = |key| {
        let values: Vec<f64> = (0..rows).map(|step| value(step, key)).collect();
        if *name != "integers" {
            return entropy::bits(entropy::ordered(&values));
        }
        #[expect(clippy::cast_possible_truncation, reason = "made of integers")]
        entropy::bits(values.into_iter().map(|value| value as i64).collect())
    };
    entropy::bits(steps) + entropy::bits(entropy::ordered(&times)) + (0..KEYS).map(key).sum::<f64>()
}

fn key_name(key: u64) -> String {
    format!("train/metric_{key}")
}

fn time(step: u64) -> f64 {
    1.764e9 + step as f64 * 0.25 + noise(step) * 1e-3
}

fn batch(first: u64, is_integer: bool, value: fn(u64, u64) -> f64) -> Batch {
    let names: Vec<String> = (0..KEYS).map(key_name).collect();
    let mut block = BlockBuilder::new();
    for step in first..first + BLOCK_ROWS {
        block.begin_row();
        block.push_int("_step", i64::try_from(step).unwrap_or(i64::MAX));
        block.push_float("_timestamp", time(step));
        for (key, name) in (0u64..).zip(&names) {
            let value = value(step, key);
            if is_integer {
                #[expect(clippy::cast_possible_truncation, reason = "made of an integer")]
                block.push_int(name, value as i64);
            } else {
                block.push_float(name, value);
            }
        }
    }
    let lines = u32::try_from(BLOCK_ROWS).unwrap_or(u32::MAX);
    let chunk = Chunk { writer: "".into(), first_line: first, lines, hash: first };
    let rows = Rows { chunk, rows: lines, block: block.finish() };
    Batch::new(vec![event(run_key(0), Body::Logged(rows))])
}
