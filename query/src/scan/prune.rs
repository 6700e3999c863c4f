//! What filters choose before anything is read.
//!
//! Three kinds of filter are understood, whatever their form (`=`, `IN`, `LIKE`, `OR` …):
//! - one that names only the run's identity is evaluated once a run, over the cached columns of a
//!   chunk of runs: exact, so nothing above needs to look again, but where rows may have no run;
//! - one that names only `key` is evaluated once a key: exact;
//! - one that bounds the position column (`_step`, `lsn`) by a constant leaves out what lies outside:
//!   inexact, the rows are filtered above.
//!
//! A source may also take any other filter and evaluate it on its own rows. And while a statement runs, a
//! join or a sort may come to know which rows it can need yet (a dynamic filter): what these say of runs,
//! or of rows, is taken into account in the same way, and looked at again above.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch, StringArray};
use arrow::compute::{filter_record_batch, prep_null_mask_filter};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DFSchema, Result, ScalarValue, internal_err};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use datafusion::physical_expr::conjunction_opt;
use datafusion::physical_expr::expressions::DynamicFilterTracking;
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_plan::PhysicalExpr;
use engine::{RUNS_PER_CHUNK, Run, RunChunk, RunHead, RunKey};

use super::{ALL_PLACES, Context, chunks_of, outside};
use crate::tables::{IDENTITY, runs};

/// How a source chooses on the identity of runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ByRun {
    /// It does not.
    #[default]
    Not,
    /// It gives rows of the chosen runs, and others: those that have no run.
    Roughly,
    /// It gives rows of the chosen runs alone.
    Exactly,
}

/// On which columns a source chooses.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Prunes {
    /// On the run's identity.
    pub(crate) runs: ByRun,
    /// On the column `key`.
    pub(crate) key: bool,
    /// On the bounds of this column.
    pub(crate) position: Option<&'static str>,
    /// On any column of its rows: it gives just those that filters choose.
    pub(crate) rows: bool,
}

/// What a statement's filters choose.
#[derive(Debug, Clone)]
pub(crate) struct Filters {
    runs: Option<Arc<dyn PhysicalExpr>>,
    keys: Option<Arc<dyn PhysicalExpr>>,
    /// Each holds for the rows that are wanted; they name the source's columns.
    pub(crate) rows: Vec<Arc<dyn PhysicalExpr>>,
    /// The lowest and highest position that may be wanted.
    pub(crate) positions: (i64, i64),
}

enum Class {
    Runs,
    Key,
    Position,
    Row,
    Other,
}

impl Prunes {
    fn class(&self, filter: &Expr) -> Class {
        let is_plain = !filter.is_volatile()
            && !filter
                .exists(|expr| {
                    Ok(matches!(
                        expr,
                        Expr::ScalarSubquery(_)
                            | Expr::InSubquery(_)
                            | Expr::Exists(_)
                            | Expr::SetComparison(_)
                            | Expr::OuterReferenceColumn(..)
                            | Expr::Placeholder(_)
                    ))
                })
                .unwrap_or(true);
        let columns = filter.column_refs();
        if !is_plain || columns.is_empty() {
            return Class::Other;
        }
        let only = |names: &[&str]| columns.iter().all(|column| names.contains(&column.name.as_str()));
        if self.runs != ByRun::Not && only(&IDENTITY) {
            Class::Runs
        } else if self.key && only(&["key"]) {
            Class::Key
        } else if self.position.is_some_and(|position| only(&[position])) {
            Class::Position
        } else if self.rows {
            Class::Row
        } else {
            Class::Other
        }
    }

    /// Whether each filter is taken over, taken into account, or left to others.
    pub(crate) fn supports(&self, filters: &[&Expr]) -> Vec<TableProviderFilterPushDown> {
        let support = |filter: &&Expr| match self.class(filter) {
            Class::Runs if self.runs == ByRun::Roughly => TableProviderFilterPushDown::Inexact,
            Class::Runs | Class::Key | Class::Row => TableProviderFilterPushDown::Exact,
            Class::Position => TableProviderFilterPushDown::Inexact,
            Class::Other => TableProviderFilterPushDown::Unsupported,
        };
        filters.iter().map(support).collect()
    }

    /// Sorts filters by what they choose.
    pub(crate) fn read(&self, state: &dyn Session, filters: &[Expr], source: &SchemaRef) -> Result<Filters> {
        let (mut runs, mut keys, mut rows, mut positions) =
            (Vec::new(), Vec::new(), Vec::new(), (i64::MIN, i64::MAX));
        let of_source = DFSchema::try_from(Arc::clone(source))?;
        for filter in filters {
            match self.class(filter) {
                Class::Runs => runs.push(filter.clone()),
                Class::Key => keys.push(filter.clone()),
                Class::Position => narrow(&mut positions, filter),
                Class::Row => rows.push(state.create_physical_expr(filter.clone(), &of_source)?),
                Class::Other => {}
            }
        }
        let physical = |filters: Vec<Expr>, schema: SchemaRef| {
            conjunction(filters)
                .map(|filter| state.create_physical_expr(filter, &DFSchema::try_from(schema)?))
                .transpose()
        };
        Ok(Filters {
            runs: physical(runs, identity_schema())?,
            keys: physical(keys, key_schema())?,
            rows,
            positions,
        })
    }

    /// The filters with what a dynamic one says of runs or rows; none where it says nothing of them.
    pub(crate) fn with_dynamic(
        &self,
        filters: &Filters,
        filter: &Arc<dyn PhysicalExpr>,
    ) -> Result<Option<Filters>> {
        let mut filters = filters.clone();
        let columns = collect_columns(filter);
        if !DynamicFilterTracking::classify(filter).contains_dynamic_filter() || columns.is_empty() {
            return Ok(None);
        }
        if self.runs != ByRun::Not && columns.iter().all(|column| IDENTITY.contains(&column.name())) {
            let filter = reassign_expr_columns(Arc::clone(filter), &identity_schema())?;
            filters.runs = conjunction_opt(filters.runs.into_iter().chain([filter]));
        } else if self.rows {
            filters.rows.push(Arc::clone(filter));
        } else {
            return Ok(None);
        }
        Ok(Some(filters))
    }
}

impl Filters {
    /// Whether fewer than all rows are chosen, as far as is known.
    pub(crate) fn choose(&self) -> bool {
        self.expressions().next().is_some()
    }

    /// Everything that is evaluated.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Arc<dyn PhysicalExpr>> {
        self.runs.iter().chain(&self.keys).chain(&self.rows)
    }

    /// All runs and keys, and what lies between two positions.
    pub(crate) fn of_positions(positions: (i64, i64)) -> Self {
        Self { runs: None, keys: None, rows: Vec::new(), positions }
    }

    /// The runs that a statement sees and its filters choose, chunk by chunk.
    pub(crate) fn runs(&self, context: &Arc<Context>) -> impl Iterator<Item = Result<Arc<Run>>> + use<> {
        self.chunks(context, &ALL_PLACES).flat_map(|chunk| match chunk {
            Ok(Chunk { runs, chosen, .. }) => {
                let rows = (0..runs.len()).filter(move |row| is_chosen(chosen.as_deref(), *row));
                let load = move |row| runs.run(row).map_err(outside).transpose();
                Box::new(rows.filter_map(load)) as Chosen<Arc<Run>>
            }
            Err(error) => Box::new(std::iter::once(Err(error))),
        })
    }

    /// Which runs these are, for who needs no more of them.
    pub(crate) fn heads(
        &self,
        context: &Arc<Context>,
        places: Range<usize>,
    ) -> impl Iterator<Item = Result<Arc<RunHead>>> + use<> {
        self.chunks(context, &places).flat_map(move |chunk| {
            let heads = chunk.and_then(|Chunk { number, runs, chosen }| {
                let is_wanted = |row: usize| places.contains(&(number * RUNS_PER_CHUNK + row));
                runs.heads(|row| is_wanted(row) && is_chosen(chosen.as_deref(), row)).map_err(outside)
            });
            match heads {
                Ok(heads) => {
                    Box::new(heads.into_iter().map(|head| Ok(Arc::new(head)))) as Chosen<Arc<RunHead>>
                }
                Err(error) => Box::new(std::iter::once(Err(error))),
            }
        })
    }

    /// The places of the chosen runs, each with how many rows its history has.
    pub(crate) fn weights(&self, context: &Context) -> Result<Vec<(usize, u64)>> {
        let identity = runs::Identity::open(context);
        let rows = runs::HistoryRows::open(context);
        let mut weights = Vec::new();
        for chunk in 0..context.chunks() {
            let rows = rows.of_chunk(context, chunk)?;
            let chosen = match &self.runs {
                Some(filter) => chosen_of(context, chunk, filter, &identity)?,
                None => None,
            };
            let chosen = rows.iter().enumerate().filter(|(row, _)| is_chosen(chosen.as_deref(), *row));
            weights.extend(chosen.map(|(row, rows)| (chunk * RUNS_PER_CHUNK + row, *rows)));
        }
        Ok(weights)
    }

    /// The chunks with a chosen run.
    fn chunks(
        &self,
        context: &Arc<Context>,
        places: &Range<usize>,
    ) -> impl Iterator<Item = Result<Chunk>> + use<> {
        let (context, filter) = (Arc::clone(context), self.runs.clone());
        let identity = filter.as_ref().map(|_| runs::Identity::open(&context));
        chunks_of(places, context.chunks()).filter_map(move |chunk| {
            let chosen = match (&filter, &identity) {
                (Some(filter), Some(identity)) => chosen_of(&context, chunk, filter, identity),
                _ => Ok(None),
            };
            chosen
                .and_then(|chosen| match chosen {
                    Some(chosen) if !chosen.contains(&true) => Ok(None),
                    chosen => Ok(Some(Chunk { number: chunk, runs: context.chunk(chunk)?, chosen })),
                })
                .transpose()
        })
    }

    /// The keys of the runs that a statement sees and its filters choose; none where no filter chooses.
    pub(crate) fn run_keys(&self, context: &Context) -> Result<Option<HashSet<RunKey>>> {
        let Some(filter) = &self.runs else { return Ok(None) };
        let identity = runs::Identity::open(context);
        let mut keys = HashSet::new();
        for chunk in 0..context.chunks() {
            let columns = RecordBatch::try_new(identity_schema(), identity.columns(context, chunk)?)?;
            let chosen: BooleanArray = truths(filter, &columns)?.map(Some).collect();
            let Some(chosen) = runs::keys_of(&filter_record_batch(&columns, &chosen)?) else {
                return internal_err!("the columns of identity are not of their types");
            };
            keys.extend(chosen);
        }
        Ok(Some(keys))
    }

    /// Which of some keys are chosen.
    pub(crate) fn keys(&self, keys: &[&str]) -> Result<Vec<bool>> {
        let Some(filter) = &self.keys else { return Ok(vec![true; keys.len()]) };
        let column = Arc::new(StringArray::from_iter_values(keys));
        let batch = RecordBatch::try_new(key_schema(), vec![column])?;
        Ok(truths(filter, &batch)?.collect())
    }

    /// Whether what lies between two positions may be wanted.
    pub(crate) fn overlaps(&self, low: i64, high: i64) -> bool {
        low <= self.positions.1 && high >= self.positions.0
    }
}

/// As a plan shows them: what is said of runs, keys, positions and rows.
impl fmt::Display for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, filter) in [("runs", &self.runs), ("keys", &self.keys)] {
            if let Some(filter) = filter {
                write!(f, ", {name}=[{filter}]")?;
            }
        }
        match self.positions {
            (i64::MIN, i64::MAX) => {}
            (low, i64::MAX) => write!(f, ", positions=[{low}..]")?,
            (i64::MIN, high) => write!(f, ", positions=[..={high}]")?,
            (low, high) => write!(f, ", positions=[{low}..={high}]")?,
        }
        if !self.rows.is_empty() {
            let rows: Vec<String> = self.rows.iter().map(ToString::to_string).collect();
            write!(f, ", rows=[{}]", rows.join(" AND "))?;
        }
        Ok(())
    }
}

/// A chunk of runs, and which of its rows are chosen; none where all are.
struct Chunk {
    number: usize,
    runs: RunChunk,
    chosen: Option<Vec<bool>>,
}

type Chosen<T> = Box<dyn Iterator<Item = Result<T>> + Send>;

fn is_chosen(chosen: Option<&[bool]>, row: usize) -> bool {
    chosen.is_none_or(|chosen| chosen.get(row).copied().unwrap_or(false))
}

/// Which of a chunk's runs a filter chooses.
fn chosen_of(
    context: &Context,
    chunk: usize,
    filter: &Arc<dyn PhysicalExpr>,
    identity: &runs::Identity,
) -> Result<Option<Vec<bool>>> {
    let batch = RecordBatch::try_new(identity_schema(), identity.columns(context, chunk)?)?;
    Ok(Some(truths(filter, &batch)?.collect()))
}

fn truths(filter: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<impl Iterator<Item = bool> + use<>> {
    let truths = holds_for(filter, batch)?;
    Ok((0..truths.len()).map(move |row| truths.value(row)))
}

/// For which rows a filter holds; without NULL.
pub(crate) fn holds_for(filter: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<BooleanArray> {
    let answer = filter.evaluate(batch)?.into_array(batch.num_rows())?;
    Ok(match answer.as_any().downcast_ref::<BooleanArray>() {
        Some(truths) if truths.null_count() > 0 => prep_null_mask_filter(truths),
        Some(truths) => truths.clone(),
        // A filter that is no condition (NULL) chooses nothing.
        None => BooleanArray::from(vec![false; batch.num_rows()]),
    })
}

fn identity_schema() -> SchemaRef {
    let field = |name: &&str| runs::TABLE.column(name).map(|column| column.kind.field(name));
    Arc::new(Schema::new(IDENTITY.iter().filter_map(field).collect::<Vec<_>>()))
}

fn key_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("key", DataType::Utf8, true)]))
}

/// Narrows bounds by a comparison of the position column with an integer; any other filter says
/// nothing.
fn narrow(bounds: &mut (i64, i64), filter: &Expr) {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else { return };
    if *op == Operator::And {
        narrow(bounds, left);
        narrow(bounds, right);
        return;
    }
    let (op, number) = match (&**left, &**right) {
        (Expr::Column(_), Expr::Literal(ScalarValue::Int64(Some(number)), _)) => (Some(*op), *number),
        (Expr::Literal(ScalarValue::Int64(Some(number)), _), Expr::Column(_)) => (op.swap(), *number),
        _ => return,
    };
    match op {
        Some(Operator::Eq) => *bounds = (bounds.0.max(number), bounds.1.min(number)),
        Some(Operator::Gt) => bounds.0 = bounds.0.max(number.saturating_add(1)),
        Some(Operator::GtEq) => bounds.0 = bounds.0.max(number),
        Some(Operator::Lt) => bounds.1 = bounds.1.min(number.saturating_sub(1)),
        Some(Operator::LtEq) => bounds.1 = bounds.1.min(number),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{col, lit};

    #[test]
    fn comparisons_narrow_the_positions() {
        let bounds = |filter: Expr| {
            let mut bounds = (i64::MIN, i64::MAX);
            narrow(&mut bounds, &filter);
            bounds
        };
        assert_eq!(bounds(col("_step").gt(lit(5i64)).and(col("_step").lt_eq(lit(9i64)))), (6, 9));
        assert_eq!(bounds(lit(5i64).gt(col("_step"))), (i64::MIN, 4));
        assert_eq!(bounds(col("_step").eq(lit(7i64))), (7, 7));
        assert_eq!(bounds(col("_step").gt(lit(5i64)).or(col("_step").lt(lit(2i64)))), (i64::MIN, i64::MAX));
    }
}
