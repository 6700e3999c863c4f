//! The simulated disk itself: what it promises to the tests that stand on it.

use std::collections::BTreeSet;

use engine::disk::sim::{EINTR, EIO, Failure, Image, OpKind, SimDisk};
use engine::disk::{Disk, DiskFile, RelPath, write_all_at};

fn path(text: &str) -> RelPath {
    RelPath::of(text)
}

/// A synced file whose name is synced too.
fn lasting(disk: &SimDisk, name: &str, bytes: &[u8]) -> Box<dyn DiskFile> {
    let mut file = disk.create_new(&path(name)).unwrap();
    write_all_at(&mut *file, 0, bytes).unwrap();
    file.sync_all().unwrap();
    disk.sync_dir(&path(name).parent()).unwrap();
    file
}

fn after(disk: &SimDisk, image: Image, name: &str) -> Option<Vec<u8>> {
    disk.after_image(image).files().remove(&path(name))
}

#[test]
fn what_is_synced_with_its_name_survives_every_crash() {
    let disk = SimDisk::default();
    lasting(&disk, "log/a", b"hello");
    for image in Image::EXTREMES.into_iter().chain((0..100).map(Image::Drawn)) {
        assert_eq!(after(&disk, image, "log/a").as_deref(), Some(&b"hello"[..]), "{image:?}");
    }
}

#[test]
fn a_name_that_is_not_synced_may_be_gone() {
    let disk = SimDisk::default();
    let mut file = disk.create_new(&path("log/a")).unwrap();
    write_all_at(&mut *file, 0, b"hello").unwrap();
    file.sync_all().unwrap();
    assert_eq!(after(&disk, Image::AllLost, "log/a"), None);
    assert_eq!(after(&disk, Image::AllKept, "log/a").unwrap(), b"hello");
}

#[test]
fn a_file_that_is_not_synced_may_be_empty_under_its_name() {
    let disk = SimDisk::default();
    let mut file = disk.create_new(&path("log/a")).unwrap();
    write_all_at(&mut *file, 0, b"hello").unwrap();
    disk.sync_dir(&path("log")).unwrap();
    assert_eq!(after(&disk, Image::AllLost, "log/a").unwrap(), b"");
    assert_eq!(after(&disk, Image::NamesKept, "log/a").unwrap(), b"");
    assert_eq!(after(&disk, Image::LengthsKept, "log/a").unwrap(), [0; 5]);
    assert_eq!(after(&disk, Image::Garbage, "log/a").unwrap().len(), 5);
    assert_ne!(after(&disk, Image::Garbage, "log/a").unwrap(), b"hello");
}

#[test]
fn a_rename_lasts_once_both_folders_are_synced() {
    let disk = SimDisk::default();
    lasting(&disk, "tmp/a", b"x");
    disk.rename(&path("tmp/a"), &path("log/a")).unwrap();
    let names = |disk: &SimDisk, image| disk.after_image(image).files().into_keys().collect::<Vec<_>>();
    assert_eq!(names(&disk, Image::AllLost), [path("tmp/a")]);
    disk.sync_dir(&path("tmp")).unwrap();
    assert_eq!(names(&disk, Image::AllLost), [path("tmp/a")]);
    disk.sync_dir(&path("log")).unwrap();
    assert_eq!(names(&disk, Image::AllLost), [path("log/a"), path("tmp/a")]);
    assert_eq!(names(&disk, Image::AllKept), [path("log/a")]);
    disk.sync_dir(&path("tmp")).unwrap();
    assert_eq!(names(&disk, Image::AllLost), [path("log/a")]);
}

#[test]
fn drawn_crashes_keep_lose_and_tear_writes_in_any_order() {
    let disk = SimDisk::default();
    let mut file = lasting(&disk, "log/a", &[0; 2048]);
    write_all_at(&mut *file, 0, &[1; 1024]).unwrap();
    write_all_at(&mut *file, 1024, &[2; 1024]).unwrap();
    let seen: BTreeSet<Vec<u8>> =
        (0..200).filter_map(|seed| after(&disk, Image::Drawn(seed), "log/a")).collect();
    let both = [[1; 1024], [2; 1024]].concat();
    for legal in [vec![0; 2048], both, [[0; 1024], [2; 1024]].concat(), [[1; 1024], [0; 1024]].concat()] {
        assert!(seen.contains(&legal));
    }
    let torn = [vec![1; 512], vec![0; 512]].concat();
    assert!(seen.iter().any(|bytes| bytes.starts_with(&torn)), "sectors of one write");
    assert!(seen.iter().any(|bytes| bytes.iter().any(|byte| *byte > 2)), "garbage");
    assert!(seen.len() > 15);
}

#[test]
fn the_same_seed_gives_the_same_crash() {
    let disk = SimDisk::default();
    let mut file = disk.create_new(&path("log/a")).unwrap();
    write_all_at(&mut *file, 0, &[7; 5000]).unwrap();
    for seed in 0..50 {
        let image = Image::Drawn(seed);
        assert_eq!(disk.after_image(image).files(), disk.after_image(image).files());
    }
}

#[test]
fn a_planned_stop_comes_before_or_after_the_effect_and_nothing_works_from_then_on() {
    for (stop, expected) in [(Failure::StopBefore, &b"x"[..]), (Failure::StopAfter, b"y")] {
        let disk = SimDisk::default();
        let mut file = lasting(&disk, "log/a", b"x");
        disk.plan(disk.op_count()..disk.op_count() + 1, stop);
        assert!(file.write_at(0, b"y").is_err());
        assert!(disk.is_off());
        assert!(file.sync_all().is_err());
        assert!(file.read_at(0, &mut [0]).is_err());
        assert!(disk.list(&path("log")).is_err());
        assert_eq!(after(&disk, Image::AllKept, "log/a").unwrap(), expected);
    }
}

#[test]
fn f7_after_a_failed_sync_the_cache_lies_until_it_is_dropped() {
    let disk = SimDisk::default();
    let mut file = lasting(&disk, "tmp/a", b"old");
    write_all_at(&mut *file, 0, b"new, longer").unwrap();
    disk.plan(disk.op_count()..disk.op_count() + 1, Failure::error(EIO));
    assert_eq!(file.sync_data().unwrap_err().raw_os_error(), Some(EIO));
    assert_eq!(disk.files()[&path("tmp/a")], b"new, longer");
    assert_eq!(after(&disk, Image::NamesKept, "tmp/a").unwrap(), b"old");
    file.drop_cache().unwrap();
    assert_eq!(disk.files()[&path("tmp/a")], b"old\0\0\0\0\0\0\0\0");
}

#[test]
fn a_killed_process_leaves_the_cache_and_nothing_more_on_the_disk() {
    let disk = SimDisk::default();
    let mut file = lasting(&disk, "log/a", b"old");
    write_all_at(&mut *file, 0, b"new").unwrap();
    let next = disk.after_kill();
    assert_eq!(next.files()[&path("log/a")], b"new");
    assert_eq!(after(&next, Image::AllLost, "log/a").unwrap(), b"old");
}

#[test]
fn dropping_the_cache_keeps_what_waits_to_be_written() {
    let disk = SimDisk::default();
    let mut file = lasting(&disk, "log/a", b"old");
    write_all_at(&mut *file, 0, b"new").unwrap();
    file.drop_cache().unwrap();
    assert_eq!(disk.files()[&path("log/a")], b"new");
}

#[test]
fn f10_short_and_interrupted_writes_are_gone_on_with() {
    let disk = SimDisk::default();
    let mut file = lasting(&disk, "log/a", b"");
    let next = disk.op_count();
    disk.plan(next..next + 1, Failure::Short);
    disk.plan(next + 1..next + 2, Failure::error(EINTR));
    write_all_at(&mut *file, 0, b"hello").unwrap();
    assert_eq!(disk.files()[&path("log/a")], b"hello");
    let writes: Vec<usize> =
        disk.ops().iter().filter(|op| op.kind == OpKind::Write).map(|op| op.len).collect();
    assert_eq!(writes[writes.len() - 3..], [5, 2, 2]);
}

#[test]
fn f8_a_full_disk_takes_what_fits_until_something_goes() {
    let disk = SimDisk::default();
    disk.limit(Some(3 * 4096));
    lasting(&disk, "tmp/ballast", &[1; 4096]);
    let mut file = lasting(&disk, "log/a", &[2; 4096]);
    let error = write_all_at(&mut *file, 4096, &[3; 8192]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(file.len().unwrap(), 8192, "one block fitted");
    assert_eq!(disk.free().unwrap(), 0);
    write_all_at(&mut *file, 0, &[4; 8192]).unwrap();
    disk.remove(&path("tmp/ballast")).unwrap();
    write_all_at(&mut *file, 8192, &[3; 4096]).unwrap();
}

#[test]
fn f11_bad_sectors_fail_as_often_as_planned() {
    let disk = SimDisk::default();
    let file = lasting(&disk, "log/a", &[1; 2048]);
    disk.plan_bad_reads(&path("log/a"), 512..1024, 2);
    let mut bytes = [0; 512];
    assert!(file.read_at(0, &mut bytes).is_ok());
    assert!(file.read_at(600, &mut bytes).is_err());
    assert!(file.map().is_err());
    assert!(file.read_at(600, &mut bytes).is_ok());
}

#[test]
fn rot_changes_what_the_disk_holds() {
    let disk = SimDisk::default();
    lasting(&disk, "log/a", b"hello");
    disk.rot(&path("log/a"), |bytes| bytes[0] ^= 1);
    assert_eq!(disk.files()[&path("log/a")], b"iello");
    assert_eq!(after(&disk, Image::AllLost, "log/a").unwrap(), b"iello");
    disk.lose(&path("log/a"));
    assert!(disk.files().is_empty());
}

#[test]
#[should_panic = "W8 is broken"]
fn w8_a_file_is_not_synced_again_after_a_failed_sync() {
    let disk = SimDisk::default();
    let mut file = lasting(&disk, "tmp/a", b"old");
    disk.plan(disk.op_count()..disk.op_count() + 1, Failure::error(EIO));
    assert!(file.sync_data().is_err());
    drop(file.sync_data());
}

#[test]
#[should_panic = "F7 is broken"]
fn f7_nothing_is_written_after_a_failed_sync_of_the_log() {
    let disk = SimDisk::default();
    let mut file = lasting(&disk, "log/a", b"old");
    disk.plan(disk.op_count()..disk.op_count() + 1, Failure::error(EIO));
    assert!(file.sync_data().is_err());
    drop(disk.create_new(&path("log/b")));
}

#[test]
#[should_panic = "W5 is broken"]
fn w5_a_file_is_not_renamed_before_it_is_synced() {
    let disk = SimDisk::default();
    let mut file = disk.create_new(&path("tmp/a")).unwrap();
    write_all_at(&mut *file, 0, b"x").unwrap();
    drop(disk.rename(&path("tmp/a"), &path("blobs/a")));
}

#[test]
#[should_panic = "W5 is broken"]
fn w5_a_file_with_a_name_is_not_written_over() {
    let disk = SimDisk::default();
    lasting(&disk, "tmp/a", b"x");
    lasting(&disk, "blobs/a", b"y");
    drop(disk.rename(&path("tmp/a"), &path("blobs/a")));
}

#[test]
#[should_panic = "which is mapped"]
fn w5_a_mapped_file_does_not_change() {
    let disk = SimDisk::default();
    let mut file = lasting(&disk, "log/a", b"x");
    file.map().unwrap();
    drop(file.set_len(0));
}

#[test]
#[should_panic = "W7 is broken"]
fn w7_a_file_goes_only_after_the_edit_that_drops_it() {
    let disk = SimDisk::default();
    lasting(&disk, "log/a", b"x");
    let mut edits = lasting(&disk, "manifest/1", b"x");
    write_all_at(&mut *edits, 1, b"drop log/a").unwrap();
    drop(disk.remove(&path("log/a")));
}

#[test]
#[should_panic = "earlier opening (W9)"]
fn w9_an_opening_does_not_write_to_the_segments_of_another() {
    let disk = SimDisk::default();
    let mut file = lasting(&disk, "log/a", b"x");
    let _lock = disk.lock(&path("LOCK")).unwrap().unwrap();
    drop(file.write_at(1, b"y"));
}

#[test]
#[should_panic = "W2 is broken"]
fn w2_what_a_descriptor_wrote_is_synced_through_it() {
    let disk = SimDisk::default();
    let mut file = lasting(&disk, "log/a", b"x");
    write_all_at(&mut *file, 1, b"y").unwrap();
    drop(disk.open(&path("log/a"), true).unwrap().sync_data());
}
