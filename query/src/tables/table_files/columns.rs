//! Columns of `wbq.table_files`.

use crate::tables::{Column, KeyColumns, Table, Type, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "wbq.table_files",
    doc: "a file of columns that the log became",
    columns: &COLUMNS,
    keys: KeyColumns::None,
};

static COLUMNS: [Column; 10] = [
    column("id", Type::Int, "its number"),
    column("kind", Type::Text, "what it holds: history, system, console, events, runs or state"),
    column("level", Type::Int, "about how often its rows were written again; 0 is straight from the log"),
    column("entity", Type::Text, "of the project whose rows alone it holds; NULL where several are mixed"),
    column("project", Type::Text, "the project whose rows alone it holds; NULL where several are mixed"),
    column("bytes", Type::Int, "bytes of it and of the file beside it"),
    column("rows", Type::Int, "its rows"),
    column("first_lsn", Type::Int, "the position of the first event of which it has something"),
    column("last_lsn", Type::Int, "the position of the last one"),
    column("path", Type::Text, "where it stands in the data folder"),
];
