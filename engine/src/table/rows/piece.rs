//! Rows on their way into a table file and out of it.

use std::sync::Arc;

use bytes::Bytes;

use super::{LONG_CELL, OWN_KEYS};
use crate::event::{Block, BlockBuilder, Cell, ConsoleLine};
use crate::id::Lsn;
use crate::table::Table;
use crate::table::index::Entry;

/// Rows of one run and writer, with the position and line of each.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The cells.
    pub block: Block,
    pub(crate) lsns: Numbers,
    pub(crate) lines: Numbers,
    /// It comes from a table file, which keeps no row without a cell; cells may have been left out.
    pub(crate) is_stored: bool,
}

/// A number for each row.
#[derive(Debug, Clone)]
pub(crate) enum Numbers {
    Same(u64),
    From(u64),
    Each(Vec<u64>),
}

impl Numbers {
    fn of(&self, row: u32) -> u64 {
        match self {
            Self::Same(number) => *number,
            Self::From(first) => first.saturating_add(row.into()),
            Self::Each(numbers) => numbers.get(row as usize).copied().unwrap_or_default(),
        }
    }
}

impl Piece {
    /// The rows of an event's block.
    pub(crate) fn logged(block: Block, lsn: Lsn, first_line: u64) -> Self {
        Self { block, lsns: Numbers::Same(lsn.0), lines: Numbers::From(first_line), is_stored: false }
    }

    /// Rows whose positions and lines are told one by one.
    pub(crate) fn gathered(block: Block, lsns: Vec<u64>, lines: Vec<u64>) -> Self {
        Self { block, lsns: Numbers::Each(lsns), lines: Numbers::Each(lines), is_stored: false }
    }

    /// Without the rows that were written behind a position.
    pub(crate) fn until(self, last: Lsn) -> Self {
        let keep: Vec<bool> = (0..self.block.rows()).map(|row| self.lsn(row) <= last).collect();
        self.keep(&keep)
    }

    /// Without the rows of later steps, and those of none.
    pub(crate) fn up_to_step(self, last: i64) -> Self {
        let mut keep = vec![false; self.block.rows() as usize];
        for (row, cell) in self.block.cells("_step") {
            if let (Some(keep), Cell::Int(step)) = (keep.get_mut(row as usize), cell) {
                *keep = step <= last;
            }
        }
        self.keep(&keep)
    }

    fn keep(self, keep: &[bool]) -> Self {
        if !keep.contains(&false) {
            return self;
        }
        let rows = |numbers: &Numbers| {
            let rows = (0u32..).zip(keep).filter(|(_, keep)| **keep);
            Numbers::Each(rows.map(|(row, _)| numbers.of(row)).collect())
        };
        let (lsns, lines) = (rows(&self.lsns), rows(&self.lines));
        Self { block: self.block.keep(keep), lsns, lines, is_stored: self.is_stored }
    }

    /// The position of the event that wrote a row.
    #[must_use]
    pub fn lsn(&self, row: u32) -> Lsn {
        Lsn(self.lsns.of(row))
    }

    /// The number of the line that a row was.
    #[must_use]
    pub fn line(&self, row: u32) -> u64 {
        self.lines.of(row)
    }

    /// Which rows had a cell when they were written; a line that could not be read left a row without any.
    #[must_use]
    pub fn rows_there(&self) -> Vec<bool> {
        self.rows_with(None)
    }

    /// Which rows had a cell of a key, or of any, when they were written.
    pub(super) fn rows_with(&self, key: Option<&str>) -> Vec<bool> {
        if self.is_stored {
            return vec![true; self.block.rows() as usize];
        }
        rows_there(&self.block, key)
    }
}

fn rows_there(block: &Block, key: Option<&str>) -> Vec<bool> {
    let counts = |name: &str| key.is_none_or(|key| key == name);
    if block.columns().any(|column| counts(column.name) && column.is_full()) {
        return vec![true; block.rows() as usize];
    }
    let mut there = vec![false; block.rows() as usize];
    for row in block.columns().filter(|column| counts(column.name)).flat_map(|column| column.rows()) {
        if let Some(slot) = there.get_mut(row as usize) {
            *slot = true;
        }
    }
    there
}

/// Which cells of a row are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted<'a> {
    /// All of them.
    All,
    /// Those of these keys, and what every row says of itself.
    Keys(&'a [Arc<str>]),
}

impl Wanted<'_> {
    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Keys(keys) => {
                OWN_KEYS.contains(&name) || name == LONG_CELL || keys.iter().any(|key| **key == *name)
            }
        }
    }
}

/// Rows that will stand in a table file.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) ordinal: u32,
    pub(crate) writer: Arc<str>,
    /// The key whose cells alone are meant, in the long layout.
    pub(crate) key: Option<Arc<str>>,
    /// The lowest and highest position: of steps or of lines, as the file is sorted.
    pub(crate) range: (i64, i64),
    pub(crate) rows: PartRows,
}

/// Where a part's rows come from.
#[derive(Debug, Clone)]
pub(crate) enum PartRows {
    /// A block of the log.
    Logged { lsn: Lsn, first_line: u64, block: Bytes },
    /// Rows that were gathered from several.
    Gathered(Arc<Piece>),
    /// Rows of another table file.
    Stored(Arc<Table>, Arc<Entry>),
}

impl Part {
    /// How many rows it has; none where its block tells.
    pub(crate) fn stored_rows(&self) -> Option<u64> {
        match &self.rows {
            PartRows::Logged { .. } => None,
            PartRows::Gathered(piece) => Some(piece.block.rows().into()),
            PartRows::Stored(_, entry) => Some(entry.rows),
        }
    }

    /// The positions of the events that wrote its rows lie between these.
    pub(crate) fn lsns(&self) -> (Lsn, Lsn) {
        match &self.rows {
            PartRows::Logged { lsn, .. } => (*lsn, *lsn),
            PartRows::Stored(_, entry) => entry.lsns,
            PartRows::Gathered(piece) => {
                let mut lsns = (0..piece.block.rows()).map(|row| piece.lsn(row));
                let first = lsns.next().unwrap_or(Lsn(0));
                lsns.fold((first, first), |(low, high), lsn| (low.min(lsn), high.max(lsn)))
            }
        }
    }
}

/// Lines of the console as a block.
pub(crate) fn console_block(lines: &[ConsoleLine]) -> Bytes {
    let mut builder = BlockBuilder::new();
    for line in lines {
        builder.begin_row();
        if let Some(time) = line.time {
            builder.push_int("time", time);
        }
        builder.push("is_stderr", &crate::event::Value::Bool(line.is_stderr));
        if !line.label.is_empty() {
            builder.push_text("label", &line.label);
        }
        builder.push_text("text", &line.text);
    }
    builder.finish()
}

/// The lines that [`console_block`] laid out.
pub(crate) fn console_lines(block: &Block) -> Vec<ConsoleLine> {
    let mut lines: Vec<ConsoleLine> = (0..block.rows())
        .map(|_| ConsoleLine { time: None, is_stderr: false, label: "".into(), text: "".into() })
        .collect();
    for column in block.columns() {
        for (row, cell) in column.iter() {
            let Some(line) = lines.get_mut(row as usize) else { continue };
            match (column.name, cell) {
                ("time", Cell::Int(time)) => line.time = Some(time),
                ("is_stderr", Cell::Bool(is_stderr)) => line.is_stderr = is_stderr,
                ("label", Cell::Text(label)) => line.label = label.into(),
                ("text", Cell::Text(text)) => line.text = text.into(),
                _ => {}
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn console_lines_come_back_from_their_block() {
        let line = |time, is_stderr, label: &str, text: &str| ConsoleLine {
            time,
            is_stderr,
            label: label.into(),
            text: text.into(),
        };
        let lines =
            [line(Some(5), false, "", "a"), line(None, true, "node-1", ""), line(None, false, "", "é\u{1b}")];
        let block = Block::parse(console_block(&lines)).unwrap();
        assert_eq!(console_lines(&block), lines);
    }
}
