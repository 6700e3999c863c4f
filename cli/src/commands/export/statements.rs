//! The statements of an export, and the names of its files: texts made of texts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::ProjectKey;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

/// Keys that one statement names, and bytes of their text: well below what a statement may have.
const KEYS_MAX: usize = 900;
const KEY_BYTES_MAX: usize = 100 << 10;
/// Runs that one statement names.
const RUNS_MAX: usize = 500;

/// A run that was chosen: generation, then id, so that runs of one generation stand together.
pub(super) type RunId = (i64, String);

/// A text as SQL writes it.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as SQL writes it.
fn named(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The condition behind WHERE; the line break keeps a comment at its end from going on.
pub(super) fn bracketed(condition: Option<&str>) -> String {
    condition.map(|text| format!(" WHERE (\n{text}\n)")).unwrap_or_default()
}

/// The conditions that choose the rows of a project's runs, one a statement; `chosen` names the runs where
/// not all are wanted.
pub(super) fn conditions(project: &ProjectKey, chosen: Option<&BTreeSet<RunId>>) -> Vec<String> {
    let all = format!("entity = {} AND project = {}", quoted(&project.entity), quoted(&project.project));
    let Some(chosen) = chosen else { return vec![all] };
    let mut by_generation: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (generation, id) in chosen {
        by_generation.entry(*generation).or_default().push(quoted(id));
    }
    let mut conditions = Vec::new();
    for (generation, ids) in &by_generation {
        for ids in ids.chunks(RUNS_MAX) {
            let ids = ids.join(", ");
            conditions.push(format!("{all} AND generation = {generation} AND run_id IN ({ids})"));
        }
    }
    conditions
}

/// Columns of keys that one statement can name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) keys: usize,
    /// The columns as they stand behind SELECT.
    pub(super) text: String,
}

/// Columns of keys, `root['key']`, each named after the key with `prefix` before it. A key that has the name
/// of one of the `taken` columns gets its root's before it.
pub(super) fn key_columns(root: &str, prefix: &str, keys: &[Arc<str>], taken: &[&str]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for key in keys {
        let is_taken = taken.contains(&format!("{prefix}{key}").as_str());
        let name = if is_taken { format!("{root}.{key}") } else { format!("{prefix}{key}") };
        let column = format!("{root}[{}] AS {}", quoted(key), named(&name));
        match pieces.last_mut() {
            Some(Piece { keys, text }) if *keys < KEYS_MAX && text.len() + column.len() < KEY_BYTES_MAX => {
                *keys += 1;
                text.push_str(", ");
                text.push_str(&column);
            }
            _ => pieces.push(Piece { keys: 1, text: column }),
        }
    }
    pieces
}

/// What a file name keeps as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
/// Bytes of a part of a path; a longer name is cut and told apart by its digest.
const PART_BYTES_MAX: usize = 160;

/// The path of a project within a table's folder: names as they are where every system takes them. `taken`
/// has those that were given away, in lower case: some systems do not tell cases apart.
pub(super) fn path_of(project: &ProjectKey, taken: &mut BTreeSet<String>) -> String {
    let plain = format!("{}/{}", part(&project.entity), part(&project.project));
    let mut path = plain.clone();
    let mut number = 1u32;
    while !taken.insert(path.to_lowercase()) {
        number += 1;
        path = format!("{plain}~{number}");
    }
    path
}

fn part(name: &str) -> String {
    let text = utf8_percent_encode(name, KEPT).to_string();
    // A dot in front hides a file, `.` and `..` are folders.
    let text = text.strip_prefix('.').map_or(text.clone(), |rest| format!("%2E{rest}"));
    match text.get(..PART_BYTES_MAX).filter(|_| text.len() > PART_BYTES_MAX) {
        None => text,
        Some(begin) => {
            let digest = Sha256::digest(name.as_bytes());
            let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("{begin}~{digest}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_names_cannot_end_their_quotes() {
        let pieces = key_columns("history", "", &["it's".into(), "a\"b".into()], &[]);
        let text = r#"history['it''s'] AS "it's", history['a"b'] AS "a""b""#.to_owned();
        assert_eq!(pieces, [Piece { keys: 2, text }]);
        let project = ProjectKey::new("ada", "o'neil");
        assert_eq!(conditions(&project, None), ["entity = 'ada' AND project = 'o''neil'"]);
    }

    #[test]
    fn a_key_with_the_name_of_a_column_is_told_apart() {
        let pieces = key_columns("history", "", &["project".into(), "loss".into()], &["project"]);
        let text = r#"history['project'] AS "history.project", history['loss'] AS "loss""#.to_owned();
        assert_eq!(pieces, [Piece { keys: 2, text }]);
    }

    #[test]
    fn many_keys_and_runs_are_parted() {
        let keys: Vec<Arc<str>> = (0..=2 * KEYS_MAX).map(|key| format!("key{key}").into()).collect();
        assert_eq!(key_columns("history", "", &keys, &[]).len(), 3);
        let long: Vec<Arc<str>> =
            (0..4).map(|key| key.to_string().repeat(KEY_BYTES_MAX / 4).into()).collect();
        assert_eq!(key_columns("history", "", &long, &[]).len(), 4);
        let project = ProjectKey::new("ada", "p");
        let runs: BTreeSet<RunId> = (0..=RUNS_MAX).map(|run| (1, format!("r{run:04}"))).collect();
        let mut both = runs.clone();
        both.insert((2, "r0000".into()));
        assert_eq!(conditions(&project, Some(&runs)).len(), 2);
        assert_eq!(
            conditions(&project, Some(&both)).last().map(String::as_str),
            Some("entity = 'ada' AND project = 'p' AND generation = 2 AND run_id IN ('r0000')")
        );
        assert!(conditions(&project, Some(&BTreeSet::new())).is_empty());
    }

    #[test]
    fn paths_of_projects_are_safe_and_never_the_same() {
        let mut taken = BTreeSet::new();
        let mut path = |project: &str| path_of(&ProjectKey::new("ada", project), &mut taken);
        assert_eq!(path("mnist-2.0_a"), "ada/mnist-2.0_a");
        assert_eq!(path("MNIST-2.0_a"), "ada/MNIST-2.0_a~2");
        assert_eq!(path("../.."), "ada/%2E.%2F..");
        assert_eq!(path("ä b"), "ada/%C3%A4%20b");
        assert_eq!(path("."), "ada/%2E");
        let (long, longer) = (path(&"é".repeat(60)), path(&"é".repeat(61)));
        assert!(long != longer && longer.len() < 200, "{longer}");
    }
}
