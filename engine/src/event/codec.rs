//! Events as bytes. This file is the one door to bincode.
//!
//! ```text
//!  0      1         2         4
//!  ┌──────┬─────────┬─────────┬──────────────────────────────┬──────────────┐
//!  │ kind │ version │ group   │ head: subject, received,     │ block        │
//!  │ u8   │ u8      │ u16     │ actor, fields (bincode)      │ (rows only)  │
//!  └──────┴─────────┴─────────┴──────────────────────────────┴──────────────┘
//! ```
//!
//! `group` belongs to the log (`log/frame.rs`); the writer fills it in. A kind's number is never
//! given to another; a body that changes gets the next version, and the readers of old versions
//! stay. Head bytes are bincode 2 `config::standard` (little-endian, variable-length integers).

use std::sync::Arc;

use bincode::error::{DecodeError, EncodeError};
use bytes::{Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Body, Chunk, Event, Rows, Subject, Time};
use crate::limits;

/// Bytes before the head: kind, version, group.
pub(crate) const PREFIX_LEN: usize = 4;
/// The version that is written.
const VERSION: u8 = 1;

/// Why a body is not an event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// Too short for a kind.
    #[error("the body is cut short")]
    Short,
    /// A kind or version of a later release.
    #[error("event kind {kind} version {version} is unknown")]
    Unknown {
        /// The kind's number.
        kind: u8,
        /// Its body's version.
        version: u8,
    },
    /// The head does not parse.
    #[error("the body of event kind {kind} does not parse: {reason}")]
    Malformed {
        /// The kind's number.
        kind: u8,
        /// What the reader said.
        reason: String,
    },
    /// Larger than a frame may be.
    #[error("an event of {bytes} bytes is larger than {max}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        max: u32,
    },
}

/// The number of each kind on disk; 0 to 15 belong to the log's own frames.
mod kind {
    pub(super) const STORE_CREATED: u8 = 16;
    pub(super) const USER_ADDED: u8 = 17;
    pub(super) const KEY_ISSUED: u8 = 18;
    pub(super) const KEY_REVOKED: u8 = 19;
    pub(super) const ERASURE_DONE: u8 = 20;
    pub(super) const KEY_LIMITED: u8 = 21;
    pub(super) const TEAM_ADDED: u8 = 22;
    pub(super) const ROLE_GRANTED: u8 = 23;
    pub(super) const LOGIN_FAILED: u8 = 24;
    pub(super) const PASSWORD_SET: u8 = 25;
    pub(super) const PROJECT_CREATED: u8 = 32;
    pub(super) const PROJECT_DELETED: u8 = 33;
    pub(super) const VIEW_SAVED: u8 = 34;
    pub(super) const VIEW_REMOVED: u8 = 35;
    pub(super) const RUN_CREATED: u8 = 48;
    pub(super) const RUN_CHANGED: u8 = 49;
    pub(super) const CONFIG_CHANGED: u8 = 50;
    pub(super) const SUMMARY_CHANGED: u8 = 51;
    pub(super) const LOGGED: u8 = 52;
    pub(super) const SYSTEM_SAMPLED: u8 = 53;
    pub(super) const CONSOLE_WRITTEN: u8 = 54;
    pub(super) const HEARTBEAT: u8 = 55;
    pub(super) const STATE_CHANGED: u8 = 56;
    pub(super) const STOP_REQUESTED: u8 = 57;
    pub(super) const FILE_PUT: u8 = 58;
    pub(super) const FILE_DELETED: u8 = 59;
    pub(super) const RUN_DELETED: u8 = 60;
    pub(super) const RUN_UNDELETED: u8 = 61;
    pub(super) const QUARANTINED: u8 = 62;
    pub(super) const RUN_ERASED: u8 = 63;
    pub(super) const ERASED: u8 = 64;
    pub(super) const ALERT_RAISED: u8 = 65;
    pub(super) const FORKED: u8 = 66;
    pub(super) const REWOUND: u8 = 67;
    pub(super) const ARTIFACT_CREATED: u8 = 80;
    pub(super) const ARTIFACT_FILE_PUT: u8 = 81;
    pub(super) const ARTIFACT_MANIFEST_PUT: u8 = 82;
    pub(super) const ARTIFACT_COMMITTED: u8 = 83;
    pub(super) const ARTIFACT_USED: u8 = 84;
    pub(super) const ALIAS_MOVED: u8 = 85;
    pub(super) const ARTIFACT_CHANGED: u8 = 86;
}

type Head<T> = (Subject, Time, Arc<str>, T);
type RowsHead = (Chunk, u32);

/// Reads a value off the front of bytes; gives how many it took.
///
/// A length among the bytes is believed only as far as the bytes can bear it out, for it is allocated
/// before what it counts is read. bincode counts what it reads as it will stand in memory, at the most
/// eight times the bytes; its limit is a constant, so there is one for each size of input.
pub(crate) fn from_bincode<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), DecodeError> {
    fn read<T: DeserializeOwned, const MAX: usize>(bytes: &[u8]) -> Result<(T, usize), DecodeError> {
        bincode::serde::decode_from_slice(bytes, config().with_limit::<MAX>())
    }
    const SMALL: usize = 4 << 10;
    const MIDDLE: usize = 1 << 20;
    match bytes.len() {
        0..=SMALL => read::<T, { 8 * SMALL }>(bytes),
        len if len <= MIDDLE => read::<T, { 8 * MIDDLE }>(bytes),
        _ => read::<T, { 8 * limits::BODY_BYTES_MAX as usize }>(bytes),
    }
}

/// Writes a value.
pub(crate) fn to_bincode<T: Serialize>(value: T) -> Result<Vec<u8>, EncodeError> {
    bincode::serde::encode_to_vec(value, config())
}

fn config() -> bincode::config::Configuration {
    bincode::config::standard()
}

/// Appends the body of an event, its group number left zero.
///
/// # Errors
///
/// `TooLarge` when the body would pass [`limits::BODY_BYTES_MAX`]; nothing is appended then.
pub fn encode(event: &Event, out: &mut BytesMut) -> Result<(), CodecError> {
    let start = out.len();
    let head = Writing { event, out };
    match &event.body {
        Body::StoreCreated(body) => head.write(kind::STORE_CREATED, body, &[]),
        Body::UserAdded(body) => head.write(kind::USER_ADDED, body, &[]),
        Body::KeyIssued(body) => head.write(kind::KEY_ISSUED, body, &[]),
        Body::KeyRevoked(body) => head.write(kind::KEY_REVOKED, body, &[]),
        Body::KeyLimited(body) => head.write(kind::KEY_LIMITED, body, &[]),
        Body::TeamAdded(body) => head.write(kind::TEAM_ADDED, body, &[]),
        Body::RoleGranted(body) => head.write(kind::ROLE_GRANTED, body, &[]),
        Body::LoginFailed(body) => head.write(kind::LOGIN_FAILED, body, &[]),
        Body::PasswordSet(body) => head.write(kind::PASSWORD_SET, body, &[]),
        Body::ProjectCreated(body) => head.write(kind::PROJECT_CREATED, body, &[]),
        Body::ProjectDeleted => head.write(kind::PROJECT_DELETED, (), &[]),
        Body::ViewSaved(body) => head.write(kind::VIEW_SAVED, body, &[]),
        Body::ViewRemoved(body) => head.write(kind::VIEW_REMOVED, body, &[]),
        Body::RunCreated(body) => head.write(kind::RUN_CREATED, body, &[]),
        Body::RunChanged(body) => head.write(kind::RUN_CHANGED, body, &[]),
        Body::ConfigChanged(body) => head.write(kind::CONFIG_CHANGED, body, &[]),
        Body::SummaryChanged(body) => head.write(kind::SUMMARY_CHANGED, body, &[]),
        Body::Logged(rows) => head.write(kind::LOGGED, (&rows.chunk, rows.rows), &rows.block),
        Body::SystemSampled(rows) => head.write(kind::SYSTEM_SAMPLED, (&rows.chunk, rows.rows), &rows.block),
        Body::ConsoleWritten(body) => head.write(kind::CONSOLE_WRITTEN, body, &[]),
        Body::Heartbeat => head.write(kind::HEARTBEAT, (), &[]),
        Body::StateChanged(body) => head.write(kind::STATE_CHANGED, body, &[]),
        Body::StopRequested => head.write(kind::STOP_REQUESTED, (), &[]),
        Body::FilePut(body) => head.write(kind::FILE_PUT, body, &[]),
        Body::FileDeleted(body) => head.write(kind::FILE_DELETED, body, &[]),
        Body::RunDeleted => head.write(kind::RUN_DELETED, (), &[]),
        Body::RunUndeleted => head.write(kind::RUN_UNDELETED, (), &[]),
        Body::Quarantined(body) => head.write(kind::QUARANTINED, body, &[]),
        Body::AlertRaised(body) => head.write(kind::ALERT_RAISED, body, &[]),
        Body::Forked(body) => head.write(kind::FORKED, body, &[]),
        Body::Rewound(body) => head.write(kind::REWOUND, body, &[]),
        Body::RunErased(body) => head.write(kind::RUN_ERASED, body, &[]),
        Body::Erased(body) => head.write(kind::ERASED, body, &[]),
        Body::ErasureDone(body) => head.write(kind::ERASURE_DONE, body, &[]),
        Body::ArtifactCreated(body) => head.write(kind::ARTIFACT_CREATED, body, &[]),
        Body::ArtifactFilePut(body) => head.write(kind::ARTIFACT_FILE_PUT, body, &[]),
        Body::ArtifactManifestPut(body) => head.write(kind::ARTIFACT_MANIFEST_PUT, body, &[]),
        Body::ArtifactCommitted(body) => head.write(kind::ARTIFACT_COMMITTED, body, &[]),
        Body::ArtifactUsed(body) => head.write(kind::ARTIFACT_USED, body, &[]),
        Body::AliasMoved(body) => head.write(kind::ALIAS_MOVED, body, &[]),
        Body::ArtifactChanged(body) => head.write(kind::ARTIFACT_CHANGED, body, &[]),
    }
    .inspect_err(|_| out.truncate(start))
}

struct Writing<'a> {
    event: &'a Event,
    out: &'a mut BytesMut,
}

impl Writing<'_> {
    fn write<T: Serialize>(self, kind: u8, fields: T, block: &[u8]) -> Result<(), CodecError> {
        let start = self.out.len();
        let Event { subject, received, actor, .. } = self.event;
        self.out.extend_from_slice(&[kind, VERSION, 0, 0]);
        let mut writer = Appender(self.out);
        bincode::serde::encode_into_writer((subject, received, actor, fields), &mut writer, config())
            .map_err(|error| CodecError::Malformed { kind, reason: error.to_string() })?;
        self.out.extend_from_slice(block);
        let bytes = self.out.len() - start;
        let max = limits::BODY_BYTES_MAX;
        if bytes > max as usize { Err(CodecError::TooLarge { bytes, max }) } else { Ok(()) }
    }
}

struct Appender<'a>(&'a mut BytesMut);

impl bincode::enc::write::Writer for Appender<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Reads an event from a body whose checksum passed. The block of rows is not copied.
///
/// # Errors
///
/// [`CodecError`]; a body of a later release is `Unknown`.
pub fn decode(body: &Bytes) -> Result<Event, CodecError> {
    let [kind, version, _, _] = *body.first_chunk::<PREFIX_LEN>().ok_or(CodecError::Short)?;
    if version != VERSION {
        return Err(CodecError::Unknown { kind, version });
    }
    let head = Reading { kind, body };
    match kind {
        kind::STORE_CREATED => head.read(Body::StoreCreated),
        kind::USER_ADDED => head.read(Body::UserAdded),
        kind::KEY_ISSUED => head.read(Body::KeyIssued),
        kind::KEY_REVOKED => head.read(Body::KeyRevoked),
        kind::KEY_LIMITED => head.read(Body::KeyLimited),
        kind::TEAM_ADDED => head.read(Body::TeamAdded),
        kind::ROLE_GRANTED => head.read(Body::RoleGranted),
        kind::LOGIN_FAILED => head.read(Body::LoginFailed),
        kind::PASSWORD_SET => head.read(Body::PasswordSet),
        kind::PROJECT_CREATED => head.read(Body::ProjectCreated),
        kind::PROJECT_DELETED => head.read(|()| Body::ProjectDeleted),
        kind::VIEW_SAVED => head.read(Body::ViewSaved),
        kind::VIEW_REMOVED => head.read(Body::ViewRemoved),
        kind::RUN_CREATED => head.read(Body::RunCreated),
        kind::RUN_CHANGED => head.read(Body::RunChanged),
        kind::CONFIG_CHANGED => head.read(Body::ConfigChanged),
        kind::SUMMARY_CHANGED => head.read(Body::SummaryChanged),
        kind::LOGGED => head.read_rows(Body::Logged),
        kind::SYSTEM_SAMPLED => head.read_rows(Body::SystemSampled),
        kind::CONSOLE_WRITTEN => head.read(Body::ConsoleWritten),
        kind::HEARTBEAT => head.read(|()| Body::Heartbeat),
        kind::STATE_CHANGED => head.read(Body::StateChanged),
        kind::STOP_REQUESTED => head.read(|()| Body::StopRequested),
        kind::FILE_PUT => head.read(Body::FilePut),
        kind::FILE_DELETED => head.read(Body::FileDeleted),
        kind::RUN_DELETED => head.read(|()| Body::RunDeleted),
        kind::RUN_UNDELETED => head.read(|()| Body::RunUndeleted),
        kind::QUARANTINED => head.read(Body::Quarantined),
        kind::ALERT_RAISED => head.read(Body::AlertRaised),
        kind::FORKED => head.read(Body::Forked),
        kind::REWOUND => head.read(Body::Rewound),
        kind::RUN_ERASED => head.read(Body::RunErased),
        kind::ERASED => head.read(Body::Erased),
        kind::ERASURE_DONE => head.read(Body::ErasureDone),
        kind::ARTIFACT_CREATED => head.read(Body::ArtifactCreated),
        kind::ARTIFACT_FILE_PUT => head.read(Body::ArtifactFilePut),
        kind::ARTIFACT_MANIFEST_PUT => head.read(Body::ArtifactManifestPut),
        kind::ARTIFACT_COMMITTED => head.read(Body::ArtifactCommitted),
        kind::ARTIFACT_USED => head.read(Body::ArtifactUsed),
        kind::ALIAS_MOVED => head.read(Body::AliasMoved),
        kind::ARTIFACT_CHANGED => head.read(Body::ArtifactChanged),
        _ => Err(CodecError::Unknown { kind, version }),
    }
}

struct Reading<'a> {
    kind: u8,
    body: &'a Bytes,
}

impl Reading<'_> {
    fn malformed(&self, reason: &dyn std::fmt::Display) -> CodecError {
        CodecError::Malformed { kind: self.kind, reason: reason.to_string() }
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<(Head<T>, usize), CodecError> {
        let head = self.body.get(PREFIX_LEN..).ok_or(CodecError::Short)?;
        let (fields, len) = from_bincode(head).map_err(|error| self.malformed(&error))?;
        Ok((fields, PREFIX_LEN + len))
    }

    fn read<T: DeserializeOwned>(self, wrap: impl FnOnce(T) -> Body) -> Result<Event, CodecError> {
        let ((subject, received, actor, fields), end) = self.parse::<T>()?;
        if end != self.body.len() {
            return Err(self.malformed(&"bytes are left over"));
        }
        Ok(Event { subject, received, actor, body: wrap(fields) })
    }

    fn read_rows(self, wrap: impl FnOnce(Rows) -> Body) -> Result<Event, CodecError> {
        let ((subject, received, actor, (chunk, rows)), end) = self.parse::<RowsHead>()?;
        let block = self.body.slice(end..);
        Ok(Event { subject, received, actor, body: wrap(Rows { chunk, rows, block }) })
    }
}
