//! Starting, ending, health.

use std::time::Duration;

use ingest::{Error, Server, ServerOptions};
use serde_json::json;

use crate::support::{Harness, history};

fn bind(change: impl FnOnce(&mut ServerOptions)) -> Result<Server, Error> {
    let dir = tempfile::tempdir().unwrap();
    let mut options = ServerOptions::new(dir.path());
    options.listen = "127.0.0.1:0".into();
    options.admin = Some("alice".into());
    change(&mut options);
    tokio::runtime::Runtime::new().unwrap().block_on(Server::bind(options))
}

#[test]
fn an_address_that_others_reach_wants_tls_or_a_proxy() {
    let refused = bind(|options| options.listen = "0.0.0.0:0".into()).err().expect("it is refused");
    assert!(matches!(refused, Error::Exposed { .. }) && refused.to_string().contains("0.0.0.0"), "{refused}");
    let server = bind(|options| {
        options.listen = "0.0.0.0:0".into();
        options.behind_proxy = true;
    });
    assert!(server.is_ok());
}

#[test]
fn a_name_that_no_user_can_have_is_refused_at_the_first_start() {
    for name in ["Alice", "graphql", ""] {
        let refused = bind(|options| options.admin = Some(name.into())).err().expect("it is refused");
        assert!(matches!(refused, Error::UserName { .. }), "{refused}");
    }
    let server = bind(|options| options.admin = None).unwrap();
    assert!(!server.admin_name().is_empty() && server.new_key().is_some());
}

#[test]
fn the_key_is_made_once_and_works_after_a_restart() {
    let server = Harness::start();
    server.init("p", "r");
    server.streamed("p", "r", &history(0, &["{\"_step\":0}"]));
    let server = server.restart();
    assert_eq!(server.rows("p", "r"), ["{\"_step\":0}"]);
    assert_eq!(server.read().projection.people.keys.len(), 1);
}

#[test]
fn a_second_server_on_the_folder_is_turned_away() {
    let server = Harness::start();
    let mut options = ServerOptions::new(server.path());
    options.listen = "127.0.0.1:0".into();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let refused = runtime.block_on(Server::bind(options)).err().expect("it is refused");
    assert!(matches!(refused, Error::Store(engine::Error::Locked { .. })), "{refused}");
    assert_eq!(server.send("GET", "/readyz", &[], b"").status, 200);
    assert!(server.path().join("server.json").exists(), "the first server's word stands");
}

#[test]
fn a_server_that_ends_takes_its_word_back() {
    let mut server = Harness::start();
    assert_eq!(server.send("GET", "/readyz", &[], b"").json(), json!({ "status": "ready" }));
    assert!(server.send("GET", "/livez", &[], b"").header("x-request-id").is_some());
    server.stop().unwrap();
    assert!(!server.path().join("server.json").exists());
    assert!(engine::read(server.path()).is_ok());
}

#[test]
fn a_request_under_way_is_finished_when_the_server_ends() {
    let mut server = Harness::start();
    server.init("p", "r");
    let url = server.url.clone();
    let basic = server.basic();
    let slow = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let host = url.strip_prefix("http://").unwrap();
        let body = history(0, &["{\"_step\":0}"]).to_string();
        let mut connection = std::net::TcpStream::connect(host).unwrap();
        write!(connection, "POST /files/alice/p/r/file_stream HTTP/1.1\r\nHost: {host}\r\nAuthorization: {basic}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
        connection.flush().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        connection.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    });
    std::thread::sleep(Duration::from_millis(100));
    server.stop().unwrap();
    let answer = slow.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.read().projection.run_at(0).unwrap().unwrap().history.rows, 1);
}
