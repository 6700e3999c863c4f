//! A scan as DataFusion runs it: one partition, so that rows come in the table's own order.

use std::sync::Arc;

use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, SchedulingType};
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr,
    PlanProperties, ReplaceChildrenOptions, SendableRecordBatchStream, coop::make_cooperative,
};
use futures::stream;

use super::{Request, Source};

/// Batches that a reading thread makes ahead of whoever takes them.
const AHEAD: usize = 2;

#[derive(Debug)]
pub(crate) struct ScanExec {
    name: &'static str,
    source: Arc<dyn Source>,
    request: Request,
    properties: Arc<PlanProperties>,
}

impl ScanExec {
    pub(crate) fn new(name: &'static str, source: Arc<dyn Source>, request: Request) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&request.schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::Cooperative);
        Self { name, source, request, properties: Arc::new(properties) }
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns: Vec<&str> =
            self.request.schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "Scan: {}, columns=[{}]", self.name, columns.join(", "))?;
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
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
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

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("a scan has one partition");
        }
        let schema = Arc::clone(&self.request.schema);
        let (source, request) = (Arc::clone(&self.source), self.request.clone());
        if !self.source.reads_log() {
            let batches = stream::iter(source.open(&request));
            return Ok(make_cooperative(Box::pin(RecordBatchStreamAdapter::new(schema, batches))));
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
        Ok(stream.build())
    }

    fn partition_statistics(&self, _: Option<usize>) -> Result<Arc<Statistics>> {
        let rows = self.source.estimate();
        let rows = self.request.limit.map_or(rows, |limit| limit.min(rows));
        let mut statistics = Statistics::new_unknown(&self.request.schema);
        statistics.num_rows = Precision::Inexact(rows);
        Ok(Arc::new(statistics))
    }
}
