//! T1: fixed workloads, stopped before and after every operation of the disk; each time every kind
//! of after-image is recovered and checked.

use engine::disk::sim::{Failure, Image};

use Step::{Close, Commit, Compact, Idle, Kill, Open, PowerLoss, SetWall};
use wbq_sim::driver::{Case, Driver, Step, small_options};
use wbq_sim::verify::{read_only, verify};

/// What a power loss leaves, six ways and a drawn one, and what a kill leaves.
fn aftermaths(seed: u64) -> impl Iterator<Item = Step> {
    let drawn = [Image::Drawn(seed)];
    std::iter::once(Kill).chain(Image::EXTREMES.into_iter().chain(drawn).map(PowerLoss))
}

/// Stops the workload at every operation, and checks what is found afterwards. Of every `nested`-th
/// aftermath the recovery is stopped at every operation in turn (I12).
fn stop_everywhere(name: &str, setup: &[Step], steps: &[Step], nested: u64) {
    let prepared = || {
        let mut driver = Driver::new(small_options());
        driver.run(setup);
        driver
    };
    let mut whole = prepared();
    let first = whole.disk.op_count();
    whole.run(steps);
    assert!(whole.journal.acked() > 0, "{name} does nothing");
    let mut cases = 0;
    for op in first..whole.disk.op_count() {
        for stop in [Failure::StopBefore, Failure::StopAfter] {
            let mut driver = prepared();
            driver.disk.plan(op..op + 1, stop);
            driver.run(steps);
            assert!(driver.disk.is_off(), "operation {op} is met again");
            driver.core = None;
            for aftermath in aftermaths(op) {
                let _case = Case(|| format!("{name}, {stop:?} at operation {op}, {aftermath:?}"));
                let mut after = driver.fork(driver.disk.clone());
                after.step(&aftermath);
                verify(&after, after.disk.after_kill());
                cases += 1;
                if nested > 0 && cases % nested == 0 {
                    stop_recovery_everywhere(&after, op);
                }
            }
        }
    }
}

/// I12: a crash inside recovery, and recovery again.
fn stop_recovery_everywhere(left: &Driver, seed: u64) {
    let recover = |plan: Option<(u64, Failure)>| {
        let mut driver = left.fork(left.disk.after_kill());
        if let Some((op, stop)) = plan {
            driver.disk.plan(op..op + 1, stop);
        }
        driver.run(&[Open, Commit(vec![(1, 10)])]);
        driver.core = None;
        driver
    };
    for op in 0..recover(None).disk.op_count() {
        for stop in [Failure::StopBefore, Failure::StopAfter] {
            let driver = recover(Some((op, stop)));
            for image in [Image::AllLost, Image::Drawn(seed ^ op)] {
                let _case = Case(|| format!("then {stop:?} at operation {op} of the recovery, {image:?}"));
                verify(&driver, driver.disk.after_image(image));
            }
        }
    }
}

fn small(count: usize) -> Vec<Step> {
    vec![Commit(vec![(1, 20)]); count]
}

fn steps(parts: &[&[Step]]) -> Vec<Step> {
    parts.concat()
}

#[test]
fn t1_append_one_batch_at_a_time() {
    stop_everywhere("append", &[], &steps(&[&[Open], &small(6)]), 5);
}

#[test]
fn t1_append_groups_of_batches_some_of_them_refused() {
    let group = Commit(vec![(1, 10), (3, 200), (1, 10), (2, 700)]);
    stop_everywhere("groups", &[], &steps(&[&[Open], &[group.clone(), group.clone(), Idle, group]]), 7);
}

#[test]
fn t1_roll_to_the_next_segment() {
    let big = Commit(vec![(3, 900)]);
    stop_everywhere("roll", &[], &steps(&[&[Open], &small(5), &vec![big; 6]]), 11);
}

#[test]
fn t1_roll_into_a_segment_made_ready_while_idle() {
    let big = Commit(vec![(3, 700)]);
    let round = [big.clone(), Idle, big.clone(), big];
    stop_everywhere("roll with a spare", &[], &steps(&[&[Open], &small(5), &round, &round, &round]), 13);
}

#[test]
fn t1_a_batch_larger_than_a_segment() {
    let huge = Commit(vec![(9, 9000)]);
    stop_everywhere(
        "huge",
        &[],
        &steps(&[&[Open], &small(5), &[huge.clone(), Idle], &small(1), &[huge]]),
        11,
    );
}

#[test]
fn t1_close_marks_when_idle() {
    let round = steps(&[&small(2), &[Idle]]);
    stop_everywhere("idle", &[], &steps(&[&[Open], &round, &round, &round]), 7);
}

#[test]
fn t1_close_and_open_again() {
    let round = steps(&[&[Open], &small(3), &[Close]]);
    stop_everywhere("close", &[], &steps(&[&round, &round, &[Open], &[Close], &round]), 11);
}

#[test]
fn t1_recovery_after_a_kill() {
    let left = steps(&[&[Open], &small(7), &[Kill]]);
    stop_everywhere("recovery after a kill", &left, &steps(&[&[Open], &small(2)]), 5);
}

#[test]
fn t1_recovery_after_power_losses() {
    for image in Image::EXTREMES.into_iter().chain((0..4).map(Image::Drawn)) {
        let left = steps(&[&[Open], &small(7), &[PowerLoss(image), Open], &small(1), &[PowerLoss(image)]]);
        stop_everywhere("recovery after power losses", &left, &steps(&[&[Open], &small(2), &[Close]]), 0);
    }
}

#[test]
fn t1_roll_and_close_again_and_again() {
    let round = steps(&[&[Open], &vec![Commit(vec![(3, 900)]); 3], &[Idle, Close]]);
    stop_everywhere("roll and close", &[], &steps(&[&round, &round]), 17);
}

#[test]
fn i12_a_recovery_that_was_cut_short_is_begun_again() {
    for image in Image::EXTREMES {
        let big = Commit(vec![(3, 700)]);
        let mut driver = Driver::new(small_options());
        driver.run(&steps(&[&[Open], &small(5), &vec![big; 3]]));
        let sync = driver.disk.op_count() + 1;
        driver.disk.plan(sync..sync + 1, Failure::StopBefore);
        driver.step(&Commit(vec![(2, 600)]));
        driver.step(&PowerLoss(image));
        stop_recovery_everywhere(&driver, 7);
    }
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
        assert!(read_only(&driver.disk).is_ok());
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

/// With `Durability::Os` a kill loses nothing; a power loss may lose what was acked, but leaves a
/// store that opens, with whole batches in order.
#[test]
fn t1_durability_os() {
    let mut options = small_options();
    options.durability = engine::Durability::Os;
    let big = Commit(vec![(3, 700)]);
    let steps = steps(&[
        &[Open],
        &small(3),
        &[Idle],
        &small(2),
        &vec![big; 3],
        &[Idle],
        &small(2),
        &[Close, Open],
        &small(2),
    ]);
    let mut whole = Driver::new(options.clone());
    whole.run(&steps);
    for op in 0..whole.disk.op_count() {
        for stop in [Failure::StopBefore, Failure::StopAfter] {
            let mut driver = Driver::new(options.clone());
            driver.disk.plan(op..op + 1, stop);
            driver.run(&steps);
            driver.core = None;
            for aftermath in aftermaths(op) {
                let _case = Case(|| format!("{stop:?} at operation {op}, {aftermath:?}"));
                let mut after = driver.fork(driver.disk.clone());
                after.step(&aftermath);
                if aftermath != Kill {
                    after.journal.doubt();
                }
                after.options.durability = engine::Durability::Sync;
                verify(&after, after.disk.after_kill());
            }
        }
    }
}

#[test]
fn t1_compaction_into_table_files() {
    let big = Commit(vec![(3, 900), (2, 100)]);
    let left = steps(&[&[Open], &small(3), &vec![big.clone(); 4], &[Close, Open]]);
    let workload = steps(&[&[Compact], &small(2), &[big, Compact, Close, Open, Compact], &small(1)]);
    stop_everywhere("compaction", &left, &workload, 17);
}

/// Two files of each kind, straight from the log, become one of the project; then two of those.
#[test]
fn t1_merging_of_table_files() {
    let round = steps(&[&[Open], &vec![Commit(vec![(3, 300), (2, 100)]); 4], &[Close, Open]]);
    let left = steps(&[&round, &[Compact], &round]);
    let workload = steps(&[&[Compact], &small(1), &[Compact, Close, Open, Compact], &small(1)]);
    let mut whole = Driver::new(small_options());
    whole.run(&left);
    let level = |driver: &Driver| {
        let files = driver.core.as_ref().unwrap().snapshot().table_files();
        files.iter().map(|file| file.level).max()
    };
    assert_eq!(level(&whole), Some(0), "nothing is merged before the workload");
    whole.run(&workload);
    assert!(level(&whole) >= Some(1), "the workload merges");
    stop_everywhere("merging", &left, &workload, 29);
}
