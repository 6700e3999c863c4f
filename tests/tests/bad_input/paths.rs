//! Addresses and names of files: in no spelling do they lead to another thing than the one they name (S4).

use std::time::Duration;

use serde_json::{Value, json};
use wbq_load::site::ADMIN;

use super::corpus::{Line, bytes, lines};
use super::json::{AS_JSON, post};
use super::wire::{Expected, converse};
use super::{against_a_server, tells_too_much};
use crate::served::Served;

const CREATE: &str =
    "mutation F($e: String!, $f: [String!]!) { createRunFiles(input: { entityName: $e, projectName: \"p\",
    runName: \"victim\", files: $f }) { files { name uploadUrl } } }";
const LISTED: &str =
    "query L($e: String, $f: [String]) { project(entityName: $e, name: \"p\") { run(name: \"victim\") {
    files(names: $f) { edges { node { name directUrl } } } } } }";

/// What is wrong with the answer to an address.
fn of_route(served: &Served<'_>, case: &Line) -> Option<String> {
    let (method, target) = case.rest.split_once(' ').unwrap();
    let text = format!(
        "{method} {target} HTTP/1.1{{crlf}}Host: localhost{{crlf}}Connection: close{{crlf}}Content-Length: 0{{crlf}}{{crlf}}"
    );
    let expected = Expected { answers: 1, end: "close", within: Duration::from_secs(10) };
    let address = served.server.url.strip_prefix("http://").unwrap();
    let (answers, end) = converse(address, &bytes(&text), &expected);
    let [answer] = answers.as_slice() else { return Some(format!("{} answers, {end}", answers.len())) };
    let is_wrong = answer.status.to_string() != case.is
        || tells_too_much(served, &answer.text)
        || (answer.status == 200 && !answer.text.starts_with("<!doctype html>"));
    is_wrong.then(|| format!("{}, not {}: {:.300}", case.is, answer.status, answer.text))
}

fn of_stream(served: &Served<'_>, case: &Line) -> Option<String> {
    let answer = post(served, &format!("/files/{}/file_stream", case.rest), AS_JSON, b"{}");
    (answer.status.to_string() != case.is)
        .then(|| format!("{}, not {}: {:.300}", case.is, answer.status, answer.text))
}

/// A name that is taken is a name all the way: put, listed and got under just that; one that is refused is not.
fn of_name(served: &Served<'_>, case: &Line) -> Option<String> {
    let name = String::from_utf8(bytes(&case.rest)).unwrap();
    let body = json!({ "query": CREATE, "variables": { "e": ADMIN, "f": [name] } }).to_string();
    let answer = post(served, "/graphql", AS_JSON, body.as_bytes());
    let told: Value = serde_json::from_str(&answer.text).unwrap();
    let Some(address) = told["data"]["createRunFiles"]["files"][0]["uploadUrl"].as_str() else {
        let says = told["errors"][0]["message"].as_str().unwrap_or_default();
        return (case.is != "refused" || !says.contains("invalid file name"))
            .then(|| format!("refused: {says}"));
    };
    if case.is != "taken" {
        return Some(format!("taken: {address}"));
    }
    let agent = served.client.clone();
    let content = format!("content of {name:?}");
    let put = agent.put(address, content.as_bytes());
    let listed = agent.graphql(LISTED, &json!({ "e": ADMIN, "f": [name] })).unwrap();
    let files = listed["project"]["run"]["files"]["edges"].as_array().unwrap();
    let kept = name.strip_prefix("./").unwrap_or(&name);
    let [file] = files.as_slice() else {
        return Some(format!("{put:?}, {} files of that name", files.len()));
    };
    let got = agent.bytes(file["node"]["directUrl"].as_str().unwrap());
    let is_same = file["node"]["name"] == kept && got == content.as_bytes();
    (!is_same).then(|| format!("{put:?}, {file}, {:?}", String::from_utf8_lossy(&got)))
}

#[test]
fn t10_hostile_paths_are_answered_as_the_corpus_says() {
    against_a_server(|served| {
        let mut faults = Vec::new();
        for case in lines("paths", Some("routes")) {
            faults.extend(served.after(&case.name, |served| (of_route(served, &case), false)));
        }
        for case in lines("paths", Some("streams")) {
            faults.extend(served.after(&case.name, |served| (of_stream(served, &case), false)));
        }
        for case in lines("paths", Some("names")) {
            faults.extend(served.after(&case.name, |served| (of_name(served, &case), case.is == "taken")));
        }
        faults.extend(stray(served.dir).map(|path| format!("a file where none belongs: {path}")));
        faults
    });
}

/// A file of the data folder beside those that the format knows.
fn stray(dir: &std::path::Path) -> Option<String> {
    let known =
        ["log", "manifest", "tables", "blobs", "tmp", "spill", "LOCK", "server.json", "FORMAT", "BALLAST"];
    let names = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let beside = std::fs::read_dir(dir.parent().unwrap()).unwrap().count();
    names
        .into_iter()
        .find(|name| !known.contains(&name.as_str()))
        .or((beside > 2).then(|| "beside the store".to_owned()))
}
