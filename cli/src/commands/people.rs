//! `wbq user`, `team`, `role`, `key`: people, what they may do, and what lets them in.

use std::io::{BufRead as _, Read as _, Write as _};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, ListBuilder, RecordBatch, StringArray, StringBuilder, TimestampNanosecondArray,
};
use ingest::api::commands::{Command, CommandOutcome};
use ingest::api::people::{KeyInfo, RoleInfo, TeamInfo, UserInfo};
use query::output::Format;

use super::Context;
use crate::args::{Key, KeyNew, Role, Team, User, UserAdd};
use crate::failure::{Failure, Result};
use crate::output;
use crate::writing::Writer;

/// Bytes of a line with a password: more than a password may have.
const PASSWORD_LINE_MAX: u64 = 4 << 10;

pub(crate) fn user(context: &Context<'_>, user: User) -> Result<()> {
    match user {
        User::Password { name } => {
            let password = password_of_stdin()?;
            match ask(context, &Command::PasswordSet { user: name, password })? {
                CommandOutcome::PasswordSet { user, is_set } => {
                    let told =
                        if is_set { "signs in with this password" } else { "has no password any more" };
                    context.messages.note(&format!("{user} {told}"));
                    Ok(())
                }
                other => Err(unexpected(&other)),
            }
        }
        User::Add(UserAdd { name, users_key, password_stdin, .. }) => {
            let password = password_stdin.then(password_of_stdin).transpose()?;
            match ask(context, &Command::UserAdd { name, key: users_key, password })? {
                CommandOutcome::UserAdded { name, key } => output::print(&format!("{name} {key}\n")),
                other => Err(unexpected(&other)),
            }
        }
        User::Ls => match ask(context, &Command::UserList)? {
            CommandOutcome::Users { users } => list(context, users_table(&users)),
            other => Err(unexpected(&other)),
        },
    }
}

/// The first line of standard input.
fn password_of_stdin() -> Result<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().take(PASSWORD_LINE_MAX).read_line(&mut line);
    read.map_err(|error| Failure::usage(format!("cannot read a password from standard input: {error}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

pub(crate) fn team(context: &Context<'_>, team: Team) -> Result<()> {
    match team {
        Team::Add { name } => match ask(context, &Command::TeamAdd { name })? {
            CommandOutcome::TeamAdded { name } => output::print(&format!("{name}\n")),
            other => Err(unexpected(&other)),
        },
        Team::Ls => match ask(context, &Command::TeamList)? {
            CommandOutcome::Teams { teams } => list(context, teams_table(&teams)),
            other => Err(unexpected(&other)),
        },
    }
}

pub(crate) fn role(context: &Context<'_>, role: Role) -> Result<()> {
    match role {
        Role::Grant { user, role, on } => match ask(context, &Command::RoleGrant { user, role, on })? {
            CommandOutcome::RoleGranted { role: RoleInfo { user, on, role }, changed } => {
                if !changed {
                    context.messages.note(&format!("{user} is {role} on {on} already"));
                }
                output::print(&format!("{user} {role} {on}\n"))
            }
            other => Err(unexpected(&other)),
        },
        Role::Ls => match ask(context, &Command::RoleList)? {
            CommandOutcome::Roles { roles } => list(context, roles_table(&roles)),
            other => Err(unexpected(&other)),
        },
    }
}

pub(crate) fn key(context: &Context<'_>, key: Key) -> Result<()> {
    match key {
        Key::New(KeyNew { user, role, on, expires, note }) => {
            let expires_seconds = expires.map(|time| time.as_secs());
            match ask(context, &Command::KeyNew { user, note, role, on, expires_seconds })? {
                CommandOutcome::KeyMade { id, user, key } => {
                    context.messages.note(&format!("key {id} of {user}; wbq key revoke {id} ends it"));
                    output::print(&format!("{key}\n"))
                }
                other => Err(unexpected(&other)),
            }
        }
        Key::Ls => match ask(context, &Command::KeyList)? {
            CommandOutcome::Keys { keys } => list(context, keys_table(&keys)),
            other => Err(unexpected(&other)),
        },
        Key::Revoke { ids } => {
            let writer = Writer::open(context)?;
            for id in ids {
                match writer.run(&Command::KeyRevoke { id })? {
                    CommandOutcome::KeyRevoked { id } => output::print(&format!("{id}\n"))?,
                    other => return Err(unexpected(&other)),
                }
            }
            writer.close()
        }
    }
}

fn ask(context: &Context<'_>, command: &Command) -> Result<CommandOutcome> {
    let writer = Writer::open(context)?;
    let outcome = writer.run(command)?;
    writer.close()?;
    Ok(outcome)
}

fn unexpected(outcome: &CommandOutcome) -> Failure {
    Failure::refused(format!("the server answered something else: {outcome:?}"))
}

type Columns = Vec<(&'static str, ArrayRef)>;

fn users_table(users: &[UserInfo]) -> Columns {
    let admins: BooleanArray = users.iter().map(|user| Some(user.admin)).collect();
    vec![
        ("name", texts(users, |user| Some(&user.name))),
        ("admin", Arc::new(admins)),
        ("keys", lists(users.iter().map(|user| user.keys.iter().map(String::as_str)))),
    ]
}

fn teams_table(teams: &[TeamInfo]) -> Columns {
    let names = |team: &TeamInfo| {
        let mut names: Vec<String> = team.members.iter().map(|member| member.user.clone()).collect();
        names.dedup();
        names
    };
    let members: Vec<Vec<String>> = teams.iter().map(names).collect();
    vec![
        ("name", texts(teams, |team| Some(&team.name))),
        ("members", lists(members.iter().map(|names| names.iter().map(String::as_str)))),
    ]
}

fn roles_table(roles: &[RoleInfo]) -> Columns {
    vec![
        ("user", texts(roles, |role| Some(&role.user))),
        ("on", texts(roles, |role| Some(&role.on))),
        ("role", texts(roles, |role| Some(&role.role))),
    ]
}

fn keys_table(keys: &[KeyInfo]) -> Columns {
    let expires: TimestampNanosecondArray = keys.iter().map(|key| key.expires).collect();
    vec![
        ("id", texts(keys, |key| Some(&key.id))),
        ("user", texts(keys, |key| Some(&key.user))),
        ("role", texts(keys, |key| key.only.as_ref().map(|only| &only.role))),
        ("on", texts(keys, |key| key.only.as_ref().map(|only| &only.on))),
        ("expires", Arc::new(expires.with_timezone("UTC"))),
        ("note", texts(keys, |key| Some(&key.note).filter(|note| !note.is_empty()))),
    ]
}

fn texts<T>(rows: &[T], text: impl Fn(&T) -> Option<&String>) -> ArrayRef {
    Arc::new(rows.iter().map(text).collect::<StringArray>())
}

fn lists<'a, I: Iterator<Item = &'a str>>(rows: impl Iterator<Item = I>) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    rows.for_each(|row| lists.append_value(row.map(Some)));
    Arc::new(lists.finish())
}

fn list(context: &Context<'_>, columns: Columns) -> Result<()> {
    let format = output::format(context.global, Format::Ndjson);
    let batch = RecordBatch::try_from_iter(columns)
        .map_err(|error| Failure::refused("cannot make a table of the answer").because(&error))?;
    let mut writer = query::output::Writer::new(format, &batch.schema(), output::data())
        .map_err(|error| output::unwritten(&error))?;
    let written = writer.write(&batch).and_then(|()| writer.finish()?.flush());
    written.map_err(|error| output::unwritten(&error))
}
