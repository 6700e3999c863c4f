//! Which keys there are, as the resolver asks for them.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use engine::{HIDDEN_KEY, Kinds, ProjectKey, Projection, RUNS_PER_CHUNK, Space};

use super::near;
use crate::error::Error;
use crate::limits;
use crate::tables::cell::Cell;
use crate::tables::history::table_of;
use crate::tables::key::{KeyPath, Sort, SpaceName, is_own_key};

/// The keys of a projection, for one statement.
pub(crate) struct Catalogue<'a> {
    projection: &'a Projection,
    pub(crate) strict: bool,
    pub(crate) include_deleted: bool,
    /// The one project whose keys count; none where all do.
    project: Option<&'a ProjectKey>,
    /// All keys of each space, listed when first asked for.
    lists: [OnceCell<KeyList>; 4],
}

/// Chooses runs by entity, project and id.
pub(crate) type Wanted<'a> = dyn Fn(&[Cell<'_>; 3]) -> bool + 'a;

type KeyList = Vec<(Arc<str>, Kinds)>;

impl<'a> Catalogue<'a> {
    pub(crate) fn new(projection: &'a Projection, strict: bool, include_deleted: bool) -> Self {
        Self { projection, strict, include_deleted, project: None, lists: Default::default() }
    }

    /// With the keys of one project alone.
    pub(crate) fn of(self, project: Option<&'a ProjectKey>) -> Self {
        Self { project, ..self }
    }

    /// The kinds of the values under a key.
    fn kinds(&self, space: Space, key: &str) -> Kinds {
        match self.project {
            Some(project) => self.projection.keys.kinds_in(project, space, key),
            None => self.projection.keys.kinds(space, key),
        }
    }

    /// Every key of a space that is for people, sorted.
    pub(crate) fn list(&self, space: Space) -> &KeyList {
        let slot = match space {
            Space::Config => &self.lists[0],
            Space::Summary => &self.lists[1],
            Space::History => &self.lists[2],
            Space::System => &self.lists[3],
        };
        slot.get_or_init(|| {
            let mut keys = self.projection.keys.list(space, |of| self.project.is_none_or(|only| of == only));
            keys.retain(|(key, _)| !is_hidden(key) && (!is_row_space(space) || !is_own_key(key)));
            keys
        })
    }

    /// Whether any run has a value under that name.
    pub(crate) fn knows(&self, path: &KeyPath) -> bool {
        self.sort(path) != Sort::Unknown
    }

    /// What the values under a name are.
    pub(crate) fn sort(&self, path: &KeyPath) -> Sort {
        let space = path.space.space();
        let exact = self.kinds(space, &path.name);
        let inside = Sort::Mixed(Some(crate::tables::key::View::Float));
        if !path.tail.is_empty() {
            // What stands in a list is not in the catalogue.
            let is_there = exact.has(Kinds::NESTED) || self.has_nested_prefix(path);
            return if is_there { inside } else { Sort::Unknown };
        }
        if !exact.is_none() {
            return Sort::of(exact);
        }
        // No leaf, so perhaps a map of leaves, or a member of what is a leaf as a whole.
        if self.is_map(path) {
            return Sort::Plain(crate::tables::key::View::Json);
        }
        if self.has_nested_prefix(path) { inside } else { Sort::Unknown }
    }

    /// Whether JSON null may stand under a name.
    pub(crate) fn may_be_null(&self, path: &KeyPath) -> bool {
        !path.tail.is_empty()
            || self.kinds(path.space.space(), &path.name).has(Kinds::NULL)
            || self.has_nested_prefix(path)
    }

    /// Whether some run has a map under that name.
    pub(crate) fn is_map(&self, path: &KeyPath) -> bool {
        if is_row_space(path.space.space()) {
            return false;
        }
        let list = self.list(path.space.space());
        let prefix = format!("{}.", path.name);
        let at = list.partition_point(|(key, _)| **key < *prefix);
        list.get(at).is_some_and(|(key, _)| key.starts_with(&prefix))
    }

    fn has_nested_prefix(&self, path: &KeyPath) -> bool {
        path.name.match_indices('.').any(|(dot, _)| {
            let prefix = path.name.get(..dot).unwrap_or_default();
            self.kinds(path.space.space(), prefix).has(Kinds::NESTED)
        })
    }

    /// The names nearest to one that no run has, as one would write them.
    pub(crate) fn nearest(&self, path: &KeyPath) -> Vec<String> {
        let root = match path.space {
            SpaceName::Config => "config.",
            SpaceName::Summary => "summary.",
            SpaceName::History | SpaceName::System => "",
        };
        let keys = self.list(path.space.space()).iter().map(|(key, _)| &**key);
        near::nearest(&path.name, keys).into_iter().map(|key| format!("{root}{key}")).collect()
    }

    /// The keys of the runs whose entity, project and id `wanted` chooses.
    fn keys_of(&self, space: Space, wanted: &Wanted<'_>) -> Result<Vec<Arc<str>>, Error> {
        let mut keys = BTreeSet::new();
        let chunks = (self.projection.run_count() as usize).div_ceil(RUNS_PER_CHUNK);
        for chunk in 0..u32::try_from(chunks).unwrap_or(u32::MAX) {
            let runs = self.projection.chunk(chunk)?;
            let runs = if self.include_deleted { runs.kept()? } else { runs.visible()? };
            let mut ids: Vec<[Cell<'_>; 3]> = vec![[const { Cell::Null }; 3]; runs.len()];
            for (place, column) in ["entity", "project", "run_id"].into_iter().enumerate() {
                runs.fixed(column, &mut |row, cell| {
                    if let Some(slot) = ids.get_mut(row).and_then(|id| id.get_mut(place)) {
                        *slot = cell;
                    }
                })?;
            }
            for (row, _) in ids.iter().enumerate().filter(|(_, id)| wanted(id)) {
                let run = runs.run(row)?;
                keys.extend(run.iter().flat_map(|run| table_of(run, space).keys.keys().cloned()));
            }
        }
        Ok(keys.into_iter().filter(|key| !is_own_key(key) && !is_hidden(key)).collect())
    }

    /// The keys that `*` stands for: those of the runs for which `wanted` holds.
    ///
    /// # Errors
    ///
    /// `TooLarge` when there are more than `*` may stand for.
    pub(crate) fn star(&self, space: Space, wanted: Option<&Wanted<'_>>) -> Result<Vec<Arc<str>>, Error> {
        let keys: Vec<Arc<str>> = match wanted {
            None => self.list(space).iter().map(|(key, _)| Arc::clone(key)).collect(),
            Some(wanted) => self.keys_of(space, wanted)?,
        };
        if keys.len() > limits::STAR_KEYS_MAX {
            return Err(Error::too_large(format!(
                "* would stand for {} keys; at most {} are shown",
                keys.len(),
                limits::STAR_KEYS_MAX
            ))
            .with_hint("name the keys that you need, or choose runs: WHERE run_id = '…'"));
        }
        Ok(keys)
    }
}

/// Every key of a space that is for people, sorted: of one project, or of all.
#[must_use]
pub fn keys(projection: &Projection, space: Space, project: Option<&ProjectKey>) -> Vec<Arc<str>> {
    let catalogue = Catalogue::new(projection, false, false).of(project);
    catalogue.list(space).iter().map(|(key, _)| Arc::clone(key)).collect()
}

fn is_row_space(space: Space) -> bool {
    matches!(space, Space::History | Space::System)
}

fn is_hidden(key: &str) -> bool {
    key.strip_prefix(HIDDEN_KEY).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
