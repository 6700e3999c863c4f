//! Columns of `keys`.

use crate::tables::{Column, KeyColumns, Table, Type, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "keys",
    doc: "a key that a project's runs have",
    columns: &COLUMNS,
    keys: KeyColumns::None,
};

static COLUMNS: [Column; 9] = [
    column("entity", Type::Text, "the user or team that owns the project"),
    column("project", Type::Text, "the project's name within the entity"),
    column("space", Type::Text, "where it occurs: config, summary, history or system"),
    column("key", Type::Text, "the key, nested ones with dots"),
    column("type", Type::Text, "integer, float, boolean, text, json or mixed"),
    column("runs", Type::Int, "runs that have it, with a value that is not null"),
    column("points", Type::Int, "values written, of history and system; NULL of config and summary"),
    column("first_seen_at", Type::Time, "when the first run that has it was made"),
    column("last_seen_at", Type::Time, "when a run that has it was last heard"),
];
