//! The memory of the process, within a bound (L11): at 80 % of it no query is begun, at 90 % no body is
//! taken in.
//!
//! What holds: it is looked at when a request comes, four times a second at most, so a server that
//! nobody asks does nothing. Only pages of the process's own count (`RssAnon`): those of mapped files
//! the system takes back by itself. Where it does not tell them, nothing is refused.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use crate::http::error::{Kind, Refusal};

/// How long what was seen stands.
const FRESH_MS: u64 = 250;
/// When to come back.
const RETRY_AFTER_S: u32 = 5;

/// What wants memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Query,
    Body,
}

impl Work {
    /// How full the memory may be, in per cent, for such work to be begun.
    fn percent(self) -> u128 {
        match self {
            Self::Query => 80,
            Self::Body => 90,
        }
    }

    fn fits(self, used: u64, limit: u64) -> bool {
        u128::from(used) * 100 < u128::from(limit) * self.percent()
    }
}

pub(crate) struct Memory {
    limit: u64,
    began: Instant,
    looked_ms: AtomicU64,
    used: AtomicU64,
}

impl Memory {
    pub(crate) fn new(limit: u64) -> Self {
        let used = AtomicU64::new(own_bytes());
        Self { limit, began: Instant::now(), looked_ms: AtomicU64::new(0), used }
    }

    /// Bytes in use, as they were a moment ago.
    pub(crate) fn used(&self) -> u64 {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let looked = self.looked_ms.load(Ordering::Relaxed);
        let is_old = now.saturating_sub(looked) >= FRESH_MS;
        // Of several requests at once one looks, and the others take what was seen before.
        if is_old
            && self.looked_ms.compare_exchange(looked, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            self.used.store(own_bytes(), Ordering::Relaxed);
        }
        self.used.load(Ordering::Relaxed)
    }

    /// Refuses work that there is no memory for.
    pub(crate) fn admit(&self, work: Work) -> Result<(), Refusal> {
        let used = self.used();
        if work.fits(used, self.limit) {
            return Ok(());
        }
        let kind = match work {
            Work::Query => Kind::Unavailable(RETRY_AFTER_S),
            Work::Body => Kind::TooMany(RETRY_AFTER_S),
        };
        let (limit, percent) = (self.limit, work.percent());
        Err(Refusal::new(
            kind,
            format!("memory_bytes: {used} bytes are in use, and this is not begun at {percent} % of {limit}"),
        ))
    }
}

/// Bytes that the process holds for itself; 0 where the system does not tell.
fn own_bytes() -> u64 {
    fs::read_to_string("/proc/self/status").ok().and_then(|status| rss_anon(&status)).unwrap_or(0)
}

fn rss_anon(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// Half of the memory that this process may have; no bound where the system does not tell.
pub(crate) fn half_of_all() -> u64 {
    let ram = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let all = System::new_with_specifics(ram).ok().map(|system| {
        let of_container = system.cgroup_limits().map(|limits| limits.total_memory);
        of_container.unwrap_or(u64::MAX).min(system.total_memory())
    });
    all.filter(|bytes| *bytes > 0).map_or(u64::MAX, |bytes| bytes / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_refused_before_bodies_are() {
        let fits = |used| [Work::Query, Work::Body].map(|work| work.fits(used, 1000));
        assert_eq!(fits(799), [true, true]);
        assert_eq!(fits(800), [false, true]);
        assert_eq!(fits(899), [false, true]);
        assert_eq!(fits(900), [false, false]);
        assert_eq!([Work::Query, Work::Body].map(|work| work.fits(u64::MAX / 2, u64::MAX)), [true, true]);
    }

    #[test]
    fn memory_in_use_is_seen_a_moment_later() {
        let memory = Memory::new(half_of_all());
        let before = memory.used();
        let held = vec![1u8; 64 << 20];
        let deadline = Instant::now() + std::time::Duration::from_secs(10);
        while memory.used() < before + (60 << 20) {
            assert!(Instant::now() < deadline, "{before} bytes, then {}", memory.used());
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert!(held.iter().all(|byte| *byte == 1));
    }

    #[test]
    fn the_line_of_the_process_is_read() {
        assert_eq!(rss_anon("VmRSS:\t  9 kB\nRssAnon:\t     148 kB\nRssFile:\t 1 kB\n"), Some(148 << 10));
        for status in ["", "RssAnon:", "RssAnon:\t 1 MB", "RssAnon:\t x kB"] {
            assert_eq!(rss_anon(status), None);
        }
    }
}
