//! The oracle: every batch that was sent, in order, and what its answer obliges the store to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::{Body, Event, Projection, RunKey, Subject};

use crate::look::AtRest;
use crate::model::{self, Erasing, Folded, Sent};
use crate::traffic::{is_shared, mark};

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

/// Batches in the order in which they were sent, and where they were seen those that the store wrote by
/// itself; all events differ.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    batches: Vec<(Arc<[Sent]>, Fate)>,
    folded: Folded,
    /// What was compared last of what never changes.
    pub(crate) at_rest: Option<AtRest>,
}

impl Journal {
    /// Notes a batch that was sent, and its answer.
    pub fn note(&mut self, events: &[Event], fate: Fate) {
        self.batches.push((events.iter().map(Sent::of).collect(), fate));
    }

    /// After a power loss without `Durability::Sync` an ack obliges to nothing.
    pub fn doubt(&mut self) {
        (self.folded, self.at_rest) = Default::default();
        for (_, fate) in self.batches.iter_mut().filter(|(_, fate)| *fate == Fate::Acked) {
            *fate = Fate::Unknown;
        }
    }

    /// How many batches of clients must be there.
    #[must_use]
    pub fn acked(&self) -> usize {
        let is_of_a_client = |events: &[Sent]| !events.iter().any(|sent| Sent::is_of_the_store(&sent.event));
        let acked = self.batches.iter().filter(|(_, fate)| *fate == Fate::Acked);
        acked.filter(|(events, _)| is_of_a_client(events)).count()
    }

    /// Checks what a recovery found, and settles what was unknown: a reader has seen it now, so it
    /// must stay (I6), or is sure not to see it.
    ///
    /// # Panics
    ///
    /// When an acked batch is lost (I1), a batch is there in part (I3), in another order (I2), twice
    /// (I5), although refused, or was never sent (I4).
    pub fn settle(&mut self, found: &[Event]) {
        self.compare(found, Fate::Refused);
    }

    /// [`Journal::settle`] while the store is open: what was written in vain may be there after the next
    /// opening.
    ///
    /// # Panics
    ///
    /// As [`Journal::settle`].
    pub fn agree(&mut self, found: &[Event]) {
        self.compare(found, Fate::Unknown);
    }

    /// Compares what is found with what must be; what was unknown and is not found is `missing` then.
    fn compare(&mut self, found: &[Event], missing: Fate) {
        let is_founding = |first: &Event| matches!(first.body, Body::StoreCreated(_));
        assert!(found.first().is_none_or(is_founding), "the first event is {:?}", found.first());
        let mut rest = found;
        let mut batches = Vec::with_capacity(self.batches.len());
        for (events, fate) in std::mem::take(&mut self.batches) {
            // Behind what was refused it stands as well, and what was looked at keeps its place.
            let is_due = fate != Fate::Refused;
            while is_due && !begins_with(rest, &events) && take_of_the_store(&mut rest, &mut batches) {}
            let number = batches.len();
            if begins_with(rest, &events) {
                assert_ne!(fate, Fate::Refused, "batch {number} is there though it was refused");
                rest = &rest[events.len()..];
                batches.push((events, Fate::Acked));
            } else {
                assert_ne!(
                    fate,
                    Fate::Acked,
                    "I1: acked batch {number} is lost or in part: {} of {} events accounted for, then {:?}",
                    found.len() - rest.len(),
                    found.len(),
                    rest.first()
                );
                batches.push((events, if fate == Fate::Unknown { missing } else { fate }));
            }
        }
        while take_of_the_store(&mut rest, &mut batches) {}
        assert!(rest.is_empty(), "I3, I4: no whole batch begins with {:?}", rest[0]);
        self.batches = batches;
    }

    /// The events that must be there, each at its position.
    pub(crate) fn sent(&self) -> impl Iterator<Item = &Sent> {
        let acked = self.batches.iter().filter(|(_, fate)| *fate == Fate::Acked);
        acked.flat_map(|(events, _)| events.iter())
    }

    /// The runs that were erased, and how far that has come.
    pub(crate) fn erasures(&self) -> BTreeMap<&RunKey, Erasing> {
        model::erasures(self.sent().map(|sent| &sent.event))
    }

    /// How many runs were erased to the end, and of how many some bytes may be left.
    #[must_use]
    pub fn erased(&self) -> (usize, usize) {
        let erasures = self.erasures();
        let done = erasures.values().filter(|how| **how == Erasing::Done).count();
        (done, erasures.len() - done)
    }

    /// What nothing may be left of: the beginning of each text of the runs that were erased to the end, and
    /// the paths of the files that they alone had.
    pub(crate) fn gone(&self) -> (Vec<String>, BTreeSet<String>) {
        let erasures = self.erasures();
        let is_gone = |run: &RunKey| erasures.get(run) == Some(&Erasing::Done);
        let marks = erasures.keys().filter(|run| is_gone(run)).map(|run| mark(run)).collect();
        let put = self.sent().filter_map(|sent| match &sent.event.body {
            Body::FilePut(file) if !is_shared(file.size) => Some((sent.event.run()?, file)),
            _ => None,
        });
        let gone = put.filter(|(run, _)| is_gone(run));
        (marks, gone.map(|(_, file)| path_of(&file.digest)).collect())
    }

    /// What the events that must be there fold to. What was folded before is not folded again.
    pub(crate) fn folded(&mut self) -> &Projection {
        let known = self.batches.iter().take_while(|(_, fate)| *fate != Fate::Unknown);
        for (events, fate) in known.skip(self.folded.batches) {
            if *fate == Fate::Acked {
                events.iter().for_each(|sent| self.folded.add(&sent.event));
            }
            self.folded.batches += 1;
        }
        &self.folded.state
    }
}

fn begins_with(found: &[Event], events: &[Sent]) -> bool {
    found.len() >= events.len() && events.iter().zip(found).all(|(sent, found)| sent.is_shown_as(found))
}

/// Takes an event that the store wrote by itself.
fn take_of_the_store(rest: &mut &[Event], batches: &mut Vec<(Arc<[Sent]>, Fate)>) -> bool {
    let Some((first, behind)) = rest.split_first().filter(|(first, _)| Sent::is_of_the_store(first)) else {
        return false;
    };
    batches.push(([Sent::of(first)].into(), Fate::Acked));
    *rest = behind;
    true
}

/// Where a user file is.
fn path_of(digest: &[u8; 32]) -> String {
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("blobs/{}/{digest}", &digest[..2])
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
