//! Every promise whose part is built has a test that is named after it, and no test is named after a
//! promise that does not exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(serde::Deserialize)]
struct Ids {
    built: BTreeSet<String>,
    later: BTreeSet<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn ids() -> Ids {
    toml::from_str(&fs::read_to_string(root().join("tests/ids.toml")).unwrap()).unwrap()
}

/// All sources under a folder of the repository.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir()
            && !name.starts_with('.')
            && !["target", "node_modules", "dist"].contains(&name.as_str())
        {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
            found.push(path);
        }
    }
}

/// The names of the tests in a source: functions below a `test` attribute, or `test_…` in Python.
fn tests_in(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        let function = line.strip_prefix("async ").unwrap_or(line);
        if line.starts_with("#[") {
            is_test |= line.contains("test]") || line.contains("test(");
        } else if let Some(rest) = function.strip_prefix("fn ").filter(|_| is_test) {
            names.push(rest.split(['(', '<']).next().unwrap().to_owned());
            is_test = false;
        } else if let Some(rest) = function.strip_prefix("def test_") {
            names.push(rest.split('(').next().unwrap().to_owned());
        } else if !line.starts_with("//") {
            is_test = false;
        }
    }
    names
}

/// The id that a test's name begins with.
fn id_of(test: &str) -> Option<&str> {
    let (id, _) = test.split_once('_')?;
    let number = id.strip_prefix(['d', 'w', 'f', 'i', 'l', 's'])?;
    let is_type = ["f32", "f64", "i32", "i64"].contains(&id);
    (!is_type && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(id)
}

#[test]
fn every_promise_that_is_built_is_tested_and_every_test_names_one_that_exists() {
    let mut files = Vec::new();
    for folder in ["engine", "query", "ingest", "cli", "fuzz", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    let tests: Vec<String> =
        files.iter().flat_map(|file| tests_in(&fs::read_to_string(file).unwrap())).collect();
    let tested: BTreeSet<&str> = tests.iter().filter_map(|test| id_of(test)).collect();
    let ids = ids();
    let missing: Vec<_> = ids.built.iter().filter(|id| !tested.contains(id.as_str())).collect();
    assert!(missing.is_empty(), "built, and without a test: {missing:?}");
    let unknown: Vec<_> =
        tested.iter().filter(|id| !ids.built.contains(**id) && !ids.later.contains(**id)).collect();
    assert!(unknown.is_empty(), "named by a test, and not in tests/ids.toml: {unknown:?}");
    let early: Vec<_> = tested.iter().filter(|id| ids.later.contains(**id)).collect();
    assert!(early.is_empty(), "tested, so no longer `later` in tests/ids.toml: {early:?}");
}

#[test]
fn a_test_is_told_by_its_attribute() {
    let text = "#[test]\nfn f1_torn() {}\nfn f2_helper() {}\n#[test]\n#[should_panic = \"x\"]\n/// Why.\nfn w5_x() {}\n\
                #[tokio::test(flavor = \"x\")]\nasync fn d1_y() {}\ndef test_f16_z(server):\n";
    assert_eq!(tests_in(text), ["f1_torn", "w5_x", "d1_y", "f16_z"]);
    assert_eq!(id_of("f16_z"), Some("f16"));
    assert_eq!(id_of("f64_is_exact"), None);
    assert_eq!(id_of("find_all"), None);
}
