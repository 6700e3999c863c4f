//! Who may do what.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Time;

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

/// A user has another password than before, or none any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordSet {
    /// Who.
    pub user: Arc<str>,
    /// Its hash with all that its check takes, as PHC strings say it; empty where there is none.
    pub hash: Arc<str>,
}
