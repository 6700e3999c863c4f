//! The index of a file of rows: which rows belong to which run.
//!
//! ```text
//!  0         4         8
//!  ┌─────────┬─────────┬───────────────────────────────┬──────────────────┐
//!  │ entries │ names   │ entries, 88 bytes each, by run │ names: len u32,  │
//!  │ u32     │ u32     │                               │ bytes, each      │
//!  └─────────┴─────────┴───────────────────────────────┴──────────────────┘
//!  entry:  run's ordinal u32 │ writer u32 (a name) │ key u32 (a name, or all ones) │ flags u32 │
//!          first row u64 │ rows u64 │ lsn, first and last: u64 2× │ line, first and behind the last:
//!          u64 2× │ step, lowest and highest: i64 2× │ reserved u64
//! ```
//!
//! What holds:
//! - Entries rise by (ordinal, writer's place, first row) and their rows do not overlap.
//! - An entry has at most [`ENTRY_ROWS_MAX`] rows, so that who reads one holds little.
//! - It is searched where it lies: nothing is built from it in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::id::Lsn;

/// Rows of one entry.
pub(crate) const ENTRY_ROWS_MAX: usize = 16 << 10;
const HEADER_LEN: usize = 8;
const ENTRY_LEN: usize = 88;
const _: () = assert!(ENTRY_LEN == 4 * 4 + 9 * 8, "the drawing above");
const NO_KEY: u32 = u32::MAX;
const HAS_STEPS: u32 = 1;
const STEPS_RISE: u32 = 2;

/// Rows of one run and writer that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) ordinal: u32,
    pub(crate) writer: Arc<str>,
    /// The one key that the rows are of, in the long layout.
    pub(crate) key: Option<Arc<str>>,
    pub(crate) first_row: u64,
    pub(crate) rows: u64,
    pub(crate) lsns: (Lsn, Lsn),
    /// The lowest line and the one behind the highest.
    pub(crate) lines: (u64, u64),
    pub(crate) steps: Option<(i64, i64)>,
    /// Whether every row has a step, above that of the row before it. Files of earlier releases do not say so.
    pub(crate) steps_rise: bool,
}

/// Lays out an index.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    entries: Vec<u8>,
    count: u32,
    names: Vec<Arc<str>>,
    places: BTreeMap<Arc<str>, u32>,
}

impl Builder {
    /// Adds the entry behind the ones before it.
    pub(crate) fn push(&mut self, entry: &Entry) {
        let writer = self.name(&entry.writer);
        let key = entry.key.as_ref().map_or(NO_KEY, |key| self.name(key));
        let flag = |holds: bool, flag: u32| if holds { flag } else { 0 };
        let flags = flag(entry.steps.is_some(), HAS_STEPS) | flag(entry.steps_rise, STEPS_RISE);
        for number in [entry.ordinal, writer, key, flags] {
            self.entries.extend_from_slice(&number.to_le_bytes());
        }
        let (low, high) = entry.steps.unwrap_or_default();
        let (first, last) = entry.lsns;
        for number in [entry.first_row, entry.rows, first.0, last.0, entry.lines.0, entry.lines.1] {
            self.entries.extend_from_slice(&number.to_le_bytes());
        }
        for number in [low, high, 0] {
            self.entries.extend_from_slice(&number.to_le_bytes());
        }
        self.count += 1;
    }

    fn name(&mut self, name: &Arc<str>) -> u32 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = u32::try_from(self.names.len()).unwrap_or(NO_KEY);
        self.names.push(Arc::clone(name));
        self.places.insert(Arc::clone(name), place);
        place
    }

    /// The bytes.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_LEN + self.entries.len());
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&u32::try_from(self.names.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&self.entries);
        for name in &self.names {
            out.extend_from_slice(&u32::try_from(name.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend_from_slice(name.as_bytes());
        }
        out
    }
}

/// An index being searched.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    entries: Bytes,
    names: Vec<Arc<str>>,
}

impl Index {
    /// Reads the names and checks the lengths; entries are read when they are asked for.
    ///
    /// # Errors
    ///
    /// `Damaged`.
    pub(crate) fn read(bytes: &Bytes) -> Result<Self> {
        Self::parse(bytes).ok_or_else(|| Error::damaged("the index of a table file is not one"))
    }

    fn parse(bytes: &Bytes) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<HEADER_LEN>()?;
        let [count, names] = *head.as_chunks::<4>().0 else { return None };
        let (count, names) = (u32::from_le_bytes(count) as usize, u32::from_le_bytes(names) as usize);
        let entries = count.checked_mul(ENTRY_LEN)?;
        let mut rest = rest.get(entries..)?;
        let mut read = Vec::new();
        for _ in 0..names {
            let (len, behind) = rest.split_first_chunk::<4>()?;
            let (name, behind) = behind.split_at_checked(u32::from_le_bytes(*len) as usize)?;
            read.push(Arc::from(std::str::from_utf8(name).ok()?));
            rest = behind;
        }
        rest.is_empty().then(|| Self { entries: bytes.slice(HEADER_LEN..HEADER_LEN + entries), names: read })
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() / ENTRY_LEN
    }

    /// The entry at a place.
    ///
    /// # Errors
    ///
    /// `Damaged` when it names what is not there, or has more rows than one may.
    pub(crate) fn entry(&self, place: usize) -> Result<Entry> {
        let entry = self.read_entry(place).filter(|entry| entry.rows <= ENTRY_ROWS_MAX as u64);
        entry.ok_or_else(|| Error::damaged(format!("entry {place} of the index of a table file is not one")))
    }

    fn read_entry(&self, place: usize) -> Option<Entry> {
        let bytes = self.entries.get(place * ENTRY_LEN..(place + 1) * ENTRY_LEN)?;
        let (small, large) = bytes.split_at_checked(16)?;
        let [ordinal, writer, key, flags] = *small.as_chunks::<4>().0 else { return None };
        let [first_row, rows, first, last, line, end, low, high, _] = *large.as_chunks::<8>().0 else {
            return None;
        };
        let key = u32::from_le_bytes(key);
        let key = if key == NO_KEY { None } else { Some(Arc::clone(self.names.get(key as usize)?)) };
        let steps = (i64::from_le_bytes(low), i64::from_le_bytes(high));
        let flags = u32::from_le_bytes(flags);
        Some(Entry {
            ordinal: u32::from_le_bytes(ordinal),
            writer: Arc::clone(self.names.get(u32::from_le_bytes(writer) as usize)?),
            key,
            first_row: u64::from_le_bytes(first_row),
            rows: u64::from_le_bytes(rows),
            lsns: (Lsn(u64::from_le_bytes(first)), Lsn(u64::from_le_bytes(last))),
            lines: (u64::from_le_bytes(line), u64::from_le_bytes(end)),
            steps: (flags & HAS_STEPS != 0).then_some(steps),
            steps_rise: flags & STEPS_RISE != 0,
        })
    }

    fn ordinal(&self, place: usize) -> Option<u32> {
        let bytes = self.entries.get(place * ENTRY_LEN..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*bytes))
    }

    /// The entries of a run; of each, what [`Index::entry`] gives.
    pub(crate) fn of_run(&self, ordinal: u32) -> impl Iterator<Item = Result<Entry>> + '_ {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.ordinal(middle).is_some_and(|found| found < ordinal) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low..self.len())
            .take_while(move |place| self.ordinal(*place) == Some(ordinal))
            .map(|place| self.entry(place))
    }

    /// All entries; of each, what [`Index::entry`] gives.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Result<Entry>> + '_ {
        (0..self.len()).map(|place| self.entry(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(ordinal: u32, first_row: u64) -> Entry {
        Entry {
            ordinal,
            writer: Arc::from("w"),
            key: (ordinal % 2 == 1).then(|| Arc::from(format!("key{ordinal}"))),
            first_row,
            rows: 10,
            lsns: (Lsn(5), Lsn(9)),
            lines: (0, 10),
            steps: (ordinal.is_multiple_of(3)).then_some((-1, 8)),
            steps_rise: ordinal.is_multiple_of(6),
        }
    }

    fn built() -> (Vec<Entry>, Vec<u8>) {
        let entries: Vec<Entry> =
            [0, 1, 1, 3, 7].into_iter().zip(0..).map(|(ordinal, at)| entry(ordinal, at * 10)).collect();
        let mut builder = Builder::default();
        entries.iter().for_each(|entry| builder.push(entry));
        (entries, builder.finish())
    }

    #[test]
    fn entries_come_back_and_are_found_by_run() {
        let (entries, bytes) = built();
        let index = Index::read(&bytes.into()).unwrap();
        assert_eq!(index.entries().collect::<Result<Vec<_>>>().unwrap(), entries);
        assert_eq!(index.of_run(1).count(), 2);
        assert_eq!(index.of_run(7).collect::<Result<Vec<_>>>().unwrap(), [entries[4].clone()]);
        assert_eq!(index.of_run(2).count() + index.of_run(8).count(), 0);
    }

    #[test]
    fn an_entry_that_is_not_one_is_damage_and_never_left_out() {
        let (_, bytes) = built();
        let writer = HEADER_LEN + ENTRY_LEN + 4;
        let rows = HEADER_LEN + ENTRY_LEN + 24;
        for (at, value) in [(writer, 9), (rows + 2, 1)] {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            let index = Index::read(&bytes.into()).unwrap();
            assert!(index.of_run(1).any(|entry| matches!(entry, Err(Error::Damaged(_)))), "byte {at}");
            assert_eq!(index.of_run(0).filter(Result::is_ok).count(), 1);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_an_index_or_an_error(at: proptest::sample::Index, byte: u8, cut: proptest::sample::Index) {
            let (_, mut bytes) = built();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(bytes.len() + 1));
            if let Ok(index) = Index::read(&bytes.into()) {
                index.entries().for_each(drop);
                index.of_run(1).for_each(drop);
            }
        }
    }
}
