//! A request to the server, and what came of it.
//!
//! What holds: an answer is taken, put off, or there is none. Any other status ends an upload of the
//! client for good, so it fails the test wherever it comes (I19).

use std::time::Duration;

use serde_json::{Value, json};

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done, and durable if it was to change something.
    Taken(String),
    /// 429 or 503: to be sent again. Whether it was done is unknown.
    Later {
        /// The status.
        status: u16,
        /// `Retry-After`.
        retry_after: Option<String>,
        /// What the server said.
        text: String,
    },
    /// The connection ended without an answer. Whether it was done is unknown.
    Gone(String),
}

impl Answer {
    /// Whether it says that the disk is full, as F8 demands.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        let Self::Later { status, retry_after, text } = self else { return false };
        *status == 503 && retry_after.as_deref() == Some("30") && text.contains("disk_full")
    }
}

/// One who asks with a key, over connections that are kept.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
    authorization: String,
}

impl Client {
    /// Asks the server at `url`.
    #[must_use]
    pub fn new(url: &str, key: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(120)))
            .proxy(None)
            .build();
        Self { agent: config.into(), url: url.to_owned(), authorization: format!("Bearer {key}") }
    }

    /// Posts JSON.
    #[must_use]
    pub fn post(&self, path: &str, body: &str) -> Answer {
        let request =
            self.agent.post(format!("{}{path}", self.url)).header("authorization", &self.authorization);
        let request =
            request.header("content-type", "application/json").header("accept", "application/ndjson");
        answer(path, request.send(body))
    }

    /// Puts a file at an address that the server gave.
    #[must_use]
    pub fn put(&self, address: &str, bytes: &[u8]) -> Answer {
        answer("an upload", self.agent.put(address).send(bytes))
    }

    /// Gets what anybody may, such as `/readyz`: the status and the text.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    #[must_use]
    pub fn status(&self, path: &str) -> (u16, String) {
        let mut reply = self.agent.get(format!("{}{path}", self.url)).call().unwrap();
        (reply.status().as_u16(), reply.body_mut().read_to_string().unwrap())
    }

    /// The bytes at an address that the server gave.
    ///
    /// # Panics
    ///
    /// When they cannot be got.
    #[must_use]
    pub fn bytes(&self, address: &str) -> Vec<u8> {
        let mut reply = self.agent.get(address).call().unwrap();
        assert_eq!(reply.status(), 200, "{address}");
        reply.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap()
    }

    /// Asks GraphQL; the data of an answer without errors.
    ///
    /// # Errors
    ///
    /// Any answer but such a one.
    pub fn graphql(&self, query: &str, variables: &Value) -> Result<Value, Answer> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        match self.post("/graphql", &body) {
            Answer::Taken(text) => {
                let mut reply: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(reply.get("errors"), None, "{query} {variables}");
                Ok(reply["data"].take())
            }
            other => Err(other),
        }
    }

    /// The rows of a statement, each a line of JSON.
    ///
    /// # Errors
    ///
    /// Any answer but the rows.
    pub fn try_sql(&self, statement: &str) -> Result<Vec<String>, Answer> {
        match self.post("/sql", &json!({ "sql": statement }).to_string()) {
            Answer::Taken(text) => Ok(text.lines().map(str::to_owned).collect()),
            other => Err(other),
        }
    }

    /// The rows of a statement that must be answered.
    ///
    /// # Panics
    ///
    /// When it is not.
    #[must_use]
    pub fn sql(&self, statement: &str) -> Vec<String> {
        self.try_sql(statement).unwrap_or_else(|answer| panic!("{statement}: {answer:?}"))
    }

    /// One of the server's own counters.
    ///
    /// # Panics
    ///
    /// When it does not tell it.
    #[must_use]
    pub fn metric(&self, name: &str) -> f64 {
        let request =
            self.agent.get(format!("{}/metrics", self.url)).header("authorization", &self.authorization);
        let text = request.call().unwrap().body_mut().read_to_string().unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
    }
}

fn answer(what: &str, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut reply = match sent {
        Ok(reply) => reply,
        Err(error) => return Answer::Gone(error.to_string()),
    };
    let status = reply.status().as_u16();
    let retry_after =
        reply.headers().get("retry-after").and_then(|value| value.to_str().ok().map(str::to_owned));
    let text = match reply.body_mut().with_config().limit(1 << 30).read_to_string() {
        Ok(text) => text,
        Err(error) => return Answer::Gone(error.to_string()),
    };
    match status {
        200 => Answer::Taken(text),
        429 | 503 => Answer::Later { status, retry_after, text },
        _ => panic!("I19: {what} is answered {status}: {text}"),
    }
}
