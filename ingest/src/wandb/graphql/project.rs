//! Projects and their runs.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use engine::{ProjectKey, RunPath, Snapshot};

use super::artifact::{Artifact, ArtifactType};
use super::run::{Run, RunConnection};
use super::scalars::{JsonString, Moment};
use super::viewer::{Entity, User};
use super::{Page, PageInfo, Scope, int};
use crate::http::error::Refusal;
use crate::wandb::ids;

pub(crate) struct Project {
    snapshot: Arc<Snapshot>,
    project: engine::Project,
}

#[derive(SimpleObject)]
pub(crate) struct ProjectConnection {
    page_info: PageInfo,
    edges: Vec<ProjectEdge>,
}

#[derive(SimpleObject)]
pub(crate) struct ProjectEdge {
    node: Option<Project>,
    cursor: Option<String>,
}

impl ProjectConnection {
    pub(super) fn of(page: Page<Project>) -> Self {
        let edge = |(node, cursor)| ProjectEdge { node: Some(node), cursor: Some(cursor) };
        Self { page_info: page.info, edges: page.entries.into_iter().map(edge).collect() }
    }
}

/// Saved views: none yet.
#[derive(SimpleObject)]
pub(crate) struct ViewConnection {
    edges: Vec<ViewEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
pub(crate) struct ViewEdge {
    node: Option<View>,
    cursor: Option<String>,
}

#[derive(SimpleObject)]
pub(crate) struct View {
    id: ID,
    name: String,
    display_name: Option<String>,
    description: Option<String>,
    user: Option<User>,
    spec: Option<String>,
    created_at: Option<Moment>,
    updated_at: Option<Moment>,
}

impl Project {
    pub(super) fn new(snapshot: &Arc<Snapshot>, project: &engine::Project) -> Self {
        Self { snapshot: Arc::clone(snapshot), project: project.clone() }
    }

    pub(super) fn find(snapshot: &Arc<Snapshot>, key: &ProjectKey) -> Option<Self> {
        snapshot.projection.projects.get(key).map(|project| Self::new(snapshot, project))
    }

    /// Its runs that are there, in the order in which they were made.
    fn runs_made(&self) -> Result<Vec<u32>, Refusal> {
        Ok(self.snapshot.projection.visible_in(&self.project.key)?)
    }

    fn run_named(&self, name: &str) -> Result<Option<Run>, Refusal> {
        let run = self.snapshot.projection.run(&RunPath::new(self.project.key.clone(), name))?;
        Ok(run.filter(|run| run.is_visible()).map(|run| Run::new(&self.snapshot, &run)))
    }
}

/// Filters come with the public API; until then one that says something is an error, never an empty
/// list.
fn check_filters(filters: Option<&JsonString>) -> Result<(), Refusal> {
    match filters.map(|JsonString(json)| json.trim()) {
        None | Some("" | "{}" | "null") => Ok(()),
        Some(other) => Err(Refusal::invalid(format!("runs cannot be filtered here yet: {other}"))),
    }
}

/// Whether newest come first.
fn is_descending(order: Option<&str>) -> Result<bool, Refusal> {
    let order = order.unwrap_or_default();
    let (is_descending, key) = match order.strip_prefix('-') {
        Some(key) => (true, key),
        None => (false, order.strip_prefix('+').unwrap_or(order)),
    };
    match key {
        "" | "created_at" | "createdAt" => Ok(is_descending),
        other => Err(Refusal::invalid(format!("runs cannot be ordered by {other:?} here yet"))),
    }
}

#[Object]
impl Project {
    async fn id(&self) -> ID {
        ids::of_project(&self.project.key).into()
    }

    async fn internal_id(&self) -> ID {
        ids::internal_of_project(&self.project.key).into()
    }

    async fn name(&self) -> &str {
        &self.project.key.project
    }

    async fn entity_name(&self) -> &str {
        &self.project.key.entity
    }

    async fn entity(&self) -> Entity {
        let name = &self.project.key.entity;
        Entity::find(&self.snapshot, name).unwrap_or_else(|| Entity::new(name, true))
    }

    async fn user(&self) -> Option<User> {
        Some(User::of(&self.snapshot, &self.project.author))
    }

    async fn description(&self) -> Option<&str> {
        Some(&self.project.description)
    }

    async fn access(&self) -> Option<&str> {
        Some("PRIVATE")
    }

    async fn views(&self) -> Option<JsonString> {
        None
    }

    async fn created_at(&self) -> Moment {
        Moment::of(self.project.created)
    }

    async fn updated_at(&self) -> Option<Moment> {
        Some(Moment::of(self.project.created))
    }

    async fn is_benchmark(&self) -> bool {
        false
    }

    async fn read_only(&self) -> Option<bool> {
        Some(false)
    }

    async fn run_count(&self, filters: Option<JsonString>) -> Result<i32> {
        check_filters(filters.as_ref())?;
        Ok(int(self.runs_made()?.len()))
    }

    async fn runs(
        &self,
        ctx: &Context<'_>,
        filters: Option<JsonString>,
        after: Option<String>,
        first: Option<i32>,
        order: Option<String>,
    ) -> Result<Option<RunConnection>> {
        check_filters(filters.as_ref())?;
        let mut runs = self.runs_made()?;
        if is_descending(order.as_deref())? {
            runs.reverse();
        }
        let total = runs.len();
        let page = Page::of(runs.into_iter(), after.as_deref(), Scope::of(ctx)?.page(first))?;
        let page = page.try_map(|ordinal| -> Result<Run> {
            let run = self.snapshot.projection.run_at(ordinal)?;
            let run = run.ok_or_else(|| Refusal::unavailable("a run is not where it is indexed"))?;
            Ok(Run::new(&self.snapshot, &run))
        })?;
        Ok(Some(RunConnection::of(page, total)))
    }

    async fn run(&self, name: String, desc: Option<String>) -> Result<Option<Run>> {
        let _unused = desc;
        Ok(self.run_named(&name)?)
    }

    async fn bucket(&self, name: String, missing_ok: Option<bool>) -> Result<Option<Run>> {
        let found = self.run_named(&name)?;
        if found.is_none() && missing_ok == Some(false) {
            return Err(Refusal::not_found(format!("run {name:?} not found")).into());
        }
        Ok(found)
    }

    async fn total_sweeps(&self) -> i32 {
        0
    }

    async fn artifact(&self, name: String, enable_tracking: Option<bool>) -> Option<Artifact> {
        let _none_here = (name, enable_tracking);
        None
    }

    async fn artifact_type(&self, name: String) -> Option<ArtifactType> {
        let _none_here = name;
        None
    }

    async fn all_views(
        &self,
        view_type: Option<String>,
        view_name: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Option<ViewConnection> {
        let _none_here = (view_type, view_name, first, after);
        Some(ViewConnection {
            edges: Vec::new(),
            page_info: PageInfo { end_cursor: None, has_next_page: false },
        })
    }
}
