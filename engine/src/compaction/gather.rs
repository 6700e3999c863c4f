//! From events in log order, or from table files, to the rows of files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::event::{self, Block, BlockBuilder, Body, Cell, Column, Event};
use crate::id::{Lsn, ProjectKey, RunKey, SegmentId};
use crate::projection::{Location, Projection};
use crate::snapshot::Snapshot;
use crate::table::Kind;
use crate::table::rows::{
    self, COLUMNS_MAX, Loader, OWN_KEYS, Order, Part, PartRows, Piece, Survey, Wanted, Written, console_block,
};

/// Bytes of cells of the long layout that are in memory at once; more of them fill another file.
const LONG_BYTES_MAX: usize = 64 << 20;

/// The rows of events, by what they are.
#[derive(Default)]
pub(super) struct Gathered([Rows; 3]);

/// The rows of one file.
pub(super) struct Rows {
    pub(super) kind: Kind,
    pub(super) parts: Vec<Part>,
    /// What the parts hold, all of them.
    pub(super) survey: Survey,
}

impl Default for Rows {
    fn default() -> Self {
        Self { kind: Kind::History, parts: Vec::new(), survey: Survey::default() }
    }
}

/// By what a kind's rows are sorted.
pub(super) fn order(kind: Kind) -> Order {
    if kind == Kind::History { Order::Step } else { Order::Line }
}

/// Reads the events from one position to another; `state`, that of before the first, becomes that
/// behind the last.
pub(super) fn rows(snapshot: &Snapshot, state: &mut Projection, from: Lsn, through: Lsn) -> Result<Gathered> {
    // Rows at rest are found by the indexes of their files.
    let nowhere = Location { segment: SegmentId(0), offset: 0, len: 0 };
    gather(snapshot, from, through, |lsn, seq, event| {
        state.wake(&event.subject)?;
        if state.apply(lsn, nowhere, event) != Ok(seq) {
            return Err(Error::damaged(format!("event {lsn} does not follow those before it")));
        }
        let Some(run) = event.run() else { return Ok(None) };
        let ordinal = state.awake_ordinal(run);
        ordinal.map(Some).ok_or_else(|| Error::damaged(format!("the run of event {lsn} is unknown")))
    })
}

/// Reads the events from one position to another again, of all runs or those of a project.
pub(super) fn rows_again(
    snapshot: &Snapshot,
    (from, through): (Lsn, Lsn),
    project: Option<&ProjectKey>,
) -> Result<Gathered> {
    let mut ordinals: BTreeMap<RunKey, u32> = BTreeMap::new();
    gather(snapshot, from, through, |lsn, _, event| {
        let Some(key) = event.run().filter(|key| project.is_none_or(|project| key.project == *project))
        else {
            return Ok(None);
        };
        if let Some(ordinal) = ordinals.get(key) {
            return Ok(Some(*ordinal));
        }
        let run = snapshot.projection.generation(key)?;
        let run = run.ok_or_else(|| Error::damaged(format!("the run of event {lsn} is unknown")))?;
        ordinals.insert(key.clone(), run.ordinal);
        Ok(Some(run.ordinal))
    })
}

/// Gathers rows; `ordinal_of` gives the run of an event, or none where its rows are not wanted.
fn gather(
    snapshot: &Snapshot,
    from: Lsn,
    through: Lsn,
    mut ordinal_of: impl FnMut(Lsn, u64, &Event) -> Result<Option<u32>>,
) -> Result<Gathered> {
    let mut gathered = Gathered::default();
    let [_, system, console] = &mut gathered.0;
    (system.kind, console.kind) = (Kind::System, Kind::Console);
    for event in snapshot.events(from) {
        let (lsn, seq, event) = event?;
        if lsn > through {
            break;
        }
        let Some(ordinal) = ordinal_of(lsn, seq, &event)? else { continue };
        let (place, chunk, block) = match &event.body {
            Body::Logged(rows) => (0, &rows.chunk, rows.block.clone()),
            Body::SystemSampled(rows) => (1, &rows.chunk, rows.block.clone()),
            Body::ConsoleWritten(console) => (2, &console.chunk, console_block(&console.lines)),
            _ => continue,
        };
        if let Some(rows) = gathered.0.get_mut(place) {
            rows.add(ordinal, Arc::clone(&chunk.writer), lsn, chunk.first_line, block)?;
        }
    }
    Ok(gathered)
}

impl Gathered {
    /// The rows of each kind that has some.
    pub(super) fn into_rows(self) -> impl Iterator<Item = Rows> {
        self.0.into_iter().filter(|rows| !rows.parts.is_empty())
    }
}

impl Rows {
    fn add(
        &mut self,
        ordinal: u32,
        writer: Arc<str>,
        lsn: Lsn,
        first_line: u64,
        bytes: bytes::Bytes,
    ) -> Result<()> {
        let block = Block::parse(bytes.clone())
            .map_err(|error| Error::damaged(format!("event {lsn} holds no rows: {error}")))?;
        self.survey.add(&block, None);
        let piece = Piece::logged(block, lsn, first_line);
        let Some(range) = order(self.kind).range(&piece, None) else { return Ok(()) };
        let rows = PartRows::Logged { lsn, first_line, block: bytes };
        self.parts.push(Part { ordinal, writer, key: None, range, rows });
        Ok(())
    }

    /// Gives the files that the rows fill, one after the other: one of rows, and of the keys that have
    /// no room in it as many as they take.
    ///
    /// # Errors
    ///
    /// What `make` gives; `Damaged` when a part does not hold what it held.
    pub(super) fn into_files(mut self, make: &mut dyn FnMut(Self) -> Result<()>) -> Result<()> {
        let gone = self.survey.narrow(COLUMNS_MAX);
        if gone.is_empty() {
            return make(self);
        }
        let (kind, parts) = (self.kind, self.parts.clone());
        make(self)?;
        let keys: BTreeSet<Arc<str>> = gone.iter().cloned().collect();
        let mut pieces = Loader::new(&parts, Wanted::Keys(&gone));
        let mut long = Long::default();
        for part in &parts {
            long.add(part, &*pieces.next()?, &keys);
            if long.bytes >= LONG_BYTES_MAX {
                make(std::mem::take(&mut long).into_rows(kind)?)?;
            }
        }
        if long.series.is_empty() { Ok(()) } else { make(long.into_rows(kind)?) }
    }

    /// The positions of the events that wrote the rows lie between these.
    pub(super) fn lsns(&self) -> (Lsn, Lsn) {
        let lsns = self.parts.iter().map(Part::lsns);
        lsns.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((Lsn(0), Lsn(0)))
    }

    pub(super) fn write<W: std::io::Write + Send>(
        self,
        zstd_level: i32,
        name: &dyn Fn(u32) -> Result<RunKey>,
        sink: W,
    ) -> Result<Written<W>> {
        rows::write(self.parts, self.survey, order(self.kind), zstd_level, name, sink)
    }
}

/// Cells that stand each in a row of its own, by what they have in common.
#[derive(Default)]
struct Long {
    series: BTreeMap<SeriesName, Series>,
    /// About how many there are.
    bytes: usize,
}

/// Run, writer, key, kind, and the kinds of what the rows say of themselves: one kind each, so that
/// no cell is made another.
type SeriesName = (u32, Arc<str>, Arc<str>, event::Kind, OwnKinds);
type OwnKinds = [Option<event::Kind>; OWN_KEYS.len()];

/// Cells of one key, each in a row with what its row says of itself.
#[derive(Default)]
struct Series {
    rows: BlockBuilder,
    lsns: Vec<u64>,
    lines: Vec<u64>,
}

impl Long {
    /// Adds the cells of some keys of a part.
    fn add(&mut self, part: &Part, piece: &Piece, keys: &BTreeSet<Arc<str>>) {
        let own: Vec<(usize, Column<'_>)> = piece
            .block
            .columns()
            .filter_map(|column| Some((OWN_KEYS.iter().position(|own| *own == column.name)?, column)))
            .collect();
        for column in piece.block.columns() {
            let Some(key) = keys.get(column.name) else { continue };
            let mut open: Option<(OwnKinds, &mut Series)> = None;
            for (row, cell) in column.iter() {
                let cells = own.iter().filter_map(|(place, own)| {
                    Some((*place, own.kind, own.name, own.cell(own.index_of(row)?)?))
                });
                let mut kinds = OwnKinds::default();
                let cells: Vec<(&str, Cell<'_>)> = cells
                    .map(|(place, kind, name, cell)| {
                        kinds.iter_mut().skip(place).take(1).for_each(|slot| *slot = Some(kind));
                        (name, cell)
                    })
                    .collect();
                if open.as_ref().is_none_or(|(known, _)| *known != kinds) {
                    let writer = Arc::clone(&part.writer);
                    let name = (part.ordinal, writer, Arc::clone(key), column.kind, kinds);
                    open = Some((kinds, self.series.entry(name).or_default()));
                }
                if let Some((_, series)) = &mut open {
                    self.bytes += series.push(&cells, key, cell, piece.lsn(row), piece.line(row));
                }
            }
        }
    }

    fn into_rows(self, kind: Kind) -> Result<Rows> {
        let mut long = Rows { kind, ..Rows::default() };
        for ((ordinal, writer, key, ..), series) in self.series {
            let piece = series.into_piece()?;
            let Some(range) = order(kind).range(&piece, Some(&key)) else { continue };
            long.survey.add(&piece.block, Some(&key));
            let rows = PartRows::Gathered(Arc::new(piece));
            long.parts.push(Part { ordinal, writer, key: Some(key), range, rows });
        }
        Ok(long)
    }
}

impl Series {
    /// Adds a row; gives about how many bytes it takes.
    fn push(&mut self, own: &[(&str, Cell<'_>)], key: &str, cell: Cell<'_>, lsn: Lsn, line: u64) -> usize {
        self.rows.begin_row();
        own.iter().for_each(|(name, cell)| self.rows.push_cell(name, *cell));
        self.rows.push_cell(key, cell);
        self.lsns.push(lsn.0);
        self.lines.push(line);
        let text = if let Cell::Text(text) | Cell::Json(text) = cell { text.len() } else { 0 };
        (own.len() + 1) * 12 + 16 + text
    }

    fn into_piece(self) -> Result<Piece> {
        let block = Block::parse(self.rows.finish()).map_err(|error| Error::damaged(error.to_string()))?;
        Ok(Piece::gathered(block, self.lsns, self.lines))
    }
}
