//! Charts: the series of runs cut into buckets, from all their points (SEMANTICS 9).
//!
//! ```text
//!  runs × keys ─► series.rs  x and y of every row that has both, last write of a step wins
//!             ─► smooth.rs  where asked for, before the cut
//!             ─► bucket.rs  the same buckets for all series: one range of x
//!             ─► group.rs   where runs are grouped: a line and a band a group
//! ```
//!
//! What holds: the same request at the same position gives the same rows; of runs, one at a time is in memory,
//! unless the range of x must be found first.

mod bucket;
mod group;
mod rows;
mod series;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::execution::memory_pool::MemoryReservation;
use engine::{ProjectKey, Projection, RunPath, Space};
use serde::Deserialize;

use crate::error::{Error, ErrorKind};
use crate::limits;
use crate::resolver::Catalogue;
use crate::scan::Context;
use crate::smooth;
use crate::tables::key::{KeyPath, SpaceName};
use bucket::{Bucket, Cut};
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

/// Which rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// What the script logs.
    #[default]
    History,
    /// What the client samples of the machine.
    System,
}

/// What stands along the axis.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Axis {
    /// `_step`: the step; seconds since the run began for what is sampled.
    #[default]
    Step,
    /// `_runtime`: seconds that the process had run.
    Runtime,
    /// `_timestamp`: seconds since 1970.
    Timestamp,
    /// `_absolute_runtime`: seconds since the run was made.
    SinceCreation,
    /// Another key, where it is a number.
    Key(String),
}

impl From<String> for Axis {
    fn from(name: String) -> Self {
        match name.as_str() {
            "_step" => Self::Step,
            "_runtime" => Self::Runtime,
            "_timestamp" => Self::Timestamp,
            "_absolute_runtime" => Self::SinceCreation,
            _ => Self::Key(name),
        }
    }
}

/// A smoothed line beside the line itself.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Smoothing {
    /// Which.
    pub kind: Kernel,
    /// Its parameter: p of 0 to 1, a deviation in points, or points.
    pub value: f64,
}

/// How a line is smoothed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// Time-weighted exponential moving mean.
    Twema,
    /// Exponential moving mean.
    Ema,
    /// A mean of both sides, weighed by distance.
    Gaussian,
    /// A mean of so many points around.
    Running,
}

/// How the runs of a group become one line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Grouping {
    /// The line.
    #[serde(default)]
    pub aggregate: Aggregate,
    /// What is around it.
    #[serde(default)]
    pub band: Band,
}

/// What of the runs of a group the line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are their names")]
pub enum Aggregate {
    #[default]
    Mean,
    Min,
    Max,
    Median,
    Sum,
}

/// What a band around a line spans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// From the least to the greatest value.
    #[default]
    MinMax,
    /// A standard deviation (of the population) on each side.
    Deviation,
    /// A standard error on each side.
    Error,
    /// Nothing.
    None,
}

impl Chart {
    /// What is wrong with it.
    ///
    /// # Errors
    ///
    /// `Invalid`, `TooLarge`.
    pub fn check(&self) -> Result<(), Error> {
        let at_most = |what: &str, found: usize, limit: usize| {
            let message = || format!("a chart of {found} {what}; at most {limit} are drawn");
            if found > limit { Err(Error::too_large(message())) } else { Ok(()) }
        };
        at_most("runs", self.runs.len(), limits::CHART_RUNS_MAX)?;
        at_most("keys", self.keys.len(), limits::CHART_KEYS_MAX)?;
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
        let axis = if let Axis::Key(key) = &self.x { Some(key) } else { None };
        let keys = self.keys.iter().chain(axis).map(|key| KeyPath {
            space,
            name: Arc::from(key.as_str()),
            tail: Vec::new(),
        });
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
                    bounds.memory.try_grow(buckets.len() * (rows::ROW_BYTES + run.name().len()))?;
                    rows.push(Some(run.name()), None, self.key(place), &buckets);
                }
            }
            reader.forget(of_run);
        }
        if let Some(grouping) = self.grouping {
            for ((name, place), runs) in groups {
                let mut line = group::line(&runs, grouping);
                self.smooth_line(range, &mut line);
                rows.push(None, name, self.key(place), &line);
            }
        }
        rows.finish()
    }

    fn key(&self, place: usize) -> &str {
        self.keys.get(place).map_or("", String::as_str)
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

impl Stream {
    fn space(self) -> Space {
        match self {
            Self::History => Space::History,
            Self::System => Space::System,
        }
    }
}
