//! The places where the engine's threads meet, in the orders of their steps (RELIABILITY T8). There is
//! nothing in here but tests.
//!
//! The files are the engine's own, compiled here against loom's primitives (`sync.rs`) in the place of
//! std's and tokio's (`engine/src/sync.rs`). What is modelled is the code around the primitives, which
//! is ours; that the primitives keep their word is shown by those who made them. Nothing else of the
//! engine is needed, so no columns and no query engine are built for it.
#![cfg(test)]

mod all;
#[path = "../../../engine/src/group.rs"]
mod group;
mod models;
#[path = "../../../engine/src/table/once.rs"]
mod once;
#[path = "../../../engine/src/queue.rs"]
mod queue;
mod sync;
