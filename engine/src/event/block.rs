//! A block: rows of one run as typed columns, in a layout that is read by slicing.
//!
//! ```text
//!  0        4         8            12
//!  ┌────────┬─────────┬────────────┬────────────────┬────────────┬────────────┬───
//!  │ rows   │ columns │ directory  │ directory      │ column 0   │ column 1   │ …
//!  │ u32    │ u32     │ bytes u32  │                │            │            │
//!  └────────┴─────────┴────────────┴────────────────┴────────────┴────────────┴───
//!  directory, a column each:  name len u16 │ name │ kind u8 │ presence u8 │ cells u32 │ bytes u32
//!  column:                    presence │ values          (bytes of both together: `bytes`)
//!  presence:   0 every row has a cell      nothing
//!              1 bitmap                    ceil(rows / 8) bytes, bit r%8 of byte r/8
//!              2 list                      a u32 row number per cell, rising
//!  values:     Int, Float                  8 bytes a cell
//!              Bool                        1 byte a cell
//!              Text, Json                  u32 end offset a cell, then the bytes
//! ```
//!
//! What holds:
//! - Only cells that are there take room: a row may name a thousand keys that no other row has.
//! - A column has one kind for the whole block. Integers and floats in one column become floats
//!   while every integer is within 2^53, else JSON text: no value is ever rounded.
//! - Names are unique. All numbers are little-endian.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::value::{NonFinite, Value};

/// Rows to at most this integer are exact as floats.
const EXACT_MAX: i64 = 1 << 53;
const HEADER_LEN: usize = 12;

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// i64.
    Int,
    /// f64.
    Float,
    /// true or false.
    Bool,
    /// Text.
    Text,
    /// Anything, as JSON text in the dialect of [`Value::from_json`].
    Json,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Int => 0,
            Self::Float => 1,
            Self::Bool => 2,
            Self::Text => 3,
            Self::Json => 4,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Int,
            1 => Self::Float,
            2 => Self::Bool,
            3 => Self::Text,
            4 => Self::Json,
            _ => return None,
        })
    }
}

/// One cell, borrowed from its block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// true or false.
    Bool(bool),
    /// Text.
    Text(&'a str),
    /// JSON text.
    Json(&'a str),
}

impl Cell<'_> {
    /// The value that was logged.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::Bool(value) => Value::Bool(value),
            Self::Text(text) => Value::text(text),
            // A block that passed its checksum holds what `BlockBuilder` wrote.
            Self::Json(text) => Value::from_json(text.as_bytes()).unwrap_or_else(|_| Value::text(text)),
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Writing
// ---------------------------------------------------------------------------------------------

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

// ---------------------------------------------------------------------------------------------
// Reading
// ---------------------------------------------------------------------------------------------

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    All = 0,
    Bitmap = 1,
    List = 2,
}

/// A block being read: the directory is parsed, the columns are slices.
#[derive(Debug, Clone)]
pub struct Block {
    bytes: Bytes,
    rows: u32,
    columns: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    name: (usize, usize),
    kind: Kind,
    presence: Presence,
    cells: u32,
    /// Where presence and values begin and end.
    data: (usize, usize),
}

/// Why bytes are not a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BlockError(&'static str);

impl Block {
    /// Reads the directory and checks that every column lies within the bytes, so that reading
    /// cells cannot fail later.
    ///
    /// # Errors
    ///
    /// [`BlockError`] when the bytes are not what [`BlockBuilder`] writes.
    pub fn parse(bytes: Bytes) -> Result<Self, BlockError> {
        let mut head = Reader { bytes: &bytes, at: 0 };
        let rows = head.u32()?;
        let count = head.u32()? as usize;
        let directory_len = head.u32()? as usize;
        let mut at = HEADER_LEN.checked_add(directory_len).ok_or(BlockError("directory too long"))?;
        if at > bytes.len() || count > directory_len {
            return Err(BlockError("directory beyond the end"));
        }
        let mut columns = Vec::with_capacity(count);
        for _ in 0..count {
            let entry = head.entry(rows, at)?;
            at = entry.data.1;
            columns.push(entry);
        }
        if head.at != HEADER_LEN + directory_len {
            return Err(BlockError("directory length differs"));
        }
        if at != bytes.len() {
            return Err(BlockError("length differs"));
        }
        let block = Self { rows, columns, bytes };
        block.columns().try_for_each(|column| column.check())?;
        let mut names: Vec<&str> = block.columns().map(|column| column.name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(BlockError("a column name is repeated"));
        }
        Ok(block)
    }

    /// Rows in the block.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// The columns, in the order in which their names first occurred.
    pub fn columns(&self) -> impl Iterator<Item = Column<'_>> {
        self.columns.iter().filter_map(|entry| self.open(entry))
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Column<'_>> {
        self.columns().find(|column| column.name == name)
    }

    fn open(&self, entry: &Entry) -> Option<Column<'_>> {
        let name = std::str::from_utf8(self.bytes.get(entry.name.0..entry.name.1)?).ok()?;
        let data = self.bytes.get(entry.data.0..entry.data.1)?;
        let presence_len = match entry.presence {
            Presence::All => 0,
            Presence::Bitmap => (self.rows as usize).div_ceil(8),
            Presence::List => entry.cells as usize * 4,
        };
        let (present, values) = data.split_at_checked(presence_len)?;
        Some(Column {
            name,
            kind: entry.kind,
            rows: self.rows,
            cells: entry.cells,
            presence: entry.presence,
            present,
            values,
        })
    }

    /// All cells of one row, by column.
    pub fn row(&self, row: u32) -> impl Iterator<Item = (&str, Cell<'_>)> {
        self.columns().filter_map(move |column| {
            let index = column.index_of(row)?;
            Some((column.name, column.cell(index)?))
        })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], BlockError> {
        let end = self.at.checked_add(len).ok_or(BlockError("a length is too large"))?;
        let taken = self.bytes.get(self.at..end).ok_or(BlockError("cut short"))?;
        self.at = end;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, BlockError> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes(bytes.try_into().map_err(|_wrong_length| BlockError("cut short"))?))
    }

    fn byte(&mut self) -> Result<u8, BlockError> {
        self.take(1)?.first().copied().ok_or(BlockError("cut short"))
    }

    fn entry(&mut self, rows: u32, data_at: usize) -> Result<Entry, BlockError> {
        let len = self.take(2)?;
        let len = u16::from_le_bytes(len.try_into().map_err(|_wrong_length| BlockError("cut short"))?);
        let start = self.at;
        let name = self.take(len.into())?;
        std::str::from_utf8(name).map_err(|_not_utf8| BlockError("a name is not UTF-8"))?;
        let name = (start, self.at);
        let kind = Kind::from_code(self.byte()?).ok_or(BlockError("unknown column kind"))?;
        let presence = match self.byte()? {
            0 => Presence::All,
            1 => Presence::Bitmap,
            2 => Presence::List,
            _ => return Err(BlockError("unknown presence")),
        };
        let cells = self.u32()?;
        let len = self.u32()? as usize;
        let end = data_at.checked_add(len).ok_or(BlockError("a length is too large"))?;
        if end > self.bytes.len() {
            return Err(BlockError("a column lies beyond the end"));
        }
        if cells > rows || (presence == Presence::All && cells != rows) {
            return Err(BlockError("cells and rows differ"));
        }
        Ok(Entry { name, kind, presence, cells, data: (data_at, end) })
    }
}

/// A column of a block.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// Its key.
    pub name: &'a str,
    /// What its cells are.
    pub kind: Kind,
    rows: u32,
    cells: u32,
    presence: Presence,
    present: &'a [u8],
    values: &'a [u8],
}

impl<'a> Column<'a> {
    /// How many rows have a cell.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.cells
    }

    /// Whether no row has a cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells == 0
    }

    /// The rows that have a cell, rising.
    pub fn rows(&self) -> impl Iterator<Item = u32> + use<'a> {
        let (all, bitmap, list) = match self.presence {
            Presence::All => (self.rows, &[][..], &[][..]),
            Presence::Bitmap => (0, self.present, &[][..]),
            Presence::List => (0, &[][..], self.present),
        };
        let bits = (0u32..).zip(bitmap).flat_map(|(byte, &bits)| {
            (0..8u32).filter(move |bit| bits & (1 << bit) != 0).map(move |bit| byte * 8 + bit)
        });
        let listed = list.as_chunks::<4>().0.iter().map(|row| u32::from_le_bytes(*row));
        (0..all).chain(bits).chain(listed)
    }

    /// The rows that have a cell, and the cells.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Cell<'a>)> + use<'a> {
        let column = *self;
        self.rows().zip(0u32..).filter_map(move |(row, index)| Some((row, column.cell(index)?)))
    }

    /// The cells of a float column without their rows, as raw values.
    #[must_use]
    pub fn floats(&self) -> Option<impl ExactSizeIterator<Item = f64> + use<'a>> {
        (self.kind == Kind::Float)
            .then(|| self.values.as_chunks::<8>().0.iter().map(|cell| f64::from_le_bytes(*cell)))
    }

    /// The cells of an integer column without their rows, as raw values.
    #[must_use]
    pub fn ints(&self) -> Option<impl ExactSizeIterator<Item = i64> + use<'a>> {
        (self.kind == Kind::Int)
            .then(|| self.values.as_chunks::<8>().0.iter().map(|cell| i64::from_le_bytes(*cell)))
    }

    /// Whether every row has a cell.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.cells == self.rows
    }

    /// The place among the cells of the cell of a row.
    #[must_use]
    pub fn index_of(&self, row: u32) -> Option<u32> {
        if row >= self.rows {
            return None;
        }
        match self.presence {
            Presence::All => Some(row),
            Presence::Bitmap => {
                let byte = *self.present.get(row as usize / 8)?;
                let bit = 1u8 << (row % 8);
                if byte & bit == 0 {
                    return None;
                }
                let before: u32 =
                    self.present.get(..row as usize / 8)?.iter().map(|byte| byte.count_ones()).sum();
                Some(before + (byte & (bit - 1)).count_ones())
            }
            Presence::List => {
                let (rows, _) = self.present.as_chunks::<4>();
                let index = rows.binary_search_by_key(&row, |row| u32::from_le_bytes(*row)).ok()?;
                u32::try_from(index).ok()
            }
        }
    }

    /// The cell at a place among the cells.
    #[must_use]
    pub fn cell(&self, index: u32) -> Option<Cell<'a>> {
        let index = index as usize;
        Some(match self.kind {
            Kind::Int => Cell::Int(i64::from_le_bytes(*self.values.as_chunks::<8>().0.get(index)?)),
            Kind::Float => Cell::Float(f64::from_le_bytes(*self.values.as_chunks::<8>().0.get(index)?)),
            Kind::Bool => Cell::Bool(*self.values.get(index)? != 0),
            Kind::Text => Cell::Text(self.text(index)?),
            Kind::Json => Cell::Json(self.text(index)?),
        })
    }

    fn text(&self, index: usize) -> Option<&'a str> {
        let (ends, bytes) = self.values.split_at_checked(self.cells as usize * 4)?;
        let end = |index: usize| ends.as_chunks::<4>().0.get(index).map(|end| u32::from_le_bytes(*end));
        let start = match index.checked_sub(1) {
            Some(before) => end(before)?,
            None => 0,
        };
        std::str::from_utf8(bytes.get(start as usize..end(index)? as usize)?).ok()
    }

    fn check(&self) -> Result<(), BlockError> {
        let cells = self.cells as usize;
        let sized = match self.kind {
            Kind::Int | Kind::Float => self.values.len() == cells * 8,
            Kind::Bool => self.values.len() == cells,
            Kind::Text | Kind::Json => self.values.len() >= cells * 4,
        };
        if !sized {
            return Err(BlockError("a column has the wrong length"));
        }
        match self.presence {
            Presence::All => {}
            Presence::Bitmap => {
                let set: u32 = self.present.iter().map(|byte| byte.count_ones()).sum();
                let last = self.rows().last();
                if set != self.cells || last.is_some_and(|row| row >= self.rows) {
                    return Err(BlockError("a bitmap differs from its count"));
                }
            }
            Presence::List => {
                let rising = self.rows().zip(self.rows().skip(1)).all(|(a, b)| a < b);
                if !rising || self.rows().last().is_some_and(|row| row >= self.rows) {
                    return Err(BlockError("a row list does not rise"));
                }
            }
        }
        if matches!(self.kind, Kind::Text | Kind::Json) {
            let whole = (0..cells).all(|index| self.text(index).is_some());
            let (ends, bytes) = self.values.split_at(cells * 4);
            let last = ends.as_chunks::<4>().0.last().map_or(0, |end| u32::from_le_bytes(*end) as usize);
            if !whole || last != bytes.len() {
                return Err(BlockError("texts do not fill their column"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(rows: &[&str]) -> Block {
        let mut builder = BlockBuilder::new();
        for row in rows {
            builder.begin_row();
            for (key, value) in Value::from_json(row.as_bytes()).unwrap().as_map().unwrap() {
                builder.push(key, value);
            }
        }
        Block::parse(builder.finish()).unwrap()
    }

    fn row(block: &Block, row: u32) -> Value {
        Value::Map(block.row(row).map(|(name, cell)| (name.into(), cell.to_value())).collect())
    }

    #[test]
    fn rows_come_back_as_they_went_in() {
        let rows = [
            r#"{"_step":0,"loss":0.5,"ok":true,"note":"a","bins":[1,2],"n":null}"#,
            r#"{"_step":1,"loss":NaN,"note":"","bins":{"x":1.5}}"#,
            r#"{"loss":-Infinity,"_step":2,"big":9007199254740993}"#,
        ];
        let block = built(&rows);
        for (index, text) in (0u32..).zip(rows) {
            assert_eq!(row(&block, index), Value::from_json(text.as_bytes()).unwrap());
        }
    }

    #[test]
    fn integers_beside_floats_become_floats_only_while_exact() {
        let block = built(&[r#"{"a":1,"b":9007199254740993}"#, r#"{"a":0.5,"b":0.5}"#, r#"{"a":2,"b":1}"#]);
        assert_eq!(block.column("a").unwrap().floats().unwrap().collect::<Vec<_>>(), [1.0, 0.5, 2.0]);
        assert_eq!(block.column("b").unwrap().kind, Kind::Json);
        assert_eq!(row(&block, 0).get("b"), Some(&Value::Int(9_007_199_254_740_993)));
    }

    #[test]
    fn a_key_that_few_rows_have_takes_room_for_those_only() {
        let mut builder = BlockBuilder::new();
        for step in 0..1000 {
            builder.begin_row();
            builder.push_int("_step", step);
            builder.push_float(&format!("key{step}"), 0.5);
        }
        let bytes = builder.finish();
        assert!(bytes.len() < 1000 * 8 + 1000 * 48, "{}", bytes.len());
        let block = Block::parse(bytes).unwrap();
        assert_eq!(block.column("key700").unwrap().iter().collect::<Vec<_>>(), [(700, Cell::Float(0.5))]);
    }

    #[test]
    fn an_abandoned_row_leaves_nothing() {
        let mut builder = BlockBuilder::new();
        builder.begin_row();
        builder.push_int("a", 1);
        builder.begin_row();
        builder.push_text("a", "x");
        builder.push_int("b", 1);
        builder.abandon_row();
        builder.begin_row();
        builder.push_int("a", 2);
        let block = Block::parse(builder.finish()).unwrap();
        assert_eq!((block.rows(), block.columns().count()), (2, 1));
        assert_eq!(row(&block, 1), Value::from_json(br#"{"a":2}"#).unwrap());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_block_or_an_error(bytes: Vec<u8>) {
            if let Ok(block) = Block::parse(Bytes::from(bytes)) {
                for column in block.columns() {
                    proptest::prop_assert_eq!(column.iter().count(), column.len() as usize);
                }
            }
        }

        #[test]
        fn a_damaged_block_never_panics(at: proptest::sample::Index, byte: u8) {
            let mut builder = BlockBuilder::new();
            for step in 0..40i64 {
                builder.begin_row();
                builder.push_int("_step", step);
                if step % 3 == 0 { builder.push_text("t", "text"); }
                if step == 7 { builder.push_float("f", 1.0); }
            }
            let mut bytes = builder.finish().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(block) = Block::parse(Bytes::from(bytes)) {
                for row in 0..block.rows() { block.row(row).count(); }
            }
        }
    }
}
