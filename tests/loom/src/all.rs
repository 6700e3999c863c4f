//! T8: models in every order of their threads' steps, without a bound, so each is as small as what it
//! shows: of the queue, the group commit, what is shown, and what is opened once.

use std::sync::atomic::AtomicU64 as Count;

use loom::thread;

use crate::group::{self, Append};
use crate::models::{BYTES, LogWriter, Message, Store, append, explore_all, write};
use crate::once::Once;
use crate::queue::{Queue, Refused};
use crate::sync::{Arc, AtomicU64, Mutex, Ordering, oneshot};

/// Puts a batch into the queue; gives where its answer comes.
fn put(queue: &Queue<Message>, store: &Store, number: u64) -> Result<oneshot::Receiver<u64>, Refused> {
    let (sender, answer) = oneshot::channel();
    queue.put(Append { batch: number, answer: sender }, BYTES, &store.waiting).map(|()| answer)
}

/// D1, D5: an append, and the writer that waits for it.
#[test]
fn an_append_is_answered_once_it_is_durable_and_shown() {
    explore_all(|| {
        let store = Arc::new(Store::default());
        let (queue, messages) = Queue::new(8, 1000);
        let shared = Arc::clone(&store);
        let writer = thread::spawn(move || write(shared, messages));
        append(&queue, &store, 1).unwrap();
        assert_eq!(store.look()[..], [1]);
        queue.close();
        assert_eq!(writer.join().unwrap(), [1]);
        assert_eq!(store.waiting.load(Ordering::Relaxed), 0, "nothing waits");
    });
}

/// An append beside a close and the writer's end: it is taken in and answered, or refused and leaves
/// nothing.
#[test]
fn an_append_beside_the_close_is_answered_or_refused() {
    explore_all(|| {
        let store = Arc::new(Store::default());
        let (queue, messages) = Queue::new(8, 1000);
        let queue = Arc::new(queue);
        let (ours, shared) = (Arc::clone(&queue), Arc::clone(&store));
        let appender = thread::spawn(move || put(&ours, &shared, 1));
        queue.close();
        write(Arc::clone(&store), messages);
        match appender.join().unwrap() {
            Ok(answer) => assert_eq!((answer.blocking_recv(), &store.look()[..]), (Some(1), &[1][..])),
            Err(refused) => assert_eq!((refused, store.look().len()), (Refused::Closed, 0)),
        }
        assert_eq!(store.waiting.load(Ordering::Relaxed), 0, "nothing waits");
    });
}

/// F18: two appends where there is room for one.
#[test]
fn of_two_appends_and_room_for_one_one_is_refused() {
    explore_all(|| {
        let store = Arc::new(Store::default());
        let (queue, messages) = Queue::new(1, 2 * BYTES);
        let queue = Arc::new(queue);
        let (theirs, shared) = (Arc::clone(&queue), Arc::clone(&store));
        let other = thread::spawn(move || put(&theirs, &shared, 1));
        let answers = [put(&queue, &store, 2), other.join().unwrap()];
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "there is room for one");
        assert_eq!(store.waiting.load(Ordering::Relaxed), BYTES);
        queue.close();
        assert_eq!(write(Arc::clone(&store), messages), [1]);
        let answered = answers.into_iter().flatten().filter_map(oneshot::Receiver::blocking_recv).count();
        assert_eq!((answered, store.waiting.load(Ordering::Relaxed)), (1, 0));
    });
}

/// D5: two wait for one sync; whoever is answered finds its batch shown.
#[test]
fn each_that_shares_a_sync_finds_its_batch_shown_when_it_is_answered() {
    explore_all(|| {
        let store = Arc::new(Store::default());
        store.waiting.fetch_add(2 * BYTES, Ordering::Relaxed);
        let mut writer = LogWriter { store: Arc::clone(&store), written: Vec::new() };
        let (mut group, mut waiters) = (Vec::new(), Vec::new());
        for batch in [1, 2] {
            let (sender, answer) = oneshot::channel();
            group.push(Append { batch, answer: sender });
            let store = Arc::clone(&store);
            waiters.push(thread::spawn(move || {
                assert_eq!(answer.blocking_recv(), Some(batch));
                assert!(store.look().contains(&batch));
            }));
        }
        group::commit(&mut writer, group);
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    });
}

/// D5: a reader beside two groups, one after the other.
#[test]
fn what_a_reader_has_seen_stays_while_snapshots_are_swapped() {
    explore_all(|| {
        let store = Arc::new(Store::default());
        store.waiting.fetch_add(2 * BYTES, Ordering::Relaxed);
        let shared = Arc::clone(&store);
        let reader = thread::spawn(move || {
            let looks = [shared.look(), shared.look(), shared.look()];
            assert!(looks.is_sorted_by(|before, after| after.starts_with(before)), "{looks:?}");
        });
        let mut writer = LogWriter { store: Arc::clone(&store), written: Vec::new() };
        for batch in [1, 2] {
            let (sender, answer) = oneshot::channel();
            group::commit(&mut writer, vec![Append { batch, answer: sender }]);
            assert_eq!(answer.blocking_recv(), Some(batch));
        }
        reader.join().unwrap();
        assert_eq!(store.look()[..], [1, 2]);
    });
}

/// F20: the writer ends without a word. Nobody waits for ever, and who comes later is told.
#[test]
fn who_waits_for_a_writer_that_ends_is_told() {
    explore_all(|| {
        let waiting = Arc::new(AtomicU64::new(0));
        let (queue, messages) = Queue::<Message>::new(8, 1000);
        let writer = thread::spawn(move || drop(messages));
        let (sender, answer) = oneshot::channel();
        match queue.put(Append { batch: 1, answer: sender }, BYTES, &waiting) {
            Ok(()) => assert_eq!(answer.blocking_recv(), None),
            Err(refused) => {
                assert_eq!(refused, Refused::Gone);
                assert_eq!(waiting.load(Ordering::Relaxed), 0);
            }
        }
        writer.join().unwrap();
        let (sender, _) = oneshot::channel();
        let late = queue.put(Append { batch: 2, answer: sender }, BYTES, &waiting);
        assert_eq!(late, Err(Refused::Gone));
    });
}

/// What a snapshot holds of a table file: it is open since it was named, and read by whoever needs it
/// first.
type File = Once<&'static str, &'static str>;

fn read(file: &File, times: &Count) {
    let read = file.make(|file| {
        times.fetch_add(1, Ordering::Relaxed);
        file
    });
    assert_eq!(*read.unwrap(), "an open file");
}

/// Two make the same of it while a third looks whether it is there.
#[test]
fn a_file_that_several_need_is_read_once() {
    explore_all(|| {
        let (file, times) = (Arc::new(File::new("an open file")), Arc::new(Count::new(0)));
        let readers = [(); 2].map(|()| {
            let (file, times) = (Arc::clone(&file), Arc::clone(&times));
            thread::spawn(move || read(&file, &times))
        });
        assert!(file.made().is_none_or(|made| *made == "an open file"));
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        assert_eq!(times.load(Ordering::Relaxed), 1);
    });
}

/// The next snapshot is without it, and its name goes; who holds the one before reads it.
#[test]
fn a_file_that_is_dropped_stays_readable_for_who_holds_it() {
    explore_all(|| {
        let times = Arc::new(Count::new(0));
        let shown = Arc::new(Mutex::new(Some(Arc::new(File::new("an open file")))));
        let readers = [(); 2].map(|()| {
            let (shown, times) = (Arc::clone(&shown), Arc::clone(&times));
            thread::spawn(move || {
                let snapshot = shown.lock().unwrap().clone();
                snapshot.inspect(|file| read(file, &times));
            })
        });
        drop(shown.lock().unwrap().take());
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        assert!(times.load(Ordering::Relaxed) <= 1, "it is read once");
    });
}
