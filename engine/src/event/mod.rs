//! The closed list of events: every mutation of the store, and nothing else.
//!
//! An event is a fact with its subject, when it was received and who caused it. It carries names,
//! never numbers that other events define, so a single frame is readable alone. `codec.rs` turns
//! events into bytes and back; `projection/` folds them into state.

mod artifact;
mod block;
mod branch;
mod codec;
mod json;
mod kinds;
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
pub(crate) use block::Assembled;
pub use block::{Block, BlockBuilder, BlockError, Cell, Column, Kind};
pub use branch::{Branch, Origin};
pub use codec::{CodecError, decode, encode};
pub(crate) use codec::{from_bincode, to_bincode};
pub use json::{write_float, write_text};
pub use kinds::{KeyStats, Kinds};
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
    /// A project was made.
    ProjectCreated(ProjectCreated),
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

/// A user was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAdded {
    /// 1 to 64 of `a-z 0-9 _ -`.
    pub name: Arc<str>,
    /// May do everything.
    pub admin: bool,
}

/// A user received a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyIssued {
    /// Its owner.
    pub user: Arc<str>,
    /// What names the key without giving it away.
    pub key_id: Arc<str>,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
}

/// A key stopped working.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRevoked {
    /// The key.
    pub key_id: Arc<str>,
}

/// What a key may do at most, whatever its owner may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyLimited {
    /// The key.
    pub key_id: Arc<str>,
    /// What it is for, in somebody's words.
    pub note: Arc<str>,
    /// When it stops working; never when none.
    pub expires: Option<Time>,
    /// The one role that it has, and where; all that its owner has when none.
    pub only: Option<Grant>,
}

/// A role, and where it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Whose projects.
    pub entity: Arc<str>,
    /// The one of them; all of them when none.
    pub project: Option<Arc<str>>,
    /// The role.
    pub role: Role,
}

/// What somebody may do with projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Nothing.
    None,
    /// Read.
    Reader,
    /// Log runs, and read nothing.
    IngestOnly,
    /// Read and write.
    Writer,
    /// Read, write, and say who may.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::None, Self::Reader, Self::IngestOnly, Self::Writer, Self::Admin];

    /// As people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Reader => "reader",
            Self::IngestOnly => "ingest-only",
            Self::Writer => "writer",
            Self::Admin => "admin",
        }
    }
}

/// A team was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamAdded {
    /// 1 to 64 of `a-z 0-9 _ -`; no user has it.
    pub name: Arc<str>,
}

/// A user has another role with an entity or a project than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleGranted {
    /// Who.
    pub user: Arc<str>,
    /// What, and where. [`Role::None`] on an entity takes the role back; on a project it keeps somebody out of
    /// it who has a role with its entity.
    pub grant: Grant,
}

/// A key that is none was tried; told of an address once a minute at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginFailed {
    /// The address that it came from.
    pub from: Arc<str>,
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

/// A project was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectCreated {
    /// What it is about.
    pub description: Arc<str>,
}

/// A generation of a run began, in the state `Running` unless another is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCreated {
    /// Where it came from: `wandb`, `cli`, `import`, `api`.
    pub source: Arc<str>,
    /// The state it begins in.
    pub state: State,
}

/// Attributes of a run were set; [`Value::Null`] clears one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunChanged {
    /// Each attribute and its new value.
    pub set: Vec<(Attribute, Value)>,
}

/// What a run has beside config and summary. Each becomes a column of `runs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Attribute {
    /// The display name. Text.
    Name,
    /// Text.
    Notes,
    /// A list of texts.
    Tags,
    /// Text.
    Group,
    /// Text.
    JobType,
    /// Text.
    Description,
    /// When the trainer says it began. Int, [`Time`].
    StartedAt,
    /// Text.
    Host,
    /// Text.
    Os,
    /// Text.
    PythonVersion,
    /// The interpreter or binary. Text.
    Executable,
    /// The arguments, as one line. Text.
    Command,
    /// The script. Text.
    Program,
    /// Text.
    GitRemote,
    /// Text.
    GitCommit,
    /// Int.
    CpuCount,
    /// Int.
    MemoryBytes,
    /// Text.
    GpuType,
    /// Int.
    GpuCount,
    /// Text.
    ClientVersion,
    /// Text.
    SweepId,
}

impl Attribute {
    /// Every attribute, in the order of the columns.
    pub const ALL: [Self; 21] = [
        Self::Name,
        Self::Notes,
        Self::Tags,
        Self::Group,
        Self::JobType,
        Self::Description,
        Self::StartedAt,
        Self::Host,
        Self::Os,
        Self::PythonVersion,
        Self::Executable,
        Self::Command,
        Self::Program,
        Self::GitRemote,
        Self::GitCommit,
        Self::CpuCount,
        Self::MemoryBytes,
        Self::GpuType,
        Self::GpuCount,
        Self::ClientVersion,
        Self::SweepId,
    ];

    /// The name of its column.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Notes => "notes",
            Self::Tags => "tags",
            Self::Group => "group_name",
            Self::JobType => "job_type",
            Self::Description => "description",
            Self::StartedAt => "started_at",
            Self::Host => "host",
            Self::Os => "os",
            Self::PythonVersion => "python_version",
            Self::Executable => "executable",
            Self::Command => "command",
            Self::Program => "program",
            Self::GitRemote => "git_remote",
            Self::GitCommit => "git_commit",
            Self::CpuCount => "cpu_count",
            Self::MemoryBytes => "memory_bytes",
            Self::GpuType => "gpu_type",
            Self::GpuCount => "gpu_count",
            Self::ClientVersion => "client_version",
            Self::SweepId => "sweep_id",
        }
    }
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

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// Created ahead, nothing heard yet.
    Pending,
    /// At work.
    Running,
    /// Ended with exit code 0.
    Finished,
    /// Ended with another exit code.
    Failed,
    /// Not heard of for the grace time.
    Crashed,
    /// Ended because somebody asked for it.
    Killed,
    /// Said that it is about to be taken off its machine.
    Preempting,
    /// Taken off its machine.
    Preempted,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Running,
        Self::Finished,
        Self::Failed,
        Self::Crashed,
        Self::Killed,
        Self::Preempting,
        Self::Preempted,
    ];

    /// As SQL spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Finished => "Finished",
            Self::Failed => "Failed",
            Self::Crashed => "Crashed",
            Self::Killed => "Killed",
            Self::Preempting => "Preempting",
            Self::Preempted => "Preempted",
        }
    }

    /// Whether the run is at work, so that silence means something.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Preempting)
    }
}

/// A run's state changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChanged {
    /// What it was.
    pub from: State,
    /// What it is.
    pub to: State,
    /// Why.
    pub cause: Cause,
    /// The fact that the change rests on, for people: the exit code, the last heartbeat, who asked.
    pub evidence: Arc<str>,
    /// The exit code, where the trainer gave one.
    pub exit_code: Option<i32>,
}

/// Why a state changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cause {
    /// The trainer said that it ended.
    Exit,
    /// The trainer was interrupted from the keyboard.
    Interrupt,
    /// Somebody asked for a stop, and the trainer ended.
    Stop,
    /// Nothing was heard for the grace time.
    Silence,
    /// The trainer was heard again.
    Heard,
    /// The run was begun again under its id.
    Resumed,
    /// The trainer said that it is being taken off.
    Preemption,
    /// Somebody set it.
    Edit,
}

impl Cause {
    /// As SQL spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exit => "exit",
            Self::Interrupt => "interrupt",
            Self::Stop => "stop",
            Self::Silence => "silence",
            Self::Heard => "heard",
            Self::Resumed => "resumed",
            Self::Preemption => "preemption",
            Self::Edit => "edit",
        }
    }
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
            Self::ProjectCreated(_) => "ProjectCreated",
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
