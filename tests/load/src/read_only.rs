//! The real server on a file system that turns read-only under load (F17).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use wbq_sim::driver::Case;

use crate::check::{self, Runs};
use crate::journal::{Journal, Totals};
use crate::site::{ADMIN, Server};
use crate::trainer::{End, Habits, Life, Trainer, log_until};
use crate::volume::Volume;

const TRAINERS: usize = 4;
/// Acknowledgements that show that writing goes on.
const ACKS: usize = 200;
/// How long a server may stay that cannot write (F7).
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// Logs, takes the right to write away, gives it back, looks; then the same with a server that stays up for
/// readers.
///
/// # Panics
///
/// When a promise is broken.
#[must_use]
pub fn run(volume: &Volume, seed: u64) -> Totals {
    let _case = Case(|| format!("seed {seed:#x}, {volume:?}"));
    let habits = Habits { pause: Duration::from_millis(2), rows_max: 20, upload_one_in: 40, end_one_in: 200 };
    let mut trainers: Vec<_> =
        (0..TRAINERS).map(|number| Trainer::new(number, ADMIN, seed, habits.clone())).collect();
    let (journal, mut site) = (Journal::default(), volume.site());
    let server = site.start();
    log_until(&mut trainers, &server, &journal, ACKS);
    let code = under_load(&mut trainers, server, &journal, |server| {
        volume.turn_read_only();
        let since = Instant::now();
        let code = server.ended();
        assert!(since.elapsed() < ENDS_WITHIN, "F17: it ends by itself, after {:?}", since.elapsed());
        code
    });
    let said = site.said();
    assert_eq!(code, Some(74), "F17: as after a failed sync: {said}");
    assert!(said.contains("Read-only file system"), "F17: {said}");
    let refused = site.ready(site.spawn()).map(|server| server.url).unwrap_err();
    assert!(refused.0 == Some(74) && refused.1.contains("Read-only file system"), "F17: {refused:?}");
    volume.mount_again();

    site.options = vec!["--on-sync-error=readonly".to_owned()];
    let server = site.start();
    check::server(&server.client(), &journal, Runs::All);
    log_until(&mut trainers, &server, &journal, ACKS);
    let server = under_load(&mut trainers, server, &journal, |server| {
        volume.turn_read_only();
        let stopped = Instant::now();
        while server.client().status("/readyz").0 != 503 {
            assert!(stopped.elapsed() < ENDS_WITHIN, "F17: it does not notice");
        }
        server
    });
    check::server(&server.client(), &journal, Runs::All);
    server.kill_9();
    volume.mount_again();
    let server = site.start();
    check::server(&server.client(), &journal, Runs::All);
    log_until(&mut trainers, &server, &journal, ACKS);
    server.stop();
    check::every_byte(&site);
    journal.totals()
}

/// Does something to a server while all trainers log to it.
fn under_load<T>(
    trainers: &mut [Trainer],
    server: Server,
    journal: &Journal,
    happens: impl FnOnce(Server) -> T,
) -> T {
    let (client, is_over) = (server.client(), AtomicBool::new(false));
    let life = Life { journal, acks: mpsc::sync_channel(1).0, is_over: &is_over, ends_when_full: false };
    thread::scope(|scope| {
        for trainer in trainers {
            let (client, life) = (client.clone(), &life);
            scope.spawn(move || assert_ne!(trainer.live(&client, life), End::Full, "no client gives up"));
        }
        let happened = happens(server);
        is_over.store(true, Ordering::Relaxed);
        happened
    })
}
