//! What of a damaged folder can be kept, written into a new one.
//!
//! ```text
//!  segments, each by its own bytes ─► valid frames by position ─► gaps told, run by run
//!                                  ─► committed anew, in order ─► a store without damage
//! ```
//!
//! The new store is another one, with positions of its own: no byte of the old one can be mistaken
//! for one of it. People and keys are kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::copy::Copy;
use super::{Meter, Watch};
use crate::batch::Batch;
use crate::blob;
use crate::core::Core;
use crate::disk::{self, RelPath, World};
use crate::error::{Error, Result};
use crate::event::{self, Body, Event, FileDeleted, ProjectCreated, RunCreated, State, Subject};
use crate::id::{Lsn, SegmentId, StoreId};
use crate::log::frame::{self, kind};
use crate::log::packed;
use crate::log::segment::{self, Header};
use crate::manifest::{self, Manifest};
use crate::options::Options;
use crate::projection::ApplyError;

/// What a repair kept and what is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Events that were kept.
    pub kept: u64,
    /// Positions in the old log that hold no event any more, first to last.
    pub lost: Vec<(Lsn, Lsn)>,
    /// The same by run, as far as it is known.
    pub runs: Vec<Lost>,
    /// Runs whose beginning is lost: they begin again under the same name.
    pub begun_again: Vec<String>,
    /// Events that are whole and fit nowhere.
    pub misfits: u64,
    /// Files of runs whose content is gone: run, name.
    pub files: Vec<(String, String)>,
}

/// Events of a run that are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The run.
    pub run: String,
    /// The first one's number in the run, from 0.
    pub first: u64,
    /// The last one's.
    pub last: u64,
}

/// Reads `source` and writes what can be kept to `target`, which is empty; without one only tells.
///
/// # Errors
///
/// `NoStore` where there is nothing to read, `TooNew`, `Target`, `DiskFull`, `Io`.
pub fn repair(source: &World, target: Option<&World>, watch: Watch<'_>) -> Result<Repaired> {
    if let Some(target) = target {
        let root = RelPath::root();
        let names =
            target.disk.list(&root).map_err(|source| Error::Io { doing: "list", path: root, source })?;
        if let Some(name) = names.first() {
            return Err(Error::Target(format!("it is not empty: it holds {name:?}")));
        }
    }
    let mut meter = Meter::new(0, watch);
    let salvaged = salvage(source, &mut meter)?;
    let mut report = Repaired { kept: salvaged.events.len() as u64, ..Repaired::default() };
    report.lost = gaps(&salvaged);
    report.runs = gaps_by_run(&salvaged);
    match target {
        Some(target) => rebuild(source, target, salvaged, &mut report, &mut meter)?,
        None => {
            let begun: std::collections::BTreeSet<String> = (salvaged.events.values())
                .filter_map(|(seq, event)| match &event.subject {
                    Subject::Run(key) if *seq == 0 => Some(key.to_string()),
                    _ => None,
                })
                .collect();
            let known = salvaged.events.values().filter_map(|(_, event)| event.run());
            let all: std::collections::BTreeSet<String> = known.map(ToString::to_string).collect();
            report.begun_again = all.difference(&begun).cloned().collect();
        }
    }
    Ok(report)
}

/// What was found, by position.
#[derive(Default)]
struct Salvaged {
    events: BTreeMap<Lsn, (u64, Event)>,
    /// The `run_seq` of the last event of each subject, as the manifest knew it.
    reached: BTreeMap<Subject, u64>,
    /// The position behind the last event, as far as anything tells.
    next: Lsn,
}

/// Reads every segment by its own bytes; what the manifest says is used where it can be read.
fn salvage(world: &World, meter: &mut Meter<'_>) -> Result<Salvaged> {
    let folder = RelPath::of("log");
    let names =
        world.disk.list(&folder).map_err(|source| Error::Io { doing: "list", path: folder, source })?;
    let files: Vec<(SegmentId, RelPath)> = names.iter().filter_map(|name| file_of(name)).collect();
    if files.is_empty() {
        return Err(Error::NoStore);
    }
    let manifest = match manifest::newest(world)?.map(|epoch| manifest::load(world, epoch)) {
        Some(Ok(manifest)) => Some(manifest),
        Some(Err(error @ Error::TooNew { .. })) => return Err(error),
        _ => None,
    };
    if let Some(manifest) = manifest.as_ref().filter(|manifest| manifest.before.0 > 0) {
        let first = manifest.segments.first().map_or(manifest.compacted.advance(1), |meta| meta.first_lsn);
        return Err(Error::Target(format!(
            "the log before position {first} was dropped (--keep-log), and a repair reads the log alone; a \
             backup copies such a folder with its table files"
        )));
    }
    let mut contents = Vec::new();
    for (id, path) in files {
        let content = whole(world, &path).unwrap_or_default();
        let content = if packed::id_of(path.name()).is_some() { unpacked(&content, &path) } else { content };
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
        take(&content, *id, header.as_ref(), store, &mut found);
        meter.add(len);
    }
    if let Some((last, _)) = found.events.last_key_value() {
        found.next = found.next.max(last.advance(1));
    }
    Ok(found)
}

/// The number and path of a segment's file of that name, packed or not: one whose packing was cut off
/// may stand in both, and both are read.
fn file_of(name: &str) -> Option<(SegmentId, RelPath)> {
    let plain = segment::id_of(name).map(|id| (id, segment::path(id)));
    plain.or_else(|| packed::id_of(name).map(|id| (id, packed::path(id))))
}

/// The segment's bytes in a packed file, zeros where a block is damaged.
fn unpacked(file: &Bytes, path: &RelPath) -> Bytes {
    match packed::Directory::of_file(file, path) {
        Ok(directory) => {
            let block = |block| {
                let unpacked = directory.unpack_of(file, block, path);
                unpacked.unwrap_or_else(|_| vec![0; directory.block_len(block)])
            };
            (0..directory.blocks()).flat_map(block).collect::<Vec<u8>>().into()
        }
        Err(_) => packed::salvage(file).into(),
    }
}

/// A file's bytes, sectors that cannot be read as zeros.
fn whole(world: &World, path: &RelPath) -> Result<Bytes> {
    const PIECE: usize = 4096;
    let io = |source| Error::Io { doing: "read", path: path.clone(), source };
    let file = world.disk.open(path, false).map_err(io)?;
    let mut bytes = vec![0; usize::try_from(file.len().map_err(io)?).unwrap_or(usize::MAX)];
    if disk::read_up_to(&*file, 0, &mut bytes).is_err() {
        for (piece, at) in bytes.chunks_mut(PIECE).zip((0..).step_by(PIECE)) {
            if disk::read_up_to(&*file, at, piece).is_err() {
                piece.fill(0);
            }
        }
    }
    Ok(bytes.into())
}

/// Where a segment ends by what stands outside of it: frames behind that were never acknowledged.
fn known_end(id: SegmentId, manifest: Option<&Manifest>, headers: &[Option<Header>]) -> Option<u64> {
    let named =
        manifest.and_then(|manifest| manifest.segments.iter().find(|meta| meta.id == id)?.end.as_ref());
    let followed = headers.iter().flatten().find(|header| header.previous.0 == id.0);
    named.map(|end| end.len).or_else(|| followed.map(|header| header.previous.1))
}

/// Takes the events of a segment: its groups where it is sound, else each frame that is.
fn take(content: &Bytes, id: SegmentId, header: Option<&Header>, store: StoreId, found: &mut Salvaged) {
    if let Some(header) = header
        && let Ok(scanned) = segment::scan(content, header)
    {
        for place in scanned.groups.iter().flat_map(|group| &group.events) {
            let start = place.offset + frame::HEADER_LEN;
            let body = content.slice(start..start + place.body_len as usize);
            if let Ok(event) = event::decode(&body) {
                found.events.insert(place.lsn, (place.run_seq, event));
            }
        }
        return;
    }
    let seed = frame::Seed::segment(store, id);
    let mut at = 0;
    while at + frame::HEADER_LEN + frame::PREFIX_LEN <= content.len() {
        let rest = content.slice(at..);
        let len = rest.get(4..8).and_then(|len| len.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
        // A checksum is worth computing only where a length fits.
        if len < frame::PREFIX_LEN || len > rest.len() {
            at += 1;
            continue;
        }
        let Ok(frame) = frame::parse(&rest, seed, at as u64) else {
            at += 1;
            continue;
        };
        if frame.kind() >= kind::FIRST_EVENT
            && let Ok(event) = event::decode(&rest.slice(frame::HEADER_LEN..frame.len()))
        {
            found.events.insert(Lsn(frame.lsn), (frame.run_seq, event));
        }
        at += frame.len();
    }
}

/// Positions without an event.
fn gaps(found: &Salvaged) -> Vec<(Lsn, Lsn)> {
    let mut lost = Vec::new();
    let mut next = Lsn(1);
    for &lsn in found.events.keys().chain([&found.next]) {
        if lsn > next {
            lost.push((next, Lsn(lsn.0 - 1)));
        }
        next = lsn.advance(1);
    }
    lost
}

/// The same by run, from the numbers that events have in their run.
fn gaps_by_run(found: &Salvaged) -> Vec<Lost> {
    let mut seen: BTreeMap<&Subject, Vec<u64>> = BTreeMap::new();
    for (seq, event) in found.events.values() {
        seen.entry(&event.subject).or_default().push(*seq);
    }
    for subject in found.reached.keys() {
        seen.entry(subject).or_default();
    }
    let mut lost = Vec::new();
    for (subject, seqs) in seen {
        let Subject::Run(key) = subject else { continue };
        let behind = found.reached.get(subject).map_or(0, |last| last + 1);
        let mut next = 0;
        for seq in seqs.into_iter().chain([behind]) {
            if seq > next {
                lost.push(Lost { run: key.to_string(), first: next, last: seq - 1 });
            }
            next = next.max(seq + 1);
        }
    }
    lost
}

/// Groups are this many events.
const GROUP: usize = 1000;

/// Commits what was found into a new store.
fn rebuild(
    source: &World,
    target: &World,
    found: Salvaged,
    report: &mut Repaired,
    meter: &mut Meter<'_>,
) -> Result<()> {
    let mut core = Core::open(target.clone(), &Options::new(""))?;
    let events: Vec<Event> = found
        .events
        .into_values()
        .map(|(_, event)| event)
        .filter(|event| !matches!(event.body, Body::StoreCreated(_)))
        .collect();
    for group in events.chunks(GROUP) {
        let batches = group.iter().map(|event| Batch::new(vec![event.clone()])).collect();
        for (answer, event) in core.commit(batches).into_iter().zip(group) {
            match answer {
                Ok(_) => {}
                Err(Error::Rejected(ApplyError::Unknown(_))) => begin_again(&mut core, event, report)?,
                Err(Error::Rejected(_)) => report.misfits += 1,
                Err(error) => return Err(error),
            }
        }
    }
    copy_blobs(source, target, &mut core, report, meter)?;
    core.close()
}

/// Stores an event whose subject's beginning is lost.
fn begin_again(core: &mut Core, event: &Event, report: &mut Repaired) -> Result<()> {
    let on = |subject: Subject, body| Event {
        subject,
        received: event.received,
        actor: Arc::clone(&event.actor),
        body,
    };
    let mut events = Vec::new();
    let project = match &event.subject {
        Subject::Run(key) => Some(&key.project),
        Subject::Project(key) => Some(key),
        Subject::Store => None,
    };
    let snapshot = core.snapshot();
    if let Some(project) = project.filter(|project| !snapshot.projection.projects.contains_key(*project)) {
        let created = ProjectCreated { description: Arc::from("") };
        events.push(on(Subject::Project(project.clone()), Body::ProjectCreated(created)));
    }
    if let Subject::Run(key) = &event.subject
        && snapshot.projection.seq(&event.subject)? == 0
        && !matches!(event.body, Body::RunCreated(_))
    {
        let created = RunCreated { source: Arc::from("repair"), state: State::Running };
        events.push(on(event.subject.clone(), Body::RunCreated(created)));
        report.begun_again.push(key.to_string());
    }
    events.push(event.clone());
    for answer in core.commit(vec![Batch::new(events)]) {
        match answer {
            Ok(_) => {}
            Err(Error::Rejected(_)) => report.misfits += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Copies the user files whose content is right; of the others the names go too.
fn copy_blobs(
    source: &World,
    target: &World,
    core: &mut Core,
    report: &mut Repaired,
    meter: &mut Meter<'_>,
) -> Result<()> {
    let copy = Copy { source, target };
    let snapshot = core.snapshot();
    let mut gone = Vec::new();
    for run in snapshot.projection.runs() {
        let run = run?;
        for entry in run.files.values() {
            let path = blob::path(&entry.file.digest);
            if copy.has(&path)? {
                continue;
            }
            match blob::check(source, &path) {
                Ok(bytes) => {
                    meter.expect(bytes);
                    copy.file(&path, None, |bytes| {
                        meter.add(bytes.len() as u64);
                        Ok(())
                    })?;
                    copy.sync_folder(&path.parent())?;
                }
                Err(_) => {
                    report.files.push((run.key.to_string(), entry.file.name.to_string()));
                    gone.push(Batch::new(vec![Event {
                        subject: Subject::Run(run.key.clone()),
                        received: entry.updated,
                        actor: Arc::from("repair"),
                        body: Body::FileDeleted(FileDeleted { name: Arc::clone(&entry.file.name) }),
                    }]));
                }
            }
        }
    }
    core.commit(gone).into_iter().try_for_each(|answer| answer.map(|_| ()))
}
