//! Changes of artifacts (protocol 10.1, 10.2, 10.7).

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use engine::{ArtifactId, RunPath, Snapshot};

use super::file::What;
use super::{Artifact, ArtifactDigestAlgorithm, ArtifactFile, ArtifactManifest, Place};
use crate::app::Plan;
use crate::http::error::Refusal;
use crate::wandb::artifacts::{self, Change, Create, md5_of};
use crate::wandb::capability::ManifestKind;
use crate::wandb::graphql::file::{File, FileConnection};
use crate::wandb::graphql::mutation::SuccessPayload;
use crate::wandb::graphql::scalars::{Int64, JsonString};
use crate::wandb::graphql::{Page, Scope, int};
use crate::wandb::{ids, names};

#[derive(Default)]
pub(crate) struct ArtifactMutation;

#[derive(InputObject)]
pub(crate) struct ArtifactAliasInput {
    artifact_collection_name: String,
    alias: String,
}

#[derive(InputObject)]
pub(crate) struct ArtifactCollectionAliasInput {
    alias: String,
    artifact_collection_name: String,
    entity_name: String,
    project_name: String,
}

#[derive(InputObject)]
pub(crate) struct TagInput {
    tag_name: String,
    tag_category_name: Option<String>,
    attributes: Option<JsonString>,
}

#[derive(InputObject)]
pub(crate) struct CreateArtifactInput {
    aliases: Option<Vec<ArtifactAliasInput>>,
    artifact_collection_name: Option<String>,
    artifact_collection_names: Option<Vec<String>>,
    artifact_type_name: String,
    #[graphql(name = "clientID")]
    client_id: Option<ID>,
    client_mutation_id: Option<String>,
    description: Option<String>,
    digest: String,
    digest_algorithm: Option<ArtifactDigestAlgorithm>,
    #[graphql(name = "distributedID")]
    distributed_id: Option<String>,
    enable_digest_deduplication: Option<bool>,
    entity_name: String,
    history_step: Option<Int64>,
    labels: Option<JsonString>,
    metadata: Option<JsonString>,
    project_name: String,
    run_name: Option<String>,
    #[graphql(name = "sequenceClientID")]
    sequence_client_id: Option<ID>,
    storage_region: Option<String>,
    tags: Option<Vec<TagInput>>,
    ttl_duration_seconds: Option<Int64>,
}

#[derive(SimpleObject)]
pub(crate) struct CreateArtifactPayload {
    artifact: Artifact,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArtifactManifestType {
    Full,
    Incremental,
    Patch,
}

#[derive(InputObject)]
pub(crate) struct CreateArtifactManifestInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    #[graphql(name = "baseArtifactID")]
    base_artifact_id: Option<ID>,
    name: String,
    digest: String,
    entity_name: String,
    project_name: String,
    run_name: String,
    #[graphql(name = "type")]
    kind: ArtifactManifestType,
}

#[derive(InputObject)]
pub(crate) struct UpdateArtifactManifestInput {
    #[graphql(name = "artifactManifestID")]
    artifact_manifest_id: ID,
    digest: Option<String>,
    #[graphql(name = "baseArtifactID")]
    base_artifact_id: Option<ID>,
}

#[derive(SimpleObject)]
pub(crate) struct ArtifactManifestPayload {
    artifact_manifest: ArtifactManifest,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArtifactStorageLayout {
    V1,
    V2,
}

#[derive(InputObject)]
pub(crate) struct UploadPartsInput {
    part_number: Int64,
    #[graphql(name = "hexMD5")]
    hex_md5: String,
}

#[derive(InputObject)]
pub(crate) struct CreateArtifactFileSpecInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    #[graphql(name = "artifactManifestID")]
    artifact_manifest_id: Option<ID>,
    digest: Option<String>,
    md5: String,
    mimetype: Option<String>,
    name: String,
    upload_parts_input: Option<Vec<UploadPartsInput>>,
}

#[derive(InputObject)]
pub(crate) struct CreateArtifactFilesInput {
    artifact_files: Vec<CreateArtifactFileSpecInput>,
    client_mutation_id: Option<String>,
    #[graphql(name = "cloudRegionID")]
    cloud_region_id: Option<ID>,
    digest_algorithm: Option<ArtifactDigestAlgorithm>,
    storage_layout: ArtifactStorageLayout,
}

#[derive(SimpleObject)]
pub(crate) struct CreateArtifactFilesPayload {
    files: FileConnection,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompleteMultipartAction {
    #[graphql(name = "Complete")]
    Complete,
}

#[derive(InputObject)]
pub(crate) struct CompleteMultipartUploadArtifactInput {
    complete_multipart_action: CompleteMultipartAction,
    completed_parts: Vec<UploadPartsInput>,
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    storage_path: String,
    #[graphql(name = "uploadID")]
    upload_id: String,
}

#[derive(SimpleObject)]
pub(crate) struct DigestPayload {
    digest: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct CommitArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
}

#[derive(SimpleObject)]
pub(crate) struct ArtifactPayload {
    artifact: Artifact,
}

#[derive(InputObject)]
pub(crate) struct UseArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    entity_name: String,
    project_name: String,
    run_name: String,
    used_as: Option<String>,
    artifact_entity_name: Option<String>,
    artifact_project_name: Option<String>,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct AddAliasesInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    aliases: Vec<ArtifactCollectionAliasInput>,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct DeleteAliasesInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    aliases: Vec<ArtifactCollectionAliasInput>,
    client_mutation_id: Option<String>,
}

#[derive(InputObject)]
pub(crate) struct UpdateArtifactInput {
    #[graphql(name = "artifactID")]
    artifact_id: ID,
    description: Option<String>,
    metadata: Option<JsonString>,
    labels: Option<JsonString>,
    aliases: Option<Vec<ArtifactAliasInput>>,
    tags_to_add: Option<Vec<TagInput>>,
    tags_to_delete: Option<Vec<TagInput>>,
    ttl_duration_seconds: Option<Int64>,
    client_mutation_id: Option<String>,
}

impl Artifact {
    /// For the answer to a change that the caller was allowed.
    fn changed(scope: &Scope, id: &str) -> Result<Self> {
        let (key, artifact) = ids::to_artifact(id).ok_or_else(|| artifacts::unknown(id))?;
        let is_hidden = !scope.rights(&key).read;
        let place = Place::of(&scope.whole(), &key).map(|place| Place { is_hidden, ..place });
        let found =
            place.and_then(|place| place.artifacts.artifact(artifact).map(|found| place.artifact(found)));
        Ok(found.ok_or_else(|| artifacts::unknown(id))?)
    }

    /// One that the caller may write.
    fn writable(scope: &Scope, id: &str) -> Result<Self> {
        artifacts::writable(&scope.whole().projection, id, &scope.caller)?;
        Self::changed(scope, id)
    }
}

fn tags(tags: Option<Vec<TagInput>>) -> Vec<String> {
    tags.unwrap_or_default().into_iter().map(|tag| tag.tag_name).collect()
}

fn check_ttl(ttl: Option<Int64>) -> Result<(), Refusal> {
    if ttl.is_some_and(|Int64(seconds)| seconds > 0) {
        return Err(Refusal::invalid("artifacts that expire (TTL) are not supported by this server yet"));
    }
    Ok(())
}

fn check_algorithm(algorithm: Option<ArtifactDigestAlgorithm>) -> Result<(), Refusal> {
    if algorithm == Some(ArtifactDigestAlgorithm::Xxh128) {
        return Err(Refusal::invalid("artifacts with XXH128 digests are not supported by this server yet"));
    }
    Ok(())
}

/// What is asked for, or why it is refused.
fn create(input: CreateArtifactInput, scope: &Scope) -> Result<Create, Refusal> {
    let CreateArtifactInput { aliases, labels, storage_region, client_mutation_id, .. } = input;
    let _not_kept = (labels, storage_region, client_mutation_id);
    check_algorithm(input.digest_algorithm)?;
    check_ttl(input.ttl_duration_seconds)?;
    if input.distributed_id.is_some_and(|id| !id.is_empty()) {
        return Err(Refusal::invalid(
            "artifacts that several runs write are not supported by this server yet",
        ));
    }
    let mut collections = input.artifact_collection_names.unwrap_or_default().into_iter();
    let collection = input.artifact_collection_name.filter(|name| !name.is_empty());
    let collection = collection.or_else(|| collections.next());
    let collection = collection.ok_or_else(|| Refusal::invalid("the artifact has no name"))?;
    let is_own = |alias: &ArtifactAliasInput| alias.artifact_collection_name == collection;
    Ok(Create {
        project: names::project(Some(&input.entity_name), Some(&input.project_name), &scope.caller),
        kind: input.artifact_type_name,
        digest: input.digest,
        run: input.run_name,
        description: input.description,
        metadata: input.metadata.map(|JsonString(json)| json),
        aliases: aliases.into_iter().flatten().filter(is_own).map(|alias| alias.alias).collect(),
        tags: tags(input.tags),
        client_id: input.client_id.map(|ID(id)| id).filter(|id| !id.is_empty()),
        sequence_client_id: input.sequence_client_id.map(|ID(id)| id).filter(|id| !id.is_empty()),
        history_step: input.history_step.map(|Int64(step)| step),
        deduplicates: input.enable_digest_deduplication == Some(true),
        collection,
    })
}

/// The artifact that an increment goes on from, if it says so.
fn base(id: Option<&ID>) -> Result<Option<ArtifactId>, Refusal> {
    let id = id.filter(|id| !id.is_empty());
    let base = |id: &ID| ids::to_artifact(id).map(|(_, base)| base).ok_or_else(|| artifacts::unknown(id));
    id.map(base).transpose()
}

fn told_md5(digest: &str) -> Result<Option<[u8; 16]>, Refusal> {
    if digest.is_empty() {
        return Ok(None);
    }
    md5_of(digest)
        .map(Some)
        .ok_or_else(|| Refusal::invalid(format!("{digest:?} is not the base64 of an MD5")))
}

/// The kind of list that an id names, and its artifact.
fn manifest_of(id: &ID) -> Option<(String, ManifestKind)> {
    let (key, name) = ids::to_named("ArtifactManifest", id)?;
    let mut parts = name.splitn(3, ':');
    let number = |text: &str| u64::from_str_radix(text, 16).ok().map(ArtifactId);
    let (artifact, is_increment, base) =
        (number(parts.next()?)?, parts.next()? == "1", number(parts.next()?));
    Some((ids::of_artifact(&key, artifact), ManifestKind { is_increment, base, md5: None }))
}

/// Changes an artifact in the name of a caller who may.
async fn decide(
    scope: &Scope,
    decision: impl Fn(&Arc<Snapshot>) -> Result<Plan<()>, Refusal>,
) -> Result<(), Refusal> {
    scope.app.decide(decision).await
}

#[Object]
impl ArtifactMutation {
    async fn create_artifact(
        &self,
        ctx: &Context<'_>,
        input: CreateArtifactInput,
    ) -> Result<Option<CreateArtifactPayload>> {
        let scope = Scope::of(ctx)?;
        let request = create(input, scope)?;
        let mut random = [0; 8];
        scope.app.store.world().entropy.fill(&mut random).map_err(|error| {
            tracing::error!(%error, "the system gives no random bytes");
            Refusal::unavailable("the system gives no random bytes")
        })?;
        let (drawn, act) = (ArtifactId(u64::from_le_bytes(random)), scope.act());
        decide(scope, |snapshot| {
            artifacts::create(&snapshot.projection, &request, drawn, &scope.caller, &act)
        })
        .await?;
        let snapshot = scope.whole();
        let project = snapshot.projection.projects.get(&request.project);
        let made = project.and_then(|project| artifacts::created(&project.artifacts, &request, drawn));
        let made = made.ok_or_else(|| Refusal::unavailable("the artifact is not there"))?;
        let artifact = Artifact::changed(scope, &ids::of_artifact(&request.project, made.id))?;
        Ok(Some(CreateArtifactPayload { artifact }))
    }

    async fn create_artifact_manifest(
        &self,
        ctx: &Context<'_>,
        input: CreateArtifactManifestInput,
    ) -> Result<Option<ArtifactManifestPayload>> {
        let _in_the_id = (input.name, input.entity_name, input.project_name, input.run_name);
        let is_increment = match input.kind {
            ArtifactManifestType::Full => false,
            ArtifactManifestType::Incremental => true,
            ArtifactManifestType::Patch => {
                let what = "artifacts that several runs write are not supported by this server yet";
                return Err(Refusal::invalid(what).into());
            }
        };
        let (base, md5) = (base(input.base_artifact_id.as_ref())?, told_md5(&input.digest)?);
        let artifact = Artifact::writable(Scope::of(ctx)?, &input.artifact_id)?;
        let artifact_manifest = artifact.manifest(ManifestKind { is_increment, base, md5 });
        Ok(Some(ArtifactManifestPayload { artifact_manifest }))
    }

    async fn update_artifact_manifest(
        &self,
        ctx: &Context<'_>,
        input: UpdateArtifactManifestInput,
    ) -> Result<Option<ArtifactManifestPayload>> {
        let id = input.artifact_manifest_id;
        let unknown = || Refusal::not_found(format!("manifest {:?} not found", id.as_str()));
        let (artifact, kind) = manifest_of(&id).ok_or_else(unknown)?;
        let artifact = Artifact::writable(Scope::of(ctx)?, &artifact)?;
        let md5 = told_md5(input.digest.as_deref().unwrap_or_default())?;
        let base = base(input.base_artifact_id.as_ref())?.or(kind.base);
        let artifact_manifest = artifact.manifest(ManifestKind { base, md5, ..kind });
        Ok(Some(ArtifactManifestPayload { artifact_manifest }))
    }

    /// The addresses at which files are put. A file is put whole, whatever parts the client would make of it.
    async fn create_artifact_files(
        &self,
        ctx: &Context<'_>,
        input: CreateArtifactFilesInput,
    ) -> Result<Option<CreateArtifactFilesPayload>> {
        let CreateArtifactFilesInput { client_mutation_id, cloud_region_id, storage_layout, .. } = input;
        let _not_used = (client_mutation_id, cloud_region_id, storage_layout);
        check_algorithm(input.digest_algorithm)?;
        let scope = Scope::of(ctx)?;
        let mut known: Option<(ID, Artifact)> = None;
        let mut files = Vec::with_capacity(input.artifact_files.len());
        for file in input.artifact_files {
            let _not_used = (file.artifact_manifest_id, file.digest, file.mimetype, file.upload_parts_input);
            let artifact = match &known {
                Some((id, artifact)) if *id == file.artifact_id => artifact.clone(),
                _ => Artifact::writable(scope, &file.artifact_id)?,
            };
            names::file_name(&file.name)?;
            let md5 = told_md5(&file.md5)?.ok_or_else(|| Refusal::invalid("a file has no MD5"))?;
            let content = artifact.place.artifacts.content(&md5);
            let born = content.map_or(artifact.artifact.id, |content| content.born);
            let what = What::Ahead { name: file.name, md5, is_here: content.is_some() };
            files.push(File::of_artifact(ArtifactFile {
                place: artifact.place.clone(),
                artifact: born,
                what,
            }));
            known = Some((file.artifact_id, artifact));
        }
        let count = files.len();
        let page = Page::of(files.into_iter(), None, count)?;
        Ok(Some(CreateArtifactFilesPayload { files: FileConnection::new(page, int(count)) }))
    }

    async fn complete_multipart_upload_artifact(
        &self,
        ctx: &Context<'_>,
        input: CompleteMultipartUploadArtifactInput,
    ) -> Result<Option<DigestPayload>> {
        let _ = (input.complete_multipart_action, input.completed_parts, input.storage_path);
        Artifact::writable(Scope::of(ctx)?, &input.artifact_id)?;
        let id = input.upload_id;
        Err(Refusal::not_found(format!("no upload {id:?} in parts was begun: files are put whole")).into())
    }

    async fn commit_artifact(
        &self,
        ctx: &Context<'_>,
        input: CommitArtifactInput,
    ) -> Result<Option<ArtifactPayload>> {
        let scope = Scope::of(ctx)?;
        artifacts::commit(&scope.app, &input.artifact_id, &scope.caller, &scope.act()).await?;
        Ok(Some(ArtifactPayload { artifact: Artifact::changed(scope, &input.artifact_id)? }))
    }

    async fn use_artifact(
        &self,
        ctx: &Context<'_>,
        input: UseArtifactInput,
    ) -> Result<Option<ArtifactPayload>> {
        let _in_the_id = (input.artifact_entity_name, input.artifact_project_name, input.client_mutation_id);
        let scope = Scope::of(ctx)?;
        let project = names::project(Some(&input.entity_name), Some(&input.project_name), &scope.caller);
        let (run, act) = (RunPath::new(project, input.run_name.as_str()), scope.act());
        let (id, used_as) = (&input.artifact_id, input.used_as.as_deref());
        decide(scope, |snapshot| {
            artifacts::use_artifact(&snapshot.projection, (&run, id), used_as, &scope.caller, &act)
        })
        .await?;
        Ok(Some(ArtifactPayload { artifact: Artifact::changed(scope, id)? }))
    }

    async fn add_aliases(&self, ctx: &Context<'_>, input: AddAliasesInput) -> Result<Option<SuccessPayload>> {
        let _unused = input.client_mutation_id;
        set_aliases(ctx, &input.artifact_id, input.aliases, true).await
    }

    async fn delete_aliases(
        &self,
        ctx: &Context<'_>,
        input: DeleteAliasesInput,
    ) -> Result<Option<SuccessPayload>> {
        let _unused = input.client_mutation_id;
        set_aliases(ctx, &input.artifact_id, input.aliases, false).await
    }

    async fn update_artifact(
        &self,
        ctx: &Context<'_>,
        input: UpdateArtifactInput,
    ) -> Result<Option<ArtifactPayload>> {
        let _not_kept = (input.labels, input.client_mutation_id);
        check_ttl(input.ttl_duration_seconds)?;
        let (scope, id) = (Scope::of(ctx)?, input.artifact_id);
        let change = Change {
            description: input.description,
            metadata: input.metadata.map(|JsonString(json)| json),
            tags_added: tags(input.tags_to_add),
            tags_removed: tags(input.tags_to_delete),
        };
        let aliases: Vec<String> = input.aliases.into_iter().flatten().map(|alias| alias.alias).collect();
        let act = scope.act();
        decide(scope, |snapshot| {
            let mut plan = artifacts::change(&snapshot.projection, &id, &change, &scope.caller, &act)?;
            let named =
                artifacts::set_aliases(&snapshot.projection, &id, (&aliases, true), &scope.caller, &act)?;
            plan.events.extend(named.events);
            Ok(plan)
        })
        .await?;
        Ok(Some(ArtifactPayload { artifact: Artifact::changed(scope, &id)? }))
    }
}

async fn set_aliases(
    ctx: &Context<'_>,
    id: &ID,
    aliases: Vec<ArtifactCollectionAliasInput>,
    is_added: bool,
) -> Result<Option<SuccessPayload>> {
    let (scope, mut own) = (Scope::of(ctx)?, Vec::new());
    let act = scope.act();
    let artifact = Artifact::writable(scope, id)?;
    for alias in aliases {
        let project = names::project(Some(&alias.entity_name), Some(&alias.project_name), &scope.caller);
        if project != artifact.place.key || *alias.artifact_collection_name != *artifact.artifact.collection {
            let what = "aliases in other collections (links) are not supported by this server yet";
            return Err(Refusal::invalid(what).into());
        }
        own.push(alias.alias);
    }
    let (own, id) = (own.as_slice(), id.as_str());
    decide(scope, |snapshot| {
        artifacts::set_aliases(&snapshot.projection, id, (own, is_added), &scope.caller, &act)
    })
    .await?;
    Ok(Some(SuccessPayload::DONE))
}
