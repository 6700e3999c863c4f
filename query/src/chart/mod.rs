//! Charts: the series of runs cut into buckets, from all their points (SEMANTICS 9).
//!
//! ```text
//!  runs × keys ─► series.rs  x and y of every row that has both, last write of a step wins; each a column
//!                            or an expression over several (columns.rs, expression/)
//!             ─► smooth.rs  where asked for, before the cut
//!             ─► bucket.rs  the same buckets for all series: one range of x
//!             ─► group.rs   where runs are grouped: a line and a band a group
//! ```
//!
//! What holds: the same request at the same position gives the same rows; of runs, one at a time is in memory,
//! unless the range of x must be found first.

mod asked;
mod bucket;
mod columns;
mod expression;
mod group;
mod rows;
mod series;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::execution::memory_pool::MemoryReservation;
use engine::{ProjectKey, Projection, RunPath};

use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::resolver::Catalogue;
use crate::scan::Context;
use crate::smooth;
use crate::tables::key::{KeyPath, SpaceName};
use asked::at_most;
pub use asked::{Aggregate, Axis, Band, Grouping, Kernel, Smoothing, Stream, lines};
use bucket::{Bucket, Cut};
pub use expression::Expression;
use rows::Rows;
use series::{Reader, Series};

/// What holds for the drawing of one chart: for how long it goes on, and where its memory is counted.
#[derive(Clone, Copy)]
pub(crate) struct Bounds<'a> {
    pub(crate) goes_on: &'a dyn Fn() -> bool,
    pub(crate) memory: &'a MemoryReservation,
}

impl Bounds<'_> {
    fn check(&self) -> Result<(), Error> {
        let ended = "the chart took longer than it may, or nobody waits for it any more";
        if (self.goes_on)() { Ok(()) } else { Err(Error::new(ErrorKind::Timeout, ended)) }
    }
}

/// What a chart shows.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The runs, each with the group that it is in, where they are grouped.
    pub runs: Vec<(RunPath, Option<String>)>,
    /// The keys, each of which gives a line a run.
    pub keys: Vec<String>,
    /// Numbers worked out of several keys, each of which gives a line a run too.
    pub expressions: Vec<Expression>,
    /// Of which rows they are the keys.
    pub stream: Stream,
    /// What stands along the axis.
    pub x: Axis,
    /// Into how many the range is cut.
    pub buckets: u32,
    /// The lowest and highest x that are shown; all where there are none.
    pub range: (Option<f64>, Option<f64>),
    /// How the lines are smoothed beside what they are.
    pub smoothing: Option<Smoothing>,
    /// How the runs of a group become one line.
    pub grouping: Option<Grouping>,
}

impl Chart {
    /// What is wrong with it.
    ///
    /// # Errors
    ///
    /// `Invalid`, `TooLarge`.
    pub fn check(&self) -> Result<(), Error> {
        at_most("runs", self.runs.len(), limits::CHART_RUNS_MAX)?;
        let lines = self.keys.len() + self.expressions.len();
        let what = if self.expressions.is_empty() { "keys" } else { "keys and expressions" };
        at_most(what, lines, limits::CHART_KEYS_MAX)?;
        let of_expressions = "keys, with those of its expressions";
        at_most(of_expressions, self.named().count(), limits::CHART_COLUMNS_MAX)?;
        at_most("buckets", self.buckets as usize, limits::CHART_BUCKETS_MAX)?;
        if self.buckets == 0 {
            return Err(Error::invalid("a chart has at least one bucket"));
        }
        if let (Some(low), Some(high)) = self.range
            && (low.is_nan() || high.is_nan() || low > high)
        {
            return Err(Error::invalid(format!("the range begins at {low} and ends at {high}")));
        }
        let Some(Smoothing { kind, value }) = self.smoothing else { return Ok(()) };
        let (is_allowed, allowed) = match kind {
            Kernel::Twema | Kernel::Ema => ((0.0..=1.0).contains(&value), "0 to 1"),
            Kernel::Gaussian => ((0.0..=1e4).contains(&value), "a deviation of 0 to 10,000 points"),
            Kernel::Running => ((1.0..=1e6).contains(&value), "1 to 1,000,000 points"),
        };
        if is_allowed {
            Ok(())
        } else {
            Err(Error::invalid(format!("smoothing by {value}: {allowed}, please")))
        }
    }

    /// Keys that no run has, each with those that are near to it.
    #[must_use]
    pub fn warnings(&self, projection: &Projection) -> Vec<String> {
        let catalogue = Catalogue::new(projection, false, false);
        let space = SpaceName::from(self.stream.space());
        let keys = self.named().map(|key| KeyPath { space, name: Arc::from(key), tail: Vec::new() });
        let unknown = keys.filter(|path| !catalogue.knows(path));
        unknown
            .map(|path| match catalogue.nearest(&path).as_slice() {
                [] => format!("no run has {}", path.name),
                near => format!("no run has {}; near: {}", path.name, near.join(", ")),
            })
            .collect()
    }

    pub(crate) fn rows(&self, context: &Arc<Context>, bounds: Bounds<'_>) -> Result<RecordBatch, Error> {
        let reader = Reader::new(context, self, bounds);
        let runs = self
            .runs
            .iter()
            .map(|(path, group)| {
                let missing = || Error::new(ErrorKind::NotFound, format!("there is no run {path}"));
                Ok((reader.find(path)?.ok_or_else(missing)?, group.as_deref()))
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let read = |run| reader.read(run);
        let mut held: Vec<Option<Vec<Series>>> = Vec::new();
        let range = match reader.range(runs.iter().map(|(run, _)| run))? {
            Some(range) => range,
            None => {
                let mut range = series::Range::default();
                let mut points = 0;
                for (run, _) in &runs {
                    let of_run = read(run)?;
                    of_run.iter().for_each(|series| range.take(series));
                    points += of_run.iter().map(Series::len).sum::<usize>();
                    let is_held = points <= limits::CHART_POINTS_HELD;
                    held.push(if is_held {
                        Some(of_run)
                    } else {
                        reader.forget(of_run);
                        None
                    });
                }
                range.within(self.range)
            }
        };
        let Some(range) = range else { return Rows::default().finish() };
        let is_grouped = self.grouping.is_some();
        let cut = Cut { range, buckets: self.buckets, tells_points: !is_grouped };
        let mut held = held.into_iter();
        let mut rows = Rows::default();
        let mut groups: BTreeMap<(Option<&str>, usize), Vec<Vec<Bucket>>> = BTreeMap::new();
        for (run, group) in &runs {
            let of_run = match held.next().flatten() {
                Some(of_run) => of_run,
                None => read(run)?,
            };
            for (place, series) in of_run.iter().enumerate() {
                let buckets = self.line(cut, series);
                if is_grouped {
                    bounds.memory.try_grow(buckets.len() * size_of::<Bucket>())?;
                    groups.entry((*group, place)).or_default().push(buckets);
                } else {
                    let names = run.name().len() + self.key(place).len();
                    bounds.memory.try_grow(buckets.len() * (rows::ROW_BYTES + names))?;
                    rows.push(Some(run.name()), None, self.key(place), &buckets);
                }
            }
            reader.forget(of_run);
        }
        if let Some(grouping) = self.grouping {
            for ((name, place), runs) in groups {
                let mut line = group::line(&runs, grouping);
                self.smooth_line(range, &mut line);
                let names = name.map_or(0, str::len) + self.key(place).len();
                bounds.memory.try_grow(line.len() * (rows::ROW_BYTES + names))?;
                rows.push(None, name, self.key(place), &line);
            }
        }
        rows.finish()
    }

    /// The keys that it reads, each once.
    fn named(&self) -> impl Iterator<Item = &str> {
        let axis = if let Axis::Key(key) = &self.x { Some(key) } else { None };
        let of_axis = if let Axis::Expression(expression) = &self.x { Some(expression) } else { None };
        let of_expressions = self.expressions.iter().chain(of_axis).flat_map(Expression::names);
        let of_expressions =
            of_expressions.filter(|name| matches!(Axis::from((*name).clone()), Axis::Key(_)));
        let mut seen = BTreeSet::new();
        self.keys
            .iter()
            .chain(axis)
            .chain(of_expressions)
            .map(String::as_str)
            .filter(move |key| seen.insert(*key))
    }

    /// What a line is called: its key, or the text of its expression.
    fn key(&self, place: usize) -> &str {
        let of_expression = || self.expressions.get(place - self.keys.len()).map(Expression::text);
        self.keys.get(place).map(String::as_str).or_else(of_expression).unwrap_or_default()
    }

    /// The buckets of one series. Smoothing comes before the cut where x is the step, and else after it.
    fn line(&self, cut: Cut, series: &Series) -> Vec<Bucket> {
        if self.x == Axis::Step && self.grouping.is_none() {
            let smoothed = self.smoothed(cut.range, &series.xs, &series.ys);
            return cut.series(&series.xs, &series.ys, smoothed.as_deref());
        }
        let mut buckets = cut.series(&series.xs, &series.ys, None);
        if self.grouping.is_none() {
            self.smooth_line(cut.range, &mut buckets);
        }
        buckets
    }

    fn smooth_line(&self, range: (f64, f64), line: &mut [Bucket]) {
        let xs: Vec<f64> = line.iter().map(|bucket| bucket.x).collect();
        let is_grouped = self.grouping.is_some();
        let shown = |bucket: &Bucket| if is_grouped { bucket.mean.unwrap_or(f64::NAN) } else { bucket.last };
        let ys: Vec<f64> = line.iter().map(shown).collect();
        let Some(smoothed) = self.smoothed(range, &xs, &ys) else { return };
        line.iter_mut().zip(smoothed).for_each(|(bucket, smoothed)| bucket.smoothed = Some(smoothed));
    }

    fn smoothed(&self, (low, high): (f64, f64), xs: &[f64], ys: &[f64]) -> Option<Vec<f64>> {
        let Smoothing { kind, value } = self.smoothing?;
        Some(match kind {
            Kernel::Twema => smooth::twema(xs, ys, high - low, value),
            Kernel::Ema => smooth::ema(ys, value),
            Kernel::Gaussian => smooth::gaussian(ys, value),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be a count"
            )]
            Kernel::Running => smooth::running_mean(ys, value as usize),
        })
    }
}

/// The run that a text names: `id` beside a project `entity/project`, or `entity/project/id`.
///
/// # Errors
///
/// `Invalid` when it names none.
pub fn run_path(project: Option<&str>, text: &str) -> Result<RunPath, Error> {
    let whole = match project {
        Some(project) if !text.contains('/') => format!("{project}/{text}"),
        _ => text.to_owned(),
    };
    match whole.split('/').collect::<Vec<_>>().as_slice() {
        [entity, project, id] if !id.is_empty() => Ok(RunPath::new(ProjectKey::new(*entity, *project), *id)),
        _ => Err(Error::invalid(format!("{text:?} names no run"))
            .with_hint("write entity/project/id, or the id beside the project as entity/project")),
    }
}
