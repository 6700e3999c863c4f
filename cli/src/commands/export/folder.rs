//! The folder that an export becomes: written under another name, named at the end.
//!
//! What holds:
//! - The folder has its own name only once every file in it is whole and synced.
//! - After Ctrl+C or a failure nothing is left. What a kill leaves has a name that says what it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::failure::{Failure, Result};

/// A folder on its way.
#[derive(Debug)]
pub(super) struct Folder {
    target: PathBuf,
    partial: PathBuf,
    /// Held while a name is made or taken away: Ctrl+C and the work meet here.
    stage: Mutex<Stage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begun,
    Over,
}

impl Folder {
    /// Makes the folder that is written to, beside the one that it becomes.
    pub(super) fn begin(target: &Path) -> Result<Self> {
        let unwritable =
            |error: &io::Error| Failure::io(format!("cannot write to {}", target.display()), error);
        let is_free = match fs::read_dir(target) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => false,
            Err(error) => return Err(unwritable(&error)),
        };
        let refused = |cause: &str| {
            Failure::refused(format!("cannot write to {}", target.display()))
                .cause(cause)
                .next("name an empty folder, or one that does not exist")
        };
        if !is_free {
            return Err(refused("it is not empty"));
        }
        // Renaming needs a name, which `.` does not have, and whoever stands in a folder that another takes the
        // place of sees nothing of it.
        let absolute = std::path::absolute(target).map_err(|error| unwritable(&error))?;
        let is_here = std::env::current_dir().is_ok_and(|here| here == absolute);
        let (Some(name), Some(parent), false) = (absolute.file_name(), absolute.parent(), is_here) else {
            return Err(refused("it is the current folder"));
        };
        let mut partial = name.to_owned();
        partial.push(format!(".partial-{}", std::process::id()));
        let partial = parent.join(partial);
        fs::create_dir_all(parent)
            .and_then(|()| fs::create_dir(&partial))
            .map_err(|error| unwritable(&error))?;
        Ok(Self { target: absolute, partial, stage: Mutex::new(Stage::Begun) })
    }

    /// Creates a file, with the folders above it.
    pub(super) fn create(&self, path: &str) -> Result<Sink> {
        let failed = |error: io::Error| Failure::io(format!("cannot create {path:?} of the export"), &error);
        self.while_begun(|| {
            let path = self.partial.join(path);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            OpenOptions::new().write(true).create_new(true).open(path)
        })
        .map(Sink::new)
        .map_err(failed)
    }

    /// Gives the folder its name.
    pub(super) fn finish(&self) -> Result<()> {
        let failed = |error: io::Error| {
            Failure::io(format!("cannot name the export {}", self.target.display()), &error)
        };
        let done = self.while_begun(|| {
            sync_folders(&self.partial)?;
            fs::rename(&self.partial, &self.target)?;
            self.target.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
        });
        done.map_err(failed)?;
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = Stage::Over;
        Ok(())
    }

    /// Takes away what was written, unless it is whole. No file is created from here on.
    pub(super) fn discard(&self) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        *stage = Stage::Over;
        // Its name says that it is not whole, should this fail.
        let _left = fs::remove_dir_all(&self.partial);
    }

    fn while_begun<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if *stage == Stage::Over {
            return Err(io::Error::other("the export was given up"));
        }
        work()
    }
}

fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(folder)?.sync_all()
}

/// A file on its way: hashed and counted as it is written.
#[derive(Debug)]
pub(super) struct Sink {
    file: BufWriter<File>,
    sha256: Sha256,
    bytes: u64,
}

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Sink {
    fn new(file: File) -> Self {
        Self { file: BufWriter::with_capacity(256 << 10, file), sha256: Sha256::new(), bytes: 0 }
    }

    /// Makes the file durable.
    pub(super) fn finish(mut self) -> io::Result<Written> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        let sha256 = self.sha256.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Written { bytes: self.bytes, sha256 })
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_has_its_name_only_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("above").join("out");
        let folder = Folder::begin(&target).unwrap();
        let mut sink = folder.create("a/b.txt").unwrap();
        sink.write_all(b"abc").unwrap();
        let written = sink.finish().unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(written, Written { bytes: 3, sha256: abc.into() });
        assert!(!target.exists());
        folder.finish().unwrap();
        assert_eq!(fs::read(target.join("a/b.txt")).unwrap(), b"abc");
        assert_eq!(entries(&dir.path().join("above")), ["out"]);
        folder.discard();
        assert!(target.exists(), "what is whole stays");
    }

    #[test]
    fn what_is_given_up_leaves_nothing_and_takes_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::begin(&dir.path().join("out")).unwrap();
        folder.create("a").unwrap();
        folder.discard();
        assert!(folder.create("b").is_err() && folder.finish().is_err());
        assert!(entries(dir.path()).is_empty());
    }

    #[test]
    fn only_an_empty_folder_becomes_an_export() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        fs::create_dir(&target).unwrap();
        Folder::begin(&target).unwrap().finish().unwrap();
        fs::write(target.join("mine"), "x").unwrap();
        assert!(Folder::begin(&target).is_err());
        assert!(Folder::begin(&target.join("mine")).is_err(), "a file is no folder");
        assert_eq!(entries(dir.path()), ["out"]);
    }
}
