//! Who may do what with which project, and what of the store somebody sees.
//!
//! What holds:
//! - Admins of the store may everything; a user may everything in the own entity; in others what a role
//!   allows, that with the project before that with its entity. Without one: nothing.
//! - A key with a role of its own may no more than that, wherever its owner may more.
//! - What somebody may not read is not there: readers get a snapshot without it ([`Caller::view`]).

use std::sync::Arc;

use engine::{Event, Grant, People, ProjectKey, Role, Snapshot, Subject};

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) user: Arc<str>,
    /// May do everything.
    pub(crate) is_admin: bool,
    /// The one role of the key that the caller came with, where it has one.
    pub(crate) only: Option<Grant>,
}

/// What somebody may do with a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// Say who may what.
    pub(crate) manage: bool,
}

impl Rights {
    const ALL: Self = Self { read: true, write: true, manage: true };
    const NONE: Self = Self { read: false, write: false, manage: false };

    fn of(role: Role) -> Self {
        match role {
            Role::None => Self::NONE,
            Role::Reader => Self { read: true, ..Self::NONE },
            Role::IngestOnly => Self { write: true, ..Self::NONE },
            Role::Writer => Self { manage: false, ..Self::ALL },
            Role::Admin => Self::ALL,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            read: self.read && other.read,
            write: self.write && other.write,
            manage: self.manage && other.manage,
        }
    }
}

impl Caller {
    /// The rights of a user, with a key that has the role `only` or no role of its own.
    pub(crate) fn new(user: &engine::User, only: Option<Grant>) -> Self {
        Self { user: Arc::clone(&user.name), is_admin: user.admin && only.is_none(), only }
    }

    /// An admin of the store.
    pub(crate) fn admin(user: &str) -> Self {
        Self { user: Arc::from(user), is_admin: true, only: None }
    }

    pub(crate) fn rights(&self, people: &People, project: &ProjectKey) -> Rights {
        if self.is_admin {
            return Rights::ALL;
        }
        let is_store_admin = people.users.get(&self.user).is_some_and(|user| user.admin);
        let owner = if is_store_admin { Role::Admin } else { people.role(&self.user, project) };
        let Some(only) = &self.only else { return Rights::of(owner) };
        let is_there = only.entity == project.entity
            && only.project.as_ref().is_none_or(|project_only| *project_only == project.project);
        if is_there { Rights::of(owner).and(Rights::of(only.role)) } else { Rights::NONE }
    }

    /// Whether the caller may say who may what in an entity.
    pub(crate) fn manages(&self, people: &People, entity: &str) -> bool {
        // No project has this name, so no role with a project counts.
        self.rights(people, &ProjectKey::new(entity, "")).manage
    }

    /// The snapshot without what the caller may not read.
    pub(crate) fn view(&self, snapshot: Arc<Snapshot>) -> Arc<Snapshot> {
        if self.is_admin {
            return snapshot;
        }
        let people = &snapshot.projection.people;
        Arc::new(snapshot.for_those(|project| self.rights(people, project).read))
    }

    /// Whether the caller may be told of an event; those of the store and its people are for admins.
    pub(crate) fn may_be_told(&self, people: &People, event: &Event) -> bool {
        match &event.subject {
            Subject::Store => self.is_admin,
            Subject::Project(project) => self.rights(people, project).read,
            Subject::Run(run) => self.rights(people, &run.project).read,
        }
    }
}
