//! The engine from outside: the disk's contract, and the store on a disk that crashes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "tests")]

mod disk;
mod sim;
