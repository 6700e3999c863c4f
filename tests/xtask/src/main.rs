//! `cargo xtask`: the simulator and the schedules by seed, the server under load, fuzzing, and their ledger.
#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

mod commit;
mod fuzz;
mod ledger;
mod mutants;
mod schedules;
mod sim;
mod soak;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Runs the simulator, the server under load, and the fuzzer")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs drawn scenarios on the simulated disk; the same commit and seed do the same
    Sim(sim::Sim),
    /// Runs one drawn order of the steps of the engine's threads
    Schedule(schedules::Schedule),
    /// Runs the real server under load, kills and full disks, or the engine's threads in drawn orders of
    /// their steps, and notes it in tests/sim/ledger.csv
    Soak(soak::Soak),
    /// Changes the log, the manifest and recovery in one place at a time and sees that tests notice
    Mutants(mutants::Mutants),
    /// Feeds a property of `fuzz/` with what libFuzzer makes up, and notes it in the ledger
    Fuzz(fuzz::Fuzz),
}

fn main() -> anyhow::Result<()> {
    match Args::parse().task {
        Task::Sim(sim) => sim.run(),
        Task::Schedule(schedule) => schedule.run(),
        Task::Soak(soak) => soak.run(),
        Task::Mutants(mutants) => mutants.run(),
        Task::Fuzz(fuzz) => fuzz.run(),
    }
}
