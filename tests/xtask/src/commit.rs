//! Which sources are being run.

use std::process::Command;

/// What git says to some words; none where it fails.
pub(crate) fn git(words: &[&str]) -> Option<String> {
    let done = Command::new("git").args(words).output().ok().filter(|done| done.status.success())?;
    Some(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

/// The commit, with a `+` behind it when the sources differ from it.
pub(crate) fn commit() -> String {
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".into());
    // What ends in the ledger is no change of what ran.
    let sources = ["engine", "query", "ingest", "cli", "fuzz", "tests", ":!tests/sim/ledger.csv"];
    let status = [&["status", "--porcelain", "--"][..], &sources].concat();
    let is_changed = git(&status).is_none_or(|text| !text.is_empty());
    if is_changed { commit + "+" } else { commit }
}
