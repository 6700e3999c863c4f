//! SQL over HTTP: formats, warnings, errors. What statements mean is the query engine's business.

use serde_json::{Value, json};

use crate::support::{Harness, Reply, chunk, history};

fn sql(server: &Harness, accept: &str, body: &Value) -> Reply {
    let basic = server.basic();
    let headers =
        [("authorization", basic.as_str()), ("content-type", "application/json"), ("accept", accept)];
    server.send("POST", "/sql", &headers, body.to_string().as_bytes())
}

#[test]
fn a_run_that_was_logged_is_found_by_sql() {
    let server = Harness::start();
    server.init("p", "r");
    server.streamed("p", "r", &history(0, &[r#"{"_step":0,"loss":1.5}"#]));
    server.streamed("p", "r", &chunk("wandb-summary.json", 0, &[r#"{"loss":1.5}"#]));
    server.streamed("p", "r", &json!({ "complete": true, "exitcode": 0 }));
    let flagship = json!({ "sql": "SELECT run_id, summary.loss FROM runs WHERE state='Finished'" });
    let reply = sql(&server, "application/json", &flagship);
    assert_eq!(
        (reply.status, reply.json()),
        (200, json!([{ "run_id": "r", "summary.loss": 1.5 }])),
        "{}",
        reply.text()
    );
    assert!(reply.header("x-wbq-lsn").unwrap().parse::<u64>().unwrap() > 5);
    let csv = sql(&server, "text/csv", &flagship);
    assert_eq!(csv.text().lines().nth(1), Some("r,1.5"), "{}", csv.text());
    let arrow = sql(&server, "*/*", &flagship);
    assert_eq!(arrow.header("content-type"), Some("application/vnd.apache.arrow.stream"));
    assert!(!arrow.bytes.is_empty());
    let empty =
        sql(&server, "application/json", &json!({ "sql": "SELECT run_id FROM runs WHERE state='Failed'" }));
    assert_eq!(empty.json(), json!([]));
}

#[test]
fn a_key_that_no_run_has_is_null_with_a_warning_or_an_error() {
    let server = Harness::start();
    server.init("p", "r");
    server.streamed("p", "r", &chunk("wandb-summary.json", 0, &[r#"{"loss":1.5}"#]));
    let statement = "SELECT summary.lsos AS x FROM runs";
    let reply = sql(&server, "application/json", &json!({ "sql": statement }));
    assert_eq!(reply.json(), json!([{ "x": null }]));
    let warnings: Vec<String> = serde_json::from_str(reply.header("x-wbq-warnings").unwrap()).unwrap();
    assert!(warnings[0].contains("lsos") && warnings[0].contains("loss"), "{warnings:?}");
    let strict = sql(&server, "application/json", &json!({ "sql": statement, "strict": true }));
    assert_eq!(strict.status, 400, "{}", strict.text());
}

#[test]
fn what_is_wrong_with_a_statement_is_told_as_json() {
    let server = Harness::start();
    for (statement, kind) in [
        ("SELEC 1", "invalid"),
        ("SELECT nothing FROM runs", "invalid"),
        ("DELETE FROM runs", "invalid"),
        ("", "invalid"),
    ] {
        let reply = sql(&server, "application/json", &json!({ "sql": statement }));
        assert_eq!(reply.status, 400, "{statement}: {}", reply.text());
        let error = reply.json()["error"].clone();
        assert_eq!(error["kind"], kind, "{statement}");
        assert!(error["message"].is_string() && error["id"].is_string(), "{error}");
    }
    for body in [json!({}), json!({ "sql": 1 }), json!({ "sql": "SELECT 1", "as_of": "yesterday" })] {
        assert_eq!(sql(&server, "application/json", &body).status, 400, "{body}");
    }
    assert_eq!(sql(&server, "image/png", &json!({ "sql": "SELECT 1" })).status, 400);
}
