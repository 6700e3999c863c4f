//! The machine's own disk, clock and chance.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "the real side of the seams")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rustix::fs::Advice;

use super::{Clock, Disk, DiskFile, Entropy, Lock, REMOVED, RelPath};

/// A folder of the machine.
#[derive(Debug)]
pub struct RealDisk {
    root: PathBuf,
}

impl RealDisk {
    /// The folder at `root`, which need not exist.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn at(&self, path: &RelPath) -> PathBuf {
        if path.as_str().is_empty() { self.root.clone() } else { self.root.join(path.as_str()) }
    }
}

impl Disk for RealDisk {
    fn create_new(&self, path: &RelPath) -> io::Result<Box<dyn DiskFile>> {
        let path = self.at(path);
        let create = || OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        let file = match create() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(&self.root);
                fs::create_dir_all(folder)?;
                sync_up(folder, &self.root)?;
                create()?
            }
            other => other?,
        };
        Ok(Box::new(RealFile(file)))
    }

    fn open(&self, path: &RelPath, write: bool) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(RealFile(OpenOptions::new().read(true).write(write).open(self.at(path))?)))
    }

    fn rename(&self, from: &RelPath, to: &RelPath) -> io::Result<()> {
        let (from, to) = (self.at(from), self.at(to));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && from.exists() => {
                let folder = to.parent().unwrap_or(&self.root);
                fs::create_dir_all(folder)?;
                sync_up(folder, &self.root)?;
                fs::rename(from, to)
            }
            other => other,
        }
    }

    fn remove(&self, path: &RelPath) -> io::Result<()> {
        fs::remove_file(self.at(path))
    }

    fn list(&self, folder: &RelPath) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.at(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn sync_dir(&self, folder: &RelPath) -> io::Result<()> {
        File::open(self.at(folder))?.sync_all()
    }

    fn lock(&self, path: &RelPath) -> io::Result<Result<Box<dyn Lock>, String>> {
        let path = self.at(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // Rust opens files close-on-exec, so no child keeps the lock.
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let mut words = String::new();
                (&mut file).take(256).read_to_string(&mut words)?;
                return Ok(Err(words.trim().to_owned()));
            }
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        Ok(Ok(Box::new(RealLock(file))))
    }

    fn free(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.root)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// Syncs a folder and those above it, up to and with the parent of `root`, so that new folders last.
fn sync_up(folder: &Path, root: &Path) -> io::Result<()> {
    let mut at = Some(folder);
    while let Some(folder) = at {
        let folder_or_here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder_or_here)?.sync_all()?;
        at = if folder.starts_with(root) { folder.parent() } else { None };
    }
    Ok(())
}

#[derive(Debug)]
struct RealLock(File);

impl Lock for RealLock {
    fn announce(&self, holder: &str) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.write_all_at(holder.as_bytes(), 0)
    }
}

#[derive(Debug)]
struct RealFile(File);

impl RealFile {
    /// Bytes of a file without a name last until it is closed.
    fn check_named(&self) -> io::Result<()> {
        let is_named = self.0.metadata()?.nlink() > 0;
        if is_named { Ok(()) } else { Err(io::Error::new(io::ErrorKind::NotFound, REMOVED)) }
    }
}

impl DiskFile for RealFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(bytes, offset)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.0.sync_data()?;
        self.check_named()
    }

    fn sync_all(&mut self) -> io::Result<()> {
        self.0.sync_all()?;
        self.check_named()
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn drop_cache(&self) -> io::Result<()> {
        Ok(rustix::fs::fadvise(&self.0, 0, None, Advice::DontNeed)?)
    }

    fn settle(&self) -> io::Result<()> {
        self.0.sync_data()?;
        self.drop_cache()
    }

    fn map(&self) -> io::Result<Bytes> {
        super::mmap::map(&self.0)
    }
}

/// The machine's clocks.
#[derive(Debug)]
pub struct RealClock {
    start: Instant,
}

impl Default for RealClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for RealClock {
    fn mono(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn wall(&self) -> i64 {
        let nanos = |duration: std::time::Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => nanos(since),
            Err(before) => -nanos(before.duration()),
        }
    }
}

/// The operating system's random bytes.
#[derive(Debug, Default)]
pub struct RealEntropy;

impl Entropy for RealEntropy {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(io::Error::from)
    }
}

/// What this process leaves in the lock file: its pid and host.
#[must_use]
pub fn this_process() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("pid {} on host {host}", std::process::id())
}
