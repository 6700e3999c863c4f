//! User files, by digest.
//!
//! ```text
//!  begin ─► tmp/blob-<random> ─► bytes, hashed on the way ─► sync ─► read back, compare
//!        ─► rename to blobs/<first two digits>/<SHA-256> ─► sync folders ─► an event names it
//! ```
//!
//! What holds:
//! - A blob is there whole before any event names it (F15); files of the same content share one.
//! - Names that users give never become paths (S4).
//! - An upload is forgotten when it is dropped, unless it is held (`held.rs`): then a later process goes on with it.

mod held;

use std::fmt::Write as _;
use std::sync::Arc;

use md5::Md5;
use sha2::{Digest as _, Sha256};

use crate::disk::{self, DiskFile, RelPath, World};
use crate::error::{Error, Result};
use crate::stop::Stop;
use held::NoteFile;
pub(crate) use held::kept;
pub use held::{Held, HeldName};

/// The store's user files. All calls block: make them off the async threads.
#[derive(Debug, Clone)]
pub struct Blobs {
    world: World,
    stop: Stop,
}

/// A stored blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blob {
    /// SHA-256 of its content.
    pub digest: [u8; 32],
    /// MD5 of its content.
    pub md5: [u8; 16],
    /// Bytes.
    pub size: u64,
}

impl Blobs {
    pub(crate) fn new(world: World, stop: Stop) -> Self {
        Self { world, stop }
    }

    /// Begins an upload.
    ///
    /// # Errors
    ///
    /// `DiskFull`, `Io`, `WritesStopped`.
    pub fn begin(&self) -> Result<Upload> {
        self.stop.check()?;
        let mut name = [0; 16];
        let io = |source| Error::Io { doing: "begin an upload in", path: RelPath::of("tmp"), source };
        self.world.entropy.fill(&mut name).map_err(io)?;
        let path = RelPath::of(&format!("tmp/blob-{}", hex(&name)));
        let file =
            self.world.disk.create_new(&path).map_err(|source| Error::writing("create", &path, source))?;
        Ok(self.upload(path, file))
    }

    fn upload(&self, path: RelPath, file: Box<dyn DiskFile>) -> Upload {
        Upload {
            world: self.world.clone(),
            stop: self.stop.clone(),
            path,
            file: Some(file),
            size: 0,
            sha256: Sha256::new(),
            md5: Md5::new(),
            held: None,
            noted: None,
            notes: None,
        }
    }

    /// Opens a stored blob for reading.
    ///
    /// # Errors
    ///
    /// `Damaged` when the blob is missing; `Io`.
    pub fn open(&self, digest: &[u8; 32]) -> Result<BlobReader> {
        let path = path(digest);
        let file = self.world.disk.open(&path, false).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::damaged(format!("the blob {path} is missing")),
            _ => Error::Io { doing: "open", path: path.clone(), source },
        })?;
        let size = file.len().map_err(|source| Error::Io { doing: "measure", path: path.clone(), source })?;
        Ok(BlobReader { path, file: file.into(), size, digest: *digest })
    }
}

/// Every stored blob.
pub(crate) fn stored(world: &World) -> Result<Vec<RelPath>> {
    let list = |folder: &RelPath| {
        let io = |source| Error::Io { doing: "list", path: folder.clone(), source };
        world.disk.list(folder).map_err(io)
    };
    let root = RelPath::of("blobs");
    let mut found = Vec::new();
    for folder in list(&root)? {
        let Ok(folder) = root.join(&folder) else { continue };
        found.extend(list(&folder)?.iter().filter_map(|name| folder.join(name).ok()));
    }
    Ok(found)
}

/// Reads a blob to its end; gives its bytes.
///
/// # Errors
///
/// `Damaged` when its content is not what its name says; `Io`.
pub(crate) fn check(world: &World, path: &RelPath) -> Result<u64> {
    let io = |source| Error::Io { doing: "read", path: path.clone(), source };
    let file = world.disk.open(path, false).map_err(io)?;
    if hex(&digest_of(&*file).map_err(io)?) != path.name() {
        return Err(misnamed(path));
    }
    file.len().map_err(io)
}

fn misnamed(path: &RelPath) -> Error {
    Error::damaged(format!("the content of {path} is not what its name says"))
}

/// Where the blob of a digest stands.
pub(crate) fn path(digest: &[u8; 32]) -> RelPath {
    let digest = hex(digest);
    RelPath::of(&format!("blobs/{}/{digest}", digest.get(..2).unwrap_or_default()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// A file on its way in. Dropping it forgets what came, but of what was noted nothing.
#[derive(Debug)]
pub struct Upload {
    world: World,
    stop: Stop,
    path: RelPath,
    /// None once finished.
    file: Option<Box<dyn DiskFile>>,
    size: u64,
    sha256: Sha256,
    md5: Md5,
    /// What it is held as.
    held: Option<HeldName>,
    /// How many bytes the note on the disk tells of.
    noted: Option<u64>,
    notes: Option<NoteFile>,
}

impl Upload {
    /// Bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds bytes.
    ///
    /// # Errors
    ///
    /// `DiskFull`, `Io`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        disk::write_all_at(&mut **file, self.size, bytes)
            .map_err(|source| Error::writing("write to", &self.path, source))?;
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
        self.md5.update(bytes);
        Ok(())
    }

    /// Makes the blob last; afterwards it is there for good.
    ///
    /// # Errors
    ///
    /// `UploadDiffers` when size or MD5 are not what was announced; `DiskFull`, `Io`: nothing is
    /// kept then. `WritesStopped`, also by this: after a folder could not be synced nobody knows
    /// which names the disk has (F7).
    pub fn finish(mut self, size: Option<u64>, md5: Option<[u8; 16]>) -> Result<Blob> {
        let blob = Blob {
            digest: self.sha256.clone().finalize().into(),
            md5: self.md5.clone().finalize().into(),
            size: self.size,
        };
        if let Some(expected) = size.filter(|&size| size != blob.size) {
            self.forget_note();
            return Err(Error::UploadDiffers {
                what: "size",
                expected: expected.to_string(),
                found: blob.size.to_string(),
            });
        }
        if let Some(expected) = md5.filter(|md5| *md5 != blob.md5) {
            self.forget_note();
            return Err(Error::UploadDiffers {
                what: "MD5",
                expected: hex(&expected),
                found: hex(&blob.md5),
            });
        }
        let Some(mut file) = self.file.take() else { return Ok(blob) };
        let placed = self.place(&mut *file, &blob);
        drop(file);
        // After a failed sync nothing in the folders is changed any more.
        if placed.as_ref().is_err_and(|error| !matches!(error, Error::WritesStopped { .. })) {
            self.remove();
        }
        if !matches!(placed, Err(Error::WritesStopped { .. })) {
            self.forget_note();
        }
        placed.map(|()| blob)
    }

    /// Syncs, reads back, renames, syncs the folders (W5).
    fn place(&self, file: &mut dyn DiskFile, blob: &Blob) -> Result<()> {
        let tmp = &self.path;
        let io = |doing| move |source| Error::writing(doing, tmp, source);
        file.sync_all().map_err(io("sync"))?;
        if digest_of(file).map_err(io("read back"))? != blob.digest {
            return Err(Error::damaged(format!("{tmp} reads back differently from what was written")));
        }
        let target = path(&blob.digest);
        let disk = &self.world.disk;
        self.stop.check()?;
        if disk.open(&target, false).is_ok() {
            // Whoever put it there may not have synced its folder yet.
            self.sync_folder(&target.parent())?;
            return disk.remove(tmp).map_err(io("remove"));
        }
        disk.rename(tmp, &target).map_err(io("rename"))?;
        self.sync_folder(&tmp.parent())?;
        self.sync_folder(&target.parent())
    }

    fn sync_folder(&self, folder: &RelPath) -> Result<()> {
        self.world.disk.sync_dir(folder).map_err(|error| {
            let cause = self.stop.set(&format!("cannot sync the folder {folder}: {error}"));
            Error::WritesStopped { cause: cause.to_owned() }
        })
    }

    fn remove(&self) {
        if let Err(error) = self.world.disk.remove(&self.path) {
            tracing::debug!(path = %self.path, %error, "cannot remove an upload; the next opening will");
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.file.take().is_some() && self.noted.is_none() {
            self.remove();
        }
    }
}

fn digest_of(file: &dyn DiskFile) -> std::io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut at = 0;
    loop {
        let read = disk::read_up_to(file, at, &mut buffer)?;
        hasher.update(buffer.get(..read).unwrap_or_default());
        at += read as u64;
        if read < buffer.len() {
            return Ok(hasher.finalize().into());
        }
    }
}

/// A stored blob, open.
#[derive(Debug, Clone)]
pub struct BlobReader {
    path: RelPath,
    file: Arc<dyn DiskFile>,
    size: u64,
    digest: [u8; 32],
}

impl BlobReader {
    /// Its bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// All of it, a piece after the other, checked.
    #[must_use]
    pub fn pieces(self) -> BlobPieces {
        BlobPieces { reader: self, at: 0, sha256: Sha256::new() }
    }

    /// Reads at an offset as much as fits; 0 is the end. A part of a blob has no digest of its own:
    /// this is not checked.
    ///
    /// # Errors
    ///
    /// `Io`.
    pub fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<usize> {
        disk::read_up_to(&*self.file, offset, bytes).map_err(|source| Error::Io {
            doing: "read",
            path: self.path.clone(),
            source,
        })
    }
}

/// A stored blob on its way out, from its first byte to its last.
#[derive(Debug)]
pub struct BlobPieces {
    reader: BlobReader,
    at: u64,
    sha256: Sha256,
}

impl BlobPieces {
    /// The next bytes, at most so many; none at the end. The last ones are given only where all of
    /// them are those that the blob's name stands for (D6).
    ///
    /// # Errors
    ///
    /// `Damaged` when they are not; `Io`.
    pub fn read(&mut self, bytes_max: usize) -> Result<Vec<u8>> {
        let rest = usize::try_from(self.reader.size - self.at).unwrap_or(usize::MAX);
        let mut piece = vec![0; rest.min(bytes_max)];
        let read = self.reader.read_at(self.at, &mut piece)?;
        piece.truncate(read);
        self.sha256.update(&piece);
        self.at += read as u64;
        let is_end = self.at == self.reader.size || read == 0;
        if is_end && self.sha256.clone().finalize()[..] != self.reader.digest[..] {
            return Err(misnamed(&self.reader.path));
        }
        Ok(piece)
    }
}
