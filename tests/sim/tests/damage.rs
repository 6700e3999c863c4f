//! Rot, holes, truncation and loss: what was proven is reported, never passed over (D6); what was
//! not proven is a torn tail.

use engine::disk::RelPath;
use engine::disk::sim::{Failure, Image, OpKind, SimClock, SimDisk};
use engine::{Core, Damage, Error, ErrorKind, TableInfo, ops};

use Step::{Close, Commit, Compact, Idle, Kill, Open};
use wbq_sim::driver::{Case, Driver, Step, merging_options, small_options};
use wbq_sim::look::{compare, look, try_look};
use wbq_sim::verify::{read_only, verify};

fn path(text: &str) -> RelPath {
    RelPath::of(text)
}

fn segment(number: u64) -> RelPath {
    path(&format!("log/{number:010}.seg"))
}

fn packed(number: u64) -> RelPath {
    path(&format!("log/{number:010}.segz"))
}

/// A store that was left with some segments in it.
fn left(steps: &[Step]) -> Driver {
    let mut driver = Driver::new(small_options());
    driver.run(steps);
    driver.core = None;
    driver.disk = driver.disk.after_image(Image::AllLost);
    driver
}

/// Sealed segments, and one that was closed.
fn closed_store() -> Driver {
    left(&[&[Open][..], &vec![Commit(vec![(1, 10), (3, 400)]); 24], &[Close]].concat())
}

/// The same, all but the last event in table files and packed segments. The second opening has removed
/// what the packed ones stood in before.
fn packed_store() -> Driver {
    let steps = [&[Open][..], &vec![Commit(vec![(1, 10), (3, 400)]); 24], &[Close, Open, Compact, Close]];
    left(&[&steps.concat()[..], &[Open, Commit(vec![(1, 10)]), Close]].concat())
}

/// What opening a damaged disk says. A refusal changes nothing.
fn refusal(driver: &Driver, disk: &SimDisk) -> Option<Error> {
    let files = disk.files();
    let mut after = driver.fork(disk.clone());
    match after.try_open() {
        Err(error) => {
            assert!(disk.files() == files, "F19: a refusal leaves the folder as it is");
            assert!(read_only(disk, &mut driver.journal.clone()).is_err(), "readers are refused too");
            Some(error)
        }
        Ok(core) => match compare(&core.snapshot(), &mut after.journal, None) {
            Ok(found) => {
                // Nothing acked may be missing, and nothing else there.
                after.journal.settle(&found);
                None
            }
            // Opening does not read what the checkpoint stands for; who reads it is told, and so is who asks.
            Err(_) => match ops::verify(&disk.world(&SimClock::default(), 0), false, &mut |_| ()) {
                Ok(verified) => verified.damages.into_iter().next().map(Box::new).map(Error::Damaged),
                Err(error) => Some(error),
            },
        },
    }
}

fn damage(error: Option<Error>) -> Damage {
    match error {
        Some(Error::Damaged(damage)) => *damage,
        other => unreachable!("no damage was found: {other:?}"),
    }
}

#[test]
fn f1_a_torn_last_group_is_cut_and_nothing_before_it() {
    for bytes in [10, 300, 2500] {
        let mut options = small_options();
        options.segment_bytes_min *= 4; // no roll gets in between
        let mut driver = Driver::new(options);
        driver.run(&[&[Open][..], &vec![Commit(vec![(1, 10)]); 4]].concat());
        let sync = driver.disk.op_count() + 1;
        driver.disk.plan(sync..sync + 1, Failure::StopBefore);
        driver.commit(&[(4, bytes)]);
        assert_eq!(driver.disk.ops()[sync as usize].kind, OpKind::Sync);
        driver.core = None;
        for image in Image::EXTREMES.into_iter().chain((0..300).map(Image::Drawn)) {
            let _case = Case(|| format!("{bytes} bytes an event, {image:?}"));
            verify(&driver, driver.disk.after_image(image));
        }
    }
}

#[test]
fn f1_bytes_that_are_cut_are_counted() {
    let mut driver = Driver::new(small_options());
    driver.run(&[Open, Commit(vec![(1, 10)]), Commit(vec![(1, 10)])]);
    let sync = driver.disk.op_count() + 1;
    driver.disk.plan(sync..sync + 1, Failure::StopBefore);
    driver.commit(&[(1, 10)]);
    driver.core = None;
    let cut = |image| {
        let mut after = driver.fork(driver.disk.after_image(image));
        let counters = std::sync::Arc::clone(after.open().counters());
        counters.recovery_cut_bytes.load(std::sync::atomic::Ordering::Relaxed)
    };
    assert_eq!(cut(Image::AllLost), 0);
    assert_eq!(cut(Image::AllKept), 0, "whole and valid: it is kept");
    assert!(cut(Image::Garbage) > 0);
}

#[test]
fn f2_every_damaged_byte_of_a_proven_group_is_reported() {
    // The last group is proven by a close mark; its bytes and those before it are all covered.
    let driver =
        left(&[Open, Commit(vec![(1, 10)]), Commit(vec![(1, 10)]), Commit(vec![(2, 100)]), Idle, Kill]);
    let content = driver.disk.files()[&segment(1)].clone();
    let end = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mark = 29; // the close mark itself only proves; seven zeros of its number stand behind `end`
    for at in (0..92).chain(512..end - mark) {
        let _case = Case(|| format!("byte {at} of {end}"));
        for flip in [1, 0x80] {
            let disk = driver.disk.after_image(Image::AllLost);
            disk.rot(&segment(1), |bytes| bytes[at] ^= flip);
            let error = refusal(&driver, &disk);
            assert!(matches!(error, Some(Error::Damaged(_) | Error::TooNew { .. })), "{error:?}");
        }
    }
    for at in end - mark..content.len() {
        let disk = driver.disk.after_image(Image::AllLost);
        disk.rot(&segment(1), |bytes| bytes[at] ^= 1);
        assert!(refusal(&driver, &disk).is_none(), "byte {at} holds nothing that was acked");
    }
}

#[test]
fn f2_the_damage_names_its_place() {
    let driver =
        left(&[Open, Commit(vec![(1, 10)]), Commit(vec![(1, 10)]), Commit(vec![(2, 100)]), Idle, Kill]);
    let disk = driver.disk.after_image(Image::AllLost);
    disk.rot(&segment(1), |bytes| bytes[700] ^= 1);
    let damage = damage(refusal(&driver, &disk));
    assert_eq!(damage.segment.map(|id| id.0), Some(1));
    assert!(damage.offset.is_some_and(|offset| (512..=700).contains(&offset)), "{damage:?}");
    assert!(damage.lsns.is_some(), "{damage:?}");
}

#[test]
fn f3_every_damaged_byte_of_a_sealed_segment_is_reported_with_its_runs() {
    let driver = closed_store();
    let content = driver.disk.files()[&segment(2)].clone();
    let end = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for at in (0..92).chain(512..end) {
        let _case = Case(|| format!("byte {at} of {end}"));
        let disk = driver.disk.after_image(Image::AllLost);
        disk.rot(&segment(2), |bytes| bytes[at] ^= 4);
        match refusal(&driver, &disk) {
            Some(Error::TooNew { .. }) => assert!((8..12).contains(&at)),
            error => {
                let damage = damage(error);
                assert_eq!(damage.segment.map(|id| id.0), Some(2), "{damage:?}");
                assert!(damage.lsns.is_some() && !damage.runs.is_empty(), "{damage:?}");
            }
        }
    }
}

#[test]
fn f3_every_damaged_byte_of_a_packed_segment_is_reported_with_its_runs() {
    let driver = packed_store();
    let content = driver.disk.files()[&packed(2)].clone();
    for at in 0..content.len() {
        let _case = Case(|| format!("byte {at} of {}", content.len()));
        let disk = driver.disk.after_image(Image::AllLost);
        disk.rot(&packed(2), |bytes| bytes[at] ^= 4);
        match refusal(&driver, &disk) {
            Some(Error::TooNew { .. }) => assert!((8..12).contains(&at)),
            error => {
                let damage = damage(error);
                assert_eq!(damage.segment.map(|id| id.0), Some(2), "{damage:?}");
                assert!(
                    damage.offset.is_some() && damage.lsns.is_some() && !damage.runs.is_empty(),
                    "{damage:?}"
                );
                assert!(!damage.is_derived && damage.what.contains(packed(2).as_str()), "{damage:?}");
                assert!(damage.what.ends_with("table files hold its rows too"), "{damage:?}");
            }
        }
    }
}

#[test]
fn f3_a_packed_segment_that_is_cut_lost_or_anothers_is_reported() {
    let driver = packed_store();
    let files = driver.disk.files();
    let content = &files[&packed(2)];
    let refused = |what: &str, change: &dyn Fn(&SimDisk)| {
        let _case = Case(|| what.to_owned());
        let disk = driver.disk.after_image(Image::AllLost);
        change(&disk);
        let damage = damage(refusal(&driver, &disk));
        assert_eq!(damage.segment.map(|id| id.0), Some(2), "{damage:?}");
        assert!(!damage.runs.is_empty(), "{damage:?}");
    };
    for len in 0..content.len() {
        refused(&format!("cut to {len}"), &|disk| disk.rot(&packed(2), |bytes| bytes.truncate(len)));
    }
    refused("longer", &|disk| disk.rot(&packed(2), |bytes| bytes.push(0)));
    refused("lost", &|disk| disk.lose(&packed(2)));
    refused("another's", &|disk| disk.rot(&packed(2), |bytes| *bytes = files[&packed(1)].clone()));
}

#[test]
fn f3_a_segment_cut_at_any_length_is_reported() {
    let driver = closed_store();
    for number in [1, 2] {
        let content = driver.disk.files()[&segment(number)].clone();
        let end = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        for len in 0..end {
            let _case = Case(|| format!("segment {number} cut to {len} of {end}"));
            let disk = driver.disk.after_image(Image::AllLost);
            disk.rot(&segment(number), |bytes| bytes.truncate(len));
            assert!(matches!(refusal(&driver, &disk), Some(Error::Damaged(_))));
        }
    }
}

#[test]
fn f3_a_hole_in_a_sealed_segment_is_reported() {
    let driver = closed_store();
    let sectors = driver.disk.files()[&segment(2)].len() / 512;
    for sector in 0..sectors {
        let disk = driver.disk.after_image(Image::AllLost);
        disk.rot(&segment(2), |bytes| bytes[sector * 512..][..512].fill(0));
        let has_changed = disk.files() != driver.disk.files();
        assert_eq!(refusal(&driver, &disk).is_some(), has_changed, "sector {sector}");
    }
}

#[test]
fn f3_a_lost_segment_is_reported() {
    let driver = closed_store();
    let segments: Vec<_> =
        driver.disk.files().into_keys().filter(|path| path.as_str().starts_with("log/")).collect();
    assert!(segments.len() > 3);
    for segment in segments {
        let disk = driver.disk.after_image(Image::AllLost);
        disk.lose(&segment);
        let damage = damage(refusal(&driver, &disk));
        assert_eq!(
            damage.segment.map(|id| format!("{:010}.seg", id.0)).as_deref(),
            Some(segment.name()),
            "{damage:?}"
        );
    }
}

#[test]
fn f5_every_damaged_byte_of_a_manifest_is_reported_or_harmless() {
    let driver = closed_store();
    let manifest =
        driver.disk.files().into_keys().find(|path| path.as_str().starts_with("manifest/")).unwrap();
    for at in 0..driver.disk.files()[&manifest].len() {
        let _case = Case(|| format!("byte {at} of {manifest}"));
        let disk = driver.disk.after_image(Image::AllLost);
        disk.rot(&manifest, |bytes| bytes[at] ^= 1);
        let error = refusal(&driver, &disk);
        assert!(matches!(error, None | Some(Error::Damaged(_) | Error::TooNew { .. })), "{error:?}");
    }
}

#[test]
fn f5_a_manifest_cut_at_any_length_or_lost_is_reported_or_harmless() {
    let driver = closed_store();
    let manifest =
        driver.disk.files().into_keys().find(|path| path.as_str().starts_with("manifest/")).unwrap();
    for len in 0..driver.disk.files()[&manifest].len() {
        let _case = Case(|| format!("{manifest} cut to {len}"));
        let disk = driver.disk.after_image(Image::AllLost);
        disk.rot(&manifest, |bytes| bytes.truncate(len));
        let error = refusal(&driver, &disk);
        assert!(matches!(error, None | Some(Error::Damaged(_))), "{error:?}");
    }
    let disk = driver.disk.after_image(Image::AllLost);
    disk.lose(&manifest);
    let mut after = driver.fork(disk);
    assert!(
        matches!(after.try_open(), Err(Error::Damaged(_))),
        "segments without a manifest are no new store"
    );
}

#[test]
fn f6_a_segment_of_another_place_or_store_is_reported() {
    let driver = closed_store();
    let foreign = {
        let mut other = Driver::new(small_options());
        other.draw_another_identity();
        other.run(&[Open, Commit(vec![(1, 10)])]);
        other.disk.files()[&segment(1)].clone()
    };
    let files = driver.disk.files();
    for (target, source) in [(2, files[&segment(3)].clone()), (3, files[&segment(1)].clone()), (1, foreign)] {
        let disk = driver.disk.after_image(Image::AllLost);
        disk.rot(&segment(target), |bytes| *bytes = source);
        damage(refusal(&driver, &disk));
    }
}

#[test]
fn f13_a_second_writer_is_refused_and_told_who_holds_the_folder() {
    let mut driver = Driver::new(small_options());
    driver.run(&[Open, Commit(vec![(1, 10)])]);
    let (files, ops) = (driver.disk.files(), driver.disk.op_count());
    let mut second = driver.fork(driver.disk.clone());
    match second.try_open() {
        Err(Error::Locked { holder }) => assert_eq!(holder, "the simulator"),
        other => unreachable!("{other:?}"),
    }
    assert_eq!(driver.disk.op_count(), ops);
    assert!(driver.disk.files() == files, "no byte changed");
    assert!(read_only(&driver.disk, &mut driver.journal.clone()).is_ok(), "readers take no lock");
    driver.step(&Close);
    assert!(second.try_open().is_ok());
}

#[test]
fn f19_a_folder_of_a_later_format_is_refused_and_left_alone() {
    let driver = closed_store();
    let manifest =
        driver.disk.files().into_keys().find(|path| path.as_str().starts_with("manifest/")).unwrap();
    let packed_driver = packed_store();
    for (driver, path) in [(&driver, segment(1)), (&driver, manifest), (&packed_driver, packed(1))] {
        let disk = driver.disk.after_image(Image::AllLost);
        disk.rot(&path, |bytes| bytes[8] = 9); // the version, behind eight bytes of magic
        match refusal(driver, &disk) {
            Some(Error::TooNew { path: named, found: 9, supported: 1..=6 }) => assert_eq!(named, path),
            other => unreachable!("{other:?}"),
        }
    }
}

#[test]
fn f11_a_sector_that_cannot_be_read_is_tried_again_and_then_refused_and_never_taken_for_an_end() {
    for driver in [closed_store(), packed_store()] {
        bad_sectors_are_refused(&driver);
    }
}

fn bad_sectors_are_refused(driver: &Driver) {
    let is_read = |path: &RelPath| path.name() != "LOCK" && !path.as_str().starts_with("tables/");
    for path in driver.disk.files().into_keys().filter(is_read) {
        let once = driver.disk.after_image(Image::AllLost);
        once.plan_bad_reads(&path, 0..512, 1);
        driver.fork(once).try_recover().unwrap();

        let always = driver.disk.after_image(Image::AllLost);
        always.plan_bad_reads(&path, 0..512, u32::MAX);
        let opened = driver.fork(always.clone()).try_open();
        let error = opened.and_then(|core| try_look(&core.snapshot())).map(|_| ()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::Damaged), "{path}: {error:?}");
        assert!(read_only(&always, &mut driver.journal.clone()).is_err());
    }
}

#[test]
fn a_damaged_table_file_is_reported_by_who_reads_it_and_by_verify() {
    let driver = left(&[&[Open][..], &vec![Commit(vec![(3, 200)]); 24], &[Close, Open, Compact]].concat());
    let whole = look(&driver.fork(driver.disk.clone()).open().snapshot());
    let tables: Vec<_> =
        driver.disk.files().into_iter().filter(|(path, _)| path.as_str().starts_with("tables/")).collect();
    assert!(tables.len() >= 6, "history, console, events, each with its index: {}", tables.len());
    for (path, bytes) in tables {
        let places = (0..bytes.len()).step_by(97).map(Some).chain([None]);
        for at in places {
            let _case = Case(|| format!("{at:?} of {path}"));
            let disk = driver.disk.after_image(Image::AllLost);
            disk.rot(&path, |bytes| match at {
                Some(at) => bytes[at] ^= 8,
                None => bytes.truncate(bytes.len() - 1),
            });
            let mut after = driver.fork(disk);
            let world = after.disk.world(&SimClock::default(), 0);
            match ops::verify(&world, false, &mut |_| ()) {
                Ok(found) => assert!(!found.damages.is_empty(), "verify passes over it"),
                Err(error) => assert!(matches!(error, Error::TooNew { .. }), "{error:?}"),
            }
            // The log still holds every event, so the store opens; rows are right or refused.
            match try_look(&after.open().snapshot()) {
                Ok(found) => assert!(found == whole),
                Err(error) => assert!(matches!(error, Error::Damaged(_) | Error::TooNew { .. }), "{error:?}"),
            }
        }
    }
}

/// A store with files straight from the log and merged ones, some of each to be merged next.
fn left_to_merge() -> Driver {
    let round = [&[Open][..], &vec![Commit(vec![(3, 300), (2, 100)]); 4], &[Close, Open, Compact]].concat();
    let mut driver = Driver::new(merging_options());
    driver.run(&vec![round.clone(); 5].concat());
    driver.run(&round[..round.len() - 1]);
    driver.core = None;
    driver.disk = driver.disk.after_image(Image::AllLost);
    driver
}

/// Compacts as often as it does something; gives what it told.
fn compact_all(core: &mut Core) -> Vec<String> {
    let mut errors = Vec::new();
    for _ in 0..8 {
        match core.compact() {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => errors.push(error.to_string()),
        }
    }
    errors
}

/// F4: what the log gives again is made again first; what was merged before is told, and left.
#[test]
fn f4_damage_in_a_table_file_that_is_merged_is_mended_and_costs_nothing() {
    let driver = left_to_merge();
    let whole = look(&driver.fork(driver.disk.clone()).open().snapshot());
    let mut sound = driver.fork(driver.disk.after_image(Image::AllLost));
    let before = sound.open().snapshot().table_files();
    assert!(compact_all(sound.open()).is_empty());
    let merged = sound.disk.files();
    let is_replaced = |table: &&TableInfo| !merged.contains_key(&RelPath::of(&table.paths[0]));
    let inputs: Vec<&TableInfo> =
        before.iter().filter(|table| !["runs", "state"].contains(&table.kind)).filter(is_replaced).collect();
    assert!(inputs.iter().any(|table| table.level == 0) && inputs.iter().any(|table| table.level > 0));
    for table in inputs {
        let path = RelPath::of(&table.paths[0]);
        let len = driver.disk.files()[&path].len();
        for at in [0, len / 2, len - 5] {
            let _case = Case(|| format!("byte {at} of {path}, level {}", table.level));
            let disk = driver.disk.after_image(Image::AllLost);
            disk.rot(&path, |bytes| bytes[at] ^= 8);
            let mut after = driver.fork(disk);
            after.open();
            let core = after.core.as_mut().unwrap();
            let errors = compact_all(core);
            assert!(!core.compact().unwrap(), "what is damaged is left alone");
            let stands = core.snapshot().table_files().iter().any(|table| table.paths[0] == path.as_str());
            assert!(errors.is_empty() && !stands, "made again, and merged: {errors:?}");
            assert!(look(&core.snapshot()) == whole);
        }
    }
}
