//! What threads meet at, in one place, so that others can stand in it: `tests/loom` reads `queue.rs`,
//! `group.rs` and `table/once.rs`, which use only what stands here, with loom's primitives; in
//! `tests/schedules` the whole engine runs on shuttle's. Both then choose the order of the threads' steps.
//!
//! What holds: nothing else in the engine makes a thread wait. An `Arc` does not, nor does an `OnceLock`
//! that is given a value which is there.

use std::io;

pub(crate) use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
pub(crate) use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
pub(crate) use std::thread::JoinHandle;

pub(crate) use tokio::sync::{oneshot, watch};

/// Starts a thread.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}
