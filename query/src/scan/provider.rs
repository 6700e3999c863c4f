//! A source as DataFusion knows tables.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::exec::ScanExec;
use super::{ALL_PLACES, Request, Source};

#[derive(Debug)]
pub(crate) struct Provider {
    name: &'static str,
    source: Arc<dyn Source>,
}

impl Provider {
    pub(crate) fn new(name: &'static str, source: Arc<dyn Source>) -> Self {
        Self { name, source }
    }
}

#[async_trait]
impl TableProvider for Provider {
    fn schema(&self) -> SchemaRef {
        self.source.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(self.source.prunes().supports(filters))
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all = self.source.schema();
        let projection: Arc<[usize]> = match projection {
            Some(projection) => projection.as_slice().into(),
            None => (0..all.fields().len()).collect(),
        };
        let request = Request {
            schema: Arc::new(all.project(&projection)?),
            projection,
            filters: self.source.prunes().read(state, filters, &all)?,
            limit,
            places: ALL_PLACES,
            tally: Arc::default(),
        };
        Ok(Arc::new(ScanExec::new(self.name, Arc::clone(&self.source), request)))
    }
}
