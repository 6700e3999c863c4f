//! Rows of `artifact_uses`, by project and run.
//!
//! What holds: an artifact of a project that whoever asks does not see is in no row.

use std::sync::Arc;

use engine::{Artifact, ArtifactId, Project, ProjectKey, Projection, RunIn};

use super::TABLE;
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request};
use crate::tables::Table;
use crate::tables::cell::Cell;

/// The table.
#[derive(Debug)]
pub(crate) struct ArtifactUses;

/// A run and an artifact.
pub(crate) struct Row {
    project: ProjectKey,
    run: RunIn,
    relation: &'static str,
    of: ProjectKey,
    artifact: Arc<Artifact>,
}

impl RowTable for ArtifactUses {
    type Row = Row;

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn estimate(&self, context: &Context) -> usize {
        let projects = context.snapshot.projection.projects.values();
        projects.map(|project| project.artifacts.counts().2).sum()
    }

    fn rows(&self, context: &Arc<Context>, _: &Request) -> Rows<Row> {
        let snapshot = Arc::clone(&context.snapshot);
        let projects: Vec<Project> =
            snapshot.projection.projects.values().filter(is_there).cloned().collect();
        Box::new(
            projects
                .into_iter()
                .flat_map(move |project| of(&snapshot.projection, &project).into_iter().map(Ok)),
        )
    }

    fn cell<'a>(&self, column: &str, row: &'a Row) -> Cell<'a> {
        match column {
            "entity" => Cell::text(&*row.project.entity),
            "project" => Cell::text(&*row.project.project),
            "run_id" => Cell::text(&*row.run.run),
            "generation" => Cell::Int(row.run.generation.into()),
            "relation" => Cell::text(row.relation),
            "artifact_entity" => Cell::text(&*row.of.entity),
            "artifact_project" => Cell::text(&*row.of.project),
            "name" => Cell::text(&*row.artifact.collection),
            "version" => row.artifact.version().map_or(Cell::Null, |version| Cell::Int(version.index.into())),
            _ => Cell::Null,
        }
    }
}

fn is_there(project: &&Project) -> bool {
    project.deleted.is_none()
}

/// The rows of the runs of a project.
fn of(projection: &Projection, project: &Project) -> Vec<Row> {
    let key = &project.key;
    let row = |run: &RunIn, relation, of: &ProjectKey, artifact: &Arc<Artifact>| Row {
        project: key.clone(),
        run: run.clone(),
        relation,
        of: of.clone(),
        artifact: Arc::clone(artifact),
    };
    let logged = project.artifacts.logs().map(|(run, artifact)| row(run, "logged", key, artifact));
    let used = project
        .artifacts
        .uses()
        .filter_map(|(run, of, id)| Some(row(run, "used", of, seen(projection, of, id)?)));
    logged.chain(used).collect()
}

fn seen<'a>(projection: &'a Projection, project: &ProjectKey, id: ArtifactId) -> Option<&'a Arc<Artifact>> {
    projection.projects.get(project).filter(is_there)?.artifacts.artifact(id)
}
