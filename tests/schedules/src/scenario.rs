//! One store, and all that meets in it: four writers, two readers, who asks for compactions, who closes
//! it, and a loss of power that a copy of the disk goes through.
//!
//! What is asserted: D5 in what each of them is shown, D1 and D5 in the copy, D3 and D9 all along, that
//! each append is answered once and by the truth (what was refused is not there), and that nothing is
//! left: no byte that waits, no open file.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use engine::disk::sim::{Chance, Image, SimClock, SimDisk};
use engine::{Core, Durability, Error, Lsn, Options, Snapshot, Store, read_in};
use shuttle::future::block_on;
use shuttle::thread::{self, JoinHandle};

use crate::events::{BATCH, RUNS, beginning, is_whole, rows, rows_of, shown};

/// Batches of a writer, at most.
const BATCHES_MAX: u64 = 4;
/// Looks of a reader, at most.
const LOOKS_MAX: u64 = 4;
const COMPACTIONS_MAX: u64 = 3;
/// Steps of others before the store is closed, at most, about.
const CLOSE_AFTER: u64 = 2000;

/// What the threads know of each other's doings. They are no steps of the schedule: std's.
#[derive(Debug, Default)]
struct Told {
    /// How many rows of each run were acked.
    acked: [AtomicU64; RUNS],
    is_closing: AtomicBool,
    power_loss: Mutex<Option<PowerLoss>>,
}

/// A disk as a loss of power left it, and what it must hold.
#[derive(Debug)]
struct PowerLoss {
    disk: SimDisk,
    acked: [u64; RUNS],
    seen: Lsn,
}

impl Told {
    fn acked(&self) -> [u64; RUNS] {
        std::array::from_fn(|run| self.acked[run].load(Ordering::Relaxed))
    }

    /// Whether an error is due to the close.
    fn expects(&self, error: &Error) -> bool {
        self.is_closing.load(Ordering::Relaxed) && matches!(error, Error::Closed | Error::Io { .. })
    }
}

fn is_at_least(found: [u64; RUNS], known: [u64; RUNS]) -> bool {
    found.iter().zip(known).all(|(found, known)| *found >= known)
}

/// Runs the schedule of a seed.
pub(crate) fn run(seed: u64, durability: Durability) {
    let mut chance = Chance::new(!seed);
    let (disk, told) = (SimDisk::default(), Arc::new(Told::default()));
    let world = |disk: &SimDisk| disk.world(&SimClock::default(), seed);
    let options = options(&mut chance, durability);
    let store = Arc::new(Store::open_in(world(&disk), options.clone()).unwrap());
    block_on(store.append(beginning())).unwrap();
    let threads = start(&store, &disk, &told, &mut chance);
    for _ in 0..chance.below(CLOSE_AFTER) {
        thread::yield_now();
    }
    told.is_closing.store(true, Ordering::Relaxed);
    store.close().unwrap();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let last = store.snapshot();
    is_whole(&last);
    assert_eq!(shown(&last), told.acked(), "what was refused is not there");
    assert_eq!(store.counters().queue_bytes.load(Ordering::Relaxed), 0, "nothing waits");
    assert!(matches!(block_on(store.append(rows(0, 0))), Err(Error::Closed)));
    drop((store, last));
    assert_eq!(disk.open_files(), 0, "nothing is open");
    let reopened = read_in(&world(&disk.after_kill())).unwrap();
    is_whole(&reopened);
    assert_eq!(shown(&reopened), told.acked(), "D1");
    let power_loss = told.power_loss.lock().unwrap().take();
    if let Some(PowerLoss { disk, acked, seen }) = power_loss {
        let core = Core::open(world(&disk), &options).unwrap();
        let after = core.snapshot();
        is_whole(&after);
        assert!(is_at_least(shown(&after), acked), "D1: {acked:?} were acked, {:?} are there", shown(&after));
        assert!(after.durable >= seen, "D5: {seen:?} was shown, {:?} is there", after.durable);
        core.close().unwrap();
    }
}

/// Small files, so that everything happens; a compaction that nobody asks for, and one that goes on only
/// where somebody waits for it or the store is closed.
fn options(chance: &mut Chance, durability: Durability) -> Options {
    let mut options = Options::new("");
    (options.holder, options.durability) = ("a schedule".into(), durability);
    (options.segment_bytes_min, options.segment_bytes_max) = (1 << 10, 4 << 10);
    options.compaction.automatic = chance.one_in(2);
    (options.compaction.fresh_files, options.compaction.growth) = (2, 2);
    let rate = if chance.one_in(2) { 1 } else { u64::MAX };
    (options.compaction.busy_bytes_per_second, options.compaction.idle_bytes_per_second) = (rate, rate);
    options
}

fn start(store: &Arc<Store>, disk: &SimDisk, told: &Arc<Told>, chance: &mut Chance) -> Vec<JoinHandle<()>> {
    let both = || (Arc::clone(store), Arc::clone(told));
    let mut threads = Vec::new();
    for run in 0..RUNS {
        let ((store, told), batches) = (both(), chance.below(BATCHES_MAX + 1));
        threads.push(thread::spawn(move || write(&store, &told, run, batches)));
    }
    for reader in 0..2 {
        let ((store, told), looks) = (both(), 1 + chance.below(LOOKS_MAX));
        let (disk, image) = (disk.clone(), Image::Drawn(chance.draw()));
        let image = if chance.one_in(2) { Image::AllLost } else { image };
        let fails_at = chance.below(LOOKS_MAX);
        threads.push(thread::spawn(move || {
            read(&store, &told, looks, |look, acked, seen| {
                if reader == 0 && look == fails_at {
                    let disk = disk.after_image(image);
                    *told.power_loss.lock().unwrap() = Some(PowerLoss { disk, acked, seen });
                }
            });
        }));
    }
    let ((store, told), times) = (both(), chance.below(COMPACTIONS_MAX + 1));
    threads.push(thread::spawn(move || compact(&store, &told, times)));
    threads
}

fn write(store: &Store, told: &Told, run: usize, batches: u64) {
    for line in (0..batches).map(|batch| batch * BATCH) {
        match block_on(store.append(rows(run, line))) {
            Ok(ack) => {
                told.acked[run].store(line + BATCH, Ordering::Relaxed);
                let snapshot = store.snapshot();
                assert!(snapshot.durable >= ack.lsn, "D5: {ack:?} is not shown");
                assert_eq!(rows_of(&snapshot, run), line + BATCH, "D5: who was answered finds the rows");
            }
            Err(error) => return assert!(told.expects(&error), "a write failed: {error}"),
        }
    }
}

/// Looks again and again; `note` hears of each look what had been acked before it and what it shows.
fn read(store: &Store, told: &Told, looks: u64, note: impl Fn(u64, [u64; RUNS], Lsn)) {
    let mut seen: Vec<(Arc<Snapshot>, [u64; RUNS])> = Vec::new();
    for look in 0..looks {
        let acked = told.acked();
        let snapshot = store.snapshot();
        note(look, acked, snapshot.durable);
        let found = shown(&snapshot);
        assert!(is_at_least(found, acked), "D5: {acked:?} were acked, {found:?} are shown");
        if let Some((before, known)) = seen.last() {
            assert!(snapshot.durable >= before.durable && is_at_least(found, *known), "what was shown stays");
        }
        seen.push((snapshot, found));
    }
    if let Some((oldest, _)) = seen.first() {
        is_whole(oldest);
    }
    for (snapshot, found) in seen {
        assert_eq!(shown(&snapshot), found, "D9: compaction changes no answer");
    }
}

fn compact(store: &Store, told: &Told, times: u64) {
    for _ in 0..times {
        let before = store.snapshot().durable;
        match block_on(store.compact()) {
            Ok(_files) => {
                let compacted = store.snapshot().compacted();
                assert!(compacted >= before, "{before:?} was there, {compacted:?} is compacted");
            }
            Err(error) => return assert!(told.expects(&error), "a compaction failed: {error}"),
        }
    }
}
