//! Live tails: how long after its acknowledgement a line is with everybody who follows its run.
//!
//! ```text
//! cargo build --release --bin wbq && cargo run --release -p wbq-benches --bin tails -- --dir /some/disk
//! ```
//!
//! The real `wbq serve`, default durability, as a process of its own; `--tails` connections to
//! `GET /api/events`, evenly over `--runs` runs, and a console line of every run in each round. Told is the
//! time from the answer to the trainer until the line was read, over all lines and followers (goal: at most
//! 1 s), and the anonymous memory of the server before and with them (goal: at most 256 MiB more). Followers
//! and trainers are on the same cores as the server.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::Parser;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use wbq_benches::server::{Server, binary};
use wbq_benches::tell;
use wbq_benches::trainer::{Trainer, begin_runs};

/// Live tails: how long after its acknowledgement a line is with everybody who follows its run
#[derive(Parser)]
struct Args {
    /// The wbq to measure [default: the one beside this program]
    #[arg(long)]
    bin: Option<PathBuf>,
    /// Where to write; a folder in it is made and removed
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Followers
    #[arg(long, default_value_t = 1000)]
    tails: usize,
    /// Runs that they follow in turn
    #[arg(long, default_value_t = 10)]
    runs: usize,
    /// Lines that each run prints, one in a tenth of a second
    #[arg(long, default_value_t = 50)]
    rounds: usize,
    /// A tiny round that shows that everything works; its figures say nothing
    #[arg(long)]
    smoke: bool,
}

/// For how long a line may be on its way before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two lines of a run.
const PAUSE: Duration = Duration::from_millis(100);

/// What a follower tells.
enum Seen {
    /// It is connected.
    Here,
    /// It read a line.
    Line(String, Instant),
}

fn main() -> Result<()> {
    let mut args = Args::parse();
    if args.smoke {
        (args.tails, args.runs, args.rounds) = (4, 2, 2);
    }
    let folder = tempfile::tempdir_in(&args.dir)?;
    let server = Server::start(&binary(args.bin.clone())?, &folder.path().join("store"))?;
    let trainers = begin_runs(&server, args.runs)?;
    let before = server.anonymous_bytes()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_io().build()?;
    let (sender, seen) = mpsc::channel();
    for tail in 0..args.tails {
        runtime.spawn(follow(Follower::of(&server, tail % args.runs)?, sender.clone()));
    }
    for _ in 0..args.tails {
        ensure!(matches!(seen.recv_timeout(PATIENCE)?, Seen::Here), "a line came before it was printed");
    }
    let followed = server.anonymous_bytes()?;
    let mut acks = HashMap::new();
    for round in 0..args.rounds {
        acks.extend(print(&trainers, round)?);
        thread::sleep(PAUSE);
    }
    let wanted = args.tails * args.rounds;
    let mut took = Vec::with_capacity(wanted);
    while took.len() < wanted {
        let message =
            seen.recv_timeout(PATIENCE).with_context(|| format!("{} of {wanted} lines", took.len()))?;
        let Seen::Line(line, when) = message else { continue };
        let acked = acks.get(&line).with_context(|| format!("nobody printed {line:?}"))?;
        took.push(when.saturating_duration_since(*acked));
    }
    let after = server.anonymous_bytes()?;
    println!("{} followers of {} runs, {wanted} lines read, none missing", args.tails, args.runs);
    tell("from the acknowledgement to the line", &mut took);
    let longest = took.last().copied().unwrap_or_default();
    println!("{:<44} {:>12.1} ms", "  the longest", longest.as_secs_f64() * 1e3);
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "{:<44} {:>12.1} MiB alone, {:.1} followed, {:.1} at the end",
        "anonymous memory of the server",
        mib(before),
        mib(followed),
        mib(after)
    );
    drop(runtime);
    server.stop()
}

/// Every run prints one line; gives when each was acknowledged.
fn print(trainers: &[Trainer], round: usize) -> Result<Vec<(String, Instant)>> {
    thread::scope(|scope| {
        let posting: Vec<_> = trainers
            .iter()
            .enumerate()
            .map(|(run, trainer)| {
                scope.spawn(move || {
                    let line = format!("run {run} line {round}");
                    let file = json!({ "offset": round, "content": [line.clone()] });
                    trainer.post(&json!({ "files": { "output.log": file } }).to_string())?;
                    Ok((line, Instant::now()))
                })
            })
            .collect();
        posting
            .into_iter()
            .map(|thread| thread.join().map_err(|_panic| anyhow!("a trainer panicked"))?)
            .collect()
    })
}

/// A follower's request, and where it goes.
struct Follower {
    address: String,
    request: String,
}

impl Follower {
    fn of(server: &Server, run: usize) -> Result<Self> {
        let address = server.url.strip_prefix("http://").context("the server speaks HTTP")?.to_owned();
        let request = format!(
            "GET /api/events?filter=run:bench/p/run{run},kind:ConsoleWritten HTTP/1.1\r\nHost: {address}\r\n\
             Authorization: Bearer {}\r\n\r\n",
            server.key
        );
        Ok(Self { address, request })
    }
}

/// Reads events until nobody listens; a failure is told as silence.
async fn follow(follower: Follower, seen: Sender<Seen>) -> Result<()> {
    let mut stream = TcpStream::connect(&follower.address).await?;
    stream.write_all(follower.request.as_bytes()).await?;
    let mut lines = BufReader::new(stream).lines();
    let status = lines.next_line().await?.unwrap_or_default();
    ensure!(status.contains(" 200 "), "the server answered {status}");
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    seen.send(Seen::Here)?;
    while let Some(line) = lines.next_line().await? {
        let Some(event) = line.strip_prefix("data: ") else { continue };
        let now = Instant::now();
        let event: Value = serde_json::from_str(event)?;
        let texts =
            event.get("lines").and_then(Value::as_array).context("an event of the console has lines")?;
        for text in texts.iter().filter_map(|line| line.get("text").and_then(Value::as_str)) {
            seen.send(Seen::Line(text.to_owned(), now))?;
        }
    }
    Ok(())
}
