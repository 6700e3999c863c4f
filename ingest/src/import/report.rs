//! What came of a log.

use engine::RunKey;
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::wandb_file::Damage;

/// What a log held and what of it was new.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogReport {
    /// The run; none where nothing was stored because it was only looked at.
    pub run: Option<RunName>,
    /// Rows of history.
    pub rows: u64,
    /// Values in them.
    pub points: u64,
    /// Rows of system metrics.
    pub system_rows: u64,
    /// Lines of the console.
    pub lines: u64,
    /// Bytes of the log.
    pub bytes: u64,
    /// Events that were stored: none where all of it stood.
    pub events: u64,
    /// Rows and values that could not be read and are in quarantine.
    pub quarantined: u64,
    /// The log says how the run ended.
    pub has_end: bool,
    /// Parts of the log that are no records.
    pub damage: Damage,
    /// Records that nothing was made of.
    pub skipped: Skipped,
    /// Files of the run beside the log, whose content is to be put.
    pub files: Vec<WantedFile>,
}

/// A run and its generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunName {
    /// Its entity.
    pub entity: String,
    /// Its project.
    pub project: String,
    /// Its id.
    pub run: String,
    /// Which of the runs that had the id.
    pub generation: u32,
}

/// Records that nothing was made of, by why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Skipped {
    /// They are no messages that the client writes.
    pub unreadable: u64,
    /// They are of kinds that this release does not know.
    pub unknown: u64,
    /// Artifacts.
    pub artifacts: u64,
    /// Alerts.
    pub alerts: u64,
    /// Files whose names lead out of the run's folder.
    pub files: u64,
}

/// A file that the log names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedFile {
    /// Its name, with `/` between folders.
    pub name: String,
    /// SHA-256 in hex of what the run has under this name.
    pub digest: Option<String>,
    /// Where a server takes the content: a path of its own.
    pub upload: Option<String>,
}

impl From<&RunKey> for RunName {
    fn from(key: &RunKey) -> Self {
        Self {
            entity: key.project.entity.to_string(),
            project: key.project.project.to_string(),
            run: key.run.to_string(),
            generation: key.generation,
        }
    }
}

impl LogReport {
    /// Names the files of the run that pass.
    pub(crate) fn name_files(&mut self, account: &Account, pass: impl Fn(&str) -> bool) {
        let named = account.files.iter().filter(|name| pass(name));
        self.files =
            named.map(|name| WantedFile { name: name.clone(), digest: None, upload: None }).collect();
    }
}
