//! T1: the fixed workloads, stopped before and after every operation of the disk; each time every kind
//! of after-image is recovered and checked. After an operation is before the next one: the disk is the same,
//! so only the first is stopped before.

use engine::disk::RelPath;
use engine::disk::sim::{Failure, Image};

use Step::{Close, Commit, Compact, Idle, Kill, Open, PowerLoss, SetWall, Upload};
use wbq_sim::driver::{Case, Driver, Step, small_options};
use wbq_sim::verify::{read_only, verify};
use wbq_sim::workloads::{self, Workload};

/// What a power loss leaves, six ways and a drawn one, and what a kill leaves.
fn aftermaths(seed: u64) -> impl Iterator<Item = Step> {
    let drawn = [Image::Drawn(seed)];
    std::iter::once(Kill).chain(Image::EXTREMES.into_iter().chain(drawn).map(PowerLoss))
}

/// Every place to stop at among some operations.
fn stops(ops: std::ops::Range<u64>) -> impl Iterator<Item = (u64, Failure)> {
    let first = (ops.start, Failure::StopBefore);
    std::iter::once(first).chain(ops.map(|op| (op, Failure::StopAfter)))
}

/// Stops a workload at every operation, and checks what is found afterwards.
#[expect(clippy::print_stdout, reason = "how often is for people")]
fn t1(name: &str) {
    let workload = Workload::named(name);
    let stops = workload.setups.iter().map(|setup| stop_everywhere(&workload, setup)).sum::<u64>();
    println!("{name}: {stops} recoveries");
    assert!(stops >= workload.stops, "{name}: {stops} recoveries where {} belong", workload.stops);
}

fn stop_everywhere(workload: &Workload, setup: &[Step]) -> u64 {
    let start = workloads::starts(workload, setup);
    let mut whole = start();
    let first = whole.disk.op_count();
    let acked = whole.journal.acked();
    whole.run(&workload.steps);
    assert!(whole.journal.acked() > acked, "{} does nothing", workload.name);
    let mut cases = 0;
    let mut nested = 0;
    for (op, stop) in stops(first..whole.disk.op_count()) {
        let mut driver = start();
        driver.disk.plan(op..op + 1, stop);
        driver.run(&workload.steps);
        assert!(driver.disk.is_off(), "operation {op} is met again");
        driver.core = None;
        for aftermath in aftermaths(op) {
            let _case = Case(|| format!("{}, {stop:?} at operation {op}, {aftermath:?}", workload.name));
            let after = workloads::after(&driver, &aftermath);
            verify(&after, after.disk.after_kill());
            cases += 1;
            if workload.nested > 0 && cases % workload.nested == 0 {
                nested += stop_recovery_everywhere(&after, &workload.recovery, op);
            }
        }
    }
    cases + nested
}

/// I12: a crash inside recovery, and recovery again.
fn stop_recovery_everywhere(left: &Driver, recovery: &[Step], seed: u64) -> u64 {
    let recover = |plan: Option<(u64, Failure)>| {
        let mut driver = left.fork(left.disk.after_kill());
        if let Some((op, stop)) = plan {
            driver.disk.plan(op..op + 1, stop);
        }
        driver.run(recovery);
        driver.core = None;
        driver
    };
    let mut cases = 0;
    for (op, stop) in stops(0..recover(None).disk.op_count()) {
        let driver = recover(Some((op, stop)));
        for image in [Image::AllLost, Image::Drawn(seed ^ op)] {
            let _case = Case(|| format!("then {stop:?} at operation {op} of the recovery, {image:?}"));
            verify(&driver, driver.disk.after_image(image));
            cases += 1;
        }
    }
    cases
}

#[test]
fn t1_append_one_batch_at_a_time() {
    t1("append");
}

#[test]
fn t1_append_groups_of_batches_some_of_them_refused() {
    t1("groups");
}

#[test]
fn t1_roll_to_the_next_segment() {
    t1("roll");
}

#[test]
fn t1_roll_into_a_segment_made_ready_while_idle() {
    t1("roll with a spare");
}

#[test]
fn t1_a_batch_larger_than_a_segment() {
    t1("a batch larger than a segment");
}

#[test]
fn t1_close_marks_when_idle() {
    t1("idle");
}

#[test]
fn t1_clock_jumps() {
    t1("clock jumps");
}

#[test]
fn t1_a_disk_that_fills_up_and_is_freed() {
    t1("full disk");
}

/// A kill loses nothing; a power loss may lose what was acked, but leaves a store that opens, with whole
/// batches in order.
#[test]
fn t1_durability_os() {
    t1("acked without a sync");
}

#[test]
fn t1_close_and_open_again() {
    t1("close and open");
}

#[test]
fn t1_roll_and_close_again_and_again() {
    t1("roll and close");
}

#[test]
fn t1_merging_of_table_files() {
    let workload = Workload::named("merging");
    let mut driver = workload.prepared(&workload.setups[0]);
    driver.step(&Open);
    let merged = |driver: &Driver| {
        let files = driver.core.as_ref().unwrap().snapshot().table_files();
        files.iter().filter(|file| file.level > 0 && file.kind != "runs").count()
    };
    assert_eq!(merged(&driver), 0, "nothing is merged before");
    driver.run(&workload.steps);
    assert!(merged(&driver) >= 2, "files of rows and of events are merged");
    t1("merging");
}

#[test]
fn t1_recovery_after_a_kill() {
    t1("recovery after a kill");
}

#[test]
fn t1_recovery_after_power_losses() {
    t1("recovery after power losses");
}

#[test]
fn t1_upgrade_of_a_folder_of_the_first_release() {
    t1("upgrade");
}

#[test]
fn t1_compaction_into_table_files() {
    t1("compaction");
}

#[test]
fn t1_packing_of_segments() {
    t1("packing");
}

#[test]
fn f4_a_rebuild_of_a_damaged_table_file_is_done_or_begun_again() {
    t1("rebuild");
}

#[test]
fn t1_delete_and_bring_back() {
    t1("delete and bring back");
}

#[test]
fn t1_upload_of_user_files() {
    t1("upload");
}

#[test]
fn t1_backup_of_a_folder_that_is_written_to() {
    t1("backup");
}

#[test]
fn t1_erasing_of_runs_that_are_begun_again() {
    t1("erasing");
}

#[test]
fn t1_a_grace_that_ends() {
    t1("a grace that ends");
}

#[test]
fn t1_recovery_within_erasing() {
    t1("recovery within erasing");
}

#[test]
fn t1_a_log_that_is_dropped() {
    t1("a log that is dropped");
}

#[test]
fn t1_backup_of_what_is_erased() {
    t1("backup of what is erased");
}

/// Each workload has a test, and all of them come to what a CI run owes (RELIABILITY 2.4).
#[test]
fn t1_stops_25_000_times() {
    let source = include_str!("crash_points.rs");
    let mut stops = 0;
    for workload in workloads::all() {
        assert!(source.contains(&format!("t1({:?});", workload.name)), "{} has no test", workload.name);
        assert!(workload.stops > 0, "{} may shrink to nothing", workload.name);
        stops += workload.stops;
    }
    assert!(workloads::all().len() >= 16 && stops >= 25_000, "{stops} recoveries");
}

fn small(count: usize) -> Vec<Step> {
    vec![Commit(vec![(1, 20)]); count]
}

fn steps(parts: &[&[Step]]) -> Vec<Step> {
    parts.concat()
}

/// What a compaction or a roll had made when the power went, and nothing names, is there after it and
/// gone after the next opening: `verify` compares the files with those that are named.
#[test]
fn f14_what_was_begun_when_the_power_went_is_collected_at_the_next_opening() {
    for name in ["compaction", "roll", "close and open"] {
        let workload = Workload::named(name);
        let mut whole = workload.prepared(&workload.setups[0]);
        let first = whole.disk.op_count();
        whole.run(&workload.steps);
        let mut leftovers = 0;
        for op in first..whole.disk.op_count() {
            let mut driver = workload.prepared(&workload.setups[0]);
            driver.disk.plan(op..op + 1, Failure::StopAfter);
            driver.run(&workload.steps);
            driver.core = None;
            let after = workloads::after(&driver, &PowerLoss(Image::AllKept));
            let files = after.disk.files();
            verify(&after, after.disk.after_kill());
            let mut reopened = after.fork(after.disk.after_kill());
            reopened.open();
            let now = reopened.disk.files();
            let is_begun = |path: &RelPath| path.as_str().starts_with("tmp/") || !now.contains_key(path);
            leftovers += files.keys().filter(|path| is_begun(path)).count();
            assert!(now.keys().all(|path| !path.as_str().starts_with("tmp/")));
        }
        assert!(leftovers > 0, "{name} leaves nothing to collect");
    }
}

/// Descriptors do not pile up: what is open is what is live, however long a store is at work.
#[test]
fn i18_open_files_are_those_that_are_live() {
    let mut driver = Driver::new(small_options());
    driver.step(&Open);
    for _ in 0..40 {
        driver.run(&[Commit(vec![(3, 900)]), Idle, Commit(vec![(3, 900)]), Compact, Upload(50)]);
        let snapshot = driver.core.as_ref().unwrap().snapshot();
        let live = snapshot.segments().len() + 2 * snapshot.table_files().len();
        assert!(driver.disk.open_files() <= live + 3, "{} where {live} are live", driver.disk.open_files());
    }
    driver.step(&Close);
    assert_eq!(driver.disk.open_files(), 0);
}

#[test]
fn i12_a_recovery_that_was_cut_short_is_begun_again() {
    let mut stops = 0;
    for image in Image::EXTREMES {
        let big = Commit(vec![(3, 700)]);
        let mut driver = Driver::new(small_options());
        driver.run(&steps(&[&[Open], &small(5), &vec![big; 3]]));
        let sync = driver.disk.op_count() + 1;
        driver.disk.plan(sync..sync + 1, Failure::StopBefore);
        driver.step(&Commit(vec![(2, 600)]));
        driver.step(&PowerLoss(image));
        stops += stop_recovery_everywhere(&driver, &[Open, Commit(vec![(1, 10)])], 7);
    }
    assert!(stops > 0);
}

/// The tail that a kill left may be whole in the cache and not on the disk: readers leave it there.
#[test]
fn i13_reading_a_folder_that_a_killed_process_left_changes_no_byte() {
    let mut driver = Driver::new(small_options());
    driver.run(&steps(&[&[Open], &small(3)]));
    let write = driver.disk.op_count();
    driver.disk.plan(write..write + 1, Failure::StopAfter);
    driver.step(&Commit(vec![(1, 10)]));
    driver.step(&Kill);
    for _ in 0..3 {
        assert!(read_only(&driver.disk, &mut driver.journal).is_ok());
    }
}

/// Wherever the clock jumps, the same is written: order and recovery never look at it.
#[test]
fn f12_a_clock_that_jumps_changes_nothing() {
    let trace = |jump: i64| {
        let mut driver = Driver::new(small_options());
        let round = steps(&[&[Open, SetWall(0)], &small(2), &[SetWall(jump)], &small(2), &[Idle]]);
        driver.run(&steps(&[&round, &[Kill], &round, &[PowerLoss(Image::AllLost), SetWall(jump)], &round]));
        (driver.journal.acked(), driver.disk.files())
    };
    let hour = 3_600_000_000_000;
    for jump in [-hour, hour, 10 * 365 * 24 * hour, i64::MIN, i64::MAX] {
        assert!(trace(jump) == trace(0), "a jump to {jump} is seen in the folder");
    }
}
