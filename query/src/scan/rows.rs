//! Tables whose rows are made one by one: they say which rows there are and what each cell is.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::Result;

use super::prune::Prunes;
use super::{Batches, Context, Request, Source};
use crate::limits::BATCH_ROWS;
use crate::tables::cell::{Cell, column};
use crate::tables::{Column, Table};

/// Rows, made when they are asked for.
pub(crate) type Rows<R> = Box<dyn Iterator<Item = Result<R>> + Send>;

/// A table of rows.
pub(crate) trait RowTable: Debug + Send + Sync + 'static {
    /// What a cell is made from.
    type Row: Send + 'static;

    /// The declaration.
    fn table(&self) -> &'static Table;

    /// On which columns [`RowTable::rows`] chooses; most choose on none.
    fn prunes(&self) -> Prunes {
        Prunes::default()
    }

    /// Whether finding rows reads the log; what tells of the store itself is in memory.
    fn reads_log(&self) -> bool {
        false
    }

    /// The kind of table files that its rows are read from one by one.
    fn rests_in(&self) -> Option<&'static str> {
        None
    }

    /// About how many there are.
    fn estimate(&self, context: &Context) -> usize;

    /// The rows.
    fn rows(&self, context: &Arc<Context>, request: &Request) -> Rows<Self::Row>;

    /// A cell of a row.
    fn cell<'a>(&self, column: &str, row: &'a Self::Row) -> Cell<'a>;
}

/// A table of rows as a source.
#[derive(Debug)]
pub(crate) struct RowSource<T> {
    context: Arc<Context>,
    table: Arc<T>,
    schema: SchemaRef,
}

impl<T: RowTable> RowSource<T> {
    pub(crate) fn new(context: Arc<Context>, table: T) -> Self {
        let fields: Vec<_> =
            table.table().columns.iter().map(|column| column.kind.field(column.name)).collect();
        Self { context, table: Arc::new(table), schema: Arc::new(Schema::new(fields)) }
    }
}

impl<T: RowTable> Source for RowSource<T> {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn prunes(&self) -> Prunes {
        self.table.prunes()
    }

    fn open(&self, request: &Request) -> Batches {
        let mut rows = self.table.rows(&self.context.counting(&request.tally), request);
        let (table, schema) = (Arc::clone(&self.table), Arc::clone(&request.schema));
        let columns: Vec<&'static Column> =
            request.projection.iter().filter_map(|index| table.table().columns.get(*index)).collect();
        let mut wanted = request.limit.unwrap_or(usize::MAX);
        Box::new(std::iter::from_fn(move || {
            let gathered: Result<Vec<T::Row>> = rows.by_ref().take(wanted.min(BATCH_ROWS)).collect();
            match gathered {
                Ok(gathered) if gathered.is_empty() => None,
                Ok(gathered) => {
                    wanted -= gathered.len();
                    Some(batch(&*table, &columns, &schema, &gathered))
                }
                Err(error) => Some(Err(error)),
            }
        }))
    }

    fn reads_log(&self) -> bool {
        self.table.reads_log()
    }

    fn estimate(&self) -> usize {
        self.table.estimate(&self.context)
    }

    fn at_rest(&self) -> Option<(usize, u64)> {
        self.table.rests_in().map(|kind| self.context.files_of(kind))
    }
}

fn batch<T: RowTable>(
    table: &T,
    columns: &[&'static Column],
    schema: &SchemaRef,
    rows: &[T::Row],
) -> Result<RecordBatch> {
    let arrays = columns
        .iter()
        .map(|declared| column(declared.kind, rows.iter(), |row| table.cell(declared.name, row)))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
}
