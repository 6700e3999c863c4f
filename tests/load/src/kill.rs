//! T5: the real binary, killed at drawn moments under load, and checked after every start.
//!
//! A campaign is one folder with a few kills. The seed draws what trainers send, when kills and
//! compactions come, and which kills are followed by one in recovery; threads and the system's timing
//! are chance, so a seed replays a campaign in kind, not to the byte.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use engine::disk::sim::Chance;
use wbq_sim::driver::{Case, Events};

use crate::beside;
use crate::check::{self, Runs};
use crate::client::Training;
use crate::journal::{Journal, Totals};
use crate::site::{ADMIN, Kept, Server, Site};
use crate::trainer::{End, Habits, Life, Trainer};

/// Kills of a folder before the next begins.
pub const KILLS_A_CAMPAIGN: u64 = 10;
/// The latest moment of a kill after the first acknowledgement.
const KILL_WITHIN_MS: u64 = 2_000;
/// The longest pause between two compactions.
const COMPACTION_PAUSE_MS: u64 = 800;
const QUERY_PAUSE: Duration = Duration::from_millis(50);
const TRAINERS: usize = 6;
const FIRST_ACK: Duration = Duration::from_secs(60);

/// What to run.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Draws everything.
    pub seed: u64,
    /// How often the server is killed under load.
    pub kills: u64,
    /// Python with the real client, if that is to log beside the load.
    pub python: Option<PathBuf>,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    /// Kills under load.
    pub kills: u64,
    /// Of them, with the real client at work.
    pub with_client: u64,
    /// Kills of a server that had been started after a kill and did not listen yet.
    pub in_recovery: u64,
    /// Requests that were acknowledged.
    pub acked: u64,
    /// Compactions that were acknowledged.
    pub compactions: u64,
    /// Files that were downloaded and compared.
    pub downloads: u64,
    /// What the journal held at the end.
    pub totals: Totals,
    /// Rows of the real client.
    pub client_rows: u64,
}

impl Done {
    /// Adds another campaign.
    pub fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.with_client += other.with_client;
        self.in_recovery += other.in_recovery;
        self.acked += other.acked;
        self.compactions += other.compactions;
        self.downloads += other.downloads;
        self.totals.runs += other.totals.runs;
        self.totals.rows += other.totals.rows;
        self.totals.lines += other.totals.lines;
        self.totals.files += other.totals.files;
        self.client_rows += other.client_rows;
    }
}

/// Runs a campaign.
///
/// # Panics
///
/// When a promise is broken; the folder is kept then, and the seed told.
#[must_use]
pub fn run(campaign: &Campaign) -> Done {
    let _case = Case(|| {
        format!("cargo xtask soak --layer kill --kills {} --seed {:#x}", campaign.kills, campaign.seed)
    });
    let home = Kept::new();
    let mut under_test = UnderTest::new(campaign, &home);
    let mut server = under_test.site.start();
    let mut training =
        campaign.python.as_ref().map(|python| Training::start(python, home.path().join("training"), &server));
    if let Some(training) = &mut training {
        training.is_logging(&server.client());
    }
    for _ in 0..campaign.kills {
        under_test.live_and_die(server);
        under_test.done.with_client += u64::from(training.is_some());
        server = under_test.recover();
        check::server(&server.client(), &under_test.journal, Runs::All);
        under_test.download(&server);
        if let Some(training) = &mut training {
            training.check(&server.client());
        }
    }
    let client = server.client();
    under_test.done.client_rows = training.map_or(0, |training| training.finish(&client));
    server.stop();
    under_test.end()
}

struct UnderTest {
    chance: Chance,
    site: Site,
    journal: Journal,
    trainers: Vec<Trainer>,
    /// What the folder was seen to hold.
    events: Events,
    /// How long the last start took.
    start: Duration,
    done: Done,
}

impl UnderTest {
    fn new(campaign: &Campaign, home: &Kept) -> Self {
        let habits =
            Habits { pause: Duration::from_millis(12), rows_max: 8, upload_one_in: 15, end_one_in: 60 };
        let trainers = (0..TRAINERS).map(|number| Trainer::new(number, ADMIN, campaign.seed, habits.clone()));
        Self {
            chance: Chance::new(campaign.seed),
            site: Site::new(home.path().join("store")),
            journal: Journal::default(),
            trainers: trainers.collect(),
            events: Events::default(),
            start: Duration::ZERO,
            done: Done::default(),
        }
    }

    /// Load on a server, until it is killed at a drawn moment after the first acknowledgement.
    fn live_and_die(&mut self, server: Server) {
        self.start = server.ready_after;
        let delay = Duration::from_millis(self.chance.below(KILL_WITHIN_MS + 1));
        let is_over = AtomicBool::new(false);
        let (acks, first_ack) = mpsc::sync_channel(1);
        let life = Life { journal: &self.journal, acks, is_over: &is_over, ends_when_full: false };
        let mut compactions = Chance::new(self.chance.draw());
        let client = server.client();
        thread::scope(|scope| {
            let (client, life) = (&client, &life);
            let ends: Vec<_> = self
                .trainers
                .iter_mut()
                .map(|trainer| scope.spawn(move || trainer.live(&client.clone(), life)))
                .collect();
            let drawn = move || Duration::from_millis(compactions.below(COMPACTION_PAUSE_MS));
            let compacting = scope.spawn(move || beside::compact(client, life.is_over, drawn));
            scope.spawn(move || beside::query(client, life.journal, life.is_over, || QUERY_PAUSE));
            let is_acked = first_ack.recv_timeout(FIRST_ACK).is_ok();
            thread::sleep(delay);
            server.kill_9();
            is_over.store(true, Ordering::Relaxed);
            assert!(is_acked, "no acknowledgement within {FIRST_ACK:?}");
            self.done.compactions += compacting.join().unwrap();
            ends.into_iter().for_each(|end| assert!(matches!(end.join().unwrap(), End::Gone | End::Told)));
        });
        self.done.kills += 1;
    }

    /// A server on what the kill left: sometimes after a look at it, sometimes killed once more first.
    fn recover(&mut self) -> Server {
        if self.chance.one_in(2) {
            self.events = check::folder(&self.site.dir, &self.events);
        }
        if self.chance.one_in(5) {
            let starting = self.site.spawn();
            let micros = u64::try_from(self.start.as_micros()).unwrap_or(u64::MAX);
            thread::sleep(Duration::from_micros(self.chance.below(micros)));
            self.done.in_recovery += u64::from(starting.kill_9().is_empty());
        }
        self.site.start()
    }

    fn download(&mut self, server: &Server) {
        self.done.downloads += check::downloads(&server.client(), &self.journal, ADMIN, &mut self.chance);
    }

    fn end(mut self) -> Done {
        self.events = check::folder(&self.site.dir, &self.events);
        check::every_byte(&self.site);
        let acked = self.trainers.iter().map(|trainer| trainer.acked).sum();
        Done { acked, totals: self.journal.totals(), ..self.done }
    }
}
