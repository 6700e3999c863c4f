//! What `engine/src/sync.rs` offers, built from loom's mutex and condition variable, so that loom sees
//! every step: it has no bounded channel and no one-shot of its own.

pub(crate) use std::sync::PoisonError;
pub(crate) use std::sync::mpsc::{RecvError, TryRecvError, TrySendError};

pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard};

use std::collections::VecDeque;

/// The state of a bounded channel.
#[derive(Debug)]
struct Channel<T> {
    waiting: VecDeque<T>,
    bound: usize,
    senders: usize,
    is_received: bool,
}

/// As [`std::sync::mpsc::SyncSender`].
#[derive(Debug)]
pub(crate) struct SyncSender<T>(Arc<(Mutex<Channel<T>>, Condvar)>);

/// As [`std::sync::mpsc::Receiver`].
#[derive(Debug)]
pub(crate) struct Receiver<T>(Arc<(Mutex<Channel<T>>, Condvar)>);

/// As [`std::sync::mpsc::sync_channel`].
pub(crate) fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let channel = Channel { waiting: VecDeque::new(), bound, senders: 1, is_received: true };
    let shared = Arc::new((Mutex::new(channel), Condvar::new()));
    (SyncSender(Arc::clone(&shared)), Receiver(shared))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

impl<T> SyncSender<T> {
    /// As [`std::sync::mpsc::SyncSender::try_send`].
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        let mut channel = lock(&self.0.0);
        if !channel.is_received {
            return Err(TrySendError::Disconnected(item));
        }
        if channel.waiting.len() >= channel.bound {
            return Err(TrySendError::Full(item));
        }
        channel.waiting.push_back(item);
        self.0.1.notify_one();
        Ok(())
    }
}

impl<T> Clone for SyncSender<T> {
    fn clone(&self) -> Self {
        lock(&self.0.0).senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for SyncSender<T> {
    fn drop(&mut self) {
        lock(&self.0.0).senders -= 1;
        self.0.1.notify_one();
    }
}

impl<T> Receiver<T> {
    /// As [`std::sync::mpsc::Receiver::recv`].
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn recv(&self) -> Result<T, RecvError> {
        let mut channel = lock(&self.0.0);
        loop {
            if let Some(item) = channel.waiting.pop_front() {
                return Ok(item);
            }
            if channel.senders == 0 {
                return Err(RecvError);
            }
            channel = wait(&self.0.1, channel);
        }
    }

    /// As [`std::sync::mpsc::Receiver::try_recv`].
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut channel = lock(&self.0.0);
        let missing = if channel.senders == 0 { TryRecvError::Disconnected } else { TryRecvError::Empty };
        channel.waiting.pop_front().ok_or(missing)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let waiting = {
            let mut channel = lock(&self.0.0);
            channel.is_received = false;
            std::mem::take(&mut channel.waiting)
        };
        drop(waiting); // outside the lock: what is dropped may wake others
    }
}

/// As `tokio::sync::oneshot`, for threads.
pub(crate) mod oneshot {
    use super::{Arc, Condvar, Mutex, lock, wait};

    #[derive(Debug)]
    enum Slot<T> {
        Empty,
        Sent(T),
        Gone,
    }

    /// Sends once.
    #[derive(Debug)]
    pub(crate) struct Sender<T>(Arc<(Mutex<Slot<T>>, Condvar)>);

    /// Receives once.
    #[derive(Debug)]
    pub(crate) struct Receiver<T>(Arc<(Mutex<Slot<T>>, Condvar)>);

    /// The two ends.
    pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
        let shared = Arc::new((Mutex::new(Slot::Empty), Condvar::new()));
        (Sender(Arc::clone(&shared)), Receiver(shared))
    }

    impl<T> Sender<T> {
        /// Sends the answer.
        ///
        /// # Errors
        ///
        /// Never here: a receiver in these models waits.
        pub(crate) fn send(self, answer: T) -> Result<(), T> {
            *lock(&self.0.0) = Slot::Sent(answer);
            Ok(())
        }
    }

    impl<T> Drop for Sender<T> {
        fn drop(&mut self) {
            let mut slot = lock(&self.0.0);
            if matches!(*slot, Slot::Empty) {
                *slot = Slot::Gone;
            }
            self.0.1.notify_one();
        }
    }

    impl<T> Receiver<T> {
        /// Waits for the answer; none when the sender is gone without one.
        pub(crate) fn blocking_recv(self) -> Option<T> {
            let mut slot = lock(&self.0.0);
            loop {
                match std::mem::replace(&mut *slot, Slot::Gone) {
                    Slot::Sent(answer) => return Some(answer),
                    Slot::Gone => return None,
                    Slot::Empty => *slot = Slot::Empty,
                }
                slot = wait(&self.0.1, slot);
            }
        }
    }
}
