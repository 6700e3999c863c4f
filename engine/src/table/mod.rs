//! Table files: what the log amounts to, in columns.
//!
//! ```text
//!  tables/0000000007.parquet    the file; `.runs` and `.state` where it is none of Parquet's
//!  tables/0000000007.idx        the checksums of its bytes and its index
//! ```
//!
//! What holds:
//! - A table file is never changed; a later one takes its place by an edit of the manifest (W5, W7).
//! - Every byte of one is checked on the way to a reader ([`blocks`], D6).
//! - Everything in it was in the log: table files ∪ tail = log (D9).

pub(crate) mod blocks;
mod chunks;
pub(crate) mod events;
pub(crate) mod file;
pub(crate) mod footer;
pub(crate) mod index;
mod once;
pub(crate) mod rows;
pub(crate) mod runs;
pub(crate) mod source;
pub(crate) mod usage;

pub(crate) use file::{Label, Table, Tables, make};

use serde::{Deserialize, Serialize};

use crate::disk::RelPath;
use crate::error::Error;
use crate::id::{Lsn, ProjectKey};

/// The number of a table file: 1, 2, 3 … in the order in which they were begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct TableId(pub(crate) u64);

/// What a table file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Rows of history.
    History,
    /// Rows of system metrics.
    System,
    /// Lines of the console.
    Console,
    /// Events, of rows and lines only counts and ranges.
    Events,
    /// Runs as they stood.
    Runs,
    /// The state but for the runs.
    State,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::History, Self::System, Self::Console, Self::Events, Self::Runs, Self::State];

    pub(crate) fn code(self) -> u32 {
        self as u32
    }

    /// As people call it.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::System => "system",
            Self::Console => "console",
            Self::Events => "events",
            Self::Runs => "runs",
            Self::State => "state",
        }
    }
}

/// A table file as the manifest names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TableMeta {
    pub(crate) id: TableId,
    pub(crate) kind: Kind,
    /// How often its rows were written again, about: 0 is straight from the log.
    pub(crate) level: u8,
    /// The project whose rows alone it holds; none where several are mixed.
    pub(crate) project: Option<ProjectKey>,
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Bytes of the file beside it, and the checksum that ends it.
    pub(crate) sidecar: (u64, u32),
    pub(crate) rows: u64,
    /// The positions of the events in it lie between these.
    pub(crate) lsns: (Lsn, Lsn),
}

/// The folder of table files.
pub(crate) const FOLDER: &str = "tables";

impl TableMeta {
    pub(crate) fn path(&self) -> RelPath {
        let extension = match self.kind {
            Kind::Runs => "runs",
            Kind::State => "state",
            Kind::History | Kind::System | Kind::Console | Kind::Events => "parquet",
        };
        RelPath::of(&format!("{FOLDER}/{:010}.{extension}", self.id.0))
    }

    pub(crate) fn sidecar_path(&self) -> RelPath {
        RelPath::of(&format!("{FOLDER}/{:010}.idx", self.id.0))
    }
}

/// The number of the table file whose file, or file beside it, has that name.
pub(crate) fn id_of(name: &str) -> Option<TableId> {
    let (number, extension) = name.split_once('.')?;
    let known = ["parquet", "runs", "state", "idx"].contains(&extension);
    let id: u64 = number.parse().ok().filter(|_| known)?;
    (format!("{id:010}") == number).then_some(TableId(id))
}

/// What an error of the Parquet library is to us: one of ours that went through it, or damage.
pub(crate) fn parquet_error(what: &str, error: parquet::errors::ParquetError) -> Error {
    match error {
        parquet::errors::ParquetError::External(source) => match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(source) => match source.downcast::<std::io::Error>() {
                Ok(source) => Error::writing("write to", &RelPath::of(FOLDER), *source),
                Err(source) => Error::damaged(format!("{what} cannot be read: {source}")),
            },
        },
        error => Error::damaged(format!("{what} cannot be read: {error}")),
    }
}
