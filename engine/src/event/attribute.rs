//! What a run has beside config and summary.

use serde::{Deserialize, Serialize};

use super::Value;

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
    /// When the trainer says it began. Int, [`Time`](super::Time).
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
