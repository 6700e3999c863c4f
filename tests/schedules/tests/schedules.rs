//! T8: the engine with its threads, in drawn orders of their steps.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use wbq_schedules::{Durability, run};

/// Two tests share the schedules, since each runs on one core.
const HALF: u64 = 5000;

fn keeps_every_promise(half: u64) {
    let failed = run(half * HALF..(half + 1) * HALF, Durability::Sync).err();
    assert!(failed.is_none(), "again: cargo xtask schedule {:#x}", failed.unwrap_or_default());
}

#[test]
fn every_promise_is_kept_in_each_of_ten_thousand_schedules_first_half() {
    keeps_every_promise(0);
}

#[test]
fn every_promise_is_kept_in_each_of_ten_thousand_schedules_second_half() {
    keeps_every_promise(1);
}

/// The apparatus, proven: what is acked before its sync is lost with the power in some schedule.
#[test]
fn a_store_that_acks_before_the_sync_is_found_out() {
    assert!(run(0..1000, Durability::Os).is_err());
}

/// So a schedule that fails can be run again.
#[test]
fn the_same_seed_does_the_same_twice() {
    let first = run(0..50, Durability::Sync);
    assert_eq!(first, run(0..50, Durability::Sync));
    assert_ne!(first, run(50..100, Durability::Sync));
}

/// Calls `visit` with the code of each file of a folder, without its tests.
fn each_file(folder: &Path, visit: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, visit);
        } else if !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).unwrap();
            visit(&path, text.split("#[cfg(test)]").next().unwrap_or_default());
        }
    }
}

/// What entered elsewhere would be std's here too: no step of a schedule, and where a thread waits at it,
/// all of them would.
#[test]
fn what_threads_meet_at_enters_the_engine_through_one_file() {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../engine/src");
    let mut files = 0;
    each_file(&engine, &mut |path, code| {
        files += 1;
        if path.ends_with("engine/src/sync.rs") {
            return;
        }
        for word in ["std::thread", "tokio::", "parking_lot"] {
            assert!(!code.contains(word), "{path:?} has {word}");
        }
        for used in code.split("std::sync::").skip(1) {
            let is_plain = ["Arc", "OnceLock", "{Arc, OnceLock}"].iter().any(|name| used.starts_with(name));
            assert!(is_plain, "{path:?} has std::sync::{}", used.lines().next().unwrap_or_default());
        }
    });
    assert!(files > 50, "{files}");
}
