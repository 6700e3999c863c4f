//! Which runs have been read to their end: one that goes on from another waits for it.
//!
//! What holds: a run waits for one before it in the list alone, which some thread took before, so that of all
//! that wait the first waits for one that is being read.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};

/// Places of runs that are over.
#[derive(Debug, Default)]
pub(super) struct Ended {
    places: Mutex<BTreeSet<usize>>,
    changed: Condvar,
}

/// A run that is being read. It is over when this is dropped, however that came about.
pub(super) struct Reading<'a> {
    ended: &'a Ended,
    place: usize,
}

impl Ended {
    /// Begins a run, once the one at `after` is over.
    pub(super) fn begin(&self, place: usize, after: Option<usize>) -> Reading<'_> {
        if let Some(after) = after {
            // A set of numbers is whole whatever its holder did.
            let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            let is_at_work = |places: &mut BTreeSet<usize>| !places.contains(&after);
            drop(self.changed.wait_while(places, is_at_work).unwrap_or_else(PoisonError::into_inner));
        }
        Reading { ended: self, place }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.ended.places.lock().unwrap_or_else(PoisonError::into_inner).insert(self.place);
        self.ended.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_begins_when_the_one_before_it_is_over_and_not_earlier() {
        let (ended, told) = (Ended::default(), Mutex::new(Vec::new()));
        let tell = |what: &'static str| told.lock().unwrap().push(what);
        let first = ended.begin(0, None);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _second = ended.begin(1, Some(0));
                tell("second");
            });
            // Free to go ahead: it waits for nobody.
            drop(ended.begin(2, None));
            tell("first");
            drop(first);
        });
        assert_eq!(*told.lock().unwrap(), ["first", "second"]);
    }
}
