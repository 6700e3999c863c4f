//! The engine from outside: the disk's contract. The store on a disk that crashes is in `tests/sim/`.
#![expect(clippy::unwrap_used, reason = "tests")]

mod disk;
