//! How long a moment of the past takes, and the events of one run.
//!
//! ```text
//! cargo run --release -p wbq-benches --no-default-features --bin past -- --dir /some/disk
//! ```
//!
//! 100,000 runs of 100 keys, compacted (goal: `runs_at` in at most a second). A moment is what stands now
//! but for the runs that something happened to since, so it is asked for at five positions of a store in
//! which a run rests once it has ended, and then at the last of them again, after a tag was set on every
//! run: then all events of all runs are folded, which is the worst there is.
#![expect(clippy::print_stdout, reason = "benchmarks print their figures")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use engine::{
    Attribute, Batch, Body, Lsn, Moment, Options, RunChanged, Snapshot, Store, Subject, Value, Whose,
};
use wbq_benches::event;
use wbq_benches::population::Population;
use wbq_benches::server::anonymous_bytes;

/// Moments of the past
#[derive(Parser)]
struct Args {
    /// Where to write; a folder in it is made and removed
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Runs, of 100 keys each
    #[arg(long, default_value_t = 100_000)]
    runs: u64,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let folder = tempfile::tempdir_in(&args.dir)?;
    let path = folder.path().join("store");
    let population = Population { runs: args.runs, points: 0, projects: 10 };
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let store = Store::open(Options::new(&path))?;
    population.store(&store)?;
    runtime.block_on(store.compact())?;
    store.close()?;

    let store = Store::open(Options::new(&path))?;
    let now = store.snapshot();
    println!("{} runs of 100 keys, {} events", args.runs, now.durable);
    for part in 0..5 {
        moment(&now, Lsn(1 + (now.durable.0 - 1) * part / 4), "of a store whose runs rest")?;
    }
    of_one_run(&now)?;
    let before = now.durable;
    for first in (0..now.projection.run_count()).step_by(1000) {
        let runs = (first..now.projection.run_count().min(first + 1000))
            .filter_map(|ordinal| now.projection.run_at(ordinal).transpose());
        let tagged = |run: Arc<engine::Run>| {
            let tags = Value::List(vec![Value::text("kept")]);
            event(run.key.clone(), Body::RunChanged(RunChanged { set: vec![(Attribute::Tags, tags)] }))
        };
        let events: Vec<_> = runs.map(|run| run.map(tagged)).collect::<engine::Result<_>>()?;
        store.append_blocking(Batch::new(events))?;
    }
    drop(now);
    moment(&store.snapshot(), before, "before all runs changed, in the log")?;
    runtime.block_on(store.compact())?;
    store.close()?;
    let store = Store::open(Options::new(&path))?;
    moment(&store.snapshot(), before, "before all runs changed, compacted")?;
    Ok(store.close()?)
}

fn moment(now: &Snapshot, at: Lsn, what: &str) -> Result<()> {
    let began = Instant::now();
    let past = now.as_of(Moment::Lsn(at))?;
    let runs = past.projection.run_count();
    let took = began.elapsed().as_secs_f64();
    let mib = anonymous_bytes("self")? as f64 / f64::from(1 << 20);
    println!("event {:>8}, {what:<40} {runs:>7} runs {:>8.1} ms {mib:>8.1} MiB", at.0, took * 1e3);
    Ok(())
}

fn of_one_run(now: &Snapshot) -> Result<()> {
    let Some(run) = now.projection.run_at(now.projection.run_count() / 2)? else { return Ok(()) };
    let key = run.key.clone();
    let whose = Whose::those(move |subject| matches!(subject, Subject::Run(run) if *run == key));
    let began = Instant::now();
    let events = now.recorded_of(Lsn(1), whose).filter(Result::is_ok).count();
    println!("the {events} events of one run {:>8.1} ms", began.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
