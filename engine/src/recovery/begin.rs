//! Begins the next segment of a folder that was read, in a new epoch.

use std::sync::Arc;

use super::Opened;
use super::missing::Missing;
use super::read::{BySubject, Found, Tail};
use super::segments::content_of;
use crate::blob;
use crate::disk::{self, DiskFile, RelPath, World};
use crate::error::{Error, Result};
use crate::id::{Epoch, Lsn, SegmentId, StoreId};
use crate::log::segment::{self, CLOSE_LEN, ChainHasher, GROUP_LEN, Group, HEADER_LEN, Header, SEAL_LEN};
use crate::log::{Counters, Segments, SpareOrder, Start, Writer, frame, packed};
use crate::manifest::{self, End, Manifest, SegmentMeta};
use crate::options::{Durability, Options};
use crate::plant::{self, Bug};
use crate::projection::Projection;
use crate::sync::Ordering;
use crate::table::{self, TableId, Tables};

/// The epoch of a folder that no opening has written to.
const NO_EPOCH: Epoch = Epoch(0);

/// What is found in a folder without a store: nothing, unless a manifest was lost (F5).
pub(super) fn fresh(world: &World) -> Result<Found> {
    let mut store = [0; 16];
    let drawn = world.entropy.fill(&mut store);
    drawn.map_err(|source| Error::Io { doing: "draw an identity for", path: RelPath::root(), source })?;
    let manifest = Manifest::new(StoreId(store));
    let next_segment = unused_segment(world, &manifest)?;
    Ok(Found {
        manifest: Manifest { next_segment, ..manifest },
        projection: Projection::default(),
        checkpoint: Projection::default(),
        tables: Tables::default(),
        segments: Segments::default(),
        last_lsn: Lsn(0),
        missing: Missing::default(),
        tail: None,
    })
}

/// Begins a new segment in a new epoch, with the whole tail of the old one in it.
pub(super) fn go_on(
    world: &World,
    options: &Options,
    mut found: Found,
    counters: Arc<Counters>,
) -> Result<Opened> {
    let mut manifest = found.manifest.clone();
    manifest.epoch = Epoch(manifest.epoch.0 + 1);
    let tail = found.tail.take();
    if let Some(tail) = &tail {
        end_last(&mut manifest, tail);
        counters.recovery_cut_bytes.store(tail.scanned.cut as u64, Ordering::Relaxed);
        if tail.scanned.cut > 0 {
            tracing::info!(
                bytes = tail.scanned.cut,
                segment = tail.header.segment.0,
                "a torn group at the end of the log was cut; it was never acknowledged"
            );
        }
    }
    let unproven = tail.as_ref().map_or(&[][..], Tail::unproven);
    let ends = manifest.segments.last().and_then(|meta| Some((meta, meta.end.as_ref()?)));
    let header = Header {
        store: manifest.store,
        epoch: manifest.epoch,
        segment: manifest.next_segment,
        first_lsn: unproven.first().map_or(found.last_lsn.advance(1), Group::first_lsn),
        first_group: match (unproven.first(), &tail, ends) {
            (Some(group), _, _) => group.number,
            (None, Some(tail), _) => tail.scanned.next_group,
            (None, None, Some((_, end))) => end.next_group,
            (None, None, None) => 1,
        },
        synced: options.durability == Durability::Sync,
        previous: ends.map_or(manifest.before, |(meta, end)| (meta.id.0, end.len, end.chain)),
    };
    manifest.segments.push(SegmentMeta::of(&header));
    manifest.next_segment = SegmentId(header.segment.0 + 1);

    let moved = Moved::new(tail.as_ref().map_or(&[], |tail| &tail.content), unproven, &header);
    let (file, capacity) = begin_segment(world, options, &header, &moved)?;
    if plant::has(Bug::RemovedTooSoon) {
        remove_leftovers(world, &manifest)?;
    }
    let writer = manifest::Writer::create(world, &manifest)?;
    remove_leftovers(world, &manifest)?;

    let mut ranges = BySubject::new();
    if let (Some(tail), Some(first)) = (&tail, unproven.first()) {
        let shift = |offset: u64| HEADER_LEN as u64 + (offset - first.start as u64);
        for group in unproven {
            found.fold(&tail.content, group, shift, header.segment, &mut ranges)?;
        }
    }
    found.mark_missing()?;
    let next_group = header.first_group + unproven.len() as u64;
    let live: std::collections::BTreeSet<SegmentId> = manifest.segments.iter().map(|meta| meta.id).collect();
    found.segments.keep(|id| live.contains(&id));
    let writer = Writer::new(Start {
        world: world.clone(),
        options: options.clone(),
        store: manifest.store,
        manifest: writer,
        header,
        file,
        capacity,
        end: HEADER_LEN as u64 + moved.bytes.len() as u64,
        chain: moved.chain,
        ranges,
        next_lsn: found.last_lsn.advance(1),
        next_group,
        segments: found.segments,
        counters,
    })?;
    Ok(Opened {
        writer,
        projection: found.projection,
        checkpoint: found.checkpoint,
        tables: found.tables,
        manifest,
    })
}

/// Ends the segment that was being written behind its last proven frame; one that holds no events
/// is not kept.
fn end_last(manifest: &mut Manifest, tail: &Tail) {
    let scanned = &tail.scanned;
    if scanned.proven == 0 {
        manifest.segments.pop();
        return;
    }
    let unproven = tail.unproven().first();
    if let Some(last) = manifest.segments.last_mut() {
        last.end = Some(End {
            len: scanned.proven_end as u64,
            next_lsn: unproven.map_or(scanned.next_lsn, Group::first_lsn),
            next_group: unproven.map_or(scanned.next_group, |group| group.number),
            chain: scanned.proven_chain,
            // The seal, if there is one, may not be on the disk.
            sealed: false,
            ranges: tail.packed_ranges(),
        });
    }
}

/// Groups laid out anew at the beginning of another segment.
struct Moved {
    bytes: Vec<u8>,
    chain: ChainHasher,
}

impl Moved {
    /// The groups touch: no mark stands behind the first unproven one.
    fn new(content: &[u8], groups: &[Group], header: &Header) -> Self {
        let start = groups.first().map_or(0, |group| group.start);
        let end = groups.last().map_or(start, |group| group.end);
        let mut bytes = content.get(start..end).unwrap_or_default().to_vec();
        let seed = frame::Seed::segment(header.store, header.segment);
        let mut chain = ChainHasher::new(&header.previous.2);
        for group in groups {
            let mut fill = |from: usize, len: usize, lsn: Lsn, run_seq: u64| {
                let from = from - start;
                if let Some(frame) = bytes.get_mut(from..from + len) {
                    let offset = (HEADER_LEN + from) as u64;
                    chain.add(frame::fill(frame, seed, offset, lsn.0, run_seq, group.number));
                }
            };
            fill(group.start, GROUP_LEN, group.first_lsn(), 0);
            for event in &group.events {
                fill(event.offset, frame::HEADER_LEN + event.body_len as usize, event.lsn, event.run_seq);
            }
        }
        Self { bytes, chain }
    }
}

/// Segments that were begun and that no manifest names: a roll or an opening was cut off.
///
/// Of a roll nothing stands in its segment: groups are written once the manifest names it. One with
/// groups shows that an edit of the manifest is missing (F5). An opening copies the unproven tail
/// into its segment before its manifest stands; as long as the manifest of the epoch before is
/// there, that opening never ended and nothing was acknowledged in its epoch.
pub(super) fn unused_segment(world: &World, manifest: &Manifest) -> Result<SegmentId> {
    let folder = RelPath::of("log");
    let names =
        world.disk.list(&folder).map_err(|source| Error::Io { doing: "list", path: folder, source })?;
    let mut unused = manifest.next_segment;
    // A segment is packed long after a manifest named it.
    let later = |name: &&String| packed::id_of(name).is_some_and(|id| id >= manifest.next_segment);
    if let Some(name) = names.iter().find(later) {
        return Err(Error::damaged(format!("log/{name} holds events, but no manifest names it")));
    }
    for id in names.iter().filter_map(|name| segment::id_of(name)).filter(|id| *id >= manifest.next_segment) {
        let path = segment::path(id);
        let meta = SegmentMeta { id, first_lsn: Lsn(0), first_group: 0, end: None, packed: None };
        let content = content_of(world, manifest.store, &meta)?;
        // A header is synced before the segment gets its name.
        let is_leftover = match Header::read(&content, &path) {
            Ok(header) if manifest.epoch > NO_EPOCH && header.epoch > manifest.epoch => true,
            Ok(header) => segment::scan(&content, &header)?.groups.is_empty(),
            Err(_) => content.iter().all(|&byte| byte == 0),
        };
        if !is_leftover {
            return Err(Error::damaged(format!("{path} holds events, but no manifest names it")));
        }
        unused = unused.max(SegmentId(id.0 + 1));
    }
    Ok(unused)
}

/// Makes the segment's file, synced and in its place; not yet named by a manifest.
fn begin_segment(
    world: &World,
    options: &Options,
    header: &Header,
    moved: &Moved,
) -> Result<(Box<dyn DiskFile>, u64)> {
    let path = segment::path(header.segment);
    let tmp = RelPath::of(&format!("tmp/{}", path.name()));
    let least = HEADER_LEN + moved.bytes.len() + CLOSE_LEN + SEAL_LEN;
    let len = options.segment_bytes_min.max(least as u64);
    let io = |source: std::io::Error| Error::Io { doing: "begin", path: path.clone(), source };
    let mut file = SpareOrder { path: tmp.clone(), len }.make(world).map_err(io)?.into_file();
    disk::write_all_at(&mut *file, 0, &header.write()).map_err(io)?;
    disk::write_all_at(&mut *file, HEADER_LEN as u64, &moved.bytes).map_err(io)?;
    file.sync_all().map_err(io)?;
    world.disk.rename(&tmp, &path).map_err(io)?;
    world.disk.sync_dir(&tmp.parent()).map_err(io)?;
    world.disk.sync_dir(&path.parent()).map_err(io)?;
    Ok((file, len))
}

/// Removes what no manifest names any more: `tmp/` but for uploads that are held, older manifests, dropped segments
/// (W7). A file
/// that is none of ours is left alone and reported.
fn remove_leftovers(world: &World, manifest: &Manifest) -> Result<()> {
    let tmp = RelPath::of("tmp");
    let being_made = world.disk.list(&tmp);
    let being_made = being_made.map_err(|source| Error::Io { doing: "list", path: tmp, source })?;
    let is_held = blob::kept(&being_made);
    let is_live_table = |id: TableId| manifest.tables.iter().any(|table| table.id == id);
    let leftover = |folder: &str, name: &str| match folder {
        "tmp" => !is_held(name),
        "manifest" => manifest::epoch_of(name).is_some_and(|epoch| epoch < manifest.epoch),
        // One that was dropped, or that was made and never named.
        table::FOLDER => table::id_of(name).is_some_and(|id| !is_live_table(id)),
        // One that was dropped or packed, or whose packing was cut off.
        _ => segment::id_of(name)
            .or_else(|| packed::id_of(name))
            .is_some_and(|id| !manifest.names_in_log(name) && id < manifest.next_segment),
    };
    let known = |folder: &str, name: &str| match folder {
        "tmp" => true,
        "manifest" => manifest::epoch_of(name) == Some(manifest.epoch),
        table::FOLDER => table::id_of(name).is_some_and(is_live_table),
        _ => manifest.names_in_log(name),
    };
    for folder in ["tmp", "manifest", "log", table::FOLDER] {
        let path = RelPath::of(folder);
        let io = |doing, path: &RelPath| {
            let path = path.clone();
            move |source| Error::Io { doing, path, source }
        };
        let mut removed = false;
        for name in world.disk.list(&path).map_err(io("list", &path))? {
            match path.join(&name) {
                Ok(file) if leftover(folder, &name) => {
                    world.disk.remove(&file).map_err(io("remove", &file))?;
                    removed = true;
                }
                _ if known(folder, &name) => {}
                _ => tracing::warn!(folder, name, "a file that is none of the store's is left alone"),
            }
        }
        if removed {
            world.disk.sync_dir(&path).map_err(io("sync", &path))?;
        }
    }
    Ok(())
}
