//! Committing an artifact, and reading the list of its files.
//!
//! What holds: a version is there only once each of its files is (F15); the list that stands for it is that of all
//! its files, also where the client sent an increment.

use std::sync::Arc;

use engine::{Artifact, ArtifactBlob, ArtifactCommitted, ArtifactStage, Artifacts, Blobs, Body};

use super::manifest::{BYTES_MAX, Entry, Manifest, merged};
use super::{named, on, plan, writable};
use crate::access::Caller;
use crate::app::App;
use crate::http::error::Refusal;
use crate::http::memory::Work;
use crate::wandb::Act;
use crate::wandb::files::blocking;

/// Makes an artifact the next version of its collection. Doing so again changes nothing.
pub(crate) async fn commit(app: &Arc<App>, id: &str, caller: &Caller, act: &Act) -> Result<(), Refusal> {
    let snapshot = app.store.snapshot();
    let (key, artifact) = writable(&snapshot.projection, id, caller)?;
    if artifact.version().is_some() {
        return Ok(());
    }
    app.pool.memory.admit(Work::Query)?;
    let (artifact, blobs) = (Arc::clone(artifact), app.store.blobs().clone());
    let artifacts = snapshot.projection.projects.get(&key).map(|project| Arc::clone(&project.artifacts));
    let artifacts = artifacts.unwrap_or_default();
    let committed = blocking(move || whole(&blobs, &artifacts, &artifact)).await?;
    // The fold takes it for what it is, whatever came in between; only the right to write may have gone.
    app.decide(|snapshot| {
        writable(&snapshot.projection, id, caller)?;
        Ok(plan(Some(on(act, &key, Body::ArtifactCommitted(committed.clone())))))
    })
    .await
}

/// Checks that an artifact is whole, and stores the list of all its files.
fn whole(blobs: &Blobs, artifacts: &Artifacts, artifact: &Artifact) -> Result<ArtifactCommitted, Refusal> {
    let ArtifactStage::Pending { manifest: Some(put), .. } = &artifact.stage else {
        return Err(Refusal::invalid("the artifact has no manifest yet"));
    };
    let mut bytes = read(blobs, &put.file)?;
    let mut file = put.file;
    if put.is_increment {
        let base = put.base.and_then(|base| artifacts.artifact(base));
        let base = base.or_else(|| artifacts.newest(&artifact.collection));
        if let Some(version) = base.and_then(|base| base.version()) {
            bytes = merged(&read(blobs, &version.manifest)?, &bytes)?;
            let mut upload = blobs.begin()?;
            upload.write(&bytes)?;
            file = named(upload.finish(Some(bytes.len() as u64), None)?);
        }
    }
    let (files, size) = Manifest::read(&bytes)?.check(artifacts)?;
    Ok(ArtifactCommitted { artifact: artifact.id, manifest: file, files, size })
}

fn read(blobs: &Blobs, file: &ArtifactBlob) -> Result<Vec<u8>, Refusal> {
    if file.size > BYTES_MAX {
        return Err(Refusal::too_large("the manifest", BYTES_MAX));
    }
    let mut pieces = blobs.open(&file.digest)?.pieces();
    let mut bytes = Vec::new();
    loop {
        let piece = pieces.read(1 << 20)?;
        if piece.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&piece);
    }
}

/// The entries of a version's list, by name; none of what is not committed.
pub(crate) async fn files(app: &Arc<App>, artifact: &Arc<Artifact>) -> Result<Vec<(String, Entry)>, Refusal> {
    app.pool.memory.admit(Work::Query)?;
    let (artifact, blobs) = (Arc::clone(artifact), app.store.blobs().clone());
    blocking(move || match artifact.version() {
        Some(version) => {
            let bytes = read(&blobs, &version.manifest)?;
            Ok::<_, Refusal>(Manifest::read(&bytes)?.into_entries())
        }
        None => Ok(Vec::new()),
    })
    .await
}
