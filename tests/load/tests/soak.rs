//! T9, the smoke of each CI run: a minute.

use std::time::Duration;

use wbq_load::soak::{Soak, run};

#[test]
fn t9_a_minute_under_load_loses_nothing_acked_and_holds_no_more_than_it_may() {
    let done = run(&Soak {
        seed: 0x9_0001,
        life: Duration::from_secs(11),
        lives: 3,
        pause: Duration::from_millis(10),
    });
    eprintln!("{}", done.told());
    assert!(done.requests > 0 && done.queries > 0 && done.compactions > 0 && done.totals.files > 0);
}
