//! One request's events: stored whole or not at all.

use crate::event::{Event, Subject};

/// The events of one request, in order, and what must still be true when they are stored.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub(crate) events: Vec<Event>,
    pub(crate) expected: Vec<(Subject, u64)>,
}

impl Batch {
    /// A batch of events.
    #[must_use]
    pub fn new(events: Vec<Event>) -> Self {
        Self { events, expected: Vec::new() }
    }

    /// Demands that `subject` still has `seq` events when the batch is stored
    /// ([`crate::Projection::seq`]); otherwise the append fails with [`crate::Error::Conflict`] and
    /// the caller decides again on a newer snapshot.
    #[must_use]
    pub fn expect(mut self, subject: impl Into<Subject>, seq: u64) -> Self {
        self.expected.push((subject.into(), seq));
        self
    }

    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The events.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }
}
