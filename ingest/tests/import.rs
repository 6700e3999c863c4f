//! Logs of the wandb client, sent to a server whole, in part and damaged.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use engine::{Body, Event};
use serde_json::{Value, json};

use crate::support::{Harness, eventually};
use crate::wandb_log::{Log, field};

const LOG: &[u8] = include_bytes!("traffic/offline-run.wandb");

fn import(server: &Harness, log: &[u8], query: &str) -> Value {
    let reply = send(server, log, query);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn send(server: &Harness, log: &[u8], query: &str) -> crate::support::Reply {
    let basic = server.basic();
    server.send("POST", &format!("/api/import/wandb{query}"), &[("authorization", &basic)], log)
}

/// The events about runs: all but those of the first start.
fn of_runs(server: &Harness) -> Vec<Event> {
    let events = server.events().into_iter();
    events.filter(|event| matches!(event.subject, engine::Subject::Run(_))).collect()
}

fn count(events: &[Event], name: &str) -> usize {
    events.iter().filter(|event| event.body.name() == name).count()
}

#[test]
fn a_log_becomes_the_run_that_a_sync_of_it_made() {
    let server = Harness::start();
    let report = import(&server, LOG, "");
    let counts = ["rows", "system_rows", "lines", "quarantined"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(counts, [6, 3, 3, 0]);
    assert_eq!(report["damage"], json!({ "places": 0, "bytes": 0, "is_cut": false }));
    assert_eq!(report["skipped"]["alerts"], 1);
    let snapshot = server.read();
    let path = engine::RunPath::new(engine::ProjectKey::new("alice", "off"), "off1");
    let run = snapshot.projection.run(&path).unwrap().unwrap();
    assert_eq!((run.state, run.exit_code, run.name()), (engine::State::Failed, Some(3), "renamed"));
    assert_eq!((run.history.rows, run.system.rows, run.console_lines), (6, 3, 3));
    assert_eq!(run.tags().collect::<Vec<_>>(), ["t1"]);
    assert_eq!(run.config.get("late").unwrap().to_json(), "3");
    assert_eq!(run.summary.get("loss").unwrap().to_json(), r#"{"min":0.25}"#);
    assert_eq!(run.summary.get("_step").unwrap().to_json(), "10");
    assert_eq!(run.text(engine::Attribute::Program), Some("/home/alice/home/train.py"));
    let files: Vec<&str> = run.files.iter().map(|(name, _)| &**name).collect();
    assert_eq!(files, ["config.yaml", "output.log", "wandb-metadata.json", "wandb-summary.json"]);
}

#[test]
fn d4_a_log_again_whole_or_in_part_adds_nothing() {
    let server = Harness::start();
    import(&server, LOG, "");
    let before = server.events().len();
    for log in [LOG, &LOG[..LOG.len() - 1], &LOG[..2000], &LOG[..80_000], LOG] {
        assert_eq!(import(&server, log, "")["events"], 0, "{} bytes", log.len());
    }
    assert_eq!(server.events().len(), before);
}

#[test]
fn d4_a_log_that_grows_gives_each_row_once_and_the_end_at_its_end() {
    let server = Harness::start();
    for part in [700, 1800, 2100, 3600, 100_000, 144_040, 145_000] {
        let report = import(&server, &LOG[..part], "?may_grow=true");
        assert_eq!(report["has_end"], false);
        assert_eq!(count(&of_runs(&server), "StateChanged"), 0);
    }
    import(&server, LOG, "");
    let events = of_runs(&server);
    let rows: u32 = events
        .iter()
        .map(|event| match &event.body {
            Body::Logged(rows) => rows.chunk.lines,
            _ => 0,
        })
        .sum();
    assert_eq!(rows, 6);
    assert_eq!((count(&events, "RunCreated"), count(&events, "StateChanged")), (1, 1));
    let whole = Harness::start();
    import(&whole, LOG, "");
    let state = |server: &Harness| {
        let path = engine::RunPath::new(engine::ProjectKey::new("alice", "off"), "off1");
        let run = server.read().projection.run(&path).unwrap().unwrap();
        let console: Vec<_> =
            server.read().console(&run).unwrap().lines().map(|(_, _, line)| line.clone()).collect();
        (run.config.clone(), run.summary.clone(), run.state, run.exit_code, run.last_step, console)
    };
    assert_eq!(state(&server), state(&whole));
}

#[test]
fn a_damaged_log_gives_what_can_be_read_of_it() {
    let server = Harness::start();
    let mut log = LOG.to_vec();
    // The third row; the rest of its block goes with it, a row and the beginning of a long record.
    log[2800] ^= 1;
    let report = import(&server, &log, "");
    assert_eq!(report["damage"]["places"], 1);
    assert_eq!(report["rows"], 4, "two before it, two behind it");
    let run = &report["run"];
    assert_eq!(
        (&run["entity"], &run["project"], &run["run"]),
        (&json!("alice"), &json!("off"), &json!("off1"))
    );
}

#[test]
fn what_is_no_log_or_tells_of_no_run_is_refused_and_stores_nothing() {
    let server = Harness::start();
    let before = server.events().len();
    for (log, reason) in [
        (&b""[..], "it is empty"),
        (b"not a log", "does not begin as a transaction log"),
        (b":W&B\xe1\xbe\x05", "version 5"),
        (&LOG[..7], "tells of no run"),
        (&LOG[..200], "tells of no run"),
    ] {
        let reply = send(&server, log, "");
        assert_eq!(reply.status, 400, "{}", reply.text());
        assert!(reply.text().contains(reason), "{}", reply.text());
    }
    assert_eq!(send(&server, LOG, "?project=a%2Fb").status, 400);
    assert_eq!(send(&server, LOG, "?entity=Not%20One").status, 400);
    assert_eq!(server.events().len(), before);
}

#[test]
fn a_user_imports_for_herself_and_not_for_others() {
    let server = Harness::start();
    let key = "local-".to_owned() + &"b".repeat(40);
    let added = server.ask(
        "POST",
        "/api/commands",
        &json!({ "command": "user_add", "name": "bob", "key": key }).to_string(),
    );
    assert_eq!(added.status, 200, "{}", added.text());
    let basic = crate::support::basic(&key);
    let send =
        |query| server.send("POST", &format!("/api/import/wandb{query}"), &[("authorization", &basic)], LOG);
    assert_eq!(send("?entity=alice").status, 403);
    assert_eq!(send("").json()["run"]["entity"], "bob");
}

#[test]
fn a_log_that_stops_coming_makes_up_no_end_and_the_rest_may_follow() {
    let server = Harness::start();
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST /api/import/wandb HTTP/1.1\r\nhost: {address}\r\nauthorization: {}\r\ncontent-length: {}\r\n\r\n",
        server.basic(),
        LOG.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&LOG[..120_000]).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    // The server answers or hangs up; either way nobody is told that it worked.
    let mut answer = Vec::new();
    let _closed = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    import(&server, LOG, "");
    eventually("the end is told once", || count(&of_runs(&server), "StateChanged") == 1);
    assert_eq!(count(&of_runs(&server), "RunCreated"), 1);
}

/// Where the record of a log that tells where its process ran stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Told {
    Before,
    Behind,
    Nowhere,
}

/// A process of a run: the second goes on with what the first began.
fn piece(number: u8, told: Told) -> Vec<u8> {
    let mut log = Log::new();
    let start = 1_795_797_912 + u64::from(number);
    let keys = [("all".to_owned(), number.to_string()), (format!("only{number}"), "1".to_owned())];
    log.run("pieces", start, number > 0, &keys);
    let environment = |log: &mut Log| log.environment(&format!("writer-{number}"), start);
    if told == Told::Before {
        environment(&mut log);
    }
    for row in 0..5 {
        let step = 5 * u64::from(number) + row;
        log.row(&[
            ("_step", step.to_string()),
            ("_timestamp", format!("{start}.{row}1")),
            (&format!("b{number}"), step.to_string()),
        ]);
    }
    if told == Told::Behind {
        environment(&mut log);
    }
    log.summary(&[("_step", (5 * u64::from(number) + 4).to_string()), ("last", number.to_string())]);
    log.output(start, &format!("piece {number}\n"));
    log.exit(0);
    log.bytes
}

/// What of a run must not depend on the order of its logs.
fn state_of(server: &Harness, run: &str) -> (String, String, Vec<String>, Vec<String>) {
    let snapshot = server.read();
    let path = engine::RunPath::new(engine::ProjectKey::new("alice", "pieces"), run);
    let run = snapshot.projection.run(&path).unwrap().unwrap();
    assert_eq!((run.state, run.exit_code, run.key.generation), (engine::State::Finished, Some(0), 1));
    let mut config = run.config.clone();
    let hidden = vec![engine::HIDDEN_KEY.into()];
    config.apply(&engine::Paths { removed: vec![hidden], set: Vec::new() });
    let mut rows: Vec<String> = Vec::new();
    for extent in snapshot.extents(&run, engine::StreamKind::History).unwrap() {
        let piece = snapshot.rows_of(&extent, &["_step".into(), "b0".into(), "b1".into()]).unwrap();
        for row in 0..piece.block.rows() {
            let cells =
                piece.block.row(row).map(|(name, cell)| format!("{name}={}", cell.to_value().to_json()));
            rows.push(cells.collect::<Vec<_>>().join(" "));
        }
    }
    rows.sort();
    let mut lines: Vec<String> =
        snapshot.console(&run).unwrap().lines().map(|(_, _, line)| line.text.to_string()).collect();
    lines.sort();
    (config.to_value().to_json(), run.summary.to_value().to_json(), rows, lines)
}

#[test]
fn d4_pieces_of_a_run_make_one_run_in_any_order_wherever_a_log_tells_where_it_ran() {
    let whole = Harness::start();
    for number in [0, 1] {
        import(&whole, &piece(number, Told::Before), "");
    }
    let expected = state_of(&whole, "pieces");
    assert_eq!(expected.0, r#"{"all":1,"only0":1,"only1":1}"#);
    assert_eq!((expected.2.len(), &*expected.3), (10, &["piece 0".to_owned(), "piece 1".to_owned()][..]));
    for (first, second) in [
        (Told::Behind, Told::Before),
        (Told::Before, Told::Behind),
        (Told::Behind, Told::Behind),
        (Told::Nowhere, Told::Before),
    ] {
        let logs = [piece(0, first), piece(1, second)];
        for order in [[0, 1], [1, 0]] {
            let server = Harness::start();
            for index in order {
                import(&server, &logs[index], "");
            }
            assert_eq!(state_of(&server, "pieces"), expected, "{first:?}, {second:?}, {order:?}");
            let before = server.events().len();
            for index in [0, 1, 1, 0] {
                assert_eq!(import(&server, &logs[index], "")["events"], 0, "{first:?}, {second:?}, {index}");
            }
            assert_eq!(server.events().len(), before);
        }
    }
}

#[test]
fn d4_pieces_of_a_run_that_come_at_the_same_moment_make_the_same_run() {
    let whole = Harness::start();
    for number in [0, 1] {
        import(&whole, &piece(number, Told::Before), "");
    }
    let expected = state_of(&whole, "pieces");
    let server = Harness::start();
    for _ in 0..2 {
        std::thread::scope(|scope| {
            for number in [0, 1, 1, 0] {
                let server = &server;
                scope.spawn(move || import(server, &piece(number, Told::Behind), ""));
            }
        });
        assert_eq!(state_of(&server, "pieces"), expected);
    }
    let rows: u32 = of_runs(&server)
        .iter()
        .map(|event| match &event.body {
            Body::Logged(rows) => rows.chunk.lines,
            _ => 0,
        })
        .sum();
    assert_eq!(rows, 10, "each row is stored once");
}

#[test]
fn the_summary_of_a_log_that_was_cut_before_a_row_has_the_step_of_the_row_before() {
    let server = Harness::start();
    let mut log = Log::new();
    log.run("r", 1_795_797_912, false, &[]);
    for step in [3, 4] {
        log.summary(&[("_step", step.to_string()), ("a", step.to_string())]);
        if step == 3 {
            log.row(&[("_step", step.to_string()), ("a", step.to_string())]);
        }
    }
    import(&server, &log.bytes, "");
    let snapshot = server.read();
    let path = engine::RunPath::new(engine::ProjectKey::new("alice", "pieces"), "r");
    let run = snapshot.projection.run(&path).unwrap().unwrap();
    assert_eq!(run.summary.to_value().to_json(), r#"{"_step":3,"a":4}"#);
}

#[test]
fn files_beside_a_log_are_put_where_the_answer_says_and_no_name_leads_out() {
    let server = Harness::start();
    let report = import(&server, LOG, "");
    let files = report["files"].as_array().unwrap();
    let names: Vec<&str> = files.iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["requirements.txt"]);
    let upload = files[0]["upload"].as_str().unwrap();
    assert_eq!(server.send("PUT", upload, &[], b"wandb==0.31.0\n").status, 200);
    let again = import(&server, LOG, "");
    assert!(again["files"][0]["digest"].as_str().is_some_and(|digest| digest.len() == 64));
    let leading_out = with_files(&["../../etc/passwd", "/etc/passwd", "media/ok.txt", "config.yaml"]);
    let report = import(&Harness::start(), &leading_out, "");
    assert_eq!((report["files"].as_array().unwrap().len(), &report["skipped"]["files"]), (1, &json!(2)));
}

/// A log of a run that names these files.
fn with_files(names: &[&str]) -> Vec<u8> {
    let files: Vec<u8> = names.iter().flat_map(|name| field(1, &field(1, name.as_bytes()))).collect();
    let mut log = Log::new();
    log.add(17, &field(1, b"r"));
    log.add(6, &files);
    log.bytes
}
