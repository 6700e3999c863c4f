//! The artifacts of a project: collections of versions, what they are called, and who logged and used them.
//!
//! ```text
//!  ArtifactCreated ─► pending ─ files, manifest ─► ArtifactCommitted ─► version vN of its collection
//!        │                                               │
//!        └── the newest version has the same digest ─────┴─► that version again
//! ```
//!
//! What holds:
//! - Versions of a collection count 0, 1, 2 … in the order in which they were committed; `latest` is the newest.
//! - The same content as the newest version is that version, also where two are logged at once.
//! - Files are known by MD5, as the client names them, and only within the project: nobody comes to what a
//!   project has by knowing its MD5.
//! - The lists of files are blobs: what stands here of a version does not grow with its files, but for one
//!   entry each content that the project has.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet, Vector};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::ApplyError;
use super::fold::misplaced;
use crate::event::{
    AliasMoved, ArtifactBlob, ArtifactChanged, ArtifactCommitted, ArtifactCreated, ArtifactFilePut,
    ArtifactId, ArtifactManifestPut, ArtifactUsed, Body, Event, RunIn, Time,
};
use crate::id::ProjectKey;

/// The alias of the newest version.
const LATEST: &str = "latest";

/// An artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name for ever.
    pub id: ArtifactId,
    /// Its collection.
    pub collection: Arc<str>,
    /// The client's digest of all its files.
    pub digest: Arc<str>,
    /// The run that logged it first.
    pub run: Option<RunIn>,
    /// Who did.
    pub author: Arc<str>,
    /// What it is, in somebody's words.
    pub description: Option<Arc<str>>,
    /// A JSON document, as it came.
    pub metadata: Option<Arc<str>>,
    /// Tags.
    pub tags: Vec<Arc<str>>,
    /// The step of the run's history at which it was logged.
    pub history_step: Option<i64>,
    /// When it was begun.
    pub created: Time,
    /// When somebody changed what is said of it.
    pub updated: Option<Time>,
    /// How far it has come.
    pub stage: ArtifactStage,
}

/// How far an artifact has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArtifactStage {
    /// Its files are on their way.
    Pending {
        /// What it is to be called.
        aliases: Vec<Arc<str>>,
        /// Whether it is the newest version again where that has the same digest.
        deduplicates: bool,
        /// The list of its files, once it is here.
        manifest: Option<ArtifactManifest>,
    },
    /// A version.
    Committed(ArtifactVersion),
    /// What it holds was another version already.
    Same(ArtifactId),
}

/// A list of files that was put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactManifest {
    /// Lists only what comes to the files of `base`.
    pub is_increment: bool,
    /// The version that an increment goes on from.
    pub base: Option<ArtifactId>,
    /// The list.
    pub file: ArtifactBlob,
}

/// What a version has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactVersion {
    /// Its number in the collection.
    pub index: u32,
    /// The list of all its files.
    pub manifest: ArtifactBlob,
    /// How many there are.
    pub files: u64,
    /// Their bytes.
    pub size: u64,
}

impl Artifact {
    /// What it has once it is whole.
    #[must_use]
    pub fn version(&self) -> Option<&ArtifactVersion> {
        match &self.stage {
            ArtifactStage::Committed(version) => Some(version),
            _ => None,
        }
    }
}

/// Versions that follow each other under a name.
#[derive(Debug, Clone)]
pub struct Collection {
    /// Its name, unique in the project.
    pub name: Arc<str>,
    /// The type of all its versions.
    pub kind: Arc<str>,
    /// When its first version was begun.
    pub created: Time,
    /// Its versions, by number.
    pub versions: Vector<ArtifactId>,
    /// Which version each alias names.
    pub aliases: OrdMap<Arc<str>, ArtifactId>,
}

/// A content that files of artifacts have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactContent {
    /// SHA-256 of it: its blob.
    pub digest: [u8; 32],
    /// Bytes.
    pub size: u64,
    /// The artifact that it came with first.
    pub born: ArtifactId,
}

/// The number that `v0`, `v1` … name; none of any other alias.
#[must_use]
pub fn index_of(alias: &str) -> Option<usize> {
    let digits = alias.strip_prefix('v')?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// A client's own name of something: it chooses 128 characters, of which a hash is kept.
type ClientName = [u8; 16];

fn client_name(name: &str) -> ClientName {
    Sha256::digest(name.as_bytes()).first_chunk().copied().unwrap_or_default()
}

/// The artifacts of a project, and what its runs use.
#[derive(Debug, Clone, Default)]
pub struct Artifacts {
    artifacts: OrdMap<ArtifactId, Arc<Artifact>>,
    collections: OrdMap<Arc<str>, Arc<Collection>>,
    contents: OrdMap<[u8; 16], ArtifactContent>,
    clients: OrdMap<ClientName, ArtifactId>,
    sequences: OrdMap<ClientName, Arc<str>>,
    logged: OrdSet<(RunIn, ArtifactId)>,
    used: OrdSet<(RunIn, ProjectKey, ArtifactId)>,
    /// The same, by artifact.
    users: OrdSet<(ProjectKey, ArtifactId, RunIn)>,
}

/// As it is stored.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Lists {
    artifacts: Vec<Artifact>,
    collections: Vec<CollectionRecord>,
    contents: Vec<([u8; 16], ArtifactContent)>,
    clients: Vec<(ClientName, ArtifactId)>,
    sequences: Vec<(ClientName, Arc<str>)>,
    logged: Vec<(RunIn, ArtifactId)>,
    used: Vec<(RunIn, ProjectKey, ArtifactId)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct CollectionRecord {
    name: Arc<str>,
    kind: Arc<str>,
    created: Time,
    versions: Vec<ArtifactId>,
    aliases: Vec<(Arc<str>, ArtifactId)>,
}

impl Artifacts {
    /// An artifact; of one that was another version already, that one.
    #[must_use]
    pub fn artifact(&self, id: ArtifactId) -> Option<&Arc<Artifact>> {
        let artifact = self.artifacts.get(&id)?;
        match artifact.stage {
            ArtifactStage::Same(same) => self.artifacts.get(&same),
            _ => Some(artifact),
        }
    }

    /// The artifact that a client names itself.
    #[must_use]
    pub fn of_client(&self, client_id: &str) -> Option<&Arc<Artifact>> {
        self.clients.get(&client_name(client_id)).and_then(|id| self.artifact(*id))
    }

    /// The collection that a client names itself.
    #[must_use]
    pub fn of_sequence(&self, client_id: &str) -> Option<&Arc<Collection>> {
        self.sequences.get(&client_name(client_id)).and_then(|name| self.collections.get(name))
    }

    /// A collection.
    #[must_use]
    pub fn collection(&self, name: &str) -> Option<&Arc<Collection>> {
        self.collections.get(name)
    }

    /// Every collection that has a version, by name.
    pub fn collections(&self) -> impl Iterator<Item = &Arc<Collection>> {
        self.collections.values().filter(|collection| !collection.versions.is_empty())
    }

    /// Every version, by collection and number.
    pub fn versions(&self) -> impl Iterator<Item = &Arc<Artifact>> {
        let ids = self.collections.values().flat_map(|collection| collection.versions.iter());
        ids.filter_map(|id| self.artifacts.get(id))
    }

    /// The newest version of a collection.
    #[must_use]
    pub fn newest(&self, collection: &str) -> Option<&Arc<Artifact>> {
        self.collections.get(collection)?.versions.last().and_then(|id| self.artifacts.get(id))
    }

    /// The version of a collection that an alias or `v` and its number name.
    #[must_use]
    pub fn named(&self, collection: &str, alias: &str) -> Option<&Arc<Artifact>> {
        let collection = self.collections.get(collection)?;
        let id = match index_of(alias) {
            Some(index) => collection.versions.get(index),
            None => collection.aliases.get(alias),
        };
        id.and_then(|id| self.artifacts.get(id))
    }

    /// What an artifact is called beside its version.
    pub fn aliases<'a>(&'a self, artifact: &'a Artifact) -> impl Iterator<Item = &'a Arc<str>> {
        let collection = self.collections.get(&artifact.collection);
        let aliases = collection.into_iter().flat_map(|collection| collection.aliases.iter());
        aliases.filter(|(_, id)| **id == artifact.id).map(|(alias, _)| alias)
    }

    /// The content of an MD5.
    #[must_use]
    pub fn content(&self, md5: &[u8; 16]) -> Option<&ArtifactContent> {
        self.contents.get(md5)
    }

    /// The versions that a run logged, in the order in which they were begun.
    #[must_use]
    pub fn logged_by(&self, run: &RunIn) -> Vec<Arc<Artifact>> {
        let from = (run.clone(), ArtifactId(0));
        let theirs = self.logged.range(from..).take_while(|(logged_by, _)| logged_by == run);
        let found = theirs.filter_map(|(_, id)| self.artifact(*id));
        let mut found: Vec<_> = found.filter(|artifact| artifact.version().is_some()).cloned().collect();
        found.sort_by_key(|artifact| (artifact.created, artifact.id));
        found
    }

    /// What a run of the project uses: the project of each artifact, and the artifact.
    pub fn used_by<'a>(&'a self, run: &'a RunIn) -> impl Iterator<Item = (&'a ProjectKey, ArtifactId)> {
        let least = ProjectKey::new("", "");
        let theirs = self.used.range((run.clone(), least, ArtifactId(0))..);
        theirs.take_while(move |(user, _, _)| user == run).map(|(_, project, id)| (project, *id))
    }

    /// The versions that runs of the project logged, by run.
    pub fn logs(&self) -> impl Iterator<Item = (&RunIn, &Arc<Artifact>)> {
        let logged = self.logged.iter().filter_map(|(run, id)| Some((run, self.artifact(*id)?)));
        logged.filter(|(_, artifact)| artifact.version().is_some())
    }

    /// What runs of the project use, by run: the project of each artifact, and the artifact.
    pub fn uses(&self) -> impl Iterator<Item = (&RunIn, &ProjectKey, ArtifactId)> {
        self.used.iter().map(|(run, project, id)| (run, project, *id))
    }

    /// Bytes of the contents of all files, each once, and of the lists of files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.blobs().map(|(_, size)| size).sum()
    }

    /// The runs of the project that use an artifact.
    pub fn users<'a>(&'a self, project: &'a ProjectKey, id: ArtifactId) -> impl Iterator<Item = &'a RunIn> {
        let least = RunIn { run: Arc::from(""), generation: 0 };
        let theirs = self.users.range((project.clone(), id, least)..);
        theirs.take_while(move |(of, used, _)| of == project && *used == id).map(|(_, _, run)| run)
    }

    /// Artifacts, contents, and links of runs with them: how much stands here.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.artifacts.len(), self.contents.len(), self.logged.len() + self.used.len())
    }

    /// Every blob that is named here, with its bytes.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = ([u8; 32], u64)> + '_ {
        let manifest = |artifact: &Arc<Artifact>| match &artifact.stage {
            ArtifactStage::Pending { manifest, .. } => manifest.as_ref().map(|manifest| manifest.file),
            ArtifactStage::Committed(version) => Some(version.manifest),
            ArtifactStage::Same(_) => None,
        };
        let manifests = self.artifacts.values().filter_map(manifest).map(|file| (file.digest, file.size));
        self.contents.values().map(|content| (content.digest, content.size)).chain(manifests)
    }

    /// Folds an event of the project.
    pub(super) fn apply(&mut self, event: &Event) -> Result<(), ApplyError> {
        match &event.body {
            Body::ArtifactCreated(created) => self.create(created, event),
            Body::ArtifactFilePut(put) => self.put_file(put),
            Body::ArtifactManifestPut(put) => self.put_manifest(put),
            Body::ArtifactCommitted(committed) => self.commit(committed),
            Body::ArtifactUsed(used) => {
                self.note_use(used);
                Ok(())
            }
            Body::AliasMoved(moved) => self.move_alias(moved),
            Body::ArtifactChanged(changed) => self.change(changed, event.received),
            _ => Err(misplaced(event)),
        }
    }

    fn create(&mut self, created: &ArtifactCreated, event: &Event) -> Result<(), ApplyError> {
        let kind = match self.collections.get(&created.collection) {
            Some(collection) => Arc::clone(&collection.kind),
            None => Arc::clone(&created.kind),
        };
        if kind != created.kind {
            let name = &created.collection;
            return Err(ApplyError::Exists(format!("the collection {name:?} of artifacts of type {kind:?}")));
        }
        if self.artifacts.contains_key(&created.artifact) {
            return Err(ApplyError::Exists(format!("artifact {}", created.artifact)));
        }
        let client = created.client_id.as_deref().map(client_name);
        // A client that got no answer asks again under the same name of its own.
        let known = client.and_then(|client| self.clients.get(&client)).copied();
        let newest = self.newest(&created.collection).filter(|newest| newest.digest == created.digest);
        let same = newest.filter(|_| created.deduplicates).map(|newest| newest.id);
        let id = known.or(same).unwrap_or(created.artifact);
        if !self.artifacts.contains_key(&id) {
            self.begin(created, event);
        }
        let is_whole = self.artifact(id).filter(|artifact| artifact.version().is_some());
        if let Some(id) = is_whole.map(|artifact| artifact.id) {
            self.name(&created.collection, &created.aliases, id);
        }
        if let Some(client) = client {
            self.clients.insert(client, id);
        }
        if let Some(sequence) = &created.sequence_client_id {
            self.sequences.insert(client_name(sequence), Arc::clone(&created.collection));
        }
        if let Some(run) = &created.run {
            self.logged.insert((run.clone(), id));
        }
        Ok(())
    }

    fn begin(&mut self, created: &ArtifactCreated, event: &Event) {
        if !self.collections.contains_key(&created.collection) {
            let collection = Collection {
                name: Arc::clone(&created.collection),
                kind: Arc::clone(&created.kind),
                created: event.received,
                versions: Vector::new(),
                aliases: OrdMap::new(),
            };
            self.collections.insert(Arc::clone(&created.collection), Arc::new(collection));
        }
        let artifact = Artifact {
            id: created.artifact,
            collection: Arc::clone(&created.collection),
            digest: Arc::clone(&created.digest),
            run: created.run.clone(),
            author: Arc::clone(&event.actor),
            description: created.description.clone(),
            metadata: created.metadata.clone(),
            tags: created.tags.clone(),
            history_step: created.history_step,
            created: event.received,
            updated: None,
            stage: ArtifactStage::Pending {
                aliases: created.aliases.clone(),
                deduplicates: created.deduplicates,
                manifest: None,
            },
        };
        self.artifacts.insert(created.artifact, Arc::new(artifact));
    }

    fn put_file(&mut self, put: &ArtifactFilePut) -> Result<(), ApplyError> {
        self.known(put.artifact)?;
        let ArtifactBlob { digest, md5, size } = put.file;
        self.contents.entry(md5).or_insert(ArtifactContent { digest, size, born: put.artifact });
        Ok(())
    }

    fn put_manifest(&mut self, put: &ArtifactManifestPut) -> Result<(), ApplyError> {
        // One that comes late changes no version.
        if let ArtifactStage::Pending { manifest, .. } = &mut self.known(put.artifact)?.stage {
            let ArtifactManifestPut { is_increment, base, file, .. } = *put;
            *manifest = Some(ArtifactManifest { is_increment, base, file });
        }
        Ok(())
    }

    fn commit(&mut self, committed: &ArtifactCommitted) -> Result<(), ApplyError> {
        let artifact = self.known(committed.artifact)?;
        // It was committed twice: a client that got no answer asks again.
        let ArtifactStage::Pending { aliases, deduplicates, .. } = &artifact.stage else { return Ok(()) };
        let (aliases, deduplicates) = (aliases.clone(), *deduplicates);
        let (name, digest, run) =
            (Arc::clone(&artifact.collection), Arc::clone(&artifact.digest), artifact.run.clone());
        let same = self.newest(&name).filter(|newest| deduplicates && newest.digest == digest);
        let same = same.map(|newest| newest.id);
        let id = same.unwrap_or(committed.artifact);
        let unknown = || ApplyError::Unknown(format!("the collection {name:?}"));
        let collection = Arc::make_mut(self.collections.get_mut(&name).ok_or_else(unknown)?);
        let stage = match same {
            Some(same) => ArtifactStage::Same(same),
            None => {
                let index = u32::try_from(collection.versions.len()).unwrap_or(u32::MAX);
                collection.versions.push_back(id);
                collection.aliases.insert(Arc::from(LATEST), id);
                let ArtifactCommitted { manifest, files, size, .. } = *committed;
                ArtifactStage::Committed(ArtifactVersion { index, manifest, files, size })
            }
        };
        self.known(committed.artifact)?.stage = stage;
        self.name(&name, &aliases, id);
        if let Some(run) = run {
            self.logged.remove(&(run.clone(), committed.artifact));
            self.logged.insert((run, id));
        }
        Ok(())
    }

    fn note_use(&mut self, used: &ArtifactUsed) {
        let ArtifactUsed { run, project, artifact, .. } = used;
        self.used.insert((run.clone(), project.clone(), *artifact));
        self.users.insert((project.clone(), *artifact, run.clone()));
    }

    fn move_alias(&mut self, moved: &AliasMoved) -> Result<(), ApplyError> {
        let unknown = || ApplyError::Unknown(format!("the collection {:?}", moved.collection));
        let collection = self.collections.get_mut(&moved.collection).ok_or_else(unknown)?;
        let aliases = &mut Arc::make_mut(collection).aliases;
        match moved.to {
            Some(id) => aliases.insert(Arc::clone(&moved.alias), id),
            None => aliases.remove(&moved.alias),
        };
        Ok(())
    }

    fn change(&mut self, changed: &ArtifactChanged, at: Time) -> Result<(), ApplyError> {
        let artifact = self.known(changed.artifact)?;
        artifact.description.clone_from(&changed.description);
        artifact.metadata.clone_from(&changed.metadata);
        artifact.tags.clone_from(&changed.tags);
        artifact.updated = Some(at);
        Ok(())
    }

    /// Lets aliases of a collection name a version.
    fn name(&mut self, collection: &str, aliases: &[Arc<str>], id: ArtifactId) {
        let Some(collection) = self.collections.get_mut(collection) else { return };
        let collection = Arc::make_mut(collection);
        for alias in aliases.iter().filter(|alias| ***alias != *LATEST) {
            collection.aliases.insert(Arc::clone(alias), id);
        }
    }

    fn known(&mut self, id: ArtifactId) -> Result<&mut Artifact, ApplyError> {
        let artifact = self.artifacts.get_mut(&id);
        artifact.map(Arc::make_mut).ok_or_else(|| ApplyError::Unknown(format!("artifact {id}")))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.artifacts.is_empty() && self.used.is_empty()
    }

    pub(super) fn to_lists(&self) -> Lists {
        let collection = |collection: &Arc<Collection>| CollectionRecord {
            name: Arc::clone(&collection.name),
            kind: Arc::clone(&collection.kind),
            created: collection.created,
            versions: collection.versions.iter().copied().collect(),
            aliases: collection.aliases.iter().map(|(alias, id)| (Arc::clone(alias), *id)).collect(),
        };
        Lists {
            artifacts: self.artifacts.values().map(|artifact| (**artifact).clone()).collect(),
            collections: self.collections.values().map(collection).collect(),
            contents: self.contents.iter().map(|(md5, content)| (*md5, *content)).collect(),
            clients: self.clients.iter().map(|(client, id)| (*client, *id)).collect(),
            sequences: self.sequences.iter().map(|(client, name)| (*client, Arc::clone(name))).collect(),
            logged: self.logged.iter().cloned().collect(),
            used: self.used.iter().cloned().collect(),
        }
    }

    pub(super) fn from_lists(lists: Lists) -> Self {
        let collection = |record: CollectionRecord| {
            let CollectionRecord { name, kind, created, versions, aliases } = record;
            let (versions, aliases) = (versions.into_iter().collect(), aliases.into_iter().collect());
            (Arc::clone(&name), Arc::new(Collection { name, kind, created, versions, aliases }))
        };
        let by_artifact =
            |(run, project, id): &(RunIn, ProjectKey, ArtifactId)| (project.clone(), *id, run.clone());
        Self {
            artifacts: lists
                .artifacts
                .into_iter()
                .map(|artifact| (artifact.id, Arc::new(artifact)))
                .collect(),
            collections: lists.collections.into_iter().map(collection).collect(),
            contents: lists.contents.into_iter().collect(),
            clients: lists.clients.into_iter().collect(),
            sequences: lists.sequences.into_iter().collect(),
            logged: lists.logged.into_iter().collect(),
            users: lists.used.iter().map(by_artifact).collect(),
            used: lists.used.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests;
