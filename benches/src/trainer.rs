//! Who logs to a server: a run and a connection each.

use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::server::Server;

/// The answer to a user who posts too often, as all trainers together may here; how long one of them
/// waits then, and how often.
const TOO_MANY: u16 = 429;
const PAUSE: Duration = Duration::from_millis(200);
const ATTEMPTS_MAX: usize = 100;

/// One that posts to one address over a connection of its own.
#[derive(Debug)]
pub struct Trainer {
    agent: ureq::Agent,
    address: String,
    key: String,
}

impl Trainer {
    /// As the admin of a server.
    #[must_use]
    pub fn new(server: &Server, address: String) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Self { agent: config.into(), address, key: format!("Bearer {}", server.key) }
    }

    /// Posts a JSON body; gives the answer.
    ///
    /// # Errors
    ///
    /// It is refused, for long where it comes too often; it is no JSON.
    pub fn post(&self, body: &str) -> Result<Value> {
        let mut attempts = 0;
        let mut reply = loop {
            let reply = self
                .agent
                .post(&self.address)
                .header("authorization", &self.key)
                .header("content-type", "application/json")
                .header("accept", "application/json")
                .send(body);
            attempts += 1;
            // A retry is a no-op. Refused in the middle of a body, a connection ends without an answer.
            match reply {
                Ok(reply) if reply.status() != TOO_MANY => break reply,
                Ok(_) | Err(ureq::Error::Io(_)) if attempts < ATTEMPTS_MAX => thread::sleep(PAUSE),
                reply => break reply?,
            }
        };
        let text = reply.body_mut().read_to_string()?;
        if reply.status() != 200 {
            bail!("{} answered {}: {text}", self.address, reply.status());
        }
        Ok(serde_json::from_str(&text)?)
    }
}

/// Makes the runs `bench/p/run0` … and who logs to each.
///
/// # Errors
///
/// As [`Trainer::post`]; a run is there already.
pub fn begin_runs(server: &Server, count: usize) -> Result<Vec<Trainer>> {
    const UPSERT: &str = "mutation Upsert($project: String, $name: String) {
        upsertBucket(input: { modelName: $project, name: $name, host: \"bench\" }) { inserted } }";
    let client = Trainer::new(server, format!("{}/graphql", server.url));
    (0..count)
        .map(|number| {
            let variables = json!({ "project": "p", "name": format!("run{number}") });
            let reply = client.post(&json!({ "query": UPSERT, "variables": variables }).to_string())?;
            let inserted = reply.pointer("/data/upsertBucket/inserted");
            anyhow::ensure!(inserted == Some(&Value::Bool(true)), "no run was made: {reply}");
            Ok(Trainer::new(server, format!("{}/files/bench/p/run{number}/file_stream", server.url)))
        })
        .collect()
}
