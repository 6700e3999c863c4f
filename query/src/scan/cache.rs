//! Columns of `runs`, kept ready: an array for each chunk of runs, as good as the chunk is unchanged.
//!
//! What holds:
//! - An array belongs to the position at which its chunk last changed; a reader with another
//!   position makes its own.
//! - The arrays held together take at most `bytes_max`; the columns used longest ago go first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use arrow::array::{Array, ArrayRef};
use engine::{Lsn, ProjectKey, StoreId};

use crate::tables::key::{KeyPath, View};

/// Which column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    Fixed(&'static str),
    Key(KeyPath, View),
}

/// Which column, of which runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey {
    pub(crate) store: Option<StoreId>,
    pub(crate) include_deleted: bool,
    /// As of which erasure: the past is another one after it.
    pub(crate) erasures: u64,
    /// Of which projects, where not of all.
    pub(crate) seen: Option<Arc<BTreeSet<ProjectKey>>>,
    pub(crate) name: Name,
}

/// The arrays of a column that are there, by chunk.
pub(crate) type Chunks = Vec<Option<(Lsn, ArrayRef)>>;

#[derive(Debug)]
pub(crate) struct ColumnCache {
    bytes_max: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    columns: HashMap<CacheKey, Entry>,
    /// Columns by when they were used last.
    order: BTreeMap<u64, CacheKey>,
    clock: u64,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Entry {
    chunks: Arc<Chunks>,
    bytes: usize,
    used: u64,
}

impl ColumnCache {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, inner: Mutex::default() }
    }

    /// The arrays of a column that are there.
    pub(crate) fn chunks(&self, key: &CacheKey) -> Arc<Chunks> {
        let mut inner = self.lock();
        inner.touch(key);
        inner.columns.get(key).map(|entry| Arc::clone(&entry.chunks)).unwrap_or_default()
    }

    /// Keeps an array for the next reader, unless a newer one is there.
    pub(crate) fn put(&self, key: &CacheKey, chunk: usize, changed: Lsn, array: &ArrayRef) {
        let mut inner = self.lock();
        inner.touch(key);
        let entry = inner.columns.entry(key.clone()).or_default();
        let chunks = Arc::make_mut(&mut entry.chunks);
        if chunks.len() <= chunk {
            chunks.resize(chunk + 1, None);
        }
        let Some(slot) = chunks.get_mut(chunk) else { return };
        let before = match slot {
            Some((at, _)) if *at > changed => return,
            Some((_, old)) => old.get_array_memory_size(),
            None => 0,
        };
        let bytes = array.get_array_memory_size();
        *slot = Some((changed, Arc::clone(array)));
        entry.bytes = (entry.bytes + bytes).saturating_sub(before);
        inner.bytes = (inner.bytes + bytes).saturating_sub(before);
        inner.shrink(self.bytes_max);
    }

    /// Bytes held.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics halfway through a change, and a cache may be stale at worst.
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Inner {
    fn touch(&mut self, key: &CacheKey) {
        self.clock += 1;
        let now = self.clock;
        let entry = self.columns.entry(key.clone()).or_default();
        self.order.remove(&entry.used);
        entry.used = now;
        self.order.insert(now, key.clone());
    }

    fn shrink(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max {
            let Some((_, key)) = self.order.pop_first() else { return };
            if let Some(entry) = self.columns.remove(&key) {
                self.bytes = self.bytes.saturating_sub(entry.bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;

    fn key(name: &'static str) -> CacheKey {
        CacheKey { store: None, include_deleted: false, erasures: 0, seen: None, name: Name::Fixed(name) }
    }

    fn array(len: i64) -> ArrayRef {
        Arc::new((0..len).collect::<Int64Array>())
    }

    #[test]
    fn the_column_used_longest_ago_goes_first() {
        let one = array(1000).get_array_memory_size();
        let cache = ColumnCache::new(one * 2);
        cache.put(&key("a"), 0, Lsn(1), &array(1000));
        cache.put(&key("b"), 0, Lsn(1), &array(1000));
        cache.chunks(&key("a"));
        cache.put(&key("c"), 0, Lsn(1), &array(1000));
        assert!(cache.chunks(&key("b")).is_empty());
        assert_eq!(cache.chunks(&key("a")).len(), 1);
        assert!(cache.bytes() <= one * 2);
    }

    #[test]
    fn an_older_reader_does_not_replace_a_newer_array() {
        let cache = ColumnCache::new(1 << 20);
        cache.put(&key("a"), 3, Lsn(5), &array(1));
        cache.put(&key("a"), 3, Lsn(4), &array(2));
        let chunks = cache.chunks(&key("a"));
        assert_eq!(chunks[3].as_ref().map(|(lsn, array)| (*lsn, array.len())), Some((Lsn(5), 1)));
    }
}
