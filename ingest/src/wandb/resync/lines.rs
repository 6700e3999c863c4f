//! The stream requests of a sync whose run stands.

use std::sync::Arc;

use engine::{Block, HIDDEN_KEY, Run, RunKey, Snapshot, StreamKind, Subject};

use super::super::filestream::{self, ConsoleChunk, Outcome, Parsed, RowChunk, STEP};
use super::super::translate::Upsert;
use super::{Known, Resync};
use crate::app::Plan;
use crate::http::error::Refusal;
use crate::import::joining::{Place, output_at, row_at};
use crate::import::output;
use crate::wandb::Act;

/// What a request comes to.
pub(crate) enum Lines {
    /// These events, and what it shows of its process.
    Stored(Plan<Outcome>, Option<Known>),
    /// It is another process's: this begins a run for it.
    Anothers(RunKey, Box<Upsert>),
}

/// Reads a request. Pure but for reading rows that stand.
pub(crate) fn lines(
    snapshot: &Snapshot,
    run: &Arc<Run>,
    resync: &Resync,
    parsed: &Parsed,
    act: &Act,
) -> Result<Lines, Refusal> {
    let seen = known(snapshot, run, resync, parsed)?;
    if seen.is_none() && contradicts(snapshot, run, parsed)? {
        let begun = Upsert { is_anothers: true, ..Upsert::clone(&resync.begun) };
        return Ok(Lines::Anothers(run.key.clone(), Box::new(begun)));
    }
    // Lines that nothing stands beside are stored, whosoever they are; they say nothing of the run's end.
    let known = seen.unwrap_or(Known::new(false));
    let console = match &parsed.console {
        Some(chunk) if resync.begun.resumes() => output::behind(
            run,
            chunk.first_line.saturating_add_signed(known.console.unwrap_or_default()),
            &chunk.lines,
        ),
        Some(chunk) => output::new_lines(snapshot, run, chunk.first_line, &chunk.lines)?,
        None => None,
    };
    let mut ours = Parsed {
        history: moved(&parsed.history, known.history, known.steps),
        system: moved(&parsed.system, known.system, 0),
        console,
        complete: parsed.complete && known.is_latest,
        exit_code: parsed.exit_code,
        ..Parsed::default()
    };
    let mut plan = filestream::imported(snapshot, run, &ours, act)?;
    // The summary that a log had on its way stands no more once the log was read to its end.
    if known.is_latest && (parsed.complete || !plan.events.is_empty()) {
        ours.summary = parsed.summary.clone().map(|summary| summary.with_steps_moved(known.steps));
        plan = filestream::imported(snapshot, run, &ours, act)?;
    }
    let rests_on = vec![(Subject::Run(run.key.clone()), run.seq)];
    let reply = Outcome { run: run.key.clone(), stopped: false, quarantined: plan.reply };
    Ok(Lines::Stored(Plan { events: plan.events, rests_on, reply }, seen))
}

/// A chunk as it stands in the run.
fn moved(chunk: &Option<RowChunk>, lines: Option<i64>, steps: i64) -> Option<RowChunk> {
    let RowChunk { first_line, hash, rows } = chunk.clone()?;
    let first_line = first_line.saturating_add_signed(lines.unwrap_or_default());
    Some(RowChunk { first_line, hash, rows: rows.with_steps_moved(steps) })
}

/// By how much the output of a process that resumed is moved, if it stands: by its text, for a sync gives lines
/// times of its own.
fn output_moved(snapshot: &Snapshot, run: &Run, chunk: &ConsoleChunk) -> Result<i64, Refusal> {
    let found = output_at(snapshot, run, &chunk.lines, true)?;
    let moved = |line: u64| i64::try_from(line).ok()?.checked_sub(i64::try_from(chunk.first_line).ok()?);
    Ok(found.and_then(moved).unwrap_or_default())
}

/// What is known of the process with this request: it is known by the time of its first row at the latest.
fn known(snapshot: &Snapshot, run: &Run, resync: &Resync, parsed: &Parsed) -> Result<Option<Known>, Refusal> {
    let history = place(snapshot, run, StreamKind::History, &parsed.history)?;
    let system = place(snapshot, run, StreamKind::System, &parsed.system)?;
    let processes =
        run.config.get(HIDDEN_KEY).and_then(|hidden| hidden.get("e")?.as_map()).map_or(0, <[_]>::len);
    let is_alone = processes <= 1;
    let known = match resync.known {
        Some(known) => known,
        None if history.or(system).is_some() => Known::new(is_alone),
        None => return Ok(None),
    };
    // Rows that the run has not are behind the others, where the client counts those of a process that resumed;
    // unless there is nobody else to have written any.
    let is_behind = is_alone || resync.begun.resumes();
    let next =
        |kind| if is_behind { 0 } else { i64::try_from(run.stream("", kind).next).unwrap_or(i64::MAX) };
    let settled = |known: Option<i64>, found: Option<Moved>, chunk: &Option<RowChunk>, kind| {
        known.or_else(|| chunk.is_some().then(|| found.map_or_else(|| next(kind), |found| found.lines)))
    };
    Ok(Some(Known {
        history: settled(known.history, history, &parsed.history, StreamKind::History),
        system: settled(known.system, system, &parsed.system, StreamKind::System),
        console: match (&parsed.console, known.console) {
            (Some(chunk), None) if resync.begun.resumes() => Some(output_moved(snapshot, run, chunk)?),
            (_, settled) => settled,
        },
        steps: history.filter(|_| known.history.is_none()).map_or(known.steps, |found| found.steps),
        ..known
    }))
}

/// By how much a row that stands has another place than the client gives it.
#[derive(Debug, Clone, Copy)]
struct Moved {
    lines: i64,
    steps: i64,
}

/// By how much the rows of a chunk are moved in the run, if its first one stands.
fn place(
    snapshot: &Snapshot,
    run: &Run,
    kind: StreamKind,
    chunk: &Option<RowChunk>,
) -> Result<Option<Moved>, Refusal> {
    let Some(chunk) = chunk else { return Ok(None) };
    // We built the block ourselves.
    let Ok(block) = Block::parse(chunk.rows.block.clone()) else { return Ok(None) };
    let Some(time) = block.cell("_timestamp", 0).and_then(|cell| cell.to_value().as_f64()) else {
        return Ok(None);
    };
    let told = block.cell(STEP, 0).and_then(|cell| cell.to_value().as_i64());
    let moved = |(line, stands): Place| {
        let lines = i64::try_from(line).ok()?.checked_sub(i64::try_from(chunk.first_line).ok()?)?;
        let steps = stands.zip(told).and_then(|(stands, told)| stands.checked_sub(told)).unwrap_or_default();
        Some(Moved { lines, steps })
    };
    Ok(row_at(snapshot, run, kind, time)?.and_then(moved))
}

/// Whether other lines stand where a request of an unknown process begins.
fn contradicts(snapshot: &Snapshot, run: &Run, parsed: &Parsed) -> Result<bool, Refusal> {
    let stands = |kind, first_line| run.stream("", kind).next > first_line;
    let rows =
        |chunk: &Option<RowChunk>, kind| chunk.as_ref().is_some_and(|chunk| stands(kind, chunk.first_line));
    if rows(&parsed.history, StreamKind::History) || rows(&parsed.system, StreamKind::System) {
        return Ok(true);
    }
    Ok(match &parsed.console {
        Some(chunk) if stands(StreamKind::Console, chunk.first_line) => {
            output::new_lines(snapshot, run, chunk.first_line, &chunk.lines)?.is_some()
        }
        _ => false,
    })
}
