//! Workloads that erase runs and drop the log's beginning.

use std::time::Duration;

use engine::Options;

use super::{Workload, small};
use crate::driver::Step::{Backup, Close, Commit, Compact, Delete, Idle, Kill, Open, Prune, Upload};
use crate::driver::{merging_options, small_options};

/// All of them. Each begins with a closed store, which is made once.
pub(super) fn all() -> Vec<Workload> {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let at_once = || Options { keep_deleted: seconds(0), ..small_options() };
    let group = [Commit(vec![(3, 60), (3, 60)])];
    // The run to be erased has rows, lines, config and files, in table files and in the log behind them.
    let told =
        [&[Open][..], &group, &group, &[Upload(300), Close, Open, Compact], &group, &[Upload(1000), Close]]
            .concat();
    let grace = [
        &[Open, Delete(true), Compact][..],
        &small(1),
        &[Delete(false), Compact, Delete(true), Compact, Idle, Idle, Idle, Compact],
    ];
    vec![
        // The run that comes then begins under the erased one's id.
        Workload::new("erasing", 0, (1_430, 540), &[&[Open, Delete(true), Prune], &small(2), &[Close, Open]])
            .after(&[&told]),
        Workload {
            options: Options { keep_deleted: seconds(3), ..small_options() },
            ..Workload::new("a grace that ends", 0, (1_640, 810), &[&grace.concat(), &small(1)])
        }
        .after(&[&told]),
        // A recovery goes on with erasing, and is stopped in the middle of that.
        Workload {
            options: at_once(),
            recovery: vec![Open, Compact],
            ..Workload::new("recovery within erasing", 199, (2_600, 600), &[&[Open, Compact], &small(1)])
        }
        .after(&[&told, &[Open, Delete(true), Kill]]),
        Workload {
            options: Options { keep_log: seconds(0), ..merging_options() },
            ..Workload::new(
                "a log that is dropped",
                0,
                (1_480, 730),
                &[&[Open, Compact], &group, &[Close, Open, Compact], &small(1)],
            )
        }
        .after(&[&told]),
        Workload {
            options: at_once(),
            ..Workload::new(
                "backup of what is erased",
                0,
                (1_250, 0),
                &[&[Open, Backup, Delete(true), Compact, Backup], &small(1)],
            )
        }
        .after(&[&told]),
    ]
}
