//! Whether writing has stopped for good: one answer for the writer of the log and for the uploads
//! beside it, since a failed sync of either leaves a disk that nobody knows (F7).

use std::sync::{Arc, OnceLock};

use crate::error::Error;

/// Clones are the same stop. It is set once and never taken back: only a new start may judge the disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<OnceLock<String>>);

impl Stop {
    /// Stops writing; gives the first cause.
    pub(crate) fn set(&self, cause: &str) -> &str {
        tracing::error!(cause, "writing has stopped");
        self.0.get_or_init(|| cause.to_owned())
    }

    /// Why writing has stopped, if it has.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    /// `WritesStopped` when it has.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.cause() {
            Some(cause) => Err(Error::WritesStopped { cause: cause.to_owned() }),
            None => Ok(()),
        }
    }
}
