//! Writing a block.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Cell, HEADER_LEN, Kind, Presence};
use crate::event::value::{NonFinite, Value};

/// Integers to at most this are exact as floats.
const EXACT_MAX: i64 = 1 << 53;

/// Gathers rows into a block. A row is begun, its cells are pushed in any order, the next row is
/// begun; [`BlockBuilder::finish`] writes the bytes.
#[derive(Debug, Default)]
pub struct BlockBuilder {
    rows: u32,
    by_name: BTreeMap<Box<str>, usize>,
    columns: Vec<ColumnBuilder>,
    /// Where the next cell is expected: rows mostly repeat the order of the row before.
    expected: usize,
}

#[derive(Debug)]
struct ColumnBuilder {
    name: Box<str>,
    rows: Vec<u32>,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    Int(Vec<i64>),
    Float(Vec<f64>),
    Bool(Vec<bool>),
    Text(Texts),
    Json(Texts),
}

#[derive(Debug, Default)]
struct Texts {
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.end();
    }

    fn end(&mut self) {
        // A request is at most 128 MiB decoded (L1), so offsets fit.
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    fn truncate(&mut self, cells: usize) {
        self.ends.truncate(cells);
        self.bytes.truncate(self.ends.last().map_or(0, |&end| end as usize));
    }
}

impl BlockBuilder {
    /// An empty block.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Rows begun so far.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Begins the next row.
    pub fn begin_row(&mut self) {
        self.rows += 1;
        self.expected = 0;
    }

    /// Takes back the row begun last, with its cells.
    ///
    /// A column whose kind that row widened stays wide: its cells mean the same.
    pub fn abandon_row(&mut self) {
        let Some(row) = self.rows.checked_sub(1) else { return };
        for column in &mut self.columns {
            if column.rows.last() == Some(&row) {
                column.rows.pop();
                column.truncate(column.rows.len());
            }
        }
        self.rows = row;
    }

    /// Adds a cell to the row begun last; a name that the row already has is overwritten.
    pub fn push(&mut self, name: &str, value: &Value) {
        match value {
            Value::Int(value) => self.push_int(name, *value),
            Value::Float(value) => self.push_float(name, *value),
            Value::Bool(value) => {
                let value = *value;
                self.cell(
                    name,
                    |cells| match cells {
                        Cells::Bool(cells) => {
                            cells.push(value);
                            true
                        }
                        _ => false,
                    },
                    || Cells::Bool(vec![value]),
                    || Value::Bool(value),
                );
            }
            Value::Text(text) => self.push_text(name, text),
            other => self.push_json(name, other),
        }
    }

    /// [`BlockBuilder::push`] of an integer.
    pub fn push_int(&mut self, name: &str, value: i64) {
        self.cell(
            name,
            |cells| match cells {
                Cells::Int(cells) => {
                    cells.push(value);
                    true
                }
                Cells::Float(cells) if is_exact(value) => {
                    cells.push(value as f64);
                    true
                }
                _ => false,
            },
            || Cells::Int(vec![value]),
            || Value::Int(value),
        );
    }

    /// [`BlockBuilder::push`] of a float.
    pub fn push_float(&mut self, name: &str, value: f64) {
        self.cell(
            name,
            |cells| {
                if let Cells::Int(ints) = cells
                    && ints.iter().all(|&int| is_exact(int))
                {
                    *cells = Cells::Float(ints.iter().map(|&int| int as f64).collect());
                }
                match cells {
                    Cells::Float(cells) => {
                        cells.push(value);
                        true
                    }
                    _ => false,
                }
            },
            || Cells::Float(vec![value]),
            || Value::Float(value),
        );
    }

    /// [`BlockBuilder::push`] of a text.
    pub fn push_text(&mut self, name: &str, text: &str) {
        self.cell(
            name,
            |cells| match cells {
                Cells::Text(cells) => {
                    cells.push(text);
                    true
                }
                _ => false,
            },
            || {
                let mut cells = Texts::default();
                cells.push(text);
                Cells::Text(cells)
            },
            || Value::text(text),
        );
    }

    /// [`BlockBuilder::push`] of a cell of another block; JSON stays JSON, whatever it holds.
    pub fn push_cell(&mut self, name: &str, cell: Cell<'_>) {
        match cell {
            Cell::Int(value) => self.push_int(name, value),
            Cell::Float(value) => self.push_float(name, value),
            Cell::Text(text) => self.push_text(name, text),
            Cell::Bool(value) => self.push(name, &Value::Bool(value)),
            Cell::Json(_) => self.push_json(name, &cell.to_value()),
        }
    }

    fn push_json(&mut self, name: &str, value: &Value) {
        self.cell(name, |_| false, || Cells::Json(Texts::default()), || value.clone());
    }

    /// Adds a cell: `fits` pushes it onto a column that takes it as it is, `first` makes the column
    /// of a new name, and where neither does, the column becomes JSON and takes `value` as such.
    fn cell(
        &mut self,
        name: &str,
        fits: impl FnOnce(&mut Cells) -> bool,
        first: impl FnOnce() -> Cells,
        value: impl FnOnce() -> Value,
    ) {
        let Some(row) = self.rows.checked_sub(1) else { return };
        let known = match self.columns.get(self.expected) {
            Some(column) if *column.name == *name => Some(self.expected),
            _ => self.by_name.get(name).copied(),
        };
        let index = known.unwrap_or(self.columns.len());
        self.expected = index + 1;
        if known.is_none() {
            self.by_name.insert(name.into(), index);
            self.columns.push(ColumnBuilder { name: name.into(), rows: vec![row], cells: first() });
        }
        let Some(column) = self.columns.get_mut(index) else { return };
        if known.is_some() {
            if column.rows.last() == Some(&row) {
                column.truncate(column.rows.len() - 1);
            } else {
                column.rows.push(row);
            }
            if fits(&mut column.cells) {
                return;
            }
            column.make_json();
        }
        if let Cells::Json(cells) = &mut column.cells {
            let mut text = String::new();
            value().write_json(&mut text, NonFinite::Bare);
            cells.push(&text);
        }
    }

    /// Writes the block.
    #[must_use]
    pub fn finish(self) -> Bytes {
        let columns: Vec<&ColumnBuilder> =
            self.columns.iter().filter(|column| !column.rows.is_empty()).collect();
        let (mut directory, mut data) = (Vec::new(), Vec::new());
        for column in &columns {
            column.write(self.rows, &mut directory, &mut data);
        }
        let mut out = Vec::with_capacity(HEADER_LEN + directory.len() + data.len());
        for number in [self.rows as usize, columns.len(), directory.len()] {
            put_u32(&mut out, number);
        }
        out.extend_from_slice(&directory);
        out.extend_from_slice(&data);
        Bytes::from(out)
    }
}

fn is_exact(value: i64) -> bool {
    (-EXACT_MAX..=EXACT_MAX).contains(&value)
}

/// Appends a count that a request of at most 128 MiB cannot make larger than u32.
fn put_u32(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

impl ColumnBuilder {
    fn kind(&self) -> Kind {
        match self.cells {
            Cells::Int(_) => Kind::Int,
            Cells::Float(_) => Kind::Float,
            Cells::Bool(_) => Kind::Bool,
            Cells::Text(_) => Kind::Text,
            Cells::Json(_) => Kind::Json,
        }
    }

    fn truncate(&mut self, cells: usize) {
        match &mut self.cells {
            Cells::Int(values) => values.truncate(cells),
            Cells::Float(values) => values.truncate(cells),
            Cells::Bool(values) => values.truncate(cells),
            Cells::Text(values) | Cells::Json(values) => values.truncate(cells),
        }
    }

    fn make_json(&mut self) {
        let mut json = Texts::default();
        let mut push = |value: Value| {
            let mut text = String::new();
            value.write_json(&mut text, NonFinite::Bare);
            json.push(&text);
        };
        match &self.cells {
            Cells::Int(values) => values.iter().for_each(|&value| push(Value::Int(value))),
            Cells::Float(values) => values.iter().for_each(|&value| push(Value::Float(value))),
            Cells::Bool(values) => values.iter().for_each(|&value| push(Value::Bool(value))),
            Cells::Text(texts) => {
                let mut start = 0;
                for &end in &texts.ends {
                    let text = texts.bytes.get(start..end as usize).unwrap_or_default();
                    push(Value::text(String::from_utf8_lossy(text)));
                    start = end as usize;
                }
            }
            Cells::Json(_) => return,
        }
        self.cells = Cells::Json(json);
    }

    fn write(&self, rows: u32, directory: &mut Vec<u8>, data: &mut Vec<u8>) {
        let start = data.len();
        let cells = self.rows.len();
        let presence = if cells == rows as usize {
            Presence::All
        } else if cells * 32 < rows as usize {
            self.rows.iter().for_each(|row| data.extend_from_slice(&row.to_le_bytes()));
            Presence::List
        } else {
            let mut bitmap = vec![0u8; (rows as usize).div_ceil(8)];
            for &row in &self.rows {
                if let Some(byte) = bitmap.get_mut(row as usize / 8) {
                    *byte |= 1 << (row % 8);
                }
            }
            data.extend_from_slice(&bitmap);
            Presence::Bitmap
        };
        match &self.cells {
            Cells::Int(values) => values.iter().for_each(|v| data.extend_from_slice(&v.to_le_bytes())),
            Cells::Float(values) => values.iter().for_each(|v| data.extend_from_slice(&v.to_le_bytes())),
            Cells::Bool(values) => data.extend(values.iter().map(|&v| u8::from(v))),
            Cells::Text(texts) | Cells::Json(texts) => {
                texts.ends.iter().for_each(|end| data.extend_from_slice(&end.to_le_bytes()));
                data.extend_from_slice(&texts.bytes);
            }
        }
        let name_len = u16::try_from(self.name.len()).unwrap_or(u16::MAX);
        directory.extend_from_slice(&name_len.to_le_bytes());
        directory.extend_from_slice(self.name.as_bytes().get(..name_len.into()).unwrap_or_default());
        directory.push(self.kind().code());
        directory.push(presence as u8);
        put_u32(directory, cells);
        put_u32(directory, data.len() - start);
    }
}
