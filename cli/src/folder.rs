//! A data folder, read or written by this process itself; and what to say when that fails.

use std::path::Path;

use engine::{Error, ErrorKind, Options, Snapshot, Store};

use crate::duration::Keep;
use crate::exit::Exit;
use crate::failure::{Failure, Result};

/// Reads a folder as it stands, without a lock and without changing a byte.
pub(crate) fn read(dir: &Path) -> Result<Snapshot> {
    engine::read(dir).map_err(|error| failure("cannot open the store in", dir, &error))
}

/// Opens a folder for writing; never makes one. `keep_log` says how long the log is kept, where that is
/// said.
pub(crate) fn open(dir: &Path, keep_log: Option<Keep>) -> Result<Store> {
    // What makes a folder a store; `Store::open` would make one of any folder.
    if !dir.join("manifest").is_dir() {
        return Err(failure("cannot open the store in", dir, &Error::NoStore));
    }
    let mut options = Options::new(dir);
    if let Some(Keep(keep_log)) = keep_log {
        options.keep_log = keep_log;
    }
    Store::open(options).map_err(|error| failure("cannot open the store in", dir, &error))
}

/// What went wrong with a folder, for the person whose folder it is.
pub(crate) fn failure(what: &str, dir: &Path, error: &Error) -> Failure {
    let shown = dir.display();
    let failure = Failure::new(Exit::from(error.kind()), format!("{what} {shown}"));
    match error {
        Error::NoStore => Failure::new(Exit::Failed, format!("there is no store in {shown}"))
            .next_command(format!("wbq --dir {shown} serve"), "makes one and serves it")
            .next("or say where it is with --dir or WBQ_DIR"),
        Error::TooNew { .. } => {
            failure.because(error).next("install the release of wbq that wrote it, or a later one")
        }
        Error::Locked { .. } => {
            failure.because(error).next("wait until that process has ended, or stop it, and try again")
        }
        Error::Damaged(damage) => {
            let mut failure = failure.cause(&damage.what);
            if damage.runs.is_empty()
                && let Some((first, last)) = damage.lsns
            {
                failure = failure.lost(format!("events {first}..{last}"));
            }
            for (run, from, to) in &damage.runs {
                failure = failure.lost(format!("events {from}..{to} of run {run}"));
            }
            let failure = advise_on_damage(failure, dir, damage.is_derived);
            // What a segment that ended lost is known run by run.
            if damage.segment.is_none() || damage.runs.is_empty() {
                return failure;
            }
            failure.next_command(format!("wbq --dir {shown} serve --open=degraded"), "serves the other runs")
        }
        _ if error.kind() == ErrorKind::Io => {
            failure.because(error).next("see that the disk is sound and the folder may be read and written")
        }
        _ => failure.because(error),
    }
}

/// What to do about damage, in order.
pub(crate) fn advise_on_damage(failure: Failure, dir: &Path, is_derived: bool) -> Failure {
    let shown = dir.display();
    if is_derived {
        return failure.next_command(
            format!("wbq --dir {shown} compact"),
            "makes the table file again: the log still holds what it held",
        );
    }
    failure
        .next_command(
            format!("cp -a {shown} {shown}.kept"),
            "keeps the bytes as they are, before anything else",
        )
        .next_command(format!("wbq repair {shown} {shown}.repaired --dry-run"), "tells what can be kept")
}
