//! `POST /sql`: a statement in, rows out as they are made.
//!
//! The first rows are awaited before the head of the answer is sent, so what is wrong with a
//! statement is a status and a JSON error. What goes wrong later cuts the answer off: nobody takes a
//! part for the whole (D6).

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use engine::Snapshot;
use query::output::{Format, Writer};
use query::{Answer, Database, Error, ErrorKind, Limits, QueryOptions};
use serde::Deserialize;
use serde_json::json;

use super::asked;
use crate::access::Caller;
use crate::app::App;
use crate::guarded::Guarded;
use crate::http::error::Refusal;
use crate::http::trace::RequestId;

/// Rows of an answer whose whole a reader must hold (L7).
pub(super) const TEXT_ROWS_MAX: u64 = 1_000_000;

const LSN: HeaderName = HeaderName::from_static("x-wbq-lsn");
const WARNINGS: HeaderName = HeaderName::from_static("x-wbq-warnings");

/// Where statements write what does not fit in memory, in the data folder.
const SPILL: &str = "spill";

/// The query engine; its threads start with the first statement.
pub(crate) struct Sql {
    database: OnceLock<Database>,
    spill: PathBuf,
}

impl Sql {
    /// For the store in `dir`. What statements of a former process left behind is removed.
    pub(crate) fn new(dir: &Path) -> Self {
        let sql = Self { database: OnceLock::new(), spill: dir.join(SPILL) };
        sql.clean();
        sql
    }

    pub(crate) fn database(&self) -> &Database {
        self.database.get_or_init(|| {
            Database::new(Limits { spill_dir: Some(self.spill.clone()), ..Limits::default() })
        })
    }

    /// Removes what statements wrote.
    pub(crate) fn clean(&self) {
        match fs::remove_dir_all(&self.spill) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "the folder of spilled rows could not be removed");
            }
            _ => {}
        }
    }
}

#[derive(Deserialize)]
struct Request {
    sql: String,
    #[serde(default)]
    as_of: Option<String>,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    include_deleted: bool,
}

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Extension(id): Extension<RequestId>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let answer = |asked, format| answer(&app, &caller, asked, format);
    asked::answered(&app, &id, &headers, body, "SQL", answer).await
}

async fn answer(app: &App, caller: &Caller, asked: Request, format: Format) -> Result<Response, Error> {
    let is_streamed = matches!(format, Format::Arrow | Format::Parquet | Format::Ndjson);
    let options = QueryOptions {
        strict: asked.strict,
        include_deleted: asked.include_deleted,
        row_limit: (!is_streamed).then_some(TEXT_ROWS_MAX),
        ..QueryOptions::default()
    };
    let snapshot = snapshot(app, caller, asked.as_of.as_deref()).await?;
    let answer = app.sql.database().query(snapshot, &asked.sql, &options).await?;
    respond(answer, format, Around::default()).await
}

/// What the statement looks at: the newest snapshot, or the store as it was, as far as the caller may read it.
pub(super) async fn snapshot(
    app: &App,
    caller: &Caller,
    as_of: Option<&str>,
) -> Result<Arc<Snapshot>, Error> {
    let now = caller.view(app.store.snapshot());
    let Some(text) = as_of.filter(|text| !text.is_empty()) else { return Ok(now) };
    let moment = query::moment::parse(text, app.store.now())?;
    app.sql.database().as_of(now, moment).await
}

/// What is told of an answer besides its rows.
#[derive(Default)]
pub(crate) struct Around {
    pub(super) headers: HeaderMap,
    /// Text in front of the rows, and behind them.
    pub(super) before: String,
    pub(super) after: &'static str,
}

impl Around {
    pub(crate) fn with(headers: HeaderMap) -> Self {
        Self { headers, ..Self::default() }
    }
}

/// The rows of an answer as they are made; the first are awaited.
pub(crate) async fn respond(mut answer: Answer, format: Format, around: Around) -> Result<Response, Error> {
    let first = answer.next().await.transpose()?;
    let Around { mut headers, before, after } = around;
    let warnings = ascii_json(answer.warnings());
    add_head(&mut headers, format, answer.lsn(), &warnings);
    let mut schema = answer.schema();
    if format == Format::Arrow && !answer.warnings().is_empty() {
        let mut metadata = schema.metadata.clone();
        metadata.insert("wbq.warnings".to_owned(), warnings);
        schema = Arc::new(schema.as_ref().clone().with_metadata(HashMap::from_iter(metadata)));
    }
    let sink = Sink::default();
    sink.0.with(|waiting| waiting.extend_from_slice(before.as_bytes()));
    let begun = Writer::new(format, &schema, sink.clone()).and_then(|mut writer| {
        first.as_ref().map_or(Ok(()), |batch| writer.write(batch))?;
        Ok(writer)
    });
    let writer = match begun {
        Ok(writer) => writer,
        Err(error) => return Ok(unwritable(&error)),
    };
    let rows = Rows { answer, writer, sink, after };
    let body = Body::from_stream(futures::stream::try_unfold(Some(rows), |rows| async move {
        let Some(rows) = rows else { return Ok::<_, io::Error>(None) };
        rows.next().await.map(Some)
    }));
    Ok((headers, body).into_response())
}

/// What every answer says of itself.
pub(super) fn add_head(headers: &mut HeaderMap, format: Format, lsn: engine::Lsn, warnings: &str) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(LSN, HeaderValue::from(lsn.0));
    if let Ok(value) = HeaderValue::from_str(warnings) {
        headers.insert(WARNINGS, value);
    }
}

/// An answer on its way out.
struct Rows {
    answer: Answer,
    writer: Writer<Sink>,
    sink: Sink,
    after: &'static str,
}

impl Rows {
    /// The next bytes, and what remains.
    async fn next(mut self) -> io::Result<(Bytes, Option<Self>)> {
        loop {
            let bytes = self.sink.take();
            if !bytes.is_empty() {
                return Ok((bytes, Some(self)));
            }
            match self.answer.next().await.transpose().map_err(io::Error::other)? {
                Some(batch) => self.writer.write(&batch)?,
                None => {
                    self.writer.finish()?;
                    self.sink.0.with(|waiting| waiting.extend_from_slice(self.after.as_bytes()));
                    return Ok((self.sink.take(), None));
                }
            }
        }
    }
}

/// Bytes that were written and not yet sent.
#[derive(Clone, Default)]
struct Sink(Arc<Guarded<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Bytes {
        Bytes::from(self.0.with(mem::take))
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.with(|waiting| waiting.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the caller takes first of what we write; Arrow where it takes anything.
pub(super) fn format(headers: &HeaderMap) -> Result<Format, Refusal> {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()) else {
        return Ok(Format::Arrow);
    };
    let of_type = |media: &str| match media {
        "*/*" | "application/*" => Some(Format::Arrow),
        "application/ndjson" | "application/jsonlines" => Some(Format::Ndjson),
        _ => Format::ALL.into_iter().find(|format| {
            format.media_type().split(';').next().is_some_and(|known| known.eq_ignore_ascii_case(media))
        }),
    };
    let mut wanted =
        accept.split(',').filter_map(|part| of_type(part.split(';').next().unwrap_or_default().trim()));
    wanted.next().ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.media_type()).collect();
        Refusal::invalid(format!("answers are written as {}, not as {accept:?}", known.join(", ")))
    })
}

/// A JSON list that a header can carry.
pub(super) fn ascii_json(texts: &[String]) -> String {
    let mut out = String::new();
    for c in json!(texts).to_string().chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _infallible = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// A sink in memory takes everything, so it is the rows that cannot be written this way.
pub(super) fn unwritable(error: &io::Error) -> Response {
    tracing::error!(%error, "rows cannot be written");
    let body =
        json!({ "error": { "kind": "internal", "message": "the rows cannot be written in this format" } });
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}

pub(super) fn refused(error: &Error, id: &str) -> Response {
    let (status, kind) = match error.kind() {
        ErrorKind::Invalid => (StatusCode::BAD_REQUEST, "invalid"),
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        ErrorKind::TooLarge => (StatusCode::BAD_REQUEST, "too_large"),
        ErrorKind::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
        ErrorKind::Busy => (StatusCode::TOO_MANY_REQUESTS, "busy"),
        ErrorKind::Damaged => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
        ErrorKind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    };
    let position = error.position().map(|(line, column)| json!({ "line": line, "column": column }));
    let body = json!({ "error": {
        "kind": kind,
        "message": error.message(),
        "position": position,
        "hint": error.hint(),
        "id": id,
    } });
    let mut response = (status, Json(body)).into_response();
    if error.kind() == ErrorKind::Busy {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(1));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_written_as_the_caller_asks() {
        let asked = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
            format(&headers).ok()
        };
        assert_eq!(format(&HeaderMap::new()).ok(), Some(Format::Arrow));
        assert_eq!(asked("*/*"), Some(Format::Arrow));
        assert_eq!(asked("text/html, application/json;q=0.9"), Some(Format::Json));
        assert_eq!(asked("TEXT/CSV"), Some(Format::Csv));
        assert_eq!(asked("application/x-ndjson"), Some(Format::Ndjson));
        assert_eq!(asked("image/png"), None);
    }

    #[test]
    fn warnings_fit_a_header() {
        let json = ascii_json(&["né 😀 \"x\"\n".to_owned()]);
        assert!(HeaderValue::from_str(&json).is_ok(), "{json}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), ["né 😀 \"x\"\n"]);
    }
}
