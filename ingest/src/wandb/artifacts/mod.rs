//! What the client asks of artifacts, as events (protocol 10). Pure: a snapshot and a request in, a plan out.
//!
//! What holds:
//! - Nothing rests on how many events the project has: which version an artifact becomes, and whether it is one
//!   that is there already, is told by the fold, so a thousand runs log artifacts at once without waiting.
//! - What a retried request asks again is no event.

mod commit;
mod manifest;
mod names;

use std::sync::Arc;

use engine::{
    AliasMoved, Artifact, ArtifactBlob, ArtifactChanged, ArtifactCreated, ArtifactFilePut, ArtifactId,
    ArtifactManifestPut, ArtifactUsed, Artifacts, Body, Event, ProjectKey, Projection, RunIn, RunPath,
    Subject,
};

use crate::access::Caller;
use crate::app::Plan;
use crate::http::error::Refusal;
use crate::wandb::{Act, ids, names as all_names, translate};

pub(crate) use commit::{commit, files};
pub(crate) use manifest::{Entry, md5_of, md5_of_hex};
pub(crate) use names::parts;

/// What a project may hold of artifacts: all of it but the lists of files is in memory.
const ARTIFACTS_MAX: usize = 200_000;
const CONTENTS_MAX: usize = 2_000_000;
const LINKS_MAX: usize = 1_000_000;

/// `createArtifact`.
#[derive(Debug, Clone)]
pub(crate) struct Create {
    pub(crate) project: ProjectKey,
    pub(crate) collection: String,
    pub(crate) kind: String,
    pub(crate) digest: String,
    pub(crate) run: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) aliases: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) sequence_client_id: Option<String>,
    pub(crate) history_step: Option<i64>,
    pub(crate) deduplicates: bool,
}

/// An artifact that a request names: its project is there, and the caller may write in it.
pub(crate) fn writable<'a>(
    projection: &'a Projection,
    id: &str,
    caller: &Caller,
) -> Result<(ProjectKey, &'a Arc<Artifact>), Refusal> {
    let (key, artifact) = known(id)?;
    all_names::check_may_write(projection, caller, &key)?;
    let found = projection.projects.get(&key).and_then(|project| project.artifacts.artifact(artifact));
    Ok((key, found.ok_or_else(|| unknown(id))?))
}

fn known(id: &str) -> Result<(ProjectKey, ArtifactId), Refusal> {
    ids::to_artifact(id).ok_or_else(|| unknown(id))
}

pub(crate) fn unknown(id: &str) -> Refusal {
    Refusal::not_found(format!("artifact {id:?} not found"))
}

fn artifacts_of<'a>(projection: &'a Projection, key: &ProjectKey) -> Result<&'a Artifacts, Refusal> {
    let project = projection.projects.get(key);
    let project =
        project.ok_or_else(|| Refusal::not_found(format!("project '{}' not found", key.project)))?;
    Ok(&project.artifacts)
}

fn plan(event: Option<Event>) -> Plan<()> {
    Plan { events: event.into_iter().collect(), rests_on: Vec::new(), reply: () }
}

fn on(act: &Act, key: &ProjectKey, body: Body) -> Event {
    act.on(Subject::Project(key.clone()), body)
}

/// Begins an artifact, under an id that was drawn for it.
pub(crate) fn create(
    projection: &Projection,
    request: &Create,
    drawn: ArtifactId,
    caller: &Caller,
    act: &Act,
) -> Result<Plan<()>, Refusal> {
    all_names::check_may_write(projection, caller, &request.project)?;
    let artifacts = artifacts_of(projection, &request.project)?;
    names::check(request)?;
    if let Some(other) =
        artifacts.collection(&request.collection).filter(|found| *found.kind != *request.kind)
    {
        let (name, kind) = (&request.collection, &other.kind);
        return Err(Refusal::invalid(format!(
            "the artifacts {name:?} have type {kind:?}, not {:?}",
            request.kind
        )));
    }
    let (count, _, links) = artifacts.counts();
    if count >= ARTIFACTS_MAX || links >= LINKS_MAX {
        return Err(Refusal::invalid(format!(
            "project {} holds as many artifacts as it can",
            request.project
        )));
    }
    let run = request.run.as_ref().filter(|run| !run.is_empty());
    let run =
        run.map(|run| translate::living(projection, &RunPath::new(request.project.clone(), run.as_str())));
    let run = run.transpose()?.map(|run| RunIn::from(&run.key));
    if stands(artifacts, request, run.as_ref()) {
        return Ok(plan(None));
    }
    let given = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Arc::from);
    let all = |texts: &[String]| texts.iter().map(|text| Arc::from(text.as_str())).collect();
    let created = ArtifactCreated {
        artifact: drawn,
        collection: request.collection.as_str().into(),
        kind: request.kind.as_str().into(),
        digest: request.digest.as_str().into(),
        run,
        description: given(&request.description),
        metadata: given(&request.metadata),
        aliases: all(&request.aliases),
        tags: all(&request.tags),
        client_id: given(&request.client_id),
        sequence_client_id: given(&request.sequence_client_id),
        history_step: request.history_step,
        deduplicates: request.deduplicates,
    };
    Ok(plan(Some(on(act, &request.project, Body::ArtifactCreated(created)))))
}

/// Whether a request was taken before: the client that got no answer sends it again.
fn stands(artifacts: &Artifacts, request: &Create, run: Option<&RunIn>) -> bool {
    let known = request.client_id.as_deref().and_then(|client| artifacts.of_client(client));
    known.is_some_and(|artifact| {
        let Some(run) = run else { return true };
        artifact.run.as_ref() == Some(run)
            || artifacts.logged_by(run).iter().any(|logged| logged.id == artifact.id)
    })
}

/// What `createArtifact` came to.
pub(crate) fn created<'a>(
    artifacts: &'a Artifacts,
    request: &Create,
    drawn: ArtifactId,
) -> Option<&'a Arc<Artifact>> {
    let by_client = request.client_id.as_deref().and_then(|client| artifacts.of_client(client));
    let newest = || artifacts.newest(&request.collection).filter(|newest| *newest.digest == *request.digest);
    by_client.or_else(|| artifacts.artifact(drawn)).or_else(newest)
}

/// Names a stored blob as a content of artifacts; one that is known is no event.
pub(crate) fn put_file(
    projection: &Projection,
    key: &ProjectKey,
    put: &ArtifactFilePut,
    act: &Act,
) -> Result<Plan<()>, Refusal> {
    let artifacts = artifacts_of(projection, key)?;
    let is_known = artifacts.content(&put.file.md5).is_some();
    if !is_known && artifacts.counts().1 >= CONTENTS_MAX {
        return Err(Refusal::invalid(format!("project {key} holds as many files of artifacts as it can")));
    }
    Ok(plan((!is_known).then(|| on(act, key, Body::ArtifactFilePut(put.clone())))))
}

/// Names a stored blob as the list of an artifact's files; of a version there is one for good.
pub(crate) fn put_manifest(
    projection: &Projection,
    key: &ProjectKey,
    put: &ArtifactManifestPut,
    act: &Act,
) -> Result<Plan<()>, Refusal> {
    let artifact = artifacts_of(projection, key)?.artifact(put.artifact);
    let artifact = artifact.ok_or_else(|| Refusal::not_found("there is no such artifact"))?;
    let is_pending = artifact.version().is_none();
    Ok(plan(is_pending.then(|| on(act, key, Body::ArtifactManifestPut(put.clone())))))
}

/// Notes that a run uses an artifact.
pub(crate) fn use_artifact(
    projection: &Projection,
    (run, id): (&RunPath, &str),
    used_as: Option<&str>,
    caller: &Caller,
    act: &Act,
) -> Result<Plan<()>, Refusal> {
    all_names::check_may_write(projection, caller, &run.project)?;
    let (key, artifact) = known(id)?;
    let may_see = caller.rights(&projection.people, &key).read || key == run.project;
    let found = projection.projects.get(&key).filter(|_| may_see);
    let found = found.and_then(|project| project.artifacts.artifact(artifact)).ok_or_else(|| unknown(id))?;
    if found.version().is_none() {
        return Err(Refusal::invalid(format!("artifact {id:?} is not committed yet")));
    }
    let user = RunIn::from(&translate::living(projection, run)?.key);
    let artifacts = artifacts_of(projection, &run.project)?;
    if artifacts.used_by(&user).any(|used| used == (&key, found.id)) {
        return Ok(plan(None));
    }
    if artifacts.counts().2 >= LINKS_MAX {
        return Err(Refusal::invalid(format!(
            "the runs of project {} use as many artifacts as they can",
            run.project
        )));
    }
    let used_as = used_as.filter(|used_as| !used_as.is_empty()).map(Arc::from);
    let used = ArtifactUsed { run: user, project: key, artifact: found.id, used_as };
    Ok(plan(Some(on(act, &run.project, Body::ArtifactUsed(used)))))
}

/// Whether a run logged an artifact.
pub(crate) fn has_logged(projection: &Projection, path: &RunPath) -> Result<bool, Refusal> {
    let run = translate::living(projection, path)?;
    let artifacts = artifacts_of(projection, &path.project)?;
    Ok(!artifacts.logged_by(&RunIn::from(&run.key)).is_empty())
}

/// Lets an alias name an artifact, or takes it from there.
pub(crate) fn set_aliases(
    projection: &Projection,
    id: &str,
    (aliases, is_added): (&[String], bool),
    caller: &Caller,
    act: &Act,
) -> Result<Plan<()>, Refusal> {
    let (key, artifact) = writable(projection, id, caller)?;
    if artifact.version().is_none() {
        return Err(Refusal::invalid(format!("artifact {id:?} is not committed yet")));
    }
    let artifacts = artifacts_of(projection, &key)?;
    let mut events = Vec::new();
    for alias in aliases {
        names::check_alias(alias)?;
        let has_it =
            artifacts.named(&artifact.collection, alias).is_some_and(|named| named.id == artifact.id);
        if has_it != is_added {
            let (collection, to) = (Arc::clone(&artifact.collection), is_added.then_some(artifact.id));
            let moved = AliasMoved { collection, alias: alias.as_str().into(), to };
            events.push(on(act, &key, Body::AliasMoved(moved)));
        }
    }
    Ok(Plan { events, rests_on: Vec::new(), reply: () })
}

/// `updateArtifact`: what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) description: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) tags_added: Vec<String>,
    pub(crate) tags_removed: Vec<String>,
}

/// Sets what people say of an artifact.
pub(crate) fn change(
    projection: &Projection,
    id: &str,
    change: &Change,
    caller: &Caller,
    act: &Act,
) -> Result<Plan<()>, Refusal> {
    let (key, artifact) = writable(projection, id, caller)?;
    names::check_said(change.description.as_deref(), change.metadata.as_deref())?;
    let told = |told: &Option<String>, stands: &Option<Arc<str>>| match told {
        None => stands.clone(),
        Some(text) => Some(Arc::from(text.as_str())).filter(|text: &Arc<str>| !text.is_empty()),
    };
    let mut tags = artifact.tags.clone();
    tags.retain(|tag| !change.tags_removed.iter().any(|removed| **removed == **tag));
    for added in &change.tags_added {
        if !tags.iter().any(|tag| **tag == **added) {
            tags.push(added.as_str().into());
        }
    }
    all_names::tags(tags.iter().map(|tag| &**tag))?;
    let changed = ArtifactChanged {
        artifact: artifact.id,
        description: told(&change.description, &artifact.description),
        metadata: told(&change.metadata, &artifact.metadata),
        tags,
    };
    let is_new = (&changed.description, &changed.metadata, &changed.tags)
        != (&artifact.description, &artifact.metadata, &artifact.tags);
    Ok(plan(is_new.then(|| on(act, &key, Body::ArtifactChanged(changed)))))
}

/// A stored blob, as events name it.
pub(crate) fn named(blob: engine::Blob) -> ArtifactBlob {
    let engine::Blob { digest, md5, size } = blob;
    ArtifactBlob { digest, md5, size }
}
