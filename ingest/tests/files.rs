//! Files of a run, in and out.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Harness, eventually};

const CREATE: &str = "mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) { createRunFiles( input: { entityName: $entity, projectName: $project, runName: $run, files: $files } ) { runID uploadHeaders files { name uploadUrl } } }";
const FILES: &str = "query RunFiles($project: String!, $entity: String!, $name: String!, $fileCursor: String, $fileLimit: Int = 50, $fileNames: [String] = [], $upload: Boolean = false, $pattern: String) { project(name: $project, entityName: $entity) { internalId run(name: $name) { fileCount ...RunFilesFragment } } } fragment RunFilesFragment on Run { files( names: $fileNames after: $fileCursor first: $fileLimit pattern: $pattern ) { edges { node { id name url(upload: $upload) directUrl sizeBytes mimetype updatedAt md5 } cursor } pageInfo { endCursor hasNextPage } } }";

fn uploads(server: &Harness, names: &[&str]) -> Vec<String> {
    let asked = json!({ "entity": "alice", "project": "p", "run": "r", "files": names });
    let made = server.graphql(CREATE, &asked)["createRunFiles"].clone();
    let files = made["files"].as_array().unwrap();
    assert_eq!(files.iter().map(|file| file["name"].as_str().unwrap()).collect::<Vec<_>>(), names);
    assert!(made["uploadHeaders"].is_array() && !made["runID"].as_str().unwrap().is_empty());
    files.iter().map(|file| file["uploadUrl"].as_str().unwrap().to_owned()).collect()
}

fn listed(server: &Harness, variables: &Value) -> Value {
    let mut all = json!({ "project": "p", "entity": "alice", "name": "r" });
    all.as_object_mut().unwrap().extend(variables.as_object().unwrap().clone());
    server.graphql(FILES, &all)["project"]["run"].clone()
}

fn put(server: &Harness, name: &str, content: &[u8]) -> Value {
    let url = uploads(server, &[name]).remove(0);
    let reply = server.send("PUT", &url, &[], content);
    assert_eq!(reply.status, 200, "{}", reply.text());
    listed(server, &json!({ "fileNames": [name] }))["files"]["edges"][0]["node"].clone()
}

#[test]
fn a_file_goes_in_and_comes_out_without_a_key() {
    let server = Harness::start();
    server.init("p", "r");
    let content: Vec<u8> = (0..700_000u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let node = put(&server, "media/a b#é.bin", &content);
    assert_eq!((&node["name"], &node["sizeBytes"]), (&json!("media/a b#é.bin"), &json!(700_000)));
    let url = node["directUrl"].as_str().unwrap();
    let whole = server.send("GET", url, &[], b"");
    assert_eq!((whole.status, whole.bytes == content), (200, true));
    let headers = [
        "x-content-type-options",
        "content-security-policy",
        "content-disposition",
        "access-control-allow-origin",
    ];
    let told = headers.map(|name| whole.header(name).unwrap_or("-").to_owned());
    assert_eq!(
        told,
        ["nosniff", "sandbox; default-src 'none'", "attachment; filename*=UTF-8''a%20b%23%C3%A9%2Ebin", "*"]
    );
    let part = server.send("GET", url, &[("range", "bytes=300000-300009")], b"");
    assert_eq!((part.status, part.bytes == content[300_000..300_010]), (206, true));
    assert_eq!(part.header("content-range"), Some("bytes 300000-300009/700000"));
    assert_eq!(server.send("GET", url, &[("range", "bytes=700000-")], b"").status, 416);
    let head = server.send("HEAD", url, &[], b"");
    assert_eq!((head.status, head.header("content-length"), head.bytes.len()), (200, Some("700000"), 0));
    assert_eq!(server.send("OPTIONS", url, &[], b"").header("access-control-allow-origin"), Some("*"));
    assert_eq!(server.send("PUT", url, &[], b"x").status, 401, "a download's address puts nothing");
    let shown = put(&server, "img.png", b"png");
    let shown = server.send("GET", shown["url"].as_str().unwrap(), &[], b"");
    assert!(shown.header("content-disposition").unwrap().starts_with("inline"));
    let page = put(&server, "page.html", b"<script>alert(1)</script>");
    let page = server.send("GET", page["url"].as_str().unwrap(), &[], b"");
    assert!(page.header("content-disposition").unwrap().starts_with("attachment"));
}

#[test]
fn empty_files_later_versions_and_restarts() {
    let server = Harness::start();
    server.init("p", "r");
    assert_eq!(put(&server, "empty.txt", b"")["sizeBytes"], 0);
    put(&server, "output.log", b"one");
    let node = put(&server, "./output.log", b"two");
    assert_eq!((&node["name"], &node["md5"]), (&json!("output.log"), &json!("uKn3Fdu2T9XFbneDxoIKYQ==")));
    let events = server.events().len();
    put(&server, "output.log", b"two");
    assert_eq!(server.events().len(), events, "the same content again stores nothing");
    let server = server.restart();
    let url = node["directUrl"].as_str().unwrap();
    let path = url.strip_prefix("http://").unwrap().split_once('/').unwrap().1;
    assert_eq!(server.send("GET", &format!("/{path}"), &[], b"").text(), "two", "the secret is the store's");
}

#[test]
fn files_are_listed_by_name_pattern_and_page_and_can_be_deleted() {
    let server = Harness::start();
    server.init("p", "r");
    for name in ["a.json", "b.json", "c.txt"] {
        put(&server, name, name.as_bytes());
    }
    let names = |run: &Value| -> Vec<String> {
        let edges = run["files"]["edges"].as_array().unwrap();
        edges.iter().map(|edge| edge["node"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&listed(&server, &json!({}))), ["a.json", "b.json", "c.txt"]);
    assert_eq!(names(&listed(&server, &json!({ "pattern": "%.json" }))), ["a.json", "b.json"]);
    let first = listed(&server, &json!({ "fileLimit": 2 }));
    assert_eq!(first["files"]["pageInfo"]["hasNextPage"], true);
    let next =
        listed(&server, &json!({ "fileLimit": 2, "fileCursor": first["files"]["pageInfo"]["endCursor"] }));
    assert_eq!(
        (names(&next), &next["files"]["pageInfo"]["hasNextPage"]),
        (vec!["c.txt".to_owned()], &json!(false))
    );
    let marked = "mutation M($f: [String!]!) { markRunFilesUploaded(input: { entityName: \"alice\", projectName: \"p\", runName: \"r\", files: $f }) { success } }";
    assert_eq!(server.graphql(marked, &json!({ "f": ["a.json"] }))["markRunFilesUploaded"]["success"], true);
    let delete = "mutation deleteFiles($files: [ID!]!, $projectId: Int) { deleteFiles(input: { files: $files, projectId: $projectId }) { success } }";
    let id = first["files"]["edges"][0]["node"]["id"].clone();
    assert_eq!(
        server.graphql(delete, &json!({ "files": [id], "projectId": 1 }))["deleteFiles"]["success"],
        true
    );
    assert_eq!(names(&listed(&server, &json!({}))), ["b.json", "c.txt"]);
}

#[test]
fn an_upload_that_differs_or_stops_leaves_nothing_and_may_be_sent_again() {
    let server = Harness::with(|options| options.limits.file_bytes = 1000);
    server.init("p", "r");
    let url = uploads(&server, &["f"]).remove(0);
    let wrong = server.send("PUT", &url, &[("content-md5", "uKn3Fdu2T9XFbneDxoIKYQ==")], b"one");
    assert_eq!(wrong.status, 503, "{}", wrong.text());
    assert!(wrong.header("retry-after").is_some());
    assert_eq!(server.send("PUT", &url, &[("content-md5", "nonsense")], b"one").status, 400);
    assert_eq!(server.send("PUT", &url, &[], &[0; 1001]).status, 413);
    // A connection that ends in the middle.
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut connection = TcpStream::connect(host).unwrap();
    write!(connection, "PUT /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\nabc").unwrap();
    connection.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 5") || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    assert_eq!(listed(&server, &json!({}))["fileCount"], 0);
    let left: Vec<_> = std::fs::read_dir(server.path().join("tmp")).unwrap().collect();
    let left: Vec<_> = left
        .into_iter()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("blob"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(server.send("PUT", &url, &[("content-md5", "uKn3Fdu2T9XFbneDxoIKYQ==")], b"two").status, 200);
    assert_eq!(listed(&server, &json!({}))["fileCount"], 1);
}

/// Sends so many bytes of a part and then no more; gives the status and `Range` of the answer, if there is one.
fn part(server: &Harness, url: &str, range: &str, md5: &str, body: &[u8], sent: usize) -> (u16, String) {
    let address = server.url.trim_start_matches("http://");
    let path = &url[url.find("/upload").unwrap()..];
    let mut stream = TcpStream::connect(address).unwrap();
    let md5 = if md5.is_empty() { String::new() } else { format!("content-md5: {md5}\r\n") };
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-range: {range}\r\n{md5}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body[..sent]).unwrap();
    if sent < body.len() {
        stream.shutdown(std::net::Shutdown::Both).unwrap();
        return (0, String::new());
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let range = answer.lines().find_map(|line| line.strip_prefix("range: ")).unwrap_or("none");
    (status, range.to_owned())
}

#[test]
fn a_file_in_parts_goes_on_where_it_was_cut_off() {
    let server = Harness::start();
    server.init("p", "r");
    let content: Vec<u8> = (0..1_000_000u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let md5 = "Ne/dsoEc6ey9+hfxhHLmBA==";
    let url = uploads(&server, &["large.bin"]).remove(0);
    let ask = |url: &str| part(&server, url, "bytes */1000000", "", b"", 0);
    assert_eq!(ask(&url), (308, "none".into()), "nothing came yet");
    let first = &content[..300_000];
    assert_eq!(
        part(&server, &url, "bytes 0-299999/1000000", "", first, first.len()),
        (308, "bytes=0-299999".into())
    );
    // The connection is cut in the middle of the second part.
    let rest = &content[300_000..];
    part(&server, &url, "bytes 300000-999999/1000000", md5, rest, 200_000);
    eventually("what came of it is held", || ask(&url) == (308, "bytes=0-499999".into()));
    assert!(
        listed(&server, &json!({ "fileNames": ["large.bin"] }))["files"]["edges"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    // A gap is not filled with anything, and an address of a later day stands for the same file.
    let url = uploads(&server, &["large.bin"]).remove(0);
    assert_eq!(
        part(&server, &url, "bytes 600000-999999/1000000", md5, &content[600_000..], 400_000),
        (308, "bytes=0-499999".into())
    );
    // Bytes that are held already may come again.
    let rest = &content[400_000..];
    assert_eq!(
        part(&server, &url, "bytes 400000-999999/1000000", md5, rest, rest.len()),
        (200, "none".into())
    );
    let node = listed(&server, &json!({ "fileNames": ["large.bin"] }))["files"]["edges"][0]["node"].clone();
    assert_eq!((&node["sizeBytes"], &node["md5"]), (&json!(1_000_000), &json!(md5)));
    assert!(server.send("GET", node["directUrl"].as_str().unwrap(), &[], b"").bytes == content);
    assert_eq!(ask(&url), (308, "none".into()), "nothing is held of a file that is whole");
}

#[test]
fn a_file_in_parts_that_is_not_what_was_announced_is_forgotten() {
    let server = Harness::start();
    server.init("p", "r");
    let url = uploads(&server, &["f"]).remove(0);
    part(&server, &url, "bytes 0-3/8", "", b"abcd", 4);
    let (status, _) = part(&server, &url, "bytes 4-7/8", "sy1z5W7Jm8Xsj4OHHN5wig==", b"efgh", 4);
    assert_eq!(status, 503, "it may be sent again");
    assert_eq!(part(&server, &url, "bytes */8", "", b"", 0), (308, "none".into()));
    assert!(listed(&server, &json!({}))["files"]["edges"].as_array().unwrap().is_empty());
    for range in ["bytes 0-3/2", "bytes 4-3/8", "lines 0-3/8", "bytes 0-4/8"] {
        assert_eq!(part(&server, &url, range, "", b"abcd", 4).0, 400, "{range}");
    }
    // Another file under the name begins anew.
    part(&server, &url, "bytes 0-3/8", "", b"abcd", 4);
    assert_eq!(part(&server, &url, "bytes 0-3/4", "p8PCqnDZmSH5+yOshzgplw==", b"wxyz", 4).0, 200);
}

#[test]
fn a_file_in_parts_goes_on_after_a_restart() {
    let server = Harness::start();
    server.init("p", "r");
    let urls = uploads(&server, &["f", "g", "h"]);
    for url in &urls {
        assert_eq!(part(&server, url, "bytes 0-3/8", "", b"abcd", 4), (308, "bytes=0-3".into()));
    }
    let left = |server: &Harness| {
        let left = std::fs::read_dir(server.path().join("tmp")).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().path()).collect();
        left.sort();
        left
    };
    // Somebody changes one of the files: it is begun anew, and nothing else.
    let damaged = left(&server).into_iter().find(|path| path.extension().is_none()).unwrap();
    let server = server.restart();
    std::fs::write(damaged, b"abXd").unwrap();
    let whole = "6NxAgbE0NLRRiacgt3toGA==";
    let mut went_on = 0;
    for url in &urls {
        assert_eq!(part(&server, url, "bytes */8", "", b"", 0), (308, "bytes=0-3".into()));
        if part(&server, url, "bytes 4-7/8", whole, b"efgh", 4) == (308, "none".into()) {
            assert_eq!(part(&server, url, "bytes 0-7/8", whole, b"abcdefgh", 8).0, 200);
        } else {
            went_on += 1;
        }
        assert_eq!(part(&server, url, "bytes */8", "", b"", 0), (308, "none".into()), "it is whole");
    }
    assert_eq!((went_on, left(&server)), (2, Vec::new()));
    for name in ["f", "g", "h"] {
        let node = listed(&server, &json!({ "fileNames": [name] }))["files"]["edges"][0]["node"].clone();
        assert_eq!(node["md5"], whole);
    }
}

#[test]
fn addresses_and_names_that_are_not_ours_are_refused() {
    let server = Harness::start();
    server.init("p", "r");
    for token in ["x", "x.y", "", "eyJ.AAAA"] {
        assert!(
            [403, 404].contains(&server.send("PUT", &format!("/upload/{token}"), &[], b"x").status),
            "{token}"
        );
    }
    for names in [&["../x"][..], &["/etc/passwd"], &[""], &["ok", "a/../../b"]] {
        let asked = json!({ "entity": "alice", "project": "p", "run": "r", "files": names });
        let reply = server.graphql_reply(CREATE, &asked);
        let json = reply.json();
        assert_eq!((reply.status, &json["data"]["createRunFiles"]), (200, &Value::Null));
        assert!(json["errors"][0]["message"].as_str().unwrap().contains("invalid file name"), "{json}");
    }
    let asked = json!({ "entity": "alice", "project": "p", "run": "nope", "files": ["a"] });
    let json = server.graphql_reply(CREATE, &asked).json();
    assert!(
        json["errors"][0]["message"].as_str().unwrap().contains("not found"),
        "never a null without errors: {json}"
    );
    let url = uploads(&server, &["late"]).remove(0);
    server.ask("POST", "/api/commands", &json!({ "command": "delete", "run": "r" }).to_string());
    assert_eq!(server.send("PUT", &url, &[], b"x").status, 404);
}

/// The value of a counter in `/metrics`.
fn counter(server: &Harness, name: &str) -> f64 {
    let metrics = server.ask("GET", "/metrics", "").text();
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0.0, |value| value.trim().parse().unwrap())
}

#[test]
fn d6_bytes_that_rot_at_rest_are_found_before_anybody_asks_for_them() {
    let server = Harness::with(|options| options.scrub_every = Duration::from_millis(200));
    server.init("p", "r");
    put(&server, "model.bin", &vec![7; 100_000]);
    let (read, damaged) = ("wbq_scrub_bytes_total", r#"wbq_damage_total{kind="blob"}"#);
    eventually("a pass", || counter(&server, read) > 300_000.0);
    assert_eq!(counter(&server, damaged), 0.0, "every byte is what was written");
    let blobs = server.path().join("blobs");
    let folder = std::fs::read_dir(blobs).unwrap().next().unwrap().unwrap().path();
    let blob = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&blob).unwrap();
    bytes[50_000] ^= 1;
    std::fs::write(&blob, bytes).unwrap();
    eventually("the find", || counter(&server, damaged) > 0.0);
}
