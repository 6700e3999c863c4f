//! The stream requests of a sync whose run stands.

use std::sync::Arc;

use engine::{Block, HIDDEN_KEY, Run, RunKey, Snapshot, StreamKind, Subject};

use super::super::filestream::{self, Outcome, Parsed, RowChunk};
use super::super::translate::Upsert;
use super::{Known, Resync};
use crate::app::Plan;
use crate::http::error::Refusal;
use crate::import::joining::row_at;
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
        let begun = Upsert { is_anew: true, ..Upsert::clone(&resync.begun) };
        return Ok(Lines::Anothers(run.key.clone(), Box::new(begun)));
    }
    // Lines that nothing stands beside are stored, whosoever they are; they say nothing of the run's end.
    let known = seen.unwrap_or(Known { is_latest: false, history: None, system: None });
    let moved = |chunk: &Option<RowChunk>, by: Option<u64>| {
        chunk.clone().map(|chunk| RowChunk { first_line: chunk.first_line + by.unwrap_or_default(), ..chunk })
    };
    let console = match &parsed.console {
        Some(chunk) => output::new_lines(snapshot, run, chunk.first_line, &chunk.lines)?,
        None => None,
    };
    let mut ours = Parsed {
        history: moved(&parsed.history, known.history),
        system: moved(&parsed.system, known.system),
        console,
        complete: parsed.complete && known.is_latest,
        exit_code: parsed.exit_code,
        ..Parsed::default()
    };
    let mut plan = filestream::imported(snapshot, run, &ours, act)?;
    // The summary that a log had on its way stands no more once the log was read to its end.
    if known.is_latest && (parsed.complete || !plan.events.is_empty()) {
        ours.summary.clone_from(&parsed.summary);
        plan = filestream::imported(snapshot, run, &ours, act)?;
    }
    let rests_on = vec![(Subject::Run(run.key.clone()), run.seq)];
    let reply = Outcome { run: run.key.clone(), stopped: false, quarantined: plan.reply };
    Ok(Lines::Stored(Plan { events: plan.events, rests_on, reply }, seen))
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
        None if history.or(system).is_some() => Known { is_latest: is_alone, history: None, system: None },
        None => return Ok(None),
    };
    // Rows that the run has not are behind the others, unless there is nobody else to have written any.
    let next = |kind| if is_alone { 0 } else { run.stream("", kind).next };
    let settled = |known: Option<u64>, found: Option<u64>, chunk: &Option<RowChunk>, kind| {
        known.or_else(|| chunk.is_some().then(|| found.unwrap_or_else(|| next(kind))))
    };
    Ok(Some(Known {
        history: settled(known.history, history, &parsed.history, StreamKind::History),
        system: settled(known.system, system, &parsed.system, StreamKind::System),
        ..known
    }))
}

/// By how much the lines of a chunk are moved in the run, if its first row stands.
fn place(
    snapshot: &Snapshot,
    run: &Run,
    kind: StreamKind,
    chunk: &Option<RowChunk>,
) -> Result<Option<u64>, Refusal> {
    let Some(chunk) = chunk else { return Ok(None) };
    // We built the block ourselves.
    let Ok(block) = Block::parse(chunk.rows.block.clone()) else { return Ok(None) };
    let Some(time) = block.cell("_timestamp", 0).and_then(|cell| cell.to_value().as_f64()) else {
        return Ok(None);
    };
    let found = row_at(snapshot, run, kind, time)?;
    Ok(found.and_then(|(line, _)| line.checked_sub(chunk.first_line)))
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
