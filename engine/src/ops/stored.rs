//! Events as the log had them, made again of table files.
//!
//! ```text
//!  files of events ─► some thousand events at a time ─► the rows that they wrote, from files of rows
//!      ─► blocks as they were logged
//! ```
//!
//! What holds:
//! - A row of a table file says which event wrote it and which line it was, so the rows of an event are
//!   all that say its position; in its digest stands how many cells of each key there were. What is
//!   missing of them is told.
//! - Where no manifest can be read, every table file in the folder is looked at. Those that others had
//!   taken the place of may be among them: they say the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Meter;
use crate::disk::{self, RelPath, World};
use crate::error::{Error, Result};
use crate::event::{BlockBuilder, Body, Cell, Console, ConsoleLine, Event, Rows};
use crate::id::{Lsn, RunKey};
use crate::manifest::Manifest;
use crate::table::events::{Digest, Recorded, Whose};
use crate::table::index::Entry;
use crate::table::rows::{Piece, Wanted, console_lines};
use crate::table::{self, Kind, Table, TableId, TableMeta, Tables};

/// Cells of events that are in memory at once, unless one event has more.
const WINDOW_CELLS: u64 = 1 << 20;

/// An event that was found.
pub(super) struct Found {
    pub(super) lsn: Lsn,
    pub(super) run_seq: u64,
    pub(super) event: Event,
    pub(super) is_from_tables: bool,
}

/// Values that are gone: by run and key, how many.
pub(super) type LostCells = BTreeMap<(RunKey, Option<Box<str>>), u64>;

/// The table files of a folder.
pub(super) struct Stored {
    tables: Tables,
    /// The position of the last event that they may hold.
    pub(super) through: Lsn,
}

impl Stored {
    /// Opens the files that the manifest names, or without one all that are there.
    ///
    /// # Errors
    ///
    /// `Io` where the folder cannot be listed.
    pub(super) fn open(world: &World, manifest: Option<&Manifest>) -> Result<Self> {
        let metas = match manifest {
            Some(manifest) => manifest.tables.clone(),
            None => unnamed(world)?,
        };
        let last = metas.iter().filter(|meta| meta.kind == Kind::Events).map(|meta| meta.lsns.1).max();
        let through = last.unwrap_or_default();
        Ok(Self { tables: Tables::open(world, through, &metas), through })
    }

    /// Gives the events of a stretch of positions, as far as they can be read.
    ///
    /// # Errors
    ///
    /// What `visit` gives.
    pub(super) fn events(
        &self,
        (first, last): (Lsn, Lsn),
        meter: &mut Meter<'_>,
        lost: &mut LostCells,
        visit: &mut dyn FnMut(Found) -> Result<()>,
    ) -> Result<()> {
        let mut window = Window::default();
        let mut next = first;
        for recorded in self.tables.events(first, Whose::ALL) {
            // What cannot be read leaves a gap, which is told.
            let Ok(recorded) = recorded else { continue };
            if recorded.lsn > last {
                break;
            }
            if recorded.lsn < next {
                continue;
            }
            next = recorded.lsn.advance(1);
            window.push(recorded);
            if window.cells >= WINDOW_CELLS {
                self.give(std::mem::take(&mut window), meter, lost, visit)?;
            }
        }
        self.give(window, meter, lost, visit)
    }

    /// Gives the events of a window with their rows.
    fn give(
        &self,
        mut window: Window,
        meter: &mut Meter<'_>,
        lost: &mut LostCells,
        visit: &mut dyn FnMut(Found) -> Result<()>,
    ) -> Result<()> {
        let Some(lsns) = window.lsns() else { return Ok(()) };
        for kind in [Kind::History, Kind::System, Kind::Console] {
            let reaches = |table: &&Arc<Table>| table.meta.lsns.0 <= lsns.1 && table.meta.lsns.1 >= lsns.0;
            for table in self.tables.of(kind).filter(reaches) {
                window.take_rows(table, lsns);
            }
        }
        meter.expect(window.cells);
        meter.add(window.cells);
        window.events.into_values().try_for_each(|event| visit(event.finish(lost)))
    }
}

/// Events with what was found of their rows.
#[derive(Default)]
struct Window {
    events: BTreeMap<Lsn, Waiting>,
    cells: u64,
}

/// An event whose rows are looked for.
struct Waiting {
    recorded: Recorded,
    /// Of each line the cells, by key.
    lines: BTreeMap<u64, BTreeMap<Arc<str>, Owned>>,
    texts: BTreeMap<u64, ConsoleLine>,
}

/// A cell by itself.
enum Owned {
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(Box<str>),
    Json(Box<str>),
}

impl Owned {
    fn of(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Int(int) => Self::Int(int),
            Cell::Float(float) => Self::Float(float),
            Cell::Bool(truth) => Self::Bool(truth),
            Cell::Text(text) => Self::Text(text.into()),
            Cell::Json(text) => Self::Json(text.into()),
        }
    }

    fn cell(&self) -> Cell<'_> {
        match self {
            Self::Int(int) => Cell::Int(*int),
            Self::Float(float) => Cell::Float(*float),
            Self::Bool(truth) => Cell::Bool(*truth),
            Self::Text(text) => Cell::Text(text),
            Self::Json(text) => Cell::Json(text),
        }
    }
}

impl Window {
    fn push(&mut self, recorded: Recorded) {
        let points = |digest: &Digest| digest.keys.iter().map(|key| u64::from(key.points)).sum();
        self.cells += 1 + recorded.digest.as_ref().map_or(0, points);
        if let Body::ConsoleWritten(console) = &recorded.event.body {
            self.cells += u64::from(console.chunk.lines);
        }
        let (lines, texts) = Default::default();
        self.events.insert(recorded.lsn, Waiting { recorded, lines, texts });
    }

    /// The positions of the first and last event that wrote rows.
    fn lsns(&self) -> Option<(Lsn, Lsn)> {
        Some((*self.events.first_key_value()?.0, *self.events.last_key_value()?.0))
    }

    /// Takes the rows of a file that the events wrote, as far as they can be read.
    fn take_rows(&mut self, table: &Arc<Table>, lsns: (Lsn, Lsn)) {
        let Ok(entries) = table.entries() else { return };
        for entry in entries.filter_map(Result::ok) {
            if entry.lsns.0 > lsns.1 || self.events.range(entry.lsns.0..=entry.lsns.1).next().is_none() {
                continue;
            }
            match table.read(&entry, Wanted::All) {
                Ok(piece) => self.take_piece(table.meta.kind, &entry, &piece),
                Err(_) => self.take_what_can_be_read(table, &entry),
            }
        }
    }

    /// Takes the rows of an entry key by key: damage in one column leaves the others.
    fn take_what_can_be_read(&mut self, table: &Arc<Table>, entry: &Entry) {
        let events = self.events.range(entry.lsns.0..=entry.lsns.1);
        let digests = events.filter_map(|(_, event)| event.recorded.digest.as_ref());
        let mut keys: Vec<Arc<str>> =
            digests.flat_map(|digest| &digest.keys).map(|key| Arc::clone(&key.name)).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            if let Ok(piece) = table.read(entry, Wanted::Keys(&[key])) {
                self.take_piece(table.meta.kind, entry, &piece);
            }
        }
    }

    fn take_piece(&mut self, kind: Kind, entry: &Entry, piece: &Piece) {
        if kind == Kind::Console {
            for (row, line) in (0u32..).zip(console_lines(&piece.block)) {
                if let Some(event) = self.events.get_mut(&piece.lsn(row)) {
                    event.texts.insert(piece.line(row), line);
                }
            }
            return;
        }
        for column in piece.block.columns() {
            // In the long layout what a row says of itself stands beside each of its keys again.
            if entry.key.as_ref().is_some_and(|key| **key != *column.name) {
                continue;
            }
            let name: Arc<str> = Arc::from(column.name);
            for (row, cell) in column.iter() {
                if let Some(event) = self.events.get_mut(&piece.lsn(row)) {
                    let cells = event.lines.entry(piece.line(row)).or_default();
                    cells.insert(Arc::clone(&name), Owned::of(cell));
                }
            }
        }
    }
}

impl Waiting {
    /// The event as the log had it, but for what was not found, which is noted.
    fn finish(self, lost: &mut LostCells) -> Found {
        let Self { recorded, lines, texts } = self;
        let Recorded { lsn, run_seq, event, digest } = recorded;
        let run = event.run().cloned();
        let mut note = |key: Option<&str>, count: u64| {
            if let Some(run) = run.clone().filter(|_| count > 0) {
                *lost.entry((run, key.map(Box::from))).or_default() += count;
            }
        };
        let mut again = |rows: Rows| {
            let digest = digest.clone().unwrap_or_default();
            for (name, expected) in cells_by_name(&digest) {
                let found = lines.values().filter(|cells| cells.contains_key(name)).count() as u64;
                note(Some(name), expected.saturating_sub(found));
            }
            Rows { block: block_of(&rows, &digest, &lines), ..rows }
        };
        let body = match event.body {
            Body::Logged(rows) => Body::Logged(again(rows)),
            Body::SystemSampled(rows) => Body::SystemSampled(again(rows)),
            Body::ConsoleWritten(console) => {
                note(None, u64::from(console.chunk.lines).saturating_sub(texts.len() as u64));
                Body::ConsoleWritten(console_of(console, texts))
            }
            other => other,
        };
        Found { lsn, run_seq, event: Event { body, ..event }, is_from_tables: true }
    }
}

/// How many cells of each key there were: ints and floats of one are two columns.
fn cells_by_name(digest: &Digest) -> BTreeMap<&str, u64> {
    let mut cells = BTreeMap::new();
    for key in &digest.keys {
        *cells.entry(&*key.name).or_default() += u64::from(key.points);
    }
    cells
}

/// The rows of an event, their keys in the order that they had.
fn block_of(rows: &Rows, digest: &Digest, lines: &BTreeMap<u64, BTreeMap<Arc<str>, Owned>>) -> bytes::Bytes {
    let mut block = BlockBuilder::new();
    for line in (rows.chunk.first_line..).take(rows.rows as usize) {
        block.begin_row();
        let Some(cells) = lines.get(&line) else { continue };
        let mut before = std::collections::BTreeSet::new();
        for key in digest.keys.iter().filter(|key| before.insert(&key.name)) {
            if let Some(cell) = cells.get(&key.name) {
                block.push_cell(&key.name, cell.cell());
            }
        }
    }
    block.finish()
}

/// The lines of an event; those that are gone are empty.
fn console_of(console: Console, mut texts: BTreeMap<u64, ConsoleLine>) -> Console {
    let nothing = || ConsoleLine { time: None, is_stderr: false, label: "".into(), text: "".into() };
    let lines = (console.chunk.first_line..).take(console.chunk.lines as usize);
    let lines = lines.map(|line| texts.remove(&line).unwrap_or_else(nothing)).collect();
    Console { lines, ..console }
}

/// The table files of a folder whose manifest cannot be read, as they say themselves what they are.
fn unnamed(world: &World) -> Result<Vec<TableMeta>> {
    let folder = RelPath::of(table::FOLDER);
    let names =
        world.disk.list(&folder).map_err(|source| Error::Io { doing: "list", path: folder, source })?;
    let ids = names.iter().filter(|name| name.ends_with(".idx")).filter_map(|name| table::id_of(name));
    Ok(ids.filter_map(|id| described(world, id)).collect())
}

/// What a table file is, of the file beside it and of its rows; none where that cannot be read.
fn described(world: &World, id: TableId) -> Option<TableMeta> {
    let len = |path: &RelPath| world.disk.open(path, false).ok()?.len().ok();
    let meta = |kind| TableMeta {
        id,
        kind,
        level: 0,
        project: None,
        bytes: 0,
        sidecar: (0, 0),
        rows: 0,
        lsns: (Lsn(1), Lsn(u64::MAX)),
    };
    let kinds = Kind::ALL.into_iter();
    kinds.map(meta).find_map(|mut meta| {
        let path = meta.sidecar_path();
        let mut bytes = vec![0; usize::try_from(len(&path)?).ok()?];
        disk::read_up_to(&*world.disk.open(&path, false).ok()?, 0, &mut bytes).ok()?;
        let crc = bytes.last_chunk::<4>().map(|crc| u32::from_le_bytes(*crc))?;
        meta.sidecar = (bytes.len() as u64, crc);
        let sidecar = table::blocks::Sidecar::read(&bytes.into(), id, meta.kind, &path).ok()?;
        meta.bytes = sidecar.len;
        meta.lsns = lsns_of(&Arc::new(Table::open(&*world.disk, meta.clone())))?;
        Some(meta)
    })
}

/// The positions between which the events of a file lie.
fn lsns_of(table: &Arc<Table>) -> Option<(Lsn, Lsn)> {
    let both = |a: (Lsn, Lsn), b: (Lsn, Lsn)| (a.0.min(b.0), a.1.max(b.1));
    match table.meta.kind {
        Kind::Events => {
            let events = table.events(Lsn(0), &Whose::ALL).ok()?.filter_map(Result::ok);
            events.map(|event| (event.lsn, event.lsn)).reduce(both)
        }
        _ => table.entries().ok()?.filter_map(Result::ok).map(|entry| entry.lsns).reduce(both),
    }
}
