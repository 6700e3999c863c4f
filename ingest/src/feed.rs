//! Events as they become durable, read once and handed to everybody who follows.
//!
//! ```text
//!  store's newest snapshot ─► one task, while anybody follows ─► a bounded channel ─► followers
//!                                                                  one that is too slow for it reads
//!                                                                  what it missed from the store
//! ```
//!
//! What holds: events come in log order, each once; nothing is kept for a follower that is slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::{Lsn, Recorded, Snapshot, Store, Whose};
use tokio::sync::{broadcast, watch};

use crate::server::blocking;

/// Events that the slowest follower may be behind before it reads them from the store.
const BEHIND_MAX: usize = 1024;

/// Where followers come to.
pub(crate) struct Feed {
    events: broadcast::Sender<Arc<Recorded>>,
    is_running: Arc<AtomicBool>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self { events: broadcast::Sender::new(BEHIND_MAX), is_running: Arc::default() }
    }

    /// All events from about now on; those before the first one that it gets are in the store's snapshot.
    pub(crate) fn follow(&self, store: &Store) -> broadcast::Receiver<Arc<Recorded>> {
        let receiver = self.events.subscribe();
        if !self.is_running.swap(true, Ordering::AcqRel) {
            // Taken here, so that a snapshot that the follower takes from now on has all that is not told.
            let mut snapshots = store.subscribe();
            let told = snapshots.borrow_and_update().durable;
            tokio::spawn(run(snapshots, told, self.events.clone(), Arc::clone(&self.is_running)));
        }
        receiver
    }
}

/// Reads what each new snapshot has more, until nobody follows.
async fn run(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    mut told: Lsn,
    events: broadcast::Sender<Arc<Recorded>>,
    is_running: Arc<AtomicBool>,
) {
    loop {
        if snapshots.changed().await.is_err() {
            return;
        }
        if events.receiver_count() == 0 {
            is_running.store(false, Ordering::Release);
            // Somebody may have come since, and seen this task running.
            if events.receiver_count() == 0 || is_running.swap(true, Ordering::AcqRel) {
                return;
            }
        }
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        let (from, sender) = (told.advance(1), events.clone());
        told = snapshot.durable;
        let read = blocking(move || tell(&snapshot, from, &sender)).await;
        if let Ok(Err(error)) | Err(crate::Error::Store(error)) = read {
            tracing::error!(%error, "new events cannot be read; followers read them from the store");
        }
    }
}

fn tell(snapshot: &Snapshot, from: Lsn, events: &broadcast::Sender<Arc<Recorded>>) -> engine::Result<()> {
    for event in snapshot.recorded_of(from, Whose::ALL) {
        // That nobody follows any more is seen at the next snapshot.
        let _nobody = events.send(Arc::new(event?));
    }
    Ok(())
}
