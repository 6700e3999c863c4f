//! T6: the real server on a disk that fills up under load and is freed again (F8).

use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use engine::disk::sim::Chance;
use wbq_sim::driver::{Case, Events};

use crate::check::{self, Runs};
use crate::http::{Answer, Client};
use crate::journal::{Journal, Totals};
use crate::site::{ADMIN, Server, Site};
use crate::trainer::{End, Habits, Life, Trainer, log_until};
use crate::volume::Volume;

const TRAINERS: usize = 4;
/// How long it may take until the disk is full, or written to again.
const WITHIN: Duration = Duration::from_secs(60);
/// Acknowledgements that show that writing goes on.
const ACKS: usize = 200;

/// What was done.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// What the journal held at the end.
    pub totals: Totals,
    /// What of it had been acknowledged when the disk was full.
    pub when_full: Totals,
    /// From the moment when there was room again to the first acknowledgement.
    pub resumed_after: Duration,
    /// With a kill on the full disk: whether a server could be started before there was room.
    pub started_full: Option<bool>,
}

/// Fills the disk, looks, frees it, looks again. `kills` has the server killed while it is full.
///
/// # Panics
///
/// When a promise is broken.
#[must_use]
pub fn run(volume: &Volume, seed: u64, kills: bool) -> Done {
    let _case = Case(|| format!("seed {seed:#x}, {volume:?}, kills: {kills}"));
    let habits =
        Habits { pause: Duration::from_millis(1), rows_max: 100, upload_one_in: 40, end_one_in: 200 };
    let mut trainers: Vec<_> =
        (0..TRAINERS).map(|number| Trainer::new(number, ADMIN, seed, habits.clone())).collect();
    let (journal, mut site) = (Journal::default(), volume.site());
    let server = site.start();
    log_until(&mut trainers, &server, &journal, ACKS);
    volume.fill(&server);
    log_until_full(&mut trainers, &server, &journal);
    look_when_full(&server.client(), &journal, seed);
    let when_full = journal.totals();

    let (server, started_full) = if kills {
        server.kill_9();
        let (server, started_full) = start_when_full(&mut site, volume, &journal);
        (server, Some(started_full))
    } else {
        volume.free(Some(&server));
        (server, None)
    };
    let resumed_after = log_until(&mut trainers, &server, &journal, ACKS);
    assert_eq!(server.client().status("/readyz").0, 200, "F8: it is ready again by itself");
    check::server(&server.client(), &journal, Runs::All);

    server.kill_9();
    let events = check::folder(&site.dir, &Events::default());
    let server = site.start();
    check::server(&server.client(), &journal, Runs::All);
    server.stop();
    let _all = check::folder(&site.dir, &events);
    check::every_byte(&site);
    Done { totals: journal.totals(), when_full, resumed_after, started_full }
}

/// A server on what a kill left on a full disk: one that is started there, or else one that is started
/// once there is room; and which of the two it is. The disk has room again then.
fn start_when_full(site: &mut Site, volume: &Volume, journal: &Journal) -> (Server, bool) {
    let starting = site.spawn();
    match site.ready(starting) {
        Ok(server) => {
            check::server(&server.client(), journal, Runs::All);
            volume.free(Some(&server));
            (server, true)
        }
        Err((code, said)) => {
            // A start writes a segment of its own (W9), so it says what it lacks.
            assert!(code == Some(1) && said.contains("No space left on device"), "F8: {code:?}: {said}");
            volume.free(None);
            (site.start(), false)
        }
    }
}

/// Has all trainers log until each is told that the disk is full, and the server says so of itself.
fn log_until_full(trainers: &mut [Trainer], server: &Server, journal: &Journal) {
    let client = server.client();
    let is_over = AtomicBool::new(false);
    let began = Instant::now();
    loop {
        let (acks, _acked) = mpsc::sync_channel(1);
        let life = Life { journal, acks, is_over: &is_over, ends_when_full: true };
        thread::scope(|scope| {
            let ends: Vec<_> = trainers
                .iter_mut()
                .map(|trainer| (client.clone(), trainer, &life))
                .map(|(client, trainer, life)| scope.spawn(move || trainer.live(&client, life)))
                .collect();
            for end in ends {
                assert_eq!(end.join().unwrap(), End::Full, "F8: 503 disk_full, Retry-After: 30");
            }
        });
        // A file can find no room while the log still has some.
        let (status, text) = client.status("/readyz");
        if status == 503 {
            assert!(text.contains("disk_full"), "F8: {text}");
            return;
        }
        assert!(began.elapsed() < WITHIN, "the log does not fill up");
    }
}

/// Reads go on, nothing acknowledged is lost; what cannot be done says why.
fn look_when_full(client: &Client, journal: &Journal, seed: u64) {
    check::server(client, journal, Runs::All);
    let _files = check::downloads(client, journal, ADMIN, &mut Chance::new(seed));
    assert_eq!(client.status("/livez").0, 200, "F8: it lives");
    assert_eq!(check::watch(client, journal), Some(true), "F8: queries are answered");
    let compacted = client.post("/api/commands", r#"{"command":"compact"}"#);
    assert!(matches!(compacted, Answer::Taken(_)) || compacted.is_disk_full(), "F9: {compacted:?}");
    check::server(client, journal, Runs::All);
}
