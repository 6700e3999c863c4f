//! Users and their keys.

use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

/// A user; each has a personal entity of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The name.
    pub name: Arc<str>,
    /// May do everything.
    pub admin: bool,
}

/// A key that lets in whoever holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// What names it without giving it away.
    pub key_id: Arc<str>,
    /// Its owner.
    pub user: Arc<str>,
}

/// Users by name, keys by the SHA-256 of their text.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Users by name.
    pub users: OrdMap<Arc<str>, User>,
    /// Keys that work, by hash.
    pub keys: OrdMap<[u8; 32], Key>,
}

impl People {
    /// The user whose key has that hash. The hash is of 256 random bits, so looking it up in a map
    /// tells nothing about keys by its timing.
    #[must_use]
    pub fn by_key_hash(&self, hash: &[u8; 32]) -> Option<(&User, &Key)> {
        let key = self.keys.get(hash)?;
        Some((self.users.get(&key.user)?, key))
    }
}
