//! A chunk that begins below the stream's next line and is no known retry: its rows are compared
//! with those that stand (DESIGN 4).
//!
//! What holds: a row that equals what stands at its line is not stored again. Equal rows at the
//! chunk's ends are cut off, equal ones between others leave an empty place.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use engine::{Block, BlockBuilder, Cell, Lsn, Piece, Run, Snapshot, StreamKind, Value};

use super::rows::RowBlock;

/// The part of a chunk that says something new.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) first_line: u64,
    pub(super) rows: u32,
    pub(super) block: Bytes,
}

/// The rows that stand at a range of lines of a stream: of each line the one written last.
pub(super) struct Standing {
    pieces: Vec<Piece>,
    /// Line to position and to the rows that have its cells: a row's rare keys may stand apart.
    lines: BTreeMap<u64, (Lsn, Vec<(usize, u32)>)>,
    /// The line behind the highest that was ever written.
    end_line: u64,
}

impl Standing {
    /// Reads them. A writer's extents that lie outside the range are not touched.
    pub(super) fn read(
        snapshot: &Snapshot,
        (run, kind): (&Run, StreamKind),
        writer: &str,
        range: Range<u64>,
    ) -> Result<Self, engine::Error> {
        let mut standing = Self { pieces: Vec::new(), lines: BTreeMap::new(), end_line: 0 };
        for extent in snapshot.own_extents(run, kind)?.iter().filter(|extent| *extent.writer == *writer) {
            standing.end_line = standing.end_line.max(extent.end_line);
            if extent.first_line < range.end && extent.end_line > range.start {
                standing.add(snapshot.rows(extent)?, &range);
            }
        }
        Ok(standing)
    }

    fn add(&mut self, piece: Piece, range: &Range<u64>) {
        let index = self.pieces.len();
        let there = (0u32..).zip(piece.rows_there()).filter(|(_, there)| *there);
        for (row, _) in there.filter(|(row, _)| range.contains(&piece.line(*row))) {
            let lsn = piece.lsn(row);
            let line = self.lines.entry(piece.line(row)).or_insert_with(|| (lsn, Vec::new()));
            match line.0.cmp(&lsn) {
                Ordering::Less => *line = (lsn, vec![(index, row)]),
                Ordering::Equal => line.1.push((index, row)),
                Ordering::Greater => {}
            }
        }
        self.pieces.push(piece);
    }

    /// The cells at a line.
    fn row(&self, line: u64) -> Option<Vec<(&str, Cell<'_>)>> {
        let (_, places) = self.lines.get(&line)?;
        let mut cells: Vec<(&str, Cell<'_>)> = Vec::new();
        let pieces = places.iter().filter_map(|(index, row)| Some((self.pieces.get(*index)?, *row)));
        for (name, cell) in pieces.flat_map(|(piece, row)| piece.block.row(row)) {
            if cells.iter().all(|(known, _)| *known != name) {
                cells.push((name, cell));
            }
        }
        (!cells.is_empty()).then_some(cells)
    }
}

/// What of a chunk is new; none if all of it stands already.
pub(super) fn rest(
    standing: &Standing,
    first_line: u64,
    rows: &RowBlock,
) -> Result<Option<Rest>, engine::BlockError> {
    let block = Block::parse(rows.block.clone())?;
    let is_new = |row: u32| {
        let lacks_step = rows.stepless.binary_search(&row).is_ok();
        let is_bad = rows.bad.binary_search_by_key(&row, |bad| bad.index).is_ok();
        // A line that cannot be read is in quarantine since it first came; it overwrites nothing.
        let is_past = standing.end_line <= first_line + u64::from(row);
        is_past
            || (!is_bad
                && !same(standing.row(first_line + u64::from(row)), block.row(row).collect(), lacks_step))
    };
    let fresh: Vec<bool> = (0..rows.rows).map(is_new).collect();
    let (Some(first), Some(last)) = (fresh.iter().position(|new| *new), fresh.iter().rposition(|new| *new))
    else {
        return Ok(None);
    };
    let mut builder = BlockBuilder::new();
    for (row, is_new) in (0u32..).zip(&fresh).take(last + 1).skip(first) {
        builder.begin_row();
        if *is_new {
            block.row(row).for_each(|(name, cell)| builder.push_cell(name, cell));
        }
    }
    Ok(Some(Rest { first_line: first_line + first as u64, rows: builder.rows(), block: builder.finish() }))
}

/// Gives rows that came without a step the one after the row before, the first one the step after
/// the run's last.
pub(super) fn with_steps(
    block: &Bytes,
    stepless: &[u32],
    last_step: Option<i64>,
) -> Result<Bytes, engine::BlockError> {
    let block = Block::parse(block.clone())?;
    let (mut builder, mut last) = (BlockBuilder::new(), last_step);
    for row in 0..block.rows() {
        builder.begin_row();
        let mut cells = 0;
        for (name, cell) in block.row(row) {
            cells += 1;
            if let ("_step", Cell::Int(step)) = (name, cell) {
                last = last.max(Some(step));
            }
            builder.push_cell(name, cell);
        }
        if cells > 0 && stepless.binary_search(&row).is_ok() {
            let next = last.map_or(0, |last| last.saturating_add(1));
            builder.push_int("_step", next);
            last = Some(next);
        }
    }
    Ok(builder.finish())
}

fn same(standing: Option<Vec<(&str, Cell<'_>)>>, new: Vec<(&str, Cell<'_>)>, lacks_step: bool) -> bool {
    let standing = standing.unwrap_or_default();
    let given = standing.iter().filter(|(name, _)| !(lacks_step && *name == "_step")).count();
    given == new.len()
        && new.iter().all(|(name, cell)| {
            standing.iter().any(|(known, standing)| known == name && same_cell(*standing, *cell))
        })
}

/// Whether an integer or float is a property of its block: 1 and 1.0 are the same number.
fn same_cell(a: Cell<'_>, b: Cell<'_>) -> bool {
    let as_float = |cell| match cell {
        Cell::Int(int) if int.unsigned_abs() <= 1 << 53 => Some(Value::Float(int as f64)),
        Cell::Float(float) => Some(Value::Float(float)),
        _ => None,
    };
    match (as_float(a), as_float(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.to_value() == b.to_value(),
    }
}
