//! The one lock of this crate. What it guards is changed by short closures that do no I/O and
//! cannot fail half way; if one panics all the same, its value is in doubt, and going on with it
//! would be guessing (F20). Ending the process is as safe as kill -9: everything acked is on disk.

use std::sync::{Condvar, Mutex, MutexGuard};

#[derive(Debug, Default)]
pub(crate) struct Guarded<T>(Mutex<T>);

impl<T> Guarded<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Runs `act` on the value, alone.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        act(&mut self.lock())
    }

    /// Runs `act` on the value, alone, again after each change that is told of, until it says that it is done.
    pub(crate) fn wait(&self, changed: &Condvar, mut act: impl FnMut(&mut T) -> bool) {
        let mut value = self.lock();
        while !act(&mut value) {
            value = changed.wait(value).unwrap_or_else(|_| in_doubt());
        }
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(|_| in_doubt())
    }
}

fn in_doubt() -> ! {
    tracing::error!("a thread panicked while it held a lock; ending");
    std::process::abort()
}
