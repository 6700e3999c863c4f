//! Rows of `artifacts`, by project, name and number.

use std::sync::Arc;

use engine::{Artifact, Project, Value};

use super::TABLE;
use crate::scan::rows::{RowTable, Rows};
use crate::scan::{Context, Request};
use crate::tables::Table;
use crate::tables::cell::Cell;

/// The table.
#[derive(Debug)]
pub(crate) struct Artifacts;

impl RowTable for Artifacts {
    type Row = (Project, Arc<Artifact>);

    fn table(&self) -> &'static Table {
        &TABLE
    }

    fn estimate(&self, context: &Context) -> usize {
        let projects = context.snapshot.projection.projects.values();
        projects.map(|project| project.artifacts.counts().0).sum()
    }

    fn rows(&self, context: &Arc<Context>, _: &Request) -> Rows<Self::Row> {
        let projects = context.snapshot.projection.projects.clone();
        let there = projects.into_iter().map(|(_, project)| project).filter(|it| it.deleted.is_none());
        Box::new(there.flat_map(|project| {
            let versions: Vec<_> = project.artifacts.versions().cloned().collect();
            versions.into_iter().map(move |artifact| Ok((project.clone(), artifact)))
        }))
    }

    fn cell<'a>(&self, column: &str, (project, artifact): &'a Self::Row) -> Cell<'a> {
        let Some(version) = artifact.version() else { return Cell::Null };
        match column {
            "entity" => Cell::text(&*project.key.entity),
            "project" => Cell::text(&*project.key.project),
            "name" => Cell::text(&*artifact.collection),
            "version" => Cell::Int(version.index.into()),
            "type" => {
                let collection = project.artifacts.collection(&artifact.collection);
                collection.map_or(Cell::Null, |collection| Cell::text(&*collection.kind))
            }
            "aliases" => {
                Cell::Texts(project.artifacts.aliases(artifact).map(|alias| (&**alias).into()).collect())
            }
            "tags" => Cell::Texts(artifact.tags.iter().map(|tag| (&**tag).into()).collect()),
            "files" => Cell::count(version.files),
            "size" => Cell::count(version.size),
            "digest" => Cell::text(&*artifact.digest),
            "run_id" => artifact.run.as_ref().map_or(Cell::Null, |run| Cell::text(&*run.run)),
            "generation" => artifact.run.as_ref().map_or(Cell::Null, |run| Cell::Int(run.generation.into())),
            "history_step" => artifact.history_step.map_or(Cell::Null, Cell::Int),
            "author" => Cell::unless_empty(&artifact.author),
            "description" => artifact.description.as_deref().map_or(Cell::Null, Cell::unless_empty),
            "metadata" => artifact.metadata.as_deref().map_or(Cell::Null, strict),
            "created_at" => Cell::Time(artifact.created),
            "updated_at" => artifact.updated.map_or(Cell::Null, Cell::Time),
            _ => Cell::Null,
        }
    }
}

/// A document as strict JSON; as the text that it is where it is none.
fn strict(document: &str) -> Cell<'_> {
    let value = Value::from_json(document.as_bytes());
    value.map_or_else(
        |_| Cell::owned(Value::text(document).to_strict_json()),
        |value| Cell::owned(value.to_strict_json()),
    )
}
