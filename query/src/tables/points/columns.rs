//! Columns of `points`.

use crate::tables::{Column, ENTITY, GENERATION, KeyColumns, PROJECT, RUN_ID, Table, Type, WRITER, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "points",
    doc: "one write of one key, overwritten ones included",
    columns: &COLUMNS,
    keys: KeyColumns::None,
};

static COLUMNS: [Column; 14] = [
    ENTITY,
    PROJECT,
    RUN_ID,
    GENERATION,
    WRITER,
    column("key", Type::Text, "the key"),
    column("step", Type::Int, "the step it was written at"),
    column("timestamp", Type::Time, "when it was logged, as the trainer says"),
    column("runtime", Type::Float, "seconds since the run began, as the trainer says"),
    column("value", Type::Float, "the number, as the nearest float; NULL if it is none"),
    column("int_value", Type::Int, "the integer, exact; NULL if it is none"),
    column("text_value", Type::Text, "the text; NULL if it is none"),
    column("json_value", Type::Json, "the value, whatever it is"),
    column("lsn", Type::Int, "the log position of the write"),
];
