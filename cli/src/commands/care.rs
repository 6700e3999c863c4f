//! `wbq verify`, `backup`, `restore`, `repair`: looking after a folder. None of them needs the lock:
//! a server may hold the folder meanwhile.

use std::path::{Path, PathBuf};

use engine::Damage;
use engine::disk::World;
use engine::ops::{self, BackedUp, Repaired, Verified};
use serde_json::{Value, json};

use super::Context;
use crate::args::{Format, Global};
use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::progress::Bar;
use crate::{folder, interrupt, output};

pub(crate) fn verify(context: &Context<'_>, deep: bool, as_json: bool) -> Result<()> {
    let is_json = as_json || is_json(context.global)?;
    let dir = local(context)?;
    let found = watched(context.global, "checking", dir.clone(), move |dir, bar| {
        let found = ops::verify(&World::real(dir), deep, &mut |progress| bar.show(progress));
        found.map_err(|error| folder::failure("cannot check the store in", dir, &error))
    })?;
    output::print(&if is_json {
        output::json(&verified_json(&dir, &found))?
    } else {
        verified(&dir, &found)
    })?;
    if found.damages.is_empty() {
        return Ok(());
    }
    let count = found.damages.len();
    let places = if count == 1 { "one place" } else { &format!("{count} places") };
    let failure =
        Failure::new(Exit::Damaged, format!("the store in {} is damaged in {places}", dir.display()));
    Err(folder::advise_on_damage(failure, &dir, found.damages.iter().all(|damage| damage.is_derived)))
}

fn verified(dir: &Path, found: &Verified) -> String {
    let Verified { segments, log_bytes, last, tables, table_bytes, blobs, blob_bytes, damages, strangers } =
        found;
    let mut text = format!(
        "{}: {segments} segments ({log_bytes} bytes), {last} events, {tables} table files ({table_bytes} bytes), \
         {blobs} user files ({blob_bytes} bytes)\n",
        dir.display()
    );
    for damage in damages {
        text += &format!("damaged: {}\n", damage.what);
        for (run, first, last) in &damage.runs {
            text += &format!("  run {run}, its events {first}..{last}\n");
        }
    }
    for name in strangers {
        text += &format!("not the store's: {name}\n");
    }
    text + if damages.is_empty() { "every byte is what was written\n" } else { "" }
}

fn verified_json(dir: &Path, found: &Verified) -> Value {
    let damage = |damage: &Damage| {
        json!({
            "what": damage.what,
            "segment": damage.segment.map(|id| id.0),
            "offset": damage.offset,
            "lsns": damage.lsns.map(|(first, last)| [first.0, last.0]),
            "runs": damage.runs.iter()
                .map(|(run, first, last)| json!({ "run": run, "first": first, "last": last }))
                .collect::<Vec<_>>(),
        })
    };
    json!({
        "dir": dir.display().to_string(),
        "segments": found.segments,
        "log_bytes": found.log_bytes,
        "events": found.last.0,
        "tables": found.tables,
        "table_bytes": found.table_bytes,
        "blobs": found.blobs,
        "blob_bytes": found.blob_bytes,
        "damages": found.damages.iter().map(damage).collect::<Vec<_>>(),
        "strangers": found.strangers,
    })
}

pub(crate) fn backup(context: &Context<'_>, target: PathBuf) -> Result<()> {
    let dir = local(context)?;
    let is_json = is_json(context.global)?;
    let done = copied(context.global, "backing up", dir, target.clone(), ops::backup)?;
    report_copy(&target, &done, is_json)
}

pub(crate) fn restore(context: &Context<'_>, source: PathBuf, target: PathBuf) -> Result<()> {
    let is_json = is_json(context.global)?;
    let done = copied(context.global, "restoring", source, target.clone(), ops::restore)?;
    report_copy(&target, &done, is_json)
}

type Copying = fn(&World, &World, ops::Watch<'_>) -> engine::Result<BackedUp>;

fn copied(
    global: &Global,
    doing: &'static str,
    source: PathBuf,
    target: PathBuf,
    copy: Copying,
) -> Result<BackedUp> {
    watched(global, doing, source, move |source, bar| {
        let (from, to) = (World::real(source), World::real(&target));
        copy(&from, &to, &mut |progress| bar.show(progress)).map_err(|error| refused(source, &target, &error))
    })
}

fn refused(source: &Path, target: &Path, error: &engine::Error) -> Failure {
    match error {
        engine::Error::Target(_) => Failure::refused(format!("cannot write to {}", target.display()))
            .because(error)
            .next("name an empty folder, or one that does not exist"),
        engine::Error::DiskFull => Failure::refused(format!("cannot write to {}", target.display()))
            .because(error)
            .next("make room and run the command again: it goes on where it was"),
        error => folder::failure("cannot copy the store in", source, error),
    }
}

fn report_copy(target: &Path, done: &BackedUp, is_json: bool) -> Result<()> {
    let shown = target.display();
    if is_json {
        return output::print(&output::json(&json!({
            "dir": shown.to_string(),
            "durable": done.durable.0,
            "copied_bytes": done.copied_bytes,
            "files_kept": done.files_kept,
        }))?);
    }
    let kept = if done.files_kept == 0 {
        String::new()
    } else {
        format!(", {} files were there already", done.files_kept)
    };
    output::print(&format!(
        "{shown} holds {} events; {} bytes were copied{kept}; read back, every byte is what was written\n",
        done.durable, done.copied_bytes
    ))
}

pub(crate) fn repair(context: &Context<'_>, source: PathBuf, target: PathBuf, dry_run: bool) -> Result<()> {
    let is_json = is_json(context.global)?;
    let shown = target.display().to_string();
    let done = watched(context.global, "reading", source, move |source, bar| {
        let (from, to) = (World::real(source), World::real(&target));
        let target_world = (!dry_run).then_some(&to);
        ops::repair(&from, target_world, &mut |progress| bar.show(progress))
            .map_err(|error| refused(source, &target, &error))
    })?;
    let text = if is_json { output::json(&repaired_json(&done))? } else { repaired(&shown, &done, dry_run) };
    output::print(&text)
}

fn repaired(target: &str, done: &Repaired, dry_run: bool) -> String {
    let Repaired { kept, from_tables, lost, runs, values, begun_again, misfits, files } = done;
    let mut text = match dry_run {
        true => format!("{kept} events can be kept\n"),
        false => format!("{target} holds the {kept} events that could be kept\n"),
    };
    if *from_tables > 0 {
        text += &format!("{from_tables} of them the log does not hold any more: table files do\n");
    }
    for (first, last) in lost {
        text += &format!("lost: positions {first}..{last}\n");
    }
    for ops::Lost { run, first, last } in runs {
        text += &format!("lost: events {first}..{last} of run {run}\n");
    }
    for ops::LostValues { run, key, count } in values {
        let what = key.as_ref().map_or("lines of the console".to_owned(), |key| format!("values of {key:?}"));
        text += &format!("lost: {count} {what} of run {run}\n");
    }
    for run in begun_again {
        text += &format!("the beginning of run {run} is lost: it begins again under its name\n");
    }
    for (run, name) in files {
        text += &format!("lost: the file {name:?} of run {run}\n");
    }
    if *misfits > 0 {
        text += &format!("{misfits} whole events fit nowhere, since what they rest on is lost\n");
    }
    text + if lost.is_empty() && files.is_empty() && values.is_empty() { "nothing is lost\n" } else { "" }
}

fn repaired_json(done: &Repaired) -> Value {
    json!({
        "kept": done.kept,
        "lost": done.lost.iter().map(|(first, last)| [first.0, last.0]).collect::<Vec<_>>(),
        "runs": done.runs.iter()
            .map(|lost| json!({ "run": lost.run, "first": lost.first, "last": lost.last }))
            .collect::<Vec<_>>(),
        "from_tables": done.from_tables,
        "values": done.values.iter()
            .map(|lost| json!({ "run": lost.run, "key": lost.key, "count": lost.count }))
            .collect::<Vec<_>>(),
        "begun_again": done.begun_again,
        "misfits": done.misfits,
        "files": done.files.iter().map(|(run, name)| json!({ "run": run, "name": name })).collect::<Vec<_>>(),
    })
}

/// The folder; a server elsewhere has none for us.
pub(super) fn local(context: &Context<'_>) -> Result<PathBuf> {
    if context.global.server.is_some() {
        return Err(Failure::usage(
            "this looks at a folder, with or without a server on it; --server is none",
        ));
    }
    context.environment.dir(context.global)
}

fn is_json(global: &Global) -> Result<bool> {
    match global.format {
        None | Some(Format::Table) => Ok(false),
        Some(Format::Json | Format::Ndjson) => Ok(true),
        Some(_) => Err(Failure::usage("what was found is printed as --format table or json")),
    }
}

/// Does long work with a bar beside it; Ctrl+C ends it and harms nothing.
pub(super) fn watched<T: Send + 'static>(
    global: &Global,
    doing: &'static str,
    dir: PathBuf,
    work: impl FnOnce(&Path, &Bar) -> Result<T> + Send + 'static,
) -> Result<T> {
    let bar = Bar::new(global, doing);
    interrupt::unless(async move { work(&dir, &bar) })
}
