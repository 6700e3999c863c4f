//! From events in log order to the rows of files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::event::{self, Block, BlockBuilder, Body, Column, Event};
use crate::id::{Lsn, RunKey, SegmentId};
use crate::projection::{Location, Projection};
use crate::snapshot::Snapshot;
use crate::table::Kind;
use crate::table::blocks::Sink;
use crate::table::rows::{
    self, COLUMNS_MAX, OWN_KEYS, Order, Part, PartRows, Piece, Survey, Written, console_block,
};

/// The rows of events, by what they are.
#[derive(Default)]
pub(super) struct Gathered([Rows; 3]);

/// The rows of one file.
pub(super) struct Rows {
    pub(super) kind: Kind,
    parts: Vec<Part>,
    survey: Survey,
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
        Ok(event.run().and_then(|run| state.awake_ordinal(run)))
    })
}

/// Reads the events from one position to another, of runs that are known.
pub(super) fn rows_again(snapshot: &Snapshot, from: Lsn, through: Lsn) -> Result<Gathered> {
    let mut ordinals: BTreeMap<RunKey, u32> = BTreeMap::new();
    gather(snapshot, from, through, |_, _, event| {
        let Some(key) = event.run() else { return Ok(None) };
        if let Some(ordinal) = ordinals.get(key) {
            return Ok(Some(*ordinal));
        }
        let ordinal = snapshot.projection.generation(key)?.map(|run| run.ordinal);
        ordinals.extend(ordinal.map(|ordinal| (key.clone(), ordinal)));
        Ok(ordinal)
    })
}

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
        let ordinal = ordinal_of(lsn, seq, &event)?;
        let (place, chunk, block) = match &event.body {
            Body::Logged(rows) => (0, &rows.chunk, rows.block.clone()),
            Body::SystemSampled(rows) => (1, &rows.chunk, rows.block.clone()),
            Body::ConsoleWritten(console) => (2, &console.chunk, console_block(&console.lines)),
            _ => continue,
        };
        let ordinal = ordinal.ok_or_else(|| Error::damaged(format!("the run of event {lsn} is unknown")))?;
        if let Some(rows) = gathered.0.get_mut(place) {
            rows.add(ordinal, Arc::clone(&chunk.writer), lsn, chunk.first_line, block)?;
        }
    }
    Ok(gathered)
}

impl Gathered {
    /// The files that the rows fill: one a kind, and one for the keys that have no room in it.
    ///
    /// # Errors
    ///
    /// `Damaged` when the log does not hold what it held.
    pub(super) fn into_files(self) -> Result<Vec<Rows>> {
        let rows = self.0.into_iter().filter(|rows| !rows.parts.is_empty());
        let files: Vec<Vec<Rows>> = rows.map(Rows::split).collect::<Result<_>>()?;
        Ok(files.into_iter().flatten().collect())
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

    fn split(mut self) -> Result<Vec<Self>> {
        let gone: BTreeSet<Arc<str>> = self.survey.narrow(COLUMNS_MAX).into_iter().collect();
        if gone.is_empty() {
            return Ok(vec![self]);
        }
        let mut series = AllSeries::new();
        for part in &self.parts {
            gather_long(part, &gone, &mut series)?;
        }
        let mut long = Self { kind: self.kind, ..Self::default() };
        for ((ordinal, writer, key, _), series) in series {
            let piece = series.into_piece()?;
            let Some(range) = order(self.kind).range(&piece, Some(&key)) else { continue };
            long.survey.add(&piece.block, Some(&key));
            let rows = PartRows::Gathered(Arc::new(piece));
            long.parts.push(Part { ordinal, writer, key: Some(key), range, rows });
        }
        Ok(vec![self, long])
    }

    pub(super) fn write(
        self,
        zstd_level: i32,
        name: &dyn Fn(u32) -> Result<RunKey>,
        sink: Sink,
    ) -> Result<Written<Sink>> {
        rows::write(self.parts, self.survey, order(self.kind), zstd_level, name, sink)
    }
}

/// The cells of a run, writer, key and kind: one kind, so that no cell is made another.
type AllSeries = BTreeMap<(u32, Arc<str>, Arc<str>, event::Kind), Series>;

/// Cells of one key, each in a row with what its row says of itself.
#[derive(Default)]
struct Series {
    rows: BlockBuilder,
    lsns: Vec<u64>,
    lines: Vec<u64>,
}

impl Series {
    fn into_piece(self) -> Result<Piece> {
        let block = Block::parse(self.rows.finish()).map_err(|error| Error::damaged(error.to_string()))?;
        Ok(Piece::gathered(block, self.lsns, self.lines))
    }
}

/// Adds the cells of some keys, each by itself, to their series.
fn gather_long(part: &Part, keys: &BTreeSet<Arc<str>>, all: &mut AllSeries) -> Result<()> {
    let piece = part.load()?;
    let own: Vec<Column<'_>> =
        piece.block.columns().filter(|column| OWN_KEYS.contains(&column.name)).collect();
    for column in piece.block.columns() {
        let Some(key) = keys.get(column.name) else { continue };
        let name = (part.ordinal, Arc::clone(&part.writer), Arc::clone(key), column.kind);
        let series = all.entry(name).or_default();
        for (row, cell) in column.iter() {
            series.rows.begin_row();
            for own in &own {
                if let Some(cell) = own.index_of(row).and_then(|index| own.cell(index)) {
                    series.rows.push_cell(own.name, cell);
                }
            }
            series.rows.push_cell(key, cell);
            series.lsns.push(piece.lsn(row).0);
            series.lines.push(piece.line(row));
        }
    }
    Ok(())
}
