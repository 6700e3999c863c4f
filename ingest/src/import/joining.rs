//! How a log joins what stands of its run (DESIGN 4, D4): the same log twice, logs of one run in any
//! order, a run that was partly sent live, each make the same run.
//!
//! ```text
//!  the run          rows go                              what the log tells beside rows
//!  ───────────────  ───────────────────────────────────  ─────────────────────────────────────────────
//!  is not there     from line 0, as a sync sends them     all of it
//!  has this row 1   over the lines where it stands:       what a later process did not tell otherwise;
//!                   what is equal is not stored again     nothing, if this process's end stands
//!  has other rows   behind them                           the same
//! ```
//!
//! A row is known by its time, which the client takes to the microsecond or better; a line of the
//! console by its time, or, where a sync gave it another, by its text. A process is known by its writer
//! id under `_wandb.e`. The client finds out where it runs beside its other work, so that the record
//! of it may stand behind rows or be missing: what it decides is decided at the end of the log.

use std::sync::Arc;

use engine::{Cell, HIDDEN_KEY, Run, Snapshot, State, StreamKind, Time, Tree, Value};

use super::account::Account;
use crate::wandb::attributes;

/// Lines of the console that are compared to find where a log's output stands.
const COMPARED_LINES: usize = 32;

/// What stands of a run when a log of it is begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The process told of itself before.
    pub(crate) is_known: bool,
    /// No process that began later told of itself.
    pub(crate) is_latest: bool,
    /// No other process did, and this one did not go on with a run.
    pub(crate) is_alone: bool,
    /// The end that stands, if the run ended.
    pub(crate) ended: Option<Option<i32>>,
    /// The name of the process under `_wandb.e`.
    pub(crate) writer: Option<String>,
}

/// A process as it tells of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process<'a> {
    /// Its own id.
    pub(crate) writer: Option<&'a str>,
    pub(crate) started: Option<Time>,
    /// It went on with a run that was there.
    pub(crate) is_resumed: bool,
}

impl Standing {
    pub(crate) fn fresh(account: &Account) -> Self {
        let writer = account.environment.writer.clone();
        Self { is_latest: true, is_alone: true, writer, ..Self::default() }
    }

    /// Compares a process with those that the run knows.
    pub(crate) fn of(run: &Run, process: &Process<'_>) -> Self {
        let own = process.writer;
        let processes = run.config.get(HIDDEN_KEY).and_then(|hidden| hidden.get("e")?.as_map());
        let processes = processes.unwrap_or_default();
        let is_own = |key: &str, process: &Value| {
            own.is_some_and(|own| key == own || process.get("writerId").and_then(Value::as_str) == Some(own))
        };
        let known =
            processes.iter().find(|(key, process)| is_own(key, process)).map(|(key, _)| key.to_string());
        let began =
            |process: &Value| process.get("startedAt").and_then(Value::as_str).and_then(attributes::time);
        let others = || processes.iter().filter(|(key, process)| !is_own(key, process));
        let is_later = |time: Option<Time>| time > process.started;
        Self {
            is_known: known.is_some(),
            is_latest: !others().any(|(_, process)| is_later(began(process))),
            is_alone: others().next().is_none() && !process.is_resumed,
            ended: matches!(run.state, State::Finished | State::Failed | State::Killed)
                .then_some(run.exit_code),
            writer: known.or_else(|| own.map(str::to_owned)),
        }
    }

    /// The process's end stands, so that it has nothing more to tell; what people changed since stays.
    pub(crate) fn has_told(&self, exit_code: Option<i32>) -> bool {
        self.is_known
            && self.is_latest
            && self.ended.is_some()
            && (exit_code.is_none() || self.ended == Some(exit_code))
    }

    /// The config that the run gets: a later process's values stand before ours.
    pub(crate) fn config(&self, standing: &Tree, ours: Tree) -> Tree {
        if self.is_latest { ours } else { beneath(&ours, standing) }
    }

    /// The config as the client would write it to a file once it has resumed the run: with the values
    /// before, and its own notes.
    pub(crate) fn config_file(&self, standing: &Tree, ours: &Tree) -> Tree {
        let before = standing
            .iter()
            .filter(|(key, _)| !self.is_alone && *key != HIDDEN_KEY && ours.get(key).is_none());
        let mut whole = ours.clone();
        let set = before.map(|(key, value)| (vec![key.into()], value.clone())).collect();
        whole.apply(&engine::Paths { removed: Vec::new(), set });
        whole
    }

    /// The summary that the run gets: that of the process that began last, which a resumed one begins
    /// with the values before.
    pub(crate) fn summary(&self, standing: &Tree, ours: Tree) -> Tree {
        if self.is_latest || standing.iter().len() == 0 { ours } else { standing.clone() }
    }
}

/// The members of both, those of `over` where both have one; of `_wandb.e`, all.
fn beneath(under: &Tree, over: &Tree) -> Tree {
    let mut members: Vec<(Box<str>, Value)> =
        over.iter().map(|(key, value)| (key.into(), value.clone())).collect();
    members.extend(
        under
            .iter()
            .filter(|(key, _)| over.get(key).is_none())
            .map(|(key, value)| (key.into(), value.clone())),
    );
    let mut tree = Tree::of(Value::Map(members));
    let processes =
        |tree: &Tree| tree.get(HIDDEN_KEY).and_then(|hidden| hidden.get("e")?.as_map().map(<[_]>::to_vec));
    if let Some(ours) = processes(under) {
        let path = |key: Box<str>| vec![HIDDEN_KEY.into(), "e".into(), key];
        let set = ours.into_iter().map(|(key, value)| (path(key), value)).collect();
        tree.apply(&engine::Paths { removed: Vec::new(), set });
    }
    tree
}

/// Where a row stands: its line and its step.
pub(crate) type Place = (u64, Option<i64>);

/// Where a run has the row with that time.
pub(crate) fn row_at(
    snapshot: &Snapshot,
    run: &Run,
    kind: StreamKind,
    time: f64,
) -> Result<Option<Place>, engine::Error> {
    let keys: [Arc<str>; 2] = ["_timestamp".into(), "_step".into()];
    for extent in snapshot.extents(run, kind)?.iter().filter(|extent| extent.writer.is_empty()) {
        let piece = snapshot.rows_of(extent, &keys)?;
        let is_it = |cell: Cell<'_>| cell.to_value().as_f64() == Some(time);
        let found = piece.block.cells("_timestamp").find(|(_, cell)| is_it(*cell)).map(|(row, _)| row);
        if let Some(row) = found {
            let step = piece.block.cell("_step", row).and_then(|cell| cell.to_value().as_i64());
            return Ok(Some((piece.line(row), step)));
        }
    }
    Ok(None)
}

/// Where a run has the output that begins so. By time, or, if the process is known, by text.
pub(crate) fn output_at(
    snapshot: &Snapshot,
    run: &Run,
    lines: &[engine::ConsoleLine],
    is_known: bool,
) -> Result<Option<u64>, engine::Error> {
    let Some(first) = lines.first() else { return Ok(None) };
    let screen = snapshot.console(run)?;
    let stands: Vec<(u64, &engine::ConsoleLine)> =
        screen.lines().map(|(number, _, line)| (number, line)).collect();
    let by_time = stands.iter().find(|(_, line)| line.time.is_some() && line.time == first.time);
    if let Some((number, _)) = by_time {
        return Ok(Some(*number));
    }
    let compared = lines.len().min(COMPARED_LINES);
    let begins_at = |from: &usize| {
        let there = stands.iter().skip(*from).take(compared);
        there.clone().count() > 0 && there.zip(lines).all(|((_, there), ours)| same_text(there, ours))
    };
    let found = (0..stands.len()).filter(|_| is_known).find(begins_at);
    Ok(found.and_then(|index| stands.get(index)).map(|(number, _)| *number))
}

/// Whether a line says the same; a sync gives lines the time of the sync.
pub(crate) fn same_text(a: &engine::ConsoleLine, b: &engine::ConsoleLine) -> bool {
    (a.is_stderr, &a.text) == (b.is_stderr, &b.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(json: &str) -> Tree {
        Tree::of(Value::from_json(json.as_bytes()).unwrap())
    }

    #[test]
    fn of_two_processes_the_later_ones_values_stand_whichever_comes_first() {
        let early = r#"{"a":1,"b":1,"_wandb":{"t":1,"e":{"w1":{"startedAt":"2026-01-01T00:00:00Z"}}}}"#;
        let late = r#"{"b":2,"c":2,"_wandb":{"t":2,"e":{"w2":{"startedAt":"2026-01-02T00:00:00Z"}}}}"#;
        let earlier = Standing { is_latest: false, ..Standing::default() };
        let merged = earlier.config(&tree(late), tree(early));
        assert_eq!(merged.get("b"), Some(&Value::Int(2)));
        assert_eq!(merged.get("a"), Some(&Value::Int(1)));
        let hidden = merged.get(HIDDEN_KEY).unwrap();
        assert_eq!(hidden.get("t"), Some(&Value::Int(2)));
        assert_eq!(hidden.get("e").unwrap().as_map().unwrap().len(), 2);
        let later = Standing { is_latest: true, ..Standing::default() };
        let (first, second) = (tree(r#"{"x":1,"y":1}"#), tree(r#"{"y":2}"#));
        assert_eq!(later.summary(&first, second.clone()), second);
        assert_eq!(earlier.summary(&second, first.clone()), second);
        assert_eq!(earlier.summary(&Tree::default(), first.clone()), first, "the later one told none yet");
    }

    #[test]
    fn a_process_has_told_all_once_its_end_stands() {
        let standing =
            Standing { is_known: true, is_latest: true, ended: Some(Some(0)), ..Standing::default() };
        assert!(standing.has_told(Some(0)) && standing.has_told(None));
        assert!(!standing.has_told(Some(1)));
        assert!(!Standing { ended: None, ..standing.clone() }.has_told(Some(0)));
        assert!(!Standing { is_known: false, ..standing }.has_told(Some(0)));
    }
}
