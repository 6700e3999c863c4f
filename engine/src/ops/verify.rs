//! Every checksum, chain and digest of a folder, read once. Changes nothing; the folder may be
//! written to meanwhile.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::stored::{LostCells, Stored};
use super::{Meter, Watch};
use crate::blob;
use crate::disk::{RelPath, World};
use crate::error::{Damage, Error, Result};
use crate::event::{Block, Body, Cell, Value};
use crate::id::{Epoch, Lsn, StoreId};
use crate::log::segment::Header;
use crate::log::{self, packed, segment};
use crate::manifest::{self, Manifest, SegmentMeta};
use crate::projection::Projection;
use crate::recovery;
use crate::table::{self, TableMeta, Tables};

/// What a check of a folder found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Segments that were read.
    pub segments: u64,
    /// Their bytes.
    pub log_bytes: u64,
    /// The position of the last event; of the last before the first damage.
    pub last: Lsn,
    /// Table files.
    pub tables: u64,
    /// Bytes of them.
    pub table_bytes: u64,
    /// User files that were read.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
    /// What is wrong, in the order in which it was found.
    pub damages: Vec<Damage>,
    /// Files that are none of the store's. They do no harm.
    pub strangers: Vec<String>,
}

impl Verified {
    fn note(&mut self, result: Result<()>) -> Result<()> {
        match result {
            Err(Error::Damaged(damage)) => {
                self.damages.push(*damage);
                Ok(())
            }
            other => other,
        }
    }
}

/// How often a folder is read anew because a writer changed it between two reads.
const ATTEMPTS_MAX: usize = 3;

/// Checks a folder. `deep` reads every cell of every row too.
///
/// Damage is no error here: it is listed, all of it.
///
/// # Errors
///
/// `NoStore`, `TooNew`; `Io` where the folder cannot be read.
pub fn verify(world: &World, deep: bool, watch: Watch<'_>) -> Result<Verified> {
    let mut attempts = 1;
    loop {
        let before = named(world)?;
        let found = verify_once(world, deep, watch)?;
        // Files that went or came while they were read are no damage.
        let is_moving = !found.damages.is_empty() && named(world)? != before;
        if !is_moving || attempts == ATTEMPTS_MAX {
            return Ok(found);
        }
        attempts += 1;
    }
}

/// The manifest that counts and the table files that it names, as far as it can be read.
fn named(world: &World) -> Result<(Option<Epoch>, Option<Vec<TableMeta>>)> {
    let epoch = manifest::newest(world)?;
    let tables = epoch.and_then(|epoch| manifest::load(world, epoch).ok()).map(|manifest| manifest.tables);
    Ok((epoch, tables))
}

fn verify_once(world: &World, deep: bool, watch: Watch<'_>) -> Result<Verified> {
    let epoch = manifest::newest(world)?.ok_or(Error::NoStore)?;
    let mut found = Verified::default();
    let mut meter = Meter::new(0, watch);
    let manifest = match manifest::load(world, epoch) {
        Ok(manifest) => Some(manifest),
        Err(error) => {
            found.note(Err(error))?;
            None
        }
    };
    let previous = manifest.as_ref().map_or((0, 0, [0; 32]), |manifest| manifest.before);
    let (projection, through) = begin(world, manifest.as_ref())?;
    found.last = through;
    let mut log = Log { world, deep, projection, through, previous };
    if let Some(Manifest { store, segments, compacted, .. }) = &manifest {
        segments.iter().for_each(|meta| meter.expect(meta.end.as_ref().map_or(0, |end| end.len)));
        for meta in segments {
            let meta = &log::as_it_stands(world, meta)?;
            let checked = log.check(meta, *store, &mut found, &mut meter);
            let checked = checked.map_err(|error| recovery::with_tables(error, meta, *compacted));
            if checked.is_err() {
                log.projection = None;
            }
            found.note(checked)?;
        }
    }
    if let Some(manifest) = &manifest {
        check_tables(world, manifest, deep, &mut found, &mut meter)?;
        if deep && found.damages.is_empty() {
            compare(world, manifest, &mut found, &mut meter)?;
        }
    }
    check_blobs(world, log.projection.as_ref(), &mut found, &mut meter)?;
    found.strangers = strangers(world)?;
    Ok(found)
}

/// What the log is folded over: nothing, or the stored state where the log's beginning was dropped.
fn begin(world: &World, manifest: Option<&Manifest>) -> Result<(Option<Projection>, Lsn)> {
    let Some(manifest) = manifest.filter(|manifest| manifest.before.0 > 0) else {
        return Ok((Some(Projection::default()), Lsn(0)));
    };
    let tables = Tables::open(world, manifest.compacted, &manifest.tables);
    match recovery::checkpoint(manifest, &tables) {
        Ok((projection, through)) => Ok((Some(projection), through)),
        // It is told of the file that is damaged when the files are checked.
        Err(Error::Damaged(_)) => Ok((None, Lsn(0))),
        Err(error) => Err(error),
    }
}

struct Log<'a> {
    world: &'a World,
    deep: bool,
    /// What the events amount to; none once one is missing.
    projection: Option<Projection>,
    /// The position of what it begins with.
    through: Lsn,
    previous: (u64, u64, segment::Chain),
}

impl Log<'_> {
    /// Reads one segment to its end.
    fn check(
        &mut self,
        meta: &SegmentMeta,
        store: StoreId,
        found: &mut Verified,
        meter: &mut Meter<'_>,
    ) -> Result<()> {
        found.segments += 1;
        let content = recovery::content_of(self.world, store, meta);
        let previous = self.previous;
        if let Some(end) = &meta.end {
            // The next header is compared with what the manifest says, whatever this one holds.
            self.previous = (meta.id.0, end.len, end.chain);
            meter.add(end.len);
        }
        let content = content.map_err(|error| recovery::with_runs(error, meta))?;
        found.log_bytes += content.len() as u64;
        let (_, scanned) = recovery::check_segment(&content, meta, store, previous)?;
        let content = Bytes::from(content);
        for group in &scanned.groups {
            for place in &group.events {
                let event = recovery::event_at(&content, place, meta.id)?;
                if self.deep {
                    check_cells(&event.body, meta, place.offset)?;
                }
                if place.lsn <= self.through {
                    continue;
                }
                if let Some(projection) = &mut self.projection {
                    recovery::apply(projection, &event, place, meta.id, place.offset as u64)?;
                    found.last = place.lsn;
                }
            }
        }
        Ok(())
    }
}

/// Table files say of the events that the log holds too what the log says (D9).
fn compare(world: &World, manifest: &Manifest, found: &mut Verified, meter: &mut Meter<'_>) -> Result<()> {
    let stored = Stored::open(world, Some(manifest))?;
    for meta in &manifest.segments {
        let meta = &log::as_it_stands(world, meta)?;
        if meta.last_lsn().is_some_and(|last| last <= stored.through) {
            let content = Bytes::from(recovery::content_of(world, manifest.store, meta)?);
            found.note(compare_segment(&stored, &content, meta, meter))?;
        }
    }
    Ok(())
}

fn compare_segment(
    stored: &Stored,
    content: &Bytes,
    meta: &SegmentMeta,
    meter: &mut Meter<'_>,
) -> Result<()> {
    let scanned = segment::scan(content, &Header::read(content, &segment::path(meta.id))?)?;
    let mut places = scanned.groups.iter().flat_map(|group| &group.events);
    let differs = |lsn: Lsn, what: &str| {
        Error::derived(format!("table files and segment {} differ at event {lsn}: {what}", meta.id))
    };
    let last = meta.last_lsn().unwrap_or_default();
    let mut lost = LostCells::new();
    stored.events((meta.first_lsn, last), meter, &mut lost, &mut |found| {
        let place = places.next().filter(|place| place.lsn == found.lsn);
        let place = place.ok_or_else(|| differs(found.lsn, "the log does not have it"))?;
        let event = recovery::event_at(content, place, meta.id)?;
        let is_same = (place.run_seq, &event) == (found.run_seq, &found.event);
        // Of a run that is being erased the log says more for a while.
        if is_same || matches!(found.event.body, Body::Erased(_)) {
            return Ok(());
        }
        Err(differs(found.lsn, event.body.name()))
    })?;
    match (places.next(), lost.first_key_value()) {
        (Some(place), _) => Err(differs(place.lsn, "table files do not have it")),
        (None, Some(((run, _), count))) => {
            Err(differs(last, &format!("up to there {count} values of run {run} are missing")))
        }
        (None, None) => Ok(()),
    }
}

/// Reads every cell of an event that holds rows.
fn check_cells(body: &Body, meta: &SegmentMeta, offset: usize) -> Result<()> {
    let (Body::Logged(rows) | Body::SystemSampled(rows)) = body else { return Ok(()) };
    let misfit = |why: String| {
        Error::damaged(format!("segment {} holds at byte {offset} rows that cannot be read: {why}", meta.id))
    };
    let block = Block::parse(rows.block.clone()).map_err(|error| misfit(error.to_string()))?;
    if block.rows() != rows.rows {
        return Err(misfit(format!("{} where {} belong", block.rows(), rows.rows)));
    }
    let mut cells = 0;
    for (_, cell) in (0..block.rows()).flat_map(|row| block.row(row)) {
        if let Cell::Json(text) = cell {
            Value::from_json(text.as_bytes()).map_err(|error| misfit(error.to_string()))?;
        }
        cells += 1;
    }
    let expected: usize = block.columns().map(|column| column.len() as usize).sum();
    if cells == expected { Ok(()) } else { Err(misfit(format!("{cells} cells where {expected} belong"))) }
}

/// Every byte of every table file is what was written; deep, every row of it can be read.
fn check_tables(
    world: &World,
    manifest: &Manifest,
    deep: bool,
    found: &mut Verified,
    meter: &mut Meter<'_>,
) -> Result<()> {
    meter.expect(manifest.tables.iter().map(|meta| meta.bytes).sum());
    for table in Tables::open(world, manifest.compacted, &manifest.tables).all() {
        found.tables += 1;
        let checked = table.check_all();
        found.table_bytes += *checked.as_ref().unwrap_or(&0);
        meter.add(table.meta.bytes);
        let read = match checked {
            Ok(_) if deep => table.read_all().and_then(|rows| match rows == table.meta.rows {
                true => Ok(()),
                false => Err(Error::damaged(format!(
                    "{} has {rows} rows, not {}",
                    table.meta.path(),
                    table.meta.rows
                ))),
            }),
            checked => checked.map(|_| ()),
        };
        found.note(read)?;
    }
    Ok(())
}

/// Every blob is what its name says, and every blob that a living file or an artifact names is there.
fn check_blobs(
    world: &World,
    projection: Option<&Projection>,
    found: &mut Verified,
    meter: &mut Meter<'_>,
) -> Result<()> {
    let mut there = BTreeSet::new();
    for path in blob::stored(world)? {
        there.insert(path.name().to_owned());
        let checked = blob::check(world, &path);
        if let Ok(bytes) = &checked {
            found.blobs += 1;
            found.blob_bytes += bytes;
            meter.expect(*bytes);
            meter.add(*bytes);
        }
        found.note(checked.map(|_| ()))?;
    }
    for run in projection.into_iter().flat_map(Projection::runs) {
        let run = run?;
        for entry in run.files.values() {
            let path = blob::path(&entry.file.digest);
            if there.contains(path.name()) {
                continue;
            }
            let mut damage =
                Damage::told(format!("the file {:?} is missing: there is no {path}", entry.file.name));
            damage.runs = vec![(run.key.to_string(), run.seq.saturating_sub(1), run.seq.saturating_sub(1))];
            found.damages.push(damage);
        }
    }
    for (project, digest, _) in projection.into_iter().flat_map(Projection::artifact_blobs) {
        let path = blob::path(&digest);
        if !there.contains(path.name()) {
            let what = format!("a file of artifacts of project {project} is missing: there is no {path}");
            found.damages.push(Damage::told(what));
        }
    }
    Ok(())
}

/// Files beside the store's own whose names no opening knows.
fn strangers(world: &World) -> Result<Vec<String>> {
    let mut strangers = Vec::new();
    for folder in ["log", "manifest", table::FOLDER] {
        let path = RelPath::of(folder);
        let names = world.disk.list(&path).map_err(|source| Error::Io { doing: "list", path, source })?;
        let is_known = |name: &String| match folder {
            "manifest" => manifest::epoch_of(name).is_some(),
            table::FOLDER => table::id_of(name).is_some(),
            _ => segment::id_of(name).is_some() || packed::id_of(name).is_some(),
        };
        strangers.extend(names.iter().filter(|name| !is_known(name)).map(|name| format!("{folder}/{name}")));
    }
    Ok(strangers)
}
