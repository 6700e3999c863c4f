//! A run's live data (protocol 6).
//!
//! ```text
//!  body ─► request.rs: outer JSON, a visitor ─► a line at a time ─► rows.rs     ─► columns of a block
//!                                                                ─► console.rs  ─► console lines
//!                                                                ─► the summary, last line
//!  parsed ─► decide.rs: with the run as it stands ─► events      (retry, overlap, jump: overlap.rs)
//! ```
//!
//! What holds:
//! - A row stands for a line: `rows == lines`, also where a line could not be read (it is quarantined
//!   and its row is empty).
//! - Parsing knows nothing of the run, so it is done once; deciding is done again when somebody
//!   else's events came first.
//! - No tree is built for a line of plain numbers and texts.

mod console;
mod decide;
pub(crate) mod hash;
mod interrupt;
mod overlap;
mod request;
mod rows;

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use engine::{ProjectKey, RunKey, RunPath};
use serde_json::json;

use crate::access::Caller;
use crate::app::{App, Plan};
use crate::http::error::Refusal;
use crate::http::limits::{self, Whole};
use crate::wandb::resync::{self, Known, Lines};
use crate::wandb::{Act, names, translate};

pub(crate) use decide::{Outcome, decide, imported};
pub(crate) use hash::Hasher;
pub(crate) use request::{BadLine, ConsoleChunk, Parsed, RowChunk, Summary, parse as parse_body};
pub(crate) use rows::{RowBlock, STEP, push_tree};

/// Bodies longer than this are parsed off the threads that serve connections.
const INLINE_BYTES_MAX: usize = 64 << 10;

/// `POST /files/{entity}/{project}/{run}/file_stream`.
pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path((entity, project, run)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<serde_json::Value>, Refusal> {
    let path = RunPath::new(ProjectKey::new(entity, project), run);
    let body = limits::read_json(&app.pool, &app.limits, &headers, body).await?;
    let writer = writer(&headers)?;
    // Held until the answer: what was parsed is about as large as the body.
    let (parsed, _charge) = parse(body, !writer.is_empty()).await?;
    let act = Act { actor: Arc::clone(&caller.user), now: app.store.now() };
    let followed =
        if writer.is_empty() { followed(&app, &caller, &path, &parsed, &act).await? } else { None };
    let outcome = match followed {
        Some(outcome) => outcome,
        None => store(&app, &caller, &path, &parsed, &writer, &act).await?,
    };
    app.liveness.heard(&outcome.run);
    if outcome.quarantined > 0 {
        crate::http::metrics::quarantined(outcome.quarantined);
        tracing::warn!(lines = outcome.quarantined, "lines could not be read and are in quarantine");
    }
    Ok(Json(if outcome.stopped { json!({ "stopped": true }) } else { json!({}) }))
}

/// Stores what a request of a sync brings that the run has not; none if it is no sync's, or another run's.
async fn followed(
    app: &App,
    caller: &Caller,
    path: &RunPath,
    parsed: &Parsed,
    act: &Act,
) -> Result<Option<Outcome>, Refusal> {
    if app.resyncs.is_empty() {
        return Ok(None);
    }
    let followed = app
        .decide(|snapshot| {
            names::check_may_write(&snapshot.projection, caller, &path.project)?;
            let run = translate::living(&snapshot.projection, path)?;
            let Some(resync) = app.resyncs.of(&run.key) else { return Ok(Plan::nothing(None)) };
            Ok(match resync::lines(snapshot, &run, &resync, parsed, act)? {
                Lines::Stored(plan, known) => plan.map(|outcome| Some(Followed::Stored(outcome, known))),
                Lines::Anothers(stood, begun) => Plan::nothing(Some(Followed::Anothers(stood, begun))),
            })
        })
        .await?;
    match followed {
        None => Ok(None),
        Some(Followed::Stored(outcome, known)) => {
            match known {
                _ if parsed.complete => app.resyncs.end(&outcome.run),
                Some(known) => app.resyncs.know(&outcome.run, known),
                None => {}
            }
            Ok(Some(outcome))
        }
        Some(Followed::Anothers(stood, begun)) => {
            let mut ordinal = |project: &ProjectKey, made| app.next_ordinal(project, made);
            app.decide(|snapshot| {
                let drawn = translate::Drawn { id: &path.run, ordinal: &mut ordinal, fork: None };
                translate::upsert(&snapshot.projection, &begun, caller, act, drawn)
            })
            .await?;
            app.resyncs.end(&stood);
            Ok(None)
        }
    }
}

enum Followed {
    Stored(Outcome, Option<Known>),
    Anothers(RunKey, Box<translate::Upsert>),
}

async fn store(
    app: &App,
    caller: &Caller,
    path: &RunPath,
    parsed: &Parsed,
    writer: &Arc<str>,
    act: &Act,
) -> Result<Outcome, Refusal> {
    app.decide(|snapshot| {
        // Whether there is such a run is not for who may not write it.
        names::check_may_write(&snapshot.projection, caller, &path.project)?;
        let run = snapshot.projection.run(path)?.filter(|run| run.deleted.is_none());
        let run = run.ok_or_else(|| Refusal::not_found(format!("run {path} is unknown")))?;
        decide(snapshot, &run, parsed, writer, act)
    })
    .await
}

/// Who writes, where several processes write one run; empty otherwise (protocol 7.2).
fn writer(headers: &HeaderMap) -> Result<Arc<str>, Refusal> {
    let is_shared = headers
        .get("x-wandb-use-async-filestream")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"));
    let Some(id) = headers.get("x-wandb-async-client-id").filter(|_| is_shared) else {
        return Ok(Arc::from(""));
    };
    let id = id.to_str().map_err(|_not_ascii| Refusal::invalid("the client id is not plain text"))?;
    names::check_text("client id", id)?;
    Ok(Arc::from(id))
}

async fn parse(body: Whole, is_shared: bool) -> Result<(Parsed, limits::Charge), Refusal> {
    let Whole { bytes, charge } = body;
    let parsed = if bytes.len() <= INLINE_BYTES_MAX {
        request::parse(&bytes, is_shared)
    } else {
        let parsing = tokio::task::spawn_blocking(move || request::parse(&bytes, is_shared));
        parsing
            .await
            .unwrap_or_else(|_| Err(Refusal::unavailable("reading the body failed inside the server")))
    };
    Ok((parsed?, charge))
}
