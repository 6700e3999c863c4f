//! `cargo xtask soak`: the real server under load, killed, out of room, and for long, and the engine's
//! threads in many orders; each run is a line of the ledger.

use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use wbq_load::client::python;
use wbq_load::kill::{Campaign, Done, KILLS_A_CAMPAIGN};
use wbq_load::volume::{Kind, Volume};
use wbq_load::{full, kill, soak};

use crate::{ledger, schedules};

/// One campaign in so many has the real client beside the load.
const CLIENT_EVERY: u64 = 4;
/// A life of the server in a long soak, at most.
const LIFE_MAX: Duration = Duration::from_secs(30 * 60);

/// What is to be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Layer {
    /// T5: kills under load
    Kill,
    /// T6: full disks
    Full,
    /// T9: many trainers for long
    Soak,
    /// T8: the engine's threads in drawn orders of their steps
    Schedules,
}

#[derive(clap::Args)]
pub(crate) struct Soak {
    /// What to run
    #[arg(long, value_enum, default_value = "soak")]
    layer: Layer,
    /// Stop after so many kills; of full disks or schedules, after so many of them
    #[arg(long, visible_alias = "runs", value_name = "N")]
    kills: Option<u64>,
    /// Stop after so many minutes
    #[arg(long, value_name = "N", required_unless_present = "kills")]
    minutes: Option<u64>,
    /// Draws the first round; each next one has the next seed [default: the time]
    #[arg(long, value_parser = crate::sim::number)]
    seed: Option<u64>,
}

impl Soak {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let seed = self.seed.unwrap_or_else(from_the_clock);
        println!("seed {seed:#x}");
        if self.layer != Layer::Schedules {
            println!("binary {}", wbq_load::site::binary().display());
        }
        match self.layer {
            Layer::Kill => self.kills(seed),
            Layer::Full => self.disks(seed),
            Layer::Soak => self.minutes_of_load(seed),
            Layer::Schedules => self.schedules(seed),
        }
    }

    /// Whether another round is wanted after so many kills and so long.
    fn goes_on(&self, done: u64, began: Instant) -> bool {
        self.kills.is_none_or(|kills| done < kills)
            && self.minutes.is_none_or(|minutes| began.elapsed() < Duration::from_secs(60 * minutes))
    }

    fn kills(&self, seed: u64) -> anyhow::Result<()> {
        let client = python().context("`make venvs` makes .venv with the client")?;
        let (began, mut all, mut failed, mut tried) = (Instant::now(), Done::default(), 0, 0);
        for round in 0.. {
            if !self.goes_on(tried, began) {
                break;
            }
            let kills = self.kills.map_or(KILLS_A_CAMPAIGN, |kills| KILLS_A_CAMPAIGN.min(kills - tried));
            let python = (round % CLIENT_EVERY == 0).then(|| client.clone());
            let campaign = Campaign { seed: seed + round, kills, python };
            match panic::catch_unwind(AssertUnwindSafe(|| kill::run(&campaign))) {
                Ok(done) => all.add(&done),
                Err(_told) => failed += 1,
            }
            tried += kills;
            println!("{:.0} s: {tried} kills, {failed} campaigns failed", began.elapsed().as_secs_f64());
        }
        println!("{all:?}");
        end("kill", tried, failed, began)
    }

    fn disks(&self, seed: u64) -> anyhow::Result<()> {
        let began = Instant::now();
        let (mut tried, mut failed) = (0, 0);
        let mut kinds = [Kind::Tmpfs, Kind::Ext4, Kind::OwnTmpfs, Kind::FileLimit].into_iter().cycle();
        let mut skipped = 0;
        while self.goes_on(tried, began) {
            let Some(kind) = kinds.next() else { break };
            let volume = match Volume::make(kind) {
                Ok(volume) => volume,
                Err(reason) => {
                    skipped += 1;
                    println!("skipped {kind:?}: {reason}");
                    if skipped > 3 && tried == 0 {
                        bail!("no small disk can be had here");
                    }
                    continue;
                }
            };
            // By turns, and another turn for each kind when it comes again.
            let kills = (tried + tried / 4) % 2 == 1;
            let run = || full::run(&volume, seed + tried, kills);
            match panic::catch_unwind(AssertUnwindSafe(run)) {
                Ok(done) => println!("{kind:?}: {done:?}"),
                Err(_told) => failed += 1,
            }
            tried += 1;
        }
        end("full", tried, failed, began)
    }

    fn minutes_of_load(&self, seed: u64) -> anyhow::Result<()> {
        let minutes = self.minutes.context("say --minutes")?;
        let length = Duration::from_secs(60 * minutes);
        let lives = u32::try_from(length.as_secs().div_ceil(LIFE_MAX.as_secs())).unwrap_or(u32::MAX).max(3);
        let soak = soak::Soak { seed, life: length / lives, lives, pause: Duration::from_millis(10) };
        let began = Instant::now();
        let done = panic::catch_unwind(AssertUnwindSafe(|| soak::run(&soak)));
        if let Ok(done) = &done {
            println!("{}", done.told());
        }
        end("soak", minutes, u64::from(done.is_err()), began)
    }

    fn schedules(&self, seed: u64) -> anyhow::Result<()> {
        let began = Instant::now();
        let runs_max = self.kills.unwrap_or(u64::MAX);
        let (runs, failed) = schedules::many(seed, runs_max, |taken| self.goes_on(taken, began));
        end("schedules", runs, failed, began)
    }
}

/// Notes what ran; the exit code says whether something failed.
fn end(layer: &str, runs: u64, failed: u64, began: Instant) -> anyhow::Result<()> {
    let seconds = began.elapsed().as_secs_f64();
    ledger::append(layer, runs, failed, seconds)?;
    println!("{layer}: {runs} runs in {seconds:.1} s, {failed} failed");
    if failed == 0 { Ok(()) } else { bail!("{failed} failed; the seeds are above") }
}

/// Runs that begin a second apart have a thousand million seeds between them.
fn from_the_clock() -> u64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or_default() << 20
}
