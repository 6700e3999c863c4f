//! Columns of `history` beside the keys that were logged.

use engine::Space;

use crate::tables::{Column, ENTITY, GENERATION, KeyColumns, PROJECT, RUN_ID, Table, Type, WRITER, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "history",
    doc: "a step of a run (and of a writer), each key with the value written last",
    columns: &COLUMNS,
    keys: KeyColumns::Bare(Space::History),
};

static COLUMNS: [Column; 9] = [
    ENTITY,
    PROJECT,
    RUN_ID,
    GENERATION,
    WRITER,
    column("_step", Type::Int, "the step"),
    column("_timestamp", Type::Time, "when the row was logged, as the trainer says"),
    column("_runtime", Type::Float, "seconds since the run began, as the trainer says"),
    column("_lsn", Type::Int, "the log position of the last write to the row"),
];
