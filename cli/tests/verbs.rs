//! What the verbs print when all goes well.

use insta::assert_snapshot;

use crate::sample;
use crate::wbq::{printed, run, run_with_input};

#[test]
fn a_run_is_shown_for_people() {
    let dir = sample::folder();
    assert_snapshot!(printed(dir.path(), &["show", "mnist/base"]), @r"
    sunny-lake-1  ada/mnist/base
      generation    1
      state         Finished
      state_reason  exit: exit code 0
      exit_code     0
      tags          a, b
      author        ada
      created_at    2026-01-02T03:04:05Z
      started_at    2026-01-02T03:04:05Z
      heartbeat_at  2026-01-02T03:04:05Z
      finished_at   2026-01-02T03:05:35Z
      runtime       90.0
      duration      90.0
      last_step     2
      history_rows  3
      updated_lsn   9

    config
      epochs        3
      optimizer.lr  0.25

    summary
      loss  0.125
    ");
}

#[test]
fn a_run_is_shown_as_json_with_the_columns_of_sql() {
    let dir = sample::folder();
    let json = printed(dir.path(), &["show", "ada/mnist/wide", "--format", "json"]);
    let run: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json.lines().count(), run["run_id"].as_str()), (1, Some("wide")));
    assert_eq!(run["config"], serde_json::json!({ "epochs": 3, "optimizer": { "lr": 0.5 } }));
    assert_eq!(run["summary"], serde_json::json!({ "loss": "NaN" }));
    assert_eq!(run["tags"], serde_json::json!(["a", "b"]));
    assert_eq!(run["state"], "Failed");
}

#[test]
fn a_run_that_is_not_there_or_not_the_only_one_is_told() {
    let dir = sample::folder();
    assert_snapshot!(run(dir.path(), &["show", "base"]).told(dir.path()), @r#"
    code 1
    error: "base" can mean 2 runs
      next:  wbq show ada/cifar/base
             wbq show ada/mnist/base
    "#);
    assert_snapshot!(run(dir.path(), &["show", "nobody"]).told(dir.path()), @r#"
    code 1
    error: there is no run "nobody"
      next:  wbq "SELECT entity, project, run_id, name FROM runs"      lists the runs
    "#);
}

#[test]
fn runs_are_changed_without_a_server() {
    let dir = sample::folder();
    let path = dir.path();
    let said = |args: &[&str]| {
        let done = run(path, args);
        assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{args:?}: {done:?}");
        done.stderr
    };
    assert_eq!(
        said(&["edit", "wide", "mnist/base", "--group", "g"]),
        "edited ada/mnist/wide\nedited ada/mnist/base\n"
    );
    assert_eq!(said(&["edit", "wide", "--group", "g"]), "ada/mnist/wide: nothing differs\n");
    assert_eq!(said(&["delete", "--yes", "wide"]), "deleted ada/mnist/wide\n");
    let count = "SELECT count(*) AS n FROM runs";
    assert_eq!(printed(path, &[count]), "{\"n\":2}\n");
    assert_eq!(printed(path, &["--include-deleted", count]), "{\"n\":3}\n");
    assert_eq!(said(&["undelete", "wide"]), "brought back ada/mnist/wide\n");
    assert_eq!(printed(path, &[count]), "{\"n\":3}\n");
    assert_eq!(said(&["--quiet", "stop", "cifar/base"]), "");
    let first_fails = run(path, &["edit", "nobody", "wide", "--group", "h"]);
    assert_eq!(first_fails.code, 1);
    assert_eq!(
        printed(path, &["SELECT group_name FROM runs WHERE run_id = 'wide'"]),
        "{\"group_name\":\"g\"}\n"
    );
}

#[test]
fn stats_tell_what_is_in_the_folder() {
    let dir = sample::folder();
    let text = printed(dir.path(), &["stats"]).replace(&dir.path().display().to_string(), "DIR");
    insta::with_settings!({filters => vec![(r"[\d.]+ KiB \(\d+ bytes\)", "SIZE"), (r"\d+ bytes", "SIZE")]}, {
        assert_snapshot!(text, @r"
        folder        DIR
        events        18
        users         0
        projects      2
        runs          3
          Failed      1
          Finished    1
          Running     1
        points        4
          system      0 (beside these)
        segments      1 with SIZE
          1           sealed, SIZE, events 1..18
        lag           18 events wait for compaction
        ");
    });
    let json: serde_json::Value =
        serde_json::from_str(&printed(dir.path(), &["stats", "--format", "json"])).unwrap();
    assert_eq!((json["runs"].as_u64(), json["points"].as_u64()), (Some(3), Some(4)));
    assert_eq!(json["runs_by_state"], serde_json::json!({ "Failed": 1, "Finished": 1, "Running": 1 }));
}

fn stats(dir: &std::path::Path, args: &[&str]) -> serde_json::Value {
    let all = [&["stats", "--format", "json"], args].concat();
    serde_json::from_str(&printed(dir, &all)).unwrap()
}

fn sum(rows: &serde_json::Value, column: &str) -> u64 {
    rows.as_array().unwrap().iter().map(|row| row[column].as_u64().unwrap()).sum()
}

#[test]
fn stats_tell_the_table_files_and_what_waits_for_compaction() {
    let dir = sample::folder();
    let before = stats(dir.path(), &[]);
    assert_eq!((before["lag"].as_u64(), before["table_bytes"].as_u64()), (Some(18), Some(0)));
    printed(dir.path(), &["compact"]);
    let after = stats(dir.path(), &[]);
    assert_eq!(after["lag"].as_u64(), Some(0));
    let tables = after["tables"].as_array().unwrap();
    let kinds: Vec<_> = tables.iter().map(|table| table["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["events", "history", "runs", "state"]);
    assert_eq!(sum(&after["tables"], "bytes"), after["table_bytes"].as_u64().unwrap());
    assert_eq!(tables[1]["rows"].as_u64(), Some(4));
    let text = printed(dir.path(), &["stats"]);
    assert!(text.contains("\n  history     level 0: 1 with 4 rows, "), "{text}");
    assert!(text.contains("\nlag           0 events wait for compaction\n"), "{text}");
}

#[test]
fn stats_by_run_project_and_key_add_up_to_the_files_of_rows() {
    let dir = sample::folder();
    sample::add_file(dir.path(), b"weights");
    printed(dir.path(), &["compact"]);
    let tables = stats(dir.path(), &[]);
    let history = tables["tables"].as_array().unwrap().iter().find(|table| table["kind"] == "history");
    let bytes = history.unwrap()["bytes"].as_u64().unwrap();
    let (projects, runs, keys) = (
        stats(dir.path(), &["--by", "project"]),
        stats(dir.path(), &["--by", "run"]),
        stats(dir.path(), &["--by", "key"]),
    );
    assert_eq!([&projects, &runs, &keys].map(|rows| sum(rows, "bytes")), [bytes; 3]);
    assert_eq!((sum(&projects, "points"), sum(&runs, "points"), sum(&keys, "points")), (4, 4, 4));
    assert_eq!((sum(&projects, "file_bytes"), sum(&runs, "file_bytes")), (14, 14), "once for each run");
    let first = &runs[0];
    assert_eq!(
        (&first["run_id"], &first["project"], &first["rows"]),
        (&"base".into(), &"mnist".into(), &3.into())
    );
    assert_eq!(projects[1]["project"], "cifar");
    assert_eq!((&projects[1]["bytes"], &projects[1]["runs"]), (&0.into(), &1.into()));
    assert!(keys.as_array().unwrap().iter().any(|key| key["key"].is_null() && key["rows"] == 4));
    assert!(keys.as_array().unwrap().iter().any(|key| key["key"] == "loss" && key["points"] == 4));
}

#[test]
fn stats_are_of_the_project_and_as_many_as_asked_for() {
    let dir = sample::folder();
    let of = |args: &[&str]| stats(dir.path(), args).as_array().unwrap().len();
    assert_eq!((of(&["--by", "run"]), of(&["--by", "run", "--limit", "1"])), (3, 1));
    assert_eq!(of(&["--by", "run", "--project", "ada/mnist"]), 2);
    assert_eq!(of(&["--by", "project", "--project", "cifar"]), 1);
    printed(dir.path(), &["delete", "--yes", "mnist/wide"]);
    let deleted = stats(dir.path(), &["--by", "run", "--project", "mnist"]);
    let wide = deleted.as_array().unwrap().iter().find(|run| run["run_id"] == "wide").unwrap();
    assert_eq!((&wide["deleted"], &wide["points"]), (&true.into(), &1.into()));
    let nobodys = run(dir.path(), &["stats", "--by", "key", "--project", "nobody"]);
    assert_eq!((nobodys.code, nobodys.stdout.as_str()), (1, ""));
    assert_eq!(run(dir.path(), &["stats", "--project", "mnist"]).code, 2, "--project goes with --by");
}

#[test]
fn the_limits_are_listed_without_a_folder() {
    let nowhere = std::path::Path::new("/nowhere");
    let limits = printed(nowhere, &["stats", "--limits"]);
    for name in
        ["line_bytes_max", "tags_max", "statement_bytes", "body_wire_bytes", "memory_bytes", "sql_tokens_max"]
    {
        assert!(limits.lines().any(|line| line.starts_with(name)), "{name}: {limits}");
    }
}

#[test]
fn passwords_are_read_from_standard_input_and_are_in_no_list_and_no_event() {
    let dir = sample::folder();
    let added = run_with_input(dir.path(), &["user", "add", "bob", "--password-stdin"], "correct horse\n");
    assert!(added.code == 0 && added.stdout.starts_with("bob "), "{added:?}");
    let short = run_with_input(dir.path(), &["user", "password", "bob"], "short\n");
    assert!(short.code == 1 && short.stderr.contains("at least 8 characters"), "{short:?}");
    let none = run_with_input(dir.path(), &["user", "password", "nobody"], "correct horse\n");
    assert!(none.code == 1 && none.stderr.contains("nobody"), "{none:?}");
    let taken = run_with_input(dir.path(), &["user", "password", "bob"], "\n");
    assert!(taken.code == 0 && taken.stderr.contains("bob has no password any more"), "{taken:?}");
    let told = printed(dir.path(), &["SELECT body FROM events WHERE kind = 'PasswordSet' ORDER BY lsn"]);
    assert!(told.contains("true") && told.contains("false") && !told.contains("horse"), "{told}");
}

#[test]
fn users_are_added_and_listed() {
    let dir = sample::folder();
    let added = printed(dir.path(), &["user", "add", "bob"]);
    let (name, key) = added.trim_end().split_once(' ').unwrap();
    assert!(name == "bob" && key.len() >= 40, "{added}");
    assert_eq!(run(dir.path(), &["user", "add", "bob"]).code, 1);
    let users = printed(dir.path(), &["user", "ls"]);
    assert!(
        users.starts_with("{\"name\":\"bob\",\"admin\":false,\"keys\":[\"") && !users.contains(key),
        "{users}"
    );
}

#[test]
fn teams_roles_and_keys_are_made_listed_and_ended() {
    let dir = sample::folder();
    let said = |words: &[&str]| printed(dir.path(), words);
    said(&["user", "add", "bob"]);
    assert_eq!(said(&["team", "add", "vision"]), "vision\n");
    let granted = ["role", "grant", "bob", "ingest-only", "vision/detector"];
    assert_eq!(said(&granted), "bob ingest-only vision/detector\n");
    assert!(run(dir.path(), &granted).stderr.contains("already"));
    assert_eq!(said(&["team", "ls"]), "{\"name\":\"vision\",\"members\":[\"bob\"]}\n");
    assert_eq!(
        said(&["role", "ls"]),
        "{\"user\":\"bob\",\"on\":\"vision/detector\",\"role\":\"ingest-only\"}\n"
    );
    let made = ["key", "new", "--user", "bob", "--role", "reader", "--on", "vision", "--expires", "90d"];
    let key = said(&[&made[..], &["--note", "laptop"]].concat());
    let (id, secret) = key.trim_end().split_once('-').unwrap();
    assert!(secret.len() >= 40, "{key}");
    let keys = said(&["key", "ls"]);
    let line = keys.lines().find(|line| line.contains(id)).unwrap();
    for part in ["bob", "reader", "vision", "laptop", "\"expires\":\"20"] {
        assert!(line.contains(part) && !keys.contains(secret), "{line}");
    }
    assert_eq!(said(&["key", "revoke", id]), format!("{id}\n"));
    assert!(!said(&["key", "ls"]).contains(id));
    let wrong = run(dir.path(), &["key", "revoke", id]);
    assert!(wrong.code == 1 && wrong.stderr.contains(id), "{}", wrong.stderr);
    assert_eq!(run(dir.path(), &["role", "grant", "bob", "owner", "vision"]).code, 2);
    assert_eq!(run(dir.path(), &["key", "new", "--role", "reader"]).code, 2, "a role holds somewhere");
}

#[test]
fn help_version_and_completions_need_no_folder() {
    let nowhere = std::path::Path::new("/nowhere");
    assert!(printed(nowhere, &["--help"]).contains("wbq serve"));
    assert!(printed(nowhere, &["serve", "--help"]).trim_end().ends_with("--tls-key key.pem"));
    assert_eq!(printed(nowhere, &["version"]), printed(nowhere, &["--version"]));
    for shell in ["bash", "zsh", "fish"] {
        assert!(printed(nowhere, &["completions", shell]).contains("include-deleted"), "{shell}");
    }
}
