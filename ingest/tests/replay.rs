//! What the real client sent, sent again.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Harness, sorted};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn operations() -> Vec<Value> {
    lines(include_str!("traffic/operations.jsonl"))
}

/// The document that an operation of the recording used.
fn document(operations: &[Value], op: &str, variables: &Value) -> String {
    let wanted: Vec<&str> =
        variables.as_object().map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default();
    let declares = |query: &str| {
        let head = query.split('{').next().unwrap();
        wanted.iter().filter(|name| head.contains(&format!("${name}:"))).count()
    };
    let named =
        operations.iter().filter(|known| known["op"] == op).map(|known| known["query"].as_str().unwrap());
    named.max_by_key(|query| declares(query)).unwrap_or_else(|| panic!("no document {op}")).to_owned()
}

/// What the recording names and this server names otherwise: ids, and the addresses of uploads.
#[derive(Default)]
struct Names {
    ids: BTreeMap<String, String>,
    uploads: BTreeMap<String, String>,
}

impl Names {
    fn note_id(&mut self, recorded: &Value, ours: &Value) {
        if let (Some(recorded), Some(ours)) = (recorded["id"].as_str(), ours["id"].as_str()) {
            self.ids.insert(recorded.to_owned(), ours.to_owned());
        }
    }

    fn note_upload(&mut self, recorded: &Value, ours: &Value) {
        if let (Some(recorded), Some(ours)) = (recorded["uploadUrl"].as_str(), ours["uploadUrl"].as_str()) {
            let path = recorded.trim_start_matches("http://127.0.0.1:8080");
            self.uploads.insert(path.to_owned(), ours.to_owned());
        }
    }

    /// Variables as the client would have sent them to this server.
    fn ours(&self, op: &str, variables: &Value) -> Value {
        let text = self.ids.iter().fold(variables.to_string(), |text, (recorded, ours)| {
            text.replace(&format!("\"{recorded}\""), &format!("\"{ours}\""))
        });
        let mut variables: Value = serde_json::from_str(&text).unwrap();
        // The paths in recorded manifests were made up afterwards, so they have another MD5.
        if op == "CreateArtifactManifest" {
            variables["digest"] = json!("");
        }
        variables
    }

    fn note(&mut self, op: &str, recorded: &Value, ours: &Value) {
        let pairs = |recorded: &Value, ours: &Value| {
            let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
            list(recorded).into_iter().zip(list(ours)).collect::<Vec<_>>()
        };
        let (recorded, ours) = (&recorded["data"], &ours["data"]);
        match op {
            "CreateRunFiles" => {
                let files = |data: &Value| data["createRunFiles"]["files"].clone();
                for (recorded, ours) in pairs(&files(recorded), &files(ours)) {
                    assert_eq!(recorded["name"], ours["name"]);
                    self.note_upload(&recorded, &ours);
                }
            }
            "CreateArtifact" => {
                let artifact = |data: &Value| data["createArtifact"]["artifact"].clone();
                self.note_id(&artifact(recorded), &artifact(ours));
            }
            "CreateArtifactManifest" => {
                let manifest = |data: &Value| data["createArtifactManifest"]["artifactManifest"].clone();
                self.note_id(&manifest(recorded), &manifest(ours));
                self.note_upload(&manifest(recorded)["file"], &manifest(ours)["file"]);
            }
            "CreateArtifactFiles" => {
                let edges = |data: &Value| data["createArtifactFiles"]["files"]["edges"].clone();
                for (recorded, ours) in pairs(&edges(recorded), &edges(ours)) {
                    self.note_upload(&recorded["node"], &ours["node"]);
                }
            }
            _ => {}
        }
    }
}

/// Sends a recording in its order; uploads go to the addresses that this server gave.
fn replay(server: &Harness, recording: &str) {
    let operations = operations();
    let mut names = Names::default();
    for request in lines(recording) {
        let path = request["path"].as_str().unwrap();
        let what = format!("{} {} {}", request["t"], path, request["op"]);
        if let Some(op) = request["op"].as_str() {
            let variables = names.ours(op, &request["variables"]);
            let reply = server.graphql_reply(&document(&operations, op, &variables), &variables);
            let answer = reply.json();
            assert!(reply.status == 200 && answer.get("errors").is_none(), "{what}: {answer}");
            same_shape(&request["response"]["data"], &answer["data"], &what);
            names.note(op, &request["response"], &answer);
        } else if path.ends_with("/file_stream") {
            let reply = server.ask("POST", path, &request["body"].to_string());
            assert_eq!(reply.status, 200, "{what}: {}", reply.text());
            assert!(reply.json().is_object());
        } else if request["method"] == "PUT" {
            let content = request["body"]["text"].as_str().unwrap_or("");
            let reply = server.send("PUT", &names.uploads[path], &[], content.as_bytes());
            assert_eq!(reply.status, 200, "{what}: {}", reply.text());
        } else {
            assert_eq!(server.send("POST", path, &[], b"").status, 404, "{what}");
        }
    }
}

/// The sync of `traffic/offline-run.wandb`. The recording shortens a long text.
fn sync() -> String {
    include_str!("traffic/09-sync-offline-run.jsonl").replace("z*70000", &"z".repeat(70_000))
}

/// The events since a position, but for files that the client writes anew at each sync and alerts, which an
/// import passes over.
fn said_since(server: &Harness, count: usize) -> Vec<String> {
    let events = server.events().into_iter().skip(count);
    let names = events.map(|event| event.body.name().to_owned());
    names.filter(|name| name != "FilePut" && name != "AlertRaised").collect()
}

#[test]
fn d4_a_sync_of_a_log_that_was_synced_or_imported_before_adds_nothing() {
    let recording = &sync();
    let log = include_bytes!("traffic/offline-run.wandb");
    let import = |server: &Harness| {
        let basic = server.basic();
        let reply = server.send("POST", "/api/import/wandb", &[("authorization", &basic)], log);
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    for begins_with_import in [true, false] {
        let server = Harness::start();
        if begins_with_import {
            import(&server)
        } else {
            replay(&server, recording)
        }
        let count = server.events().len();
        replay(&server, recording);
        assert_eq!(said_since(&server, count), Vec::<String>::new(), "import first: {begins_with_import}");
        import(&server);
        assert_eq!(said_since(&server, count), Vec::<String>::new(), "import first: {begins_with_import}");
        let run = server.run("off", "off1");
        assert_eq!((&run["state"], &run["historyLineCount"]), (&json!("failed"), &json!(6)));
    }
}

#[test]
fn d4_a_sync_that_brings_more_than_stands_goes_on_with_the_run() {
    let recording = &sync();
    let log = include_bytes!("traffic/offline-run.wandb");
    let server = Harness::start();
    let basic = server.basic();
    let reply = server.send("POST", "/api/import/wandb", &[("authorization", &basic)], &log[..3600]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(server.run("off", "off1")["historyLineCount"].as_u64().is_some_and(|rows| rows > 0 && rows < 6));
    replay(&server, recording);
    let run = server.run("off", "off1");
    assert_eq!(
        (&run["state"], &run["exitcode"], &run["historyLineCount"]),
        (&json!("failed"), &json!(3), &json!(6))
    );
    let created = server.events().iter().filter(|event| event.body.name() == "RunCreated").count();
    assert_eq!(created, 1, "it is one run");
    let whole = Harness::start();
    replay(&whole, recording);
    assert_eq!(server.rows("off", "off1"), whole.rows("off", "off1"));
    assert_eq!(server.console("off", "off1").len(), whole.console("off", "off1").len());
    let summary = |server: &Harness| {
        let run = server.run("off", "off1");
        engine::Tree::of(
            engine::Value::from_json(run["summaryMetrics"].as_str().unwrap().as_bytes()).unwrap(),
        )
    };
    assert_eq!(summary(&server), summary(&whole));
}

#[test]
fn a_sync_of_another_offline_run_with_the_same_id_begins_a_generation() {
    let recording = &sync();
    let server = Harness::start();
    replay(&server, recording);
    let rows = server.rows("off", "off1");
    // Logged an hour later by another process.
    let other =
        recording.replace("01a20759-f874-7c52-aa0f-94993e10d418", "01a20799-0000-7c52-aa0f-94993e10d418");
    let other = other.replace("1.7954196", "1.7954232").replace("T07:41:06.295414Z", "T08:41:06.295414Z");
    assert_ne!(&other, recording);
    for _ in 0..2 {
        replay(&server, &other);
        let created = server.events().iter().filter(|event| event.body.name() == "RunCreated").count();
        assert_eq!(created, 2, "the second process has a run, once");
    }
    assert_ne!(server.rows("off", "off1"), rows);
    let snapshot = server.read();
    let before = engine::RunPath::new(engine::ProjectKey::new("alice", "off"), "off1").generation(1);
    let before = snapshot.projection.generation(&before).unwrap().unwrap();
    assert_eq!((before.history.rows, before.exit_code), (6, Some(3)), "what stood is as it was");
}

/// Where the recorded answer had a value, ours has one of the same kind.
fn same_shape(theirs: &Value, ours: &Value, what: &str) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (key, value) in theirs {
                same_shape(
                    value,
                    ours.get(key).unwrap_or_else(|| panic!("{what}: no {key}")),
                    &format!("{what}.{key}"),
                );
            }
        }
        (Value::Null, _) | (Value::Array(_), Value::Array(_)) => {}
        (theirs, ours) => {
            assert_eq!(
                std::mem::discriminant(theirs),
                std::mem::discriminant(ours),
                "{what}: {theirs} {ours}"
            );
        }
    }
}

#[test]
fn a_run_is_logged_as_recorded() {
    let server = Harness::start();
    replay(&server, include_str!("traffic/01-run.jsonl"));
    let run = server.run("demo", "s6y3r3ee");
    assert_eq!(
        (&run["state"], &run["exitcode"], &run["historyLineCount"]),
        (&json!("finished"), &json!(0), &json!(9))
    );
    let rows = server.rows("demo", "s6y3r3ee");
    assert_eq!(rows.len(), 9);
    let expected = r#"{"_runtime":0.138379759,"_step":0,"_timestamp":1795419479.78185,"epoch":0,"inf":Infinity,"loss":1.0,
        "nan":NaN,"nested.a":0,"nested.b.c":2.5,"val/acc":0.0}"#;
    assert_eq!(rows[0], sorted(expected));
    let summary = engine::Value::from_json(run["summaryMetrics"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(summary.get("loss").unwrap().to_json(), r#"{"min":0.05}"#);
    assert_eq!(summary.get("best"), Some(&engine::Value::Float(0.123)));
    assert_eq!(server.console("demo", "s6y3r3ee").len(), 8);
    assert_eq!(
        (&run["tags"], &run["group"], &run["notes"]),
        (&json!(["t1", "t2"]), &json!("g1"), &json!("some notes"))
    );
    let snapshot = server.read();
    let run = snapshot.projection.run_at(0).unwrap().unwrap();
    assert_eq!((run.files.len(), run.system.rows), (5, 2));
    let text = |attribute| run.text(attribute).unwrap_or("-").to_owned();
    assert_eq!(text(engine::Attribute::Host), "trainer-1");
    assert_eq!(text(engine::Attribute::Executable), "/home/alice/venv/bin/python");
    assert_eq!(run.attribute(engine::Attribute::MemoryBytes), Some(&engine::Value::Int(68_719_476_736)));
}

#[test]
fn a_run_is_resumed_as_recorded() {
    let server = Harness::start();
    replay(&server, include_str!("traffic/02-resume.jsonl"));
    let run = server.run("res", "s1");
    assert_eq!(run["state"], "finished");
    let config = run["config"].as_str().unwrap();
    assert!(config.contains("\"a\"") && config.contains("\"b\""), "{config}");
    let steps: Vec<serde_json::Value> =
        server.rows("res", "f2").iter().map(|row| serde_json::from_str(row).unwrap()).collect();
    let steps: Vec<_> = steps.iter().map(|row| row["_step"].clone()).collect();
    assert_eq!(steps, [0, 1, 2], "two of its parent's rows and its own");
}

#[test]
fn runs_end_as_recorded() {
    let server = Harness::start();
    replay(&server, include_str!("traffic/03-exit.jsonl"));
    let states: Vec<(&str, String)> =
        ["exit-exc", "exit-exit3", "exit-finish7", "exit-preempt", "exit-kill", "exit-int", "stopme2"]
            .into_iter()
            .map(|run| (run, server.state("demo", run)))
            .collect();
    let expected = ["failed", "failed", "failed", "finished", "running", "killed", "killed"];
    assert_eq!(states.iter().map(|(_, state)| state.as_str()).collect::<Vec<_>>(), expected, "{states:?}");
}

#[test]
fn files_media_and_odd_values_are_kept_as_recorded() {
    let server = Harness::start();
    replay(&server, include_str!("traffic/04-files-media.jsonl"));
    let run = server.run("misc", "misc1");
    assert_eq!((&run["displayName"], &run["notes"]), (&json!("newname"), &json!("later")));
    assert_eq!(server.console("misc", "misc1"), ["progress 29", "after", "err line"]);
    let rows = server.rows("misc", "misc1");
    assert!(rows.iter().any(|row| row.contains("\"i\":1152921504606846976")), "{rows:?}");
    let media = server.rows("files", "media1").join("\n");
    assert!(media.contains("image-file") && media.contains("\"_type\":\"histogram\""), "{media}");
    let project = engine::ProjectKey::new("alice", "files");
    let artifacts = server.read().projection.projects[&project].artifacts.clone();
    let kinds: Vec<(&str, &str)> =
        artifacts.collections().map(|collection| (&*collection.name, &*collection.kind)).collect();
    assert_eq!(kinds, [("run-media1-tbl", "run_table"), ("source-files-None", "code")]);
}

#[test]
fn every_document_about_runs_and_artifacts_fits_the_schema() {
    let server = Harness::start();
    let later = |query: &str, op: &str| {
        ["Sweep", "Agent", "agentHeartbeat"].iter().any(|word| query.contains(word) || op.contains(word))
    };
    let mut checked = 0;
    for operation in operations() {
        let (op, query) = (operation["op"].as_str().unwrap(), operation["query"].as_str().unwrap());
        if later(query, op) {
            continue;
        }
        checked += 1;
        // With no variables at all the only complaints left are about those.
        let answer = server.graphql_reply(query, &json!({})).json();
        for error in answer["errors"].as_array().into_iter().flatten() {
            let message = error["message"].as_str().unwrap();
            let is_about_input = [
                "Variable",
                "variable",
                "not found",
                "Invalid value",
                "not supported",
                "not part of this server",
            ]
            .iter()
            .any(|part| message.contains(part));
            assert!(is_about_input && !message.contains("Unknown"), "{op}: {message}");
        }
    }
    assert!(checked >= 55, "{checked} documents");
}
