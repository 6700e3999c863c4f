//! `cargo xtask mutants`: the log, the manifest, recovery and user files changed in one place at a time, each
//! time to be noticed by a test (T13). `.cargo/mutants.toml` says what and by which tests.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};

use crate::commit::commit;
use crate::ledger;

#[derive(clap::Args)]
pub(crate) struct Mutants {
    /// A part of all of them, such as 3/20: the fourth of twenty
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
}

impl Mutants {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let began = Instant::now();
        let shard = self.shard.iter().flat_map(|shard| ["--shard", shard, "--sharding", "round-robin"]);
        let mut child = Command::new("cargo")
            .args(["mutants", "--colors", "never", "--no-times"])
            .args(shard)
            .current_dir(root)
            .env_remove("CARGO_TARGET_DIR")
            .stdout(Stdio::piped())
            .spawn()
            .context("start cargo mutants (cargo install cargo-mutants --locked)")?;
        let mut summary = None;
        for line in BufReader::new(child.stdout.take().context("cargo mutants says nothing")?).lines() {
            let line = line.context("read what cargo mutants says")?;
            println!("{line}");
            summary = summary.or_else(|| Summary::read(&line));
        }
        child.wait().context("wait for cargo mutants")?;
        let Summary { tested, missed } = summary.context("cargo mutants ended without a summary")?;
        let seconds = began.elapsed().as_secs_f64();
        println!("commit {}: {missed} of {tested} mutants were not noticed", commit());
        ensure!(tested > 0, "nothing was tested");
        ledger::append("mutants", tested, missed, seconds)
    }
}

/// What was tested; what did not build is not counted.
#[derive(Debug, PartialEq, Eq)]
struct Summary {
    tested: u64,
    missed: u64,
}

impl Summary {
    /// The closing line: `14 mutants tested: 2 missed, 10 caught, 1 timeout, 1 unviable`.
    fn read(line: &str) -> Option<Self> {
        let (tested, outcomes) = line.split_once(" mutants tested")?;
        let tested: u64 = tested.trim().parse().ok()?;
        let outcomes = outcomes.split_once(": ").map_or("", |(_, outcomes)| outcomes);
        let count = |name: &str| {
            let of = outcomes.split(", ").filter_map(|outcome| outcome.split_once(' '));
            of.filter(|(_, named)| *named == name)
                .find_map(|(count, _)| count.parse::<u64>().ok())
                .unwrap_or(0)
        };
        Some(Self { tested: tested.saturating_sub(count("unviable")), missed: count("missed") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_is_read() {
        let line = "14 mutants tested in 2m 3s: 2 missed, 9 caught, 3 unviable";
        assert_eq!(Summary::read(line), Some(Summary { tested: 11, missed: 2 }));
        assert_eq!(Summary::read("14 mutants tested: 14 caught"), Some(Summary { tested: 14, missed: 0 }));
        assert_eq!(Summary::read("Found 933 mutants to test"), None);
    }
}
