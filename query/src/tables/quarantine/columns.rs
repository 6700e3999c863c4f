//! Columns of `quarantine`.

use crate::tables::{Column, ENTITY, GENERATION, KeyColumns, PROJECT, RUN_ID, Table, Type, WRITER, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "quarantine",
    doc: "a line that a client sent and that could not be read",
    columns: &COLUMNS,
    keys: KeyColumns::None,
};

static COLUMNS: [Column; 11] = [
    ENTITY,
    PROJECT,
    RUN_ID,
    GENERATION,
    WRITER,
    column("lsn", Type::Int, "its position in the log"),
    column("received_at", Type::Time, "when the server received it"),
    column("stream", Type::Text, "the stream it came in"),
    column("line", Type::Int, "its line number there"),
    column("raw", Type::Text, "the line as it came"),
    column("reason", Type::Text, "what is wrong with it"),
];
