//! Compaction: points a core-second from segment to table file, and bytes a point, for four kinds of
//! data, 20 keys a row with a step and a time.
//!
//! ```text
//! cargo run --release -p wbq-benches --no-default-features --bin compact -- --dir /some/disk
//! ```
//!
//! Beside the table file's bytes stand those of the log. CPU time is the process's, in ticks of 10 ms.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use engine::{Batch, BlockBuilder, Body, Chunk, Options, Rows, Store};
use wbq_benches::server::Cpu;
use wbq_benches::{begin_runs, event, noise, run_key};

#[derive(Parser)]
struct Args {
    /// Where to write; a folder in it is made and removed.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Rows of each kind of data.
    #[arg(long, default_value_t = 400_000)]
    rows: u64,
}

const KEYS: u64 = 20;
const BLOCK_ROWS: u64 = 1000;

/// A kind of data: its name, and the value of a key at a step.
type Data = (&'static str, fn(u64, u64) -> f64);

const DATA: [Data; 4] = [
    ("losses with noise, born as f32", |step, key| {
        let loss = 2.0 / (1.0 + step as f64 * 1e-3) + 0.1 * noise(step * 31 + key);
        #[expect(clippy::cast_possible_truncation, reason = "a trainer's float is one of 32 bits")]
        let born = loss as f32;
        f64::from(born)
    }),
    ("smooth curves, f64", |step, key| (-(step as f64) / (1e5 * (1.0 + key as f64))).exp()),
    ("integers", |step, key| (step * (key + 1) / 7) as f64),
    ("random f64", |step, key| noise(step * 31 + key)),
];

fn main() -> Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir_in(&args.dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    println!("{} rows of {KEYS} keys", args.rows);
    println!("{:<32} {:>10} {:>10} {:>18}", "", "log B/pt", "table B/pt", "M points/core-s");
    for (number, (name, value)) in DATA.iter().enumerate() {
        let store = Store::open(Options::new(folder.path().join(number.to_string())))?;
        begin_runs(&store, 1)?;
        for first in (0..args.rows).step_by(usize::try_from(BLOCK_ROWS)?) {
            store.append_blocking(batch(first, *name == "integers", *value))?;
        }
        let points = (args.rows * KEYS) as f64;
        let before = Cpu::own()?;
        runtime.block_on(store.compact())?;
        let seconds = Cpu::own()?.since(before).whole().as_secs_f64();
        let segments = store.snapshot().segments().into_iter().filter(|segment| segment.sealed);
        let log: u64 = segments.map(|segment| segment.bytes).sum();
        let tables = store.snapshot().table_files();
        let bytes: u64 = tables.iter().map(|table| table.bytes).sum();
        println!(
            "{name:<32} {:>10.2} {:>10.2} {:>18.1}",
            log as f64 / points,
            bytes as f64 / points,
            points / seconds / 1e6
        );
        store.close()?;
    }
    Ok(())
}

fn batch(first: u64, is_integer: bool, value: fn(u64, u64) -> f64) -> Batch {
    let names: Vec<String> = (0..KEYS).map(|key| format!("train/metric_{key}")).collect();
    let mut block = BlockBuilder::new();
    for step in first..first + BLOCK_ROWS {
        block.begin_row();
        block.push_int("_step", i64::try_from(step).unwrap_or(i64::MAX));
        block.push_float("_timestamp", 1.764e9 + step as f64 * 0.25 + noise(step) * 1e-3);
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
