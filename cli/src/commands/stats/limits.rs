//! The limits, each with its default: of the store, of what comes in, of what is asked.

use std::fmt::Write as _;

use serde::Serialize;

use crate::failure::Result;
use crate::output;

/// A bound and its default.
#[derive(Debug, Clone, Serialize)]
struct Limit {
    name: &'static str,
    default: u64,
    what: &'static str,
}

pub(super) fn text(is_json: bool) -> Result<String> {
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
