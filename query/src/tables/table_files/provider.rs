//! Rows of `wbq.table_files`.

use std::sync::Arc;

use engine::TableInfo;

use super::TABLE;
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request};
use crate::tables::Table;
use crate::tables::cell::Cell;

/// The table.
#[derive(Debug)]
pub(crate) struct TableFiles;

impl RowTable for TableFiles {
    type Row = TableInfo;

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn estimate(&self, _: &Context) -> usize {
        64
    }

    fn rows(&self, context: &Arc<Context>, _: &Request) -> Rows<TableInfo> {
        Box::new(context.snapshot.table_files().into_iter().map(Ok))
    }

    fn cell<'a>(&self, column: &str, row: &'a TableInfo) -> Cell<'a> {
        match column {
            "id" => Cell::count(row.id),
            "kind" => Cell::text(row.kind),
            "level" => Cell::count(row.level.into()),
            "entity" => row.project.as_ref().map_or(Cell::Null, |project| Cell::text(&*project.entity)),
            "project" => row.project.as_ref().map_or(Cell::Null, |project| Cell::text(&*project.project)),
            "bytes" => Cell::count(row.bytes),
            "rows" => Cell::count(row.rows),
            "first_lsn" => Cell::count(row.first_lsn.0),
            "last_lsn" => Cell::count(row.last_lsn.0),
            "path" => Cell::text(row.paths.first().map(String::as_str)),
            _ => Cell::Null,
        }
    }
}
