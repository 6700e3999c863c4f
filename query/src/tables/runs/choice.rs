//! Which runs of a chunk filters choose: condition by condition, each over the runs that those before it left.

use std::cell::OnceCell;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::{filter, take};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_plan::PhysicalExpr;
use engine::RunChunk;

use super::provider::Kept;
use crate::scan::Context;
use crate::scan::cache::Name;
use crate::scan::prune::holds_for;

/// The conditions of a scan, the cheapest first.
pub(super) struct Choice(Vec<Condition>);

/// A filter over some columns of `runs`.
struct Condition {
    holds: Arc<dyn PhysicalExpr>,
    columns: Vec<Kept>,
    schema: SchemaRef,
}

impl Choice {
    /// From filters that name the source's columns.
    pub(super) fn open(
        context: &Context,
        schema: &Schema,
        names: &[Name],
        filters: &[Arc<dyn PhysicalExpr>],
    ) -> Result<Self> {
        let condition = |filter| Condition::open(context, schema, names, filter);
        let mut conditions: Vec<Condition> = filters.iter().map(condition).collect::<Result<_>>()?;
        conditions.sort_by_key(Condition::cost);
        Ok(Self(conditions))
    }

    /// The chosen rows of a chunk; none where all are.
    pub(super) fn rows(
        &self,
        context: &Context,
        chunk: usize,
        runs: &OnceCell<RunChunk>,
    ) -> Result<Option<UInt32Array>> {
        let mut rows: Option<UInt32Array> = None;
        for condition in &self.0 {
            if rows.as_ref().is_some_and(UInt32Array::is_empty) {
                break;
            }
            rows = condition.narrow(context, chunk, runs, rows)?;
        }
        Ok(rows)
    }
}

impl Condition {
    fn open(
        context: &Context,
        schema: &Schema,
        names: &[Name],
        filter: &Arc<dyn PhysicalExpr>,
    ) -> Result<Self> {
        let mut places = Vec::new();
        for column in collect_columns(filter) {
            places.push(schema.index_of(column.name())?);
        }
        places.sort_unstable();
        let schema = Arc::new(schema.project(&places)?);
        let names = places.iter().filter_map(|place| names.get(*place));
        let columns = names.map(|name| Kept::open(context, name.clone())).collect();
        Ok(Self { holds: reassign_expr_columns(Arc::clone(filter), &schema)?, columns, schema })
    }

    /// How much a row costs, roughly: by the types that are compared.
    fn cost(&self) -> usize {
        let cost = |kind: &DataType| match kind {
            kind if kind.is_primitive() || *kind == DataType::Boolean => 1,
            DataType::Utf8 => 4,
            _ => 16,
        };
        self.schema.fields().iter().map(|field| cost(field.data_type())).sum()
    }

    /// Those of some rows for which it holds.
    fn narrow(
        &self,
        context: &Context,
        chunk: usize,
        runs: &OnceCell<RunChunk>,
        rows: Option<UInt32Array>,
    ) -> Result<Option<UInt32Array>> {
        let arrays = self.columns.iter().map(|kept| kept.some(context, chunk, runs, rows.as_ref()));
        let arrays: Vec<ArrayRef> = arrays.collect::<Result<_>>()?;
        let len = arrays.first().map_or(0, |array| array.len());
        let options = RecordBatchOptions::new().with_row_count(Some(len));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?;
        let holds = holds_for(&self.holds, &batch)?;
        if holds.true_count() == len {
            return Ok(rows);
        }
        let Some(rows) = rows else {
            let rows = holds.values().set_indices_u32();
            return Ok(Some(UInt32Array::from_iter_values(rows)));
        };
        let left = filter(&rows, &holds)?;
        let left = left.as_any().downcast_ref::<UInt32Array>().cloned();
        left.map(Some).ok_or_else(|| internal_datafusion_err!("filtered rows are not rows any more"))
    }
}

/// Those rows of an array.
pub(super) fn only(array: &ArrayRef, rows: Option<&UInt32Array>) -> Result<ArrayRef> {
    match rows {
        None => Ok(Arc::clone(array)),
        Some(rows) => Ok(take(array, rows, None)?),
    }
}
