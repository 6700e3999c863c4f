//! T9: many trainers for long, with queries, compactions, files, ends asked for and forced.
//!
//! A soak is a row of lives of the server, by turns ended with SIGTERM and SIGKILL. In each life,
//! after a first third in which pools and caches fill, threads and open files must not grow.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use wbq_sim::driver::Case;

use crate::beside;
use crate::check::{self, Runs};
use crate::http::{Answer, Client};
use crate::journal::{Journal, Totals};
use crate::latency::{Latencies, bare_syncs};
use crate::process::Held;
use crate::site::{Kept, Server, Site};
use crate::trainer::{End, Habits, Life, Trainer};

/// Trainers at once.
pub const TRAINERS: usize = 64;
/// Trainers with one key: a user may make 2,000 requests a second.
const TRAINERS_A_USER: usize = 8;
/// Memory of the server's own, at most: what a server with 1,000 trainers may hold.
const ANONYMOUS_BYTES_MAX: u64 = 512 << 20;
/// Threads and sockets that may come and go: of connections that are made anew, of work on files.
const SLACK: u64 = 8;
/// How often what is held is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// One query a second.
const QUERY_PAUSE: Duration = Duration::from_secs(1);
const BARE_SYNC_PAUSE: Duration = Duration::from_millis(20);

/// What to run.
#[derive(Debug, Clone)]
pub struct Soak {
    /// Draws what is sent.
    pub seed: u64,
    /// How long each life of the server is.
    pub life: Duration,
    /// How many lives there are.
    pub lives: u32,
    /// The time between two requests of a trainer, in the middle. One that cannot keep up sends as
    /// fast as it is answered.
    pub pause: Duration,
}

/// What came of a soak.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// Seconds under load.
    pub seconds: f64,
    /// Events that the server counted as acknowledged.
    pub events: f64,
    /// Requests that were acknowledged.
    pub requests: u64,
    /// Queries that were answered.
    pub queries: u64,
    /// Compactions.
    pub compactions: u64,
    /// How long it took until a stream request was acknowledged.
    pub acks: Latencies,
    /// How long a bare write and sync took in the same folder, beside the load.
    pub syncs: Latencies,
    /// The most that was held.
    pub held: Held,
    /// What the journal held at the end.
    pub totals: Totals,
}

impl Done {
    /// The figures, for people.
    #[must_use]
    pub fn told(&self) -> String {
        let Self { seconds, events, requests, queries, compactions, acks, syncs, held, totals } = self;
        let rate = |count: f64| count / seconds;
        let millis = |latencies: &Latencies, part| latencies.quantile(part).as_secs_f64() * 1e3;
        format!(
            "{seconds:.0} s under load of {TRAINERS} trainers: {:.0} events/s, {:.0} requests/s, {queries} queries, \
             {compactions} compactions, acked lost 0\n\
             ack  p50 {:.2} ms  p99 {:.2} ms  n {}\n\
             sync p50 {:.2} ms  p99 {:.2} ms  n {} (a bare write and sync in the same folder)\n\
             at most {} threads, {} sockets and others, {} files of the store, {} MiB\n{totals:?}",
            rate(*events),
            rate(*requests as f64),
            millis(acks, 0.5),
            millis(acks, 0.99),
            acks.count(),
            millis(syncs, 0.5),
            millis(syncs, 0.99),
            syncs.count(),
            held.threads,
            held.other_files,
            held.store_files,
            held.anonymous_bytes >> 20,
        )
    }
}

/// Runs a soak in a folder that it makes.
///
/// # Panics
///
/// When a promise is broken: something acknowledged is lost, or a bound is passed.
#[must_use]
pub fn run(soak: &Soak) -> Done {
    let _case = Case(|| format!("{soak:?}"));
    let home = Kept::new();
    let mut site = Site::new(home.path().join("store"));
    let (journal, mut done) = (Journal::default(), Done::default());
    let mut server = site.start();
    let keys = add_users(&server);
    let habits = Habits { pause: soak.pause, rows_max: 3, upload_one_in: 500, end_one_in: 2_000 };
    let mut trainers: Vec<_> =
        (0..TRAINERS).map(|number| Trainer::new(number, &user(number), soak.seed, habits.clone())).collect();
    let is_over = AtomicBool::new(false);
    let server = thread::scope(|scope| {
        let syncing = scope.spawn(|| bare_syncs(home.path(), BARE_SYNC_PAUSE, &is_over));
        let over = Over(&is_over);
        for number in 0..soak.lives {
            live(&mut trainers, &keys, &server, &site.dir, &journal, soak.life, &mut done);
            if number % 2 == 0 {
                server.stop();
            } else {
                server.kill_9();
            }
            server = site.start();
            check::server(&server.client(), &journal, Runs::Changed);
        }
        drop(over);
        done.syncs = syncing.join().unwrap();
        server
    });
    server.stop();
    check::every_byte(&site);
    for trainer in &trainers {
        done.requests += trainer.acked;
        done.acks.merge(&trainer.latencies);
    }
    done.totals = journal.totals();
    done
}

/// Ends what waits for it, also when this thread panics.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn user(trainer: usize) -> String {
    format!("u{}", trainer / TRAINERS_A_USER)
}

/// Adds a user for each few trainers; gives their keys.
fn add_users(server: &Server) -> Vec<String> {
    let admin = server.client();
    let add = |number| {
        let name = user(number * TRAINERS_A_USER);
        let command = serde_json::json!({ "command": "user_add", "name": name }).to_string();
        let Answer::Taken(text) = admin.post("/api/commands", &command) else { panic!("no user {name}") };
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        told["key"].as_str().unwrap().to_owned()
    };
    (0..TRAINERS.div_ceil(TRAINERS_A_USER)).map(add).collect()
}

/// One life of a server under load; what was held in it is checked.
fn live(
    trainers: &mut [Trainer],
    keys: &[String],
    server: &Server,
    dir: &Path,
    journal: &Journal,
    length: Duration,
    done: &mut Done,
) {
    let is_over = AtomicBool::new(false);
    let (acks, _acked) = mpsc::sync_channel(1);
    let life = Life { journal, acks, is_over: &is_over, ends_when_full: false };
    let admin = server.client();
    let began = Instant::now();
    let (held, queries, compactions) = thread::scope(|scope| {
        let over = Over(&is_over);
        let ends: Vec<_> = (trainers.iter_mut().enumerate())
            .map(|(number, trainer)| {
                let (client, life) = (Client::new(&server.url, &keys[number / TRAINERS_A_USER]), &life);
                scope.spawn(move || trainer.live(&client, life))
            })
            .collect();
        let querying = scope.spawn(|| beside::query(&admin, journal, &is_over, || QUERY_PAUSE));
        let compacting = scope.spawn(|| beside::compact(&admin, &is_over, || length / 5));
        let mut held = Vec::new();
        while began.elapsed() < length {
            held.extend(server.held(dir));
            thread::sleep(LOOK);
        }
        drop(over);
        ends.into_iter().for_each(|end| assert_eq!(end.join().unwrap(), End::Told, "the server answers"));
        (held, querying.join().unwrap(), compacting.join().unwrap())
    });
    done.seconds += began.elapsed().as_secs_f64();
    done.events += admin.metric("wbq_events_acked_total");
    done.queries += queries;
    done.compactions += compactions;
    done.held = held.iter().copied().fold(done.held, Held::max);
    check_held(&held, files_to_open(dir));
}

/// Files in the folder that a server may hold open: segments, table files and their indexes, manifest,
/// lock.
fn files_to_open(dir: &Path) -> u64 {
    let count =
        |folder: &str| std::fs::read_dir(dir.join(folder)).map_or(0, |entries| entries.count() as u64);
    count("log") + count("tables") + count("manifest") + count("tmp") + 1
}

/// I18: after the first third of a life threads and sockets do not grow; of the store no more is open
/// than there is; memory is within its bound.
fn check_held(held: &[Held], files: u64) {
    let third = held.len() / 3;
    let most = |held: &[Held]| held.iter().copied().fold(Held::default(), Held::max);
    let (before, after) = (most(&held[..2 * third]), most(&held[2 * third..]));
    assert!(after.threads <= before.threads + SLACK, "I18: threads grow: {before:?}, {after:?}");
    assert!(after.other_files <= before.other_files + SLACK, "I18: open files grow: {before:?}, {after:?}");
    assert!(after.store_files <= files + SLACK, "I18: {files} files of the store, open are {after:?}");
    let bytes = before.anonymous_bytes.max(after.anonymous_bytes);
    assert!(bytes <= ANONYMOUS_BYTES_MAX, "I18: {bytes} bytes of memory");
}
