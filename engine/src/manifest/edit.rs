//! The live files, and one change to them.

use serde::{Deserialize, Serialize};

use crate::event::Subject;
use crate::id::{Epoch, Lsn, SegmentId, StoreId};
use crate::log::segment::{Chain, Header};
use crate::table::{TableId, TableMeta};

/// The live files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) store: StoreId,
    pub(crate) epoch: Epoch,
    /// In the order of their numbers.
    pub(crate) segments: Vec<SegmentMeta>,
    /// The number that the next segment will have.
    pub(crate) next_segment: SegmentId,
    /// What the header of the first of `segments` says of the one before it, which was dropped: its
    /// number, bytes and chain; of a log that is whole zeros.
    pub(crate) before: (u64, u64, Chain),
    /// The table files, by number.
    pub(crate) tables: Vec<TableMeta>,
    /// The number that the next table file will have.
    pub(crate) next_table: TableId,
    /// All events up to this position stand in table files.
    pub(crate) compacted: Lsn,
}

/// The live files as version 1 of the format wrote them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ManifestV1 {
    store: StoreId,
    epoch: Epoch,
    segments: Vec<SegmentMeta>,
    next_segment: SegmentId,
}

impl From<ManifestV1> for Manifest {
    fn from(old: ManifestV1) -> Self {
        let ManifestV1 { store, epoch, segments, next_segment } = old;
        Self { epoch, segments, next_segment, ..Self::new(store) }
    }
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
    /// The whole set, in version 1.
    CheckpointV1(ManifestV1),
    /// A segment was begun.
    SegmentOpened(SegmentMeta),
    /// A segment ends.
    SegmentEnded { segment: SegmentId, end: End },
    /// The whole set.
    Checkpoint(Manifest),
    /// Table files came and went, and all events up to a position stand in them.
    Compacted { added: Vec<TableMeta>, removed: Vec<TableId>, through: Lsn },
}

impl SegmentMeta {
    pub(crate) fn of(header: &Header) -> Self {
        Self { id: header.segment, first_lsn: header.first_lsn, first_group: header.first_group, end: None }
    }
}

impl Manifest {
    /// That of a store without any file.
    pub(crate) fn new(store: StoreId) -> Self {
        Self {
            store,
            epoch: Epoch(0),
            segments: Vec::new(),
            next_segment: SegmentId(1),
            before: (0, 0, [0; 32]),
            tables: Vec::new(),
            next_table: TableId(1),
            compacted: Lsn(0),
        }
    }

    /// Folds an edit; false when it contradicts what stands.
    pub(crate) fn apply(&mut self, edit: Edit) -> bool {
        match edit {
            Edit::Checkpoint(manifest) => {
                *self = manifest;
                true
            }
            Edit::CheckpointV1(manifest) => {
                *self = manifest.into();
                true
            }
            Edit::Compacted { added, removed, through } => {
                let fits = through >= self.compacted
                    && removed.iter().all(|id| self.tables.iter().any(|table| table.id == *id))
                    && added.iter().all(|table| table.id >= self.next_table && table.id.0 < u64::MAX);
                self.compacted = through;
                self.tables.retain(|table| !removed.contains(&table.id));
                for table in added {
                    self.next_table = self.next_table.max(TableId(table.id.0.saturating_add(1)));
                    self.tables.push(table);
                }
                fits
            }
            Edit::SegmentOpened(meta) => {
                let is_next = meta.id == self.next_segment && meta.id.0 < u64::MAX;
                self.next_segment = SegmentId(meta.id.0.saturating_add(1));
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
