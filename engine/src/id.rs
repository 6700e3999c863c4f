//! What things are called: positions in the log, names of runs.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A position in a lane: events are numbered 1, 2, 3 … without a gap; 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Lsn(pub u64);

impl Lsn {
    /// The position `count` events later.
    #[must_use]
    pub fn advance(self, count: u64) -> Self {
        Self(self.0 + count)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a segment: 1, 2, 3 … in the order in which they were begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SegmentId(pub u64);

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Counts the openings that write: each begins a new segment, and a writer that meets a higher
/// epoch than its own stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch(pub u64);

/// The identity of a data folder, drawn once. It seeds every checksum, so a file of another
/// folder never passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StoreId(pub [u8; 16]);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A project: `entity/project`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProjectKey {
    /// The user or team that owns it.
    pub entity: Arc<str>,
    /// Its name within the entity.
    pub project: Arc<str>,
}

impl ProjectKey {
    /// Names a project.
    pub fn new(entity: impl Into<Arc<str>>, project: impl Into<Arc<str>>) -> Self {
        Self { entity: entity.into(), project: project.into() }
    }
}

impl fmt::Display for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.entity, self.project)
    }
}

/// One generation of a run: `entity/project/id`, and how often the id was begun anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunKey {
    /// The project it belongs to.
    pub project: ProjectKey,
    /// The id the trainer chose, unique in the project.
    pub run: Arc<str>,
    /// 1 for the first run under this id, 2 when the id was begun again, and so on.
    pub generation: u32,
}

impl RunKey {
    /// The path of the run without its generation.
    #[must_use]
    pub fn path(&self) -> RunPath {
        RunPath { project: self.project.clone(), run: Arc::clone(&self.run) }
    }
}

impl fmt::Display for RunKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.run)?;
        if self.generation > 1 {
            write!(f, " (generation {})", self.generation)?;
        }
        Ok(())
    }
}

/// What people call a run: `entity/project/id`, whichever generation is current.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunPath {
    /// The project it belongs to.
    pub project: ProjectKey,
    /// The id the trainer chose.
    pub run: Arc<str>,
}

impl RunPath {
    /// Names a run.
    pub fn new(project: ProjectKey, run: impl Into<Arc<str>>) -> Self {
        Self { project, run: run.into() }
    }

    /// The key of one of its generations.
    #[must_use]
    pub fn generation(&self, generation: u32) -> RunKey {
        RunKey { project: self.project.clone(), run: Arc::clone(&self.run), generation }
    }
}

impl fmt::Display for RunPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.run)
    }
}
