//! Lines of the console (protocol 6.3).
//!
//! Structured: `{"ts":"2026-11-23T07:41:12.409123","content":"text","level":"error","label":"rank0"}`.
//! Plain: `[ERROR ]2026-11-23T06:59:35.980993 [label ]text`, where `ERROR ` marks standard error and
//! the label, in square brackets, is there only where several processes write one run.
//! A line that is neither is kept whole, without a time.

use std::borrow::Cow;

use chrono::NaiveDateTime;
use engine::limits::LINE_BYTES_MAX;
use engine::{ConsoleLine, Time};
use serde::Deserialize;

use super::hash::Hasher;
use super::request::{BadLine, ConsoleChunk, Lines};

const TIME_FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.f";

/// Takes the lines of a chunk.
pub(super) struct ConsoleLines {
    lines: Vec<ConsoleLine>,
    hash: Hasher,
    bad: Vec<BadLine>,
    is_shared: bool,
}

#[derive(Deserialize)]
struct Structured<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
    #[serde(borrow, default)]
    ts: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    level: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    label: Option<Cow<'a, str>>,
}

impl ConsoleLines {
    pub(super) fn new(is_shared: bool) -> Self {
        Self { lines: Vec::new(), hash: Hasher::new(), bad: Vec::new(), is_shared }
    }

    /// The chunk, unless there were no lines.
    pub(super) fn finish(mut self, first_line: u64) -> Option<ConsoleChunk> {
        if self.lines.is_empty() {
            return None;
        }
        self.hash.word(first_line);
        Some(ConsoleChunk { first_line, hash: self.hash, lines: self.lines, bad: self.bad })
    }
}

impl Lines for ConsoleLines {
    fn line(&mut self, text: &str) {
        self.hash.text(text.as_bytes());
        let line = if text.len() > LINE_BYTES_MAX {
            let reason = format!("the line is {} bytes long, at most {LINE_BYTES_MAX} are read", text.len());
            let index = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
            self.bad.push(BadLine { index, raw: text.into(), reason: reason.into() });
            whole("")
        } else {
            read(text, self.is_shared)
        };
        self.lines.push(line);
    }
}

fn read(text: &str, is_shared: bool) -> ConsoleLine {
    if text.starts_with('{')
        && let Ok(line) = serde_json::from_str::<Structured<'_>>(text)
    {
        return ConsoleLine {
            time: line.ts.as_deref().and_then(time),
            is_stderr: line.level.as_deref() == Some("error"),
            label: line.label.as_deref().unwrap_or_default().into(),
            text: line.content.into_owned().into(),
        };
    }
    plain(text, is_shared).unwrap_or_else(|| whole(text))
}

fn plain(text: &str, is_shared: bool) -> Option<ConsoleLine> {
    let (is_stderr, rest) = match text.strip_prefix("ERROR ") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (stamp, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let time = time(stamp)?;
    let labelled = || rest.strip_prefix('[')?.split_once("] ");
    let (label, text) = if is_shared { labelled().unwrap_or(("", rest)) } else { ("", rest) };
    Some(ConsoleLine { time: Some(time), is_stderr, label: label.into(), text: text.into() })
}

fn whole(text: &str) -> ConsoleLine {
    ConsoleLine { time: None, is_stderr: false, label: Box::default(), text: text.into() }
}

/// A time in UTC without a zone.
fn time(stamp: &str) -> Option<Time> {
    let stamp = stamp.strip_suffix('Z').unwrap_or(stamp);
    NaiveDateTime::parse_from_str(stamp, TIME_FORMAT).ok()?.and_utc().timestamp_nanos_opt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, is_shared: bool) -> (Option<Time>, bool, String, String) {
        let line = read(text, is_shared);
        (line.time, line.is_stderr, line.label.into(), line.text.into())
    }

    #[test]
    fn both_forms_say_the_same() {
        let time = Some(1_795_419_672_409_123_000);
        let said = |is_stderr, label: &str, text: &str| (time, is_stderr, label.to_owned(), text.to_owned());
        let ts = "2026-11-23T07:41:12.409123";
        assert_eq!(
            seen(&format!(r#"{{"ts":"{ts}","content":"a\u0026\"b"}}"#), false),
            said(false, "", "a&\"b")
        );
        assert_eq!(
            seen(&format!(r#"{{"level":"error","ts":"{ts}","label":"r0","content":""}}"#), true),
            said(true, "r0", "")
        );
        assert_eq!(seen(&format!("{ts} some text"), false), said(false, "", "some text"));
        assert_eq!(seen(&format!("ERROR {ts} [r0] text"), true), said(true, "r0", "text"));
        assert_eq!(seen(&format!("{ts} [r0] text"), false), said(false, "", "[r0] text"));
        assert_eq!(seen(&format!("{ts} "), false), said(false, "", ""));
        assert_eq!(seen(ts, false), said(false, "", ""));
    }

    #[test]
    fn what_is_neither_form_is_kept_whole() {
        for text in ["", "just text", "ERROR not a time", "{\"a\":1}", "{", "2026-13-99T00:00:00 x"] {
            assert_eq!(seen(text, false), (None, false, String::new(), text.to_owned()));
        }
    }
}
