//! What the questions about the store have in common: admitted, read, answered, timed, refused in one way.

use std::time::Instant;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::response::Response;
use query::Error;
use query::output::Format;
use serde::de::DeserializeOwned;

use super::sql;
use crate::app::App;
use crate::http::error::Refusal;
use crate::http::limits;
use crate::http::memory::Work;
use crate::http::trace::RequestId;

/// Reads a request from a JSON body, which is to be `what`, and answers it in the format that the caller takes.
pub(super) async fn answered<T, F>(
    app: &App,
    RequestId(id): &RequestId,
    headers: &HeaderMap,
    body: Body,
    what: &str,
    answer: impl FnOnce(T, Format) -> F,
) -> Result<Response, Refusal>
where
    T: DeserializeOwned,
    F: Future<Output = Result<Response, Error>>,
{
    app.pool.memory.admit(Work::Query)?;
    let body = limits::read_json(&app.pool, &app.limits, headers, body).await?;
    let asked = serde_json::from_slice(&body.bytes)
        .map_err(|error| Refusal::invalid(format!("the body is no request for {what}: {error}")))?;
    let format = sql::format(headers)?;
    let began = Instant::now();
    let answered = answer(asked, format).await;
    crate::http::metrics::queried(began.elapsed());
    Ok(answered.unwrap_or_else(|error| sql::refused(&error, id)))
}
