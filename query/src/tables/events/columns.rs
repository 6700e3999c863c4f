//! Columns of `events`.

use crate::tables::{Column, ENTITY, GENERATION, KeyColumns, PROJECT, RUN_ID, Table, Type, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "events",
    doc: "an event, in log order; the run's columns are NULL where it has another subject",
    columns: &COLUMNS,
    keys: KeyColumns::None,
};

static COLUMNS: [Column; 11] = [
    ENTITY,
    PROJECT,
    RUN_ID,
    GENERATION,
    column("lsn", Type::Int, "its position in the log"),
    column("time", Type::Time, "when it happened, as its source says, else when it was received"),
    column("received_at", Type::Time, "when the server received it"),
    column("kind", Type::Text, "what happened"),
    column("actor", Type::Text, "the user whose key caused it; NULL for the store itself"),
    column("cause", Type::Text, "why a state changed; NULL for other events"),
    column("body", Type::Json, "what it says; of rows and console lines only counts and ranges"),
];
