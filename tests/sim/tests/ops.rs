//! Verify, backup, restore and repair, on disks that rot and lose their power.

use std::collections::BTreeSet;
use std::time::Duration;

use engine::disk::sim::{EDQUOT, EFBIG, EIO, ENOSPC, Failure, Image, SimClock, SimDisk};
use engine::disk::{RelPath, World};
use engine::ops::{self, Progress, Repaired, Verified};
use engine::{Error, Event, Lsn, Options, Snapshot, read_in};

use Step::{Close, Commit, Compact, Idle, Kill, Open, Upload};
use wbq_sim::driver::{Case, Driver, Events, Step, small_options};
use wbq_sim::look::look;

/// How work on another folder is stopped and fails.
const FAILURES: [Failure; 8] = [
    Failure::StopBefore,
    Failure::StopAfter,
    Failure::error(EIO),
    Failure::error(ENOSPC),
    Failure::error(EDQUOT),
    Failure::error(EFBIG),
    Failure::Short,
    Failure::Nothing,
];

fn world(disk: &SimDisk) -> World {
    disk.world(&SimClock::default(), 0)
}

/// Whether a file is one that an opening reads.
fn is_live(path: &RelPath) -> bool {
    path.as_str().starts_with("log/") || path.as_str().starts_with("manifest/")
}

fn run(steps: &[Step]) -> Driver {
    let mut driver = Driver::new(small_options());
    driver.run(steps);
    driver
}

/// Sealed segments, and one that was closed.
fn closed() -> Driver {
    let mut driver = run(&[&[Open][..], &vec![Commit(vec![(1, 10), (3, 300)]); 14], &[Close]].concat());
    driver.disk = driver.disk.after_image(Image::AllLost);
    driver
}

/// The same, all but the last event packed. The second opening has removed what the packed segments
/// stood in before.
fn packed() -> Driver {
    let mut driver = closed();
    driver.run(&[Open, Compact, Close, Open, Commit(vec![(1, 10)]), Close]);
    driver.disk = driver.disk.after_image(Image::AllLost);
    assert!(driver.disk.files().into_keys().filter(is_packed).count() > 2);
    driver
}

fn is_packed(path: &RelPath) -> bool {
    path.name().ends_with(".segz")
}

fn verified(disk: &SimDisk) -> Verified {
    ops::verify(&world(disk), true, &mut |_| ()).unwrap()
}

fn read(disk: &SimDisk) -> Result<Snapshot, Error> {
    read_in(&world(disk))
}

fn backup(source: &SimDisk, target: &SimDisk) -> Result<ops::BackedUp, Error> {
    ops::backup(&world(source), &world(target), &mut |_| ())
}

fn repair(source: &SimDisk, target: Option<&SimDisk>) -> Result<Repaired, Error> {
    let target = target.map(world);
    ops::repair(&world(source), target.as_ref(), &mut |_| ())
}

#[test]
fn a_sound_folder_is_told_to_be_and_left_alone() {
    let left: [&[Step]; 4] = [
        &[Open, Close],
        &[Open, Commit(vec![(2, 100)])],
        &[Open, Commit(vec![(2, 100)]), Idle, Kill],
        &[Open, Commit(vec![(2, 100)]), Close],
    ];
    for steps in left {
        let driver = run(steps);
        let files = driver.disk.files();
        let found = verified(&driver.disk);
        assert_eq!((found.damages, found.strangers), (vec![], vec![]), "{steps:?}");
        assert_eq!(found.last, read(&driver.disk).unwrap().durable);
        assert!(driver.disk.files() == files);
    }
    assert!(matches!(ops::verify(&world(&SimDisk::default()), false, &mut |_| ()), Err(Error::NoStore)));
}

#[test]
fn i17_every_damaged_byte_is_found_with_its_place_and_the_runs() {
    for driver in [closed(), packed()] {
        damage_is_found(&driver);
    }
}

fn damage_is_found(driver: &Driver) {
    let whole = look(&read(&driver.disk).unwrap());
    for (path, bytes) in driver.disk.files().into_iter().filter(|(path, _)| is_live(path)) {
        for at in (0..bytes.len()).step_by(7) {
            let _case = Case(|| format!("byte {at} of {path}"));
            let disk = driver.disk.after_image(Image::AllLost);
            disk.rot(&path, |bytes| bytes[at] ^= 16);
            match ops::verify(&world(&disk), false, &mut |_| ()) {
                Err(error) => assert!(matches!(error, Error::TooNew { .. }), "{error:?}"),
                Ok(found) if found.damages.is_empty() => {
                    assert!(look(&read(&disk).unwrap()) == whole, "no damage, so nothing is missing");
                }
                Ok(found) => {
                    let damage = &found.damages[0];
                    let in_log = path.as_str().starts_with("log/");
                    assert!(!in_log || (damage.segment.is_some() && !damage.runs.is_empty()), "{damage:?}");
                    assert!(!is_packed(&path) || damage.what.contains(path.as_str()), "{damage:?}");
                }
            }
        }
    }
}

#[test]
fn all_damage_is_told_not_only_the_first() {
    let driver = closed();
    let segments: Vec<RelPath> =
        driver.disk.files().into_keys().filter(|path| path.as_str().starts_with("log/")).collect();
    assert!(segments.len() > 2);
    driver.disk.rot(&segments[0], |bytes| bytes[600] ^= 1);
    driver.disk.rot(&segments[2], |bytes| bytes[600] ^= 1);
    assert_eq!(verified(&driver.disk).damages.len(), 2);
}

/// The source of a backup at some moments of its life.
fn sources() -> Vec<Driver> {
    let begin = [Open, Commit(vec![(1, 10)]), Commit(vec![(2, 300)])];
    let more = vec![Commit(vec![(2, 300), (1, 900)]); 8];
    vec![
        run(&begin),
        run(&[&begin[..], &[Idle]].concat()),
        run(&[&begin[..], &more].concat()),
        run(&[&begin[..], &more, &[Close]].concat()),
        run(&[&begin[..], &more, &[Kill]].concat()),
        run(&[&begin[..], &more, &[Close, Open, Compact, Commit(vec![(2, 300)])]].concat()),
    ]
}

#[test]
fn a_backup_holds_what_the_folder_held_and_can_be_gone_on_with() {
    for source in sources() {
        let (target, restored) = (SimDisk::default(), SimDisk::default());
        let events = look(&read(&source.disk).unwrap());
        let report = backup(&source.disk, &target).unwrap();
        assert_eq!(report.durable, Lsn(events.len() as u64));
        assert!(look(&read(&target).unwrap()) == events);
        assert_eq!(verified(&target).damages, []);
        ops::restore(&world(&target), &world(&restored), &mut |_| ()).unwrap();
        let mut driver = source.fork(restored.after_image(Image::AllLost));
        driver.step(&Open);
        driver.step(&Commit(vec![(2, 50)]));
        let after = look(&driver.core.as_ref().unwrap().snapshot());
        assert!(after.len() > events.len() && after[..events.len()] == events[..]);
        assert!(matches!(
            ops::restore(&world(&target), &world(&driver.disk), &mut |_| ()),
            Err(Error::Target(_))
        ));
    }
}

#[test]
fn a_second_backup_copies_only_what_is_new() {
    let mut source = run(&[&[Open][..], &vec![Commit(vec![(2, 900)]); 12]].concat());
    let target = SimDisk::default();
    let first = backup(&source.disk, &target).unwrap();
    let again = backup(&source.disk, &target).unwrap();
    assert_eq!((again.copied_bytes, again.durable), (0, first.durable));
    source.step(&Commit(vec![(1, 10)]));
    let third = backup(&source.disk, &target).unwrap();
    assert!(third.copied_bytes < first.copied_bytes / 2, "{third:?} after {first:?}");
    assert!(look(&read(&target).unwrap()) == look(&read(&source.disk).unwrap()));
    let manifests = target.files().into_keys().filter(|path| path.as_str().starts_with("manifest/")).count();
    assert_eq!(manifests, 1, "what no manifest names is removed");
}

#[test]
fn a_backup_takes_a_segment_again_once_it_is_packed() {
    let mut source = run(&[&[Open][..], &vec![Commit(vec![(2, 900)]); 12]].concat());
    let target = SimDisk::default();
    backup(&source.disk, &target).unwrap();
    let log = |disk: &SimDisk| -> Vec<String> {
        let paths = disk.files().into_keys().filter(|path| path.as_str().starts_with("log/"));
        paths.map(|path| path.name().to_owned()).collect()
    };
    assert!(log(&target).iter().all(|name| name.ends_with(".seg")));
    source.step(&Compact);
    let again = backup(&source.disk, &target).unwrap();
    assert!(again.copied_bytes > 0);
    assert_eq!(log(&target), log(&source.disk), "each stands as it stands in the source, once");
    assert!(look(&read(&target).unwrap()) == look(&read(&source.disk).unwrap()));
}

#[test]
fn a_backup_beside_a_writer_that_packs_and_drops_the_log_holds_all_of_it() {
    let more = vec![Commit(vec![(2, 300), (1, 900)]); 16];
    let mut source = Driver::new(Options { keep_log: Some(Duration::ZERO), ..small_options() });
    source.run(&[&[Open][..], &more, &[Close, Open]].concat());
    let events = look(&source.core.as_ref().unwrap().snapshot());
    let from = world(&source.disk);
    let (target, mut compacted) = (SimDisk::default(), false);
    let report = ops::backup(&from, &world(&target), &mut |_| {
        if !std::mem::replace(&mut compacted, true) {
            source.core.as_mut().unwrap().compact().unwrap();
        }
    });
    assert_eq!(report.unwrap().durable, Lsn(events.len() as u64));
    assert!(
        compacted && source.core.unwrap().snapshot().segments()[0].first_lsn > Lsn(1),
        "the log was dropped"
    );
    assert_eq!(verified(&target).damages, vec![]);
    let shown = read(&target).unwrap();
    let run =
        |snapshot: &Snapshot| snapshot.projection.runs().map(|run| run.unwrap().seq).collect::<Vec<_>>();
    assert_eq!(run(&shown), run(&read(&source.disk).unwrap()));
    assert_eq!(shown.recorded(Lsn(1)).filter(Result::is_ok).count(), events.len());
}

#[test]
fn a_backup_goes_only_where_it_belongs() {
    let source = run(&[Open, Commit(vec![(1, 10)])]);
    let other = {
        let mut other = Driver::new(small_options());
        other.draw_another_identity();
        other.run(&[Open, Commit(vec![(1, 10)])]);
        let target = SimDisk::default();
        backup(&other.disk, &target).unwrap();
        target
    };
    let papers = SimDisk::holding([(RelPath::of("thesis.tex"), b"...".to_vec())]);
    for target in [&other, &papers, &source.disk] {
        let files = target.files();
        let refused = backup(&source.disk, target);
        assert!(matches!(refused, Err(Error::Target(_))), "{refused:?}");
        assert!(target.files() == files);
    }
    assert!(matches!(backup(&SimDisk::default(), &SimDisk::default()), Err(Error::NoStore)));
}

#[test]
fn t1_a_backup_that_was_cut_short_leaves_the_one_before_and_is_begun_again() {
    let mut source = run(&[&[Open][..], &vec![Commit(vec![(2, 900)]); 6]].concat());
    let first = SimDisk::default();
    backup(&source.disk, &first).unwrap();
    let before = look(&read(&first).unwrap());
    source.run(&vec![Commit(vec![(2, 900)]); 6]);
    let now = look(&read(&source.disk).unwrap());
    let ops = {
        let target = first.after_image(Image::AllLost);
        backup(&source.disk, &target).unwrap();
        target.op_count()
    };
    for at in 0..ops {
        for image in Image::EXTREMES.into_iter().chain([Image::Drawn(at), Image::Drawn(at + 1000)]) {
            for failure in FAILURES {
                let _case = Case(|| format!("{failure:?} at operation {at} of {ops}, {image:?}"));
                let target = first.after_image(Image::AllLost);
                target.plan(at..at + 1, failure);
                let done = backup(&source.disk, &target);
                let left = target.after_image(image);
                let held = look(&read(&left).unwrap());
                assert!(held == before || held == now, "either backup, whole");
                assert!(done.is_err() || held == now, "what was reported is there");
                backup(&source.disk, &left).unwrap();
                assert!(look(&read(&left.after_image(Image::AllLost)).unwrap()) == now);
            }
        }
    }
}

/// Work on `target`, which holds no store, is stopped and fails at every operation: what is left is no
/// store, or all of `events`.
fn cut_everywhere(events: &Events, work: impl Fn(&SimDisk) -> Result<(), Error>) {
    let whole = SimDisk::default();
    work(&whole).unwrap();
    for at in 0..whole.op_count() {
        for image in Image::EXTREMES.into_iter().chain([Image::Drawn(at)]) {
            for failure in FAILURES {
                let _case = Case(|| format!("{failure:?} at operation {at}, {image:?}"));
                let target = SimDisk::default();
                target.plan(at..at + 1, failure);
                let done = work(&target);
                match read(&target.after_image(image)) {
                    Err(Error::NoStore) => assert!(done.is_err(), "what was reported is there"),
                    held => assert!(look(&held.unwrap()) == *events, "whole, or no store"),
                }
            }
        }
    }
}

#[test]
fn t1_a_restore_that_was_cut_short_is_no_store_or_all_of_it() {
    let source = run(&[&[Open][..], &vec![Commit(vec![(2, 900)]); 6], &[Upload(700), Close]].concat());
    let copy = SimDisk::default();
    backup(&source.disk, &copy).unwrap();
    let events = look(&read(&source.disk).unwrap());
    cut_everywhere(&events, |target| ops::restore(&world(&copy), &world(target), &mut |_| ()).map(drop));
}

/// What is in one and not in the other, each as often as it is there.
fn missing(whole: &Events, kept: &Events) -> Vec<Event> {
    let mut kept: Vec<&Event> = kept.iter().collect();
    let mut missing = Vec::new();
    for event in whole.iter() {
        match kept.iter().position(|known| *known == event) {
            Some(at) => drop(kept.remove(at)),
            None => missing.push(event.clone()),
        }
    }
    missing
}

#[test]
fn a_repair_keeps_what_is_valid_and_names_what_is_not() {
    let driver = closed();
    let whole = look(&read(&driver.disk).unwrap());
    for (path, bytes) in driver.disk.files().into_iter().filter(|(path, _)| is_live(path)) {
        for at in (0..bytes.len()).step_by(61) {
            let _case = Case(|| format!("byte {at} of {path}"));
            let disk = driver.disk.after_image(Image::AllLost);
            disk.rot(&path, |bytes| bytes[at] ^= 16);
            let files = disk.files();
            let target = SimDisk::default();
            let report = match repair(&disk, Some(&target)) {
                Ok(report) => report,
                Err(error) => {
                    assert!(matches!(error, Error::TooNew { .. }), "{error:?}");
                    continue;
                }
            };
            assert!(disk.files() == files, "the source is left as it is");
            assert_eq!(verified(&target).damages, [], "the result is sound");
            let kept = look(&read(&target).unwrap());
            let gone = missing(&whole, &kept);
            let lost: u64 = report.lost.iter().map(|(first, last)| last.0 - first.0 + 1).sum();
            // The founding event is the new store's own.
            let founding = u64::from(report.lost.first().is_none_or(|(first, _)| *first > Lsn(1)));
            assert_eq!(gone.len() as u64, lost + founding, "{report:?}");
            assert!(gone.len() <= 3, "one byte costs one event: {gone:?}");
            let by_run: u64 = report.runs.iter().map(|lost| lost.last - lost.first + 1).sum();
            let of_runs = gone.iter().filter(|event| event.run().is_some()).count() as u64;
            assert_eq!(by_run, of_runs, "{report:?}");
            let told = repair(&disk, None).unwrap();
            assert_eq!((told.kept, &told.lost, &told.runs), (report.kept, &report.lost, &report.runs));
        }
    }
}

#[test]
fn a_repair_reads_packed_segments() {
    let driver = packed();
    let whole = look(&read(&driver.disk).unwrap());
    let files = driver.disk.files();
    let (path, bytes) = files.iter().filter(|(path, _)| is_packed(path)).nth(1).unwrap();
    let segments = read(&driver.disk).unwrap().segments();
    let held = segments[1].last_lsn.0 - segments[1].first_lsn.0 + 1;
    // Its one block begins behind the header and ends before an entry of the table and a checksum.
    let block = 48..bytes.len() - 16;
    let mut again = 0;
    for at in (0..bytes.len()).step_by(13) {
        let _case = Case(|| format!("byte {at} of {path}"));
        let disk = driver.disk.after_image(Image::AllLost);
        disk.rot(path, |bytes| bytes[at] ^= 16);
        let target = SimDisk::default();
        let report = repair(&disk, Some(&target)).unwrap();
        assert_eq!(verified(&target).damages, [], "the result is sound");
        // The founding event is the new store's own.
        assert_eq!(missing(&whole, &look(&read(&target).unwrap())).len(), 1, "{report:?}");
        assert_eq!(report.from_tables, if block.contains(&at) { held } else { 0 });
        assert!(report.lost.is_empty() && report.values.is_empty(), "{report:?}");
        again += report.from_tables;
    }
    assert!(again > 0, "table files have what the damaged block had");
}

/// A folder whose log begins behind events that only table files hold, and all its events.
fn without_beginning() -> (Driver, Events) {
    let mut driver = closed();
    let commits = vec![Commit(vec![(2, 40), (3, 200)]); 3];
    driver.run(&[&[Open][..], &commits, &[Upload(300), Close]].concat());
    let whole = look(&read(&driver.disk).unwrap());
    driver.options.keep_log = Some(std::time::Duration::ZERO);
    driver.run(&[Open]);
    while driver.core.as_mut().unwrap().compact().unwrap() {}
    assert!(driver.core.as_ref().unwrap().snapshot().segments()[0].first_lsn > Lsn(whole.len() as u64));
    driver.core.take().unwrap().close().unwrap();
    // The segments that were dropped are gone for good.
    driver.disk = driver.disk.after_image(Image::AllKept);
    (driver, whole)
}

#[test]
fn a_repair_makes_the_log_again_of_table_files() {
    let (driver, whole) = without_beginning();
    for is_named in [true, false] {
        let disk = driver.disk.after_image(Image::AllLost);
        if !is_named {
            let manifests = disk.files().into_keys().filter(|path| path.as_str().starts_with("manifest/"));
            manifests.for_each(|path| disk.lose(&path));
        }
        let target = SimDisk::default();
        let report = repair(&disk, Some(&target)).unwrap();
        assert_eq!(verified(&target).damages, [], "the result is sound");
        let kept = look(&read(&target).unwrap());
        assert!(kept[1..whole.len()] == whole[1..], "every event but the founding one, as it was logged");
        assert_eq!(report.from_tables, whole.len() as u64, "{report:?}");
        assert!(report.lost.is_empty() && report.values.is_empty() && report.files.is_empty(), "{report:?}");
        let told = repair(&disk, None).unwrap();
        assert_eq!((told.kept, told.from_tables), (report.kept, report.from_tables));
    }
}

/// What table files alone hold and is damaged is told to the value; all else is kept.
#[test]
fn f4_a_repair_keeps_what_stands_around_damage_in_table_files() {
    let (driver, whole) = without_beginning();
    let is_table = |path: &RelPath| path.as_str().starts_with("tables/");
    let points = |events: &Events| -> u64 {
        let rows = events.iter().filter_map(|event| match &event.body {
            engine::Body::Logged(rows) => Some(engine::Block::parse(rows.block.clone()).unwrap()),
            _ => None,
        });
        rows.map(|block| block.columns().map(|column| u64::from(column.len())).sum::<u64>()).sum()
    };
    let lines = |events: &Events| -> u64 {
        let lines = events.iter().filter_map(|event| match &event.body {
            engine::Body::ConsoleWritten(console) => Some(&console.lines),
            _ => None,
        });
        lines.flatten().filter(|line| !line.text.is_empty()).count() as u64
    };
    let (mut lost_events, mut lost_values) = (0, 0);
    for (path, bytes) in driver.disk.files().into_iter().filter(|(path, _)| is_table(path)) {
        for at in [0, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
            let _case = Case(|| format!("byte {at} of {path}"));
            let disk = driver.disk.after_image(Image::AllLost);
            disk.rot(&path, |bytes| bytes[at] ^= 16);
            let target = SimDisk::default();
            let report = match repair(&disk, Some(&target)) {
                Ok(report) => report,
                Err(error) => {
                    assert!(matches!(error, Error::TooNew { .. }), "{error:?}");
                    continue;
                }
            };
            assert_eq!(verified(&target).damages, [], "the result is sound");
            let kept = look(&read(&target).unwrap());
            let lost: u64 = report.lost.iter().map(|(first, last)| last.0 - first.0 + 1).sum();
            if lost == 0 {
                assert_eq!(kept.len(), whole.len(), "every event");
                let values: u64 = report.values.iter().map(|lost| lost.count).sum();
                let (before, after) = (points(&whole) + lines(&whole), points(&kept) + lines(&kept));
                assert_eq!(before - after, values, "{report:?}");
                lost_values += values;
            }
            lost_events += lost;
        }
    }
    assert!(lost_events > 0 && lost_values > 0, "both were met");
}

#[test]
fn events_across_packed_and_plain_segments_are_those_that_were_written() {
    let mut options = small_options();
    (options.segment_bytes_min, options.segment_bytes_max) = (1 << 20, 2 << 20);
    let mut driver = Driver::new(options);
    // Frames lie across the borders of blocks, and one is larger than a block.
    let groups = [vec![Commit(vec![(3, 70_000)]); 12], vec![Commit(vec![(5, 300_000)]); 3]].concat();
    driver.run(&[&[Open][..], &groups].concat());
    let before = driver.core.as_ref().unwrap().snapshot();
    let written = look(&before);
    driver.run(&[Compact, Commit(vec![(2, 90_000)])]);
    let after = driver.core.as_ref().unwrap().snapshot();
    let packed = after.segments().iter().filter(|segment| segment.packed_bytes.is_some()).count();
    assert!(packed > 1 && packed < after.segments().len(), "{:?}", after.segments());
    assert!(look(&before) == written, "who holds the segments' own files goes on with them");
    let all = look(&after);
    assert!(all.len() > written.len() && all[..written.len()] == written[..]);
    for from in 1..=after.durable.0 {
        let found: Vec<Event> = after.events(Lsn(from)).map(|event| event.unwrap().2).collect();
        assert!(found[..] == all[usize::try_from(from - 1).unwrap()..], "from {from}");
    }
    // So does who reads the folder, and who opens it.
    assert!(look(&read(&driver.disk).unwrap()) == all);
    driver.run(&[Close, Open]);
    assert!(look(&driver.core.as_ref().unwrap().snapshot()) == all);
    assert_eq!(verified(&driver.disk).damages, []);
}

#[test]
fn a_repair_of_a_folder_without_a_manifest_or_a_segment_keeps_the_rest() {
    let driver = closed();
    let whole = look(&read(&driver.disk).unwrap());
    for path in driver.disk.files().into_keys().filter(is_live) {
        let disk = driver.disk.after_image(Image::AllLost);
        disk.lose(&path);
        let target = SimDisk::default();
        let report = repair(&disk, Some(&target)).unwrap();
        assert_eq!(verified(&target).damages, []);
        let kept = look(&read(&target).unwrap());
        assert_eq!(report.lost.is_empty(), path.as_str().starts_with("manifest/"), "{path}: {report:?}");
        let names = |events: &Events| -> BTreeSet<String> {
            events.iter().filter_map(|event| event.run()).map(ToString::to_string).collect()
        };
        let begun: BTreeSet<String> = report.begun_again.iter().cloned().collect();
        assert!(begun.is_subset(&names(&whole)) && names(&kept).is_superset(&begun));
    }
}

#[test]
fn progress_is_told_and_ends_at_the_end() {
    let driver = closed();
    let mut seen = Vec::new();
    ops::verify(&world(&driver.disk), false, &mut |progress: Progress| seen.push(progress)).unwrap();
    assert!(seen.len() > 2 && seen.is_sorted_by_key(|progress| progress.done));
    assert_eq!(seen.last().map(|progress| progress.done), seen.last().map(|progress| progress.total));
}
