//! All that a run logged, as a Parquet file that is made while it is read.
//!
//! What holds: rows go out as they are found, so no more than a row group is in memory; limits of time, memory
//! and number are those of a statement. What goes wrong on the way cuts the answer off: nobody takes a part for
//! the whole (D6).

use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use engine::RunKey;
use query::output::Format;
use query::{QueryOptions, whole_history};

use super::{Grant, HISTORY_NAME, caller, insert};
use crate::api::sql::{Around, respond};
use crate::app::App;
use crate::http::error::Refusal;
use crate::http::memory::Work;

pub(super) async fn hand_out(
    app: &App,
    grant: &Grant,
    run: &RunKey,
    verb: &Method,
) -> Result<Response, Refusal> {
    let snapshot = caller(app, grant, |rights| rights.read)?.view(app.store.snapshot());
    let found = snapshot.projection.generation(run)?.filter(|run| run.is_visible());
    let statement = found.and_then(|run| whole_history::statement(&run));
    let statement = statement.ok_or_else(|| Refusal::not_found("there is no such file"))?;
    let mut headers = HeaderMap::new();
    insert(&mut headers, header::CONTENT_DISPOSITION, &format!("attachment; filename={HISTORY_NAME}"));
    insert(&mut headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    insert(&mut headers, header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
    insert(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    if verb == Method::HEAD {
        insert(&mut headers, header::CONTENT_TYPE, Format::Parquet.media_type());
        return Ok(headers.into_response());
    }
    app.pool.memory.admit(Work::Query)?;
    let answer = app.sql.database().query(snapshot, &statement, &QueryOptions::default()).await?;
    Ok(respond(answer, Format::Parquet, Around::with(headers)).await?)
}
