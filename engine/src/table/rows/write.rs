//! Writing a file of rows.
//!
//! ```text
//!  parts, by run and writer ─► rows, of parts that overlap merged ─► row groups
//! ```
//!
//! What holds: in memory are a row group, the parts whose positions overlap where the writing stands,
//! and what is loaded ahead.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal64Array, DictionaryArray, Float32Array, Float64Array, Int32Array,
    Int64Array, RecordBatch, StringArray,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::order::{Order, Place, Source, Waiting};
use super::piece::{Part, Piece, Wanted};
use super::survey::{self, Stat, Stored, Survey};
use super::{FIXED, Loader};
use crate::error::{Error, Result};
use crate::event::{Cell, Column, Kind};
use crate::id::{Lsn, RunKey};
use crate::table::index::{self, ENTRY_ROWS_MAX, Entry};

/// Rows of a row group, unless it has so many columns that they would not fit into memory.
const GROUP_ROWS: usize = 128 << 10;
/// Bytes of a row group before it is encoded.
const GROUP_BYTES: usize = 64 << 20;
/// Bytes of an entry, unless a single row has more.
const ENTRY_BYTES: usize = 16 << 20;

/// A written file of rows.
#[derive(Debug)]
pub(crate) struct Written<W> {
    pub(crate) sink: W,
    pub(crate) rows: u64,
    pub(crate) index: Vec<u8>,
}

/// Writes the rows of `parts` as one file. `survey` saw all of them; `name` tells the runs.
///
/// # Errors
///
/// `Damaged` when a part is not what it was; `Io`.
pub(crate) fn write<W: Write + Send>(
    mut parts: Vec<Part>,
    survey: Survey,
    order: Order,
    zstd_level: i32,
    name: &dyn Fn(u32) -> Result<RunKey>,
    mut sink: W,
) -> Result<Written<W>> {
    parts.sort_by(|a, b| {
        (a.ordinal, &a.writer, &a.key, a.range).cmp(&(b.ordinal, &b.writer, &b.key, b.range))
    });
    let mut writer = Writer::new(survey, order, zstd_level, &mut sink)?;
    let same = |a: &Part, b: &Part| (a.ordinal, &a.writer, &a.key) == (b.ordinal, &b.writer, &b.key);
    let mut pieces = Loader::new(&parts, Wanted::All);
    for group in parts.chunk_by(same) {
        let Some(of) = group.first() else { continue };
        let mut waiting = Waiting::default();
        for part in group {
            // No part from here on has a row before this one's first.
            waiting.take(Some(part.range.0), |place, source| writer.push(of, place, source, name))?;
            waiting.add(pieces.next()?, order, of.key.as_deref());
        }
        waiting.take(None, |place, source| writer.push(of, place, source, name))?;
    }
    let (rows, index) = writer.finish(name)?;
    Ok(Written { sink, rows, index })
}

/// A row and where it comes from.
struct Row {
    position: i64,
    lsn: Lsn,
    line: u64,
    /// Among the pieces of the row group.
    piece: u32,
    row: u32,
}

/// Rows that stand together: of one run, writer and key.
struct Span {
    ordinal: u32,
    writer: Arc<str>,
    key: Option<Arc<str>>,
    rows: usize,
    bytes: usize,
}

struct Writer<W: Write + Send> {
    survey: Survey,
    order: Order,
    schema: SchemaRef,
    group_rows: usize,
    out: ArrowWriter<W>,
    index: index::Builder,
    rows: u64,
    /// Row groups that are written.
    groups: u64,
    /// The row group that is being gathered, and about its bytes.
    bytes: usize,
    pieces: Vec<Arc<Piece>>,
    spans: Vec<Span>,
    gathered: Vec<Row>,
}

impl<W: Write + Send> Writer<W> {
    fn new(survey: Survey, order: Order, zstd_level: i32, sink: W) -> Result<Self> {
        let schema = Arc::new(schema(&survey));
        let bytes = survey.columns.len().max(1) * 8;
        let group_rows = (GROUP_BYTES / bytes).clamp(ENTRY_ROWS_MAX / 2, GROUP_ROWS);
        let properties = properties(&schema, zstd_level)?;
        let out = ArrowWriter::try_new(sink, Arc::clone(&schema), Some(properties)).map_err(outside)?;
        Ok(Self {
            survey,
            order,
            schema,
            group_rows,
            out,
            index: index::Builder::default(),
            rows: 0,
            groups: 0,
            bytes: 0,
            pieces: Vec::new(),
            spans: Vec::new(),
            gathered: Vec::new(),
        })
    }

    /// Adds a row of the run, writer and key that a part is of.
    fn push(
        &mut self,
        of: &Part,
        place: Place,
        source: &mut Source,
        name: &dyn Fn(u32) -> Result<RunKey>,
    ) -> Result<()> {
        if self.gathered.len() >= self.group_rows || self.bytes >= GROUP_BYTES {
            self.flush(name)?;
        }
        let piece = match source.known {
            Some((group, piece)) if group == self.groups => piece,
            _ => {
                self.pieces.push(Arc::clone(&source.piece));
                let piece = u32::try_from(self.pieces.len() - 1).unwrap_or(u32::MAX);
                source.known = Some((self.groups, piece));
                piece
            }
        };
        let bytes = source.row_bytes;
        self.bytes += bytes;
        let span = self.spans.last_mut().filter(|span| {
            span.rows < ENTRY_ROWS_MAX
                && span.bytes < ENTRY_BYTES
                && span.ordinal == of.ordinal
                && span.writer == of.writer
                && span.key == of.key
        });
        match span {
            Some(span) => {
                span.rows += 1;
                span.bytes += bytes;
            }
            None => self.spans.push(Span {
                ordinal: of.ordinal,
                writer: Arc::clone(&of.writer),
                key: of.key.clone(),
                rows: 1,
                bytes,
            }),
        }
        let Place { position, lsn, line, row } = place;
        self.gathered.push(Row { position, lsn, line, piece, row });
        Ok(())
    }

    /// Writes the gathered rows as a row group.
    fn flush(&mut self, name: &dyn Fn(u32) -> Result<RunKey>) -> Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        self.index_spans();
        let mut arrays = self.identity(name)?;
        let each = |number: &dyn Fn(&Row) -> u64| -> ArrayRef {
            let numbers = self.gathered.iter().map(|row| i64::try_from(number(row)).unwrap_or(i64::MAX));
            Arc::new(numbers.collect::<Int64Array>())
        };
        arrays.push(each(&|row| row.lsn.0));
        arrays.push(each(&|row| row.line));
        arrays.extend(self.cells()?);
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .map_err(|error| Error::damaged(format!("rows do not fit their file: {error}")))?;
        self.out.write(&batch).and_then(|()| self.out.flush()).map_err(outside)?;
        self.rows += self.gathered.len() as u64;
        self.groups += 1;
        self.bytes = 0;
        self.gathered.clear();
        self.pieces.clear();
        self.spans.clear();
        Ok(())
    }

    fn index_spans(&mut self) {
        let mut at = 0;
        for span in &self.spans {
            let rows = self.gathered.get(at..at + span.rows).unwrap_or_default();
            let Some(first) = rows.first() else { continue };
            let mut entry = Entry {
                ordinal: span.ordinal,
                writer: Arc::clone(&span.writer),
                key: span.key.clone(),
                first_row: self.rows + at as u64,
                rows: span.rows as u64,
                lsns: (first.lsn, first.lsn),
                lines: (first.line, first.line),
                steps: None,
                steps_rise: self.order == Order::Step
                    && first.position > i64::MIN
                    && rows.windows(2).all(|pair| matches!(pair, [a, b] if a.position < b.position)),
            };
            for row in rows {
                entry.lsns = (entry.lsns.0.min(row.lsn), entry.lsns.1.max(row.lsn));
                entry.lines = (entry.lines.0.min(row.line), entry.lines.1.max(row.line.saturating_add(1)));
                if self.order == Order::Step && row.position > i64::MIN {
                    let (low, high) = entry.steps.unwrap_or((row.position, row.position));
                    entry.steps = Some((low.min(row.position), high.max(row.position)));
                }
            }
            self.index.push(&entry);
            at += span.rows;
        }
    }

    /// The columns that say whose the rows are.
    fn identity(&self, name: &dyn Fn(u32) -> Result<RunKey>) -> Result<Vec<ArrayRef>> {
        let mut runs: BTreeMap<u32, usize> = BTreeMap::new();
        let mut keys: Vec<RunKey> = Vec::new();
        let mut writers: Vec<&Arc<str>> = Vec::new();
        let (mut of_run, mut of_writer) = (Vec::new(), Vec::new());
        let place = |place: usize| i32::try_from(place).unwrap_or(i32::MAX);
        for span in &self.spans {
            let run = match runs.get(&span.ordinal) {
                Some(run) => *run,
                None => {
                    keys.push(name(span.ordinal)?);
                    runs.insert(span.ordinal, keys.len() - 1);
                    keys.len() - 1
                }
            };
            let writer = writers.iter().position(|known| **known == span.writer).unwrap_or_else(|| {
                writers.push(&span.writer);
                writers.len() - 1
            });
            of_run.extend(std::iter::repeat_n(place(run), span.rows));
            of_writer.extend(std::iter::repeat_n(place(writer), span.rows));
        }
        let texts = |of: &[i32], texts: StringArray| -> Result<ArrayRef> {
            let dictionary =
                DictionaryArray::<Int32Type>::try_new(Int32Array::from(of.to_vec()), Arc::new(texts));
            Ok(Arc::new(dictionary.map_err(|error| Error::damaged(error.to_string()))?))
        };
        let of_key = |text: &dyn Fn(&RunKey) -> Arc<str>| -> StringArray {
            keys.iter().map(|key| Some(text(key).to_string())).collect()
        };
        let generations = of_run.iter().filter_map(|run| keys.get(usize::try_from(*run).ok()?));
        let generations: Int32Array =
            generations.map(|key| i32::try_from(key.generation).unwrap_or(i32::MAX)).collect();
        Ok(vec![
            texts(&of_run, of_key(&|key| Arc::clone(&key.project.entity)))?,
            texts(&of_run, of_key(&|key| Arc::clone(&key.project.project)))?,
            texts(&of_run, of_key(&|key| Arc::clone(&key.run)))?,
            Arc::new(generations),
            texts(&of_writer, writers.iter().map(|writer| Some(&***writer)).collect())?,
        ])
    }

    /// The columns of keys.
    fn cells(&mut self) -> Result<Vec<ArrayRef>> {
        let placed = self.placed();
        // For each column the pieces that have cells for it, and as which of their columns.
        let mut sources: Vec<Vec<(u32, u32)>> = vec![Vec::new(); self.survey.columns.len()];
        for (piece, placed) in (0u32..).zip(&placed) {
            let Some(block) = self.pieces.get(piece as usize).map(|piece| &piece.block) else { continue };
            for (column, place) in (0u32..).zip(self.survey.places_of(block, placed.key.as_deref())) {
                if let Some(source) = place.and_then(|place| sources.get_mut(place as usize)) {
                    source.push((piece, column));
                }
            }
        }
        let rows = self.gathered.len();
        let stats = self.survey.columns.iter().zip(&sources);
        stats
            .map(|(stat, sources)| {
                let columns = sources.iter().filter_map(|(piece, column)| {
                    let placed = placed.get(*piece as usize)?;
                    let block = &self.pieces.get(*piece as usize)?.block;
                    Some((placed, block.column_at(*column as usize)?))
                });
                array(stat, columns, rows)
            })
            .collect()
    }

    /// Where the rows of each piece went.
    fn placed(&self) -> Vec<Placed> {
        let mut placed: Vec<Placed> = self
            .pieces
            .iter()
            .map(|piece| Placed { key: None, at: vec![u32::MAX; piece.block.rows() as usize], from: None })
            .collect();
        let mut spans = self.spans.iter();
        let mut left = (None, 0usize);
        for (place, row) in (0u32..).zip(&self.gathered) {
            while left.1 == 0 {
                left = spans.next().map_or((None, usize::MAX), |span| (Some(span), span.rows));
            }
            left.1 -= 1;
            let Some(piece) = placed.get_mut(row.piece as usize) else { continue };
            if let (None, Some(span)) = (&piece.key, left.0) {
                piece.key.clone_from(&span.key);
            }
            if let Some(at) = piece.at.get_mut(row.row as usize) {
                *at = place;
            }
        }
        for piece in &mut placed {
            let mut expected = piece.at.first().copied().filter(|first| *first != u32::MAX);
            piece.from = expected;
            for at in &piece.at {
                if expected != Some(*at) {
                    piece.from = None;
                    break;
                }
                expected = at.checked_add(1);
            }
        }
        placed
    }

    /// Gives how many rows were written, and their index.
    fn finish(mut self, name: &dyn Fn(u32) -> Result<RunKey>) -> Result<(u64, Vec<u8>)> {
        self.flush(name)?;
        // Its `into_inner` would tell an error of the disk by its words alone, as if it were damage.
        self.out.close().map_err(outside)?;
        Ok((self.rows, self.index.finish()))
    }
}

/// Where the rows of a piece went in the row group.
struct Placed {
    key: Option<Arc<str>>,
    /// The place of each row; all ones for those that are not in it.
    at: Vec<u32>,
    /// The place of the first row, where all rows follow it in order.
    from: Option<u32>,
}

/// Values of a fixed width, and which of them are there.
struct Dense<T> {
    values: Vec<T>,
    there: Vec<u8>,
    cells: usize,
}

impl<T: Copy + Default> Dense<T> {
    fn new(rows: usize) -> Self {
        Self { values: vec![T::default(); rows], there: vec![0; rows.div_ceil(8)], cells: 0 }
    }

    fn set(&mut self, place: u32, value: T) {
        let place = place as usize;
        if let (Some(slot), Some(bits)) = (self.values.get_mut(place), self.there.get_mut(place / 8)) {
            *slot = value;
            *bits |= 1 << (place % 8);
            self.cells += 1;
        }
    }

    /// Sets consecutive values.
    fn set_all(&mut self, from: u32, values: impl ExactSizeIterator<Item = T>) {
        let (from, count) = (from as usize, values.len());
        let Some(slots) = self.values.get_mut(from..from + count) else { return };
        slots.iter_mut().zip(values).for_each(|(slot, value)| *slot = value);
        let mut at = from;
        while at < from + count {
            let whole = at.is_multiple_of(8) && at + 8 <= from + count;
            if let Some(bits) = self.there.get_mut(at / 8) {
                *bits |= if whole { 0xff } else { 1 << (at % 8) };
            }
            at += if whole { 8 } else { 1 };
        }
        self.cells += count;
    }

    fn nulls(&mut self) -> Option<NullBuffer> {
        let rows = self.values.len();
        let bits = BooleanBuffer::new(Buffer::from_vec(std::mem::take(&mut self.there)), 0, rows);
        (self.cells < rows).then(|| NullBuffer::new(bits))
    }
}

/// Gathers fixed-width cells; `all` gives a whole column's, where that is quicker.
fn dense<'a, T: Copy + Default, I: ExactSizeIterator<Item = T>>(
    columns: impl Iterator<Item = (&'a Placed, Column<'a>)>,
    rows: usize,
    all: impl Fn(&Column<'a>) -> Option<I>,
    one: impl Fn(Cell<'a>) -> Option<T>,
) -> Dense<T> {
    let mut dense = Dense::new(rows);
    for (placed, column) in columns {
        if let (Some(from), true) = (placed.from, column.is_full())
            && let Some(values) = all(&column)
        {
            dense.set_all(from, values);
            continue;
        }
        for (row, cell) in column.iter() {
            if let (Some(&at), Some(value)) = (placed.at.get(row as usize), one(cell)) {
                dense.set(at, value);
            }
        }
    }
    dense
}

fn array<'a>(
    stat: &Stat,
    columns: impl Iterator<Item = (&'a Placed, Column<'a>)>,
    rows: usize,
) -> Result<ArrayRef> {
    let stored = stat.stored();
    Ok(match stored {
        Stored::Int => {
            let one = |cell| if let Cell::Int(value) = cell { Some(value) } else { None };
            let mut dense = dense(columns, rows, |column| column.ints(), one);
            let nulls = dense.nulls();
            Arc::new(Int64Array::new(ScalarBuffer::from(dense.values), nulls))
        }
        Stored::Single | Stored::Double | Stored::Decimal(_) | Stored::Bits => {
            let one = |cell| if let Cell::Float(value) = cell { Some(value) } else { None };
            let mut dense = dense(columns, rows, |column| column.floats(), one);
            let nulls = dense.nulls();
            floats(stored, dense.values, nulls)?
        }
        Stored::Bool => {
            let mut values = vec![None; rows];
            scatter(columns, |at, cell| {
                if let (Some(slot), Cell::Bool(value)) = (values.get_mut(at), cell) {
                    *slot = Some(value);
                }
            });
            Arc::new(BooleanArray::from(values))
        }
        Stored::Text | Stored::Json => {
            let mut values = vec![None; rows];
            scatter(columns, |at, cell| {
                if let (Some(slot), Cell::Text(text) | Cell::Json(text)) = (values.get_mut(at), cell) {
                    *slot = Some(text);
                }
            });
            Arc::new(StringArray::from(values))
        }
    })
}

fn scatter<'a>(
    columns: impl Iterator<Item = (&'a Placed, Column<'a>)>,
    mut set: impl FnMut(usize, Cell<'a>),
) {
    for (placed, column) in columns {
        for (row, cell) in column.iter() {
            if let Some(at) = placed.at.get(row as usize) {
                set(*at as usize, cell);
            }
        }
    }
}

fn floats(stored: Stored, values: Vec<f64>, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    Ok(match stored {
        Stored::Single => {
            let values: Vec<f32> = values.into_iter().map(survey::single).collect();
            Arc::new(Float32Array::new(values.into(), nulls))
        }
        Stored::Decimal(digits) => {
            let whole: Vec<i64> = values
                .into_iter()
                .map(|value| survey::decimal(value, digits))
                .collect::<Option<_>>()
                .ok_or_else(
                    // What cannot be stored exactly is not stored at all.
                    || Error::damaged("a float has more digits than its column was surveyed with"),
                )?;
            let array =
                Decimal64Array::new(whole.into(), nulls).with_precision_and_scale(PRECISION, scale(digits));
            Arc::new(array.map_err(|error| Error::damaged(error.to_string()))?)
        }
        Stored::Bits => {
            let bits: Vec<i64> = values.into_iter().map(|value| value.to_bits().cast_signed()).collect();
            Arc::new(Int64Array::new(bits.into(), nulls))
        }
        _ => Arc::new(Float64Array::new(values.into(), nulls)),
    })
}

const PRECISION: u8 = 18;

fn scale(digits: u8) -> i8 {
    i8::try_from(digits).unwrap_or_default()
}

/// The names under which a file's schema keeps what a column is.
pub(super) const META_KEY: &str = "wbq.key";
/// See [`META_KEY`].
pub(super) const META_KIND: &str = "wbq.kind";
/// See [`META_KEY`].
pub(super) const META_STORED: &str = "wbq.stored";

fn schema(survey: &Survey) -> Schema {
    let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let mut fields: Vec<Field> = FIXED
        .iter()
        .map(|name| match *name {
            "generation" => Field::new(*name, DataType::Int32, false),
            "lsn" | "line" => Field::new(*name, DataType::Int64, false),
            _ => Field::new(*name, text(), false),
        })
        .collect();
    let mut names: BTreeMap<String, ()> = FIXED.iter().map(|name| ((*name).to_owned(), ())).collect();
    for stat in &survey.columns {
        let stored = stat.stored();
        let kind = match stored {
            Stored::Int | Stored::Bits => DataType::Int64,
            Stored::Single => DataType::Float32,
            Stored::Double => DataType::Float64,
            Stored::Decimal(digits) => DataType::Decimal64(PRECISION, scale(digits)),
            Stored::Bool => DataType::Boolean,
            Stored::Text | Stored::Json => DataType::Utf8,
        };
        let mut name = stat.name.to_string();
        while names.insert(name.clone(), ()).is_some() {
            name.push('\'');
        }
        let facts = [
            (META_KEY, stat.name.to_string()),
            (META_KIND, kind_name(stat.kind).to_owned()),
            (META_STORED, stored_name(stored)),
        ];
        let metadata = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        fields.push(Field::new(name, kind, true).with_metadata(metadata));
    }
    Schema::new(fields)
}

pub(super) const KINDS: [(Kind, &str); 5] = [
    (Kind::Int, "integer"),
    (Kind::Float, "float"),
    (Kind::Bool, "boolean"),
    (Kind::Text, "text"),
    (Kind::Json, "json"),
];

fn kind_name(kind: Kind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("json", |(_, name)| name)
}

fn stored_name(stored: Stored) -> String {
    match stored {
        Stored::Decimal(digits) => format!("decimal {digits}"),
        Stored::Bits => "bits".to_owned(),
        _ => "plain".to_owned(),
    }
}

fn properties(schema: &Schema, zstd_level: i32) -> Result<WriterProperties> {
    let level = ZstdLevel::try_new(zstd_level).map_err(outside)?;
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(ENTRY_ROWS_MAX)
        .set_max_row_group_row_count(None)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_created_by(format!("wbq {}", env!("CARGO_PKG_VERSION")));
    for field in schema.fields() {
        let path = ColumnPath::new(vec![field.name().clone()]);
        properties = match field.data_type() {
            DataType::Int64 | DataType::Int32 | DataType::Decimal64(..) => {
                properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
            }
            DataType::Float32 | DataType::Float64 => {
                properties.set_column_encoding(path, Encoding::BYTE_STREAM_SPLIT)
            }
            DataType::Dictionary(..) => properties.set_column_dictionary_enabled(path, true),
            DataType::Utf8 => properties
                .set_column_dictionary_enabled(path.clone(), true)
                .set_column_statistics_enabled(path, EnabledStatistics::None),
            _ => properties,
        };
    }
    Ok(properties.build())
}

/// An error of the Parquet writer: of the file below it, or of ours.
pub(super) fn outside(error: parquet::errors::ParquetError) -> Error {
    crate::table::parquet_error("a table file", error)
}
