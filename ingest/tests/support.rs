//! A server and a small client for tests.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use base64::Engine as _;
use ingest::{Server, ServerOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A server on a folder of its own, with one admin, `alice`.
pub(crate) struct Harness {
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) dir: TempDir,
    agent: ureq::Agent,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ingest::Error>>>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Harness {
    pub(crate) fn start() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut ServerOptions)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::on(dir, None, change)
    }

    fn on(dir: TempDir, key: Option<String>, change: impl FnOnce(&mut ServerOptions)) -> Self {
        let mut options = ServerOptions::new(dir.path());
        options.listen = "127.0.0.1:0".into();
        options.admin = Some("alice".into());
        change(&mut options);
        let (ready_sender, ready) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async move {
                let server = Server::bind(options).await?;
                ready_sender.send((server.url().to_owned(), server.new_key().map(str::to_owned))).unwrap();
                server
                    .serve(async {
                        let _dropped_is_stop_too = stopped.await;
                    })
                    .await
            })
        });
        let (url, new_key) = ready.recv().expect("the server starts");
        let key = new_key.or(key).expect("a key");
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { url, key, dir, agent: config.into(), stop: Some(stop), thread: Some(thread) }
    }

    /// Ends the server as SIGTERM does.
    pub(crate) fn stop(&mut self) -> Result<(), ingest::Error> {
        drop(self.stop.take());
        self.thread.take().expect("it runs").join().unwrap()
    }

    /// Ends the server and starts another on the same folder.
    pub(crate) fn restart(mut self) -> Self {
        self.stop().unwrap();
        let dir = std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap());
        Self::on(dir, Some(self.key.clone()), |_| {})
    }

    /// The folder as it stands.
    pub(crate) fn read(&self) -> engine::Snapshot {
        engine::read(self.dir.path()).unwrap()
    }

    pub(crate) fn events(&self) -> Vec<engine::Event> {
        self.read().events(engine::Lsn(1)).map(|event| event.unwrap().2).collect()
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Any request, with a body unless it is empty.
    pub(crate) fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let url =
            if target.starts_with("http") { target.to_owned() } else { format!("{}{target}", self.url) };
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = if body.is_empty() && (method == "GET" || method == "HEAD" || method == "OPTIONS") {
            self.agent.run(request.body(()).unwrap())
        } else {
            self.agent.run(request.body(body).unwrap())
        };
        let mut reply = sent.unwrap_or_else(|error| panic!("{method} {target}: {error}"));
        let headers = reply.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").to_owned()))
            .collect();
        let bytes = reply.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        Reply { status: reply.status().as_u16(), headers, bytes }
    }

    pub(crate) fn basic(&self) -> String {
        basic(&self.key)
    }

    /// A request with the admin's key.
    pub(crate) fn ask(&self, method: &str, target: &str, body: &str) -> Reply {
        let basic = self.basic();
        let headers = [("authorization", basic.as_str()), ("content-type", "application/json")];
        self.send(method, target, &headers, body.as_bytes())
    }

    /// A GraphQL request as the Python side sends it.
    pub(crate) fn graphql_reply(&self, query: &str, variables: &Value) -> Reply {
        let body = json!({ "query": query, "variables": variables, "operationName": "" });
        self.ask("POST", "/graphql", &body.to_string())
    }

    /// Its data; errors fail the test.
    pub(crate) fn graphql(&self, query: &str, variables: &Value) -> Value {
        let reply = self.graphql_reply(query, variables);
        let mut json = reply.json();
        assert!(json.get("errors").is_none() && reply.status == 200, "{} {json}", reply.status);
        json["data"].take()
    }

    /// A process that begins a run as `wandb.init` does; gives the bucket.
    pub(crate) fn init(&self, project: &str, run: &str) -> Value {
        self.upsert(&json!({ "name": run, "project": project, "host": "h", "program": "t.py" }))["bucket"]
            .clone()
    }

    pub(crate) fn upsert(&self, variables: &Value) -> Value {
        self.graphql(UPSERT, variables)["upsertBucket"].clone()
    }

    /// A `file_stream` request.
    pub(crate) fn stream(&self, project: &str, run: &str, body: &Value) -> Reply {
        self.ask("POST", &format!("/files/alice/{project}/{run}/file_stream"), &body.to_string())
    }

    /// One that must be taken.
    pub(crate) fn streamed(&self, project: &str, run: &str, body: &Value) -> Value {
        let reply = self.stream(project, run, body);
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    pub(crate) fn run(&self, project: &str, run: &str) -> Value {
        let query =
            "query Run($p: String!, $r: String!) { project(name: $p, entityName: \"alice\") { run(name: $r) {
            id name displayName state config summaryMetrics historyLineCount eventsLineCount logLineCount
            historyTail eventsTail wandbConfig(keys: [\"t\"]) tags notes group jobType exitcode stopped
            history events logLines { edges { node { number timestamp level label line } } } } } }";
        self.graphql(query, &json!({ "p": project, "r": run }))["project"]["run"].clone()
    }

    /// The rows of a run's history, as JSON texts with sorted keys.
    pub(crate) fn rows(&self, project: &str, run: &str) -> Vec<String> {
        let rows = self.run(project, run)["history"].clone();
        rows.as_array().unwrap().iter().map(|row| sorted(row.as_str().unwrap())).collect()
    }

    pub(crate) fn console(&self, project: &str, run: &str) -> Vec<String> {
        let lines = self.run(project, run)["logLines"]["edges"].clone();
        lines
            .as_array()
            .unwrap()
            .iter()
            .map(|edge| edge["node"]["line"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn state(&self, project: &str, run: &str) -> String {
        self.run(project, run)["state"].as_str().unwrap().to_owned()
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        if self.thread.is_some() {
            drop(self.stop.take());
            let ended = self.thread.take().expect("it runs").join();
            assert!(matches!(ended, Ok(Ok(()))) || std::thread::panicking(), "{ended:?}");
        }
    }
}

/// MD5 as the client writes it.
pub(crate) fn md5(content: &[u8]) -> String {
    use md5::Digest as _;
    base64::engine::general_purpose::STANDARD.encode(md5::Md5::digest(content))
}

pub(crate) fn basic(key: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("api:{key}")))
}

/// JSON with its keys sorted; bare words stay as they are.
pub(crate) fn sorted(json: &str) -> String {
    let value = engine::Value::from_json(json.as_bytes()).unwrap();
    engine::Tree::of(value).to_value().to_json()
}

/// Waits for something to become true, for at most ten seconds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A chunk of a file of the stream.
pub(crate) fn chunk(file: &str, offset: i64, lines: &[&str]) -> Value {
    json!({ "files": { file: { "offset": offset, "content": lines } } })
}

pub(crate) fn history(offset: i64, lines: &[&str]) -> Value {
    chunk("wandb-history.jsonl", offset, lines)
}

pub(crate) const UPSERT: &str = "mutation UpsertBucket($id: String, $name: String, $project: String, $entity: String, $groupName: String, $description: String, $displayName: String, $notes: String, $commit: String, $config: JSONString, $host: String, $debug: Boolean, $program: String, $repo: String, $jobType: String, $state: String, $sweep: String, $tags: [String!], $summaryMetrics: JSONString) { upsertBucket( input: { id: $id name: $name groupName: $groupName modelName: $project entityName: $entity description: $description displayName: $displayName notes: $notes config: $config commit: $commit host: $host debug: $debug jobProgram: $program jobRepo: $repo jobType: $jobType state: $state sweep: $sweep tags: $tags summaryMetrics: $summaryMetrics } ) { bucket { id name displayName description config sweepName project { id name entity { id name } } historyLineCount } inserted } }";
