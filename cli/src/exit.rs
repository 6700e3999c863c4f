//! Exit codes: the one place where the kind of an error becomes a number (INTERFACES 1).

use std::io;

/// What the process says to the one that started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Ok = 0,
    /// The request failed: an error in the SQL, not found, refused, no store in the folder.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// Stored bytes are damaged.
    Damaged = 3,
    /// Another writer holds the folder and does not answer.
    Locked = 4,
    /// The folder was written by a later release.
    TooNew = 5,
    /// The operating system could not read or write.
    Io = 74,
    /// Ctrl+C.
    Interrupted = 130,
}

impl From<engine::ErrorKind> for Exit {
    fn from(kind: engine::ErrorKind) -> Self {
        use engine::ErrorKind as Kind;
        match kind {
            Kind::Invalid | Kind::NotFound | Kind::Conflict | Kind::Unavailable => Self::Failed,
            Kind::Damaged => Self::Damaged,
            Kind::Locked => Self::Locked,
            Kind::TooNew => Self::TooNew,
            Kind::Io => Self::Io,
        }
    }
}

impl From<query::ErrorKind> for Exit {
    fn from(kind: query::ErrorKind) -> Self {
        use query::ErrorKind as Kind;
        match kind {
            Kind::Invalid | Kind::NotFound | Kind::TooLarge | Kind::Timeout | Kind::Busy | Kind::Internal => {
                Self::Failed
            }
            Kind::Damaged => Self::Damaged,
        }
    }
}

impl Exit {
    /// The kind of an error that a server told.
    pub(crate) fn of_server(kind: &str) -> Self {
        match kind {
            "damaged" => Self::Damaged,
            _ => Self::Failed,
        }
    }
}

impl From<&io::Error> for Exit {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            // Whoever read our output has seen enough.
            io::ErrorKind::BrokenPipe => Self::Ok,
            io::ErrorKind::Interrupted => Self::Interrupted,
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Self::Failed,
            _ => Self::Io,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
