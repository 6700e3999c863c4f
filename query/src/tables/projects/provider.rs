//! Rows of `projects`, by name.

use std::sync::Arc;

use engine::Project;

use super::TABLE;
use crate::scan::prune::Prunes;
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request};
use crate::tables::Table;
use crate::tables::cell::Cell;

/// The table.
#[derive(Debug)]
pub(crate) struct Projects;

/// A project and what its runs come to.
pub(crate) struct Row {
    project: Project,
    runs: u64,
    updated: u64,
}

impl RowTable for Projects {
    type Row = Row;

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn prunes(&self) -> Prunes {
        Prunes::default()
    }

    fn reads_log(&self) -> bool {
        false
    }

    fn estimate(&self, context: &Context) -> usize {
        context.snapshot.projection.projects.len()
    }

    fn rows(&self, context: &Arc<Context>, _: &Request) -> Rows<Row> {
        let context = Arc::clone(context);
        let projects: Vec<Project> = context.snapshot.projection.projects.values().cloned().collect();
        Box::new(projects.into_iter().map(move |project| {
            let all = &context.snapshot.projection.runs;
            let runs = project.runs.values().filter_map(|ordinal| all.get(*ordinal as usize));
            let seen = runs.filter(|run| context.sees(run));
            let (runs, updated) = seen
                .fold((0, project.updated.0), |(runs, updated), run| (runs + 1, run.updated.0.max(updated)));
            Ok(Row { project, runs, updated })
        }))
    }

    fn cell<'a>(&self, column: &str, row: &'a Row) -> Cell<'a> {
        match column {
            "entity" => Cell::text(&*row.project.key.entity),
            "project" => Cell::text(&*row.project.key.project),
            "description" => Cell::unless_empty(&row.project.description),
            "author" => Cell::unless_empty(&row.project.author),
            "created_at" => Cell::Time(row.project.created),
            "runs" => Cell::count(row.runs),
            "updated_lsn" => Cell::count(row.updated),
            _ => Cell::Null,
        }
    }
}
