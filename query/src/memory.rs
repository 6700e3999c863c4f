//! Memory of statements: each has its share, all together have theirs (L7).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation};

/// What all running statements hold.
#[derive(Debug)]
pub(crate) struct AllStatements {
    limit: usize,
    held: AtomicUsize,
}

impl AllStatements {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, held: AtomicUsize::new(0) }
    }
}

/// What one statement holds.
#[derive(Debug)]
pub(crate) struct OneStatement {
    limit: usize,
    held: AtomicUsize,
    all: Arc<AllStatements>,
}

impl OneStatement {
    pub(crate) fn new(limit: usize, all: Arc<AllStatements>) -> Self {
        Self { limit, held: AtomicUsize::new(0), all }
    }
}

impl fmt::Display for OneStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement({} of {} bytes)", self.reserved(), self.limit)
    }
}

fn take(held: &AtomicUsize, more: usize, limit: usize) -> bool {
    let taken = held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
        held.checked_add(more).filter(|held| *held <= limit)
    });
    taken.is_ok()
}

impl MemoryPool for OneStatement {
    fn name(&self) -> &str {
        "statement"
    }

    fn grow(&self, _: &MemoryReservation, additional: usize) {
        self.held.fetch_add(additional, Ordering::Relaxed);
        self.all.held.fetch_add(additional, Ordering::Relaxed);
    }

    fn shrink(&self, _: &MemoryReservation, shrink: usize) {
        self.held.fetch_sub(shrink, Ordering::Relaxed);
        self.all.held.fetch_sub(shrink, Ordering::Relaxed);
    }

    fn try_grow(&self, _: &MemoryReservation, additional: usize) -> Result<()> {
        let refuse =
            |whose| Err(DataFusionError::ResourcesExhausted(format!("the memory of {whose} is used up")));
        if !take(&self.held, additional, self.limit) {
            return refuse("the statement");
        }
        if !take(&self.all.held, additional, self.all.limit) {
            self.held.fetch_sub(additional, Ordering::Relaxed);
            return refuse("all statements");
        }
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

impl Drop for OneStatement {
    fn drop(&mut self) {
        // Operators give back what they hold; one that did not must not cost the others for ever.
        self.all.held.fetch_sub(self.reserved(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::execution::memory_pool::MemoryConsumer;

    #[test]
    fn one_statement_cannot_take_more_than_its_share_nor_all_more_than_theirs() {
        let all = Arc::new(AllStatements::new(150));
        let pool = |all| Arc::new(OneStatement::new(100, all)) as Arc<dyn MemoryPool>;
        let (a, b) = (pool(Arc::clone(&all)), pool(Arc::clone(&all)));
        let first = MemoryConsumer::new("a").register(&a);
        let second = MemoryConsumer::new("b").register(&b);
        assert!(first.try_grow(101).is_err());
        first.try_grow(100).unwrap();
        assert!(second.try_grow(51).is_err());
        second.try_grow(50).unwrap();
        drop(first);
        second.try_grow(50).unwrap();
        drop((second, a, b));
        assert_eq!(all.held.load(Ordering::Relaxed), 0);
    }
}
