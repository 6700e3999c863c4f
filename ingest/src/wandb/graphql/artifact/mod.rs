//! Artifacts, as the client reads them (protocol 10.5).
//!
//! What holds: who may write in a project and not read there is told of an artifact what the request named, and
//! which one it is; everything else asks [`Place::check_readable`].

mod collection;
mod file;
mod kind;
mod mutation;

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, Union};
use engine::{ArtifactStage, Artifacts, ProjectKey, RunIn, RunKey, Snapshot};
use sha2::{Digest as _, Sha256};

use super::file::FileConnection;
use super::project::Project;
use super::run::Run;
use super::scalars::{Int64, JsonString, Moment};
use super::viewer::User;
use super::{Page, PageInfo, Scope, int};
use crate::http::error::Refusal;
use crate::wandb::capability::ManifestKind;
use crate::wandb::ids;

pub(super) use crate::wandb::artifacts::parts;
pub(crate) use collection::{ArtifactCollection, ArtifactCollectionMembership, ArtifactSequence};
pub(crate) use file::ArtifactFile;
pub(super) use kind::Asked;
pub(crate) use kind::{ArtifactCollectionConnection, ArtifactType, ArtifactTypeConnection};
pub(crate) use mutation::ArtifactMutation;

/// A project whose artifacts are asked for.
#[derive(Clone)]
pub(crate) struct Place {
    snapshot: Arc<Snapshot>,
    key: ProjectKey,
    artifacts: Arc<Artifacts>,
    /// Who asks may write there and not read.
    is_hidden: bool,
}

impl Place {
    /// A project that the caller may read.
    pub(super) fn find(ctx: &Context<'_>, key: &ProjectKey) -> Result<Option<Self>> {
        Ok(Self::of(&Scope::of(ctx)?.snapshot(), key))
    }

    fn of(snapshot: &Arc<Snapshot>, key: &ProjectKey) -> Option<Self> {
        let project = snapshot.projection.projects.get(key)?;
        let (snapshot, artifacts) = (Arc::clone(snapshot), Arc::clone(&project.artifacts));
        Some(Self { snapshot, key: key.clone(), artifacts, is_hidden: false })
    }

    fn check_readable(&self) -> Result<(), Refusal> {
        if self.is_hidden {
            Err(Refusal::forbidden("you may not read the artifacts of this project"))
        } else {
            Ok(())
        }
    }

    pub(super) fn artifact(&self, found: &Arc<engine::Artifact>) -> Artifact {
        Artifact { place: self.clone(), artifact: Arc::clone(found) }
    }

    /// The artifact of a name as `collection:alias`.
    pub(super) fn named(&self, name: &str) -> Option<Artifact> {
        let (collection, alias) = parts(name);
        self.artifacts.named(collection, alias).map(|found| self.artifact(found))
    }

    /// The place of an artifact in its collection.
    pub(super) fn membership(&self, collection: &str, alias: &str) -> Option<ArtifactCollectionMembership> {
        let found = self.artifacts.named(collection, alias)?;
        Some(ArtifactCollectionMembership::new(self.artifact(found)))
    }

    pub(super) fn collection(&self, name: &str) -> Option<ArtifactSequence> {
        let found = self.artifacts.collection(name).filter(|found| !found.versions.is_empty())?;
        Some(ArtifactSequence::new(self, found))
    }

    fn project(&self) -> Option<Project> {
        Project::find(&self.snapshot, &self.key)
    }

    /// A run, where it is there and the caller may see it.
    fn run(&self, ctx: &Context<'_>, run: &RunIn) -> Result<Option<Run>> {
        let (run, generation) = (Arc::clone(&run.run), run.generation);
        self.run_of(ctx, &RunKey { project: self.key.clone(), run, generation })
    }

    fn run_of(&self, ctx: &Context<'_>, key: &RunKey) -> Result<Option<Run>> {
        let snapshot = Scope::of(ctx)?.snapshot();
        let run = snapshot.projection.generation(key).map_err(Refusal::from)?;
        Ok(run.filter(|run| run.deleted.is_none()).map(|run| Run::new(&snapshot, &run)))
    }
}

#[derive(Clone)]
pub(crate) struct Artifact {
    place: Place,
    artifact: Arc<engine::Artifact>,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArtifactState {
    Pending,
    Committed,
    Deleted,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArtifactDigestAlgorithm {
    #[graphql(name = "MANIFEST_MD5")]
    Md5,
    #[graphql(name = "MANIFEST_XXH128")]
    Xxh128,
}

#[derive(SimpleObject)]
pub(crate) struct Tag {
    id: ID,
    name: String,
}

#[derive(SimpleObject)]
pub(crate) struct ArtifactAlias {
    id: ID,
    alias: String,
    artifact_collection: Option<ArtifactCollection>,
}

#[expect(clippy::large_enum_variant, reason = "one of them at a time, on its way into an answer")]
#[derive(Union)]
pub(crate) enum ArtifactCreator {
    Run(Run),
    User(User),
}

#[derive(SimpleObject)]
pub(crate) struct RunInfoConnection {
    edges: Vec<RunInfoEdge>,
}

#[derive(SimpleObject)]
pub(crate) struct RunInfoEdge {
    node: Run,
}

#[derive(SimpleObject)]
pub(crate) struct ArtifactManifest {
    id: ID,
    file: super::file::File,
}

#[derive(SimpleObject)]
pub(crate) struct ArtifactConnection {
    total_count: i32,
    page_info: PageInfo,
    edges: Vec<ArtifactEdge>,
}

#[derive(SimpleObject)]
pub(crate) struct ArtifactEdge {
    node: Option<Artifact>,
    cursor: Option<String>,
}

/// What a run uses. Older clients know its connection by a name of its own.
#[derive(SimpleObject)]
pub(crate) struct InputArtifactConnection {
    total_count: i32,
    page_info: PageInfo,
    edges: Vec<ArtifactEdge>,
}

impl From<ArtifactConnection> for InputArtifactConnection {
    fn from(connection: ArtifactConnection) -> Self {
        let ArtifactConnection { total_count, page_info, edges } = connection;
        Self { total_count, page_info, edges }
    }
}

impl ArtifactConnection {
    /// A page of artifacts.
    fn of(all: Vec<Artifact>, after: Option<&str>, first: usize) -> Result<Self, Refusal> {
        let total_count = int(all.len());
        let page = Page::of(all.into_iter(), after, first)?;
        let edge = |(node, cursor)| ArtifactEdge { node: Some(node), cursor: Some(cursor) };
        let edges = page.entries.into_iter().map(edge).collect();
        Ok(Self { total_count, page_info: page.info, edges })
    }

    /// What a run logged.
    pub(super) fn logged(
        ctx: &Context<'_>,
        run: &RunKey,
        (after, first): (Option<&str>, Option<i32>),
    ) -> Result<Option<Self>> {
        let Some(place) = Place::find(ctx, &run.project)? else { return Ok(None) };
        let logged = place.artifacts.logged_by(&RunIn::from(run));
        let all = logged.iter().map(|found| place.artifact(found)).collect();
        Ok(Some(Self::of(all, after, Scope::of(ctx)?.page(first))?))
    }

    /// What a run uses, of what the caller may see.
    pub(super) fn used(
        ctx: &Context<'_>,
        run: &RunKey,
        (after, first): (Option<&str>, Option<i32>),
    ) -> Result<Option<Self>> {
        let snapshot = Scope::of(ctx)?.snapshot();
        let Some(place) = Place::of(&snapshot, &run.project) else { return Ok(None) };
        let run = RunIn::from(run);
        let mut all: Vec<Artifact> = place
            .artifacts
            .used_by(&run)
            .filter_map(|(key, id)| {
                let place = Place::of(&snapshot, key)?;
                place.artifacts.artifact(id).map(|found| place.artifact(found))
            })
            .collect();
        all.sort_by_key(|used| (used.artifact.created, used.artifact.id));
        Ok(Some(Self::of(all, after, Scope::of(ctx)?.page(first))?))
    }
}

impl Artifact {
    /// The artifact of an id that the caller may read.
    pub(super) fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Self>> {
        let Some((key, id)) = ids::to_artifact(id) else { return Ok(None) };
        let place = Place::find(ctx, &key)?;
        Ok(place.and_then(|place| place.artifacts.artifact(id).map(|found| place.artifact(found))))
    }

    fn sequence(&self) -> Option<ArtifactSequence> {
        let found = self.place.artifacts.collection(&self.artifact.collection)?;
        Some(ArtifactSequence::new(&self.place, found))
    }

    fn aliases(&self) -> Vec<ArtifactAlias> {
        let alias = |alias: &Arc<str>| ArtifactAlias {
            id: ids::of_named(
                "ArtifactAlias",
                &self.place.key,
                &format!("{}:{alias}", self.artifact.collection),
            )
            .into(),
            alias: alias.to_string(),
            artifact_collection: self.sequence().map(ArtifactCollection::ArtifactSequence),
        };
        self.place.artifacts.aliases(&self.artifact).map(alias).collect()
    }

    /// The list of its files, as an address to put it at or to get it from.
    fn manifest(&self, kind: ManifestKind) -> ArtifactManifest {
        let file = ArtifactFile::manifest(self, kind);
        ArtifactManifest { id: manifest_id(self, kind).into(), file: super::file::File::of_artifact(file) }
    }

    fn told<T>(&self, what: T) -> Option<T> {
        (!self.place.is_hidden).then_some(what)
    }
}

/// The id of a list of files says all that is known of it, since nothing is kept before it is put.
fn manifest_id(artifact: &Artifact, kind: ManifestKind) -> String {
    let base = kind.base.map(|base| base.to_string()).unwrap_or_default();
    let name = format!("{}:{}:{base}", artifact.artifact.id, u8::from(kind.is_increment));
    ids::of_named("ArtifactManifest", &artifact.place.key, &name)
}

#[Object]
impl Artifact {
    async fn id(&self) -> ID {
        ids::of_artifact(&self.place.key, self.artifact.id).into()
    }

    async fn artifact_sequence(&self) -> Result<ArtifactSequence> {
        Ok(self.sequence().ok_or_else(|| Refusal::not_found("there is no such collection"))?)
    }

    async fn version_index(&self) -> Option<i32> {
        self.artifact.version().map(|version| int(version.index))
    }

    async fn artifact_type(&self) -> Result<ArtifactType> {
        let sequence = self.sequence().ok_or_else(|| Refusal::not_found("there is no such collection"))?;
        Ok(sequence.kind())
    }

    async fn description(&self) -> Option<&str> {
        self.told(self.artifact.description.as_deref())?
    }

    async fn metadata(&self) -> Option<JsonString> {
        self.told(self.artifact.metadata.as_deref())?.map(|json| JsonString(json.to_owned()))
    }

    /// Artifacts are kept until they are deleted.
    async fn ttl_duration_seconds(&self) -> Int64 {
        Int64(-2)
    }

    async fn ttl_is_inherited(&self) -> bool {
        true
    }

    async fn tags(&self) -> Vec<Tag> {
        let tag = |tag: &Arc<str>| Tag {
            id: ids::of_named("Tag", &self.place.key, tag).into(),
            name: tag.to_string(),
        };
        self.artifact.tags.iter().filter(|_| !self.place.is_hidden).map(tag).collect()
    }

    async fn history_step(&self) -> Option<Int64> {
        self.told(self.artifact.history_step)?.map(Int64)
    }

    async fn state(&self) -> ArtifactState {
        match self.artifact.stage {
            ArtifactStage::Pending { .. } => ArtifactState::Pending,
            ArtifactStage::Committed(_) | ArtifactStage::Same(_) => ArtifactState::Committed,
        }
    }

    async fn size(&self) -> Int64 {
        let size =
            self.artifact.version().filter(|_| !self.place.is_hidden).map_or(0, |version| version.size);
        Int64(i64::try_from(size).unwrap_or(i64::MAX))
    }

    async fn digest(&self) -> &str {
        self.told(&*self.artifact.digest).unwrap_or_default()
    }

    async fn digest_algorithm(&self) -> ArtifactDigestAlgorithm {
        ArtifactDigestAlgorithm::Md5
    }

    async fn commit_hash(&self) -> Option<String> {
        let hash = Sha256::digest(ids::of_artifact(&self.place.key, self.artifact.id));
        Some(hash.iter().take(10).map(|byte| format!("{byte:02x}")).collect())
    }

    async fn file_count(&self) -> Int64 {
        let files =
            self.artifact.version().filter(|_| !self.place.is_hidden).map_or(0, |version| version.files);
        Int64(i64::try_from(files).unwrap_or(i64::MAX))
    }

    async fn created_at(&self) -> Moment {
        Moment::of(self.artifact.created)
    }

    async fn updated_at(&self) -> Option<Moment> {
        self.artifact.updated.map(Moment::of)
    }

    #[graphql(name = "aliases")]
    async fn aliases_told(&self) -> Vec<ArtifactAlias> {
        self.told(self.aliases()).unwrap_or_default()
    }

    async fn current_manifest(&self) -> Result<Option<ArtifactManifest>> {
        self.place.check_readable()?;
        Ok(self.artifact.version().map(|_| self.manifest(ManifestKind::default())))
    }

    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<ArtifactCreator>> {
        self.place.check_readable()?;
        Ok(match &self.artifact.run {
            Some(run) => self.place.run(ctx, run)?.map(ArtifactCreator::Run),
            None => Some(ArtifactCreator::User(User::of(Scope::of(ctx)?, &self.artifact.author))),
        })
    }

    /// Runs of every project that the caller may read.
    async fn used_by(&self, ctx: &Context<'_>) -> Result<RunInfoConnection> {
        self.place.check_readable()?;
        let snapshot = Scope::of(ctx)?.snapshot();
        let max = Scope::of(ctx)?.app.limits.page_entries;
        let mut edges = Vec::new();
        for (key, project) in &snapshot.projection.projects {
            let Some(place) = Place::of(&snapshot, key) else { continue };
            for run in project.artifacts.users(&self.place.key, self.artifact.id) {
                if edges.len() < max {
                    edges.extend(place.run(ctx, run)?.map(|node| RunInfoEdge { node }));
                }
            }
        }
        Ok(RunInfoConnection { edges })
    }

    async fn files(
        &self,
        ctx: &Context<'_>,
        names: Option<Vec<String>>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Option<FileConnection>> {
        self.place.check_readable()?;
        file::listed(ctx, self, names, after.as_deref(), first).await.map(Some)
    }
}
