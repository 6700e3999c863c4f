//! Columns of `artifacts`.

use crate::tables::{Column, ENTITY, KeyColumns, PROJECT, Table, Type, column};

/// The table.
pub(crate) static TABLE: Table = Table {
    name: "artifacts",
    doc: "a version of an artifact whose files are all there",
    columns: &COLUMNS,
    keys: KeyColumns::None,
};

static COLUMNS: [Column; 18] = [
    ENTITY,
    PROJECT,
    column("name", Type::Text, "the collection that it is a version of, unique in the project"),
    column("version", Type::Int, "its number in the collection, from 0"),
    column("type", Type::Text, "what all versions of the collection are: `dataset`, `model`, …"),
    column("aliases", Type::Texts, "what it is called beside its number"),
    column("tags", Type::Texts, "the tags, in their order"),
    column("files", Type::Int, "its files"),
    column("size", Type::Int, "bytes of its files; several versions can share them"),
    column("digest", Type::Text, "the client's digest of all its files"),
    column("run_id", Type::Text, "the run that logged it first; NULL where none did"),
    column("generation", Type::Int, "the generation of that run"),
    column("history_step", Type::Int, "the step of that run's history at which it was logged"),
    column("author", Type::Text, "who logged it"),
    column("description", Type::Text, "what it is, in somebody's words"),
    column("metadata", Type::Json, "what it was logged with"),
    column("created_at", Type::Time, "when it was begun"),
    column(
        "updated_at",
        Type::Time,
        "when description, metadata or tags were changed; NULL while they were not",
    ),
];
