//! What each verb does, a file for each.

mod care;
mod change;
mod diff;
mod export;
mod import;
mod open;
mod people;
mod prune;
mod runs;
mod serve;
mod show;
mod sql;
mod stats;
mod tail;
mod watch;

use clap::CommandFactory;

use crate::args::{Cli, Global, ImportFrom, Request, Verb};
use crate::failure::{Failure, Result};
use crate::logs;
use crate::output::{self, Messages};
use crate::place::Environment;

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) global: &'a Global,
    pub(crate) environment: Environment,
    pub(crate) messages: Messages,
}

/// Carries out a request.
pub(crate) fn run(global: &Global, request: Request, messages: Messages) -> Result<()> {
    let context = Context { global, environment: Environment::read(), messages };
    let is_server = matches!(request, Request::Verb(Verb::Serve(_)));
    if !is_server && logs::are_asked_for(global) {
        logs::start(global, "warn")?;
    }
    match request {
        Request::Sql(source) => sql::run(&context, &source),
        Request::Verb(verb) => run_verb(&context, verb),
        Request::Nothing => Err(Failure::usage("say what to do: a verb or SQL")
            .next_command("wbq --help", "lists the verbs")
            .next_command("wbq \"SELECT name, state FROM runs\"", "answers from the store")),
    }
}

fn run_verb(context: &Context<'_>, verb: Verb) -> Result<()> {
    match verb {
        Verb::Serve(serve) => serve::run(context, serve),
        Verb::Runs(asked) => runs::run(context, asked),
        Verb::Tail(asked) => tail::run(context, &asked),
        Verb::Open { run, print } => open::run(context, run.as_deref(), print),
        Verb::Watch(asked) => watch::run(context, &asked),
        Verb::Show { run } => show::run(context, &run),
        Verb::Diff { left, right } => diff::run(context, &left, &right),
        Verb::Edit(edit) => change::edit(context, edit),
        Verb::Stop(runs) => change::stop(context, &runs),
        Verb::Delete { runs, yes } => change::delete(context, &runs, yes),
        Verb::Undelete(runs) => change::undelete(context, &runs),
        Verb::Prune { dry_run, deleted_for, yes, by } => prune::run(context, dry_run, deleted_for, yes, by),
        Verb::Stats(asked) => stats::run(context, asked),
        Verb::Import { from: ImportFrom::Wandb(asked) } => import::run(context, asked),
        Verb::Export(asked) => export::run(context, asked),
        Verb::Verify { deep, json } => care::verify(context, deep, json),
        Verb::Compact { keep_log } => change::compact(context, keep_log),
        Verb::Backup { target } => care::backup(context, target),
        Verb::Restore { source, target } => care::restore(context, source, target),
        Verb::Repair { source, target, dry_run } => care::repair(context, source, target, dry_run),
        Verb::User(user) => people::user(context, user),
        Verb::Team(team) => people::team(context, team),
        Verb::Role(role) => people::role(context, role),
        Verb::Key(key) => people::key(context, key),
        Verb::Completions { shell } => completions(shell),
        Verb::Version => output::print(&format!("wbq {}\n", env!("CARGO_PKG_VERSION"))),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "wbq", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}
