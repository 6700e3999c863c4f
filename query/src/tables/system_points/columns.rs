//! Columns of `system_points`.

use crate::tables::{Column, ENTITY, GENERATION, KeyColumns, PROJECT, RUN_ID, Table, Type, WRITER, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "system_points",
    doc: "one value of one system metric",
    columns: &COLUMNS,
    keys: KeyColumns::None,
};

static COLUMNS: [Column; 13] = [
    ENTITY,
    PROJECT,
    RUN_ID,
    GENERATION,
    WRITER,
    column("timestamp", Type::Time, "when it was taken, as the client says"),
    column("runtime", Type::Float, "seconds since the run began"),
    column("key", Type::Text, "the metric's whole name, such as system.gpu.0.temp"),
    column("device", Type::Text, "the kind of device: cpu, gpu, disk, network, proc …"),
    column("index", Type::Text, "which device of its kind: a number or a path; NULL where there is one"),
    column("metric", Type::Text, "what was measured; NULL where the device's name says it"),
    column("value", Type::Float, "the number"),
    column("lsn", Type::Int, "the log position of the sample"),
];
