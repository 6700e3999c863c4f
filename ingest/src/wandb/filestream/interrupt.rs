//! Interrupts that the exit code alone does not tell (seen with client 0.31.0).
//!
//! - Ctrl+C inside `with wandb.init() as run:` is reported as exit code 1, as any exception is; the
//!   last line on standard error then is `KeyboardInterrupt`.
//! - Ctrl+D in an interactive Python is reported as exit code 0; there is no script then, and the
//!   telemetry does not name a call of `finish`, which a deliberate end would.

use engine::{Attribute, ConsoleLine, HIDDEN_KEY, Run, Snapshot, StreamKind, Value};

use super::request::Parsed;

/// What the client gives as the program of a Python that runs no script.
const NO_SCRIPT: &str = "<python with no main file>";
/// The number of `finish` among the features that the telemetry lists under `t.3`.
const FINISH: i64 = 2;
/// How many stored chunks of the console are looked through for the last line on standard error.
const CHUNKS: usize = 4;

/// Why an end with this exit code is an interrupt all the same; none where it is what it says.
pub(super) fn evidence(snapshot: &Snapshot, run: &Run, parsed: &Parsed) -> Option<&'static str> {
    match parsed.exit_code {
        Some(1) if ends_in_interrupt(snapshot, run, parsed) => Some("KeyboardInterrupt ended the script"),
        Some(0) if left_without_finish(run) => Some("an interactive session ended without finish"),
        _ => None,
    }
}

fn ends_in_interrupt(snapshot: &Snapshot, run: &Run, parsed: &Parsed) -> bool {
    let last_error = |lines: &[ConsoleLine]| {
        let line = lines.iter().rev().find(|line| line.is_stderr && !line.text.trim().is_empty());
        line.map(|line| line.text.trim() == "KeyboardInterrupt")
    };
    let new = parsed.console.as_ref().and_then(|chunk| last_error(&chunk.lines));
    let stored = || {
        // What cannot be read tells nothing; a query of the console will name the damage.
        let chunks = snapshot.extents(run, StreamKind::Console).unwrap_or_default();
        chunks.iter().rev().take(CHUNKS).find_map(|extent| {
            let lines = snapshot.console_lines(extent).unwrap_or_default();
            last_error(&lines.into_iter().map(|(_, _, line)| line).collect::<Vec<_>>())
        })
    };
    new.or_else(stored).unwrap_or(false)
}

fn left_without_finish(run: &Run) -> bool {
    let features = run.config.get(HIDDEN_KEY).and_then(|hidden| hidden.get("t")?.get("3"));
    let Some(Value::List(features)) = features else { return false };
    run.text(Attribute::Program) == Some(NO_SCRIPT) && !features.contains(&Value::Int(FINISH))
}
