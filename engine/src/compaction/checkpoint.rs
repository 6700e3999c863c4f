//! The state at the end of a compaction as files: what opening begins from, and where runs rest.
//!
//! ```text
//!  ordinals    0 ───────── 65,536 ──────── 131,072 ───
//!  tiles       [ level 1 ]  [ level 1 ]                  every run of its ordinals, as of its position
//!  deltas         ·   ··      · ·    ·· ··· ··           the runs that changed since, newest on top
//! ```
//!
//! What holds:
//! - A delta takes in the ones before it once there are enough of about its size: so a run is written about
//!   as often as there are sizes, and there are few deltas.
//! - A tile is written anew when the deltas above it pass a quarter of what it may hold, never because
//!   of a checkpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::Arc;

use super::maker::Maker;
use crate::error::{Error, Result};
use crate::id::Lsn;
use crate::projection::{Projection, RUNS_PER_CHUNK, Run};
use crate::table::rows::Written;
use crate::table::{self, Kind, TableId, TableMeta, Tables};

/// Ordinals of a tile.
const TILE: u32 = 8 * CHUNK;
#[expect(clippy::cast_possible_truncation, reason = "a constant that fits")]
const CHUNK: u32 = RUNS_PER_CHUNK as u32;
/// Rows above a tile, in deltas, before it is written anew.
const PENDING_MAX: u64 = (TILE / 4) as u64;

/// How many times as large as another a delta may be to be of about its size, and how many of a size become
/// one.
const FAN: usize = 8;

/// A file of runs, for the choice.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RunsFile {
    id: TableId,
    level: u8,
    through: u64,
    /// Its runs in each tile.
    rows: BTreeMap<u32, u64>,
}

impl RunsFile {
    fn total(&self) -> u64 {
        self.rows.values().sum()
    }
}

/// What is to be written, and what goes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Choice {
    /// Tiles that are written anew.
    tiles: BTreeSet<u32>,
    /// Deltas whose runs the new delta takes in.
    swallowed: Vec<TableId>,
    removed: Vec<TableId>,
}

/// Chooses, from the files that there are, the runs that changed in each tile, and the tiles of which
/// nothing older may be left.
fn choose(files: &[RunsFile], changed: &BTreeMap<u32, u64>, renewed: &BTreeSet<u32>) -> Choice {
    let mut deltas: Vec<&RunsFile> = files.iter().filter(|file| file.level == 0).collect();
    deltas.sort_by_key(|file| std::cmp::Reverse(file.through));
    let count = if renewed.is_empty() { swallowed(&deltas, changed.values().sum()) } else { deltas.len() };
    let swallowed: Vec<TableId> = deltas.iter().take(count).map(|file| file.id).collect();
    let tile = |tile: u32| files.iter().find(|file| file.level > 0 && file.rows.contains_key(&tile));
    let mut pending = changed.clone();
    for (place, rows) in deltas
        .iter()
        .flat_map(|file| file.rows.iter().map(|rows| (file.through, rows)))
        .filter_map(|(through, (place, rows))| {
            let is_hidden = tile(*place).is_some_and(|tile| tile.through >= through);
            (!is_hidden).then_some((*place, *rows))
        })
    {
        *pending.entry(place).or_default() += rows;
    }
    let full = pending.into_iter().filter(|(_, rows)| *rows >= PENDING_MAX).map(|(tile, _)| tile);
    let tiles: BTreeSet<u32> = full.chain(renewed.iter().copied()).collect();
    let is_over = |file: &RunsFile| {
        file.rows.keys().all(|place| {
            tiles.contains(place)
                || (file.level == 0 && tile(*place).is_some_and(|tile| tile.through >= file.through))
        })
    };
    let removed = files.iter().filter(|file| swallowed.contains(&file.id) || is_over(file));
    Choice { removed: removed.map(|file| file.id).collect(), tiles, swallowed }
}

/// How many deltas, the newest first, one of so many rows takes in.
fn swallowed(deltas: &[&RunsFile], mut rows: u64) -> usize {
    let mut count = 0;
    loop {
        let rest = deltas.iter().skip(count);
        let alike: Vec<u64> = rest
            .map(|file| file.total())
            .take_while(|total| *total < rows.max(1).saturating_mul(FAN as u64))
            .collect();
        if alike.len() + 1 < FAN {
            return count;
        }
        count += alike.len();
        rows += alike.iter().sum::<u64>();
    }
}

/// Writes `state`, as it stands behind the events of `lsns`, as files beside those of `tables`. Gives
/// those that they replace: all that hold something older of the runs of `renewed`.
///
/// # Errors
///
/// As [`table::make`].
pub(super) fn write(
    maker: &mut Maker<'_>,
    state: &Projection,
    tables: &Tables,
    lsns: (Lsn, Lsn),
    renewed: &BTreeSet<u32>,
) -> Result<Vec<TableId>> {
    let renewed: BTreeSet<u32> = renewed.iter().map(|ordinal| ordinal / TILE).collect();
    let mut removed: Vec<TableId> = tables.of(Kind::State).map(|table| table.meta.id).collect();
    let mut wanted: BTreeSet<u32> = state.awake().map(|run| run.ordinal).collect();
    let choice = if state.resting().is_empty() {
        // Nothing rests: files of runs that there may be are of no use.
        removed.extend(tables.of(Kind::Runs).map(|table| table.meta.id));
        choose(&[], &by_tile(&wanted), &renewed)
    } else {
        choose(&files(tables)?, &by_tile(&wanted), &renewed)
    };
    removed.extend(choice.removed);
    for table in tables.of(Kind::Runs).filter(|table| choice.swallowed.contains(&table.meta.id)) {
        table.runs()?.each_ordinal(|ordinal| {
            wanted.insert(ordinal);
        })?;
    }
    for tile in &choice.tiles {
        let chunks = tile.saturating_mul(TILE / CHUNK)..tile.saturating_add(1).saturating_mul(TILE / CHUNK);
        let runs = chunks.flat_map(|chunk| runs_of(state, chunk));
        let label = maker.label(Kind::Runs, 1, lsns);
        maker.file(label, |sink| table::runs::write(runs, sink))?;
    }
    wanted.retain(|ordinal| !choice.tiles.contains(&(ordinal / TILE)));
    if !wanted.is_empty() {
        let missing = |ordinal| Error::damaged(format!("there is no run {ordinal}"));
        let run = |ordinal| state.run_at(ordinal)?.ok_or_else(|| missing(ordinal));
        let runs = wanted.into_iter().map(run);
        let label = maker.label(Kind::Runs, 0, lsns);
        maker.file(label, |sink| table::runs::write(runs, sink))?;
    }
    let bytes = state.to_bytes()?;
    let label = maker.label(Kind::State, 0, lsns);
    maker.file(label, |mut sink| {
        let path = crate::disk::RelPath::of(table::FOLDER);
        sink.write_all(&bytes).map_err(|error| Error::writing("write to", &path, error))?;
        Ok(Written { sink, rows: 1, index: Vec::new() })
    })?;
    Ok(removed)
}

/// All runs of a chunk, by ordinal.
fn runs_of(state: &Projection, chunk: u32) -> Box<dyn Iterator<Item = Result<Arc<Run>>> + '_> {
    if chunk >= state.run_count().div_ceil(CHUNK) {
        return Box::new(std::iter::empty());
    }
    match state.chunk(chunk) {
        Ok(chunk) => {
            let rows = 0..chunk.len();
            Box::new(rows.filter_map(move |row| chunk.run(row).transpose()))
        }
        Err(error) => Box::new(std::iter::once(Err(error))),
    }
}

fn by_tile(ordinals: &BTreeSet<u32>) -> BTreeMap<u32, u64> {
    let mut rows: BTreeMap<u32, u64> = BTreeMap::new();
    ordinals.iter().for_each(|ordinal| *rows.entry(ordinal / TILE).or_default() += 1);
    rows
}

fn files(tables: &Tables) -> Result<Vec<RunsFile>> {
    let file = |table: &Arc<table::Table>| {
        let mut rows = BTreeMap::new();
        for (chunk, count) in table.runs()?.chunks() {
            *rows.entry(chunk / (TILE / CHUNK)).or_default() += u64::from(count);
        }
        let TableMeta { id, level, lsns, .. } = table.meta;
        Ok(RunsFile { id, level, through: lsns.1.0, rows })
    };
    tables.of(Kind::Runs).map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(id: u64, level: u8, rows: &[(u32, u64)]) -> RunsFile {
        RunsFile { id: TableId(id), level, through: id, rows: rows.iter().copied().collect() }
    }

    fn changed(rows: &[(u32, u64)]) -> BTreeMap<u32, u64> {
        rows.iter().copied().collect()
    }

    #[test]
    fn a_delta_takes_in_those_of_about_its_size_once_they_are_enough() {
        let large = [file(1, 0, &[(0, 9000)]), file(2, 0, &[(0, 500)])];
        let small = (3..9).map(|id| file(id, 0, &[(0, 60)]));
        let mut files: Vec<RunsFile> = large.into_iter().chain(small).collect();
        let none = choose(&files, &changed(&[(0, 60)]), &BTreeSet::new());
        assert_eq!((none.swallowed, none.removed), (vec![], vec![]), "seven are left alone");
        files.push(file(9, 0, &[(0, 60)]));
        let choice = choose(&files, &changed(&[(0, 60)]), &BTreeSet::new());
        assert_eq!(choice.swallowed, (3..=9).rev().map(TableId).collect::<Vec<_>>(), "eight are one of 480");
        assert_eq!((choice.removed.len(), choice.tiles.len()), (7, 0));
    }

    #[test]
    fn a_tile_is_written_when_a_quarter_of_it_changed_and_hides_what_was_above_it() {
        let files = [
            file(1, 1, &[(0, 65_536)]),
            file(2, 1, &[(1, 20_000)]),
            file(3, 0, &[(0, 10_000), (1, 2000)]),
            file(4, 0, &[(0, 6000)]),
        ];
        let choice = choose(&files, &changed(&[(0, 400)]), &BTreeSet::new());
        assert_eq!(choice.tiles.into_iter().collect::<Vec<_>>(), [0]);
        assert_eq!(choice.removed, [TableId(1), TableId(4)], "what the third says of tile 1 is still needed");
        assert!(choice.swallowed.is_empty());
    }

    #[test]
    fn a_delta_below_its_tiles_goes() {
        let files = [file(3, 0, &[(0, 10_000)]), file(4, 1, &[(0, 20_000)])];
        let choice = choose(&files, &changed(&[(0, 10)]), &BTreeSet::new());
        assert_eq!(choice, Choice { removed: vec![TableId(3)], ..Choice::default() });
    }

    #[test]
    fn d8_of_a_tile_that_is_renewed_no_older_file_is_left() {
        let files = [
            file(1, 1, &[(0, 65_536)]),
            file(2, 1, &[(1, 20_000)]),
            file(3, 0, &[(0, 10_000), (1, 2000)]),
            file(4, 0, &[(1, 6000)]),
        ];
        let choice = choose(&files, &changed(&[]), &BTreeSet::from([0]));
        assert_eq!(choice.removed, [TableId(1), TableId(3), TableId(4)]);
        assert_eq!(choice.swallowed, [TableId(4), TableId(3)], "what they say of tile 1 stands in a new one");
        assert_eq!(choice.tiles.into_iter().collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn runs_are_written_a_few_times_while_a_store_grows() {
        // A thousand runs begin and end between two checkpoints, a thousand are at work all the time.
        let (mut files, mut written, mut id) = (Vec::<RunsFile>::new(), 0u64, 0u64);
        let mut most = 0;
        for step in 0u64..1000 {
            id += 1;
            let tile = u32::try_from(step * 1000 / u64::from(TILE)).unwrap();
            let rows = changed(&[(tile, 1000)]);
            let choice = choose(&files, &rows, &BTreeSet::new());
            let mut delta = rows.clone();
            for file in files.iter().filter(|file| choice.swallowed.contains(&file.id)) {
                file.rows.iter().for_each(|(tile, rows)| *delta.entry(*tile).or_default() += rows);
            }
            let mut new = Vec::new();
            for tile in &choice.tiles {
                let rows = (step + 1) * 1000 - u64::from(*tile) * u64::from(TILE);
                new.push(RunsFile {
                    id: TableId(id * 100 + u64::from(*tile)),
                    level: 1,
                    through: id,
                    rows: changed(&[(*tile, rows.min(u64::from(TILE)))]),
                });
            }
            delta.retain(|tile, _| !choice.tiles.contains(tile));
            if !delta.is_empty() {
                new.push(RunsFile { id: TableId(id * 100 + 99), level: 0, through: id, rows: delta });
            }
            written += new.iter().map(RunsFile::total).sum::<u64>();
            files.retain(|file| !choice.removed.contains(&file.id));
            files.extend(new);
            most = most.max(files.iter().filter(|file| file.level == 0).count());
        }
        assert!(written < 8_000_000, "a million runs are written {written} times");
        assert!(most <= 2 * FAN, "{most} deltas of two sizes");
    }
}
