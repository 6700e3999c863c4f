//! What opening a folder does, in order.
//!
//! ```text
//!  lock ─► manifest ─► segments: read, check, fold ─► torn tail cut, whole tail kept      read.rs
//!       ─► new segment with the tail, synced ─► new manifest, renamed ─► leftovers removed  begin.rs
//! ```
//!
//! What holds:
//! - Nothing that was there before is changed until the new manifest is in its place, so recovery
//!   may be cut off at any point and begun again with the same result (W9).
//! - What was proven must be there, byte for byte; else opening is refused with the damage (F2, F3).

mod begin;
mod missing;
mod read;
mod segments;

use std::sync::Arc;

use crate::disk::{Lock, RelPath, World};
use crate::error::{Error, Result};
use crate::log::{Counters, Writer};
use crate::manifest::{self, Manifest};
use crate::options::Options;
use crate::projection::Projection;
use crate::sync::Ordering;
use crate::table::Tables;

use begin::{fresh, go_on};
use read::{Use, read_once};

pub use missing::Missing;
pub(crate) use missing::lost;
pub(crate) use read::{Found, checkpoint, read};
pub(crate) use segments::{apply, check_segment, content_of, event_at, with_runs, with_tables};

/// A folder opened for writing.
pub(crate) struct Opened {
    pub(crate) writer: Writer,
    pub(crate) projection: Projection,
    pub(crate) checkpoint: Projection,
    pub(crate) tables: Tables,
    /// The live files as the new manifest names them.
    pub(crate) manifest: Manifest,
}

/// Opens a folder for writing, making it if it is missing. The caller holds the lock.
///
/// # Errors
///
/// `TooNew`, `Damaged`, `DiskFull`, `Io`.
pub(crate) fn open(
    world: &World,
    options: &Options,
    lock: &dyn Lock,
    counters: Arc<Counters>,
) -> Result<Opened> {
    let started = world.clock.mono();
    let found = match manifest::newest(world)? {
        Some(_) => {
            // A process that was killed may have left names that only the cache knows.
            for folder in ["manifest", "log"] {
                let path = RelPath::of(folder);
                let synced = world.disk.sync_dir(&path);
                synced.map_err(|source| Error::Io { doing: "sync", path, source })?;
            }
            read_once(world, Use::Write { damaged: options.open_damaged })?
        }
        None => fresh(world)?,
    };
    // A folder that cannot be opened is left as it is, to the byte.
    lock.announce(&options.holder).map_err(|source| Error::Io {
        doing: "write to",
        path: RelPath::of("LOCK"),
        source,
    })?;
    let opened = go_on(world, options, found, Arc::clone(&counters))?;
    let nanos = world.clock.mono().saturating_sub(started);
    counters.recovery_nanos.store(nanos, Ordering::Relaxed);
    Ok(opened)
}
