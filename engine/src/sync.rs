//! What threads meet at, in one place. `tests/loom` reads `queue.rs`, `group.rs` and `table/once.rs`, which
//! use only what stands here, with loom's primitives in its place, and tries the orders of their steps.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
pub(crate) use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
pub(crate) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use tokio::sync::oneshot;
