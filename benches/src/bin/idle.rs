//! What the server costs while nothing happens, and how long one statement takes as a process.
//!
//! ```text
//! cargo build --release --bin wbq && cargo run --release -p wbq-benches --bin idle
//! ```
//!
//! 1. `wbq serve` on an empty folder: its anonymous memory (goal: at most 40 MiB) and its share of one
//!    core over a minute (goal: below 0.1 %).
//! 2. `wbq "SELECT 1"` from start to exit, asked of that server and, once it has ended, of the folder
//!    (goal: at most 50 ms); beside them `sqlite3 FILE "SELECT 1"` where there is one, and `true`, the
//!    floor. They take turns, so that they see the same machine.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use wbq_benches::server::{Server, binary, command};
use wbq_benches::tell;

/// What the server costs while nothing happens, and how long one statement takes as a process
#[derive(Parser)]
struct Args {
    /// The wbq to measure [default: the one beside this program]
    #[arg(long)]
    bin: Option<PathBuf>,
    /// Where to write; a folder in it is made and removed
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Seconds over which the idle server is watched
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Processes of each kind
    #[arg(long, default_value_t = 20)]
    processes: usize,
    /// A tiny round that shows that everything works; its figures say nothing
    #[arg(long)]
    smoke: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let (seconds, processes) = if args.smoke { (1, 2) } else { (args.seconds, args.processes) };
    let binary = binary(args.bin)?;
    let folder = tempfile::tempdir_in(&args.dir)?;
    let store = folder.path().join("store");

    let server = Server::start(&binary, &store)?;
    watch(&server, Duration::from_secs(seconds))?;

    let mut asked = Contender::new("wbq \"SELECT 1\", asked of the server", statement(&binary, &store));
    let mut read = Contender::new("wbq \"SELECT 1\", on the folder", statement(&binary, &store));
    let mut sqlite = Contender::new("sqlite3 FILE \"SELECT 1\"", sqlite(&folder.path().join("peer.sqlite")));
    let mut floor = Contender::new("true", Command::new("true"));
    let has_sqlite = sqlite.run().is_ok();
    for _ in 0..processes {
        asked.take_turn()?;
        floor.take_turn()?;
    }
    server.stop()?;
    for _ in 0..processes {
        read.take_turn()?;
        floor.take_turn()?;
        if has_sqlite {
            sqlite.take_turn()?;
        }
    }
    let ours = [asked.tell(), read.tell()].map(|took| took.as_secs_f64());
    let mut peers = vec![("true", floor.tell().as_secs_f64())];
    if has_sqlite {
        peers.push(("sqlite3", sqlite.tell().as_secs_f64()));
    }
    for (name, peer) in peers {
        let [asked, read] = ours.map(|ours| ours / peer);
        println!("{:<44} asked {asked:.1}, on the folder {read:.1}", format!("wbq / {name}"));
    }
    Ok(())
}

/// Lets the server settle, then looks on.
fn watch(server: &Server, length: Duration) -> Result<()> {
    thread::sleep(Duration::from_secs(2));
    let (before, began) = (server.cpu()?, Instant::now());
    thread::sleep(length);
    let share = server.cpu()?.since(before).whole().as_secs_f64() / began.elapsed().as_secs_f64();
    let mib = server.anonymous_bytes()? as f64 / f64::from(1 << 20);
    println!("{:<44} {mib:.1} MiB", "anonymous memory of an idle server");
    println!("{:<44} {:.3} % of one core over {} s", "its CPU time", share * 100.0, length.as_secs());
    Ok(())
}

fn statement(binary: &Path, store: &Path) -> Command {
    let mut command = command(binary, store);
    command.arg("SELECT 1");
    command
}

fn sqlite(file: &Path) -> Command {
    let mut command = Command::new("sqlite3");
    command.arg(file).arg("SELECT 1");
    command
}

/// A kind of process, and how long each took.
struct Contender {
    name: &'static str,
    command: Command,
    took: Vec<Duration>,
}

impl Contender {
    fn new(name: &'static str, mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Self { name, command, took: Vec::new() }
    }

    fn run(&mut self) -> Result<Duration> {
        let began = Instant::now();
        let status = self.command.status().context(self.name)?;
        let took = began.elapsed();
        if !status.success() {
            bail!("{} ended with {status}", self.name);
        }
        Ok(took)
    }

    fn take_turn(&mut self) -> Result<()> {
        let took = self.run()?;
        self.took.push(took);
        Ok(())
    }

    fn tell(mut self) -> Duration {
        tell(self.name, &mut self.took)
    }
}
