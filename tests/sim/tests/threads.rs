//! The store with its threads, where the disk stalls (F18), whoever writes panics (F20), or the folder
//! goes (F17).

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use engine::disk::sim::{Op, OpKind, SimClock, SimDisk};
use engine::limits::{QUEUE_BATCHES_MAX, QUEUE_BYTES_MAX};
use engine::{
    Ack, Batch, Body, Error, ErrorKind, Event, Health, Lsn, Options, ProjectCreated, ProjectKey, Store,
};

use wbq_sim::driver::{Driver, Step, small_options};
use wbq_sim::look::try_look;

/// A batch of one event that fits whatever stands.
fn batch(number: usize) -> Batch {
    let body = Body::ProjectCreated(ProjectCreated { description: "".into() });
    let subject = ProjectKey::new("ada", format!("p{number}")).into();
    Batch::new(vec![Event { subject, received: 1, actor: "ada".into(), body }])
}

fn is_log_sync(op: &Op) -> bool {
    op.kind == OpKind::Sync && op.path.as_str().starts_with("log/")
}

/// Bytes of the mark that proves the last group.
const CLOSE_MARK: usize = 36;

/// A gate that threads wait at.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        drop(self.changed.wait_while(self.is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

type Append<'a> = Pin<Box<dyn Future<Output = Result<Ack, Error>> + 'a>>;

fn is_ready(append: &mut Append<'_>) -> Option<Result<Ack, Error>> {
    match append.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

fn wait(mut append: Append<'_>) -> Result<Ack, Error> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match append.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}

/// What waits is bounded; who comes too late is told to come again, and nobody is forgotten.
#[test]
fn f18_a_disk_that_stalls_fills_a_bounded_queue_and_then_refuses() {
    let (disk, clock, gate) = (SimDisk::default(), SimClock::default(), Arc::new(Gate::default()));
    let store = Store::open_in(disk.world(&clock, 1), small_options()).unwrap();
    let (waits, time) = (Arc::clone(&gate), clock.clone());
    disk.watch(move |op| {
        if is_log_sync(op) {
            waits.pass();
            time.advance(4_000_000_000);
        }
    });
    let before = store.snapshot().durable;
    let mut waiting: Vec<Append<'_>> = Vec::new();
    let refused = loop {
        let mut append: Append<'_> = Box::pin(store.append(batch(waiting.len())));
        match is_ready(&mut append) {
            None => waiting.push(append),
            Some(answer) => break answer,
        }
    };
    assert!(matches!(refused, Err(Error::Overloaded)), "{refused:?}");
    assert_eq!(Error::Overloaded.kind(), ErrorKind::Unavailable, "it may be sent again");
    // One group is with the writer, the rest in the queue.
    assert!(waiting.len() >= QUEUE_BATCHES_MAX, "{}", waiting.len());
    assert!(waiting.len() <= 2 * QUEUE_BATCHES_MAX, "{}", waiting.len());
    let bytes = &store.counters().queue_bytes;
    assert!(bytes.load(Ordering::Relaxed) <= QUEUE_BYTES_MAX as u64);
    assert_eq!(store.snapshot().durable, before, "readers see what is synced");
    gate.open();
    let count = waiting.len() as u64;
    for append in waiting {
        wait(append).unwrap();
    }
    assert_eq!(store.snapshot().durable, Lsn(before.0 + count));
    assert_eq!(bytes.load(Ordering::Relaxed), 0, "nothing is kept");
    assert!(store.counters().sync_nanos.load(Ordering::Relaxed) >= 4_000_000_000, "it is told");
    store.close().unwrap();
}

fn assert_stopped(store: &Store) {
    assert_eq!(store.health(), Health::Stopped("the writer panicked".to_owned()));
    let refused = store.append_blocking(batch(2));
    assert!(matches!(refused, Err(Error::WritesStopped { .. })), "{refused:?}");
    assert!(matches!(store.blobs().begin(), Err(Error::WritesStopped { .. })), "uploads stop too");
    assert!(store.close().is_err());
}

#[test]
fn f20_a_panic_while_a_group_is_written_fails_its_waiters_and_stops_writing() {
    let (disk, armed) = (SimDisk::default(), Arc::new(AtomicBool::new(false)));
    let store = Store::open_in(disk.world(&SimClock::default(), 1), small_options()).unwrap();
    let is_armed = Arc::clone(&armed);
    disk.watch(move |op| {
        assert!(!(is_log_sync(op) && is_armed.load(Ordering::Relaxed)), "a bug on purpose");
    });
    store.append_blocking(batch(0)).unwrap();
    let shown = store.snapshot().durable;
    armed.store(true, Ordering::Relaxed);
    let failed = store.append_blocking(batch(1));
    assert!(matches!(failed, Err(Error::WritesStopped { .. })), "{failed:?}");
    armed.store(false, Ordering::Relaxed);
    assert_eq!(store.snapshot().durable, shown, "reads go on, at what was acked");
    assert_stopped(&store);
}

#[test]
fn f20_a_panic_of_the_writer_between_groups_stops_writing() {
    let disk = SimDisk::default();
    disk.watch(|op| {
        let is_in_log = op.path.as_str().starts_with("log/");
        let is_mark = op.kind == OpKind::Write && is_in_log && op.len == CLOSE_MARK;
        assert!(!is_mark, "a bug on purpose");
    });
    let options = Options { idle_close: Duration::from_millis(1), ..small_options() };
    let store = Store::open_in(disk.world(&SimClock::default(), 1), options).unwrap();
    // A quiet store proves its last group by a mark.
    while !matches!(store.health(), Health::Stopped(_)) {
        thread::yield_now();
    }
    assert_stopped(&store);
}

/// The query that meets it fails (D6); while the log holds the events the file is made again, though
/// nobody asks for that, and the next query finds every row.
#[test]
fn f4_a_table_file_that_a_reader_finds_damaged_is_made_again_in_the_background() {
    let mut driver = Driver::new(small_options());
    let groups = vec![Step::Commit(vec![(3, 200)]); 12];
    driver
        .run(&[&[Step::Open][..], &groups, &[Step::Close, Step::Open, Step::Compact, Step::Close]].concat());
    let table = driver.disk.files().into_keys().find(|path| path.as_str().starts_with("tables/")).unwrap();
    driver.disk.rot(&table, |bytes| bytes[60] ^= 1);
    let options = Options { idle_close: Duration::from_millis(1), ..small_options() };
    let store = Store::open_in(driver.disk.world(&SimClock::default(), 1), options).unwrap();
    let error = try_look(&store.snapshot()).unwrap_err();
    assert!(error.to_string().contains(table.as_str()), "{error}");
    assert_eq!(error.kind(), ErrorKind::Damaged);
    let rebuilt = || store.counters().tables_rebuilt.load(Ordering::Relaxed);
    while rebuilt() == 0 {
        thread::yield_now();
    }
    while store.snapshot().table_files().iter().any(|file| file.paths[0] == table.as_str()) {
        thread::yield_now();
    }
    driver.journal.settle(&try_look(&store.snapshot()).unwrap());
    assert_eq!(rebuilt(), 1);
    store.close().unwrap();
    assert!(!driver.disk.files().contains_key(&table), "the damaged file is gone");
}

#[test]
fn f17_a_folder_that_is_removed_stops_writing_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("runs");
    let store = Store::open(Options::new(&dir)).unwrap();
    store.append_blocking(batch(0)).unwrap();
    let shown = store.snapshot();
    std::fs::remove_dir_all(&dir).unwrap();
    let error = store.append_blocking(batch(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "writing has stopped after a failed sync: cannot sync log/0000000001.seg: the file was removed; \
         restart to check the folder"
    );
    assert!(matches!(store.health(), Health::Stopped(_)));
    assert_eq!(store.snapshot().durable, shown.durable, "reads go on");
    assert_eq!(shown.events(Lsn(1)).filter(Result::is_ok).count() as u64, shown.durable.0);
    assert!(store.blobs().begin().is_err() && !dir.exists(), "nothing is made anew");
}
