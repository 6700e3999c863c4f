//! Scans: what a table gives for one statement, as batches.
//!
//! A [`Source`] is a table with the keys that a statement names. DataFusion asks its [`Provider`]
//! for a scan of some columns under some filters; [`prune`] finds in the filters what chooses runs,
//! keys and positions before anything is read, and [`exec`] runs the source.

pub(crate) mod cache;
pub(crate) mod exec;
pub(crate) mod provider;
pub(crate) mod prune;
pub(crate) mod rows;

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use engine::{RUNS_PER_CHUNK, Run, RunChunk, Snapshot};

pub(crate) use cache::ColumnCache;
pub(crate) use provider::Provider;
pub(crate) use prune::Filters;

/// What every scan of a statement sees.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) include_deleted: bool,
    pub(crate) cache: Arc<ColumnCache>,
    pub(crate) limits: crate::limits::Limits,
}

impl Context {
    /// Whether the statement sees a run.
    pub(crate) fn sees(&self, run: &Run) -> bool {
        run.is_visible() || (self.include_deleted && run.erased.is_none())
    }

    /// Chunks of runs.
    pub(crate) fn chunks(&self) -> usize {
        self.run_count().div_ceil(RUNS_PER_CHUNK)
    }

    /// How many generations of runs there are, whether the statement sees them or not.
    pub(crate) fn run_count(&self) -> usize {
        self.snapshot.projection.run_count() as usize
    }

    /// The runs of a chunk that the statement sees, by ordinal.
    pub(crate) fn chunk(&self, chunk: usize) -> Result<RunChunk> {
        let chunk = self.snapshot.projection.chunk(u32::try_from(chunk).unwrap_or(u32::MAX));
        let seen = chunk.and_then(if self.include_deleted { RunChunk::kept } else { RunChunk::visible });
        seen.map_err(outside)
    }
}

/// What a scan is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The columns, in their order.
    pub(crate) schema: SchemaRef,
    /// Their places among the source's columns.
    pub(crate) projection: Arc<[usize]>,
    /// What the statement's filters say of runs, keys and positions.
    pub(crate) filters: Filters,
    /// Rows that are enough.
    pub(crate) limit: Option<usize>,
}

/// Batches, made when they are asked for.
pub(crate) type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// A table, with the keys that a statement names.
pub(crate) trait Source: Debug + Send + Sync + 'static {
    /// All its columns.
    fn schema(&self) -> SchemaRef;

    /// The columns on which it chooses before it reads; see [`prune`].
    fn prunes(&self) -> prune::Prunes;

    /// Begins a scan.
    fn open(&self, request: &Request) -> Batches;

    /// Whether making a batch reads the log, so that it must not happen on a thread that serves
    /// others.
    fn reads_log(&self) -> bool;

    /// About how many rows there are, for the order of joins.
    fn estimate(&self) -> usize;
}

/// An engine's error on its way through DataFusion.
pub(crate) fn outside(error: engine::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
