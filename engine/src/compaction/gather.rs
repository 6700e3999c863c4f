//! From events in log order to the rows of files.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::event::{Block, Body};
use crate::id::{Lsn, RunKey};
use crate::snapshot::Snapshot;
use crate::table::Kind;
use crate::table::blocks::Sink;
use crate::table::rows::{self, COLUMNS_MAX, Order, Part, PartRows, Piece, Survey, Written, console_block};

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

/// Reads the events from one position to another.
pub(super) fn rows(snapshot: &Snapshot, from: Lsn, through: Lsn) -> Result<Gathered> {
    let mut gathered = Gathered::default();
    let [_, system, console] = &mut gathered.0;
    (system.kind, console.kind) = (Kind::System, Kind::Console);
    let mut ordinals: BTreeMap<RunKey, u32> = BTreeMap::new();
    for event in snapshot.events(from) {
        let (lsn, _, event) = event?;
        if lsn > through {
            break;
        }
        let Some(run) = event.run() else { continue };
        let (place, chunk, block) = match &event.body {
            Body::Logged(rows) => (0, &rows.chunk, rows.block.clone()),
            Body::SystemSampled(rows) => (1, &rows.chunk, rows.block.clone()),
            Body::ConsoleWritten(console) => (2, &console.chunk, console_block(&console.lines)),
            _ => continue,
        };
        let ordinal = match ordinals.get(run) {
            Some(ordinal) => *ordinal,
            None => {
                let known = snapshot.projection.generation(run);
                let known = known.ok_or_else(|| Error::damaged(format!("run {run} is unknown")))?;
                ordinals.insert(run.clone(), known.ordinal);
                known.ordinal
            }
        };
        if let Some(rows) = gathered.0.get_mut(place) {
            rows.add(ordinal, Arc::clone(&chunk.writer), lsn, chunk.first_line, block)?;
        }
    }
    Ok(gathered)
}

impl Gathered {
    /// The files that the rows fill: one a kind, and one for the keys that have no room in it.
    pub(super) fn into_files(self) -> Vec<Rows> {
        self.0.into_iter().filter(|rows| !rows.parts.is_empty()).flat_map(Rows::split).collect()
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

    fn split(mut self) -> Vec<Self> {
        let gone = self.survey.narrow(COLUMNS_MAX);
        if gone.is_empty() {
            return vec![self];
        }
        let mut long = Self { kind: self.kind, ..Self::default() };
        for part in &self.parts {
            long.add_long(part, &gone);
        }
        vec![self, long]
    }

    /// Adds the cells of keys, each by itself.
    fn add_long(&mut self, part: &Part, keys: &[Arc<str>]) {
        let Ok(piece) = part.load() else { return };
        for key in keys.iter().filter(|key| piece.block.column(key).is_some()) {
            let Some(range) = order(self.kind).range(&piece, Some(key)) else { continue };
            self.survey.add(&piece.block, Some(key));
            self.parts.push(Part { key: Some(Arc::clone(key)), range, ..part.clone() });
        }
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
