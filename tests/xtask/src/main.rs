//! `cargo xtask`: the simulator by seed.
#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

mod commit;
mod sim;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Runs the simulator")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs drawn scenarios on the simulated disk; the same commit and seed do the same
    Sim(sim::Sim),
}

fn main() -> anyhow::Result<()> {
    match Args::parse().task {
        Task::Sim(sim) => sim.run(),
    }
}
