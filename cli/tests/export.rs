//! `wbq export`: what is in the folder that it makes, and that none is left where it fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::sample;
use crate::wbq::{Served, command, piped, printed, run, signal};

/// A place for exports, beside nothing else.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn out(&self) -> PathBuf {
        self.0.path().join("out")
    }

    /// Everything in it, as paths of files.
    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(self.0.path()).unwrap().display().to_string());
                }
            }
        }
        found.sort();
        found
    }
}

fn export(dir: &Path, target: &Path, args: &[&str]) -> String {
    let all = [&["export", "--to", target.to_str().unwrap()], args].concat();
    printed(dir, &all)
}

fn rows(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn manifest(out: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(out.join("manifest.json")).unwrap()).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_export_has_every_table_and_a_manifest_that_tells_rows_and_digests() {
    let (dir, place) = (sample::folder(), Place::new());
    let out = place.out();
    let told = export(dir.path(), &out, &["--as", "jsonl"]);
    assert!(told.contains(" holds 3 runs as of event 18: "), "{told}");
    let of = |table: &str| ["cifar", "mnist"].map(|project| format!("out/{table}/ada/{project}.jsonl"));
    let mut expected: Vec<String> =
        ["console", "files", "history", "points", "system"].iter().flat_map(|table| of(table)).collect();
    let others = ["README.md", "events.jsonl", "manifest.json", "runs.jsonl"];
    expected.extend(others.map(|name| format!("out/{name}")));
    expected.sort();
    assert_eq!(place.files(), expected);
    let manifest = manifest(&out);
    assert_eq!((manifest["position"].as_u64(), manifest["runs"].as_u64()), (Some(18), Some(3)));
    let files = manifest["files"].as_array().unwrap();
    assert_eq!(files.len(), 12);
    for file in files {
        let bytes = fs::read(out.join(file["path"].as_str().unwrap())).unwrap();
        assert_eq!(file["bytes"].as_u64().unwrap(), bytes.len() as u64, "{file}");
        assert_eq!(file["sha256"], sha256(&bytes), "{file}");
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(file["rows"].as_u64().unwrap(), lines, "{file}");
    }
    let run = &rows(&out.join("runs.jsonl"))[0];
    assert_eq!(run["config"], serde_json::json!({ "epochs": 3, "optimizer": { "lr": 0.25 } }));
    assert_eq!((&run["config.optimizer.lr"], &run["config.epochs"]), (&0.25.into(), &3.into()));
    assert_eq!(rows(&out.join("history/ada/mnist.jsonl")).len(), 4);
    assert_eq!(rows(&out.join("points/ada/mnist.jsonl")).len(), 4);
    assert_eq!(rows(&out.join("events.jsonl")).len(), 18);
}

#[test]
fn a_condition_chooses_the_runs_of_every_table() {
    let (dir, place) = (sample::folder(), Place::new());
    let out = place.out();
    let condition = "state = 'Finished' AND (summary.loss < 0.2) -- the best";
    export(dir.path(), &out, &[condition, "--as", "jsonl"]);
    assert_eq!(manifest(&out)["where"], condition);
    let ids = |file: &str| {
        let rows = rows(&out.join(file));
        rows.iter().map(|row| format!("{}/{}", row["project"], row["run_id"])).collect::<Vec<_>>()
    };
    assert_eq!(ids("runs.jsonl"), ["\"mnist\"/\"base\""]);
    for (file, count) in [("history/ada/mnist.jsonl", 3), ("points/ada/mnist.jsonl", 3), ("events.jsonl", 6)]
    {
        assert_eq!(ids(file), vec!["\"mnist\"/\"base\""; count], "{file}");
    }
    assert!(!out.join("history/ada/cifar.jsonl").exists(), "a project without a chosen run has no files");
}

/// Whoever asked twice would be answered differently.
#[test]
fn a_condition_that_draws_chooses_the_same_runs_in_every_table() {
    let dir = sample::folder();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let place = Place::new();
        let out = place.out();
        export(dir.path(), &out, &["random() < 0.5", "--as", "jsonl"]);
        let ids = |file: &str| -> std::collections::BTreeSet<String> {
            let rows = rows(&out.join(file));
            rows.iter().map(|row| format!("{}/{}", row["project"], row["run_id"])).collect()
        };
        assert_eq!(ids("runs.jsonl"), ids("events.jsonl"));
        seen.insert(ids("runs.jsonl"));
    }
    assert!(seen.len() > 1, "it drew: {seen:?}");
}

#[test]
fn a_condition_that_is_none_is_told_and_leaves_nothing() {
    let (dir, place) = (sample::folder(), Place::new());
    let out = place.out();
    for condition in ["state =", "true) OR (true", "true UNION SELECT 1", "nonsense = 1", "state", ""] {
        let done = run(dir.path(), &["export", condition, "--to", out.to_str().unwrap()]);
        assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{condition}: {done:?}");
        assert!(done.stderr.starts_with("error: "), "{condition}: {done:?}");
        assert!(place.files().is_empty() && fs::read_dir(place.0.path()).unwrap().next().is_none());
    }
    insta::assert_snapshot!(run(dir.path(), &["export", "true) OR (true", "--to", "x"]).told(dir.path()), @r#"
    code 1
    error: the condition ends before ")"
      at:    line 1, column 5
               true) OR (true
                   ^
    "#);
}

#[test]
fn a_folder_with_something_in_it_is_left_as_it_is() {
    let (dir, place) = (sample::folder(), Place::new());
    fs::write(place.0.path().join("mine"), "x").unwrap();
    let done = run(dir.path(), &["export", "--to", place.0.path().to_str().unwrap()]);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("name an empty folder, or one that does not exist"), "{done:?}");
    assert_eq!(place.files(), ["mine"]);
    let mut here = command(dir.path(), &["export", "--to", "."]);
    fs::create_dir(place.out()).unwrap();
    let here = here.current_dir(place.out()).output().unwrap();
    assert!(String::from_utf8_lossy(&here.stderr).contains("it is the current folder"), "{here:?}");
    let nowhere = run(place.0.path(), &["export", "--to", place.out().to_str().unwrap()]);
    assert_eq!(nowhere.code, 1, "there is no store to export");
    assert_eq!(place.files(), ["mine"]);
}

#[test]
fn a_project_with_very_many_keys_has_several_files_and_every_cell() {
    let (dir, place) = (sample::folder(), Place::new());
    sample::log_keys(dir.path(), 1_000);
    export(dir.path(), &place.out(), &["--as", "jsonl"]);
    let mut cells = std::collections::BTreeMap::new();
    for file in ["mnist.jsonl", "mnist.keys-2.jsonl"] {
        let rows = rows(&place.out().join("history/ada").join(file));
        assert_eq!(rows.len(), 5, "{file}");
        let row = rows.iter().find(|row| row["run_id"] == "wide" && row["_step"] == 1).unwrap();
        cells.extend(row.as_object().unwrap().clone());
    }
    for number in 0..1_000 {
        assert_eq!(cells[&format!("key{number}")], number);
    }
    assert_eq!(manifest(&place.out())["files"].as_array().unwrap().len(), 13);
}

#[test]
fn user_files_are_exported_once_each_by_their_digest() {
    let (dir, place) = (sample::folder(), Place::new());
    let digest = sample::add_file(dir.path(), b"weights");
    assert_eq!(digest, sha256(b"weights"));
    export(dir.path(), &place.out(), &["--files", "--as", "csv"]);
    let path = format!("user_files/{}/{digest}", &digest[..2]);
    assert_eq!(fs::read(place.out().join(&path)).unwrap(), b"weights");
    let manifest = manifest(&place.out());
    let files: Vec<_> =
        manifest["files"].as_array().unwrap().iter().filter(|file| file["table"].is_null()).collect();
    assert_eq!(files.len(), 1, "two runs have it");
    assert_eq!((files[0]["path"].as_str(), files[0]["sha256"].as_str()), (Some(&*path), Some(&*digest)));
    let table = fs::read_to_string(place.out().join("files/ada/mnist.csv")).unwrap();
    assert_eq!(table.matches(&digest).count(), 2, "{table}");
}

#[test]
fn a_folder_that_a_server_holds_and_the_past_are_exported_too() {
    let (dir, place) = (sample::folder(), Place::new());
    let server = Served::start(dir.path(), &[]);
    export(dir.path(), &place.out(), &["--as", "jsonl"]);
    server.stop();
    assert_eq!(rows(&place.out().join("runs.jsonl")).len(), 3);
    let past = place.0.path().join("past");
    export(dir.path(), &past, &["--as", "jsonl", "--as-of", "lsn:9"]);
    assert_eq!(manifest(&past)["position"], 9);
    assert_eq!((rows(&past.join("runs.jsonl")).len(), rows(&past.join("events.jsonl")).len()), (1, 9));
}

#[test]
fn deleted_runs_are_exported_where_they_are_asked_for() {
    let (dir, place) = (sample::folder(), Place::new());
    printed(dir.path(), &["delete", "--yes", "mnist/base"]);
    export(dir.path(), &place.out(), &["--as", "jsonl"]);
    let all = place.0.path().join("all");
    export(dir.path(), &all, &["--as", "jsonl", "--include-deleted"]);
    let count = |out: &Path, file: &str| rows(&out.join(file)).len();
    assert_eq!((count(&place.out(), "runs.jsonl"), count(&all, "runs.jsonl")), (2, 3));
    let history = "history/ada/mnist.jsonl";
    assert_eq!((count(&place.out(), history), count(&all, history)), (1, 4));
    assert!(!rows(&all.join("runs.jsonl"))[0]["deleted_at"].is_null());
}

#[test]
fn damage_is_exit_3_and_leaves_nothing() {
    let (dir, place) = (sample::folder(), Place::new());
    let digest = sample::add_file(dir.path(), b"weights");
    fs::write(dir.path().join("blobs").join(&digest[..2]).join(&digest), "weighty").unwrap();
    let target = place.out();
    let done = run(dir.path(), &["export", "--files", "--to", target.to_str().unwrap()]);
    assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{done:?}");
    assert!(done.stderr.contains("is not what its name says"), "{done:?}");
    assert!(fs::read_dir(place.0.path()).unwrap().next().is_none(), "{:?}", place.files());
    export(dir.path(), &target, &[]);
}

/// The content of the user file is a pipe that nobody writes to: there the export waits for the signal.
#[test]
fn ctrl_c_takes_away_what_was_written() {
    let (dir, place) = (sample::folder(), Place::new());
    let digest = sample::add_file(dir.path(), b"weights");
    let blob = dir.path().join("blobs").join(&digest[..2]).join(&digest);
    fs::remove_file(&blob).unwrap();
    assert!(Command::new("mkfifo").arg(&blob).status().unwrap().success());
    let out = place.out();
    let child = piped(&mut command(dir.path(), &["export", "--files", "--to", out.to_str().unwrap()]));
    let began = Instant::now();
    while !place.files().iter().any(|file| file.ends_with("/events.parquet")) {
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", place.files());
        std::thread::yield_now();
    }
    signal(&child, "INT");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert!(fs::read_dir(place.0.path()).unwrap().next().is_none(), "{:?}", place.files());
}
