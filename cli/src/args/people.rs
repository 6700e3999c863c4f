//! The verbs about people: users, teams, roles, keys.

use clap::{Args, Subcommand};

use super::user_name;
use crate::duration;

/// Users.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Adds a user and prints the name and a new key
    Add(UserAdd),
    /// Sets the password that a user signs in with in a browser
    #[command(after_help = "\
Programs keep to keys. An empty password takes it away.

Examples:
  wbq user password < password.txt
  wbq user password bob < password.txt")]
    Password {
        /// Whose [default: your own]
        #[arg(value_parser = user_name)]
        name: Option<String>,
    },
    /// Lists the users
    #[command(after_help = "Examples:\n  wbq user ls\n  wbq user ls --format json")]
    Ls,
}

/// Whom to add.
#[derive(Debug, Args)]
#[command(after_help = "\
The key that lets in to a server stands before the verb here: wbq --key ADMIN_KEY user add bob

Examples:
  wbq user add bob
  wbq user add bob --key local-0123456789abcdef0123456789abcdef01234567
  wbq user add bob --password-stdin < password.txt")]
pub(crate) struct UserAdd {
    /// The name: 1 to 64 of a-z 0-9 _ -
    #[arg(value_parser = user_name)]
    pub(crate) name: String,
    /// The user's key, instead of a new one
    #[arg(long = "key", id = "users_key", value_name = "KEY")]
    pub(crate) users_key: Option<String>,
    /// Reads a password from standard input, for signing in with a browser
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Stands in for the global `--key`, whose place `--key` of this verb takes.
    #[arg(long = "server-key", id = "key", hide = true)]
    pub(crate) server_key: Option<String>,
}

/// Teams.
#[derive(Debug, Subcommand)]
pub(crate) enum Team {
    /// Makes a team: an entity of several users
    #[command(after_help = "\
Nobody but admins of the store sees the team's projects before a role says so:

  wbq role grant bob writer vision

Examples:
  wbq team add vision")]
    Add {
        /// The name: 1 to 64 of a-z 0-9 _ -, and no user's
        #[arg(value_parser = user_name)]
        name: String,
    },
    /// Lists the teams and who is in them
    #[command(after_help = "Examples:\n  wbq team ls\n  wbq team ls --format json")]
    Ls,
}

/// Roles.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Says what a user may do with an entity or one of its projects
    #[command(after_help = "\
Roles:
  reader       reads
  ingest-only  logs runs, and reads nothing
  writer       reads, logs, changes and deletes runs
  admin        that, and says who may what
  none         nothing; on a project it keeps out somebody who has a role with its entity

A role with a project goes before that with its entity. Each user is the admin of the entity of the own name.

Examples:
  wbq role grant bob writer vision
  wbq role grant bob reader vision/detector")]
    Grant {
        /// The user
        #[arg(value_parser = user_name)]
        user: String,
        /// The role
        #[arg(value_parser = ["reader", "ingest-only", "writer", "admin", "none"])]
        role: String,
        /// ENTITY or ENTITY/PROJECT
        #[arg(value_name = "ON")]
        on: String,
    },
    /// Lists the roles that were given
    #[command(after_help = "Examples:\n  wbq role ls\n  wbq role ls --format json")]
    Ls,
}

/// Keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Makes a key and prints it, now or never
    New(KeyNew),
    /// Lists keys, without what makes them work
    #[command(after_help = "Examples:\n  wbq key ls\n  wbq key ls --format json")]
    Ls,
    /// Ends keys at once, and the sessions of browsers that were begun by them
    #[command(after_help = "Examples:\n  wbq key revoke wbq_x7Rk2mPq")]
    Revoke {
        /// What names the key: what stands before its first dash, or what `wbq key ls` shows
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
}

/// A key to make.
#[derive(Debug, Args)]
#[command(after_help = "\
With --role and --on it may no more than that, wherever its owner may more: a key for a machine that only logs.

Examples:
  export WANDB_API_KEY=$(wbq key new --note laptop)
  wbq key new --role ingest-only --on vision/detector --expires 90d --note \"cluster\"
  wbq key new --user bob")]
pub(crate) struct KeyNew {
    /// Whose key, instead of the own
    #[arg(long, value_name = "NAME", value_parser = user_name)]
    pub(crate) user: Option<String>,
    /// The one role that it has
    #[arg(long, requires = "on", value_parser = ["reader", "ingest-only", "writer", "admin"])]
    pub(crate) role: Option<String>,
    /// Where it has that role: ENTITY or ENTITY/PROJECT
    #[arg(long, value_name = "ON", requires = "role")]
    pub(crate) on: Option<String>,
    /// Ends it after this time, such as 12h or 90d
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(crate) expires: Option<std::time::Duration>,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) note: String,
}
