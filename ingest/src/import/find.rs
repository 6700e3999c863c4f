//! Logs under the paths that a person names: a log, a run's folder, or any folder that holds such.
//!
//! What holds: links to folders are not followed, so that `latest-run` names no run a second time; logs
//! of one run are given together, in the order in which their processes began.

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
    let (mut by_run, mut passed) = (BTreeMap::<(String, String, String), Vec<LogFile>>::new(), Vec::new());
    for path in logs {
        match head(&path) {
            Ok((facts, log)) => by_run.entry((facts.entity, facts.project, facts.id)).or_default().push(log),
            Err(error) => passed.push((path, error)),
        }
    }
    let mut found: Vec<Found> = by_run
        .into_iter()
        .map(|((_, _, run), mut logs)| {
            logs.sort_by_key(|log| log.started);
            Found { run, logs }
        })
        .collect();
    // As they came about, so that made-up names are counted in that order.
    found.sort_by_key(|found| found.logs.first().and_then(|log| log.started));
    Ok((found, passed))
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
