//! Keeps a statement within its time and its memory where its operators do not look themselves (L7).
//!
//! An operator that makes very many rows of few never waits, so nothing could end it; a function's
//! values are in no pool until an operator keeps them. So each operator of a plan is watched: between
//! two batches it looks whether the statement is over, and lets others go on. Where an expression can
//! make much of little, or is evaluated very often for one batch, the plan has it *held*: `held(x)` is
//! `x`, after a look at the time and at what was made.
//!
//! What holds:
//! - What held expressions make of one batch is at most what the statement may hold.
//! - Rows that no batch comes of are counted too: each condition of a join is held.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::array::Array;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable as _, LogicalPlan, Operator, ReturnFieldArgs,
    ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_plan::coop::make_cooperative;
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
    ReplaceChildrenOptions, SendableRecordBatchStream,
};
use futures::StreamExt as _;

use crate::error::Error;
use crate::limits;

/// What a statement's operators look at.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Why the statement is over. Whichever operator finds it first says the same.
    over: OnceLock<Error>,
    /// Bytes that held expressions made of the batch that is on its way.
    made: AtomicUsize,
    made_max: usize,
}

impl Watch {
    pub(crate) fn new(made_max: usize) -> Self {
        Self { over: OnceLock::new(), made: AtomicUsize::new(0), made_max }
    }

    /// Has every operator end at its next look, for this reason.
    pub(crate) fn end(&self, reason: Error) {
        // The first reason is the one.
        let _over = self.over.set(reason);
    }

    fn look(&self) -> Result<()> {
        match self.over.get() {
            Some(reason) => Err(DataFusionError::External(Box::new(reason.clone()))),
            None => Ok(()),
        }
    }

    fn count(&self, bytes: usize) -> Result<()> {
        self.look()?;
        let made = self.made.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        match made > self.made_max {
            true => Err(DataFusionError::ResourcesExhausted("values of one batch".to_owned())),
            false => Ok(()),
        }
    }

    /// Has an optimized plan hold what could make much of little.
    pub(crate) fn hold(self: &Arc<Self>, plan: LogicalPlan) -> Result<LogicalPlan> {
        // What is only explained is not run.
        if matches!(plan, LogicalPlan::Explain(_)) {
            return Ok(plan);
        }
        let held = Arc::new(ScalarUDF::new_from_impl(Held::new(Arc::clone(self))));
        let rewritten = plan.transform_up_with_subqueries(|node| match node {
            LogicalPlan::TableScan(_) | LogicalPlan::Values(_) => Ok(Transformed::no(node)),
            LogicalPlan::Join(mut join) => {
                join.filter = join.filter.map(|filter| held.call(vec![filter]));
                Ok(Transformed::yes(LogicalPlan::Join(join)))
            }
            node => {
                let names = NamePreserver::new(&node);
                let schema = merge_schema(&node.inputs());
                node.map_expressions(|expr| {
                    let name = names.save(&expr);
                    let expr = expr.transform_up(|expr| Ok(held_if(expr, &schema, &held)))?;
                    Ok(expr.update_data(|expr| name.restore(expr)))
                })
            }
        })?;
        Ok(rewritten.data)
    }

    /// Has every operator of a plan look.
    pub(crate) fn over(self: &Arc<Self>, plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        let watched = plan.transform_up(|inner| {
            Ok(Transformed::yes(
                Arc::new(Watched { inner, watch: Arc::clone(self) }) as Arc<dyn ExecutionPlan>
            ))
        })?;
        Ok(watched.data)
    }
}

/// Literals beyond this are held: an operator may write one into each row of a batch.
const LITERAL_BYTES: usize = limits::CALL_BYTES_MAX / limits::BATCH_ROWS / 4;

/// An expression, held if it can make much of little.
fn held_if(expr: Expr, schema: &DFSchema, held: &ScalarUDF) -> Transformed<Expr> {
    let is_held = match &expr {
        Expr::Literal(value, _) => value.size() > LITERAL_BYTES,
        Expr::BinaryExpr(BinaryExpr { op: Operator::StringConcat, .. }) => true,
        Expr::ScalarFunction(_) | Expr::HigherOrderFunction(_) => {
            expr.get_type(schema).is_ok_and(|made| made.is_nested() || made.is_string() || made.is_binary())
        }
        _ => false,
    };
    match is_held {
        true => Transformed::yes(held.call(vec![expr])),
        false => Transformed::no(expr),
    }
}

/// The function that gives what it is given, after a look.
#[derive(Debug)]
struct Held {
    watch: Arc<Watch>,
    signature: Signature,
}

impl Held {
    fn new(watch: Arc<Watch>) -> Self {
        // Volatile: nobody shall work it out before it is run.
        Self { watch, signature: Signature::any(1, Volatility::Volatile) }
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.watch, &other.watch)
    }
}

impl Eq for Held {}

impl Hash for Held {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.watch).hash(state);
    }
}

impl ScalarUDFImpl for Held {
    fn name(&self) -> &'static str {
        "held"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [argument] => Ok(argument.clone()),
            _ => internal_err!("held takes one argument"),
        }
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match arguments.arg_fields {
            [field] => Ok(Arc::clone(field)),
            _ => internal_err!("held takes one argument"),
        }
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let bytes = match args.args.as_slice() {
            // The condition of a join, which makes nothing that lasts.
            [value] if value.data_type() == DataType::Boolean => 0,
            [ColumnarValue::Scalar(value)] => value.size().saturating_mul(args.number_rows),
            // Views of other texts: what they show is there already.
            [ColumnarValue::Array(array)]
                if matches!(array.data_type(), DataType::Utf8View | DataType::BinaryView) =>
            {
                16 * array.len()
            }
            [ColumnarValue::Array(array)] => array.get_array_memory_size(),
            _ => 0,
        };
        self.watch.count(bytes)?;
        match args.args.pop() {
            Some(value) => Ok(value),
            None => internal_err!("held takes one argument"),
        }
    }
}

/// An operator that looks after each batch; it shows as the one within.
#[derive(Debug)]
struct Watched {
    inner: Arc<dyn ExecutionPlan>,
    watch: Arc<Watch>,
}

impl Watched {
    fn around(&self, inner: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { inner, watch: Arc::clone(&self.watch) })
    }
}

impl DisplayAs for Watched {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_as(kind, f)
    }
}

impl ExecutionPlan for Watched {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn downcast_delegate(&self) -> Option<&dyn ExecutionPlan> {
        Some(self.inner.as_ref())
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.inner.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inner.children()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.inner.apply_expressions(f)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self.around(Arc::clone(&self.inner).replace_children(children, options)?))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self.around(Arc::clone(&self.inner).reset_state()?))
    }

    fn with_new_state(&self, state: Arc<dyn Any + Send + Sync>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(self.around(self.inner.with_new_state(state)?))
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let watch = Arc::clone(&self.watch);
        // What these pass on was made for one batch of the operator below them.
        let begins = !["FilterExec", "ProjectionExec"].contains(&self.inner.name());
        let batches = self.inner.execute(partition, task)?;
        let schema = batches.schema();
        let watched = batches.map(move |batch| {
            if begins {
                watch.made.store(0, Ordering::Relaxed);
            }
            watch.look().and(batch)
        });
        Ok(make_cooperative(Box::pin(RecordBatchStreamAdapter::new(schema, watched))))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        self.inner.metrics()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn what_ends_a_statement_is_what_its_operators_say() {
        let watch = Watch::new(1);
        assert!(watch.look().is_ok());
        watch.end(Error::new(ErrorKind::Timeout, "the first reason"));
        watch.end(Error::new(ErrorKind::Busy, "another"));
        let error = Error::from(watch.count(1).unwrap_err());
        assert_eq!((error.kind(), error.message()), (ErrorKind::Timeout, "the first reason"));
    }
}
