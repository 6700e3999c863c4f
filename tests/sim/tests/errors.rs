//! T2: the fixed workloads, and every operation fails: once, and from then on; and disks that fill up.

use engine::disk::RelPath;
use engine::disk::sim::{EAGAIN, EDQUOT, EFBIG, EINTR, EIO, ENOSPC, Failure, Image, Op, OpKind};
use engine::{Core, Durability, Error, ErrorKind};

use Step::{Commit, Compact, Idle, Kill, Open, PowerLoss, Upload};
use wbq_sim::driver::{Case, Driver, Step, small_options};
use wbq_sim::look::look;
use wbq_sim::verify::verify;
use wbq_sim::workloads::{self, Workload};

fn in_log(path: &RelPath) -> bool {
    path.as_str().starts_with("log/")
}

type Way = (Failure, u64, fn(&Op) -> bool);

/// How operations fail: how, how often in a row, and which. Those that tell most come first.
const FAILURES: [Way; 17] = [
    (Failure::error(EIO), 1, any),
    (Failure::error(EIO), u64::MAX, any),
    (Failure::error(ENOSPC), 1, any),
    (Failure::error(ENOSPC), u64::MAX, any),
    (Failure::error(EIO), 3, any),
    (Failure::error(EDQUOT), 1, any),
    (Failure::error(EDQUOT), u64::MAX, any),
    (Failure::error(EFBIG), 1, any),
    (Failure::error(EFBIG), u64::MAX, any),
    (Failure::Error { errno: EIO, reached: Image::AllKept }, 1, is_sync),
    (Failure::Error { errno: EIO, reached: Image::Drawn(0) }, 1, is_sync),
    (Failure::Error { errno: EIO, reached: Image::Drawn(1) }, 1, is_sync),
    (Failure::error(EINTR), 1, is_write),
    (Failure::error(EAGAIN), 2, is_write),
    (Failure::Short, 1, is_write),
    (Failure::Short, u64::MAX, is_write),
    (Failure::Nothing, 1, is_write),
];

fn any(_: &Op) -> bool {
    true
}

fn is_sync(op: &Op) -> bool {
    matches!(op.kind, OpKind::Sync | OpKind::SyncDir)
}

fn is_write(op: &Op) -> bool {
    op.kind == OpKind::Write
}

/// Lets every operation of a workload fail in turn, in every way; checks what the store says at once
/// and what is found afterwards.
#[expect(clippy::print_stdout, reason = "how often is for people")]
fn t2(name: &str) {
    let workload = Workload::named(name);
    let mut runs = 0;
    for setup in workload.setups.iter().take(2) {
        let start = workloads::starts(&workload, setup);
        let mut whole = start();
        let first = whole.disk.op_count();
        whole.run(&workload.steps);
        let ops = whole.disk.ops();
        for (failure, count, concerns) in FAILURES.into_iter().take(workload.ways) {
            for (op, done) in (0..).zip(&ops).skip(first as usize).filter(|(_, done)| concerns(done)) {
                let _case =
                    Case(|| format!("{name}: {failure:?}, {count} times from operation {op}: {done:?}"));
                let found = fail(&workload, start(), op, failure, count);
                if is_passed_over(failure) {
                    let expected = (whole.told.clone(), whole.journal.acked());
                    assert_eq!(found, expected, "F10: it is gone on with, and nobody hears of it");
                }
                runs += 1;
            }
        }
    }
    println!("{name}: {runs} runs");
    assert!(runs >= workload.failures, "{name}: {runs} runs where {} belong", workload.failures);
}

/// Writes that take less, or nothing for now, are gone on with.
fn is_passed_over(failure: Failure) -> bool {
    matches!(failure, Failure::Short | Failure::Error { errno: EINTR | EAGAIN, .. })
}

/// Lets an operation fail; gives what the store said while it was so, and how many batches it acked.
fn fail(
    workload: &Workload,
    mut driver: Driver,
    op: u64,
    failure: Failure,
    count: u64,
) -> (Vec<ErrorKind>, usize) {
    driver.disk.plan(op..op.saturating_add(count), failure);
    for step in &workload.steps {
        let core_was_open = driver.core.is_some();
        let ops = driver.disk.op_count();
        if workload.options.durability == Durability::Os && *step == Open {
            driver.journal.doubt(); // a sync that fails drops what was only in the cache
        }
        driver.step(step);
        check_stop(&driver, core_was_open, ops, op);
    }
    if matches!(failure, Failure::Error { errno: ENOSPC | EDQUOT | EFBIG, .. }) {
        let is_passing = |kind: &ErrorKind| *kind == ErrorKind::Unavailable;
        assert!(driver.told.iter().all(is_passing), "F8: a full disk passes: {:?}", driver.told);
    }
    let found = (driver.told.clone(), driver.journal.acked());
    driver.disk.forget_plans();
    driver.disk.limit(None);
    go_on(&mut driver);
    driver.core = None;
    if workload.options.durability == Durability::Os {
        driver.journal.doubt(); // a sync that fails drops what was only in the cache
    }
    for aftermath in [Kill, PowerLoss(Image::AllLost), PowerLoss(Image::Drawn(op))] {
        let after = workloads::after(&driver, &aftermath);
        verify(&after, after.disk.after_kill());
    }
    found
}

/// F7: when the failed operation synced the log, the manifest or a folder of them, writing stops.
fn check_stop(driver: &Driver, core_was_open: bool, ops_before: u64, failed: u64) {
    let ops = driver.disk.ops();
    let (Some(op), Some(core)) = (ops.get(failed as usize), &driver.core) else { return };
    let is_now = core_was_open && failed >= ops_before;
    let is_now = is_now && is_sync(op) && !op.path.as_str().starts_with("tmp");
    assert!(!is_now || core.stopped().is_some(), "F7: writing goes on after a failed sync");
}

/// After the errors are over: readers never stopped; everything works again, unless a sync failed,
/// which the store says (F7, F8).
fn go_on(driver: &mut Driver) {
    let Some(core) = &driver.core else { return };
    let is_stopped = core.stopped().is_some();
    let acked = driver.journal.acked();
    driver.told.clear();
    driver.commit(&[(2, 40)]);
    let now_acked = driver.journal.acked() - acked;
    assert_eq!(now_acked, usize::from(!is_stopped), "writes go on exactly when no sync failed");
    driver.run(&[Upload(300), Compact, Idle]);
    assert_eq!(driver.told.is_empty(), !is_stopped, "everything goes on exactly when no sync failed");
    driver.look().unwrap();
}

#[test]
fn t2_append_one_batch_at_a_time() {
    t2("append");
}

#[test]
fn t2_append_groups_of_batches() {
    t2("groups");
}

#[test]
fn t2_roll() {
    t2("roll");
}

#[test]
fn t2_roll_into_a_segment_made_ready() {
    t2("roll with a spare");
}

#[test]
fn t2_a_batch_larger_than_a_segment() {
    t2("a batch larger than a segment");
}

#[test]
fn t2_close_marks() {
    t2("idle");
}

#[test]
fn t2_clock_jumps() {
    t2("clock jumps");
}

#[test]
fn t2_a_disk_that_fills_up() {
    t2("full disk");
}

#[test]
fn t2_durability_os() {
    t2("acked without a sync");
}

#[test]
fn t2_merging_of_table_files() {
    t2("merging");
}

#[test]
fn t2_close_and_open_again() {
    t2("close and open");
}

#[test]
fn t2_roll_and_close() {
    t2("roll and close");
}

#[test]
fn t2_recovery_after_a_kill() {
    t2("recovery after a kill");
}

#[test]
fn t2_recovery_after_power_losses() {
    t2("recovery after power losses");
}

#[test]
fn t2_upgrade() {
    t2("upgrade");
}

#[test]
fn t2_compaction() {
    t2("compaction");
}

#[test]
fn t2_packing_of_segments() {
    t2("packing");
}

#[test]
fn t2_rebuild() {
    t2("rebuild");
}

#[test]
fn t2_delete_and_bring_back() {
    t2("delete and bring back");
}

#[test]
fn t2_upload() {
    t2("upload");
}

#[test]
fn t2_erasing() {
    t2("erasing");
}

#[test]
fn t2_a_grace_that_ends() {
    t2("a grace that ends");
}

#[test]
fn t2_recovery_within_erasing() {
    t2("recovery within erasing");
}

#[test]
fn t2_a_log_that_is_dropped() {
    t2("a log that is dropped");
}

/// Of a backup it is the target that fails: `ops.rs`. All others come to what a CI run owes
/// (RELIABILITY 2.4).
#[test]
fn t2_every_workload_has_a_test() {
    let source = include_str!("errors.rs");
    let workloads = workloads::all().into_iter().filter(|workload| !workload.steps.contains(&Step::Backup));
    let mut failures = 0;
    for workload in workloads {
        assert!(source.contains(&format!("t2({:?});", workload.name)), "{} has no test", workload.name);
        assert!(workload.failures > 0, "{} may shrink to nothing", workload.name);
        failures += workload.failures;
    }
    assert!(failures >= 10_000, "{failures} runs");
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

/// Every write of a store that rolls its segments finds the disk full once: the segment, its successor, the
/// manifest that names it.
#[test]
fn f8_a_disk_that_is_full_at_any_one_write_stops_nothing() {
    let steps = vec![Commit(vec![(1, 10), (3, 600)]); 12];
    let mut whole = Driver::new(small_options());
    whole.step(&Open);
    let first = whole.disk.op_count();
    whole.run(&steps);
    let ops = whole.disk.ops();
    let of_manifest = |op: &Op| op.path.as_str().starts_with("manifest/");
    let writes: Vec<u64> = (first..whole.disk.op_count())
        .filter(|op| matches!(ops[*op as usize].kind, OpKind::Write | OpKind::Create | OpKind::SetLen))
        .collect();
    assert!(writes.iter().filter(|op| of_manifest(&ops[**op as usize])).count() >= 2, "it rolls");
    for op in writes {
        let _case = Case(|| format!("{:?}", ops[op as usize]));
        let mut driver = Driver::new(small_options());
        driver.step(&Open);
        driver.disk.plan(op..op + 1, Failure::error(ENOSPC));
        driver.run(&steps);
        assert_eq!(driver.core.as_ref().unwrap().stopped(), None);
        let acked = driver.journal.acked();
        driver.commit(&[(3, 600)]);
        assert_eq!(driver.journal.acked(), acked + 1, "there is room again");
        driver.core = None;
        for image in [Image::AllLost, Image::AllKept, Image::Drawn(op)] {
            verify(&driver, driver.disk.after_image(image));
        }
    }
}
