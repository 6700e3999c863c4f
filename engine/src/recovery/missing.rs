//! Events that are lost, where a damaged folder was opened all the same (F3).
//!
//! What holds:
//! - Of a run nothing is folded from its first lost event on, and nothing is taken any more: what is
//!   shown of it is what it was before (D3), and marked.
//! - Who reads positions among the lost ones gets an error that names them (D6).
//! - Nothing behind them is compacted: table files have every event up to a position.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::error::{Damage, Error, Result};
use crate::event::{Event, Subject};
use crate::id::{Lsn, RunKey, SegmentId};
use crate::log::segment::Found;
use crate::manifest::SegmentMeta;
use crate::projection::Projection;

/// Events that are lost; none where the folder is whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// The damaged segments: also of one that lost no event nothing is compacted.
    segments: BTreeSet<SegmentId>,
    /// Positions, first to last, rising.
    lsns: Vec<(Lsn, Lsn)>,
    /// Of each subject the numbers of its first and last event that is lost or could not be folded.
    subjects: BTreeMap<Subject, (u64, u64)>,
}

impl Missing {
    /// Whether nothing is damaged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// How many events.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.lsns.iter().map(|(first, last)| last.0 - first.0 + 1).sum()
    }

    /// The runs that lack some, each with the numbers of the first and last.
    pub fn runs(&self) -> impl Iterator<Item = (&RunKey, (u64, u64))> {
        self.subjects.iter().filter_map(|(subject, range)| match subject {
            Subject::Run(key) => Some((key, *range)),
            Subject::Store | Subject::Project(_) => None,
        })
    }

    /// Whether an event of a subject is lost, or behind one that is.
    pub(crate) fn hides(&self, subject: &Subject, run_seq: u64) -> bool {
        self.subjects.get(subject).is_some_and(|(first, _)| run_seq >= *first)
    }

    /// Refuses events of a run that lacks some.
    pub(crate) fn check(&self, subject: &Subject) -> Result<()> {
        match self.subjects.get(subject) {
            Some(range) => Err(lost(subject, *range)),
            None => Ok(()),
        }
    }

    /// Refuses positions of which some are lost.
    pub(crate) fn check_positions(&self, from: Lsn, to: Lsn) -> Result<()> {
        match self.lsns.iter().find(|(first, last)| *first <= to && *last >= from) {
            Some((first, last)) => {
                let what = format!("events {first}..{last} of the log are missing");
                Err(Error::Damaged(Box::new(Damage { lsns: Some((*first, *last)), ..Damage::told(what) })))
            }
            None => Ok(()),
        }
    }

    /// Notes what a damaged segment lacks: its frames are those that were found, its last edit named the
    /// subjects, and `state` has the events up to `through`.
    ///
    /// # Errors
    ///
    /// `Damaged` where the store itself lacks events: a key that was revoked would be one again.
    pub(super) fn note_segment(
        &mut self,
        meta: &SegmentMeta,
        found: &[(Found, Event)],
        state: &Projection,
        through: Lsn,
    ) -> Result<()> {
        let Some(end) = &meta.end else { return Ok(()) };
        self.segments.insert(meta.id);
        let there: BTreeSet<Lsn> = found.iter().map(|(frame, _)| frame.lsn).collect();
        let mut next = through.advance(1).max(meta.first_lsn);
        for lsn in there.into_iter().filter(|lsn| *lsn > through).chain([end.next_lsn]) {
            if lsn > next {
                self.lsns.push((next, Lsn(lsn.0 - 1)));
            }
            next = next.max(lsn.advance(1));
        }
        let there: BTreeSet<(&Subject, u64)> =
            found.iter().map(|(frame, event)| (&event.subject, frame.run_seq)).collect();
        for (subject, (first, last)) in end.ranges.unpack() {
            let folded = state.seq(&subject)?;
            let is_lost = |seq: &u64| !there.contains(&(&subject, *seq));
            let mut seqs = first.max(folded)..=last;
            if let Some(first) = seqs.clone().find(is_lost) {
                let range = (first, seqs.rfind(is_lost).unwrap_or(first));
                if subject == Subject::Store {
                    return Err(lost(&subject, range));
                }
                self.note(subject, range);
            }
        }
        Ok(())
    }

    /// Notes that a subject lacks events, or has one that cannot be folded for what others lack.
    pub(super) fn note(&mut self, subject: Subject, (first, last): (u64, u64)) {
        let range = self.subjects.entry(subject).or_insert((first, last));
        *range = (range.0.min(first), range.1.max(last));
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        let count = self.subjects.len();
        if count == 0 {
            return f.write_str("a segment, but no event is missing");
        }
        for (place, (subject, (first, last))) in self.subjects.iter().take(SHOWN).enumerate() {
            write!(
                f,
                "{}events {first}..{last} of {subject} are missing",
                if place > 0 { "; " } else { "" }
            )?;
        }
        if count > SHOWN { write!(f, "; and of {} more", count - SHOWN) } else { Ok(()) }
    }
}

/// The error that names what a subject lacks.
pub(crate) fn lost(subject: &Subject, (first, last): (u64, u64)) -> Error {
    let runs = match subject {
        Subject::Run(key) => vec![(key.to_string(), first, last)],
        Subject::Store | Subject::Project(_) => Vec::new(),
    };
    let what = format!("events {first}..{last} of {subject} are missing");
    Error::Damaged(Box::new(Damage { runs, ..Damage::told(what) }))
}
