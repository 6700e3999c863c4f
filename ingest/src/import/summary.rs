//! The summary as records leave it. They come with each row, so that only the last value of each key
//! is kept, as text; a tree is made once, at the end.

use std::collections::BTreeMap;

use engine::{Paths, Tree};

use super::proto::{Fields, Malformed};
use super::record::{Given, Item, items};
use super::value::value;

const UPDATE: u32 = 1;
const REMOVE: u32 = 2;
/// Bytes of paths and values that are kept: what a request of the client may have at most.
const BYTES_MAX: usize = 64 << 20;
/// Parts the parts of a path; no key has it.
const PART_END: char = '\u{1f}';

/// The last value of each path.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    by_path: BTreeMap<Box<str>, usize>,
    slots: Vec<Slot>,
    /// Where the next path is expected: records mostly repeat the order of the one before.
    expected: usize,
    writes: u64,
    path: String,
    /// At most what is kept: room for the longest value of each path.
    bytes: usize,
}

#[derive(Debug)]
struct Slot {
    path: Box<str>,
    /// When it was written last: a path may lead through another's value.
    written: u64,
    value: Last,
}

#[derive(Debug)]
enum Last {
    Json(String),
    /// Of a kind that is not JSON in the log.
    Given(engine::Value),
    Removed,
}

impl Summary {
    pub(crate) fn take(&mut self, message: &[u8]) -> Result<(), Malformed> {
        self.expected = 0;
        for item in items(message, UPDATE) {
            let item = item?;
            if self.bytes > BYTES_MAX {
                return Err(Malformed);
            }
            match item.value {
                Given::Json(json) => {
                    let grown = match self.slot(&item) {
                        // The room of the value before is used again.
                        Last::Json(text) => {
                            let room = text.capacity();
                            json.clone_into(text);
                            text.capacity().saturating_sub(room)
                        }
                        slot => {
                            *slot = Last::Json(json.to_owned());
                            json.len()
                        }
                    };
                    self.bytes += grown;
                }
                other => *self.slot(&item) = value(other).map_or(Last::Removed, Last::Given),
            }
        }
        // Records without removals are nearly all of them.
        for removed in Fields::of(message).filter(|field| matches!(field, Ok((REMOVE, _)))) {
            let (_, item) = removed?;
            *self.slot(&Item::parse(item.bytes()?)?) = Last::Removed;
        }
        Ok(())
    }

    /// The whole summary. Values that are no JSON are left out.
    pub(crate) fn to_tree(&self) -> Tree {
        let mut slots: Vec<&Slot> = self.slots.iter().collect();
        slots.sort_by_key(|slot| slot.written);
        let mut tree = Tree::default();
        for slot in slots {
            let path: engine::Path = slot.path.split(PART_END).map(Box::from).collect();
            let set = match &slot.value {
                Last::Removed => None,
                Last::Given(value) => Some(value.clone()),
                Last::Json(json) => value(Given::Json(json)).ok(),
            };
            let change = match set {
                Some(value) => Paths { removed: Vec::new(), set: vec![(path, value)] },
                None => Paths { removed: vec![path], set: Vec::new() },
            };
            tree.apply(&change);
        }
        tree
    }

    /// The place of a path's value, made if need be; it counts as written now.
    fn slot(&mut self, item: &Item<'_>) -> &mut Last {
        self.writes += 1;
        let path = match item.plain_name() {
            Some(name) => name,
            None => {
                self.path.clear();
                for (index, part) in item.path().enumerate() {
                    if index > 0 {
                        self.path.push(PART_END);
                    }
                    self.path.push_str(part);
                }
                &self.path
            }
        };
        let known = match self.slots.get(self.expected) {
            Some(slot) if *slot.path == *path => Some(self.expected),
            _ => self.by_path.get(path).copied(),
        };
        let index = known.unwrap_or_else(|| {
            self.bytes += 2 * path.len() + size_of::<Slot>();
            self.by_path.insert(path.into(), self.slots.len());
            self.slots.push(Slot { path: path.into(), written: 0, value: Last::Removed });
            self.slots.len() - 1
        });
        self.expected = index + 1;
        let Some(slot) = self.slots.get_mut(index) else { unreachable!("the slot was found or made above") };
        slot.written = self.writes;
        &mut slot.value
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{field, item};
    use super::*;

    fn take(summary: &mut Summary, under: u8, items: &[Vec<u8>]) {
        let message: Vec<u8> = items.iter().flat_map(|item| field(under, item)).collect();
        summary.take(&message).unwrap();
    }

    #[test]
    fn the_last_value_of_each_path_stays() {
        let mut summary = Summary::default();
        take(&mut summary, 1, &[item(&["a"], "1"), item(&["n", "x"], "2.0"), item(&["n", "y"], "\"t\"")]);
        take(&mut summary, 1, &[item(&["n", "x"], "NaN"), item(&["a"], "3")]);
        take(&mut summary, 1, &[item(&["bad"], "{oops")]);
        assert_eq!(summary.to_tree().to_value().to_json(), r#"{"a":3,"n":{"y":"t","x":NaN}}"#);
        take(&mut summary, 2, &[item(&["n", "x"], "")]);
        assert_eq!(summary.to_tree().to_value().to_json(), r#"{"a":3,"n":{"y":"t"}}"#);
    }

    #[test]
    fn a_value_over_a_map_and_a_map_over_a_value_replace_each_other_in_the_order_they_came() {
        let mut summary = Summary::default();
        take(
            &mut summary,
            1,
            &[item(&["a", "b"], "1"), item(&["a"], "5"), item(&["c"], "1"), item(&["c", "d"], "2")],
        );
        assert_eq!(summary.to_tree().to_value().to_json(), r#"{"a":5,"c":{"d":2}}"#);
        take(&mut summary, 1, &[item(&["a", "b"], "7")]);
        assert_eq!(summary.to_tree().to_value().to_json(), r#"{"a":{"b":7},"c":{"d":2}}"#);
    }
}
