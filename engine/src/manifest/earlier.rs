//! The live files as earlier versions of the format wrote them, each a step to the next.

use serde::{Deserialize, Serialize};

use super::edit::{End, Manifest, SegmentMeta};
use crate::id::{Epoch, Lsn, SegmentId, StoreId};
use crate::log::segment::Chain;
use crate::table::{TableId, TableMeta};

/// The whole set in version 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ManifestV1 {
    store: StoreId,
    epoch: Epoch,
    segments: Vec<SegmentMetaV1>,
    next_segment: SegmentId,
}

/// The whole set in version 2: table files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ManifestV2 {
    store: StoreId,
    epoch: Epoch,
    segments: Vec<SegmentMetaV1>,
    next_segment: SegmentId,
    before: (u64, u64, Chain),
    tables: Vec<TableMeta>,
    next_table: TableId,
    compacted: Lsn,
}

/// A segment before version 3; the edit that tells of a new one still has this form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SegmentMetaV1 {
    id: SegmentId,
    first_lsn: Lsn,
    first_group: u64,
    end: Option<End>,
}

impl From<ManifestV1> for ManifestV2 {
    fn from(old: ManifestV1) -> Self {
        let ManifestV1 { store, epoch, segments, next_segment } = old;
        let (before, tables, next_table, compacted) = ((0, 0, [0; 32]), Vec::new(), TableId(1), Lsn(0));
        Self { store, epoch, segments, next_segment, before, tables, next_table, compacted }
    }
}

impl From<ManifestV2> for Manifest {
    fn from(old: ManifestV2) -> Self {
        let ManifestV2 { store, epoch, segments, next_segment, before, tables, next_table, compacted } = old;
        let segments = segments.into_iter().map(SegmentMeta::from).collect();
        Self { epoch, segments, next_segment, before, tables, next_table, compacted, ..Self::new(store) }
    }
}

impl From<ManifestV1> for Manifest {
    fn from(old: ManifestV1) -> Self {
        ManifestV2::from(old).into()
    }
}

impl From<SegmentMetaV1> for SegmentMeta {
    fn from(old: SegmentMetaV1) -> Self {
        let SegmentMetaV1 { id, first_lsn, first_group, end } = old;
        Self { id, first_lsn, first_group, end, packed: None }
    }
}

impl From<SegmentMeta> for SegmentMetaV1 {
    /// A new segment is not packed.
    fn from(new: SegmentMeta) -> Self {
        let SegmentMeta { id, first_lsn, first_group, end, packed: _ } = new;
        Self { id, first_lsn, first_group, end }
    }
}
