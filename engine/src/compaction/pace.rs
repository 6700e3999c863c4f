//! How fast compaction writes, and when it is tried again.
//!
//! What holds: files are written no faster than the budget of the moment, which is larger while no
//! batch comes in; whoever waits for a compaction has it at full speed; a store that is closed ends it
//! at the next write.

use std::io::{self, Write};
use std::time::Duration;

use crate::disk::Clock;
use crate::log::Counters;
use crate::options::Compaction;
use crate::sync::{Arc, Condvar, Mutex, MutexGuard, Ordering, PoisonError};
use crate::table::blocks::Sink;

const SECOND: u64 = 1_000_000_000;
/// What may be written ahead of the budget: shorter waits are not worth waking for.
const AHEAD: u64 = SECOND / 20;

/// The budget of compactions, and the way to change it while one runs.
#[derive(Debug)]
pub(crate) struct Pace {
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    limits: Compaction,
    budget: Mutex<Budget>,
    wish: Mutex<Wish>,
    wished: Condvar,
}

/// How a compaction is wished to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Steadily,
    AtOnce,
    NotAtAll,
}

/// What was spent and when it will be even.
#[derive(Debug, Default)]
struct Budget {
    even_at: u64,
    /// What ingest had written when it was looked at last, and until when it counts as busy.
    ingested: u64,
    busy_until: u64,
}

impl Pace {
    pub(crate) fn new(clock: Arc<dyn Clock>, counters: Arc<Counters>, limits: Compaction) -> Self {
        let ingested = counters.group_bytes.load(Ordering::Relaxed);
        Self {
            clock,
            counters,
            limits,
            budget: Mutex::new(Budget { ingested, ..Budget::default() }),
            wish: Mutex::new(Wish::Steadily),
            wished: Condvar::new(),
        }
    }

    /// Whether somebody waits for what is compacted.
    pub(crate) fn hurry(&self, is_hurried: bool) {
        let mut wish = lock(&self.wish);
        if *wish != Wish::NotAtAll {
            *wish = if is_hurried { Wish::AtOnce } else { Wish::Steadily };
        }
        self.wished.notify_all();
    }

    /// Ends the compaction that runs, and any later one, at its next write.
    pub(crate) fn stop(&self) {
        *lock(&self.wish) = Wish::NotAtAll;
        self.wished.notify_all();
    }

    /// Whether it was stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        *lock(&self.wish) == Wish::NotAtAll
    }

    /// Waits until so many bytes may be written.
    fn spend(&self, bytes: usize) -> io::Result<()> {
        let ingested = self.counters.group_bytes.load(Ordering::Relaxed);
        let now = self.clock.mono();
        let wait = lock(&self.budget).spend(now, bytes as u64, ingested, &self.limits);
        let mut wish = lock(&self.wish);
        if !wait.is_zero() {
            let waited = self.wished.wait_timeout_while(wish, wait, |wish| *wish == Wish::Steadily);
            wish = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        match *wish {
            Wish::NotAtAll => Err(io::Error::other("the store is being closed")),
            Wish::Steadily | Wish::AtOnce => Ok(()),
        }
    }
}

impl Budget {
    /// Takes bytes off the budget; gives how long to wait for them.
    fn spend(&mut self, now: u64, bytes: u64, ingested: u64, limits: &Compaction) -> Duration {
        if ingested != self.ingested {
            (self.ingested, self.busy_until) = (ingested, now + SECOND);
        }
        let is_busy = now < self.busy_until;
        let rate = if is_busy { limits.busy_bytes_per_second } else { limits.idle_bytes_per_second };
        let takes = u128::from(bytes) * u128::from(SECOND) / u128::from(rate.max(1));
        let takes = u64::try_from(takes).unwrap_or(u64::MAX);
        self.even_at = self.even_at.max(now).saturating_add(takes);
        let ahead = self.even_at - now;
        Duration::from_nanos(if ahead > AHEAD { ahead } else { 0 })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A table file that is written within a budget, where there is one.
#[derive(Debug)]
pub(crate) struct Paced<'a> {
    pub(crate) sink: Sink,
    pub(crate) pace: Option<&'a Pace>,
}

impl Write for Paced<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.pace.map_or(Ok(()), |pace| pace.spend(written))?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// When a compaction that failed is tried again: after a pause that grows with each failure.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    failures: u32,
    at: u64,
}

impl Retry {
    const PAUSE_MAX: u64 = 600 * SECOND;

    pub(crate) fn failed(&mut self, now: u64) {
        let pause = SECOND.checked_shl(self.failures).unwrap_or(u64::MAX).clamp(SECOND, Self::PAUSE_MAX);
        self.failures = self.failures.saturating_add(1).min(32);
        self.at = now.saturating_add(pause);
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// How long it is until the next attempt.
    pub(crate) fn wait(&self, now: u64) -> Duration {
        Duration::from_nanos(self.at.saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: fn() -> Compaction =
        || Compaction { busy_bytes_per_second: 1000, idle_bytes_per_second: 10_000, ..Compaction::default() };

    #[test]
    fn more_is_written_while_no_batch_comes() {
        let mut budget = Budget::default();
        let mut spend = |now, bytes, ingested| budget.spend(now, bytes, ingested, &LIMITS()).as_millis();
        assert_eq!(spend(0, 100, 0), 0, "a short wait is left out");
        assert_eq!(spend(0, 9900, 0), 1000);
        assert_eq!(spend(SECOND, 1000, 5), 1000, "a batch came");
        assert_eq!(spend(2 * SECOND, 10_000, 5), 1000, "a second ago");
        assert_eq!(spend(10 * SECOND, 10_000, 5), 1000, "nothing is saved up");
    }

    #[test]
    fn a_failure_is_followed_by_a_longer_pause_each_time() {
        let mut retry = Retry::default();
        assert!(retry.wait(5).is_zero());
        let mut pauses = Vec::new();
        for _ in 0..40 {
            retry.failed(7 * SECOND);
            pauses.push(retry.wait(7 * SECOND).as_secs());
        }
        assert_eq!(pauses[..4], [1, 2, 4, 8]);
        assert_eq!(pauses.last(), Some(&600));
        assert!(pauses.is_sorted());
        retry.succeeded();
        assert!(retry.wait(7 * SECOND).is_zero());
    }

    #[test]
    fn a_write_that_waits_goes_on_in_a_hurry_and_ends_with_the_store() {
        let pace = |limits| Pace::new(Arc::new(crate::disk::RealClock::default()), Arc::default(), limits);
        let hour = Compaction { idle_bytes_per_second: 1, ..LIMITS() };
        for ends in [false, true] {
            let pace = pace(hour.clone());
            let written = std::thread::scope(|scope| {
                let write = scope.spawn(|| pace.spend(3600));
                if ends {
                    pace.stop()
                } else {
                    pace.hurry(true)
                }
                write.join().unwrap()
            });
            assert_eq!(written.is_err(), ends);
            assert_eq!(pace.spend(3600).is_err(), ends, "also those that come later");
        }
    }
}
