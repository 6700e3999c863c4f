//! `wbq edit`, `stop`, `delete`, `undelete`: what changes runs; `compact`.

use std::io::IsTerminal;

use ingest::api::commands::{self, Command, CommandOutcome};

use super::Context;
use crate::args::{Assignment, Edit, Runs, TagChange};
use crate::duration::Keep;
use crate::failure::{Failure, Result};
use crate::writing::Writer;

pub(crate) fn edit(context: &Context<'_>, edit: Edit) -> Result<()> {
    let Edit { runs, name, notes, tag, group, job_type, config, summary } = edit;
    let tags = |pick: fn(&TagChange) -> Option<&String>| tag.iter().filter_map(pick).cloned().collect();
    let pairs =
        |list: Vec<Assignment>| list.into_iter().map(|Assignment { key, value }| (key, value)).collect();
    let template = commands::Edit {
        run: String::new(),
        name,
        notes,
        tags_add: tags(|tag| if let TagChange::Add(tag) = tag { Some(tag) } else { None }),
        tags_remove: tags(|tag| if let TagChange::Remove(tag) = tag { Some(tag) } else { None }),
        group,
        job_type,
        config: pairs(config),
        summary: pairs(summary),
    };
    let on = |run| Command::Edit(commands::Edit { run, ..template.clone() });
    each(context, &runs, "edited", on)
}

pub(crate) fn stop(context: &Context<'_>, runs: &Runs) -> Result<()> {
    each(context, runs, "asked to stop:", |run| Command::Stop { run })
}

pub(crate) fn delete(context: &Context<'_>, runs: &Runs, yes: bool) -> Result<()> {
    if !yes && !confirmed(context, runs)? {
        return Err(Failure::refused("nothing was deleted"));
    }
    each(context, runs, "deleted", |run| Command::Delete { run })
}

pub(crate) fn undelete(context: &Context<'_>, runs: &Runs) -> Result<()> {
    each(context, runs, "brought back", |run| Command::Undelete { run })
}

pub(crate) fn compact(context: &Context<'_>, keep_log: Option<Keep>) -> Result<()> {
    let writer = Writer::open_keeping(context, keep_log)?;
    let outcome = writer.run_long(context.global, "compacting", &Command::Compact);
    writer.close()?;
    match outcome? {
        CommandOutcome::Compacted { files } => {
            let files = if files == 1 { "one table file".to_owned() } else { format!("{files} table files") };
            context.messages.note(&format!("the log so far stands in {files}"));
            Ok(())
        }
        other => Err(Failure::refused(format!("the server answered something else: {other:?}"))),
    }
}

fn confirmed(context: &Context<'_>, runs: &Runs) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("delete asks before it deletes, and here is nobody to ask")
            .next("--yes      deletes without asking"));
    }
    context.messages.ask(&format!("delete {}?", runs.runs.join(", ")))
}

/// Does a command to each of the runs, in order, up to the first that fails.
fn each(context: &Context<'_>, runs: &Runs, done: &str, command: impl Fn(String) -> Command) -> Result<()> {
    let writer = Writer::open(context)?;
    let changed = runs.runs.iter().try_for_each(|run| {
        if let CommandOutcome::Run { run, changed, message } = writer.run(&command(run.clone()))? {
            context.messages.note(&match message.filter(|_| !changed) {
                None => format!("{done} {run}"),
                Some(message) => format!("{run}: {message}"),
            });
        }
        Ok(())
    });
    // What was changed before a failure is to be proven too.
    writer.close().and(changed.clone()).map_err(|failure| changed.err().unwrap_or(failure))
}
