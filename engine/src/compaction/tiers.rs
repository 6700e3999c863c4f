//! Which table files to merge next: the pure choice.
//!
//! ```text
//!  level 0            level 1, …              not written again
//!  projects mixed     one project each        file_bytes_min to file_bytes_max
//!  ▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪▪ ─► ▬▬▬▬▬▬▬▬▬▬ ───────────► ████████
//! ```
//!
//! What holds:
//! - A file is written again only into one about [`Compaction::growth`] times as large, or into one
//!   that is not written again: so the bytes that are written stay within a few times those that
//!   stand, and the files of a project that may still be merged are few.
//! - One merge reads at most twice [`Compaction::file_bytes_max`], unless a single file is larger, or
//!   those that have the rows of the same events.
//! - Files of events hold the log's positions without a gap: only neighbours are merged.

use std::collections::BTreeMap;

use crate::id::ProjectKey;
use crate::options::Compaction;
use crate::table::{Kind, TableId, TableMeta};

/// Files to be merged by one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merge {
    pub(crate) kind: Kind,
    /// In the order of their positions.
    pub(crate) inputs: Vec<TableId>,
    /// That of the files it makes.
    pub(crate) level: u8,
}

impl Merge {
    fn of(kind: Kind, inputs: &[&TableMeta]) -> Self {
        let level = inputs.iter().map(|meta| meta.level).max().unwrap_or_default().saturating_add(1);
        let mut inputs: Vec<&TableMeta> = inputs.to_vec();
        inputs.sort_by_key(|meta| (meta.lsns, meta.id));
        Self { kind, inputs: inputs.into_iter().map(|meta| meta.id).collect(), level }
    }
}

/// Chooses the files that are merged next; none where all stand as they should.
pub(crate) fn choose<'a>(
    tables: impl IntoIterator<Item = &'a TableMeta>,
    limits: &Compaction,
) -> Option<Merge> {
    let mut fresh: BTreeMap<Kind, Vec<&TableMeta>> = BTreeMap::new();
    let mut grown: BTreeMap<(Kind, &ProjectKey), Vec<&TableMeta>> = BTreeMap::new();
    let mut events = Vec::new();
    for meta in tables {
        match (meta.kind, &meta.project) {
            (Kind::Events, _) => events.push(meta),
            (kind @ (Kind::History | Kind::System | Kind::Console), None) => {
                fresh.entry(kind).or_default().push(meta);
            }
            (kind @ (Kind::History | Kind::System | Kind::Console), Some(project)) => {
                if meta.bytes < limits.file_bytes_min {
                    grown.entry((kind, project)).or_default().push(meta);
                }
            }
            // A checkpoint replaces these.
            (Kind::Runs | Kind::State, _) => {}
        }
    }
    let mixed = fresh.into_iter().find_map(|(kind, files)| part(kind, files, limits));
    let larger = || grown.into_iter().find_map(|((kind, _), files)| smallest(kind, files, limits));
    mixed.or_else(larger).or_else(|| neighbours(events, limits))
}

/// The oldest files straight from the log, once there are enough of them.
fn part(kind: Kind, mut files: Vec<&TableMeta>, limits: &Compaction) -> Option<Merge> {
    if files.len() < limits.fresh_files.max(1) {
        return None;
    }
    files.sort_by_key(|meta| (meta.lsns, meta.id));
    let mut bytes = 0u64;
    let fits = |meta: &&&TableMeta| {
        bytes = bytes.saturating_add(meta.bytes);
        bytes <= input_bytes_max(limits)
    };
    let mut count = files.iter().take_while(fits).count().max(1);
    // Files of the same positions are told apart only together, also where one is made again (F4).
    let next = |count: usize| files.get(count - 1).zip(files.get(count));
    while next(count).is_some_and(|(last, next)| last.lsns == next.lsns) {
        count += 1;
    }
    files.get(..count).map(|files| Merge::of(kind, files))
}

/// As many as there can be of a project's smallest files that together are enough for the largest
/// of them.
fn smallest(kind: Kind, mut files: Vec<&TableMeta>, limits: &Compaction) -> Option<Merge> {
    files.sort_by_key(|meta| (meta.bytes, meta.id));
    let (mut bytes, mut count) = (0u64, 0);
    for (place, meta) in files.iter().enumerate() {
        bytes = bytes.saturating_add(meta.bytes);
        if bytes > input_bytes_max(limits) {
            break;
        }
        if place > 0 && bytes >= enough_for(meta.bytes, limits) {
            count = place + 1;
        }
    }
    files.get(..count).filter(|files| !files.is_empty()).map(|files| Merge::of(kind, files))
}

/// The oldest files that follow each other and together are enough for the largest of them, as many
/// as there can be.
fn neighbours(mut files: Vec<&TableMeta>, limits: &Compaction) -> Option<Merge> {
    files.sort_by_key(|meta| meta.lsns);
    let follows = |a: &&TableMeta, b: &&TableMeta| a.lsns.1.advance(1) == b.lsns.0;
    let stretches = files.split(|meta| meta.bytes >= limits.file_bytes_min);
    let stretches = stretches.flat_map(|files| files.chunk_by(follows));
    stretches.filter_map(|files| (0..files.len()).find_map(|from| window(files.get(from..)?, limits))).next()
}

fn window(files: &[&TableMeta], limits: &Compaction) -> Option<Merge> {
    let (mut bytes, mut largest, mut count) = (0u64, 0, 0);
    for (place, meta) in files.iter().enumerate() {
        bytes = bytes.saturating_add(meta.bytes);
        largest = meta.bytes.max(largest);
        if bytes > input_bytes_max(limits) {
            break;
        }
        if place > 0 && bytes >= enough_for(largest, limits) {
            count = place + 1;
        }
    }
    files.get(..count).filter(|files| !files.is_empty()).map(|files| Merge::of(Kind::Events, files))
}

/// Bytes that files must have together, so that the largest of them is written again.
fn enough_for(largest: u64, limits: &Compaction) -> u64 {
    let grown = largest.saturating_mul(limits.growth);
    if grown.saturating_mul(limits.growth) <= limits.file_bytes_max / 2 {
        return grown;
    }
    // What could hardly grow as much once more becomes a file that is not written again.
    grown.min(limits.file_bytes_max).max(limits.file_bytes_min)
}

fn input_bytes_max(limits: &Compaction) -> u64 {
    limits.file_bytes_max.saturating_mul(2)
}

#[cfg(test)]
mod tests;
