//! Many trainers at once, each at its own pace: whether all is kept, what it costs the server, how long an
//! acknowledgement takes.
//!
//! ```text
//! cargo build --release --bin wbq && cargo run --release -p wbq-benches --bin trainers -- --dir /some/disk
//! ```
//!
//! The real `wbq serve`, default durability, as a process of its own. Each trainer keeps one connection and logs
//! a row a second of 10 metrics with the client's own keys; it posts what came together in `--every` seconds
//! (the client's default is 15) with its whole summary, as the client does. They begin spread over that time.
//!
//! Beside it a thread writes 4 KiB into a file that was zeroed ahead and calls `fdatasync`, every 20 ms.
//! Goals: nothing lost, no error, at most 15 % of a core, at most 256 MiB of anonymous memory, and the 99th
//! percentile of the acknowledgements at most 3 times that of the bare `fdatasync`.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use clap::Parser;
use serde_json::{Value, json};
use wbq_benches::server::{Server, binary};
use wbq_benches::trainer::{Trainer, begin_runs};
use wbq_benches::{KeyOrder, history_body};

/// Many trainers at once, each at its own pace
#[derive(Parser)]
struct Args {
    /// The wbq to measure [default: the one beside this program]
    #[arg(long)]
    bin: Option<PathBuf>,
    /// Where to write; a folder in it is made and removed
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Trainers at once, each with a run and a connection of its own
    #[arg(long, default_value_t = 1000)]
    trainers: usize,
    /// For how many seconds they log, a row a second
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Seconds from one request of a trainer to the next
    #[arg(long, default_value_t = 15)]
    every: u32,
    /// Metrics of a row
    #[arg(long, default_value_t = 10)]
    keys: usize,
    /// A tiny round that shows that everything works; its figures say nothing
    #[arg(long)]
    smoke: bool,
}

fn main() -> Result<()> {
    let mut args = Args::parse();
    if args.smoke {
        (args.trainers, args.seconds, args.every) = (4, 3, 1);
    }
    let folder = tempfile::tempdir_in(&args.dir)?;
    let server = Server::start(&binary(args.bin.clone())?, &folder.path().join("store"))?;
    let trainers = begin_runs(&server, args.trainers)?;
    println!(
        "{} trainers, a row a second of {} metrics, a request every {} s each, for {} s",
        args.trainers, args.keys, args.every, args.seconds
    );
    let (before, began) = (server.cpu()?, Instant::now());
    let measured = measure(&args, &server, &trainers, folder.path())?;
    let took = began.elapsed();
    let used = server.cpu()?.since(before).whole();
    let rows = u64::from(args.seconds / args.every * args.every) * args.trainers as u64;
    check(&server, rows)?;
    server.stop()?;

    let Measured { mut acks, mut bare, memory } = measured;
    println!("{rows} rows acknowledged in {:.0} s and all there; 0 errors", took.as_secs_f64());
    let ours = tell("acknowledged after", &mut acks);
    let peer = tell("bare fdatasync of 4 KiB", &mut bare);
    println!("{:<28} ours / this {:.2} (goal 3)", "  99th percentiles", ours / peer);
    println!("{:<28} {:.1} % of a core (goal 15)", "the server's CPU", percent(used, took));
    println!("{:<28} {:.1} µs a row", "", used.as_secs_f64() * 1e6 / rows as f64);
    println!("{:<28} {} MiB (goal 256)", "the most memory that it had", memory >> 20);
    Ok(())
}

struct Measured {
    /// How long each request took.
    acks: Vec<Duration>,
    /// How long each bare sync took.
    bare: Vec<Duration>,
    /// The most anonymous memory of the server, in bytes.
    memory: u64,
}

fn measure(args: &Args, server: &Server, trainers: &[Trainer], folder: &Path) -> Result<Measured> {
    const STACK: usize = 256 << 10;
    const LOOK: Duration = Duration::from_millis(100);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let syncing = scope.spawn(|| bare(folder, &is_over));
        let begin = Instant::now() + Duration::from_millis(200);
        let mut training = Vec::new();
        for (number, trainer) in trainers.iter().enumerate() {
            let first =
                begin + Duration::from_secs(args.every.into()).mul_f64(number as f64 / trainers.len() as f64);
            let post = move || train(args, trainer, first);
            training.push(thread::Builder::new().stack_size(STACK).spawn_scoped(scope, post)?);
        }
        let mut memory = 0;
        while !training.iter().all(|thread| thread.is_finished()) {
            memory = memory.max(server.anonymous_bytes()?);
            thread::sleep(LOOK);
        }
        is_over.store(true, Ordering::Relaxed);
        let mut acks = Vec::new();
        for thread in training {
            acks.extend(thread.join().map_err(|_panic| anyhow!("a trainer panicked"))??);
        }
        let bare = syncing.join().map_err(|_panic| anyhow!("the bare loop panicked"))??;
        Ok(Measured { acks, bare, memory })
    })
}

/// Posts what came together, whenever it is time.
fn train(args: &Args, trainer: &Trainer, first: Instant) -> Result<Vec<Duration>> {
    let mut took = Vec::new();
    for request in 0..args.seconds / args.every {
        let line = u64::from(request * args.every);
        let body = with_summary(&history_body(line, args.every, args.keys, KeyOrder::Random))?;
        let due = first + Duration::from_secs((request * args.every).into());
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let began = Instant::now();
        trainer.post(&body)?;
        took.push(began.elapsed());
    }
    Ok(took)
}

/// A body with the last row of history as the summary too.
fn with_summary(body: &str) -> Result<String> {
    let mut body: Value = serde_json::from_str(body)?;
    let last = body.pointer("/files/wandb-history.jsonl/content").and_then(Value::as_array);
    let summary = last.and_then(|lines| lines.last()).cloned();
    if let (Some(summary), Some(files)) = (summary, body.pointer_mut("/files").and_then(Value::as_object_mut))
    {
        files.insert("wandb-summary.json".to_owned(), json!({ "offset": 0, "content": [summary] }));
    }
    Ok(body.to_string())
}

/// Syncs a small write again and again.
fn bare(folder: &Path, is_over: &AtomicBool) -> Result<Vec<Duration>> {
    const BYTES: usize = 4096;
    const PLACES: u64 = 4096;
    const PAUSE: Duration = Duration::from_millis(20);
    let file = File::create(folder.join("bare"))?;
    let block = [0x5a; BYTES];
    for place in 0..PLACES {
        file.write_all_at(&[0; BYTES], place * BYTES as u64)?;
    }
    file.sync_all()?;
    let mut took = Vec::new();
    for place in (0..PLACES).cycle() {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let began = Instant::now();
        file.write_all_at(&block, place * BYTES as u64)?;
        file.sync_data()?;
        took.push(began.elapsed());
        thread::sleep(PAUSE);
    }
    Ok(took)
}

/// Every row is there once.
fn check(server: &Server, rows: u64) -> Result<()> {
    let trainer = Trainer::new(server, format!("{}/sql", server.url));
    let query = json!({ "sql": "SELECT count(*) AS rows FROM history" });
    let reply = trainer.post(&query.to_string())?;
    let found = reply.pointer("/0/rows").and_then(Value::as_u64);
    if found == Some(rows) { Ok(()) } else { bail!("{rows} rows were acknowledged, the server has {reply}") }
}

/// Prints how long something took; gives the 99th percentile, in seconds.
fn tell(what: &str, took: &mut [Duration]) -> f64 {
    took.sort_unstable();
    let at = |share: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
        let place = (took.len() as f64 * share) as usize;
        took.get(place.min(took.len().saturating_sub(1))).copied().unwrap_or_default().as_secs_f64()
    };
    let [middle, high, most] = [at(0.5), at(0.99), at(1.0)].map(|seconds| seconds * 1e3);
    println!("{what:<28} {middle:.2} ms, 99th percentile {high:.2} ms, most {most:.2} ms ({})", took.len());
    at(0.99)
}

fn percent(used: Duration, of: Duration) -> f64 {
    used.as_secs_f64() / of.as_secs_f64() * 100.0
}
