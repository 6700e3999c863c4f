//! `POST /api/runs`: a page of the runs table, as rows or as groups.
//!
//! The answer names the position that it shows; a request that gives it back as `as_of: "lsn:N"` gets
//! the next page of the same table, whatever was logged in between. Limits, formats and errors are those
//! of `POST /sql`; JSON has the totals around the rows, every other format in headers.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use engine::Time;
use query::filter::{self, Predicate};
use query::output::{Format, Writer};
use query::runs_table::{self, Groups, PAGE_ROWS, Page};
use query::{Error, QueryOptions};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked;
use super::sql::{self, Around};
use crate::access::Caller;
use crate::app::App;
use crate::http::error::Refusal;
use crate::http::trace::RequestId;

/// Rows on all pages: runs, or groups of them.
const TOTAL: HeaderName = HeaderName::from_static("x-wbq-total");
/// Runs in all groups.
const RUNS: HeaderName = HeaderName::from_static("x-wbq-runs");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[serde(default)]
    project: Option<String>,
    #[serde(default)]
    filter: Value,
    #[serde(default)]
    sort: Keys,
    #[serde(default)]
    group: Keys,
    #[serde(default)]
    columns: Keys,
    #[serde(default)]
    offset: u64,
    #[serde(default = "page_rows")]
    limit: u64,
    #[serde(default)]
    as_of: Option<String>,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    include_deleted: bool,
}

/// `"-created_at,name"` or `["-created_at", "name"]`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Keys {
    Text(String),
    List(Vec<String>),
}

impl Default for Keys {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Keys {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(keys) => keys.join(", "),
        }
    }
}

fn page_rows() -> u64 {
    PAGE_ROWS
}

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Extension(id): Extension<RequestId>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let answer = |asked, format| answer(&app, &caller, asked, format);
    asked::answered(&app, &id, &headers, body, "runs", answer).await
}

async fn answer(app: &App, caller: &Caller, asked: Request, format: Format) -> Result<Response, Error> {
    let request = asked.table(app.store.now())?;
    let snapshot = sql::snapshot(app, caller, asked.as_of.as_deref()).await?;
    let options = QueryOptions {
        strict: asked.strict,
        include_deleted: asked.include_deleted,
        ..QueryOptions::default()
    };
    match app.sql.database().runs_table(snapshot, &request, &options).await? {
        Page::Runs { answer, total } => {
            let mut around = Around::default();
            around.headers.insert(TOTAL, HeaderValue::from(total));
            if format == Format::Json {
                let head = json!({ "lsn": answer.lsn().0, "total": total, "warnings": answer.warnings() });
                around.before = asked.head(head, &request, "rows");
                around.after = "}\n";
            }
            sql::respond(answer, format, around).await
        }
        Page::Groups(groups) => Ok(grouped(&asked, &request, &groups, format)),
    }
}

fn grouped(asked: &Request, request: &runs_table::Request, groups: &Groups, format: Format) -> Response {
    let mut headers = HeaderMap::new();
    sql::add_head(&mut headers, format, groups.lsn, &sql::ascii_json(&groups.warnings));
    headers.insert(TOTAL, HeaderValue::from(groups.total));
    headers.insert(RUNS, HeaderValue::from(groups.runs));
    let mut bytes = Vec::new();
    if format == Format::Json {
        let ranges: Value = groups.ranges().map(|(column, from, to)| (column, json!([from, to]))).collect();
        let head = json!({
            "lsn": groups.lsn.0, "total": groups.total, "runs": groups.runs,
            "warnings": groups.warnings, "ranges": ranges,
        });
        bytes.extend_from_slice(asked.head(head, request, "groups").as_bytes());
    }
    let written = Writer::new(format, &groups.batch.schema(), bytes).and_then(|mut writer| {
        writer.write(&groups.batch)?;
        writer.finish()
    });
    match written {
        Ok(mut bytes) => {
            if format == Format::Json {
                bytes.extend_from_slice(b"}\n");
            }
            (headers, bytes).into_response()
        }
        Err(error) => sql::unwritable(&error),
    }
}

/// A filter, which is an expression or the client's JSON.
pub(super) fn predicate(filter: &Value, now: Time) -> Result<Predicate, Error> {
    match filter {
        Value::Null => Ok(Predicate::And(Vec::new())),
        Value::String(text) => filter::parse(text, now),
        json => filter::from_wandb_text(&json.to_string()),
    }
}

impl Request {
    fn table(&self, now: Time) -> Result<runs_table::Request, Error> {
        let request = runs_table::Request::new(predicate(&self.filter, now)?, now)
            .sorted_by(&self.sort.text())?
            .grouped_by(&self.group.text())?
            .with_columns(&self.columns.text())?
            .page_of(self.offset, self.limit)?;
        match &self.project {
            Some(project) => request.in_project(project),
            None => Ok(request),
        }
    }

    /// The answer up to its rows: an object whose last member they are.
    fn head(&self, mut head: Value, request: &runs_table::Request, rows: &str) -> String {
        if let Some(members) = head.as_object_mut() {
            members.insert("offset".to_owned(), self.offset.into());
            members.insert("limit".to_owned(), self.limit.into());
            members.insert("sql".to_owned(), request.sql().into());
        }
        let text = head.to_string();
        format!("{},\n\"{rows}\":", text.strip_suffix('}').unwrap_or(&text))
    }
}
