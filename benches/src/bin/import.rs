//! `wbq import wandb` of transaction logs as the client writes them: bytes of log a second.
//!
//! ```text
//! cargo build --release --bin wbq
//! cargo run --release -p wbq-benches --bin import -- --dir /some/disk
//! ```
//!
//! A row is three records, as the client writes them: what the summary's clock says, the summary with
//! each key, the row. Told are the import into an empty folder, the same again, which stores nothing, and
//! beside them the same bytes read once and their CRC-32 taken, on as many threads; CPU time is the
//! command's, in ticks of 10 ms, and tells what a machine that does other work beside hides. Goal: 200
//! MB/s of log on two cores.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::fs::File;
use std::io::{BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Parser;
use engine::{Options, Store};
use wbq_benches::noise;
use wbq_benches::server::{Cpu, binary, command};

#[derive(Parser)]
struct Args {
    /// The binary; by default the one beside this program.
    #[arg(long)]
    wbq: Option<PathBuf>,
    /// Where to write; a folder in it is made and removed.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Millions of bytes of logs.
    #[arg(long, default_value_t = 1000)]
    megabytes: u64,
    /// Runs, a log each.
    #[arg(long, default_value_t = 8)]
    runs: u64,
    /// Metrics of a row.
    #[arg(long, default_value_t = 10)]
    keys: u64,
    /// Logs that are read at once.
    #[arg(long, default_value_t = 2)]
    jobs: u64,
}

const BLOCK: usize = 32_768;
const CHUNK_HEAD: usize = 7;
const START: u64 = 1_790_000_000;

fn main() -> Result<()> {
    let args = Args::parse();
    let binary = binary(args.wbq.clone())?;
    let folder = tempfile::tempdir_in(&args.dir)?;
    let logs = folder.path().join("wandb");
    let (bytes, rows) = write_logs(&args, &logs)?;
    println!(
        "{} logs, {:.0} MB, {rows} rows of {} metrics, {} jobs",
        args.runs,
        bytes as f64 / 1e6,
        args.keys,
        args.jobs
    );
    let read = checked(&args, &logs)?;
    println!("{:<28} {:>7.1} s {:>8.0} MB/s", "read, CRC-32", read.as_secs_f64(), rate(bytes, read));
    let store = folder.path().join("store");
    Store::open(Options::new(store.clone()))?.close()?;
    for what in ["import", "import again"] {
        let (began, before) = (Instant::now(), Cpu::of_children()?);
        let mut import = command(&binary, &store);
        import.args(["import", "wandb", "--entity", "bench", "--format", "json"]);
        import.args(["--jobs", &args.jobs.to_string()]).arg(&logs);
        let done = import.output()?;
        let (took, cpu) = (began.elapsed(), Cpu::of_children()?.since(before).whole());
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let report: serde_json::Value = serde_json::from_slice(&done.stdout)?;
        let told = |path: &str| report.pointer(path).and_then(serde_json::Value::as_u64);
        ensure!(told("/rows") == Some(rows) && told("/damage/places") == Some(0), "{report}");
        println!(
            "{what:<28} {:>7.1} s {:>8.0} MB/s   {:.0} MB a core-second, {:.1} million points/s, {:.2} of reading",
            took.as_secs_f64(),
            rate(bytes, took),
            rate(bytes, cpu),
            (rows * args.keys) as f64 / took.as_secs_f64() / 1e6,
            read.as_secs_f64() / took.as_secs_f64()
        );
    }
    Ok(())
}

fn rate(bytes: u64, took: Duration) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64()
}

/// Writes the logs; gives their bytes and rows.
fn write_logs(args: &Args, folder: &Path) -> Result<(u64, u64)> {
    let (mut bytes, mut rows) = (0, 0);
    for run in 0..args.runs {
        let name = format!("offline-run-20260921_{run:06}-run{run}");
        let folder = folder.join(&name);
        std::fs::create_dir_all(&folder)?;
        let file = File::create_new(folder.join(format!("run-run{run}.wandb")))?;
        let mut log = Log { out: BufWriter::new(file), at: 0 };
        log.begin(run)?;
        let mut row = 0;
        while (log.at as u64) < args.megabytes * 1_000_000 / args.runs {
            log.row(run, row, args.keys)?;
            row += 1;
        }
        log.add(18, &[])?;
        log.out.flush()?;
        bytes += log.at as u64;
        rows += row;
    }
    Ok((bytes, rows))
}

/// A log on its way to a file.
struct Log<W> {
    out: W,
    at: usize,
}

impl<W: Write> Log<W> {
    fn begin(&mut self, run: u64) -> Result<()> {
        self.put(b":W&B\xe1\xbe\x00")?;
        let start = number(1, START + run);
        let id = format!("run{run}");
        let facts = [field(1, id.as_bytes()), field(3, b"bench"), field(13, b"host"), field(17, &start)];
        self.add(17, &facts.concat())?;
        let writer = format!("writer-{run}");
        self.add(26, &[field(3, &start), field(199, writer.as_bytes())].concat())
    }

    fn row(&mut self, run: u64, row: u64, keys: u64) -> Result<()> {
        let runtime = row as f64 / 64.0;
        let clock = [
            item(&["_wandb", "runtime"], &format!("{runtime:.0}")),
            item(&["_runtime"], &format!("{runtime:.0}")),
        ];
        self.add(3, &clock.concat())?;
        let mut items: Vec<u8> = Vec::new();
        for key in 0..keys {
            let value = 2.0 / (1.0 + row as f64 * 1e-3) + 0.1 * noise(row * 31 + key);
            items.extend(item(&[&format!("metric/{key}")], &value.to_string()));
        }
        items.extend(item(&["_timestamp"], &((START + run) as f64 + runtime).to_string()));
        items.extend(item(&["_runtime"], &runtime.to_string()));
        items.extend(item(&["_step"], &row.to_string()));
        self.add(3, &items)?;
        self.add(2, &items)
    }

    /// Adds a record with one message, in as many chunks as blocks ask for.
    fn add(&mut self, name: u32, message: &[u8]) -> Result<()> {
        let record = field(name, message);
        let mut rest = record.as_slice();
        let mut is_first = true;
        loop {
            let left = BLOCK - self.at % BLOCK;
            if left < CHUNK_HEAD {
                self.put(&vec![0; left])?;
                continue;
            }
            let (part, more) = rest.split_at(rest.len().min(left - CHUNK_HEAD));
            let kind: u8 = match (is_first, more.is_empty()) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            let mut crc = crc32fast::Hasher::new();
            crc.update(&[kind]);
            crc.update(part);
            self.put(&crc.finalize().to_le_bytes())?;
            self.put(&u16::try_from(part.len())?.to_le_bytes())?;
            self.put(&[kind])?;
            self.put(part)?;
            (rest, is_first) = (more, false);
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes)?;
        self.at += bytes.len();
        Ok(())
    }
}

fn item(path: &[&str], json: &str) -> Vec<u8> {
    let parts = path.iter().map(|part| field(2, part.as_bytes()));
    let item: Vec<u8> = parts.chain([field(16, json.as_bytes())]).flatten().collect();
    field(1, &item)
}

fn field(name: u32, bytes: &[u8]) -> Vec<u8> {
    [varint(u64::from(name) << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn number(name: u32, value: u64) -> Vec<u8> {
    [varint(u64::from(name) << 3), varint(value)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
    out
}

/// How long it takes to read all bytes and take their CRC-32, on as many threads.
fn checked(args: &Args, folder: &Path) -> Result<Duration> {
    let mut files = Vec::new();
    for run in std::fs::read_dir(folder)? {
        for file in std::fs::read_dir(run?.path())? {
            files.push(file?.path());
        }
    }
    let began = Instant::now();
    std::thread::scope(|scope| {
        let shares = files.chunks(files.len().div_ceil(usize::try_from(args.jobs)?.max(1)));
        let threads: Vec<_> = shares.map(|share| scope.spawn(|| crc_of(share))).collect();
        for thread in threads {
            thread.join().map_err(|_panicked| anyhow::anyhow!("a thread panicked"))??;
        }
        Ok(began.elapsed())
    })
}

fn crc_of(files: &[PathBuf]) -> Result<u32> {
    let mut crc = crc32fast::Hasher::new();
    let mut piece = vec![0; 256 << 10];
    for path in files {
        let mut file = File::open(path)?;
        loop {
            let count = file.read(&mut piece)?;
            match piece.get(..count) {
                None | Some([]) => break,
                Some(bytes) => crc.update(bytes),
            }
        }
    }
    Ok(crc.finalize())
}
