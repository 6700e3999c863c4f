//! The queue before the writer, bounded by messages and by bytes (F18).
//!
//! What holds:
//! - What was taken in reaches the writer, also when the queue is closed behind it.
//! - What is refused leaves nothing, neither in the queue nor in the count of bytes.

use crate::sync::{
    AtomicU64, Mutex, MutexGuard, Ordering, PoisonError, Receiver, SyncSender, TrySendError, sync_channel,
};

/// The end of the queue that many threads put messages into.
#[derive(Debug)]
pub(crate) struct Queue<M> {
    sender: Mutex<Option<SyncSender<M>>>,
    bytes_max: u64,
}

/// Why a message was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too much waits already.
    Full,
    /// The queue was closed.
    Closed,
    /// The writer has ended.
    Gone,
}

impl<M> Queue<M> {
    /// A queue in which so many messages and bytes may wait, and the writer's end of it.
    pub(crate) fn new(messages_max: usize, bytes_max: u64) -> (Self, Receiver<M>) {
        let (sender, messages) = sync_channel(messages_max);
        (Self { sender: Mutex::new(Some(sender)), bytes_max }, messages)
    }

    /// Puts a message behind those that wait. `waiting` counts the bytes of those that were taken in,
    /// until the writer takes them off.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nothing has changed then.
    pub(crate) fn put(&self, message: M, bytes: u64, waiting: &AtomicU64) -> Result<(), Refused> {
        let sender = lock(&self.sender).clone().ok_or(Refused::Closed)?;
        // A batch larger than the whole allowance still goes through an empty queue.
        let before = waiting.fetch_add(bytes, Ordering::Relaxed);
        let sent = if before > 0 && before + bytes > self.bytes_max {
            Err(Refused::Full)
        } else {
            sender.try_send(message).map_err(|error| match error {
                TrySendError::Full(_) => Refused::Full,
                TrySendError::Disconnected(_) => Refused::Gone,
            })
        };
        if sent.is_err() {
            waiting.fetch_sub(bytes, Ordering::Relaxed);
        }
        sent
    }

    /// Takes no more in. The writer ends once it has what waits.
    pub(crate) fn close(&self) {
        drop(lock(&self.sender).take());
    }
}

/// Our own locks hold no state that a panic could leave half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
