//! What a project has beside runs and artifacts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A project was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectCreated {
    /// What it is about.
    pub description: Arc<str>,
}

/// Somebody keeps how they look at a project, for all who may see it; one of the same id is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewSaved {
    /// What names it in its project.
    pub id: Arc<str>,
    /// What people call it.
    pub name: Arc<str>,
    /// Which page it is of: `workspace`, `table`.
    pub page: Arc<str>,
    /// What it shows, in the words of that page.
    pub content: Arc<str>,
}

/// Nobody looks at a project that way any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewRemoved {
    /// Which.
    pub id: Arc<str>,
}
