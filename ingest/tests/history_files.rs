//! Whole histories as files: who is named one, and whom its address serves.

use serde_json::{Value, json};

use crate::support::{Harness, Reply, basic, history};

const ASKED: &str = "query($e: String!, $r: String!) { project(name: \"p\", entityName: $e) { run(name: $r) { parquetHistory(liveKeys: [\"_step\"]) { parquetUrls liveData } } } }";

fn ask(server: &Harness, key: &str, entity: &str, run: &str, takes_files: bool) -> Reply {
    let key = basic(key);
    let mut headers = vec![("authorization", key.as_str()), ("content-type", "application/json")];
    headers.extend(takes_files.then_some(("x-wbq-history-files", "true")));
    let body = json!({ "query": ASKED, "variables": { "e": entity, "r": run } }).to_string();
    server.send("POST", "/graphql", &headers, body.as_bytes())
}

fn parquet_history(reply: &Reply) -> Value {
    reply.json()["data"]["project"]["run"]["parquetHistory"].clone()
}

fn address(reply: &Reply) -> String {
    let told = parquet_history(reply);
    assert_eq!(told["liveData"], json!([]), "{}", reply.text());
    told["parquetUrls"][0].as_str().unwrap().to_owned()
}

/// Logs a run that ends, as a user of the team.
fn log(server: &Harness, key: &str, run: &str, row: &Value) {
    let key = basic(key);
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    let init = json!({ "query": crate::support::UPSERT, "variables": { "name": run, "project": "p", "entity": "team", "host": "h" } });
    assert_eq!(server.send("POST", "/graphql", &headers, init.to_string().as_bytes()).status, 200);
    for body in [history(0, &[&row.to_string()]), json!({ "complete": true, "exitcode": 0 })] {
        let stream = format!("/files/team/p/{run}/file_stream");
        assert_eq!(server.send("POST", &stream, &headers, body.to_string().as_bytes()).status, 200);
    }
}

/// A server with a team, and a reader of it.
fn house() -> (Harness, String) {
    let server = Harness::start();
    let command = |body: Value| server.ask("POST", "/api/commands", &body.to_string()).json();
    command(json!({ "command": "team_add", "name": "team" }));
    let reader = command(json!({ "command": "user_add", "name": "reader" }));
    command(json!({ "command": "role_grant", "user": "reader", "role": "reader", "on": "team" }));
    (server, reader["key"].as_str().unwrap().to_owned())
}

#[test]
fn s2_an_address_of_a_history_serves_who_may_read_it_and_nothing_else() {
    let (server, reader) = house();
    log(&server, &server.key, "r", &json!({ "_step": 0, "loss": 0.5 }));
    let url = address(&ask(&server, &reader, "team", "r", true));
    assert!(url.ends_with("/history.parquet"), "{url}");
    let whole = server.send("GET", &url, &[], b"");
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("application/vnd.apache.parquet")));
    assert!(whole.bytes.starts_with(b"PAR1") && whole.bytes.ends_with(b"PAR1"));
    let told = ["x-content-type-options", "content-security-policy", "content-disposition"];
    let told = told.map(|name| whole.header(name).unwrap_or("-").to_owned());
    assert_eq!(
        told,
        ["nosniff", "sandbox; default-src 'none'", "attachment; filename=history.parquet"],
        "it cannot act as a page of ours"
    );
    let head = server.send("HEAD", &url, &[], b"");
    assert_eq!((head.status, head.bytes.len()), (200, 0));

    assert_eq!(server.send("PUT", &url.replace("/files/", "/upload/"), &[], b"x").status, 403, "to put one");
    assert_eq!(server.send("GET", &url.replace("/files/", "/files/x"), &[], b"").status, 403, "not ours");
    let end = json!({ "command": "role_grant", "user": "reader", "role": "ingest-only", "on": "team" });
    assert_eq!(server.ask("POST", "/api/commands", &end.to_string()).status, 200);
    assert_eq!(server.send("GET", &url, &[], b"").status, 403, "its user may not read any more");
    assert!(ask(&server, &reader, "team", "r", true).json()["data"]["project"]["run"].is_null());

    let url = address(&ask(&server, &server.key, "team", "r", true));
    let delete = json!({ "command": "delete", "run": "team/p/r" });
    assert_eq!(server.ask("POST", "/api/commands", &delete.to_string()).status, 200);
    assert_eq!(server.send("GET", &url, &[], b"").status, 404, "deleted");
}

#[test]
fn a_file_is_named_to_who_asks_for_one_of_a_run_that_ended_and_fits_a_statement() {
    let (server, _) = house();
    let keys = |count: usize| (0..count).map(|key| (format!("k{key}"), json!(0.5))).collect::<Value>();
    let none = json!({ "parquetUrls": [], "liveData": [{ "_step": 7 }] });
    for (run, mut row, is_named) in [
        ("plain", json!({ "a": 1 }), true),
        ("widest", keys(999), true),
        ("too-wide", keys(1_000), false),
        ("two-meanings", json!({ "a.b": 1, "a": [2] }), false),
        ("dots", json!({ "a.b": 1, "a": 2 }), true),
        ("odd", json!({ "it's \"odd\"": 1, "": 2, "a\\b": "é" }), true),
    ] {
        row["_step"] = json!(7);
        log(&server, &server.key, run, &row);
        let asked = |takes_files| ask(&server, &server.key, "team", run, takes_files);
        assert_eq!(parquet_history(&asked(false)), none, "{run}: as a scan needs it");
        if is_named {
            let whole = server.send("GET", &address(&asked(true)), &[], b"");
            assert_eq!((whole.status, &whole.bytes[..4]), (200, &b"PAR1"[..]), "{run}: {}", whole.text());
        } else {
            assert_eq!(parquet_history(&asked(true)), none, "{run}");
        }
    }
    server.init("p", "working");
    server.streamed("p", "working", &history(0, &[r#"{"_step":7}"#]));
    assert_eq!(parquet_history(&ask(&server, &server.key, "alice", "working", true)), none);
}
