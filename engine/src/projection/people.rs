//! Users, teams, what they may do, and their keys.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use super::ApplyError;
use crate::event::{
    Grant, KeyIssued, KeyLimited, KeyRevoked, PasswordSet, Role, RoleGranted, TeamAdded, Time, UserAdded,
};
use crate::id::ProjectKey;

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

/// What a key may do at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyLimits {
    /// What it is for, in somebody's words.
    pub note: Arc<str>,
    /// When it stops working.
    pub expires: Option<Time>,
    /// The one role that it has, and where.
    pub only: Option<Grant>,
}

/// Whose role, with which entity, and with which of its projects.
type Place = (Arc<str>, Arc<str>, Option<Arc<str>>);

/// Users by name, keys by the SHA-256 of their text, teams, roles.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Users by name.
    pub users: OrdMap<Arc<str>, User>,
    /// Keys that work, by hash.
    pub keys: OrdMap<[u8; 32], Key>,
    /// What keys may do at most, by the key's id.
    pub limits: OrdMap<Arc<str>, KeyLimits>,
    /// Teams by name.
    pub teams: OrdSet<Arc<str>>,
    roles: OrdMap<Place, Role>,
    /// The hashes of users' passwords, as PHC strings.
    pub passwords: OrdMap<Arc<str>, Arc<str>>,
}

/// What a record of the state has of people besides users and keys.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Lists {
    limits: Vec<(Arc<str>, KeyLimits)>,
    teams: Vec<Arc<str>>,
    roles: Vec<(Place, Role)>,
}

impl People {
    /// The user whose key has that hash, and the key. The hash is of 256 random bits, so looking it up in a
    /// map tells nothing about keys by its timing.
    #[must_use]
    pub fn by_key_hash(&self, hash: &[u8; 32]) -> Option<(&User, &Key)> {
        let key = self.keys.get(hash)?;
        Some((self.users.get(&key.user)?, key))
    }

    /// What a user who is no admin of the store was allowed with a project: the role with the project if there
    /// is one, else that with its entity. The own entity is a user's own.
    #[must_use]
    pub fn role(&self, user: &str, project: &ProjectKey) -> Role {
        if *project.entity == *user && self.users.contains_key(user) {
            return Role::Admin;
        }
        let entity = Arc::clone(&project.entity);
        let with = |project| self.roles.get(&(Arc::from(user), Arc::clone(&entity), project)).copied();
        with(Some(Arc::clone(&project.project))).or_else(|| with(None)).unwrap_or(Role::None)
    }

    /// The roles that were given: who, with which entity, with which of its projects, which.
    pub fn roles(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>, Option<&Arc<str>>, Role)> {
        self.roles.iter().map(|((user, entity, project), role)| (user, entity, project.as_ref(), *role))
    }

    pub(super) fn add_user(&mut self, added: &UserAdded) -> Result<(), ApplyError> {
        if self.users.contains_key(&added.name) {
            return Err(ApplyError::Exists(format!("user {:?}", added.name)));
        }
        let user = User { name: Arc::clone(&added.name), admin: added.admin };
        self.users.insert(Arc::clone(&added.name), user);
        Ok(())
    }

    pub(super) fn add_team(&mut self, added: &TeamAdded) -> Result<(), ApplyError> {
        let is_new =
            !self.users.contains_key(&added.name) && self.teams.insert(Arc::clone(&added.name)).is_none();
        if is_new { Ok(()) } else { Err(ApplyError::Exists(format!("entity {:?}", added.name))) }
    }

    pub(super) fn issue(&mut self, issued: &KeyIssued) -> Result<(), ApplyError> {
        self.check_user(&issued.user)?;
        if self.keys.contains_key(&issued.hash) {
            return Err(ApplyError::Exists(format!("key {:?}", issued.key_id)));
        }
        let key = Key { key_id: Arc::clone(&issued.key_id), user: Arc::clone(&issued.user) };
        self.keys.insert(issued.hash, key);
        Ok(())
    }

    pub(super) fn limit(&mut self, limited: &KeyLimited) -> Result<(), ApplyError> {
        self.hash_of(&limited.key_id)?;
        let KeyLimited { key_id, note, expires, only } = limited.clone();
        self.limits.insert(key_id, KeyLimits { note, expires, only });
        Ok(())
    }

    pub(super) fn revoke(&mut self, revoked: &KeyRevoked) -> Result<(), ApplyError> {
        let hash = self.hash_of(&revoked.key_id)?;
        self.keys.remove(&hash);
        self.limits.remove(&revoked.key_id);
        Ok(())
    }

    pub(super) fn set_password(&mut self, set: &PasswordSet) -> Result<(), ApplyError> {
        self.check_user(&set.user)?;
        let (user, hash) = (Arc::clone(&set.user), Arc::clone(&set.hash));
        match hash.is_empty() {
            true => self.passwords.remove(&user),
            false => self.passwords.insert(user, hash),
        };
        Ok(())
    }

    pub(super) fn grant(&mut self, granted: &RoleGranted) -> Result<(), ApplyError> {
        self.check_user(&granted.user)?;
        let Grant { entity, project, role } = granted.grant.clone();
        let is_taken_back = role == Role::None && project.is_none();
        let place = (Arc::clone(&granted.user), entity, project);
        if is_taken_back {
            self.roles.remove(&place)
        } else {
            self.roles.insert(place, role)
        };
        Ok(())
    }

    fn check_user(&self, user: &Arc<str>) -> Result<(), ApplyError> {
        let is_known = self.users.contains_key(user);
        if is_known { Ok(()) } else { Err(ApplyError::Unknown(format!("user {user:?}"))) }
    }

    fn hash_of(&self, key_id: &Arc<str>) -> Result<[u8; 32], ApplyError> {
        let found = self.keys.iter().find(|(_, key)| key.key_id == *key_id);
        found.map(|(hash, _)| *hash).ok_or_else(|| ApplyError::Unknown(format!("key {key_id:?}")))
    }

    pub(super) fn to_lists(&self) -> Lists {
        Lists {
            limits: self.limits.iter().map(|(key, limits)| (Arc::clone(key), limits.clone())).collect(),
            teams: self.teams.iter().cloned().collect(),
            roles: self.roles.iter().map(|(place, role)| (place.clone(), *role)).collect(),
        }
    }

    pub(super) fn from_lists(users: Vec<User>, keys: Vec<([u8; 32], Key)>, lists: Lists) -> Self {
        Self {
            users: users.into_iter().map(|user| (Arc::clone(&user.name), user)).collect(),
            keys: keys.into_iter().collect(),
            limits: lists.limits.into_iter().collect(),
            teams: lists.teams.into_iter().collect(),
            roles: lists.roles.into_iter().collect(),
            passwords: OrdMap::new(),
        }
    }
}
