//! The outer JSON of a request, read by visitors: each line goes to the reader of its file as it is
//! unescaped, and is gone then.

use std::fmt;

use engine::{Tree, Value};
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::console::ConsoleLines;
use super::rows::{RowLines, STEP};
use crate::http::error::Refusal;

/// Offsets from here on are mistakes: no run has as many lines.
const OFFSET_MAX: i64 = 1 << 53;

/// What a request says, before anybody looks at the run.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) history: Option<RowChunk>,
    pub(crate) system: Option<RowChunk>,
    pub(crate) console: Option<ConsoleChunk>,
    pub(crate) summary: Option<Summary>,
    pub(crate) preempting: bool,
    pub(crate) complete: bool,
    pub(crate) exit_code: Option<i32>,
}

/// Lines of a stream of rows.
#[derive(Debug, Clone)]
pub(crate) struct RowChunk {
    pub(crate) first_line: u64,
    pub(crate) hash: u64,
    pub(crate) rows: super::rows::RowBlock,
}

/// Lines of the console.
#[derive(Debug)]
pub(crate) struct ConsoleChunk {
    pub(crate) first_line: u64,
    /// Over offset and lines; where the chunk follows is mixed in later (`decide.rs`).
    pub(crate) hash: super::hash::Hasher,
    pub(crate) lines: Vec<engine::ConsoleLine>,
    pub(crate) bad: Vec<BadLine>,
}

/// The whole summary, or a line that is none.
#[derive(Debug, Clone)]
pub(crate) enum Summary {
    Whole(Tree),
    Bad(BadLine),
}

impl Summary {
    /// The same, its step higher by so many.
    pub(crate) fn with_steps_moved(self, by: i64) -> Self {
        let step = match &self {
            Self::Whole(summary) if by != 0 => summary.get(STEP).and_then(Value::as_i64),
            _ => None,
        };
        match (self, step) {
            (Self::Whole(mut summary), Some(step)) => {
                let set = vec![(vec![STEP.into()], Value::Int(step.saturating_add(by)))];
                summary.apply(&engine::Paths { removed: Vec::new(), set });
                Self::Whole(summary)
            }
            (summary, _) => summary,
        }
    }
}

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// Its place in the chunk.
    pub(crate) index: u32,
    pub(crate) raw: Box<str>,
    pub(crate) reason: Box<str>,
}

/// Reads a body.
pub(crate) fn parse(body: &[u8], is_shared: bool) -> Result<Parsed, Refusal> {
    let wrong = |error: serde_json::Error| {
        Refusal::invalid(format!("the body is not a file_stream request: {error}"))
    };
    let mut source = serde_json::Deserializer::from_slice(body);
    let mut parsed = Parsed::default();
    BodySeed { parsed: &mut parsed, is_shared }.deserialize(&mut source).map_err(wrong)?;
    source.end().map_err(wrong)?;
    Ok(parsed)
}

struct BodySeed<'a> {
    parsed: &'a mut Parsed,
    is_shared: bool,
}

impl<'de> DeserializeSeed<'de> for BodySeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for BodySeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with files, uploaded, preempting, complete, exitcode")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<(), A::Error> {
        let Self { parsed, is_shared } = self;
        while let Some(name) = source.next_key::<Box<str>>()? {
            match &*name {
                "files" => source.next_value_seed(Nullable(FilesSeed { parsed, is_shared }))?,
                "preempting" => parsed.preempting = source.next_value::<Option<bool>>()?.unwrap_or_default(),
                "complete" => parsed.complete = source.next_value::<Option<bool>>()?.unwrap_or_default(),
                "exitcode" => parsed.exit_code = source.next_value()?,
                // `uploaded` is a hint: a file is there when its PUT is complete.
                _ => drop(source.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Takes null for "nothing there".
struct Nullable<S>(S);

impl<'de, S: Visitor<'de, Value = ()>> DeserializeSeed<'de> for Nullable<S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_option(self)
    }
}

impl<'de, S: Visitor<'de, Value = ()>> Visitor<'de> for Nullable<S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self.0)
    }
}

struct FilesSeed<'a> {
    parsed: &'a mut Parsed,
    is_shared: bool,
}

impl<'de> Visitor<'de> for FilesSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of files")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<(), A::Error> {
        while let Some(name) = source.next_key::<Box<str>>()? {
            match &*name {
                "wandb-history.jsonl" => self.parsed.history = rows(&mut source, RowLines::history())?,
                "wandb-events.jsonl" => self.parsed.system = rows(&mut source, RowLines::system())?,
                "output.log" => {
                    let mut lines = ConsoleLines::new(self.is_shared);
                    let offset = chunk(&mut source, &mut lines)?;
                    self.parsed.console = lines.finish(offset);
                }
                "wandb-summary.json" => {
                    let mut last = LastLine::default();
                    chunk(&mut source, &mut last)?;
                    self.parsed.summary = last.0.map(|line| summary(&line));
                }
                _ => drop(source.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

fn rows<'de, A: MapAccess<'de>>(source: &mut A, mut lines: RowLines) -> Result<Option<RowChunk>, A::Error> {
    let offset = chunk(source, &mut lines)?;
    Ok(lines.finish(offset))
}

fn chunk<'de, A: MapAccess<'de>>(source: &mut A, lines: &mut dyn Lines) -> Result<u64, A::Error> {
    let mut offset = 0;
    source.next_value_seed(Nullable(ChunkSeed { lines, offset: &mut offset }))?;
    Ok(offset)
}

/// What takes the lines of a file.
pub(super) trait Lines {
    fn line(&mut self, text: &str);
}

#[derive(Default)]
struct LastLine(Option<Box<str>>);

impl Lines for LastLine {
    fn line(&mut self, text: &str) {
        self.0 = Some(text.into());
    }
}

fn summary(line: &str) -> Summary {
    let bad = |reason: String| Summary::Bad(BadLine { index: 0, raw: line.into(), reason: reason.into() });
    match Value::from_json(line.as_bytes()) {
        Ok(value @ Value::Map(_)) => Summary::Whole(Tree::of(value)),
        Ok(_) => bad("the summary is not a JSON object".into()),
        Err(error) => bad(error.to_string()),
    }
}

struct ChunkSeed<'a> {
    lines: &'a mut dyn Lines,
    offset: &'a mut u64,
}

impl<'de> Visitor<'de> for ChunkSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with offset and content")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<(), A::Error> {
        while let Some(name) = source.next_key::<Box<str>>()? {
            match &*name {
                "offset" => {
                    let offset = source.next_value::<Option<i64>>()?.unwrap_or_default();
                    *self.offset = u64::try_from(offset)
                        .ok()
                        .filter(|_| offset <= OFFSET_MAX)
                        .ok_or_else(|| de::Error::custom(format_args!("offset {offset} is out of range")))?;
                }
                "content" => source.next_value_seed(Nullable(ContentSeed(self.lines)))?,
                _ => drop(source.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct ContentSeed<'a>(&'a mut dyn Lines);

impl<'de> Visitor<'de> for ContentSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of lines")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<(), A::Error> {
        while source.next_element_seed(LineSeed(self.0))?.is_some() {}
        Ok(())
    }

    /// The whole text at once, as older clients send the summary.
    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.line(text);
        Ok(())
    }
}

struct LineSeed<'a>(&'a mut dyn Lines);

impl<'de> DeserializeSeed<'de> for LineSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_str(self)
    }
}

impl Visitor<'_> for LineSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line as a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.line(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> String {
        let refusal = parse(body.as_bytes(), false).unwrap_err();
        assert_eq!(refusal.kind, crate::http::error::Kind::Invalid, "{body}");
        refusal.to_string()
    }

    #[test]
    fn all_members_are_optional_and_may_be_null() {
        for body in [
            "{}",
            r#"{"files":null,"uploaded":null,"complete":null,"exitcode":null,"preempting":null}"#,
            r#"{"files":{}}"#,
            r#"{"files":{"wandb-history.jsonl":null,"output.log":{"offset":null,"content":null},"x":[{}]},"more":{}}"#,
            r#"{"uploaded":["a"]}"#,
        ] {
            let parsed = parse(body.as_bytes(), false).unwrap();
            assert!(parsed.history.is_none() && parsed.console.is_none() && !parsed.complete, "{body}");
        }
        let parsed = parse(br#"{"complete":true,"exitcode":255,"preempting":true}"#, false).unwrap();
        assert_eq!((parsed.complete, parsed.exit_code, parsed.preempting), (true, Some(255), true));
    }

    #[test]
    fn what_is_no_request_is_refused_with_its_reason() {
        for (body, reason) in [
            ("", "EOF"),
            ("[]", "an object with files"),
            ("{} {}", "trailing"),
            (r#"{"files":[]}"#, "an object of files"),
            (r#"{"files":{"output.log":{"offset":-1}}}"#, "offset -1 is out of range"),
            (r#"{"files":{"output.log":{"offset":9007199254740993}}}"#, "out of range"),
            (r#"{"files":{"output.log":{"offset":1e300}}}"#, "i64"),
            (r#"{"files":{"output.log":{"content":[1]}}}"#, "a line as a string"),
            (r#"{"complete":1}"#, "boolean"),
            (r#"{"exitcode":99999999999}"#, "i32"),
        ] {
            assert!(refused(body).contains(reason), "{body}: {}", refused(body));
        }
        // What is ignored is skipped without recursion, however deep.
        let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse(deep.as_bytes(), false).is_ok());
        assert!(parse(b"{\"files\":{\"output.log\":{\"content\":[\"\xff\"]}}}", false).is_err());
    }

    #[test]
    fn the_last_line_is_the_summary() {
        let body = br#"{"files":{"wandb-summary.json":{"offset":0,"content":["{}","{\"a\":NaN}"]}}}"#;
        let Some(Summary::Whole(tree)) = parse(body, false).unwrap().summary else { panic!("no summary") };
        assert_eq!(tree.to_value().to_json(), r#"{"a":NaN}"#);
        let body = br#"{"files":{"wandb-summary.json":{"content":["[1]"]}}}"#;
        assert!(matches!(parse(body, false).unwrap().summary, Some(Summary::Bad(_))));
    }
}
