//! One log of a run at a time: where its rows go is decided on what stands, and holds to its end.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar};

use engine::RunPath;

use crate::guarded::Guarded;

/// The runs that logs are being read for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    taken: Guarded<BTreeSet<RunPath>>,
    given_back: Condvar,
}

impl Turns {
    /// Waits until no other log of the run is being read.
    pub(crate) fn take(&self, run: &RunPath) -> Turn {
        self.0.taken.wait(&self.0.given_back, |taken| taken.insert(run.clone()));
        Turn { turns: self.clone(), run: run.clone() }
    }
}

/// Lasts until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Turns,
    run: RunPath,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.0.taken.with(|taken| taken.remove(&self.run));
        self.turns.0.given_back.notify_all();
    }
}
