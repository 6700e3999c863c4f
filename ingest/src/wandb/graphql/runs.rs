//! Lists of runs: filtered and ordered as the public API asks, in pages of one position of the log, so
//! that no page misses a run or shows one twice, whatever is logged in between (protocol 11.1).

use std::sync::Arc;

use async_graphql::SimpleObject;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{Lsn, Moment, ProjectKey, Snapshot};
use query::filter;
use query::runs_table::Request;
use query::{Error, ErrorKind, QueryOptions};

use super::run::Run;
use super::scalars::JsonString;
use super::{PageInfo, Scope, blocking, int};
use crate::http::error::{Kind, Refusal};
use crate::http::memory::Work;

/// What the client orders by that says nothing else.
const OLDEST_FIRST: &str = "+created_at";

#[derive(SimpleObject)]
pub(crate) struct RunConnection {
    edges: Vec<RunEdge>,
    page_info: PageInfo,
    total_count: Option<i32>,
}

#[derive(SimpleObject)]
pub(crate) struct RunEdge {
    node: Run,
    cursor: String,
}

/// Which runs of a project are asked for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) filters: Option<JsonString>,
    pub(super) order: Option<String>,
    pub(super) after: Option<String>,
    pub(super) first: Option<i32>,
    /// How many there are on all pages is asked for too.
    pub(super) counted: bool,
}

/// Where a list goes on: how many came before, and the position that all its pages show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    lsn: Lsn,
    seen: u64,
}

impl Cursor {
    fn write(self) -> String {
        STANDARD.encode(format!("runs:{}:{}", self.lsn.0, self.seen))
    }

    fn read(text: &str) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
        let (lsn, seen) = text.strip_prefix("runs:")?.split_once(':')?;
        Some(Self { lsn: Lsn(lsn.parse().ok()?), seen: seen.parse().ok()? })
    }
}

/// How many runs of a project a filter chooses.
pub(super) async fn count(
    scope: &Scope,
    snapshot: &Arc<Snapshot>,
    project: &ProjectKey,
    filters: Option<&JsonString>,
) -> Result<i32, Refusal> {
    let request = request(scope, project, filters, None)?;
    let database = scope.app.sql.database();
    Ok(int(database.count_runs(Arc::clone(snapshot), &request, &QueryOptions::default()).await?))
}

/// A page of the runs of a project.
pub(super) async fn page(
    scope: &Scope,
    snapshot: &Arc<Snapshot>,
    project: &ProjectKey,
    asked: Asked,
) -> async_graphql::Result<RunConnection> {
    let cursor = match asked.after.as_deref().filter(|cursor| !cursor.is_empty()) {
        None => Cursor { lsn: snapshot.durable, seen: 0 },
        Some(text) => {
            Cursor::read(text).ok_or_else(|| Refusal::invalid(format!("{text:?} is no cursor of runs")))?
        }
    };
    let database = scope.app.sql.database();
    let now = snapshot;
    let snapshot = if cursor.lsn == snapshot.durable {
        Arc::clone(snapshot)
    } else {
        let then = database.as_of(Arc::clone(snapshot), Moment::Lsn(cursor.lsn)).await;
        then.map_err(Refusal::from)?
    };
    let first = scope.page(asked.first);
    // One more than the page holds tells whether there is a next one.
    let request = request(scope, project, asked.filters.as_ref(), asked.order.as_deref())?
        .page_of(cursor.seen, first as u64 + 1)
        .map_err(Refusal::from)?;
    let options = QueryOptions::default();
    let found =
        database.chosen_runs(Arc::clone(&snapshot), &request, &options).await.map_err(Refusal::from)?;
    let has_next_page = found.len() > first;
    let from = Arc::clone(&snapshot);
    let nodes = blocking(move || {
        let run = |(path, _)| {
            let run = from.projection.run(&path)?;
            run.ok_or_else(|| Refusal::unavailable("a run is not where it is indexed"))
        };
        found.into_iter().take(first).map(run).collect::<Result<Vec<_>, Refusal>>()
    });
    let edge = |(run, seen): (Arc<engine::Run>, u64)| RunEdge {
        node: Run::new(&snapshot, &run),
        cursor: Cursor { seen, ..cursor }.write(),
    };
    let edges: Vec<RunEdge> = nodes.await?.into_iter().zip(cursor.seen + 1..).map(edge).collect();
    let end_cursor = edges.last().map(|edge| edge.cursor.clone());
    let total_count = match asked.counted {
        true => Some(count(scope, now, project, asked.filters.as_ref()).await?),
        false => None,
    };
    Ok(RunConnection { edges, page_info: PageInfo { end_cursor, has_next_page }, total_count })
}

fn request(
    scope: &Scope,
    project: &ProjectKey,
    filters: Option<&JsonString>,
    order: Option<&str>,
) -> Result<Request, Refusal> {
    scope.app.pool.memory.admit(Work::Query)?;
    let text = filters.map_or("", |JsonString(json)| json.trim());
    let filter = match text {
        "" | "null" => filter::Predicate::And(Vec::new()),
        json => filter::from_wandb_text(json)?,
    };
    let order = order.map(str::trim).filter(|order| !order.is_empty()).unwrap_or(OLDEST_FIRST);
    let order = filter::from_wandb_order(order)?;
    Ok(Request::new(filter, scope.app.store.now()).of_project(project).in_order(vec![order]))
}

impl From<Error> for Refusal {
    /// Texts of damage and bugs are for the log, not for the wire (S8).
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Invalid | ErrorKind::TooLarge => Kind::Invalid,
            ErrorKind::NotFound => Kind::NotFound,
            ErrorKind::Busy => Kind::TooMany(1),
            ErrorKind::Timeout => Kind::Unavailable(30),
            ErrorKind::Damaged | ErrorKind::Internal => {
                tracing::error!(%error, "runs could not be listed");
                return Self::unavailable("the store cannot answer this now; its log says why");
            }
        };
        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        Self::new(kind, format!("{error}{hint}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let cursor = Cursor { lsn: Lsn(4711), seen: 50 };
        assert_eq!(Cursor::read(&cursor.write()), Some(cursor));
        for wrong in ["", "x", "cnVuczox", &STANDARD.encode("runs:-1:2"), &STANDARD.encode("cursor:2")] {
            assert_eq!(Cursor::read(wrong), None, "{wrong}");
        }
    }
}
