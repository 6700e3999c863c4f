//! The invariants, after a crash: I1 to I6 by the journal; I8, I9, I11, I13, I14, I16, I18 here; what a
//! snapshot must show stands in `look.rs`.

use std::collections::BTreeSet;

use engine::disk::sim::{Image, OpKind, SimClock, SimDisk};
use engine::{Error, read_in};

use crate::driver::{Driver, Events, Step};
use crate::journal::Journal;
use crate::look::compare;
use crate::traffic::{FILE, SAID, file_of};

/// Reads a folder without opening it, and checks that nothing was changed by it (I13).
///
/// # Errors
///
/// As [`read_in`].
///
/// # Panics
///
/// When a byte was changed, or it does not show what it must.
pub fn read_only(disk: &SimDisk, journal: &mut Journal) -> Result<Events, Error> {
    let bytes = || disk.after_image(Image::AllKept).files(); // the cache is not a byte of the folder
    // Making a folder's names last changes none.
    let changes = || disk.ops().into_iter().filter(|op| op.kind != OpKind::SyncDir).count();
    let (files, ops) = (bytes(), changes());
    let snapshot = read_in(&disk.world(&SimClock::default(), 0));
    let events = snapshot.and_then(|snapshot| compare(&snapshot, journal, Some(disk.checksum("tables"))));
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
    let shown = match read_only(&driver.disk, &mut driver.journal) {
        Err(Error::NoStore) => Events::default(),
        shown => shown.unwrap(),
    };
    if !shown.is_empty() {
        let lasting = read_only(&driver.disk.after_image(Image::AllLost), &mut driver.journal).unwrap();
        // Each was compared with what was sent: the same events may stand in files or still in the log.
        assert_eq!(lasting.len(), shown.len(), "D5, I6: what a reader was shown is gone after a power loss");
    }
    let found = driver.try_recover().unwrap();
    // A store that was not yet founded is by the opening that writes.
    assert!(shown.is_empty() || shown.len() == found.len(), "readers and the writer see the same");
    check_files(&driver);
    check_blobs(&driver);
    check_open_files(&driver);
    check_erased(&driver.journal, &driver.disk);

    // I11: the same again, though nothing that recovery left unsynced is there.
    let again = driver.disk.after_image(Image::AllLost);
    let read = read_only(&again, &mut driver.journal).unwrap();
    assert_eq!(read.len(), found.len(), "I11: recovering twice = once, for a reader");
    let mut second = driver.fork(again);
    assert!(second.try_recover().unwrap() == found, "I11: recovering twice = once");
    go_on(&mut second);
}

/// I14: a recovered store can be gone on with. What it was erasing it erases to the end.
fn go_on(driver: &mut Driver) {
    if driver.journal.erased().1 > 0 {
        driver.step(&Step::Compact);
        assert_eq!(
            driver.journal.erased().1,
            0,
            "I20: erasing that was begun is done by the next compaction"
        );
        check_erased(&driver.journal, &driver.disk);
    }
    let acked = driver.journal.acked();
    driver.commit(&[(2, 100)]);
    assert_eq!(driver.journal.acked(), acked + 1, "I14: a write is acked after recovery");
    let lasting = |driver: &Driver| driver.disk.after_image(Image::AllLost);
    let events = read_only(&lasting(driver), &mut driver.journal).unwrap();
    driver.journal.settle(&events);
    driver.core.take().unwrap().close().unwrap();
    let events = read_only(&lasting(driver), &mut driver.journal).unwrap();
    driver.journal.settle(&events);
}

/// D8: of what runs said that were erased no byte is left in any file, and no user file that they alone had.
///
/// # Panics
///
/// When something is left.
pub(crate) fn check_erased(journal: &Journal, disk: &SimDisk) {
    let (marks, files) = journal.gone();
    if marks.is_empty() {
        return;
    }
    for (path, bytes) in disk.files() {
        let told = bytes.windows(SAID.len()).enumerate().filter(|(_, said)| said == SAID);
        let mut told =
            told.filter_map(|(at, _)| marks.iter().find(|mark| bytes[at..].starts_with(mark.as_bytes())));
        assert_eq!(told.next(), None, "D8: {path} tells still what an erased run said");
        assert!(!files.contains(path.as_str()), "D8: {path} is a file of an erased run");
    }
}

/// I16: every user file that an event names is there, whole.
fn check_blobs(driver: &Driver) {
    let core = driver.core.as_ref().unwrap();
    let snapshot = core.snapshot();
    let runs = snapshot.projection.runs().map(Result::unwrap);
    let files = runs.flat_map(|run| {
        run.files.values().map(|entry| (run.ordinal, entry.file.clone())).collect::<Vec<_>>()
    });
    for (run, file) in files.filter(|(_, file)| file.name.starts_with(FILE)) {
        let stored = core.blobs().open(&file.digest).unwrap();
        let mut bytes = vec![0; usize::try_from(file.size).unwrap() + 1];
        let read = stored.read_at(0, &mut bytes).unwrap();
        assert!(bytes[..read] == file_of(run, read), "I16: {} is not what was uploaded", file.name);
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
