//! The places where the engine's threads meet, in every order of steps (RELIABILITY T8).
//!
//! The files are the engine's own, compiled here against loom's primitives (`sync.rs`) in the place of
//! std's and tokio's (`engine/src/sync.rs`). What is modelled is the code around the primitives, which
//! is ours; that the primitives keep their word is shown by those who made them. Nothing else of the
//! engine is needed, so no columns and no query engine are built for it.
#![expect(unreachable_pub, reason = "the engine's files are private there")]

#[path = "../../../engine/src/group.rs"]
pub mod group;
#[path = "../../../engine/src/table/once.rs"]
pub mod once;
#[path = "../../../engine/src/queue.rs"]
pub mod queue;
pub mod sync;
