//! `cargo xtask sim`: seeds on all cores; what fails is made small and printed.

use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use wbq_sim::seeds::{Profile, Scenario, Trace};
use wbq_sim::shrink::shrink;

use crate::commit::commit;
use crate::ledger;

/// Seeds of one hundred that are run twice, to see that they do the same.
const TWICE_EVERY: u64 = 100;

#[derive(clap::Args)]
pub(crate) struct Sim {
    /// One seed, as 0x51c3 or 20931
    #[arg(long, value_parser = number, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Seeds from A up to, not with, B
    #[arg(long, value_name = "A..B", value_parser = range)]
    seeds: Option<Range<u64>>,
    /// Stop after so many minutes; without --seeds there is no other end
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// Draw faults of this profile instead of the one that the seed draws
    #[arg(long, value_parser = Profile::NAMED.map(|(name, _)| name))]
    profile: Option<String>,
    /// Print each step with its operations
    #[arg(long)]
    trace: bool,
    /// Note the run in tests/sim/ledger.csv
    #[arg(long, conflicts_with = "seed")]
    ledger: bool,
}

/// What a run of many seeds came to.
#[derive(Debug, Default)]
struct Outcome {
    runs: u64,
    failed: Vec<u64>,
}

impl Sim {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let profile = self.profile()?;
        if let Some(seed) = self.seed {
            return one(seed, profile, self.trace);
        }
        let seeds = match (&self.seeds, self.minutes) {
            (Some(seeds), _) => seeds.clone(),
            (None, Some(_)) => 0..u64::MAX,
            (None, None) => bail!("say --seed, --seeds or --minutes"),
        };
        let minutes = self.minutes.map(|minutes| Duration::from_secs(60 * minutes));
        let began = Instant::now();
        let outcome = many(seeds, profile, minutes);
        let seconds = began.elapsed().as_secs_f64();
        println!(
            "commit {}: {} seeds in {seconds:.1} s, {} failed",
            commit(),
            outcome.runs,
            outcome.failed.len()
        );
        if self.ledger {
            ledger::append("seeds", outcome.runs, outcome.failed.len() as u64, seconds)?;
        }
        for seed in outcome.failed.iter().take(3) {
            explain(*seed, profile);
        }
        if outcome.failed.is_empty() { Ok(()) } else { bail!("failed: {:x?}", outcome.failed) }
    }

    fn profile(&self) -> anyhow::Result<Option<Profile>> {
        let Some(wanted) = &self.profile else { return Ok(None) };
        let found = Profile::NAMED.into_iter().find(|(name, _)| name == wanted);
        found.map(|(_, profile)| Some(profile)).context("an unknown profile")
    }
}

/// Runs one seed and prints what it is and did.
fn one(seed: u64, profile: Option<Profile>, trace: bool) -> anyhow::Result<()> {
    let scenario = Scenario::drawn(seed, profile);
    println!("commit {}, seed {seed:#x}, profile {:?}", commit(), scenario.profile);
    println!("segments of {:?} bytes, {} lives", scenario.segment_bytes, scenario.lives.len());
    let mut done = if trace { Trace::with_lines() } else { Trace::default() };
    let result = panic::catch_unwind(AssertUnwindSafe(|| scenario.run(&mut done)));
    done.lines.iter().flatten().for_each(|line| println!("{line}"));
    if result.is_err() {
        explain(seed, profile);
        bail!("seed {seed:#x} fails");
    }
    println!("{} operations, trace {:016x}", done.ops, done.hash());
    Ok(())
}

/// Runs seeds on all cores until they or the time are used up.
fn many(seeds: Range<u64>, profile: Option<Profile>, time: Option<Duration>) -> Outcome {
    let began = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let outcome = Mutex::new(Outcome::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || time.is_some_and(|time| began.elapsed() >= time) {
                break;
            }
            let fine = passes(seed, profile);
            let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
            outcome.runs += 1;
            if !fine {
                outcome.failed.push(seed);
            }
        }
    };
    quietly(|| {
        thread::scope(|scope| {
            (0..thread::available_parallelism().map_or(1, usize::from)).for_each(|_| {
                scope.spawn(work);
            });
        });
    });
    outcome.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn passes(seed: u64, profile: Option<Profile>) -> bool {
    let run = || {
        let mut trace = Trace::default();
        Scenario::drawn(seed, profile).run(&mut trace);
        trace.hash()
    };
    let hash = panic::catch_unwind(run).ok();
    hash.is_some() && (!seed.is_multiple_of(TWICE_EVERY) || panic::catch_unwind(run).ok() == hash)
}

/// Makes a failing scenario small and prints it as a list of steps, with what broke.
fn explain(seed: u64, profile: Option<Profile>) {
    let scenario = Scenario::drawn(seed, profile);
    let fails = |scenario: &Scenario| {
        panic::catch_unwind(AssertUnwindSafe(|| scenario.run(&mut Trace::default()))).is_err()
    };
    if !quietly(|| fails(&scenario)) {
        println!("seed {seed:#x} did not do the same twice");
        return;
    }
    let smallest = quietly(|| shrink(&scenario, fails));
    println!(
        "seed {seed:#x}, {:?}, segments of {:?} bytes, made small:",
        scenario.profile, smallest.segment_bytes
    );
    let mut trace = Trace::with_lines();
    let broken = panic::catch_unwind(AssertUnwindSafe(|| smallest.run(&mut trace)));
    trace.lines.iter().flatten().for_each(|line| println!("{line}"));
    assert!(broken.is_err(), "the smallest scenario fails");
    println!("a line for tests/sim/regressions.txt: {seed:#x} <what it showed>");
}

/// Does something without a word about each panic.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let done = work();
    panic::set_hook(hook);
    done
}

pub(crate) fn number(text: &str) -> Result<u64, std::num::ParseIntError> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    }
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("a range is written A..B")?;
    let number = |text| number(text).map_err(|error| error.to_string());
    Ok(number(from)?..number(to)?)
}
