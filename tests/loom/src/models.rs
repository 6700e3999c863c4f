//! T8: models of the group commit, its queue and what is shown, with three threads each.
//!
//! They are bounded: with three interruptions of a thread `who_is_answered…` takes 4 s, with four 42 s, and
//! without a bound none of them had ended after a minute. `all.rs` has the parts of them without one.

use crate::group::{self, Append, Writer};
use crate::queue::{Queue, Refused};
use crate::sync::{Arc, AtomicU64, Mutex, Ordering, Receiver, oneshot};
use loom::thread;

/// Runs a model in every order of its threads' steps.
pub(crate) fn explore_all(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = None;
    builder.check(model);
}

/// Runs a model in every order of its threads' steps in which a thread is interrupted at most three times
/// where it could go on, or as often as `LOOM_MAX_PREEMPTIONS` says: all orders of all steps are too many,
/// and faults take few interruptions (Musuvathi and Qadeer: Iterative context bounding).
fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(model);
}

/// A batch is its number; its bytes are always the same.
pub(crate) type Message = Append<u64, u64>;
pub(crate) const BYTES: u64 = 10;

/// What the writer's disk and readers share.
#[derive(Default)]
pub(crate) struct Store {
    /// The numbers that a sync returned for: no part of the model, so std's.
    durable: std::sync::Mutex<Vec<u64>>,
    /// What readers are shown.
    shown: Mutex<Arc<Vec<u64>>>,
    pub(crate) waiting: AtomicU64,
}

impl Store {
    fn snapshot(&self) -> Arc<Vec<u64>> {
        Arc::clone(&self.shown.lock().unwrap())
    }

    /// D5: what is shown was synced.
    pub(crate) fn look(&self) -> Arc<Vec<u64>> {
        let shown = self.snapshot();
        let durable = self.durable.lock().unwrap();
        assert_eq!(shown[..], durable[..shown.len()], "what is shown is durable, in order");
        shown
    }
}

/// The writer's thread as the engine has it, on a disk that is a list.
pub(crate) struct LogWriter {
    pub(crate) store: Arc<Store>,
    pub(crate) written: Vec<u64>,
}

impl Writer for LogWriter {
    type Batch = u64;
    type Answer = u64;

    fn commit(&mut self, batches: &mut [u64]) -> Vec<u64> {
        self.written.extend_from_slice(batches);
        self.store.durable.lock().unwrap().clone_from(&self.written); // the sync
        self.store.waiting.fetch_sub(BYTES * batches.len() as u64, Ordering::Relaxed);
        batches.to_vec()
    }

    fn show(&mut self, _answers: &[u64]) {
        *self.store.shown.lock().unwrap() = Arc::new(self.written.clone());
    }
}

pub(crate) fn write(store: Arc<Store>, messages: Receiver<Message>) -> Vec<usize> {
    let mut writer = LogWriter { store, written: Vec::new() };
    let mut groups = Vec::new();
    while let Ok(first) = messages.recv() {
        let group = group::gather(first, (8, 1000), |_| 10, || messages.try_recv().ok());
        groups.push(group.len());
        group::commit(&mut writer, group);
    }
    groups
}

pub(crate) fn append(queue: &Queue<Message>, store: &Store, number: u64) -> Result<u64, Refused> {
    let (sender, answer) = oneshot::channel();
    queue.put(Append { batch: number, answer: sender }, BYTES, &store.waiting)?;
    Ok(answer.blocking_recv().expect("what was taken in is answered"))
}

/// D1, D5: two append at once; each that is answered finds its batch synced and shown. What a reader has
/// seen stays.
#[test]
fn who_is_answered_finds_the_events_durable_and_shown() {
    explore(|| {
        let store = Arc::new(Store::default());
        let (queue, messages) = Queue::new(8, 1000);
        let queue = Arc::new(queue);
        let writer = {
            let store = Arc::clone(&store);
            thread::spawn(move || write(store, messages))
        };
        let other = {
            let (queue, store) = (Arc::clone(&queue), Arc::clone(&store));
            thread::spawn(move || {
                append(&queue, &store, 1).unwrap();
                assert!(store.look().contains(&1), "D5: a reader that begins after the answer");
            })
        };
        let before = store.look();
        append(&queue, &store, 2).unwrap();
        let after = store.look();
        assert!(after.contains(&2));
        assert_eq!(after[..before.len()], before[..], "D5: what was shown stays");
        other.join().unwrap();
        queue.close();
        let groups = writer.join().unwrap();
        assert!(groups == [2] || groups == [1, 1], "they share a sync or not: {groups:?}");
        assert_eq!(store.waiting.load(Ordering::Relaxed), 0, "nothing waits");
    });
}

/// An append and a close at once: it is taken in and answered, or refused and leaves nothing.
#[test]
fn what_is_taken_in_before_the_close_is_answered() {
    explore(|| {
        let store = Arc::new(Store::default());
        let (queue, messages) = Queue::new(8, 1000);
        let queue = Arc::new(queue);
        let writer = {
            let store = Arc::clone(&store);
            thread::spawn(move || write(store, messages))
        };
        let appender = {
            let (queue, store) = (Arc::clone(&queue), Arc::clone(&store));
            thread::spawn(move || append(&queue, &store, 1))
        };
        queue.close();
        writer.join().unwrap();
        match appender.join().unwrap() {
            Ok(_) => assert_eq!(store.look()[..], [1]),
            Err(refused) => assert_eq!((refused, store.look().len()), (Refused::Closed, 0)),
        }
        assert_eq!(store.waiting.load(Ordering::Relaxed), 0, "nothing waits");
    });
}

/// F18: three appends that there is no room for together. Never more waits than may, and each that was
/// taken in is answered.
#[test]
fn a_full_queue_refuses_and_loses_nothing() {
    explore(|| {
        let store = Arc::new(Store::default());
        let (queue, messages) = Queue::new(2, 2 * BYTES);
        let queue = Arc::new(queue);
        let appenders: Vec<_> = (1..=2)
            .map(|number| {
                let (queue, store) = (Arc::clone(&queue), Arc::clone(&store));
                thread::spawn(move || {
                    let (sender, answer) = oneshot::channel();
                    let append = Append { batch: number, answer: sender };
                    queue.put(append, BYTES, &store.waiting).map(|()| answer)
                })
            })
            .collect();
        let (sender, answer) = oneshot::channel();
        let own = queue.put(Append { batch: 3, answer: sender }, BYTES, &store.waiting).map(|()| answer);
        let mut answers: Vec<_> = appenders.into_iter().map(|appender| appender.join().unwrap()).collect();
        answers.push(own);
        let taken = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(taken, 2, "there is room for two");
        assert_eq!(store.waiting.load(Ordering::Relaxed), 2 * BYTES);
        queue.close();
        assert_eq!(write(Arc::clone(&store), messages), [2]);
        let answered = answers.into_iter().flatten().filter_map(oneshot::Receiver::blocking_recv).count();
        assert_eq!((answered, store.look().len()), (2, 2));
        assert_eq!(store.waiting.load(Ordering::Relaxed), 0);
    });
}
