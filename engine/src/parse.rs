//! The parsers of stored bytes, for tools that look into a folder and for fuzzing: bytes in, value
//! or error out, nothing read and nothing kept.

use std::sync::Arc;

use bytes::Bytes;

use crate::disk::RelPath;
use crate::disk::sim::SimDisk;
use crate::error::{Error, Result};
use crate::event::{self, Event};
use crate::id::{Epoch, Lsn, SegmentId, StoreId};
use crate::log::{frame, packed, segment};
use crate::manifest;
use crate::projection::{Projection, Run};
use crate::snapshot::TableInfo;
use crate::table::events::{Recorded, Whose};
use crate::table::rows::Piece;
use crate::table::runs::RunFiles;
use crate::table::{Kind, Table, TableId, TableMeta};

/// A frame that passed its checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The event's position; for the log's own frames that of the next event.
    pub lsn: Lsn,
    /// The event's number in its subject.
    pub run_seq: u64,
    /// Kind, version, group, and what follows.
    pub body: Bytes,
}

/// Reads the frame that begins `bytes`, which stand at `offset` of a segment; none where no valid
/// frame does.
#[must_use]
pub fn frame(bytes: &[u8], store: StoreId, segment: SegmentId, offset: u64) -> Option<Frame> {
    let frame = frame::parse(bytes, frame::Seed::segment(store, segment), offset).ok()?;
    Some(Frame { lsn: Lsn(frame.lsn), run_seq: frame.run_seq, body: Bytes::copy_from_slice(frame.body) })
}

/// Writes a frame around a body; none when the body is too short or too long to be one.
#[must_use]
pub fn write_frame(frame: &Frame, store: StoreId, segment: SegmentId, offset: u64) -> Option<Vec<u8>> {
    let fits = (frame::PREFIX_LEN..=crate::limits::BODY_BYTES_MAX as usize).contains(&frame.body.len());
    let group = u16::from_le_bytes(frame.body.get(2..4)?.try_into().ok()?);
    fits.then(|| {
        let mut bytes = vec![0; frame::HEADER_LEN];
        bytes.extend_from_slice(&frame.body);
        let seed = frame::Seed::segment(store, segment);
        frame::fill(&mut bytes, seed, offset, frame.lsn.0, frame.run_seq, group.into());
        bytes
    })
}

/// What a segment's bytes hold.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its number.
    pub segment: SegmentId,
    /// The folder it belongs to.
    pub store: StoreId,
    /// Position, `run_seq` and event of each event of each whole group.
    pub events: Vec<(Lsn, u64, Event)>,
    /// How many of them are proven to have been synced.
    pub proven: usize,
    /// Bytes behind them that are a torn group.
    pub cut: usize,
    /// Whether it ends with its seal.
    pub sealed: bool,
}

/// Reads a segment from its bytes by the rule that recovery uses.
///
/// # Errors
///
/// `Damaged` when proven bytes differ, `TooNew`.
pub fn segment(bytes: &Bytes) -> Result<Segment> {
    let path = RelPath::of("segment");
    let header = segment::Header::read(bytes, &path)?;
    let scanned = segment::scan(bytes, &header)?;
    let mut found = Segment {
        segment: header.segment,
        store: header.store,
        events: Vec::new(),
        proven: scanned.groups.iter().take(scanned.proven).map(|group| group.events.len()).sum(),
        cut: scanned.cut,
        sealed: scanned.sealed,
    };
    for place in scanned.groups.iter().flat_map(|group| &group.events) {
        let start = place.offset + frame::HEADER_LEN;
        let body = bytes.slice(start..start + place.body_len as usize);
        found.events.push((place.lsn, place.run_seq, event::decode(&body)?));
    }
    Ok(found)
}

/// A packed segment: whose it is, and the segment's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The segment's number.
    pub segment: SegmentId,
    /// The folder it belongs to.
    pub store: StoreId,
    /// The segment, as it was.
    pub content: Vec<u8>,
}

/// Bytes of a segment in one block of a packed one.
pub const PACKED_BLOCK_LEN: usize = packed::BLOCK_LEN;

/// Reads a packed segment from its bytes.
///
/// # Errors
///
/// `Damaged`, `TooNew`.
pub fn packed(bytes: &[u8]) -> Result<Packed> {
    let path = RelPath::of("packed");
    let directory = packed::Directory::of_file(bytes, &path)?;
    let mut content = Vec::new();
    for block in 0..directory.blocks() {
        content.extend(directory.unpack_of(bytes, block, &path)?);
    }
    Ok(Packed { segment: directory.segment, store: directory.store, content })
}

/// The `len` bytes that one block of a packed segment was made of; none when it was not.
#[must_use]
pub fn packed_block(bytes: &[u8], len: usize) -> Option<Vec<u8>> {
    packed::unpack(bytes, len)
}

/// What can be read of a packed segment whose header or table is damaged.
#[must_use]
pub fn salvaged(bytes: &[u8]) -> Vec<u8> {
    packed::salvage(bytes)
}

/// Packs a segment.
///
/// # Errors
///
/// When it is too long.
pub fn write_packed(segment: &Packed) -> std::io::Result<Vec<u8>> {
    let Packed { segment, store, content } = segment;
    let (mut packer, mut file) = packed::Packer::begin(*store, *segment, content.len() as u64)?;
    for block in content.chunks(packed::BLOCK_LEN) {
        file.extend(packer.block(block)?);
    }
    file.extend(packer.finish());
    Ok(file)
}

/// What a manifest's bytes hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The live segments.
    pub segments: Vec<SegmentId>,
    /// The numbers of the live table files.
    pub tables: Vec<u64>,
    /// All events up to this position stand in table files.
    pub compacted: Lsn,
}

/// Reads a manifest from its bytes.
///
/// # Errors
///
/// `Damaged`, `TooNew`.
pub fn manifest(bytes: &[u8], epoch: Epoch) -> Result<Manifest> {
    let manifest = manifest::parse(bytes, epoch, &RelPath::of("manifest"))?;
    Ok(Manifest {
        segments: manifest.segments.iter().map(|segment| segment.id).collect(),
        tables: manifest.tables.iter().map(|table| table.id.0).collect(),
        compacted: manifest.compacted,
    })
}

/// Reads the edits of a manifest and writes them anew: the bytes up to where reading ended, whether or
/// not the edits fit each other.
///
/// # Errors
///
/// `Damaged`, `TooNew`.
pub fn rewrite_manifest(bytes: &[u8], epoch: Epoch) -> Result<Vec<u8>> {
    manifest::rewrite(bytes, epoch, &RelPath::of("manifest"))
}

/// What a table file holds, in its order.
#[derive(Debug, Clone)]
pub enum TableRows {
    /// Rows and lines: pieces, each of one run and writer.
    Rows(Vec<Piece>),
    /// Events as they are kept for ever.
    Events(Vec<Recorded>),
    /// Runs as they stood.
    Runs(Vec<Run>),
    /// The state but for the runs, laid out anew.
    State(Vec<u8>),
}

/// Reads a table file from its bytes and those of the file beside it. `end` is what the manifest says of
/// the latter: its bytes, and the checksum that ends it.
///
/// # Errors
///
/// `Damaged`, `TooNew`.
pub fn table(table: &TableInfo, file: Vec<u8>, sidecar: Vec<u8>, end: (u64, u32)) -> Result<TableRows> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == table.kind);
    let meta = TableMeta {
        id: TableId(table.id),
        kind: kind.ok_or_else(|| Error::damaged(format!("there are no files of {}", table.kind)))?,
        level: table.level,
        project: None,
        bytes: table.bytes.saturating_sub(end.0),
        sidecar: end,
        rows: table.rows,
        lsns: (table.first_lsn, table.last_lsn),
    };
    let disk = SimDisk::holding([(meta.path(), file), (meta.sidecar_path(), sidecar)]);
    let table = Arc::new(Table::open(&disk, meta));
    Ok(match table.meta.kind {
        Kind::Events => TableRows::Events(table.events(Lsn(0), &Whose::ALL)?.collect::<Result<_>>()?),
        Kind::Runs => TableRows::Runs(runs(&table)?),
        Kind::State => {
            let state = Projection::from_bytes(&table.whole()?, Arc::default(), table.meta.lsns.1)?;
            TableRows::State(state.to_bytes()?)
        }
        Kind::History | Kind::System | Kind::Console => {
            TableRows::Rows(table.pieces()?.collect::<Result<_>>()?)
        }
    })
}

fn runs(table: &Arc<Table>) -> Result<Vec<Run>> {
    table.runs()?.read_all()?;
    let mut ordinals = Vec::new();
    table.runs()?.each_ordinal(|ordinal| ordinals.push(ordinal))?;
    let files = RunFiles::open(std::iter::once(table))?;
    ordinals.into_iter().filter_map(|ordinal| files.load(ordinal).transpose()).collect()
}
