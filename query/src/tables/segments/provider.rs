//! Rows of `wbq.segments`.

use std::sync::Arc;

use engine::SegmentInfo;

use super::TABLE;
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request};
use crate::tables::Table;
use crate::tables::cell::Cell;

/// The table.
#[derive(Debug)]
pub(crate) struct Segments;

impl RowTable for Segments {
    type Row = SegmentInfo;

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn estimate(&self, _: &Context) -> usize {
        16
    }

    fn rows(&self, context: &Arc<Context>, _: &Request) -> Rows<SegmentInfo> {
        Box::new(context.snapshot.segments().into_iter().map(Ok))
    }

    fn cell<'a>(&self, column: &str, row: &'a SegmentInfo) -> Cell<'a> {
        match column {
            "id" => Cell::count(row.id),
            "bytes" => Cell::count(row.bytes),
            "packed_bytes" => row.packed_bytes.map_or(Cell::Null, Cell::count),
            "first_lsn" => Cell::count(row.first_lsn.0),
            "last_lsn" if row.last_lsn < row.first_lsn => Cell::Null,
            "last_lsn" => Cell::count(row.last_lsn.0),
            "sealed" => Cell::Bool(row.sealed),
            _ => Cell::Null,
        }
    }
}
