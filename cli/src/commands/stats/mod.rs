//! `wbq stats`: what is in a folder, read without a lock; what takes up room; and the limits.

mod by;
mod limits;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use engine::Snapshot;
use serde::Serialize;

use super::{Context, care};
use crate::args::{Format, Stats as Asked};
use crate::failure::{Failure, Result};
use crate::{folder, output};

/// What is in a folder.
#[derive(Debug, Serialize)]
struct Stats {
    dir: String,
    /// The position of the last durable event, which is how many there are.
    events: u64,
    projects: usize,
    users: usize,
    runs: usize,
    runs_by_state: BTreeMap<&'static str, usize>,
    runs_deleted: usize,
    points: u64,
    system_points: u64,
    segments: Vec<Segment>,
    segment_bytes: u64,
    /// Events that no table file has yet.
    lag: u64,
    tables: Vec<Tables>,
    table_bytes: u64,
}

/// A segment of the log.
#[derive(Debug, Serialize)]
struct Segment {
    id: u64,
    bytes: u64,
    /// Bytes of the file in which it stands compressed.
    packed_bytes: Option<u64>,
    first_lsn: u64,
    last_lsn: u64,
    sealed: bool,
}

/// The table files of a kind and level.
#[derive(Debug, Serialize)]
struct Tables {
    kind: &'static str,
    /// About how often their rows were written again.
    level: u8,
    files: u64,
    rows: u64,
    bytes: u64,
}

pub(crate) fn run(context: &Context<'_>, asked: Asked) -> Result<()> {
    if let Some(by) = asked.by {
        return by::run(context, by, asked.project.as_deref(), asked.limit);
    }
    let is_json = match context.global.format {
        None | Some(Format::Table) => false,
        Some(Format::Json | Format::Ndjson) => true,
        Some(_) => return Err(Failure::usage("stats are printed as --format table or json")),
    };
    if asked.limits {
        return output::print(&limits::text(is_json)?);
    }
    let dir = care::local(context)?;
    let stats = gather(dir.display().to_string(), &folder::read(&dir)?)
        .map_err(|error| folder::failure("cannot read the store in", &dir, &error))?;
    output::print(&if is_json { output::json(&stats)? } else { text(&stats) })
}

/// Columns of a row that place it and are no metric.
const PLACES: [&str; 4] = ["_step", "_timestamp", "_runtime", engine::HIDDEN_KEY];

/// What the runs come to.
#[derive(Default)]
struct Runs {
    visible: usize,
    by_state: BTreeMap<&'static str, usize>,
    deleted: usize,
    points: u64,
    system_points: u64,
}

fn runs(snapshot: &Snapshot) -> engine::Result<Runs> {
    let points = |table: &engine::Table| {
        let metrics = table.keys.iter().filter(|(key, _)| !PLACES.contains(&&***key));
        metrics.map(|(_, stats)| stats.points).sum::<u64>()
    };
    let mut runs = Runs::default();
    for run in snapshot.projection.runs() {
        let run = run?;
        if run.is_visible() {
            runs.visible += 1;
            *runs.by_state.entry(run.state.name()).or_default() += 1;
        }
        runs.deleted += usize::from(run.deleted.is_some());
        runs.points += points(&run.history);
        runs.system_points += points(&run.system);
    }
    Ok(runs)
}

fn gather(dir: String, snapshot: &Snapshot) -> engine::Result<Stats> {
    let projection = &snapshot.projection;
    let runs = runs(snapshot)?;
    let segments: Vec<_> = snapshot
        .segments()
        .into_iter()
        .map(|segment| Segment {
            id: segment.id,
            bytes: segment.bytes,
            packed_bytes: segment.packed_bytes,
            first_lsn: segment.first_lsn.0,
            last_lsn: segment.last_lsn.0,
            sealed: segment.sealed,
        })
        .collect();
    let tables = tables(snapshot);
    Ok(Stats {
        dir,
        events: snapshot.durable.0,
        projects: projection.projects.values().filter(|project| project.deleted.is_none()).count(),
        users: projection.people.users.len(),
        runs: runs.visible,
        runs_by_state: runs.by_state,
        runs_deleted: runs.deleted,
        points: runs.points,
        system_points: runs.system_points,
        segment_bytes: segments.iter().map(|segment| segment.bytes).sum(),
        segments,
        lag: snapshot.durable.0.saturating_sub(snapshot.compacted().0),
        table_bytes: tables.iter().map(|tables| tables.bytes).sum(),
        tables,
    })
}

/// Table files by kind, and of a kind by level.
fn tables(snapshot: &Snapshot) -> Vec<Tables> {
    let mut found = BTreeMap::new();
    for table in snapshot.table_files() {
        let (kind, level) = (table.kind, table.level);
        let none = Tables { kind, level, files: 0, rows: 0, bytes: 0 };
        let tables = found.entry((kind, level)).or_insert(none);
        tables.files += 1;
        tables.rows += table.rows;
        tables.bytes += table.bytes;
    }
    found.into_values().collect()
}

fn text(stats: &Stats) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        let _infallible = writeln!(out, "{name:<14}{value}");
    };
    line("folder", &stats.dir);
    line("events", &stats.events);
    line("users", &stats.users);
    line("projects", &stats.projects);
    line("runs", &stats.runs);
    for (state, count) in &stats.runs_by_state {
        line(&format!("  {state}"), count);
    }
    if stats.runs_deleted > 0 {
        line("  deleted", &format_args!("{} (beside these)", stats.runs_deleted));
    }
    line("points", &stats.points);
    line("  system", &format_args!("{} (beside these)", stats.system_points));
    line("segments", &format_args!("{} with {}", stats.segments.len(), bytes(stats.segment_bytes)));
    for segment in &stats.segments {
        let state = match segment.packed_bytes {
            Some(packed) => format!("packed in {}", bytes(packed)),
            None if segment.sealed => "sealed".to_owned(),
            None => "active".to_owned(),
        };
        let Segment { id, bytes: size, first_lsn, last_lsn, .. } = segment;
        line(&format!("  {id}"), &format_args!("{state}, {}, events {first_lsn}..{last_lsn}", bytes(*size)));
    }
    line("lag", &format_args!("{} events wait for compaction", stats.lag));
    if !stats.tables.is_empty() {
        let files = stats.tables.iter().map(|tables| tables.files).sum::<u64>();
        line("table files", &format_args!("{files} with {}", bytes(stats.table_bytes)));
    }
    for Tables { kind, level, files, rows, bytes: size } in &stats.tables {
        let told = format!("level {level}: {files} with {rows} rows, {}", bytes(*size));
        line(&format!("  {kind}"), &told);
    }
    out
}

/// A size for people, with the exact one beside it where they differ.
fn bytes(size: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(unit, _)| size >= *unit) {
        Some((unit, name)) => format!("{:.1} {name} ({size} bytes)", size as f64 / unit as f64),
        None => format!("{size} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people_and_exact() {
        assert_eq!(bytes(0), "0 bytes");
        assert_eq!(bytes(1023), "1023 bytes");
        assert_eq!(bytes(1024), "1.0 KiB (1024 bytes)");
        assert_eq!(bytes(3 << 29), "1.5 GiB (1610612736 bytes)");
    }
}
