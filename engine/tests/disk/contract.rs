//! What every disk must do, the machine's and the simulated one (RELIABILITY 2.1).

use std::io::ErrorKind;

use engine::disk::sim::SimDisk;
use engine::disk::{Disk, DiskFile, RealDisk, RelPath, read_up_to, write_all_at};

/// Runs a test on both disks, each new and empty.
fn on_both(test: impl Fn(&dyn Disk)) {
    let folder = tempfile::tempdir().unwrap();
    test(&RealDisk::new(folder.path()));
    test(&SimDisk::default());
}

fn path(text: &str) -> RelPath {
    RelPath::of(text)
}

fn file_with(disk: &dyn Disk, name: &str, bytes: &[u8]) -> Box<dyn DiskFile> {
    let mut file = disk.create_new(&path(name)).unwrap();
    write_all_at(&mut *file, 0, bytes).unwrap();
    file.sync_all().unwrap();
    file
}

fn content(disk: &dyn Disk, name: &str) -> Vec<u8> {
    let file = disk.open(&path(name), false).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap() + 10];
    let read = read_up_to(&*file, 0, &mut bytes).unwrap();
    bytes.truncate(read);
    bytes
}

fn kind<T>(result: std::io::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn what_was_written_is_read() {
    on_both(|disk| {
        let mut file = file_with(disk, "log/a", b"hello");
        write_all_at(&mut *file, 3, b"p me").unwrap();
        assert_eq!(content(disk, "log/a"), b"help me");
        assert_eq!(file.len().unwrap(), 7);
        assert!(!file.is_empty().unwrap());
        assert_eq!(file.write_at(0, b"").unwrap(), 0);
        let mut part = [0; 2];
        assert_eq!(file.read_at(2, &mut part).unwrap(), 2);
        assert_eq!(&part, b"lp");
    });
}

#[test]
fn reading_ends_at_the_end() {
    on_both(|disk| {
        let file = file_with(disk, "a", b"hello");
        let mut bytes = [9; 4];
        assert_eq!(read_up_to(&*file, 3, &mut bytes).unwrap(), 2);
        assert_eq!(&bytes, b"lo\x09\x09");
        assert_eq!(file.read_at(5, &mut bytes).unwrap(), 0);
        assert_eq!(file.read_at(500, &mut bytes).unwrap(), 0);
    });
}

#[test]
fn what_was_never_written_is_zeros() {
    on_both(|disk| {
        let mut file = file_with(disk, "a", b"x");
        write_all_at(&mut *file, 4, b"y").unwrap();
        assert_eq!(content(disk, "a"), b"x\0\0\0y");
        file.set_len(7).unwrap();
        assert_eq!(content(disk, "a"), b"x\0\0\0y\0\0");
        file.set_len(1).unwrap();
        file.set_len(3).unwrap();
        assert_eq!(content(disk, "a"), b"x\0\0");
    });
}

#[test]
fn a_file_is_created_once() {
    on_both(|disk| {
        file_with(disk, "log/a", b"x");
        assert_eq!(kind(disk.create_new(&path("log/a"))), Some(ErrorKind::AlreadyExists));
        assert_eq!(content(disk, "log/a"), b"x");
    });
}

#[test]
fn what_is_missing_is_not_found() {
    on_both(|disk| {
        file_with(disk, "log/a", b"x");
        assert_eq!(kind(disk.open(&path("log/b"), false)), Some(ErrorKind::NotFound));
        assert_eq!(kind(disk.open(&path("none/b"), true)), Some(ErrorKind::NotFound));
        assert_eq!(kind(disk.remove(&path("log/b"))), Some(ErrorKind::NotFound));
        assert_eq!(kind(disk.rename(&path("tmp/b"), &path("log/b"))), Some(ErrorKind::NotFound));
        assert_eq!(kind(disk.sync_dir(&path("none"))), Some(ErrorKind::NotFound));
    });
}

#[test]
fn a_file_opened_for_reading_cannot_be_changed() {
    on_both(|disk| {
        file_with(disk, "a", b"x");
        let mut file = disk.open(&path("a"), false).unwrap();
        assert!(file.write_at(0, b"y").is_err());
        assert!(file.set_len(0).is_err());
        assert_eq!(content(disk, "a"), b"x");
    });
}

#[test]
fn a_rename_moves_a_file_into_a_folder_that_is_made() {
    on_both(|disk| {
        let mut file = file_with(disk, "tmp/a", b"x");
        disk.rename(&path("tmp/a"), &path("log/deep/b")).unwrap();
        assert_eq!(kind(disk.open(&path("tmp/a"), false)), Some(ErrorKind::NotFound));
        write_all_at(&mut *file, 1, b"y").unwrap();
        assert_eq!(content(disk, "log/deep/b"), b"xy");
    });
}

#[test]
fn a_removed_file_lives_on_for_those_who_hold_it() {
    on_both(|disk| {
        let mut file = file_with(disk, "tmp/a", b"x");
        disk.remove(&path("tmp/a")).unwrap();
        write_all_at(&mut *file, 1, b"y").unwrap();
        let mut bytes = [0; 2];
        assert_eq!(read_up_to(&*file, 0, &mut bytes).unwrap(), 2);
        assert_eq!(&bytes, b"xy");
        file_with(disk, "tmp/a", b"another");
        assert_eq!(content(disk, "tmp/a"), b"another");
    });
}

#[test]
fn a_list_is_sorted_and_has_folders_in_it() {
    on_both(|disk| {
        for name in ["b", "a", "log/2", "log/10", "log/deep/x"] {
            file_with(disk, name, b"");
        }
        assert_eq!(disk.list(&RelPath::root()).unwrap(), ["a", "b", "log"]);
        assert_eq!(disk.list(&path("log")).unwrap(), ["10", "2", "deep"]);
        assert!(disk.list(&path("none")).unwrap().is_empty());
    });
}

#[test]
fn syncing_and_dropping_the_cache_changes_nothing() {
    on_both(|disk| {
        let mut file = file_with(disk, "log/a", b"hello");
        write_all_at(&mut *file, 5, b" you").unwrap();
        file.drop_cache().unwrap();
        file.sync_data().unwrap();
        file.drop_cache().unwrap();
        disk.sync_dir(&path("log")).unwrap();
        disk.sync_dir(&RelPath::root()).unwrap();
        assert_eq!(content(disk, "log/a"), b"hello you");
    });
}

#[test]
fn a_map_shows_the_content() {
    on_both(|disk| {
        let file = file_with(disk, "a", b"hello");
        let map = file.map().unwrap();
        drop(file);
        assert_eq!(&map[..], b"hello");
        assert!(file_with(disk, "b", b"").map().unwrap().is_empty());
    });
}

#[test]
fn f13_a_lock_is_held_by_one_and_names_its_holder() {
    on_both(|disk| {
        let lock = disk.lock(&path("LOCK")).unwrap().unwrap();
        lock.announce("pid 7 on mars").unwrap();
        assert_eq!(disk.lock(&path("LOCK")).unwrap().unwrap_err(), "pid 7 on mars");
        assert_eq!(content(disk, "LOCK"), b"pid 7 on mars");
        drop(lock);
        let again = disk.lock(&path("LOCK")).unwrap().unwrap();
        again.announce("pid 8").unwrap();
        assert_eq!(content(disk, "LOCK"), b"pid 8");
        drop(again);
    });
}

#[test]
fn f17_a_file_that_was_removed_cannot_be_synced() {
    on_both(|disk| {
        let mut file = file_with(disk, "log/a", b"hello");
        disk.remove(&path("log/a")).unwrap();
        write_all_at(&mut *file, 0, b"bye").unwrap();
        assert_eq!(kind(file.sync_data()), Some(ErrorKind::NotFound));
    });
}

#[test]
fn there_is_room() {
    on_both(|disk| {
        file_with(disk, "a", b"x");
        assert!(disk.free().unwrap() > 0);
    });
}
