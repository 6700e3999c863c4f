//! Columns of `console`.

use crate::tables::{Column, ENTITY, GENERATION, KeyColumns, PROJECT, RUN_ID, Table, Type, WRITER, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "console",
    doc: "a line of the console as it stands, rewritten ones in their last form",
    columns: &COLUMNS,
    keys: KeyColumns::None,
};

static COLUMNS: [Column; 12] = [
    ENTITY,
    PROJECT,
    RUN_ID,
    GENERATION,
    WRITER,
    column("line", Type::Int, "the line's number, from 0"),
    column("timestamp", Type::Time, "when it was written, as the client says"),
    column("stream", Type::Text, "stdout or stderr"),
    column("level", Type::Text, "error for stderr, else info"),
    column("label", Type::Text, "the label of its writer; NULL where there is none"),
    column("text", Type::Text, "the line without its end"),
    column("lsn", Type::Int, "the log position of its last write"),
];
