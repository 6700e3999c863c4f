//! How a server is started, and how much it takes from outside (RELIABILITY 3).

use std::path::PathBuf;
use std::time::Duration;

use engine::Durability;

use crate::http::memory;

/// How to start a server.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The data folder; made when missing.
    pub dir: PathBuf,
    /// Address and port; port 0 takes a free one.
    pub listen: String,
    /// The first start's admin; the name of the OS user when none is given.
    pub admin: Option<String>,
    /// How long a running run may be silent before it counts as crashed. Time during which the
    /// server was down does not count.
    pub crash_after: Duration,
    /// When an append is acknowledged.
    pub durability: Durability,
    /// How long the packed log is kept; none: for ever.
    pub keep_log: Option<Duration>,
    /// How long deleted runs are kept until they are erased; none: for ever.
    pub keep_deleted: Option<Duration>,
    /// Serve a folder whose log is damaged: the runs that lack events are marked, all others go on (F3).
    pub open_damaged: bool,
    /// Certificate chain and private key, both PEM.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Something in front of the server ends TLS and tells the caller's address and scheme in
    /// `X-Forwarded-For` and `X-Forwarded-Proto`.
    pub behind_proxy: bool,
    /// After a failed sync, stay up for readers instead of ending (F7).
    pub readonly_on_sync_error: bool,
    /// The time in which all stored bytes are read again to see that they are what was written.
    pub scrub_every: Duration,
    /// What is taken from outside.
    pub limits: Limits,
}

impl ServerOptions {
    /// The defaults for a folder: loopback, port 8080, durable.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            listen: "127.0.0.1:8080".to_owned(),
            admin: None,
            crash_after: Duration::from_secs(300),
            durability: Durability::Sync,
            keep_log: Some(engine::limits::KEEP_LOG),
            keep_deleted: Some(engine::limits::KEEP_DELETED),
            open_damaged: false,
            tls: None,
            behind_proxy: false,
            readonly_on_sync_error: false,
            scrub_every: Duration::from_secs(7 * 24 * 60 * 60),
            limits: Limits::default(),
        }
    }
}

/// Bounds on what comes from outside. Tests make them small.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a body on the wire (L1).
    pub body_wire_bytes: usize,
    /// Bytes of a body after decompression (L1).
    pub body_decoded_bytes: usize,
    /// Bytes of an uploaded file (L10).
    pub file_bytes: u64,
    /// Uploads open at once (L10).
    pub uploads: usize,
    /// How long a body may pause (L2).
    pub body_idle: Duration,
    /// How long the head of a request may take (L2).
    pub head_read: Duration,
    /// Bytes of a request's head (L2).
    pub head_bytes: usize,
    /// Header fields of a request (L2).
    pub header_fields: usize,
    /// Bytes of a GraphQL document (L5).
    pub graphql_bytes: usize,
    /// Levels of a GraphQL document (L5).
    pub graphql_depth: usize,
    /// Fields of a GraphQL document (L5).
    pub graphql_fields: usize,
    /// Aliases of a GraphQL document (L5).
    pub graphql_aliases: usize,
    /// Entries of one page of a connection (L5).
    pub page_entries: usize,
    /// Bytes of bodies that are held at once (L8).
    pub pool_bytes: usize,
    /// Requests with a body at once (L8).
    pub pool_requests: usize,
    /// Requests of one user in a second (L8).
    pub requests_per_second: u32,
    /// Connections at once (L9).
    pub connections: usize,
    /// Failed sign-ins of one address in a minute.
    pub auth_failures_per_minute: u32,
    /// Bytes of memory of the process (L11).
    pub memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_wire_bytes: 64 << 20,
            body_decoded_bytes: 128 << 20,
            file_bytes: 50 << 30,
            uploads: 10_000,
            body_idle: Duration::from_secs(30),
            head_read: Duration::from_secs(10),
            head_bytes: 64 << 10,
            header_fields: 100,
            graphql_bytes: 64 << 10,
            graphql_depth: 20,
            graphql_fields: 500,
            graphql_aliases: 50,
            page_entries: 1_000,
            pool_bytes: 256 << 20,
            pool_requests: 10_000,
            requests_per_second: 2_000,
            connections: 4_096,
            auth_failures_per_minute: 10,
            memory_bytes: memory::half_of_all(),
        }
    }
}
