//! The store on a disk that crashes and fails: the layers T1 to T4 as every CI run has them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "tests")]

mod blobs;
mod crash_points;
mod damage;
mod degraded;
mod errors;
mod held;
mod ops;
#[cfg(feature = "plant")]
mod planted;
mod rot;
mod seeds;
mod threads;
