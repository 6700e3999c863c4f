//! T3: scenarios drawn from a seed: sizes, workload, faults (RELIABILITY 2.2). What a seed means is
//! drawn before anything runs, so a scenario that fails can be cut down (`shrink.rs`) and printed.
//!
//! ```text
//!  seed ──► Scenario: lives ──► run: faults planned, steps, an end, every invariant ──► Trace: hash
//! ```

mod erasing;
mod rot;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use engine::Options;
use engine::disk::sim::{Chance, EIO, ENOSPC, Failure, Image, Op};

use crate::driver::{Driver, Step, merging_options, small_options};
use crate::verify::verify;
pub use rot::Rots;

/// Which faults a seed draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of RELIABILITY 2.2")]
pub enum Profile {
    Crash,
    Errors,
    Full,
    Rot,
    All,
}

impl Profile {
    /// All of them, with the names that `cargo xtask sim --profile` takes.
    pub const NAMED: [(&str, Self); 5] = [
        ("crash", Self::Crash),
        ("errors", Self::Errors),
        ("full", Self::Full),
        ("rot", Self::Rot),
        ("all", Self::All),
    ];

    fn drawn(chance: &mut Chance) -> Self {
        match chance.below(100) {
            0..40 => Self::Crash,
            40..60 => Self::Errors,
            60..70 => Self::Full,
            70..85 => Self::Rot,
            _ => Self::All,
        }
    }
}

/// Something that happens to one life of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// At these operations of the disk.
    Ops(std::ops::Range<u64>, Failure),
    /// The disk has so many blocks of 4096 bytes.
    Room(u64),
}

/// From an opening to a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What is done after the opening.
    pub steps: Vec<Step>,
    /// How it ends.
    pub end: Step,
    /// What rots in copies of what is left.
    pub rots: Option<Rots>,
}

/// A few lives of a store on one disk, each ended by a fault, each checked.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Where it is from.
    pub seed: u64,
    /// What it draws from.
    pub profile: Profile,
    /// The smallest and the largest segment.
    pub segment_bytes: (u64, u64),
    /// Table files are so small that a few are merged.
    pub merges: bool,
    /// How long the log is kept; none: as long as it is by itself.
    pub keep_log: Option<Duration>,
    /// How long deleted runs are kept; none: as long as they are by themselves.
    pub keep_deleted: Option<Duration>,
    /// Some of the runs that begin go on from others.
    pub forks: bool,
    /// One after the other.
    pub lives: Vec<Life>,
}

/// What a scenario did: the same commit and seed give the same hash.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    hasher: DefaultHasher,
    /// Operations of the disk.
    pub ops: usize,
    /// Merged table files that stood when a life ended well.
    pub merged: usize,
    /// Runs that had been erased to the end when a life ended well.
    pub erased: usize,
    /// Openings that found a run being erased.
    pub cut_short: usize,
    /// Lives that ended well without the beginning of their log.
    pub dropped: usize,
    /// A line for each step, when they are wanted.
    pub lines: Option<Vec<String>>,
}

impl Trace {
    /// A trace that keeps a line for each step.
    #[must_use]
    pub fn with_lines() -> Self {
        Self { lines: Some(Vec::new()), ..Self::default() }
    }

    /// Of all operations with their places, and of what the files held at the end.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(line());
        }
    }

    fn take(&mut self, ops: &[Op]) {
        self.ops += ops.len();
        for op in ops {
            (op.kind as u8, op.path.as_str(), op.offset, op.len).hash(&mut self.hasher);
        }
    }
}

impl Scenario {
    /// What a seed means; `profile` instead of the drawn one, where there is one.
    #[must_use]
    pub fn drawn(seed: u64, profile: Option<Profile>) -> Self {
        let mut scenario = Self::without_erasing(seed, profile);
        erasing::add(&mut scenario);
        scenario
    }

    /// What a seed meant before runs were erased and the log was dropped: still what one in two does.
    #[must_use]
    pub fn without_erasing(seed: u64, profile: Option<Profile>) -> Self {
        let mut chance = Chance::new(seed);
        let drawn = Profile::drawn(&mut chance);
        let profile = profile.unwrap_or(drawn);
        let smallest = 4096 << chance.below(3);
        let segment_bytes = (smallest, smallest << chance.below(3));
        let lives = 1 + chance.below(4);
        let lives = (0..lives).map(|_| Life::drawn(&mut chance, profile)).collect();
        let merges = chance.one_in(2);
        Self {
            seed,
            profile,
            segment_bytes,
            merges,
            keep_log: None,
            keep_deleted: None,
            forks: Chance::new(seed.rotate_left(32)).one_in(3),
            lives,
        }
    }

    fn options(&self) -> Options {
        let mut options = if self.merges { merging_options() } else { small_options() };
        (options.segment_bytes_min, options.segment_bytes_max) = self.segment_bytes;
        options.keep_log = self.keep_log.or(options.keep_log);
        options.keep_deleted = self.keep_deleted.or(options.keep_deleted);
        options
    }

    /// Runs it and checks every invariant there is.
    ///
    /// # Panics
    ///
    /// When one does not hold.
    pub fn run(&self, trace: &mut Trace) {
        let mut driver = Driver::new(self.options());
        driver.forks = self.forks;
        for (number, life) in self.lives.iter().enumerate() {
            trace.say(|| format!("life {number}, faults {:?}", life.faults));
            life.run(&mut driver, trace);
        }
        for (path, bytes) in driver.disk.files() {
            (path.as_str(), bytes).hash(&mut trace.hasher);
        }
    }
}

impl Life {
    fn drawn(chance: &mut Chance, profile: Profile) -> Self {
        let faults = drawn_faults(chance, profile);
        let steps = (0..chance.below(30)).map(|_| drawn_step(chance, profile)).collect();
        let end = match chance.below(4) {
            0 => Step::Kill,
            _ => Step::PowerLoss(Image::Drawn(chance.draw())),
        };
        let rots = (profile == Profile::Rot).then(|| Rots::drawn(chance));
        Self { faults, steps, end, rots }
    }

    fn run(&self, driver: &mut Driver, trace: &mut Trace) {
        driver.disk.limit(None);
        for fault in &self.faults {
            match fault {
                Fault::Ops(ops, failure) => driver.disk.plan(ops.clone(), *failure),
                Fault::Room(blocks) => driver.disk.limit(Some(blocks * 4096)),
            }
        }
        for step in std::iter::once(&Step::Open).chain(&self.steps) {
            let first = driver.disk.op_count();
            driver.step(step);
            trace.say(|| format!("  {step:?}: operations {first}..{}", driver.disk.op_count()));
            trace.cut_short += usize::from(*step == Step::Open && driver.journal.erased().1 > 0);
        }
        if let Some(snapshot) = driver.look() {
            trace.merged += snapshot.table_files().iter().filter(|file| file.level > 0).count();
            trace.erased += driver.journal.erased().0;
            trace.dropped += usize::from(snapshot.segments()[0].first_lsn.0 > 1);
        }
        driver.core = None;
        trace.take(&driver.disk.ops());
        driver.disk.limit(None);
        driver.disk.forget_plans();
        driver.step(&self.end);
        trace.say(|| format!("  {:?}", self.end));
        verify(driver, driver.disk.after_kill());
        if let Some(rots) = &self.rots {
            rots.run(driver);
        }
    }
}

/// The faults of one life, in its first operations.
fn drawn_faults(chance: &mut Chance, profile: Profile) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut at = || chance.below(120);
    let (stop, error, short) = (at(), at(), at());
    let stops = matches!(profile, Profile::Crash | Profile::All);
    let errors = matches!(profile, Profile::Errors | Profile::All);
    if stops {
        let failure = if chance.one_in(2) { Failure::StopBefore } else { Failure::StopAfter };
        faults.push(Fault::Ops(stop..stop + 1, failure));
    }
    if errors && chance.one_in(2) {
        let errno = if chance.one_in(3) { ENOSPC } else { EIO };
        let reached = if chance.one_in(2) { Image::AllLost } else { Image::Drawn(chance.draw()) };
        let end = if chance.one_in(2) { error + 1 } else { u64::MAX };
        faults.push(Fault::Ops(error..end, Failure::Error { errno, reached }));
    }
    if errors && chance.one_in(3) {
        faults.push(Fault::Ops(short..short + 1, Failure::Short));
    }
    if matches!(profile, Profile::Full) || (profile == Profile::All && chance.one_in(4)) {
        faults.push(Fault::Room(8 + chance.below(24)));
    }
    faults
}

fn drawn_step(chance: &mut Chance, profile: Profile) -> Step {
    match chance.below(20) {
        0 => Step::Close,
        1..3 => Step::Open,
        3..5 => Step::Idle,
        5 => Step::Compact,
        6 if profile == Profile::Crash || profile == Profile::All => {
            let jump = [-3_600_000_000_000, 0, 315_360_000_000_000_000, 1];
            Step::SetWall(jump[place(chance.below(4))])
        }
        _ => {
            let batches = 1 + chance.below(3);
            let bytes = [10, 100, 1000, 5000][place(chance.below(4))];
            Step::Commit((0..batches).map(|_| (1 + place(chance.below(3)), bytes)).collect())
        }
    }
}

/// An index, from a small drawn number.
fn place(drawn: u64) -> usize {
    usize::try_from(drawn).unwrap()
}
