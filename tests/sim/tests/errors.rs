//! T2: the same kinds of workload, and every operation fails: once, and from then on; and disks
//! that fill up.

use engine::disk::RelPath;
use engine::disk::sim::{EINTR, EIO, ENOSPC, Failure, Image, OpKind};
use engine::{Core, Error, ErrorKind};

use Step::{Close, Commit, Idle, Open};
use wbq_sim::driver::{Case, Driver, Step, small_options};
use wbq_sim::verify::{look, verify};

fn in_log(path: &RelPath) -> bool {
    path.as_str().starts_with("log/")
}

/// A workload with everything in it: appends, groups, marks, rolls, a spare, a close, an opening.
fn workload() -> Vec<Step> {
    let big = Commit(vec![(3, 700)]);
    let group = Commit(vec![(1, 10), (2, 300), (1, 10)]);
    [
        Open,
        group.clone(),
        group.clone(),
        Idle,
        big.clone(),
        big.clone(),
        Idle,
        big.clone(),
        big,
        Close,
        Open,
        group,
    ]
    .to_vec()
}

/// Lets every operation fail in turn, `count` times in a row; checks what the store says at once
/// and what is found afterwards.
fn fail_everywhere(failure: Failure, count: u64) {
    let steps = workload();
    let mut whole = Driver::new(small_options());
    whole.run(&steps);
    for op in 0..whole.disk.op_count() {
        let _case = Case(|| {
            format!("{failure:?}, {count} times from operation {op}: {:?}", whole.disk.ops()[op as usize])
        });
        let mut driver = Driver::new(small_options());
        driver.disk.plan(op..op.saturating_add(count), failure);
        for step in &steps {
            let core_was_open = driver.core.is_some();
            let ops = driver.disk.op_count();
            driver.step(step);
            check_stop(&driver, core_was_open, ops, op);
        }
        driver.disk.forget_plans();
        go_on(&mut driver);
        driver.core = None;
        for disk in [
            driver.disk.after_kill(),
            driver.disk.after_image(Image::AllLost),
            driver.disk.after_image(Image::AllKept),
            driver.disk.after_image(Image::Drawn(op)),
        ] {
            verify(&driver, disk);
        }
    }
}

/// F7: when the failed operation synced the log, the manifest or a folder of them, writing stops.
fn check_stop(driver: &Driver, core_was_open: bool, ops_before: u64, failed: u64) {
    let ops = driver.disk.ops();
    let (Some(op), Some(core)) = (ops.get(failed as usize), &driver.core) else { return };
    let is_now = core_was_open && failed >= ops_before;
    let is_sync = matches!(op.kind, OpKind::Sync | OpKind::SyncDir) && !op.path.as_str().starts_with("tmp");
    assert!(!is_now || !is_sync || core.stopped().is_some(), "F7: writing goes on after a failed sync");
}

/// After the errors are over: readers never stopped; writers go on, unless a sync failed (F7, F8).
fn go_on(driver: &mut Driver) {
    let Some(core) = &driver.core else { return };
    let before = core.snapshot();
    let is_stopped = core.stopped().is_some();
    look(&before);
    let acked = driver.journal.acked();
    driver.commit(&[(2, 40)]);
    let now_acked = driver.journal.acked() - acked;
    assert_eq!(now_acked, usize::from(!is_stopped), "writes go on exactly when no sync failed");
    look(&driver.core.as_ref().unwrap().snapshot());
}

#[test]
fn t2_every_operation_fails_once_with_eio() {
    fail_everywhere(Failure::error(EIO), 1);
}

#[test]
fn t2_every_operation_and_all_later_ones_fail_with_eio() {
    fail_everywhere(Failure::error(EIO), u64::MAX);
}

#[test]
fn t2_every_operation_and_two_more_fail_with_eio() {
    fail_everywhere(Failure::error(EIO), 3);
}

#[test]
fn t2_every_operation_fails_once_with_enospc() {
    fail_everywhere(Failure::error(ENOSPC), 1);
}

#[test]
fn t2_every_operation_and_all_later_ones_fail_with_enospc() {
    fail_everywhere(Failure::error(ENOSPC), u64::MAX);
}

#[test]
fn f7_a_failed_sync_may_have_reached_the_disk_or_in_part() {
    for seed in 0..4 {
        fail_everywhere(Failure::Error { errno: EIO, reached: Image::Drawn(seed) }, 1);
    }
    fail_everywhere(Failure::Error { errno: EIO, reached: Image::AllKept }, 1);
}

#[test]
fn f10_short_and_interrupted_writes_change_nothing() {
    let steps = workload();
    let mut whole = Driver::new(small_options());
    whole.run(&steps);
    let acked = whole.journal.acked();
    let ops = whole.disk.ops();
    for (op, done) in (0..).zip(&ops).filter(|(_, op)| op.kind == OpKind::Write) {
        for failure in [Failure::Short, Failure::error(EINTR)] {
            let _case = Case(|| format!("{failure:?} at operation {op}: {done:?}"));
            let mut driver = Driver::new(small_options());
            driver.disk.plan(op..op + 1, failure);
            driver.run(&steps);
            assert_eq!(driver.journal.acked(), acked);
            driver.core = None;
            verify(&driver, driver.disk.after_image(Image::AllLost));
        }
    }
}

#[test]
fn f7_a_failed_sync_fails_every_waiter_and_all_that_come_later() {
    let mut driver = Driver::new(small_options());
    driver.run(&[Open, Commit(vec![(1, 10)]), Commit(vec![(1, 10)])]);
    let acked = driver.journal.acked();
    let shown = driver.core.as_ref().unwrap().snapshot().durable;
    let sync = driver.disk.op_count() + 1; // after the write
    driver.disk.plan(sync..sync + 1, Failure::error(EIO));
    driver.commit(&[(1, 10), (2, 10), (1, 300)]);
    assert_eq!(driver.disk.ops()[sync as usize].kind, OpKind::Sync);
    let ops = driver.disk.op_count();
    for _ in 0..3 {
        driver.commit(&[(1, 10)]);
        let idle = driver.core.as_mut().unwrap().idle();
        assert!(matches!(idle, Err(Error::WritesStopped { .. })), "{idle:?}");
    }
    let core = driver.core.take().unwrap();
    assert_eq!(driver.journal.acked(), acked, "nothing is acked any more");
    assert_eq!(core.snapshot().durable, shown, "nothing is shown that was not acked");
    assert_eq!(look(&core.snapshot()).len() as u64, shown.0, "reads go on");
    assert!(core.close().is_err());
    assert_eq!(driver.disk.op_count(), ops, "the disk is left alone");
    verify(&driver, driver.disk.after_kill());
    verify(&driver, driver.disk.after_image(Image::AllLost));
}

#[test]
fn f7_what_the_cache_shows_after_a_failed_sync_is_not_believed() {
    let mut driver = Driver::new(small_options());
    driver.run(&[Open, Commit(vec![(1, 10)])]);
    let sync = driver.disk.op_count() + 1;
    driver.disk.plan(sync..sync + 1, Failure::error(EIO));
    driver.commit(&[(1, 10)]);
    driver.step(&Step::Kill);
    driver.open();
    let shown = driver.core.as_ref().unwrap().snapshot().durable;
    let lost = driver.disk.after_image(Image::AllLost);
    let mut again = driver.fork(lost);
    assert_eq!(again.open().snapshot().durable, shown, "what is shown after the restart is on the disk");
}

#[test]
fn f8_a_full_disk_refuses_batches_until_there_is_room_again() {
    let mut refused = 0;
    for blocks in 6..40 {
        let _case = Case(|| format!("a disk of {blocks} blocks"));
        let mut driver = Driver::new(small_options());
        driver.run(&[Open, Commit(vec![(1, 10)])]);
        driver.disk.limit(Some(blocks * 4096));
        for round in 0..30 {
            driver.commit(&[(1, 10), (3, 600)]);
            if round % 5 == 0 {
                driver.step(&Idle);
            }
        }
        let core = driver.core.as_ref().unwrap();
        assert_eq!(core.stopped(), None, "a full disk is no reason to stop");
        look(&core.snapshot());
        for image in [Image::AllLost, Image::AllKept, Image::Drawn(blocks)] {
            // What is on a full disk must be readable; it opens when there is room.
            let disk = driver.disk.after_image(image);
            let full = driver.fork(disk.clone()).try_open().map(Core::close);
            assert!(
                full.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::Unavailable),
                "{full:?}"
            );
            disk.limit(None);
            verify(&driver, disk);
        }
        let acked = driver.journal.acked();
        driver.commit(&[(3, 600)]);
        refused += usize::from(driver.journal.acked() == acked);
        driver.disk.limit(None);
        let acked = driver.journal.acked();
        driver.commit(&[(3, 600)]);
        assert_eq!(driver.journal.acked(), acked + 1, "writes resume by themselves");
        driver.core = None;
        verify(&driver, driver.disk.after_image(Image::AllLost));
    }
    assert!(refused > 10, "the disk was full in {refused} cases");
}

#[test]
fn f8_a_batch_that_finds_the_disk_full_is_told_so_and_leaves_nothing() {
    let mut driver = Driver::new(small_options());
    driver.run(&[Open, Commit(vec![(1, 10)])]);
    let write = driver.disk.op_count();
    driver.disk.plan(write..write + 1, Failure::Short);
    driver.disk.plan(write + 1..write + 2, Failure::error(ENOSPC));
    let before = driver.disk.files();
    let shown = driver.core.as_ref().unwrap().snapshot().durable;
    let event = look(&driver.core.as_ref().unwrap().snapshot())[2].clone();
    let answers = driver
        .core
        .as_mut()
        .unwrap()
        .commit(vec![engine::Batch::new(vec![engine::Event { body: engine::Body::Heartbeat, ..event }])]);
    assert!(matches!(answers[..], [Err(Error::DiskFull)]), "{answers:?}");
    assert_eq!(driver.core.as_ref().unwrap().snapshot().durable, shown);
    for (path, bytes) in driver.disk.files() {
        assert!(!in_log(&path) || bytes == before[&path], "what was written of it is zeros again");
    }
    assert!(driver.disk.unsynced("log").is_empty());
}
