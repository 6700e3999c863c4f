//! Columns of `system` beside the metrics that were sampled.

use engine::Space;

use crate::tables::{Column, ENTITY, GENERATION, KeyColumns, PROJECT, RUN_ID, Table, Type, WRITER, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "system",
    doc: "a sample of system metrics",
    columns: &COLUMNS,
    keys: KeyColumns::Bare(Space::System),
};

static COLUMNS: [Column; 7] = [
    ENTITY,
    PROJECT,
    RUN_ID,
    GENERATION,
    WRITER,
    column("timestamp", Type::Time, "when it was taken, as the client says"),
    column("runtime", Type::Float, "seconds since the run began"),
];
