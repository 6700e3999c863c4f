//! Looking after a folder: verify, backup, restore, repair.

use std::fs;
use std::path::Path;

use crate::sample;
use crate::wbq::{Served, printed, run};

const RUNS: &str = "SELECT run_id, name, state FROM runs ORDER BY created_at, run_id";

/// Flips a bit in the middle of the only segment that holds events.
fn damage(dir: &Path) {
    let log = dir.join("log");
    let mut segments: Vec<_> = fs::read_dir(log).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.sort();
    let mut bytes = fs::read(&segments[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&segments[0], bytes).unwrap();
}

fn bytes_of(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = ["log", "manifest"]
        .iter()
        .flat_map(|folder| fs::read_dir(dir.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_sound_folder_verifies_also_while_a_server_holds_it() {
    let dir = sample::folder();
    let before = bytes_of(dir.path());
    let done = run(dir.path(), &["verify", "--deep"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stdout.ends_with("every byte is what was written\n"), "{done:?}");
    assert!(bytes_of(dir.path()) == before, "nothing is changed");
    let server = Served::start(dir.path(), &[]);
    let json: serde_json::Value = serde_json::from_str(&printed(dir.path(), &["verify", "--json"])).unwrap();
    assert_eq!(json["damages"], serde_json::json!([]));
    assert!(json["events"].as_u64().unwrap() > 5 && json["segments"].as_u64().unwrap() > 0, "{json}");
    server.stop();
}

#[test]
fn f3_a_damaged_folder_fails_verify_with_what_is_wrong_and_what_to_do() {
    let dir = sample::folder();
    damage(dir.path());
    let done = run(dir.path(), &["verify"]);
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stdout.contains("damaged: segment 1 is damaged at byte "), "{done:?}");
    assert!(done.stdout.contains("  run ada/mnist/base, its events "), "{done:?}");
    let shown = dir.path().display();
    assert!(done.stderr.contains(&format!("wbq repair {shown} {shown}.repaired --dry-run")), "{done:?}");
    let json = run(dir.path(), &["verify", "--format", "json"]);
    assert_eq!(json.code, 3);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["damages"][0]["segment"], 1);
}

#[test]
fn a_backup_is_read_like_any_folder_and_restored_to_go_on_with() {
    let (dir, place) = (sample::folder(), tempfile::tempdir().unwrap());
    let (backup, back) = (place.path().join("backup"), place.path().join("back"));
    let expected = printed(dir.path(), &[RUNS]);
    let server = Served::start(dir.path(), &[]);
    let told = printed(dir.path(), &["backup", backup.to_str().unwrap()]);
    assert!(told.contains("read back, every byte is what was written"), "{told}");
    assert_eq!(printed(&backup, &[RUNS]), expected);
    server.stop();
    let told = printed(dir.path(), &["backup", backup.to_str().unwrap()]);
    assert!(told.contains("files were there already"), "{told}");
    assert!(!backup.join("server.json").exists() && !backup.join("LOCK").exists());
    printed(dir.path(), &["restore", backup.to_str().unwrap(), back.to_str().unwrap()]);
    printed(&back, &["edit", "wide", "--name", "wider"]);
    assert!(printed(&back, &["SELECT name FROM runs"]).contains("wider"));
    assert_eq!(printed(&backup, &[RUNS]), expected, "the backup is as it was");
    let again = run(dir.path(), &["restore", backup.to_str().unwrap(), back.to_str().unwrap()]);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("there is a store in it already"), "{again:?}");
}

#[test]
fn f3_a_repair_makes_a_sound_folder_and_names_what_is_lost() {
    let (dir, place) = (sample::folder(), tempfile::tempdir().unwrap());
    let target = place.path().join("repaired");
    damage(dir.path());
    let before = bytes_of(dir.path());
    let [source, target_text] = [dir.path(), &target].map(|path| path.to_str().unwrap());
    let dry = printed(dir.path(), &["repair", source, target_text, "--dry-run"]);
    assert!(dry.contains("events can be kept\nlost: positions "), "{dry}");
    assert!(!target.exists(), "a dry run writes nothing");
    let told = printed(dir.path(), &["repair", source, target_text]);
    assert!(told.contains("lost: events ") || told.contains("lost: positions "), "{told}");
    assert!(bytes_of(dir.path()) == before, "the damaged folder is as it was");
    assert_eq!(run(&target, &["verify", "--deep"]).code, 0);
    assert!(printed(&target, &["SELECT count(*) AS n FROM runs"]).contains("\"n\":"));
    let again = run(dir.path(), &["repair", source, target_text]);
    assert_eq!((again.code, again.stderr.contains("it is not empty")), (1, true), "{again:?}");
}

#[test]
fn a_folder_without_a_store_is_exit_1_for_each() {
    let (empty, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let target = place.path().join("t");
    let [source, target] = [empty.path(), &target].map(|path| path.to_str().unwrap());
    let commands: [&[&str]; 4] =
        [&["verify"], &["backup", target], &["restore", source, target], &["repair", source, target]];
    for args in commands {
        let done = run(empty.path(), args);
        assert_eq!(done.code, 1, "{args:?}: {done:?}");
        assert!(done.stderr.contains("there is no store in"), "{args:?}: {done:?}");
    }
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0, "nothing is made");
}

#[test]
fn the_past_is_looked_at_by_time_and_by_position() {
    let dir = sample::folder();
    let before = printed(dir.path(), &[RUNS]);
    let durable = printed(dir.path(), &["--format", "csv", "SELECT max(lsn) FROM events"]);
    let durable = durable.lines().nth(1).unwrap();
    printed(dir.path(), &["edit", "wide", "--name", "renamed", "--config", "epochs=9", "--tag", "+late"]);
    printed(dir.path(), &["delete", "--yes", "cifar/base"]);
    let now = printed(dir.path(), &[RUNS]);
    assert!(now.contains("renamed") && now != before);
    let at = format!("lsn:{durable}");
    assert_eq!(printed(dir.path(), &["--as-of", &at, RUNS]), before);
    assert_eq!(printed(dir.path(), &["--as-of", "now", RUNS]), now);
    assert_eq!(printed(dir.path(), &["--as-of", "1970-01-01T00:00:00Z", RUNS]), "");
    assert!(printed(dir.path(), &["--as-of", &at, "show", "wide"]).starts_with("dry-hill-2 "));
    let server = Served::start(dir.path(), &[]);
    assert_eq!(printed(dir.path(), &["--as-of", &at, RUNS]), before, "through the server");
    let json = printed(dir.path(), &["diff", &format!("wide@{at}"), "wide", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let paths: Vec<&str> = json.as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["name", "tags", "config.epochs"]);
    assert_eq!((&json[2]["a"], &json[2]["b"]), (&serde_json::json!(3), &serde_json::json!(9)));
    server.stop();
    let text = printed(dir.path(), &["diff", "mnist/base", "wide"]);
    assert!(text.contains("state") && text.contains("Finished") && text.contains("Failed"), "{text}");
    assert_eq!(printed(dir.path(), &["diff", "wide", "wide"]), "no difference\n");
    let refused = run(dir.path(), &["--as-of", "long ago", RUNS]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("'10 minutes ago' or lsn:4711"), "{refused:?}");
}

#[test]
fn d9_answers_are_the_same_after_compact() {
    let dir = sample::folder();
    let asked = [
        "SELECT run_id, _step, loss FROM history ORDER BY run_id, _step",
        "SELECT run_id, key, step, value, lsn FROM points ORDER BY lsn, step, key",
        RUNS,
    ];
    let answers = || asked.map(|sql| printed(dir.path(), &["--format", "json", sql]));
    let before = answers();
    let done = run(dir.path(), &["compact"]);
    assert_eq!((done.code, &*done.stdout), (0, ""), "{done:?}");
    assert!(done.stderr.contains("the log so far stands in 4 table files"), "{done:?}");
    assert_eq!(answers(), before);
    // Again, asked of a server.
    let server = Served::start(dir.path(), &[]);
    assert_eq!(run(dir.path(), &["compact"]).code, 0);
    assert_eq!(answers(), before);
    server.stop();
    let done = run(dir.path(), &["verify", "--deep"]);
    assert!(done.code == 0 && done.stdout.contains(" table files ("), "{done:?}");
}

#[test]
fn compact_packs_the_log_and_keeps_it_as_long_as_it_is_told() {
    let dir = sample::folder();
    let sql = "SELECT run_id, _step, loss FROM history ORDER BY run_id, _step";
    let before = printed(dir.path(), &["--format", "json", sql]);
    for keep in ["forever", "7d"] {
        assert_eq!(run(dir.path(), &["compact", "--keep-log", keep]).code, 0);
        assert!(dir.path().join("log/0000000001.segz").exists(), "{keep}");
        assert!(!dir.path().join("log/0000000001.seg").exists(), "{keep}");
        assert_eq!(printed(dir.path(), &["--format", "json", sql]), before);
    }
    let stats: serde_json::Value =
        serde_json::from_str(&printed(dir.path(), &["stats", "--format", "json"])).unwrap();
    let first = &stats["segments"][0];
    assert!(first["packed_bytes"].as_u64() < first["bytes"].as_u64(), "{stats}");
    let sql = "SELECT count(*) AS n FROM wbq.segments WHERE packed_bytes > 0";
    assert_eq!(printed(dir.path(), &["--format", "json", sql]).trim(), "[\n{\"n\":1}\n]");
    // How long is for who holds the folder to say.
    let server = Served::start(dir.path(), &["--keep-log", "12h"]);
    let done = run(dir.path(), &["compact", "--keep-log", "1d"]);
    assert!(done.code == 2 && done.stderr.contains("wbq serve --keep-log"), "{done:?}");
    server.stop();
    assert_eq!(run(dir.path(), &["compact", "--keep-log", "for a while"]).code, 2);
}

#[test]
fn a_folder_without_the_beginning_of_its_log_answers_as_before_and_is_copied_whole() {
    let dir = sample::folder();
    let asked = [
        "SELECT run_id, _step, loss FROM history ORDER BY run_id, _step",
        "SELECT lsn, kind, run_id, body FROM events ORDER BY lsn",
        RUNS,
    ];
    let answers = |dir: &Path| asked.map(|sql| printed(dir, &["--format", "json", sql]));
    let before = answers(dir.path());
    let events = |json: &str| json.matches("\"lsn\":").count();
    let count = events(&before[1]);
    let past = printed(dir.path(), &["--as-of", "lsn:9", RUNS]);
    assert_eq!(run(dir.path(), &["compact", "--keep-log", "0s"]).code, 0);
    assert!(
        !dir.path().join("log/0000000001.segz").exists() && !dir.path().join("log/0000000001.seg").exists()
    );
    assert_eq!(answers(dir.path()), before);
    assert_eq!(printed(dir.path(), &["--as-of", "lsn:9", RUNS]), past);
    let verified = run(dir.path(), &["verify", "--deep"]);
    assert_eq!(verified.code, 0, "{verified:?}");
    assert!(verified.stdout.contains(&format!("{count} events")), "{verified:?}");
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("copy");
    let backed_up = run(dir.path(), &["backup", copy.to_str().unwrap()]);
    assert_eq!(backed_up.code, 0, "{backed_up:?}");
    assert_eq!(answers(&copy), before);
    assert_eq!(events(&answers(&copy)[1]), count);
    let mended = copies.path().join("mended");
    let done = run(dir.path(), &["repair", dir.path().to_str().unwrap(), mended.to_str().unwrap()]);
    assert!(done.code == 0 && done.stdout.ends_with("nothing is lost\n"), "{done:?}");
    assert!(done.stdout.contains(" of them the log does not hold any more: table files do\n"), "{done:?}");
    let (again, founded) = (answers(&mended), |events: &str| events.lines().nth(1).unwrap().to_owned());
    assert_eq!((&again[0], &again[2]), (&before[0], &before[2]));
    assert_eq!(again[1].replace(&founded(&again[1]), ""), before[1].replace(&founded(&before[1]), ""));
}

#[test]
fn d8_prune_shows_what_goes_and_erases_it() {
    let dir = sample::folder();
    let json = |args: &[&str]| -> Vec<serde_json::Value> {
        let lines = printed(dir.path(), args);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let list = "SELECT project, run_id FROM runs ORDER BY project, run_id";
    let name = |run: &serde_json::Value| format!("{}/{}", run["project"], run["run_id"]).replace('"', "");
    let runs = || json(&[list]).iter().map(name).collect::<Vec<_>>();
    let all = runs();
    let others: Vec<String> = all.iter().filter(|run| *run != "mnist/base").cloned().collect();
    let history = "SELECT run_id, _step, loss FROM history WHERE run_id = 'wide' ORDER BY _step";
    let before = printed(dir.path(), &[history]);
    assert_eq!(json(&["prune", "--dry-run"]), Vec::<serde_json::Value>::new(), "nothing is deleted");
    assert_eq!(run(dir.path(), &["delete", "--yes", "mnist/base"]).code, 0);
    assert_eq!(runs(), others);
    let kept = &json(&["prune", "--dry-run"])[0];
    assert_eq!((kept["run"].as_str(), kept["what"].as_str()), (Some("ada/mnist/base"), Some("kept")));
    let due = &json(&["prune", "--dry-run", "--deleted-for", "0s"])[0];
    assert!(due["what"] == "would be erased" && due["points"] == 3, "three losses: {due}");
    let by = |what: &str| json(&["prune", "--dry-run", "--deleted-for", "0s", "--by", what]);
    assert_eq!(
        (by("project")[0]["project"].as_str(), by("project")[0]["runs"].as_u64()),
        (Some("ada/mnist"), Some(1))
    );
    let keys = by("key");
    assert!(keys.iter().any(|key| key["key"] == "loss" && key["points"] == 3), "{keys:?}");
    assert_eq!(run(dir.path(), &["undelete", "mnist/base"]).code, 0);
    assert_eq!(runs(), all, "what was only shown can be brought back");

    assert_eq!(run(dir.path(), &["delete", "--yes", "mnist/base"]).code, 0);
    let server = Served::start(dir.path(), &[]);
    let unasked = run(dir.path(), &["prune", "--deleted-for", "0s"]);
    assert!(unasked.code == 2 && unasked.stderr.contains("--yes"), "{unasked:?}");
    let done = run(dir.path(), &["prune", "--deleted-for", "0s", "--yes"]);
    assert!(
        done.code == 0 && done.stderr.contains("one run erased; the log and the table files"),
        "{done:?}"
    );
    let room = json(&["stats", "--by", "project", "--project", "mnist", "--format", "ndjson"]);
    assert_eq!(room[0]["runs"], 1, "the erased one takes up nothing: {room:?}");
    let undelete = run(dir.path(), &["undelete", "mnist/base"]);
    assert!(undelete.code == 1 && undelete.stderr.contains("was erased"), "{undelete:?}");
    let deleted = json(&["--include-deleted", list]);
    assert_eq!(deleted.len(), others.len(), "not among the deleted ones either");
    server.stop();
    assert_eq!(printed(dir.path(), &[history]), before);
    let told = json(&[
        "--include-deleted",
        "SELECT kind, actor FROM events WHERE project = 'mnist' AND run_id = 'base' ORDER BY lsn DESC LIMIT 2",
    ]);
    assert_eq!([&told[0]["kind"], &told[1]["kind"]], ["RunErased", "RunDeleted"]);
    let gone =
        "SELECT count(*) AS n FROM events WHERE project = 'mnist' AND run_id = 'base' AND kind = 'Erased'";
    assert!(json(&["--include-deleted", gone])[0]["n"].as_u64() > Some(3));
    let verified = run(dir.path(), &["verify", "--deep"]);
    assert!(verified.code == 0, "{verified:?}");
}

#[test]
fn a_damaged_table_file_costs_nothing_that_the_log_holds() {
    let dir = sample::folder();
    let sql = "SELECT run_id, _step, loss FROM history ORDER BY run_id, _step";
    let before = printed(dir.path(), &["--format", "json", sql]);
    assert_eq!(run(dir.path(), &["compact"]).code, 0);
    let file = dir.path().join("tables/0000000001.parquet");
    let mut bytes = fs::read(&file).unwrap();
    bytes[100] ^= 4;
    fs::write(&file, bytes).unwrap();
    let copy = format!("{}.sound", dir.path().display());
    for args in [&[sql][..], &["verify"]] {
        let done = run(dir.path(), args);
        assert_eq!(done.code, 3, "{done:?}");
        let all = format!("{}{}", done.stdout, done.stderr);
        assert!(all.contains("tables/0000000001.parquet is damaged: the checksum"), "{done:?}");
        assert!(done.stderr.contains("compact      makes the table file again"), "{done:?}");
    }
    assert_eq!(run(dir.path(), &["backup", &copy]).code, 0);
    assert_eq!(printed(Path::new(&copy), &["--format", "json", sql]), before);
    fs::remove_dir_all(copy).unwrap();
}

/// By the command that the message names, with and without a server on the folder.
#[test]
fn f4_a_damaged_table_file_is_made_again_by_compact() {
    let dir = sample::folder();
    let sql = "SELECT run_id, _step, loss FROM history ORDER BY run_id, _step";
    let before = printed(dir.path(), &["--format", "json", sql]);
    assert_eq!(run(dir.path(), &["compact"]).code, 0);
    let rot = || {
        let files = fs::read_dir(dir.path().join("tables")).unwrap().map(|entry| entry.unwrap().path());
        let file = files.filter(|file| file.extension().is_some_and(|name| name == "parquet")).min().unwrap();
        let mut bytes = fs::read(&file).unwrap();
        bytes[100] ^= 4;
        fs::write(&file, bytes).unwrap();
        file
    };
    let damaged = rot();
    assert_eq!(run(dir.path(), &[sql]).code, 3);
    assert_eq!(run(dir.path(), &["compact"]).code, 0);
    assert!(!damaged.exists(), "another file has taken its place");
    assert_eq!(printed(dir.path(), &["--format", "json", sql]), before);
    let server = Served::start(dir.path(), &[]);
    rot();
    assert_eq!(run(dir.path(), &["compact"]).code, 0);
    assert_eq!(printed(dir.path(), &["--format", "json", sql]), before);
    server.stop();
    assert_eq!(run(dir.path(), &["verify", "--deep"]).code, 0);
}

#[test]
fn f3_a_server_serves_the_other_runs_of_a_damaged_folder_when_asked() {
    let dir = sample::folder();
    // The segment ends: what is written goes into another.
    printed(dir.path(), &["edit", "wide", "--name", "wider"]);
    damage(dir.path());
    let shown = dir.path().display();
    let refused = run(dir.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    let advice = format!("wbq --dir {shown} serve --open=degraded");
    assert!(refused.stderr.contains(&advice), "{refused:?}");
    let server = Served::start(dir.path(), &["--open=degraded"]);
    let ready =
        ureq::get(format!("{}/readyz", server.url)).call().unwrap().into_body().read_to_string().unwrap();
    assert!(ready.contains("\"missing_events\":"), "{ready}");
    let told = run(
        dir.path(),
        &["SELECT run_id, project, state_reason FROM runs WHERE state_reason LIKE 'damage%'"],
    );
    assert!(told.stderr.contains("the store is damaged: events ") && told.code == 0, "{told:?}");
    assert!(told.stdout.contains("base") && told.stdout.contains("mnist"), "{told:?}");
    let history =
        |run| format!("SELECT count(*) AS n FROM history WHERE run_id = '{run}' AND project = 'mnist'");
    let lacking = run(dir.path(), &[&history("base")]);
    assert_eq!(lacking.code, 3, "{lacking:?}");
    assert!(lacking.stderr.contains(" of run ada/mnist/base are missing"), "{lacking:?}");
    assert!(printed(dir.path(), &[&history("wide")]).contains('1'));
    printed(dir.path(), &["edit", "wide", "--name", "widest"]);
    assert_ne!(run(dir.path(), &["edit", "mnist/base", "--name", "other"]).code, 0, "it takes nothing");
    server.stop();
    let repaired = tempfile::tempdir().unwrap();
    let target = repaired.path().join("repaired");
    let told = run(dir.path(), &["repair", dir.path().to_str().unwrap(), target.to_str().unwrap()]);
    assert!(told.stdout.contains("ada/mnist/base"), "{told:?}");
    assert!(printed(&target, &["SELECT name FROM runs"]).contains("widest"));
}
