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
use crate::trainer::{Habits, Life, Trainer};

/// Trainers at once.
pub const TRAINERS: usize = 64;
/// Trainers with one key: a user may make 2,000 requests a second.
const TRAINERS_A_USER: usize = 8;
/// Memory of the server's own, at most: what a server with 1,000 trainers may hold.
const ANONYMOUS_BYTES_MAX: u64 = 512 << 20;
/// Threads and sockets that may come and go: of connections that are made anew, of work on files.
const SLACK: u64 = 8;
/// Parts of a life; in each there is a moment at which no reader holds what was replaced.
const PARTS: usize = 5;
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
    let mut server = site.start();
    let mut under_load = UnderLoad::new(soak, &server);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let syncing = scope.spawn(|| bare_syncs(home.path(), BARE_SYNC_PAUSE, &is_over));
        let over = Over(&is_over);
        for number in 0..soak.lives {
            let end = if number % 2 == 0 { Server::stop } else { Server::kill_9 };
            under_load.live(server, &site.dir, soak.life, end);
            server = site.start();
            check::server(&server.client(), &under_load.journal, Runs::Changed);
        }
        server.stop();
        drop(over);
        under_load.done.syncs = syncing.join().unwrap();
    });
    check::every_byte(&site);
    under_load.end()
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

struct UnderLoad {
    journal: Journal,
    trainers: Vec<Trainer>,
    /// Of the users.
    keys: Vec<String>,
    done: Done,
}

impl UnderLoad {
    fn new(soak: &Soak, server: &Server) -> Self {
        let habits = Habits { pause: soak.pause, rows_max: 3, upload_one_in: 500, end_one_in: 2_000 };
        let trainer = |number| Trainer::new(number, &user(number), soak.seed, habits.clone());
        Self {
            journal: Journal::default(),
            trainers: (0..TRAINERS).map(trainer).collect(),
            keys: add_users(server),
            done: Done::default(),
        }
    }

    /// One life of a server, which is ended while the trainers are at work; what it held is checked.
    fn live(&mut self, server: Server, dir: &Path, length: Duration, end: fn(Server)) {
        let Self { journal, trainers, keys, done } = self;
        let is_over = AtomicBool::new(false);
        let (acks, _acked) = mpsc::sync_channel(1);
        let life = Life { journal, acks, is_over: &is_over, ends_when_full: false };
        let (admin, url) = (server.client(), server.url.clone());
        let (began, mut held) = (Instant::now(), Vec::new());
        thread::scope(|scope| {
            let over = Over(&is_over);
            let (life, admin) = (&life, &admin);
            for (number, trainer) in trainers.iter_mut().enumerate() {
                let client = Client::new(&url, &keys[number / TRAINERS_A_USER]);
                scope.spawn(move || trainer.live(&client, life));
            }
            let querying =
                scope.spawn(move || beside::query(admin, life.journal, life.is_over, || QUERY_PAUSE));
            let compacting = scope.spawn(move || beside::compact(admin, life.is_over, || length / 5));
            while began.elapsed() < length {
                let before = files_to_open(dir);
                let looked = server.held(dir);
                held.extend(looked.map(|held| (held, before.max(files_to_open(dir)))));
                thread::sleep(LOOK);
            }
            done.seconds += began.elapsed().as_secs_f64();
            done.events += admin.metric("wbq_events_acked_total");
            end(server);
            drop(over);
            done.queries += querying.join().unwrap();
            done.compactions += compacting.join().unwrap();
            check_held(&held);
        });
        done.held = held.into_iter().map(|(held, _)| held).fold(done.held, Held::max);
    }

    fn end(self) -> Done {
        let Self { journal, trainers, mut done, .. } = self;
        for trainer in &trainers {
            done.requests += trainer.acked;
            done.acks.merge(&trainer.latencies);
        }
        done.totals = journal.totals();
        done
    }
}

/// Files in the folder that a server may hold open: segments, table files and their indexes, manifest,
/// lock.
fn files_to_open(dir: &Path) -> u64 {
    let count =
        |folder: &str| std::fs::read_dir(dir.join(folder)).map_or(0, |entries| entries.count() as u64);
    count("log") + count("tables") + count("manifest") + count("tmp") + 1
}

/// I18: after the first third of a life threads and sockets do not grow; of the store no more is open
/// than there is, but for what readers hold a while after it was replaced; memory is within its bound.
fn check_held(held: &[(Held, u64)]) {
    for part in held.chunks(held.len().div_ceil(PARTS)) {
        let more = part.iter().map(|(held, files)| held.store_files.saturating_sub(*files)).min();
        assert!(more <= Some(SLACK), "I18: {more:?} files are open that are gone: {part:?}");
    }
    let held: Vec<Held> = held.iter().map(|(held, _)| *held).collect();
    let third = held.len() / 3;
    let most = |held: &[Held]| held.iter().copied().fold(Held::default(), Held::max);
    let (before, after) = (most(&held[..2 * third]), most(&held[2 * third..]));
    assert!(after.threads <= before.threads + SLACK, "I18: threads grow: {before:?}, {after:?}");
    assert!(after.other_files <= before.other_files + SLACK, "I18: open files grow: {before:?}, {after:?}");
    let bytes = before.anonymous_bytes.max(after.anonymous_bytes);
    assert!(bytes <= ANONYMOUS_BYTES_MAX, "I18: {bytes} bytes of memory");
}
