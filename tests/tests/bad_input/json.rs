//! JSON at every door: bodies of a stream, lines of a history, variables, requests of the API.

use std::time::Duration;

use serde_json::{Value, json};
use wbq_load::site::ADMIN;

use super::corpus::{Line, bytes, lines};
use super::wire::{Answer, Expected, converse};
use super::{against_a_server, tells_too_much};
use crate::served::Served;

const UPSERT: &str = "mutation U($id: String, $name: String, $project: String, $entity: String, $groupName: String,
    $displayName: String, $notes: String, $config: JSONString, $host: String, $debug: Boolean, $state: String,
    $tags: [String!], $summaryMetrics: JSONString) { upsertBucket(input: { id: $id, name: $name, modelName: $project,
    entityName: $entity, groupName: $groupName, displayName: $displayName, notes: $notes, config: $config, host: $host,
    debug: $debug, state: $state, tags: $tags, summaryMetrics: $summaryMetrics }) { inserted } }";

/// Posts a body as JSON on a connection of its own.
pub(super) fn post(served: &Served<'_>, target: &str, fields: &str, body: &[u8]) -> Answer {
    let address = served.server.url.strip_prefix("http://").unwrap();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nAccept: application/json\r\n\
         {fields}Connection: close\r\nContent-Length: {}\r\n\r\n",
        served.server.key,
        body.len()
    );
    let expected = Expected { answers: 1, end: "close", within: Duration::from_secs(20) };
    let (mut answers, end) = converse(address, &[head.as_bytes(), body].concat(), &expected);
    if answers.len() == 1 && end == "close" {
        return answers.remove(0);
    }
    Answer { status: 0, text: format!("{} answers, {end}", answers.len()) }
}

pub(super) const AS_JSON: &str = "Content-Type: application/json\r\n";

/// Whether a GraphQL answer is data, errors, or both.
pub(super) fn graphql_is(answer: &Answer) -> String {
    let json: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let has_errors = json["errors"].as_array().is_some_and(|errors| !errors.is_empty());
    match (answer.status, has_errors) {
        (200, false) => "ok".to_owned(),
        (200, true) if json["data"].as_object().is_none_or(|data| data.values().all(Value::is_null)) => {
            "refused".to_owned()
        }
        (200, true) => "partly".to_owned(),
        (status, _) => status.to_string(),
    }
}

/// What a case came to, and the text of the answer.
fn came_to(served: &Served<'_>, target: &str, body: &[u8], lines_seen: &mut u64) -> (String, Answer) {
    let stream = format!("/files/{ADMIN}/p/victim/file_stream");
    match target {
        "stream" => plain(post(served, &stream, AS_JSON, body)),
        "history" => {
            let before = quarantined(served);
            // Bytes that are no UTF-8 cannot stand in JSON; those have cases of their own.
            let line = String::from_utf8(body.to_vec()).unwrap();
            let chunk =
                json!({ "files": { "wandb-history.jsonl": { "offset": *lines_seen, "content": [line] } } });
            let answer = post(served, &stream, AS_JSON, chunk.to_string().as_bytes());
            *lines_seen += 1;
            let is = if quarantined(served) > before { "quarantined" } else { "kept" };
            let status = answer.status;
            (if status == 200 { is.to_owned() } else { status.to_string() }, answer)
        }
        "upsert" => {
            let variables = String::from_utf8(body.to_vec()).unwrap();
            let body = format!("{{\"query\":{},\"variables\":{variables}}}", json!(UPSERT));
            let answer = post(served, "/graphql", AS_JSON, body.as_bytes());
            (graphql_is(&answer), answer)
        }
        "graphql" => {
            let answer = post(served, "/graphql", AS_JSON, body);
            (graphql_is(&answer), answer)
        }
        "sql" | "login" => plain(post(served, &format!("/{target}"), AS_JSON, body)),
        _ => plain(post(served, &format!("/api/{target}"), AS_JSON, body)),
    }
}

fn plain(answer: Answer) -> (String, Answer) {
    (answer.status.to_string(), answer)
}

fn quarantined(served: &Served<'_>) -> u64 {
    let row: Value =
        serde_json::from_str(&served.client.sql("SELECT count(*) AS n FROM quarantine").join("")).unwrap();
    row["n"].as_u64().unwrap()
}

fn fault(served: &Served<'_>, case: &Line, lines_seen: &mut u64) -> (Option<String>, bool) {
    let (target, body) = case.rest.split_once(' ').unwrap();
    let (is, answer) = came_to(served, target, &bytes(body), lines_seen);
    let has_words = answer.status == 200 || answer.text.contains("\"message\":\"");
    let is_wrong = is != case.is || !has_words || tells_too_much(served, &answer.text);
    let may_change = matches!(case.is.as_str(), "200" | "kept" | "quarantined");
    (is_wrong.then(|| format!("{}, not {is}: {:.300}", case.is, answer.text)), may_change)
}

#[test]
fn t10_hostile_json_is_answered_as_the_corpus_says() {
    against_a_server(|served| {
        let mut lines_seen = 0;
        let mut faults = Vec::new();
        for case in lines("json", None) {
            faults.extend(served.after(&case.name, |served| fault(served, &case, &mut lines_seen)));
        }
        faults
    });
}
