//! A client and a store on one simulated disk, driven by steps.

use std::sync::Arc;

use engine::disk::RelPath;
use engine::disk::sim::{Chance, Image, SimClock, SimDisk};
use engine::{
    Batch, Blob, BlockBuilder, Body, Chunk, Console, ConsoleLine, Core, Durability, Error, ErrorKind, Event,
    FilePut, Options, Paths, ProjectCreated, ProjectKey, Rows, RunCreated, RunKey, Snapshot, State, Subject,
    Value, ops, read_in,
};

use crate::journal::{Fate, Journal};
use crate::verify::{look, look_at_log};

/// What happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The store is opened, unless it is open.
    Open,
    /// A group: of each batch the number of events and about how many bytes each has.
    Commit(Vec<(usize, usize)>),
    /// Nothing was heard for a while.
    Idle,
    /// What waits of the log is compacted, damaged table files are made again, table files are merged.
    Compact,
    /// A byte of a table file and one of another's index rot, if there are some (F4).
    RotTables,
    /// The oldest run is deleted, or brought back.
    Delete(bool),
    /// A user file of so many bytes is uploaded and named by an event.
    Upload(usize),
    /// The folder is backed up to another disk.
    Backup,
    /// The disk has so many blocks of 4096 bytes; none: no limit.
    Room(Option<u64>),
    /// The store is closed.
    Close,
    /// The process ends; the cache lives on.
    Kill,
    /// The power fails.
    PowerLoss(Image),
    /// Somebody sets the wall clock (F12).
    SetWall(i64),
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
    clock: SimClock,
    /// Numbers events, so that no two are equal.
    sent: u64,
    /// What earlier openings left unsynced: it may stay so, for nothing rests on it.
    left: Vec<RelPath>,
}

/// Segments so small that a few groups fill one. Table files stay what they are: none is merged.
#[must_use]
pub fn small_options() -> Options {
    let mut options = Options::new("");
    (options.segment_bytes_min, options.segment_bytes_max) = (4 << 10, 16 << 10);
    options.holder = "the simulator".into();
    options
}

/// [`small_options`] with table files so small that any two are merged.
#[must_use]
pub fn merging_options() -> Options {
    let mut options = small_options();
    (options.compaction.fresh_files, options.compaction.growth) = (2, 1);
    (options.compaction.file_bytes_min, options.compaction.file_bytes_max) = (24 << 10, 48 << 10);
    options
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
        let is_rotten = self.is_rotten;
        Self { is_rotten, ..Self::on(disk, self.options.clone(), self.journal.clone(), self.sent) }
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
        driver.journal.note(&events[1..], Fate::Acked);
        driver
    }

    fn on(disk: SimDisk, options: Options, journal: Journal, sent: u64) -> Self {
        let (clock, backup) = Default::default();
        let (core, is_rotten, told, left) = (None, false, Vec::new(), Vec::new());
        Self { disk, options, journal, core, backup, is_rotten, told, clock, sent, left }
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
                        self.journal.settle(&self.see(&core.snapshot()));
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
            Step::Compact => {
                if let Some(core) = &mut self.core {
                    let compacted = core.compact();
                    // What it could not do, a later one does; rows stay those of the log (D9).
                    self.is_rotten &= self.heard(compacted).is_none();
                }
                if let Some(core) = self.core.as_ref().filter(|_| !self.disk.is_off()) {
                    self.see(&core.snapshot());
                }
            }
            Step::RotTables => self.rot_tables(),
            Step::Delete(is_deleted) => {
                let body = if *is_deleted { Body::RunDeleted } else { Body::RunUndeleted };
                self.change_oldest_run(|_| body);
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
        let make = |(count, bytes): &(usize, usize)| make_batch(&before, &mut self.sent, *count, *bytes);
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

    /// What a snapshot shows; of a store with rot in a table file the log alone.
    fn see(&self, snapshot: &Snapshot) -> Events {
        if self.is_rotten { look_at_log(snapshot) } else { look(snapshot) }
    }

    /// Notes an error.
    fn heard<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        result.map_err(|error| self.told.push(error.kind())).ok()
    }

    fn rot_tables(&mut self) {
        let files = self.disk.files();
        let ending = |end: &str| files.keys().filter(|path| path.as_str().ends_with(end)).collect::<Vec<_>>();
        for path in [ending(".idx").first(), ending(".parquet").last()].into_iter().flatten() {
            self.disk.rot(path, |bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            });
            self.is_rotten = true;
        }
    }

    /// Commits an event about the oldest run, if there is one.
    fn change_oldest_run(&mut self, body: impl FnOnce(u64) -> Body) {
        let snapshot = self.core.as_ref().map(Core::snapshot);
        let Some(run) = snapshot.and_then(|snapshot| snapshot.projection.run_at(0).unwrap()) else {
            return;
        };
        self.sent += 1;
        let received = i64::try_from(self.sent).unwrap();
        let subject = run.key.clone().into();
        let event = Event { subject, received, actor: "ada".into(), body: body(self.sent) };
        self.send(vec![vec![event]]);
    }

    /// F15: an event names a user file only once all of it is there.
    fn upload(&mut self, bytes: usize) {
        let Some(core) = &self.core else { return };
        let stored = core.blobs().begin().and_then(|mut upload| {
            upload.write(&file_of(bytes))?;
            upload.finish(Some(bytes as u64), None)
        });
        let Some(blob) = self.heard(stored) else { return };
        self.change_oldest_run(|number| {
            let Blob { digest, md5, size } = blob;
            Body::FilePut(FilePut {
                name: format!("{FILE}{number}").into(),
                digest,
                md5,
                size,
                kind: "".into(),
            })
        });
    }

    /// A backup that is reported holds what the folder held; another is what it was, or begun again.
    fn back_up(&mut self) {
        let core = self.core.as_ref().filter(|_| !self.disk.is_off());
        let Some(shown) = core.map(|core| look(&core.snapshot())) else { return };
        let (source, target) = (self.disk.world(&self.clock, 0), self.backup.world(&self.clock, 0));
        if self.heard(ops::backup(&source, &target, &mut |_| ())).is_some() {
            let held =
                look(&read_in(&self.backup.after_image(Image::AllLost).world(&self.clock, 0)).unwrap());
            assert!(held == shown, "a backup that was reported is there, whole");
        }
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
}

fn project() -> ProjectKey {
    ProjectKey::new("ada", "p")
}

/// What the names of uploaded files begin with.
pub const FILE: &str = "file-";

/// The user file of so many bytes.
#[must_use]
pub fn file_of(bytes: usize) -> Vec<u8> {
    Chance::new(bytes as u64).bytes(bytes)
}

/// A batch of events that fit what stands: runs that grow, and now and then a new one.
fn make_batch(snapshot: &Snapshot, sent: &mut u64, count: usize, bytes: usize) -> Vec<Event> {
    // Who cannot read what stands has nothing to say about it.
    let Ok(runs) = snapshot.projection.runs().collect::<Result<Vec<_>, _>>() else { return Vec::new() };
    let mut events = Vec::new();
    let mut push = |subject: Subject, body: &dyn Fn(u64) -> Body| {
        *sent += 1;
        let received = i64::try_from(*sent).unwrap();
        events.push(Event { subject, received, actor: "ada".into(), body: body(*sent) });
    };
    if !snapshot.projection.projects.contains_key(&project()) {
        push(project().into(), &|_| Body::ProjectCreated(ProjectCreated { description: "".into() }));
    }
    for index in 0..count.max(1) {
        let is_new = runs.is_empty() || (index == 0 && runs.len() < 4);
        let run = if is_new && index > 0 { None } else { runs.get(index % runs.len().max(1)) };
        match run.filter(|_| !is_new) {
            Some(run) => push(run.key.clone().into(), &|number| body_of(number, bytes)),
            None if index == 0 => {
                let key =
                    RunKey { project: project(), run: format!("r{}", runs.len()).into(), generation: 1 };
                let created = RunCreated { source: "".into(), state: State::Running };
                push(key.into(), &|_| Body::RunCreated(created.clone()));
            }
            None => {}
        }
    }
    events
}

fn body_of(number: u64, bytes: usize) -> Body {
    let chunk = Chunk { writer: "".into(), first_line: number, lines: 1, hash: number };
    let text = hex(&Chance::new(number).bytes(bytes.div_ceil(2)));
    match number % 5 {
        0 => Body::Heartbeat,
        1 => {
            let path = vec![format!("key{}", number % 7).into()];
            Body::ConfigChanged(Paths { removed: Vec::new(), set: vec![(path, Value::text(text))] })
        }
        2 => {
            let line = ConsoleLine { time: None, is_stderr: false, label: "".into(), text: text.into() };
            Body::ConsoleWritten(Console { chunk, lines: vec![line] })
        }
        _ => {
            let mut block = BlockBuilder::new();
            block.begin_row();
            block.push_int("_step", i64::try_from(number).unwrap());
            block.push_text("text", &text);
            Body::Logged(Rows { chunk, rows: 1, block: block.finish() })
        }
    }
}

/// Text that does not compress, made without formatting: it was a sixth of the simulator's time.
fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
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
