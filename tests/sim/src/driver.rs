//! A client and a store on one simulated disk, driven by steps.

mod files;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::disk::sim::{SimClock, SimDisk};
use engine::disk::{Clock as _, RelPath};
use engine::{Batch, Body, Core, Durability, Error, ErrorKind, Event, Options, RunKey, Snapshot, read_in};

use crate::journal::{Fate, Journal};
use crate::look::{compare, look, look_at_log};
pub use crate::step::{Step, merging_options, small_options};
use crate::traffic::make_batch;

/// How long a run is sure to be kept.
#[derive(Debug, Clone, Copy, Default)]
enum Grace {
    /// It is not deleted.
    #[default]
    None,
    /// It was deleted at this time of the clock.
    Since(Duration),
    /// Somebody asked for it to be erased.
    Over,
}

/// A client, its store and its disk.
#[derive(Debug)]
pub struct Driver {
    /// What it writes to.
    pub disk: SimDisk,
    /// How the store is opened.
    pub options: Options,
    /// What must be there.
    pub journal: Journal,
    /// The store, while it is open.
    pub core: Option<Core>,
    /// What its backups are written to.
    pub backup: SimDisk,
    /// Something has rotted, and no compaction has made it again yet.
    pub is_rotten: bool,
    /// The kinds of error that the store gave while it was driven.
    pub told: Vec<ErrorKind>,
    /// Some of the runs that begin go on from others.
    pub forks: bool,
    clock: SimClock,
    /// The graces of runs that were ever deleted.
    graces: BTreeMap<RunKey, Grace>,
    /// Numbers events, so that no two are equal.
    sent: u64,
    /// What earlier openings left unsynced: it may stay so, for nothing rests on it.
    left: Vec<RelPath>,
}

impl Driver {
    /// A client of an empty disk.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self::on(SimDisk::default(), options, Journal::default(), 0)
    }

    /// Another client of a store that was left on a disk, to go on where `self` is.
    #[must_use]
    pub fn fork(&self, disk: SimDisk) -> Self {
        let (is_rotten, forks) = (self.is_rotten, self.forks);
        Self { is_rotten, forks, ..Self::on(disk, self.options.clone(), self.journal.clone(), self.sent) }
    }

    /// A client of a store that somebody else wrote: what it shows must stay.
    ///
    /// # Panics
    ///
    /// When the store cannot be read.
    #[must_use]
    pub fn of_store(disk: SimDisk, options: Options) -> Self {
        let mut driver = Self::on(disk, options, Journal::default(), 1_000_000);
        let events = look(&read_in(&driver.disk.world(&driver.clock, 0)).unwrap());
        driver.journal.note(&events, Fate::Acked);
        driver
    }

    fn on(disk: SimDisk, options: Options, journal: Journal, sent: u64) -> Self {
        let (clock, backup, graces) = Default::default();
        let (core, is_rotten, told, left) = (None, false, Vec::new(), Vec::new());
        let forks = false;
        Self { disk, options, journal, core, backup, is_rotten, told, forks, clock, graces, sent, left }
    }

    /// Makes the store that will be founded another one than other drivers' stores.
    pub fn draw_another_identity(&mut self) {
        self.sent += 1_000_000;
    }

    /// Takes steps, one after the other.
    pub fn run(&mut self, steps: &[Step]) {
        steps.iter().for_each(|step| self.step(step));
    }

    /// Takes a step, a second after the one before.
    pub fn step(&mut self, step: &Step) {
        self.clock.advance(1_000_000_000);
        match step {
            Step::Open => {
                if self.core.is_none() {
                    let opened = self.try_open();
                    self.core = self.heard(opened);
                    if let Some(core) = &self.core {
                        let shown = self.see(&core.snapshot()).unwrap();
                        self.journal.settle(&shown);
                    }
                }
            }
            Step::Commit(shapes) => self.commit(shapes),
            Step::Idle => {
                if let Some(core) = &mut self.core {
                    // What it could not do, the next opening does.
                    let _may_fail = core.idle().is_ok();
                }
            }
            Step::Compact => self.compact(),
            Step::Prune => {
                if let Some(core) = &mut self.core {
                    core.condemn(Duration::ZERO, &"ada".into());
                }
                let deleted = self.graces.values_mut().filter(|grace| matches!(grace, Grace::Since(_)));
                deleted.for_each(|grace| *grace = Grace::Over);
                self.compact();
            }
            Step::RotTables => self.rot_tables(),
            Step::Delete(is_deleted) => {
                let body = if *is_deleted { Body::RunDeleted } else { Body::RunUndeleted };
                let acked = self.journal.acked();
                let changed = self.change_oldest_run(|_| body);
                if let Some(run) = changed.filter(|_| self.journal.acked() > acked) {
                    self.note_grace(run, *is_deleted);
                }
            }
            Step::Upload(bytes) => self.upload(*bytes),
            Step::Backup => self.back_up(),
            Step::Room(blocks) => self.disk.limit(blocks.map(|blocks| blocks * 4096)),
            Step::Close => {
                if let Some(core) = self.core.take() {
                    let _may_fail = core.close().is_ok();
                }
            }
            Step::Kill => {
                self.core = None;
                self.disk = self.disk.after_kill();
            }
            Step::PowerLoss(image) => {
                self.core = None;
                self.disk = self.disk.after_image(*image);
            }
            Step::SetWall(nanos) => self.clock.set_wall(*nanos),
        }
    }

    /// Commits a group of made-up batches and notes the answers.
    ///
    /// # Panics
    ///
    /// As [`Driver::send`].
    pub fn commit(&mut self, shapes: &[(usize, usize)]) {
        let Some(before) = self.core.as_ref().map(Core::snapshot) else { return };
        let make = |(count, bytes): &(usize, usize)| {
            make_batch(&before, &mut self.sent, (*count, *bytes), self.forks)
        };
        // A client that cannot read what stands sends nothing.
        let batches: Vec<_> = shapes.iter().map(make).filter(|batch| !batch.is_empty()).collect();
        if !batches.is_empty() {
            self.send(batches);
        }
    }

    /// Commits a group and notes the answers. No two events that are ever sent may be equal.
    ///
    /// # Panics
    ///
    /// When an answer and what is shown contradict each other (D1, D5, F7).
    pub fn send(&mut self, batches: Vec<Vec<Event>>) {
        let Some(core) = &mut self.core else { return };
        let before = core.snapshot();
        let was_stopped = core.stopped().is_some();
        let answers = core.commit(batches.iter().cloned().map(Batch::new).collect());
        assert_eq!(answers.len(), batches.len());
        let after = core.snapshot();
        let mut acked = None;
        for (events, answer) in batches.iter().zip(answers) {
            let fate = match answer {
                Ok(ack) => {
                    assert!(acked < Some(ack.lsn), "positions rise");
                    acked = Some(ack.lsn);
                    Fate::Acked
                }
                Err(error) => {
                    // Two batches of a group may make the same run.
                    if !matches!(error, Error::Rejected(_)) {
                        let is_passing = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Io);
                        assert!(is_passing, "I19: a client would give up: {error:?}");
                        self.told.push(error.kind());
                    }
                    let is_unknown = matches!(error, Error::WritesStopped { .. }) && !was_stopped;
                    if is_unknown { Fate::Unknown } else { Fate::Refused }
                }
            };
            self.journal.note(events, fate);
        }
        assert_eq!(
            after.durable,
            acked.unwrap_or(before.durable),
            "D5: what is acked, and only that, is shown"
        );
        if acked.is_some() {
            assert!(!was_stopped, "F7: nothing is acked after a failed sync");
            let unsynced = self.unsynced();
            let is_sync = self.options.durability == Durability::Sync;
            assert!(
                !is_sync || unsynced.iter().all(|path| self.left.contains(path)),
                "D1: acked before it is synced: {unsynced:?}"
            );
        }
    }

    /// What a snapshot shows, after it was compared with what must be there; of a store with rot in a table
    /// file the log alone.
    fn see(&mut self, snapshot: &Snapshot) -> Result<Events, Error> {
        if self.is_rotten {
            let shown = look_at_log(snapshot);
            self.journal.agree(&shown);
            return Ok(shown);
        }
        let shown = compare(snapshot, &mut self.journal, Some(self.disk.checksum("tables")))?;
        self.check_graces();
        Ok(shown)
    }

    /// Notes that a grace begins or ends. One that is deleted again has no more time for it, and who asked for
    /// a run to be erased does not take that back.
    fn note_grace(&mut self, run: RunKey, is_deleted: bool) {
        let now = self.now();
        let grace = self.graces.entry(run).or_default();
        *grace = match (*grace, is_deleted) {
            (Grace::Over, _) => Grace::Over,
            (Grace::Since(since), true) => Grace::Since(since),
            (Grace::None, true) => Grace::Since(now),
            (_, false) => Grace::None,
        };
    }

    /// F12: no run is erased before its grace is over.
    fn check_graces(&mut self) {
        let Some(kept) = self.options.keep_deleted else { return };
        let erased: Vec<RunKey> = self.journal.erasures().into_keys().cloned().collect();
        for run in erased {
            if let Some(Grace::Since(since)) = self.graces.remove(&run) {
                let waited = self.now() - since;
                assert!(waited >= kept, "F12: {run} is erased after {waited:?}");
            }
        }
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.clock.mono())
    }

    /// Compacts, and looks at what came of it.
    fn compact(&mut self) {
        if let Some(core) = &mut self.core {
            let compacted = core.compact();
            // What it could not do, a later one does; rows stay those of the log (D9).
            self.is_rotten &= self.heard(compacted).is_none();
        }
        self.look();
    }

    /// What the open store shows now, after it was compared with what must be there.
    ///
    /// # Panics
    ///
    /// When they differ.
    pub fn look(&mut self) -> Option<Arc<Snapshot>> {
        let snapshot = self.core.as_ref().filter(|_| !self.disk.is_off())?.snapshot();
        self.see(&snapshot).unwrap();
        Some(snapshot)
    }

    /// Notes an error.
    fn heard<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        result.map_err(|error| self.told.push(error.kind())).ok()
    }

    fn unsynced(&self) -> Vec<RelPath> {
        let tables = self.core.iter().flat_map(|core| core.snapshot().table_files());
        let named: Vec<String> = tables.flat_map(|table| table.paths).collect();
        let of_tables = self.disk.unsynced("tables").into_iter();
        let of_tables = of_tables.filter(|path| named.iter().any(|named| named == path.as_str()));
        let others = ["log", "manifest"].into_iter().flat_map(|folder| self.disk.unsynced(folder));
        others.chain(of_tables).collect()
    }

    /// The store, if it opens.
    ///
    /// # Errors
    ///
    /// As [`Core::open`].
    pub fn try_open(&mut self) -> Result<Core, Error> {
        self.left = self.unsynced();
        Core::open(self.disk.world(&self.clock, self.sent), &self.options)
    }

    /// The store, which must open.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub fn open(&mut self) -> &mut Core {
        self.core = None;
        let core = self.try_open().unwrap();
        self.core.insert(core)
    }

    /// Opens the store and compares what it shows with what must be there.
    ///
    /// # Errors
    ///
    /// As [`Core::open`], and what reading gives.
    ///
    /// # Panics
    ///
    /// When they differ.
    pub fn try_recover(&mut self) -> Result<Events, Error> {
        self.core = None;
        let core = self.try_open()?;
        let shown = compare(&core.snapshot(), &mut self.journal, Some(self.disk.checksum("tables")))?;
        self.journal.settle(&shown);
        self.core = Some(core);
        Ok(shown)
    }
}

/// Says which case it was when a test fails within it.
pub struct Case<T: Fn() -> String>(pub T);

impl<T: Fn() -> String> Drop for Case<T> {
    #[expect(clippy::print_stderr, reason = "a failing case must be findable")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("case: {}", (self.0)());
        }
    }
}

/// What a snapshot's log holds.
pub type Events = Arc<[Event]>;
