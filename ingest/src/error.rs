//! Why a server does not start or ends.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a server does not start or ends.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store cannot be opened, or fails.
    #[error(transparent)]
    Store(#[from] engine::Error),
    /// The operating system refused.
    #[error("cannot {doing} {what:?}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        what: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The server would be reachable from outside without TLS (S1).
    #[error(
        "{address} can be reached from other machines, and keys would travel in the clear: \
         give a certificate and a key, or say that a proxy ends TLS in front of it"
    )]
    Exposed {
        /// The address.
        address: SocketAddr,
    },
    /// A name that no user can have.
    #[error("{name:?} cannot be a user's name: {reason}")]
    UserName {
        /// The name.
        name: String,
        /// The rule.
        reason: &'static str,
    },
    /// Writing stopped after a failed sync; only a new start may judge the folder (F7).
    #[error("writing has stopped after a failed sync: {cause}")]
    WritesStopped {
        /// The first failure.
        cause: String,
    },
}
