//! The only door out: files, time and chance (RELIABILITY 2.1).
//!
//! The engine is synchronous and reaches the world through these traits alone. `real` is the
//! machine; `sim` is a disk in memory that crashes, tears and fails as told, and both pass the same
//! contract tests.

mod mmap;
mod path;
mod real;
pub mod sim;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

pub use path::{PathError, RelPath};
pub use real::{RealClock, RealDisk, RealEntropy, this_process};

/// A folder of files. All paths are relative to it.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Creates a file that *must not* exist yet, open for reading and writing. Folders on its path
    /// are made; they last only once their parents were synced too.
    ///
    /// # Errors
    ///
    /// As the system says; `AlreadyExists` where it exists.
    fn create_new(&self, path: &RelPath) -> io::Result<Box<dyn DiskFile>>;

    /// Opens an existing file.
    ///
    /// # Errors
    ///
    /// As the system says; `NotFound` where there is none.
    fn open(&self, path: &RelPath, write: bool) -> io::Result<Box<dyn DiskFile>>;

    /// Renames a file, over one that exists. It lasts once *both* folders were synced.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn rename(&self, from: &RelPath, to: &RelPath) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn remove(&self, path: &RelPath) -> io::Result<()>;

    /// The names in a folder, sorted; none where there is no such folder.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn list(&self, folder: &RelPath) -> io::Result<Vec<String>>;

    /// Makes the names in a folder last.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn sync_dir(&self, folder: &RelPath) -> io::Result<()>;

    /// Takes the folder for this writer alone until the lock is dropped. Where it is taken, gives
    /// what its holder announced.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn lock(&self, path: &RelPath) -> io::Result<Result<Box<dyn Lock>, String>>;

    /// Bytes that can still be written.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn free(&self) -> io::Result<u64>;
}

/// A lock that ends when it is dropped.
pub trait Lock: fmt::Debug + Send + Sync {
    /// Leaves word in the lock file of who holds it, for whoever comes second. The first byte of the
    /// folder that an opening changes.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn announce(&self, holder: &str) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// Writes at an offset; *may* write less than all.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Reads at an offset; *may* read less; 0 is the end of the file.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize>;

    /// Makes the content last, and the length where it grew. After a failure the file *must* not be
    /// synced again: what was not written may be reported as written (W8).
    ///
    /// # Errors
    ///
    /// As the system says; `NotFound` where the file was removed since it was opened (F17).
    fn sync_data(&mut self) -> io::Result<()>;

    /// [`DiskFile::sync_data`], and all metadata.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn sync_all(&mut self) -> io::Result<()>;

    /// Cuts or extends the file; what is added reads as zeros.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn set_len(&mut self, len: u64) -> io::Result<()>;

    /// Its length in bytes.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn len(&self) -> io::Result<u64>;

    /// Whether its length is 0.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Forgets what the page cache holds of it, so that the next read shows what the disk has (F7).
    ///
    /// # Errors
    ///
    /// As the system says.
    fn drop_cache(&self) -> io::Result<()>;

    /// Makes last what an ended process left of it in the page cache, then forgets the cache: what is
    /// read next, the disk has. For readers; a writer syncs what it wrote by [`DiskFile::sync_data`].
    ///
    /// # Errors
    ///
    /// As the system says.
    fn settle(&self) -> io::Result<()>;

    /// Its content, mapped: the file *must* never change or shrink again.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn map(&self) -> io::Result<Bytes>;
}

/// Time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Nanoseconds from some moment on, never falling.
    fn mono(&self) -> u64;
    /// Nanoseconds since 1970 in UTC, as the machine believes.
    fn wall(&self) -> i64;
}

/// Chance.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills a buffer with random bytes.
    ///
    /// # Errors
    ///
    /// As the system says.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// The world as the engine sees it.
#[derive(Debug, Clone)]
pub struct World {
    /// Files.
    pub disk: Arc<dyn Disk>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

impl World {
    /// The machine's own, with the data folder at `dir`.
    #[must_use]
    pub fn real(dir: &Path) -> Self {
        Self {
            disk: Arc::new(RealDisk::new(dir)),
            clock: Arc::new(RealClock::default()),
            entropy: Arc::new(RealEntropy),
        }
    }
}

/// Writes all of `bytes`, over as many calls as it takes (F10).
///
/// # Errors
///
/// As the system says; a write of nothing is `WriteZero`.
pub fn write_all_at(file: &mut dyn DiskFile, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(offset, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                offset += written as u64;
                bytes = bytes.get(written..).unwrap_or_default();
            }
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Fills `bytes` as far as the file goes; gives how far. An error is tried once more (F11).
///
/// # Errors
///
/// As the system says.
pub fn read_up_to(file: &dyn DiskFile, mut offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
    let (mut done, mut failed) = (0, false);
    while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(offset, rest) {
            Ok(0) => break,
            Ok(read) => {
                done += read;
                offset += read as u64;
            }
            Err(error) if is_passing(&error) => {}
            Err(_) if !failed => failed = true,
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// What a sync says of a file without a name.
const REMOVED: &str = "the file was removed";

/// Creates a file that an attempt cut short may have left.
///
/// # Errors
///
/// As the system says.
pub fn create_over(disk: &dyn Disk, path: &RelPath) -> io::Result<Box<dyn DiskFile>> {
    if disk.list(&path.parent())?.iter().any(|name| name == path.name()) {
        disk.remove(path)?;
    }
    disk.create_new(path)
}

/// Whether there is no more room for what was to be written (F8).
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
}
