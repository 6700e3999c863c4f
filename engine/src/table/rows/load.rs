//! Loading parts one after the other: what stands in table files many at a time, since a file gives
//! the rows of neighbouring entries for little more than those of one.
//!
//! What holds: no more than about [`AHEAD_BYTES`] are loaded ahead, unless one part is larger.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{Part, PartRows, Piece, Wanted};
use crate::error::{Error, Result};
use crate::event::Block;
use crate::table::index::Entry;
use crate::table::{Table, TableId};

/// Bytes of rows that are loaded before they are asked for.
const AHEAD_BYTES: u64 = 32 << 20;

/// An entry of a table file, and which of the parts it is.
type Placed<'a> = (usize, &'a Arc<Table>, &'a Entry);

/// The pieces of parts, in the order of the parts.
pub(crate) struct Loader<'a> {
    rest: &'a [Part],
    wanted: Wanted<'a>,
    ready: VecDeque<Arc<Piece>>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(parts: &'a [Part], wanted: Wanted<'a>) -> Self {
        Self { rest: parts, wanted, ready: VecDeque::new() }
    }

    /// The rows of the next part.
    ///
    /// # Errors
    ///
    /// `Damaged` when a file does not hold what it held; `Io`.
    pub(crate) fn next(&mut self) -> Result<Arc<Piece>> {
        if self.ready.is_empty() {
            self.load()?;
        }
        self.ready.pop_front().ok_or_else(|| Error::damaged("rows are missing"))
    }

    fn load(&mut self) -> Result<()> {
        let ahead = self.ahead()?;
        if ahead.is_empty() {
            let Some((part, rest)) = self.rest.split_first() else { return Ok(()) };
            self.rest = rest;
            self.ready.push_back(in_memory(part)?);
            return Ok(());
        }
        self.rest = self.rest.get(ahead.len()..).unwrap_or_default();
        let mut by_file: BTreeMap<TableId, Vec<Placed<'_>>> = BTreeMap::new();
        for (place, (table, entry)) in ahead.iter().enumerate() {
            by_file.entry(table.meta.id).or_default().push((place, *table, *entry));
        }
        let mut pieces: Vec<Option<Arc<Piece>>> = vec![None; ahead.len()];
        for mut of_file in by_file.into_values() {
            of_file.sort_by_key(|(_, _, entry)| entry.first_row);
            let Some((_, table, _)) = of_file.first() else { continue };
            let entries: Vec<&Entry> = of_file.iter().map(|(_, _, entry)| *entry).collect();
            for ((place, _, _), piece) in of_file.iter().zip(table.read_many(&entries, self.wanted)?) {
                if let Some(slot) = pieces.get_mut(*place) {
                    *slot = Some(Arc::new(piece));
                }
            }
        }
        self.ready.extend(pieces.into_iter().flatten());
        Ok(())
    }

    /// The next parts that stand in table files, as many as are loaded at once.
    fn ahead(&self) -> Result<Vec<(&'a Arc<Table>, &'a Entry)>> {
        let (mut ahead, mut bytes) = (Vec::new(), 0u64);
        for part in self.rest {
            let PartRows::Stored(table, entry) = &part.rows else { break };
            bytes = bytes.saturating_add(table.bytes_of(entry)?);
            if !ahead.is_empty() && bytes > AHEAD_BYTES {
                break;
            }
            ahead.push((table, &**entry));
        }
        Ok(ahead)
    }
}

/// The rows of a part that needs no table file.
fn in_memory(part: &Part) -> Result<Arc<Piece>> {
    match &part.rows {
        PartRows::Logged { lsn, first_line, block } => {
            let block = Block::parse(block.clone())
                .map_err(|error| Error::damaged(format!("event {lsn} holds no rows: {error}")))?;
            Ok(Arc::new(Piece::logged(block, *lsn, *first_line)))
        }
        PartRows::Gathered(piece) => Ok(Arc::clone(piece)),
        PartRows::Stored(table, entry) => Ok(Arc::new(table.read(entry, Wanted::All)?)),
    }
}
