//! The key catalogue: which names the projects' configs, summaries and histories have, and of which
//! kinds their values were. It decides which column a name in a statement becomes and of which type.

use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use crate::event::Kinds;
use crate::id::ProjectKey;

/// Where a key occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Space {
    /// Leaves of the config.
    Config,
    /// Leaves of the summary.
    Summary,
    /// Keys of history rows.
    History,
    /// System metrics.
    System,
}

/// The catalogue as it is stored: of each project its keys.
pub(super) type Lists = Vec<(ProjectKey, Vec<(Space, Arc<str>, Kinds)>)>;

/// The catalogue: project, space and key to the kinds seen.
#[derive(Debug, Clone, Default)]
pub struct Keys(OrdMap<ProjectKey, OrdMap<(Space, Arc<str>), Kinds>>);

impl Keys {
    /// Notes that a key occurred with values of these kinds.
    pub(super) fn note(&mut self, project: &ProjectKey, space: Space, key: &str, kinds: Kinds) {
        let known = self.0.get(project).and_then(|keys| find(keys, space, key));
        if known.is_some_and(|known| known.has(kinds)) {
            return;
        }
        let keys = match self.0.get_mut(project) {
            Some(keys) => keys,
            None => self.0.entry(project.clone()).or_default(),
        };
        keys.insert((space, Arc::from(key)), known.unwrap_or_default().and(kinds));
    }

    /// The kinds that a key was seen with in any of the projects; none seen where no run has it.
    #[must_use]
    pub fn kinds(&self, space: Space, key: &str) -> Kinds {
        self.0.values().filter_map(|keys| find(keys, space, key)).fold(Kinds::default(), Kinds::and)
    }

    /// The kinds that a key was seen with in one project.
    #[must_use]
    pub fn kinds_in(&self, project: &ProjectKey, space: Space, key: &str) -> Kinds {
        self.0.get(project).and_then(|keys| find(keys, space, key)).unwrap_or_default()
    }

    /// Every key of a space with its kinds, sorted, over all projects for which `wanted` holds.
    pub fn list(&self, space: Space, wanted: impl Fn(&ProjectKey) -> bool) -> Vec<(Arc<str>, Kinds)> {
        let mut merged = std::collections::BTreeMap::<Arc<str>, Kinds>::new();
        for (_, keys) in self.0.iter().filter(|(project, _)| wanted(project)) {
            let range = (space, Arc::from(""))..;
            for ((_, key), kinds) in keys.range(range).take_while(|((at, _), _)| *at == space) {
                let slot = merged.entry(Arc::clone(key)).or_default();
                *slot = slot.and(*kinds);
            }
        }
        merged.into_iter().collect()
    }
}

impl Keys {
    /// Those of some projects alone.
    pub(super) fn of_projects(&self, seen: &std::collections::BTreeSet<ProjectKey>) -> Self {
        let keys = self.0.iter().filter(|(project, _)| seen.contains(*project));
        Self(keys.map(|(project, keys)| (project.clone(), keys.clone())).collect())
    }

    /// The same with other keys for one project.
    pub(super) fn replace(&mut self, project: &ProjectKey, by: &Self) {
        match by.0.get(project) {
            Some(keys) => self.0.insert(project.clone(), keys.clone()),
            None => self.0.remove(project),
        };
    }

    /// Whether both know the same of a project.
    pub(super) fn agree(&self, other: &Self, project: &ProjectKey) -> bool {
        self.0.get(project) == other.0.get(project)
    }

    /// Adds what `later` knows of a project and `earlier`, of which it came, did not.
    pub(super) fn add_new(&mut self, project: &ProjectKey, earlier: &Self, later: &Self) {
        let known = earlier.0.get(project);
        for ((space, key), kinds) in later.0.get(project).into_iter().flatten() {
            if known.and_then(|known| find(known, *space, key)) != Some(*kinds) {
                self.note(project, *space, key, *kinds);
            }
        }
    }

    /// All of it, as it is stored.
    pub(super) fn to_lists(&self) -> Lists {
        let list = |keys: &OrdMap<(Space, Arc<str>), Kinds>| {
            keys.iter().map(|((space, key), kinds)| (*space, Arc::clone(key), *kinds)).collect()
        };
        self.0.iter().map(|(project, keys)| (project.clone(), list(keys))).collect()
    }

    /// What [`Keys::to_lists`] gave.
    pub(super) fn from_lists(lists: Lists) -> Self {
        let keys = |list: Vec<(Space, Arc<str>, Kinds)>| {
            list.into_iter().map(|(space, key, kinds)| ((space, key), kinds)).collect::<OrdMap<_, _>>()
        };
        Self(lists.into_iter().map(|(project, list)| (project, keys(list))).collect())
    }
}

fn find(keys: &OrdMap<(Space, Arc<str>), Kinds>, space: Space, key: &str) -> Option<Kinds> {
    keys.get(&(space, Arc::from(key)) as &(Space, Arc<str>)).copied()
}
