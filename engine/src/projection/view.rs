//! How people look at a project, kept for all who may see it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ApplyError, Project};
use crate::event::{Event, Time, ViewRemoved, ViewSaved};

/// A view that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// What names it in its project.
    pub id: Arc<str>,
    /// What people call it.
    pub name: Arc<str>,
    /// Which page it is of.
    pub page: Arc<str>,
    /// What it shows, in the words of that page.
    pub content: Arc<str>,
    /// Who saved it last.
    pub author: Arc<str>,
    /// When.
    pub saved: Time,
}

impl Project {
    pub(super) fn save_view(&mut self, saved: &ViewSaved, event: &Event) {
        let ViewSaved { id, name, page, content } = saved.clone();
        let (author, saved) = (Arc::clone(&event.actor), event.received);
        self.views.insert(Arc::clone(&id), Arc::new(View { id, name, page, content, author, saved }));
    }

    pub(super) fn remove_view(&mut self, removed: &ViewRemoved) -> Result<(), ApplyError> {
        let unknown = || ApplyError::Unknown(format!("view {:?} of project {}", removed.id, self.key));
        if !self.views.contains_key(&removed.id) {
            return Err(unknown());
        }
        self.views.remove(&removed.id);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
