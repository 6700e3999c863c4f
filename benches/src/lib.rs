//! What the benchmark programs share: the data they write, and how figures are told.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

mod body;
pub mod duckdb;
pub mod entropy;
pub mod peers;
pub mod population;
pub mod server;
#[cfg(feature = "server")]
pub mod trainer;

pub use body::{KeyOrder, history_body};

use std::path::Path;
use std::time::{Duration, Instant};

use engine::{
    Batch, BlockBuilder, Body, Chunk, Event, Options, ProjectCreated, ProjectKey, Rows, RunCreated, RunKey,
    RunPath, State, Store, Subject,
};

/// The run that writer `writer` logs to.
#[must_use]
pub fn run_key(writer: usize) -> RunKey {
    RunPath::new(ProjectKey::new("bench", "p"), format!("run{writer}")).generation(1)
}

/// An event that the benchmark caused.
pub fn event(subject: impl Into<Subject>, body: Body) -> Event {
    Event { subject: subject.into(), received: 1, actor: "bench".into(), body }
}

/// Makes a project and `runs` runs in it.
///
/// # Errors
///
/// As the store says.
pub fn begin_runs(store: &Store, runs: usize) -> engine::Result<()> {
    let project = ProjectCreated { description: "".into() };
    let mut events = vec![event(ProjectKey::new("bench", "p"), Body::ProjectCreated(project))];
    events.extend((0..runs).map(|run| {
        event(run_key(run), Body::RunCreated(RunCreated { source: "bench".into(), state: State::Running }))
    }));
    store.append_blocking(Batch::new(events)).map(|_| ())
}

/// A batch of `rows` rows of `keys` metrics each, the step and two times beside them, from line
/// `first_line` on.
#[must_use]
pub fn rows(writer: usize, first_line: u64, rows: u32, keys: usize) -> Batch {
    let names: Vec<String> = (0..keys).map(|key| format!("metric/{key}")).collect();
    let mut block = BlockBuilder::new();
    for row in 0..rows {
        let step = first_line + u64::from(row);
        block.begin_row();
        block.push_int("_step", i64::try_from(step).unwrap_or(i64::MAX));
        for (key, name) in (0u64..).zip(&names) {
            block.push_float(name, noise(step * 31 + key));
        }
    }
    let chunk = Chunk { writer: "".into(), first_line, lines: rows, hash: noise(first_line).to_bits() };
    Batch::new(vec![event(run_key(writer), Body::Logged(Rows { chunk, rows, block: block.finish() }))])
}

/// A number between 0 and 1 that looks like a loss: its digits do not repeat.
#[must_use]
pub fn noise(seed: u64) -> f64 {
    let mut x = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (x >> 11) as f64 / (1u64 << 53) as f64
}

/// Prints the middle and the tail of a set of durations, in microseconds.
pub fn tell(what: &str, durations: &mut [Duration]) -> Duration {
    durations.sort_unstable();
    let at = |part: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
        let index = ((durations.len() as f64 * part) as usize).min(durations.len().saturating_sub(1));
        durations.get(index).copied().unwrap_or_default()
    };
    let micros = |duration: Duration| duration.as_secs_f64() * 1e6;
    println!(
        "{what:<44} p50 {:>9.1} µs   p99 {:>9.1} µs   n {}",
        micros(at(0.5)),
        micros(at(0.99)),
        durations.len()
    );
    at(0.5)
}

/// Makes a file or folder unless it is there. One that is cut short is begun again the next time.
///
/// # Errors
///
/// As `make` says; the folder cannot be written to.
pub fn kept(path: &Path, make: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let half = path.with_extension("half");
    if half.is_dir() {
        std::fs::remove_dir_all(&half)?;
    } else if half.exists() {
        std::fs::remove_file(&half)?;
    }
    let began = Instant::now();
    make(&half)?;
    std::fs::rename(&half, path)?;
    println!("{} made in {:.0} s", path.display(), began.elapsed().as_secs_f64());
    Ok(())
}

/// Makes a store with so many bytes of log that is not compacted: rows of ten metrics, 100 runs in turn.
///
/// # Errors
///
/// As the store says.
pub fn make_log(bytes: u64, path: &Path) -> engine::Result<()> {
    const RUNS: usize = 100;
    let store = Store::open(Options::new(path))?;
    begin_runs(&store, RUNS)?;
    let written = || -> u64 { store.snapshot().segments().iter().map(|segment| segment.bytes).sum() };
    let mut turn = 0u64;
    while written() < bytes {
        for run in 0..RUNS {
            store.append_blocking(rows(run, turn * 100, 100, 10))?;
        }
        turn += 1;
    }
    store.close()
}
