//! `wbq tail` and `wbq watch`: what happens, as it happens.

use std::io::{BufRead as _, BufReader, Read as _};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::sample;
use crate::wbq::{Served, command, piped, run, signal};

/// A server on the sample, and requests as the client sends them.
struct Logged {
    dir: tempfile::TempDir,
    server: Served,
    key: String,
}

impl Logged {
    fn start() -> Self {
        let dir = sample::folder();
        let server = Served::start(dir.path(), &[]);
        let text = std::fs::read_to_string(dir.path().join("server.json")).unwrap();
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        let key = file["token"].as_str().unwrap().to_owned();
        Self { dir, server, key }
    }

    /// A `file_stream` request to the run of the sample that is at work.
    fn stream(&self, body: &serde_json::Value) {
        let url = format!("{}/files/ada/cifar/base/file_stream", self.server.url);
        let agent = ureq::Agent::from(ureq::Agent::config_builder().http_status_as_error(false).build());
        let mut response =
            agent.post(url).header("Authorization", format!("Bearer {}", self.key)).send_json(body).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        assert_eq!(response.status(), 200, "{text}");
    }

    fn log(&self, offset: u64, rows: &[&str]) {
        self.stream(&json!({ "files": { "wandb-history.jsonl": { "offset": offset, "content": rows } } }));
    }
}

#[test]
fn a_run_is_followed_until_it_ends() {
    let logged = Logged::start();
    let print = |offset: u64, text: &str| {
        logged.stream(&json!({ "files": { "output.log": { "offset": offset, "content": [text] } } }));
    };
    print(0, "begin");
    let mut tail = piped(&mut command(logged.dir.path(), &["tail", "cifar/base"]));
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    // From here on it misses nothing.
    assert_eq!(next(), "begin");
    for step in 0..3 {
        logged.log(step, &[&format!(r#"{{"_step":{step},"loss":0.{step}5}}"#)]);
    }
    for step in 0..3 {
        assert_eq!(next(), format!("step {step}  loss=0.{step}5"));
    }
    print(1, "\u{1b}[32mepoch 1\u{1b}[0m");
    assert_eq!(next(), "epoch 1");
    logged.stream(&json!({ "complete": true, "exitcode": 3 }));
    let last = next();
    assert!(last.starts_with("state: Running → Failed"), "{last}");
    assert!(tail.wait().unwrap().success());
    // Of a run that has ended there is only what it wrote last.
    let done = run(logged.dir.path(), &["tail", "cifar/base", "--lines", "1"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "epoch 1\n"));
    assert!(done.stderr.contains("ada/cifar/base is Failed, so nothing more will come"), "{}", done.stderr);
}

#[test]
fn programs_get_every_event_and_ctrl_c_ends_a_tail() {
    let logged = Logged::start();
    let mut tail = piped(&mut command(logged.dir.path(), &["tail", "cifar/base", "--format", "ndjson"]));
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let is_told = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut events =
                lines.by_ref().map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
            let event = events.find(|event| event["kind"] == "Logged").unwrap();
            assert_eq!(event["rows"][0]["loss"], event["rows"][0]["_step"]);
            is_told.store(true, Ordering::Relaxed);
        });
        let mut step = 0;
        while !is_told.load(Ordering::Relaxed) {
            logged.log(step, &[&format!(r#"{{"_step":{step},"loss":{step}}}"#)]);
            step += 1;
        }
    });
    signal(&tail, "INT");
    assert_eq!(tail.wait().unwrap().code(), Some(130));
}

#[test]
fn a_statement_is_answered_again_when_its_answer_changes() {
    let logged = Logged::start();
    let sql = "SELECT count(*) AS n FROM history WHERE project = 'cifar'";
    let args = ["watch", "--every", "100ms", "--times", "2", sql];
    let mut watch = piped(&mut command(logged.dir.path(), &args));
    let mut stdout = BufReader::new(watch.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    assert_eq!(first, "{\"n\":0}\n");
    logged.log(0, &[r#"{"_step":7,"loss":1}"#]);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "{\"n\":1}\n");
    assert!(watch.wait().unwrap().success());
    let wrong = run(logged.dir.path(), &["watch", "SELECT nothing FROM runs"]);
    assert_eq!(wrong.code, 1, "{wrong:?}");
}

#[test]
fn without_a_server_there_is_nothing_to_follow() {
    let dir = sample::folder();
    let done = run(dir.path(), &["tail", "cifar/base"]);
    assert_eq!(done.code, 0);
    assert!(done.stderr.contains("no server holds this folder"), "{}", done.stderr);
    assert_eq!(run(dir.path(), &["tail", "nobody"]).code, 1);
    assert_eq!(run(dir.path(), &["tail", "cifar/base", "--format", "csv"]).code, 2);
}
