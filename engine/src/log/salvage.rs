//! What the file of a damaged segment still holds, each frame by its own checksum.

use bytes::Bytes;

use super::frame::{self, Seed, kind};
use super::packed;
use super::segment::{self, Found, Header};
use crate::disk::{self, RelPath, World};
use crate::error::{Error, Result};
use crate::event::{self, Event};
use crate::id::{Lsn, SegmentId, StoreId};

/// The segment's bytes that a file holds, packed or not: zeros where they cannot be read or unpacked.
///
/// # Errors
///
/// `Io` when the file cannot be opened.
pub(crate) fn content(world: &World, path: &RelPath) -> Result<Bytes> {
    let file = whole(world, path)?;
    Ok(if packed::id_of(path.name()).is_some() { unpacked(&file, path) } else { file })
}

/// The segment's bytes in a packed file, zeros where a block is damaged.
fn unpacked(file: &Bytes, path: &RelPath) -> Bytes {
    match packed::Directory::of_file(file, path) {
        Ok(directory) => {
            let block = |block| {
                let unpacked = directory.unpack_of(file, block, path);
                unpacked.unwrap_or_else(|_| vec![0; directory.block_len(block)])
            };
            (0..directory.blocks()).flat_map(block).collect::<Vec<u8>>().into()
        }
        Err(_) => packed::salvage(file).into(),
    }
}

/// A file's bytes, sectors that cannot be read as zeros.
fn whole(world: &World, path: &RelPath) -> Result<Bytes> {
    const PIECE: usize = 4096;
    let io = |source| Error::Io { doing: "read", path: path.clone(), source };
    let file = world.disk.open(path, false).map_err(io)?;
    let mut bytes = vec![0; usize::try_from(file.len().map_err(io)?).unwrap_or(usize::MAX)];
    if disk::read_up_to(&*file, 0, &mut bytes).is_err() {
        for (piece, at) in bytes.chunks_mut(PIECE).zip((0..).step_by(PIECE)) {
            if disk::read_up_to(&*file, at, piece).is_err() {
                piece.fill(0);
            }
        }
    }
    Ok(bytes.into())
}

/// The events of a segment: of its groups where it is sound, else of each frame that is.
pub(crate) fn events(
    content: &Bytes,
    id: SegmentId,
    header: Option<&Header>,
    store: StoreId,
) -> Vec<(Found, Event)> {
    let frames = match header.map(|header| segment::scan(content, header)) {
        Some(Ok(scanned)) => scanned.groups.into_iter().flat_map(|group| group.events).collect(),
        _ => sound_frames(content, Seed::segment(store, id)),
    };
    let decode = |found: Found| {
        let start = found.offset + frame::HEADER_LEN;
        let body = content.slice(start..start + found.body_len as usize);
        Some((found, event::decode(&body).ok()?))
    };
    frames.into_iter().filter_map(decode).collect()
}

/// Looks for frames of events at every byte.
fn sound_frames(content: &Bytes, seed: Seed) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + frame::HEADER_LEN + frame::PREFIX_LEN <= content.len() {
        let rest = content.slice(at..);
        let len = rest.get(4..8).and_then(|len| len.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
        // A checksum is worth computing only where a length fits.
        if len < frame::PREFIX_LEN || len > rest.len() {
            at += 1;
            continue;
        }
        let Ok(frame) = frame::parse(&rest, seed, at as u64) else {
            at += 1;
            continue;
        };
        if frame.kind() >= kind::FIRST_EVENT
            && let Ok(body_len) = u32::try_from(frame.len() - frame::HEADER_LEN)
        {
            found.push(Found { offset: at, body_len, lsn: Lsn(frame.lsn), run_seq: frame.run_seq });
        }
        at += frame.len();
    }
    found
}
