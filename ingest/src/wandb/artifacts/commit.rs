//! Committing an artifact, and reading the list of its files.
//!
//! What holds: a version is there only once each of its files is (F15); the list that stands for it is that of all
//! its files, also where the client sent an increment.

use std::sync::Arc;

use engine::{
    Artifact, ArtifactBlob, ArtifactCommitted, ArtifactManifest, ArtifactStage, ArtifactVersion, Artifacts,
    Blobs, Body, Snapshot, Subject,
};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::manifest::{BYTES_MAX, Entry, Manifest, merged};
use super::{named, on, unknown, writable};
use crate::access::Caller;
use crate::app::{App, Plan};
use crate::http::error::Refusal;
use crate::http::memory::Work;
use crate::wandb::Act;
use crate::wandb::files::blocking;

/// Lists that are read at once: a large one takes a few times its bytes of memory.
static READING: Semaphore = Semaphore::const_new(2);

/// How often an increment is added anew because another version came first.
const ADDITIONS_MAX: usize = 16;

/// Makes an artifact the next version of its collection. Doing so again changes nothing.
pub(crate) async fn commit(app: &Arc<App>, id: &str, caller: &Caller, act: &Act) -> Result<(), Refusal> {
    for _ in 0..ADDITIONS_MAX {
        let snapshot = app.store.snapshot();
        let (key, artifact) = writable(&snapshot.projection, id, caller)?;
        if artifact.version().is_some() {
            return Ok(());
        }
        let (artifact, blobs) = (Arc::clone(artifact), app.store.blobs().clone());
        let project = snapshot.projection.projects.get(&key).cloned().ok_or_else(|| unknown(id))?;
        let seq = project.seq;
        let reading = read_one(app).await?;
        let (committed, is_added) = blocking(move || whole(&blobs, &project.artifacts, &artifact)).await?;
        drop(reading);
        let event = on(act, &key, Body::ArtifactCommitted(committed));
        // A whole list stands for itself, whatever came in between; an increment does for the newest version.
        let decide = |snapshot: &Arc<Snapshot>| {
            writable(&snapshot.projection, id, caller)?;
            let subject = Subject::Project(key.clone());
            let is_late = is_added && snapshot.projection.seq(&subject)? != seq;
            Ok(Plan {
                events: if is_late { Vec::new() } else { vec![event.clone()] },
                rests_on: if is_added { vec![(subject, seq)] } else { Vec::new() },
                reply: is_late,
            })
        };
        if !app.decide(decide).await? {
            return Ok(());
        }
    }
    Err(Refusal::unavailable("this collection of artifacts is being changed from many sides at once"))
}

/// Waits until one more list may be read.
async fn read_one(app: &App) -> Result<SemaphorePermit<'static>, Refusal> {
    app.pool.memory.admit(Work::Query)?;
    READING.acquire().await.map_err(|_closed| Refusal::unavailable("lists of files are not read any more"))
}

/// Checks that an artifact is whole, and stores the list of all its files; whether it was added to another.
fn whole(
    blobs: &Blobs,
    artifacts: &Artifacts,
    artifact: &Artifact,
) -> Result<(ArtifactCommitted, bool), Refusal> {
    let ArtifactStage::Pending { manifest: Some(put), .. } = &artifact.stage else {
        return Err(Refusal::invalid("the artifact has no manifest yet"));
    };
    let mut bytes = read(blobs, &put.file)?;
    let mut file = put.file;
    if let Some(version) = base(artifacts, artifact, put) {
        bytes = merged(&read(blobs, &version.manifest)?, &bytes)?;
        let mut upload = blobs.begin()?;
        upload.write(&bytes)?;
        file = named(upload.finish(Some(bytes.len() as u64), None)?);
    }
    let (files, size) = Manifest::read(&bytes)?.check(artifacts)?;
    Ok((ArtifactCommitted { artifact: artifact.id, manifest: file, files, size }, put.is_increment))
}

/// The version that an increment adds to: the newest of its collection, also where the client knew an older one,
/// since increments are sent side by side.
fn base<'a>(
    artifacts: &'a Artifacts,
    artifact: &Artifact,
    put: &ArtifactManifest,
) -> Option<&'a ArtifactVersion> {
    let told = put.base.and_then(|base| artifacts.artifact(base));
    let foreign = told.filter(|base| base.collection != artifact.collection);
    let base = foreign.or_else(|| artifacts.newest(&artifact.collection)).filter(|_| put.is_increment);
    base.and_then(|base| base.version())
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
    let _reading = read_one(app).await?;
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
