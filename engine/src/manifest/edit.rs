//! The live files, and one change to them.

use serde::{Deserialize, Serialize};

use super::earlier::{EndV3, ManifestV1, ManifestV2, ManifestV3, SegmentMetaV1};
use super::ranges::Ranges;
use crate::disk::RelPath;
use crate::id::{Epoch, Lsn, SegmentId, StoreId};
use crate::log::packed;
use crate::log::segment::{self, Chain, Header};
use crate::table::{Kind, TableId, TableMeta};

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
    /// For how many nanoseconds the store was open for writing, all openings together, as far as
    /// edits tell: a clock that nobody can set, by which the log is kept (`compaction/retention.rs`).
    pub(crate) open_nanos: u64,
}

/// A live segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SegmentMeta {
    pub(crate) id: SegmentId,
    pub(crate) first_lsn: Lsn,
    pub(crate) first_group: u64,
    /// Where it ends; none while it is being written.
    pub(crate) end: Option<End>,
    /// The packed file that it stands in; none while it stands in its own.
    pub(crate) packed: Option<Packed>,
}

/// The packed file of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Packed {
    /// Bytes of it.
    pub(crate) bytes: u64,
    /// The checksum that ends it.
    pub(crate) crc: u32,
    /// What [`Manifest::open_nanos`] was when it was packed.
    pub(crate) at: u64,
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
    pub(crate) ranges: Ranges,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Edit {
    /// The whole set, in version 1.
    CheckpointV1(ManifestV1),
    /// A segment was begun.
    SegmentOpened(SegmentMetaV1),
    /// A segment ends, before version 4.
    SegmentEndedV3 { segment: SegmentId, end: EndV3 },
    /// The whole set, in version 2.
    CheckpointV2(ManifestV2),
    /// Table files came and went, and all events up to a position stand in them.
    Compacted { added: Vec<TableMeta>, removed: Vec<TableId>, through: Lsn },
    /// The whole set, in version 3.
    CheckpointV3(ManifestV3),
    /// A segment stands in a packed file.
    SegmentPacked { segment: SegmentId, packed: Packed },
    /// The segments up to this one were dropped.
    SegmentsDropped { through: SegmentId },
    /// The store was open for so long.
    OpenFor { nanos: u64 },
    /// A segment ends.
    SegmentEnded { segment: SegmentId, end: End },
    /// The whole set.
    Checkpoint(Manifest),
}

impl Edit {
    /// Whether it is a whole set, which every manifest begins with.
    pub(crate) fn is_checkpoint(&self) -> bool {
        let earlier = matches!(self, Self::CheckpointV1(_) | Self::CheckpointV2(_) | Self::CheckpointV3(_));
        earlier || matches!(self, Self::Checkpoint(_))
    }
}

impl SegmentMeta {
    pub(crate) fn of(header: &Header) -> Self {
        let Header { segment: id, first_lsn, first_group, .. } = *header;
        Self { id, first_lsn, first_group, end: None, packed: None }
    }

    /// The file that it stands in.
    pub(crate) fn path(&self) -> RelPath {
        if self.packed.is_some() { packed::path(self.id) } else { segment::path(self.id) }
    }

    /// The position of its last event; none while it is being written.
    pub(crate) fn last_lsn(&self) -> Option<Lsn> {
        self.end.as_ref().map(|end| Lsn(end.next_lsn.0.saturating_sub(1)))
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
            open_nanos: 0,
        }
    }

    /// The state that all events up to this position amount to stands in files, so that they need not
    /// be folded again; 0 where the log is all that tells the state.
    pub(crate) fn state_through(&self) -> Lsn {
        let states = self.tables.iter().filter(|table| table.kind == Kind::State);
        states.map(|table| table.lsns.1).max().unwrap_or_default()
    }

    /// Whether a file of that name in `log/` is live.
    pub(crate) fn names_in_log(&self, name: &str) -> bool {
        let id = segment::id_of(name).or_else(|| packed::id_of(name));
        let meta = id.and_then(|id| self.segments.iter().find(|meta| meta.id == id));
        meta.is_some_and(|meta| meta.path().name() == name)
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
            Edit::CheckpointV2(manifest) => {
                *self = manifest.into();
                true
            }
            Edit::CheckpointV3(manifest) => {
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
                let meta = SegmentMeta::from(meta);
                let is_next = meta.id == self.next_segment && meta.id.0 < u64::MAX;
                self.next_segment = SegmentId(meta.id.0.saturating_add(1));
                self.segments.push(meta);
                is_next
            }
            Edit::SegmentEndedV3 { segment, end } => self.end(segment, end.into()),
            Edit::SegmentEnded { segment, end } => self.end(segment, end),
            Edit::SegmentPacked { segment, packed } => self.pack(segment, packed),
            Edit::SegmentsDropped { through } => self.drop_through(through),
            Edit::OpenFor { nanos } => {
                self.open_nanos = self.open_nanos.max(nanos);
                true
            }
        }
    }

    fn end(&mut self, segment: SegmentId, end: End) -> bool {
        match self.segments.last_mut().filter(|last| last.id == segment && last.end.is_none()) {
            Some(last) => {
                last.end = Some(end);
                true
            }
            None => false,
        }
    }

    fn pack(&mut self, segment: SegmentId, packed: Packed) -> bool {
        self.open_nanos = self.open_nanos.max(packed.at);
        let meta = self.segments.iter_mut().find(|meta| meta.id == segment);
        match meta.filter(|meta| meta.end.is_some() && meta.packed.is_none()) {
            Some(meta) => {
                meta.packed = Some(packed);
                true
            }
            None => false,
        }
    }

    /// Drops the first segments; the first that stays says of the last that goes what is kept of it.
    fn drop_through(&mut self, through: SegmentId) -> bool {
        let Some(last) = self.segments.iter().position(|meta| meta.id == through) else { return false };
        let dropped: Vec<SegmentMeta> = self.segments.drain(..=last).collect();
        if let Some((id, end)) = dropped.last().and_then(|meta| Some((meta.id, meta.end.as_ref()?))) {
            self.before = (id.0, end.len, end.chain);
        }
        dropped.iter().all(|meta| meta.last_lsn().is_some_and(|last| last <= self.state_through()))
    }
}
