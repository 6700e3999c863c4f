//! Transaction logs of the `wandb` client, read without the client (protocol 12).
//!
//! ```text
//!  run-ID.wandb ─► wandb_file.rs ─► record.rs ─► rows.rs ─► columns of a block ──┐
//!   bytes           records          fields   └─► account.rs: attributes, config, ├─► storing.rs ─► events
//!                                                 summary, output, files, end ────┘    by joining.rs
//! ```
//!
//! What holds:
//! - A log means the requests that `wandb sync` would send for it: the events are those of
//!   `wandb/translate.rs` and `wandb/filestream/decide.rs`.
//! - A log imported again stores nothing; one that was cut short, or grew, stores what is missing.
//! - What cannot be read is passed over, counted and told; what stands before and behind it is kept.
//! - A log is read once, from front to back; a chunk of rows is held, and one record.

pub(crate) mod account;
mod environment;
mod find;
pub(crate) mod joining;
mod made;
mod metrics;
pub(crate) mod output;
mod proto;
mod reading;
mod record;
mod report;
mod rows;
mod storing;
mod summary;
mod telemetry;
pub(crate) mod telling;
mod terminal;
mod turns;
mod value;
mod wandb_file;
mod yaml;

use std::io::Read;

use engine::{ProjectKey, RunPath, Store};

pub(crate) use turns::Turns;

pub use find::{Found, LogFile, find};
pub use report::{LogReport, RunName, Skipped, WantedFile};
pub use wandb_file::{Damage, NotALog};

use crate::access::Caller;
use crate::guarded::Guarded;
use crate::http::error::Refusal;

/// Why a log is not imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file is no log that can be read.
    #[error(transparent)]
    NotALog(#[from] NotALog),
    /// It ends before it says whose it is.
    #[error("it tells of no run")]
    NoRun,
    /// A file of the run cannot be read.
    #[error("cannot read a file of the run")]
    Read(#[source] std::io::Error),
    /// It asks for something that is not allowed or cannot be.
    #[error("{0}")]
    Refused(Refused),
    /// The store does not take it.
    #[error(transparent)]
    Store(#[from] engine::Error),
}

/// Why something is refused.
#[derive(Debug)]
pub struct Refused(pub(crate) Refusal);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Refusal> for ImportError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Refused(refusal))
    }
}

/// What is asked beside the log.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Where the run goes; where the log says, if none.
    pub entity: Option<String>,
    /// In which project; the log's, if none.
    pub project: Option<String>,
    /// The log may still be written: a missing end says nothing.
    pub may_grow: bool,
}

type Ordinal<'a> = Box<dyn Fn(&ProjectKey, u64) -> u64 + Send + Sync + 'a>;

/// Imports into a store that this process holds.
pub struct Importer<'a> {
    store: &'a Store,
    caller: Caller,
    /// The number in the next made-up name of a project, given how many runs it had.
    ordinal: Ordinal<'a>,
    turns: Turns,
}

impl<'a> Importer<'a> {
    /// In the name of `actor`, with an admin's rights.
    #[must_use]
    pub fn new(store: &'a Store, actor: &str) -> Self {
        let given = Guarded::<std::collections::BTreeMap<ProjectKey, u64>>::default();
        let ordinal = move |project: &ProjectKey, made: u64| {
            given.with(|given| {
                let highest = given.entry(project.clone()).or_default();
                *highest = made.max(*highest) + 1;
                *highest
            })
        };
        Self::of(store, Caller::admin(actor), Box::new(ordinal), Turns::default())
    }

    pub(crate) fn of(store: &'a Store, caller: Caller, ordinal: Ordinal<'a>, turns: Turns) -> Self {
        Self { store, caller, ordinal, turns }
    }

    /// Imports a log. Blocks.
    ///
    /// # Errors
    ///
    /// [`ImportError`]; what was stored before stands, and importing again goes on from there.
    pub fn import(&self, log: impl Read, asked: &Asked) -> Result<LogReport, ImportError> {
        reading::read(log, &mut storing::Storing::new(self, asked))
    }

    /// Stores the content of a file that a report named. Blocks.
    ///
    /// # Errors
    ///
    /// [`ImportError`]; nothing of the file is kept then.
    pub fn put_file(&self, run: &RunName, name: &str, content: impl Read) -> Result<(), ImportError> {
        let RunName { entity, project, run, generation } = run;
        let path = RunPath::new(ProjectKey::new(entity.as_str(), project.as_str()), run.as_str());
        made::put(self, &path.generation(*generation), name, content)?;
        Ok(())
    }
}

/// Reads a log without storing anything.
///
/// # Errors
///
/// [`ImportError`]: it is no log, or tells of no run.
pub fn look(log: impl Read) -> Result<LogReport, ImportError> {
    reading::read(log, &mut reading::Nowhere)
}

/// The records of a log as bytes.
pub(crate) fn read_records(log: &[u8]) -> Result<Vec<Vec<u8>>, NotALog> {
    let mut reader = wandb_file::LogReader::begin(log)?;
    let mut records = Vec::new();
    while reader.advance()? {
        records.push(reader.record().to_vec());
    }
    Ok(records)
}
