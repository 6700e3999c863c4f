//! A value that another is made from once, by whoever needs it first. All others wait for that one and
//! share what it made.

use crate::sync::{Arc, Mutex, PoisonError};

#[derive(Debug)]
pub(crate) struct Once<A, B>(Mutex<Slot<A, B>>);

#[derive(Debug)]
enum Slot<A, B> {
    Given(A),
    Made(Arc<B>),
    /// The making panicked, and took with it what was given.
    Lost,
}

impl<A, B> Once<A, B> {
    pub(crate) fn new(given: A) -> Self {
        Self(Mutex::new(Slot::Given(given)))
    }

    /// What was made, if it was.
    pub(crate) fn made(&self) -> Option<Arc<B>> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Slot::Made(made) => Some(Arc::clone(made)),
            Slot::Given(_) | Slot::Lost => None,
        }
    }

    /// What was made, by `make` if it was not yet; none when an earlier making panicked.
    pub(crate) fn make(&self, make: impl FnOnce(A) -> B) -> Option<Arc<B>> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let made = match std::mem::replace(&mut *slot, Slot::Lost) {
            Slot::Given(given) => Arc::new(make(given)),
            Slot::Made(made) => made,
            Slot::Lost => return None,
        };
        *slot = Slot::Made(Arc::clone(&made));
        Some(made)
    }
}
