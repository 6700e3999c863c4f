//! One file of the simulated disk: what the disk holds, what the cache shows, and what is between.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::Image;
use super::chance::Chance;

/// What counts as room taken.
const BLOCK: u64 = 4096;

/// A change that is in the cache and not on the disk.
#[derive(Debug, Clone)]
enum Change {
    Write(u64, Bytes),
    SetLen(u64),
}

/// A file's bytes. The cache is the disk's bytes with the pending changes on top, except that after
/// a failed sync it shows changes that are nowhere pending any more.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    disk: Arc<Vec<u8>>,
    cache: Arc<Vec<u8>>,
    pending: Vec<Change>,
    /// The descriptors that made the pending changes.
    handles: BTreeSet<u64>,
    blocks: BTreeSet<u64>,
    sync_failed: bool,
    frozen: Option<&'static str>,
}

impl Content {
    pub(super) fn on_disk(bytes: Vec<u8>) -> Self {
        let blocks = (0..(bytes.len() as u64).div_ceil(BLOCK)).collect();
        let bytes = Arc::new(bytes);
        Self { cache: Arc::clone(&bytes), disk: bytes, blocks, ..Self::default() }
    }

    pub(super) fn cache(&self) -> &[u8] {
        &self.cache
    }

    /// What is sure to be there after a power loss.
    pub(super) fn lasting(&self) -> &[u8] {
        &self.disk
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(super) fn sync_failed(&self) -> bool {
        self.sync_failed
    }

    pub(super) fn is_written_by(&self, handle: u64) -> bool {
        self.handles.iter().all(|wrote| *wrote == handle)
    }

    /// What a process knew of it is gone with the process.
    pub(super) fn forget_process(&mut self) {
        self.handles.clear();
        self.frozen = None;
    }

    pub(super) fn freeze(&mut self, why: &'static str) {
        self.frozen = Some(why);
    }

    pub(super) fn frozen(&self) -> Option<&'static str> {
        self.frozen
    }

    pub(super) fn allocated(&self) -> u64 {
        self.blocks.len() as u64 * BLOCK
    }

    /// How many of `len` bytes at an offset fit into `room` more bytes of disk.
    pub(super) fn fitting(&self, offset: u64, len: usize, room: u64) -> usize {
        let end = offset.saturating_add(len as u64);
        let mut left = room / BLOCK;
        for block in blocks(offset, end) {
            if !self.blocks.contains(&block) {
                match left.checked_sub(1) {
                    Some(rest) => left = rest,
                    None => return at((block * BLOCK).saturating_sub(offset)),
                }
            }
        }
        len
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8], handle: u64) {
        if bytes.is_empty() {
            return;
        }
        put(Arc::make_mut(&mut self.cache), offset, bytes);
        self.blocks.extend(blocks(offset, offset + bytes.len() as u64));
        self.pending.push(Change::Write(offset, Bytes::copy_from_slice(bytes)));
        self.handles.insert(handle);
    }

    pub(super) fn set_len(&mut self, len: u64, handle: u64) {
        Arc::make_mut(&mut self.cache).resize(at(len), 0);
        self.blocks.retain(|block| block * BLOCK < len);
        self.pending.push(Change::SetLen(len));
        self.handles.insert(handle);
    }

    /// Makes the pending changes last. A cut at their end lasts only by a full sync: the other one
    /// promises no more than a length that grew.
    pub(super) fn sync(&mut self, is_full: bool) {
        let mut pending = std::mem::take(&mut self.pending);
        let cut = pending.pop_if(|last| matches!(last, Change::SetLen(_)) && !is_full);
        for change in pending {
            change.apply(Arc::make_mut(&mut self.disk));
        }
        match cut {
            Some(Change::SetLen(len)) if at(len) < self.disk.len() => self.pending.push(Change::SetLen(len)),
            Some(grown) => grown.apply(Arc::make_mut(&mut self.disk)),
            None => {}
        }
        self.handles.clear();
    }

    /// A sync that fails: the pages count as clean from now on, whatever the disk took.
    pub(super) fn fail_sync(&mut self, reached: Image) {
        self.disk = self.after_power_loss(reached, &mut Chance::new(reached.seed())).disk;
        self.pending.clear();
        if self.disk.len() != self.cache.len() {
            self.pending.push(Change::SetLen(self.cache.len() as u64));
        }
        self.handles.clear();
        self.sync_failed = true;
    }

    /// Shows what the disk holds wherever nothing is pending.
    pub(super) fn drop_cache(&mut self) {
        self.cache.clone_from(&self.disk);
        self.pending.iter().cloned().for_each(|change| change.apply(Arc::make_mut(&mut self.cache)));
    }

    pub(super) fn rot(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        change(Arc::make_mut(&mut self.disk));
        self.drop_cache();
    }

    /// The file as a power loss leaves it.
    pub(super) fn after_power_loss(&self, image: Image, chance: &mut Chance) -> Self {
        let mut disk = Arc::clone(&self.disk);
        for change in &self.pending {
            match (image, change) {
                (Image::AllLost | Image::NamesKept, _) => {}
                (Image::AllKept, change) | (_, change @ Change::SetLen(_)) => {
                    if !matches!(image, Image::Drawn(_)) || chance.one_in(2) {
                        change.clone().apply(Arc::make_mut(&mut disk));
                    }
                }
                (Image::LengthsKept, Change::Write(offset, bytes)) => {
                    put(Arc::make_mut(&mut disk), *offset, &vec![0; bytes.len()]);
                }
                (Image::Garbage, Change::Write(offset, bytes)) => {
                    put(Arc::make_mut(&mut disk), *offset, &chance.bytes(bytes.len()));
                }
                (Image::LastSectors, Change::Write(offset, bytes)) => {
                    put(Arc::make_mut(&mut disk), *offset, &vec![0; bytes.len()]);
                    if let Some((offset, last)) = sectors(*offset, bytes, 512).last() {
                        put(Arc::make_mut(&mut disk), offset, last);
                    }
                }
                (Image::Drawn(_), Change::Write(offset, bytes)) => {
                    draw(Arc::make_mut(&mut disk), *offset, bytes, chance)
                }
            }
        }
        let mut blocks = self.blocks.clone();
        blocks.retain(|block| at(block * BLOCK) < disk.len());
        Self { cache: Arc::clone(&disk), disk, blocks, ..Self::default() }
    }
}

impl Change {
    fn apply(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, new) => put(bytes, offset, &new),
            Self::SetLen(len) => bytes.resize(at(len), 0),
        }
    }
}

/// One write as a power loss may leave it: whole, gone, or some sectors of it.
fn draw(disk: &mut Vec<u8>, offset: u64, bytes: &[u8], chance: &mut Chance) {
    match chance.below(3) {
        0 => return put(disk, offset, bytes),
        1 => return,
        _ => {}
    }
    let size = if chance.one_in(2) { 512 } else { 4096 };
    let mode = chance.below(5);
    for (offset, sector) in sectors(offset, bytes, size) {
        match mode {
            0 => put(disk, offset, &vec![0; sector.len()]),
            _ if chance.one_in(2) => put(disk, offset, sector),
            1 if chance.one_in(2) => put(disk, offset, &vec![0; sector.len()]),
            1 => put(disk, offset, &chance.bytes(sector.len())),
            _ => {}
        }
    }
}

/// The parts of a write that lie in one sector each.
fn sectors(offset: u64, bytes: &[u8], size: u64) -> impl Iterator<Item = (u64, &[u8])> {
    let first = at(size - offset % size).min(bytes.len());
    let (head, rest) = bytes.split_at(first);
    let starts = (0..).map(move |n| offset + first as u64 + n * size);
    std::iter::once((offset, head)).chain(starts.zip(rest.chunks(at(size))))
}

fn blocks(offset: u64, end: u64) -> std::ops::Range<u64> {
    offset / BLOCK..end.div_ceil(BLOCK)
}

fn put(bytes: &mut Vec<u8>, offset: u64, new: &[u8]) {
    let (start, end) = (at(offset), at(offset) + new.len());
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    if let Some(range) = bytes.get_mut(start..end) {
        range.copy_from_slice(new);
    }
}

/// An offset in memory.
pub(super) fn at(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
