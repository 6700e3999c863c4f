//! Column chunks as the Parquet library reads them, but for the unpacking of their pages.
//!
//! The library makes two zstd contexts for each chunk that it opens (`compression.rs` says what one costs). So it
//! is told that chunks are not packed, and gets pages that the thread's own context unpacked.

use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, RowGroups, RowSelection};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels};
use parquet::basic::Compression;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;
use zstd::zstd_safe::get_frame_content_size;

use super::source::Reader;
use crate::compression;

/// The most that a page may say it holds: its header has an `i32` for it.
const PAGE_BYTES_MAX: u64 = i32::MAX as u64;

/// Which columns of which rows of a file.
pub(super) struct Chosen {
    pub(super) groups: Vec<usize>,
    pub(super) columns: ProjectionMask,
    /// Of the rows of those groups, one behind the other; all where there is none.
    pub(super) rows: Option<RowSelection>,
}

/// Opens the columns of the rows that are chosen, in batches of at most `batch_rows`.
///
/// # Errors
///
/// As the library says of a file that is damaged.
pub(super) fn open(
    reader: Reader,
    metadata: &ArrowReaderMetadata,
    chosen: Chosen,
    batch_rows: usize,
) -> Result<ParquetRecordBatchReader> {
    let fields = Some(metadata.schema().fields());
    let levels = parquet_to_arrow_field_levels(metadata.parquet_schema(), chosen.columns, fields)?;
    let groups =
        Groups { reader: Arc::new(reader), metadata: Arc::clone(metadata.metadata()), groups: chosen.groups };
    let batch_rows = batch_rows.min(groups.num_rows());
    ParquetRecordBatchReader::try_new_with_row_groups(&levels, &groups, batch_rows, chosen.rows)
}

/// Row groups of a file.
struct Groups {
    reader: Arc<Reader>,
    metadata: Arc<ParquetMetaData>,
    groups: Vec<usize>,
}

impl RowGroups for Groups {
    fn num_rows(&self) -> usize {
        let rows = self.row_groups().map(|group| usize::try_from(group.num_rows()).unwrap_or_default());
        rows.fold(0, usize::saturating_add)
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        Ok(Box::new(Chunks {
            reader: Arc::clone(&self.reader),
            metadata: Arc::clone(&self.metadata),
            groups: self.groups.clone().into_iter(),
            column,
        }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.groups.iter().filter_map(|group| self.metadata.row_groups().get(*group)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// The chunks of a column, group by group.
struct Chunks {
    reader: Arc<Reader>,
    metadata: Arc<ParquetMetaData>,
    groups: std::vec::IntoIter<usize>,
    column: usize,
}

impl Chunks {
    fn open(&self, group: usize) -> Result<Box<dyn PageReader>> {
        let none =
            || ParquetError::General(format!("there is no row group {group} with a column {}", self.column));
        let rows = self.metadata.row_groups().get(group).ok_or_else(none)?;
        let chunk = rows.columns().get(self.column).ok_or_else(none)?;
        let pages = self.metadata.offset_index().and_then(|index| index.get(group)?.get(self.column));
        let pages = pages.map(|pages| pages.page_locations.clone());
        let reader = Arc::clone(&self.reader);
        let row_count = usize::try_from(rows.num_rows())?;
        if !matches!(chunk.compression(), Compression::ZSTD(_)) {
            return Ok(Box::new(SerializedPageReader::new(reader, chunk, row_count, pages)?));
        }
        let plain = chunk.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
        Ok(Box::new(Unpacking(SerializedPageReader::new(reader, &plain, row_count, pages)?)))
    }
}

impl Iterator for Chunks {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        let group = self.groups.next()?;
        Some(self.open(group))
    }
}

impl PageIterator for Chunks {}

/// Pages of a chunk that was opened as if they were not packed.
struct Unpacking(SerializedPageReader<Reader>);

impl Iterator for Unpacking {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Unpacking {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.0.get_next_page()?.map(unpacked).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.0.at_record_boundary()
    }
}

fn unpacked(mut page: Page) -> Result<Page> {
    match &mut page {
        Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = unpack(buf, 0)?,
        // Its levels stand before what is packed.
        Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, is_compressed: true, .. } => {
            let levels = def_levels_byte_len.saturating_add(*rep_levels_byte_len);
            *buf = unpack(buf, usize::try_from(levels)?)?;
        }
        Page::DataPageV2 { .. } => {}
    }
    Ok(page)
}

fn unpack(page: &[u8], levels: usize) -> Result<Bytes> {
    let damaged = |why: &str| ParquetError::General(format!("a page cannot be unpacked: {why}"));
    let (levels, frame) = page.split_at_checked(levels).ok_or_else(|| damaged("it is too short"))?;
    // A page without a value has none.
    if frame.is_empty() {
        return Ok(Bytes::copy_from_slice(levels));
    }
    let len = get_frame_content_size(frame).ok().flatten().filter(|len| *len <= PAGE_BYTES_MAX);
    let len = usize::try_from(len.ok_or_else(|| damaged("it does not say what it holds"))?)?;
    let page = compression::decompress_behind(levels, frame, len);
    Ok(Bytes::from(page.map_err(|error| damaged(&error.to_string()))?))
}
