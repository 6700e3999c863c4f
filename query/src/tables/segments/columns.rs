//! Columns of `wbq.segments`.

use crate::tables::{Column, KeyColumns, Table, Type, column};

/// The table.
pub(crate) static TABLE: Table =
    Table { name: "wbq.segments", doc: "a segment of the log", columns: &COLUMNS, keys: KeyColumns::None };

static COLUMNS: [Column; 6] = [
    column("id", Type::Int, "its number"),
    column("bytes", Type::Int, "bytes that hold events"),
    column(
        "packed_bytes",
        Type::Int,
        "bytes of the file in which it stands compressed; NULL where it is not",
    ),
    column("first_lsn", Type::Int, "the position of its first event"),
    column("last_lsn", Type::Int, "the position of its last event; NULL while it has none"),
    column("sealed", Type::Bool, "whether it will never change again"),
];
