//! What the log's own files still hold, each by its own bytes.

use std::collections::BTreeMap;

use super::super::Meter;
use crate::disk::{RelPath, World};
use crate::error::{Error, Result};
use crate::event::{Event, Subject};
use crate::id::{Lsn, SegmentId};
use crate::log::packed;
use crate::log::salvage as of_log;
use crate::log::segment::{self, Header};
use crate::manifest::{self, Manifest};

/// What was found, by position.
#[derive(Default)]
pub(super) struct Salvaged {
    pub(super) events: BTreeMap<Lsn, (u64, Event)>,
    /// The `run_seq` of the last event of each subject, as the manifest knew it.
    pub(super) reached: BTreeMap<Subject, u64>,
    /// The position behind the last event, as far as anything tells.
    pub(super) next: Lsn,
    /// What the manifest says, where it can be read.
    pub(super) manifest: Option<Manifest>,
}

/// Reads every segment by its own bytes; what the manifest says is used where it can be read.
pub(super) fn salvage(world: &World, meter: &mut Meter<'_>) -> Result<Salvaged> {
    let folder = RelPath::of("log");
    let names =
        world.disk.list(&folder).map_err(|source| Error::Io { doing: "list", path: folder, source })?;
    let files: Vec<(SegmentId, RelPath)> = names.iter().filter_map(|name| file_of(name)).collect();
    let manifest = match manifest::newest(world)?.map(|epoch| manifest::load(world, epoch)) {
        Some(Ok(manifest)) => Some(manifest),
        Some(Err(error @ Error::TooNew { .. })) => return Err(error),
        _ => None,
    };
    if files.is_empty() && manifest.is_none() {
        return Err(Error::NoStore);
    }
    let mut contents = Vec::new();
    for (id, path) in files {
        let content = of_log::content(world, &path).unwrap_or_default();
        meter.expect(content.len() as u64);
        contents.push((id, content));
    }
    let headers: Vec<Option<Header>> =
        contents.iter().map(|(id, content)| Header::read(content, &segment::path(*id)).ok()).collect();
    let store = manifest.as_ref().map(|manifest| manifest.store);
    let store = store.or_else(|| headers.iter().flatten().map(|header| header.store).next());
    let Some(store) = store else {
        return Err(Error::damaged("no manifest and no header of a segment can be read"));
    };
    let mut found = Salvaged::default();
    for (meta, end) in
        manifest.iter().flat_map(|known| &known.segments).filter_map(|meta| Some((meta, meta.end.as_ref()?)))
    {
        found.next = found.next.max(end.next_lsn).max(meta.first_lsn);
        for (subject, (_, last)) in end.ranges.unpack() {
            let reached = found.reached.entry(subject).or_default();
            *reached = (*reached).max(last);
        }
    }
    for ((id, content), header) in contents.iter().zip(&headers) {
        let len = content.len() as u64;
        let end =
            usize::try_from(known_end(*id, manifest.as_ref(), &headers).unwrap_or(len)).unwrap_or(usize::MAX);
        let content = content.slice(..end.min(content.len()));
        let events = of_log::events(&content, *id, header.as_ref(), store);
        found.events.extend(events.into_iter().map(|(place, event)| (place.lsn, (place.run_seq, event))));
        meter.add(len);
    }
    if let Some((last, _)) = found.events.last_key_value() {
        found.next = found.next.max(last.advance(1));
    }
    found.manifest = manifest;
    Ok(found)
}

/// The number and path of a segment's file of that name, packed or not: one whose packing was cut off
/// may stand in both, and both are read.
fn file_of(name: &str) -> Option<(SegmentId, RelPath)> {
    let plain = segment::id_of(name).map(|id| (id, segment::path(id)));
    plain.or_else(|| packed::id_of(name).map(|id| (id, packed::path(id))))
}

/// Where a segment ends by what stands outside of it: frames behind that were never acknowledged.
fn known_end(id: SegmentId, manifest: Option<&Manifest>, headers: &[Option<Header>]) -> Option<u64> {
    let named =
        manifest.and_then(|manifest| manifest.segments.iter().find(|meta| meta.id == id)?.end.as_ref());
    let followed = headers.iter().flatten().find(|header| header.previous.0 == id.0);
    named.map(|end| end.len).or_else(|| followed.map(|header| header.previous.1))
}
