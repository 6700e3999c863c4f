//! What one reader sees: the state at one durable position, and the log behind it.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::event::{Block, Body, ConsoleLine, Event, Time};
use crate::id::Lsn;
use crate::log::{Located, Segments};
use crate::projection::{Extent, Projection, Run, Screen};

/// A moment of the store. It never changes; holding it keeps nobody waiting.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The state that all events up to `durable` amount to.
    pub projection: Projection,
    /// The position of the last event that it shows.
    pub durable: Lsn,
    pub(crate) segments: Arc<Segments>,
}

impl Snapshot {
    /// The rows of an extent of a run's history or system metrics. Every checksum on the way is
    /// checked (D6).
    ///
    /// # Errors
    ///
    /// `Damaged` when the log does not hold what it held; `Io`.
    pub fn rows(&self, extent: &Extent) -> Result<Block> {
        let event = self.segments.event(extent.location, extent.lsn)?;
        let rows = match event.body {
            Body::Logged(rows) | Body::SystemSampled(rows) => rows,
            other => return Err(misfit(extent, other.name())),
        };
        Block::parse(rows.block).map_err(|error| misfit(extent, &error.to_string()))
    }

    /// A run's console as it stands: of each line the newest text.
    ///
    /// # Errors
    ///
    /// `Damaged` when the log does not hold what it held; `Io`.
    pub fn console(&self, run: &Run) -> Result<Screen> {
        let mut screen = Screen::default();
        for extent in &run.console {
            screen.write(extent.lsn, extent.first_line, self.console_lines(extent)?);
        }
        Ok(screen)
    }

    /// The lines of one extent of a run's console, as they were written then.
    ///
    /// # Errors
    ///
    /// `Damaged` when the log does not hold what it held; `Io`.
    pub fn console_lines(&self, extent: &Extent) -> Result<Vec<ConsoleLine>> {
        match self.segments.event(extent.location, extent.lsn)?.body {
            Body::ConsoleWritten(console) => Ok(console.lines),
            other => Err(misfit(extent, other.name())),
        }
    }

    /// Every event from a position on, up to this snapshot's, in log order: position, `run_seq`,
    /// event.
    pub fn events(&self, from: Lsn) -> impl Iterator<Item = Result<(Lsn, u64, Event)>> + use<> {
        let events = Segments::events(Arc::clone(&self.segments), from, self.durable);
        events.map(|event| event.map(|event| (event.lsn, event.run_seq, event.event)))
    }

    /// The store as it was at an earlier moment: the fold of the events up to there. Reads the log
    /// from its beginning.
    ///
    /// # Errors
    ///
    /// `Damaged` when the log does not hold what it held; `Io`.
    pub fn as_of(&self, moment: Moment) -> Result<Self> {
        let last = match moment {
            Moment::Lsn(lsn) => lsn.min(self.durable),
            Moment::Time(_) => self.durable,
        };
        let mut past =
            Self { projection: Projection::default(), durable: Lsn(0), segments: Arc::clone(&self.segments) };
        for event in Segments::events(Arc::clone(&self.segments), Lsn(1), last) {
            let Located { location, lsn, run_seq, event } = event?;
            if matches!(moment, Moment::Time(time) if event.received > time) {
                break;
            }
            match past.projection.apply(lsn, location, &event) {
                Ok(seq) if seq == run_seq => past.durable = lsn,
                _ => return Err(Error::damaged(format!("event {lsn} does not follow those before it"))),
            }
        }
        Ok(past)
    }

    /// The log's segments: number, bytes, first and last position, whether sealed.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentInfo> {
        self.segments.infos(self.durable)
    }
}

/// A moment of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// With this event as the last one.
    Lsn(Lsn),
    /// With all events up to the first that was received later: a clock that went back does not
    /// change the order of events (D7).
    Time(Time),
}

/// A segment, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its number.
    pub id: u64,
    /// Bytes that hold events.
    pub bytes: u64,
    /// The position of its first event.
    pub first_lsn: Lsn,
    /// The position of its last event, which is before the first while it has none.
    pub last_lsn: Lsn,
    /// Whether it will never change again.
    pub sealed: bool,
}

fn misfit(extent: &Extent, found: &str) -> Error {
    Error::damaged(format!(
        "segment {} holds at byte {} not the rows that are indexed: {found}",
        extent.location.segment, extent.location.offset
    ))
}
