//! Which runs have a key: how many, and when they were made and last heard.
//!
//! Leaves of config and summary are counted in their columns; what a run has written under a key of its
//! history or of system metrics stands with the run, which is loaded for it. A leaf counts where its value
//! is not null, as `count(config.x)` counts it.

use std::collections::{BTreeMap, HashMap};

use engine::{ProjectKey, Run, RunChunk, Shown, Space};

use crate::scan::Context;
use crate::tables::history::table_of;

/// The runs that have a key.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) runs: u64,
    /// What they wrote under it, of history and system metrics.
    pub(crate) points: u64,
    /// When the first of them was made.
    pub(crate) first: Option<i64>,
    /// When one of them was last heard.
    pub(crate) last: Option<i64>,
}

impl Seen {
    fn of_run(created: i64, heard: i64, points: u64) -> Self {
        Self { runs: 1, points, first: Some(created), last: Some(heard) }
    }

    /// Both together, of different runs.
    pub(crate) fn and(self, other: Self) -> Self {
        let first = match (self.first, other.first) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self {
            runs: self.runs + other.runs,
            points: self.points + other.points,
            first,
            last: self.last.max(other.last),
        }
    }
}

/// Of each project and key of a space.
pub(crate) type SeenKeys = BTreeMap<ProjectKey, BTreeMap<String, Seen>>;

/// Counts the runs that a statement sees, for each of some spaces.
///
/// # Errors
///
/// `Damaged`, `Io` of the files that runs rest in.
pub(crate) fn seen<const N: usize>(context: &Context, spaces: [Space; N]) -> engine::Result<[SeenKeys; N]> {
    let mut seen = [const { SeenKeys::new() }; N];
    for chunk in 0..context.chunks() {
        let runs = context.runs_of(chunk)?;
        for (space, seen) in spaces.iter().zip(&mut seen).filter(|(space, _)| is_of_leaves(**space)) {
            leaves(&runs, *space, seen)?;
        }
        if spaces.iter().all(|space| is_of_leaves(*space)) {
            continue;
        }
        for run in runs.runs() {
            let run = run?;
            for (space, seen) in spaces.iter().zip(&mut seen).filter(|(space, _)| !is_of_leaves(**space)) {
                written(&run, *space, seen);
            }
        }
    }
    Ok(seen)
}

fn is_of_leaves(space: Space) -> bool {
    matches!(space, Space::Config | Space::Summary)
}

fn leaves(runs: &RunChunk, space: Space, seen: &mut SeenKeys) -> engine::Result<()> {
    let (projects, of) = projects(runs)?;
    let mut times = vec![(0, 0); runs.len()];
    for (column, is_first) in [("created_at", true), ("heartbeat_at", false)] {
        runs.fixed(column, &mut |row, shown| {
            if let (Some((created, heard)), Shown::Int(time) | Shown::Time(time)) =
                (times.get_mut(row), shown)
            {
                *if is_first { created } else { heard } = time;
            }
        })?;
    }
    let mut counted = vec![Seen::default(); projects.len()];
    let mut touched = Vec::new();
    runs.each_leaf(space, &mut |key, rows| {
        for row in rows {
            let (Some((created, heard)), Some(project)) = (times.get(*row), of.get(*row)) else { continue };
            let Some(slot) = counted.get_mut(*project) else { continue };
            if slot.runs == 0 {
                touched.push(*project);
            }
            *slot = slot.and(Seen::of_run(*created, *heard, 0));
        }
        for place in touched.drain(..) {
            if let (Some(project), Some(slot)) = (projects.get(place), counted.get_mut(place)) {
                note(seen, project, key, std::mem::take(slot));
            }
        }
    })
}

/// The projects of some runs, and which of them each run belongs to.
fn projects(runs: &RunChunk) -> engine::Result<(Vec<ProjectKey>, Vec<usize>)> {
    let mut names: [Vec<String>; 2] = std::array::from_fn(|_| vec![String::new(); runs.len()]);
    for (column, names) in ["entity", "project"].into_iter().zip(&mut names) {
        runs.fixed(column, &mut |row, shown| {
            if let (Some(name), Shown::Text(text)) = (names.get_mut(row), shown) {
                *name = text.into_owned();
            }
        })?;
    }
    let [entities, names] = names;
    let mut projects: Vec<ProjectKey> = Vec::new();
    let mut places: HashMap<ProjectKey, usize> = HashMap::new();
    let of = entities.iter().zip(&names).map(|(entity, name)| {
        let project = ProjectKey::new(&**entity, &**name);
        *places.entry(project.clone()).or_insert_with(|| {
            projects.push(project);
            projects.len() - 1
        })
    });
    let of = of.collect();
    Ok((projects, of))
}

fn written(run: &Run, space: Space, seen: &mut SeenKeys) {
    for (key, stats) in table_of(run, space).keys.iter() {
        note(seen, &run.key.project, key, Seen::of_run(run.created, run.heartbeat, stats.points));
    }
}

fn note(seen: &mut SeenKeys, project: &ProjectKey, key: &str, more: Seen) {
    let keys = seen.entry(project.clone()).or_default();
    match keys.get_mut(key) {
        Some(known) => *known = known.and(more),
        None => {
            keys.insert(key.to_owned(), more);
        }
    }
}
