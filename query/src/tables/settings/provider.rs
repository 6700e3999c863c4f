//! Rows of `wbq.settings`.

use std::sync::Arc;

use super::TABLE;
use crate::limits;
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request};
use crate::tables::Table;
use crate::tables::cell::Cell;

/// The table.
#[derive(Debug)]
pub(crate) struct Settings;

/// Name, value, unit, description.
type Row = (&'static str, u64, &'static str, &'static str);

impl RowTable for Settings {
    type Row = Row;

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn estimate(&self, _: &Context) -> usize {
        32
    }

    fn rows(&self, context: &Arc<Context>, _: &Request) -> Rows<Row> {
        Box::new(settings(&context.limits).into_iter().map(Ok))
    }

    fn cell<'a>(&self, column: &str, (name, value, unit, description): &'a Row) -> Cell<'a> {
        match column {
            "name" => Cell::text(*name),
            "value" => Cell::count(*value),
            "unit" => Cell::text(*unit),
            "description" => Cell::text(*description),
            _ => Cell::Null,
        }
    }
}

fn settings(own: &limits::Limits) -> Vec<Row> {
    let n = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    vec![
        ("json_depth_max", n(engine::limits::JSON_DEPTH_MAX), "levels", "nesting of a value"),
        ("key_bytes_max", n(engine::limits::KEY_BYTES_MAX), "bytes", "a key of config, summary or history"),
        ("row_keys_max", n(engine::limits::ROW_KEYS_MAX), "keys", "keys of one row"),
        ("line_bytes_max", n(engine::limits::LINE_BYTES_MAX), "bytes", "one line or text"),
        ("name_bytes_max", n(engine::limits::NAME_BYTES_MAX), "bytes", "a name"),
        ("tags_max", n(engine::limits::TAGS_MAX), "tags", "tags of a run"),
        ("tag_chars_max", n(engine::limits::TAG_CHARS_MAX), "characters", "a tag"),
        ("notes_bytes_max", n(engine::limits::NOTES_BYTES_MAX), "bytes", "the notes of a run"),
        (
            "queue_batches_max",
            n(engine::limits::QUEUE_BATCHES_MAX),
            "batches",
            "batches that wait for the disk",
        ),
        ("queue_bytes_max", n(engine::limits::QUEUE_BYTES_MAX), "bytes", "bytes that wait for the disk"),
        ("segment_bytes_max", engine::limits::SEGMENT_BYTES_MAX, "bytes", "the largest segment of the log"),
        ("sql_bytes_max", n(limits::SQL_BYTES_MAX), "bytes", "the text of statements"),
        ("sql_nesting_max", n(limits::SQL_NESTING_MAX), "levels", "brackets within brackets"),
        ("sql_operators_max", n(limits::SQL_OPERATORS_MAX), "operators", "operators in a chain"),
        ("sql_tokens_max", n(limits::SQL_TOKENS_MAX), "tokens", "words and signs of a text"),
        ("sql_relations_max", n(limits::SQL_RELATIONS_MAX), "tables", "tables, joins and set operations"),
        ("star_keys_max", n(limits::STAR_KEYS_MAX), "keys", "keys that * stands for in history"),
        ("statement_bytes", n(own.statement_bytes), "bytes", "memory of one statement"),
        ("statements_bytes", n(own.all_bytes), "bytes", "memory of all statements"),
        ("statements_running", n(own.running), "statements", "statements that run at once"),
        ("statements_waiting", n(own.waiting), "statements", "statements that wait for their turn"),
        ("statement_timeout", own.timeout.as_secs(), "seconds", "how long a statement may take"),
        ("column_cache_bytes", n(own.cache_bytes), "bytes", "columns of runs that are kept ready"),
    ]
}
