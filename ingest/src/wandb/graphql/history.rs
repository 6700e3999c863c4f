//! Rows of a run as the client asks for them: a range of steps, rows that have certain keys, at most
//! so many, evenly spread (protocol 11.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Block, Extent, Kinds, Lsn, Run, Snapshot, StreamKind, Value};
use serde::Deserialize;
use serde_json::json;

use crate::http::error::Refusal;

/// Set to `true` by who wants the history of a run that ended as a Parquet file. Without it none is named: of
/// all clients that can read one, `scan_history` keeps it under the run's name, whichever server it came from
/// and whatever is logged after, has `None` for what a row lacks, and gives rows that lack the keys asked for.
pub(super) const FILES_HEADER: &str = "x-wbq-history-files";

/// Which rows are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    /// Only rows that have all of these, and of them only these; all cells of all rows when empty.
    #[serde(default)]
    pub(super) keys: Vec<String>,
    #[serde(default)]
    pub(super) min_step: Option<i64>,
    /// Included.
    #[serde(default)]
    pub(super) max_step: Option<i64>,
    #[serde(default)]
    pub(super) samples: Option<usize>,
}

impl Spec {
    pub(super) fn parse(json: &str) -> Result<Self, Refusal> {
        let spec: Result<Self, _> = serde_json::from_str(json);
        let mut spec =
            spec.map_err(|error| Refusal::invalid(format!("{json:?} is no sampling spec: {error}")))?;
        // The client adds `_step` to keys that may have it already.
        spec.keys.sort_unstable();
        spec.keys.dedup();
        Ok(spec)
    }

    fn wants(&self, step: i64) -> bool {
        self.min_step.is_none_or(|min| step >= min) && self.max_step.is_none_or(|max| step <= max)
    }

    fn touches(&self, steps: Option<(i64, i64)>) -> bool {
        steps.is_none_or(|(low, high)| {
            self.min_step.is_none_or(|min| high >= min) && self.max_step.is_none_or(|max| low <= max)
        })
    }
}

/// Where a row's cells stand: the position that wrote them, extent and row in it.
type Places = Vec<(Lsn, usize, u32)>;

/// All rows of a stream.
pub(crate) fn all_rows(snapshot: &Snapshot, run: &Run, kind: StreamKind) -> Result<Vec<Value>, Refusal> {
    rows(snapshot, run, kind, &Spec::default())
}

/// The rows, by rising step; of each cell the last value written. Rows without a step stand by line.
pub(super) fn rows(
    snapshot: &Snapshot,
    run: &Run,
    kind: StreamKind,
    spec: &Spec,
) -> Result<Vec<Value>, Refusal> {
    let extents = snapshot.extents(run, kind)?;
    let mut found: BTreeMap<(i64, Arc<str>), Places> = BTreeMap::new();
    for (index, extent) in extents.iter().enumerate().filter(|(_, extent)| spec.touches(extent.steps)) {
        let piece = snapshot.rows(extent)?;
        let mut steps: Vec<Option<i64>> = vec![None; piece.block.rows() as usize];
        for (row, cell) in piece.block.cells("_step") {
            if let Some(slot) = steps.get_mut(row as usize) {
                *slot = cell.to_value().as_i64();
            }
        }
        for (row, step) in (0u32..).zip(steps) {
            let line = i64::try_from(piece.line(row)).unwrap_or(i64::MAX);
            let Some(place) = step.or(Some(line).filter(|_| extent.steps.is_none())) else { continue };
            if spec.wants(place) {
                let places = found.entry((place, Arc::clone(&extent.writer))).or_default();
                places.push((piece.lsn(row), index, row));
            }
        }
    }
    // A row's cells in the order in which they were written.
    found.values_mut().for_each(|places| places.sort_by_key(|(lsn, _, _)| *lsn));
    let mut reader = Reader { snapshot, extents: &extents, block: None };
    if spec.keys.is_empty() {
        let chosen = spread(found.into_values().collect(), spec.samples);
        return chosen.into_iter().map(|places| reader.row(&places, &[])).collect();
    }
    let mut complete = Vec::new();
    for places in found.into_values() {
        let row = reader.row(&places, &spec.keys)?;
        if row.as_map().is_some_and(|members| members.len() == spec.keys.len()) {
            complete.push(row);
        }
    }
    Ok(spread(complete, spec.samples))
}

/// Reads rows, keeping the block it used last: neighbours mostly share it.
struct Reader<'a> {
    snapshot: &'a Snapshot,
    extents: &'a [Extent],
    block: Option<(usize, Block)>,
}

impl Reader<'_> {
    fn row(&mut self, places: &Places, keys: &[String]) -> Result<Value, Refusal> {
        let mut members: Vec<(Box<str>, Value)> = Vec::new();
        for (_, index, row) in places {
            for (name, cell) in self.block(*index)?.row(*row) {
                if !keys.is_empty() && !keys.iter().any(|key| key == name) {
                    continue;
                }
                match members.iter_mut().find(|(known, _)| **known == *name) {
                    Some((_, value)) => *value = cell.to_value(),
                    None => members.push((name.into(), cell.to_value())),
                }
            }
        }
        Ok(Value::Map(members))
    }

    fn block(&mut self, index: usize) -> Result<&Block, Refusal> {
        let gone = || Refusal::unavailable("the rows are not where they are indexed");
        if self.block.as_ref().is_none_or(|(known, _)| *known != index) {
            let extent = self.extents.get(index).ok_or_else(gone)?;
            self.block = Some((index, self.snapshot.rows(extent)?.block));
        }
        self.block.as_ref().map(|(_, block)| block).ok_or_else(gone)
    }
}

/// At most `count` of the items, evenly spread, the first and the last among them.
fn spread<T>(items: Vec<T>, count: Option<usize>) -> Vec<T> {
    let Some(count) = count.filter(|count| *count < items.len()) else { return items };
    let (last, gaps) = (items.len() - 1, count.saturating_sub(1).max(1));
    let mut chosen = (0..count).map(|place| place * last / gaps).peekable();
    let is_chosen = |(index, item)| (chosen.next_if_eq(&index).is_some()).then_some(item);
    items.into_iter().enumerate().filter_map(is_chosen).collect()
}

/// The row at the highest line that has cells, as JSON; of a run that goes on from another one and has none of
/// its own, the row of the highest step.
pub(super) fn last_row(snapshot: &Snapshot, run: &Run, kind: StreamKind) -> Result<Option<String>, Refusal> {
    let mut extents = snapshot.own_extents(run, kind)?;
    if extents.is_empty() && kind == StreamKind::History && run.origin.is_some() {
        let spec = Spec { min_step: run.last_step, ..Spec::default() };
        return Ok(rows(snapshot, run, kind, &spec)?.last().map(Value::to_json));
    }
    extents.sort_by_key(|extent| std::cmp::Reverse(extent.end_line));
    let mut last: Option<(u64, Places)> = None;
    for (index, extent) in extents.iter().enumerate() {
        // No line of this one or of those behind it is as high.
        if last.as_ref().is_some_and(|(line, _)| extent.end_line <= *line) {
            break;
        }
        let piece = snapshot.rows(extent)?;
        for (row, _) in (0u32..).zip(piece.rows_there()).filter(|(_, there)| *there) {
            let (line, place) = (piece.line(row), (piece.lsn(row), index, row));
            match &mut last {
                Some((highest, places)) if *highest == line => places.push(place),
                Some((highest, _)) if *highest > line => {}
                _ => last = Some((line, vec![place])),
            }
        }
    }
    let Some((_, mut places)) = last else { return Ok(None) };
    places.sort_by_key(|(lsn, _, _)| *lsn);
    let row = Reader { snapshot, extents: &extents, block: None }.row(&places, &[])?;
    Ok(Some(row.to_json()))
}

/// A tail as the client reads it: a JSON array of JSON texts.
pub(super) fn tail(last: Option<String>) -> String {
    serde_json::Value::from_iter(last).to_string()
}

/// The key catalogue of a run; null before the first row.
pub(super) fn keys(run: &Run) -> Option<serde_json::Value> {
    let last_step = run.last_step?;
    let mut keys = serde_json::Map::new();
    for (key, stats) in &run.history.keys {
        let kind = kind_name(stats.kinds);
        let previous =
            run.summary.lookup(key).and_then(|value| serde_json::from_str(&value.to_strict_json()).ok());
        let entry = json!({
            "typeCounts": [{ "type": kind, "count": stats.points }],
            "monotonic": false,
            "previousValue": previous.unwrap_or(serde_json::Value::Null),
        });
        keys.insert(key.to_string(), entry);
    }
    Some(json!({ "keys": keys, "lastStep": last_step, "sets": [] }))
}

fn kind_name(kinds: Kinds) -> &'static str {
    if kinds.has(Kinds::NESTED) {
        "map"
    } else if kinds.has(Kinds::TEXT) {
        "string"
    } else if kinds.has(Kinds::BOOL) {
        "boolean"
    } else {
        "number"
    }
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn a_sample_keeps_the_ends_and_has_the_size_asked() {
        let items: Vec<usize> = (0..1000).collect();
        for count in [1, 2, 3, 7, 500, 999, 1000, 2000] {
            let chosen = spread(items.clone(), Some(count));
            assert_eq!(chosen.len(), count.min(1000));
            assert_eq!(chosen.first(), Some(&0));
            if count > 1 {
                assert_eq!(chosen.last(), Some(&999));
            }
        }
        assert_eq!(spread(items.clone(), None).len(), 1000);
        assert!(spread(items, Some(0)).is_empty());
    }
}
