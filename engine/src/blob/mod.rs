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

use std::fmt::Write as _;
use std::sync::Arc;

use md5::Md5;
use sha2::{Digest as _, Sha256};

use crate::disk::{self, DiskFile, RelPath, World};
use crate::error::{Error, Result};

/// The store's user files. All calls block: make them off the async threads.
#[derive(Debug, Clone)]
pub struct Blobs {
    world: World,
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
    /// The user files of a world; a running store has them as [`crate::Store::blobs`].
    #[must_use]
    pub fn new(world: World) -> Self {
        Self { world }
    }

    /// Begins an upload.
    ///
    /// # Errors
    ///
    /// `DiskFull`, `Io`.
    pub fn begin(&self) -> Result<Upload> {
        let mut name = [0; 16];
        let io = |source| Error::Io { doing: "begin an upload in", path: RelPath::of("tmp"), source };
        self.world.entropy.fill(&mut name).map_err(io)?;
        let path = RelPath::of(&format!("tmp/blob-{}", hex(&name)));
        let file =
            self.world.disk.create_new(&path).map_err(|source| Error::writing("create", &path, source))?;
        Ok(Upload {
            world: self.world.clone(),
            path,
            file: Some(file),
            size: 0,
            sha256: Sha256::new(),
            md5: Md5::new(),
        })
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
        Ok(BlobReader { path, file: file.into(), size })
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
        return Err(Error::damaged(format!("the content of {path} is not what its name says")));
    }
    file.len().map_err(io)
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

/// A file on its way in. Dropping it forgets what came.
#[derive(Debug)]
pub struct Upload {
    world: World,
    path: RelPath,
    /// None once finished.
    file: Option<Box<dyn DiskFile>>,
    size: u64,
    sha256: Sha256,
    md5: Md5,
}

impl Upload {
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
    /// `UploadDiffers` when size or MD5 are not what was announced; `DiskFull`, `Io`. Nothing is
    /// kept then.
    pub fn finish(mut self, size: Option<u64>, md5: Option<[u8; 16]>) -> Result<Blob> {
        let blob = Blob {
            digest: self.sha256.clone().finalize().into(),
            md5: self.md5.clone().finalize().into(),
            size: self.size,
        };
        if let Some(expected) = size.filter(|&size| size != blob.size) {
            return Err(Error::UploadDiffers {
                what: "size",
                expected: expected.to_string(),
                found: blob.size.to_string(),
            });
        }
        if let Some(expected) = md5.filter(|md5| *md5 != blob.md5) {
            return Err(Error::UploadDiffers {
                what: "MD5",
                expected: hex(&expected),
                found: hex(&blob.md5),
            });
        }
        let Some(mut file) = self.file.take() else { return Ok(blob) };
        let placed = place(&self.world, &self.path, &mut *file, &blob);
        drop(file);
        if placed.is_err() {
            self.remove();
        }
        placed.map(|()| blob)
    }

    fn remove(&self) {
        if let Err(error) = self.world.disk.remove(&self.path) {
            tracing::debug!(path = %self.path, %error, "cannot remove an upload; the next opening will");
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            self.remove();
        }
    }
}

/// Syncs, reads back, renames, syncs the folders (W5).
fn place(world: &World, tmp: &RelPath, file: &mut dyn DiskFile, blob: &Blob) -> Result<()> {
    let io = |doing| move |source| Error::writing(doing, tmp, source);
    file.sync_all().map_err(io("sync"))?;
    if digest_of(file).map_err(io("read back"))? != blob.digest {
        return Err(Error::damaged(format!("{tmp} reads back differently from what was written")));
    }
    let target = path(&blob.digest);
    let disk = &world.disk;
    if disk.open(&target, false).is_ok() {
        // Whoever put it there may not have synced its folder yet.
        disk.sync_dir(&target.parent()).map_err(io("sync the folder of"))?;
        return disk.remove(tmp).map_err(io("remove"));
    }
    disk.rename(tmp, &target).map_err(io("rename"))?;
    disk.sync_dir(&tmp.parent()).map_err(io("sync the folder of"))?;
    disk.sync_dir(&target.parent()).map_err(io("sync the folder of"))
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
}

impl BlobReader {
    /// Its bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads at an offset as much as fits; 0 is the end.
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
