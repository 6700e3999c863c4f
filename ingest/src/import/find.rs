//! Logs under the paths that a person names: a log, a run's folder, or any folder that holds such.
//!
//! What holds:
//! - Links to folders are not followed, so that `latest-run` names no run a second time.
//! - Logs of one run are given together, in the order in which their processes began; a run stands behind the
//!   one that it goes on from, where that one is among them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::ImportError;
use super::record::{Record, RunFacts};
use super::wandb_file::{LogReader, NotALog};

/// A log that was written to as lately as this may get more: what the server waits before it calls a
/// run crashed.
const MAY_GROW: Duration = Duration::from_secs(300);
/// Records that are looked at for the run's; the client writes it second.
const LOOKED_AT: usize = 64;

/// Logs of one run, in the order in which their processes began.
#[derive(Debug)]
pub struct Found {
    /// The run's id.
    pub run: String,
    /// The logs.
    pub logs: Vec<LogFile>,
    /// The place of the run that it goes on from, which is before its own.
    pub after: Option<usize>,
}

/// A log and its place.
#[derive(Debug)]
pub struct LogFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// It was written to a short while ago.
    pub may_grow: bool,
    /// When its process began, in nanoseconds since 1970.
    started: Option<i64>,
}

impl LogFile {
    /// Opens it for reading.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// A file of its run, beside it. Links are followed: the client leaves links to what `run.save`
    /// names.
    ///
    /// # Errors
    ///
    /// The system's; `NotFound` where it is not there.
    pub fn open_file(&self, name: &str) -> io::Result<File> {
        let folder = self.path.parent().unwrap_or(Path::new("")).join("files");
        let file = File::open(folder.join(name))?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "it is no file"));
        }
        Ok(file)
    }
}

/// A log that is passed by, and why.
type Passed = (PathBuf, ImportError);

/// Finds the logs under some paths; gives those that cannot be read too.
///
/// # Errors
///
/// A path is not there, or a folder cannot be read: which, and why.
pub fn find(paths: &[PathBuf]) -> Result<(Vec<Found>, Vec<Passed>), (PathBuf, io::Error)> {
    let mut logs = Vec::new();
    for path in paths {
        let of = |error| (path.clone(), error);
        if fs::metadata(path).map_err(of)?.is_dir() {
            walk(path, &mut logs)?;
        } else {
            logs.push(path.clone());
        }
    }
    logs.sort();
    logs.dedup();
    let (mut by_run, mut passed) = (BTreeMap::<Name, Logs>::new(), Vec::new());
    for path in logs {
        match head(&path) {
            Ok((facts, log)) => {
                let logs = by_run.entry((facts.entity, facts.project, facts.id)).or_default();
                logs.parent = logs.parent.take().or(Some(facts.parent)).filter(|parent| !parent.is_empty());
                logs.files.push(log);
            }
            Err(error) => passed.push((path, error)),
        }
    }
    by_run.values_mut().for_each(|logs| logs.files.sort_by_key(|log| log.started));
    Ok((in_order(by_run), passed))
}

/// Entity and project as the log says them, and the id of the run.
type Name = (String, String, String);

#[derive(Default)]
struct Logs {
    files: Vec<LogFile>,
    /// The id of the run that theirs goes on from.
    parent: Option<String>,
}

/// Runs as they came about, so that made-up names are counted in that order; each behind the one that it goes
/// on from. Runs that go on from each other in a ring, which nobody logs, stand as they are met.
fn in_order(mut by_run: BTreeMap<Name, Logs>) -> Vec<Found> {
    let mut names: Vec<Name> = by_run.keys().cloned().collect();
    names.sort_by_key(|name| by_run.get(name).and_then(|logs| logs.files.first()?.started));
    let (mut found, mut places) = (Vec::new(), BTreeMap::<Name, usize>::new());
    for name in names {
        // A run, the one that it goes on from, and so on: those are taken from the last one on.
        let mut chain = Vec::new();
        let mut next = Some(name);
        while let Some((name, logs)) = next.and_then(|name| by_run.remove_entry(&name)) {
            next = logs.parent.map(|parent| (name.0.clone(), name.1.clone(), parent));
            chain.push((name, logs.files, next.clone()));
        }
        for (name, logs, parent) in chain.into_iter().rev() {
            let after = parent.and_then(|parent| places.get(&parent).copied());
            let run = name.2.clone();
            places.insert(name, found.len());
            found.push(Found { run, logs, after });
        }
    }
    found
}

fn walk(folder: &Path, logs: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    let of = |error| (folder.to_owned(), error);
    for entry in fs::read_dir(folder).map_err(of)? {
        let entry = entry.map_err(of)?;
        let kind = entry.file_type().map_err(of)?;
        if kind.is_dir() {
            walk(&entry.path(), logs)?;
        } else if entry.path().extension().is_some_and(|extension| extension == "wandb") {
            logs.push(entry.path());
        }
    }
    Ok(())
}

fn head(path: &Path) -> Result<(RunFacts, LogFile), ImportError> {
    let file = File::open(path).map_err(NotALog::Io)?;
    let metadata = file.metadata().map_err(NotALog::Io)?;
    let facts = facts(file)?;
    let age = metadata.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
    let log = LogFile {
        path: path.to_owned(),
        bytes: metadata.len(),
        // A time in the future is a clock's mistake, not an age.
        may_grow: age.is_none_or(|age| age < MAY_GROW),
        started: facts.start,
    };
    Ok((facts, log))
}

/// The run of a log, by its first record of one.
fn facts(source: impl Read) -> Result<RunFacts, ImportError> {
    let mut log = LogReader::begin(source)?;
    for _ in 0..LOOKED_AT {
        if !log.advance().map_err(NotALog::Io)? {
            break;
        }
        if let Ok(Record::Run(run)) = Record::parse(log.record()) {
            let mut facts = RunFacts::default();
            if facts.take(run).is_ok() && !facts.id.is_empty() {
                return Ok(facts);
            }
        }
    }
    Err(ImportError::NoRun)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of one project by id, beginning and the run that each goes on from; as they are read, with the place
    /// of the one before.
    fn ordered(runs: &[(&str, i64, Option<&str>)]) -> Vec<(String, Option<usize>)> {
        let by_run = runs.iter().map(|(run, started, parent)| {
            let started = Some(*started);
            let log = LogFile { path: PathBuf::new(), bytes: 0, may_grow: false, started };
            let parent = parent.map(str::to_owned);
            (("e".into(), "p".into(), (*run).into()), Logs { files: vec![log], parent })
        });
        in_order(by_run.collect()).into_iter().map(|found| (found.run, found.after)).collect()
    }

    #[test]
    fn a_run_stands_behind_the_one_that_it_goes_on_from_and_else_where_it_began() {
        let told = |runs: &[(&str, Option<usize>)]| {
            runs.iter().map(|(run, after)| ((*run).to_owned(), *after)).collect::<Vec<_>>()
        };
        // Clocks of two machines differ: the fork seems to begin before its parent.
        let runs = [
            ("c", 1, Some("b")),
            ("other", 2, None),
            ("b", 3, Some("a")),
            ("a", 4, None),
            ("d", 5, Some("a")),
        ];
        assert_eq!(
            ordered(&runs),
            told(&[("a", None), ("b", Some(0)), ("c", Some(1)), ("other", None), ("d", Some(0))])
        );
        assert_eq!(ordered(&[("b", 1, Some("not here"))]), told(&[("b", None)]));
        let itself = [("a", 1, Some("a"))];
        assert_eq!(ordered(&itself), told(&[("a", None)]), "a rewind");
        let ring = [("a", 1, Some("b")), ("b", 2, Some("a"))];
        assert_eq!(ordered(&ring), told(&[("b", None), ("a", Some(0))]), "nobody waits for ever");
    }
}
