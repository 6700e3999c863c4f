//! A folder whose sealed segments lost events, opened all the same (F3): the other runs are served.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::disk::RelPath;
use engine::disk::sim::{Image, SimClock, SimDisk};
use engine::{
    Batch, Body, Core, Error, ErrorKind, Event, Lsn, Options, Run, RunKey, Snapshot, StreamKind, Subject,
    ops, read_in,
};

use Step::{Close, Commit, Compact, Kill, Open};
use wbq_sim::driver::{Case, Driver, Step, small_options};

/// Sealed segments that no table file has; `first` steps come before them.
fn left(first: &[Step], end: Step) -> Driver {
    let mut driver = Driver::new(small_options());
    driver.run(&[&[Open][..], first, &vec![Commit(vec![(1, 10), (3, 400)]); 24], &[end]].concat());
    driver.core = None;
    driver.disk = driver.disk.after_image(Image::AllLost);
    driver
}

fn segments(disk: &SimDisk) -> Vec<RelPath> {
    disk.files().into_keys().filter(|path| path.as_str().starts_with("log/")).collect()
}

fn opened(driver: &Driver, disk: &SimDisk) -> Result<Core, Error> {
    let mut after = driver.fork(disk.clone());
    after.options = Options { open_damaged: true, ..after.options };
    after.try_open()
}

/// All that a run shows.
fn content(snapshot: &Snapshot, run: &Run) -> Result<String, Error> {
    let mut shown = format!("{:?} {} {:?} {:?}", run.key, run.seq, run.config, run.summary);
    for kind in [StreamKind::History, StreamKind::System, StreamKind::Console] {
        for extent in snapshot.extents(run, kind)? {
            shown += &match kind {
                StreamKind::Console => format!("{:?}", snapshot.console_lines(&extent)?),
                _ => format!("{:?}", snapshot.rows(&extent)?),
            };
        }
    }
    Ok(shown)
}

/// The numbers of the first and last event of each run in a segment.
fn held(driver: &Driver, path: &RelPath) -> BTreeMap<RunKey, (u64, u64)> {
    let whole = read_in(&driver.disk.world(&SimClock::default(), 0)).unwrap();
    let segment =
        whole.segments().into_iter().find(|segment| path.name().starts_with(&format!("{:010}", segment.id)));
    let segment = segment.unwrap();
    let mut held = BTreeMap::new();
    for (lsn, seq, event) in whole.events(segment.first_lsn).map(Result::unwrap) {
        if let Some(run) = event.run().filter(|_| lsn <= segment.last_lsn) {
            let range = held.entry(run.clone()).or_insert((seq, seq));
            range.1 = seq;
        }
    }
    held
}

fn heartbeat(run: &Run) -> Batch {
    let subject = Subject::Run(run.key.clone());
    Batch::new(vec![Event { subject, received: 7, actor: "eve".into(), body: Body::Heartbeat }])
}

fn runs(snapshot: &Snapshot) -> Vec<Arc<Run>> {
    snapshot.projection.runs().collect::<Result<_, _>>().unwrap()
}

/// Opens a damaged disk and checks what it serves; gives how many runs lack events, or nothing where it is
/// refused because the store itself does.
fn served(driver: &Driver, disk: &SimDisk) -> Option<usize> {
    let world = driver.disk.world(&SimClock::default(), 0);
    let whole = read_in(&world).unwrap();
    assert!(driver.fork(disk.clone()).try_open().is_err(), "without being asked nothing is opened");
    let mut core = match opened(driver, disk) {
        Ok(core) => core,
        Err(error) => {
            assert!(error.to_string().contains("of the store are missing"), "{error:?}");
            return None;
        }
    };
    let shown = core.snapshot();
    let lacking: Vec<_> = shown.missing().runs().map(|(key, range)| (key.clone(), range)).collect();
    assert!(lacking.is_empty() || shown.missing().events() > 0, "{}", shown.missing());
    for run in runs(&whole) {
        let is_lacking = lacking.iter().find(|(key, _)| *key == run.key);
        let there = shown.projection.generation(&run.key).unwrap();
        let told = core.commit(vec![heartbeat(&run)]).remove(0);
        match is_lacking {
            None => {
                let there = there.unwrap();
                assert_eq!(content(&shown, &there).unwrap(), content(&whole, &run).unwrap());
                told.unwrap();
            }
            Some((_, (first, last))) => {
                assert!(first <= last && *last < run.seq, "{first}..{last} of {}", run.seq);
                assert_eq!(told.unwrap_err().kind(), ErrorKind::Damaged, "it takes nothing");
                let Some(there) = there else {
                    assert_eq!(*first, 0, "only a run whose beginning is lost is not there");
                    continue;
                };
                assert_eq!(there.seq, *first, "it is what it was before");
                let reason = there.shown("state_reason");
                assert_eq!(reason, engine::Shown::owned(format!("damage: events {first}..{last} missing")));
                let error = content(&shown, &there).unwrap_err();
                assert!(error.to_string().contains(&format!("events {first}..{last} of run")), "{error:?}");
            }
        }
    }
    if shown.missing().events() > 0 {
        let all: Result<Vec<_>, _> = shown.recorded(Lsn(1)).collect();
        assert!(all.is_err(), "events are never fewer than there were");
    }
    let compacted = core.snapshot().compacted();
    assert!(core.compact().is_ok());
    assert_eq!(core.snapshot().compacted(), compacted, "nothing behind it is compacted");
    let (after, missing) = (core.snapshot(), shown.missing().clone());
    drop(core);
    let again = opened(driver, disk).unwrap().snapshot();
    assert_eq!((again.missing(), again.durable), (&missing, after.durable), "opened again it lacks the same");
    assert!(driver.fork(disk.clone()).try_open().is_err(), "it is damaged until it is repaired");
    repaired(disk, &again, lacking.len());
    Some(lacking.len())
}

/// A repair keeps what the other runs were told since.
fn repaired(disk: &SimDisk, served: &Snapshot, lacking: usize) {
    let (source, target) = (disk.world(&SimClock::default(), 0), SimDisk::default());
    let target = target.world(&SimClock::default(), 1);
    let report = ops::repair(&source, Some(&target), &mut |_| ()).unwrap();
    assert!(report.runs.len() >= lacking, "{report:?}");
    let repaired = read_in(&target).unwrap();
    for run in runs(served).iter().filter(|run| run.missing.is_none()) {
        let kept = repaired.projection.generation(&run.key).unwrap().unwrap();
        assert_eq!((kept.seq, &kept.config, kept.heartbeat), (run.seq, &run.config, run.heartbeat));
    }
}

#[test]
fn f3_a_folder_that_lacks_events_of_some_runs_serves_the_others_when_asked() {
    let driver = left(&[], Close);
    let (mut lacking, mut refused) = (0, 0);
    for path in &segments(&driver.disk)[..4] {
        let content = driver.disk.files()[path].clone();
        let end = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        for at in (0..92).step_by(13).chain((512..end).step_by(29)).filter(|at| !(8..12).contains(at)) {
            let _case = Case(|| format!("{path}, byte {at} of {end}"));
            let disk = driver.disk.after_image(Image::AllLost);
            disk.rot(path, |bytes| bytes[at] ^= 4);
            match served(&driver, &disk) {
                Some(runs) => lacking += usize::from(runs > 0),
                None => refused += 1,
            }
        }
    }
    assert!(lacking > 100, "{lacking} times some runs lacked events");
    assert!(refused > 0, "of the first segment the store itself lacks its beginning");
}

#[test]
fn f3_a_lost_segment_takes_the_runs_with_it_that_had_events_there() {
    // Of a store that was killed the last group is moved, and folded only then.
    for end in [Close, Kill] {
        let driver = left(&[Commit(vec![(1, 10)]), Compact], end);
        for path in &segments(&driver.disk)[1..3] {
            let _case = Case(|| path.to_string());
            let disk = driver.disk.after_image(Image::AllLost);
            disk.lose(path);
            let told = opened(&driver, &disk.after_image(Image::AllLost)).unwrap().snapshot();
            let told: BTreeMap<_, _> =
                told.missing().runs().map(|(key, range)| (key.clone(), range)).collect();
            assert_eq!(told, held(&driver, path), "what was in the segment, and not what follows it");
            assert!(served(&driver, &disk).is_some_and(|lacking| lacking > 0));
        }
    }
}

#[test]
fn f3_a_lost_segment_that_table_files_have_takes_nothing_with_it() {
    let driver = left(&[&vec![Commit(vec![(2, 400)]); 12][..], &[Close, Open, Compact]].concat(), Close);
    let disk = driver.disk.after_image(Image::AllLost);
    disk.lose(&segments(&disk)[0]);
    let core = opened(&driver, &disk).unwrap();
    assert!(core.snapshot().missing().is_empty());
    let whole = read_in(&driver.disk.world(&SimClock::default(), 0)).unwrap();
    for (run, there) in runs(&whole).iter().zip(runs(&core.snapshot())) {
        assert_eq!(content(&core.snapshot(), &there).unwrap(), content(&whole, run).unwrap());
    }
}
