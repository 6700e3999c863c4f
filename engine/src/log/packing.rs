//! Packed segments on the disk: made by W5, read block by block.
//!
//! ```text
//!  log/7.seg ─► tmp/7.segz, synced ─► read back: same bytes, same chain ─► log/7.segz ─► (an edit)
//! ```
//!
//! What holds:
//! - The file in place is proven before anything may name it: what it unpacks to is what the segment
//!   holds, and its frames give the chain that the manifest knows. A segment that rotted is not packed.
//! - One block of the segment is in memory at a time, packed and as it was, and one frame.

use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};

use super::frame::{self, FrameError, Seed};
use super::packed::{self, BLOCK_LEN, Directory, Header, Packer};
use super::segment::{self, Chain, ChainHasher};
use crate::disk::{self, Disk, DiskFile, RelPath, World};
use crate::error::{Error, Result};
use crate::id::{SegmentId, StoreId};
use crate::manifest::{End, Packed, SegmentMeta};
use crate::sync::{Mutex, PoisonError};

/// A packed segment, open for reading.
#[derive(Debug)]
pub(crate) struct PackedFile {
    path: RelPath,
    /// Store, segment, and what the manifest says of the file.
    named: (StoreId, SegmentId, Packed),
    file: Box<dyn DiskFile>,
    directory: OnceLock<Directory>,
    /// The block that was read last: readers go on where they were.
    last: Mutex<Option<(usize, Bytes)>>,
}

impl PackedFile {
    /// Opens a file; whether it is what it should be is told when it is read.
    ///
    /// # Errors
    ///
    /// `Damaged` when it is missing; `Io`.
    pub(crate) fn open(disk: &dyn Disk, store: StoreId, id: SegmentId, packed: Packed) -> Result<Self> {
        Self::open_at(disk, packed::path(id), store, id, packed)
    }

    fn open_at(
        disk: &dyn Disk,
        path: RelPath,
        store: StoreId,
        id: SegmentId,
        packed: Packed,
    ) -> Result<Self> {
        let file = disk.open(&path, false).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => {
                Error::damaged(format!("segment {id} is missing: there is no {path}"))
            }
            _ => Error::Io { doing: "open", path: path.clone(), source },
        })?;
        let named = (store, id, packed);
        Ok(Self { path, named, file, directory: OnceLock::new(), last: Mutex::new(None) })
    }

    /// `len` bytes of the file from `offset` on, all of them.
    fn bytes(&self, offset: u64, len: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        let read = disk::read_up_to(&*self.file, offset, &mut bytes).map_err(|source| Error::Io {
            doing: "read",
            path: self.path.clone(),
            source,
        })?;
        if read < bytes.len() {
            return Err(packed::damaged(&self.path, offset + read as u64, "it ends there"));
        }
        Ok(bytes)
    }

    fn directory(&self) -> Result<&Directory> {
        if let Some(directory) = self.directory.get() {
            return Ok(directory);
        }
        let (store, id, Packed { bytes, crc, .. }) = self.named;
        let io = |source| Error::Io { doing: "measure", path: self.path.clone(), source };
        let len = self.file.len().map_err(io)?;
        if len != bytes {
            let why = format!("it has {len} bytes, not {bytes}");
            return Err(packed::damaged(&self.path, len.min(bytes), &why));
        }
        let header = Header::read(&self.bytes(0, (packed::HEADER_LEN as u64).min(len))?, &self.path)?;
        let at = header.table_at(len).ok_or_else(|| packed::damaged(&self.path, 0, "it is cut short"))?;
        let tail = self.bytes(at.start, at.end - at.start)?;
        let directory = Directory::read(&header, &tail, &at, &self.path)?;
        if (directory.store, directory.segment, directory.crc) != (store, id, crc) {
            return Err(packed::damaged(&self.path, 0, "it is another segment's"));
        }
        Ok(self.directory.get_or_init(|| directory))
    }

    /// A block of the segment, checked.
    fn block(&self, directory: &Directory, block: usize) -> Result<Bytes> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = last().as_ref().filter(|(known, _)| *known == block) {
            return Ok(bytes.clone());
        }
        let at = directory.block_at(block).unwrap_or_default();
        let bytes = self.bytes(at.start, at.end - at.start)?;
        let bytes = Bytes::from(directory.unpack(block, &bytes, &self.path)?);
        *last() = Some((block, bytes.clone()));
        Ok(bytes)
    }

    /// `len` bytes of the segment from `offset` on, fewer where it ends.
    ///
    /// # Errors
    ///
    /// `Damaged` when a block that is touched is not what was written; `Io`.
    pub(crate) fn read(&self, offset: u64, len: usize) -> Result<Bytes> {
        let directory = self.directory()?;
        let end = offset.saturating_add(len as u64).min(directory.len);
        let mut bytes = BytesMut::new();
        let mut at = offset;
        while at < end {
            let block = usize::try_from(at / BLOCK_LEN as u64).unwrap_or(usize::MAX);
            let from = usize::try_from(at % BLOCK_LEN as u64).unwrap_or(usize::MAX);
            let content = self.block(directory, block)?;
            let wanted = usize::try_from(end - at).unwrap_or(usize::MAX);
            let piece = content.slice(from..from.saturating_add(wanted).min(content.len()));
            at += piece.len() as u64;
            if at == end && bytes.is_empty() {
                return Ok(piece);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    /// The whole segment, which has `len` bytes.
    ///
    /// # Errors
    ///
    /// As [`PackedFile::read`].
    pub(crate) fn read_all(&self, len: u64) -> Result<Vec<u8>> {
        let directory = self.directory()?;
        if directory.len != len {
            let why = format!("it holds {} bytes of the segment, not {len}", directory.len);
            return Err(packed::damaged(&self.path, 0, &why));
        }
        let mut content = Vec::with_capacity(usize::try_from(len).unwrap_or(usize::MAX));
        for block in 0..directory.blocks() {
            content.extend_from_slice(&self.block(directory, block)?);
        }
        Ok(content)
    }
}

/// A segment as it stands now: one that was packed after its manifest was read stands in its packed
/// file. For readers beside a writer; what they read there is proven by the chain that the manifest
/// knew before.
///
/// # Errors
///
/// `Damaged`, `TooNew`, `Io`.
pub(crate) fn as_it_stands(world: &World, meta: &SegmentMeta) -> Result<SegmentMeta> {
    let path = packed::path(meta.id);
    if meta.packed.is_some() || meta.end.is_none() || world.disk.open(&segment::path(meta.id), false).is_ok()
    {
        return Ok(meta.clone());
    }
    let Ok(file) = world.disk.open(&path, false) else { return Ok(meta.clone()) };
    let io = |source| Error::Io { doing: "read", path: path.clone(), source };
    let bytes = file.len().map_err(io)?;
    let mut crc = [0; 4];
    disk::read_up_to(&*file, bytes.saturating_sub(4), &mut crc).map_err(io)?;
    let packed = Packed { bytes, crc: u32::from_le_bytes(crc), at: 0 };
    Ok(SegmentMeta { packed: Some(packed), ..meta.clone() })
}

/// A segment to pack.
#[derive(Debug, Clone)]
pub(crate) struct Packing {
    pub(crate) store: StoreId,
    pub(crate) id: SegmentId,
    pub(crate) end: End,
    /// What the store's own clock shows.
    pub(crate) at: u64,
}

impl Packing {
    /// Makes the packed file and puts it in its place (W5). Nothing names it yet: cut off, it is a
    /// leftover.
    ///
    /// # Errors
    ///
    /// `Damaged` when the segment is not what it was, or the file reads back differently;
    /// `WritesStopped` when a folder could not be synced, which is the caller's to do (F7);
    /// `DiskFull`, `Io`. Nothing is left then, or what the next opening removes.
    pub(crate) fn make(&self, world: &World) -> Result<Packed> {
        let (path, source) = (packed::path(self.id), segment::path(self.id));
        let tmp = RelPath::of(&format!("tmp/{}", path.name()));
        let made = self.write(world, &source, &tmp).and_then(|packed| {
            self.check(world, &source, &tmp, packed)?;
            world.disk.rename(&tmp, &path).map_err(|error| Error::writing("rename", &path, error))?;
            for folder in [tmp.parent(), path.parent()] {
                let cause = |error| format!("cannot sync the folder {folder}: {error}");
                world.disk.sync_dir(&folder).map_err(|error| Error::WritesStopped { cause: cause(error) })?;
            }
            Ok(packed)
        });
        // After a failed sync nothing in the folders is changed any more (F7).
        if made.as_ref().is_err_and(|error| !matches!(error, Error::WritesStopped { .. })) {
            // The next opening removes it where this cannot.
            let _left = world.disk.remove(&tmp);
        }
        made
    }

    fn write(&self, world: &World, source: &RelPath, tmp: &RelPath) -> Result<Packed> {
        let write = |error| Error::writing("write", tmp, error);
        let from = open(world, source)?;
        let mut to = disk::create_over(&*world.disk, tmp).map_err(write)?;
        let (mut packer, head) = Packer::begin(self.store, self.id, self.end.len).map_err(write)?;
        disk::write_all_at(&mut *to, 0, &head).map_err(write)?;
        let mut at = head.len() as u64;
        let mut content = vec![0; BLOCK_LEN];
        for offset in (0..self.end.len).step_by(BLOCK_LEN) {
            let block = packer.block(self.block(&*from, source, offset, &mut content)?).map_err(write)?;
            disk::write_all_at(&mut *to, at, &block).map_err(write)?;
            at += block.len() as u64;
        }
        let tail = packer.finish();
        disk::write_all_at(&mut *to, at, &tail).map_err(write)?;
        to.sync_all().map_err(write)?;
        let crc = tail.last_chunk().map_or(0, |crc| u32::from_le_bytes(*crc));
        Ok(Packed { bytes: at + tail.len() as u64, crc, at: self.at })
    }

    /// The segment's next bytes, as many as a block holds.
    fn block<'a>(
        &self,
        from: &dyn DiskFile,
        source: &RelPath,
        offset: u64,
        buffer: &'a mut [u8],
    ) -> Result<&'a [u8]> {
        let len = usize::try_from(self.end.len - offset).unwrap_or(usize::MAX).min(BLOCK_LEN);
        let wanted = buffer.get_mut(..len).unwrap_or_default();
        let io = |error| Error::Io { doing: "read", path: source.clone(), source: error };
        if disk::read_up_to(from, offset, wanted).map_err(io)? < len {
            return Err(packed::damaged(source, offset, "it ends before its end"));
        }
        Ok(wanted)
    }

    /// Reads the packed file back: the same bytes, and the frames that the segment ended with.
    fn check(&self, world: &World, source: &RelPath, tmp: &RelPath, packed: Packed) -> Result<()> {
        let from = open(world, source)?;
        let back = PackedFile::open_at(&*world.disk, tmp.clone(), self.store, self.id, packed)?;
        let mut content = vec![0; BLOCK_LEN];
        for offset in (0..self.end.len).step_by(BLOCK_LEN) {
            if back.read(offset, BLOCK_LEN)? != self.block(&*from, source, offset, &mut content)? {
                return Err(packed::damaged(tmp, offset, "it reads back differently from what was written"));
            }
        }
        if self.chain(&back)? == self.end.chain {
            return Ok(());
        }
        Err(packed::damaged(source, 0, "its frames are not those it ended with"))
    }

    /// The chain of the frames that a packed file holds.
    fn chain(&self, back: &PackedFile) -> Result<Chain> {
        let path = segment::path(self.id);
        let header = segment::Header::read(&back.read(0, segment::HEADER_LEN)?, &path)?;
        let seed = Seed::segment(self.store, self.id);
        let mut hasher = ChainHasher::new(&header.previous.2);
        let (mut at, mut window) = (segment::HEADER_LEN as u64, Bytes::new());
        while at < self.end.len {
            match frame::parse(&window, seed, at) {
                Ok(frame) => {
                    hasher.add(frame.crc);
                    let len = frame.len();
                    window = window.slice(len..);
                    at += len as u64;
                }
                Err(FrameError::Short) if (window.len() as u64) < self.end.len - at => {
                    // The frame's own length says how much more there must be.
                    let len = window.get(4..8).and_then(|len| len.try_into().ok());
                    let len = len.map_or(0, |len| u32::from_le_bytes(len) as usize);
                    window = back.read(at, BLOCK_LEN.max(len + frame::HEADER_LEN))?;
                }
                Err(error) => return Err(packed::damaged(&path, at, &error.to_string())),
            }
        }
        Ok(hasher.chain())
    }
}

fn open(world: &World, path: &RelPath) -> Result<Box<dyn DiskFile>> {
    world.disk.open(path, false).map_err(|source| Error::Io { doing: "open", path: path.clone(), source })
}
