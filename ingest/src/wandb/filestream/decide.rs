//! What a request changes, given the run as it stands. Pure but for reading rows that a chunk
//! overlaps.

use std::sync::Arc;

use engine::{
    Body, Cause, Chunk, Console, Event, Quarantined, Rows, Run, RunKey, Snapshot, State, StateChanged,
    StreamKind, Subject,
};

use super::interrupt;
use super::overlap::{self, Standing};
use super::request::{BadLine, ConsoleChunk, Parsed, RowChunk, Summary};
use crate::app::Plan;
use crate::http::error::Refusal;
use crate::wandb::Act;

/// A heartbeat is stored when the run had no other event for this long.
const HEARTBEAT_NS: i64 = 30_000_000_000;

const HISTORY: &str = "wandb-history.jsonl";
const SYSTEM: &str = "wandb-events.jsonl";
const CONSOLE: &str = "output.log";
const SUMMARY: &str = "wandb-summary.json";

/// What the answer needs.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) run: RunKey,
    /// A stop is asked for and the run has not ended.
    pub(crate) stopped: bool,
    pub(crate) quarantined: usize,
}

pub(crate) fn decide(
    snapshot: &Snapshot,
    run: &Arc<Run>,
    parsed: &Parsed,
    writer: &Arc<str>,
    act: &Act,
) -> Result<Plan<Outcome>, Refusal> {
    let mut draft = Draft { snapshot, run, writer, act, events: Vec::new(), quarantined: 0 };
    let ending = ending(snapshot, run, parsed);
    if ending.is_none()
        && !parsed.complete
        && let Some(change) = heard_again(run, parsed)
    {
        draft.push(Body::StateChanged(change));
    }
    draft.take(parsed)?;
    let is_heard = |event: &Event| {
        matches!(
            event.body,
            Body::Logged(_) | Body::SystemSampled(_) | Body::ConsoleWritten(_) | Body::StateChanged(_)
        )
    };
    let is_due = act.now.saturating_sub(run.heartbeat) >= HEARTBEAT_NS && !parsed.complete;
    if is_due && !draft.events.iter().any(is_heard) {
        draft.push(Body::Heartbeat);
    }
    if parsed.preempting && ending.is_none() && run.state != State::Preempting {
        // Whatever it was, the trainer is at work now and says that it will be taken off.
        draft.push(Body::StateChanged(change(
            run,
            State::Preempting,
            Cause::Preemption,
            "the trainer said so",
            None,
        )));
    }
    let stopped = run.stop_requested && ending.is_none();
    if let Some(ending) = ending {
        draft.push(Body::StateChanged(ending));
    }
    let Draft { events, quarantined, .. } = draft;
    Ok(Plan {
        events,
        rests_on: vec![(Subject::Run(run.key.clone()), run.seq)],
        reply: Outcome { run: run.key.clone(), stopped, quarantined },
    })
}

/// What of an imported log a run has not yet; gives how many lines went to quarantine. Nobody is at
/// work, so that lines are no sign of life: only an end changes the run's state.
pub(crate) fn imported(
    snapshot: &Snapshot,
    run: &Arc<Run>,
    parsed: &Parsed,
    act: &Act,
) -> Result<Plan<usize>, Refusal> {
    let writer = Arc::from("");
    let mut draft = Draft { snapshot, run, writer: &writer, act, events: Vec::new(), quarantined: 0 };
    draft.take(parsed)?;
    if let Some(ending) = ending(snapshot, run, parsed) {
        draft.push(Body::StateChanged(ending));
    }
    let rests_on = vec![(Subject::Run(run.key.clone()), run.seq)];
    Ok(Plan { events: draft.events, rests_on, reply: draft.quarantined })
}

fn change(run: &Run, to: State, cause: Cause, evidence: &str, exit_code: Option<i32>) -> StateChanged {
    StateChanged { from: run.state, to, cause, evidence: evidence.into(), exit_code }
}

/// How the run ends by this request, unless it has ended so already. A stop that was asked for makes
/// every end a kill; 255 is the client's word for an interrupt from the keyboard.
fn ending(snapshot: &Snapshot, run: &Run, parsed: &Parsed) -> Option<StateChanged> {
    if !parsed.complete {
        return None;
    }
    let code = parsed.exit_code;
    let has_ended = matches!(run.state, State::Finished | State::Failed | State::Killed);
    if has_ended && run.exit_code == code {
        return None;
    }
    let said = code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
    let interrupted = interrupt::evidence(snapshot, run, parsed);
    let (to, cause, evidence) = match code {
        _ if run.stop_requested => (State::Killed, Cause::Stop, format!("{said} after a stop was asked for")),
        _ if let Some(why) = interrupted => (State::Killed, Cause::Interrupt, format!("{said}; {why}")),
        None | Some(0) => (State::Finished, Cause::Exit, said),
        Some(255) => (State::Killed, Cause::Interrupt, said),
        Some(_) => (State::Failed, Cause::Exit, said),
    };
    Some(change(run, to, cause, &evidence, code))
}

/// Whatever else comes from a trainer says that it is at work.
fn heard_again(run: &Run, parsed: &Parsed) -> Option<StateChanged> {
    if run.state == State::Running || parsed.preempting {
        return None;
    }
    Some(change(run, State::Running, Cause::Heard, "the trainer sent data", None))
}

struct Draft<'a> {
    snapshot: &'a Snapshot,
    run: &'a Arc<Run>,
    writer: &'a Arc<str>,
    act: &'a Act,
    events: Vec<Event>,
    quarantined: usize,
}

impl Draft<'_> {
    /// Whatever the request brings beside states.
    fn take(&mut self, parsed: &Parsed) -> Result<(), Refusal> {
        if let Some(chunk) = &parsed.history {
            self.rows(chunk, StreamKind::History)?;
        }
        if let Some(chunk) = &parsed.system {
            self.rows(chunk, StreamKind::System)?;
        }
        if let Some(chunk) = &parsed.console {
            self.console(chunk);
        }
        if let Some(summary) = &parsed.summary {
            self.summary(summary);
        }
        Ok(())
    }

    fn push(&mut self, body: Body) {
        self.events.push(self.act.on_run(&self.run.key, body));
    }

    fn rows(&mut self, chunk: &RowChunk, kind: StreamKind) -> Result<(), Refusal> {
        let stream = self.run.stream(self.writer, kind);
        if stream.has_seen(chunk.hash) {
            return Ok(());
        }
        let name = if kind == StreamKind::History { HISTORY } else { SYSTEM };
        let mut first_line = chunk.first_line;
        let mut rows = chunk.rows.rows;
        let mut block = chunk.rows.block.clone();
        let mut skipped = 0;
        if chunk.first_line < stream.next {
            let end = chunk.first_line + u64::from(rows);
            let standing =
                Standing::read(self.snapshot, (self.run, kind), self.writer, chunk.first_line..end)?;
            let Some(rest) = overlap::rest(&standing, chunk.first_line, &chunk.rows).map_err(unreadable)?
            else {
                return Ok(());
            };
            skipped = u32::try_from(rest.first_line - first_line).unwrap_or(u32::MAX);
            (first_line, rows, block) = (rest.first_line, rest.rows, rest.block);
        }
        let is_new = |place: u32| place >= skipped && place - skipped < rows;
        if kind == StreamKind::History && chunk.rows.stepless.iter().any(|row| is_new(*row)) {
            let stepless: Vec<u32> =
                chunk.rows.stepless.iter().filter(|row| is_new(**row)).map(|row| row - skipped).collect();
            block = overlap::with_steps(&block, &stepless, self.run.last_step).map_err(unreadable)?;
        }
        // A line that stood in quarantine before this chunk came is not put there twice.
        let known_to = stream.next;
        let bad = chunk.rows.bad.iter().filter(|bad| chunk.first_line + u64::from(bad.index) >= known_to);
        self.quarantine(name, chunk.first_line, bad);
        let chunk = Chunk { writer: Arc::clone(self.writer), first_line, lines: rows, hash: chunk.hash };
        let rows = Rows { chunk, rows, block };
        self.push(if kind == StreamKind::History { Body::Logged(rows) } else { Body::SystemSampled(rows) });
        Ok(())
    }

    /// Console lines are written over freely (progress bars), and a spinner comes back to an earlier
    /// text with an earlier time. So a chunk is a retry only of the one stored last: its hash tells
    /// what it followed.
    fn console(&mut self, chunk: &ConsoleChunk) {
        let following = |lsn: engine::Lsn| {
            let mut hash = chunk.hash;
            hash.word(lsn.0);
            hash.finish()
        };
        let stream = self.run.stream(self.writer, StreamKind::Console);
        let (last, last_but_one) = stream.written;
        if last.0 > 0 && stream.has_seen(following(last_but_one)) {
            return;
        }
        let hash = following(last);
        self.quarantine(CONSOLE, chunk.first_line, chunk.bad.iter());
        let lines = u32::try_from(chunk.lines.len()).unwrap_or(u32::MAX);
        let place = Chunk { writer: Arc::clone(self.writer), first_line: chunk.first_line, lines, hash };
        self.push(Body::ConsoleWritten(Console { chunk: place, lines: chunk.lines.clone() }));
    }

    fn summary(&mut self, summary: &Summary) {
        let whole = match summary {
            Summary::Whole(whole) => whole,
            Summary::Bad(bad) => return self.quarantine(SUMMARY, 0, std::iter::once(bad)),
        };
        let mut paths = self.run.summary.diff(whole);
        if self.run.origin.is_some() {
            // The process knows nothing of what the run has of its parent: a key that it does not name stays.
            paths.removed.retain(|path| path.first().is_some_and(|key| whole.get(key).is_some()));
        }
        if !self.writer.is_empty() {
            // Each of several processes knows its own keys only.
            paths.removed.clear();
        }
        if !paths.is_empty() {
            self.push(Body::SummaryChanged(paths));
        }
    }

    fn quarantine<'b>(&mut self, stream: &str, first_line: u64, bad: impl Iterator<Item = &'b BadLine>) {
        for bad in bad {
            self.quarantined += 1;
            self.push(Body::Quarantined(Quarantined {
                stream: stream.into(),
                writer: Arc::clone(self.writer),
                line: first_line + u64::from(bad.index),
                raw: bad.raw.clone(),
                reason: bad.reason.clone(),
            }));
        }
    }
}

/// Blocks that we built ourselves always parse; if not, it is our fault and may pass.
fn unreadable(error: engine::BlockError) -> Refusal {
    tracing::error!(%error, "a block that was just built cannot be read");
    Refusal::unavailable("reading the rows failed inside the server")
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::{Batch, Options, ProjectKey, RunCreated, RunPath, Store};

    /// A store with one run, and the run.
    fn store(dir: &std::path::Path) -> (Store, Arc<Run>) {
        let store = Store::open(Options::new(dir)).unwrap();
        let act = Act { actor: "alice".into(), now: store.now() };
        let path = RunPath::new(ProjectKey::new("alice", "p"), "r");
        let created = RunCreated { source: "wandb".into(), state: State::Running };
        let events = vec![
            crate::wandb::translate::project_created(&act, &path.project),
            act.on_run(&path.generation(1), Body::RunCreated(created)),
        ];
        store.append_blocking(Batch::new(events)).unwrap();
        let run = store.snapshot().projection.run(&path).unwrap().unwrap();
        (store, run)
    }

    #[test]
    fn a_beat_is_stored_once_the_run_was_silent_for_half_a_minute() {
        let dir = tempfile::tempdir().unwrap();
        let (store, run) = store(dir.path());
        let stored = |parsed: &Parsed, later: i64| {
            let act = Act { actor: "alice".into(), now: run.heartbeat + later };
            let plan = decide(&store.snapshot(), &run, parsed, &Arc::from(""), &act).unwrap();
            plan.events.iter().map(|event| event.body.name()).collect::<Vec<_>>()
        };
        let beat = Parsed::default();
        assert_eq!(stored(&beat, HEARTBEAT_NS - 1), Vec::<&str>::new());
        assert_eq!(stored(&beat, HEARTBEAT_NS), ["Heartbeat"]);
        let rows =
            super::super::request::parse(br#"{"files":{"wandb-history.jsonl":{"content":["{}"]}}}"#, false);
        assert_eq!(stored(&rows.unwrap(), HEARTBEAT_NS), ["Logged"], "data is a beat");
        let end = Parsed { complete: true, exit_code: Some(0), ..Parsed::default() };
        assert_eq!(stored(&end, HEARTBEAT_NS), ["StateChanged"]);
        store.close().unwrap();
    }
}
