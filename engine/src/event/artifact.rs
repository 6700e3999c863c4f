//! What happens to artifacts: versioned sets of files that runs log and use.
//!
//! What holds:
//! - Each event's subject is the project of the artifact; that of [`ArtifactUsed`] is the project of the run.
//! - Which version a committed artifact becomes is said by no event: the fold counts the versions of a
//!   collection (`projection/artifacts.rs`), so nobody who commits waits for somebody else.
//! - The blobs that an event names are there before it is.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{ProjectKey, RunKey};

/// Names an artifact in its project. Drawn by chance, so that two that are made at once differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArtifactId(pub u64);

impl fmt::Display for ArtifactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A generation of a run of a project that is told beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunIn {
    /// The run's id.
    pub run: Arc<str>,
    /// Its generation.
    pub generation: u32,
}

impl From<&RunKey> for RunIn {
    fn from(key: &RunKey) -> Self {
        Self { run: Arc::clone(&key.run), generation: key.generation }
    }
}

/// A blob of an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactBlob {
    /// SHA-256 of its content.
    pub digest: [u8; 32],
    /// MD5 of its content, by which the client names it.
    pub md5: [u8; 16],
    /// Bytes.
    pub size: u64,
}

/// A run, or somebody, began to log an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactCreated {
    /// Its name for ever, unless its content turns out to be there already.
    pub artifact: ArtifactId,
    /// The collection whose next version it is to be.
    pub collection: Arc<str>,
    /// The type of the collection: `dataset`, `model`, `run_table` …
    pub kind: Arc<str>,
    /// The client's digest of all its files.
    pub digest: Arc<str>,
    /// The run that logs it.
    pub run: Option<RunIn>,
    /// What it is, in somebody's words.
    pub description: Option<Arc<str>>,
    /// A JSON document, as it came.
    pub metadata: Option<Arc<str>>,
    /// What it is to be called beside its version.
    pub aliases: Vec<Arc<str>>,
    /// Tags.
    pub tags: Vec<Arc<str>>,
    /// The client's own name of it.
    pub client_id: Option<Arc<str>>,
    /// The client's own name of the collection.
    pub sequence_client_id: Option<Arc<str>>,
    /// The step of the run's history at which it was logged.
    pub history_step: Option<i64>,
    /// Whether it is the newest version again where that has the same digest.
    pub deduplicates: bool,
}

/// A file of an artifact was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactFilePut {
    /// The artifact it was put for.
    pub artifact: ArtifactId,
    /// Its name there.
    pub name: Arc<str>,
    /// Its content.
    pub file: ArtifactBlob,
}

/// The list of an artifact's files was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactManifestPut {
    /// The artifact.
    pub artifact: ArtifactId,
    /// Lists only what comes to the files of `base`.
    pub is_increment: bool,
    /// The version that an increment goes on from, if there is one.
    pub base: Option<ArtifactId>,
    /// The list, a JSON document.
    pub file: ArtifactBlob,
}

/// An artifact is whole: it is the next version of its collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactCommitted {
    /// The artifact.
    pub artifact: ArtifactId,
    /// The list of all its files.
    pub manifest: ArtifactBlob,
    /// How many there are.
    pub files: u64,
    /// Their bytes.
    pub size: u64,
}

/// A run uses an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactUsed {
    /// The run.
    pub run: RunIn,
    /// The project of the artifact.
    pub project: ProjectKey,
    /// The artifact.
    pub artifact: ArtifactId,
    /// What for, in somebody's words.
    pub used_as: Option<Arc<str>>,
}

/// An alias of a collection names another version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasMoved {
    /// The collection.
    pub collection: Arc<str>,
    /// The alias.
    pub alias: Arc<str>,
    /// The version; none when there is no such alias any more.
    pub to: Option<ArtifactId>,
}

/// What people say of an artifact was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactChanged {
    /// The artifact.
    pub artifact: ArtifactId,
    /// What it is, in somebody's words.
    pub description: Option<Arc<str>>,
    /// A JSON document, as it came.
    pub metadata: Option<Arc<str>>,
    /// Tags.
    pub tags: Vec<Arc<str>>,
}
