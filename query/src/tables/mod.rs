//! What SQL sees: one folder a table, its columns declared once.
//!
//! `columns.rs` of a folder gives name, type and meaning of each fixed column; from it come the Arrow
//! schema, `DESCRIBE` and `docs/tables.md`. Keys that people log come on top: the resolver finds
//! which of them a statement names, and the provider has just these ([`key`]).

pub(crate) mod artifact_uses;
pub(crate) mod artifacts;
pub(crate) mod console;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod history;
pub(crate) mod keys;
pub(crate) mod points;
pub(crate) mod projects;
pub(crate) mod quarantine;
pub(crate) mod run_changes;
pub(crate) mod runs;
pub(crate) mod segments;
pub(crate) mod settings;
pub(crate) mod system;
pub(crate) mod system_points;
pub(crate) mod table_files;

pub(crate) mod cell;
pub(crate) mod key;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use engine::Space;

/// The type of a fixed column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Type {
    /// Utf8.
    Text,
    /// Int64.
    Int,
    /// Float64.
    Float,
    /// Boolean.
    Bool,
    /// Nanoseconds since 1970, UTC.
    Time,
    /// A list of Utf8.
    Texts,
    /// Utf8 that holds strict JSON and says so in its field.
    Json,
}

/// A fixed column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
    /// One line: what it means, its unit, when it is NULL.
    pub(crate) doc: &'static str,
}

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    /// As SQL names it, with its schema if that is `wbq`.
    pub(crate) name: &'static str,
    /// What a row is.
    pub(crate) doc: &'static str,
    pub(crate) columns: &'static [Column],
    /// Whose keys are its columns too.
    pub(crate) keys: KeyColumns,
}

/// Which logged keys are columns of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyColumns {
    /// None.
    None,
    /// `config.*` and `summary.*`.
    ConfigAndSummary,
    /// Every key of that space, under its own name.
    Bare(Space),
}

/// Every table, in the order of the documentation.
pub(crate) static ALL: [&Table; 17] = [
    &runs::TABLE,
    &history::TABLE,
    &points::TABLE,
    &system::TABLE,
    &system_points::TABLE,
    &console::TABLE,
    &files::TABLE,
    &artifacts::TABLE,
    &artifact_uses::TABLE,
    &events::TABLE,
    &run_changes::TABLE,
    &projects::TABLE,
    &keys::TABLE,
    &quarantine::TABLE,
    &segments::TABLE,
    &table_files::TABLE,
    &settings::TABLE,
];

/// The field metadata by which a column of JSON text is known; Arrow's canonical name for it.
pub(crate) const EXTENSION_KEY: &str = "ARROW:extension:name";
/// See [`EXTENSION_KEY`].
pub(crate) const EXTENSION_JSON: &str = "arrow.json";

impl Table {
    /// The name without its schema.
    pub(crate) fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// The fixed column of that name.
    pub(crate) fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Type {
    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Text | Self::Json => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some(Arc::from("UTC"))),
            Self::Texts => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
        }
    }

    /// A nullable field of this type.
    pub(crate) fn field(self, name: &str) -> Field {
        let field = Field::new(name, self.data_type(), true);
        if self == Self::Json { json_field(field) } else { field }
    }

    /// As people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "integer",
            Self::Float => "float",
            Self::Bool => "boolean",
            Self::Time => "time",
            Self::Texts => "list of text",
            Self::Json => "json",
        }
    }
}

/// Marks a field as JSON text.
pub(crate) fn json_field(field: Field) -> Field {
    field.with_metadata(HashMap::from([(EXTENSION_KEY.to_owned(), EXTENSION_JSON.to_owned())]))
}

/// Whether a field is marked as JSON text.
pub(crate) fn is_json(field: &Field) -> bool {
    field.metadata().get(EXTENSION_KEY).is_some_and(|name| name == EXTENSION_JSON)
}

/// Shortens a declaration of a column to a line.
pub(crate) const fn column(name: &'static str, kind: Type, doc: &'static str) -> Column {
    Column { name, kind, doc }
}

/// The four columns that say which run a row belongs to.
pub(crate) const ENTITY: Column = column("entity", Type::Text, "the user or team that owns the project");
/// See [`ENTITY`].
pub(crate) const PROJECT: Column = column("project", Type::Text, "the project's name within the entity");
/// See [`ENTITY`].
pub(crate) const RUN_ID: Column = column("run_id", Type::Text, "the run's id, unique in the project");
/// See [`ENTITY`].
pub(crate) const GENERATION: Column =
    column("generation", Type::Int, "how often the id was begun: 1 for the first run under it");
/// See [`ENTITY`].
pub(crate) const WRITER: Column =
    column("writer", Type::Text, "which of several processes wrote it; NULL where one writes");

/// Names of the columns on which a filter chooses runs before anything of theirs is read.
pub(crate) const IDENTITY: [&str; 4] = [ENTITY.name, PROJECT.name, RUN_ID.name, GENERATION.name];
