//! Files of artifacts: those of a version, and those that are about to be put.

use async_graphql::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::ArtifactId;

use super::{Artifact, Place};
use crate::http::error::Refusal;
use crate::wandb::artifacts::{self, Entry};
use crate::wandb::capability::{ManifestKind, Method, Target};
use crate::wandb::files::MANIFEST_NAME;
use crate::wandb::graphql::file::{File, FileConnection};
use crate::wandb::graphql::{Page, Scope, int};
use crate::wandb::ids;

/// A file of an artifact.
pub(crate) struct ArtifactFile {
    pub(in super::super) place: Place,
    /// The artifact that it was put for first.
    pub(in super::super) artifact: ArtifactId,
    pub(in super::super) what: What,
}

pub(in super::super) enum What {
    /// One of the version's list.
    Listed { name: String, entry: Entry },
    /// One that is to be put, unless its content is here.
    Ahead { name: String, md5: [u8; 16], is_here: bool },
    /// The list itself.
    Manifest(ManifestKind),
}

/// The files of a version.
pub(super) async fn listed(
    ctx: &Context<'_>,
    artifact: &Artifact,
    names: Option<Vec<String>>,
    after: Option<&str>,
    first: Option<i32>,
) -> Result<FileConnection> {
    let scope = Scope::of(ctx)?;
    let entries = artifacts::files(&scope.app, &artifact.artifact).await?;
    let names = names.unwrap_or_default();
    let is_wanted = |name: &String| names.is_empty() || names.contains(name);
    let wanted: Vec<_> = entries.into_iter().filter(|(name, _)| is_wanted(name)).collect();
    let count = int(wanted.len());
    let file = |(name, entry)| {
        let what = What::Listed { name, entry };
        let (place, artifact) = (artifact.place.clone(), artifact.artifact.id);
        File::of_artifact(ArtifactFile { place, artifact, what })
    };
    let page = Page::of(wanted.into_iter().map(file), after, scope.page(first))?;
    Ok(FileConnection::new(page, count))
}

impl ArtifactFile {
    pub(super) fn manifest(artifact: &Artifact, kind: ManifestKind) -> Self {
        let (place, artifact) = (artifact.place.clone(), artifact.artifact.id);
        Self { place, artifact, what: What::Manifest(kind) }
    }

    pub(in super::super) fn id(&self) -> String {
        let artifact = ids::of_artifact(&self.place.key, self.artifact);
        STANDARD.encode(format!("ArtifactFile:v1:{artifact}:{}", self.name()))
    }

    pub(in super::super) fn name(&self) -> &str {
        match &self.what {
            What::Listed { name, .. } | What::Ahead { name, .. } => name,
            What::Manifest(_) => MANIFEST_NAME,
        }
    }

    fn md5(&self) -> Option<[u8; 16]> {
        match &self.what {
            What::Listed { entry, .. } => entry.md5(),
            What::Ahead { md5, .. } => Some(*md5),
            What::Manifest(_) => None,
        }
    }

    pub(in super::super) fn digest(&self) -> Option<String> {
        match &self.what {
            What::Listed { entry, .. } => Some(entry.digest.clone()),
            _ => self.md5().map(|md5| STANDARD.encode(md5)),
        }
    }

    pub(in super::super) fn size(&self) -> u64 {
        let content = self.md5().and_then(|md5| self.place.artifacts.content(&md5));
        match (&self.what, content) {
            (_, Some(content)) => content.size,
            (What::Listed { entry, .. }, None) => entry.size.unwrap_or_default(),
            _ => 0,
        }
    }

    /// Where it is kept, as the client likes to be told: nothing is found by it.
    pub(in super::super) fn storage_path(&self) -> String {
        format!("wandb_artifacts/{}/{}", self.artifact, self.name())
    }

    /// Where it is had: of a reference that which it refers to.
    pub(in super::super) fn direct_url(&self, scope: &Scope) -> Result<String, Refusal> {
        if let What::Listed { entry: Entry { reference: Some(reference), .. }, .. } = &self.what {
            return Ok(reference.clone());
        }
        scope.address_of(Method::Get, self.target()?)
    }

    /// Where it is put; none where its content is here.
    pub(in super::super) fn upload_url(&self, scope: &Scope) -> Result<Option<String>, Refusal> {
        if let What::Listed { .. } | What::Ahead { is_here: true, .. } = &self.what {
            return Ok(None);
        }
        scope.address_of(Method::Put, self.target()?).map(Some)
    }

    pub(in super::super) fn upload_headers(&self) -> Vec<String> {
        match &self.what {
            What::Ahead { md5, .. } => vec![format!("Content-MD5:{}", STANDARD.encode(md5))],
            _ => Vec::new(),
        }
    }

    pub(in super::super) fn artifact(&self) -> Option<Artifact> {
        self.place.artifacts.artifact(self.artifact).map(|found| self.place.artifact(found))
    }

    fn target(&self) -> Result<Target, Refusal> {
        let key = self.place.key.clone();
        if let What::Manifest(kind) = &self.what {
            return Ok(Target::Manifest(key, self.artifact, *kind));
        }
        let md5 = self.md5().ok_or_else(|| Refusal::not_found("there is no such file"))?;
        Ok(Target::ArtifactFile(key, self.artifact, self.name().into(), md5))
    }
}
