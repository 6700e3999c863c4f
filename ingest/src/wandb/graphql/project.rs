//! Projects and their runs.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use engine::{ProjectKey, RunPath, Snapshot};

use super::artifact::{
    Artifact, ArtifactCollection, ArtifactCollectionConnection, ArtifactCollectionMembership, ArtifactType,
    ArtifactTypeConnection, Asked as AskedCollections, Place, parts,
};
use super::mutation::SuccessPayload;
use super::run::Run;
use super::runs::{self, Asked, RunConnection};
use super::scalars::{JsonString, Moment};
use super::viewer::{Entity, User};
use super::{Page, PageInfo, Scope};
use crate::http::error::Refusal;
use crate::wandb::{ids, whole_project};

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
        let found = snapshot.projection.projects.get(key).filter(|project| project.deleted.is_none());
        found.map(|project| Self::new(snapshot, project))
    }

    /// Its artifacts, where the caller may read them.
    fn place(&self, ctx: &Context<'_>) -> Result<Option<Place>> {
        Place::find(ctx, &self.project.key)
    }

    /// Of the runs that the caller may read: the project itself is named to who may only write there too.
    fn run_named(&self, ctx: &Context<'_>, name: &str) -> Result<Option<Run>> {
        let snapshot = Scope::of(ctx)?.snapshot();
        let run =
            snapshot.projection.run(&RunPath::new(self.project.key.clone(), name)).map_err(Refusal::from)?;
        Ok(run.filter(|run| run.is_visible()).map(|run| Run::new(&snapshot, &run)))
    }
}

/// Mutations of projects as a whole.
#[derive(Default)]
pub(crate) struct ProjectMutation;

#[derive(InputObject)]
pub(crate) struct DeleteModelInput {
    id: String,
}

#[Object]
impl ProjectMutation {
    /// Deletes all runs of a project; the project stays by name.
    async fn delete_model(
        &self,
        ctx: &Context<'_>,
        input: DeleteModelInput,
    ) -> Result<Option<SuccessPayload>> {
        let scope = Scope::of(ctx)?;
        let unknown = || Refusal::not_found(format!("project {:?} not found", input.id));
        let (project, act) = (ids::to_project(&input.id).ok_or_else(unknown)?, scope.act());
        let delete = |snapshot: &Arc<Snapshot>| {
            whole_project::delete(&snapshot.projection, &project, &scope.caller, &act)
        };
        scope.app.decide(delete).await?;
        Ok(Some(SuccessPayload::DONE))
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

    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Some(User::of(Scope::of(ctx)?, &self.project.author)))
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

    async fn run_count(&self, ctx: &Context<'_>, filters: Option<JsonString>) -> Result<i32> {
        let scope = Scope::of(ctx)?;
        Ok(runs::count(scope, &scope.snapshot(), &self.project.key, filters.as_ref()).await?)
    }

    async fn runs(
        &self,
        ctx: &Context<'_>,
        filters: Option<JsonString>,
        after: Option<String>,
        first: Option<i32>,
        order: Option<String>,
    ) -> Result<Option<RunConnection>> {
        let counted = ctx.look_ahead().field("totalCount").exists();
        let asked = Asked { filters, order, after, first, counted };
        let scope = Scope::of(ctx)?;
        runs::page(scope, &scope.snapshot(), &self.project.key, asked).await.map(Some)
    }

    async fn run(&self, ctx: &Context<'_>, name: String, desc: Option<String>) -> Result<Option<Run>> {
        let _unused = desc;
        self.run_named(ctx, &name)
    }

    async fn bucket(&self, ctx: &Context<'_>, name: String, missing_ok: Option<bool>) -> Result<Option<Run>> {
        let found = self.run_named(ctx, &name)?;
        if found.is_none() && missing_ok == Some(false) {
            return Err(Refusal::not_found(format!("run {name:?} not found")).into());
        }
        Ok(found)
    }

    async fn total_sweeps(&self) -> i32 {
        0
    }

    async fn artifact(
        &self,
        ctx: &Context<'_>,
        name: String,
        enable_tracking: Option<bool>,
    ) -> Result<Option<Artifact>> {
        let _unused = enable_tracking;
        Ok(self.place(ctx)?.and_then(|place| place.named(&name)))
    }

    async fn artifact_type(&self, ctx: &Context<'_>, name: String) -> Result<Option<ArtifactType>> {
        Ok(self.place(ctx)?.and_then(|place| ArtifactType::find(&place, &name)))
    }

    async fn artifact_types(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
        include_all: Option<bool>,
    ) -> Result<ArtifactTypeConnection> {
        let _all_there_are = include_all;
        let first = Scope::of(ctx)?.page(first);
        Ok(ArtifactTypeConnection::of(self.place(ctx)?.as_ref(), after.as_deref(), first)?)
    }

    async fn artifact_collection(
        &self,
        ctx: &Context<'_>,
        name: String,
    ) -> Result<Option<ArtifactCollection>> {
        let found = self.place(ctx)?.and_then(|place| place.collection(&name));
        Ok(found.map(ArtifactCollection::ArtifactSequence))
    }

    async fn artifact_collections(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
        filters: Option<JsonString>,
        order: Option<String>,
    ) -> Result<Option<ArtifactCollectionConnection>> {
        let Some(place) = self.place(ctx)? else { return Ok(None) };
        let asked = AskedCollections { after, first, filters, order };
        ArtifactCollectionConnection::in_project(ctx, &place, &asked).map(Some)
    }

    async fn artifact_collection_membership(
        &self,
        ctx: &Context<'_>,
        name: String,
    ) -> Result<Option<ArtifactCollectionMembership>> {
        let (collection, alias) = parts(&name);
        Ok(self.place(ctx)?.and_then(|place| place.membership(collection, alias)))
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
