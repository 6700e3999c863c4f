//! Lines of history and of system metrics, straight into columns.
//!
//! A line of plain numbers and texts is read in one pass, without a tree. Anything else (nested
//! values, null, bare `NaN`s, mistakes) makes that pass give up, and the line is read as a tree: nested
//! maps become names with dots, lists and typed objects stay whole.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use engine::limits::{KEY_BYTES_MAX, LINE_BYTES_MAX, ROW_KEYS_MAX};
use engine::{Block, BlockBuilder, HIDDEN_KEY, Tree, Value};
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::hash::Hasher;
use super::request::{BadLine, Lines, RowChunk};

pub(crate) const STEP: &str = "_step";

/// The rows of a chunk.
#[derive(Debug, Clone)]
pub(crate) struct RowBlock {
    pub(crate) rows: u32,
    pub(crate) block: Bytes,
    /// History rows that came without a step, rising.
    pub(crate) stepless: Vec<u32>,
    pub(crate) bad: Vec<BadLine>,
}

impl RowBlock {
    /// The same rows, their steps higher by so many.
    pub(crate) fn with_steps_moved(self, by: i64) -> Self {
        if by == 0 {
            return self;
        }
        // We built the block ourselves.
        let Ok(block) = Block::parse(self.block.clone()) else { return self };
        let mut builder = BlockBuilder::new();
        for row in 0..block.rows() {
            builder.begin_row();
            for (name, cell) in block.row(row) {
                match cell.to_value() {
                    Value::Int(step) if name == STEP => builder.push_int(STEP, step.saturating_add(by)),
                    value => builder.push(name, &value),
                }
            }
        }
        Self { block: builder.finish(), ..self }
    }
}

/// Takes the lines of a chunk.
pub(super) struct RowLines {
    builder: BlockBuilder,
    hash: Hasher,
    is_history: bool,
    stepless: Vec<u32>,
    bad: Vec<BadLine>,
}

impl RowLines {
    pub(super) fn history() -> Self {
        Self::new(true)
    }

    pub(super) fn system() -> Self {
        Self::new(false)
    }

    fn new(is_history: bool) -> Self {
        Self {
            builder: BlockBuilder::new(),
            hash: Hasher::new(),
            is_history,
            stepless: Vec::new(),
            bad: Vec::new(),
        }
    }

    /// The chunk, unless there were no lines.
    pub(super) fn finish(mut self, first_line: u64) -> Option<RowChunk> {
        let rows = self.builder.rows();
        if rows == 0 {
            return None;
        }
        self.hash.word(first_line);
        let Self { builder, hash, stepless, bad, .. } = self;
        let rows = RowBlock { rows, block: builder.finish(), stepless, bad };
        Some(RowChunk { first_line, hash: hash.finish(), rows })
    }

    fn read(&mut self, text: &str) -> Result<bool, Box<str>> {
        if text.len() > LINE_BYTES_MAX {
            return Err(
                format!("the line is {} bytes long, at most {LINE_BYTES_MAX} are read", text.len()).into()
            );
        }
        if let Some(has_step) = self.read_plain(text) {
            return Ok(has_step);
        }
        let value = Value::from_json(text.as_bytes()).map_err(|error| error.to_string())?;
        self.builder.begin_row();
        push_tree(&mut self.builder, self.is_history, value).inspect_err(|_| self.builder.abandon_row())
    }
}

impl RowLines {
    /// Reads a row of plain values; tells whether it had a step. Leaves nothing behind of any other.
    fn read_plain(&mut self, text: &str) -> Option<bool> {
        self.builder.begin_row();
        let mut has_step = false;
        let is_history = self.is_history;
        let row = PlainRow { builder: &mut self.builder, is_history, has_step: &mut has_step };
        let mut source = serde_json::Deserializer::from_str(text);
        let plain = row.deserialize(&mut source).and_then(|()| source.end());
        if plain.is_err() {
            self.builder.abandon_row();
        }
        plain.is_ok().then_some(has_step)
    }
}

impl Lines for RowLines {
    fn line(&mut self, text: &str) {
        self.hash.text(text.as_bytes());
        let index = self.builder.rows();
        match self.read(text) {
            Ok(true) => {}
            Ok(false) if self.is_history => self.stepless.push(index),
            Ok(false) => {}
            Err(reason) => {
                self.bad.push(BadLine { index, raw: text.into(), reason });
                // The row stays, empty, so that rows keep standing for lines.
                if self.builder.rows() == index {
                    self.builder.begin_row();
                }
            }
        }
    }
}

/// Pushes a row read as a tree; tells whether it had a step.
pub(crate) fn push_tree(
    builder: &mut BlockBuilder,
    is_history: bool,
    value: Value,
) -> Result<bool, Box<str>> {
    if value.as_map().is_none() {
        return Err("the line is not a JSON object".into());
    }
    let (mut keys, mut has_step, mut wrong) = (0usize, false, None);
    Tree::of(value).leaves(&mut |name, leaf| {
        keys += 1;
        if !is_history && is_hidden(name) {
            return;
        }
        if name.len() > KEY_BYTES_MAX {
            wrong = Some(too_long(name));
        } else if keys > ROW_KEYS_MAX {
            wrong = Some(format!("the row has more than {ROW_KEYS_MAX} keys"));
        } else if is_history && name == STEP {
            match step(leaf) {
                Some(step) => {
                    has_step = true;
                    builder.push_int(STEP, step);
                }
                None => wrong = Some("the _step is not an integer".into()),
            }
        } else {
            builder.push(name, leaf);
        }
    });
    wrong.map_or(Ok(has_step), |wrong| Err(wrong.into()))
}

fn is_hidden(name: &str) -> bool {
    name.strip_prefix(HIDDEN_KEY).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn step(value: &Value) -> Option<i64> {
    match value {
        Value::Int(step) => Some(*step),
        Value::Float(step) => whole(*step),
        _ => None,
    }
}

/// The integer that a float is, if it is one within 2^53.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn whole(float: f64) -> Option<i64> {
    (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0).then_some(float as i64)
}

fn too_long(key: &str) -> String {
    format!("a key is {} bytes long, at most {KEY_BYTES_MAX} are kept", key.len())
}

/// Reads a row of plain values; fails on anything else.
struct PlainRow<'a> {
    builder: &'a mut BlockBuilder,
    is_history: bool,
    has_step: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for PlainRow<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PlainRow<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<(), A::Error> {
        let mut keys = 0usize;
        while let Some(Name(name)) = source.next_key()? {
            keys += 1;
            if name.len() > KEY_BYTES_MAX || keys > ROW_KEYS_MAX {
                return Err(de::Error::custom("too long or too many"));
            }
            if !self.is_history && name == HIDDEN_KEY {
                source.next_value::<IgnoredAny>()?;
                continue;
            }
            let is_step = self.is_history && name == STEP;
            *self.has_step |= is_step;
            source.next_value_seed(PlainCell { builder: self.builder, name: &name, is_step })?;
        }
        Ok(())
    }
}

/// A key, borrowed from the line unless it has escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> de::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        source.deserialize_str(NameVisitor)
    }
}

struct PlainCell<'a> {
    builder: &'a mut BlockBuilder,
    name: &'a str,
    is_step: bool,
}

impl<'de> DeserializeSeed<'de> for PlainCell<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl PlainCell<'_> {
    fn not_for_steps<E: de::Error>(&self) -> Result<(), E> {
        if self.is_step { Err(E::custom("the _step is not an integer")) } else { Ok(()) }
    }
}

impl Visitor<'_> for PlainCell<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain value")
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.builder.push_int(self.name, value);
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.builder.push_int(self.name, value),
            Err(_) => {
                self.not_for_steps()?;
                self.builder.push(self.name, &Value::UInt(value));
            }
        }
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.not_for_steps()?;
        self.builder.push_float(self.name, value);
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.not_for_steps()?;
        self.builder.push(self.name, &Value::Bool(value));
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.not_for_steps()?;
        self.builder.push_text(self.name, text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(mut lines: RowLines, texts: &[&str]) -> RowChunk {
        texts.iter().for_each(|text| lines.line(text));
        lines.finish(3).unwrap()
    }

    fn rows(chunk: &RowChunk) -> Vec<String> {
        let block = Block::parse(chunk.rows.block.clone()).unwrap();
        let row =
            |row| Value::Map(block.row(row).map(|(name, cell)| (name.into(), cell.to_value())).collect());
        (0..block.rows()).map(|index| row(index).to_json()).collect()
    }

    #[test]
    fn plain_and_nested_rows_become_the_same_columns() {
        let chunk = chunk(
            RowLines::history(),
            &[
                r#"{"_step":0,"loss":0.5,"ok":true,"note":"a\"b","n":{"a":1,"b":{"c":2.5}}}"#,
                r#"{"note":"","_step":1.0,"loss":NaN,"h":{"_type":"histogram","bins":[1,2]},"l":[1,{"x":null}],"e":{}}"#,
                r#"{"loss":18446744073709551615,"_step":2,"k\u00e9y":1,"z":null}"#,
            ],
        );
        assert_eq!(
            rows(&chunk),
            [
                r#"{"_step":0,"loss":0.5,"ok":true,"note":"a\"b","n.a":1,"n.b.c":2.5}"#,
                r#"{"_step":1,"loss":NaN,"note":"","e":{},"h":{"_type":"histogram","bins":[1,2]},"l":[1,{"x":null}]}"#,
                r#"{"_step":2,"loss":18446744073709551615,"kéy":1,"z":null}"#,
            ]
        );
        assert!(chunk.rows.bad.is_empty() && chunk.rows.stepless.is_empty());
    }

    #[test]
    fn a_line_that_cannot_be_read_leaves_an_empty_row_at_its_place() {
        let long = format!(r#"{{"{}":1}}"#, "k".repeat(KEY_BYTES_MAX + 1));
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(80), "]".repeat(80));
        let texts = [
            r#"{"_step":0}"#,
            "{oops",
            "[1]",
            &long,
            r#"{"_step":"x","a":1}"#,
            &deep,
            r#"{"_step":0.5}"#,
            r#"{"_step":1}"#,
        ];
        let chunk = chunk(RowLines::history(), &texts);
        assert_eq!(rows(&chunk), [r#"{"_step":0}"#, "{}", "{}", "{}", "{}", "{}", "{}", r#"{"_step":1}"#]);
        assert_eq!(chunk.rows.bad.iter().map(|bad| bad.index).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(&*chunk.rows.bad[1].raw, "[1]");
        assert_eq!((chunk.rows.rows, chunk.first_line), (8, 3));
    }

    #[test]
    fn bare_words_are_numbers_and_nothing_else_is_taken_for_them() {
        let texts = [
            r#"{"a":NaN,"b":-Infinity,"c":Infinity,"NaN":"NaN","d":"\"NaN","e":"\\","f":-1}"#,
            "{\"a\":NaN,\"t\":\"\\u0001NaN\"}",
            "{\"a\":NaN,\"t\":\"\\u0001NaN\",\"n\":{\"x\":Infinity}}",
        ];
        let chunk = chunk(RowLines::system(), &texts);
        assert_eq!(
            rows(&chunk),
            [
                r#"{"NaN":"NaN","a":NaN,"b":-Infinity,"c":Infinity,"d":"\"NaN","e":"\\","f":-1}"#,
                r#"{"a":NaN,"t":"\u0001NaN"}"#,
                r#"{"a":NaN,"t":"\u0001NaN","n.x":Infinity}"#,
            ]
        );
        for wrong in ["{\"a\":NaNa}", "{\"a\":-NaN}", "{\"a\":Inf}"] {
            let mut lines = RowLines::system();
            lines.line(wrong);
            assert_eq!(lines.bad.len(), 1, "{wrong}");
        }
    }

    #[test]
    fn a_bare_word_is_no_key() {
        for wrong in ["{NaN:1}", "{\"a\":{-Infinity:1}}", "{\"a\":[{\"b\":1,Infinity:NaN}]}"] {
            let mut lines = RowLines::history();
            lines.line(wrong);
            assert_eq!(
                (lines.bad.len(), rows(&lines.finish(0).unwrap())),
                (1, vec!["{}".to_owned()]),
                "{wrong}"
            );
        }
    }

    #[test]
    fn the_clients_own_mark_on_system_rows_is_dropped() {
        let chunk = chunk(
            RowLines::system(),
            &[r#"{"_wandb":true,"system.cpu":1.5,"_runtime":1}"#, r#"{"_wandb":{"a":NaN},"system.cpu":2}"#],
        );
        assert_eq!(rows(&chunk), [r#"{"system.cpu":1.5,"_runtime":1}"#, r#"{"system.cpu":2.0}"#]);
    }

    #[test]
    fn rows_without_a_step_are_told() {
        let chunk = chunk(RowLines::history(), &[r#"{"a":1}"#, r#"{"_step":5}"#, r#"{"a":{"b":1}}"#]);
        assert_eq!(chunk.rows.stepless, [0, 2]);
    }

    #[test]
    fn the_hash_tells_offset_and_lines() {
        let hash = |offset, texts: &[&str]| {
            let mut lines = RowLines::history();
            texts.iter().for_each(|text| lines.line(text));
            lines.finish(offset).unwrap().hash
        };
        assert_eq!(hash(1, &["{}", "{}"]), hash(1, &["{}", "{}"]));
        assert_ne!(hash(1, &["{}", "{}"]), hash(2, &["{}", "{}"]));
        assert_ne!(hash(1, &["{}", "{}"]), hash(1, &["{}"]));
    }
}
