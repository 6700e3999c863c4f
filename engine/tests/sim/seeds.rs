//! T3: workloads, sizes and faults drawn from a seed. A failing seed is named and stays the same.

use std::cell::RefCell;

use engine::disk::sim::{Chance, EIO, ENOSPC, Failure, Image};
use engine::{Error, Options};

use super::driver::{Case, Driver, Step, small_options};
use super::verify::{look, verify};

/// Which faults a seed draws from (RELIABILITY 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    Crash,
    Errors,
    Full,
    Rot,
    All,
}

impl Profile {
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

fn drawn_options(chance: &mut Chance) -> Options {
    let mut options = small_options();
    options.segment_bytes_min = 4096 << chance.below(3);
    options.segment_bytes_max = options.segment_bytes_min << chance.below(3);
    options
}

fn drawn_step(chance: &mut Chance, profile: Profile) -> Step {
    match chance.below(20) {
        0 => Step::Close,
        1..3 => Step::Open,
        3..6 => Step::Idle,
        6 if profile == Profile::Crash || profile == Profile::All => {
            let jump = [-3_600_000_000_000, 0, 315_360_000_000_000_000, 1];
            Step::SetWall(jump[usize::try_from(chance.below(4)).unwrap()])
        }
        _ => {
            let batches = 1 + chance.below(3);
            let bytes = [10, 100, 1000, 5000][usize::try_from(chance.below(4)).unwrap()];
            Step::Commit((0..batches).map(|_| (1 + chance.below(3) as usize, bytes)).collect())
        }
    }
}

/// Plans the faults of one life of a process, in its next operations.
fn plan(driver: &Driver, chance: &mut Chance, profile: Profile) {
    let disk = &driver.disk;
    let mut at = || chance.below(120);
    let (stop, error, short) = (at(), at(), at());
    let stops = matches!(profile, Profile::Crash | Profile::All);
    let errors = matches!(profile, Profile::Errors | Profile::All);
    if stops {
        disk.plan(stop..stop + 1, if chance.one_in(2) { Failure::StopBefore } else { Failure::StopAfter });
    }
    if errors && chance.one_in(2) {
        let errno = if chance.one_in(3) { ENOSPC } else { EIO };
        let reached = if chance.one_in(2) { Image::AllLost } else { Image::Drawn(chance.draw()) };
        let end = if chance.one_in(2) { error + 1 } else { u64::MAX };
        disk.plan(error..end, Failure::Error { errno, reached });
    }
    if errors && chance.one_in(3) {
        disk.plan(short..short + 1, Failure::Short);
    }
    if matches!(profile, Profile::Full) || (profile == Profile::All && chance.one_in(4)) {
        disk.limit(Some((8 + chance.below(24)) * 4096));
    }
}

/// One seed: a few lives of a store on one disk, each ended by a fault, each checked.
pub(super) fn simulate(seed: u64) {
    let mut chance = Chance::new(seed);
    let profile = Profile::drawn(&mut chance);
    let mut driver = Driver::new(drawn_options(&mut chance));
    let lives = 1 + chance.below(4);
    let trace = RefCell::new(Vec::new());
    let _case = Case(|| format!("seed {seed:#x}, {profile:?}\n{}", trace.borrow().join("\n")));
    for life in 0..lives {
        trace.borrow_mut().push(format!("life {life} of {lives}"));
        let step = |driver: &mut Driver, step: Step| {
            let first = driver.disk.op_count();
            driver.step(&step);
            trace.borrow_mut().push(format!("{step:?}: operations {first}..{}", driver.disk.op_count()));
        };
        driver.disk.limit(None);
        plan(&driver, &mut chance, profile);
        step(&mut driver, Step::Open);
        for _ in 0..chance.below(30) {
            step(&mut driver, drawn_step(&mut chance, profile));
        }
        let core = driver.core.take();
        if let Some(core) = core.filter(|_| !driver.disk.is_off()) {
            look(&core.snapshot());
        }
        driver.disk.limit(None);
        driver.disk.forget_plans();
        match chance.below(4) {
            0 => step(&mut driver, Step::Kill),
            _ => step(&mut driver, Step::PowerLoss(Image::Drawn(chance.draw()))),
        }
        verify(&driver, driver.disk.after_kill());
        if profile == Profile::Rot {
            rot(&mut driver, &mut chance);
        }
    }
}

/// One flipped bit, one lost or one misplaced sector, after everything was proven: it is reported
/// or harmless, never wrong (D6).
fn rot(driver: &mut Driver, chance: &mut Chance) {
    let mut proven = driver.fork(driver.disk.after_kill());
    proven.open();
    let is_closed = chance.one_in(2);
    if is_closed {
        proven.step(&Step::Close);
    } else {
        (0..chance.below(6)).for_each(|_| proven.step(&Step::Commit(vec![(2, 100)])));
        proven.step(&Step::Idle);
        proven.core = None;
    }
    let files: Vec<_> = proven
        .disk
        .files()
        .into_iter()
        .filter(|(path, bytes)| path.name() != "LOCK" && !bytes.is_empty())
        .collect();
    for _ in 0..3 {
        let (path, bytes) = &files[usize::try_from(chance.below(files.len() as u64)).unwrap()];
        let at = usize::try_from(chance.below(bytes.len() as u64)).unwrap();
        let kind = chance.below(3);
        let _case = Case(|| format!("rot of kind {kind} at byte {at} of {path}"));
        let disk = proven.disk.after_image(Image::AllLost);
        let sector = at / 512 * 512..(at / 512 * 512 + 512).min(bytes.len());
        // Of a store that was not closed, the sector of the last close mark may be that of the last
        // group too: when both go, nothing shows any more that there was a group.
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let is_last = files.iter().rfind(|(path, _)| path.as_str().starts_with("log/"));
        let holds_mark = is_last.is_some_and(|(last, _)| last == path) && sector.end + 36 > end;
        if !is_closed && kind > 0 && holds_mark {
            continue;
        }
        disk.rot(path, |bytes| match kind {
            0 => bytes[at] ^= 1 << chance.below(8),
            1 => bytes[sector].fill(0),
            _ => bytes.copy_within(sector, 0),
        });
        let mut after = proven.fork(disk);
        match after.try_open() {
            Ok(core) => after.journal.settle(&look(&core.snapshot())),
            Err(Error::Damaged(_) | Error::TooNew { .. }) => {}
            Err(other) => unreachable!("{other:?}"),
        }
    }
}

fn number(text: &str) -> u64 {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).unwrap(),
        None => text.parse().unwrap(),
    }
}

/// How many seeds to run, from which on: `WBQ_SEEDS=0x51c3` or `WBQ_SEEDS=1000..2000`; by default
/// the first two thousand.
fn wanted() -> std::ops::Range<u64> {
    match std::env::var("WBQ_SEEDS") {
        Err(_) => 0..2000,
        Ok(text) => match text.split_once("..") {
            Some((from, to)) => number(from)..number(to),
            None => number(&text)..number(&text) + 1,
        },
    }
}

#[test]
fn t3_seeds_that_once_failed() {
    let seeds = include_str!("regressions.txt").lines().filter_map(|line| line.split_whitespace().next());
    seeds.filter(|word| *word != "#").for_each(|seed| simulate(number(seed)));
}

#[test]
fn t3_seeds() {
    wanted().for_each(simulate);
}

#[test]
fn the_same_seed_does_the_same() {
    for seed in 0..20 {
        let trace = || {
            let mut chance = Chance::new(seed);
            let mut driver = Driver::new(drawn_options(&mut chance));
            plan(&driver, &mut chance, Profile::All);
            driver.step(&Step::Open);
            (0..20).for_each(|_| driver.step(&drawn_step(&mut chance, Profile::All)));
            (driver.disk.ops(), driver.disk.after_image(Image::Drawn(seed)).files())
        };
        assert!(trace() == trace(), "seed {seed}");
    }
}
