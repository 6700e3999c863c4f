//! What can be asked.

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::artifact::{Artifact, ArtifactCollection, Place};
use super::organization::Organization;
use super::project::{Project, ProjectConnection};
use super::viewer::{Entity, ServerInfo, User, UserConnection};
use super::{Page, Scope};
use crate::wandb::{ids, names};

pub(crate) struct Query;

/// What a client's own name of an artifact, or of a collection of them, stands for.
#[derive(SimpleObject)]
pub(crate) struct ClientIDMapping {
    #[graphql(name = "serverID")]
    server_id: ID,
}

#[Object]
impl Query {
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let scope = Scope::of(ctx)?;
        Ok(Some(User::of(scope, &scope.caller.user)))
    }

    async fn server_info(&self) -> Option<ServerInfo> {
        Some(ServerInfo)
    }

    async fn entity(&self, ctx: &Context<'_>, name: Option<String>) -> Result<Option<Entity>> {
        let scope = Scope::of(ctx)?;
        let name = names::entity(name.as_deref(), &scope.caller);
        Ok(Entity::find(&scope.snapshot(), name))
    }

    async fn organization(&self, name: String) -> Option<Organization> {
        let _none_here = name;
        None
    }

    /// Users by a part of their name.
    async fn users(&self, ctx: &Context<'_>, query: Option<String>) -> Result<Option<UserConnection>> {
        Ok(Some(UserConnection::found(Scope::of(ctx)?, query.as_deref().unwrap_or_default())))
    }

    async fn project(
        &self,
        ctx: &Context<'_>,
        name: Option<String>,
        entity_name: Option<String>,
    ) -> Result<Option<Project>> {
        let scope = Scope::of(ctx)?;
        let key = names::project(entity_name.as_deref(), name.as_deref(), &scope.caller);
        Ok(Project::find(&scope.snapshot(), &key))
    }

    /// A project by its former name.
    async fn model(
        &self,
        ctx: &Context<'_>,
        name: Option<String>,
        entity_name: Option<String>,
    ) -> Result<Option<Project>> {
        self.project(ctx, name, entity_name).await
    }

    async fn models(
        &self,
        ctx: &Context<'_>,
        entity_name: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<ProjectConnection>> {
        let scope = Scope::of(ctx)?;
        let snapshot = scope.snapshot();
        let entity = names::entity(entity_name.as_deref(), &scope.caller);
        let projects = snapshot.projection.projects.values();
        let projects = projects.filter(|project| *project.key.entity == *entity && project.deleted.is_none());
        let page = Page::of(
            projects.map(|project| Project::new(&snapshot, project)),
            after.as_deref(),
            scope.page(first),
        )?;
        Ok(Some(ProjectConnection::of(page)))
    }

    async fn artifact(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Artifact>> {
        Artifact::find(ctx, &id)
    }

    async fn artifact_collection(&self, ctx: &Context<'_>, id: ID) -> Result<Option<ArtifactCollection>> {
        let Some((key, name)) = ids::to_named("ArtifactCollection", &id) else { return Ok(None) };
        let found = Place::find(ctx, &key)?.and_then(|place| place.collection(&name));
        Ok(found.map(ArtifactCollection::ArtifactSequence))
    }

    /// Who writes artifacts asks too, so whoever may write or read a project may know its names.
    #[graphql(name = "clientIDMapping")]
    async fn client_id_mapping(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "clientID")] client_id: ID,
    ) -> Result<Option<ClientIDMapping>> {
        let scope = Scope::of(ctx)?;
        let whole = scope.whole();
        let named = |(key, project): (&engine::ProjectKey, &engine::Project)| {
            let artifact =
                project.artifacts.of_client(&client_id).map(|found| ids::of_artifact(key, found.id));
            let collection = || project.artifacts.of_sequence(&client_id);
            let id =
                artifact.or_else(|| Some(ids::of_named("ArtifactCollection", key, &collection()?.name)))?;
            let rights = scope.rights(key);
            (rights.read || rights.write).then(|| ClientIDMapping { server_id: id.into() })
        };
        Ok(whole.projection.projects.iter().find_map(named))
    }
}
