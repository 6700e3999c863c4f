//! T3: drawn workloads and faults, the seeds that once failed, and that a seed means one thing.

use wbq_sim::driver::Case;
use wbq_sim::seeds::{Scenario, Trace};

/// Seeds of a CI run; they are shared among tests, which run side by side.
const SEEDS: u64 = 20_000;

fn number(text: &str) -> u64 {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).unwrap(),
        None => text.parse().unwrap(),
    }
}

fn simulate(seed: u64) -> u64 {
    run(&Scenario::drawn(seed, None))
}

fn run(scenario: &Scenario) -> u64 {
    let _case = Case(|| format!("cargo xtask sim --seed {:#x}", scenario.seed));
    let mut trace = Trace::default();
    scenario.run(&mut trace);
    trace.hash()
}

/// One seed in a hundred is run twice: it must do the same.
fn simulate_all(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let hash = simulate(seed);
        assert!(seed % 100 != 0 || simulate(seed) == hash, "seed {seed:#x} did not do the same twice");
    }
}

#[test]
fn t3_seeds_that_once_failed() {
    let seeds = include_str!("../regressions.txt").lines().filter_map(|line| line.split_whitespace().next());
    for seed in seeds.filter(|word| *word != "#").map(number) {
        simulate(seed);
        run(&Scenario::without_erasing(seed, None));
    }
}

#[test]
fn t3_seeds_of_the_first_half() {
    simulate_all(0..SEEDS / 2);
}

#[test]
fn t3_seeds_of_the_second_half() {
    simulate_all(SEEDS / 2..SEEDS);
}

#[test]
#[expect(clippy::print_stdout, reason = "how often is for people")]
fn t3_seeds_reach_merged_table_files_erased_runs_and_logs_without_their_beginning() {
    let mut trace = Trace::default();
    (0..400).for_each(|seed| Scenario::drawn(seed, None).run(&mut trace));
    let Trace { merged, erased, cut_short, dropped, .. } = trace;
    println!("{merged} merged files, {erased} erased runs, {cut_short} cut short, {dropped} logs cut");
    assert!(merged >= 10 && erased >= 10 && cut_short >= 10 && dropped >= 10);
}

#[test]
fn the_same_seed_does_the_same() {
    let lines = |seed| {
        let mut trace = Trace::with_lines();
        Scenario::drawn(seed, None).run(&mut trace);
        (trace.hash(), trace.lines)
    };
    for seed in 0..20 {
        assert!(lines(seed) == lines(seed), "seed {seed}");
    }
    assert!(lines(1) != lines(2));
}
