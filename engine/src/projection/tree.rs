//! Config and summary: a tree of values under sorted top-level keys, changed path by path.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::{Path, Paths, Value};

/// A map from top-level keys to values, sorted by key. Cloning shares it; changing copies it first
/// if it is shared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tree(Arc<Vec<(Arc<str>, Value)>>);

impl Tree {
    /// A tree of the members of a map; anything else is empty.
    #[must_use]
    pub fn of(value: Value) -> Self {
        let Value::Map(members) = value else { return Self::default() };
        let mut members: Vec<(Arc<str>, Value)> =
            members.into_iter().map(|(key, value)| (Arc::from(&*key), value)).collect();
        members.sort_by(|a, b| a.0.cmp(&b.0));
        Self(Arc::new(members))
    }

    /// Its members, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    /// The value of a top-level key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let index = self.0.binary_search_by(|(name, _)| (**name).cmp(key)).ok()?;
        self.0.get(index).map(|(_, value)| value)
    }

    /// The value that a name in a query means: first the exact key, then the path whose members are
    /// parted by dots, any of which may itself have dots in its key.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<&Value> {
        if let Some(value) = self.get(name) {
            return Some(value);
        }
        splits(name).find_map(|(key, rest)| lookup_in(self.get(key)?, rest))
    }

    /// The whole tree as one value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Map(self.iter().map(|(key, value)| (key.into(), value.clone())).collect())
    }

    /// What turns this tree into `target`: nested maps are compared member by member, so that only
    /// what differs is named.
    #[must_use]
    pub fn diff(&self, target: &Self) -> Paths {
        let mut paths = Paths::default();
        let (old, new): (Members<'_>, Members<'_>) = (self.iter().collect(), target.iter().collect());
        // Both are sorted by key, so looking members up one in the other is a search, not a scan.
        for (key, _) in &old {
            if target.get(key).is_none() {
                paths.removed.push(vec![(*key).into()]);
            }
        }
        for (key, value) in new {
            match self.get(key) {
                Some(before) if before == value => {}
                Some(before) if is_nested(before) && is_nested(value) => {
                    diff_members(&members_of(before), &members_of(value), &mut vec![key.into()], &mut paths);
                }
                _ => paths.set.push((vec![key.into()], value.clone())),
            }
        }
        paths
    }

    /// Applies a change: removals, then settings. A path through what is no map makes it one.
    pub fn apply(&mut self, change: &Paths) {
        for path in &change.removed {
            self.remove(path);
        }
        for (path, value) in &change.set {
            self.set(path, value.clone());
        }
    }

    fn set(&mut self, path: &Path, value: Value) {
        let Some((first, rest)) = path.split_first() else { return };
        let members = Arc::make_mut(&mut self.0);
        match members.binary_search_by(|(name, _)| (**name).cmp(first)) {
            Ok(index) => {
                if let Some((_, slot)) = members.get_mut(index) {
                    set_in(slot, rest, value);
                }
            }
            Err(index) => {
                let mut slot = Value::Null;
                set_in(&mut slot, rest, value);
                members.insert(index, (Arc::from(&**first), slot));
            }
        }
    }

    fn remove(&mut self, path: &Path) {
        let Some((first, rest)) = path.split_first() else { return };
        let Ok(index) = self.0.binary_search_by(|(name, _)| (**name).cmp(first)) else { return };
        let members = Arc::make_mut(&mut self.0);
        if rest.is_empty() {
            members.remove(index);
        } else if let Some((_, slot)) = members.get_mut(index) {
            remove_in(slot, rest);
        }
    }

    /// Calls `visit` with the dotted name of each leaf and its value: nested maps are entered,
    /// lists, empty maps and typed objects (maps with a `_type`: media, histograms) are leaves.
    pub fn leaves<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a Value)) {
        let mut name = String::new();
        for (key, value) in self.iter() {
            name.clear();
            name.push_str(key);
            leaves_in(value, &mut name, visit);
        }
    }
}

/// Whether a value is entered when names are made of its members.
#[must_use]
pub fn is_nested(value: &Value) -> bool {
    value.as_map().is_some_and(|members| !members.is_empty() && value.get("_type").is_none())
}

/// Calls `visit` with the dotted name of each leaf under `value`, whose own name is in `name`.
pub fn leaves_in<'a>(value: &'a Value, name: &mut String, visit: &mut dyn FnMut(&str, &'a Value)) {
    match value {
        Value::Map(members) if is_nested(value) => {
            let len = name.len();
            for (key, inner) in members {
                name.push('.');
                name.push_str(key);
                leaves_in(inner, name, visit);
                name.truncate(len);
            }
        }
        leaf => visit(name, leaf),
    }
}

/// The ways to part a name at a dot, longest first part last.
fn splits(name: &str) -> impl Iterator<Item = (&str, &str)> {
    name.match_indices('.').filter_map(|(dot, _)| Some((name.get(..dot)?, name.get(dot + 1..)?)))
}

fn lookup_in<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| splits(name).find_map(|(key, rest)| lookup_in(value.get(key)?, rest)))
}

fn set_in(slot: &mut Value, path: &[Box<str>], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        *slot = value;
        return;
    };
    if !matches!(slot, Value::Map(_)) {
        *slot = Value::Map(Vec::new());
    }
    let Value::Map(members) = slot else { return };
    let index = members.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
        members.push((first.clone(), Value::Null));
        members.len() - 1
    });
    if let Some((_, inner)) = members.get_mut(index) {
        set_in(inner, rest, value);
    }
}

fn remove_in(slot: &mut Value, path: &[Box<str>]) {
    let (Some((first, rest)), Value::Map(members)) = (path.split_first(), slot) else { return };
    if rest.is_empty() {
        members.retain(|(name, _)| name != first);
    } else if let Some((_, inner)) = members.iter_mut().find(|(name, _)| name == first) {
        remove_in(inner, rest);
    }
}

/// A map's members, wherever it stands.
type Members<'a> = Vec<(&'a str, &'a Value)>;

fn diff_members<'a>(old: &Members<'a>, new: &Members<'a>, at: &mut Path, paths: &mut Paths) {
    let find = |members: &Members<'a>, key: &str| {
        members.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    };
    for (key, _) in old {
        if find(new, key).is_none() {
            paths.removed.push(at.iter().cloned().chain([(*key).into()]).collect());
        }
    }
    for (key, value) in new {
        at.push((*key).into());
        match find(old, key) {
            Some(before) if before == *value => {}
            Some(before) if is_nested(before) && is_nested(value) => {
                diff_members(&members_of(before), &members_of(value), at, paths);
            }
            _ => paths.set.push((at.clone(), (*value).clone())),
        }
        at.pop();
    }
}

fn members_of(value: &Value) -> Members<'_> {
    value.as_map().unwrap_or_default().iter().map(|(key, value)| (&**key, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(json: &str) -> Tree {
        Tree::of(Value::from_json(json.as_bytes()).unwrap())
    }

    #[test]
    fn a_difference_applied_gives_the_target() {
        let pairs = [
            (r#"{}"#, r#"{"a":1,"b":{"c":2}}"#),
            (r#"{"a":{"b":1,"c":{"d":2}},"x":1}"#, r#"{"a":{"b":1,"c":{"d":3,"e":4}}}"#),
            (r#"{"a":{"b":1}}"#, r#"{"a":[1,2]}"#),
            (r#"{"a":1}"#, r#"{"a":{"b":{}}}"#),
            (r#"{"a":{"_type":"histogram","bins":[1]}}"#, r#"{"a":{"_type":"histogram","bins":[2]}}"#),
            (r#"{"a":NaN}"#, r#"{"a":NaN}"#),
            (r#"{"a":{"b":1}}"#, r#"{"a":{}}"#),
        ];
        for (before, after) in pairs {
            let mut tree_before = tree(before);
            let change = tree_before.diff(&tree(after));
            assert_eq!(change.is_empty(), before == after);
            tree_before.apply(&change);
            assert_eq!(tree_before.to_value(), tree(after).to_value(), "{before} → {after}: {change:?}");
        }
    }

    #[test]
    fn only_what_differs_is_named() {
        let change = tree(r#"{"a":{"b":1,"c":2},"d":1}"#).diff(&tree(r#"{"a":{"b":1,"c":3},"d":1}"#));
        assert_eq!(change.removed, Vec::<Path>::new());
        assert_eq!(change.set, [(vec!["a".into(), "c".into()], Value::Int(3))]);
    }

    #[test]
    fn a_name_means_the_exact_key_first_and_then_the_path() {
        let tree = tree(r#"{"a.b":1,"a":{"b":2,"c.d":{"e":3}}}"#);
        assert_eq!(tree.lookup("a.b"), Some(&Value::Int(1)));
        assert_eq!(tree.lookup("a.c.d.e"), Some(&Value::Int(3)));
        assert_eq!(tree.lookup("a.x"), None);
    }

    #[test]
    fn leaves_are_named_with_dots_and_typed_objects_are_whole() {
        let tree = tree(r#"{"a":{"b":1,"h":{"_type":"histogram","bins":[]}},"l":[1],"m":{}}"#);
        let mut names = Vec::new();
        tree.leaves(&mut |name, _| names.push(name.to_owned()));
        assert_eq!(names, ["a.b", "a.h", "l", "m"]);
    }
}
