//! `wbq prune`: deleted runs are erased for good.

use std::io::{IsTerminal, Write as _};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampNanosecondArray, UInt64Array};
use ingest::api::commands::{Command, CommandOutcome};
use ingest::api::prune::{DeletedRun, Pruned};
use query::output::Format;

use super::Context;
use crate::failure::{Failure, Result};
use crate::output;
use crate::writing::Writer;

pub(crate) fn run(
    context: &Context<'_>,
    dry_run: bool,
    deleted_for: Option<Duration>,
    yes: bool,
) -> Result<()> {
    let writer = Writer::open(context)?;
    let done = prune(context, &writer, dry_run, deleted_for, yes);
    // What was erased before a failure is to be proven too.
    writer.close().and(done.clone()).map_err(|failure| done.err().unwrap_or(failure))
}

fn prune(
    context: &Context<'_>,
    writer: &Writer,
    dry_run: bool,
    deleted_for: Option<Duration>,
    yes: bool,
) -> Result<()> {
    let deleted_for_seconds = deleted_for.map(|time| time.as_secs());
    let command = |dry_run| Command::Prune { deleted_for_seconds, dry_run };
    let due = pruned(writer.run(&command(true))?)?;
    if dry_run || due.runs.is_empty() {
        print(context, &due, "would be erased")?;
        return said(context, &due, "would be erased");
    }
    if !yes && !confirmed(context, &due)? {
        return Err(Failure::refused("nothing was erased"));
    }
    let done = pruned(writer.run_long(context.global, "erasing", &command(false))?)?;
    print(context, &done, "erased")?;
    said(context, &done, "erased")
}

fn pruned(outcome: CommandOutcome) -> Result<Pruned> {
    match outcome {
        CommandOutcome::Pruned(pruned) => Ok(pruned),
        other => Err(Failure::refused(format!("the server answered something else: {other:?}"))),
    }
}

fn confirmed(context: &Context<'_>, due: &Pruned) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("prune asks before it erases, and here is nobody to ask")
            .next("--yes      erases without asking")
            .next("--dry-run  shows what would be erased"));
    }
    print(context, due, "to be erased")?;
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
    context.messages.note(&text);
    Ok(())
}

/// The runs as a table.
fn print(context: &Context<'_>, pruned: &Pruned, what: &str) -> Result<()> {
    let rows: Vec<(&str, &DeletedRun)> = pruned
        .runs
        .iter()
        .map(|run| (what, run))
        .chain(pruned.kept.iter().map(|run| ("kept", run)))
        .collect();
    let texts = |of: &dyn Fn(&(&str, &DeletedRun)) -> String| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(of(row))).collect::<StringArray>())
    };
    let numbers = |of: &dyn Fn(&DeletedRun) -> u64| -> ArrayRef {
        Arc::new(rows.iter().map(|(_, run)| Some(of(run))).collect::<UInt64Array>())
    };
    let times = rows.iter().map(|(_, run)| run.deleted_at).collect::<Vec<_>>();
    let columns: [(&str, ArrayRef); 8] = [
        ("run", texts(&|(_, run)| run.run.clone())),
        ("what", texts(&|(what, _)| (*what).to_owned())),
        ("deleted_at", Arc::new(TimestampNanosecondArray::from(times).with_timezone("UTC"))),
        ("kept_seconds", numbers(&|run| run.kept_seconds)),
        ("points", numbers(&|run| run.points)),
        ("console_lines", numbers(&|run| run.console_lines)),
        ("files", numbers(&|run| run.files)),
        ("file_bytes", numbers(&|run| run.file_bytes)),
    ];
    let batch = RecordBatch::try_from_iter(columns)
        .map_err(|error| Failure::refused("cannot make a table of the runs").because(&error))?;
    let format = output::format(context.global, Format::Ndjson);
    let mut writer = query::output::Writer::new(format, &batch.schema(), output::data())
        .map_err(|error| output::unwritten(&error))?;
    let written = writer.write(&batch).and_then(|()| writer.finish()?.flush());
    written.map_err(|error| output::unwritten(&error))
}
