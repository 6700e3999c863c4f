//! Looking after a folder: what people run beside the server, and after an accident.
//!
//! | file | the question it answers |
//! | --- | --- |
//! | `verify.rs` | is every byte what was written? |
//! | `backup.rs` | how is a folder copied while it is written to, and brought back? |
//! | `repair/` | what of a damaged folder can be kept? |
//! | `scrub.rs` | is every byte of a store at work what was written? |
//! | `stored.rs` | what did the log say that table files hold? |
//! | `usage.rs` | what do runs and keys take up? |
//!
//! What holds:
//! - The source is only read, without a lock, and may be written to by a server meanwhile.
//! - A target is a store of its own: each file stands whole before the manifest names it (W5), so
//!   work that was cut short leaves what the target held before, and is begun again.

mod backup;
mod copy;
mod repair;
mod scrub;
mod stored;
mod usage;
mod verify;

pub use backup::{BackedUp, backup, restore};
pub use repair::{Lost, LostValues, Repaired, repair};
pub use scrub::{Scrub, Scrubbed};
pub use usage::{Amount, KeyOf, Usage, runs_of, usage, usage_by_key};
pub use verify::{Verified, verify};

/// How far long work is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes dealt with.
    pub done: u64,
    /// Bytes in all, as known so far.
    pub total: u64,
}

/// Is told of progress.
pub type Watch<'a> = &'a mut dyn FnMut(Progress);

/// Counts bytes and tells of them.
struct Meter<'a> {
    progress: Progress,
    watch: Watch<'a>,
}

impl<'a> Meter<'a> {
    fn new(total: u64, watch: Watch<'a>) -> Self {
        Self { progress: Progress { done: 0, total }, watch }
    }

    fn expect(&mut self, bytes: u64) {
        self.progress.total += bytes;
    }

    fn add(&mut self, bytes: u64) {
        self.progress.done += bytes;
        (self.watch)(self.progress);
    }
}
