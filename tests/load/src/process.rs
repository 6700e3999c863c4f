//! What a process holds, as `/proc` tells it.

use std::fs;
use std::path::Path;

/// What a process holds at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Threads.
    pub threads: u64,
    /// Open files in its data folder.
    pub store_files: u64,
    /// Sockets and all else that is open.
    pub other_files: u64,
    /// Bytes of memory that are its own and not a file's.
    pub anonymous_bytes: u64,
}

impl Held {
    /// What a process holds whose data is in `dir`; none once it has ended.
    #[must_use]
    pub fn of(pid: u32, dir: &Path) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let mut held = Self {
            threads: number("Threads:")?,
            anonymous_bytes: number("RssAnon:")? << 10,
            ..Self::default()
        };
        for entry in fs::read_dir(format!("/proc/{pid}/fd")).ok()? {
            let target = entry.ok().and_then(|entry| fs::read_link(entry.path()).ok());
            let is_stored = target.is_some_and(|target| target.starts_with(dir));
            *(if is_stored { &mut held.store_files } else { &mut held.other_files }) += 1;
        }
        Some(held)
    }

    /// The larger of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            threads: self.threads.max(other.threads),
            store_files: self.store_files.max(other.store_files),
            other_files: self.other_files.max(other.other_files),
            anonymous_bytes: self.anonymous_bytes.max(other.anonymous_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_files_are_told_apart_by_where_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let held = || Held::of(std::process::id(), dir.path()).unwrap();
        let before = held();
        assert!(before.threads > 0 && before.anonymous_bytes > 0 && before.store_files == 0, "{before:?}");
        let _open = fs::File::create(dir.path().join("a")).unwrap();
        assert_eq!(held().store_files, 1);
        assert_eq!(Held::of(u32::MAX, dir.path()), None);
    }
}
