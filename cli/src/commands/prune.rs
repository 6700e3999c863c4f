//! `wbq prune`: deleted runs are erased for good.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write as _};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampNanosecondArray, UInt64Array};
use ingest::api::commands::{Command, CommandOutcome};
use ingest::api::prune::{DeletedKey, DeletedRun, Pruned};
use query::output::Format;

use super::Context;
use crate::args::By;
use crate::failure::{Failure, Result};
use crate::output;
use crate::writing::Writer;

pub(crate) fn run(
    context: &Context<'_>,
    dry_run: bool,
    deleted_for: Option<Duration>,
    yes: bool,
    by: By,
) -> Result<()> {
    let writer = Writer::open(context)?;
    let done = prune(context, &writer, dry_run, deleted_for, yes, by);
    // What was erased before a failure is to be proven too.
    writer.close().and(done.clone()).map_err(|failure| done.err().unwrap_or(failure))
}

fn prune(
    context: &Context<'_>,
    writer: &Writer,
    dry_run: bool,
    deleted_for: Option<Duration>,
    yes: bool,
    by: By,
) -> Result<()> {
    let deleted_for_seconds = deleted_for.map(|time| time.as_secs());
    let by_key = by == By::Key;
    let command = |dry_run| Command::Prune { deleted_for_seconds, dry_run, by_key };
    let due = pruned(writer.run(&command(true))?)?;
    if dry_run || due.runs.is_empty() {
        print(context, &due, "would be erased", by)?;
        return said(context, &due, "would be erased");
    }
    if !yes && !confirmed(context, &due, by)? {
        return Err(Failure::refused("nothing was erased"));
    }
    let done = pruned(writer.run_long(context.global, "erasing", &command(false))?)?;
    print(context, &done, "erased", by)?;
    said(context, &done, "erased")
}

fn pruned(outcome: CommandOutcome) -> Result<Pruned> {
    match outcome {
        CommandOutcome::Pruned(pruned) => Ok(pruned),
        other => Err(Failure::refused(format!("the server answered something else: {other:?}"))),
    }
}

fn confirmed(context: &Context<'_>, due: &Pruned, by: By) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("prune asks before it erases, and here is nobody to ask")
            .next("--yes      erases without asking")
            .next("--dry-run  shows what would be erased"));
    }
    print(context, due, "to be erased", by)?;
    context.messages.ask(&format!("erase {} for good?", count(due.runs.len())))
}

fn count(runs: usize) -> String {
    if runs == 1 { "one run".to_owned() } else { format!("{runs} runs") }
}

/// What went, in a sentence.
fn said(context: &Context<'_>, pruned: &Pruned, what: &str) -> Result<()> {
    let mut text = format!("{} {what}", count(pruned.runs.len()));
    if let Some(bytes) = pruned.freed_bytes {
        text += &format!("; the log and the table files have {bytes} bytes less");
    }
    if !pruned.kept.is_empty() {
        text += &format!("; {} can still be brought back: wbq undelete", count(pruned.kept.len()));
    }
    let needed = pruned.kept.iter().filter(|run| run.has_heirs).count();
    if needed > 0 {
        text += &format!("; of {} others go on that stay", count(needed));
    }
    context.messages.note(&text);
    Ok(())
}

/// The runs, their projects or their keys as a table.
fn print(context: &Context<'_>, pruned: &Pruned, what: &str, by: By) -> Result<()> {
    let runs: Vec<(&str, &DeletedRun)> = pruned
        .runs
        .iter()
        .map(|run| (what, run))
        .chain(pruned.kept.iter().map(|run| (if run.has_heirs { "kept for others" } else { "kept" }, run)))
        .collect();
    let columns = match by {
        By::Run => of_runs(&runs),
        By::Project => of_projects(&runs),
        By::Key => of_keys(&pruned.keys),
    };
    let batch = RecordBatch::try_from_iter(columns)
        .map_err(|error| Failure::refused("cannot make a table of the runs").because(&error))?;
    let format = output::format(context.global, Format::Ndjson);
    let mut writer = query::output::Writer::new(format, &batch.schema(), output::data())
        .map_err(|error| output::unwritten(&error))?;
    let written = writer.write(&batch).and_then(|()| writer.finish()?.flush());
    written.map_err(|error| output::unwritten(&error))
}

type Columns = Vec<(&'static str, ArrayRef)>;

fn texts<T>(rows: &[T], of: impl Fn(&T) -> Option<String>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<StringArray>())
}

fn numbers<T>(rows: &[T], of: impl Fn(&T) -> u64) -> ArrayRef {
    Arc::new(rows.iter().map(|row| Some(of(row))).collect::<UInt64Array>())
}

fn of_runs(runs: &[(&str, &DeletedRun)]) -> Columns {
    let times = runs.iter().map(|(_, run)| run.deleted_at).collect::<Vec<_>>();
    vec![
        ("run", texts(runs, |(_, run)| Some(run.run.clone()))),
        ("what", texts(runs, |(what, _)| Some((*what).to_owned()))),
        ("deleted_at", Arc::new(TimestampNanosecondArray::from(times).with_timezone("UTC"))),
        ("kept_seconds", numbers(runs, |(_, run)| run.kept_seconds)),
        ("points", numbers(runs, |(_, run)| run.points)),
        ("console_lines", numbers(runs, |(_, run)| run.console_lines)),
        ("bytes", numbers(runs, |(_, run)| run.row_bytes)),
        ("files", numbers(runs, |(_, run)| run.files)),
        ("file_bytes", numbers(runs, |(_, run)| run.file_bytes)),
    ]
}

/// What the runs of a project come to.
struct Project<'a> {
    name: &'a str,
    what: &'a str,
    runs: Vec<&'a DeletedRun>,
}

impl Project<'_> {
    fn sum(&self, of: impl Fn(&DeletedRun) -> u64) -> u64 {
        self.runs.iter().map(|run| of(run)).sum()
    }
}

fn of_projects(runs: &[(&str, &DeletedRun)]) -> Columns {
    let mut projects = BTreeMap::<(&str, &str), Vec<&DeletedRun>>::new();
    for (what, run) in runs {
        let project = run.run.rsplit_once('/').map_or("", |(project, _)| project);
        projects.entry((project, what)).or_default().push(run);
    }
    let projects: Vec<Project<'_>> =
        projects.into_iter().map(|((name, what), runs)| Project { name, what, runs }).collect();
    vec![
        ("project", texts(&projects, |project| Some(project.name.to_owned()))),
        ("what", texts(&projects, |project| Some(project.what.to_owned()))),
        ("runs", numbers(&projects, |project| project.runs.len() as u64)),
        ("points", numbers(&projects, |project| project.sum(|run| run.points))),
        ("console_lines", numbers(&projects, |project| project.sum(|run| run.console_lines))),
        ("bytes", numbers(&projects, |project| project.sum(|run| run.row_bytes))),
        ("files", numbers(&projects, |project| project.sum(|run| run.files))),
        ("file_bytes", numbers(&projects, |project| project.sum(|run| run.file_bytes))),
    ]
}

fn of_keys(keys: &[DeletedKey]) -> Columns {
    vec![
        ("stream", texts(keys, |key| Some(key.stream.clone()))),
        ("key", texts(keys, |key| key.key.clone())),
        ("points", numbers(keys, |key| key.points)),
        ("bytes", numbers(keys, |key| key.bytes)),
    ]
}
