//! Writing a file of runs. What holds: no more than one group is in memory.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

use super::{ERASED, FIXED, LEAF_BYTES_MAX, ORDINAL, SUPERSEDED, hash, prefix};
use crate::compression;
use crate::error::{Error, Result};
use crate::event::{Attribute, BlockBuilder, Value};
use crate::projection::{HIDDEN_KEY, OWN_COLUMNS, RUNS_PER_CHUNK, Run, Shown, Space, Tree};
use crate::table::rows::Written;

/// Cells of a group's block; a group of runs with many keys has fewer runs.
const GROUP_CELLS_MAX: usize = 4 << 20;
/// Runs of a piece of states, and its bytes unless one run is larger.
const PIECE_RUNS_MAX: usize = 32;
const PIECE_BYTES_MAX: usize = 256 << 10;
const ZSTD_LEVEL: i32 = 3;

/// Writes runs, rising by ordinal, as one file.
///
/// # Errors
///
/// The first that `runs` gives; `DiskFull`, `Io`.
pub(crate) fn write<W: Write>(
    runs: impl Iterator<Item = Result<Arc<Run>>>,
    mut sink: W,
) -> Result<Written<W>> {
    let (mut group, mut index) = (Group::default(), Index::default());
    let mut at = 0;
    let mut rows = 0;
    for run in runs {
        let run = run?;
        if group.is_full_for(&run) {
            at = std::mem::take(&mut group).finish(at, &mut index, &mut sink)?;
        }
        group.push(&run)?;
        index.ids.push((hash(&run.key.path()), run.ordinal));
        rows += 1;
    }
    group.finish(at, &mut index, &mut sink)?;
    Ok(Written { sink, rows, index: index.finish() })
}

#[derive(Default)]
struct Group {
    block: BlockBuilder,
    cells: usize,
    ordinals: Option<(u32, u32)>,
    states: States,
    name: String,
}

impl Group {
    fn is_full_for(&self, run: &Run) -> bool {
        let chunk = |ordinal: u32| ordinal as usize / RUNS_PER_CHUNK;
        self.ordinals
            .is_some_and(|(first, _)| chunk(first) != chunk(run.ordinal) || self.cells >= GROUP_CELLS_MAX)
    }

    fn push(&mut self, run: &Run) -> Result<()> {
        let (first, _) = self.ordinals.unwrap_or((run.ordinal, run.ordinal));
        self.ordinals = Some((first, run.ordinal));
        self.block.begin_row();
        self.block.push_int(ORDINAL, run.ordinal.into());
        for (column, holds) in [(SUPERSEDED, run.superseded), (ERASED, run.erased.is_some())] {
            if holds {
                self.block.push(column, &Value::Bool(true));
            }
        }
        let attributes = Attribute::ALL.into_iter().map(Attribute::column);
        for column in OWN_COLUMNS.into_iter().chain(attributes.filter(|name| !OWN_COLUMNS.contains(name))) {
            self.fixed(column, run.shown(column));
        }
        self.leaves(Space::Config, &run.config);
        self.leaves(Space::Summary, &run.summary);
        self.states.push(&run.to_bytes()?)
    }

    fn fixed(&mut self, column: &str, shown: Shown<'_>) {
        self.name.clear();
        self.name.push_str(FIXED);
        self.name.push_str(column);
        match shown {
            Shown::Null => return,
            Shown::Text(text) => self.block.push_text(&self.name, &text),
            Shown::Int(number) | Shown::Time(number) => self.block.push_int(&self.name, number),
            Shown::Float(number) => self.block.push_float(&self.name, number),
            Shown::Bool(truth) => self.block.push(&self.name, &Value::Bool(truth)),
            Shown::Texts(texts) => {
                let list = texts.into_iter().map(Cow::into_owned).map(Value::text).collect();
                self.block.push(&self.name, &Value::List(list));
            }
        }
        self.cells += 1;
    }

    fn leaves(&mut self, space: Space, tree: &Tree) {
        let Some(prefix) = prefix(space) else { return };
        let Self { block, cells, name, .. } = self;
        tree.leaves(&mut |leaf, value| {
            let is_hidden =
                leaf.strip_prefix(HIDDEN_KEY).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            // A key with a dot in it hides a path of the same name.
            let value = if leaf.contains('.') { tree.lookup(leaf).unwrap_or(value) } else { value };
            if is_hidden || leaf.len() > LEAF_BYTES_MAX || matches!(value, Value::Null) {
                return;
            }
            name.clear();
            name.push_str(prefix);
            name.push_str(leaf);
            block.push(name, value);
            *cells += 1;
        });
    }

    /// Writes the group at `at`; gives where it ends.
    fn finish(self, at: u64, index: &mut Index, sink: &mut impl Write) -> Result<u64> {
        let Some((first, last)) = self.ordinals else { return Ok(at) };
        let rows = self.block.rows();
        let (block, states) = (self.block.finish(), self.states.finish()?);
        for part in [&block[..], &states[..]] {
            let path = crate::disk::RelPath::of(crate::table::FOLDER);
            sink.write_all(part).map_err(|error| Error::writing("write to", &path, error))?;
        }
        let states_at = at + block.len() as u64;
        let end = states_at + states.len() as u64;
        let chunk = u32::try_from(first as usize / RUNS_PER_CHUNK).unwrap_or(u32::MAX);
        index
            .groups
            .push(([chunk, rows, first, last], [at, block.len() as u64, states_at, states.len() as u64]));
        Ok(end)
    }
}

/// Runs whole, in packed pieces.
#[derive(Default)]
struct States {
    rows: u32,
    /// First row, offset, bytes, bytes unpacked of each finished piece.
    pieces: Vec<[u32; 4]>,
    packed: Vec<u8>,
    open: Vec<u8>,
    open_runs: usize,
}

impl States {
    fn push(&mut self, run: &[u8]) -> Result<()> {
        if self.open_runs == PIECE_RUNS_MAX || (self.open_runs > 0 && self.open.len() >= PIECE_BYTES_MAX) {
            self.close()?;
        }
        self.open.extend_from_slice(&length(run.len())?.to_le_bytes());
        self.open.extend_from_slice(run);
        self.open_runs += 1;
        self.rows += 1;
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        let piece = compression::compress(&self.open, ZSTD_LEVEL)
            .map_err(|error| Error::damaged(format!("runs cannot be packed: {error}")))?;
        let first = self.rows.saturating_sub(length(self.open_runs)?);
        self.pieces.push([first, length(self.packed.len())?, length(piece.len())?, length(self.open.len())?]);
        self.packed.extend_from_slice(&piece);
        self.open.clear();
        self.open_runs = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        if self.open_runs > 0 {
            self.close()?;
        }
        let mut out = length(self.pieces.len())?.to_le_bytes().to_vec();
        self.pieces.iter().flatten().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        out.extend_from_slice(&self.packed);
        Ok(out)
    }
}

fn length(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_too_large| Error::damaged("the runs of a group do not fit their file"))
}

#[derive(Default)]
struct Index {
    groups: Vec<([u32; 4], [u64; 4])>,
    ids: Vec<(u64, u32)>,
}

impl Index {
    fn finish(mut self) -> Vec<u8> {
        self.ids.sort_unstable();
        let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
        let mut out = Vec::new();
        out.extend_from_slice(&count(self.groups.len()));
        out.extend_from_slice(&count(self.ids.len()));
        for (small, large) in &self.groups {
            small.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
            large.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        }
        for (hash, ordinal) in &self.ids {
            out.extend_from_slice(&hash.to_le_bytes());
            out.extend_from_slice(&ordinal.to_le_bytes());
        }
        out
    }
}
