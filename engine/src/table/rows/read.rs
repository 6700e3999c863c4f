//! Reading rows back from their file: an entry of the index at a time, the columns that are wanted.

use std::fmt;
use std::sync::{Arc, OnceLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal64Array, Float32Array, Float64Array, Int64Array,
    RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Field};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::errors::ParquetError;

use super::piece::Numbers;
use super::survey;
use super::write::{KINDS, META_KEY, META_KIND, META_STORED};
use super::{FIXED, LONG_CELL, Piece, Wanted};
use crate::error::{Error, Result};
use crate::event::{Assembled, Block, Kind};
use crate::table::footer::{self, Pages};
use crate::table::index::{Entry, Index};
use crate::table::source::{Reader, Source};

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
}

impl fmt::Debug for Footer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Footer").field("row_groups", &self.starts.len()).finish_non_exhaustive()
    }
}

/// A column of a key: its place among the file's columns, and how its cells are to be read.
struct ColumnMeta {
    place: usize,
    key: Arc<str>,
    kind: Kind,
    digits: Option<u8>,
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
        let columns = metadata
            .schema()
            .fields()
            .iter()
            .enumerate()
            .filter_map(|(place, field)| column(place, field))
            .collect();
        let mut start = 0u64;
        let groups = metadata.metadata().row_groups().iter();
        let starts = groups
            .map(|group| {
                let first = start;
                start = start.saturating_add(u64::try_from(group.num_rows()).unwrap_or_default());
                first
            })
            .collect();
        Ok(self.footer.get_or_init(|| Footer { metadata, columns, starts }))
    }

    /// The rows of an entry.
    ///
    /// # Errors
    ///
    /// `Damaged` when the file does not hold what it held; `Io`.
    pub(crate) fn read(&self, entry: &Entry, wanted: Wanted<'_>) -> Result<Piece> {
        let footer = self.footer()?;
        let group = footer.starts.partition_point(|start| *start <= entry.first_row).saturating_sub(1);
        let start = footer.starts.get(group).copied().unwrap_or_default();
        let skipped = usize::try_from(entry.first_row.saturating_sub(start)).unwrap_or(usize::MAX);
        let rows = usize::try_from(entry.rows).unwrap_or(usize::MAX);
        let own = FIXED.len() - 2..FIXED.len();
        let chosen: Vec<&ColumnMeta> =
            footer.columns.iter().filter(|column| wanted.has(&column.key)).collect();
        let mask = ProjectionMask::roots(
            footer.metadata.parquet_schema(),
            own.chain(chosen.iter().map(|column| column.place)),
        );
        let selection = RowSelection::from(vec![RowSelector::skip(skipped), RowSelector::select(rows)]);
        footer::guarded(WHAT, || {
            let reader = Reader(Arc::clone(&self.source));
            let batches = ParquetRecordBatchReaderBuilder::new_with_metadata(reader, footer.metadata.clone())
                .with_row_groups(vec![group])
                .with_projection(mask)
                .with_row_selection(selection)
                .with_batch_size(rows.max(1))
                .build();
            let batch = batches
                .map_err(outside)?
                .next()
                .transpose()
                .map_err(|error| outside(ParquetError::ArrowError(error.to_string())))?
                .filter(|batch| batch.num_rows() == rows)
                .ok_or_else(|| Error::damaged("a table file has fewer rows than its index says"))?;
            piece(&batch, &chosen, entry)
        })
    }
}

/// What errors call it.
const WHAT: &str = "a table file";

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
