//! The live files, and one change to them.

use serde::{Deserialize, Serialize};

use crate::event::Subject;
use crate::id::{Epoch, Lsn, SegmentId, StoreId};
use crate::log::segment::{Chain, Header};

/// The live files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) store: StoreId,
    pub(crate) epoch: Epoch,
    /// In the order of their numbers.
    pub(crate) segments: Vec<SegmentMeta>,
    /// The number that the next segment will have.
    pub(crate) next_segment: SegmentId,
}

/// A live segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SegmentMeta {
    pub(crate) id: SegmentId,
    pub(crate) first_lsn: Lsn,
    pub(crate) first_group: u64,
    /// Where it ends; none while it is being written.
    pub(crate) end: Option<End>,
}

/// Where a segment ends, for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct End {
    /// Bytes that are frames, the header included.
    pub(crate) len: u64,
    pub(crate) next_lsn: Lsn,
    pub(crate) next_group: u64,
    pub(crate) chain: Chain,
    /// Whether a seal says the same in the segment itself.
    pub(crate) sealed: bool,
    /// The `run_seq` from and to of each subject with events in it, so that damage can name them.
    pub(crate) ranges: Vec<(Subject, (u64, u64))>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Edit {
    /// The whole set.
    Checkpoint(Manifest),
    /// A segment was begun.
    SegmentOpened(SegmentMeta),
    /// A segment ends.
    SegmentEnded { segment: SegmentId, end: End },
}

impl SegmentMeta {
    pub(crate) fn of(header: &Header) -> Self {
        Self { id: header.segment, first_lsn: header.first_lsn, first_group: header.first_group, end: None }
    }
}

impl Manifest {
    /// Folds an edit; false when it contradicts what stands.
    pub(crate) fn apply(&mut self, edit: Edit) -> bool {
        match edit {
            Edit::Checkpoint(manifest) => {
                *self = manifest;
                true
            }
            Edit::SegmentOpened(meta) => {
                let is_next = meta.id == self.next_segment;
                self.next_segment = SegmentId(meta.id.0 + 1);
                self.segments.push(meta);
                is_next
            }
            Edit::SegmentEnded { segment, end } => {
                match self.segments.last_mut().filter(|last| last.id == segment && last.end.is_none()) {
                    Some(last) => {
                        last.end = Some(end);
                        true
                    }
                    None => false,
                }
            }
        }
    }
}
