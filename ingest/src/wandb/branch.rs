//! Forks and rewinds: what a run takes over from the one that it goes on from (SEMANTICS 7).
//!
//! ```text
//!  parent  steps 0 1 2 3 4 5        fork at 3   another run: 0 1 2 3 of the parent, then its own
//!                                   rewind to 3 the same id: a new generation over the former one
//! ```
//!
//! What holds:
//! - Rows are not copied: the event says of which run they are, up to which step and position.
//! - What stands beside them is copied by ordinary events in the same batch, so each run is told by its own
//!   events alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::{
    Body, Branch, Cell, Event, Extent, FilePut, KeyStats, Kinds, Origin, Piece, Run, RunKey, RunPath,
    Snapshot, StreamKind, Tree, Value,
};

use crate::http::error::Refusal;
use crate::wandb::Act;

/// The key of the client's own config that says where a run goes on.
const BRANCH_POINT: &str = "branch_point";
/// The console, which begins anew.
const CONSOLE_FILE: &str = "output.log";
/// The folder of files that a row names.
const MEDIA: &str = "media/";

/// Where a run is to go on: the id of another one, and the last step that it has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) run: String,
    pub(crate) step: i64,
}

impl Point {
    /// Reads it from a config document as [`super::config::read`] gives it.
    pub(crate) fn of(config: &Tree) -> Option<Self> {
        let point = config.get(engine::HIDDEN_KEY)?.get(BRANCH_POINT)?;
        let step = match point.get("step")? {
            Value::Int(step) => *step,
            Value::Float(step) => whole(*step)?,
            _ => return None,
        };
        Some(Self { run: point.get("run_id")?.as_str()?.to_owned(), step })
    }
}

/// A step that came as a float; none if it is no whole number.
pub(crate) fn whole(step: f64) -> Option<i64> {
    // Every float within is a whole number that i64 holds.
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and within range, checked here")]
    (step.fract() == 0.0 && step.abs() <= WHOLE_MAX).then_some(step as i64)
}

/// What a run has of another one.
#[derive(Debug)]
pub(crate) struct Inherited {
    pub(crate) parent: Arc<Run>,
    branch: Branch,
    /// Of each key what its values up to the step come to.
    values: BTreeMap<Arc<str>, Values>,
}

/// What the values of a key come to.
#[derive(Debug, Default, Clone)]
struct Values {
    points: u64,
    kinds: Kinds,
    /// The one written last of the highest step.
    last: Option<((i64, engine::Lsn), Value)>,
    first: Option<((i64, engine::Lsn), Value)>,
    /// Of numbers.
    range: Option<(f64, f64)>,
    sum: f64,
    count: u64,
}

impl Inherited {
    /// Reads what a run has up to a step.
    ///
    /// # Errors
    ///
    /// `Damaged`, `Io` of its rows.
    pub(crate) fn read(snapshot: &Snapshot, parent: Arc<Run>, step: i64) -> Result<Self, Refusal> {
        let mut steps: BTreeSet<(Arc<str>, i64)> = BTreeSet::new();
        let mut values: BTreeMap<Arc<str>, Values> = BTreeMap::new();
        let begins_by = |extent: &Extent| extent.steps.is_some_and(|(low, _)| low <= step);
        for extent in
            snapshot.extents(&parent, StreamKind::History)?.iter().filter(|extent| begins_by(extent))
        {
            let piece = snapshot.rows(extent)?;
            let kept = kept_rows(&piece, step);
            steps.extend(kept.iter().flatten().map(|step| (Arc::clone(&extent.writer), *step)));
            for column in piece.block.columns() {
                let key = known(&values, column.name);
                let values = values.entry(key).or_default();
                for (row, cell) in column.iter() {
                    if let Some(Some(step)) = kept.get(row as usize) {
                        values.take((*step, piece.lsn(row)), &cell);
                    }
                }
            }
        }
        values.retain(|_, values| values.points > 0);
        let keys =
            values.iter().map(|(key, of)| (Arc::clone(key), KeyStats { points: of.points, kinds: of.kinds }));
        let branch = Branch {
            origin: Origin {
                parent: parent.key.clone(),
                step,
                at: snapshot.durable,
                rows: steps.len() as u64,
            },
            last_step: steps.iter().map(|(_, step)| *step).max(),
            keys: keys.collect(),
        };
        Ok(Self { parent, branch, values })
    }

    /// The lines that the run's own stream begins behind.
    pub(crate) fn lines(&self) -> u64 {
        self.branch.origin.rows
    }

    /// What makes `run` go on from another run: its rows, its summary as it stands, its files.
    pub(crate) fn forked(&self, run: &RunKey, act: &Act) -> Vec<Event> {
        let summary = Tree::default().diff(&self.parent.summary);
        let summary = (!summary.is_empty()).then_some(Body::SummaryChanged(summary));
        let bodies = [Body::Forked(self.branch.clone())].into_iter().chain(summary);
        bodies.chain(self.files()).map(|body| act.on_run(run, body)).collect()
    }

    /// What makes a generation go on from the one before: besides, the config, and the summary as it was at
    /// the step.
    pub(crate) fn rewound(&self, run: &RunKey, act: &Act) -> Vec<Event> {
        let config = Tree::default().diff(&self.parent.config);
        let config = (!config.is_empty()).then_some(Body::ConfigChanged(config));
        let summary = Tree::default().diff(&self.summary());
        let summary = (!summary.is_empty()).then_some(Body::SummaryChanged(summary));
        let bodies = [Body::Rewound(self.branch.clone())].into_iter().chain(config).chain(summary);
        bodies.chain(self.files()).map(|body| act.on_run(run, body)).collect()
    }

    /// The files that the rows may name, and all that are no media; the console begins anew.
    fn files(&self) -> impl Iterator<Item = Body> + '_ {
        let step = self.branch.origin.step;
        let files = self.parent.files.values().map(|entry| &entry.file);
        let is_kept = move |file: &&FilePut| {
            *file.name != *CONSOLE_FILE && step_of_media(&file.name).is_none_or(|of| of <= step)
        };
        files.filter(is_kept).map(|file| Body::FilePut(file.clone()))
    }

    /// The summary as it was at the step: what was logged is made of the rows up to there, all else stands.
    fn summary(&self) -> Tree {
        let mut members: Vec<(Box<str>, Value)> = Vec::new();
        for (key, standing) in self.parent.summary.iter() {
            let was_logged = self.parent.history.keys.contains_key(key);
            match self.values.get(key) {
                Some(values) => members.extend(values.summary(standing).map(|value| (key.into(), value))),
                None if was_logged => {}
                None => members.push((key.into(), standing.clone())),
            }
        }
        Tree::of(Value::Map(members))
    }
}

impl Values {
    fn take(&mut self, place: (i64, engine::Lsn), cell: &Cell<'_>) {
        let value = cell.to_value();
        self.points += 1;
        self.kinds = self.kinds.and(Kinds::of(&value));
        if let Some(number) = value.as_f64().filter(|number| !number.is_nan()) {
            let (low, high) = self.range.unwrap_or((number, number));
            self.range = Some((low.min(number), high.max(number)));
            self.sum += number;
            self.count += 1;
        }
        if self
            .first
            .as_ref()
            .is_none_or(|(first, _)| place.0 < first.0 || (place.0 == first.0 && place > *first))
        {
            self.first = Some((place, value.clone()));
        }
        if self.last.as_ref().is_none_or(|(last, _)| place >= *last) {
            self.last = Some((place, value));
        }
    }

    /// What stands for the key in a summary where `standing` stood: the last value, or what a metric that was
    /// defined keeps of all of them. What cannot be told from the values is left out.
    fn summary(&self, standing: &Value) -> Option<Value> {
        let last = self.last.as_ref().map(|(_, value)| value.clone())?;
        let Some(kept) = standing.as_map().filter(|_| self.range.is_some()) else { return Some(last) };
        let number = |name: &str| {
            let (low, high) = self.range?;
            #[expect(clippy::cast_precision_loss, reason = "a mean is no exact number")]
            Some(match name {
                "min" => Value::Float(low),
                "max" => Value::Float(high),
                "mean" => Value::Float(self.sum / self.count as f64),
                "last" => last.clone(),
                "first" => self.first.as_ref().map(|(_, value)| value.clone())?,
                _ => return None,
            })
        };
        let members = kept.iter().filter_map(|(name, _)| Some((name.clone(), number(name)?)));
        Some(Value::Map(members.collect()))
    }
}

/// The step of each row, where it is not beyond the last one.
fn kept_rows(piece: &Piece, last: i64) -> Vec<Option<i64>> {
    let mut kept = vec![None; piece.block.rows() as usize];
    for (row, cell) in piece.block.cells("_step") {
        if let (Some(slot), Cell::Int(step)) = (kept.get_mut(row as usize), cell) {
            *slot = Some(step).filter(|step| *step <= last);
        }
    }
    kept
}

fn known(values: &BTreeMap<Arc<str>, Values>, name: &str) -> Arc<str> {
    values.get_key_value(name).map_or_else(|| Arc::from(name), |(key, _)| Arc::clone(key))
}

/// The step that stands in the name of a file of media, `media/images/KEY_STEP_HASH.png`.
fn step_of_media(name: &str) -> Option<i64> {
    let stem = name.strip_prefix(MEDIA)?.rsplit('/').next()?;
    let (front, _hash) = stem.rsplit_once('_')?;
    front.rsplit('_').next()?.parse().ok()
}

/// The generation before one, where this goes on from it at that step and did nothing of its own yet: the same
/// rewind was asked for already.
pub(crate) fn is_rewound(run: &Run, path: &RunPath, step: i64) -> bool {
    let from = run.origin.as_ref().filter(|origin| origin.parent.path() == *path && origin.step == step);
    from.is_some() && !run.holds_work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_of_media_stands_before_its_hash() {
        assert_eq!(step_of_media("media/images/my_key_12_abcdef.png"), Some(12));
        assert_eq!(step_of_media("media/table/t_0_ff00.table.json"), Some(0));
        assert_eq!(step_of_media("media/images/key.png"), None);
        assert_eq!(step_of_media("code/a_1_b.py"), None);
    }

    #[test]
    fn a_branch_point_is_a_run_and_a_whole_step() {
        let point = |json: &str| Point::of(&crate::wandb::config::read(json).unwrap());
        let of = |step: &str| {
            point(&format!(r#"{{"_wandb":{{"value":{{"branch_point":{{"run_id":"a","step":{step}}}}}}}}}"#))
        };
        assert_eq!(of("3"), Some(Point { run: "a".into(), step: 3 }));
        assert_eq!(of("3.0"), Some(Point { run: "a".into(), step: 3 }));
        assert_eq!(of("3.5"), None);
        assert_eq!(of("\"3\""), None);
        assert_eq!(of("1e300"), None);
        assert_eq!(point(r#"{"lr":{"value":1}}"#), None);
    }
}
