//! Files of events: what happened, in log order; of rows and console lines what they were about.
//!
//! ```text
//!  lsn │ run_seq │ received │ entity │ project │ run_id │ generation │ kind │ actor │ body
//! ```
//!
//! What holds:
//! - An event's body is the one of the log, but for the block of rows and the lines of the console,
//!   which stand in files of rows: in their place is a [`Digest`].
//! - Folding the events of a store's files gives the state that folding its log gives.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::event::{self, Block, Body, Cell, Console, Event, Kinds, Rows};
use crate::id::Lsn;

pub use read::Whose;
pub(crate) use read::{Choice, EventFile};
pub(crate) use write::write;

/// Columns, in their order.
const COLUMNS: [&str; 10] =
    ["lsn", "run_seq", "received", "entity", "project", "run_id", "generation", "kind", "actor", "body"];

/// What rows are about, without the rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Digest {
    /// The lowest and highest `_step`.
    pub steps: Option<(i64, i64)>,
    /// The time of the last row, as its source says, in seconds.
    pub time: Option<f64>,
    /// Each key with its cells, in the block's order.
    pub keys: Vec<DigestKey>,
}

/// A key of a [`Digest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestKey {
    /// Its name.
    pub name: Arc<str>,
    /// Its cells.
    pub points: u32,
    /// Their kinds.
    pub kinds: Kinds,
}

/// An event as it is kept for ever: of rows and console lines without what they held.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its position.
    pub lsn: Lsn,
    /// Its number among its subject's events.
    pub run_seq: u64,
    /// What happened; of rows the block may be missing.
    pub event: Event,
    /// What the rows of an event were about.
    pub digest: Option<Digest>,
}

impl Recorded {
    /// An event of the log.
    ///
    /// # Errors
    ///
    /// `Damaged` when its rows are none.
    pub(crate) fn of(lsn: Lsn, run_seq: u64, event: Event) -> Result<Self> {
        let digest = match &event.body {
            Body::Logged(rows) | Body::SystemSampled(rows) => Some(Digest::of(&block_of(rows)?)),
            _ => None,
        };
        Ok(Self { lsn, run_seq, event, digest })
    }

    /// What [`reduced`] made of an event.
    fn from_file(lsn: Lsn, run_seq: u64, mut event: Event) -> Result<Self> {
        let digest = match &mut event.body {
            Body::Logged(rows) | Body::SystemSampled(rows) => {
                let read = event::from_bincode(&rows.block);
                let (digest, _): (Digest, usize) = read.map_err(|error| {
                    Error::damaged(format!("event {lsn} of a table file has no digest: {error}"))
                })?;
                rows.block = Bytes::new();
                Some(digest)
            }
            _ => None,
        };
        Ok(Self { lsn, run_seq, event, digest })
    }
}

fn block_of(rows: &Rows) -> Result<Block> {
    Block::parse(rows.block.clone())
        .map_err(|error| Error::damaged(format!("an event holds no rows: {error}")))
}

impl Digest {
    /// What a block is about.
    #[must_use]
    pub fn of(block: &Block) -> Self {
        let mut digest = Self::default();
        for column in block.columns() {
            match column.name {
                "_step" => {
                    digest.steps = column.ints().and_then(|steps| {
                        steps.map(|step| (step, step)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
                    });
                }
                "_timestamp" => {
                    digest.time = column.iter().last().and_then(|(_, cell)| match cell {
                        #[expect(clippy::cast_precision_loss, reason = "seconds of a clock")]
                        Cell::Int(seconds) => Some(seconds as f64),
                        Cell::Float(seconds) => Some(seconds),
                        _ => None,
                    });
                }
                _ => {}
            }
            let key = DigestKey {
                name: Arc::from(column.name),
                points: column.len(),
                kinds: Kinds::of_column(&column),
            };
            digest.keys.push(key);
        }
        digest
    }
}

/// An event as a file of events keeps it.
fn reduced(recorded: Recorded) -> Result<Event> {
    let Recorded { event, digest, .. } = recorded;
    let rows = |rows: Rows| -> Result<Rows> {
        let digest = event::to_bincode(digest.unwrap_or_default())
            .map_err(|error| Error::damaged(error.to_string()))?;
        Ok(Rows { block: digest.into(), ..rows })
    };
    let body = match event.body {
        Body::Logged(logged) => Body::Logged(rows(logged)?),
        Body::SystemSampled(sampled) => Body::SystemSampled(rows(sampled)?),
        Body::ConsoleWritten(console) => {
            let timed = console.lines.into_iter().rev().find(|line| line.time.is_some());
            let lines =
                timed.into_iter().map(|line| event::ConsoleLine { text: "".into(), ..line }).collect();
            Body::ConsoleWritten(Console { lines, ..console })
        }
        other => other,
    };
    Ok(Event { body, ..event })
}

/// What errors call it.
const WHAT: &str = "a file of events";

fn outside(error: parquet::errors::ParquetError) -> Error {
    super::parquet_error(WHAT, error)
}
