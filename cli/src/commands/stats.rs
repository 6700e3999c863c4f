//! `wbq stats`: what is in a folder, read without a lock; and the limits.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use engine::Snapshot;
use serde::Serialize;

use super::Context;
use crate::args::Format;
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

pub(crate) fn run(context: &Context<'_>, limits: bool) -> Result<()> {
    let is_json = match context.global.format {
        None | Some(Format::Table) => false,
        Some(Format::Json | Format::Ndjson) => true,
        Some(_) => return Err(Failure::usage("stats are printed as --format table or json")),
    };
    if limits {
        return output::print(&limits_text(is_json)?);
    }
    if context.global.server.is_some() {
        return Err(Failure::usage("stats reads a folder, with or without a server on it; --server is none"));
    }
    let dir = context.environment.dir(context.global)?;
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
    Ok(Stats {
        dir,
        events: snapshot.durable.0,
        projects: projection.projects.len(),
        users: projection.people.users.len(),
        runs: runs.visible,
        runs_by_state: runs.by_state,
        runs_deleted: runs.deleted,
        points: runs.points,
        system_points: runs.system_points,
        segment_bytes: segments.iter().map(|segment| segment.bytes).sum(),
        segments,
    })
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

/// A bound and its default.
#[derive(Debug, Clone, Serialize)]
struct Limit {
    name: &'static str,
    default: u64,
    what: &'static str,
}

fn limits_text(is_json: bool) -> Result<String> {
    let limits = limits();
    if is_json {
        return output::json(&limits);
    }
    let mut out = String::new();
    for Limit { name, default, what } in limits {
        let _infallible = writeln!(out, "{name:<26}{default:>12}  {what}");
    }
    Ok(out)
}

/// Those of the store, of what comes in, of what is asked.
fn limits() -> Vec<Limit> {
    [store_limits(), server_limits(), sql_limits()].concat()
}

/// A count or a length as a limit's default.
fn limit(name: &'static str, default: impl TryInto<u64>, what: &'static str) -> Limit {
    Limit { name, default: default.try_into().unwrap_or(u64::MAX), what }
}

fn store_limits() -> Vec<Limit> {
    use engine::limits as l;
    vec![
        limit("json_depth_max", l::JSON_DEPTH_MAX, "levels of lists and maps in a value"),
        limit("key_bytes_max", l::KEY_BYTES_MAX, "bytes of a key"),
        limit("row_keys_max", l::ROW_KEYS_MAX, "keys of one row"),
        limit("line_bytes_max", l::LINE_BYTES_MAX, "bytes of one line or string"),
        limit("name_bytes_max", l::NAME_BYTES_MAX, "bytes of a name, group or job type"),
        limit("tags_max", l::TAGS_MAX, "tags of a run"),
        limit("tag_chars_max", l::TAG_CHARS_MAX, "characters of a tag"),
        limit("notes_bytes_max", l::NOTES_BYTES_MAX, "bytes of notes"),
        limit("body_bytes_max", l::BODY_BYTES_MAX, "bytes of one stored event"),
        limit("group_bytes_max", l::GROUP_BYTES_MAX, "bytes of one group commit"),
        limit("group_batches_max", l::GROUP_BATCHES_MAX, "batches of one group commit"),
        limit("queue_batches_max", l::QUEUE_BATCHES_MAX, "batches that wait for the disk"),
        limit("queue_bytes_max", l::QUEUE_BYTES_MAX, "bytes that wait for the disk"),
        limit("chunk_hashes_max", l::CHUNK_HASHES_MAX, "chunks of a stream whose retry is known"),
        limit("segment_bytes_min", l::SEGMENT_BYTES_MIN, "bytes of the first segment"),
        limit("segment_bytes_max", l::SEGMENT_BYTES_MAX, "bytes of the largest segment"),
    ]
}

fn server_limits() -> Vec<Limit> {
    let l = ingest::Limits::default();
    vec![
        limit("body_wire_bytes", l.body_wire_bytes, "bytes of a request's body on the wire"),
        limit("body_decoded_bytes", l.body_decoded_bytes, "bytes of a request's body, decompressed"),
        limit("body_idle_ms", l.body_idle.as_millis(), "milliseconds that a body may pause"),
        limit("head_read_ms", l.head_read.as_millis(), "milliseconds for a request's head"),
        limit("head_bytes", l.head_bytes, "bytes of a request's head"),
        limit("header_fields", l.header_fields, "header fields of a request"),
        limit("file_bytes", l.file_bytes, "bytes of an uploaded file"),
        limit("uploads", l.uploads, "uploads at once"),
        limit("graphql_bytes", l.graphql_bytes, "bytes of a GraphQL document"),
        limit("graphql_depth", l.graphql_depth, "levels of a GraphQL document"),
        limit("graphql_fields", l.graphql_fields, "fields of a GraphQL document"),
        limit("graphql_aliases", l.graphql_aliases, "aliases of a GraphQL document"),
        limit("page_entries", l.page_entries, "entries of one page of a connection"),
        limit("pool_bytes", l.pool_bytes, "bytes of bodies at once"),
        limit("pool_requests", l.pool_requests, "requests with a body at once"),
        limit("memory_bytes", l.memory_bytes, "bytes of memory of the process: half of what there is"),
        limit("requests_per_second", l.requests_per_second, "requests of one user in a second"),
        limit("connections", l.connections, "connections at once"),
        limit(
            "auth_failures_per_minute",
            l.auth_failures_per_minute,
            "wrong keys from one address in a minute",
        ),
    ]
}

fn sql_limits() -> Vec<Limit> {
    use query::limits as l;
    let shared = query::Limits::default();
    vec![
        limit("sql_bytes_max", l::SQL_BYTES_MAX, "bytes of one text with its statements"),
        limit("sql_nesting_max", l::SQL_NESTING_MAX, "brackets within each other"),
        limit("sql_operators_max", l::SQL_OPERATORS_MAX, "operators in one chain"),
        limit("sql_tokens_max", l::SQL_TOKENS_MAX, "words and signs of one text"),
        limit("sql_relations_max", l::SQL_RELATIONS_MAX, "WITH tables, joins and set operations"),
        limit("star_keys_max", l::STAR_KEYS_MAX, "keys that * stands for in history"),
        limit("statement_bytes", shared.statement_bytes, "bytes of memory of one statement"),
        limit("all_bytes", shared.all_bytes, "bytes of memory of all statements"),
        limit("running", shared.running, "statements that run at once"),
        limit("waiting", shared.waiting, "statements that wait for their turn"),
        limit("timeout_ms", shared.timeout.as_millis(), "milliseconds of one statement at a server"),
        limit("spill_bytes", shared.spill_bytes, "bytes that statements may write to disk meanwhile"),
    ]
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
