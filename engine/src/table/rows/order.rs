//! The order of the rows of a run and writer, and rows of several parts brought into it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

use super::Piece;
use crate::error::Result;
use crate::event::Cell;
use crate::id::Lsn;

/// By what the rows of a run and writer are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// By `_step`: history.
    Step,
    /// By line: samples and the console.
    Line,
}

impl Order {
    /// The lowest and highest position of the rows that have a cell; none where no row has.
    pub(crate) fn range(self, piece: &Piece, key: Option<&str>) -> Option<(i64, i64)> {
        let positions = self.positions(piece, key).into_iter().map(|(position, _)| (position, position));
        positions.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// The position of each row that has a cell.
    pub(super) fn positions(self, piece: &Piece, key: Option<&str>) -> Vec<(i64, u32)> {
        let there = piece.rows_with(key);
        let rows = (0u32..).zip(there).filter_map(|(row, there)| there.then_some(row));
        match self {
            Self::Line => rows.map(|row| (i64::try_from(piece.line(row)).unwrap_or(i64::MAX), row)).collect(),
            Self::Step => {
                // A row without a step stands before all that have one.
                let mut steps = vec![i64::MIN; piece.block.rows() as usize];
                for (row, cell) in piece.block.columns_of("_step").flat_map(|column| column.iter()) {
                    if let (Some(slot), Cell::Int(step)) = (steps.get_mut(row as usize), cell) {
                        *slot = step;
                    }
                }
                rows.map(|row| (steps.get(row as usize).copied().unwrap_or(i64::MIN), row)).collect()
            }
        }
    }
}

/// Where a row stands: by position; of one position the write that came last stands last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) position: i64,
    pub(super) lsn: Lsn,
    pub(super) line: u64,
    /// In its piece.
    pub(super) row: u32,
}

/// A piece of which some rows wait.
pub(super) struct Source {
    pub(super) piece: Arc<Piece>,
    /// A row group, and which of its pieces this one is.
    pub(super) known: Option<(u64, u32)>,
    /// Bytes of a row, as the mean of the piece is.
    pub(super) row_bytes: usize,
    rows: std::vec::IntoIter<Place>,
}

/// The rows of pieces that overlap, in their order.
#[derive(Default)]
pub(super) struct Waiting {
    /// The first row of each source that has one.
    next: BinaryHeap<Reverse<(Place, usize)>>,
    sources: Vec<Option<Source>>,
}

impl Waiting {
    /// Adds the rows of a piece; with a key those that have a cell of it.
    pub(super) fn add(&mut self, piece: Arc<Piece>, order: Order, key: Option<&str>) {
        let place = |(position, row)| Place { position, lsn: piece.lsn(row), line: piece.line(row), row };
        let mut rows: Vec<Place> = order.positions(&piece, key).into_iter().map(place).collect();
        if !rows.is_sorted() {
            rows.sort_unstable();
        }
        let row_bytes = piece.block.byte_len() / (piece.block.rows() as usize).max(1);
        let mut rows = rows.into_iter();
        if let Some(first) = rows.next() {
            self.next.push(Reverse((first, self.sources.len())));
            self.sources.push(Some(Source { piece, known: None, row_bytes, rows }));
        }
    }

    /// Takes the rows before a position, or all of them, and lets go of the pieces that have no more.
    pub(super) fn take(
        &mut self,
        before: Option<i64>,
        mut each: impl FnMut(Place, &mut Source) -> Result<()>,
    ) -> Result<()> {
        while let Some(mut top) = self.next.peek_mut() {
            let Reverse((place, index)) = *top;
            if before.is_some_and(|before| place.position >= before) {
                break;
            }
            let Some(slot) = self.sources.get_mut(index) else { break };
            let Some(source) = slot else { break };
            each(place, source)?;
            match source.rows.next() {
                Some(next) => *top = Reverse((next, index)),
                None => {
                    *slot = None;
                    PeekMut::pop(top);
                }
            }
        }
        if self.next.is_empty() {
            self.sources.clear();
        }
        Ok(())
    }
}
