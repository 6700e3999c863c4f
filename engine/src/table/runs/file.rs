//! A file of runs, open.

use std::sync::OnceLock;

use bytes::Bytes;

use super::{ERASED, FIXED, LEAF_BYTES_MAX, ORDINAL, SUPERSEDED, prefix};
use crate::compression;
use crate::error::{Error, Result};
use crate::event::{Block, BlockError, Cell, Column, Kind};
use crate::log::frame::Fields;
use crate::projection::{HIDDEN_KEY, Run, Space};
use crate::sync::{Arc, Mutex, PoisonError};
use crate::table::source::Source;

const INDEX_HEADER_LEN: usize = 8;
const GROUP_LEN: usize = 4 * 4 + 4 * 8;
const ID_LEN: usize = 8 + 4;
const PIECE_LEN: usize = 4 * 4;

/// A file of runs, open. Nothing but its index is read before it is asked for.
#[derive(Debug)]
pub(crate) struct RunFile {
    source: Arc<dyn Source>,
    pub(super) groups: Vec<Group>,
    ids: Bytes,
    /// The piece that was unpacked last: runs are mostly woken in their order.
    unpacked: Mutex<Option<Unpacked>>,
}

/// Where a piece stands and its bytes there, and what it was packed from.
type Unpacked = ((u64, u32), Arc<Vec<u8>>);

/// Runs of one chunk.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) chunk: u32,
    pub(super) rows: u32,
    pub(super) ordinals: (u32, u32),
    block: (u64, usize),
    states: (u64, usize),
    open: OnceLock<Opened>,
}

/// A block whose directory was checked and whose columns were not.
#[derive(Debug)]
struct Opened {
    block: Block,
    /// The places of its columns, by name.
    by_name: Vec<u32>,
}

/// What a file has of a key.
#[derive(Debug)]
pub(super) enum KeyCells<'a> {
    /// Its cells; none where no run has it.
    Plain(Option<Column<'a>>),
    /// It is a map in some run, or lies within a value: the runs themselves must be asked.
    Within,
}

impl RunFile {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// `Damaged` when the index is not one.
    pub(crate) fn open(source: Arc<dyn Source>, index: &Bytes) -> Result<Self> {
        Self::parse(source, index).ok_or_else(|| damaged("the index of a file of runs is not one"))
    }

    fn parse(source: Arc<dyn Source>, index: &Bytes) -> Option<Self> {
        let mut fields = Fields(index);
        let (groups, ids) = (fields.u32()? as usize, fields.u32()? as usize);
        let ids_at = groups.checked_mul(GROUP_LEN)?.checked_add(INDEX_HEADER_LEN)?;
        if ids.checked_mul(ID_LEN)?.checked_add(ids_at)? != index.len() {
            return None;
        }
        let groups = (0..groups)
            .map(|_| {
                let (chunk, rows) = (fields.u32()?, fields.u32()?);
                let ordinals = (fields.u32()?, fields.u32()?);
                let mut place = || Some((fields.u64()?, usize::try_from(fields.u64()?).ok()?));
                let (block, states) = (place()?, place()?);
                Some(Group { chunk, rows, ordinals, block, states, open: OnceLock::new() })
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Self { source, groups, ids: index.slice(ids_at..), unpacked: Mutex::default() })
    }

    /// How many runs it holds.
    pub(crate) fn rows(&self) -> u64 {
        self.groups.iter().map(|group| u64::from(group.rows)).sum()
    }

    /// The chunk of each group and how many runs of it there are.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.groups.iter().map(|group| (group.chunk, group.rows))
    }

    /// Calls `visit` with the ordinal of each run.
    pub(crate) fn each_ordinal(&self, mut visit: impl FnMut(u32)) -> Result<()> {
        for group in 0..self.groups.len() {
            let ordinals = self.ordinals(group)?;
            let ordinals = ordinals.ints().into_iter().flatten();
            ordinals.filter_map(|ordinal| u32::try_from(ordinal).ok()).for_each(&mut visit);
        }
        Ok(())
    }

    /// The ordinals of runs whose ids have a hash; those of other ids may be among them.
    pub(super) fn find(&self, hash: u64) -> impl Iterator<Item = u32> + '_ {
        let id = move |place: usize| -> Option<(u64, u32)> {
            let mut fields = Fields(self.ids.get(place * ID_LEN..(place + 1) * ID_LEN)?);
            Some((fields.u64()?, fields.u32()?))
        };
        let (mut low, mut high) = (0, self.ids.len() / ID_LEN);
        while low < high {
            let middle = usize::midpoint(low, high);
            if id(middle).is_some_and(|(found, _)| found < hash) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low..)
            .map_while(move |place| id(place).filter(|(found, _)| *found == hash))
            .map(|(_, ordinal)| ordinal)
    }

    fn opened(&self, group: usize) -> Result<(&Group, &Opened)> {
        let misfit =
            |error: BlockError| damaged(&format!("the columns of a file of runs do not parse: {error}"));
        let group = self.groups.get(group).ok_or_else(|| damaged("a file of runs lacks a group"))?;
        if let Some(opened) = group.open.get() {
            return Ok((group, opened));
        }
        let (at, len) = group.block;
        let head = self.source.bytes(at, Block::HEAD_LEN.min(len))?;
        let directory = Block::directory_len(&head).map_err(misfit)?.min(len);
        self.source.bytes(at, directory)?;
        let block = Block::parse_directory(self.source.unchecked(at, len)?).map_err(misfit)?;
        if block.rows() != group.rows {
            return Err(damaged("a group of a file of runs has other rows than its index says"));
        }
        let name = |place: &u32| block.name_at(*place as usize);
        let mut by_name: Vec<u32> = (0..u32::try_from(block.width()).unwrap_or(u32::MAX)).collect();
        by_name.sort_unstable_by(|a, b| name(a).cmp(name(b)));
        Ok((group, group.open.get_or_init(|| Opened { block, by_name })))
    }

    /// A column of a group.
    fn column(&self, group: usize, name: &str) -> Result<Option<Column<'_>>> {
        let (group, Opened { block, by_name }) = self.opened(group)?;
        let place = by_name.partition_point(|place| block.name_at(*place as usize) < name);
        let Some(place) = by_name.get(place).map(|place| *place as usize) else { return Ok(None) };
        if block.name_at(place) != name {
            return Ok(None);
        }
        // This checks the bytes that the column is about to be read from.
        let (start, end) = block.data_at(place);
        self.source.bytes(group.block.0 + start as u64, end - start)?;
        Ok(block.column_at(place))
    }

    /// A fixed column of a group.
    pub(super) fn fixed(&self, group: usize, column: &str) -> Result<Option<Column<'_>>> {
        self.column(group, &format!("{FIXED}{column}"))
    }

    /// The ordinals of a group, rising.
    pub(super) fn ordinals(&self, group: usize) -> Result<Column<'_>> {
        let column =
            self.column(group, ORDINAL)?.filter(|column| column.kind == Kind::Int && column.is_full());
        column.ok_or_else(|| damaged("a group of a file of runs has no ordinals"))
    }

    /// The rows of a group that a later generation stands before.
    pub(super) fn superseded(&self, group: usize) -> Result<impl Iterator<Item = u32> + '_> {
        Ok(self.column(group, SUPERSEDED)?.into_iter().flat_map(|column| column.rows()))
    }

    /// The rows of a group whose runs were erased.
    pub(super) fn erased(&self, group: usize) -> Result<impl Iterator<Item = u32> + '_> {
        Ok(self.column(group, ERASED)?.into_iter().flat_map(|column| column.rows()))
    }

    /// What a group has of a key of config or summary.
    pub(super) fn key(&self, group: usize, space: Space, name: &str) -> Result<KeyCells<'_>> {
        let Some(prefix) = prefix(space).filter(|_| name.len() <= LEAF_BYTES_MAX) else {
            return Ok(KeyCells::Within);
        };
        let first = name.split('.').next().unwrap_or_default();
        if first == HIDDEN_KEY || self.has_within(group, &format!("{prefix}{name}."))? {
            return Ok(KeyCells::Within);
        }
        for (dot, _) in name.match_indices('.') {
            let outer = format!("{prefix}{}", name.get(..dot).unwrap_or_default());
            if self.column(group, &outer)?.is_some_and(|column| column.kind == Kind::Json) {
                return Ok(KeyCells::Within);
            }
        }
        Ok(KeyCells::Plain(self.column(group, &format!("{prefix}{name}"))?))
    }

    /// The columns of a space's leaves in a group, each with its leaf.
    pub(super) fn leaves(&self, group: usize, space: Space) -> Result<Vec<(&str, Column<'_>)>> {
        let Some(prefix) = prefix(space) else { return Ok(Vec::new()) };
        let (_, Opened { block, by_name }) = self.opened(group)?;
        let first = by_name.partition_point(|place| block.name_at(*place as usize) < prefix);
        let names = by_name.iter().skip(first).map(|place| block.name_at(*place as usize));
        let mut leaves = Vec::new();
        for name in names.take_while(|name| name.starts_with(prefix)) {
            let leaf = name.get(prefix.len()..).unwrap_or_default();
            leaves.extend(self.column(group, name)?.map(|column| (leaf, column)));
        }
        Ok(leaves)
    }

    /// Whether a column's name begins so.
    fn has_within(&self, group: usize, start: &str) -> Result<bool> {
        let (_, Opened { block, by_name }) = self.opened(group)?;
        let place = by_name.partition_point(|place| block.name_at(*place as usize) < start);
        Ok(by_name.get(place).is_some_and(|place| block.name_at(*place as usize).starts_with(start)))
    }

    /// The row of a run in a group; none where it has not this run.
    pub(super) fn row_of(&self, group: usize, ordinal: u32) -> Result<Option<u32>> {
        let ordinals = self.ordinals(group)?;
        let at = |row: u32| match ordinals.cell(row) {
            Some(Cell::Int(found)) => found,
            _ => i64::MAX,
        };
        let (mut low, mut high) = (0, ordinals.len());
        while low < high {
            let middle = u32::midpoint(low, high);
            if at(middle) < i64::from(ordinal) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok((at(low) == i64::from(ordinal)).then_some(low))
    }

    /// The run of a row.
    pub(super) fn load(&self, group: usize, row: u32) -> Result<Run> {
        let misfit = || damaged("the runs of a file do not stand where its index says");
        let group = self.groups.get(group).ok_or_else(misfit)?;
        let (at, len) = group.states;
        let count = self.source.bytes(at, 4.min(len))?;
        let count = Fields(&count).u32().ok_or_else(misfit)? as usize;
        let table_len = count.checked_mul(PIECE_LEN).filter(|bytes| *bytes < len).ok_or_else(misfit)?;
        let table = self.source.bytes(at + 4, table_len)?;
        let piece = |place: usize| {
            let mut fields = Fields(table.get(place * PIECE_LEN..)?);
            Some([fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?])
        };
        let (mut place, mut high) = (0, count);
        while place < high {
            let middle = usize::midpoint(place, high);
            if piece(middle).is_some_and(|[first, ..]| first <= row) {
                place = middle + 1
            } else {
                high = middle
            }
        }
        let [first, offset, packed, unpacked] = place.checked_sub(1).and_then(piece).ok_or_else(misfit)?;
        let piece = self.unpack(at + 4 + table_len as u64 + u64::from(offset), packed, unpacked)?;
        let mut rest = &piece[..];
        for _ in first..row {
            let (_, behind) = split_run(rest).ok_or_else(misfit)?;
            rest = behind;
        }
        let (run, _) = split_run(rest).ok_or_else(misfit)?;
        Run::from_bytes(run)
    }

    fn unpack(&self, at: u64, packed: u32, unpacked: u32) -> Result<Arc<Vec<u8>>> {
        // What a panic left behind in it is a whole piece or none.
        let mut last = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, piece)) = last.as_ref().filter(|(place, _)| *place == (at, packed)) {
            return Ok(Arc::clone(piece));
        }
        let bytes = self.source.bytes(at, packed as usize)?;
        let piece = compression::decompress(&bytes, unpacked as usize)
            .map_err(|error| damaged(&format!("runs cannot be unpacked: {error}")))?;
        let piece = Arc::new(piece);
        *last = Some(((at, packed), Arc::clone(&piece)));
        Ok(piece)
    }

    /// Reads every run and every column; gives how many runs there are.
    pub(crate) fn read_all(&self) -> Result<u64> {
        for (place, group) in self.groups.iter().enumerate() {
            let (_, opened) = self.opened(place)?;
            let bytes = self.source.bytes(group.block.0, group.block.1)?;
            Block::parse(bytes).map_err(|error| damaged(&error.to_string()))?;
            assert_eq!(opened.block.rows(), group.rows, "compared when it was opened");
            let ordinals = self.ordinals(place)?;
            for (row, ordinal) in ordinals.iter() {
                let run = self.load(place, row)?;
                if Cell::Int(run.ordinal.into()) != ordinal {
                    return Err(damaged("a file of runs holds another run than its columns say"));
                }
            }
        }
        Ok(self.rows())
    }
}

/// The bytes of the first run, and those behind it.
fn split_run(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*len) as usize)
}

fn damaged(why: &str) -> Error {
    Error::derived(why)
}
