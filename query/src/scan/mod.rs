//! Scans: what a table gives for one statement, as batches.
//!
//! A [`Source`] is a table with the keys that a statement names. DataFusion asks its [`Provider`]
//! for a scan of some columns under some filters; [`prune`] finds in the filters what chooses runs,
//! keys and positions before anything is read, and [`exec`] runs the source.

pub(crate) mod cache;
pub(crate) mod exec;
pub(crate) mod in_order;
pub(crate) mod provider;
pub(crate) mod prune;
pub(crate) mod rows;
pub(crate) mod tally;

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use engine::{RUNS_PER_CHUNK, Run, RunChunk, Snapshot};

pub(crate) use cache::ColumnCache;
pub(crate) use provider::Provider;
pub(crate) use prune::Filters;
pub(crate) use tally::Tally;

/// What every scan of a statement sees.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) include_deleted: bool,
    pub(crate) cache: Arc<ColumnCache>,
    pub(crate) limits: crate::limits::Limits,
}

impl Context {
    /// The same, through which what is read is counted.
    pub(crate) fn counting(&self, tally: &Tally) -> Arc<Self> {
        Arc::new(Self {
            snapshot: Arc::new(self.snapshot.counting(&tally.reads)),
            include_deleted: self.include_deleted,
            cache: Arc::clone(&self.cache),
            limits: self.limits.clone(),
        })
    }

    /// Whether the statement sees a run.
    pub(crate) fn sees(&self, run: &Run) -> bool {
        run.is_visible() || (self.include_deleted && run.erased.is_none())
    }

    /// How many table files of a kind there are, and their bytes.
    pub(crate) fn files_of(&self, kind: &str) -> (usize, u64) {
        let files = self.snapshot.table_files();
        let files = files.iter().filter(|file| file.kind == kind);
        files.fold((0, 0), |(count, bytes), file| (count + 1, bytes + file.bytes))
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
        self.runs_of(chunk).map_err(outside)
    }

    /// The same, for who is not within a plan.
    pub(crate) fn runs_of(&self, chunk: usize) -> engine::Result<RunChunk> {
        let chunk = self.snapshot.projection.chunk(u32::try_from(chunk).unwrap_or(u32::MAX));
        chunk.and_then(if self.include_deleted { RunChunk::kept } else { RunChunk::visible })
    }
}

/// What a scan is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The columns, in their order.
    pub(crate) schema: SchemaRef,
    /// Their places among the source's columns.
    pub(crate) projection: Arc<[usize]>,
    /// What the statement's filters say of runs, keys, positions and rows.
    pub(crate) filters: Filters,
    /// Rows that are enough.
    pub(crate) limit: Option<usize>,
    /// Which of the runs, by their places, are to be read.
    pub(crate) places: Range<usize>,
    /// Where it is counted what the scan reads and leaves out.
    pub(crate) tally: Arc<Tally>,
}

/// The places of all runs. A run's place is that in its chunk, behind [`RUNS_PER_CHUNK`] for each chunk before
/// it: it rises by ordinal and belongs to one snapshot.
pub(crate) const ALL_PLACES: Range<usize> = 0..usize::MAX;

/// The chunks in which some places lie.
pub(crate) fn chunks_of(places: &Range<usize>, chunks: usize) -> Range<usize> {
    places.start / RUNS_PER_CHUNK..places.end.div_ceil(RUNS_PER_CHUNK).min(chunks)
}

/// Batches, made when they are asked for.
pub(crate) type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// A table, with the keys that a statement names.
pub(crate) trait Source: Debug + Send + Sync + 'static {
    /// All its columns.
    fn schema(&self) -> SchemaRef;

    /// The columns on which it chooses before it reads; see [`prune`].
    fn prunes(&self) -> prune::Prunes;

    /// The places of the runs in shares that are about as much work each, at most so many; they are read at
    /// once, and their rows come one share behind the other.
    ///
    /// # Errors
    ///
    /// As reading the columns of `runs` has them.
    fn shares(&self, _request: &Request, _wanted: usize) -> Result<Vec<Range<usize>>> {
        Ok(vec![ALL_PLACES])
    }

    /// Begins a scan.
    fn open(&self, request: &Request) -> Batches;

    /// Whether making a batch reads the log, so that it must not happen on a thread that serves
    /// others.
    fn reads_log(&self) -> bool;

    /// About how many rows there are, for the order of joins.
    fn estimate(&self) -> usize;

    /// The table files that its rows rest in, and their bytes; none where it has no such files.
    fn at_rest(&self) -> Option<(usize, u64)> {
        None
    }
}

/// An engine's error on its way through DataFusion.
pub(crate) fn outside(error: engine::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
