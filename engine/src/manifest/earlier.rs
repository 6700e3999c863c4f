//! The live files as earlier versions of the format wrote them, each a step to the next.

use serde::{Deserialize, Serialize};

use super::edit::{End, Manifest, Packed, SegmentMeta};
use super::ranges::{Range, Ranges};
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

/// The whole set in version 3: packed segments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ManifestV3 {
    store: StoreId,
    epoch: Epoch,
    segments: Vec<SegmentMetaV3>,
    next_segment: SegmentId,
    before: (u64, u64, Chain),
    tables: Vec<TableMeta>,
    next_table: TableId,
    compacted: Lsn,
    open_nanos: u64,
}

/// A segment before version 3; the edit that tells of a new one, which has no end, still has this form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SegmentMetaV1 {
    id: SegmentId,
    first_lsn: Lsn,
    first_group: u64,
    end: Option<EndV3>,
}

/// A segment in version 3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SegmentMetaV3 {
    id: SegmentId,
    first_lsn: Lsn,
    first_group: u64,
    end: Option<EndV3>,
    packed: Option<Packed>,
}

/// Where a segment ends, up to version 3: its subjects one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EndV3 {
    len: u64,
    next_lsn: Lsn,
    next_group: u64,
    chain: Chain,
    sealed: bool,
    ranges: Vec<Range>,
}

impl From<ManifestV1> for ManifestV2 {
    fn from(old: ManifestV1) -> Self {
        let ManifestV1 { store, epoch, segments, next_segment } = old;
        let (before, tables, next_table, compacted) = ((0, 0, [0; 32]), Vec::new(), TableId(1), Lsn(0));
        Self { store, epoch, segments, next_segment, before, tables, next_table, compacted }
    }
}

impl From<ManifestV2> for ManifestV3 {
    fn from(old: ManifestV2) -> Self {
        let ManifestV2 { store, epoch, segments, next_segment, before, tables, next_table, compacted } = old;
        let segments = segments.into_iter().map(SegmentMetaV3::from).collect();
        Self { store, epoch, segments, next_segment, before, tables, next_table, compacted, open_nanos: 0 }
    }
}

impl From<ManifestV3> for Manifest {
    fn from(old: ManifestV3) -> Self {
        let ManifestV3 { store, epoch, segments, next_segment, before, tables, next_table, .. } = old;
        let (compacted, open_nanos) = (old.compacted, old.open_nanos);
        let segments = segments.into_iter().map(SegmentMeta::from).collect();
        Self { store, epoch, segments, next_segment, before, tables, next_table, compacted, open_nanos }
    }
}

impl From<ManifestV1> for Manifest {
    fn from(old: ManifestV1) -> Self {
        ManifestV2::from(old).into()
    }
}

impl From<ManifestV2> for Manifest {
    fn from(old: ManifestV2) -> Self {
        ManifestV3::from(old).into()
    }
}

impl From<SegmentMetaV1> for SegmentMetaV3 {
    fn from(old: SegmentMetaV1) -> Self {
        let SegmentMetaV1 { id, first_lsn, first_group, end } = old;
        Self { id, first_lsn, first_group, end, packed: None }
    }
}

impl From<SegmentMetaV3> for SegmentMeta {
    fn from(old: SegmentMetaV3) -> Self {
        let SegmentMetaV3 { id, first_lsn, first_group, end, packed } = old;
        Self { id, first_lsn, first_group, end: end.map(End::from), packed }
    }
}

impl From<SegmentMetaV1> for SegmentMeta {
    fn from(old: SegmentMetaV1) -> Self {
        SegmentMetaV3::from(old).into()
    }
}

impl From<EndV3> for End {
    fn from(old: EndV3) -> Self {
        let EndV3 { len, next_lsn, next_group, chain, sealed, ranges } = old;
        Self { len, next_lsn, next_group, chain, sealed, ranges: Ranges::pack(&ranges) }
    }
}

impl From<SegmentMeta> for SegmentMetaV1 {
    /// A new segment has no end and is not packed.
    fn from(new: SegmentMeta) -> Self {
        let SegmentMeta { id, first_lsn, first_group, end: _, packed: _ } = new;
        Self { id, first_lsn, first_group, end: None }
    }
}
