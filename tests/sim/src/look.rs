//! What a snapshot shows must be what was sent: its events, in the log and in files of events, the state
//! that they fold to, and every cell of every run (I1 to I7, I10, I15, D8, D9).

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Error, Event, Lsn, Recorded, Run, RunKey, Snapshot, StreamKind};

use crate::driver::Events;
use crate::journal::{Fate, Journal, check_run_seqs};
use crate::model::{Erasing, Sent, Written, cells_of, written_line};

/// What table files were found to hold, all of which is right.
#[derive(Debug, Clone)]
pub(crate) struct AtRest {
    /// Tells their bytes from others, and which of them are named.
    tables: Option<(u64, Lsn, Vec<u64>)>,
    /// How many runs were erased then, and how many were being erased.
    erased: (usize, usize),
    kept: Arc<[Recorded]>,
}

/// The events that a snapshot shows, all of which its log holds, after what it says of them was checked.
///
/// # Panics
///
/// When it contradicts itself (I2, I7, I15, D9).
pub fn look(snapshot: &Snapshot) -> Events {
    try_look(snapshot).unwrap()
}

/// [`look`], where something may have rotted that is read only now.
///
/// # Errors
///
/// What reading gives.
///
/// # Panics
///
/// As [`look`].
pub fn try_look(snapshot: &Snapshot) -> Result<Events, Error> {
    let mut journal = Journal::default();
    journal.note(&of_log(snapshot)?, Fate::Acked);
    compare(snapshot, &mut journal, None)
}

/// [`look`], at the log alone.
///
/// # Panics
///
/// As [`look`].
#[must_use]
pub fn look_at_log(snapshot: &Snapshot) -> Events {
    of_log(snapshot).unwrap()
}

fn of_log(snapshot: &Snapshot) -> Result<Events, Error> {
    let log = read_log(snapshot)?;
    assert!(log.first().is_none_or(|(lsn, ..)| lsn.0 == 1), "the log is whole");
    check_run_seqs(log.iter().map(|(_, seq, event)| (*seq, event)));
    Ok(log.into_iter().map(|(.., event)| event).collect())
}

/// Compares all that a snapshot shows with what must be there; gives the events, those whose rows are in
/// table files alone without them. What was unknown until now and is shown must stay (I6).
///
/// `tables` tells the bytes of all table files from others (`SimDisk::checksum`), where it is known:
/// those that were compared are not read again.
///
/// # Errors
///
/// What reading gives.
///
/// # Panics
///
/// When they differ.
pub fn compare(snapshot: &Snapshot, journal: &mut Journal, tables: Option<u64>) -> Result<Events, Error> {
    let log = read_log(snapshot)?;
    let first = log.first().map_or(snapshot.durable.0 + 1, |(lsn, ..)| lsn.0);
    let through = snapshot.compacted();
    assert!(first <= through.0 + 1, "I7: no event is missing between table files and log");
    let ids = || snapshot.table_files().iter().map(|table| table.id).collect();
    let tables = tables.map(|checksum| (checksum, through, ids()));
    let known = journal.at_rest.take().filter(|known| tables.is_some() && known.tables == tables);
    let kept = known.as_ref().map_or_else(|| read_kept(snapshot), |known| Ok(Arc::clone(&known.kept)))?;
    let only_kept = kept.iter().take_while(|kept| kept.lsn.0 < first).map(|kept| &kept.event);
    let events: Events = only_kept.chain(log.iter().map(|(.., event)| event)).cloned().collect();
    journal.agree(&events);
    check_log(&log, journal);
    let tail = log.iter().filter(|(lsn, ..)| *lsn > through).map(|(_, seq, event)| (*seq, event));
    check_run_seqs(kept.iter().map(|kept| (kept.run_seq, &kept.event)).chain(tail));
    check_projection(snapshot, journal)?;
    let erased = journal.erased();
    let known = known.filter(|known| known.erased == erased);
    if known.is_none() {
        check_kept(&kept, journal);
    }
    check_rows(snapshot, journal, if known.is_some() { through } else { Lsn(0) })?;
    journal.at_rest = Some(AtRest { tables, erased, kept });
    Ok(events)
}

/// The events of files of events.
fn read_kept(snapshot: &Snapshot) -> Result<Arc<[Recorded]>, Error> {
    let through = snapshot.compacted();
    let is_kept = |kept: &Result<Recorded, Error>| kept.as_ref().map_or(true, |kept| kept.lsn <= through);
    let kept: Arc<[Recorded]> = snapshot.recorded(Lsn(1)).take_while(is_kept).collect::<Result<_, _>>()?;
    assert!(kept.iter().map(|kept| kept.lsn.0).eq(1..=through.0), "I7: positions have no gap in table files");
    Ok(kept)
}

/// The events of the log, up to the last that is shown.
fn read_log(snapshot: &Snapshot) -> Result<Vec<(Lsn, u64, Event)>, Error> {
    let log: Vec<(Lsn, u64, Event)> = snapshot.events(Lsn(1)).collect::<Result<_, _>>()?;
    let first = log.first().map_or(snapshot.durable.0 + 1, |(lsn, ..)| lsn.0);
    assert!(log.iter().map(|(lsn, ..)| lsn.0).eq(first..=snapshot.durable.0), "I7: positions have no gap");
    Ok(log)
}

/// Each event of the log is as it was sent, and none tells of a run of which nothing may be left (D8).
fn check_log(log: &[(Lsn, u64, Event)], journal: &Journal) {
    let erasures = journal.erasures();
    let Some((first, ..)) = log.first() else { return };
    let behind = usize::try_from(first.0 - 1).unwrap();
    for ((lsn, _, event), sent) in log.iter().zip(journal.sent().skip(behind)) {
        assert!(sent.event == *event, "D9: event {lsn} of the log is not what was sent");
        let is_gone = event.run().is_some_and(|run| erasures.get(run) == Some(&Erasing::Done));
        assert!(!is_gone || !sent.says_something(), "D8: event {lsn} of the log tells of an erased run");
    }
}

/// Each event of files of events is what is kept of the one that was sent, or of an erased run's nothing.
fn check_kept(kept: &[Recorded], journal: &Journal) {
    let erasures = journal.erasures();
    for (found, sent) in kept.iter().zip(journal.sent()) {
        let erasing = sent.event.run().and_then(|run| erasures.get(run)).filter(|_| sent.says_something());
        let is_emptied = found.digest.is_none() && sent.is_emptied_to(&found.event);
        let is_right = match erasing {
            None => sent.is_kept_as(found),
            Some(Erasing::Begun) => is_emptied || sent.is_kept_as(found),
            Some(Erasing::Done) => is_emptied,
        };
        assert!(is_right, "D8, D9: {found:?} is kept of {:?}, {erasing:?}", sent.event);
    }
}

/// What was folded at recovery equals what the events fold to (I15).
fn check_projection(snapshot: &Snapshot, journal: &mut Journal) -> Result<(), Error> {
    let (folded, found) = (journal.folded(), &snapshot.projection);
    assert_eq!(folded.store, found.store);
    assert_eq!(folded.run_count(), found.run_count());
    assert_eq!(folded.totals, found.totals);
    assert!(folded.active().eq(found.active()), "I15: other runs are at work");
    let mut deleted = Vec::new();
    for (ours, theirs) in folded.runs().zip(found.runs()) {
        let (ours, theirs) = (ours?, theirs?);
        assert_eq!((&ours.key, ours.seq, ours.updated), (&theirs.key, theirs.seq, theirs.updated));
        assert!(ours.to_bytes()? == theirs.to_bytes()?, "I15: run {} is not what its events say", ours.key);
        let found = found.generation(&ours.key)?.map(|run| run.ordinal);
        assert_eq!(found, Some(ours.ordinal), "I15: run {} is not found", ours.key);
        deleted.extend((ours.deleted.is_some() && ours.erased.is_none()).then(|| ours.key.clone()));
    }
    let waiting: Vec<RunKey> =
        snapshot.deleted().map(|run| Ok(run?.0.key.clone())).collect::<Result<_, Error>>()?;
    assert_eq!(waiting, deleted, "I15: other runs wait for the end of their grace");
    Ok(())
}

/// Where cells are: the run and the kind of stream.
type Place = (RunKey, StreamKind);

/// D9, I10: the cells of table files and of the log's tail together are those of the events, from behind a
/// position on.
fn check_rows(snapshot: &Snapshot, journal: &Journal, behind: Lsn) -> Result<(), Error> {
    let erasures = journal.erasures();
    let mut sent: BTreeMap<Place, Vec<(u64, &Sent)>> = BTreeMap::new();
    for (lsn, event) in (1..).zip(journal.sent()).filter(|(lsn, _)| *lsn > behind.0) {
        let Some((run, stream)) = event.event.run().zip(event.stream()) else { continue };
        sent.entry((run.clone(), stream)).or_default().push((lsn, event));
    }
    for run in snapshot.projection.runs() {
        let run = run?;
        let erasing = erasures.get(&run.key);
        if erasing == Some(&Erasing::Begun) {
            continue;
        }
        for stream in [StreamKind::History, StreamKind::System, StreamKind::Console] {
            let found = read_rows(snapshot, &run, stream, behind)?;
            let own = sent.get(&(run.key.clone(), stream)).filter(|_| erasing.is_none());
            let mut expected: Vec<(u64, &Written)> = Vec::new();
            for (lsn, sent) in own.into_iter().flatten() {
                expected.extend(sent.cells.iter().map(|cell| (*lsn, cell)));
            }
            if stream == StreamKind::History {
                expected.extend(inherited(snapshot, &run, &sent)?);
                expected.sort_unstable();
            }
            assert_eq!(
                found.len(),
                expected.len(),
                "D8, D9: cells of {} are missing or there twice",
                run.key
            );
            assert!(
                found.iter().map(|(lsn, cell)| (*lsn, cell)).eq(expected),
                "D9: cells of {} differ",
                run.key
            );
        }
    }
    Ok(())
}

/// The cells that a run has of others, because it goes on from them, each with the position that wrote it.
fn inherited<'a>(
    snapshot: &Snapshot,
    run: &Run,
    sent: &BTreeMap<Place, Vec<(u64, &'a Sent)>>,
) -> Result<Vec<(u64, &'a Written)>, Error> {
    let mut found = Vec::new();
    let (mut step, mut at) = (i64::MAX, u64::MAX);
    let mut origin = run.origin.clone();
    while let Some(from) = origin {
        (step, at) = (step.min(from.step), at.min(from.at.0));
        let parent = snapshot.projection.generation(&from.parent)?;
        let theirs = sent.get(&(from.parent.clone(), StreamKind::History)).into_iter().flatten();
        let cells = theirs.filter(|(lsn, _)| *lsn <= at).map(|(lsn, sent)| (*lsn, sent.cells_up_to(step)));
        found.extend(cells.flat_map(|(lsn, cells)| cells.into_iter().map(move |cell| (lsn, cell))));
        origin = parent.unwrap().origin.clone();
    }
    Ok(found)
}

/// Every cell of a run that stands behind a position, with the position that wrote it, sorted.
fn read_rows(
    snapshot: &Snapshot,
    run: &Run,
    stream: StreamKind,
    behind: Lsn,
) -> Result<Vec<(u64, Written)>, Error> {
    let mut found = Vec::new();
    for extent in snapshot.extents(run, stream)?.into_iter().filter(|extent| extent.lsn > behind) {
        if stream == StreamKind::Console {
            let lines = snapshot.console_lines(&extent)?.into_iter();
            found.extend(lines.map(|(number, lsn, line)| (lsn.0, written_line(number, &line))));
            continue;
        }
        let piece = snapshot.rows(&extent)?;
        // In the long layout what a row says of itself stands beside each of its keys again.
        let is_meant = |name: &str| extent.key.as_ref().is_none_or(|key| **key == *name);
        let cells = cells_of(&piece.block, |row| row.into());
        let meant = cells.filter(|(_, name, _)| is_meant(name));
        found.extend(meant.map(|(row, name, value)| {
            let row = u32::try_from(row).unwrap();
            (piece.lsn(row).0, (piece.line(row), name, value))
        }));
    }
    found.sort();
    Ok(found)
}
