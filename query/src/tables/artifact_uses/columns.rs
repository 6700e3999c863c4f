//! Columns of `artifact_uses`.

use crate::tables::{Column, ENTITY, GENERATION, KeyColumns, PROJECT, RUN_ID, Table, Type, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "artifact_uses",
    doc: "a run and a version of an artifact that it logged or uses",
    columns: &COLUMNS,
    keys: KeyColumns::None,
};

static COLUMNS: [Column; 9] = [
    ENTITY,
    PROJECT,
    RUN_ID,
    GENERATION,
    column("relation", Type::Text, "`logged`, also of a version that was there already, or `used`"),
    column("artifact_entity", Type::Text, "the user or team that owns the artifact's project"),
    column("artifact_project", Type::Text, "the artifact's project"),
    column("name", Type::Text, "the artifact's collection"),
    column("version", Type::Int, "its number in the collection"),
];
