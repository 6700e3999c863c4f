//! The points of a run that a chart shows: x and y of every row that has both.

use std::sync::Arc;

use arrow::array::{Array as _, Float64Array};
use arrow::datatypes::Schema;
use engine::{RunHead, RunPath, Space};

use super::columns::Columns;
use super::{Axis, Bounds, Chart};
use crate::error::Error;
use crate::scan::{ALL_PLACES, Context, Filters, Request, Source as _};
use crate::tables::history::{HistorySource, stream_of};

/// Bytes of a point in memory.
const POINT_BYTES: usize = 2 * size_of::<f64>();

/// The points of one run and key (or expression), in the order of its rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Series {
    pub(super) xs: Vec<f64>,
    pub(super) ys: Vec<f64>,
}

impl Series {
    pub(super) fn len(&self) -> usize {
        self.xs.len()
    }
}

/// The lowest and highest x.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Range(Option<(f64, f64)>);

impl Range {
    fn hold(&mut self, x: f64) {
        if x.is_finite() {
            self.0 = Some(self.0.map_or((x, x), |(low, high)| (low.min(x), high.max(x))));
        }
    }

    pub(super) fn take(&mut self, series: &Series) {
        series.xs.iter().for_each(|x| self.hold(*x));
    }

    /// Cut to what is to be shown; none where there is nothing.
    pub(super) fn within(self, (low, high): (Option<f64>, Option<f64>)) -> Option<(f64, f64)> {
        let (all_low, all_high) = match (self.0, low, high) {
            (Some(range), ..) => range,
            (None, Some(low), Some(high)) => (low, high),
            _ => return None,
        };
        let range = (low.unwrap_or(all_low), high.unwrap_or(all_high));
        (range.0 <= range.1).then_some(range)
    }
}

/// A run of a chart.
pub(super) struct ChartRun {
    head: Arc<RunHead>,
    name: String,
    /// When it was made, in seconds since 1970.
    created: f64,
}

impl ChartRun {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Reads series of runs.
pub(super) struct Reader<'a> {
    context: &'a Arc<Context>,
    chart: &'a Chart,
    columns: Columns,
    source: HistorySource,
    request: Request,
    bounds: Bounds<'a>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(context: &'a Arc<Context>, chart: &'a Chart, bounds: Bounds<'a>) -> Self {
        let columns = Columns::of(chart);
        let source = HistorySource::new(Arc::clone(context), columns.table, &columns.keys);
        let projection: Arc<[usize]> = columns.projection.as_slice().into();
        let schema = source.schema().project(&projection).unwrap_or_else(|_| Schema::empty());
        let filters = Filters::of_positions(positions(chart));
        let tally = Arc::default();
        let request =
            Request { schema: Arc::new(schema), projection, filters, limit: None, places: ALL_PLACES, tally };
        Self { context, chart, columns, source, request, bounds }
    }

    pub(super) fn find(&self, path: &RunPath) -> Result<Option<ChartRun>, Error> {
        let projection = &self.context.snapshot.projection;
        let Some(run) = projection.run(path)?.filter(|run| self.context.sees(run)) else { return Ok(None) };
        Ok(Some(ChartRun {
            name: path.to_string(),
            created: run.created as f64 / 1e9,
            head: Arc::new(RunHead::of(&run)),
        }))
    }

    /// The range of x that is shown, if it is known before anything is read: what is asked for, or the steps
    /// that the runs have rows for.
    pub(super) fn range<'b>(
        &self,
        runs: impl Iterator<Item = &'b ChartRun>,
    ) -> Result<Option<Option<(f64, f64)>>, Error> {
        if let (Some(low), Some(high)) = self.chart.range {
            return Ok(Some(Some((low, high))));
        }
        if self.chart.x != Axis::Step || self.chart.stream.space() != Space::History {
            return Ok(None);
        }
        let mut range = Range::default();
        for run in runs {
            for extent in self.context.snapshot.extents_of(&run.head, stream_of(Space::History))? {
                for step in extent.steps.into_iter().flat_map(|(low, high)| [low, high]) {
                    range.hold(step as f64);
                }
            }
        }
        Ok(Some(range.within(self.chart.range)))
    }

    /// The series of a run, by line. Their memory is counted until [`Reader::forget`].
    pub(super) fn read(&self, run: &ChartRun) -> Result<Vec<Series>, Error> {
        let Columns { x, ys, .. } = &self.columns;
        let mut all = vec![Series::default(); ys.len()];
        let runs = std::iter::once(Ok(Arc::clone(&run.head)));
        for batch in self.source.rows_of(Box::new(runs), &self.request) {
            let batch = batch?;
            self.bounds.check()?;
            self.bounds.memory.try_grow(batch.num_rows() * ys.len() * POINT_BYTES)?;
            let numbers = |value| Columns::numbers(value, batch.columns(), run.created);
            let Some(xs) = numbers(x) else { continue };
            for (series, y) in all.iter_mut().zip(ys) {
                // An expression may be long.
                self.bounds.check()?;
                if let Some(ys) = numbers(y) {
                    take(series, &xs, &ys);
                }
            }
        }
        Ok(all)
    }

    /// Gives back the memory of a run's series.
    pub(super) fn forget(&self, series: Vec<Series>) {
        let bytes = series.iter().map(Series::len).sum::<usize>() * POINT_BYTES;
        drop(series);
        // Rows without a value were counted and hold nothing; they are given back with the chart.
        self.bounds.memory.shrink(bytes.min(self.bounds.memory.size()));
    }
}

/// The rows that have both.
fn take(series: &mut Series, xs: &Float64Array, ys: &Float64Array) {
    if xs.null_count() == 0 && ys.null_count() == 0 {
        series.xs.extend_from_slice(xs.values());
        series.ys.extend_from_slice(ys.values());
        return;
    }
    let both = xs.iter().zip(ys).filter_map(|(x, y)| x.zip(y));
    let (xs, ys): (Vec<f64>, Vec<f64>) = both.unzip();
    series.xs.extend(xs);
    series.ys.extend(ys);
}

/// The steps between which rows are read.
fn positions(chart: &Chart) -> (i64, i64) {
    if chart.x != Axis::Step {
        return (i64::MIN, i64::MAX);
    }
    #[expect(clippy::cast_possible_truncation, reason = "a cast of floats to integers ends at theirs")]
    let whole = |bound: f64| bound as i64;
    let (low, high) = chart.range;
    (low.map_or(i64::MIN, |low| whole(low.floor())), high.map_or(i64::MAX, |high| whole(high.ceil())))
}
