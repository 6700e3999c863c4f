//! A server, as `wbq` talks to it: SQL, commands, and whether it is there.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

use ingest::import::{Asked, LogReport};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::Response;
use ureq::tls::TlsConfig;
use ureq::{Agent, Body};

use crate::exit::Exit;
use crate::failure::{Failure, Result};
use crate::statement;

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that is read whole: those of commands and errors.
const ANSWER_BYTES_MAX: u64 = 16 << 20;

/// A server and the key to it.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    url: String,
    key: Option<String>,
}

/// A statement and how it is to be read.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Statement<'a> {
    pub(crate) sql: &'a str,
    pub(crate) strict: bool,
    pub(crate) include_deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) as_of: Option<&'a str>,
}

/// A page of the runs table and how it is to be read.
#[derive(Debug, serde::Serialize)]
pub(crate) struct RunsPage<'a> {
    pub(crate) filter: Option<&'a str>,
    pub(crate) sort: &'a str,
    pub(crate) group: &'a str,
    pub(crate) columns: &'a str,
    pub(crate) limit: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<&'a str>,
    pub(crate) strict: bool,
    pub(crate) include_deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) as_of: Option<&'a str>,
}

/// Rows on their way here.
pub(crate) struct Rows {
    /// An Arrow IPC stream.
    pub(crate) arrow: Box<dyn Read + Send>,
    /// What the server wants the reader to know.
    pub(crate) warnings: Vec<String>,
    /// Of a page: rows on all pages, and runs in all groups.
    pub(crate) total: Option<u64>,
    pub(crate) runs: Option<u64>,
}

/// An error as the server tells it: of SQL (INTERFACES 2), or of anything else, in the shape that
/// the wandb client reads.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ErrorBody {
    Sql { error: ServerError },
    Other { errors: Vec<ServerError> },
}

impl ErrorBody {
    fn into_first(self) -> Option<ServerError> {
        match self {
            Self::Sql { error } => Some(error),
            Self::Other { errors } => errors.into_iter().next(),
        }
    }
}

/// What went wrong at the server.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ServerError {
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) position: Option<Position>,
    pub(crate) hint: Option<String>,
    pub(crate) id: Option<String>,
}

/// A place in a statement, from line 1 and column 1.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Position {
    line: u64,
    column: u64,
}

impl Client {
    /// A server that the user named.
    ///
    /// # Errors
    ///
    /// Usage, when the URL is none.
    pub(crate) fn named(url: &str, key: Option<String>) -> Result<Self> {
        check(url)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .build();
        Ok(Self { agent: config.into(), url: trim(url), key })
    }

    /// A server that holds a folder of ours: it is on this machine, so no proxy is asked, and over
    /// loopback its certificate, which is for other names, is not checked.
    pub(crate) fn holding(url: &str, token: String) -> Result<Self> {
        check(url)?;
        let tls = TlsConfig::builder().disable_verification(is_loopback(url)).build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .tls_config(tls)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .build();
        Ok(Self { agent: config.into(), url: trim(url), key: Some(token) })
    }

    /// Whether the server answers in time.
    pub(crate) fn answers(&self, timeout: Duration) -> bool {
        let request = self.agent.get(format!("{}/livez", self.url));
        let request = request.config().timeout_global(Some(timeout)).build();
        request.call().is_ok_and(|response| response.status().is_success())
    }

    /// Runs a statement.
    pub(crate) fn sql(&self, statement: &Statement<'_>) -> std::result::Result<Rows, ServerFailure> {
        self.rows("/sql", statement)
    }

    /// Asks for a page of the runs table.
    pub(crate) fn runs(&self, page: &RunsPage<'_>) -> std::result::Result<Rows, ServerFailure> {
        self.rows("/api/runs", page)
    }

    fn rows(&self, path: &str, body: &impl serde::Serialize) -> std::result::Result<Rows, ServerFailure> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = self.authorized(request).header("Accept", "application/vnd.apache.arrow.stream");
        let response = request.send_json(body).map_err(|error| self.unreached(&error))?;
        let response = self.accepted(response)?;
        let headers = response.headers();
        let warnings = headers.get("X-Wbq-Warnings").map(|value| value.as_bytes().to_vec());
        let warnings = warnings.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
        let number = |name| headers.get(name)?.to_str().ok()?.parse().ok();
        let (total, runs) = (number("X-Wbq-Total"), number("X-Wbq-Runs"));
        let arrow = response.into_body().into_with_config().limit(u64::MAX).reader();
        Ok(Rows { arrow: Box::new(arrow), warnings, total, runs })
    }

    /// Events behind a position, as the server sends them.
    pub(crate) fn events(&self, filter: &str, seen: u64) -> Result<impl Read + use<>> {
        let filter = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
        let request = self.authorized(self.agent.get(format!("{}/api/events?filter={filter}", self.url)));
        let request = request.header("Last-Event-ID", seen.to_string());
        let response = request.call().map_err(|error| self.unreached(&error))?;
        let response = self.accepted(response).map_err(ServerFailure::plain)?;
        Ok(response.into_body().into_with_config().limit(u64::MAX).reader())
    }

    /// Has a command carried out.
    pub(crate) fn command<T: DeserializeOwned>(&self, command: &impl serde::Serialize) -> Result<T> {
        self.told("/api/commands", command)
    }

    /// Has a log of the wandb client imported.
    pub(crate) fn import(&self, log: &File, asked: &Asked) -> Result<LogReport> {
        let mut request = self.agent.post(format!("{}/api/import/wandb", self.url));
        let named = [("entity", &asked.entity), ("project", &asked.project)];
        for (name, value) in named {
            if let Some(value) = value {
                request = request.query(name, value);
            }
        }
        let request = request.query("may_grow", asked.may_grow.to_string());
        self.answered(self.authorized(request).send(log))
    }

    /// Sends a file to an address that the server handed out.
    pub(crate) fn upload(&self, path: &str, content: &File) -> Result<()> {
        let sent = self.agent.put(format!("{}{path}", self.url)).send(content);
        let response = sent.map_err(|error| self.unreached(&error))?;
        self.accepted(response).map(drop).map_err(ServerFailure::plain)
    }

    fn told<T: DeserializeOwned>(&self, path: &str, body: &impl serde::Serialize) -> Result<T> {
        let request = self.authorized(self.agent.post(format!("{}{path}", self.url)));
        self.answered(request.send_json(body))
    }

    /// What the server answered, once it did what it was asked to.
    fn answered<T: DeserializeOwned>(
        &self,
        sent: std::result::Result<Response<Body>, ureq::Error>,
    ) -> Result<T> {
        let response = sent.map_err(|error| self.unreached(&error))?;
        let mut body = self.accepted(response).map_err(|failure| failure.plain())?.into_body();
        let answer = body.with_config().limit(ANSWER_BYTES_MAX).read_json();
        answer.map_err(|error| {
            Failure::refused(format!("cannot read the answer of the server at {}", self.url)).because(&error)
        })
    }

    /// Where it is, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What signs a browser of ours in, once.
    pub(crate) fn ticket(&self) -> Result<String> {
        #[derive(Deserialize)]
        struct Issued {
            ticket: String,
        }
        self.told::<Issued>("/api/tickets", &()).map(|issued| issued.ticket)
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.key {
            Some(key) => request.header("Authorization", format!("Bearer {key}")),
            None => request,
        }
    }

    /// The response, if the server did what it was asked to.
    fn accepted(&self, response: Response<Body>) -> std::result::Result<Response<Body>, ServerFailure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status == 401 {
            let what = format!("the server at {} does not know the key", self.url);
            let asked = if self.key.is_some() { "check" } else { "give one with" };
            return Err(Failure::refused(what)
                .next(format!("{asked} --key, WBQ_KEY or WANDB_API_KEY"))
                .into());
        }
        let body = response.into_body().into_with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let told = body.ok().and_then(|body| serde_json::from_slice::<ErrorBody>(&body).ok());
        Err(match told.and_then(ErrorBody::into_first) {
            Some(told) => ServerFailure::Told(told),
            None => Failure::refused(format!("the server at {} answered {status}", self.url)).into(),
        })
    }

    fn unreached(&self, error: &ureq::Error) -> Failure {
        Failure::refused(format!("cannot reach the server at {}", self.url)).because(error)
    }
}

/// Why the server did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum ServerFailure {
    /// As it told.
    Told(ServerError),
    /// It could not tell.
    Mute(Failure),
}

impl From<Failure> for ServerFailure {
    fn from(failure: Failure) -> Self {
        Self::Mute(failure)
    }
}

impl ServerFailure {
    /// The failure of a statement, shown where it is.
    pub(crate) fn of_statement(self, sql: &str) -> Failure {
        match self {
            Self::Told(error) => {
                let place = error.position;
                let failure = error.failure();
                match place {
                    Some(Position { line, column }) => failure.at(statement::point_at(sql, line, column)),
                    None => failure,
                }
            }
            Self::Mute(failure) => failure,
        }
    }

    /// The failure of a request that is no statement, so that positions mean nothing.
    pub(crate) fn plain(self) -> Failure {
        match self {
            Self::Mute(failure) => failure,
            Self::Told(error) => error.failure(),
        }
    }
}

impl ServerError {
    /// Without a place in a statement.
    pub(crate) fn failure(self) -> Failure {
        let mut failure = Failure::new(Exit::of_server(&self.kind), self.message);
        // What the caller did wrong is said whole; of the server's own trouble its log knows more.
        let is_its_own = matches!(self.kind.as_str(), "damaged" | "internal");
        if let Some(id) = self.id.filter(|_| is_its_own) {
            failure = failure.cause(format!("the server's log says more under {id}"));
        }
        match self.hint {
            Some(hint) => failure.next(hint),
            None => failure,
        }
    }
}

fn check(url: &str) -> Result<()> {
    let after = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let is_url = after.is_some_and(|rest| !rest.is_empty()) && url.parse::<ureq::http::Uri>().is_ok();
    if is_url {
        return Ok(());
    }
    Err(Failure::usage(format!("{url:?} is no address of a server: write it as http://HOST:PORT")))
}

fn trim(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

fn is_loopback(url: &str) -> bool {
    let host = url.parse::<ureq::http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    host.is_some_and(|host| {
        let host = host.trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_servers_are_taken() {
        for url in ["", "localhost:8080", "ftp://x", "http://", "http://a b"] {
            assert!(Client::named(url, None).is_err(), "{url}");
        }
        assert_eq!(Client::named("http://localhost:8080/", None).unwrap().url, "http://localhost:8080");
    }

    #[test]
    fn loopback_is_told_by_the_address() {
        for url in ["http://127.0.0.1:1", "https://[::1]:1", "https://localhost"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in ["http://10.0.0.1", "https://127.0.0.1.example.org", "https://example.org"] {
            assert!(!is_loopback(url), "{url}");
        }
    }

    #[test]
    fn an_error_that_the_server_tells_keeps_its_exit_code_and_hint() {
        let told = r#"{"error":{"kind":"damaged","message":"m","hint":"h","id":"i"}}"#;
        let failure = serde_json::from_str::<ErrorBody>(told).unwrap().into_first().unwrap().failure();
        assert_eq!(failure.exit, Exit::Damaged);
        assert_eq!(
            failure.lines().collect::<Vec<_>>(),
            ["m", "  cause: the server's log says more under i", "  next:  h"]
        );
    }
}
