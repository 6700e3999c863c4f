//! `SHOW TABLES` and `DESCRIBE`: what there is, from the declarations, the key catalogue and the runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use datafusion::common::DataFusionError;
use datafusion::sql::sqlparser::ast::ObjectName;
use engine::{ProjectKey, Space};

use crate::error::Error;
use crate::resolver::{self, Catalogue};
use crate::scan::Context;
use crate::tables::cell::{self, Cell};
use crate::tables::key::Sort;
use crate::tables::keys::{Seen, seen};
use crate::tables::{self, KeyColumns, Type};

/// The tables and what a row of each is.
pub(crate) fn tables() -> Result<RecordBatch, Error> {
    let columns = [("table_name", Type::Text), ("a_row_is", Type::Text)];
    batch(&columns, &tables::ALL, |table, column| {
        Cell::text(if column == "table_name" { table.name } else { table.doc })
    })
}

/// A column of a table, or a key that is one.
struct Row {
    name: String,
    kind: &'static str,
    meaning: &'static str,
    seen: Option<Seen>,
}

/// The columns of a table: the fixed ones, then the keys that runs have; of each key how many runs have it,
/// of one project or of all.
pub(crate) fn table(
    name: &ObjectName,
    catalogue: &Catalogue<'_>,
    context: &Context,
    project: Option<&ProjectKey>,
) -> Result<RecordBatch, Error> {
    let table = resolver::table(name)?;
    let fixed = table.columns.iter();
    let fixed = fixed.filter(|column| catalogue.include_deleted || column.name != "deleted_at");
    let mut rows: Vec<Row> = fixed
        .map(|column| Row {
            name: column.name.to_owned(),
            kind: column.kind.name(),
            meaning: column.doc,
            seen: None,
        })
        .collect();
    let spaces: &[(&str, Space)] = match table.keys {
        KeyColumns::None => &[],
        KeyColumns::ConfigAndSummary => &[("config.", Space::Config), ("summary.", Space::Summary)],
        KeyColumns::Bare(Space::System) => &[("", Space::System)],
        KeyColumns::Bare(_) => &[("", Space::History)],
    };
    for (root, space) in spaces {
        let seen = seen_in(context, *space, project)?;
        rows.extend(catalogue.list(*space).iter().map(|(key, kinds)| Row {
            name: format!("{root}{key}"),
            kind: Sort::of(*kinds).name(),
            meaning: "a key that runs have",
            seen: Some(seen.get(&**key).copied().unwrap_or_default()),
        }));
    }
    let columns = [
        ("column_name", Type::Text),
        ("type", Type::Text),
        ("meaning", Type::Text),
        ("runs", Type::Int),
        ("last_seen_at", Type::Time),
    ];
    batch(&columns, &rows, |row, column| match column {
        "column_name" => Cell::text(&*row.name),
        "type" => Cell::text(row.kind),
        "meaning" => Cell::text(row.meaning),
        "runs" => row.seen.map_or(Cell::Null, |seen| Cell::count(seen.runs)),
        _ => Cell::time(row.seen.and_then(|seen| seen.last)),
    })
}

/// What is to be said of the keys of one project, or of all together.
fn seen_in(
    context: &Context,
    space: Space,
    project: Option<&ProjectKey>,
) -> Result<BTreeMap<String, Seen>, Error> {
    let mut all: BTreeMap<String, Seen> = BTreeMap::new();
    let [seen] = tokio::task::block_in_place(|| seen(context, [space]))?;
    for (_, keys) in seen.into_iter().filter(|(of, _)| project.is_none_or(|only| of == only)) {
        for (key, seen) in keys {
            let known = all.entry(key).or_default();
            *known = known.and(seen);
        }
    }
    Ok(all)
}

fn batch<'a, R>(
    columns: &[(&str, Type)],
    rows: &'a [R],
    cell: impl Fn(&'a R, &str) -> Cell<'a>,
) -> Result<RecordBatch, Error> {
    let fields: Vec<Field> = columns.iter().map(|(name, kind)| kind.field(name)).collect();
    let array = |(name, kind): &(&str, Type)| cell::column(*kind, rows.iter(), |row| cell(row, name));
    let arrays: Vec<ArrayRef> = columns.iter().map(array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| DataFusionError::from(error).into())
}
