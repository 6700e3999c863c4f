//! `cargo xtask fuzz`: a property of `fuzz/`, fed by libFuzzer in a build of its own (fuzz/README.md).

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context as _, bail, ensure};

use crate::commit::commit;
use crate::ledger;

#[derive(clap::Args)]
pub(crate) struct Fuzz {
    /// The target: a file of fuzz/src without its ending
    target: String,
    /// How often the property is tried
    #[arg(long, value_name = "N")]
    runs: u64,
    /// Stops after so many minutes, with fewer runs; what was found is gone on from the next time
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// Where the instrumented build stands and what is found is gathered; else ~/.cache/wbq/fuzz
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Fuzz {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let kept = root.join("fuzz/corpus").join(&self.target);
        ensure!(kept.is_dir(), "there is no target {:?}: no folder {}", self.target, kept.display());
        let dir = self.dir()?;
        let found = dir.join("found").join(&self.target);
        fs::create_dir_all(&found).with_context(|| format!("make {}", found.display()))?;
        let began = Instant::now();
        let (runs, passed) = self.execute(&root, &dir, [&found, &kept])?;
        let seconds = began.elapsed().as_secs_f64();
        let failures = u64::from(!passed);
        println!("commit {}: {runs} executions of {} in {seconds:.1} s", commit(), self.target);
        ensure!(runs > 0, "{} was not executed: it did not build, or failed on its corpus", self.target);
        ledger::append(&format!("fuzz-{}", self.target), runs, failures, seconds)?;
        if passed { Ok(()) } else { bail!("{} failed: see fuzz/artifacts/{}", self.target, self.target) }
    }

    fn dir(&self) -> anyhow::Result<PathBuf> {
        match &self.dir {
            Some(dir) => Ok(dir.clone()),
            None => Ok(Path::new(&env::var_os("HOME").context("HOME is not set")?).join(".cache/wbq/fuzz")),
        }
    }

    /// Runs libFuzzer; gives how often it tried the property, and whether that held.
    fn execute(&self, root: &Path, dir: &Path, corpora: [&PathBuf; 2]) -> anyhow::Result<(u64, bool)> {
        // Without the server: nothing of the query engine is built instrumented.
        let mut child = Command::new("cargo")
            .args(["fuzz", "run", "--sanitizer", "none", "--no-default-features"])
            .args(["--features", "libfuzzer", "--target-dir"])
            .arg(dir.join("target"))
            .arg(&self.target)
            .args(corpora)
            .args(["--", "-print_final_stats=1", "-rss_limit_mb=2048", "-timeout=10"])
            .arg(format!("-runs={}", self.runs))
            .arg(format!("-max_total_time={}", self.minutes.unwrap_or(0) * 60))
            .current_dir(root)
            .stderr(Stdio::piped())
            .spawn()
            .context("start cargo fuzz (cargo install cargo-fuzz --locked)")?;
        let mut runs = 0;
        for line in BufReader::new(child.stderr.take().context("cargo fuzz says nothing")?).lines() {
            let line = line.context("read what cargo fuzz says")?;
            runs = runs.max(executed(&line).unwrap_or(0));
            println!("{line}");
        }
        Ok((runs, child.wait().context("wait for cargo fuzz")?.success()))
    }
}

/// How many executions a line of libFuzzer's tells of: the closing one, or what it says on the way,
/// which is all there is when the property failed.
fn executed(line: &str) -> Option<u64> {
    let closing = line.strip_prefix("stat::number_of_executed_units:");
    let number = closing.or_else(|| line.strip_prefix('#')?.split_whitespace().next())?;
    number.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_are_read_from_what_libfuzzer_says() {
        assert_eq!(executed("#131072\tpulse  cov: 88 ft: 190 corp: 31/880b exec/s: 43690"), Some(131_072));
        assert_eq!(executed("stat::number_of_executed_units: 10000000"), Some(10_000_000));
        assert_eq!(executed("INFO: seed corpus: files: 14"), None);
        assert_eq!(executed("#0 0x55d1 in main"), Some(0));
    }
}
