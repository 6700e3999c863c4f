//! Members of teams as the client's public API changes them: users without a key, invitations, machines.

use std::sync::Arc;

use engine::{Body, Event, Grant, KeyLimited, People, Role, Store, Subject, UserAdded};

use super::commands::{CommandError, only_admins};
use super::people::{check_manages, check_new, check_team, check_user, decide, drawn, granted, parsed};
use crate::access::Caller;
use crate::people;
use crate::wandb::{Act, names};

/// Adds a user who has no key yet.
pub(crate) async fn add_user_without_key(
    store: &Store,
    caller: &Caller,
    act: &Act,
    name: &str,
    admin: bool,
) -> Result<bool, CommandError> {
    only_admins(caller)?;
    decide(store, |people| {
        check_new(people, name)?;
        Ok(vec![act.on(Subject::Store, Body::UserAdded(UserAdded { name: name.into(), admin }))])
    })
    .await
}

/// Takes a user into a team, who must not be in it.
pub(crate) async fn invite(
    store: &Store,
    caller: &Caller,
    act: &Act,
    user: &str,
    role: &str,
    team: &str,
) -> Result<bool, CommandError> {
    let grant = parsed(role, team)?;
    decide(store, |people| {
        check_manages(people, caller, team)?;
        check_team(people, team)?;
        check_user(people, user)?;
        if people
            .roles()
            .any(|(known, entity, project, _)| **known == *user && **entity == *team && project.is_none())
        {
            return Err(CommandError::Invalid(format!("{user:?} is in team {team:?} already")));
        }
        Ok(vec![act.on(Subject::Store, granted(user, grant.clone()))])
    })
    .await
}

/// Takes from a user every role with an entity and with its projects.
pub(crate) async fn remove(
    store: &Store,
    caller: &Caller,
    act: &Act,
    user: &str,
    entity: &str,
) -> Result<bool, CommandError> {
    decide(store, |people| {
        check_manages(people, caller, entity)?;
        let held = people
            .roles()
            .filter(|(known, with, _, role)| ***known == *user && ***with == *entity && *role != Role::None);
        let taken = held.map(|(_, entity, project, _)| {
            let none = Grant { entity: Arc::clone(entity), project: project.cloned(), role: Role::None };
            act.on(Subject::Store, granted(user, none))
        });
        let taken: Vec<Event> = taken.collect();
        if taken.is_empty() {
            return Err(CommandError::NotFound(format!("{user:?} has no role with {entity:?}")));
        }
        Ok(taken)
    })
    .await
}

/// Adds a user of a team for a machine: a writer there, whose one key may no more than that. Gives name and key.
pub(crate) async fn add_service(
    store: &Store,
    caller: &Caller,
    act: &Act,
    team: &str,
    description: &str,
) -> Result<(String, String), CommandError> {
    names::check_text("description", description)?;
    let (key, mut name) = (drawn(store)?, String::new());
    let id: Arc<str> = people::key_id(&key).into();
    decide(store, |people| {
        check_manages(people, caller, team)?;
        check_team(people, team)?;
        name = free_name(people, description);
        let grant = Grant { entity: team.into(), project: None, role: Role::Writer };
        let limits = KeyLimited {
            key_id: Arc::clone(&id),
            note: description.into(),
            expires: None,
            only: Some(grant.clone()),
        };
        let mut events = people::added(&name, false, &key, &act.actor, act.now);
        events.push(act.on(Subject::Store, granted(&name, grant)));
        events.push(act.on(Subject::Store, Body::KeyLimited(limits)));
        Ok(events)
    })
    .await?;
    Ok((name, key))
}

/// A name that nobody has, made of what a user is for.
fn free_name(people: &People, description: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let words: String = description.chars().map(plain).take(40).collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    let name = if words.is_empty() { "service".to_owned() } else { words.join("-") };
    let numbered = (2u32..).map(|number| format!("{name}-{number}"));
    let names = std::iter::once(name.clone()).chain(numbered);
    names.into_iter().find(|name| check_new(people, name).is_ok()).unwrap_or(name)
}
