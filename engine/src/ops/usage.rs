//! What runs and keys take up: rows, points, bytes on the disk.
//!
//! What holds:
//! - Rows and points are exact: what the runs say was written, overwritten ones included.
//! - Bytes in table files are shares of their files (`table/usage.rs`): estimates for one run or key,
//!   whose sum over all runs is the bytes of the files of rows and of the files beside them.
//! - Rows that no table file has yet count by the bytes of their frames in the log.
//! - The log behind table files, and files of events, runs and state, are nobody's.
//! - In memory are eight bytes a run, the footer of one file and what was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{AddAssign, Range};
use std::sync::Arc;

use super::{Meter, Watch};
use crate::error::Result;
use crate::event::Block;
use crate::log::frame;
use crate::projection::{Extent, HIDDEN_KEY, Place, Run, StreamKind};
use crate::snapshot::Snapshot;
use crate::table::index::Entry;
use crate::table::rows::OWN_KEYS;
use crate::table::usage::Weights;
use crate::table::{Kind, Table};

/// Rows, points and bytes of something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Rows written, or lines of the console.
    pub rows: u64,
    /// Values written under keys that people or devices chose; those that place a row are none.
    pub points: u64,
    /// About the bytes on the disk.
    pub bytes: u64,
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.points = self.points.saturating_add(other.points);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// What a run, or several together, take up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Its history.
    pub history: Amount,
    /// Its system metrics.
    pub system: Amount,
    /// Its console.
    pub console: Amount,
    /// User files of different content within a run. Content that several runs have is there once on
    /// the disk and counts for each of them.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
}

impl Usage {
    /// Rows, points and bytes of all streams.
    #[must_use]
    pub fn total(&self) -> Amount {
        let mut total = self.history;
        total += self.system;
        total += self.console;
        total
    }

    fn of(&mut self, kind: StreamKind) -> &mut Amount {
        match kind {
            StreamKind::History => &mut self.history,
            StreamKind::System => &mut self.system,
            StreamKind::Console => &mut self.console,
        }
    }

    fn add_run(&mut self, run: &Run) {
        for kind in KINDS {
            for (_, amount) in amounts(run, kind) {
                let of = self.of(kind);
                of.points = of.points.saturating_add(amount.points);
            }
            self.of(kind).rows += rows(run, kind);
        }
        let contents: BTreeMap<_, _> =
            run.files.values().map(|entry| (entry.file.digest, entry.file.size)).collect();
        self.files += contents.len() as u64;
        self.file_bytes = contents.values().fold(self.file_bytes, |sum, size| sum.saturating_add(*size));
    }
}

/// A stream and a key in it; without one, what rows say of themselves: whose they are, step, time,
/// position.
pub type KeyOf = (StreamKind, Option<Arc<str>>);

const KINDS: [StreamKind; 3] = [StreamKind::History, StreamKind::System, StreamKind::Console];

/// What runs take up, summed by the group that each of them is put in: its own, its project's …
/// Deleted runs and earlier generations are runs like others.
///
/// # Errors
///
/// `Damaged` when a file is not what was written; `Io`; what `runs` gives.
pub fn usage(
    snapshot: &Snapshot,
    runs: impl Iterator<Item = Result<Arc<Run>>>,
    mut group: impl FnMut(&Run) -> u32,
    watch: Watch<'_>,
) -> Result<BTreeMap<u32, Usage>> {
    let mut usage = BTreeMap::<u32, Usage>::new();
    let mut walk = Walk::new(snapshot, watch);
    for run in runs {
        let run = run?;
        let group = group(&run);
        let of = usage.entry(group).or_default();
        of.add_run(&run);
        walk.choose(run.ordinal, group);
        for kind in KINDS {
            let tail = snapshot.tail(&run, kind).map(frame_bytes);
            of.of(kind).bytes += tail.fold(0, u64::saturating_add);
        }
    }
    walk.files(&mut |kind, weights, stretch| {
        if let Some(of) = usage.get_mut(&stretch.group) {
            of.of(kind).bytes += weights.bytes(&stretch.rows);
        }
    })?;
    Ok(usage)
}

/// What the keys of some runs take up, and of each stream, under no key, what rows say of themselves.
///
/// # Errors
///
/// As for [`usage`].
pub fn usage_by_key(
    snapshot: &Snapshot,
    runs: impl Iterator<Item = Result<Arc<Run>>>,
    watch: Watch<'_>,
) -> Result<BTreeMap<KeyOf, Amount>> {
    let mut usage = BTreeMap::<KeyOf, Amount>::new();
    let mut walk = Walk::new(snapshot, watch);
    for run in runs {
        let run = run?;
        walk.choose(run.ordinal, 0);
        for kind in KINDS {
            for (key, amount) in amounts(&run, kind) {
                *usage.entry((kind, Some(Arc::clone(key)))).or_default() += amount;
            }
            let own = usage.entry((kind, None)).or_default();
            own.rows = own.rows.saturating_add(rows(&run, kind));
            for extent in snapshot.tail(&run, kind) {
                tail_by_key(snapshot, kind, extent, &mut usage)?;
            }
        }
    }
    walk.files(&mut |kind, weights, Stretch { rows, key, .. }| match key {
        Some(key) => *usage.entry(named(kind, Some(key))).or_default() += bytes(weights.bytes(rows)),
        None => weights.by_key(rows, &mut |key, size| {
            *usage.entry(named(kind, key)).or_default() += bytes(size);
        }),
    })?;
    usage.retain(|_, amount| *amount != Amount::default());
    Ok(usage)
}

/// The runs of some ordinals, for [`usage`] and [`usage_by_key`].
pub fn runs_of<'a>(
    snapshot: &'a Snapshot,
    ordinals: &'a BTreeSet<u32>,
) -> impl Iterator<Item = Result<Arc<Run>>> + 'a {
    ordinals.iter().filter_map(|ordinal| snapshot.projection.run_at(*ordinal).transpose())
}

/// The keys of a stream of a run; what places a row is left out.
fn amounts(run: &Run, kind: StreamKind) -> impl Iterator<Item = (&Arc<str>, Amount)> {
    let table = match kind {
        StreamKind::History => Some(&run.history),
        StreamKind::System => Some(&run.system),
        StreamKind::Console => None,
    };
    let keys = table.into_iter().flat_map(|table| table.keys.iter());
    keys.filter(|(key, _)| !is_own(key)).map(|(key, stats)| {
        let points = stats.points;
        (key, Amount { rows: points, points, bytes: 0 })
    })
}

fn rows(run: &Run, kind: StreamKind) -> u64 {
    match kind {
        StreamKind::History => run.history.rows,
        StreamKind::System => run.system.rows,
        StreamKind::Console => run.console_lines,
    }
}

fn is_own(key: &str) -> bool {
    key == HIDDEN_KEY || OWN_KEYS.contains(&key)
}

fn named(kind: StreamKind, key: Option<&Arc<str>>) -> KeyOf {
    (kind, key.filter(|key| !is_own(key) && kind != StreamKind::Console).map(Arc::clone))
}

fn bytes(bytes: u64) -> Amount {
    Amount { bytes, ..Amount::default() }
}

/// Bytes of the frame that holds an extent of the log.
fn frame_bytes(extent: &Extent) -> u64 {
    match &extent.place {
        Place::Log(location) => frame::HEADER_LEN as u64 + u64::from(location.len),
        Place::Table(..) => 0,
    }
}

/// The cells of each key in a frame, and all else in it.
fn tail_by_key(
    snapshot: &Snapshot,
    kind: StreamKind,
    extent: &Extent,
    usage: &mut BTreeMap<KeyOf, Amount>,
) -> Result<()> {
    let mut rest = frame_bytes(extent);
    if kind != StreamKind::Console {
        let block: Block = snapshot.rows(extent)?.block;
        for place in 0..block.width() {
            let (begin, end) = block.data_at(place);
            let size = (end.saturating_sub(begin) as u64).min(rest);
            rest -= size;
            *usage.entry(named(kind, Some(&Arc::from(block.name_at(place))))).or_default() += bytes(size);
        }
    }
    *usage.entry((kind, None)).or_default() += bytes(rest);
    Ok(())
}

/// Rows of one group in one row group of a file, that stand together.
struct Stretch {
    group: u32,
    row_group: usize,
    rows: Range<u64>,
    /// The one key that the rows are of, in the long layout.
    key: Option<Arc<str>>,
}

impl Stretch {
    /// Takes in the one behind it, if the two are one.
    fn takes(&mut self, next: &Self) -> bool {
        let fits = (self.group, self.row_group, self.rows.end, &self.key)
            == (next.group, next.row_group, next.rows.start, &next.key);
        if fits {
            self.rows.end = next.rows.end;
        }
        fits
    }
}

type Visit<'a> = &'a mut dyn FnMut(StreamKind, &Weights, &Stretch);

/// Runs that are looked for, and the files that are looked through.
struct Walk<'a> {
    snapshot: &'a Snapshot,
    /// The group of each run, by ordinal; none of those that were not chosen.
    groups: Vec<Option<u32>>,
    meter: Meter<'a>,
}

impl<'a> Walk<'a> {
    fn new(snapshot: &'a Snapshot, watch: Watch<'a>) -> Self {
        let files = KINDS.into_iter().flat_map(|kind| snapshot.tables.of(kind_of(kind)));
        let total = files.map(|table| table.meta.bytes).fold(0, u64::saturating_add);
        Self { snapshot, groups: Vec::new(), meter: Meter::new(total, watch) }
    }

    fn choose(&mut self, ordinal: u32, group: u32) {
        let place = ordinal as usize;
        if self.groups.len() <= place {
            self.groups.resize(place + 1, None);
        }
        if let Some(slot) = self.groups.get_mut(place) {
            *slot = Some(group);
        }
    }

    /// Visits the rows of the chosen runs in every file of rows.
    fn files(&mut self, visit: Visit<'_>) -> Result<()> {
        for kind in KINDS {
            for table in self.snapshot.tables.of(kind_of(kind)) {
                self.file(kind, table, visit)?;
                self.meter.add(table.meta.bytes);
            }
        }
        Ok(())
    }

    fn file(&self, kind: StreamKind, table: &Table, visit: Visit<'_>) -> Result<()> {
        // A footer is read only where a run was chosen that has rows there.
        let mut weights: Option<Weights> = None;
        let mut open: Option<Stretch> = None;
        for entry in table.entries()? {
            let Entry { ordinal, key, first_row, rows, .. } = entry?;
            let Some(group) = self.groups.get(ordinal as usize).copied().flatten() else { continue };
            let weights = match &mut weights {
                Some(weights) => weights,
                None => weights.insert(table.weights()?),
            };
            let rows = first_row..first_row.saturating_add(rows);
            let next = Stretch { group, row_group: weights.group_of(first_row), rows, key };
            if open.as_mut().is_some_and(|open| open.takes(&next)) {
                continue;
            }
            open.replace(next).into_iter().for_each(|done| visit(kind, weights, &done));
        }
        weights.iter().zip(&open).for_each(|(weights, done)| visit(kind, weights, done));
        Ok(())
    }
}

fn kind_of(kind: StreamKind) -> Kind {
    match kind {
        StreamKind::History => Kind::History,
        StreamKind::System => Kind::System,
        StreamKind::Console => Kind::Console,
    }
}

#[cfg(test)]
mod tests;
