//! The invariants, after a crash: I1 to I6 by the journal, I2, I7 to I11, I13 to I16, I18.

use std::collections::BTreeSet;

use engine::disk::sim::{Image, OpKind, SimClock, SimDisk};
use engine::{Body, Error, Event, Lsn, Projection, Snapshot, StreamKind, read_in};

use crate::driver::{Driver, Events, FILE, file_of};
use crate::journal::check_run_seqs;

/// The events that a snapshot shows, after what it says of them was checked.
///
/// # Panics
///
/// When it contradicts itself (I2, I7, I15).
pub fn look(snapshot: &Snapshot) -> Events {
    try_look(snapshot).unwrap()
}

/// [`look`], where something may have rotted that is read only now.
///
/// # Errors
///
/// What reading rows gives.
///
/// # Panics
///
/// As [`look`].
pub fn try_look(snapshot: &Snapshot) -> Result<Events, Error> {
    let events = located(snapshot)?;
    check_rows(snapshot, &events)?;
    Ok(events.into_iter().map(|(_, _, event)| event).collect())
}

/// [`look`], at the log alone.
///
/// # Panics
///
/// As [`look`].
#[must_use]
pub fn look_at_log(snapshot: &Snapshot) -> Events {
    located(snapshot).unwrap().into_iter().map(|(_, _, event)| event).collect()
}

fn located(snapshot: &Snapshot) -> Result<Vec<(Lsn, u64, Event)>, Error> {
    let events: Vec<(Lsn, u64, Event)> = snapshot.events(Lsn(1)).collect::<Result<_, _>>()?;
    let lsns: Vec<u64> = events.iter().map(|(lsn, _, _)| lsn.0).collect();
    assert_eq!(lsns, (1..=snapshot.durable.0).collect::<Vec<_>>(), "I7: positions have no gap");
    check_run_seqs(events.iter().map(|(_, seq, event)| (*seq, event)));
    check_projection(snapshot, &events)?;
    Ok(events)
}

/// What was folded at recovery equals what the log's events fold to, and points to where they are (I15).
fn check_projection(snapshot: &Snapshot, events: &[(Lsn, u64, Event)]) -> Result<(), Error> {
    let mut folded = Projection::default();
    let nowhere = engine::Location { segment: engine::SegmentId(0), offset: 0, len: 0 };
    for (lsn, seq, event) in events {
        assert_eq!(folded.apply(*lsn, nowhere, event), Ok(*seq));
    }
    assert_eq!(folded.store, snapshot.projection.store);
    assert_eq!(folded.run_count(), snapshot.projection.run_count());
    assert_eq!(folded.totals, snapshot.projection.totals);
    assert!(folded.active().eq(snapshot.projection.active()), "I15: other runs are at work");
    for (ours, theirs) in folded.runs().zip(snapshot.projection.runs()) {
        let (ours, theirs) = (ours?, theirs?);
        assert_eq!((&ours.key, ours.seq, ours.updated), (&theirs.key, theirs.seq, theirs.updated));
        assert!(ours.to_bytes()? == theirs.to_bytes()?, "I15: run {} is not what its events say", ours.key);
        let found = snapshot.projection.generation(&ours.key)?.map(|run| run.ordinal);
        assert_eq!(found, Some(ours.ordinal), "I15: run {} is not found", ours.key);
    }
    Ok(())
}

/// A written cell: the run, the kind of stream, position, line, key, value.
type Written = (u32, StreamKind, u64, u64, String, String);

/// D9, I10: rows of table files and of the log's tail together are those of the events.
fn check_rows(snapshot: &Snapshot, events: &[(Lsn, u64, Event)]) -> Result<(), Error> {
    let mut written: BTreeSet<Written> = BTreeSet::new();
    for (lsn, _, event) in events {
        let Some(run) = event.run() else { continue };
        let ordinal = snapshot.projection.generation(run)?.unwrap().ordinal;
        match &event.body {
            Body::Logged(rows) | Body::SystemSampled(rows) => {
                let is_history = matches!(event.body, Body::Logged(_));
                let kind = if is_history { StreamKind::History } else { StreamKind::System };
                let block = engine::Block::parse(rows.block.clone()).unwrap();
                let line = |row| rows.chunk.first_line + u64::from(row);
                written.extend(cells(&block, &|row| (ordinal, kind, lsn.0, line(row))));
            }
            Body::ConsoleWritten(console) => {
                let lines = (console.chunk.first_line..).zip(&console.lines);
                written.extend(lines.map(|(number, line)| {
                    (ordinal, StreamKind::Console, lsn.0, number, String::new(), format!("{line:?}"))
                }));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    for run in snapshot.projection.runs() {
        let run = &run?;
        for kind in [StreamKind::History, StreamKind::System] {
            for extent in snapshot.extents(run, kind)? {
                let piece = snapshot.rows(&extent)?;
                let place = |row| (run.ordinal, kind, piece.lsn(row).0, piece.line(row));
                // In the long layout what a row says of itself stands beside each of its keys again.
                let is_meant = |name: &str| extent.key.as_ref().is_none_or(|key| **key == *name);
                found.extend(cells(&piece.block, &place).into_iter().filter(|cell| is_meant(&cell.4)));
            }
        }
        for extent in snapshot.extents(run, StreamKind::Console)? {
            let lines = snapshot.console_lines(&extent)?.into_iter();
            found.extend(lines.map(|(number, lsn, line)| {
                (run.ordinal, StreamKind::Console, lsn.0, number, String::new(), format!("{line:?}"))
            }));
        }
    }
    assert_eq!(found.len(), written.len(), "D9: cells are missing or there twice");
    assert!(found.into_iter().collect::<BTreeSet<_>>() == written, "D9: cells differ");
    Ok(())
}

fn cells(block: &engine::Block, place: &dyn Fn(u32) -> (u32, StreamKind, u64, u64)) -> Vec<Written> {
    let columns = block.columns();
    let cells = columns.flat_map(|column| column.iter().map(move |(row, cell)| (column.name, row, cell)));
    cells
        .map(|(name, row, cell)| {
            let (ordinal, kind, lsn, line) = place(row);
            (ordinal, kind, lsn, line, name.to_owned(), format!("{cell:?}"))
        })
        .collect()
}

/// Reads a folder without opening it, and checks that nothing was changed by it (I13).
///
/// # Errors
///
/// As [`read_in`].
///
/// # Panics
///
/// When a byte was changed.
pub fn read_only(disk: &SimDisk) -> Result<Events, Error> {
    let bytes = || disk.after_image(Image::AllKept).files(); // the cache is not a byte of the folder
    // Making a folder's names last changes none.
    let changes = || disk.ops().into_iter().filter(|op| op.kind != OpKind::SyncDir).count();
    let (files, ops) = (bytes(), changes());
    let snapshot = read_in(&disk.world(&SimClock::default(), 0));
    let events = snapshot.and_then(|snapshot| try_look(&snapshot));
    assert_eq!(changes(), ops, "I13: reading changes the disk");
    assert!(bytes() == files, "I13: reading changes a byte");
    events
}

/// Recovers what a driver left on a disk, and checks every invariant there is.
///
/// # Panics
///
/// When one does not hold.
pub fn verify(left: &Driver, disk: SimDisk) {
    let mut driver = left.fork(disk);
    let shown = match read_only(&driver.disk) {
        Err(Error::NoStore) => Events::default(),
        shown => shown.unwrap(),
    };
    if !shown.is_empty() {
        let lasting = read_only(&driver.disk.after_image(Image::AllLost)).unwrap();
        assert!(lasting == shown, "D5, I6: what a reader was shown is gone after a power loss");
    }
    let found = look(&driver.open().snapshot());
    driver.journal.settle(&found);
    // A store that was not yet founded is by the opening that writes.
    let shown_len = if shown.is_empty() { 0 } else { found.len() };
    assert!(shown[..] == found[..shown_len], "readers and the writer see the same");
    check_files(&driver);
    check_blobs(&driver);
    check_open_files(&driver);

    // I11: the same again, though nothing that recovery left unsynced is there.
    let again = driver.disk.after_image(Image::AllLost);
    assert!(read_only(&again).unwrap() == found, "I11: recovering twice = once, for a reader");
    let mut second = driver.fork(again);
    assert!(look(&second.open().snapshot()) == found, "I11: recovering twice = once");

    // I14: it can be gone on with.
    let acked = second.journal.acked();
    second.commit(&[(2, 100)]);
    assert_eq!(second.journal.acked(), acked + 1, "I14: a write is acked after recovery");
    let events = read_only(&second.disk.after_image(Image::AllLost)).unwrap();
    second.journal.settle(&events);
    second.core.take().unwrap().close().unwrap();
    let events = read_only(&second.disk.after_image(Image::AllLost)).unwrap();
    second.journal.settle(&events);
}

/// I16: every user file that an event names is there, whole.
fn check_blobs(driver: &Driver) {
    let core = driver.core.as_ref().unwrap();
    let snapshot = core.snapshot();
    let runs = snapshot.projection.runs().map(Result::unwrap);
    let files = runs.flat_map(|run| run.files.values().map(|entry| entry.file.clone()).collect::<Vec<_>>());
    for file in files.filter(|file| file.name.starts_with(FILE)) {
        let stored = core.blobs().open(&file.digest).unwrap();
        let mut bytes = vec![0; usize::try_from(file.size).unwrap() + 1];
        let read = stored.read_at(0, &mut bytes).unwrap();
        assert!(bytes[..read] == file_of(read), "I16: {} is not what was uploaded", file.name);
        assert_eq!(read as u64, file.size, "I16: {} is cut", file.name);
    }
}

/// I18: what is open is what is live: a descriptor a segment, two a table file, and those of the
/// writer's log and manifest.
fn check_open_files(driver: &Driver) {
    let snapshot = driver.core.as_ref().unwrap().snapshot();
    let live = snapshot.segments().len() + 2 * snapshot.table_files().len();
    let open = driver.disk.open_files();
    assert!(open <= live + 2, "I18: {open} files are open where {live} are live");
}

/// I8, I9: the files are those that are named, and no other.
fn check_files(driver: &Driver) {
    let snapshot = driver.core.as_ref().unwrap().snapshot();
    let names: BTreeSet<String> =
        driver.disk.files().into_keys().map(|path| path.as_str().to_owned()).collect();
    let mut expected: BTreeSet<String> = snapshot
        .segments()
        .iter()
        .map(|segment| {
            let z = if segment.packed_bytes.is_some() { "z" } else { "" };
            format!("log/{:010}.seg{z}", segment.id)
        })
        .collect();
    expected.extend(snapshot.table_files().into_iter().flat_map(|table| table.paths));
    expected.insert("LOCK".into());
    let manifests = names.iter().filter(|name| name.starts_with("manifest/")).count();
    assert_eq!(manifests, 1, "I9: one manifest is left");
    // A user file may be there before its event; it stays for who sends it again.
    let is_listed = |name: &String| !name.starts_with("manifest/") && !name.starts_with("blobs/");
    let others: BTreeSet<String> = names.into_iter().filter(is_listed).collect();
    assert_eq!(others, expected, "I8, I9");
}
