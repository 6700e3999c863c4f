//! The rows of a chart: one a bucket.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, Int64Builder, RecordBatch, StringBuilder};
use datafusion::common::DataFusionError;

use super::bucket::Bucket;
use crate::error::Error;

/// Bytes of a row but for the names of its run, or group, and its key.
pub(super) const ROW_BYTES: usize = 12 * size_of::<u64>();

/// Columns being filled.
#[derive(Default)]
pub(super) struct Rows {
    run: StringBuilder,
    group: StringBuilder,
    key: StringBuilder,
    bucket: Int64Builder,
    x: Float64Builder,
    min: Float64Builder,
    max: Float64Builder,
    last: Float64Builder,
    mean: Float64Builder,
    deviation: Float64Builder,
    count: Int64Builder,
    smoothed: Float64Builder,
}

impl Rows {
    pub(super) fn push(&mut self, run: Option<&str>, group: Option<&str>, key: &str, line: &[Bucket]) {
        for bucket in line {
            self.run.append_option(run);
            self.group.append_option(group);
            self.key.append_value(key);
            self.bucket.append_value(bucket.index.into());
            self.x.append_value(bucket.x);
            self.min.append_option(bucket.min);
            self.max.append_option(bucket.max);
            self.last.append_value(bucket.last);
            self.mean.append_option(bucket.mean);
            self.deviation.append_option(bucket.deviation);
            self.count.append_value(i64::try_from(bucket.count).unwrap_or(i64::MAX));
            self.smoothed.append_option(bucket.smoothed);
        }
    }

    pub(super) fn finish(mut self) -> Result<RecordBatch, Error> {
        let columns: [(&str, ArrayRef, bool); 12] = [
            ("run", Arc::new(self.run.finish()), true),
            ("group", Arc::new(self.group.finish()), true),
            ("key", Arc::new(self.key.finish()), false),
            ("bucket", Arc::new(self.bucket.finish()), false),
            ("x", Arc::new(self.x.finish()), false),
            ("min", Arc::new(self.min.finish()), true),
            ("max", Arc::new(self.max.finish()), true),
            ("last", Arc::new(self.last.finish()), false),
            ("mean", Arc::new(self.mean.finish()), true),
            ("deviation", Arc::new(self.deviation.finish()), true),
            ("count", Arc::new(self.count.finish()), false),
            ("smoothed", Arc::new(self.smoothed.finish()), true),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).map_err(|error| DataFusionError::from(error).into())
    }
}
