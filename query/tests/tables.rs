//! The other tables.

use engine::{
    AliasMoved, ArtifactBlob, ArtifactCommitted, ArtifactCreated, ArtifactFilePut, ArtifactId, ArtifactUsed,
    Body, FilePut, ProjectKey, Quarantined, RunIn, State,
};

use crate::fixture::{Fixture, START};

#[test]
fn every_table_can_be_read_whole() {
    let fixture = Fixture::new();
    let mut run = fixture.run("a");
    run.config(r#"{"lr":1}"#);
    run.log(&[r#"{"_step":0,"x":1}"#]);
    run.console("", 0, &[("hello", false)]).sample(&[r#"{"_timestamp":1,"system.cpu":1.5}"#]);
    for row in fixture.rows("SHOW TABLES") {
        let name = row.split('"').nth(3).unwrap().to_owned();
        fixture.rows(&format!("SELECT * FROM {name}"));
        fixture.rows(&format!("SELECT count(*) FROM {name}"));
    }
}

#[test]
fn the_console_has_each_line_in_its_last_form() {
    let fixture = Fixture::new();
    let mut run = fixture.run("a");
    run.console("", 0, &[("epoch 1", false), ("10%", false), ("oops", true)]);
    run.console("", 1, &[("100%", false)]);
    run.console("node-1", 0, &[("hello", false)]);
    assert_eq!(
        fixture.rows("SELECT writer, line, stream, level, text FROM console"),
        [
            r#"{"writer":null,"line":0,"stream":"stdout","level":"info","text":"epoch 1"}"#,
            r#"{"writer":null,"line":1,"stream":"stdout","level":"info","text":"100%"}"#,
            r#"{"writer":null,"line":2,"stream":"stderr","level":"error","text":"oops"}"#,
            r#"{"writer":"node-1","line":0,"stream":"stdout","level":"info","text":"hello"}"#
        ]
    );
}

#[test]
fn files_projects_and_keys_say_what_there_is() {
    let fixture = Fixture::new();
    let mut run = fixture.run("a");
    run.summary(r#"{"loss":1}"#);
    run.log(&[r#"{"_step":0,"loss":1}"#, r#"{"_step":1,"loss":"x"}"#]);
    run.event(
        START,
        Body::FilePut(FilePut {
            name: "media/x.png".into(),
            digest: [0xab; 32],
            md5: [1; 16],
            size: 5,
            kind: "image/png".into(),
        }),
    );
    assert_eq!(
        fixture.rows("SELECT run_id, name, size, kind, substr(digest, 1, 4) AS s FROM files"),
        [r#"{"run_id":"a","name":"media/x.png","size":5,"kind":"image/png","s":"abab"}"#]
    );
    assert_eq!(
        fixture.rows("SELECT entity, project, description, runs FROM projects"),
        [r#"{"entity":"ann","project":"mnist","description":"digits","runs":1}"#]
    );
    assert_eq!(
        fixture.rows("SELECT space, key, type, runs, points FROM keys WHERE key = 'loss' ORDER BY space"),
        [
            r#"{"space":"history","key":"loss","type":"mixed","runs":1,"points":2}"#,
            r#"{"space":"summary","key":"loss","type":"integer","runs":1,"points":null}"#
        ]
    );
}

#[test]
fn artifacts_are_versions_and_their_uses_name_runs_on_both_sides() {
    let fixture = Fixture::new();
    let (project, other) = (fixture.project("mnist-data"), ProjectKey::new("ann", "mnist"));
    let blob = |byte: u8, size| ArtifactBlob { digest: [byte; 32], md5: [byte; 16], size };
    let run = |id: &str| RunIn { run: id.into(), generation: 1 };
    let log = |id: u64, digest: &str, metadata: Option<&str>| {
        let created = ArtifactCreated {
            artifact: ArtifactId(id),
            collection: "digits".into(),
            kind: "dataset".into(),
            digest: digest.into(),
            run: Some(run(&format!("r{id}"))),
            description: None,
            metadata: metadata.map(Into::into),
            aliases: vec!["best".into()],
            tags: vec!["raw".into()],
            client_id: None,
            sequence_client_id: None,
            history_step: Some(3),
            deduplicates: true,
        };
        fixture.append(project.clone(), START, Body::ArtifactCreated(created));
        let artifact = ArtifactId(id);
        // What the newest version holds already makes none.
        if id == 3 {
            return;
        }
        let put = ArtifactFilePut { artifact, name: "a".into(), file: blob(9, 100) };
        fixture.append(project.clone(), START, Body::ArtifactFilePut(put));
        let manifest = blob(u8::try_from(id).unwrap(), 7);
        let committed = ArtifactCommitted { artifact, manifest, files: 1, size: 100 };
        fixture.append(project.clone(), START, Body::ArtifactCommitted(committed));
    };
    log(1, "d1", Some(r#"{"a":NaN}"#));
    log(2, "d2", None);
    log(3, "d2", None);
    let alias = AliasMoved { collection: "digits".into(), alias: "old".into(), to: Some(ArtifactId(1)) };
    fixture.append(project.clone(), START, Body::AliasMoved(alias));
    let used = |artifact| {
        let used = ArtifactUsed { run: run("user"), project: project.clone(), artifact, used_as: None };
        fixture.append(other.clone(), START, Body::ArtifactUsed(used));
    };
    used(ArtifactId(1));
    used(ArtifactId(77));
    assert_eq!(
        fixture.rows("SELECT name, version, type, aliases, tags, files, size, run_id, history_step, metadata FROM artifacts"),
        [
            r#"{"name":"digits","version":0,"type":"dataset","aliases":["old"],"tags":["raw"],"files":1,"size":100,"run_id":"r1","history_step":3,"metadata":{"a":"NaN"}}"#,
            r#"{"name":"digits","version":1,"type":"dataset","aliases":["best","latest"],"tags":["raw"],"files":1,"size":100,"run_id":"r2","history_step":3,"metadata":null}"#,
        ]
    );
    assert_eq!(
        fixture.rows("SELECT project, run_id, relation, artifact_project, name, version FROM artifact_uses"),
        [
            r#"{"project":"mnist","run_id":"user","relation":"used","artifact_project":"mnist-data","name":"digits","version":0}"#,
            r#"{"project":"mnist-data","run_id":"r1","relation":"logged","artifact_project":"mnist-data","name":"digits","version":0}"#,
            r#"{"project":"mnist-data","run_id":"r2","relation":"logged","artifact_project":"mnist-data","name":"digits","version":1}"#,
            r#"{"project":"mnist-data","run_id":"r3","relation":"logged","artifact_project":"mnist-data","name":"digits","version":1}"#,
        ]
    );
    // A content that two versions have is stored once; each has a list of files.
    assert_eq!(
        fixture.rows("SELECT project, artifact_bytes FROM projects ORDER BY project"),
        [r#"{"project":"mnist","artifact_bytes":0}"#, r#"{"project":"mnist-data","artifact_bytes":114}"#]
    );
    fixture.append(project, START, Body::ProjectDeleted);
    assert_eq!(
        fixture.rows("SELECT (SELECT count(*) FROM artifacts) + (SELECT count(*) FROM artifact_uses) AS n"),
        [r#"{"n":0}"#]
    );
}

#[test]
fn events_are_the_log_without_its_secrets() {
    let fixture = Fixture::new();
    let mut run = fixture.run("a");
    run.config(r#"{"lr":1}"#);
    run.log(&[r#"{"_step":3,"x":1}"#, r#"{"_step":5,"x":2}"#]).end(State::Failed, 1);
    let kinds = fixture.rows("SELECT kind FROM events ORDER BY lsn");
    assert_eq!(kinds.len(), 6);
    assert_eq!(
        fixture.rows("SELECT run_id, body FROM events WHERE kind = 'Logged'"),
        [
            r#"{"run_id":"a","body":{"writer":"","first_line":0,"lines":2,"rows":2,"keys":["_step","x"],"steps":[3,5]}}"#
        ]
    );
    assert_eq!(
        fixture.rows("SELECT cause, body ->> 'evidence' AS why FROM events WHERE kind = 'StateChanged'"),
        [r#"{"cause":"exit","why":"exit code 1"}"#]
    );
    let store = fixture.rows("SELECT run_id, body FROM events WHERE lsn = 1").join("");
    assert!(!store.contains("secret") && !store.contains("0909"), "{store}");
    assert_eq!(fixture.rows("SELECT lsn FROM events WHERE lsn >= 2 AND lsn <= 4 ORDER BY lsn").len(), 3);
    assert_eq!(fixture.rows("SELECT lsn FROM events LIMIT 2").len(), 2);
}

#[test]
fn lines_that_could_not_be_read_are_kept() {
    let fixture = Fixture::new();
    assert!(fixture.rows("SELECT * FROM quarantine").is_empty());
    fixture.run("a").event(
        START,
        Body::Quarantined(Quarantined {
            stream: "wandb-history.jsonl".into(),
            writer: "".into(),
            line: 7,
            raw: "{\"x\":".into(),
            reason: "ends early".into(),
        }),
    );
    assert_eq!(
        fixture.rows("SELECT run_id, stream, line, raw, reason FROM quarantine"),
        [r#"{"run_id":"a","stream":"wandb-history.jsonl","line":7,"raw":"{\"x\":","reason":"ends early"}"#]
    );
}

#[test]
fn segments_table_files_and_settings_tell_of_the_store() {
    let fixture = Fixture::new();
    assert!(!fixture.rows("SELECT id, bytes, sealed FROM wbq.segments").is_empty());
    assert!(fixture.rows("SELECT * FROM wbq.table_files").is_empty(), "nothing is compacted yet");
    fixture.rows("SELECT count(*) FROM runs");
    assert_eq!(
        fixture.rows("SELECT kind, level, project FROM wbq.table_files WHERE kind = 'state'"),
        [r#"{"kind":"state","level":0,"project":null}"#]
    );
    assert_eq!(
        fixture.rows("SELECT s.value FROM wbq.settings s WHERE name = 'statements_running'"),
        [r#"{"value":4}"#]
    );
}
