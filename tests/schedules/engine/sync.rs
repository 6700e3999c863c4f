//! What `engine/src/sync.rs` offers, with shuttle's primitives: it chooses at each of their steps which
//! thread goes on.
//!
//! What differs from the machine's:
//! - A wait with a time limit for a message ends without one after some steps of others: no step takes
//!   time, so each may have taken that long. A wait at a `Condvar` ends only when it is notified: a time
//!   limit would hide that nobody does.
//! - tokio's channels are tokio's own. They keep no thread waiting but one that blocks on a receiver, which
//!   is not to be done here (`Store::append_blocking`); before each thing that is sent, others may go on.

use std::io;
use std::time::Duration;

pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
pub(crate) use shuttle::sync::mpsc::{RecvTimeoutError, SyncSender, TrySendError};
pub(crate) use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use shuttle::rand::Rng as _;
use shuttle::sync::mpsc::{self, TryRecvError};

/// A wait with a time limit ends after fewer steps than that.
const WAIT_STEPS: u32 = 16;

/// Lets others go on.
fn step() {
    shuttle::thread::sleep(Duration::ZERO);
}

/// As [`std::sync::mpsc::Receiver`].
#[derive(Debug)]
pub(crate) struct Receiver<T>(mpsc::Receiver<T>);

/// As [`std::sync::mpsc::sync_channel`].
pub(crate) fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::sync_channel(bound);
    (sender, Receiver(receiver))
}

impl<T> Receiver<T> {
    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        self.0.try_recv()
    }

    pub(crate) fn recv_timeout(&self, _: Duration) -> Result<T, RecvTimeoutError> {
        for _ in 0..shuttle::rand::thread_rng().gen_range(1..=WAIT_STEPS) {
            match self.0.try_recv() {
                Ok(message) => return Ok(message),
                Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
                Err(TryRecvError::Empty) => shuttle::thread::yield_now(),
            }
        }
        Err(RecvTimeoutError::Timeout)
    }
}

impl<T> Drop for Receiver<T> {
    /// What nobody will receive is dropped with std's, so that who waits for an answer is told.
    fn drop(&mut self) {
        while let Ok(message) = self.0.try_recv() {
            drop(message);
        }
    }
}

/// As [`std::thread::JoinHandle`].
#[derive(Debug)]
pub(crate) struct JoinHandle<T> {
    thread: shuttle::thread::JoinHandle<T>,
    is_finished: Arc<AtomicBool>,
}

/// Starts a thread.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let is_finished = Arc::new(AtomicBool::new(false));
    let finished = Arc::clone(&is_finished);
    let run = move || {
        // A panic fails the schedule: none of the engine's own is expected.
        let done = run();
        finished.store(true, Ordering::Relaxed);
        done
    };
    let thread = shuttle::thread::Builder::new().name(name.to_owned()).spawn(run)?;
    Ok(JoinHandle { thread, is_finished })
}

impl<T> JoinHandle<T> {
    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Relaxed)
    }

    pub(crate) fn join(self) -> std::thread::Result<T> {
        self.thread.join()
    }
}

/// As `tokio::sync::oneshot`.
pub(crate) mod oneshot {
    pub(crate) use tokio::sync::oneshot::Receiver;

    #[derive(Debug)]
    pub(crate) struct Sender<T>(tokio::sync::oneshot::Sender<T>);

    pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        (Sender(sender), receiver)
    }

    impl<T> Sender<T> {
        pub(crate) fn send(self, answer: T) -> Result<(), T> {
            super::step();
            self.0.send(answer)
        }
    }
}

/// As `tokio::sync::watch`.
pub(crate) mod watch {
    pub(crate) use tokio::sync::watch::Receiver;

    #[derive(Debug)]
    pub(crate) struct Sender<T>(tokio::sync::watch::Sender<T>);

    pub(crate) fn channel<T>(first: T) -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = tokio::sync::watch::channel(first);
        (Sender(sender), receiver)
    }

    impl<T> Sender<T> {
        pub(crate) fn send_replace(&self, next: T) -> T {
            super::step();
            self.0.send_replace(next)
        }

        pub(crate) fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
            super::step();
            self.0.send_if_modified(modify)
        }
    }
}
