//! Reading rows back from their file: an entry of the index at a time, the columns that are wanted.

use std::fmt;
use std::sync::{Arc, OnceLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal64Array, Float32Array, Float64Array, Int64Array,
    RecordBatch, RecordBatchReader, StringArray,
};
use arrow::datatypes::{DataType, Field};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection, RowSelector};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};

use super::piece::Numbers;
use super::survey;
use super::write::{KINDS, META_KEY, META_KIND, META_STORED};
use super::{FIXED, LONG_CELL, Piece, RowColumns, Wanted};
use crate::error::{Error, Result};
use crate::event::{Assembled, Block, Kind};
use crate::reads::Reads;
use crate::table::chunks::{self, Chosen};
use crate::table::footer::{self, Pages};
use crate::table::index::{Entry, Index};
use crate::table::source::{Reader, Source};
use crate::table::usage::{Group, Weights};

/// A file of rows, open.
#[derive(Debug)]
pub(crate) struct RowFile {
    source: Arc<dyn Source>,
    pub(crate) index: Index,
    footer: OnceLock<Footer>,
}

struct Footer {
    metadata: ArrowReaderMetadata,
    columns: Vec<ColumnMeta>,
    /// The first row of each row group.
    starts: Vec<u64>,
    /// About how many bytes a row of each takes in memory.
    row_bytes: Vec<u64>,
    /// Rows of all groups.
    rows: u64,
}

impl fmt::Debug for Footer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Footer").field("row_groups", &self.starts.len()).finish_non_exhaustive()
    }
}

/// A column of a key: its place among the file's columns, and how its cells are to be read.
pub(super) struct ColumnMeta {
    place: usize,
    pub(super) key: Arc<str>,
    pub(super) kind: Kind,
    pub(super) digits: Option<u8>,
}

/// Where it is counted what is read of a file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meter<'a> {
    pub(crate) reads: Option<&'a Arc<Reads>>,
    /// The file's number.
    pub(crate) file: u64,
}

impl RowFile {
    /// Opens a file; nothing but its index is read yet.
    ///
    /// # Errors
    ///
    /// `Damaged` when the index is not one.
    pub(crate) fn open(source: Arc<dyn Source>, index: &Bytes) -> Result<Self> {
        Ok(Self { source, index: Index::read(index)?, footer: OnceLock::new() })
    }

    fn footer(&self) -> Result<&Footer> {
        if let Some(footer) = self.footer.get() {
            return Ok(footer);
        }
        let metadata = footer::load(WHAT, &self.source, Pages::Known)?;
        let columns = columns(&metadata);
        let mut start = 0u64;
        let groups = metadata.metadata().row_groups().iter();
        let starts = groups
            .map(|group| {
                let first = start;
                start = start.saturating_add(u64::try_from(group.num_rows()).unwrap_or_default());
                first
            })
            .collect();
        let row_bytes = metadata.metadata().row_groups().iter().map(row_bytes).collect();
        Ok(self.footer.get_or_init(|| Footer { metadata, columns, starts, row_bytes, rows: start }))
    }

    /// About how many bytes the rows of an entry are in memory, as the mean of its row group is.
    ///
    /// # Errors
    ///
    /// `Damaged` when the footer is not one.
    pub(crate) fn bytes_of(&self, entry: &Entry) -> Result<u64> {
        let footer = self.footer()?;
        let per_row = footer.row_bytes.get(footer.group_of(entry)).copied().unwrap_or_default();
        Ok(per_row.saturating_mul(entry.rows))
    }

    /// How the file's bytes are shared out among its rows. The footer is read for this alone and not kept:
    /// who looks through many files holds one.
    ///
    /// # Errors
    ///
    /// `Damaged` when the footer is not one.
    pub(crate) fn weights(&self) -> Result<Weights> {
        let metadata = footer::load(WHAT, &self.source, Pages::Unknown)?;
        let columns: Vec<ColumnMeta> = columns(&metadata);
        let mut weights = Weights { groups: Vec::new(), rest: self.source.len() };
        let mut first = 0u64;
        for group in metadata.metadata().row_groups() {
            let size =
                |column: &ColumnChunkMetaData| u64::try_from(column.compressed_size()).unwrap_or_default();
            let all = group.columns().iter().map(size).fold(0, u64::saturating_add);
            let sized = |column: &ColumnMeta| {
                Some((Arc::clone(&column.key), group.columns().get(column.place).map(size)?))
            };
            let keys: Vec<(Arc<str>, u64)> = columns.iter().filter_map(sized).collect();
            let own = keys.iter().fold(all, |own, (_, bytes)| own.saturating_sub(*bytes));
            let rows = u64::try_from(group.num_rows()).unwrap_or_default();
            weights.groups.push(Group { first, rows, own, keys });
            weights.rest = weights.rest.saturating_sub(all);
            first = first.saturating_add(rows);
        }
        Ok(weights)
    }

    /// The rows of an entry.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file does not hold what it held; `Io`.
    pub(crate) fn read(&self, entry: &Entry, wanted: Wanted<'_>, meter: Meter<'_>) -> Result<Piece> {
        let piece = self.read_many(&[entry], wanted, meter)?.pop();
        piece.ok_or_else(|| Error::damaged("a table file has fewer rows than its index says"))
    }

    /// The rows of entries that rise in the file, each as a piece. No page is read twice for them.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file does not hold what it held; `Io`.
    pub(crate) fn read_many(
        &self,
        entries: &[&Entry],
        wanted: Wanted<'_>,
        meter: Meter<'_>,
    ) -> Result<Vec<Piece>> {
        let footer = self.footer()?;
        let own = FIXED.len() - 2..FIXED.len();
        let chosen: Vec<&ColumnMeta> =
            footer.columns.iter().filter(|column| wanted.has(&column.key)).collect();
        footer::guarded(WHAT, || {
            let places = own.chain(chosen.iter().map(|column| column.place));
            let batch = self.batch(footer, entries, places, meter)?;
            let mut at = 0;
            let pieces = entries.iter().map(|entry| {
                let rows = batch.slice(at, count(entry.rows));
                at += count(entry.rows);
                piece(&rows, &chosen, entry)
            });
            pieces.collect()
        })
    }

    /// The columns of some keys, of the rows of entries that rise in the file, one behind the other.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file does not hold what it held; `Io`.
    pub(crate) fn columns(
        &self,
        entries: &[&Entry],
        keys: &[Arc<str>],
        meter: Meter<'_>,
    ) -> Result<RowColumns> {
        let footer = self.footer()?;
        let chosen: Vec<&ColumnMeta> =
            footer.columns.iter().filter(|column| keys.contains(&column.key)).collect();
        footer::guarded(WHAT, || {
            let batch = self.batch(footer, entries, chosen.iter().map(|column| column.place), meter)?;
            RowColumns::of(&batch, &chosen)
        })
    }

    fn batch(
        &self,
        footer: &Footer,
        entries: &[&Entry],
        places: impl Iterator<Item = usize>,
        meter: Meter<'_>,
    ) -> Result<RecordBatch> {
        let (groups, selectors) = footer.selection(entries)?;
        if let Some(reads) = meter.reads {
            reads.note_groups(meter.file, footer.starts.len(), &groups);
        }
        let rows = entries.iter().map(|entry| count(entry.rows)).fold(0, usize::saturating_add);
        let reader = Reader { source: Arc::clone(&self.source), reads: meter.reads.cloned() };
        let columns = ProjectionMask::roots(footer.metadata.parquet_schema(), places);
        let chosen = Chosen { groups, columns, rows: Some(RowSelection::from(selectors)) };
        let batches = chunks::open(reader, &footer.metadata, chosen, rows.max(1)).map_err(outside)?;
        let schema = batches.schema();
        let failed = |error: arrow::error::ArrowError| outside(ParquetError::ArrowError(error.to_string()));
        let batches = batches.collect::<Result<Vec<RecordBatch>, _>>().map_err(failed)?;
        let batch = match <[RecordBatch; 1]>::try_from(batches) {
            Ok([whole]) => whole,
            Err(several) => arrow::compute::concat_batches(&schema, &several).map_err(failed)?,
        };
        if batch.num_rows() != rows {
            return Err(Error::damaged("a table file has fewer rows than its index says"));
        }
        Ok(batch)
    }
}

/// What errors call it.
const WHAT: &str = "a table file";

impl Footer {
    /// The row group that holds an entry.
    fn group_of(&self, entry: &Entry) -> usize {
        self.starts.partition_point(|start| *start <= entry.first_row).saturating_sub(1)
    }

    /// The row groups of entries that rise, and which rows of those groups, one behind the other, theirs
    /// are.
    fn selection(&self, entries: &[&Entry]) -> Result<(Vec<usize>, Vec<RowSelector>)> {
        let (mut groups, mut selectors): (Vec<usize>, Vec<RowSelector>) = (Vec::new(), Vec::new());
        // Where the chosen groups end one behind the other, and up to where rows are chosen.
        let (mut end, mut at) = (0usize, 0usize);
        for entry in entries {
            let group = self.group_of(entry);
            let start = self.starts.get(group).copied().unwrap_or_default();
            let rows = self.starts.get(group + 1).copied().unwrap_or(self.rows);
            let len = count(rows.saturating_sub(start));
            if groups.last() != Some(&group) {
                groups.push(group);
                end = end.saturating_add(len);
            }
            let first = (end - len).saturating_add(count(entry.first_row.saturating_sub(start)));
            let skipped = first.checked_sub(at);
            let skipped = skipped.ok_or_else(|| Error::damaged("the entries of an index do not rise"))?;
            if skipped > 0 {
                selectors.push(RowSelector::skip(skipped));
            }
            selectors.push(RowSelector::select(count(entry.rows)));
            at = first.saturating_add(count(entry.rows));
        }
        Ok((groups, selectors))
    }
}

fn count(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// Bytes of a row in memory: eight a cell, and what its texts have.
fn row_bytes(group: &RowGroupMetaData) -> u64 {
    let rows = u64::try_from(group.num_rows()).unwrap_or_default().max(1);
    let texts = group.columns().iter().filter_map(ColumnChunkMetaData::unencoded_byte_array_data_bytes);
    let texts: u64 = texts.filter_map(|bytes| u64::try_from(bytes).ok()).fold(0, u64::saturating_add);
    (group.columns().len() as u64).saturating_mul(8).saturating_add(texts.div_ceil(rows))
}

/// The columns of keys.
fn columns(metadata: &ArrowReaderMetadata) -> Vec<ColumnMeta> {
    let fields = metadata.schema().fields().iter().enumerate();
    fields.filter_map(|(place, field)| column(place, field)).collect()
}

fn column(place: usize, field: &Field) -> Option<ColumnMeta> {
    let metadata = field.metadata();
    let kind = metadata.get(META_KIND)?;
    let (kind, _) = *KINDS.iter().find(|(_, name)| name == kind)?;
    let digits = metadata.get(META_STORED).and_then(|stored| stored.strip_prefix("decimal "));
    Some(ColumnMeta {
        place,
        key: Arc::from(metadata.get(META_KEY)?.as_str()),
        kind,
        digits: digits.and_then(|digits| digits.parse().ok()),
    })
}

fn piece(batch: &RecordBatch, columns: &[&ColumnMeta], entry: &Entry) -> Result<Piece> {
    let misfit = || Error::damaged("a column of a table file is of another type than its kind");
    let numbers = |place: usize| -> Result<Numbers> {
        let array = batch.columns().get(place).and_then(|array| array.as_any().downcast_ref::<Int64Array>());
        let numbers = array.ok_or_else(misfit)?.values();
        Ok(Numbers::Each(numbers.iter().map(|number| number.cast_unsigned()).collect()))
    };
    let (lsns, lines) = (numbers(0)?, numbers(1)?);
    // The mask keeps the file's order, so the chosen columns follow in theirs.
    let mut parts = Vec::with_capacity(columns.len());
    for (column, array) in columns.iter().zip(batch.columns().iter().skip(2)) {
        if array.null_count() == array.len() {
            continue;
        }
        let name = match &entry.key {
            Some(key) if *column.key == *LONG_CELL => key,
            _ => &column.key,
        };
        let cells = u32::try_from(array.len() - array.null_count()).unwrap_or(u32::MAX);
        let values = values(column, array).ok_or_else(misfit)?;
        parts.push(Assembled { name, kind: column.kind, cells, present: present(array), values });
    }
    let rows = u32::try_from(batch.num_rows()).unwrap_or(u32::MAX);
    Ok(Piece { block: Block::assemble(rows, &parts), lsns, lines, is_stored: true })
}

/// A bit a row; nothing where every row has a cell.
fn present(array: &ArrayRef) -> Vec<u8> {
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => Vec::new(),
        Some(nulls) => {
            nulls.inner().sliced().as_slice().iter().copied().take(array.len().div_ceil(8)).collect()
        }
    }
}

/// The cells that are there, as a block lays them out.
fn values(column: &ColumnMeta, array: &ArrayRef) -> Option<Vec<u8>> {
    fn wide<T: Copy>(array: &impl Array, values: &[T], bytes: impl Fn(T) -> [u8; 8]) -> Vec<u8> {
        match array.nulls() {
            None => values.iter().flat_map(|value| bytes(*value)).collect(),
            Some(nulls) => nulls
                .valid_indices()
                .filter_map(|index| values.get(index))
                .flat_map(|value| bytes(*value))
                .collect(),
        }
    }
    let any = array.as_any();
    Some(match (column.kind, array.data_type()) {
        (Kind::Int, DataType::Int64) => {
            let array = any.downcast_ref::<Int64Array>()?;
            wide(array, array.values(), i64::to_le_bytes)
        }
        (Kind::Float, DataType::Int64) => {
            let array = any.downcast_ref::<Int64Array>()?;
            wide(array, array.values(), i64::to_le_bytes)
        }
        (Kind::Float, DataType::Float32) => {
            let array = any.downcast_ref::<Float32Array>()?;
            wide(array, array.values(), |value| f64::from(value).to_le_bytes())
        }
        (Kind::Float, DataType::Float64) => {
            let array = any.downcast_ref::<Float64Array>()?;
            wide(array, array.values(), f64::to_le_bytes)
        }
        (Kind::Float, DataType::Decimal64(..)) => {
            let digits = column.digits?;
            let array = any.downcast_ref::<Decimal64Array>()?;
            wide(array, array.values(), |value| survey::float(value, digits).to_le_bytes())
        }
        (Kind::Bool, DataType::Boolean) => {
            let array: &BooleanArray = array.as_boolean();
            array.iter().flatten().map(u8::from).collect()
        }
        (Kind::Text | Kind::Json, DataType::Utf8) => texts(array.as_string()),
        _ => return None,
    })
}

fn texts(array: &StringArray) -> Vec<u8> {
    let mut end = 0u32;
    let mut out: Vec<u8> = Vec::new();
    for text in array.iter().flatten() {
        end = end.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
        out.extend_from_slice(&end.to_le_bytes());
    }
    array.iter().flatten().for_each(|text| out.extend_from_slice(text.as_bytes()));
    out
}

fn outside(error: ParquetError) -> Error {
    crate::table::parquet_error(WHAT, error)
}
