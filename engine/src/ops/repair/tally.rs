//! What was found, and so what is lost.

use std::collections::{BTreeMap, BTreeSet};

use super::Lost;
use crate::event::{Event, Subject};
use crate::id::{Lsn, RunKey};

/// Rising numbers, as stretches without a gap.
#[derive(Debug, Default)]
struct Stretches(Vec<(u64, u64)>);

impl Stretches {
    fn push(&mut self, number: u64) {
        match self.0.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            Some((_, last)) if *last >= number => {}
            _ => self.0.push((number, number)),
        }
    }

    /// The numbers from `first` on and before `end` that are missing.
    fn gaps(&self, first: u64, end: u64) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut next = first;
        for (from, to) in self.0.iter().copied().chain([(end, end)]) {
            if from > next {
                gaps.push((next, from - 1));
            }
            next = next.max(to + 1);
        }
        gaps
    }
}

/// The events that were found.
#[derive(Debug, Default)]
pub(super) struct Tally {
    lsns: Stretches,
    seqs: BTreeMap<Subject, Stretches>,
}

impl Tally {
    /// Notes an event; they come by position.
    pub(super) fn note(&mut self, lsn: Lsn, run_seq: u64, event: &Event) {
        self.lsns.push(lsn.0);
        match self.seqs.get_mut(&event.subject) {
            Some(seqs) => seqs.push(run_seq),
            None => self.seqs.entry(event.subject.clone()).or_default().push(run_seq),
        }
    }

    /// Positions before `next` without an event.
    pub(super) fn gaps(&self, next: Lsn) -> Vec<(Lsn, Lsn)> {
        let gaps = self.lsns.gaps(1, next.0);
        gaps.into_iter().map(|(first, last)| (Lsn(first), Lsn(last))).collect()
    }

    /// The same by run, from the numbers that events have in their run; `reached` are the last ones as the
    /// manifest knew them.
    pub(super) fn gaps_by_run(
        &self,
        reached: &BTreeMap<Subject, u64>,
        erased: &BTreeSet<RunKey>,
    ) -> Vec<Lost> {
        let nothing = Stretches::default();
        let mut lost = Vec::new();
        let subjects: BTreeSet<&Subject> = self.seqs.keys().chain(reached.keys()).collect();
        for subject in subjects {
            let Subject::Run(key) = subject else { continue };
            if erased.contains(key) {
                continue;
            }
            let seqs = self.seqs.get(subject).unwrap_or(&nothing);
            let last = seqs.0.last().map(|(_, last)| *last);
            let last = last.max(reached.get(subject).copied());
            let gaps = seqs.gaps(0, last.map_or(0, |last| last + 1));
            lost.extend(gaps.into_iter().map(|(first, last)| Lost { run: key.to_string(), first, last }));
        }
        lost
    }

    /// The runs whose first event is not among those found.
    pub(super) fn without_beginning(&self, erased: &BTreeSet<RunKey>) -> Vec<String> {
        let begins_later = |seqs: &Stretches| seqs.0.first().is_some_and(|(first, _)| *first > 0);
        let runs = self.seqs.iter().filter(|(_, seqs)| begins_later(seqs));
        let keys = runs.filter_map(|(subject, _)| match subject {
            Subject::Run(key) => Some(key),
            _ => None,
        });
        keys.filter(|key| !erased.contains(*key)).map(ToString::to_string).collect()
    }
}
