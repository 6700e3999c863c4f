//! What goes on beside the trainers while a server lives: compactions and queries.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::check;
use crate::http::{Answer, Client};
use crate::journal::Journal;

/// How soon somebody who waits sees that the life is over.
const LOOK: Duration = Duration::from_millis(5);

/// Asks for compactions until the life is over or the server is gone; gives how many were done.
pub fn compact(client: &Client, is_over: &AtomicBool, pause: impl FnMut() -> Duration) -> u64 {
    again_and_again(is_over, pause, || match client.post("/api/commands", r#"{"command":"compact"}"#) {
        Answer::Taken(_) => Some(true),
        Answer::Later { .. } => Some(false),
        Answer::Gone(_) => None,
    })
}

/// Asks what somebody asks who watches, and checks what is shown ([`check::watch`]); gives how often
/// there were rows.
pub fn query(
    client: &Client,
    journal: &Journal,
    is_over: &AtomicBool,
    pause: impl FnMut() -> Duration,
) -> u64 {
    again_and_again(is_over, pause, || check::watch(client, journal))
}

/// Acts after each pause until the life is over or an act says that the server is gone; gives how many
/// acts did what they were to do.
fn again_and_again(
    is_over: &AtomicBool,
    mut pause: impl FnMut() -> Duration,
    mut act: impl FnMut() -> Option<bool>,
) -> u64 {
    let (mut due, mut done) = (Instant::now() + pause(), 0);
    while !is_over.load(Ordering::Relaxed) {
        if Instant::now() < due {
            thread::sleep(LOOK);
            continue;
        }
        match act() {
            Some(is_done) => done += u64::from(is_done),
            None => break,
        }
        due = Instant::now() + pause();
    }
    done
}
