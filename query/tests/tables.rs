//! The other tables.

use engine::{Body, FilePut, Quarantined, State};

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
