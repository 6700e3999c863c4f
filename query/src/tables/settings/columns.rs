//! Columns of `wbq.settings`.

use crate::tables::{Column, KeyColumns, Table, Type, column};

/// The table.
pub(crate) static TABLE: Table =
    Table { name: "wbq.settings", doc: "a limit of this store", columns: &COLUMNS, keys: KeyColumns::None };

static COLUMNS: [Column; 4] = [
    column("name", Type::Text, "its name"),
    column("value", Type::Int, "its value"),
    column("unit", Type::Text, "bytes, seconds, rows …"),
    column("description", Type::Text, "what it bounds"),
];
