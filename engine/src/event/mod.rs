//! The closed list of events: every mutation of the store, and nothing else.
//!
//! An event is a fact with its subject, when it was received and who caused it. It carries names,
//! never numbers that other events define, so a single frame is readable alone. `codec.rs` turns
//! events into bytes and back; `projection/` folds them into state.

mod artifact;
mod attribute;
mod block;
mod branch;
mod codec;
mod json;
mod kinds;
mod people;
mod project;
mod state;
mod value;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::id::{Lsn, ProjectKey, RunKey, RunPath, StoreId};

pub use artifact::{
    AliasMoved, ArtifactBlob, ArtifactChanged, ArtifactCommitted, ArtifactCreated, ArtifactFilePut,
    ArtifactId, ArtifactManifestPut, ArtifactUsed, RunIn,
};
pub use attribute::{Attribute, RunChanged};
pub(crate) use block::Assembled;
pub use block::{Block, BlockBuilder, BlockError, Cell, Column, Kind};
pub use branch::{Branch, Origin};
pub use codec::{CodecError, decode, encode};
pub(crate) use codec::{from_bincode, to_bincode};
pub use json::{write_float, write_text};
pub use kinds::{KeyStats, Kinds};
pub use people::{
    Grant, KeyIssued, KeyLimited, KeyRevoked, LoginFailed, PasswordSet, Role, RoleGranted, TeamAdded,
    UserAdded,
};
pub use project::{ProjectCreated, ViewRemoved, ViewSaved};
pub use state::{Cause, State, StateChanged};
pub use value::{JsonError, NonFinite, Value};

/// Nanoseconds since 1970 in UTC. Times are data: nothing is ordered by them (D7).
pub type Time = i64;

/// One stored fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What it is about.
    pub subject: Subject,
    /// When the server received it.
    pub received: Time,
    /// The user whose key caused it; empty for the store itself.
    pub actor: Arc<str>,
    /// What happened.
    pub body: Body,
}

/// What an event is about; `run_seq` counts the events of each subject from 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// The store and its people.
    Store,
    /// A project.
    Project(ProjectKey),
    /// One generation of a run.
    Run(RunKey),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store => f.write_str("the store"),
            Self::Project(key) => write!(f, "project {key}"),
            Self::Run(key) => write!(f, "run {key}"),
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// The folder was made.
    StoreCreated(StoreCreated),
    /// A user was added, with a personal entity of the same name.
    UserAdded(UserAdded),
    /// A user received a key; only its hash is stored.
    KeyIssued(KeyIssued),
    /// A key stopped working.
    KeyRevoked(KeyRevoked),
    /// A key may do less than its owner.
    KeyLimited(KeyLimited),
    /// A team was made: an entity of several users.
    TeamAdded(TeamAdded),
    /// A user may do something with an entity or a project, or no longer.
    RoleGranted(RoleGranted),
    /// A key that is none was tried.
    LoginFailed(LoginFailed),
    /// A user has another password.
    PasswordSet(PasswordSet),
    /// A project was made.
    ProjectCreated(ProjectCreated),
    /// The project is gone from all lists, until something of it is there again.
    ProjectDeleted,
    /// How somebody looks at the project is kept.
    ViewSaved(ViewSaved),
    /// It is not kept any more.
    ViewRemoved(ViewRemoved),
    /// A generation of a run began.
    RunCreated(RunCreated),
    /// Name, notes, tags and the like were set.
    RunChanged(RunChanged),
    /// Paths of the config were set or removed.
    ConfigChanged(Paths),
    /// Paths of the summary were set or removed.
    SummaryChanged(Paths),
    /// Rows of history.
    Logged(Rows),
    /// Rows of system metrics.
    SystemSampled(Rows),
    /// Lines of the console.
    ConsoleWritten(Console),
    /// The run was heard of, and had been silent for a while.
    Heartbeat,
    /// The run's state changed.
    StateChanged(StateChanged),
    /// Somebody asked the run to stop.
    StopRequested,
    /// A file of the run was stored.
    FilePut(FilePut),
    /// A file of the run was deleted.
    FileDeleted(FileDeleted),
    /// The run was deleted; it can be undeleted until it is erased.
    RunDeleted,
    /// The run is there again.
    RunUndeleted,
    /// A line that could not be read, as it came.
    Quarantined(Quarantined),
    /// A script told people something.
    AlertRaised(AlertRaised),
    /// The run goes on from another one.
    Forked(Branch),
    /// The generation goes on from an earlier one.
    Rewound(Branch),
    /// A deleted run is erased: its bytes are to go, for good.
    RunErased(RunErased),
    /// What stands in files of events for an event of a run that was erased; never in the log.
    Erased(Erased),
    /// The bytes of erased runs are gone.
    ErasureDone(ErasureDone),
    /// An artifact was begun.
    ArtifactCreated(ArtifactCreated),
    /// A file of an artifact was stored.
    ArtifactFilePut(ArtifactFilePut),
    /// The list of an artifact's files was stored.
    ArtifactManifestPut(ArtifactManifestPut),
    /// An artifact is whole.
    ArtifactCommitted(ArtifactCommitted),
    /// A run uses an artifact.
    ArtifactUsed(ArtifactUsed),
    /// An alias names another version of an artifact.
    AliasMoved(AliasMoved),
    /// What people say of an artifact was set.
    ArtifactChanged(ArtifactChanged),
}

/// The folder was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreCreated {
    /// Its identity.
    pub store: StoreId,
    /// The secret of the capability addresses that the server hands out.
    pub secret: [u8; 32],
}

/// A script told people something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRaised {
    /// What it is about.
    pub title: Arc<str>,
    /// What it says.
    pub text: Arc<str>,
    /// How much it matters.
    pub level: AlertLevel,
}

/// How much an alert matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AlertLevel {
    /// Good to know.
    Info,
    /// Something may be wrong.
    Warn,
    /// Something is wrong.
    Error,
}

impl AlertLevel {
    /// As SQL spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A generation of a run began, in the state `Running` unless another is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCreated {
    /// Where it came from: `wandb`, `cli`, `import`, `api`.
    pub source: Arc<str>,
    /// The state it begins in.
    pub state: State,
}

/// A path into nested values, outermost first, never empty. A key with a dot in it is one member.
pub type Path = Vec<Box<str>>;

/// Paths of a tree of values that changed: what was removed, then what was set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Paths {
    /// Paths that are gone.
    pub removed: Vec<Path>,
    /// Paths and their new values.
    pub set: Vec<(Path, Value)>,
}

impl Paths {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.set.is_empty()
    }
}

/// Where lines of a stream stand, and how a retry of them is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Who wrote it, where several processes write one run; empty otherwise.
    pub writer: Arc<str>,
    /// The line number of the first line.
    pub first_line: u64,
    /// How many lines it takes up, those included that could not be read.
    pub lines: u32,
    /// The hash of the chunk as it came, by which its retry is known.
    pub hash: u64,
}

/// Rows of history or of system metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// Where its lines stand. A row stands for a line.
    pub chunk: Chunk,
    /// Rows in the block.
    pub rows: u32,
    /// The block: [`Block::parse`] reads it.
    pub block: Bytes,
}

/// Lines of the console; each replaces what stood at its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Console {
    /// Where they stand.
    pub chunk: Chunk,
    /// The lines, from `chunk.first_line` on.
    pub lines: Vec<ConsoleLine>,
}

/// One line of the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleLine {
    /// When it was written, as the client said.
    pub time: Option<Time>,
    /// Written to standard error.
    pub is_stderr: bool,
    /// Which of several writers wrote it; empty otherwise.
    pub label: Box<str>,
    /// The text without its end of line.
    pub text: Box<str>,
}

/// A file of a run was stored; the blob of that digest is there before the event is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePut {
    /// Its name, with `/` between folders: data, never a path on disk (S4).
    pub name: Arc<str>,
    /// SHA-256 of its content.
    pub digest: [u8; 32],
    /// MD5 of its content, which the client asks for.
    pub md5: [u8; 16],
    /// Bytes.
    pub size: u64,
    /// What it is, as a media type.
    pub kind: Arc<str>,
}

/// A file of a run was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDeleted {
    /// Its name.
    pub name: Arc<str>,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The stream it came in: `wandb-history.jsonl` and so on.
    pub stream: Arc<str>,
    /// Who wrote it, where several do.
    pub writer: Arc<str>,
    /// Its line number.
    pub line: u64,
    /// The line as it came.
    pub raw: Box<str>,
    /// What is wrong with it.
    pub reason: Box<str>,
}

/// A deleted run is erased.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunErased {
    /// SHA-256 of every file that was ever put to it: those that no other run has go with it.
    pub blobs: Vec<[u8; 32]>,
}

/// An event that is no longer told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Whether it was the one with which the run began.
    pub begins: bool,
}

/// The bytes of erased runs are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureDone {
    /// Those of all that were erased up to this position.
    pub through: Lsn,
}

impl Event {
    /// The run it is about.
    #[must_use]
    pub fn run(&self) -> Option<&RunKey> {
        match &self.subject {
            Subject::Run(key) => Some(key),
            _ => None,
        }
    }
}

impl From<RunKey> for Subject {
    fn from(key: RunKey) -> Self {
        Self::Run(key)
    }
}

impl From<ProjectKey> for Subject {
    fn from(key: ProjectKey) -> Self {
        Self::Project(key)
    }
}

impl From<&RunKey> for RunPath {
    fn from(key: &RunKey) -> Self {
        key.path()
    }
}

impl Body {
    /// Its name in the `events` table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::StoreCreated(_) => "StoreCreated",
            Self::UserAdded(_) => "UserAdded",
            Self::KeyIssued(_) => "KeyIssued",
            Self::KeyRevoked(_) => "KeyRevoked",
            Self::KeyLimited(_) => "KeyLimited",
            Self::TeamAdded(_) => "TeamAdded",
            Self::RoleGranted(_) => "RoleGranted",
            Self::LoginFailed(_) => "LoginFailed",
            Self::PasswordSet(_) => "PasswordSet",
            Self::ProjectCreated(_) => "ProjectCreated",
            Self::ProjectDeleted => "ProjectDeleted",
            Self::ViewSaved(_) => "ViewSaved",
            Self::ViewRemoved(_) => "ViewRemoved",
            Self::RunCreated(_) => "RunCreated",
            Self::RunChanged(_) => "RunChanged",
            Self::ConfigChanged(_) => "ConfigChanged",
            Self::SummaryChanged(_) => "SummaryChanged",
            Self::Logged(_) => "Logged",
            Self::SystemSampled(_) => "SystemSampled",
            Self::ConsoleWritten(_) => "ConsoleWritten",
            Self::Heartbeat => "Heartbeat",
            Self::StateChanged(_) => "StateChanged",
            Self::StopRequested => "StopRequested",
            Self::FilePut(_) => "FilePut",
            Self::FileDeleted(_) => "FileDeleted",
            Self::RunDeleted => "RunDeleted",
            Self::RunUndeleted => "RunUndeleted",
            Self::Quarantined(_) => "Quarantined",
            Self::AlertRaised(_) => "AlertRaised",
            Self::Forked(_) => "Forked",
            Self::Rewound(_) => "Rewound",
            Self::RunErased(_) => "RunErased",
            Self::Erased(_) => "Erased",
            Self::ErasureDone(_) => "ErasureDone",
            Self::ArtifactCreated(_) => "ArtifactCreated",
            Self::ArtifactFilePut(_) => "ArtifactFilePut",
            Self::ArtifactManifestPut(_) => "ArtifactManifestPut",
            Self::ArtifactCommitted(_) => "ArtifactCommitted",
            Self::ArtifactUsed(_) => "ArtifactUsed",
            Self::AliasMoved(_) => "AliasMoved",
            Self::ArtifactChanged(_) => "ArtifactChanged",
        }
    }

    /// Whether it tells of a run, so that a run is its subject.
    #[must_use]
    pub fn is_of_run(&self) -> bool {
        match self {
            Self::StoreCreated(_)
            | Self::UserAdded(_)
            | Self::KeyIssued(_)
            | Self::KeyRevoked(_)
            | Self::KeyLimited(_)
            | Self::TeamAdded(_)
            | Self::RoleGranted(_)
            | Self::LoginFailed(_)
            | Self::PasswordSet(_)
            | Self::ErasureDone(_)
            | Self::ProjectCreated(_)
            | Self::ProjectDeleted
            | Self::ViewSaved(_)
            | Self::ViewRemoved(_)
            | Self::ArtifactCreated(_)
            | Self::ArtifactFilePut(_)
            | Self::ArtifactManifestPut(_)
            | Self::ArtifactCommitted(_)
            | Self::ArtifactUsed(_)
            | Self::AliasMoved(_)
            | Self::ArtifactChanged(_) => false,
            Self::RunCreated(_)
            | Self::RunChanged(_)
            | Self::ConfigChanged(_)
            | Self::SummaryChanged(_)
            | Self::Logged(_)
            | Self::SystemSampled(_)
            | Self::ConsoleWritten(_)
            | Self::Heartbeat
            | Self::StateChanged(_)
            | Self::StopRequested
            | Self::FilePut(_)
            | Self::FileDeleted(_)
            | Self::RunDeleted
            | Self::RunUndeleted
            | Self::Quarantined(_)
            | Self::AlertRaised(_)
            | Self::Forked(_)
            | Self::Rewound(_)
            | Self::RunErased(_)
            | Self::Erased(_) => true,
        }
    }

    /// SHA-256 of the blob that it names.
    #[must_use]
    pub fn blob(&self) -> Option<&[u8; 32]> {
        match self {
            Self::FilePut(put) => Some(&put.digest),
            Self::ArtifactFilePut(put) => Some(&put.file.digest),
            Self::ArtifactManifestPut(put) => Some(&put.file.digest),
            Self::ArtifactCommitted(committed) => Some(&committed.manifest.digest),
            _ => None,
        }
    }
}
