//! Opaque ids in the client's style: base64 of a short text (protocol 3.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{ArtifactId, ProjectKey, RunPath};
use sha2::{Digest, Sha256};

/// The id of a run, which later requests send back.
pub(crate) fn of_run(path: &RunPath) -> String {
    let ProjectKey { entity, project } = &path.project;
    STANDARD.encode(format!("Run:v1:{}:{project}:{entity}", path.run))
}

/// The run of an id. Entity and project hold no `:`, so they are read from the right.
pub(crate) fn to_run(id: &str) -> Option<RunPath> {
    let text = String::from_utf8(STANDARD.decode(id).ok()?).ok()?;
    let mut parts = text.strip_prefix("Run:v1:")?.rsplitn(3, ':');
    let (entity, project, run) = (parts.next()?, parts.next()?, parts.next()?);
    Some(RunPath::new(ProjectKey::new(entity, project), run))
}

pub(crate) fn of_project(key: &ProjectKey) -> String {
    STANDARD.encode(format!("Project:v1:{}:{}", key.project, key.entity))
}

/// The project of an id. No entity holds a `:`, so that is read from the right.
pub(crate) fn to_project(id: &str) -> Option<ProjectKey> {
    let text = String::from_utf8(STANDARD.decode(id).ok()?).ok()?;
    let (project, entity) = text.strip_prefix("Project:v1:")?.rsplit_once(':')?;
    Some(ProjectKey::new(entity, project))
}

pub(crate) fn of_entity(name: &str) -> String {
    STANDARD.encode(format!("Entity:{name}"))
}

pub(crate) fn of_user(name: &str) -> String {
    STANDARD.encode(format!("User:{name}"))
}

/// The name of the user of an id.
pub(crate) fn to_user(id: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(id).ok()?).ok()?;
    Some(text.strip_prefix("User:")?.to_owned())
}

/// A number for a project, the same for ever: the client wants one (`Run.projectId`).
pub(crate) fn project_number(key: &ProjectKey) -> i32 {
    let digest = Sha256::digest(key.to_string().as_bytes());
    let first = digest.first_chunk::<4>().copied().unwrap_or_default();
    i32::from_be_bytes(first) & i32::MAX
}

pub(crate) fn internal_of_project(key: &ProjectKey) -> String {
    STANDARD.encode(format!("ProjectInternalId:{}", project_number(key)))
}

pub(crate) fn of_file(path: &RunPath, name: &str) -> String {
    STANDARD.encode(format!("RunFile:v1:{}:{}", of_run(path), name))
}

pub(crate) fn to_file(id: &str) -> Option<(RunPath, String)> {
    let text = String::from_utf8(STANDARD.decode(id).ok()?).ok()?;
    let (run, name) = text.strip_prefix("RunFile:v1:")?.split_once(':')?;
    Some((to_run(run)?, name.to_owned()))
}

/// The id of an artifact. The client decodes it as base64 and writes the bytes into references.
pub(crate) fn of_artifact(key: &ProjectKey, id: ArtifactId) -> String {
    STANDARD.encode(format!("Artifact:v1:{id}:{}:{}", key.project, key.entity))
}

/// The artifact of an id, and its project.
pub(crate) fn to_artifact(id: &str) -> Option<(ProjectKey, ArtifactId)> {
    let text = String::from_utf8(STANDARD.decode(id).ok()?).ok()?;
    let mut parts = text.strip_prefix("Artifact:v1:")?.splitn(3, ':');
    let (number, project, entity) = (parts.next()?, parts.next()?, parts.next()?);
    let number = u64::from_str_radix(number, 16).ok()?;
    Some((ProjectKey::new(entity, project), ArtifactId(number)))
}

/// The id of what stands in a project under a name: `ArtifactCollection`, `ArtifactType` …
pub(crate) fn of_named(what: &str, key: &ProjectKey, name: &str) -> String {
    STANDARD.encode(format!("{what}:v1:{}:{}:{name}", key.project, key.entity))
}

/// The project and name of an id of [`of_named`].
pub(crate) fn to_named(what: &str, id: &str) -> Option<(ProjectKey, String)> {
    let text = String::from_utf8(STANDARD.decode(id).ok()?).ok()?;
    let mut parts = text.strip_prefix(what)?.strip_prefix(":v1:")?.splitn(3, ':');
    let (project, entity, name) = (parts.next()?, parts.next()?, parts.next()?);
    Some((ProjectKey::new(entity, project), name.to_owned()))
}

/// The cursor of a connection: how many entries came before and with it.
pub(crate) fn of_cursor(seen: usize) -> String {
    STANDARD.encode(format!("cursor:{seen}"))
}

pub(crate) fn to_cursor(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("cursor:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_back_to_what_they_name() {
        let path = RunPath::new(ProjectKey::new("alice", "my proj"), "a:b é");
        assert_eq!(to_run(&of_run(&path)), Some(path.clone()));
        assert_eq!(to_cursor(&of_cursor(70)), Some(70));
        let key = ProjectKey::new("alice", "my proj");
        let artifact = (key.clone(), ArtifactId(u64::MAX));
        assert_eq!(to_artifact(&of_artifact(&key, ArtifactId(u64::MAX))), Some(artifact));
        assert_eq!(to_named("X", &of_named("X", &key, "a:b")), Some((key, "a:b".into())));
        assert_eq!((to_artifact("Q"), to_artifact(&of_cursor(1)), to_named("X", "Q")), (None, None, None));
        assert_eq!(to_project(&of_project(&path.project)), Some(path.project.clone()));
        assert_eq!((to_user(&of_user("ada")), to_user(&of_entity("ada"))), (Some("ada".into()), None));
        assert_eq!(to_file(&of_file(&path, "a:b/c.txt")), Some((path, "a:b/c.txt".into())));
        assert_eq!((to_run("nonsense"), to_run("UnVuOnYxOmE="), to_file("x")), (None, None, None));
    }
}
