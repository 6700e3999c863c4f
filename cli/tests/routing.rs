//! A folder that a server holds: SQL and changes go through the server by themselves.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use crate::sample;
use crate::wbq::{self, Served, printed, run};

/// Runs a command that knows a server and a key, and no folder.
fn remote(server: &str, key: Option<&str>, args: &[&str]) -> wbq::Done {
    let nowhere = Path::new("/nowhere");
    let mut command = wbq::command(nowhere, args);
    command.env_remove("WBQ_DIR").env_remove("HOME").env("WBQ_SERVER", server);
    if let Some(key) = key {
        command.env("WANDB_API_KEY", key);
    }
    command.output().unwrap().into()
}

/// Another folder that names the server of this one: only that server can know what is in it.
pub(crate) fn rumour_of(dir: &Path) -> TempDir {
    let elsewhere = TempDir::new().unwrap();
    fs::copy(dir.join("server.json"), elsewhere.path().join("server.json")).unwrap();
    elsewhere
}

#[test]
fn the_first_start_tells_url_and_key_and_later_ones_the_url() {
    let dir = TempDir::new().unwrap();
    let data = dir.path().join("data");
    let server = Served::start(&data, &["--admin", "ada"]);
    let key = server.key.as_deref().unwrap();
    assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
    assert_eq!(server.ready, format!("{{\"url\":\"{}\",\"key\":\"{key}\"}}\n", server.url));
    let file = data.join("server.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (status, rest) = server.stop();
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""), "nothing else goes to stdout");
    assert!(!file.exists());

    let again = Served::start(&data, &[]);
    assert_eq!((&again.key, &again.ready), (&None, &format!("{{\"url\":\"{}\"}}\n", again.url)));
    assert_eq!(again.stop().0.code(), Some(0));
    assert_eq!(
        printed(&data, &["user", "ls", "--format", "csv"]).lines().nth(1).unwrap().split(',').next(),
        Some("ada")
    );
}

#[test]
fn changes_go_through_the_server_that_holds_the_folder() {
    let dir = sample::folder();
    let server = Served::start(dir.path(), &["--admin", "ada"]);
    let edited = run(
        dir.path(),
        &["edit", "wide", "--name", "new name", "--tag", "+c,-a", "--config", "optimizer.lr=1"],
    );
    assert_eq!((edited.code, edited.stdout.as_str()), (0, ""), "{edited:?}");
    assert_eq!(edited.stderr, "edited ada/mnist/wide\n");
    let added = printed(dir.path(), &["user", "add", "bob"]);
    assert!(added.starts_with("bob ") && added.len() > 44, "{added}");
    let ambiguous = run(dir.path(), &["stop", "base"]);
    assert_eq!(ambiguous.code, 1);
    assert!(ambiguous.stderr.contains("ada/mnist/base") && ambiguous.stderr.contains("ada/cifar/base"));
    assert_eq!(server.stop().0.code(), Some(0));

    let sql = "SELECT name, array_to_string(tags, ' ') AS tags, config.optimizer.lr AS lr FROM runs WHERE run_id = 'wide'";
    assert_eq!(printed(dir.path(), &[sql]), "{\"name\":\"new name\",\"tags\":\"b c\",\"lr\":1.0}\n");
}

#[test]
fn sql_goes_through_the_server_that_holds_the_folder() {
    let dir = sample::folder();
    let server = Served::start(dir.path(), &["--admin", "ada"]);
    let elsewhere = rumour_of(dir.path());
    let sql = "SELECT name, summary.loss FROM runs WHERE state = 'Finished'";
    let expected = "{\"name\":\"sunny-lake-1\",\"summary.loss\":0.125}\n";
    assert_eq!(printed(elsewhere.path(), &[sql]), expected);
    assert_eq!(remote(&server.url, server.key.as_deref(), &[sql]).stdout, expected);

    let warned = run(elsewhere.path(), &["SELECT summary.los FROM runs WHERE run_id = 'wide'"]);
    assert_eq!((warned.code, warned.stdout.as_str()), (0, "{\"summary.los\":null}\n"));
    assert!(warned.stderr.contains("warning: "), "{}", warned.stderr);
    let wrong = "SELECT name\nFROM runs WHERE";
    assert_eq!(
        run(elsewhere.path(), &[wrong]).told(elsewhere.path()),
        run(dir.path(), &[wrong]).told(dir.path())
    );
    let shown = printed(elsewhere.path(), &["show", "wide", "--format", "json"]);
    assert!(shown.contains("\"config\":{\"epochs\":3,\"optimizer\":{\"lr\":0.5}}"), "{shown}");
}

#[test]
fn a_server_that_listens_everywhere_is_reached_at_loopback() {
    let dir = sample::folder();
    let server = Served::start(dir.path(), &["--admin", "ada", "--listen", "0.0.0.0:0", "--behind-proxy"]);
    assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
    let file: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.path().join("server.json")).unwrap()).unwrap();
    assert_eq!(file["url"], *server.url);
    let sql = "SELECT count(*) AS n FROM runs";
    assert_eq!(printed(rumour_of(dir.path()).path(), &[sql]), "{\"n\":3}\n");
}

#[test]
fn a_server_is_asked_with_a_key() {
    let dir = TempDir::new().unwrap();
    let server = Served::start(dir.path(), &["--admin", "ada"]);
    let key = server.key.as_deref();
    assert_eq!(remote(&server.url, key, &["user", "ls"]).code, 0);
    for wrong in [None, Some("wbq_0-0123456789012345678901234567890123456789")] {
        let refused = remote(&server.url, wrong, &["user", "ls"]);
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
        assert!(refused.stderr.contains("does not know the key"), "{}", refused.stderr);
    }
    let bobs = "local-0123456789012345678901234567890123456789";
    let added = remote(&server.url, key, &["user", "add", "bob", "--key", bobs]);
    assert_eq!(added.stdout, format!("bob {bobs}\n"));
    let refused = remote(&server.url, Some(bobs), &["user", "add", "eve"]);
    assert_eq!((refused.code, refused.stderr.lines().next()), (1, Some("error: only an admin may do this")));
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let done = remote(&format!("http://{free}"), None, &["SELECT 1"]);
    assert_eq!((done.code, done.stdout.as_str()), (1, ""));
    assert!(
        done.stderr.starts_with("error: cannot reach the server at http://127.0.0.1:"),
        "{}",
        done.stderr
    );
    assert_eq!(remote("localhost:8080", None, &["SELECT 1"]).code, 2);
}

#[test]
fn what_a_dead_server_left_behind_is_ignored() {
    let dir = sample::folder();
    let server = Served::start(dir.path(), &["--admin", "ada"]);
    let left_behind = fs::read(dir.path().join("server.json")).unwrap();
    server.signal("KILL");
    drop(server);
    let file = dir.path().join("server.json");
    assert!(file.exists());
    assert_eq!(printed(dir.path(), &["SELECT count(*) AS n FROM runs"]), "{\"n\":3}\n");
    // Its pid was given to another process, and nobody answers.
    let text = String::from_utf8(left_behind).unwrap();
    let pid = text.split("\"pid\":").nth(1).unwrap().split(&[',', '}']).next().unwrap().to_owned();
    fs::write(&file, text.replace(&pid, &std::process::id().to_string())).unwrap();
    assert_eq!(printed(dir.path(), &["SELECT count(*) AS n FROM runs"]), "{\"n\":3}\n");
    assert_eq!(run(dir.path(), &["edit", "wide", "--name", "x"]).code, 0);
}

/// Answers one request with fixed bytes.
fn answer_once(listener: TcpListener, response: Vec<u8>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(connection.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        connection.write_all(&response).unwrap();
        head
    })
}

#[test]
fn an_answer_that_breaks_off_is_no_shorter_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let response = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\nconnection: close\r\n\r\n\xff\xff\xff\xff";
    let server = answer_once(listener, response.to_vec());
    let done = remote(&url, Some("k"), &["SELECT 1"]);
    assert_eq!((done.code, done.stdout.as_str()), (1, ""));
    assert!(done.stderr.starts_with("error: the server broke off its answer"), "{}", done.stderr);
    let head = server.join().unwrap().to_lowercase();
    assert!(head.starts_with("post /sql ") && head.contains("authorization: bearer k"), "{head}");
    assert!(head.contains("accept: application/vnd.apache.arrow.stream"), "{head}");
}

#[test]
fn an_error_of_the_server_is_shown_as_one_of_our_own() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = r#"{"error":{"kind":"damaged","message":"segment 1 is damaged","position":null,"hint":"h","id":"q7"}}"#;
    let response = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let server = answer_once(listener, response.into_bytes());
    let done = remote(&url, Some("k"), &["SELECT 1"]);
    assert_eq!(done.code, 3);
    assert_eq!(
        done.stderr,
        "error: segment 1 is damaged\n  cause: the server's log says more under q7\n  next:  h\n"
    );
    server.join().unwrap();
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let dir = TempDir::new().unwrap();
    let server = Served::start(dir.path(), &["--admin", "ada"]);
    // A request whose body never comes holds up the orderly end.
    let slow = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST /sql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n",
        server.key.as_deref().unwrap()
    );
    (&slow).write_all(head.as_bytes()).unwrap();
    let mut waits_for_the_body = String::new();
    BufReader::new(&slow).read_line(&mut waits_for_the_body).unwrap();
    assert_eq!(waits_for_the_body, "HTTP/1.1 100 Continue\r\n");
    server.signal("INT");
    let (status, _) = server.stop();
    assert_eq!(status.code(), Some(130));
    assert_eq!(printed(dir.path(), &["SELECT 1 AS a"]), "{\"a\":1}\n");
}
