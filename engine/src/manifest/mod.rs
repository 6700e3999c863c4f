//! The manifest: the set of files that are live, as a value.
//!
//! Each opening that writes makes a new manifest file, `manifest/<epoch>.man`, that begins with the
//! whole set (a checkpoint) and grows by edits. The file with the highest epoch counts; it is put in
//! its place by a rename when it is complete, so there is always exactly one truth.

mod earlier;
mod edit;
mod file;
mod ranges;

pub(crate) use edit::{Edit, End, Manifest, Packed, SegmentMeta};
pub(crate) use file::{Unwritten, Writer, epoch_of, load, newest, parse, path, rewrite};
pub(crate) use ranges::Ranges;
