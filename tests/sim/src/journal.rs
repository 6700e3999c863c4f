//! The oracle: every batch that was sent, in order, and what its answer obliges the store to.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{Body, Event, Subject};

/// What an answer means for the time after the next recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It must be there (D1).
    Acked,
    /// It must be there whole or not at all (D2).
    Unknown,
    /// It must not be there.
    Refused,
}

/// Batches in the order in which they were sent; all events differ.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    batches: Vec<(Arc<[Event]>, Fate)>,
}

impl Journal {
    /// Notes a batch that was sent, and its answer.
    pub fn note(&mut self, events: &[Event], fate: Fate) {
        self.batches.push((events.into(), fate));
    }

    /// After a power loss without `Durability::Sync` an ack obliges to nothing.
    pub fn doubt(&mut self) {
        for (_, fate) in self.batches.iter_mut().filter(|(_, fate)| *fate == Fate::Acked) {
            *fate = Fate::Unknown;
        }
    }

    /// How many batches must be there.
    #[must_use]
    pub fn acked(&self) -> usize {
        self.batches.iter().filter(|(_, fate)| *fate == Fate::Acked).count()
    }

    /// Checks what a recovery found, and settles what was unknown: a reader has seen it now, so it
    /// must stay (I6), or is sure not to see it.
    ///
    /// # Panics
    ///
    /// When an acked batch is lost (I1), a batch is there in part (I3), in another order (I2), twice
    /// (I5), although refused, or was never sent (I4).
    pub fn settle(&mut self, found: &[Event]) {
        let mut rest = match found {
            [] => found,
            [first, rest @ ..] => {
                assert!(matches!(first.body, Body::StoreCreated(_)), "the first event is {first:?}");
                rest
            }
        };
        for (number, (events, fate)) in self.batches.iter_mut().enumerate() {
            match rest.strip_prefix(&**events) {
                Some(behind) => {
                    assert_ne!(*fate, Fate::Refused, "batch {number} is there though it was refused");
                    *fate = Fate::Acked;
                    rest = behind;
                }
                None => {
                    assert_ne!(
                        *fate,
                        Fate::Acked,
                        "I1: acked batch {number} is lost or in part: {} of {} events accounted for, then {:?}",
                        found.len() - rest.len(),
                        found.len(),
                        rest.first()
                    );
                    *fate = Fate::Refused;
                }
            }
        }
        assert!(rest.is_empty(), "I3, I4: no whole batch begins with {:?}", rest[0]);
    }
}

/// Checks that each subject's events are numbered 0, 1, 2 … (I2).
///
/// # Panics
///
/// When they are not.
pub fn check_run_seqs<'a>(events: impl IntoIterator<Item = (u64, &'a Event)>) {
    let mut next = BTreeMap::<&Subject, u64>::new();
    for (seq, event) in events {
        let expected = next.entry(&event.subject).or_default();
        assert_eq!(seq, *expected, "I2: run_seq of {event:?}");
        *expected += 1;
    }
}
