//! An event-sourced, log-structured store for runs.
//!
//! A *run* is one recorded computation. Every mutation of a run is an [`Event`] that is appended to
//! a log of checksummed frames and acknowledged once it is durable ([`Store::append`]). What all
//! events so far amount to is a [`Projection`]; readers hold a [`Snapshot`] of it, at one log
//! position, and never wait for writers.
//!
//! | folder | the question it answers |
//! | --- | --- |
//! | `event/` | what can happen, and as which bytes |
//! | `log/` | how events become durable, and how they are read back |
//! | `manifest/` | which files are live |
//! | `recovery/` | what opening a folder does |
//! | `table/` | what table files hold, and how they are read |
//! | `compaction/` | how the log becomes table files |
//! | `projection/` | what the events amount to |
//! | `blob/` | where user files are |
//! | `ops/` | how a folder is checked, copied and mended |
//! | `disk/` | how the world is reached: the only door to files, time and chance |
// Its own tests have threads of the machine.
#![cfg(not(all(shuttle, test)))]

mod batch;
mod blob;
mod compaction;
mod compression;
mod core;
pub mod disk;
mod error;
mod event;
mod group;
mod id;
pub mod limits;
mod log;
mod manifest;
pub mod ops;
mod options;
pub mod parse;
mod past;
#[cfg(feature = "plant")]
pub mod plant;
#[cfg(not(feature = "plant"))]
mod plant;
mod projection;
mod queue;
mod reads;
mod recovery;
mod snapshot;
mod stop;
mod store;
#[cfg(not(shuttle))]
mod sync;
#[cfg(shuttle)]
#[path = "../../tests/schedules/engine/sync.rs"]
mod sync;
mod table;

pub use batch::Batch;
pub use blob::{Blob, BlobPieces, BlobReader, Blobs, Held, HeldName, Upload};
pub use core::{Ack, Core, Prepared, read_in};
pub use error::{Damage, Error, ErrorKind, Result};
pub use event::{
    AlertLevel, AlertRaised, AliasMoved, ArtifactBlob, ArtifactChanged, ArtifactCommitted, ArtifactCreated,
    ArtifactFilePut, ArtifactId, ArtifactManifestPut, ArtifactUsed, Attribute, Block, BlockBuilder,
    BlockError, Body, Branch, Cause, Cell, Chunk, CodecError, Column, Console, ConsoleLine, Erased,
    ErasureDone, Event, FileDeleted, FilePut, Grant, JsonError, KeyIssued, KeyLimited, KeyRevoked, KeyStats,
    Kind, Kinds, LoginFailed, NonFinite, Origin, PasswordSet, Path, Paths, ProjectCreated, Quarantined, Role,
    RoleGranted, Rows, RunChanged, RunCreated, RunErased, RunIn, State, StateChanged, StoreCreated, Subject,
    TeamAdded, Time, UserAdded, Value, ViewRemoved, ViewSaved, decode, encode, write_float, write_text,
};
pub use id::{Epoch, Lsn, ProjectKey, RunKey, RunPath, SegmentId, StoreId};
pub use log::Counters;
pub use options::{Compaction, Durability, Options};
pub use projection::{
    ApplyError, Artifact, ArtifactContent, ArtifactManifest, ArtifactStage, ArtifactVersion, Artifacts,
    Collection, Extent, FileEntry, HIDDEN_KEY, Key, KeyLimits, Keys, Location, People, Project, Projection,
    RUNS_PER_CHUNK, Run, Screen, Shown, Space, Stream, StreamKind, Table, Totals, Tree, User, View, index_of,
    is_nested, leaves_in,
};
pub use reads::{ReadCounts, Reads};
pub use recovery::Missing;
pub use snapshot::{Moment, SegmentInfo, Snapshot, TableInfo};
pub use store::{Health, Store, read, read_blob};
pub use table::events::{Digest, DigestKey, Recorded, Whose};
pub use table::rows::{Piece, RowColumns};
pub use table::runs::{Logged, RunChunk, RunHead};
