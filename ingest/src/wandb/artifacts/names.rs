//! What artifacts may be called, and how much may be said of them.

use engine::index_of;

use super::Create;
use crate::http::error::Refusal;
use crate::wandb::names;

const NAME_CHARS_MAX: usize = 128;
const CLIENT_ID_BYTES_MAX: usize = 256;
const ALIASES_MAX: usize = 200;
const METADATA_BYTES_MAX: usize = 4 << 20;

/// A name as `collection:alias`; without an alias the newest version is meant.
pub(crate) fn parts(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or((name, "latest"))
}

/// Checks what `createArtifact` names.
pub(super) fn check(request: &Create) -> Result<(), Refusal> {
    check_name("name of artifacts", &request.collection)?;
    check_name("type of artifacts", &request.kind)?;
    check_name("digest of an artifact", &request.digest)?;
    if request.aliases.len() > ALIASES_MAX {
        return Err(Refusal::invalid(format!("an artifact has at most {ALIASES_MAX} aliases")));
    }
    request.aliases.iter().try_for_each(|alias| check_alias(alias))?;
    names::tags(request.tags.iter().map(String::as_str))?;
    for id in [&request.client_id, &request.sequence_client_id].into_iter().flatten() {
        if id.len() > CLIENT_ID_BYTES_MAX {
            return Err(Refusal::invalid(format!("a client id is longer than {CLIENT_ID_BYTES_MAX} bytes")));
        }
    }
    check_said(request.description.as_deref(), request.metadata.as_deref())
}

fn check_name(what: &str, name: &str) -> Result<(), Refusal> {
    let is_wrong = |c: char| "/:".contains(c) || c.is_control();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.contains(is_wrong) {
        return Err(Refusal::invalid(format!(
            "invalid {what} {name:?}: 1 to {NAME_CHARS_MAX} characters, none of / :"
        )));
    }
    Ok(())
}

/// An alias is no number of a version: these are given by the server.
pub(super) fn check_alias(alias: &str) -> Result<(), Refusal> {
    check_name("alias", alias)?;
    if index_of(alias).is_some() {
        return Err(Refusal::invalid(format!("the alias {alias:?} is the number of a version")));
    }
    Ok(())
}

/// Checks description and metadata.
pub(super) fn check_said(description: Option<&str>, metadata: Option<&str>) -> Result<(), Refusal> {
    if let Some(description) = description {
        names::check_text("description", description)?;
    }
    let Some(metadata) = metadata.filter(|metadata| !metadata.is_empty()) else { return Ok(()) };
    if metadata.len() > METADATA_BYTES_MAX {
        return Err(Refusal::invalid(format!("the metadata is longer than {METADATA_BYTES_MAX} bytes")));
    }
    let read = engine::Value::from_json(metadata.as_bytes());
    let read = read.map_err(|error| Refusal::invalid(format!("the metadata is not JSON: {error}")))?;
    if read.as_map().is_none() {
        return Err(Refusal::invalid("the metadata is not a JSON object"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_what_addresses_and_versions_leave() {
        for name in ["ds", "run-ab-t_1.x", "source-my proj-train.py", "é"] {
            assert!(check_name("name", name).is_ok(), "{name}");
        }
        for name in ["", "a/b", "a:b", "a\n", "x".repeat(129).as_str()] {
            assert!(check_name("name", name).is_err(), "{name:?}");
        }
        for alias in ["v0", "v12", "a:b"] {
            assert!(check_alias(alias).is_err(), "{alias}");
        }
        for alias in ["best", "version2", "v1.0", "latest"] {
            assert!(check_alias(alias).is_ok(), "{alias}");
        }
        assert_eq!([parts("ds:v0"), parts("ds")], [("ds", "v0"), ("ds", "latest")]);
        assert!(check_said(None, Some("[1]")).is_err() && check_said(None, Some("{\"a\":NaN}")).is_ok());
    }
}
