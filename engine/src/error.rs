//! What can go wrong, as facts; and what the caller does next, as a kind.

use std::io;

use crate::disk::{self, RelPath};
use crate::event::CodecError;
use crate::id::{Lsn, SegmentId};
use crate::projection::ApplyError;

/// The engine's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, to what.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file of the data folder.
        path: RelPath,
        /// Why not.
        source: io::Error,
    },
    /// There is no store in the folder.
    #[error("there is no store in the folder")]
    NoStore,
    /// The folder was written by a later release.
    #[error("{path} has format version {found}; this release reads up to {supported}")]
    TooNew {
        /// The file that says so.
        path: RelPath,
        /// Its version.
        found: u32,
        /// The newest version that is known.
        supported: u32,
    },
    /// Another process writes to the folder.
    #[error("another process writes to the folder: {holder}")]
    Locked {
        /// What it said of itself: pid and host.
        holder: String,
    },
    /// Stored bytes are not what was written.
    #[error("{}", .0.what)]
    Damaged(Box<Damage>),
    /// The events contradict what stands, or pass a limit. Nothing was stored.
    #[error("the events do not fit: {0}")]
    Rejected(#[from] ApplyError),
    /// The events cannot be written as bytes.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Somebody else's events about the same subject came first: look again and decide again.
    #[error("the subject has {found} events, not {expected}")]
    Conflict {
        /// How many the caller knew of.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// The disk is full; writing goes on by itself when it is not (F8).
    #[error("the disk is full")]
    DiskFull,
    /// More waits for the disk than may (F18).
    #[error("too much waits for the disk")]
    Overloaded,
    /// A sync failed, and what the disk holds is unknown until the next start (F7).
    #[error("writing has stopped after a failed sync: {cause}; restart to check the folder")]
    WritesStopped {
        /// The first failure.
        cause: String,
    },
    /// What was uploaded is not what was announced. Nothing was kept.
    #[error("the upload's {what} is {found}, not {expected}")]
    UploadDiffers {
        /// Size or MD5.
        what: &'static str,
        /// What was announced.
        expected: String,
        /// What came.
        found: String,
    },
    /// A file that was uploaded went before an event could name it, with the run that had it.
    #[error("the file's content was erased with another run; upload it again")]
    BlobErased,
    /// A folder that is to be written to by a backup, a restore or a repair holds something else.
    #[error("{0}")]
    Target(String),
    /// The store is closed or closing.
    #[error("the store is closed")]
    Closed,
}

/// Where damage is and what it costs (D6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The sentence: which file, at which byte, what differs.
    pub what: String,
    /// The damaged segment.
    pub segment: Option<SegmentId>,
    /// The first byte that is wrong.
    pub offset: Option<u64>,
    /// The events that are lost or in doubt, first to last.
    pub lsns: Option<(Lsn, Lsn)>,
    /// The runs that have events among them, with those events' `run_seq` from and to.
    pub runs: Vec<(String, u64, u64)>,
    /// It is in a table file; the log still holds the events.
    pub is_derived: bool,
}

impl Damage {
    /// Damage that one sentence tells.
    pub(crate) fn told(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            segment: None,
            offset: None,
            lsns: None,
            runs: Vec::new(),
            is_derived: false,
        }
    }
}

/// What the caller does next. A new kind is a design change; a new message is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is wrong and will stay wrong.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// Look again and decide again.
    Conflict,
    /// The same request may succeed later.
    Unavailable,
    /// Stored bytes are wrong.
    Damaged,
    /// The folder is in use.
    Locked,
    /// A later release is needed.
    TooNew,
    /// The disk failed.
    Io,
}

impl Error {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { source, .. } if disk::is_full(source) => ErrorKind::Unavailable,
            Self::Io { .. } => ErrorKind::Io,
            Self::NoStore => ErrorKind::NotFound,
            Self::TooNew { .. } => ErrorKind::TooNew,
            Self::Locked { .. } => ErrorKind::Locked,
            Self::Damaged(_) => ErrorKind::Damaged,
            Self::Rejected(ApplyError::Unknown(_)) => ErrorKind::NotFound,
            Self::Rejected(_) | Self::Codec(_) | Self::Target(_) => ErrorKind::Invalid,
            Self::Conflict { .. } => ErrorKind::Conflict,
            Self::DiskFull
            | Self::Overloaded
            | Self::WritesStopped { .. }
            | Self::UploadDiffers { .. }
            | Self::BlobErased
            | Self::Closed => ErrorKind::Unavailable,
        }
    }

    /// What the system said of a write: the disk is full, or the rest.
    pub(crate) fn writing(doing: &'static str, path: &RelPath, source: io::Error) -> Self {
        if disk::is_full(&source) { Self::DiskFull } else { Self::Io { doing, path: path.clone(), source } }
    }

    /// Damage of a table file that one sentence tells.
    pub(crate) fn derived(what: impl Into<String>) -> Self {
        Self::Damaged(Box::new(Damage { is_derived: true, ..Damage::told(what) }))
    }

    /// Damage that one sentence tells.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(Box::new(Damage::told(what)))
    }
}
