//! A scan as DataFusion runs it. Rows come in the table's own order: of several partitions each has its share
//! of the runs, and they are taken together one behind the other ([`super::in_order`]).
//!
//! Nothing is read before the first batch is asked for: what a join learns from its other side by then is
//! among the filters.

use std::ops::Range;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, SchedulingType};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr,
    PlanProperties, ReplaceChildrenOptions, SendableRecordBatchStream, coop::make_cooperative,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{Request, Source};

/// Batches that a reading thread makes ahead of whoever takes them.
const AHEAD: usize = 2;
/// Of so many rows filters are taken to choose one, as the query engine takes them to.
const CHOSEN_OF: usize = 5;

#[derive(Debug)]
pub(crate) struct ScanExec {
    name: &'static str,
    source: Arc<dyn Source>,
    request: Request,
    /// The places of the runs of each partition.
    shares: Vec<Range<usize>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ScanExec {
    pub(crate) fn new(name: &'static str, source: Arc<dyn Source>, request: Request) -> Self {
        let shares = vec![request.places.clone()];
        Self::shared(name, source, request, shares)
    }

    fn shared(
        name: &'static str,
        source: Arc<dyn Source>,
        request: Request,
        shares: Vec<Range<usize>>,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&request.schema)),
            Partitioning::UnknownPartitioning(shares.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::Cooperative);
        let metrics = ExecutionPlanMetricsSet::new();
        Self { name, source, request, shares, properties: Arc::new(properties), metrics }
    }

    /// The batches, made where reading them keeps nobody else waiting.
    fn batches(source: Arc<dyn Source>, request: Request) -> SendableRecordBatchStream {
        let schema = Arc::clone(&request.schema);
        if !source.reads_log() {
            let batches = stream::iter(source.open(&request));
            return Box::pin(RecordBatchStreamAdapter::new(schema, batches));
        }
        let mut stream = RecordBatchReceiverStream::builder(schema, AHEAD);
        let sender = stream.tx();
        stream.spawn_blocking(move || {
            for batch in source.open(&request) {
                // Nobody takes it any more: the statement is over.
                if sender.blocking_send(batch).is_err() {
                    break;
                }
            }
            Ok(())
        });
        stream.build()
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns: Vec<&str> =
            self.request.schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "Scan: {}, columns=[{}]", self.name, columns.join(", "))?;
        write!(f, "{}", self.request.filters)?;
        if self.shares.len() > 1 {
            write!(f, ", partitions={}", self.shares.len())?;
        }
        self.request.limit.map_or(Ok(()), |limit| write!(f, ", limit={limit}"))
    }
}

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &'static str {
        "ScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        // A join finds its dynamic filter here, or it would not fill it.
        for filter in self.request.filters.expressions() {
            if visit(filter)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("a scan has no children") }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mode = ChildrenPropertiesMode::Recompute;
        self.replace_children(children, ReplaceChildrenOptions::new(mode))
    }

    fn repartitioned(&self, wanted: usize, _: &ConfigOptions) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        // A limit is reached soonest by one.
        if self.shares.len() >= wanted || self.request.limit.is_some() {
            return Ok(None);
        }
        let shares = tokio::task::block_in_place(|| self.source.shares(&self.request, wanted))?;
        if shares.len() < 2 {
            return Ok(None);
        }
        let scan = Self::shared(self.name, Arc::clone(&self.source), self.request.clone(), shares);
        Ok(Some(Arc::new(scan)))
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(places) = self.shares.get(partition).cloned() else {
            return internal_err!("a scan of {} partitions has no partition {partition}", self.shares.len());
        };
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let source = Arc::clone(&self.source);
        let request = Request { places, ..self.request.clone() };
        let batches = stream::once(async move { Self::batches(source, request) }).flatten();
        let counted = batches.inspect_ok(move |batch| metrics.record_output(batch.num_rows()));
        let schema = Arc::clone(&self.request.schema);
        Ok(make_cooperative(Box::pin(RecordBatchStreamAdapter::new(schema, counted))))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        let mut metrics = self.metrics.clone_inner();
        self.request.tally.add_to(&mut metrics, self.source.at_rest());
        Some(metrics)
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        pushed: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let mut filters = self.request.filters.clone();
        let mut is_changed = false;
        for parent in &pushed.parent_filters {
            if let Some(more) = self.source.prunes().with_dynamic(&filters, &parent.filter)? {
                filters = more;
                is_changed = true;
            }
        }
        // Whoever gave them looks at the rows again.
        let propagation = FilterPushdownPropagation::all_unsupported(pushed);
        if !is_changed {
            return Ok(propagation);
        }
        let request = Request { filters, ..self.request.clone() };
        let node = Self::shared(self.name, Arc::clone(&self.source), request, self.shares.clone());
        Ok(propagation.with_updated_node(Arc::new(node)))
    }

    fn partition_statistics(&self, _: Option<usize>) -> Result<Arc<Statistics>> {
        let rows = self.source.estimate();
        let rows = if self.request.filters.choose() { rows.div_ceil(CHOSEN_OF) } else { rows };
        let rows = self.request.limit.map_or(rows, |limit| limit.min(rows));
        let mut statistics = Statistics::new_unknown(&self.request.schema);
        statistics.num_rows = Precision::Inexact(rows);
        Ok(Arc::new(statistics))
    }
}
