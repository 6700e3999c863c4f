//! Columns of `files`.

use crate::tables::{Column, ENTITY, GENERATION, KeyColumns, PROJECT, RUN_ID, Table, Type, column};

/// The table.
pub(crate) static TABLE: Table =
    Table { name: "files", doc: "a file of a run", columns: &COLUMNS, keys: KeyColumns::None };

static COLUMNS: [Column; 10] = [
    ENTITY,
    PROJECT,
    RUN_ID,
    GENERATION,
    column("name", Type::Text, "its name, with / between folders"),
    column("size", Type::Int, "bytes"),
    column("kind", Type::Text, "its media type"),
    column("digest", Type::Text, "SHA-256 of its content, in hexadecimal"),
    column("md5", Type::Text, "MD5 of its content, in hexadecimal"),
    column("updated_at", Type::Time, "when it was stored"),
];
