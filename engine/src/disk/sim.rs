//! A disk in memory that crashes, tears and fails as told, the same way for the same seed
//! (RELIABILITY 2.2).
//!
//! ```text
//!  create write set_len rename remove        sync, sync_dir          power loss
//!  ────────────────────────────────► cache ────────────────► disk ──────────────► after_image()
//!                                      │ pending changes,     │ what the platters    one legal outcome
//!                                      │ in order             │ hold                 of the pending ones
//! ```
//!
//! What holds:
//! - Every change of the disk is an operation with a number, 0, 1, 2 …; [`SimDisk::plan`] says what
//!   happens at which, and [`SimDisk::ops`] tells what was done.
//! - Once the power is off every call fails, so the program under test cannot tell how it ended.
//! - The write rules that a disk can see are checked at every operation (`rules.rs`); a broken one
//!   panics and names itself.

mod chance;
mod content;
mod file;
mod rules;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::ops::Range;

use super::{Disk, DiskFile, Lock, RelPath, World};
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError};
pub use chance::{Chance, SimClock, SimEntropy};
use content::Content;
use rules::is_in;
use state::{Naming, State, Watcher};

/// The operating system's number for an interrupted call.
pub const EINTR: i32 = 4;
/// The operating system's number for an I/O error.
pub const EIO: i32 = 5;
/// The operating system's number for a call that would have to wait.
pub const EAGAIN: i32 = 11;
/// The operating system's number for a file that is larger than it may be.
pub const EFBIG: i32 = 27;
/// The operating system's number for a full disk.
pub const ENOSPC: i32 = 28;
/// The operating system's number for somebody's share of a disk that is used up.
pub const EDQUOT: i32 = 122;

/// What happens at an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The power goes off before it has an effect.
    StopBefore,
    /// The power goes off after it, before anybody is told.
    StopAfter,
    /// It fails with this errno and has no effect; but of a failed sync, `reached` says what the
    /// disk took, and no later sync of that file writes the rest, though it reports success.
    Error {
        /// What the operating system says.
        errno: i32,
        /// What of the file's pending changes is on the disk nevertheless.
        reached: Image,
    },
    /// A write takes half of its bytes and says so.
    Short,
    /// A write takes nothing and says so.
    Nothing,
}

impl Failure {
    /// An error after which the disk holds what it held.
    #[must_use]
    pub const fn error(errno: i32) -> Self {
        Self::Error { errno, reached: Image::AllLost }
    }
}

/// What becomes of the changes that were never synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Image {
    /// All of them are there.
    AllKept,
    /// None of them.
    AllLost,
    /// The names; the files have the bytes and the length of their last sync.
    NamesKept,
    /// Names and lengths; what was written reads as zeros.
    LengthsKept,
    /// Names and lengths; what was written reads as garbage.
    Garbage,
    /// Names and lengths, and of each write its last sector; the rest of it reads as zeros.
    LastSectors,
    /// Each name ½, each write ⅓ kept, ⅓ lost, ⅓ torn, drawn from a seed.
    Drawn(u64),
}

impl Image {
    /// The outcomes that are not drawn.
    pub const EXTREMES: [Self; 6] =
        [Self::AllKept, Self::AllLost, Self::NamesKept, Self::LengthsKept, Self::Garbage, Self::LastSectors];
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names of the calls")]
pub enum OpKind {
    Create,
    Write,
    Sync,
    SetLen,
    Rename,
    Remove,
    SyncDir,
}

/// An operation, for traces: its number is its place in [`SimDisk::ops`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// What it does.
    pub kind: OpKind,
    /// To which file or folder; the new name for a rename.
    pub path: RelPath,
    /// The old name, for a rename.
    pub from: Option<RelPath>,
    /// Where, for a write; the length for `SetLen`.
    pub offset: u64,
    /// How many bytes, for a write.
    pub len: usize,
}

impl Op {
    fn new(kind: OpKind, path: &RelPath) -> Self {
        Self { kind, path: path.clone(), from: None, offset: 0, len: 0 }
    }
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Default)]
pub struct SimDisk(Arc<Mutex<State>>);

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("SimDisk").field("names", &state.names.keys()).field("ops", &state.ops.len()).finish()
    }
}

impl SimDisk {
    /// A disk that holds these files, synced.
    #[must_use]
    pub fn holding(files: impl IntoIterator<Item = (RelPath, Vec<u8>)>) -> Self {
        let mut state = State::default();
        for (path, bytes) in files {
            state.add(&path, Content::on_disk(bytes));
        }
        state.names_on_disk.clone_from(&state.names);
        Self::from(state)
    }

    /// A world with this disk, a clock, and chance from a seed.
    #[must_use]
    pub fn world(&self, clock: &SimClock, seed: u64) -> World {
        World {
            disk: Arc::new(self.clone()),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SimEntropy::new(seed)),
        }
    }

    /// Makes `failure` happen at each operation of a range of numbers.
    pub fn plan(&self, ops: Range<u64>, failure: Failure) {
        self.state().plan.push((ops, failure));
    }

    /// Calls `watcher` before each operation, without holding the disk: one that waits makes the disk
    /// stall (F18), one that panics is a panic in whoever wrote (F20).
    pub fn watch(&self, watcher: impl Fn(&Op) + Send + Sync + 'static) {
        self.state().watcher = Watcher(Some(Arc::new(watcher)));
    }

    /// Makes the next `times` reads that touch these bytes fail with EIO.
    pub fn plan_bad_reads(&self, path: &RelPath, bytes: Range<u64>, times: u32) {
        let mut state = self.state();
        if let Some(id) = state.names.get(path).copied() {
            state.bad_reads.push((id, bytes, times));
        }
    }

    /// Forgets all that was planned.
    pub fn forget_plans(&self) {
        let mut state = self.state();
        state.plan.clear();
        state.bad_reads.clear();
    }

    /// Limits the disk to a number of bytes, counted in blocks of 4096; none: no limit.
    pub fn limit(&self, capacity: Option<u64>) {
        self.state().capacity = capacity;
    }

    /// What was done so far.
    #[must_use]
    pub fn ops(&self) -> Vec<Op> {
        self.state().ops.clone()
    }

    /// How many operations there were: the number of the next.
    #[must_use]
    pub fn op_count(&self) -> u64 {
        self.state().ops.len() as u64
    }

    /// How many files are open now, by descriptors.
    #[must_use]
    pub fn open_files(&self) -> usize {
        self.state().open
    }

    /// Whether a planned stop has come.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state().is_off
    }

    /// The disk as the next start may find it after a power loss now.
    #[must_use]
    pub fn after_image(&self, image: Image) -> Self {
        self.state().after_power_loss(image).into()
    }

    /// The disk as the next start finds it when only the process ended: what was not synced is
    /// still in the cache, and still not on the disk.
    #[must_use]
    pub fn after_kill(&self) -> Self {
        self.state().after_kill().into()
    }

    /// All files as programs see them.
    #[must_use]
    pub fn files(&self) -> BTreeMap<RelPath, Vec<u8>> {
        let state = self.state();
        let content = |id| state.files.get(id).map(|file| file.cache().to_vec()).unwrap_or_default();
        state.names.iter().map(|(path, id)| (path.clone(), content(id))).collect()
    }

    /// A checksum of the names and bytes under a folder as programs see them: where it is the same, so
    /// are they.
    #[must_use]
    pub fn checksum(&self, folder: &str) -> u64 {
        let state = self.state();
        let (mut names, mut bytes) = (crc32fast::Hasher::new(), crc32fast::Hasher::new());
        for (path, id) in state.names.iter().filter(|(path, _)| is_in(path, folder)) {
            let content = state.files.get(id).map(Content::cache).unwrap_or_default();
            names.update(path.as_str().as_bytes());
            names.update(&content.len().to_le_bytes());
            bytes.update(content);
        }
        u64::from(names.finalize()) << 32 | u64::from(bytes.finalize())
    }

    /// The files under a folder whose bytes or names would not survive a power loss.
    #[must_use]
    pub fn unsynced(&self, folder: &str) -> Vec<RelPath> {
        let state = self.state();
        let is_unsynced = |path: &RelPath, id: u64| {
            state.names_on_disk.get(path) != Some(&id) || state.files.get(&id).is_some_and(Content::is_dirty)
        };
        let inside = state.names.iter().filter(|(path, _)| is_in(path, folder));
        inside.filter(|(path, id)| is_unsynced(path, **id)).map(|(path, _)| path.clone()).collect()
    }

    /// Lets a file rot: `change` edits what the disk holds of it.
    pub fn rot(&self, path: &RelPath, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        if let Ok(file) = state.id_at(path).and_then(|id| state.file(id)) {
            file.rot(change);
        }
    }

    /// Loses a file.
    pub fn lose(&self, path: &RelPath) {
        let mut state = self.state();
        state.names.remove(path);
        state.names_on_disk.remove(path);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Only a broken write rule panics in here, before anything was changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn powered(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.is_off { Err(power_loss()) } else { Ok(state) }
    }

    /// Does one operation as planned; `file` is the file it goes to and the descriptor.
    fn perform<T>(
        &self,
        mut op: Op,
        file: Option<(u64, u64)>,
        effect: impl FnOnce(&mut State, Option<Failure>) -> io::Result<T>,
    ) -> io::Result<T> {
        let (watcher, path) = {
            let state = self.powered()?;
            (state.watcher.clone(), file.and_then(|(id, _)| state.path_of(id)))
        };
        if let Some(path) = path {
            op.path = path; // it may have been renamed since it was opened
        }
        watcher.call(&op);
        let mut state = self.powered()?;
        rules::check(&state, &op, file);
        let planned = state.planned();
        let (kind, path) = (op.kind, op.path.clone());
        state.ops.push(op);
        match planned {
            Some(Failure::StopBefore) => {
                state.is_off = true;
                Err(power_loss())
            }
            Some(Failure::StopAfter) => {
                let nobody_is_told = effect(&mut state, None);
                state.is_off = true;
                // A file that it opened is closed, which needs the state.
                drop(state);
                drop(nobody_is_told);
                Err(power_loss())
            }
            Some(Failure::Error { errno, reached }) => {
                if matches!(kind, OpKind::Sync | OpKind::SyncDir) {
                    state.fail_sync(&path, file, reached);
                }
                Err(io::Error::from_raw_os_error(errno))
            }
            Some(Failure::Short | Failure::Nothing) | None => effect(&mut state, planned),
        }
    }
}

impl From<State> for SimDisk {
    fn from(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }
}

impl Disk for SimDisk {
    fn create_new(&self, path: &RelPath) -> io::Result<Box<dyn DiskFile>> {
        self.perform(Op::new(OpKind::Create, path), None, |state, _| {
            if state.names.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let id = state.add(path, Content::default());
            state.namings.push(Naming::Link(path.clone(), id));
            Ok(file::open(self, state, path, id, true))
        })
    }

    fn open(&self, path: &RelPath, write: bool) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.powered()?;
        let id = state.id_at(path)?;
        Ok(file::open(self, &mut state, path, id, write))
    }

    fn rename(&self, from: &RelPath, to: &RelPath) -> io::Result<()> {
        let op = Op { from: Some(from.clone()), ..Op::new(OpKind::Rename, to) };
        self.perform(op, None, |state, _| {
            let id = state.id_at(from)?;
            state.add_folders(to);
            state.names.remove(from);
            state.names.insert(to.clone(), id);
            state.namings.push(Naming::Rename(from.clone(), to.clone(), id));
            if is_in(to, "blobs") {
                state.file(id)?.freeze("has its name for good (W5)");
            }
            Ok(())
        })
    }

    fn remove(&self, path: &RelPath) -> io::Result<()> {
        self.perform(Op::new(OpKind::Remove, path), None, |state, _| {
            let id = state.id_at(path)?;
            state.names.remove(path);
            state.namings.push(Naming::Unlink(path.clone(), id));
            Ok(())
        })
    }

    fn list(&self, folder: &RelPath) -> io::Result<Vec<String>> {
        let state = self.powered()?;
        let inside = |path: &&RelPath| !path.as_str().is_empty() && path.parent() == *folder;
        let names = state.names.keys().chain(&state.folders).filter(inside);
        Ok(names.map(|path| path.name().to_owned()).collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn sync_dir(&self, folder: &RelPath) -> io::Result<()> {
        self.perform(Op::new(OpKind::SyncDir, folder), None, |state, _| {
            if !state.folders.contains(folder) {
                return Err(io::ErrorKind::NotFound.into());
            }
            state.sync_dir(folder);
            Ok(())
        })
    }

    fn lock(&self, path: &RelPath) -> io::Result<Result<Box<dyn Lock>, String>> {
        let mut state = self.powered()?;
        if let Some(holder) = &state.holder {
            return Ok(Err(holder.clone()));
        }
        state.begin_opening();
        Ok(Ok(Box::new(SimLock { disk: self.clone(), path: path.clone() })))
    }

    fn free(&self) -> io::Result<u64> {
        Ok(self.powered()?.room())
    }
}

#[derive(Debug)]
struct SimLock {
    disk: SimDisk,
    path: RelPath,
}

impl Lock for SimLock {
    fn announce(&self, holder: &str) -> io::Result<()> {
        let mut state = self.disk.powered()?;
        let id = state.add(&self.path, Content::on_disk(holder.into()));
        state.names_on_disk.insert(self.path.clone(), id);
        state.holder = Some(holder.to_owned());
        Ok(())
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.disk.state().holder = None;
    }
}

fn power_loss() -> io::Error {
    io::Error::other("the power is off")
}
