//! Several partitions as one, each whole behind the one before it. They run at once.
//!
//! What holds: whoever reads it gets the rows in the order in which one partition would have given them,
//! so that a statement has the same answer each time, whatever the threads do.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{EvaluationType, SchedulingType};
use datafusion::physical_plan::limit::LimitStream;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _,
    Partitioning, PhysicalExpr, PlanProperties, ReplaceChildrenOptions, SendableRecordBatchStream,
    coop::make_cooperative,
};
use futures::{StreamExt as _, stream};

/// Batches of a partition that are made before its turn.
const AHEAD: usize = 16;

/// Puts this where the query engine takes partitions together as their batches come.
#[derive(Debug)]
pub(crate) struct MergeInOrder;

impl PhysicalOptimizerRule for MergeInOrder {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let merged_plan = plan.transform_up(|node| {
            Ok(match node.downcast_ref::<CoalescePartitionsExec>() {
                Some(merge) => Transformed::yes(merged(merge.input(), merge.fetch())),
                None => Transformed::no(node),
            })
        });
        merged_plan.data().map(|plan| merged(&plan, None))
    }

    fn name(&self) -> &str {
        "merge_in_order"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// A plan of one partition.
fn merged(plan: &Arc<dyn ExecutionPlan>, fetch: Option<usize>) -> Arc<dyn ExecutionPlan> {
    if plan.output_partitioning().partition_count() == 1 && fetch.is_none() {
        return Arc::clone(plan);
    }
    Arc::new(InOrderExec::new(Arc::clone(plan), fetch))
}

#[derive(Debug)]
struct InOrderExec {
    input: Arc<dyn ExecutionPlan>,
    fetch: Option<usize>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl InOrderExec {
    fn new(input: Arc<dyn ExecutionPlan>, fetch: Option<usize>) -> Self {
        let mut equivalences = input.equivalence_properties().clone();
        equivalences.clear_orderings();
        equivalences.clear_per_partition_constants();
        let properties = PlanProperties::new(
            equivalences,
            Partitioning::UnknownPartitioning(1),
            input.pipeline_behavior(),
            input.boundedness(),
        )
        .with_evaluation_type(EvaluationType::Eager)
        .with_scheduling_type(SchedulingType::Cooperative);
        Self { input, fetch, properties: Arc::new(properties), metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl DisplayAs for InOrderExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "InOrderExec: partitions={}", self.input.output_partitioning().partition_count())?;
        self.fetch.map_or(Ok(()), |fetch| write!(f, ", fetch={fetch}"))
    }
}

impl ExecutionPlan for InOrderExec {
    fn name(&self) -> &'static str {
        "InOrderExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.pop()) {
            (Some(input), None) => Ok(Arc::new(Self::new(input, self.fetch))),
            _ => internal_err!("partitions are taken together from one child"),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mode = ChildrenPropertiesMode::Recompute;
        self.replace_children(children, ReplaceChildrenOptions::new(mode))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("partitions are taken together to one");
        }
        let run = |part| {
            let mut stream = RecordBatchReceiverStream::builder(self.schema(), AHEAD);
            let (sender, input, context) = (stream.tx(), Arc::clone(&self.input), Arc::clone(&context));
            stream.spawn(async move {
                let mut rows = input.execute(part, context)?;
                while let Some(batch) = rows.next().await {
                    let is_last = batch.is_err();
                    // Nobody takes it any more: the statement is over.
                    if sender.send(batch).await.is_err() || is_last {
                        break;
                    }
                }
                Ok(())
            });
            stream.build()
        };
        let parts: Vec<_> = (0..self.input.output_partitioning().partition_count()).map(run).collect();
        let rows = RecordBatchStreamAdapter::new(self.schema(), stream::iter(parts).flatten());
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let rows: SendableRecordBatchStream = Box::pin(rows);
        Ok(match self.fetch {
            Some(_) => Box::pin(LimitStream::new(rows, 0, self.fetch, metrics)),
            None => make_cooperative(rows),
        })
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
