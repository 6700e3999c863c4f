//! Mapping files that never change again. The one file with `unsafe` in it.
#![expect(unsafe_code, reason = "memory maps; the proof stands at the block")]

use std::io;

use bytes::Bytes;
use memmap2::Mmap;

/// Maps a whole file.
#[expect(clippy::disallowed_types, reason = "the real disk's own file")]
pub(super) fn map(file: &std::fs::File) -> io::Result<Bytes> {
    // SAFETY: a map is sound while nobody changes or truncates the file under it. Only segments that
    // have ended and table files are mapped, after their length matched the manifest. No code writes
    // to or truncates either: `log::writer` writes to the active segment alone, and cuts it at a close
    // only if it has not ended; `recovery` begins a new one instead of mending an old one; a table
    // file has its name in `tables/` once it is whole, and `table::make` never opens one to write;
    // removal unlinks the name, which leaves mapped pages. The
    // folder is held by `LOCK`; somebody who edits its files by hand is outside the contract, as a
    // failing disk is, which ends the process with SIGBUS (RELIABILITY, "Not promised").
    let map = unsafe { Mmap::map(file)? };
    Ok(Bytes::from_owner(map))
}
