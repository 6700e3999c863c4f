//! The log: how events become durable, and how they are read back.
//!
//! ```text
//!  batch ─► Frames ─┐
//!  batch ─► Frames ─┼─ one group ─► segment ─ one sync ─► acks
//!  batch ─► Frames ─┘                  │
//!                                      └─ full: seal, begin the next, tell the manifest
//! ```
//!
//! | file | what it holds |
//! | --- | --- |
//! | `frame.rs` | the checksummed unit |
//! | `segment.rs` | header, groups, marks, seal; where a log ends and where it is damaged |
//! | `writer.rs` | one lane: group, sync, roll |
//! | `packed.rs` | a segment compressed block by block: the bytes |
//! | `packing.rs` | the same on the disk: made, proven, read |
//! | `reader.rs` | events by place and by position |
//! | `salvage.rs` | what the file of a damaged segment still holds |

pub(crate) mod frame;
pub(crate) mod packed;
mod packing;
mod reader;
pub(crate) mod salvage;
pub(crate) mod segment;
mod writer;

pub(crate) use packing::{PackedFile, Packing, as_it_stands};
pub(crate) use reader::{Located, Segment, Segments};
pub use writer::Counters;
pub(crate) use writer::{Failure, Frames, Member, Spare, SpareOrder, Start, Writer};
