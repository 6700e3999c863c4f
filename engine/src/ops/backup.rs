//! A copy of a folder, taken while it is written to; and a folder made of a copy.
//!
//! ```text
//!  source, read at one durable position ─► segments and user files that the target lacks, each synced
//!                                       ─► the target's manifest ─► what no manifest names is removed
//! ```
//!
//! A backup is a store like any other: it can be read by every command, and a second backup to the
//! same place copies only what is new.

use std::collections::BTreeSet;

use crate::blob;
use crate::core::read_in;
use crate::disk::{RelPath, World};
use crate::error::{Error, Result};
use crate::event::Body;
use crate::id::{Epoch, Lsn};
use crate::log::{self, packed, segment};
use crate::manifest::{self, End, Manifest, SegmentMeta};
use crate::recovery;
use crate::table::{self, TableMeta};

use super::copy::{Copy, READ};
use super::verify::{Verified, verify};
use super::{Meter, Watch};

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackedUp {
    /// The position that it stands at: every event up to it is in.
    pub durable: Lsn,
    /// Bytes that were copied now.
    pub copied_bytes: u64,
    /// Files that were there from an earlier backup.
    pub files_kept: u64,
    /// What reading all of it back found; no damage.
    pub verified: Verified,
}

/// How often a backup is begun that meets files which a writer beside it removes.
const ATTEMPTS_MAX: u32 = 10;

/// Copies a folder to `target`, which is empty or an earlier backup of the same store.
///
/// # Errors
///
/// `NoStore`, `TooNew`, `Damaged` of the source; `Target` when the target is something else;
/// `DiskFull`, `Io`. The target's earlier backup stands then.
pub fn backup(source: &World, target: &World, watch: Watch<'_>) -> Result<BackedUp> {
    let mut attempts = 1;
    loop {
        match backup_once(source, target, watch) {
            // A writer packed, merged or dropped it between two of our reads: what takes its place is copied.
            Err(Error::Io { doing: READ, source, .. })
                if source.kind() == std::io::ErrorKind::NotFound && attempts < ATTEMPTS_MAX =>
            {
                attempts += 1;
            }
            done => return done,
        }
    }
}

fn backup_once(source: &World, target: &World, watch: Watch<'_>) -> Result<BackedUp> {
    let found = recovery::read(source)?;
    let before = earlier(target, &found.manifest, found.last_lsn)?;
    // Table files are made anew from a log that is whole; else they hold what it does not any more.
    let (tables, compacted) = match found.manifest.before.0 {
        0 => (Vec::new(), Lsn(0)),
        _ => (found.manifest.tables.clone(), found.manifest.compacted),
    };
    let segments = ended(&found).iter().map(|meta| log::as_it_stands(source, meta)).collect::<Result<_>>()?;
    let mut manifest = Manifest { segments, tables, compacted, ..found.manifest.clone() };
    let copy = Copy { source, target };
    let (mut known, mut known_tables) = (Vec::new(), Vec::new());
    if let Some(before) = before {
        // Says of the numbers that come now that a file without an edit is a leftover.
        let epoch = Epoch(manifest.epoch.max(before.epoch).0 + 1);
        let announced = Manifest { epoch, next_segment: manifest.next_segment, ..before };
        manifest::Writer::create(target, &announced)?;
        manifest.epoch = Epoch(epoch.0 + 1);
        (known, known_tables) = (announced.segments, announced.tables);
    }
    let mut meter = Meter::new(0, watch);
    let mut files_kept = 0;
    let new: Vec<&SegmentMeta> = manifest.segments.iter().filter(|meta| !known.contains(meta)).collect();
    files_kept += (manifest.segments.len() - new.len()) as u64;
    let new_tables: Vec<&TableMeta> =
        manifest.tables.iter().filter(|meta| !known_tables.contains(meta)).collect();
    files_kept += 2 * (manifest.tables.len() - new_tables.len()) as u64;
    let mut blobs = std::collections::BTreeMap::new();
    for run in found.projection.runs() {
        let run = run?;
        blobs.extend(run.files.values().map(|entry| (blob::path(&entry.file.digest), entry.file.size)));
    }
    blobs.extend(found.projection.artifact_blobs().map(|(_, digest, size)| (blob::path(&digest), size)));
    let mut wanted = Vec::new();
    for (path, size) in &blobs {
        if copy.has(path)? {
            files_kept += 1;
        } else {
            wanted.push((path.clone(), *size));
        }
    }
    let len = |meta: &SegmentMeta| match (&meta.packed, &meta.end) {
        (Some(packed), _) => packed.bytes,
        (None, end) => end.as_ref().map_or(0, |end| end.len),
    };
    meter.expect(new.iter().map(|meta| len(meta)).sum());
    meter.expect(new_tables.iter().map(|meta| meta.bytes + meta.sidecar.0).sum());
    meter.expect(wanted.iter().map(|(_, size)| size).sum());
    for meta in new_tables {
        for (path, len) in [(meta.path(), meta.bytes), (meta.sidecar_path(), meta.sidecar.0)] {
            copy.file(&path, Some(len), |bytes| {
                meter.add(bytes.len() as u64);
                Ok(())
            })?;
        }
    }
    for meta in new {
        copy.file(&meta.path(), Some(len(meta)), |bytes| {
            meter.add(bytes.len() as u64);
            Ok(())
        })?;
    }
    for (path, _) in &wanted {
        copy.file(path, None, |bytes| {
            meter.add(bytes.len() as u64);
            Ok(())
        })?;
        copy.sync_folder(&path.parent())?;
    }
    let folders = [("log", !manifest.segments.is_empty()), (table::FOLDER, !manifest.tables.is_empty())];
    let folders = folders.into_iter().filter_map(|(folder, is_used)| is_used.then_some(folder));
    for folder in folders.chain(["tmp"]) {
        copy.sync_folder(&RelPath::of(folder))?;
    }
    manifest::Writer::create(target, &manifest)?;
    remove_older(target, &manifest)?;
    remove_erased(&copy, |path| blobs.contains_key(path))?;
    let verified = verify(target, false, &mut |_| ())?;
    if let Some(damage) = verified.damages.first() {
        return Err(Error::Damaged(Box::new(damage.clone())));
    }
    Ok(BackedUp { durable: found.last_lsn, copied_bytes: meter.progress.done, files_kept, verified })
}

/// Makes a folder of a backup: `target` must be empty.
///
/// # Errors
///
/// As [`backup`].
pub fn restore(source: &World, target: &World, watch: Watch<'_>) -> Result<BackedUp> {
    if manifest::newest(target)?.is_some() {
        return Err(Error::Target("there is a store in it already".to_owned()));
    }
    backup(source, target, watch)
}

/// The segments with events, each with its end: also the one that is being written.
fn ended(found: &recovery::Found) -> Vec<SegmentMeta> {
    let mut segments = found.manifest.segments.clone();
    let Some(tail) = &found.tail else { return segments };
    let Some(last) = segments.last_mut() else { return segments };
    let scanned = &tail.scanned;
    if scanned.groups.is_empty() {
        segments.pop();
        return segments;
    }
    last.end = Some(End {
        len: scanned.end as u64,
        next_lsn: scanned.next_lsn,
        next_group: scanned.next_group,
        chain: scanned.end_chain,
        sealed: scanned.sealed,
        ranges: tail.packed_ranges(),
    });
    segments
}

/// The backup that stands in the target, if it is one of this store and no later than it.
fn earlier(target: &World, source: &Manifest, last: Lsn) -> Result<Option<Manifest>> {
    let root = RelPath::root();
    let names = target.disk.list(&root).map_err(|source| Error::Io { doing: "list", path: root, source })?;
    let Some(epoch) = manifest::newest(target)? else {
        // What a backup that was cut short left behind is no reason to refuse the next.
        let ours = ["log", "manifest", "blobs", "tmp", table::FOLDER];
        return match names.iter().find(|name| !ours.contains(&name.as_str())) {
            Some(name) => Err(Error::Target(format!("it holds {name:?}, and no backup"))),
            None => Ok(None),
        };
    };
    let before = manifest::load(target, epoch)?;
    if before.store != source.store {
        return Err(Error::Target("it holds another store".to_owned()));
    }
    if names.iter().any(|name| name == "LOCK") {
        return Err(Error::Target("it is a store that was written to, not a backup".to_owned()));
    }
    let reached =
        before.segments.last().and_then(|meta| meta.end.as_ref()).map_or(Lsn(1), |end| end.next_lsn);
    if reached > last.advance(1) {
        return Err(Error::Target("it holds a later backup of the store".to_owned()));
    }
    Ok(Some(before))
}

/// Removes the user files of runs that the source has erased since an earlier backup (D8). One that is
/// missing there for another reason stays.
fn remove_erased(copy: &Copy<'_>, is_live: impl Fn(&RelPath) -> bool) -> Result<()> {
    let kept: BTreeSet<RelPath> = blob::stored(copy.source)?.into_iter().collect();
    let mut missing: BTreeSet<RelPath> = blob::stored(copy.target)?.into_iter().collect();
    missing.retain(|path| !kept.contains(path) && !is_live(path));
    if missing.is_empty() {
        return Ok(());
    }
    for recorded in read_in(copy.source)?.recorded(Lsn(1)) {
        let Body::RunErased(erased) = recorded?.event.body else { continue };
        for path in erased.blobs.iter().map(blob::path).filter(|path| missing.remove(path)) {
            let io = |source| Error::Io { doing: "remove", path: path.clone(), source };
            copy.target.disk.remove(&path).map_err(io)?;
            copy.sync_folder(&path.parent())?;
        }
    }
    Ok(())
}

/// Removes what the new manifest does not name (W7).
fn remove_older(target: &World, manifest: &Manifest) -> Result<()> {
    for folder in ["tmp", "manifest", "log", table::FOLDER] {
        let path = RelPath::of(folder);
        let io = |source| Error::Io { doing: "tidy up", path: path.clone(), source };
        let mut removed = false;
        for name in target.disk.list(&path).map_err(io)? {
            let is_old = match folder {
                "tmp" => true,
                "manifest" => manifest::epoch_of(&name).is_some_and(|epoch| epoch < manifest.epoch),
                table::FOLDER => {
                    table::id_of(&name).is_some_and(|id| manifest.tables.iter().all(|meta| meta.id != id))
                }
                _ => {
                    let is_ours = segment::id_of(&name).is_some() || packed::id_of(&name).is_some();
                    is_ours && !manifest.names_in_log(&name)
                }
            };
            if let (true, Ok(file)) = (is_old, path.join(&name)) {
                target.disk.remove(&file).map_err(io)?;
                removed = true;
            }
        }
        if removed {
            target.disk.sync_dir(&path).map_err(io)?;
        }
    }
    Ok(())
}
