//! Opaque ids in the client's style: base64 of a short text (protocol 3.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{ProjectKey, RunPath};
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
        assert_eq!(to_project(&of_project(&path.project)), Some(path.project.clone()));
        assert_eq!((to_user(&of_user("ada")), to_user(&of_entity("ada"))), (Some("ada".into()), None));
        assert_eq!(to_file(&of_file(&path, "a:b/c.txt")), Some((path, "a:b/c.txt".into())));
        assert_eq!((to_run("nonsense"), to_run("UnVuOnYxOmE="), to_file("x")), (None, None, None));
    }
}
