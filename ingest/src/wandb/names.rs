//! What things may be called, and the names that are made up.

use engine::limits::{NAME_BYTES_MAX, NOTES_BYTES_MAX, TAG_CHARS_MAX, TAGS_MAX};
use engine::{ProjectKey, Projection, Value};

use crate::access::Caller;
use crate::http::error::Refusal;

/// Where runs go that name no project.
const DEFAULT_PROJECT: &str = "uncategorized";

/// Characters of a project's name (SEMANTICS 1).
const PROJECT_CHARS_MAX: usize = 128;
/// Bytes of a file's name.
const FILE_BYTES_MAX: usize = 1024;

/// Entities cannot be called like the first part of an address (INTERFACES 2).
const RESERVED: [&str; 16] = [
    "graphql",
    "files",
    "sql",
    "api",
    "artifacts",
    "artifactsv2",
    "upload",
    "assets",
    "login",
    "authorize",
    "settings",
    "metrics",
    "livez",
    "readyz",
    "sdk",
    "flight",
];

const ADJECTIVES: [&str; 48] = [
    "amber", "autumn", "bold", "brave", "bright", "brisk", "calm", "clear", "cool", "crimson", "curious",
    "dainty", "deep", "earnest", "eager", "fancy", "fresh", "gentle", "glad", "golden", "graceful", "happy",
    "hearty", "honest", "icy", "jolly", "kind", "lively", "lucky", "mellow", "merry", "misty", "noble",
    "olive", "pleasant", "polished", "proud", "quiet", "rosy", "royal", "silver", "smooth", "stellar",
    "sunny", "swift", "upbeat", "vivid", "warm",
];
const NOUNS: [&str; 48] = [
    "bird",
    "brook",
    "butterfly",
    "canyon",
    "cloud",
    "comet",
    "cosmos",
    "dawn",
    "desert",
    "dew",
    "dragon",
    "dream",
    "dust",
    "eagle",
    "elevator",
    "field",
    "fire",
    "firefly",
    "flower",
    "fog",
    "forest",
    "frog",
    "galaxy",
    "glade",
    "grass",
    "haze",
    "hill",
    "island",
    "lake",
    "leaf",
    "meadow",
    "moon",
    "morning",
    "mountain",
    "night",
    "oath",
    "paper",
    "pine",
    "pond",
    "rain",
    "resonance",
    "river",
    "sea",
    "sky",
    "snow",
    "sound",
    "star",
    "sunset",
];

/// `adjective-noun-N`: words drawn by the run's id, so that a retried request draws the same.
pub(crate) fn made_up(run: &str, ordinal: u64) -> String {
    let seed = super::filestream::hash::of(run.as_bytes());
    let pick = |words: &'static [&'static str], seed: u64| {
        let index = usize::try_from(seed % words.len() as u64).unwrap_or_default();
        words.get(index).copied().unwrap_or("run")
    };
    format!("{}-{}-{ordinal}", pick(&ADJECTIVES, seed >> 32), pick(&NOUNS, seed & 0xffff_ffff))
}

/// An id for a run that came without one: 8 characters a-z0-9.
pub(crate) fn made_up_id(random: [u8; 8]) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
    random
        .iter()
        .filter_map(|byte| letters.get(*byte as usize % letters.len()))
        .map(|&byte| char::from(byte))
        .collect()
}

/// Checks the name of a user or team: 1 to 64 of `a-z 0-9 _ -`, and no address of ours.
pub(crate) fn check_entity(name: &str) -> Result<(), &'static str> {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
        return Err("a name is 1 to 64 of a-z 0-9 _ -");
    }
    if RESERVED.contains(&name) {
        return Err("the name is an address of the server");
    }
    Ok(())
}

pub(crate) fn check_project(name: &str) -> Result<(), Refusal> {
    let is_wrong = |c: char| "/\\#?%:".contains(c) || c.is_control();
    if name.is_empty() || name.chars().count() > PROJECT_CHARS_MAX || name.contains(is_wrong) {
        return Err(Refusal::invalid(format!(
            "invalid project name {name:?}: 1 to {PROJECT_CHARS_MAX} characters, none of / \\ # ? % :"
        )));
    }
    Ok(())
}

pub(crate) fn check_run(id: &str) -> Result<(), Refusal> {
    let is_wrong = |c: char| ":;,#?/'".contains(c) || c.is_control();
    if id.is_empty() || id.len() > NAME_BYTES_MAX || id.trim() != id || id.contains(is_wrong) {
        return Err(Refusal::invalid(format!(
            "invalid run id {id:?}: 1 to {NAME_BYTES_MAX} bytes, no space around it, none of : ; , # ? / '"
        )));
    }
    Ok(())
}

pub(crate) fn check_text(what: &str, text: &str) -> Result<(), Refusal> {
    let max = if what == "notes" || what == "description" { NOTES_BYTES_MAX } else { NAME_BYTES_MAX };
    if text.len() > max {
        return Err(Refusal::invalid(format!(
            "the {what} is {} bytes long, at most {max} are kept",
            text.len()
        )));
    }
    Ok(())
}

/// A file's name as data: folders parted by `/`, `./` in front ignored. What leads out of a folder on somebody's disk
/// is refused: up, to a root, to another drive, as Unix or as Windows reads it. So is what names a folder there, or
/// one file in two ways.
pub(crate) fn file_name(name: &str) -> Result<&str, Refusal> {
    let name = name.strip_prefix("./").unwrap_or(name);
    // Windows drops spaces at the end of a part.
    let leads_up = |part: &str| part.trim_end_matches(' ') == "..";
    let is_no_part = |part: &str| matches!(part, "" | ".");
    let names_a_drive = matches!(name.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic());
    let leads_out = names_a_drive || name.starts_with('\\') || name.split(['/', '\\']).any(leads_up);
    let is_wrong = leads_out || name.split('/').any(is_no_part) || name.contains(char::is_control);
    if is_wrong || name.len() > FILE_BYTES_MAX {
        return Err(Refusal::invalid(format!("invalid file name {name:?}")));
    }
    Ok(name)
}

/// Tags as they are kept: in order, each once.
pub(crate) fn tags<'a>(tags: impl Iterator<Item = &'a str>) -> Result<Value, Refusal> {
    let mut kept: Vec<&str> = Vec::new();
    for tag in tags {
        let chars = tag.chars().count();
        if chars == 0 || chars > TAG_CHARS_MAX {
            return Err(Refusal::invalid(format!(
                "Invalid tag {tag:?}: a tag is 1 to {TAG_CHARS_MAX} characters"
            )));
        }
        if !kept.contains(&tag) {
            kept.push(tag);
        }
        // At once: each further one would be compared with all before it.
        if kept.len() > TAGS_MAX {
            return Err(Refusal::invalid(format!("too many tags: at most {TAGS_MAX} are kept")));
        }
    }
    Ok(Value::List(kept.into_iter().map(Value::text).collect()))
}

/// The entity that a request means: an empty one is the caller's own.
pub(crate) fn entity<'a>(named: Option<&'a str>, caller: &'a Caller) -> &'a str {
    named.filter(|name| !name.is_empty()).unwrap_or(&caller.user)
}

/// The project that a request means: an empty one is that of runs without one.
pub(crate) fn project(entity: Option<&str>, named: Option<&str>, caller: &Caller) -> ProjectKey {
    let named = named.filter(|name| !name.is_empty()).unwrap_or(DEFAULT_PROJECT);
    ProjectKey::new(self::entity(entity, caller), named)
}

/// Whether the caller may write in a project. Admins of the store may everywhere, and by that make entities.
pub(crate) fn check_may_write(
    projection: &Projection,
    caller: &Caller,
    project: &ProjectKey,
) -> Result<(), Refusal> {
    let entity = &project.entity;
    if !caller.rights(&projection.people, project).write {
        return Err(Refusal::forbidden(format!(
            "you may not write in project {:?} of entity {entity:?}",
            project.project
        )));
    }
    check_entity(entity).map_err(|reason| Refusal::invalid(format!("invalid entity {entity:?}: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_names_have_two_words_and_the_number() {
        let name = made_up("s6y3r3ee", 7);
        assert_eq!(name.split('-').count(), 3, "{name}");
        assert!(name.ends_with("-7"));
        assert_eq!(name, made_up("s6y3r3ee", 7));
    }

    #[test]
    fn names_of_addresses_and_odd_characters_are_refused() {
        for name in ["alice", "team_1", "a-b"] {
            assert_eq!(check_entity(name), Ok(()));
        }
        for name in ["", "Alice", "a b", "graphql", "é", &"a".repeat(65)] {
            assert!(check_entity(name).is_err(), "{name}");
        }
        assert!(check_project("my proj é #").is_err() && check_project("my proj é").is_ok());
        for id in ["", " a", "a/b", "a:b", "a\n"] {
            assert!(check_run(id).is_err(), "{id:?}");
        }
        assert!(check_run("exp 1 é").is_ok());
    }

    #[test]
    fn file_names_never_lead_out_of_a_folder() {
        assert_eq!(file_name("./media/a b#é.png").unwrap(), "media/a b#é.png");
        for name in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a\\..\\b",
            "a\0",
            "C:x",
            "\\x",
            "a/.. /b",
            ".",
            "a//b",
            "a/",
            "a/./b",
        ] {
            assert!(file_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn tags_keep_their_order_and_lose_repeats() {
        let kept = tags(["b", "a", "b"].into_iter()).unwrap();
        assert_eq!(kept.to_json(), r#"["b","a"]"#);
        let many: Vec<String> = (0..1_000_000).map(|n| n.to_string()).collect();
        assert!(tags(many.iter().map(String::as_str)).is_err());
        assert!(tags([""].into_iter()).is_err() && tags(["x".repeat(65).as_str()].into_iter()).is_err());
    }
}
