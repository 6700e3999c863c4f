//! `POST /api/chart`: series of runs in buckets, as rows.
//!
//! Runs are named (`runs`), or chosen by a filter as in `POST /api/runs`. Formats, errors and `as_of` are those
//! of `POST /sql`; the answer names the position that it shows.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use engine::{RunPath, Snapshot};
use query::chart::{self, Aggregate, Axis, Band, Chart, Grouping, Smoothing, Stream};
use query::output::{Format, Writer};
use query::{Error, QueryOptions, limits as query_limits, runs_table};
use serde::Deserialize;
use serde_json::{Value, json};

use super::runs::{Keys, predicate};
use super::{asked, sql};
use crate::access::Caller;
use crate::app::App;
use crate::http::error::Refusal;
use crate::http::trace::RequestId;

/// Into how many buckets a range is cut where nobody says (SEMANTICS 9).
const BUCKETS: u32 = 1_000;
/// The same of groups of runs.
const BUCKETS_OF_GROUPS: u32 = 250;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[serde(default)]
    project: Option<String>,
    /// `id` beside `project`, or `entity/project/id`; else those that the filter chooses.
    #[serde(default)]
    runs: Option<Vec<String>>,
    #[serde(default)]
    filter: Value,
    #[serde(default)]
    sort: Keys,
    #[serde(default)]
    keys: Option<Vec<String>>,
    #[serde(default)]
    expressions: Vec<String>,
    #[serde(default)]
    stream: Stream,
    #[serde(default)]
    x: Option<Axis>,
    #[serde(default)]
    x_expression: Option<String>,
    #[serde(default)]
    buckets: Option<u32>,
    #[serde(default)]
    range: (Option<f64>, Option<f64>),
    #[serde(default)]
    smoothing: Option<Smoothing>,
    #[serde(default)]
    group: Keys,
    #[serde(default)]
    aggregate: Aggregate,
    #[serde(default)]
    band: Band,
    #[serde(default)]
    as_of: Option<String>,
}

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Extension(id): Extension<RequestId>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let answer = |asked, format| answer(&app, &caller, asked, format);
    asked::answered(&app, &id, &headers, body, "a chart", answer).await
}

async fn answer(app: &App, caller: &Caller, asked: Request, format: Format) -> Result<Response, Error> {
    let snapshot = sql::snapshot(app, caller, asked.as_of.as_deref()).await?;
    let lsn = snapshot.durable;
    let chart = asked.chart(app, &snapshot).await?;
    // First, for what is told of unknown keys takes its time for each.
    chart.check()?;
    let warnings = sql::ascii_json(&chart.warnings(&snapshot.projection));
    let rows = app.sql.database().chart(snapshot, chart).await?;
    let mut headers = HeaderMap::new();
    sql::add_head(&mut headers, format, lsn, &warnings);
    let written = Writer::new(format, &rows.schema(), Vec::new()).and_then(|mut writer| {
        writer.write(&rows)?;
        writer.finish()
    });
    Ok(written.map_or_else(|error| sql::unwritable(&error), |bytes| (headers, bytes).into_response()))
}

impl Request {
    async fn chart(&self, app: &App, snapshot: &Arc<Snapshot>) -> Result<Chart, Error> {
        // What is written wrong is told before runs are sought.
        let (keys, expressions) = chart::lines(self.keys.clone(), &self.expressions)?;
        let x = Axis::of(self.x.clone(), self.x_expression.as_deref())?;
        let is_grouped = !self.group.text().trim().is_empty();
        let runs = match &self.runs {
            Some(runs) if !is_grouped => {
                runs.iter().map(|run| Ok((self.path(run)?, None))).collect::<Result<_, Error>>()?
            }
            _ => self.chosen(app, snapshot).await?,
        };
        let buckets = self.buckets.unwrap_or(if is_grouped { BUCKETS_OF_GROUPS } else { BUCKETS });
        Ok(Chart {
            runs,
            keys,
            expressions,
            stream: self.stream,
            x,
            buckets,
            range: self.range,
            smoothing: self.smoothing,
            grouping: is_grouped.then_some(Grouping { aggregate: self.aggregate, band: self.band }),
        })
    }

    fn path(&self, run: &str) -> Result<RunPath, Error> {
        chart::run_path(self.project.as_deref(), run)
    }

    /// The runs that the filter chooses, of those that are named if some are.
    async fn chosen(
        &self,
        app: &App,
        snapshot: &Arc<Snapshot>,
    ) -> Result<Vec<(RunPath, Option<String>)>, Error> {
        let now = app.store.now();
        let mut filter = predicate(&self.filter, now)?;
        if let Some(runs) = &self.runs {
            let ids: Vec<RunPath> = runs.iter().map(|run| self.path(run)).collect::<Result<_, Error>>()?;
            let ids: Vec<&str> = ids.iter().map(|path| &*path.run).collect();
            filter = query::filter::Predicate::And(vec![
                filter,
                predicate(&json!({ "name": { "$in": ids } }), now)?,
            ]);
        }
        let request = runs_table::Request::new(filter, now)
            .sorted_by(&self.sort.text())?
            .grouped_by(&self.group.text())?
            .page_of(0, query_limits::CHART_RUNS_MAX as u64)?;
        let request = match &self.project {
            Some(project) => request.in_project(project)?,
            None => request,
        };
        app.sql.database().chosen_runs(Arc::clone(snapshot), &request, &QueryOptions::default()).await
    }
}
