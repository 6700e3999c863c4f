//! T5: 40 kills, a quarter of them with the real client at work.

use wbq_load::client::python;
use wbq_load::kill::{Campaign, KILLS_A_CAMPAIGN, run};

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
fn f16_kill_9_loses_nothing_acked_with_the_real_client() {
    campaign(0x5_0001, true);
}

#[test]
fn f16_kill_9_loses_nothing_acked_first_seed() {
    campaign(0x5_0002, false);
}

#[test]
fn f16_kill_9_loses_nothing_acked_second_seed() {
    campaign(0x5_0003, false);
}

#[test]
fn f16_kill_9_loses_nothing_acked_third_seed() {
    campaign(0x5_0004, false);
}
