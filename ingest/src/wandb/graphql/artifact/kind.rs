//! Types of artifacts, and the collections of a project.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use engine::Collection;

use super::Place;
use super::collection::{ArtifactCollection, ArtifactSequence};
use crate::http::error::Refusal;
use crate::wandb::graphql::scalars::{JsonString, Moment};
use crate::wandb::graphql::{Page, PageInfo, Scope, int};
use crate::wandb::ids;

/// A type: what collections of it have in common is the name.
pub(crate) struct ArtifactType {
    place: Place,
    name: Arc<str>,
}

#[derive(SimpleObject)]
pub(crate) struct ArtifactTypeConnection {
    edges: Vec<ArtifactTypeEdge>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
pub(crate) struct ArtifactTypeEdge {
    node: Option<ArtifactType>,
    cursor: Option<String>,
}

#[derive(SimpleObject)]
pub(crate) struct ArtifactCollectionConnection {
    total_count: i32,
    page_info: PageInfo,
    edges: Vec<ArtifactCollectionEdge>,
}

#[derive(SimpleObject)]
pub(crate) struct ArtifactCollectionEdge {
    node: Option<ArtifactCollection>,
    cursor: Option<String>,
}

impl ArtifactType {
    pub(super) fn new(place: &Place, name: &Arc<str>) -> Self {
        Self { place: place.clone(), name: Arc::clone(name) }
    }

    /// The type of a name that has a version in the project.
    pub(in super::super) fn find(place: &Place, name: &str) -> Option<Self> {
        let found = place.artifacts.collections().find(|collection| *collection.kind == *name)?;
        Some(Self::new(place, &found.kind))
    }

    fn collections(&self) -> impl Iterator<Item = &Arc<Collection>> {
        self.place.artifacts.collections().filter(|collection| collection.kind == self.name)
    }
}

impl ArtifactTypeConnection {
    /// Those of a project that the caller may read; none of another.
    pub(in super::super) fn of(
        place: Option<&Place>,
        after: Option<&str>,
        first: usize,
    ) -> Result<Self, Refusal> {
        let collections = place
            .into_iter()
            .flat_map(|place| place.artifacts.collections().map(move |collection| (&collection.kind, place)));
        let kinds: BTreeMap<&Arc<str>, &Place> = collections.collect();
        let kinds = kinds.into_iter().map(|(kind, place)| ArtifactType::new(place, kind));
        let page = Page::of(kinds, after, first)?;
        let edge = |(node, cursor)| ArtifactTypeEdge { node: Some(node), cursor: Some(cursor) };
        Ok(Self { edges: page.entries.into_iter().map(edge).collect(), page_info: page.info })
    }
}

/// Which page of collections is asked for.
pub(in super::super) struct Asked {
    pub(in super::super) after: Option<String>,
    pub(in super::super) first: Option<i32>,
    pub(in super::super) filters: Option<JsonString>,
    pub(in super::super) order: Option<String>,
}

impl ArtifactCollectionConnection {
    pub(in super::super) fn of<'a>(
        ctx: &Context<'_>,
        place: &Place,
        all: impl Iterator<Item = &'a Arc<Collection>> + Clone,
        asked: &Asked,
    ) -> Result<Self> {
        let is_empty = |json: &JsonString| matches!(json.0.trim(), "" | "{}" | "null");
        if asked.filters.as_ref().is_some_and(|json| !is_empty(json)) {
            let what = "filters of collections of artifacts are not supported by this server yet";
            return Err(Refusal::invalid(what).into());
        }
        if asked.order.as_ref().is_some_and(|order| !matches!(order.as_str(), "" | "name")) {
            return Err(Refusal::invalid("collections of artifacts come by name").into());
        }
        let total_count = int(all.clone().count());
        let page = Page::of(all, asked.after.as_deref(), Scope::of(ctx)?.page(asked.first))?;
        let edge = |(found, cursor): (&Arc<Collection>, String)| ArtifactCollectionEdge {
            node: Some(ArtifactCollection::ArtifactSequence(ArtifactSequence::new(place, found))),
            cursor: Some(cursor),
        };
        let edges = page.entries.into_iter().map(edge).collect();
        Ok(Self { total_count, page_info: page.info, edges })
    }

    pub(in super::super) fn in_project(ctx: &Context<'_>, place: &Place, asked: &Asked) -> Result<Self> {
        let all: Vec<_> = place.artifacts.collections().collect();
        Self::of(ctx, place, all.iter().copied(), asked)
    }
}

#[Object]
impl ArtifactType {
    async fn id(&self) -> ID {
        ids::of_named("ArtifactType", &self.place.key, &self.name).into()
    }

    async fn name(&self) -> &str {
        &self.name
    }

    async fn description(&self) -> Option<&str> {
        None
    }

    async fn created_at(&self) -> Moment {
        Moment::of(self.collections().map(|collection| collection.created).min().unwrap_or_default())
    }

    async fn artifact_collection(&self, name: String) -> Result<Option<ArtifactCollection>> {
        self.place.check_readable()?;
        let found = self.collections().find(|collection| *collection.name == *name);
        let found = found.map(|found| ArtifactSequence::new(&self.place, found));
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
        self.place.check_readable()?;
        let all: Vec<_> = self.collections().collect();
        let asked = Asked { after, first, filters, order };
        ArtifactCollectionConnection::of(ctx, &self.place, all.iter().copied(), &asked).map(Some)
    }
}
