//! Commands about people: users, teams, roles, keys. Each change is an event, with who made it.

use std::sync::Arc;
use std::time::Duration;

use engine::{
    Body, Event, Grant, KeyIssued, KeyLimited, KeyRevoked, PasswordSet, People, Role, RoleGranted, Store,
    Subject, TeamAdded, Time,
};
use serde::{Deserialize, Serialize};

use super::commands::{CommandError, CommandOutcome, only_admins};
use super::passwords;
use crate::access::Caller;
use crate::app::{self, Plan};
use crate::http::auth;
use crate::people;
use crate::wandb::{Act, names};

/// A user, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    /// The name.
    pub name: String,
    /// May do everything.
    pub admin: bool,
    /// What names the keys.
    pub keys: Vec<String>,
}

/// A team, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamInfo {
    /// The name.
    pub name: String,
    /// Who has a role with it or with one of its projects.
    pub members: Vec<RoleInfo>,
}

/// A role that somebody has somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleInfo {
    /// Who.
    pub user: String,
    /// `entity` or `entity/project`.
    pub on: String,
    /// `reader`, `ingest-only`, `writer`, `admin` or `none`.
    pub role: String,
}

/// A key, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyInfo {
    /// What names it.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// What it is for.
    pub note: String,
    /// When it stops working, in nanoseconds since 1970.
    pub expires: Option<Time>,
    /// The one role that it has.
    pub only: Option<RoleInfo>,
}

/// A key that is asked for.
#[derive(Debug)]
pub(crate) struct NewKey {
    pub(crate) user: Option<String>,
    pub(crate) note: String,
    /// A role and where it holds.
    pub(crate) only: Option<(String, String)>,
    pub(crate) expires_seconds: Option<u64>,
}

/// A key that was made: shown now or never.
#[derive(Debug)]
pub(crate) struct Made {
    /// What names it.
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) key: String,
}

pub(super) async fn add_user(
    store: &Store,
    caller: &Caller,
    act: &Act,
    name: String,
    key: Option<String>,
    password: Option<&str>,
) -> Result<CommandOutcome, CommandError> {
    only_admins(caller)?;
    let hash = password.map(|password| passwords::hashed(&*store.world().entropy, password)).transpose()?;
    let key = match key {
        Some(key) => {
            people::check_key(&key).map_err(|reason| CommandError::Invalid(reason.to_owned()))?;
            key
        }
        None => drawn(store)?,
    };
    decide(store, |people| {
        check_new(people, &name)?;
        if people.keys.contains_key(&auth::hash(&key)) {
            return Err(CommandError::Invalid("somebody has this key already".into()));
        }
        let mut events = people::added(&name, false, &key, &act.actor, act.now);
        events.extend(hash.as_ref().map(|hash| {
            let set = PasswordSet { user: name.as_str().into(), hash: Arc::clone(hash) };
            act.on(Subject::Store, Body::PasswordSet(set))
        }));
        Ok(events)
    })
    .await?;
    Ok(CommandOutcome::UserAdded { name, key })
}

/// Makes a team, with an admin of it where one is named.
pub(crate) async fn add_team(
    store: &Store,
    caller: &Caller,
    act: &Act,
    name: String,
    admin: Option<&str>,
) -> Result<bool, CommandError> {
    only_admins(caller)?;
    decide(store, |people| {
        check_new(people, &name)?;
        let entity: Arc<str> = name.as_str().into();
        let mut bodies = vec![Body::TeamAdded(TeamAdded { name: Arc::clone(&entity) })];
        if let Some(admin) = admin {
            check_user(people, admin)?;
            bodies.push(granted(admin, Grant { entity, project: None, role: Role::Admin }));
        }
        Ok(bodies.into_iter().map(|body| act.on(Subject::Store, body)).collect())
    })
    .await
}

pub(super) fn granted(user: &str, grant: Grant) -> Body {
    Body::RoleGranted(RoleGranted { user: user.into(), grant })
}

pub(super) fn check_manages(people: &People, caller: &Caller, entity: &str) -> Result<(), CommandError> {
    if caller.manages(people, entity) {
        return Ok(());
    }
    Err(CommandError::Forbidden(format!("only admins of {entity:?} and of the store say who may what there")))
}

pub(super) fn check_team(people: &People, name: &str) -> Result<(), CommandError> {
    if people.teams.contains(name) {
        return Ok(());
    }
    Err(CommandError::NotFound(format!("there is no team {name:?}")))
}

/// An entity of that name can be made: users and teams share names.
pub(super) fn check_new(people: &People, name: &str) -> Result<(), CommandError> {
    let invalid = |reason: &str| CommandError::Invalid(format!("{name:?} cannot be a name: {reason}"));
    names::check_entity(name).map_err(invalid)?;
    if people.users.contains_key(name) {
        return Err(CommandError::Invalid(format!("there is a user {name:?} already")));
    }
    if people.teams.contains(name) {
        return Err(CommandError::Invalid(format!("there is a team {name:?} already")));
    }
    Ok(())
}

pub(super) async fn grant(
    store: &Store,
    caller: &Caller,
    act: &Act,
    user: &str,
    role: &str,
    on: &str,
) -> Result<CommandOutcome, CommandError> {
    let grant = parsed(role, on)?;
    let changed = decide(store, |people| {
        check_manages(people, caller, &grant.entity)?;
        check_user(people, user)?;
        let standing = people.roles().find(|(known, entity, project, _)| {
            ***known == *user && **entity == grant.entity && project.cloned() == grant.project
        });
        let stands = match standing {
            Some((.., role)) => role == grant.role,
            None => grant.role == Role::None && grant.project.is_none(),
        };
        Ok(if stands { Vec::new() } else { vec![act.on(Subject::Store, granted(user, grant.clone()))] })
    })
    .await?;
    Ok(CommandOutcome::RoleGranted { role: shown(user, &grant), changed })
}

pub(crate) async fn new_key(
    store: &Store,
    caller: &Caller,
    act: &Act,
    wanted: NewKey,
) -> Result<Made, CommandError> {
    let user = wanted.user.unwrap_or_else(|| caller.user.to_string());
    if *user != *caller.user {
        only_admins(caller)?;
    }
    // Else a key that may little would make one that may more.
    if caller.only.is_some() {
        return Err(CommandError::Forbidden("a key with a role of its own makes no keys".into()));
    }
    names::check_text("note", &wanted.note)?;
    if wanted.note == passwords::BROWSERS_NOTE {
        let reason = "it is the note of keys that browsers are given, which end with a new password";
        return Err(CommandError::Invalid(format!("{:?} cannot be a note: {reason}", wanted.note)));
    }
    let only = wanted.only.map(|(role, on)| parsed(&role, &on)).transpose()?;
    let lifetime = wanted.expires_seconds.map(|seconds| Duration::from_secs(seconds).as_nanos());
    let lifetime = lifetime.map(|nanos| Time::try_from(nanos).unwrap_or(Time::MAX));
    let expires = lifetime.map(|lifetime| act.now.saturating_add(lifetime));
    let key = drawn(store)?;
    let id = people::key_id(&key);
    decide(store, |people| {
        check_user(people, &user)?;
        let (owner, key_id): (Arc<str>, Arc<str>) = (user.as_str().into(), id.as_str().into());
        let issued = KeyIssued { user: owner, key_id: Arc::clone(&key_id), hash: auth::hash(&key) };
        let mut bodies = vec![Body::KeyIssued(issued)];
        if only.is_some() || expires.is_some() || !wanted.note.is_empty() {
            let note = wanted.note.as_str().into();
            bodies.push(Body::KeyLimited(KeyLimited { key_id, note, expires, only: only.clone() }));
        }
        Ok(bodies.into_iter().map(|body| act.on(Subject::Store, body)).collect())
    })
    .await?;
    Ok(Made { id, user, key })
}

pub(crate) async fn revoke(
    store: &Store,
    caller: &Caller,
    act: &Act,
    id: String,
) -> Result<CommandOutcome, CommandError> {
    // Else a key that may little, once it is lost, would end all others of its owner.
    if caller.only.is_some() {
        return Err(CommandError::Forbidden("a key with a role of its own ends no keys".into()));
    }
    decide(store, |people| {
        let key = people.keys.values().find(|key| *key.key_id == *id);
        let is_there = key.is_some_and(|key| caller.is_admin || key.user == caller.user);
        if !is_there {
            return Err(CommandError::NotFound(format!("there is no key {id:?}")));
        }
        let revoked = KeyRevoked { key_id: id.as_str().into() };
        Ok(vec![act.on(Subject::Store, Body::KeyRevoked(revoked))])
    })
    .await?;
    Ok(CommandOutcome::KeyRevoked { id })
}

pub(super) fn users(people: &People) -> Vec<UserInfo> {
    let keys = |name: &str| {
        let own = people.keys.values().filter(|key| *key.user == *name);
        own.map(|key| key.key_id.to_string()).collect()
    };
    let info = |user: &engine::User| UserInfo {
        name: user.name.to_string(),
        admin: user.admin,
        keys: keys(&user.name),
    };
    people.users.values().map(info).collect()
}

/// The teams that the caller is in; to admins all.
pub(super) fn teams(people: &People, caller: &Caller) -> CommandOutcome {
    let team = |name: &Arc<str>| {
        let members = people.roles().filter(|(_, entity, ..)| *entity == name);
        TeamInfo { name: name.to_string(), members: members.map(info).collect() }
    };
    let is_in = |team: &TeamInfo| team.members.iter().any(|member| *member.user == *caller.user);
    let teams = people.teams.iter().map(team).filter(|team| caller.is_admin || is_in(team));
    CommandOutcome::Teams { teams: teams.collect() }
}

/// The roles that the caller has or gives.
pub(super) fn roles(people: &People, caller: &Caller) -> CommandOutcome {
    let roles =
        people.roles().filter(|(user, entity, ..)| **user == caller.user || caller.manages(people, entity));
    CommandOutcome::Roles { roles: roles.map(info).collect() }
}

/// The caller's keys; to admins all, to a key with a role of its own none.
pub(super) fn keys(people: &People, caller: &Caller) -> CommandOutcome {
    let is_told = |key: &engine::Key| caller.is_admin || (key.user == caller.user && caller.only.is_none());
    let own = people.keys.values().filter(|key| is_told(key));
    let mut keys: Vec<KeyInfo> = own
        .map(|key| {
            let limits = people.limits.get(&key.key_id);
            KeyInfo {
                id: key.key_id.to_string(),
                user: key.user.to_string(),
                note: limits.map(|limits| limits.note.to_string()).unwrap_or_default(),
                expires: limits.and_then(|limits| limits.expires),
                only: limits.and_then(|limits| Some(shown(&key.user, limits.only.as_ref()?))),
            }
        })
        .collect();
    keys.sort_by(|one, other| (&one.user, &one.id).cmp(&(&other.user, &other.id)));
    CommandOutcome::Keys { keys }
}

fn info((user, entity, project, role): (&Arc<str>, &Arc<str>, Option<&Arc<str>>, Role)) -> RoleInfo {
    shown(user, &Grant { entity: Arc::clone(entity), project: project.cloned(), role })
}

fn shown(user: &str, grant: &Grant) -> RoleInfo {
    let on = match &grant.project {
        Some(project) => format!("{}/{project}", grant.entity),
        None => grant.entity.to_string(),
    };
    RoleInfo { user: user.to_owned(), on, role: grant.role.name().to_owned() }
}

/// A role by its name, and the place that it holds at.
pub(super) fn parsed(role: &str, on: &str) -> Result<Grant, CommandError> {
    let known = Role::ALL.iter().find(|known| known.name() == role);
    let role = *known.ok_or_else(|| {
        let names: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        CommandError::Invalid(format!("{role:?} is no role; there are {}", names.join(", ")))
    })?;
    let (entity, project) = match on.split_once('/') {
        Some((entity, project)) => (entity, Some(project)),
        None => (on, None),
    };
    names::check_entity(entity).map_err(|reason| {
        CommandError::Invalid(format!("{on:?} names no entity or entity/project: {reason}"))
    })?;
    if let Some(project) = project {
        names::check_project(project)?;
    }
    Ok(Grant { entity: entity.into(), project: project.map(Arc::from), role })
}

pub(super) fn check_user(people: &People, user: &str) -> Result<(), CommandError> {
    // On a folder that no server has opened yet nobody is the caller.
    if user.is_empty() {
        return Err(CommandError::Invalid("the store has no user yet; name one, or add one first".into()));
    }
    let is_known = people.users.contains_key(user);
    if is_known { Ok(()) } else { Err(CommandError::NotFound(format!("there is no user {user:?}"))) }
}

pub(super) fn drawn(store: &Store) -> Result<String, CommandError> {
    people::new_key(&*store.world().entropy)
        .map_err(|error| CommandError::Unavailable(format!("the system gives no random bytes: {error}")))
}

/// Appends what is decided of people as they stand; whether that is anything.
pub(super) async fn decide(
    store: &Store,
    mut decision: impl FnMut(&People) -> Result<Vec<Event>, CommandError>,
) -> Result<bool, CommandError> {
    app::decide(store, |snapshot| {
        let events = decision(&snapshot.projection.people)?;
        let rests_on = vec![(Subject::Store, snapshot.projection.seq(&Subject::Store)?)];
        let is_any = !events.is_empty();
        Ok(Plan { events, rests_on, reply: is_any })
    })
    .await
}
