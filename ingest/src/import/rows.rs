//! Rows of history and of system metrics, from records straight into columns: what `filestream/rows.rs`
//! is for lines. A row of plain values is read in one pass; any other is put together as a tree.

use engine::limits::{KEY_BYTES_MAX, LINE_BYTES_MAX, ROW_KEYS_MAX};
use engine::{BlockBuilder, Paths, Tree, Value};

use super::proto::{Fields, Malformed};
use super::record::{Item, items};
use super::value::{Plain, value};
use crate::wandb::filestream::{BadLine, Hasher, RowBlock, RowChunk, STEP, push_tree};

/// Where in a `HistoryRecord` and in a `StatsRecord` the items are.
const HISTORY_ITEMS: u32 = 1;
const STATS_ITEMS: u32 = 3;

/// Takes records until they fill a chunk.
pub(crate) struct RowRecords {
    builder: BlockBuilder,
    hash: Hasher,
    bad: Vec<BadLine>,
    stepless: Vec<u32>,
    cells: u64,
    last_step: Option<i64>,
    name: String,
}

/// Why a record is no row.
enum NoRow {
    /// It needs a tree.
    NotPlain,
    Wrong(Box<str>),
}

impl From<Malformed> for NoRow {
    fn from(malformed: Malformed) -> Self {
        Self::Wrong(malformed.to_string().into())
    }
}

impl RowRecords {
    pub(crate) fn new() -> Self {
        Self {
            builder: BlockBuilder::new(),
            hash: Hasher::new(),
            bad: Vec::new(),
            stepless: Vec::new(),
            cells: 0,
            last_step: None,
            name: String::new(),
        }
    }

    pub(crate) fn rows(&self) -> u32 {
        self.builder.rows()
    }

    /// Values of all keys so far.
    pub(crate) fn cells(&self) -> u64 {
        self.cells
    }

    /// The step of the last row of history that has one.
    pub(crate) fn last_step(&self) -> Option<i64> {
        self.last_step
    }

    /// The chunk, unless there were no rows.
    pub(crate) fn finish(self, first_line: u64) -> Option<RowChunk> {
        let rows = self.builder.rows();
        if rows == 0 {
            return None;
        }
        let mut hash = self.hash;
        hash.word(first_line);
        let block = self.builder.finish();
        let rows = RowBlock { rows, block, stepless: self.stepless, bad: self.bad };
        Some(RowChunk { first_line, hash: hash.finish(), rows })
    }

    /// Takes a `HistoryRecord`; its steps are moved up by `shift`.
    pub(crate) fn history(&mut self, record: &[u8], shift: i64) {
        let index = self.begin(record);
        let has_step = match self.plain_history(record, shift) {
            Err(NoRow::NotPlain) => {
                self.builder.abandon_row();
                self.builder.begin_row();
                self.tree_history(record, shift)
            }
            Err(NoRow::Wrong(reason)) => Err(reason),
            Ok(has_step) => Ok(has_step),
        };
        match has_step {
            Ok(true) => {}
            // Clients since 0.12 write the step as an item; before, it stands apart.
            Ok(false) => match step_beside(record) {
                Some(step) => {
                    let step = step.saturating_add(shift);
                    self.last_step = Some(step);
                    self.builder.push_int(STEP, step);
                }
                None => self.stepless.push(index),
            },
            Err(reason) => self.reject(index, record, HISTORY_ITEMS, reason),
        }
    }

    /// Takes a `StatsRecord`; a process that began at `start` wrote it.
    pub(crate) fn stats(&mut self, record: &[u8], start: Option<i64>) {
        let index = self.begin(record);
        if let Err(reason) = self.sample(record, start) {
            self.reject(index, record, STATS_ITEMS, reason);
        }
    }

    fn begin(&mut self, record: &[u8]) -> u32 {
        self.hash.text(record);
        let index = self.builder.rows();
        self.builder.begin_row();
        index
    }

    /// The row stays, empty, so that rows keep standing for lines.
    fn reject(&mut self, index: u32, record: &[u8], under: u32, reason: Box<str>) {
        self.builder.abandon_row();
        self.builder.begin_row();
        self.bad.push(BadLine { index, raw: raw(record, under), reason });
    }

    fn plain_history(&mut self, record: &[u8], shift: i64) -> Result<bool, NoRow> {
        check_len(record)?;
        let (mut keys, mut has_step) = (0u64, false);
        for item in items(record, HISTORY_ITEMS) {
            let item = item?;
            let plain = Plain::of(item.value).filter(|_| item.last() != "_type").ok_or(NoRow::NotPlain)?;
            keys += 1;
            if keys > ROW_KEYS_MAX as u64 {
                return Err(NoRow::NotPlain);
            }
            let name = name(&item, &mut self.name);
            if name.len() > KEY_BYTES_MAX {
                return Err(NoRow::NotPlain);
            }
            if name == STEP {
                let Plain::Int(step) = plain else { return Err(NoRow::NotPlain) };
                has_step = true;
                let step = step.saturating_add(shift);
                self.last_step = Some(step);
                self.builder.push_int(STEP, step);
                continue;
            }
            push(&mut self.builder, name, plain);
        }
        self.cells += keys;
        Ok(has_step)
    }

    fn tree_history(&mut self, record: &[u8], shift: i64) -> Result<bool, Box<str>> {
        let mut row = tree(record, HISTORY_ITEMS)?;
        if let (Some(Value::Int(step)), true) = (row.get(STEP), shift != 0) {
            let moved = Value::Int(step.saturating_add(shift));
            row.apply(&Paths { removed: Vec::new(), set: vec![(vec![STEP.into()], moved)] });
        }
        self.last_step = row.get(STEP).and_then(Value::as_i64).or(self.last_step);
        row.leaves(&mut |_, _| self.cells += 1);
        push_tree(&mut self.builder, true, row.to_value())
    }

    fn sample(&mut self, record: &[u8], start: Option<i64>) -> Result<(), Box<str>> {
        let wrong = told::<Malformed>;
        let mut time = None;
        for field in Fields::of(record) {
            if let (2, value) = field.map_err(wrong)? {
                time = Some(value.time().map_err(wrong)?);
            }
        }
        for item in items(record, STATS_ITEMS) {
            let item = item.map_err(wrong)?;
            self.name.clear();
            self.name.push_str("system.");
            self.name.push_str(item.plain_name().unwrap_or(item.last()));
            if self.name.len() > KEY_BYTES_MAX {
                return Err(format!("a key is {} bytes long", self.name.len()).into());
            }
            let value = value(item.value).map_err(told)?;
            self.builder.push(&self.name, &value);
            self.cells += 1;
        }
        if let Some(time) = time {
            self.builder.push_float("_timestamp", seconds(time));
            if let Some(start) = start {
                let runtime = value_of(seconds(time.saturating_sub(start)));
                self.builder.push("_runtime", &runtime);
            }
        }
        Ok(())
    }
}

fn told<E: std::fmt::Display>(error: E) -> Box<str> {
    error.to_string().into()
}

fn check_len(record: &[u8]) -> Result<(), NoRow> {
    if record.len() <= LINE_BYTES_MAX {
        return Ok(());
    }
    let reason = format!("the row is {} bytes long, at most {LINE_BYTES_MAX} are read", record.len());
    Err(NoRow::Wrong(reason.into()))
}

fn push(builder: &mut BlockBuilder, name: &str, value: Plain<'_>) {
    match value {
        Plain::Int(value) => builder.push_int(name, value),
        Plain::Float(value) => builder.push_float(name, value),
        Plain::Bool(value) => builder.push(name, &Value::Bool(value)),
        Plain::Text(text) => builder.push_text(name, text),
    }
}

/// The name with its parts joined by dots, borrowed where there is one part.
fn name<'a>(item: &Item<'a>, scratch: &'a mut String) -> &'a str {
    if let Some(name) = item.plain_name() {
        return name;
    }
    scratch.clear();
    for (index, part) in item.path().enumerate() {
        if index > 0 {
            scratch.push('.');
        }
        scratch.push_str(part);
    }
    scratch
}

/// A row as the object that the client would send.
fn tree(record: &[u8], under: u32) -> Result<Tree, Box<str>> {
    let mut row = Tree::default();
    for item in items(record, under) {
        let item = item.map_err(told)?;
        let value = value(item.value).map_err(told)?;
        let path = item.path().map(Box::from).collect();
        row.apply(&Paths { removed: Vec::new(), set: vec![(path, value)] });
    }
    Ok(row)
}

/// The step that old clients write beside the items.
fn step_beside(record: &[u8]) -> Option<i64> {
    let step = Fields::of(record).find_map(|field| match field {
        Ok((2, step)) => step.bytes().ok(),
        _ => None,
    })?;
    // Zero is not written.
    let number = Fields::of(step).find_map(|field| match field {
        Ok((1, number)) => number.integer().ok(),
        _ => None,
    });
    Some(number.unwrap_or_default())
}

/// When a row of history was logged and its step, as far as both are plain.
pub(crate) fn time_and_step(record: &[u8]) -> (Option<f64>, Option<i64>) {
    let (mut time, mut step) = (None, step_beside(record));
    for item in items(record, HISTORY_ITEMS).filter_map(Result::ok) {
        match (item.plain_name(), Plain::of(item.value)) {
            (Some("_timestamp"), Some(Plain::Float(float))) => time = Some(float),
            (Some("_timestamp"), Some(Plain::Int(whole))) => time = Some(whole as f64),
            (Some(STEP), Some(Plain::Int(number))) => step = Some(number),
            _ => {}
        }
    }
    (time, step)
}

/// When a sample was taken, as its row says it.
pub(crate) fn time_of_sample(record: &[u8]) -> Option<f64> {
    let time = Fields::of(record).find_map(|field| match field {
        Ok((2, time)) => time.time().ok(),
        _ => None,
    })?;
    Some(seconds(time))
}

/// A row that cannot be read, as near to JSON as it comes.
fn raw(record: &[u8], under: u32) -> Box<str> {
    let mut text = String::from("{");
    for item in items(record, under).filter_map(Result::ok) {
        if text.len() > 1 {
            text.push(',');
        }
        let mut scratch = String::new();
        text += &Value::text(name(&item, &mut scratch)).to_json();
        text.push(':');
        match item.value {
            super::record::Given::Json(json) => text += json,
            other => text += &value(other).unwrap_or(Value::Null).to_json(),
        }
        if text.len() > LINE_BYTES_MAX {
            break;
        }
    }
    text.push('}');
    text.into()
}

/// Nanoseconds as seconds, with the rounding of the client: whole and fraction apart.
fn seconds(nanos: i64) -> f64 {
    (nanos / 1_000_000_000) as f64 + (nanos % 1_000_000_000) as f64 / 1e9
}

fn value_of(float: f64) -> Value {
    value(super::record::Given::Float(float)).unwrap_or(Value::Float(float))
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{field, item};
    use super::*;
    use engine::Block;

    fn record(items: &[Vec<u8>]) -> Vec<u8> {
        items.iter().flat_map(|item| field(1, item)).collect()
    }

    fn rows(records: &[Vec<u8>], shift: i64) -> (Vec<String>, RowChunk) {
        let mut rows = RowRecords::new();
        records.iter().for_each(|record| rows.history(record, shift));
        let chunk = rows.finish(0).unwrap();
        let block = Block::parse(chunk.rows.block.clone()).unwrap();
        let row =
            |row| Value::Map(block.row(row).map(|(name, cell)| (name.into(), cell.to_value())).collect());
        ((0..block.rows()).map(|index| row(index).to_json()).collect(), chunk)
    }

    #[test]
    fn plain_nested_and_typed_values_become_the_columns_of_the_live_door() {
        let records = [
            record(&[item(&["_step"], "0"), item(&["n", "x"], "1.0"), item(&["t"], "\"a\"")]),
            record(&[item(&["_step"], "1"), item(&["n", "x"], "0.5"), item(&["l"], "[1.0,null]")]),
            record(&[
                item(&["_step"], "2"),
                item(&["h", "_type"], "\"histogram\""),
                item(&["h", "bins"], "[1]"),
                item(&["n", "x"], "NaN"),
            ]),
        ];
        let (rows, chunk) = rows(&records, 0);
        assert_eq!(
            rows,
            [
                r#"{"_step":0,"n.x":1.0,"t":"a"}"#,
                r#"{"_step":1,"n.x":0.5,"l":[1,null]}"#,
                r#"{"_step":2,"n.x":NaN,"h":{"_type":"histogram","bins":[1]}}"#,
            ]
        );
        assert!(chunk.rows.bad.is_empty() && chunk.rows.stepless.is_empty());
    }

    #[test]
    fn steps_are_moved_taken_from_beside_or_told_to_be_missing() {
        let mut beside = record(&[item(&["a"], "1")]);
        beside.extend(field(2, &[0x08, 0x07]));
        let records = [
            record(&[item(&["_step"], "3")]),
            record(&[item(&["_step"], "4"), item(&["l"], "[]")]),
            beside,
            record(&[item(&["a"], "2")]),
        ];
        let (rows, chunk) = rows(&records, 10);
        assert_eq!(
            rows,
            [r#"{"_step":13}"#, r#"{"_step":14,"l":[]}"#, r#"{"_step":17,"a":1}"#, r#"{"a":2}"#]
        );
        assert_eq!(chunk.rows.stepless, [3]);
    }

    #[test]
    fn a_record_that_is_no_row_leaves_an_empty_one_and_is_kept_aside() {
        let records = [
            record(&[item(&["_step"], "0"), item(&["a"], "{oops")]),
            field(1, b"\x12\x7f"),
            record(&[item(&["_step"], "\"x\"")]),
            record(&[item(&["k".repeat(KEY_BYTES_MAX + 1).as_str()], "1")]),
            record(&[item(&["_step"], "1")]),
        ];
        let (rows, chunk) = rows(&records, 0);
        assert_eq!(rows, ["{}", "{}", "{}", "{}", r#"{"_step":1}"#]);
        assert_eq!(chunk.rows.bad.iter().map(|bad| bad.index).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(&*chunk.rows.bad[0].raw, r#"{"_step":0,"a":{oops}"#);
    }

    #[test]
    fn samples_have_the_time_and_the_time_since_the_start() {
        let mut sample = field(2, &[0x08, 0x05, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01]);
        sample.extend(field(3, &item(&["cpu"], "0.0")));
        let mut rows = RowRecords::new();
        rows.stats(&sample, Some(3_500_000_000));
        let block = Block::parse(rows.finish(0).unwrap().rows.block).unwrap();
        let cell = |name| block.cell(name, 0).map(|cell| cell.to_value());
        assert_eq!(cell("_timestamp"), Some(Value::Float(5.5)));
        assert_eq!((cell("_runtime"), cell("system.cpu")), (Some(Value::Int(2)), Some(Value::Int(0))));
        assert_eq!(time_of_sample(&sample), Some(5.5));
    }
}
