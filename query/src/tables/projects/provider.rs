//! Rows of `projects`, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::Result;
use engine::{Project, ProjectKey};

use super::TABLE;
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request, outside};
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

    fn reads_log(&self) -> bool {
        true
    }

    fn estimate(&self, context: &Context) -> usize {
        context.snapshot.projection.projects.len()
    }

    fn rows(&self, context: &Arc<Context>, _: &Request) -> Rows<Row> {
        let counted = match counts(context) {
            Ok(counted) => counted,
            Err(error) => return Box::new(std::iter::once(Err(error))),
        };
        let projects = context.snapshot.projection.projects.values();
        let there = |project: &&Project| project.deleted.is_none();
        let projects: Vec<Project> = projects.filter(there).cloned().collect();
        Box::new(projects.into_iter().map(move |project| {
            let (runs, updated) = counted.get(&project.key).copied().unwrap_or_default();
            Ok(Row { runs, updated: updated.max(project.updated.0), project })
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
            "artifact_bytes" => Cell::count(row.project.artifacts.bytes()),
            "updated_lsn" => Cell::count(row.updated),
            _ => Cell::Null,
        }
    }
}

/// Of each project the newest generations that the statement sees: how many, and the last position.
fn counts(context: &Context) -> Result<BTreeMap<ProjectKey, (u64, u64)>> {
    let mut counts: BTreeMap<ProjectKey, (u64, u64)> = BTreeMap::new();
    for chunk in 0..context.chunks() {
        let runs = context.chunk(chunk)?.current().map_err(outside)?;
        let mut of: [Vec<Cell<'_>>; 3] = std::array::from_fn(|_| vec![Cell::Null; runs.len()]);
        for (column, cells) in ["entity", "project", "updated_lsn"].into_iter().zip(&mut of) {
            let put = &mut |row: usize, cell| {
                if let Some(slot) = cells.get_mut(row) {
                    *slot = cell;
                }
            };
            runs.fixed(column, put).map_err(outside)?;
        }
        let [entities, projects, updated] = &of;
        for ((entity, project), updated) in entities.iter().zip(projects).zip(updated) {
            let (Cell::Text(entity), Cell::Text(project), Cell::Int(updated)) = (entity, project, updated)
            else {
                continue;
            };
            let count = counts.entry(ProjectKey::new(&**entity, &**project)).or_default();
            *count = (count.0 + 1, count.1.max(u64::try_from(*updated).unwrap_or_default()));
        }
    }
    Ok(counts)
}
