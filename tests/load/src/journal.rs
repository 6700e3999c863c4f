//! The oracle: of each run, how far it had come at the last answer, and where it may be instead because
//! of requests that were sent and not answered.
//!
//! What holds: a request is noted before it is sent, its answer before anything else is done. So
//! whatever is found at any moment is what was acknowledged, or what one of the unanswered requests
//! would have made of it, whole (D1, D2, D3).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How far a run has come. A request moves several of these at once: they must be found together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// There is such a run.
    pub begun: bool,
    /// Rows of history.
    pub rows: u64,
    /// Samples of system metrics.
    pub samples: u64,
    /// Lines of the console.
    pub lines: u64,
    /// It has finished.
    pub ended: bool,
}

/// What is found of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// How far it has come.
    pub place: Place,
    /// Each file's version, as its digest tells.
    pub files: BTreeMap<String, u64>,
}

/// What stands, and what may stand instead.
#[derive(Debug, Clone, Default)]
struct Known<T> {
    acked: T,
    unanswered: Vec<T>,
    /// It was found as it stands.
    is_settled: bool,
}

impl<T: Copy + PartialEq> Known<T> {
    fn answered(&mut self, value: T) {
        self.acked = value;
        self.unanswered.clear();
        self.is_settled = false;
    }

    fn found(&mut self, value: T) {
        self.answered(value);
        self.is_settled = true;
    }

    fn may_be(&self, value: T) -> bool {
        self.acked == value || self.unanswered.contains(&value)
    }
}

#[derive(Debug, Default)]
struct Entry {
    place: Known<Place>,
    files: BTreeMap<String, Known<Option<u64>>>,
    /// Rows that a reader saw: they stay (D5, I6).
    shown: u64,
}

/// What was acknowledged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    /// Runs.
    pub runs: u64,
    /// Rows of history.
    pub rows: u64,
    /// Lines of the console.
    pub lines: u64,
    /// Files, the last version of each.
    pub files: u64,
}

/// All runs of all trainers, by name.
#[derive(Debug, Default)]
pub struct Journal(Mutex<BTreeMap<String, Entry>>);

impl Journal {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is about to be sent that moves a run there.
    pub fn sends(&self, run: &str, to: Place) {
        self.lock().entry(run.to_owned()).or_default().place.unanswered.push(to);
    }

    /// It was acknowledged.
    pub fn acked(&self, run: &str, to: Place) {
        self.lock().entry(run.to_owned()).or_default().place.answered(to);
    }

    /// A version of a file is about to be sent.
    pub fn sends_file(&self, run: &str, name: &str, version: u64) {
        let mut runs = self.lock();
        let files = &mut runs.entry(run.to_owned()).or_default().files;
        files.entry(name.to_owned()).or_default().unanswered.push(Some(version));
    }

    /// It was acknowledged.
    pub fn acked_file(&self, run: &str, name: &str, version: u64) {
        let mut runs = self.lock();
        let files = &mut runs.entry(run.to_owned()).or_default().files;
        files.entry(name.to_owned()).or_default().answered(Some(version));
    }

    /// The versions that a file may have.
    #[must_use]
    pub fn versions(&self, run: &str, name: &str) -> Vec<u64> {
        let runs = self.lock();
        let known = runs.get(run).and_then(|entry| entry.files.get(name));
        let all = known.into_iter().flat_map(|known| known.unanswered.iter().chain([&known.acked]));
        all.copied().flatten().collect()
    }

    /// Runs that have a file.
    #[must_use]
    pub fn with_files(&self) -> Vec<String> {
        let runs = self.lock();
        let has_some = |entry: &Entry| entry.files.values().any(|file| file.acked.is_some());
        runs.iter().filter(|(_, entry)| has_some(entry)).map(|(run, _)| run.clone()).collect()
    }

    /// Runs that had ended when they were last settled.
    #[must_use]
    pub fn ended(&self) -> BTreeMap<String, Found> {
        let runs = self.lock();
        let ended = runs.iter().filter(|(_, entry)| entry.place.acked.ended && entry.place.is_settled);
        ended
            .map(|(run, entry)| (run.clone(), Found { place: entry.place.acked, ..Found::default() }))
            .collect()
    }

    /// Rows acknowledged, by run.
    #[must_use]
    pub fn rows_acked(&self) -> BTreeMap<String, u64> {
        self.lock().iter().map(|(run, entry)| (run.clone(), entry.place.acked.rows)).collect()
    }

    /// Checks the rows that a reader sees who asked after `acked` was known: all that was acknowledged
    /// then is there, and nothing is gone that a reader saw before (D5, I6).
    ///
    /// # Panics
    ///
    /// When it is not.
    pub fn shows(&self, acked: &BTreeMap<String, u64>, seen: &BTreeMap<String, u64>) {
        let mut runs = self.lock();
        for (run, entry) in &mut *runs {
            let now = seen.get(run).copied().unwrap_or_default();
            let then = acked.get(run).copied().unwrap_or_default();
            assert!(now >= then, "D5: a query sees {now} rows of {run}, {then} were acknowledged before it");
            assert!(now >= entry.shown, "I6: a query sees {now} rows of {run}, {} were seen", entry.shown);
            entry.shown = now;
        }
    }

    /// Checks what is found while no request is under way, and settles what was unanswered: it was
    /// seen now, so it must stay, or is known not to be there.
    ///
    /// # Panics
    ///
    /// When what was acknowledged is lost (I1), a request is there in part (I3), or something is there
    /// that nobody sent (I4).
    pub fn settle(&self, found: &BTreeMap<String, Found>) {
        let mut runs = self.lock();
        for name in found.keys() {
            assert!(runs.contains_key(name), "I4: nobody began run {name}");
        }
        for (name, entry) in &mut *runs {
            let Found { place, files } = found.get(name).cloned().unwrap_or_default();
            let known = &mut entry.place;
            assert!(known.may_be(place), "I1, I3: {name} is at {place:?}, which none of {known:?} is");
            known.found(place);
            assert!(place.rows >= entry.shown, "I6: {} rows of {name} were seen: {place:?}", entry.shown);
            for (file, known) in &mut entry.files {
                let version = files.get(file).copied();
                assert!(known.may_be(version), "I16: {file} of {name} is {version:?}, not {known:?}");
                known.found(version);
            }
            let strange = files.keys().find(|file| !entry.files.contains_key(*file));
            assert_eq!(strange, None, "I4: nobody sent this file of {name}");
        }
    }

    /// What was acknowledged so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for entry in self.lock().values() {
            let Place { begun, rows, lines, .. } = entry.place.acked;
            totals.runs += u64::from(begun);
            totals.rows += rows;
            totals.lines += lines;
            totals.files += entry.files.values().map(|file| u64::from(file.acked.is_some())).sum::<u64>();
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    fn place(rows: u64) -> Place {
        Place { begun: true, rows, lines: 2 * rows, ..Place::default() }
    }

    fn found(place: Place) -> BTreeMap<String, Found> {
        BTreeMap::from([("r".into(), Found { place, files: BTreeMap::new() })])
    }

    /// A run with two rows acknowledged, and requests for three and for four of them unanswered.
    fn journal() -> Journal {
        let journal = Journal::default();
        journal.acked("r", place(2));
        journal.sends("r", place(3));
        journal.sends("r", place(4));
        journal
    }

    #[test]
    fn what_was_acknowledged_or_is_unanswered_may_be_found() {
        for rows in 2..=4 {
            let journal = journal();
            journal.settle(&found(place(rows)));
            let later = catch_unwind(move || journal.settle(&found(place(if rows == 2 { 3 } else { 2 }))));
            assert!(later.is_err(), "what was found once is settled");
        }
    }

    #[test]
    fn what_is_lost_in_part_or_strange_is_told() {
        let lost = found(place(1));
        let in_part = found(Place { lines: 4, ..place(3) });
        let strange =
            BTreeMap::from([("r".into(), found(place(2))["r"].clone()), ("q".into(), Found::default())]);
        for (what, found) in
            [("lost", lost), ("in part", in_part), ("strange", strange), ("gone", BTreeMap::new())]
        {
            let journal = journal();
            assert!(catch_unwind(move || journal.settle(&found)).is_err(), "{what}");
        }
    }

    #[test]
    fn a_reader_who_sees_less_than_before_is_told() {
        let seen = |rows| BTreeMap::from([("r".to_owned(), rows)]);
        let journal = journal();
        journal.shows(&journal.rows_acked(), &seen(3));
        assert!(catch_unwind(|| journal.shows(&seen(0), &seen(2))).is_err());
        let fresh = self::journal();
        assert!(catch_unwind(|| fresh.shows(&fresh.rows_acked(), &seen(1))).is_err());
    }
}
