//! What nobody should send: each gets the status that the page says, nothing is stored in part, and
//! the server lives (RELIABILITY 3).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::support::{Harness, Reply, history};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut encoder = async_compression::tokio::write::GzipEncoder::new(Vec::new());
        encoder.write_all(bytes).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    })
}

fn raw(server: &Harness, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let basic = server.basic();
    let headers: Vec<_> = [("authorization", basic.as_str())].iter().chain(headers).copied().collect();
    server.send("POST", "/files/alice/p/r/file_stream", &headers, body)
}

/// Sends bytes as they are, on a connection of their own; gives what comes back until it is closed.
fn said(server: &Harness, request: &str) -> String {
    let mut connection = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

/// The head of a stream request, with these fields more.
fn head(server: &Harness, fields: &str) -> String {
    let basic = server.basic();
    format!(
        "POST /files/alice/p/r/file_stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: {basic}\r\n\
         Content-Type: application/json\r\nConnection: close\r\n{fields}\r\n\r\n"
    )
}

const JSON: (&str, &str) = ("content-type", "application/json");
const GZIP: (&str, &str) = ("content-encoding", "gzip");

#[test]
fn bad_bodies_get_their_status_and_store_nothing() {
    let server = Harness::with(|options| {
        options.limits.body_wire_bytes = 1 << 20;
        options.limits.body_decoded_bytes = 2 << 20;
    });
    server.init("p", "r");
    let before = server.events().len();
    let good = history(0, &["{\"_step\":0}"]).to_string();
    let zipped = gzip(good.as_bytes());
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    let deep = format!(r#"{{"files":{}1{}}}"#, "[".repeat(500_000), "]".repeat(500_000));
    let large = vec![b' '; (1 << 20) + 1];
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [u8], u16);
    let cases: &[Case<'_>] = &[
        ("no JSON", &[JSON], b"hello", 400),
        ("empty", &[JSON], b"", 400),
        ("a list", &[JSON], b"[]", 400),
        ("cut short", &[JSON], good.as_bytes().get(..good.len() - 3).unwrap(), 400),
        ("deep", &[JSON], deep.as_bytes(), 400),
        ("not UTF-8", &[JSON], b"{\"files\":{\"output.log\":{\"content\":[\"\xff\xfe\"]}}}", 400),
        ("lone surrogate", &[JSON], br#"{"files":{"output.log":{"content":["\ud800"]}}}"#, 400),
        ("negative offset", &[JSON], br#"{"files":{"output.log":{"offset":-1,"content":["a"]}}}"#, 400),
        (
            "huge offset",
            &[JSON],
            br#"{"files":{"output.log":{"offset":99999999999999999999,"content":["a"]}}}"#,
            400,
        ),
        ("other type", &[("content-type", "application/vnd.wandb.filestream.v1+protobuf")], b"\x08\x01", 400),
        ("other encoding", &[JSON, ("content-encoding", "br")], b"x", 400),
        ("too large", &[JSON], &large, 413),
        ("gzip bomb", &[JSON, GZIP], &bomb, 413),
        ("no gzip", &[JSON, GZIP], good.as_bytes(), 400),
        ("gzip cut short", &[JSON, GZIP], zipped.get(..zipped.len() - 9).unwrap(), 400),
        ("gzip cut in its head", &[JSON, GZIP], zipped.get(..5).unwrap(), 400),
    ];
    for (name, headers, body, status) in cases {
        let reply = raw(&server, headers, body);
        assert_eq!(reply.status, *status, "{name}: {}", reply.text());
        let message = reply.json()["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(
            !message.is_empty() && !message.contains(server.path().to_str().unwrap()),
            "{name}: {message}"
        );
    }
    assert_eq!(server.events().len(), before);
    assert_eq!(raw(&server, &[JSON, GZIP], &zipped).status, 200, "and a good one is taken");
    assert_eq!(server.rows("p", "r").len(), 1);
    assert_eq!(server.send("GET", "/livez", &[], b"").status, 200);
}

#[test]
fn limits_hold_at_the_limit_and_one_past_it() {
    let server = Harness::with(|options| {
        options.limits.body_wire_bytes = 1000;
        options.limits.body_decoded_bytes = 2000;
    });
    server.init("p", "r");
    let padded = |len: usize| format!("{{}}{}", " ".repeat(len - 2));
    assert_eq!(raw(&server, &[JSON], padded(1000).as_bytes()).status, 200);
    assert_eq!(raw(&server, &[JSON], padded(1001).as_bytes()).status, 413);
    assert_eq!(raw(&server, &[JSON, GZIP], &gzip(padded(2000).as_bytes())).status, 200);
    assert_eq!(raw(&server, &[JSON, GZIP], &gzip(padded(2001).as_bytes())).status, 413);
    // Without a length told ahead, the bytes are counted as they come.
    let chunked = head(&server, "Transfer-Encoding: chunked");
    let answer = said(&server, &format!("{chunked}3e9\r\n{}\r\n0\r\n\r\n", padded(1001)));
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[test]
fn large_lines_are_taken() {
    let server = Harness::start();
    server.init("p", "r");
    let line = format!(r#"{{"_step":0,"t":"{}"}}"#, "x".repeat(10 << 20));
    server.streamed("p", "r", &history(0, &[&line]));
    assert_eq!(server.run("p", "r")["historyLineCount"], 1);
    let too_long = format!(r#"{{"_step":1,"t":"{}"}}"#, "x".repeat(11 << 20));
    server.streamed("p", "r", &history(1, &[&too_long, r#"{"_step":2}"#]));
    assert_eq!(server.run("p", "r")["historyLineCount"], 3);
    let steps: Vec<String> = server.rows("p", "r").iter().map(|row| row.chars().take(10).collect()).collect();
    assert_eq!(steps, ["{\"_step\":0", "{\"_step\":2"], "the line that is too long is in quarantine");
}

#[test]
fn too_much_at_once_is_a_passing_condition() {
    let server = Harness::with(|options| options.limits.pool_bytes = 100);
    let body = json!({ "query": "query { viewer { id } }", "operationName": "x".repeat(200) }).to_string();
    let reply = server.ask("POST", "/graphql", &body);
    assert_eq!(reply.status, 429, "{}", reply.text());
    assert!(reply.header("retry-after").is_some());
    assert_eq!(
        server.ask("POST", "/graphql", "{\"query\":\"{viewer{id}}\"}").status,
        200,
        "what was charged is given back"
    );
    let server = Harness::with(|options| options.limits.requests_per_second = 5);
    let statuses: Vec<u16> =
        (0..40).map(|_| server.ask("POST", "/graphql", "{\"query\":\"{viewer{id}}\"}").status).collect();
    assert!(statuses.contains(&429) && statuses.contains(&200), "{statuses:?}");
}

#[test]
fn a_process_short_of_memory_refuses_queries_and_bodies_for_a_while() {
    // Any process holds more than a byte, so the limit is passed by far.
    let server = Harness::with(|options| options.limits.memory_bytes = 1);
    for (target, body, status) in [
        ("/sql", r#"{"sql":"SELECT 1"}"#, 503),
        ("/graphql", r#"{"query":"{viewer{id}}"}"#, 429),
        ("/files/alice/p/r/file_stream", "{}", 429),
    ] {
        let reply = server.ask("POST", target, body);
        assert_eq!(reply.status, status, "{target}: {}", reply.text());
        assert_eq!(reply.header("retry-after"), Some("5"), "{target}");
        assert!(reply.text().contains("memory_bytes"), "{target} names the limit: {}", reply.text());
    }
    assert_eq!(server.send("GET", "/livez", &[], b"").status, 200);
    let metrics = server.ask("GET", "/metrics", "").text();
    assert!(metrics.contains(r#"wbq_memory_bytes{pool="process"}"#), "{metrics}");
}

#[test]
fn unknown_runs_are_not_found() {
    let server = Harness::start();
    server.init("p", "r");
    for target in
        ["/files/alice/p/nope/file_stream", "/files/alice/nope/r/file_stream", "/files/bob/p/r/file_stream"]
    {
        let reply = server.ask("POST", target, "{}");
        assert_eq!(reply.status, 404, "{target}");
        assert!(reply.json()["errors"][0]["message"].as_str().unwrap().contains("unknown"));
    }
    server.upsert(&json!({ "name": "a b é", "project": "my proj é", "host": "h" }));
    let reply = server.ask("POST", "/files/alice/my%20proj%20%C3%A9/a%20b%20%C3%A9/file_stream", "{}");
    assert_eq!(reply.status, 200, "segments are decoded: {}", reply.text());
}

#[test]
fn slow_heads_and_bodies_are_cut() {
    let server = Harness::with(|options| {
        options.limits.head_read = Duration::from_millis(200);
        options.limits.body_idle = Duration::from_millis(200);
    });
    server.init("p", "r");
    let host = server.url.strip_prefix("http://").unwrap().to_owned();
    let mut nothing_said = TcpStream::connect(&host).unwrap();
    nothing_said.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(nothing_said.read(&mut [0; 1]).unwrap(), 0, "the connection is closed");
    let answer = said(&server, "GET /livez HTTP/1.1\r\nHost: localhost\r\n");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    let answer = said(&server, &(head(&server, "Content-Length: 10") + "{"));
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[test]
fn large_heads_are_refused() {
    let server = Harness::start();
    let long = "x".repeat(70 << 10);
    assert_eq!(server.send("GET", "/livez", &[("x-long", &long)], b"").status, 431);
    let fields: String = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect();
    let answer = said(&server, &format!("GET /livez HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[test]
fn connections_past_the_limit_are_closed_and_there_is_room_again_later() {
    let server = Harness::with(|options| options.limits.connections = 2);
    let host = server.url.strip_prefix("http://").unwrap().to_owned();
    // Which of several connections made at once gets the last place is chance, so all are held.
    let mut held: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(&host).unwrap()).collect();
    crate::support::eventually("a connection too many is closed", || {
        let mut another = TcpStream::connect(&host).unwrap();
        another.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let is_closed = matches!(another.read(&mut [0; 1]), Ok(0)) || another.write_all(b"x").is_err();
        held.push(another);
        is_closed
    });
    drop(held);
    crate::support::eventually("there is room again", || {
        let mut connection = TcpStream::connect(&host).unwrap();
        let asked =
            connection.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        asked.is_ok() && connection.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
    });
}
