//! `wbq user`: people and their keys.

use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, ListBuilder, RecordBatch, StringArray, StringBuilder};
use ingest::api::commands::{Command, CommandOutcome, UserInfo};
use query::output::Format;

use super::Context;
use crate::args::{User, UserAdd};
use crate::failure::{Failure, Result};
use crate::output;
use crate::writing::Writer;

pub(crate) fn run(context: &Context<'_>, user: User) -> Result<()> {
    match user {
        User::Add(UserAdd { password_stdin: true, .. }) => {
            Err(Failure::usage("--password-stdin: signing in with a password is not built yet"))
        }
        User::Add(UserAdd { name, users_key, .. }) => {
            match ask(context, &Command::UserAdd { name, key: users_key })? {
                CommandOutcome::UserAdded { name, key } => output::print(&format!("{name} {key}\n")),
                other => Err(unexpected(&other)),
            }
        }
        User::Ls => match ask(context, &Command::UserList)? {
            CommandOutcome::Users { users } => list(output::format(context.global, Format::Ndjson), &users),
            other => Err(unexpected(&other)),
        },
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

fn list(format: Format, users: &[UserInfo]) -> Result<()> {
    let mut keys = ListBuilder::new(StringBuilder::new());
    for user in users {
        keys.append_value(user.keys.iter().map(Some));
    }
    let names: StringArray = users.iter().map(|user| Some(user.name.as_str())).collect();
    let admins: BooleanArray = users.iter().map(|user| Some(user.admin)).collect();
    let columns: [(&str, ArrayRef); 3] =
        [("name", Arc::new(names)), ("admin", Arc::new(admins)), ("keys", Arc::new(keys.finish()))];
    let batch = RecordBatch::try_from_iter(columns)
        .map_err(|error| Failure::refused("cannot make a table of the users").because(&error))?;
    let mut writer = query::output::Writer::new(format, &batch.schema(), output::data())
        .map_err(|error| output::unwritten(&error))?;
    let written = writer.write(&batch).and_then(|()| writer.finish()?.flush());
    written.map_err(|error| output::unwritten(&error))
}
