//! `POST /graphql`: the schema that the client's documents validate against, and its endpoint.
//!
//! What holds (protocol 1, 2.3, 3):
//! - An empty `operationName` is none, and variables that the document does not declare are ignored.
//! - What the server does not know or refuses is named and answered at once with `errors`; nothing is a bare
//!   null without them.
//! - The status is 200, but 429 or 503 for what passes, and for a refused start of a run the 4xx
//!   that makes the client print the message alone.

mod artifact;
mod file;
mod foreign;
mod history;
mod mutation;
mod organization;
mod people;
mod project;
mod query;
mod run;
mod runs;
mod scalars;
mod size;
mod viewer;

pub(crate) use history::all_rows;

use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{EmptySubscription, Request, ServerError, Variables};
use axum::Extension;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use engine::{ProjectKey, RunKey, Snapshot};
use serde::Deserialize;

use crate::access::{Caller, Rights};
use crate::app::App;
use crate::http::error::{Kind, Refusal};
use crate::http::{limits, origin};
use crate::options::Limits;
use crate::wandb::Act;
use crate::wandb::capability::{Grant, Method, Target};
use crate::wandb::files::{HISTORY_NAME, MANIFEST_NAME};

pub(crate) type Schema = async_graphql::Schema<query::Query, Mutations, EmptySubscription>;

/// All that can be changed, as one type of the schema.
#[derive(async_graphql::MergedObject, Default)]
#[graphql(name = "Mutation")]
pub(crate) struct Mutations(
    mutation::Mutation,
    artifact::ArtifactMutation,
    project::ProjectMutation,
    people::PeopleMutation,
);

pub(crate) fn schema(limits: &Limits) -> Schema {
    Schema::build(query::Query, Mutations::default(), EmptySubscription)
        .limit_depth(limits.graphql_depth)
        .finish()
}

/// What all resolvers of a request share.
pub(crate) struct Scope {
    app: Arc<App>,
    caller: Caller,
    /// Scheme and host as the client named them; links begin with it.
    base: String,
    /// Several processes write the run that the request is about.
    is_shared: bool,
    /// The caller takes a whole history as a file.
    takes_history_files: bool,
}

impl Scope {
    fn of<'a>(ctx: &async_graphql::Context<'a>) -> async_graphql::Result<&'a Self> {
        ctx.data::<Arc<Self>>().map(|scope| &**scope)
    }

    fn act(&self) -> Act {
        Act { actor: Arc::clone(&self.caller.user), now: self.app.store.now() }
    }

    /// The store as the caller may see it.
    fn snapshot(&self) -> Arc<Snapshot> {
        self.caller.view(self.whole())
    }

    /// The store, for the answer to a change that the caller was allowed.
    fn whole(&self) -> Arc<Snapshot> {
        self.app.store.snapshot()
    }

    fn rights(&self, project: &ProjectKey) -> Rights {
        self.caller.rights(&self.whole().projection.people, project)
    }

    /// A run that was changed, as the answer tells of it: in full only to who may read it.
    fn changed_run(&self, key: &RunKey, history_lines: u64) -> Result<Option<run::Run>, Refusal> {
        let snapshot = self.whole();
        let may_read = self.rights(&key.project).read;
        Ok(snapshot.projection.generation(key)?.map(|run| {
            let run = run::Run::new(&snapshot, &run).with_history_lines(history_lines);
            if may_read { run } else { run.hidden() }
        }))
    }

    /// The absolute address at which a file of a run may be put or got without a key.
    fn address(&self, method: Method, run: &RunKey, file: &str) -> Result<String, Refusal> {
        self.address_of(method, Target::RunFile(run.clone(), file.into()))
    }

    /// The absolute address at which something may be put or got without a key, by who may with the key that asks.
    fn address_of(&self, method: Method, target: Target) -> Result<String, Refusal> {
        let rights = self.rights(target.project());
        if !(if method == Method::Put { rights.write } else { rights.read }) {
            return Err(Refusal::forbidden("this key gets no such address of a file of this project"));
        }
        let name = match target {
            Target::Manifest(..) => format!("/{MANIFEST_NAME}"),
            Target::History(_) => format!("/{HISTORY_NAME}"),
            Target::RunFile(..) | Target::ArtifactFile(..) => String::new(),
        };
        let grant = Grant { method, target, user: Arc::clone(&self.caller.user) };
        let token = self.app.signer.sign(&grant, self.app.store.now());
        let folder = if method == Method::Put { "upload" } else { "files" };
        Ok(format!("{}/{folder}/{token}{name}", self.base))
    }

    /// How many entries a page holds: as many as asked, within the bound, 50 when none were.
    fn page(&self, first: Option<i32>) -> usize {
        first.map_or(50, |first| usize::try_from(first).unwrap_or_default()).min(self.app.limits.page_entries)
    }
}

/// Does work that reads the log off the threads that serve connections.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> async_graphql::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.unwrap_or_else(|_| Err(Refusal::unavailable("reading failed inside the server")))?)
}

#[derive(Deserialize)]
struct Envelope {
    query: String,
    #[serde(default)]
    variables: Option<serde_json::Value>,
    #[serde(default, rename = "operationName")]
    operation: Option<String>,
}

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let limits::Whole { bytes, charge: _charge } =
        limits::read_json(&app.pool, &app.limits, &headers, body).await?;
    let envelope: Envelope = serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::invalid(format!("the body is not a GraphQL request: {error}")))?;
    drop(bytes);
    let document = match document(&envelope.query, &app.limits) {
        Ok(document) => document,
        Err(error) => return Ok(Json(serde_json::json!({ "data": null, "errors": [error] })).into_response()),
    };
    let is_set =
        |name: &str| headers.get(name).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    let scope = Scope {
        base: origin::base_url(&app, &headers, &uri),
        is_shared: is_set("x-wandb-use-async-filestream"),
        takes_history_files: is_set(history::FILES_HEADER),
        app: Arc::clone(&app),
        caller,
    };
    let mut request = Request::new(envelope.query)
        .variables(Variables::from_json(envelope.variables.unwrap_or_default()))
        .data(Arc::new(scope));
    request.operation_name = envelope.operation.filter(|name| !name.is_empty());
    request.set_parsed_query(document);
    Ok(answer(app.schema.execute(request).await))
}

fn answer(response: async_graphql::Response) -> Response {
    let passing = response
        .errors
        .iter()
        .find_map(|error| Some(refusal(error)?.kind).filter(|kind| kind.retry_after().is_some()));
    let starts_a_run = |error: &&ServerError| {
        let field = error.path.first();
        matches!(field, Some(async_graphql::PathSegment::Field(name)) if name == "upsertBucket" || name == "rewindRun")
    };
    let refused = response.errors.iter().find(starts_a_run).and_then(refusal).map(|refusal| refusal.kind);
    let kind: Option<Kind> = passing.or(refused);
    let mut answer = Json(response).into_response();
    if let Some(kind) = kind {
        *answer.status_mut() = kind.status();
        crate::http::metrics::rejected(kind);
        if let Some(seconds) = kind.retry_after() {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    debug_assert!(answer.status() != StatusCode::INTERNAL_SERVER_ERROR, "never for the client");
    answer
}

fn refusal(error: &ServerError) -> Option<&Refusal> {
    error.source::<Refusal>()
}

/// Parses a document within its bounds (L5); its depth is counted by the executor.
fn document(text: &str, limits: &Limits) -> Result<ExecutableDocument, ServerError> {
    let refused = |message: String| Err(ServerError::new(message, None));
    if text.len() > limits.graphql_bytes {
        return refused(format!("the document is larger than {} bytes", limits.graphql_bytes));
    }
    if let Err(message) = size::check_nesting(text) {
        return refused(message);
    }
    let document = async_graphql::parser::parse_query(text)?;
    match size::of(&document) {
        Err(message) => refused(message),
        Ok(size) if size.fields > limits.graphql_fields => {
            refused(format!("the document has more than {} fields", limits.graphql_fields))
        }
        Ok(size) if size.aliases > limits.graphql_aliases => {
            refused(format!("the document has more than {} aliases", limits.graphql_aliases))
        }
        Ok(_) => foreign::named_in(&document).map_or(Ok(document), refused),
    }
}

/// One page of a list: the entries with their cursors, the last cursor, and whether more follow.
struct Page<T> {
    entries: Vec<(T, String)>,
    info: PageInfo,
}

#[derive(async_graphql::SimpleObject)]
pub(crate) struct PageInfo {
    end_cursor: Option<String>,
    has_next_page: bool,
}

impl<T> Page<T> {
    fn of(all: impl Iterator<Item = T>, after: Option<&str>, first: usize) -> Result<Self, Refusal> {
        let skipped = match after.filter(|cursor| !cursor.is_empty()) {
            None => 0,
            Some(cursor) => super::ids::to_cursor(cursor)
                .ok_or_else(|| Refusal::invalid(format!("{cursor:?} is no cursor")))?,
        };
        let mut rest = all.skip(skipped);
        let entries: Vec<_> = (skipped + 1..)
            .zip(rest.by_ref().take(first))
            .map(|(seen, entry)| (entry, super::ids::of_cursor(seen)))
            .collect();
        let end_cursor = entries.last().map(|(_, cursor)| cursor.clone());
        Ok(Self { info: PageInfo { end_cursor, has_next_page: rest.next().is_some() }, entries })
    }
}

/// A count for a GraphQL Int.
fn int(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}
