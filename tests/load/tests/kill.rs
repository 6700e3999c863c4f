//! T5: 40 kills, a quarter of them with the real client at work; and that a loss would be found.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use wbq_load::check::{self, Runs};
use wbq_load::client::python;
use wbq_load::journal::Journal;
use wbq_load::kill::{Campaign, KILLS_A_CAMPAIGN, run};
use wbq_load::site::{ADMIN, Kept, Site};
use wbq_load::trainer::{Habits, Trainer, log_until};

fn campaign(seed: u64, with_client: bool) {
    let python = with_client.then(|| python().expect("`make venvs` makes .venv with the client"));
    let done = run(&Campaign { seed, kills: KILLS_A_CAMPAIGN, python });
    eprintln!("{done:?}");
    assert_eq!(done.kills, KILLS_A_CAMPAIGN);
    assert!(
        done.totals.rows > 0 && done.totals.lines > 0 && done.totals.files > 0 && done.compactions > 0,
        "{done:?}"
    );
}

#[test]
fn f16_a_killed_server_starts_again_with_all_that_it_acked_to_the_real_client() {
    campaign(0x5_0001, true);
}

#[test]
fn t5_ten_kills_lose_nothing_acked_first_seed() {
    campaign(0x5_0002, false);
}

#[test]
fn t5_ten_kills_lose_nothing_acked_second_seed() {
    campaign(0x5_0003, false);
}

#[test]
fn t5_ten_kills_lose_nothing_acked_third_seed() {
    campaign(0x5_0004, false);
}

/// Takes the last written bytes of the log away, as a disk does that lied about a sync.
fn forget_the_end(dir: &Path) {
    let segments = fs::read_dir(dir.join("log")).unwrap().map(|entry| entry.unwrap().path());
    let last = segments.max().unwrap();
    let mut bytes = fs::read(&last).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes.get_mut(end - 100..=end).unwrap().fill(0);
    fs::write(last, bytes).unwrap();
}

#[test]
fn t5_a_group_that_was_acked_and_is_lost_is_found_by_the_check() {
    let home = Kept::new();
    let mut site = Site::new(home.path().join("store"));
    let journal = Journal::default();
    let habits = Habits { pause: Duration::from_millis(1), rows_max: 8, upload_one_in: 15, end_one_in: 60 };
    let mut trainers = [Trainer::new(0, ADMIN, 1, habits)];
    for is_lost in [false, true] {
        let server = site.start();
        log_until(&mut trainers, &server, &journal, 50);
        server.kill_9();
        if is_lost {
            forget_the_end(&site.dir);
        }
        let server = site.start();
        let check = || check::server(&server.client(), &journal, Runs::All);
        assert_eq!(catch_unwind(AssertUnwindSafe(check)).is_err(), is_lost);
        server.stop();
    }
}
