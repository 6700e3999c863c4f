//! Columns of `run_changes`.

use crate::tables::{Column, ENTITY, GENERATION, KeyColumns, PROJECT, RUN_ID, Table, Type, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "run_changes",
    doc: "one path of one run changing",
    columns: &COLUMNS,
    keys: KeyColumns::None,
};

static COLUMNS: [Column; 10] = [
    ENTITY,
    PROJECT,
    RUN_ID,
    GENERATION,
    column("lsn", Type::Int, "the position of the event"),
    column("time", Type::Time, "when the server received it"),
    column("actor", Type::Text, "the user whose key caused it; NULL for the store itself"),
    column(
        "path",
        Type::Text,
        "what changed: an attribute's column, state, config.x, summary.x, files.name, deleted, erased",
    ),
    column("value", Type::Json, "what it became; NULL where it was removed"),
    column("kind", Type::Text, "set or removed"),
];
