//! What a scan read and what it left out, as `EXPLAIN ANALYZE` shows it.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::physical_plan::metrics::{Count, Metric, MetricValue, MetricsSet};
use engine::Reads;

/// Counts of one scan.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// What was read of files and of the log.
    pub(crate) reads: Arc<Reads>,
    /// Chunks of runs with a chosen one, and without.
    chunks: [AtomicUsize; 2],
}

impl Tally {
    /// Notes that some of a chunk's runs are chosen, or none.
    pub(crate) fn note_chunk(&self, is_chosen: bool) {
        let [chosen, skipped] = &self.chunks;
        if is_chosen { chosen } else { skipped }.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds the counts to the metrics of a plan's node; `at_rest` are the files that could have been read and
    /// their bytes.
    pub(crate) fn add_to(&self, metrics: &mut MetricsSet, at_rest: Option<(usize, u64)>) {
        let mut add = |name: &'static str, value: usize| {
            let count = Count::new();
            count.add(value);
            let value = MetricValue::Count { name: Cow::Borrowed(name), count };
            metrics.push(Arc::new(Metric::new(value, None)));
        };
        let [chosen, skipped] = self.chunks.each_ref().map(|count| count.load(Ordering::Relaxed));
        if chosen + skipped > 0 {
            add("run_chunks_read", chosen);
            add("run_chunks_skipped", skipped);
        }
        let Some((files, bytes)) = at_rest else { return };
        let read = self.reads.counts();
        add("files_read", read.files);
        add("files_skipped", files.saturating_sub(read.files));
        add("row_groups_read", read.row_groups_read);
        add("row_groups_skipped", read.row_groups.saturating_sub(read.row_groups_read));
        add("bytes_read", whole(read.bytes));
        add("bytes_skipped", whole(bytes.saturating_sub(read.bytes)));
        add("log_events_read", whole(read.events));
    }
}

fn whole(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
