//! What a statement gives: a schema, warnings, and batches as they are made.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, UnionArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DataFusionError;
use engine::Lsn;
use tokio::sync::mpsc;

use crate::error::{Error, ErrorKind};
use crate::output::json;
use crate::session::Running;
use crate::tables::{EXTENSION_JSON, EXTENSION_KEY, is_json, json_field};

/// What is known when a statement is planned.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) schema: SchemaRef,
    pub(crate) warnings: Vec<String>,
}

/// The answer to a statement. Dropping it ends the statement.
#[derive(Debug)]
pub struct Answer {
    head: Head,
    lsn: Lsn,
    batches: Batches,
    is_over: bool,
    rows_left: Option<u64>,
    row_limit: Option<u64>,
    _running: Running,
}

/// Rows on their way, then none: an answer that lacks its end was broken off.
type Batches = mpsc::Receiver<Result<Option<RecordBatch>, Error>>;

impl Answer {
    pub(crate) fn new(
        head: Head,
        lsn: Lsn,
        batches: Batches,
        running: Running,
        row_limit: Option<u64>,
    ) -> Self {
        Self { head, lsn, batches, is_over: false, rows_left: row_limit, row_limit, _running: running }
    }

    /// Names and types of the columns. Columns whose text is JSON have the Arrow extension
    /// `arrow.json`.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.head.schema)
    }

    /// What the user should know, such as a key that no run has.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.head.warnings
    }

    /// The position of the log that the answer shows.
    #[must_use]
    pub fn lsn(&self) -> Lsn {
        self.lsn
    }

    /// The next rows; none after the last. After an error there are no more.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, Error>> {
        if self.is_over {
            return None;
        }
        let broken = || Error::new(ErrorKind::Internal, "the answer was broken off before its last rows");
        let batch = match self.batches.recv().await.unwrap_or_else(|| Err(broken())) {
            Ok(Some(batch)) => batch,
            Ok(None) => {
                self.is_over = true;
                return None;
            }
            Err(error) => return Some(Err(self.end(error))),
        };
        let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        match self.rows_left.as_mut() {
            Some(left) if rows > *left => {
                let limit = self.row_limit.unwrap_or_default();
                let error = Error::too_large(format!("the answer has more than {limit} rows"));
                Some(Err(self.end(error.with_hint("add LIMIT, or take it as Arrow, Parquet or NDJSON"))))
            }
            Some(left) => {
                *left -= rows;
                Some(Ok(batch))
            }
            None => Some(Ok(batch)),
        }
    }

    /// Nothing comes behind an error.
    fn end(&mut self, error: Error) -> Error {
        self.is_over = true;
        self.batches.close();
        error
    }

    /// All rows at once.
    ///
    /// # Errors
    ///
    /// Whatever [`Answer::next`] gives first.
    pub async fn collect(mut self) -> Result<Vec<RecordBatch>, Error> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await {
            batches.push(batch?);
        }
        Ok(batches)
    }
}

/// How a plan's columns become an answer's: names occur once, unions of JSON values are JSON text,
/// and of what the planner notes on fields only the mark of JSON is kept.
#[derive(Debug)]
pub(crate) struct Shape {
    schema: SchemaRef,
}

impl Shape {
    pub(crate) fn of(planned: &Schema) -> Self {
        let mut taken = HashSet::new();
        let fields: Vec<Field> = planned
            .fields()
            .iter()
            .map(|field| {
                let name = unique(field.name(), &mut taken);
                match field.data_type() {
                    DataType::Union(..) => json_field(Field::new(name, DataType::Utf8, true)),
                    data_type => {
                        let plain = Field::new(name, data_type.clone(), field.is_nullable());
                        if is_json(field) { json_field(plain) } else { plain }
                    }
                }
            })
            .collect();
        Self { schema: Arc::new(Schema::new(fields)) }
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(crate) fn fit(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let columns: Vec<ArrayRef> = batch.columns().iter().map(without_unions).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.schema(), columns, &options)
            .map_err(|error| DataFusionError::from(error).into())
    }
}

fn unique(name: &str, taken: &mut HashSet<String>) -> String {
    let mut unique = name.to_owned();
    let mut number = 0;
    while !taken.insert(unique.clone()) {
        number += 1;
        unique = format!("{name}_{number}");
    }
    unique
}

fn without_unions(array: &ArrayRef) -> ArrayRef {
    let Some(union) = array.as_any().downcast_ref::<UnionArray>() else { return Arc::clone(array) };
    let field = Field::new("union", array.data_type().clone(), true);
    let texts = (0..union.len()).map(|row| {
        let mut text = String::new();
        json::write_cell(union, &field, row, &mut text);
        (text != "null").then_some(text)
    });
    Arc::new(texts.collect::<StringArray>())
}

/// Whether a field's text is JSON, for those who write answers elsewhere.
#[must_use]
pub fn is_json_field(field: &Field) -> bool {
    field.metadata().get(EXTENSION_KEY).is_some_and(|name| name == EXTENSION_JSON)
}
