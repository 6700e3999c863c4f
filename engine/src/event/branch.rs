//! Where a run goes on from another one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::KeyStats;
use crate::id::{Lsn, RunKey};

/// A run goes on from another one. The rows it has of that one are not copied, reads go back to it; what the
/// event tells of them is what a run knows of its rows without reading them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// Which rows it has of which run.
    pub origin: Origin,
    /// The highest step among them.
    pub last_step: Option<i64>,
    /// The keys that they have.
    pub keys: Vec<(Arc<str>, KeyStats)>,
}

/// The rows of history that a run has of another one: those up to a step, as they stood at a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The run it goes on from: another one of the project, or an earlier generation.
    pub parent: RunKey,
    /// The last step that it has of it.
    pub step: i64,
    /// The position of the last event of the parent's that counts.
    pub at: Lsn,
    /// How many steps it has of it; its own lines begin behind as many.
    pub rows: u64,
}
