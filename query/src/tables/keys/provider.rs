//! Rows of `keys`, by project, space and name; counted over the runs that the statement sees.

use std::sync::Arc;

use engine::{HIDDEN_KEY, Kinds, ProjectKey, Space};

use super::TABLE;
use super::seen::{Seen, seen};
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request, outside};
use crate::tables::Table;
use crate::tables::cell::Cell;
use crate::tables::key::Sort;

/// The table.
#[derive(Debug)]
pub(crate) struct Keys;

/// A key.
pub(crate) struct Row {
    project: ProjectKey,
    space: Space,
    key: Arc<str>,
    kinds: Kinds,
    seen: Seen,
}

impl RowTable for Keys {
    type Row = Row;

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn reads_log(&self) -> bool {
        true
    }

    fn estimate(&self, context: &Context) -> usize {
        context.snapshot.projection.projects.len().saturating_mul(100)
    }

    fn rows(&self, context: &Arc<Context>, request: &Request) -> Rows<Row> {
        let context = Arc::clone(context);
        let is_counted = request.schema.fields().iter().any(|field| COUNTED.contains(&field.name().as_str()));
        Box::new(std::iter::once_with(move || rows_of(&context, is_counted)).flat_map(|rows| match rows {
            Ok(rows) => rows.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(outside(error))],
        }))
    }

    fn cell<'a>(&self, column: &str, row: &'a Row) -> Cell<'a> {
        match column {
            "entity" => Cell::text(&*row.project.entity),
            "project" => Cell::text(&*row.project.project),
            "space" => Cell::text(match row.space {
                Space::Config => "config",
                Space::Summary => "summary",
                Space::History => "history",
                Space::System => "system",
            }),
            "key" => Cell::text(&*row.key),
            "type" => Cell::text(Sort::of(row.kinds).name()),
            "runs" => Cell::count(row.seen.runs),
            "points" => match row.space {
                Space::Config | Space::Summary => Cell::Null,
                Space::History | Space::System => Cell::count(row.seen.points),
            },
            "first_seen_at" => Cell::time(row.seen.first),
            "last_seen_at" => Cell::time(row.seen.last),
            _ => Cell::Null,
        }
    }
}

/// The columns for which runs are looked at; all else stands in the catalogue.
const COUNTED: [&str; 4] = ["runs", "points", "first_seen_at", "last_seen_at"];

fn rows_of(context: &Context, is_counted: bool) -> engine::Result<Vec<Row>> {
    let projection = &context.snapshot.projection;
    let spaces = [Space::Config, Space::Summary, Space::History, Space::System];
    let seen = if is_counted { seen(context, spaces)? } else { Default::default() };
    let mut rows = Vec::new();
    for project in projection.projects.keys() {
        for (space, seen) in spaces.into_iter().zip(&seen) {
            let seen = seen.get(project);
            let keys = projection.keys.list(space, |known| known == project);
            rows.extend(keys.into_iter().filter(|(key, _)| **key != *HIDDEN_KEY).map(|(key, kinds)| {
                let seen = seen.and_then(|seen| seen.get(&*key)).copied().unwrap_or_default();
                Row { project: project.clone(), space, key, kinds, seen }
            }));
        }
    }
    Ok(rows)
}
