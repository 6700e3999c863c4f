//! From extents of the log to rows: last write wins.
//!
//! ```text
//!  extents, in log order          clusters of one writer          rows
//!  steps 0..9    10..19  8..12    {0..9, 10..19, 8..12}           0,1,…19   each from the last block
//!  steps 20..29                   {20..29}                        20…29     that has a cell for it
//! ```
//!
//! What holds:
//! - Rows of a run come by writer, then by position; each position occurs once.
//! - Extents whose positions do not overlap are never held in memory together.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::Result;
use engine::{Cell, Extent, Piece, Run, RunHead, Snapshot, Space, StreamKind, Table};

use crate::scan::{Filters, outside};

/// The blocks that some rows of one run and writer consist of.
pub(super) struct Cluster {
    pub(super) run: Arc<RunHead>,
    pub(super) writer: Arc<str>,
    /// The blocks, later writes of a position behind earlier ones, each with where its rows went.
    pub(super) blocks: Vec<Placed>,
    /// The position of each row: a step, or the line of a sample.
    pub(super) positions: Vec<i64>,
}

/// Rows that stand together, and for each of them the row of the cluster that it became.
#[derive(Clone)]
pub(super) struct Placed {
    pub(super) piece: Arc<Piece>,
    pub(super) places: Vec<Option<usize>>,
}

/// Extents whose positions touch, in log order.
pub(super) struct Group {
    pub(super) writer: Arc<str>,
    pub(super) extents: Vec<Extent>,
}

impl Group {
    /// How many rows it may have.
    pub(super) fn lines(&self) -> usize {
        self.extents.iter().map(|extent| extent.rows as usize).sum()
    }
}

/// The table of a space.
pub(crate) fn table_of(run: &Run, space: Space) -> &Table {
    if space == Space::System { &run.system } else { &run.history }
}

/// The stream of a space.
pub(crate) fn stream_of(space: Space) -> StreamKind {
    if space == Space::System { StreamKind::System } else { StreamKind::History }
}

/// Parts a run's extents into groups that are read one after the other; of rows that hold one key
/// alone only those of `roots` are needed.
pub(super) fn groups(extents: &[Extent], space: Space, filters: &Filters, roots: &[Arc<str>]) -> Vec<Group> {
    let mut by_writer: BTreeMap<&Arc<str>, Vec<(i64, i64, &Extent)>> = BTreeMap::new();
    for extent in extents {
        if extent.key.as_ref().is_some_and(|key| !roots.contains(key)) {
            continue;
        }
        let Some((low, high)) = range(extent, space) else { continue };
        if space != Space::History || filters.overlaps(low, high) {
            by_writer.entry(&extent.writer).or_default().push((low, high, extent));
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for (writer, mut extents) in by_writer {
        extents.sort_by_key(|(low, _, extent)| (*low, extent.lsn));
        let mut end: Option<i64> = None;
        for (low, high, extent) in extents {
            match groups.last_mut().filter(|_| end.is_some_and(|end| low <= end)) {
                Some(group) => group.extents.push(extent.clone()),
                None => groups.push(Group { writer: Arc::clone(writer), extents: vec![extent.clone()] }),
            }
            end = Some(end.map_or(high, |end| end.max(high)));
        }
    }
    groups.iter_mut().for_each(|group| group.extents.sort_by_key(|extent| extent.lsn));
    groups
}

/// The positions of an extent's rows; none if it has no rows.
fn range(extent: &Extent, space: Space) -> Option<(i64, i64)> {
    if space == Space::History {
        return extent.steps;
    }
    let first = i64::try_from(extent.first_line).ok()?;
    let last = i64::try_from(extent.end_line.checked_sub(1)?).unwrap_or(i64::MAX);
    (extent.rows > 0).then_some((first, last))
}

/// Reads a group's rows with the cells of some keys.
pub(super) fn read(
    snapshot: &Snapshot,
    run: &Arc<RunHead>,
    space: Space,
    group: Group,
    roots: &[Arc<str>],
) -> Result<Cluster> {
    let mut written: Vec<(i64, u64, usize, usize)> = Vec::with_capacity(group.lines());
    let mut blocks = Vec::with_capacity(group.extents.len());
    for (index, extent) in group.extents.iter().enumerate() {
        let piece = snapshot.rows_of(extent, roots).map_err(outside)?;
        for (row, position) in positions(&piece, space) {
            written.push((position, piece.lsn(row).0, index, row as usize));
        }
        let places = vec![None; piece.block.rows() as usize];
        blocks.push(Placed { piece: Arc::new(piece), places });
    }
    // Of one position the write that came last stands last.
    written.sort_by_key(|(position, lsn, _, _)| (*position, *lsn));
    let mut positions = Vec::with_capacity(written.len());
    // Blocks are laid over each other in their order. Where of one position a later write stands in an
    // earlier block, as it may in table files, the blocks are laid once more over those.
    let mut layers: Vec<Vec<Placed>> = Vec::new();
    let (mut layer, mut before) = (0, 0);
    for (position, _, index, row) in written {
        if positions.last() != Some(&position) {
            positions.push(position);
            (layer, before) = (0, 0);
        }
        layer += usize::from(index < before);
        before = index;
        if layers.len() <= layer {
            layers.push(blocks.clone());
        }
        let placed = layers.get_mut(layer).and_then(|blocks| blocks.get_mut(index));
        if let Some(place) = placed.and_then(|placed| placed.places.get_mut(row)) {
            *place = Some(positions.len() - 1);
        }
    }
    let blocks = layers.into_iter().flatten().collect();
    Ok(Cluster { run: Arc::clone(run), writer: group.writer, blocks, positions })
}

/// The rows that are there, with their positions.
fn positions(piece: &Piece, space: Space) -> Vec<(u32, i64)> {
    if space == Space::History {
        let steps = piece.block.cells("_step");
        return steps
            .filter_map(|(row, cell)| match cell {
                Cell::Int(step) => Some((row, step)),
                _ => None,
            })
            .collect();
    }
    let rows = (0u32..).zip(piece.rows_there()).filter(|(_, there)| *there);
    rows.map(|(row, _)| (row, i64::try_from(piece.line(row)).unwrap_or(i64::MAX))).collect()
}

/// A time of the client's, in seconds with a fraction, as nanoseconds. Its decimal digits are kept:
/// a float of today's seconds has six of them, and no more is meant.
pub(crate) fn time_of(cell: Cell<'_>) -> Option<i64> {
    let seconds = match cell {
        Cell::Int(seconds) => return seconds.checked_mul(1_000_000_000),
        Cell::Float(seconds) => seconds,
        _ => return None,
    };
    let micros = (seconds * 1e6).round();
    let (number, factor) =
        if micros / 1e6 == seconds { (micros, 1_000) } else { ((seconds * 1e9).round(), 1) };
    // Beyond this the product would not fit, and no clock says so.
    if !number.is_finite() || number.abs() > 9e15 * if factor == 1 { 1e3 } else { 1.0 } {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and within range, checked above")]
    let whole = number as i64;
    whole.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_seconds_keep_their_digits() {
        assert_eq!(time_of(Cell::Float(1_700_000_000.123_456)), Some(1_700_000_000_123_456_000));
        assert_eq!(time_of(Cell::Int(5)), Some(5_000_000_000));
        assert_eq!(time_of(Cell::Float(f64::NAN)), None);
        assert_eq!(time_of(Cell::Float(1e300)), None);
        assert_eq!(time_of(Cell::Text("now")), None);
    }
}
