//! Which keys the files of an export have columns for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::{ProjectKey, RunKey, Snapshot, Space};

use super::statements::RunId;

/// The keys that runs of a project logged: of the chosen ones, or of all that the project ever had.
pub(super) fn logged(
    snapshot: &Snapshot,
    project: &ProjectKey,
    chosen: Option<&BTreeSet<RunId>>,
    space: Space,
) -> engine::Result<Vec<Arc<str>>> {
    let mut keys = query::keys(&snapshot.projection, space, Some(project));
    let Some(chosen) = chosen else { return Ok(keys) };
    let mut theirs = BTreeSet::new();
    for (generation, id) in chosen {
        let generation = u32::try_from(*generation).unwrap_or(u32::MAX);
        let key = RunKey { project: project.clone(), run: id.as_str().into(), generation };
        let Some(run) = snapshot.projection.generation(&key)? else { continue };
        let table = if space == Space::System { &run.system } else { &run.history };
        theirs.extend(table.keys.keys().cloned());
    }
    keys.retain(|key| theirs.contains(key));
    Ok(keys)
}

/// The keys of the configs and of the summaries of some projects.
pub(super) fn of_runs<T>(
    snapshot: &Snapshot,
    projects: &BTreeMap<ProjectKey, T>,
    space: Space,
) -> Vec<Arc<str>> {
    let of = |project| query::keys(&snapshot.projection, space, Some(project));
    projects.keys().flat_map(of).collect::<BTreeSet<_>>().into_iter().collect()
}
