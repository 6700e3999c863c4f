//! Rows of `keys`, by project, space and name; counted over the runs that the statement sees.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::Result;
use engine::{HIDDEN_KEY, Kinds, ProjectKey, Run, Space};

use super::TABLE;
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request, outside};
use crate::tables::Table;
use crate::tables::cell::Cell;
use crate::tables::history::table_of;
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

#[derive(Default)]
struct Seen {
    runs: u64,
    points: u64,
    first: Option<i64>,
    last: Option<i64>,
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

    fn rows(&self, context: &Arc<Context>, _: &Request) -> Rows<Row> {
        let context = Arc::clone(context);
        let projects: Vec<ProjectKey> = context.snapshot.projection.projects.keys().cloned().collect();
        Box::new(projects.into_iter().flat_map(move |project| rows_of(&context, &project)))
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

fn rows_of(context: &Context, project: &ProjectKey) -> Vec<Result<Row>> {
    let projection = &context.snapshot.projection;
    let mut seen = match seen_in(context, project) {
        Ok(seen) => seen,
        Err(error) => return vec![Err(outside(error))],
    };
    let spaces = [Space::Config, Space::Summary, Space::History, Space::System];
    spaces
        .into_iter()
        .flat_map(|space| {
            let keys = projection.keys.list(space, |known| known == project);
            keys.into_iter().map(move |(key, kinds)| (space, key, kinds))
        })
        .filter(|(_, key, _)| &**key != HIDDEN_KEY)
        .map(|(space, key, kinds)| {
            let seen = seen.remove(&(space, key.to_string())).unwrap_or_default();
            Ok(Row { project: project.clone(), space, key, kinds, seen })
        })
        .collect()
}

fn seen_in(context: &Context, project: &ProjectKey) -> engine::Result<BTreeMap<(Space, String), Seen>> {
    let projection = &context.snapshot.projection;
    let mut seen = BTreeMap::new();
    for ordinal in projection.runs_in(project)? {
        if let Some(run) = projection.run_at(ordinal)?.filter(|run| context.sees(run)) {
            count(&run, &mut seen);
        }
    }
    Ok(seen)
}

fn count(run: &Run, seen: &mut BTreeMap<(Space, String), Seen>) {
    let mut note = |space: Space, key: &str, points: u64| {
        let entry = seen.entry((space, key.to_owned())).or_default();
        entry.runs += 1;
        entry.points += points;
        entry.first = Some(entry.first.map_or(run.created, |first| first.min(run.created)));
        entry.last = entry.last.max(Some(run.heartbeat));
    };
    run.config.leaves(&mut |key, _| note(Space::Config, key, 0));
    run.summary.leaves(&mut |key, _| note(Space::Summary, key, 0));
    for space in [Space::History, Space::System] {
        table_of(run, space).keys.iter().for_each(|(key, stats)| note(space, key, stats.points));
    }
}
