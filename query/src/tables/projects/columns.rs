//! Columns of `projects`.

use crate::tables::{Column, KeyColumns, Table, Type, column};

/// The table.
pub(crate) static TABLE: Table =
    Table { name: "projects", doc: "a project", columns: &COLUMNS, keys: KeyColumns::None };

static COLUMNS: [Column; 8] = [
    column("entity", Type::Text, "the user or team that owns it"),
    column("project", Type::Text, "its name within the entity"),
    column("description", Type::Text, "what it is about"),
    column("author", Type::Text, "who made it"),
    column("created_at", Type::Time, "when it was made"),
    column("runs", Type::Int, "its runs"),
    column(
        "artifact_bytes",
        Type::Int,
        "bytes of the artifacts of the project: each content once, and the lists of files",
    ),
    column("updated_lsn", Type::Int, "the log position of the last event about the project or its runs"),
];
