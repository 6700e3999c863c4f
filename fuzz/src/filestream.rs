//! Bodies of the stream: any bytes are read or refused; of the lines of history none is lost, and each
//! is either kept as it came or holds what a plain reading of the line holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use engine::{Tree, Value};
use ingest::parse::stream_history;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The property.
pub fn filestream(data: &[u8]) {
    let ours = stream_history(data);
    // Where serde_json sees a plain body, it says what the lines were.
    let Ok(plain) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    let file = &plain["files"]["wandb-history.jsonl"];
    let (Some(lines), Some(offset)) = (strings(&file["content"]), file["offset"].as_u64()) else { return };
    let Ok(Some(history)) = ours else { return };
    if repeats_a_member(data) {
        return;
    }
    assert_eq!(history.first_line, offset);
    assert_eq!(history.rows.rows() as usize, lines.len(), "a row stands for a line");
    for (index, line) in (0u32..).zip(lines) {
        let cells: BTreeMap<String, Value> =
            history.rows.row(index).map(|(name, cell)| (name.to_owned(), cell.to_value())).collect();
        if let Some((_, raw, _)) = history.bad.iter().find(|(bad, _, _)| *bad == index) {
            assert_eq!(*raw, line, "an unreadable line is kept as it came");
            assert!(cells.is_empty());
            continue;
        }
        let value = Value::from_json(line.as_bytes()).expect("a line that was taken is readable");
        assert!(value.as_map().is_some(), "a line that was taken is an object");
        let mut expected = BTreeMap::new();
        // Where `{"a.b":1,"a":{"b":2}}` gives one name twice, the key that is spelled out comes last.
        Tree::of(value).leaves(&mut |name, leaf| {
            expected.insert(name.to_owned(), leaf.clone());
        });
        assert_eq!(cells.len(), expected.len(), "{line}");
        for (name, cell) in cells {
            assert!(same(&name, &cell, &expected[&name]), "{name} of {line}: {cell:?}");
        }
    }
}

/// Integers beside floats are floats while they are exact, and a step is an integer however it is
/// spelled: 1 and 1.0 are the same then.
fn same(name: &str, cell: &Value, logged: &Value) -> bool {
    let is_spelling = match (cell, logged) {
        (Value::Float(_), Value::Int(_)) => true,
        (Value::Int(_), Value::Float(_)) => name == "_step",
        _ => false,
    };
    cell == logged || (is_spelling && cell.as_f64() == logged.as_f64())
}

fn strings(content: &serde_json::Value) -> Option<Vec<&str>> {
    content.as_array()?.iter().map(serde_json::Value::as_str).collect()
}

/// Of a repeated member serde_json keeps the last, the server takes both: no line is lost.
fn repeats_a_member(data: &[u8]) -> bool {
    serde_json::from_slice::<Members>(data).is_ok_and(|members| members.is_repeated)
}

/// Whether an object, or one in it, has a member twice.
#[derive(Default)]
struct Members {
    is_repeated: bool,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(Self::default())
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Self, A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, member)) = members.next_entry::<String, Self>()? {
            self.is_repeated |= member.is_repeated | !names.insert(name);
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}
