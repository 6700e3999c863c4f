//! Compression by zstd, in contexts that each thread keeps.
//!
//! A new context asks the processor three times what it can do (CPUID), which a virtual machine answers in 20 µs
//! and more each, and clears 160 KiB: as much as unpacking a small page takes, and a query unpacks thousands.

use std::cell::RefCell;
use std::io;

use zstd::bulk::{Compressor, Decompressor};

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Bytes as one frame, which says how many they are.
///
/// # Errors
///
/// As zstd says.
pub(crate) fn compress(bytes: &[u8], level: i32) -> io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(Compressor::new(level)?),
        };
        compressor.set_compression_level(level)?;
        compressor.compress(bytes)
    })
}

/// What a frame holds, `len` bytes at most.
///
/// # Errors
///
/// As zstd says, also when it holds more.
pub(crate) fn decompress(frame: &[u8], len: usize) -> io::Result<Vec<u8>> {
    decompress_behind(&[], frame, len)
}

/// `head`, and behind it what a frame holds, `len` bytes at most.
///
/// # Errors
///
/// As [`decompress`].
pub(crate) fn decompress_behind(head: &[u8], frame: &[u8], len: usize) -> io::Result<Vec<u8>> {
    let bound = Decompressor::upper_bound(frame).map_or(len, |bound| bound.min(len));
    let mut out = Vec::with_capacity(head.len().saturating_add(bound));
    out.extend_from_slice(head);
    let mut out = io::Cursor::new(out);
    out.set_position(head.len() as u64);
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::new()?),
        };
        decompressor.decompress_to_buffer(frame, &mut out)
    })?;
    Ok(out.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_that_met_damage_or_another_level_gives_what_a_new_one_would() {
        let content: Vec<u8> = (0..100_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        for level in [3, 1, 3] {
            let frame = compress(&content, level).unwrap();
            assert_eq!(frame, zstd::bulk::compress(&content, level).unwrap());
            assert!(decompress(&frame[..frame.len() / 2], content.len()).is_err(), "it is cut");
            let mut flipped = frame.clone();
            flipped[frame.len() / 2] ^= 0xff;
            assert_ne!(decompress(&flipped, content.len()).ok(), Some(content.clone()));
            assert!(decompress(&frame, content.len() - 1).is_err(), "it holds more");
            assert_eq!(decompress(&frame, content.len()).unwrap(), content);
            let behind = decompress_behind(b"head", &frame, content.len()).unwrap();
            assert!(behind.starts_with(b"head") && behind[4..] == content);
        }
    }
}
