//! What came of all logs, and what is told of it.

use std::path::Path;
use std::time::Duration;

use ingest::import::{Damage, ImportError, LogReport, NotALog};
use serde_json::json;

use super::door::{Done, Files};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::output::Messages;

/// Counts of everything.
#[derive(Debug, Default)]
pub(super) struct Tally {
    is_dry: bool,
    runs: usize,
    pub(super) took: Duration,
    /// Logs by what came of them.
    imported: u64,
    already_there: u64,
    in_part: u64,
    failed: u64,
    empty: u64,
    rows: u64,
    points: u64,
    system_rows: u64,
    lines: u64,
    quarantined: u64,
    bytes: u64,
    files: Files,
    damage: Damage,
    damaged_logs: u64,
    skipped: u64,
}

impl Tally {
    pub(super) fn new(is_dry: bool, runs: usize) -> Self {
        Self { is_dry, runs, ..Self::default() }
    }

    /// A log of which not even the run is known.
    pub(super) fn pass(&mut self, path: &Path, error: &ImportError, messages: Messages) {
        let is_empty = matches!(error, ImportError::NotALog(NotALog::Empty) | ImportError::NoRun);
        *(if is_empty { &mut self.empty } else { &mut self.failed }) += 1;
        messages.warn(&format!("{}: {error}", path.display()));
    }

    pub(super) fn add(&mut self, done: Done, messages: Messages) {
        let Done { path, may_grow, report, files, .. } = done;
        let shown = path.display();
        let report = match report {
            Ok(report) => report,
            Err(failure) => {
                self.failed += 1;
                let lines: Vec<String> = failure.lines().collect();
                return messages.warn(&format!("{shown}: {}", lines.join("\n")));
            }
        };
        for told in told(&report, &files, may_grow) {
            messages.warn(&format!("{shown}: {told}"));
        }
        let is_damaged = is_damaged(&report);
        self.damaged_logs += u64::from(is_damaged);
        let is_part = is_damaged || !report.has_end || files.missing > 0 || report.skipped.files > 0;
        let is_new = report.events > 0 || files.stored > 0 || self.is_dry;
        *(match (is_part, is_new) {
            (_, false) => &mut self.already_there,
            (true, true) => &mut self.in_part,
            (false, true) => &mut self.imported,
        }) += 1;
        self.count(&report, &files);
    }

    fn count(&mut self, report: &LogReport, files: &Files) {
        self.rows += report.rows;
        self.points += report.points;
        self.system_rows += report.system_rows;
        self.lines += report.lines;
        self.quarantined += report.quarantined;
        self.bytes += report.bytes;
        self.files.stored += files.stored;
        self.files.bytes += files.bytes;
        self.files.already_there += files.already_there;
        self.files.missing += files.missing;
        self.damage.places += report.damage.places;
        self.damage.bytes += report.damage.bytes;
        let skipped = &report.skipped;
        self.skipped += skipped.unreadable + skipped.unknown + skipped.artifacts + skipped.alerts;
    }

    /// The report for a person.
    pub(super) fn text(&self) -> String {
        let Self { runs, imported, already_there, in_part, failed, empty, .. } = self;
        let verb = if self.is_dry { "would be imported" } else { "imported" };
        let seconds = self.took.as_secs_f64();
        let rate = self.bytes as f64 / 1e6 / seconds.max(1e-9);
        format!(
            "{runs} runs: {imported} logs {verb}, {already_there} already there, {in_part} in part, \
             {failed} failed, {empty} empty\n\
             held: {} rows with {} values, {} system rows, {} console lines\n\
             files: {} stored with {} bytes, {} already there, {} missing\n\
             passed over: {} places and {} bytes of damage, {} records; {} rows in quarantine\n\
             read: {} bytes in {seconds:.1} s, {rate:.0} MB/s\n",
            self.rows,
            self.points,
            self.system_rows,
            self.lines,
            self.files.stored,
            self.files.bytes,
            self.files.already_there,
            self.files.missing,
            self.damage.places,
            self.damage.bytes,
            self.skipped,
            self.quarantined,
            self.bytes,
        )
    }

    /// The report for a program.
    pub(super) fn json(&self) -> String {
        let report = json!({
            "runs": self.runs,
            "logs": {
                "imported": self.imported, "already_there": self.already_there, "in_part": self.in_part,
                "failed": self.failed, "empty": self.empty,
            },
            "rows": self.rows, "values": self.points, "system_rows": self.system_rows,
            "console_lines": self.lines, "quarantined": self.quarantined, "bytes": self.bytes,
            "files": {
                "stored": self.files.stored, "bytes": self.files.bytes,
                "already_there": self.files.already_there, "missing": self.files.missing,
            },
            "damage": { "places": self.damage.places, "bytes": self.damage.bytes },
            "skipped_records": self.skipped, "seconds": self.took.as_secs_f64(), "dry_run": self.is_dry,
        });
        report.to_string() + "\n"
    }

    /// The exit code, with its reason.
    pub(super) fn outcome(&self) -> Result<()> {
        if self.failed > 0 {
            return Err(Failure::refused(format!("{} logs could not be imported", self.failed))
                .next("the warnings above name each; the others are imported"));
        }
        if self.damaged_logs > 0 {
            let what =
                format!("{} logs are damaged; what can be read of them is imported", self.damaged_logs);
            return Err(Failure::new(Exit::Damaged, what));
        }
        Ok(())
    }
}

/// A log that ends in the middle of a record is no damaged one: its trainer was killed or is at work.
fn is_damaged(report: &LogReport) -> bool {
    report.damage.places > 0 || report.skipped.unreadable > 0
}

/// What a person is to know of one log.
fn told(report: &LogReport, files: &Files, may_grow: bool) -> Vec<String> {
    let Damage { places, bytes, is_cut } = report.damage;
    let skipped = &report.skipped;
    let mut told = Vec::new();
    let mut tell = |is_so: bool, text: String| told.extend(is_so.then_some(text));
    tell(places > 0, format!("damaged in {places} places, {bytes} bytes are passed over"));
    tell(is_cut, "it ends in the middle of a record".into());
    let end = if may_grow {
        "it is left at work: the log may still be written"
    } else {
        "the run counts as failed, with exit code 1"
    };
    tell(!report.has_end, format!("it does not say how the run ended; {end}"));
    tell(skipped.unreadable > 0, format!("{} records cannot be read", skipped.unreadable));
    tell(skipped.unknown > 0, format!("{} records are of a kind that is not known", skipped.unknown));
    tell(skipped.artifacts > 0, format!("{} records of artifacts are passed over", skipped.artifacts));
    tell(skipped.files > 0, format!("{} files have names that lead out of the run's folder", skipped.files));
    tell(files.missing > 0, format!("{} files are not beside the log", files.missing));
    tell(report.quarantined > 0, format!("{} rows cannot be read and are in quarantine", report.quarantined));
    told
}
