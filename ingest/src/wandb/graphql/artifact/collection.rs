//! Collections of artifacts: versions that follow each other under a name.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Interface, Object, Result, SimpleObject};
use engine::Collection;

use super::file;
use super::kind::ArtifactType;
use super::{Artifact, ArtifactAlias, ArtifactDigestAlgorithm, Place, Tag};
use crate::http::error::Refusal;
use crate::wandb::graphql::file::FileConnection;
use crate::wandb::graphql::project::Project;
use crate::wandb::graphql::scalars::{JsonString, Moment};
use crate::wandb::graphql::{Page, PageInfo, Scope, int};
use crate::wandb::ids;

/// The fields that documents ask of collections of any kind. There are only those that runs log to.
#[expect(clippy::duplicated_attributes, reason = "fields whose arguments have the same names")]
#[derive(Interface)]
#[graphql(
    name = "ArtifactCollection",
    field(name = "id", ty = "ID"),
    field(name = "name", ty = "String"),
    field(name = "description", ty = "Option<String>"),
    field(name = "created_at", ty = "Moment"),
    field(name = "updated_at", ty = "Option<Moment>"),
    field(name = "state", ty = "ArtifactCollectionState"),
    field(name = "project", ty = "Option<Project>"),
    field(name = "default_artifact_type", ty = "ArtifactType"),
    field(name = "tags", ty = "TagConnection"),
    field(
        name = "aliases",
        ty = "Option<ArtifactAliasConnection>",
        arg(name = "after", ty = "Option<String>"),
        arg(name = "first", ty = "Option<i32>")
    ),
    field(
        name = "artifacts",
        ty = "Option<VersionedArtifactConnection>",
        arg(name = "after", ty = "Option<String>"),
        arg(name = "first", ty = "Option<i32>"),
        arg(name = "order", ty = "Option<String>"),
        arg(name = "filters", ty = "Option<JsonString>")
    ),
    field(
        name = "artifact_membership",
        ty = "Option<ArtifactCollectionMembership>",
        arg(name = "alias_name", ty = "String")
    )
)]
pub(crate) enum ArtifactCollection {
    ArtifactSequence(ArtifactSequence),
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArtifactCollectionState {
    Ready,
    Deleted,
}

#[derive(SimpleObject)]
pub(crate) struct TagConnection {
    edges: Vec<TagEdge>,
}

#[derive(SimpleObject)]
pub(crate) struct TagEdge {
    node: Tag,
}

#[derive(SimpleObject)]
pub(crate) struct ArtifactAliasConnection {
    edges: Vec<ArtifactAliasEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
pub(crate) struct ArtifactAliasEdge {
    node: Option<ArtifactAlias>,
}

#[derive(SimpleObject)]
pub(crate) struct VersionedArtifactConnection {
    total_count: i32,
    page_info: PageInfo,
    edges: Vec<VersionedArtifactEdge>,
}

#[derive(SimpleObject)]
pub(crate) struct VersionedArtifactEdge {
    version: String,
    node: Artifact,
    cursor: String,
}

/// A collection that runs log to.
#[derive(Clone)]
pub(crate) struct ArtifactSequence {
    place: Place,
    collection: Arc<Collection>,
}

impl ArtifactSequence {
    pub(super) fn new(place: &Place, collection: &Arc<Collection>) -> Self {
        Self { place: place.clone(), collection: Arc::clone(collection) }
    }

    pub(super) fn kind(&self) -> ArtifactType {
        ArtifactType::new(&self.place, &self.collection.kind)
    }

    fn newest(&self) -> Option<Artifact> {
        self.place.artifacts.newest(&self.collection.name).map(|found| self.place.artifact(found))
    }
}

/// The versions that documents may ask for: all there are, newest first.
fn check_choice(order: Option<&str>, filters: Option<&JsonString>) -> Result<(), Refusal> {
    if order.is_some_and(|order| !order.is_empty()) {
        return Err(Refusal::invalid(
            "versions of artifacts come newest first; another order is not supported yet",
        ));
    }
    let Some(JsonString(filters)) = filters else { return Ok(()) };
    let asked: serde_json::Value = serde_json::from_str(filters).unwrap_or_default();
    let is_all = asked
        .as_object()
        .is_some_and(|asked| asked.iter().all(|(name, value)| name == "state" && value == "COMMITTED"));
    if is_all {
        Ok(())
    } else {
        Err(Refusal::invalid("filters of artifacts are not supported by this server yet"))
    }
}

#[Object]
impl ArtifactSequence {
    async fn id(&self) -> ID {
        ids::of_named("ArtifactCollection", &self.place.key, &self.collection.name).into()
    }

    async fn name(&self) -> String {
        self.collection.name.to_string()
    }

    async fn description(&self) -> Option<String> {
        None
    }

    async fn created_at(&self) -> Moment {
        Moment::of(self.collection.created)
    }

    async fn updated_at(&self) -> Option<Moment> {
        None
    }

    async fn state(&self) -> ArtifactCollectionState {
        ArtifactCollectionState::Ready
    }

    async fn project(&self) -> Option<Project> {
        self.place.project()
    }

    async fn default_artifact_type(&self) -> ArtifactType {
        self.kind()
    }

    async fn tags(&self) -> TagConnection {
        TagConnection { edges: Vec::new() }
    }

    async fn aliases(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<ArtifactAliasConnection>> {
        self.place.check_readable()?;
        let alias = |alias: &Arc<str>| ArtifactAlias {
            id: ids::of_named("ArtifactAlias", &self.place.key, &format!("{}:{alias}", self.collection.name))
                .into(),
            alias: alias.to_string(),
            artifact_collection: Some(ArtifactCollection::ArtifactSequence(self.clone())),
        };
        let all = self.collection.aliases.keys().map(alias);
        let page = Page::of(all, after.as_deref(), Scope::of(ctx)?.page(first))?;
        let edges =
            page.entries.into_iter().map(|(node, _)| ArtifactAliasEdge { node: Some(node) }).collect();
        Ok(Some(ArtifactAliasConnection { edges, page_info: page.info }))
    }

    async fn artifacts(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
        order: Option<String>,
        filters: Option<JsonString>,
    ) -> Result<Option<VersionedArtifactConnection>> {
        self.place.check_readable()?;
        check_choice(order.as_deref(), filters.as_ref())?;
        let versions = self.collection.versions.iter().rev();
        let found = versions.filter_map(|id| self.place.artifacts.artifact(*id));
        let page = Page::of(found, after.as_deref(), Scope::of(ctx)?.page(first))?;
        let edge = |(found, cursor): (&Arc<engine::Artifact>, String)| VersionedArtifactEdge {
            version: format!("v{}", found.version().map_or(0, |version| version.index)),
            node: self.place.artifact(found),
            cursor,
        };
        Ok(Some(VersionedArtifactConnection {
            total_count: int(self.collection.versions.len()),
            edges: page.entries.into_iter().map(edge).collect(),
            page_info: page.info,
        }))
    }

    async fn artifact_membership(&self, alias_name: String) -> Result<Option<ArtifactCollectionMembership>> {
        self.place.check_readable()?;
        Ok(self.place.membership(&self.collection.name, &alias_name))
    }

    async fn latest_artifact(&self) -> Option<Artifact> {
        self.newest()
    }

    async fn digest_algorithm(&self) -> ArtifactDigestAlgorithm {
        ArtifactDigestAlgorithm::Md5
    }
}

/// An artifact as one of a collection.
pub(crate) struct ArtifactCollectionMembership {
    artifact: Artifact,
}

impl ArtifactCollectionMembership {
    pub(super) fn new(artifact: Artifact) -> Self {
        Self { artifact }
    }
}

#[Object]
impl ArtifactCollectionMembership {
    async fn id(&self) -> ID {
        let name = format!("{}:{}", self.artifact.artifact.collection, self.artifact.artifact.id);
        ids::of_named("ArtifactCollectionMembership", &self.artifact.place.key, &name).into()
    }

    async fn version_index(&self) -> Option<i32> {
        self.artifact.artifact.version().map(|version| int(version.index))
    }

    async fn created_at(&self) -> Moment {
        Moment::of(self.artifact.artifact.created)
    }

    async fn aliases(&self) -> Vec<ArtifactAlias> {
        self.artifact.aliases()
    }

    async fn artifact_collection(&self) -> Option<ArtifactCollection> {
        self.artifact.sequence().map(ArtifactCollection::ArtifactSequence)
    }

    async fn artifact(&self) -> Option<Artifact> {
        Some(self.artifact.clone())
    }

    async fn files(
        &self,
        ctx: &Context<'_>,
        names: Option<Vec<String>>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<FileConnection>> {
        self.artifact.place.check_readable()?;
        file::listed(ctx, &self.artifact, names, after.as_deref(), first).await.map(Some)
    }
}
